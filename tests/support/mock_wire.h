// The bytes of an answer: events in the framing of a stream, pieces cut as a test wants them, the header in front.
//
//     Event, Event ──► sse(), ndjson(), aws_events() ──► pieces ──► cut(), compress(), in_chunk() ──► writes
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/mock_options.h"

namespace mock {

using Pieces = std::vector<std::string>;
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Event {
    std::string type;  // empty: the event has no name
    std::string data;
};

struct SseForm {
    LineEnd line_end = LineEnd::lf;
    bool comments = false;         // ": keep-alive" before each event
    bool byte_order_mark = false;  // before the first
    bool tight = false;            // no space behind "data:"
};

[[nodiscard]] Pieces sse(const std::vector<Event>& events, const SseForm& form);
[[nodiscard]] Pieces ndjson(const std::vector<Event>& events);
// As Gemini streams when it is not asked for events: "[{...},\r\n{...}]".
[[nodiscard]] Pieces json_array(const std::vector<Event>& events);
// AWS event stream messages with right lengths and checksums. A type that begins with '!' is an exception's.
[[nodiscard]] Pieces aws_events(const std::vector<Event>& events);

[[nodiscard]] Pieces cut(const Pieces& pieces, std::size_t size);
// Cut before each of `positions`, which ascend; those beyond the end are left out.
[[nodiscard]] Pieces cut_at(const Pieces& pieces, const std::vector<std::size_t>& positions);
// Every character of several bytes is cut behind its first.
[[nodiscard]] Pieces cut_characters(const Pieces& pieces);
// Each piece ends with a sync flush, so that a reader gets every event as it comes.
[[nodiscard]] Pieces compress(const Pieces& pieces);
[[nodiscard]] std::size_t bytes_of(const Pieces& pieces);

[[nodiscard]] std::string in_chunk(std::string_view piece);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

// The header section. `body_bytes` counts with Framing::automatic only, which names the length.
[[nodiscard]] std::string head(int status, const Headers& headers, Framing framing, std::size_t body_bytes,
                               bool keep_alive);

// `text` between quotes.
[[nodiscard]] std::string json_string(std::string_view text);
[[nodiscard]] std::string base64(std::string_view bytes);
[[nodiscard]] std::string from_base64(std::string_view text);

}  // namespace mock
