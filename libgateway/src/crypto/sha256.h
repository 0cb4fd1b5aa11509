// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "crypto/hex.h"

namespace gw::crypto {

using Digest = std::array<std::byte, 32>;

[[nodiscard]] Digest sha256(std::span<const std::byte> data) noexcept;
[[nodiscard]] Digest sha256(std::string_view text) noexcept;

// SHA-256 of data that comes in pieces. Used once: finish() ends it.
class Sha256 {
public:
    Sha256() noexcept;
    void update(std::span<const std::byte> data) noexcept;
    void update(std::string_view text) noexcept;
    [[nodiscard]] Digest finish() noexcept;

private:
    alignas(8) std::array<std::byte, 104> state_;
};

[[nodiscard]] Digest hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> data) noexcept;
[[nodiscard]] Digest hmac_sha256(std::string_view key, std::string_view text) noexcept;

// HMAC-SHA-256 of data that comes in pieces. Holds the key in a derived form and wipes it at its end.
class HmacSha256 {
public:
    explicit HmacSha256(std::span<const std::byte> key) noexcept;
    ~HmacSha256();
    HmacSha256(const HmacSha256&) = delete;
    HmacSha256& operator=(const HmacSha256&) = delete;
    void update(std::span<const std::byte> data) noexcept;
    void update(std::string_view text) noexcept;
    [[nodiscard]] Digest finish() noexcept;

private:
    alignas(8) std::array<std::byte, 208> state_;
};

}  // namespace gw::crypto
