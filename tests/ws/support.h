// Frames made by hand, so that the codec is not tested against itself, and a codec that takes all pieces of a stream.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "support/test.h"
#include "ws/ws.h"

namespace gw::ws::test {

using gw::test::Pieces;

struct FrameParts {
    bool fin = true;
    unsigned rsv = 0;
    bool masked = true;
    int length_bytes = -1;  // of the extended length: 0, 2 or 8; -1: the shortest
};

inline std::string frame(unsigned opcode, std::string_view payload, const FrameParts& parts = {}) {
    const std::size_t size = payload.size();
    const int length_bytes = parts.length_bytes >= 0 ? parts.length_bytes : size < 126 ? 0 : size < 65536 ? 2 : 8;
    std::string out;
    out += static_cast<char>((parts.fin ? 0x80U : 0U) | parts.rsv << 4U | opcode);
    const unsigned length = length_bytes == 0 ? static_cast<unsigned>(size) : length_bytes == 2 ? 126U : 127U;
    out += static_cast<char>((parts.masked ? 0x80U : 0U) | length);
    for (int i = length_bytes - 1; i >= 0; --i) out += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i));
    if (!parts.masked) return out.append(payload);
    const std::string_view key = "\x37\xFA\x21\x3D";  // of the examples in RFC 6455 5.7
    out += key;
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(payload[i] ^ key[i % 4]);
    return out;
}

// The head of a frame from a client whose payload does not come.
inline std::string announce(unsigned opcode, std::uint64_t size, bool fin = true) {
    std::string out{static_cast<char>((fin ? 0x80U : 0U) | opcode), static_cast<char>(0xFF)};
    for (int i = 7; i >= 0; --i) out += static_cast<char>(size >> (8 * i));
    return out + "abcd";
}

inline std::string close_payload(unsigned code, std::string_view reason = {}) {
    std::string out{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
    return out.append(reason);
}

struct OwnedEvent {
    EventKind kind;
    std::string data;
    std::uint16_t code = 0;
    bool operator==(const OwnedEvent&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const OwnedEvent& event) {
    const char* const names[] = {"text", "binary", "ping", "pong", "close"};
    return out << names[static_cast<int>(event.kind)] << '(' << event.code << ' ' << event.data.size()
               << " bytes: " << event.data.substr(0, 40) << ')';
}

struct Received {
    std::vector<OwnedEvent> events;
    gw_status status = GW_OK;  // of the failure
    std::uint16_t close_code = 0;
    bool operator==(const Received&) const = default;
};

inline bool count_up(void* user, void* out, std::size_t size) {
    auto* counter = static_cast<unsigned char*>(user);
    for (std::size_t i = 0; i < size; ++i) static_cast<unsigned char*>(out)[i] = (*counter)++;
    return true;
}

// A codec with what it needs.
struct Side {
    explicit Side(Role role, std::size_t message_bytes_max = 1U << 27U)
        : codec(role, {message_bytes_max}, pool.get(), std::pmr::get_default_resource(), count_up, &counter),
          out(pool.get()) {}

    // Takes a piece and all that comes of it.
    void take(std::string_view piece, Received& received) {
        // A copy of its own size, so that a sanitizer sees a view that outlives the piece or leaves it.
        const std::vector<char> own(piece.begin(), piece.end());
        codec.feed(as_bytes({own.data(), own.size()}));
        while (true) {
            const auto next = codec.next();
            if (!next) {
                received.status = next.error().status;
                break;
            }
            if (!*next) break;
            received.events.push_back({(*next)->kind, std::string(as_text((*next)->data)), (*next)->code});
        }
        received.close_code = codec.close_code();
    }

    unsigned char counter = 1;
    BlockPoolOwner pool{Allocator::from(nullptr)};
    Codec codec;
    Buffer out;
};

inline Received receive(Role role, const Pieces& pieces, std::size_t message_bytes_max = 1U << 27U) {
    Side side(role, message_bytes_max);
    Received received;
    for (const std::string_view piece : pieces) side.take(piece, received);
    return received;
}

}  // namespace gw::ws::test
