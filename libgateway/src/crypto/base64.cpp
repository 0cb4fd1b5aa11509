#include "crypto/base64.h"

#include <array>
#include <cassert>

namespace gw::crypto {

namespace {

constexpr std::string_view letters_of(Base64 alphabet) noexcept {
    return alphabet == Base64::standard ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                                        : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
}

constexpr std::uint8_t no_letter = 0xFF;

constexpr std::array<std::uint8_t, 256> values_of(Base64 alphabet) noexcept {
    std::array<std::uint8_t, 256> values{};
    for (std::uint8_t& value : values) value = no_letter;
    const std::string_view letters = letters_of(alphabet);
    for (std::size_t i = 0; i < letters.size(); ++i) {
        values[static_cast<unsigned char>(letters[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr std::array<std::uint8_t, 256> standard_values = values_of(Base64::standard);
constexpr std::array<std::uint8_t, 256> url_values = values_of(Base64::url);

}  // namespace

void base64_encode(std::span<char> out, std::span<const std::byte> data, Base64 alphabet) noexcept {
    assert(out.size() >= base64_encoded_size(data.size(), alphabet));
    const std::string_view letters = letters_of(alphabet);
    const auto byte = [&](std::size_t i) { return i < data.size() ? std::to_integer<std::uint32_t>(data[i]) : 0U; };
    std::size_t at = 0;
    for (std::size_t i = 0; i < data.size(); i += 3) {
        const std::uint32_t group = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
        const std::size_t count = data.size() - i >= 3 ? 4 : data.size() - i + 1;  // letters that carry bits
        for (std::size_t k = 0; k < 4; ++k) {
            if (k < count) {
                out[at++] = letters[group >> (18 - 6 * k) & 0x3FU];
            } else if (alphabet == Base64::standard) {
                out[at++] = '=';
            }
        }
    }
}

std::pmr::string base64_encode(std::span<const std::byte> data, std::pmr::memory_resource* memory, Base64 alphabet) {
    std::pmr::string text(base64_encoded_size(data.size(), alphabet), '\0', memory);
    base64_encode(std::span<char>(text), data, alphabet);
    return text;
}

std::optional<std::size_t> base64_decode(std::span<std::byte> out, std::string_view text, Base64 alphabet) noexcept {
    assert(out.size() >= base64_decoded_size_max(text.size()));
    if (alphabet == Base64::standard) {
        if (text.size() % 4 != 0) return std::nullopt;
        if (text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
    }
    if (text.size() % 4 == 1) return std::nullopt;  // six bits make no byte
    const std::array<std::uint8_t, 256>& values = alphabet == Base64::standard ? standard_values : url_values;
    std::uint32_t bits = 0;
    unsigned count = 0;
    std::size_t size = 0;
    for (const char letter : text) {
        const std::uint8_t value = values[static_cast<unsigned char>(letter)];
        if (value == no_letter) return std::nullopt;
        bits = bits << 6U | value;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out[size++] = static_cast<std::byte>(bits >> count & 0xFFU);
        bits &= (1U << count) - 1;
    }
    if (bits != 0) return std::nullopt;
    return size;
}

}  // namespace gw::crypto
