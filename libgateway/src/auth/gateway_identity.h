// Who the gateway itself is: a key pair, made once and kept in identity/device.json, so that devices know it again.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>

#include "auth/device_identity.h"
#include "core/buffer.h"
#include "core/result.h"
#include "crypto/random.h"
#include "json/json.h"
#include "store/store.h"

namespace gw::auth {

class GatewayIdentity {
public:
    // Reads the key pair, or makes one. A file that cannot be read is put aside as identity/device.damaged.json.
    // Errors: those of the store, GW_ERR_RANDOM.
    [[nodiscard]] Result<void> load(store::Store& store, const crypto::Random& random, std::uint64_t now_ms,
                                    BlockPool* pool, std::pmr::memory_resource* memory);

    [[nodiscard]] std::string_view device_id() const noexcept { return {id_.data(), id_.size()}; }
    [[nodiscard]] std::string_view public_key() const noexcept { return {public_key_.data(), public_key_.size()}; }
    [[nodiscard]] const crypto::ed25519::KeyPair* key() const noexcept { return key_ ? &*key_ : nullptr; }

    // The result of gateway.identity.get.
    void write(json::Writer& out) const;

private:
    void take(const crypto::ed25519::Seed& seed) noexcept;

    std::optional<crypto::ed25519::KeyPair> key_;
    DeviceId id_{};
    PublicKeyText public_key_{};
};

}  // namespace gw::auth
