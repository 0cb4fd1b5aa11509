// Error objects of the OpenAI API: {"error":{"message","type","param","code"}}.
#pragma once

#include <string_view>

#include "core/buffer.h"

namespace gw::endpoint {

struct ApiError {
    int status = 500;
    std::string_view type;     // "invalid_request_error", "unauthorized", "api_error", ...
    std::string_view message;  // a sentence for people: what was wrong, and what to do
    std::string_view code;     // for programs; empty: null
    std::string_view param;    // the field that is at fault; empty: null
};

void write_error(Buffer& out, const ApiError& error);

}  // namespace gw::endpoint
