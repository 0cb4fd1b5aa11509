// Server: which request is open, how its answer must be framed, and whether the connection survives both.
//
// An exchange is over when the request was read to its end and the answer was written to its end, in whatever order.
// Only then is the next request looked at; what arrived of it already waits in `waiting`.
#include <algorithm>
#include <cassert>
#include <utility>

#include "core/text.h"
#include "http1/http1.h"
#include "http1/reader.h"
#include "http1/writer.h"

namespace gw::http1 {

namespace {

// After the answer, the rest of the request is read and dropped up to here, so that the connection can be kept; reading
// more costs more than a new connection.
constexpr std::uint64_t drain_bytes_max = 64 * 1024;

// How much a pipelining client may send ahead, on top of one piece, before it is told to come back later.
constexpr std::size_t waiting_bytes_max = 64 * 1024;

constexpr std::size_t head_room = 256;  // status line without reason, Date, framing, Connection

}  // namespace

struct Server::State {
    State(const Limits& limits, BlockPool* pool, std::pmr::memory_resource* owner) noexcept
        : memory(owner), reader(Role::request, limits, pool), waiting(pool) {}

    // What is known about the exchange at hand.
    struct Exchange {
        bool open = false;   // the head was given out
        bool ended = false;  // so was the end
        bool head_method = false;
        bool keep_alive = true;  // as the client wishes
        bool continue_sent = false;
        bool answered = false;  // an answer was begun
        bool closing = false;   // its head says so, or its end will
        std::uint64_t drained = 0;
    };
    enum class Upgrade : std::uint8_t { no, accepted, told };

    std::pmr::memory_resource* memory;
    Reader reader;
    Buffer waiting;  // bytes behind a request that is not answered yet, when their piece had to go back
    ContentWriter content;
    Exchange exchange;
    RequestHead head;
    Upgrade upgrade = Upgrade::no;
    bool close_wanted = false;  // close_after_response()
    bool finished = false;      // the client sends no more
    bool closed = false;        // the last answer was written: nothing is read any more
    bool dropped = false;       // bytes of the client were thrown away unread

    [[nodiscard]] bool failed() const noexcept { return static_cast<bool>(reader.refusal()); }
    // A failure can be answered while no answer to the same request has begun.
    [[nodiscard]] bool failure_open() const noexcept { return failed() && !exchange.answered; }
    [[nodiscard]] bool blocked() const noexcept { return exchange.open && exchange.ended; }

