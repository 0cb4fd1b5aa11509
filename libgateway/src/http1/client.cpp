// Client: one request out, one response in, and the question whether the connection is clean enough for the next pair.
#include <algorithm>
#include <cassert>
#include <utility>

#include "core/text.h"
#include "http1/http1.h"
#include "http1/reader.h"
#include "http1/writer.h"

namespace gw::http1 {

namespace {

// Interim answers before the real one. RFC 9110 15.2 sets no bound, but each costs us work and nobody needs many.
constexpr unsigned interim_count_max = 32;

constexpr std::size_t request_head_room = 96;  // version, framing, Connection

}  // namespace

struct Client::State {
    State(const Limits& limits, BlockPool* pool, std::pmr::memory_resource* owner) noexcept
        : memory(owner), reader(Role::response, limits, pool) {}

    enum class Upgrade : std::uint8_t { no, asked, switching, told };

    std::pmr::memory_resource* memory;
    Reader reader;
    ContentWriter content;
    ResponseHead head;
    Upgrade upgrade = Upgrade::no;
    bool open = false;       // a request was begun, and the end of its response was not given out
    bool interim = false;    // the response being read is a 1xx
    bool keep_alive = true;  // nothing so far ends the connection
    bool finished = false;
    unsigned interims = 0;

    void fill_head() noexcept;
    [[nodiscard]] Result<std::optional<Event>> next_event();
};

void Client::State::fill_head() noexcept {
    const StatusLine& line = reader.status_line();
    const Facts& facts = reader.facts();
    head.status = line.status;
    head.reason = line.reason;
    head.minor = line.minor;
    head.headers = reader.headers();
    head.content_length = facts.lengths > 0 ? std::optional(facts.length) : std::nullopt;
    head.chunked = reader.content() == Content::chunked;
    if (reader.content() == Content::until_close || !wants_keep_alive(facts, line.minor)) keep_alive = false;
}

Result<std::optional<Client::Event>> Client::State::next_event() {
    using Nothing = std::optional<Event>;
    for (;;) {
        if (reader.refusal()) return reader.refusal().error();
        if (upgrade == Upgrade::told) return Nothing{};
        if (upgrade == Upgrade::switching) {
            upgrade = Upgrade::told;
            return std::optional(Event{EventKind::upgrade, &head, {}, Headers()});
        }
        // A server that answers before it is asked poisons the answer to the next request.
        if (!open && !reader.rest().empty()) return reader.refuse(Refusal::with(400, "a response without a request"));
        const auto step = reader.next();
        if (!step) return step.error();
        if (!*step) {
            if (open && finished) return reader.refuse(Refusal::truncated());
            return Nothing{};
        }
        Event event{**step, nullptr, {}, Headers()};
        switch (event.kind) {
        case EventKind::head: {
            const int status = reader.status_line().status;
            interim = status < 200 && status != 101;
            if (interim) {
                if (++interims <= interim_count_max) continue;
                return reader.refuse({400, GW_ERR_LIMIT, "too many interim responses"});
            }
            if (status == 101) {
                if (upgrade != Upgrade::asked || content.open()) {
                    return reader.refuse(Refusal::with(400, "a switch of protocols that was not asked for"));
                }
                upgrade = Upgrade::switching;
            }
            fill_head();
            event.head = &head;
            return std::optional(event);
        }
        case EventKind::body: event.body = as_bytes(reader.body()); return std::optional(event);
        case EventKind::trailers: event.trailers = reader.trailers(); return std::optional(event);
        case EventKind::end:
            if (std::exchange(interim, false)) continue;
            open = false;
            // The rest of our request would arrive as the begin of the next one.
            if (content.open()) keep_alive = false;
            return std::optional(event);
        case EventKind::upgrade: continue;
        }
    }
}

Client::Client(const Limits& limits, BlockPool* pool, std::pmr::memory_resource* memory) {
    static_assert(sizeof(State) <= 1024, "an idle connection costs less than 1 KiB");
    void* room = memory->allocate(sizeof(State), alignof(State));
    state_.reset(new (room) State(limits, pool, memory));
}
Client::~Client() = default;

void Client::Deleter::operator()(State* state) const noexcept {
    std::pmr::memory_resource* memory = state->memory;
    state->~State();
    memory->deallocate(state, sizeof(State), alignof(State));
}

bool Client::may_send() const noexcept {
    const State& s = *state_;
    const bool http = s.upgrade != State::Upgrade::switching && s.upgrade != State::Upgrade::told;
    return !s.open && !s.content.open() && !s.reader.refusal() && http;
}

void Client::send_head(Buffer& out, std::string_view method, std::string_view target, std::span<const Header> fields,
                       Framing framing, std::uint64_t length) {
    State& s = *state_;
    assert(!s.open && !s.content.open() && "one request at a time");
    if (!may_send()) return;
    // The target may come from people's configuration or from a peer: it must never become a second request.
    if (!is_token(method) || !is_request_target(target)) {
        static_cast<void>(
            s.reader.refuse({400, GW_ERR_ARGUMENT, "the method or the target of a request is not valid"}));
        return;
    }
    bool upgrade = false;
    for (const Header& field : fields) {
        assert(!written_by_codec(field.name) && "the codec writes this field");
        if (equals_ignoring_case(field.name, "upgrade")) upgrade = true;
    }
    // RFC 9110 8.6: a request without content says so when its method is one that usually has some.
    if (framing == Framing::none && (method == "POST" || method == "PUT" || method == "PATCH")) {
        framing = Framing::length;
        length = 0;
    }
    {
        HeadWriter writer(out, fields, request_head_room + method.size() + target.size());
        writer.text(method);
        writer.text(" ");
        writer.text(target);
        writer.text(" HTTP/1.1\r\n");
        writer.fields(fields, FieldRules::message);
        if (framing == Framing::length) writer.content_length(length);
        if (framing == Framing::chunked) writer.field("Transfer-Encoding", "chunked");
        if (upgrade) writer.field("Connection", "upgrade");
        writer.text("\r\n");
    }
    using Mode = ContentWriter::Mode;
    s.content.begin(framing == Framing::length    ? Mode::length
                    : framing == Framing::chunked ? Mode::chunked
                                                  : Mode::none,
                    length);
    s.reader.expect_head_response(method == "HEAD");
    s.open = true;
    s.interims = 0;
    s.upgrade = upgrade ? State::Upgrade::asked : State::Upgrade::no;
}

std::uint64_t Client::body_room() const noexcept { return state_->content.room(); }

void Client::send_body(Buffer& out, std::span<const std::byte> data) { state_->content.body(out, data); }

void Client::send_end(Buffer& out, std::span<const Header> trailers) {
    State& s = *state_;
    assert(s.content.open());
    if (s.content.open() && !s.content.end(out, trailers)) s.keep_alive = false;
}

bool Client::request_open() const noexcept { return state_->content.open(); }

void Client::feed(std::span<const std::byte> piece) {
    State& s = *state_;
    if (!piece.empty() && !s.reader.refusal()) s.reader.feed(as_text(piece));
}

Result<void> Client::finish() {
    State& s = *state_;
    s.finished = true;
    s.reader.finish();
    if (s.reader.refusal()) return s.reader.refusal().error();
    if (!s.open || s.upgrade == State::Upgrade::switching || s.upgrade == State::Upgrade::told) return {};
    if (s.reader.rest().empty() && !s.reader.may_end_here()) return s.reader.refuse(Refusal::truncated());
    return {};
}

Result<std::optional<Client::Event>> Client::next() { return state_->next_event(); }

bool Client::reusable() const noexcept {
    const State& s = *state_;
    return may_send() && s.keep_alive && !s.finished && s.reader.rest().empty();
}

std::span<const std::byte> Client::take_rest() noexcept {
    const std::string_view rest = state_->reader.rest();
    state_->reader.feed({});
    return as_bytes(rest);
}

}  // namespace gw::http1
