// From text to tree: JSON5, and the files that $include names.
#pragma once

#include <unordered_map>

#include "config/migrate.h"
#include "config/report.h"

namespace gw::config {

inline constexpr std::size_t file_bytes_max = 4U << 20U;
inline constexpr std::size_t include_depth_max = 10;
inline constexpr std::size_t include_count_max = 100;
inline constexpr std::size_t include_bytes_max = 16U << 20U;  // of all included files

// The tree of the whole configuration; an empty object after an error, which is in the report. Old keys of the main
// text are moved, and each move is added to `migrations`.
[[nodiscard]] Node read_tree(std::string_view text, const Environment& environment, Report& report,
                             std::pmr::vector<Migration>& migrations);

// The tree of one text as it was written, with $include as it stands there; nothing after an error.
[[nodiscard]] std::optional<Node> parse_tree(std::uint32_t file, Report& report);

// The variables that a configuration may use: those of the environment, and those that its own sections `env.vars` and
// `env` set for names that the environment does not know. An empty value counts as not set: an empty token would let
// everybody in.
class Variables {
public:
    Variables(const Environment& environment, const Node& root, std::pmr::memory_resource* memory);
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    // Only what the process was started with.
    [[nodiscard]] std::optional<std::string_view> find_in_environment(std::string_view name) const;

private:
    const Environment& environment_;
    std::pmr::unordered_map<std::string_view, const Node*> own_;
};

// Replaces ${NAME} in every string by the variable's value, and $${NAME} by ${NAME}.
void substitute(Node& root, const Variables& variables, Report& report);

}  // namespace gw::config
