#include "auth/gateway_identity.h"

#include "crypto/compare.h"

namespace gw::auth {

namespace {

constexpr std::string_view identity_key = "identity/device.json";
constexpr std::string_view identity_aside = "identity/device.damaged.json";
constexpr std::string_view public_label = "PUBLIC KEY";
constexpr std::string_view private_label = "PRIVATE KEY";

// The seed of a file whose parts agree with each other.
bool read_seed(std::string_view text, crypto::ed25519::Seed& seed, std::pmr::memory_resource* memory) {
    json::Document document(memory);
    json::Limits limits;
    limits.bytes_max = 64U << 10U;
    limits.depth_max = 8;
    if (!document.parse(text, limits)) return false;
    const json::Value root = document.root();
    const auto private_pem = root["privateKeyPem"].as_string();
    const auto id = root["deviceId"].as_string();
    if (!private_pem || !id || !read_pem(*private_pem, private_label, pkcs8_prefix, seed)) return false;
    const crypto::ed25519::KeyPair key(seed);
    const DeviceId own = device_id_of(key.public_key());
    return *id == std::string_view(own.data(), own.size());
}

}  // namespace

Result<void> GatewayIdentity::load(store::Store& store, const crypto::Random& random, std::uint64_t now_ms,
                                   BlockPool* pool, std::pmr::memory_resource* memory) {
    Buffer text(pool);
    const auto there = store.get(identity_key, text);
    if (!there) return there.error();
    crypto::ed25519::Seed seed{};
    const bool known = *there && read_seed(text.text(), seed, memory);
    if (*there && !known) {
        if (const auto kept = store.put(identity_aside, text.text()); !kept) return kept.error();
    }
    crypto::wipe(text.mutable_bytes());
    if (!known && !random.fill(seed)) return Error{GW_ERR_RANDOM, 0, "no randomness for the gateway's key"};
    take(seed);
    if (known) {
        crypto::wipe(seed);
        return {};
    }
    std::pmr::string public_pem(memory), private_pem(memory);
    append_pem(public_pem, public_label, spki_prefix, key_->public_key());
    append_pem(private_pem, private_label, pkcs8_prefix, seed);
    crypto::wipe(seed);
    text.clear();
    json::Writer writer(text);
    writer.begin_object().member("version", 1).member("deviceId", device_id());
    writer.member("publicKeyPem", std::string_view(public_pem));
    writer.member("privateKeyPem", std::string_view(private_pem)).member("createdAtMs", now_ms).end_object();
    const auto done = store.put(identity_key, text.text());
    crypto::wipe(text.mutable_bytes());
    crypto::wipe(private_pem);
    return done;
}

void GatewayIdentity::take(const crypto::ed25519::Seed& seed) noexcept {
    key_.emplace(seed);
    id_ = device_id_of(key_->public_key());
    public_key_ = public_key_text(key_->public_key());
}

void GatewayIdentity::write(json::Writer& out) const {
    out.begin_object().member("deviceId", device_id()).member("publicKey", public_key()).end_object();
}

}  // namespace gw::auth
