// What we need of zlib: texts that travel packed inside the library (tools/embed.cpp packs them), and a checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

namespace gw {

struct PackedText {
    std::string_view bytes;  // RFC 1950
    std::size_t size = 0;    // of the text

    // The text. Everything, zlib's window too, is allocated from `memory`.
    [[nodiscard]] std::pmr::string unpack(std::pmr::memory_resource* memory) const;
};

// CRC-32 as in RFC 1952; of nothing it is 0.
[[nodiscard]] std::uint32_t crc32(std::span<const std::byte> bytes) noexcept;

}  // namespace gw
