// Ed25519 signatures (RFC 8032): what devices prove their identity with.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace gw::crypto::ed25519 {

using PublicKey = std::array<std::byte, 32>;
using Seed = std::array<std::byte, 32>;  // the private key of RFC 8032 5.1.5; secret
using Signature = std::array<std::byte, 64>;

// Seed and public key side by side, as signing needs them. Wiped at the end of its life.
class KeyPair {
public:
    explicit KeyPair(const Seed& seed) noexcept;
    ~KeyPair();
    KeyPair(const KeyPair&) = delete;
    KeyPair& operator=(const KeyPair&) = delete;

    [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
    // The same message always gives the same signature: no randomness is involved.
    [[nodiscard]] Signature sign(std::span<const std::byte> message) const noexcept;

private:
    PublicKey public_key_;
    std::array<std::byte, 64> secret_key_;
};

// True when the signature is that of `key` over exactly this message. Refuses keys of small order and signatures that
// are not in their one canonical form, so that a signature cannot be turned into a second one (RFC 8032 8.4).
[[nodiscard]] bool verify(const PublicKey& key, std::span<const std::byte> message,
                          const Signature& signature) noexcept;

}  // namespace gw::crypto::ed25519
