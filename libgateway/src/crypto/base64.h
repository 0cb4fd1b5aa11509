// Base64, RFC 4648: the standard alphabet with padding (section 4) and the URL alphabet without (section 5).
//
// Decoding is strict, so that a value has exactly one spelling: no white space, no missing or extra padding, no letter
// of the other alphabet, and the bits that a last letter leaves over must be zero (section 3.5). Not constant-time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gw::crypto {

enum class Base64 : std::uint8_t { standard, url };

// The length of the text for so many bytes.
[[nodiscard]] constexpr std::size_t base64_encoded_size(std::size_t size, Base64 alphabet) noexcept {
    const std::size_t whole = size / 3 * 4;
    const std::size_t left = size % 3;
    if (left == 0) return whole;
    return whole + (alphabet == Base64::standard ? 4 : left + 1);
}

// Room that base64_decode() needs for a text of that length; the result may be up to two bytes shorter.
[[nodiscard]] constexpr std::size_t base64_decoded_size_max(std::size_t size) noexcept {
    return size / 4 * 3 + (size % 4 == 0 ? 0 : size % 4 - 1);
}

// Writes base64_encoded_size() letters, which `out` has room for.
void base64_encode(std::span<char> out, std::span<const std::byte> data, Base64 alphabet = Base64::standard) noexcept;
[[nodiscard]] std::pmr::string base64_encode(std::span<const std::byte> data, std::pmr::memory_resource* memory,
                                             Base64 alphabet = Base64::standard);

// The number of bytes written into `out`, which has room for base64_decoded_size_max(); nothing when the text is not
// valid (`out` may have been written to).
[[nodiscard]] std::optional<std::size_t> base64_decode(std::span<std::byte> out, std::string_view text,
                                                       Base64 alphabet = Base64::standard) noexcept;

}  // namespace gw::crypto
