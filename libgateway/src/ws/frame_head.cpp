#include "ws/frame_head.h"

#include <wslay/wslay.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

namespace gw::ws {

namespace {

// What the callbacks work on. wslay is C: nothing here may throw.
struct Transfer {
    std::span<const std::byte> in;
    FrameHeadBytes* out = nullptr;
    const MaskKey* key = nullptr;
};

// Gives wslay the head and then one byte of nothing, because it tells about a frame only with a first byte of payload.
ssize_t receive(std::uint8_t* to, std::size_t size, int /*flags*/, void* user) {
    std::span<const std::byte>& in = static_cast<Transfer*>(user)->in;
    if (in.empty()) {
        *to = 0;
        return 1;
    }
    const std::size_t count = std::min(size, in.size());
    std::memcpy(to, in.data(), count);
    in = in.subspan(count);
    return static_cast<ssize_t>(count);
}

ssize_t send(const std::uint8_t* from, std::size_t size, int /*flags*/, void* user) {
    FrameHeadBytes& out = *static_cast<Transfer*>(user)->out;
    if (size > out.bytes.size() - out.size) return -1;
    std::memcpy(out.bytes.data() + out.size, from, size);
    out.size += size;
    return static_cast<ssize_t>(size);
}

int make_mask(std::uint8_t* to, std::size_t size, void* user) {
    const MaskKey& key = *static_cast<Transfer*>(user)->key;
    if (size != key.size()) return -1;
    std::memcpy(to, key.data(), size);
    return 0;
}

class Context {
public:
    explicit Context(Transfer& transfer) {
        const wslay_frame_callbacks callbacks{send, receive, make_mask};
        if (wslay_frame_context_init(&context_, &callbacks, &transfer) != 0) throw std::bad_alloc();
    }
    ~Context() { wslay_frame_context_free(context_); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    [[nodiscard]] wslay_frame_context_ptr get() const noexcept { return context_; }

private:
    wslay_frame_context_ptr context_ = nullptr;
};

}  // namespace

Result<FrameHead> read_frame_head(std::span<const std::byte> bytes) {
    assert(bytes.size() >= frame_head_size_min && bytes.size() == frame_head_size(bytes[1]));
    Transfer transfer;
    transfer.in = bytes;
    const Context context(transfer);
    wslay_frame_iocb frame{};
    if (wslay_frame_recv(context.get(), &frame) < 0) {
        return Error{GW_ERR_PROTOCOL, 0, "a frame head is not valid: its length, or a control frame in fragments"};
    }
    FrameHead head;
    head.fin = frame.fin != 0;
    head.rsv = frame.rsv;
    head.opcode = frame.opcode;
    head.masked = frame.mask != 0;
    head.payload_size = frame.payload_length;
    if (head.masked) std::memcpy(head.key.data(), bytes.last(head.key.size()).data(), head.key.size());
    return head;
}

FrameHeadBytes write_frame_head(const FrameHead& head) {
    FrameHeadBytes out;
    Transfer transfer;
    transfer.out = &out;
    transfer.key = &head.key;
    const Context context(transfer);
    wslay_frame_iocb frame{};
    frame.fin = head.fin ? 1 : 0;
    frame.rsv = head.rsv;
    frame.opcode = head.opcode;
    frame.mask = head.masked ? 1 : 0;
    frame.payload_length = head.payload_size;  // data_length stays 0: the payload is written by the caller
    [[maybe_unused]] const ssize_t sent = wslay_frame_send(context.get(), &frame);
    assert(sent == 0);
    return out;
}

void apply_mask(std::byte* out, std::span<const std::byte> in, const MaskKey& key, std::uint64_t offset) noexcept {
    // Eight bytes at a time, with the key turned to where the payload stands.
    std::array<std::byte, 8> turned{};
    for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % key.size()];
    std::uint64_t mask = 0;
    std::memcpy(&mask, turned.data(), sizeof mask);
    std::size_t at = 0;
    for (; in.size() - at >= sizeof mask; at += sizeof mask) {
        std::uint64_t word = 0;
        std::memcpy(&word, in.data() + at, sizeof word);
        word ^= mask;
        std::memcpy(out + at, &word, sizeof word);
    }
    for (; at < in.size(); ++at) out[at] = in[at] ^ turned[at % turned.size()];
}

}  // namespace gw::ws
