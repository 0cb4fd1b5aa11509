#include "provider/aws_events.h"

#include <algorithm>
#include <cassert>

#include "core/zlib.h"

namespace gw::provider {

namespace {

constexpr std::size_t prelude_size = 12;  // two lengths and their checksum
constexpr std::size_t frame_size = 16;    // and the message's checksum: a message without headers and payload

std::uint32_t crc_of(std::string_view bytes) noexcept { return crc32(as_bytes(bytes)); }

std::uint32_t read_big_endian(std::string_view bytes, std::size_t size) noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8U | static_cast<std::uint8_t>(bytes[i]);
    return value;
}

void append_big_endian(Buffer& out, std::size_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;) out.append(static_cast<char>(static_cast<std::uint8_t>(value >> (8 * i))));
}

// The bytes of a fixed-size value, by type: true, false, byte, short, int, long, bytes, string, timestamp, uuid. Bytes
// and strings begin with their length, two bytes.
constexpr std::size_t value_sizes[] = {0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
constexpr std::uint8_t bytes_value = 6;
constexpr std::uint8_t string_value = 7;

struct Known {
    std::string_view name;
    std::string_view AwsEvent::*field;
};
constexpr Known known_headers[] = {{":message-type", &AwsEvent::message_type},
                                   {":event-type", &AwsEvent::type},
                                   {":exception-type", &AwsEvent::type},
                                   {":error-code", &AwsEvent::type},
                                   {":content-type", &AwsEvent::content_type}};

// Reads one header off the front of `headers`. False when it is broken, or when it is one of ours a second time or no
// string: two readers of one message must not see two types.
bool read_header(std::string_view& headers, AwsEvent& event) noexcept {
    const std::size_t name_size = static_cast<std::uint8_t>(headers.front());
    if (name_size == 0 || headers.size() < 1 + name_size + 1) return false;
    const std::string_view name = headers.substr(1, name_size);
    const auto type = static_cast<std::uint8_t>(headers[1 + name_size]);
    headers.remove_prefix(1 + name_size + 1);
    if (type >= std::size(value_sizes)) return false;
    std::size_t value_size = value_sizes[type];
    if (type == bytes_value || type == string_value) {
        if (headers.size() < 2) return false;
        value_size = read_big_endian(headers, 2);
        headers.remove_prefix(2);
    }
    if (headers.size() < value_size) return false;
    const std::string_view value = headers.substr(0, value_size);
    headers.remove_prefix(value_size);
    const auto* known = std::find_if(std::begin(known_headers), std::end(known_headers),
                                     [&](const Known& candidate) { return candidate.name == name; });
    if (known == std::end(known_headers)) return true;
    std::string_view& field = event.*known->field;
    if (type != string_value || field.data() != nullptr) return false;
    field = value;
    return true;
}

Result<std::optional<AwsEvent>> read_aws_message(std::string_view message) noexcept {
    const std::string_view body = message.substr(0, message.size() - 4);
    if (crc_of(body) != read_big_endian(message.substr(body.size()), 4)) {
        return Error{GW_ERR_DATA, 0, "the checksum of an event is wrong"};
    }
    const std::size_t headers_size = read_big_endian(message.substr(4), 4);
    AwsEvent event;
    event.raw = message;
    event.headers = message.substr(prelude_size, headers_size);
    event.payload = body.substr(prelude_size + headers_size);
    std::string_view left = event.headers;
    for (std::size_t count = 0; !left.empty(); ++count) {
        if (count == AwsEventReader::header_count_max) return Error{GW_ERR_LIMIT, 0, "an event has too many headers"};
        if (!read_header(left, event)) return Error{GW_ERR_DATA, 0, "a header of an event is broken"};
    }
    return std::optional(event);
}

void append_header(Buffer& out, const AwsHeader& header) {
    assert(!header.name.empty() && header.name.size() <= 255);
    assert(header.value.size() <= 32767);
    append_big_endian(out, header.name.size(), 1);
    out.append(header.name);
    append_big_endian(out, string_value, 1);
    append_big_endian(out, header.value.size(), 2);
    out.append(header.value);
}

// The frame around headers that `append_headers` writes and a payload.
template <typename AppendHeaders>
void append_message(Buffer& out, std::size_t headers_size, std::string_view payload, AppendHeaders append_headers) {
    assert(payload.size() <= AwsEventReader::message_bytes_max);
    const std::size_t begin = out.size();
    append_big_endian(out, frame_size + headers_size + payload.size(), 4);
    append_big_endian(out, headers_size, 4);
    append_big_endian(out, crc_of(out.text().substr(begin)), 4);
    append_headers();
    out.append(payload);
    append_big_endian(out, crc_of(out.text().substr(begin)), 4);
}

}  // namespace

