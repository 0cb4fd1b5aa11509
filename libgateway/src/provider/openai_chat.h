// The OpenAI chat completions dialect, towards the upstream: what is sent, and what its errors mean.
#pragma once

#include <optional>
#include <string_view>

#include "core/buffer.h"
#include "json/json.h"

namespace gw::provider {

// The client's body cut around the value of `model` (or where it is to be added): `before`, a JSON string, `after` make
// the upstream's body, in which every other byte is as it came.
void split_openai_request(std::string_view body, const json::Value& root, Buffer& before, Buffer& after);

// What an upstream's refusal becomes for the client. Views into `root`, or static text.
struct UpstreamError {
    int status = 502;
    std::string_view type;
    std::string_view message;
    std::string_view code;
};
// `status` is the upstream's, `root` its body as JSON (missing when it is none). What is wrong with the request is
// passed on; what is wrong between us and the upstream (its credentials, its outage) is a 502 or 503, so that a client
// never takes the upstream's refusal of our key for a refusal of its own.
[[nodiscard]] UpstreamError map_openai_error(int status, const json::Value& root) noexcept;

// Whether another upstream may do better: overload, outage, credentials.
[[nodiscard]] bool is_worth_another(int status) noexcept;

}  // namespace gw::provider
