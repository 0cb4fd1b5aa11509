// How an error looks to a client: every front has a form of its own, and its programs read no other.
//
//     /v1/...          {"error":{"message","type","param","code"}}                      OpenAI
//     /api/...         {"success":false,"error":{"code","message"},"timestamp"}          the REST API
//     /tools/invoke    {"ok":false,"error":{"type","message"}}
//     /hooks/...       {"ok":false,"error":"..."}
#pragma once

#include <cstdint>
#include <string_view>

#include "core/buffer.h"
#include "endpoint/openai_error.h"

namespace gw::endpoint {

enum class ErrorForm : std::uint8_t { openai, envelope, tools, hook };

// By the path of the request alone, so that a path that does not exist is refused in the form of its neighbours.
[[nodiscard]] ErrorForm error_form_of(std::string_view path) noexcept;

// What is said of a path at which there is nothing: below /api/vN, that there is no such version.
[[nodiscard]] ApiError not_found_at(std::string_view path) noexcept;
// What is said of a body that is too large: senders of hooks look for these words.
[[nodiscard]] std::string_view too_large_in(ErrorForm form, std::string_view otherwise) noexcept;

void write_error(Buffer& out, const ApiError& error, ErrorForm form, std::uint64_t unix_ms);

}  // namespace gw::endpoint
