// Names of conversations. Every way of asking for one ends in the same canonical key.
//
//     "", "main", session.mainKey   ->  agent:<default agent>:<main key>
//     "Plan-B"                      ->  agent:<default agent>:plan-b
//     "agent:Ops:Main"              ->  agent:ops:<main key>
//     anything, session.scope global ->  global
//
// A key is what clients compare, so it is lower case; it is a key of a JSON object on the disk, never a file name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

namespace gw::session {

inline constexpr std::size_t key_bytes_max = 512;
inline constexpr std::size_t agent_id_bytes_max = 64;
inline constexpr std::string_view global_key = "global";
inline constexpr std::string_view unknown_key = "unknown";  // what messages without a sender belong to

// What the configuration says about keys.
struct KeyRules {
    std::string_view default_agent = "main";
    std::string_view main_key = "main";
    bool global_scope = false;
};

// [a-z0-9][a-z0-9_-]{0,63}
[[nodiscard]] bool is_agent_id(std::string_view id) noexcept;

// What a person or an old file wrote as an agent's name, as an agent id: lower case, other characters become '-'.
// "main" when nothing is left.
[[nodiscard]] std::pmr::string agent_id_from(std::string_view name, std::pmr::memory_resource* memory);

// A canonical key, taken apart.
struct KeyParts {
    std::string_view agent;  // "" for global and unknown
    std::string_view rest;   // behind "agent:<id>:"
};
[[nodiscard]] std::optional<KeyParts> parse_key(std::string_view key) noexcept;

// The canonical key of what was asked for. Nothing when that cannot be a key: longer than 512 bytes, not UTF-8, with
// control characters, or "agent:" without an agent id and a rest.
[[nodiscard]] std::optional<std::pmr::string> canonical_key(std::string_view requested, const KeyRules& rules,
                                                            std::pmr::memory_resource* memory);
// The same for a key that belongs to a certain agent when it names none.
[[nodiscard]] std::optional<std::pmr::string> canonical_key(std::string_view requested, std::string_view agent,
                                                            const KeyRules& rules, std::pmr::memory_resource* memory);

[[nodiscard]] std::pmr::string main_key_of(std::string_view agent, const KeyRules& rules,
                                           std::pmr::memory_resource* memory);
[[nodiscard]] bool is_main_key(std::string_view key, const KeyRules& rules) noexcept;

// What a list shows as `kind`.
enum class Kind : std::uint8_t { direct, group, global, unknown };
[[nodiscard]] Kind kind_of(std::string_view key, std::string_view chat_type) noexcept;
[[nodiscard]] std::string_view name_of(Kind kind) noexcept;

// Where a conversation comes from, by the first word of its rest.
enum class Family : std::uint8_t {
    main,
    custom,     // a name that somebody chose
    dashboard,  // a new chat of the control pages
    subagent,
    acp,
    cron,
    hook,
    http,     // chat completions, responses
    node,     // voice and shares of a paired node
    channel,  // <channel>:direct|group|channel:<id>
    global,
    unknown,
};
[[nodiscard]] Family family_of(std::string_view key, const KeyRules& rules) noexcept;
[[nodiscard]] std::string_view name_of(Family family) noexcept;
// Work that nobody watches while it runs.
[[nodiscard]] bool is_background(Family family) noexcept;

// "agent:<agent>:<family>:<name>", as "agent:main:openai-user:alice". The name becomes lower case; characters that no
// key may have become '-', and what is too long is cut.
[[nodiscard]] std::pmr::string make_key(std::string_view agent, std::string_view family, std::string_view name,
                                        std::pmr::memory_resource* memory);

}  // namespace gw::session
