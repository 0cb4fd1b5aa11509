#include "http1/reader.h"

#include <algorithm>

#include "core/text.h"

namespace gw::http1 {

namespace {

// RFC 9112 2.2: a server SHOULD ignore at least one empty line before the request line; old clients sent one too many
// after a POST. More than a few are somebody probing.
constexpr std::uint8_t empty_lines_max = 4;

// A chunk size line is up to 16 digits, an extension and CR LF. Extensions are legal and unused; without the second
// bound, chunks of one byte would carry them at 256 times the weight of the content.
constexpr std::size_t chunk_line_bytes_max = 16 + 256 + 2;
constexpr std::size_t extension_bytes_max = 4096;  // in one message

constexpr std::size_t line_end_bytes = 2;
constexpr std::size_t line_bytes_ceiling = std::size_t{1} << 28U;

}  // namespace

Reader::Reader(Role role, const Limits& limits, BlockPool* pool) noexcept
    : limits_(limits),
      role_(role),
      body_bytes_max_(limits.body_bytes_max),
      head_(pool),
      trailer_(pool),
      scanner_(role) {
    // So that sums of them cannot overflow; nobody wants heads of gigabytes.
    limits_.request_line_bytes_max = std::min(limits_.request_line_bytes_max, line_bytes_ceiling);
    limits_.header_bytes_max = std::min(limits_.header_bytes_max, line_bytes_ceiling);
}

Error Reader::refuse(Refusal refusal) noexcept {
    if (!refusal_) refusal_ = refusal;
    piece_ = {};
    return refusal_.error();
}

void Reader::close() noexcept {
    piece_ = {};
    forget_message();
}

void Reader::forget_message() noexcept {
    head_.clear();
    trailer_.clear();
    stale_ = false;
    body_begun_ = false;
    has_trailers_ = false;
    empty_lines_ = 0;
    line_begin_ = fields_begin_ = field_count_ = extension_bytes_ = 0;
    left_ = received_ = 0;
    body_bytes_max_ = limits_.body_bytes_max;
    content_ = Content::none;
    request_line_ = {};
    status_line_ = {};
}

bool Reader::body_within_limit() const noexcept {
    return received_ <= body_bytes_max_ && left_ <= body_bytes_max_ - received_;
}

// Moves what the piece has of the current line to `text`, which must not grow above `text_bytes_max`.
Reader::Taken Reader::take_line(Buffer& text, std::size_t text_bytes_max) {
    const std::size_t feed_at = piece_.find('\n');
    const bool whole = feed_at != std::string_view::npos;
    const std::size_t size = whole ? feed_at + 1 : piece_.size();
    if (size > text_bytes_max || text.size() > text_bytes_max - size) return Taken::too_long;
    text.append(piece_.substr(0, size));
    piece_.remove_prefix(size);
    return whole ? Taken::whole : Taken::partial;
}

bool Reader::take_byte(char wanted) noexcept {
    if (piece_.front() != wanted) return false;
    piece_.remove_prefix(1);
    return true;
}

Refusal Reader::read_start() noexcept {
    if (state_ == State::empty_line) {
        if (!take_byte('\n')) return Refusal::with(400, "a line does not end with CR LF");
        ++empty_lines_;
        state_ = State::start;
        return {};
    }
    const char first = piece_.front();
    if (first == '\r' && role_ == Role::request && empty_lines_ < empty_lines_max) {
        piece_.remove_prefix(1);
        state_ = State::empty_line;
        return {};
    }
    // A TLS handshake on a plain port, for one, has no line end to wait for.
    if (role_ == Role::request ? !is_token_char(first) : first != 'H') {
        return Refusal::with(400, "this is not an HTTP message");
    }
    state_ = State::start_line;
    return {};
}

Refusal Reader::read_start_line() {
    switch (take_line(head_.text(), limits_.request_line_bytes_max + line_end_bytes)) {
    case Taken::partial: return {};
    case Taken::too_long: return Refusal::with(414, "the start line is too long");
    case Taken::whole: break;
    }
    // The text may move while it grows: finish_head() points these views to where it came to rest.
    const Refusal refusal = role_ == Role::request ? parse_request_line(head_.text().text(), request_line_)
                                                   : parse_status_line(head_.text().text(), status_line_);
    if (refusal) return refusal;
    line_begin_ = fields_begin_ = head_.text().size();
    state_ = State::field_line;
    return {};
}

Refusal Reader::read_field_line(Fields& fields, bool& done) {
    Buffer& text = fields.text();
    // The empty line at the end is not counted; until it comes, its two bytes are the only ones above the limit.
    switch (take_line(text, fields_begin_ + limits_.header_bytes_max + line_end_bytes)) {
    case Taken::partial: return {};
    case Taken::too_long: return Refusal::with(431, "the fields are too long");
    case Taken::whole: break;
    }
    const std::string_view line = text.text().substr(line_begin_);
    if (line == "\r\n") {
        done = true;
        return {};
    }
    if (field_count_ == limits_.header_count_max) return Refusal::with(431, "there are too many fields");
    if (const Refusal refusal = check_field_line(line)) return refusal;
    ++field_count_;
    line_begin_ = text.size();
    return {};
}

Refusal Reader::finish_head() {
    const std::string_view text = head_.text().text();
    bool no_content = false;
    if (role_ == Role::request) {
        request_line_.method = text.substr(0, request_line_.method.size());
        request_line_.target = text.substr(request_line_.method.size() + 1, request_line_.target.size());
    } else {
        const std::size_t reason_bytes = status_line_.reason.size();
        status_line_.reason = text.substr(fields_begin_ - line_end_bytes - reason_bytes, reason_bytes);
        no_content = head_response_ || status_without_content(status_line_.status);
    }
    head_.reserve(field_count_);
    scanner_.begin(no_content);
    const Scanner::Seen seen = scanner_.scan(text, &head_);
    if (!seen.headers_complete) {
        switch (seen.fault) {
        case Scanner::Fault::method: return Refusal::with(501, "the method is not known");
        case Scanner::Fault::version: return Refusal::with(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
        case Scanner::Fault::none:
        case Scanner::Fault::other: break;
        }
        return Refusal::with(400, "the head is not valid");
    }
    for (Header& header : head_.list()) header.value = trim(header.value);
    facts_ = gather_facts(head_.view());
    const Refusal refusal = role_ == Role::request ? judge_request(request_line_, facts_, content_)
                                                   : judge_response(status_line_, facts_, no_content, content_);
    if (refusal) return refusal;
    if (seen.fault != Scanner::Fault::none || head_.count() != field_count_ ||
        seen.message_complete != (content_ == Content::none)) {
        return Refusal::with(400, "the head is ambiguous");
    }
    switch (content_) {
    case Content::none: state_ = State::complete; break;
    case Content::length:
        left_ = facts_.length;
        state_ = State::content;
        break;
    case Content::chunked: state_ = State::chunk_line; break;
    case Content::until_close: state_ = State::until_close; break;
    }
    line_begin_ = fields_begin_ = field_count_ = 0;  // a trailer counts anew
    return {};
}

Refusal Reader::finish_trailer() {
    trailer_.reserve(field_count_);
    const Scanner::Seen seen = scanner_.scan(trailer_.text().text(), &trailer_);
    if (seen.fault != Scanner::Fault::none || !seen.message_complete || trailer_.count() != field_count_) {
        return Refusal::with(400, "the trailer is not valid");
    }
    for (Header& header : trailer_.list()) {
        header.value = trim(header.value);
        if (forbidden_in_trailer(header.name))
            return Refusal::with(400, "a trailer has a field that must not be there");
    }
    has_trailers_ = field_count_ > 0;
    state_ = State::complete;
    return {};
}

Refusal Reader::read_chunk_line() {
    body_begun_ = true;
    Buffer& collected = trailer_.text();
    if (collected.empty()) {
        const std::size_t feed_at = piece_.find('\n');
        if (feed_at < chunk_line_bytes_max) {  // whole in this piece, as nearly always: no copy
            const std::string_view line = piece_.substr(0, feed_at + 1);
            piece_.remove_prefix(feed_at + 1);
            return accept_chunk_line(line);
        }
    }
    switch (take_line(collected, chunk_line_bytes_max)) {
    case Taken::partial: return {};
    case Taken::too_long: return Refusal::with(400, "a chunk size line is too long");
    case Taken::whole: break;
    }
    const Refusal refusal = accept_chunk_line(collected.text());
    collected.clear();
    return refusal;
}

Refusal Reader::accept_chunk_line(std::string_view line) {
    ChunkLine chunk;
    if (const Refusal refusal = parse_chunk_line(line, chunk)) return refusal;
    extension_bytes_ += chunk.extension_bytes;
    if (extension_bytes_ > extension_bytes_max) return Refusal::with(400, "the chunk extensions are too long");
    const Scanner::Seen seen = scanner_.scan(line, nullptr);
    if (seen.fault != Scanner::Fault::none || !seen.chunk || seen.chunk_size != chunk.size) {
        return Refusal::with(400, "a chunk size line is not valid");
    }
    left_ = chunk.size;
    state_ = chunk.size > 0 ? State::chunk_data : State::trailer_line;
    return {};
}

// A piece of content, of a known size or of a chunk: as much as the piece has of it, at once.
Refusal Reader::read_content() noexcept {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece_.size()));
    const Scanner::Seen seen = scanner_.scan(piece_.substr(0, size), nullptr);
    left_ -= size;
    received_ += size;
    const bool complete = state_ == State::content && left_ == 0;
    if (seen.fault != Scanner::Fault::none || seen.body.size() != size || seen.message_complete != complete) {
        return Refusal::with(400, "the content is ambiguous");
    }
    body_ = seen.body;
    body_begun_ = true;
    piece_.remove_prefix(size);
    if (left_ == 0) state_ = complete ? State::complete : State::chunk_cr;
    return {};
}

