#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "core/text.h"
#include "ws/frame_head.h"
#include "ws/ws.h"

namespace gw::ws {

namespace {

constexpr std::size_t reason_size_max = control_payload_size_max - 2;

constexpr EventKind kind_of(Opcode opcode) noexcept {
    switch (opcode) {
    case Opcode::text: return EventKind::text;
    case Opcode::binary: return EventKind::binary;
    case Opcode::ping: return EventKind::ping;
    case Opcode::pong: return EventKind::pong;
    case Opcode::close:
    case Opcode::continuation: break;
    }
    return EventKind::close;
}

constexpr Opcode opcode_of(EventKind kind) noexcept {
    switch (kind) {
    case EventKind::text: return Opcode::text;
    case EventKind::binary: return Opcode::binary;
    case EventKind::ping: return Opcode::ping;
    case EventKind::pong: return Opcode::pong;
    case EventKind::close: break;
    }
    return Opcode::close;
}

constexpr bool is_opcode(std::uint8_t opcode) noexcept { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

void write_frame(Buffer& out, const FrameHead& head, std::span<const std::byte> payload) {
    const FrameHeadBytes bytes = write_frame_head(head);
    std::byte* at = out.prepare(bytes.size + payload.size()).data();
    std::memcpy(at, bytes.bytes.data(), bytes.size);
    if (head.masked) {
        apply_mask(at + bytes.size, payload, head.key, 0);
    } else if (!payload.empty()) {
        std::memcpy(at + bytes.size, payload.data(), payload.size());
    }
    out.commit(bytes.size + payload.size());
}

}  // namespace

struct Codec::State {
    State(Role role_, const Limits& limits, BlockPool* pool, std::pmr::memory_resource* memory_)
        : memory(memory_), role(role_), message_bytes_max(limits.message_bytes_max), message(pool) {}

    std::pmr::memory_resource* memory;
    bool (*random)(void* user, void* out, std::size_t size) = nullptr;
    void* random_user = nullptr;
    Role role;
    std::size_t message_bytes_max;

    // Receiving. A frame is its head, then its payload; a message is one data frame and its continuations, with
    // control frames anywhere in between.
    std::span<const std::byte> piece;  // what is left of it
    std::array<std::byte, frame_head_size_max> head_bytes{};
    std::uint8_t head_size = 0;  // bytes of an unfinished head
    bool in_payload = false;
    FrameHead head;              // of the frame whose payload is coming
    std::uint64_t received = 0;  // of that payload
    std::array<std::byte, control_payload_size_max> control{};
    bool message_open = false;
    EventKind message_kind = EventKind::text;
    std::size_t open_message_bytes_max = 0;  // the limit when the message began
    std::uint64_t announced = 0;             // bytes of the message, those of the current frame included
    Buffer message;
    std::span<const std::byte> borrowed;  // the message instead, when it lies whole and unmasked in the piece
    bool message_given = false;           // `message` was handed out and is to be dropped
    Utf8Checker utf8;
    Error error;
    std::uint16_t close_code = 0;
    bool close_received = false;

    // Sending.
    bool close_sent = false;
    bool fragment_open = false;

