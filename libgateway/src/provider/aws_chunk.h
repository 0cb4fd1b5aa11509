// The events of Bedrock's invoke-with-response-stream: an AWS event `chunk` whose payload holds an event of the model's
// own dialect, JSON in base64 in JSON.
//
//     {"bytes":"eyJ0eXBlIjoi...","p":"abcd"}  ── unwrap_chunk() ──►  {"type":"content_block_delta",...}
//     the same root, another text             ── wrap_chunk() ────►  {"bytes":"...","p":"abcd"}
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "json/json.h"

namespace gw::provider {

// The text inside; nothing when `payload` has no "bytes" or they are no base64.
[[nodiscard]] std::optional<std::pmr::string> unwrap_chunk(const json::Value& payload,
                                                           std::pmr::memory_resource* memory);
// Appends the payload with another text inside; every other member stays as it is, in its place ("p" is padding).
void wrap_chunk(Buffer& out, const json::Value& payload, std::string_view text);

// Appends a whole `chunk` event of ours.
void encode_chunk_event(Buffer& out, std::string_view text);

}  // namespace gw::provider
