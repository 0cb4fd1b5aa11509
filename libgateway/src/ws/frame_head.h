// The head of a frame, RFC 6455 5.2: two bytes, then the length if it is long, then the masking key if there is one.
// The only place that knows wslay.
//
// wslay's context carries 4 KiB for payloads, more than all the rest of an idle connection. So a context lives as long
// as one head is read or written, and payloads never pass through it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/result.h"

namespace gw::ws {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

using MaskKey = std::array<std::byte, 4>;

struct FrameHead {
    bool fin = true;
    std::uint8_t rsv = 0;  // the three reserved bits, RSV1 the highest
    std::uint8_t opcode = 0;
    bool masked = false;
    MaskKey key{};  // when masked
    std::uint64_t payload_size = 0;

    [[nodiscard]] bool is_control() const noexcept { return (opcode & 8U) != 0; }
};

inline constexpr std::size_t frame_head_size_min = 2;
inline constexpr std::size_t frame_head_size_max = 14;
inline constexpr std::size_t control_payload_size_max = 125;

// How long the head is whose second byte this is.
[[nodiscard]] constexpr std::size_t frame_head_size(std::byte second) noexcept {
    const auto length = std::to_integer<std::uint8_t>(second & std::byte{0x7F});
    const std::size_t masked = (second & std::byte{0x80}) != std::byte{0} ? 4 : 0;
    return frame_head_size_min + (length == 126 ? 2U : length == 127 ? 8U : 0U) + masked;
}

// Reads a whole head. Fails with GW_ERR_PROTOCOL for a control frame in fragments or above 125 bytes, and for a length
// that is not minimal or has its highest bit set. Reserved bits and opcodes are the caller's to judge. Throws
// std::bad_alloc.
[[nodiscard]] Result<FrameHead> read_frame_head(std::span<const std::byte> bytes);

struct FrameHeadBytes {
    std::array<std::byte, frame_head_size_max> bytes{};
    std::size_t size = 0;
    [[nodiscard]] std::span<const std::byte> view() const noexcept { return std::span(bytes).first(size); }
};
// Throws std::bad_alloc.
[[nodiscard]] FrameHeadBytes write_frame_head(const FrameHead& head);

// Masks or unmasks (5.3). `offset` is where `in` begins in its payload; `out` has its size and may be the same bytes.
void apply_mask(std::byte* out, std::span<const std::byte> in, const MaskKey& key, std::uint64_t offset) noexcept;

}  // namespace gw::ws
