#include "crypto/ed25519.h"

#include <string>

#include "crypto/hex.h"
#include "support/test.h"

namespace gw::crypto {

namespace {

template <typename Array>
std::string text_of(const Array& bytes) {
    const auto digits = hex(bytes);
    return {digits.data(), digits.size()};
}

}  // namespace

TEST_CASE("ed25519: vectors of RFC 8032 7.1") {
    struct Case {
        std::string_view seed, key, message, signature;
    };
    const Case cases[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bb"
         "e24"
         "655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "\x72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302"
         "aee"
         "b00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "\xaf\x82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed"
         "28d"
         "c027beceea1ec40a"},
    };
    for (const Case& c : cases) {
        const ed25519::KeyPair pair(*hex_decode<32>(c.seed));
        CHECK(text_of(pair.public_key()) == c.key);
        const auto signature = pair.sign(as_bytes(c.message));
        CHECK(text_of(signature) == c.signature);
        CHECK(ed25519::verify(pair.public_key(), as_bytes(c.message), signature));
    }
}

TEST_CASE("ed25519: one changed bit anywhere and the signature is refused") {
    const ed25519::KeyPair pair(*hex_decode<32>("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
    const std::string message = "connect:device-1:nonce";
    const auto signature = pair.sign(as_bytes(message));
    REQUIRE(ed25519::verify(pair.public_key(), as_bytes(message), signature));
    for (std::size_t i = 0; i < signature.size(); ++i) {
        auto changed = signature;
        changed[i] ^= std::byte{1};
        INFO("signature byte " << i);
        CHECK_FALSE(ed25519::verify(pair.public_key(), as_bytes(message), changed));
    }
    for (std::size_t i = 0; i < message.size(); ++i) {
        std::string changed = message;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(ed25519::verify(pair.public_key(), as_bytes(changed), signature));
    }
    auto key = pair.public_key();
    key[3] ^= std::byte{1};
    CHECK_FALSE(ed25519::verify(key, as_bytes(message), signature));
    CHECK_FALSE(ed25519::verify(ed25519::PublicKey{}, as_bytes(message), signature));
}

TEST_CASE("ed25519: a signature with the group order added to it is not accepted") {
    // S + L gives the same equation; RFC 8032 5.1.7 asks for S < L, or anyone could make a second valid signature.
    const ed25519::KeyPair pair(*hex_decode<32>("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
    auto signature = pair.sign(as_bytes("message"));
    const auto order = *hex_decode<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry += std::to_integer<unsigned>(signature[32 + i]) + std::to_integer<unsigned>(order[i]);
        signature[32 + i] = static_cast<std::byte>(carry & 0xFFU);
        carry >>= 8U;
    }
    CHECK_FALSE(ed25519::verify(pair.public_key(), as_bytes("message"), signature));
}

}  // namespace gw::crypto
