// A store in memory with the tables of devices on it, and devices with keys of their own.
#pragma once

#include <cstdint>
#include <string>

#include "auth/bootstrap.h"
#include "auth/device_identity.h"
#include "auth/devices.h"
#include "crypto/base64.h"
#include "store/memory_store.h"
#include "support/test.h"

namespace gw::test {

// Cost 4, so that it is quick.
inline constexpr std::string_view bcrypt_of_correct_horse =
    "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

struct Shelf {
    explicit Shelf(const auth::Devices::Limits& limits = {})
        : devices(store, crypto::Random(), pool.get(), std::pmr::get_default_resource(), limits) {}

    [[nodiscard]] std::string file(std::string_view key) {
        Buffer out(pool.get());
        REQUIRE(store.get(key, out));
        return std::string(out.text());
    }
    template <typename Write>
    [[nodiscard]] std::string written(Write write) {
        Buffer out(pool.get());
        json::Writer writer(out);
        write(writer);
        return std::string(out.text());
    }

    BlockPoolOwner pool{Allocator::from(nullptr)};
    store::MemoryStore store{{}, std::pmr::get_default_resource()};
    auth::Devices devices;
    auth::BootstrapTokens bootstraps{store, crypto::Random(), pool.get(), std::pmr::get_default_resource()};
};

struct TestDevice {
    explicit TestDevice(std::uint8_t number) : key(seed_of(number)) {
        const auth::DeviceId hash = auth::device_id_of(key.public_key());
        id.assign(hash.data(), hash.size());
        const auth::PublicKeyText text = auth::public_key_text(key.public_key());
        public_key.assign(text.data(), text.size());
    }
    static crypto::ed25519::Seed seed_of(std::uint8_t number) {
        crypto::ed25519::Seed seed{};
        seed.fill(static_cast<std::byte>(number));
        return seed;
    }
    [[nodiscard]] std::string sign(std::string_view payload) const {
        const auto bytes = key.sign(as_bytes(payload));
        return std::string(crypto::base64_encode(bytes, std::pmr::get_default_resource(), crypto::Base64::url));
    }

    crypto::ed25519::KeyPair key;
    std::string id, public_key;
};

}  // namespace gw::test
