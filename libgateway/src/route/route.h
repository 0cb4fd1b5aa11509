// Router: method and path to a target, and the RPC method table. A table that is built once and asked often.
//
//     "GET", "/v1/models/gpt%2F4?x=1"  -->  Match{found, target 7, parameters {id: "gpt/4"}}
//
// Patterns: literal segments, `:name` for one segment that is not empty, `*name` at the end for the rest (may be empty,
// but the '/' in front of it must be there). Literals win over parameters, parameters over wildcards, the first segment
// counting most; among the patterns that fit, the first one that has the method is taken. "/a/" is another path than
// "/a". Patterns are plain text, not percent-encoded.
//
// Segments are percent-decoded after splitting, so that %2F never makes a segment. A path is refused (bad_path) rather
// than normalised, because two readers of one path must not see two things, when it has
//   - an empty segment other than the last, or one that is "." or "..", or either with parameters ("..;x"), literal or
//     encoded, as some servers drop the parameters before they look;
//   - a control character, NUL among them, or a backslash, literal or encoded;
//   - a broken escape, bytes that are not UTF-8 (and so no overlong '/' or '.'), or a '#', which is no part of a
//   target.
// What was decoded is not decoded again: "%252F" is the text "%2F".
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
    options,             // OPTIONS on a known path (or *) without a route of its own: 204 with `allow`
    bad_path,            // 400
};

struct Parameter {
    std::string_view name;
    std::string_view
        value;  // percent-decoded UTF-8; of a wildcard the whole rest, where a %2F is a '/' like the others
};

// Valid until the next match() of the same Router.
struct Match {
    Outcome outcome = Outcome::not_found;
    std::uint32_t target = 0;
    bool head = false;  // a HEAD request that is served by the GET target
    std::span<const Parameter> parameters;
    std::string_view path;   // without query (and scheme and host), as sent
    std::string_view query;  // behind '?', as sent, empty when there is none
    std::string_view allow;  // "GET, HEAD, OPTIONS", sorted; for method_not_allowed and options only
    [[nodiscard]] std::string_view parameter(std::string_view name) const noexcept;  // "" when absent
};

class Router {
public:
    explicit Router(std::pmr::memory_resource* memory);
    ~Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    // Adds a route; the same method and pattern twice (the names of parameters make no difference), or a malformed
    // pattern, is GW_ERR_ARGUMENT. `method` "*": any, when no route of the pattern names the method itself.
    [[nodiscard]] Result<void> add(std::string_view method, std::string_view pattern, std::uint32_t target);
    // `target` is the request-target in origin form, absolute form or "*" (RFC 9112 3.2). Takes time linear in the
    // target, and allocates only when one is longer than any before.
    [[nodiscard]] Match match(std::string_view method, std::string_view target);

private:
    struct State;
    State* state_;
};

// One `name=value` of a query string, percent-decoded, '+' as space; the first of that name. A name without '=' has the
// value "". Nothing when absent or its escapes are broken.
[[nodiscard]] std::optional<std::pmr::string> query_parameter(std::string_view query, std::string_view name,
                                                              std::pmr::memory_resource* memory);
// Percent-decodes; nothing when an escape is broken. The result may be any bytes.
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
