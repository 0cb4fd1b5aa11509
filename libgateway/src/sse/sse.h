// Server-sent events, both sides: HTML Living Standard 9.2.5 (syntax) and 9.2.6 (interpretation).
//
//     bytes -- feed() --> [ lines | fields ] -- next() --> Event, Event, ...
//     encode(out, Event) --> bytes
//
// The stream may be cut anywhere, even inside a CR LF pair or a UTF-8 sequence; the events are the same. Unlike a
// browser, the decoder also tells where an event lay in the stream, so that a proxy can forward its very bytes.
//
// An event that lies whole in the fed piece is handed out as views into the piece. Only one that a piece's end cuts is
// copied, and read when its blank line has come.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"

namespace gw::sse {

struct Event {
    std::string_view type;                  // "message" when the stream names none
    std::string_view data;                  // lines joined by LF, without the last LF; invalid UTF-8 is passed as it is
    std::string_view id;                    // last id seen, which may come from an earlier event
    std::optional<std::uint32_t> retry_ms;  // a retry field that came since the last event
    std::string_view raw;  // the event's bytes as they came, from its first line to the end of its blank line,
                           // comments and ignored fields included; a BOM at the very start belongs to none
};

// Finds the line ends of one text: LF, CR LF or CR. Remembers the next LF, so that a text without any is not searched
// to its end for every line.
class LineEnds {
public:
    // The first CR or LF in [at, end), or `end`. `at` never goes back, `end` stays the same.
    [[nodiscard]] const char* find(const char* at, const char* end) noexcept;

private:
    const char* line_feed_ = nullptr;
};

// Finds where an event ends that comes in pieces: after the first blank line behind a `data` field. It keeps a few
// bytes, not the event.
class EventEnd {
public:
    // `after_cr`: the byte before was a CR that ended a line, so that a LF coming now belongs to it.
    explicit EventEnd(bool after_cr = false) noexcept : after_cr_(after_cr) {}
    // Takes the next piece: the offset behind the event, or npos when all of the piece belongs to it.
    [[nodiscard]] std::size_t find(std::string_view piece, LineEnds& lines) noexcept;

private:
    [[nodiscard]] bool line_is_data() const noexcept;

    std::array<char, 5> start_{};  // of the line that is open: enough to know `data` and `data:`
    std::uint8_t start_size_ = 0;
    bool after_cr_ = false;
    bool has_data_ = false;
};

class Decoder {
public:
    // `event_bytes_max` bounds the raw bytes of one event (and of anything between two events).
    Decoder(std::size_t event_bytes_max, BlockPool* pool, std::pmr::memory_resource* memory);

    // Takes the next piece of the stream; next() has given nothing before. Fails only on the limit (GW_ERR_LIMIT), and
    // then for good; events in front of the one that is too long can still be taken. The piece is borrowed until next()
    // has given nothing.
    [[nodiscard]] Result<void> feed(std::span<const std::byte> piece);

    // The next whole event, valid until the next call; nothing until more bytes come. Events without data are not
    // dispatched, as the standard says; their bytes go in front of the next event's `raw`. An event is complete when
    // its blank line is, without a look at what follows: when a piece ends between the CR and the LF of that line end,
    // the LF is the first byte of the next event's `raw`.
    [[nodiscard]] std::optional<Event> next();

    // The stream is over and next() has given nothing: what is left of an event that never got its blank line (to be
    // dropped, or forwarded raw). All `raw` in order and rest() are the stream again, but for the BOM.
    [[nodiscard]] std::string_view rest() const noexcept;
    // Bytes of an open event held inside.
    [[nodiscard]] std::size_t held() const noexcept { return rest().size(); }

private:
    [[nodiscard]] bool fits(std::string_view piece, std::size_t& good_size) noexcept;
    void skip_bom(std::string_view& piece);
    [[nodiscard]] std::optional<Event> read(std::string_view text, LineEnds& lines);

    std::size_t event_bytes_max_;
    std::string_view piece_;   // what is left of it
    LineEnds piece_lines_;     // of the piece
    Buffer held_;              // the event that is cut, from its first byte
    EventEnd held_end_;        // has seen what is held
    Buffer joined_;            // data of more than one line
    std::pmr::string id_;      // "last event ID", which outlives its event
    bool at_start_ = true;     // a BOM may still come; what is held is the beginning of one
    bool held_given_ = false;  // the last event given lies in held_
    bool after_cr_ = false;    // the last event ended with a CR at the end of what had come
    bool failed_ = false;
};

// Writes one event: `event:` unless type is empty or "message", `id:` and `retry:` when set, one `data:` line per line
// of data (split at LF, CR LF and CR), and the blank line. CR and LF in type or id, and NUL in id, are caller's
// mistakes: the field is left out.
void encode(Buffer& out, std::string_view type, std::string_view data, std::string_view id = {},
            std::optional<std::uint32_t> retry_ms = {});
// The common case: `data: <one line>` and the blank line. `data` has no line break.
void encode_data(Buffer& out, std::string_view data);
// A comment line and a blank line, for keep-alive: `: text`. Line breaks in it start new comment lines.
void encode_comment(Buffer& out, std::string_view text);

// The same without a Buffer: how many bytes it takes, and writing them. Returns the end of what was written.
[[nodiscard]] std::size_t encoded_size(std::string_view type, std::string_view data, std::string_view id,
                                       std::optional<std::uint32_t> retry_ms) noexcept;
char* encode_to(char* out, std::string_view type, std::string_view data, std::string_view id,
                std::optional<std::uint32_t> retry_ms) noexcept;

}  // namespace gw::sse
