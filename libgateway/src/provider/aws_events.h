// AWS event stream, application/vnd.amazon.eventstream: the framing in which Bedrock streams.
//
//     | total length 4 | headers length 4 | CRC-32 of these 8 | headers | payload | CRC-32 of all before |
//     one header:  | name length 1 | name | value type 1 | value |          numbers are big-endian
//
//     bytes -- feed() --> [ what a piece's end has cut ] -- next() --> AwsEvent, AwsEvent, ...
//     headers, payload -- encode_aws_event() --> bytes            event, other payload -- reframe() --> bytes
//
// The stream may be cut anywhere. Both checksums are checked before an event is given: what a client with a checksum
// would refuse is not inspected as if it were read. An event that lies whole in the fed piece is handed out as views
// into the piece; only one that is cut is copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"

namespace gw::provider {

struct AwsEvent {
    std::string_view message_type;  // :message-type, "event", "exception" or "error"
    std::string_view type;          // :event-type, or :exception-type, or :error-code of an error
    std::string_view content_type;  // :content-type
    std::string_view headers;       // all of them, as they came
    std::string_view payload;
    std::string_view raw;  // the whole message
};

class AwsEventReader {
public:
    // The protocol's own bounds: a message has at most 16 MiB of payload and 128 KiB of headers.
    static constexpr std::size_t message_bytes_max = (16U << 20U) + (128U << 10U) + 16;
    static constexpr std::size_t headers_bytes_max = 128U << 10U;
    static constexpr std::size_t header_count_max = 128;

    // `event_bytes_max` bounds one whole message.
    AwsEventReader(std::size_t event_bytes_max, BlockPool* pool) noexcept;

    // Takes the next piece, borrowed until next() has given nothing; next() has given nothing before.
    void feed(std::span<const std::byte> piece) noexcept { piece_ = as_text(piece); }

    // The next whole event, valid until the next call; nothing until more bytes come. A wrong checksum or length is
    // GW_ERR_DATA, a message above a bound GW_ERR_LIMIT, known as soon as its first twelve bytes are there. An error is
    // for good: there is no way to find the next message.
    [[nodiscard]] Result<std::optional<AwsEvent>> next();

    // What is left of a message that has not ended. All `raw` in order and rest() are the stream again.
    [[nodiscard]] std::string_view rest() const noexcept { return held_given_ ? std::string_view() : held_.text(); }

private:
    [[nodiscard]] Result<std::size_t> message_size(std::string_view prelude) const noexcept;

    std::size_t event_bytes_max_;
    std::string_view piece_;      // what is left of it
    Buffer held_;                 // the message that is cut, from its first byte
    bool held_given_ = false;     // the last event given lies in held_
    std::optional<Error> error_;  // the one that was given
};

struct AwsHeader {
    std::string_view name;   // 1 to 255 bytes
    std::string_view value;  // at most 32767 bytes
};

// Appends one message with string headers.
void encode_aws_event(Buffer& out, std::span<const AwsHeader> headers, std::string_view payload);
// The usual three: `:event-type`, `:content-type` application/json, `:message-type` event.
void encode_aws_json_event(Buffer& out, std::string_view event_type, std::string_view payload);
// The same for `:exception-type` and `:message-type` exception.
void encode_aws_json_exception(Buffer& out, std::string_view exception_type, std::string_view payload);

// Appends `event` with another payload: its headers byte for byte, new lengths and checksums.
void reframe(Buffer& out, const AwsEvent& event, std::string_view payload);

}  // namespace gw::provider
