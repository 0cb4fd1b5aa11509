// Parameters of a method, checked before its handler runs. A schema is one line of text:
//
//     "sessionKey:s(1..512) message:s timeoutMs?:i(0..) attachments?:{mimeType?:s content:s *}[] idempotencyKey:s(1..)"
//
//     type      means
//     s(1..64)  string, its length in characters; the range, or either end of it, may be missing
//     i(0..)    whole number in a range            n(0..)  number in a range
//     b         true or false                      any     anything        null
//     "abc"     exactly this text                  a|b     one of them
//     T[](1..8) array of T, its length             map<T>  object with any keys, values T
//     {...}     object with these members          name?   may be missing
//     *         (as the last member) members that are not named are allowed
//
// Members without `*` are all there may be. The errors are those of the JSON-schema validator that clients know.
#pragma once

#include <string>
#include <string_view>

#include "json/json.h"

namespace gw::rpc {

inline constexpr std::size_t members_max = 64;  // of one object of a schema

// Checks `value` (missing counts as an empty object) against the members in `schema`. False: `errors` has what is
// wrong, joined by "; ", at most eight things: "must have required property 'key'; at /limit: must be integer". Takes
// time linear in the value. `schema` is ours and well-formed; `path` begins the place, "" for parameters.
[[nodiscard]] bool check_members(std::string_view schema, const json::Value& value, std::pmr::string& errors);

}  // namespace gw::rpc
