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

void write_error(Buffer& out, const ApiError& error, ErrorForm form, std::uint64_t unix_ms);

}  // namespace gw::endpoint