AwsEventReader::AwsEventReader(std::size_t event_bytes_max, BlockPool* pool) noexcept
    : event_bytes_max_(std::min(event_bytes_max, message_bytes_max)), held_(pool) {}

Result<std::size_t> AwsEventReader::message_size(std::string_view prelude) const noexcept {
    if (crc_of(prelude.substr(0, 8)) != read_big_endian(prelude.substr(8), 4)) {
        return Error{GW_ERR_DATA, 0, "the checksum of an event's lengths is wrong"};
    }
    const std::size_t size = read_big_endian(prelude, 4);
    const std::size_t headers_size = read_big_endian(prelude.substr(4), 4);
    if (size < frame_size || headers_size > size - frame_size) {
        return Error{GW_ERR_DATA, 0, "the lengths of an event do not fit together"};
    }
    if (size > event_bytes_max_) return Error{GW_ERR_LIMIT, 0, "an event is too long"};
    if (headers_size > headers_bytes_max) return Error{GW_ERR_LIMIT, 0, "the headers of an event are too long"};
    return size;
}

Result<std::optional<AwsEvent>> AwsEventReader::next() {
    if (error_) return *error_;
    if (held_given_) {
        held_.clear();
        held_given_ = false;
    }
    const auto fail = [&](const Error& error) {
        error_ = error;
        return error;
    };
    // Moves bytes of the piece behind what is held until that are `size`; false when the piece does not reach.
    const auto hold = [&](std::size_t size) {
        const std::size_t taken = std::min(piece_.size(), size - std::min(size, held_.size()));
        held_.append(piece_.substr(0, taken));
        piece_.remove_prefix(taken);
        return held_.size() >= size;
    };

    if (held_.empty() && piece_.size() >= prelude_size) {
        const Result<std::size_t> size = message_size(piece_.substr(0, prelude_size));
        if (!size) return fail(size.error());
        if (piece_.size() >= *size) {
            auto event = read_aws_message(piece_.substr(0, *size));
            if (!event) return fail(event.error());
            piece_.remove_prefix(*size);
            return event;
        }
    }
    if (piece_.empty() || !hold(prelude_size)) return std::optional<AwsEvent>();
    const Result<std::size_t> size = message_size(held_.text().substr(0, prelude_size));
    if (!size) return fail(size.error());
    if (!hold(*size)) return std::optional<AwsEvent>();
    auto event = read_aws_message(held_.text());
    if (!event) return fail(event.error());
    held_given_ = true;
    return event;
}

void encode_aws_event(Buffer& out, std::span<const AwsHeader> headers, std::string_view payload) {
    std::size_t headers_size = 0;
    for (const AwsHeader& header : headers) headers_size += 4 + header.name.size() + header.value.size();
    append_message(out, headers_size, payload, [&] {
        for (const AwsHeader& header : headers) append_header(out, header);
    });
}

void encode_aws_json_event(Buffer& out, std::string_view event_type, std::string_view payload) {
    const AwsHeader headers[] = {
        {":event-type", event_type}, {":content-type", "application/json"}, {":message-type", "event"}};
    encode_aws_event(out, headers, payload);
}

void encode_aws_json_exception(Buffer& out, std::string_view exception_type, std::string_view payload) {
    const AwsHeader headers[] = {
        {":exception-type", exception_type}, {":content-type", "application/json"}, {":message-type", "exception"}};
    encode_aws_event(out, headers, payload);
}

void reframe(Buffer& out, const AwsEvent& event, std::string_view payload) {
    append_message(out, event.headers.size(), payload, [&] { out.append(event.headers); });
}

}  // namespace gw::provider
