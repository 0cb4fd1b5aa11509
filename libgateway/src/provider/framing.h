// Frames: the events of a stream, whatever framing they come in, with their very bytes.
//
//     bytes ── feed() ──► [ SSE | NDJSON | AWS events | JSON array ] ── next() ──► Frame, Frame, ...
//     Frame + another payload ── reframe() ──► bytes
//
// Frames in order are the stream again: what is not changed is forwarded as `raw`.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"
#include "provider/aws_events.h"
#include "provider/dialect.h"
#include "sse/sse.h"

namespace gw::provider {

// Valid until the next call on its reader.
struct Frame {
    std::string_view raw;
    std::string_view type;     // the event's name; empty where there is none
    std::string_view payload;  // JSON, or a sentinel such as "[DONE]"; empty: nothing to inspect
    bool wrapped = false;      // the payload was inside another one, in base64 (Bedrock invoke)
};

class FrameReader {
public:
    FrameReader(Framing framing, std::size_t frame_bytes_max, BlockPool* pool, std::pmr::memory_resource* memory);

    // Takes the next piece, borrowed until next() has given nothing. GW_ERR_LIMIT: a frame is too long; GW_ERR_DATA
    // from next(): the framing is broken. Both for good; frames before the fault can still be taken.
    [[nodiscard]] Result<void> feed(std::span<const std::byte> piece);
    [[nodiscard]] Result<std::optional<Frame>> next();
    // The stream has ended: what came without its end, as a frame. Some servers leave out the last blank line.
    [[nodiscard]] Result<std::optional<Frame>> finish();

private:
    [[nodiscard]] Result<std::optional<Frame>> next_line();
    [[nodiscard]] Result<std::optional<Frame>> next_element();
    [[nodiscard]] Result<std::optional<Frame>> next_aws();

    Framing framing_;
    std::size_t frame_bytes_max_;
    sse::Decoder sse_;
    AwsEventReader aws_;
    std::string_view piece_;  // NDJSON, array: what is left of it
    Buffer line_;             // NDJSON, array: the line or element that is cut
    bool line_given_ = false;
    // Array: where the scan of an element stands.
    std::size_t depth_ = 0;       // of brackets in the element
    std::size_t element_at_ = 0;  // its first byte, in line_
    bool in_element_ = false, in_string_ = false, escaped_ = false, in_array_ = false, array_over_ = false;
    std::optional<std::pmr::string> inner_;  // of a wrapped payload
    std::optional<json::Document> outer_;
    std::pmr::memory_resource* memory_;
};

// Writes the frame with another payload (JSON without line breaks): every other byte as it was. False: the frame is not
// one of this framing.
[[nodiscard]] bool reframe(Buffer& out, Framing framing, const Frame& frame, std::string_view payload,
                           std::pmr::memory_resource* memory);

// The framing that an answer's Content-Type names; nothing for a type that is no stream.
[[nodiscard]] std::optional<Framing> framing_of(std::string_view content_type) noexcept;

}  // namespace gw::provider