// All of the piece, up to the limit: how much comes before the error must not depend on the cuts.
Refusal Reader::read_until_close() noexcept {
    const std::uint64_t room = body_bytes_max_ - std::min(received_, body_bytes_max_);
    if (room == 0) return Refusal::with(413, "the content is too large");
    body_ = piece_.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, piece_.size())));
    piece_.remove_prefix(body_.size());
    received_ += body_.size();
    body_begun_ = true;
    return {};
}

// More bytes are needed. When none can come, that is the end of what lasts until the close, and an error elsewhere.
Refusal Reader::starve() noexcept {
    if (!finished_ || between_messages()) return {};
    if (state_ != State::until_close) return Refusal::truncated();
    state_ = State::complete;
    return {};
}

Result<std::optional<EventKind>> Reader::next() {
    if (refusal_) return refusal_.error();
    if (stale_) forget_message();
    for (;;) {
        if (state_ == State::complete) {
            if (has_trailers_) {
                has_trailers_ = false;
                return std::optional(EventKind::trailers);
            }
            state_ = State::start;
            stale_ = true;
            return std::optional(EventKind::end);
        }
        // What was announced is refused before it is waited for.
        const bool sized = state_ == State::content || state_ == State::chunk_data;
        if (sized && !body_within_limit()) return refuse(Refusal::with(413, "the content is too large"));
        if (piece_.empty()) {
            if (const Refusal refusal = starve()) return refuse(refusal);
            if (state_ == State::complete) continue;
            return std::optional<EventKind>{};
        }
        Refusal refusal;
        bool fields_done = false;
        switch (state_) {
        case State::start:
        case State::empty_line: refusal = read_start(); break;
        case State::start_line: refusal = read_start_line(); break;
        case State::field_line:
            refusal = read_field_line(head_, fields_done);
            if (!fields_done) break;
            refusal = finish_head();
            if (!refusal) return std::optional(EventKind::head);
            break;
        case State::content:
        case State::chunk_data:
            refusal = read_content();
            if (!refusal) return std::optional(EventKind::body);
            break;
        case State::until_close:
            refusal = read_until_close();
            if (!refusal) return std::optional(EventKind::body);
            break;
        case State::chunk_line: refusal = read_chunk_line(); break;
        case State::chunk_cr:
        case State::chunk_lf: {
            const bool cr = state_ == State::chunk_cr;
            if (!take_byte(cr ? '\r' : '\n')) {
                refusal = Refusal::with(400, "the data of a chunk is not followed by CR LF");
                break;
            }
            state_ = cr ? State::chunk_lf : State::chunk_line;
            if (!cr && scanner_.scan("\r\n", nullptr).fault != Scanner::Fault::none) {
                refusal = Refusal::with(400, "the content is ambiguous");
            }
            break;
        }
        case State::trailer_line:
            refusal = read_field_line(trailer_, fields_done);
            if (fields_done) refusal = finish_trailer();
            break;
        case State::complete: break;
        }
        if (refusal) return refuse(refusal);
    }
}

}  // namespace gw::http1