    [[nodiscard]] bool waits_for_continue() const noexcept;
    [[nodiscard]] bool must_close() const noexcept;
    void keep_rest();
    void drop_rest() noexcept;
    void settle() noexcept;
    void fill_head() noexcept;
    [[nodiscard]] Result<std::optional<Event>> next_event();
};

bool Server::State::waits_for_continue() const noexcept {
    return exchange.open && reader.facts().expect_continue && head.minor >= 1 && !exchange.continue_sent &&
           !reader.message_read() && !reader.body_begun() && reader.rest().empty();
}

// Whether the answer that begins now is the last one, because of something other than its own framing.
bool Server::State::must_close() const noexcept {
    if (!exchange.open || failed() || close_wanted || !exchange.keep_alive) return true;
    if (finished && reader.message_read() && reader.rest().empty()) return true;
    // RFC 9110 10.1.1: a client that was not told to continue may send its content or not; the next bytes could be
    // either.
    if (waits_for_continue()) return true;
    return reader.announced_left() > drain_bytes_max;
}

// The piece goes back to the caller; what is left of it must outlive that.
void Server::State::keep_rest() {
    const std::string_view rest = reader.rest();
    if (rest.empty() || rest.data() == nullptr) return;
    const std::string_view kept = waiting.text();
    if (!kept.empty() && rest.data() + rest.size() == kept.data() + kept.size()) return;  // it is here already
    waiting.clear();
    waiting.append(rest);
    reader.feed(waiting.text());
}

void Server::State::drop_rest() noexcept {
    // Asked before the message is forgotten: half a request means that the client may be sending the rest of it.
    dropped = dropped || !reader.message_read() || !reader.rest().empty();
    reader.close();
    waiting.clear();
}

// Ends the exchange once both directions are done with it.
void Server::State::settle() noexcept {
    if (!exchange.open || !exchange.ended || !exchange.answered || content.open()) return;
    if (exchange.closing) return;
    exchange = {};
}

void Server::State::fill_head() noexcept {
    const RequestLine& line = reader.request_line();
    const Facts& facts = reader.facts();
    head.method = line.method;
    head.target = line.target;
    head.minor = line.minor;
    head.headers = reader.headers();
    head.content_length = facts.lengths > 0 ? std::optional(facts.length) : std::nullopt;
    head.chunked = reader.content() == Content::chunked;
    // RFC 9110 7.8: a server MUST ignore Upgrade in an HTTP/1.0 request.
    head.upgrade = facts.upgrade && facts.connection_upgrade && line.minor >= 1;
    exchange = {};
    exchange.open = true;
    exchange.head_method = line.method == "HEAD";
    // What follows CONNECT may be meant for the tunnel that we do not open; it must not be read as requests.
    exchange.keep_alive = wants_keep_alive(facts, line.minor) && line.method != "CONNECT";
}

Result<std::optional<Server::Event>> Server::State::next_event() {
    using Nothing = std::optional<Event>;
    for (;;) {
        if (failed()) return reader.refusal().error();
        const bool answer_over = exchange.answered && !content.open();
        if (answer_over && exchange.closing) {
            if (!std::exchange(closed, true)) drop_rest();
            return Nothing{};
        }
        if (upgrade != Upgrade::no && !exchange.open) {
            if (std::exchange(upgrade, Upgrade::told) == Upgrade::told) return Nothing{};
            return std::optional(Event{EventKind::upgrade, nullptr, {}, Headers()});
        }
        if (blocked()) {
            keep_rest();
            return Nothing{};
        }
        const auto step = reader.next();
        if (!step) return step.error();
        if (!*step) {
            if (reader.rest().empty()) waiting.clear();
            return Nothing{};
        }
        Event event{**step, nullptr, {}, Headers()};
        switch (event.kind) {
        case EventKind::head:
            fill_head();
            event.head = &head;
            return std::optional(event);
        case EventKind::body:
            event.body = as_bytes(reader.body());
            if (!answer_over) return std::optional(event);
            exchange.drained += event.body.size();
            if (exchange.drained > drain_bytes_max) exchange.closing = dropped = true;
            continue;
        case EventKind::trailers:
            event.trailers = reader.trailers();
            if (!answer_over) return std::optional(event);
            continue;
        case EventKind::end:
            exchange.ended = true;
            settle();
            return std::optional(event);
        case EventKind::upgrade: continue;
        }
    }
}

Server::Server(const Limits& limits, BlockPool* pool, std::pmr::memory_resource* memory) {
    static_assert(sizeof(State) <= 1024, "an idle connection costs less than 1 KiB");
    void* room = memory->allocate(sizeof(State), alignof(State));
    state_.reset(new (room) State(limits, pool, memory));
}
Server::~Server() = default;

void Server::Deleter::operator()(State* state) const noexcept {
    std::pmr::memory_resource* memory = state->memory;
    state->~State();
    memory->deallocate(state, sizeof(State), alignof(State));
}

void Server::feed(std::span<const std::byte> piece) {
    State& s = *state_;
    if (piece.empty()) return;
    if (s.closed || s.failed()) {
        s.dropped = true;
        return;
    }
    const std::string_view rest = s.reader.rest();
    if (rest.empty()) {
        s.waiting.clear();
        s.reader.feed(as_text(piece));
        return;
    }
    // A pipelined request waits: both pieces are kept until its turn comes.
    s.keep_rest();
    const std::size_t size = s.reader.rest().size();
    if (size > waiting_bytes_max) {
        s.close_wanted = s.dropped = true;
        return;
    }
    s.waiting.consume(s.waiting.size() - size);
    s.reader.feed(s.waiting.text());
    s.waiting.append(piece);
    s.reader.feed(s.waiting.text());
}

Result<void> Server::finish() {
    State& s = *state_;
    s.finished = true;
    s.reader.finish();
    if (s.failed()) return s.reader.refusal().error();
    const bool reading = !s.closed && s.upgrade == State::Upgrade::no;
    if (reading && s.reader.rest().empty() && !s.reader.message_read()) return s.reader.refuse(Refusal::truncated());
    return {};
}

Result<std::optional<Server::Event>> Server::next() { return state_->next_event(); }

int Server::error_status() const noexcept { return state_->failure_open() ? state_->reader.refusal().http_status : 0; }

void Server::set_body_bytes_max(std::uint64_t bytes) noexcept { state_->reader.set_body_bytes_max(bytes); }

bool Server::in_head() const noexcept { return !state_->failed() && !state_->closed && state_->reader.in_head(); }

bool Server::idle() const noexcept {
    const State& s = *state_;
    return !s.failed() && !s.exchange.open && !s.content.open() && s.reader.between_messages() &&
           s.reader.rest().empty();
}

bool Server::wants_input() const noexcept {
    const State& s = *state_;
    return !s.failed() && !s.finished && !s.closed && !s.blocked() && s.reader.rest().empty();
}

bool Server::expects_continue() const noexcept {
    const State& s = *state_;
    return !s.failed() && !s.exchange.answered && s.waits_for_continue() && s.reader.body_within_limit();
}

void Server::send_continue(Buffer& out) {
    if (!expects_continue()) return;
    out.append("HTTP/1.1 100 Continue\r\n\r\n");
    state_->exchange.continue_sent = true;
}

bool Server::may_answer() const noexcept {
    const State& s = *state_;
    return !s.exchange.answered && !s.closed && s.upgrade == State::Upgrade::no;
}

void Server::send_head(Buffer& out, int status, std::span<const Header> fields, Framing framing, std::uint64_t length,
                       std::uint64_t unix_ms) {
    State& s = *state_;
    assert(status >= 200 && status <= 999);
    assert(may_answer() && "one answer to a request");
    if (!may_answer()) return;

    // RFC 9112 6.3, rule 1; 205 has to say that it is empty (RFC 9110 15.3.6).
    const bool bodiless = status_without_content(status);
    if (status == 205) {
        framing = Framing::length;
        length = 0;
    }
    bool closing = s.must_close();
    using Mode = ContentWriter::Mode;
    Mode mode = Mode::none;
    const bool may_chunk = s.exchange.open && s.head.minor >= 1;
    if (!bodiless && !s.exchange.head_method) {
        if (framing == Framing::length) mode = Mode::length;
        if (framing == Framing::chunked) mode = may_chunk ? Mode::chunked : Mode::until_close;
        if (mode == Mode::until_close) closing = true;
    }

    const std::string_view reason = reason_phrase(status);
    bool upgrade_offered = false;
    for (const Header& field : fields) {
        assert(!written_by_codec(field.name) && "the codec writes this field");
        if (equals_ignoring_case(field.name, "upgrade")) upgrade_offered = true;
    }
    {
        HeadWriter writer(out, fields, head_room + reason.size());
        writer.text("HTTP/1.1 ");
        writer.number(static_cast<std::uint64_t>(status));
        writer.text(" ");
        writer.text(reason);
        writer.text("\r\n");
        // RFC 9110 6.6.1: a server without a clock MUST NOT send Date.
        if (unix_ms != 0) writer.field("Date", format_date(unix_ms).view());
        writer.fields(fields, FieldRules::message);
        // RFC 9110 8.6: no Content-Length in 204, and in 304 and for HEAD only the one that 200 and GET would have.
        if (framing == Framing::length && status != 204)
            writer.content_length(length);
        else if (framing == Framing::none && !bodiless && !s.exchange.head_method)
            writer.content_length(0);
        else if (framing == Framing::chunked && !bodiless && may_chunk)
            writer.field("Transfer-Encoding", "chunked");
        if (closing)
            writer.field("Connection", upgrade_offered ? "close, upgrade" : "close");
        else if (s.head.minor == 0)
            writer.field("Connection", upgrade_offered ? "keep-alive, upgrade" : "keep-alive");
        else if (upgrade_offered)
            writer.field("Connection", "upgrade");
        writer.text("\r\n");
    }
    s.exchange.open = true;  // an answer without a request (408) closes what never was one
    s.exchange.answered = true;
    s.exchange.closing = closing;
    s.content.begin(mode, length);
}

std::uint64_t Server::body_room() const noexcept { return state_->content.room(); }

void Server::send_body(Buffer& out, std::span<const std::byte> data) { state_->content.body(out, data); }

void Server::send_end(Buffer& out, std::span<const Header> trailers) {
    State& s = *state_;
    assert(s.content.open());
    if (!s.content.open()) return;
    const bool whole = s.content.end(out, trailers);
    if (!whole || s.close_wanted || s.failed()) s.exchange.closing = true;
    s.settle();
}

void Server::abort_response() noexcept {
    State& s = *state_;
    if (!s.content.open()) return;
    s.content.abort();
    s.exchange.closing = true;
}

bool Server::response_open() const noexcept { return state_->content.open(); }

void Server::close_after_response() noexcept { state_->close_wanted = true; }

bool Server::should_close() const noexcept {
    const State& s = *state_;
    if (s.content.open() || s.upgrade != State::Upgrade::no) return false;
    if (s.failed()) return !s.failure_open();
    if (s.exchange.answered) return s.exchange.closing;
    return (s.finished || s.close_wanted) && idle();
}

bool Server::should_linger() const noexcept {
    const State& s = *state_;
    if (!should_close() || s.finished) return false;
    return s.failed() || s.dropped || !s.reader.message_read() || !s.reader.rest().empty() || !s.exchange.open;
}

bool Server::may_upgrade() const noexcept {
    const State& s = *state_;
    // RFC 9110 7.8: the request comes first, whole.
    return may_answer() && s.exchange.open && s.head.upgrade && s.reader.message_read() && !s.failed();
}

void Server::accept_upgrade(Buffer& out, std::span<const Header> fields, std::uint64_t unix_ms) {
    State& s = *state_;
    assert(may_upgrade());
    if (!may_upgrade()) return;
    {
        HeadWriter writer(out, fields, head_room);
        writer.text("HTTP/1.1 101 Switching Protocols\r\n");
        if (unix_ms != 0) writer.field("Date", format_date(unix_ms).view());
        writer.fields(fields, FieldRules::upgrade);
        writer.text("\r\n");
    }
    s.exchange.answered = true;
    s.upgrade = State::Upgrade::accepted;
    s.settle();
}

std::span<const std::byte> Server::take_rest() noexcept {
    const std::string_view rest = state_->reader.rest();
    state_->reader.feed({});
    return as_bytes(rest);
}

}  // namespace gw::http1
