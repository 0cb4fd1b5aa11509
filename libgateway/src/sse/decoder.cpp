#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "core/text.h"
#include "sse/sse.h"

namespace gw::sse {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

struct Field {
    std::string_view name;
    std::string_view value;
};

// A line as a field: the name up to the first colon, the value behind it without one leading space. A line without a
// colon is all name; a comment is a field without a name.
Field split_field(std::string_view line) noexcept {
    // What nearly every line of a stream of deltas is, without the search.
    if (line.starts_with("data: ")) return {line.substr(0, 4), line.substr(6)};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return {line, {}};
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    return {line.substr(0, colon), value};
}

}  // namespace

Decoder::Decoder(std::size_t event_bytes_max, BlockPool* pool, std::pmr::memory_resource* memory)
    : event_bytes_max_(event_bytes_max), held_(pool), joined_(pool), id_(memory) {}

Result<void> Decoder::feed(std::span<const std::byte> piece) {
    assert(piece_.empty() && "next() must have given nothing");
    constexpr Error too_long{GW_ERR_LIMIT, 0, "an event of the stream is too long"};
    if (failed_) return too_long;
    if (held_given_) {
        held_.clear();
        held_given_ = false;
    }
    std::string_view text = as_text(piece);
    if (at_start_) skip_bom(text);
    piece_lines_ = {};
    piece_ = text;
    if (text.size() <= event_bytes_max_ && held_.size() <= event_bytes_max_ - text.size()) return {};

    std::size_t good_size = 0;
    if (fits(text, good_size)) return {};
    failed_ = true;
    piece_ = text.substr(0, good_size);
    return too_long;
}

// Whether every event in the piece keeps the limit, the one at its end as far as it has come. If not, `good_size` is
// where the first one begins that does not.
bool Decoder::fits(std::string_view piece, std::size_t& good_size) noexcept {
    EventEnd event_end = held_.empty() ? EventEnd(after_cr_) : held_end_;
    LineEnds lines;
    std::size_t held = held_.size();
    good_size = 0;
    while (good_size < piece.size()) {
        const std::size_t found = event_end.find(piece.substr(good_size), lines);
        const std::size_t size = found == std::string_view::npos ? piece.size() - good_size : found;
        if (size > event_bytes_max_ || held > event_bytes_max_ - size) return false;
        good_size += size;
        held = 0;
        event_end = EventEnd(false);  // a CR at the very end of the piece has nothing behind it here
    }
    return true;
}

// 9.2.5: one U+FEFF at the very start is not part of the stream. Its three bytes may come one by one.
void Decoder::skip_bom(std::string_view& piece) {
    const std::string_view expected = byte_order_mark.substr(held_.size());
    const std::size_t size = std::min(expected.size(), piece.size());
    if (piece.substr(0, size) != expected.substr(0, size)) {
        at_start_ = false;
        LineEnds lines;
        if (!held_.empty()) (void)held_end_.find(held_.text(), lines);
    } else if (size < expected.size()) {
        held_.append(piece);
        piece = {};
    } else {
        at_start_ = false;
        held_.clear();
        piece.remove_prefix(size);
    }
}

std::optional<Event> Decoder::next() {
    joined_.clear();
    if (held_given_) {
        held_.clear();
        held_given_ = false;
    }
    if (piece_.empty()) return std::nullopt;

    if (held_.empty()) {
        auto event = read(piece_, piece_lines_);
        if (event) {
            piece_.remove_prefix(event->raw.size());
            after_cr_ = piece_.empty() && event->raw.ends_with('\r');
            return event;
        }
        joined_.clear();
        held_.append(piece_);
        held_end_ = EventEnd(after_cr_);
        LineEnds lines;
        (void)held_end_.find(std::exchange(piece_, {}), lines);
        return std::nullopt;
    }

    (void)held_.prepare(piece_.size());  // so that nothing has changed yet when there is no memory
    const std::size_t size = std::min(held_end_.find(piece_, piece_lines_), piece_.size() + 1);
    held_.append(piece_.substr(0, size));
    if (size > piece_.size()) {
        piece_ = {};
        return std::nullopt;
    }
    piece_.remove_prefix(size);
    held_given_ = true;
    LineEnds lines;
    auto event = read(held_.text(), lines);
    assert(event && event->raw.size() == held_.size());
    after_cr_ = piece_.empty() && event->raw.ends_with('\r');
    return event;
}

// Reads the event at the start of `text`, with everything undispatched in front of it; nothing when it is not whole.
std::optional<Event> Decoder::read(std::string_view text, LineEnds& lines) {
    std::optional<Event> out(std::in_place);
    Event& event = *out;
    std::optional<std::string_view> id;
    std::size_t data_count = 0;
    const char* at = text.data();
    const char* const end = at + text.size();
    if (after_cr_ && at != end && *at == '\n') ++at;
    while (true) {
        const char* const line_end = lines.find(at, end);
        if (line_end == end) return std::nullopt;
        const std::string_view line(at, static_cast<std::size_t>(line_end - at));
        at = line_end + 1;
        if (*line_end == '\r' && at != end && *at == '\n') ++at;

        if (line.empty()) {
            if (data_count > 0) break;
            event.type = {};
            continue;
        }
        const auto [name, value] = split_field(line);
        if (name == "data") {
            if (++data_count == 1) {
                event.data = value;
                continue;
            }
            if (data_count == 2) joined_.append(event.data);
            joined_.append('\n');
            joined_.append(value);
        } else if (name == "event") {
            event.type = value;
        } else if (name == "id") {
            if (value.find('\0') == std::string_view::npos) id = value;
        } else if (name == "retry") {
            // Digits only; more of them than the type holds are a number nobody waits for.
            const auto milliseconds = parse_decimal(value);
            if (milliseconds && *milliseconds <= std::numeric_limits<std::uint32_t>::max()) {
                event.retry_ms = static_cast<std::uint32_t>(*milliseconds);
            }
        }
    }
    if (id && *id != id_) id_.assign(*id);
    if (event.type.empty()) event.type = "message";
    if (data_count > 1) event.data = joined_.text();
    event.id = id_;
    event.raw = text.substr(0, static_cast<std::size_t>(at - text.data()));
    return out;
}

std::string_view Decoder::rest() const noexcept { return held_given_ ? std::string_view{} : held_.text(); }

}  // namespace gw::sse
