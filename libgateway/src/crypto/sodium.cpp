// Everything that libsodium does for us, so that no other file includes it. None of it allocates.
//
// The hashes, the comparison and the wiping are plain functions. Ed25519 asks for sodium_init() before anything else,
// which may be called from any thread any number of times.
#include <sodium.h>

#include <cassert>
#include <new>

#include "core/buffer.h"
#include "crypto/compare.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"

namespace gw::crypto {

namespace {

unsigned char* raw(std::byte* bytes) noexcept { return reinterpret_cast<unsigned char*>(bytes); }
// libsodium promises its compiler that no pointer is null, not even with length 0.
const unsigned char* raw(std::span<const std::byte> bytes) noexcept {
    static constexpr unsigned char none = 0;
    return bytes.data() == nullptr ? &none : reinterpret_cast<const unsigned char*>(bytes.data());
}

static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(Sha256) &&
              alignof(crypto_hash_sha256_state) <= alignof(Sha256));
static_assert(sizeof(crypto_auth_hmacsha256_state) <= sizeof(HmacSha256) &&
              alignof(crypto_auth_hmacsha256_state) <= alignof(HmacSha256));

template <typename T, std::size_t size>
T* state(std::array<std::byte, size>& storage) noexcept {
    return std::launder(reinterpret_cast<T*>(storage.data()));
}

}  // namespace

Digest sha256(std::span<const std::byte> data) noexcept {
    Digest out;
    crypto_hash_sha256(raw(out.data()), raw(data), data.size());
    return out;
}
Digest sha256(std::string_view text) noexcept { return sha256(as_bytes(text)); }

Sha256::Sha256() noexcept { crypto_hash_sha256_init(new (state_.data()) crypto_hash_sha256_state); }
void Sha256::update(std::span<const std::byte> data) noexcept {
    crypto_hash_sha256_update(state<crypto_hash_sha256_state>(state_), raw(data), data.size());
}
void Sha256::update(std::string_view text) noexcept { update(as_bytes(text)); }
Digest Sha256::finish() noexcept {
    Digest out;
    crypto_hash_sha256_final(state<crypto_hash_sha256_state>(state_), raw(out.data()));
    return out;
}

HmacSha256::HmacSha256(std::span<const std::byte> key) noexcept {
    crypto_auth_hmacsha256_init(new (state_.data()) crypto_auth_hmacsha256_state, raw(key), key.size());
}
HmacSha256::~HmacSha256() { wipe(state_); }
void HmacSha256::update(std::span<const std::byte> data) noexcept {
    crypto_auth_hmacsha256_update(state<crypto_auth_hmacsha256_state>(state_), raw(data), data.size());
}
void HmacSha256::update(std::string_view text) noexcept { update(as_bytes(text)); }
Digest HmacSha256::finish() noexcept {
    Digest out;
    crypto_auth_hmacsha256_final(state<crypto_auth_hmacsha256_state>(state_), raw(out.data()));
    return out;
}

Digest hmac_sha256(std::span<const std::byte> key, std::span<const std::byte> data) noexcept {
    HmacSha256 mac(key);
    mac.update(data);
    return mac.finish();
}
Digest hmac_sha256(std::string_view key, std::string_view text) noexcept {
    return hmac_sha256(as_bytes(key), as_bytes(text));
}

bool equal_secrets(std::span<const std::byte> given, std::span<const std::byte> secret) noexcept {
    const bool same_size = given.size() == secret.size();
    const std::span<const std::byte> other = same_size ? secret : given;
    const bool same = sodium_memcmp(raw(given), raw(other), given.size()) == 0;
    return same && same_size;
}
bool equal_secrets(std::string_view given, std::string_view secret) noexcept {
    return equal_secrets(as_bytes(given), as_bytes(secret));
}

void wipe(std::span<std::byte> secret) noexcept {
    if (!secret.empty()) sodium_memzero(secret.data(), secret.size());
}

namespace ed25519 {

KeyPair::KeyPair(const Seed& seed) noexcept {
    [[maybe_unused]] const int ready = sodium_init();
    assert(ready >= 0);
    crypto_sign_ed25519_seed_keypair(raw(public_key_.data()), raw(secret_key_.data()), raw(seed));
}
KeyPair::~KeyPair() { wipe(secret_key_); }

Signature KeyPair::sign(std::span<const std::byte> message) const noexcept {
    Signature out;
    crypto_sign_ed25519_detached(raw(out.data()), nullptr, raw(message), message.size(), raw(secret_key_));
    return out;
}

bool verify(const PublicKey& key, std::span<const std::byte> message, const Signature& signature) noexcept {
    return sodium_init() >= 0 &&
           crypto_sign_ed25519_verify_detached(raw(signature), raw(message), message.size(), raw(key)) == 0;
}

}  // namespace ed25519

}  // namespace gw::crypto
