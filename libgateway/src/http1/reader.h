// Reader: the receiving half that server and client share. Bytes in, one step of a message out.
//
//     piece -- lines, counted and checked (syntax.h) -- whole head -- llhttp (scanner.h) -- rules (facts.h) --> head
//           -- content, never more than the rules allow -- llhttp -----------------------------------------> body, end
//
// A head is collected in one block of the pool, because its views must outlive the piece it came in; content is never
// copied. Every decision depends on the bytes so far and not on how they were cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"
#include "http1/facts.h"
#include "http1/fields.h"
#include "http1/http1.h"
#include "http1/scanner.h"
#include "http1/syntax.h"

namespace gw::http1 {

class Reader {
public:
    Reader(Role role, const Limits& limits, BlockPool* pool) noexcept;

    // The response that comes next answers a HEAD request: no content.
    void expect_head_response(bool yes) noexcept { head_response_ = yes; }

    void feed(std::string_view piece) noexcept { piece_ = piece; }
    // No more bytes come behind what was fed.
    void finish() noexcept { finished_ = true; }

    // The next step; nothing when more bytes are needed. Throws std::bad_alloc.
    [[nodiscard]] Result<std::optional<EventKind>> next();

    // The bytes of the piece that were not used yet.
    [[nodiscard]] std::string_view rest() const noexcept { return piece_; }
    [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }
    // Forgets everything; nothing more is read.
    void close() noexcept;
    // Breaks off with a reason that was found elsewhere.
    Error refuse(Refusal refusal) noexcept;

    // The head, from EventKind::head until the next() after EventKind::end.
    [[nodiscard]] const RequestLine& request_line() const noexcept { return request_line_; }
    [[nodiscard]] const StatusLine& status_line() const noexcept { return status_line_; }
    [[nodiscard]] const Facts& facts() const noexcept { return facts_; }
    [[nodiscard]] Content content() const noexcept { return content_; }
    [[nodiscard]] Headers headers() noexcept { return head_.view(); }
    [[nodiscard]] Headers trailers() noexcept { return trailer_.view(); }
    [[nodiscard]] std::string_view body() const noexcept { return body_; }

    void set_body_bytes_max(std::uint64_t bytes) noexcept { body_bytes_max_ = bytes; }
    [[nodiscard]] bool body_within_limit() const noexcept;
    [[nodiscard]] bool body_begun() const noexcept { return body_begun_; }
    // Content still to come: what is announced and not read yet. 0 for chunks, whose sizes are not known ahead.
    [[nodiscard]] std::uint64_t announced_left() const noexcept { return state_ == State::content ? left_ : 0; }

    // From the first byte of a start line until the head is complete.
    [[nodiscard]] bool in_head() const noexcept { return state_ == State::start_line || state_ == State::field_line; }
    // Nothing of a message has been read, or its end was given out.
    [[nodiscard]] bool between_messages() const noexcept {
        return state_ == State::start || state_ == State::empty_line;
    }
    // All bytes of the message were read; its end may not have been given out yet.
    [[nodiscard]] bool message_read() const noexcept { return between_messages() || state_ == State::complete; }
    // The open message is complete, or is as soon as the connection ends.
    [[nodiscard]] bool may_end_here() const noexcept {
        return state_ == State::complete || state_ == State::until_close;
    }

private:
    enum class State : std::uint8_t {
        start,       // before the first byte of a message
        empty_line,  // behind the CR of an empty line before a request
        start_line,
        field_line,
        content,  // Content-Length
        until_close,
        chunk_line,
        chunk_data,
        chunk_cr,  // before the CR LF behind the data
        chunk_lf,
        trailer_line,
        complete,  // the end is to be given out
    };
    enum class Taken : std::uint8_t { partial, whole, too_long };

    Taken take_line(Buffer& text, std::size_t text_bytes_max);
    bool take_byte(char wanted) noexcept;
    [[nodiscard]] Refusal read_start() noexcept;
    [[nodiscard]] Refusal read_start_line();
    // True in `done` when the empty line that ends the fields was read.
    [[nodiscard]] Refusal read_field_line(Fields& fields, bool& done);
    [[nodiscard]] Refusal finish_head();
    [[nodiscard]] Refusal finish_trailer();
    [[nodiscard]] Refusal read_chunk_line();
    [[nodiscard]] Refusal accept_chunk_line(std::string_view line);
    [[nodiscard]] Refusal read_content() noexcept;
    [[nodiscard]] Refusal read_until_close() noexcept;
    [[nodiscard]] Refusal starve() noexcept;
    void forget_message() noexcept;

    Limits limits_;
    Role role_;
    State state_ = State::start;
    Content content_ = Content::none;
    bool head_response_ = false;
    bool finished_ = false;
    bool stale_ = false;  // the end was given out: the next call releases the head
    bool body_begun_ = false;
    bool has_trailers_ = false;
    std::uint8_t empty_lines_ = 0;
    std::string_view piece_;
    std::string_view body_;
    std::size_t line_begin_ = 0;    // of the current line, in the text of its Fields
    std::size_t fields_begin_ = 0;  // of the first field line, likewise
    std::size_t field_count_ = 0;
    std::size_t extension_bytes_ = 0;
    std::uint64_t left_ = 0;      // of the content, or of the chunk
    std::uint64_t received_ = 0;  // content bytes given out
    std::uint64_t body_bytes_max_;
    Fields head_;
    Fields trailer_;  // its text also collects a chunk size line that was cut
    RequestLine request_line_;
    StatusLine status_line_;
    Facts facts_;
    Refusal refusal_;
    Scanner scanner_;
};

}  // namespace gw::http1
