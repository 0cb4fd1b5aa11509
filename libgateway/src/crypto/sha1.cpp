#include "crypto/sha1.h"

#include <mbedtls/sha1.h>
#include <mbedtls/version.h>

#include <cassert>

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

}  // namespace gw::crypto
