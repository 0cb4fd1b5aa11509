// A device proves who it is: a key, an id that is the key's hash, and a signature over what it asks for.
//
//     key ── SHA-256 ──> id            "v3|id|client|mode|role|scopes|time|token|nonce|platform|family" ── Ed25519 ──>
//
// The nonce is the challenge of this very connection, so a signature is worth nothing on another one. The first form
// of the text, v1, has no nonce and is not accepted.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "crypto/ed25519.h"

namespace gw::auth {

inline constexpr std::int64_t signature_age_ms_max = 120000;  // of either clock against the other

using DeviceId = std::array<char, 64>;       // lower-case hexadecimal
using PublicKeyText = std::array<char, 43>;  // base64url without padding

// 32 bytes in base64 of either alphabet, with padding or without, or a PEM "PUBLIC KEY" of Ed25519 (RFC 8410 4).
[[nodiscard]] std::optional<crypto::ed25519::PublicKey> read_public_key(std::string_view text) noexcept;
[[nodiscard]] DeviceId device_id_of(const crypto::ed25519::PublicKey& key) noexcept;
[[nodiscard]] PublicKeyText public_key_text(const crypto::ed25519::PublicKey& key) noexcept;

// The `device` object of connect.
struct DeviceProof {
    std::string_view id, public_key, signature, nonce;
    std::int64_t signed_at_ms = 0;
};

// What is signed beside it.
struct SignedRequest {
    std::string_view client_id, client_mode, role;
    std::span<const std::string_view> scopes;  // as sent
    std::string_view token;  // the first of auth.token, auth.deviceToken, auth.bootstrapToken that is there
    std::string_view platform, device_family;
};

enum class PayloadVersion : std::uint8_t { v2, v3 };
void append_signed_payload(std::pmr::string& out, PayloadVersion version, const DeviceProof& proof,
                           const SignedRequest& request);

enum class DeviceFault : std::uint8_t {
    none,
    id_mismatch,
    expired,
    nonce_missing,
    nonce_mismatch,
    signature,
    public_key
};
struct DeviceFaultText {
    std::string_view message, code, reason;
};
[[nodiscard]] DeviceFaultText text_of(DeviceFault fault) noexcept;

// Checks in the order of DeviceFault. `key` is set when nothing is wrong. Takes time linear in what was sent.
[[nodiscard]] DeviceFault check_device(const DeviceProof& proof, const SignedRequest& request,
                                       std::string_view challenge_nonce, std::uint64_t now_unix_ms,
                                       crypto::ed25519::PublicKey& key, std::pmr::memory_resource* memory);

// A SubjectPublicKeyInfo in DER is this and the key, a PKCS #8 private key that and the seed (RFC 8410 4 and 7).
inline constexpr std::array<std::uint8_t, 12> spki_prefix{0x30, 0x2A, 0x30, 0x05, 0x06, 0x03,
                                                          0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
inline constexpr std::array<std::uint8_t, 16> pkcs8_prefix{0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                                           0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
// The last 32 bytes of a PEM text with that label and prefix; line breaks may be anywhere in the base64.
[[nodiscard]] bool read_pem(std::string_view text, std::string_view label, std::span<const std::uint8_t> prefix,
                            std::span<std::byte, 32> out) noexcept;
void append_pem(std::pmr::string& out, std::string_view label, std::span<const std::uint8_t> prefix,
                std::span<const std::byte, 32> key);

}  // namespace gw::auth
