#include "provider/framing.h"

#include <functional>

#include "core/text.h"
#include "provider/aws_chunk.h"

namespace gw::provider {

namespace {

constexpr std::string_view wrapper_type = "chunk";  // Bedrock invoke-with-response-stream

bool lies_in(std::string_view part, std::string_view whole) noexcept {
    const std::less_equal<const char*> before;
    return !part.empty() && before(whole.data(), part.data()) &&
           before(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

FrameReader::FrameReader(Framing framing, std::size_t frame_bytes_max, BlockPool* pool,
                         std::pmr::memory_resource* memory)
    : framing_(framing),
      frame_bytes_max_(frame_bytes_max),
      sse_(frame_bytes_max, pool, memory),
      aws_(frame_bytes_max, pool),
      line_(pool),
      memory_(memory) {}

Result<void> FrameReader::feed(std::span<const std::byte> piece) {
    switch (framing_) {
    case Framing::sse: return sse_.feed(piece);
    case Framing::ndjson:
    case Framing::json_array: piece_ = as_text(piece); break;
    case Framing::aws_events: aws_.feed(piece); break;
    }
    return {};
}

Result<std::optional<Frame>> FrameReader::next() {
    switch (framing_) {
    case Framing::sse:
        if (const auto event = sse_.next()) return std::optional(Frame{event->raw, event->type, event->data, false});
        return std::optional<Frame>();
    case Framing::ndjson: return next_line();
    case Framing::json_array: return next_element();
    case Framing::aws_events: break;
    }
    return next_aws();
}

Result<std::optional<Frame>> FrameReader::next_line() {
    if (line_given_) {
        line_.clear();
        line_given_ = false;
    }
    const std::size_t end = piece_.find('\n');
    const std::size_t size = end == std::string_view::npos ? piece_.size() : end + 1;
    if (line_.size() + size > frame_bytes_max_) return Error{GW_ERR_LIMIT, 0, "a line of the stream is too long"};
    std::string_view raw = piece_.substr(0, size);
    if (end == std::string_view::npos || !line_.empty()) {
        line_.append(raw);
        raw = line_.text();
    }
    piece_.remove_prefix(size);
    if (end == std::string_view::npos) return std::optional<Frame>();
    line_given_ = !line_.empty();
    std::string_view payload = raw;
    while (!payload.empty() && (payload.back() == '\n' || payload.back() == '\r' || payload.back() == ' '))
        payload.remove_suffix(1);
    return std::optional(Frame{raw, {}, payload, false});
}

// One element of an array that grows, with the bracket or comma in front of it. What is no element (white space, the
// closing bracket) goes with the next one, or is what finish() gives. Whether an element is JSON is for its reader.
Result<std::optional<Frame>> FrameReader::next_element() {
    if (line_given_) {
        line_.clear();
        line_given_ = false;
    }
    std::size_t at = 0;
    bool whole = false;
    for (; at < piece_.size() && !whole; ++at) {
        const char c = piece_[at];
        if (!in_element_) {
            if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
            if (!in_array_ && c == '[' && !array_over_) {
                in_array_ = true;
            } else if (in_array_ && c == ']') {
                in_array_ = false;
                array_over_ = true;
            } else if (in_array_ && c == '{') {
                in_element_ = true;
                element_at_ = line_.size() + at;
                depth_ = 1;
            } else if (!in_array_ || c != ',') {
                return Error{GW_ERR_DATA, 0, "the stream is not an array of objects"};
            }
            continue;
        }
        if (in_string_) {
            in_string_ = escaped_ || c != '"';
            escaped_ = !escaped_ && c == '\\';
            continue;
        }
        if (c == '"') in_string_ = true;
        if (c == '{' || c == '[') ++depth_;
        if (c == '}' || c == ']') whole = --depth_ == 0;
    }
    if (line_.size() + at > frame_bytes_max_) return Error{GW_ERR_LIMIT, 0, "an event of the stream is too long"};
    std::string_view raw = piece_.substr(0, at);
    if (!whole || !line_.empty()) {
        line_.append(raw);
        raw = line_.text();
    }
    piece_.remove_prefix(at);
    if (!whole) return std::optional<Frame>();
    in_element_ = false;
    line_given_ = !line_.empty();
    return std::optional(Frame{raw, {}, raw.substr(element_at_), false});
}

Result<std::optional<Frame>> FrameReader::next_aws() {
    const auto event = aws_.next();
    if (!event) return event.error();
    if (!*event) return std::optional<Frame>();
    Frame frame{(*event)->raw, (*event)->type, (*event)->payload, false};
    if (frame.type == wrapper_type && !frame.payload.empty()) {
        if (!outer_) outer_.emplace(memory_);
        json::Limits limits;
        limits.bytes_max = frame.payload.size();
        if (outer_->parse(frame.payload, limits))
            inner_ = unwrap_chunk(outer_->root(), memory_);
        else
            inner_.reset();
        if (!inner_) return Error{GW_ERR_DATA, 0, "a chunk of the stream does not hold what it should"};
        frame.payload = *inner_;
        frame.wrapped = true;
    }
    return std::optional(frame);
}

Result<std::optional<Frame>> FrameReader::finish() {
    switch (framing_) {
    case Framing::sse: {
        // What is left is read as if its blank line had come, and forwarded without.
        static constexpr std::string_view end = "\n\n";
        const std::size_t size = sse_.rest().size();
        if (size == 0) return std::optional<Frame>();
        if (const auto fed = sse_.feed(as_bytes(end)); !fed) return fed.error();
        const auto event = sse_.next();
        if (!event) return std::optional(Frame{sse_.rest().substr(0, size), {}, {}, false});  // comments
        return std::optional(Frame{event->raw.substr(0, size), event->type, event->data, false});
    }
    case Framing::json_array:
        if (in_element_) return Error{GW_ERR_TRUNCATED, 0, "the stream ended inside an event"};
        if (line_.empty() || line_given_) return std::optional<Frame>();
        return std::optional(Frame{line_.text(), {}, {}, false});
    case Framing::ndjson: {
        if (line_.empty() || line_given_) return std::optional<Frame>();
        return std::optional(Frame{line_.text(), {}, line_.text(), false});
    }
    case Framing::aws_events: break;
    }
    if (!aws_.rest().empty()) return Error{GW_ERR_TRUNCATED, 0, "the stream ended inside an event"};
    return std::optional<Frame>();
}

bool reframe(Buffer& out, Framing framing, const Frame& frame, std::string_view payload,
             std::pmr::memory_resource* memory) {
    if (framing == Framing::aws_events) {
        AwsEventReader reader(frame.raw.size(), out.pool());
        reader.feed(as_bytes(frame.raw));
        const auto event = reader.next();
        if (!event || !*event) return false;
        if (!frame.wrapped) {
            reframe(out, **event, payload);
            return true;
        }
        json::Document outer(memory);
        if (!outer.parse((*event)->payload)) return false;
        Buffer wrapped(out.pool());
        wrap_chunk(wrapped, outer.root(), payload);
        reframe(out, **event, wrapped.text());
        return true;
    }
    if (lies_in(frame.payload, frame.raw)) {
        const auto at = static_cast<std::size_t>(frame.payload.data() - frame.raw.data());
        out.append(frame.raw.substr(0, at));
        out.append(payload);
        out.append(frame.raw.substr(at + frame.payload.size()));
        return true;
    }
    sse::encode(out, frame.type, payload);  // its data came in several lines
    return true;
}

std::optional<Framing> framing_of(std::string_view content_type) noexcept {
    const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
    if (equals_ignoring_case(type, "text/event-stream")) return Framing::sse;
    if (equals_ignoring_case(type, "application/x-ndjson") || equals_ignoring_case(type, "application/jsonl") ||
        equals_ignoring_case(type, "application/ndjson")) {
        return Framing::ndjson;
    }
    if (equals_ignoring_case(type, "application/vnd.amazon.eventstream")) return Framing::aws_events;
    return std::nullopt;
}

}  // namespace gw::provider
