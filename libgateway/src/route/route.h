// Router: method and path to a target, and the RPC method table. A table that is built once and asked often.
//
//     "GET", "/v1/models/gpt%2F4?x=1"  -->  Match{found, target 7, parameters {id: "gpt/4"}}
//
// Patterns: literal segments, `:name` for one segment, `*name` at the end for the rest (may be empty). Literals win over
// parameters, parameters over wildcards. Segments are percent-decoded after splitting, so that %2F never makes a
// segment; a path with an empty or dot segment (literal or encoded), a NUL, a backslash, or a broken escape is refused
// (bad_path) rather than normalised: two readers of one path must not see two things.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace gw::route {

enum class Outcome : std::uint8_t {
    found,
    not_found,           // 404
    method_not_allowed,  // 405; `allow` lists what would work
    options,             // OPTIONS on a known path (or *): 204 with `allow`
    bad_path,            // 400
};

struct Parameter {
    std::string_view name;
    std::string_view value;  // percent-decoded
};

// Valid until the next match() of the same Router.
struct Match {
    Outcome outcome = Outcome::not_found;
    std::uint32_t target = 0;
    bool head = false;  // a HEAD request that is served by the GET target
    std::span<const Parameter> parameters;
    std::string_view path;   // without query, as sent
    std::string_view query;  // behind '?', as sent, empty when there is none
    std::string_view allow;  // "GET, HEAD, OPTIONS"
    [[nodiscard]] std::string_view parameter(std::string_view name) const noexcept;  // "" when absent
};

class Router {
public:
    explicit Router(std::pmr::memory_resource* memory);
    ~Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    // Adds a route; the same method and pattern twice, or a malformed pattern, is GW_ERR_ARGUMENT. `method` "*": any.
    [[nodiscard]] Result<void> add(std::string_view method, std::string_view pattern, std::uint32_t target);
    // `target` is the request-target in origin form, absolute form or "*".
    [[nodiscard]] Match match(std::string_view method, std::string_view target);

private:
    struct State;
    State* state_;
};

// One `name=value` of a query string, percent-decoded, '+' as space; nothing when absent or its escapes are broken.
[[nodiscard]] std::optional<std::pmr::string> query_parameter(std::string_view query, std::string_view name,
                                                              std::pmr::memory_resource* memory);
// Percent-decodes; nothing when an escape is broken.
[[nodiscard]] std::optional<std::pmr::string> percent_decode(std::string_view text, std::pmr::memory_resource* memory);

// RPC method names ("chat.send") to targets: exact match, one hash look-up.
class MethodTable {
public:
    explicit MethodTable(std::pmr::memory_resource* memory);
    ~MethodTable();
    MethodTable(const MethodTable&) = delete;
    MethodTable& operator=(const MethodTable&) = delete;
    [[nodiscard]] Result<void> add(std::string_view name, std::uint32_t target);  // twice: GW_ERR_ARGUMENT
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const noexcept;

private:
    struct State;
    State* state_;
};

}  // namespace gw::route