    [[nodiscard]] Error fail(std::uint16_t code, gw_status status, std::string_view what) noexcept;
    [[nodiscard]] bool read_head();
    [[nodiscard]] Result<void> begin_frame();
    [[nodiscard]] Result<void> read_payload();
    [[nodiscard]] Result<void> read_data(std::span<const std::byte> bytes);
    void reserve(std::size_t size);
    [[nodiscard]] Result<std::optional<Event>> end_frame();
    [[nodiscard]] Result<std::optional<Event>> end_message();
    [[nodiscard]] Result<Event> end_close();
    [[nodiscard]] Result<std::optional<Event>> next();
    bool send_frame(Buffer& out, bool fin, Opcode opcode, std::span<const std::byte> payload);
};

Error Codec::State::fail(std::uint16_t code, gw_status status, std::string_view what) noexcept {
    close_code = code;
    error = {status, 0, what};
    piece = {};
    message_open = in_payload = false;
    message.clear();
    return error;
}

// Takes bytes of the head; true when it is whole.
bool Codec::State::read_head() {
    while (head_size < frame_head_size_max) {
        const std::size_t want = head_size < frame_head_size_min ? frame_head_size_min : frame_head_size(head_bytes[1]);
        if (head_size == want) return true;
        const std::size_t take = std::min(want - head_size, piece.size());
        if (take == 0) return false;
        std::memcpy(head_bytes.data() + head_size, piece.data(), take);
        head_size = static_cast<std::uint8_t>(head_size + take);
        piece = piece.subspan(take);
    }
    return true;
}

Result<void> Codec::State::begin_frame() {
    const auto read = read_frame_head(std::span(head_bytes).first(head_size));
    head_size = 0;
    const auto broken = [this](std::string_view what) { return fail(1002, GW_ERR_PROTOCOL, what); };
    if (!read) return broken(read.error().what);
    head = *read;
    received = 0;
    // 5.2: nonzero reserved bits without an extension, and unknown opcodes, MUST fail the connection.
    if (head.rsv != 0) return broken("a reserved bit is set in a frame");
    if (!is_opcode(head.opcode)) return broken("a frame has a reserved opcode");
    // 5.1: a server MUST close on an unmasked frame, a client on a masked one.
    if (head.masked != (role == Role::server)) {
        return broken(head.masked ? "a server's frame is masked" : "a client's frame is not masked");
    }
    in_payload = true;
    if (head.is_control()) return {};

    if (static_cast<Opcode>(head.opcode) == Opcode::continuation) {
        if (!message_open) return broken("a continuation frame continues nothing");
    } else {
        if (message_open) return broken("a message begins inside another one");
        message_open = true;
        message_kind = kind_of(static_cast<Opcode>(head.opcode));
        open_message_bytes_max = message_bytes_max;
        announced = 0;
        utf8.reset();
    }
    if (head.payload_size > open_message_bytes_max - announced) {
        return fail(1009, GW_ERR_LIMIT, "a message is too long");
    }
    announced += head.payload_size;
    return {};
}

// Room for `size` bytes more of the message. Grows by doubling as bytes come, because an announced length costs the
// peer nothing; but not beyond what the last frame announces, or the limit allows.
void Codec::State::reserve(std::size_t size) {
    if (message.empty()) {
        (void)message.prepare(size);
        return;
    }
    if (message.prepare(0).size() >= size) return;
    const std::size_t wanted = std::max(message.size() + size, 2 * message.size());
    Buffer bigger(message.pool());
    (void)bigger.prepare(std::min<std::uint64_t>(wanted, head.fin ? announced : open_message_bytes_max));
    bigger.append(message.bytes());
    message = std::move(bigger);
}

Result<void> Codec::State::read_data(std::span<const std::byte> bytes) {
    if (bytes.empty()) return {};
    std::span<const std::byte> plain = bytes;
    if (!head.masked && head.fin && message.empty() && bytes.size() == announced) {
        borrowed = bytes;
    } else {
        reserve(bytes.size());
        std::byte* to = message.prepare(bytes.size()).data();
        if (head.masked) {
            apply_mask(to, bytes, head.key, received);
        } else {
            std::memcpy(to, bytes.data(), bytes.size());
        }
        message.commit(bytes.size());
        plain = {to, bytes.size()};
    }
    if (message_kind == EventKind::text && !utf8.feed(as_text(plain))) {
        return fail(1007, GW_ERR_DATA, "a text message is not UTF-8");
    }
    return {};
}

// Takes what the piece has of the payload.
Result<void> Codec::State::read_payload() {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(head.payload_size - received, piece.size()));
    const std::span<const std::byte> bytes = piece.first(size);
    if (head.is_control()) {
        const MaskKey key = head.masked ? head.key : MaskKey{};
        apply_mask(control.data() + received, bytes, key, received);
    } else if (auto read = read_data(bytes); !read) {
        return read;
    }
    piece = piece.subspan(size);
    received += size;
    return {};
}

Result<Event> Codec::State::end_close() {
    const std::span<const std::byte> payload = std::span(control).first(static_cast<std::size_t>(head.payload_size));
    Event event{EventKind::close, {}, 1005};
    if (payload.size() == 1) return fail(1002, GW_ERR_PROTOCOL, "a close frame has half a code");
    if (payload.size() >= 2) {
        event.code = static_cast<std::uint16_t>(std::to_integer<unsigned>(payload[0]) << 8U |
                                                std::to_integer<unsigned>(payload[1]));
        event.data = payload.subspan(2);
        if (!is_sendable_close_code(event.code)) {
            return fail(1002, GW_ERR_PROTOCOL, "a close frame has a code that must not be sent");
        }
        if (!is_utf8(as_text(event.data))) return fail(1007, GW_ERR_DATA, "a close reason is not UTF-8");
    }
    // 5.5.1: nothing may follow a close frame.
    close_received = true;
    message_open = false;
    message.clear();
    piece = {};
    return event;
}

Result<std::optional<Event>> Codec::State::end_message() {
    if (message_kind == EventKind::text && !utf8.complete()) {
        return fail(1007, GW_ERR_DATA, "a text message ends inside a character");
    }
    message_open = false;
    message_given = true;
    return std::optional<Event>(Event{message_kind, borrowed.empty() ? message.bytes() : borrowed, 0});
}

Result<std::optional<Event>> Codec::State::end_frame() {
    in_payload = false;
    if (!head.is_control()) return head.fin ? end_message() : std::optional<Event>{};
    if (static_cast<Opcode>(head.opcode) == Opcode::close) {
        const auto event = end_close();
        if (!event) return event.error();
        return std::optional<Event>(*event);
    }
    const std::span<const std::byte> payload = std::span(control).first(static_cast<std::size_t>(head.payload_size));
    return std::optional<Event>(Event{kind_of(static_cast<Opcode>(head.opcode)), payload, 0});
}

Result<std::optional<Event>> Codec::State::next() {
    if (close_code != 0) return error;
    if (std::exchange(message_given, false)) {
        message.clear();
        borrowed = {};
    }
    while (true) {
        if (!in_payload) {
            if (!read_head()) return std::optional<Event>{};
            if (const auto begun = begin_frame(); !begun) return begun.error();
        }
        if (const auto read = read_payload(); !read) return read.error();
        if (received < head.payload_size) return std::optional<Event>{};
        auto event = end_frame();
        if (!event || *event) return event;
    }
}

bool Codec::State::send_frame(Buffer& out, bool fin, Opcode opcode, std::span<const std::byte> payload) {
    FrameHead frame;
    frame.fin = fin;
    frame.opcode = static_cast<std::uint8_t>(opcode);
    frame.payload_size = payload.size();
    if (role == Role::client) {
        // 5.3: a fresh key for every frame, unpredictable.
        frame.masked = true;
        if (random == nullptr || !random(random_user, frame.key.data(), frame.key.size())) return false;
    }
    write_frame(out, frame, payload);
    return true;
}

Codec::Codec(Role role, const Limits& limits, BlockPool* pool, std::pmr::memory_resource* memory,
             bool (*random)(void* user, void* out, std::size_t size), void* random_user) {
    assert(role == Role::server || random != nullptr);
    void* room = memory->allocate(sizeof(State), alignof(State));
    state_.reset(new (room) State(role, limits, pool, memory));
    state_->random = random;
    state_->random_user = random_user;
}

Codec::~Codec() = default;

void Codec::Deleter::operator()(State* state) const noexcept {
    std::pmr::memory_resource* memory = state->memory;
    state->~State();
    memory->deallocate(state, sizeof(State), alignof(State));
}

void Codec::feed(std::span<const std::byte> piece) {
    assert(state_->piece.empty() && "next() must have given nothing");
    if (state_->close_code == 0 && !state_->close_received) state_->piece = piece;
}

Result<std::optional<Event>> Codec::next() { return state_->next(); }

std::span<const std::byte> Codec::take_rest() noexcept { return std::exchange(state_->piece, {}); }

std::uint16_t Codec::close_code() const noexcept { return state_->close_code; }

void Codec::set_message_bytes_max(std::size_t bytes) noexcept { state_->message_bytes_max = bytes; }

bool Codec::send(Buffer& out, EventKind kind, std::span<const std::byte> data) {
    const bool control = kind == EventKind::ping || kind == EventKind::pong;
    const bool allowed =
        kind != EventKind::close && (control ? data.size() <= control_payload_size_max : !state_->fragment_open);
    assert(allowed);
    if (!allowed || state_->close_sent) return false;
    return state_->send_frame(out, true, opcode_of(kind), data);
}

bool Codec::send_text(Buffer& out, std::string_view head, std::string_view tail) {
    assert(state_->role == Role::server && !state_->fragment_open);
    if (state_->role != Role::server || state_->fragment_open || state_->close_sent) return false;
    FrameHead frame;
    frame.opcode = static_cast<std::uint8_t>(Opcode::text);
    frame.payload_size = head.size() + tail.size();
    const FrameHeadBytes bytes = write_frame_head(frame);
    (void)out.prepare(bytes.size + head.size() + tail.size());
    out.append(bytes.view());
    out.append(head);
    out.append(tail);
    return true;
}

bool Codec::send_fragment(Buffer& out, EventKind kind, std::span<const std::byte> data, bool last) {
    const bool allowed = kind == EventKind::text || kind == EventKind::binary;
    assert(allowed);
    if (!allowed || state_->close_sent) return false;
    const Opcode opcode = state_->fragment_open ? Opcode::continuation : opcode_of(kind);
    if (!state_->send_frame(out, last, opcode, data)) return false;
    state_->fragment_open = !last;
    return true;
}

bool Codec::send_close(Buffer& out, std::uint16_t code, std::string_view reason) {
    if (state_->close_sent) return false;
    std::array<std::byte, control_payload_size_max> payload{};
    std::size_t size = 0;
    if (code != 1005) {
        assert(is_sendable_close_code(code));
        if (!is_sendable_close_code(code)) code = 1011;
        const std::string_view cut = cut_close_reason(reason);
        payload[0] = static_cast<std::byte>(code >> 8U);
        payload[1] = static_cast<std::byte>(code & 0xFFU);
        std::copy_n(as_bytes(cut).data(), cut.size(), payload.data() + 2);
        size = 2 + cut.size();
    }
    if (!state_->send_frame(out, true, Opcode::close, std::span(payload).first(size))) return false;
    state_->close_sent = true;
    return true;
}

bool Codec::close_sent() const noexcept { return state_->close_sent; }

bool Codec::close_received() const noexcept { return state_->close_received; }

std::size_t Codec::held() const noexcept { return state_->message_given ? 0 : state_->message.size(); }

bool is_sendable_close_code(std::uint16_t code) noexcept {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

std::string_view cut_close_reason(std::string_view reason) noexcept { return cut_utf8(reason, reason_size_max); }

void encode_server_text(Buffer& out, std::string_view text) {
    FrameHead head;
    head.opcode = static_cast<std::uint8_t>(Opcode::text);
    head.payload_size = text.size();
    write_frame(out, head, as_bytes(text));
}

}  // namespace gw::ws
