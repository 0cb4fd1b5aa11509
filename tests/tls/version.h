// Which versions of TLS the mbedTLS speaks that the tests are built with: 2.28 speaks 1.2 alone, 3.6 both.
#pragma once

namespace gw::test {

#if __has_include(<mbedtls/build_info.h>)
inline constexpr bool has_tls_1_3 = true;
#else
inline constexpr bool has_tls_1_3 = false;
#endif

}  // namespace gw::test
