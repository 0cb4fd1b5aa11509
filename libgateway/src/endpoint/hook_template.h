// Templates of hook mappings: text with places that the message fills.
//
//     "PR {{pull_request.title}} by {{commits[0].author.name}}"  +  body  ─►  "PR Fix it by Ann"
//
// Places read the body, and also {{headers.x}}, {{query.x}}, {{path}} and {{now}}. What is missing is empty. Filling is
// one pass: what a place brings is never looked at for places.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "auth/policy.h"
#include "json/json.h"

namespace gw::endpoint {

struct HookContext {
    json::Value body;
    auth::FieldLookup fields;
    std::string_view path, query;
    std::uint64_t unix_ms = 0;
};

inline constexpr std::size_t rendered_bytes_max = 1U << 20U;

// Appends the filled template, at most rendered_bytes_max in all.
void render_template(std::string_view text, const HookContext& context, std::pmr::string& out);

// Whether a template has places at all.
[[nodiscard]] bool has_places(std::string_view text) noexcept;

}  // namespace gw::endpoint
