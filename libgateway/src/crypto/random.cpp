#include "crypto/random.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "crypto/base64.h"
#include "crypto/compare.h"
#include "crypto/hex.h"

namespace gw::crypto {

namespace {

constexpr std::string_view letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

constexpr Error no_random{GW_ERR_RANDOM, 0, "the random source failed"};

}  // namespace

Random Random::from(const gw_host* host) noexcept {
    return host != nullptr && host->random != nullptr ? Random{host->random, host->user} : Random{};
}

bool Random::fill(std::span<std::byte> out) const noexcept {
    return out.empty() || function_(user_, out.data(), out.size());
}

bool Random::system(void* /*user*/, void* out, std::size_t size) {
    auto* at = static_cast<std::byte*>(out);
    while (size > 0) {
        const ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

Result<std::pmr::string> random_hex(const Random& random, std::size_t size, std::pmr::memory_resource* memory) {
    std::pmr::string text(size * 2, '\0', memory);
    std::array<std::byte, 48> bytes;
    for (std::size_t done = 0; done < size;) {
        const std::span<std::byte> part = std::span{bytes}.first(std::min(size - done, bytes.size()));
        if (!random.fill(part)) return no_random;
        hex_encode(part, std::span{text}.subspan(done * 2));
        done += part.size();
    }
    wipe(bytes);
    return text;
}

Result<std::pmr::string> random_base64url(const Random& random, std::size_t size, std::pmr::memory_resource* memory) {
    std::pmr::string text(base64_encoded_size(size, Base64::url), '\0', memory);
    std::array<std::byte, 48> bytes;  // a multiple of three, so that only the last round leaves bits over
    for (std::size_t done = 0; done < size;) {
        const std::span<std::byte> part = std::span{bytes}.first(std::min(size - done, bytes.size()));
        if (!random.fill(part)) return no_random;
        base64_encode(std::span{text}.subspan(done / 3 * 4), part, Base64::url);
        done += part.size();
    }
    wipe(bytes);
    return text;
}

Result<Uuid> random_uuid(const Random& random) noexcept {
    std::array<std::byte, 16> bytes;
    if (!random.fill(bytes)) return no_random;
    bytes[6] = (bytes[6] & std::byte{0x0F}) | std::byte{0x40};  // version 4
    bytes[8] = (bytes[8] & std::byte{0x3F}) | std::byte{0x80};  // the variant of RFC 9562
    Uuid out;
    std::size_t at = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out[at++] = '-';
        const auto byte = std::to_integer<unsigned>(bytes[i]);
        out[at++] = hex_digits[byte >> 4U];
        out[at++] = hex_digits[byte & 15U];
    }
    return out;
}

Result<std::pmr::string> random_id(const Random& random, std::string_view prefix, std::pmr::memory_resource* memory) {
    std::pmr::string text(memory);
    text.reserve(prefix.size() + random_id_characters);
    text.append(prefix);
    // 62 characters: a six-bit value above 61 is drawn again, so that every id is as likely as any other.
    while (text.size() < prefix.size() + random_id_characters) {
        std::array<std::byte, random_id_characters + 8> bytes;
        if (!random.fill(bytes)) return no_random;
        for (const std::byte byte : bytes) {
            const auto value = std::to_integer<std::size_t>(byte & std::byte{63});
            if (value >= letters_and_digits.size()) continue;
            if (text.size() < prefix.size() + random_id_characters) text.push_back(letters_and_digits[value]);
        }
    }
    return text;
}

}  // namespace gw::crypto
