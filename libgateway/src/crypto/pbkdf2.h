// PBKDF2 with HMAC-SHA-256: RFC 8018 5.2. Slow by design; for start-up, not for requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gw::crypto {

// Fills `out`. False when the parameters are none that the standard allows (no iteration, no output), or the
// implementation refused: then `out` must not be used.
[[nodiscard]] bool pbkdf2_sha256(std::span<const std::byte> password, std::span<const std::byte> salt,
                                 std::uint32_t iterations, std::span<std::byte> out) noexcept;

}  // namespace gw::crypto
