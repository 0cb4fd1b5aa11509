// Sixteen bytes at a time, in the vector types of GCC and clang, which become vector instructions where there are any.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gw::guardrail {

inline constexpr std::size_t block_size = 16;
using Block = std::uint8_t __attribute__((vector_size(16)));

[[nodiscard]] inline Block load_block(const char* bytes) noexcept {
    Block block;
    std::memcpy(&block, bytes, block_size);
    return block;
}

[[nodiscard]] inline Block block_of(std::uint8_t byte) noexcept {
    const Block block = {byte, byte, byte, byte, byte, byte, byte, byte,
                         byte, byte, byte, byte, byte, byte, byte, byte};
    return block;
}

// 0xFF where a byte is `byte`, or from `first` to `last`; 0 elsewhere.
[[nodiscard]] inline Block is(Block block, char byte) noexcept {
    return std::bit_cast<Block>(block == block_of(static_cast<std::uint8_t>(byte)));
}
[[nodiscard]] inline Block is_within(Block block, std::uint8_t first, std::uint8_t last) noexcept {
    return std::bit_cast<Block>(block - block_of(first) <= block_of(static_cast<std::uint8_t>(last - first)));
}

// Where the first byte is that is not 0; block_size if there is none.
[[nodiscard]] inline std::size_t first_set(Block block) noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, &block, block_size);
    if ((halves[0] | halves[1]) == 0) return block_size;
    const std::size_t begin = halves[0] != 0 ? 0 : 8;
    const std::uint64_t half = halves[begin / 8];
    const int zeros = std::endian::native == std::endian::little ? std::countr_zero(half) : std::countl_zero(half);
    return begin + static_cast<std::size_t>(zeros) / 8;
}

// The first byte of `piece` for which `special` sets a byte in its block.
template <class Special>
[[nodiscard]] std::size_t find_special(std::string_view piece, Special special) noexcept {
    const char* bytes = piece.data();
    const std::size_t size = piece.size();
    if (size < block_size) {
        char padded[block_size];
        std::memset(padded, 'e', block_size);
        if (size > 0) std::memcpy(padded, bytes, size);
        const std::size_t found = first_set(special(load_block(padded)));
        return found < size ? found : std::string_view::npos;
    }
    for (std::size_t at = 0;; at += block_size) {
        // The last block overlaps the one before it, where nothing was found.
        at = std::min(at, size - block_size);
        const std::size_t found = first_set(special(load_block(bytes + at)));
        if (found < block_size) return at + found;
        if (at + block_size == size) return std::string_view::npos;
    }
}

}  // namespace gw::guardrail
