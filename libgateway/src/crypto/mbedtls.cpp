// Everything that mbedTLS does for this module, so that no other file of it includes it. Its versions 2.28 and 3.x call
// things differently.
#include <mbedtls/md.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/sha1.h>
#include <mbedtls/version.h>

#include <cassert>
#include <limits>

#include "crypto/pbkdf2.h"
#include "crypto/sha1.h"

namespace gw::crypto {

std::array<std::byte, 20> sha1(std::span<const std::byte> data) noexcept {
    std::array<std::byte, 20> digest{};
    const auto* in = reinterpret_cast<const unsigned char*>(data.data());
    auto* out = reinterpret_cast<unsigned char*>(digest.data());
#if MBEDTLS_VERSION_MAJOR >= 3
    [[maybe_unused]] const int failure = mbedtls_sha1(in, data.size(), out);
#else
    [[maybe_unused]] const int failure = mbedtls_sha1_ret(in, data.size(), out);
#endif
    assert(failure == 0);  // only hardware that mbedTLS was built for can fail here; the zeros then fail the handshake
    return digest;
}

bool pbkdf2_sha256(std::span<const std::byte> password, std::span<const std::byte> salt, std::uint32_t iterations,
                   std::span<std::byte> out) noexcept {
    if (iterations == 0 || out.empty() || out.size() > std::numeric_limits<std::uint32_t>::max()) return false;
    const auto* key = reinterpret_cast<const unsigned char*>(password.data());
    const auto* seasoning = reinterpret_cast<const unsigned char*>(salt.data());
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    const auto size = static_cast<std::uint32_t>(out.size());
#if MBEDTLS_VERSION_NUMBER >= 0x03030000
    return mbedtls_pkcs5_pbkdf2_hmac_ext(MBEDTLS_MD_SHA256, key, password.size(), seasoning, salt.size(), iterations,
                                         size, to) == 0;
#else
    // Allocates its context outside of the gateway's memory and frees it in here.
    mbedtls_md_context_t context;
    mbedtls_md_init(&context);
    const bool done =
        mbedtls_md_setup(&context, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 1) == 0 &&
        mbedtls_pkcs5_pbkdf2_hmac(&context, key, password.size(), seasoning, salt.size(), iterations, size, to) == 0;
    mbedtls_md_free(&context);
    return done;
#endif
}

}  // namespace gw::crypto
