// Server-sent events, both sides: HTML Living Standard 9.2.5 (syntax) and 9.2.6 (interpretation).
//
//     bytes -- feed() --> [ lines | fields ] -- next() --> Event, Event, ...
//     encode(out, Event) --> bytes
//
// The stream may be cut anywhere, even inside a CR LF pair or a UTF-8 sequence; the events are the same. Unlike a
// browser, the decoder also tells where an event lay in the stream, so that a proxy can forward its very bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"

namespace gw::sse {

struct Event {
    std::string_view type;  // "message" when the stream names none
    std::string_view data;  // lines joined by LF, without the last LF; invalid UTF-8 is passed as it is
    std::string_view id;    // last id seen, which may come from an earlier event
    std::optional<std::uint32_t> retry_ms;  // a retry field that came since the last event
    std::string_view raw;   // the event's bytes as they came, from its first line to the end of its blank line,
                            // comments and ignored fields included; a BOM at the very start belongs to none
};

class Decoder {
public:
    // `event_bytes_max` bounds the raw bytes of one event (and of anything between two events).
    Decoder(std::size_t event_bytes_max, BlockPool* pool, std::pmr::memory_resource* memory);

    // Takes the next piece of the stream. Fails only on the limit (GW_ERR_LIMIT), and then for good. The piece is
    // borrowed until next() has given nothing.
    [[nodiscard]] Result<void> feed(std::span<const std::byte> piece);

    // The next whole event, valid until the next call; nothing until more bytes come. Events without data are not
    // dispatched, as the standard says; their bytes go in front of the next event's `raw`.
    [[nodiscard]] std::optional<Event> next();

    // The stream is over: what is left of an event that never got its blank line (to be dropped, or forwarded raw).
    [[nodiscard]] std::string_view rest() const noexcept;
    // Bytes of an open event held inside.
    [[nodiscard]] std::size_t held() const noexcept;

private:
    // (the implementation's members)
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

}  // namespace gw::sse
