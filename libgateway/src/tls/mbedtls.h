// The only file that includes mbedTLS. What 2.28 and 3.6 do differently is decided here, once, so that context.cpp and
// pipe.cpp read the same for both. What TLS we speak is decided here too.
#pragma once

#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gw::tls::port {

using RandomCallback = int (*)(void* user, unsigned char* out, std::size_t size);

static_assert((MBEDTLS_VERSION_NUMBER >= 0x021C0000 && MBEDTLS_VERSION_NUMBER < 0x03000000) ||
                  (MBEDTLS_VERSION_NUMBER >= 0x03060000 && MBEDTLS_VERSION_NUMBER < 0x04000000),
              "mbedTLS 2.28, or 3.6 and later versions 3, are needed");

// Forward secrecy and AEAD only: what RFC 9325 4.2 recommends for TLS 1.2, and all of TLS 1.3.
inline constexpr int cipher_suites[] = {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    0,
};

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
inline constexpr std::uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};
inline constexpr std::uint16_t signatures[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
    MBEDTLS_TLS1_3_SIG_NONE,
};
#else
inline constexpr mbedtls_ecp_group_id groups[] = {
    MBEDTLS_ECP_DP_CURVE25519,
    MBEDTLS_ECP_DP_SECP256R1,
    MBEDTLS_ECP_DP_SECP384R1,
    MBEDTLS_ECP_DP_NONE,
};
inline constexpr int signatures[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512, MBEDTLS_MD_NONE};
#endif

// 3.x does part of its work in the PSA library, which has a state of its own: one per process, with its own random
// source. Initializing it again does nothing. 2.28 has no such thing.
[[nodiscard]] inline bool initialize() noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return psa_crypto_init() == PSA_SUCCESS;
#else
    return true;
#endif
}

inline void set_policy(mbedtls_ssl_config& config) noexcept {
    mbedtls_ssl_conf_ciphersuites(&config, cipher_suites);
    mbedtls_ssl_conf_cert_profile(&config, &mbedtls_x509_crt_profile_next);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(&config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_groups(&config, groups);
    mbedtls_ssl_conf_sig_algs(&config, signatures);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    // A resumed session gets fresh keys too: no pre-shared key alone.
    mbedtls_ssl_conf_tls13_key_exchange_modes(&config, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
#endif
#else
    mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_curves(&config, groups);
    mbedtls_ssl_conf_sig_hashes(&config, signatures);
#endif
}

// Since 3.6.1 a client that wants the tickets of TLS 1.3 has to say so; before, they were always handed over.
inline void ask_for_tickets(mbedtls_ssl_config& config) noexcept {
    mbedtls_ssl_conf_session_tickets(&config, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
#if MBEDTLS_VERSION_NUMBER >= 0x03060100 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(&config,
                                                             MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
}

// `text` ends with the NUL byte that mbedTLS wants to see at the end of PEM.
[[nodiscard]] inline int parse_key(mbedtls_pk_context& key, std::span<const unsigned char> text,
                                   [[maybe_unused]] RandomCallback random, [[maybe_unused]] void* user) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_parse_key(&key, text.data(), text.size(), nullptr, 0, random, user);
#else
    return mbedtls_pk_parse_key(&key, text.data(), text.size(), nullptr, 0);
#endif
}

[[nodiscard]] inline int check_pair(const mbedtls_x509_crt& certificate, const mbedtls_pk_context& key,
                                    [[maybe_unused]] RandomCallback random, [[maybe_unused]] void* user) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_check_pair(&certificate.pk, &key, random, user);
#else
    return mbedtls_pk_check_pair(&certificate.pk, &key);
#endif
}

// Whether the certificate's extended key usage, if it has one, lets it be a server's (RFC 5280 4.2.1.12).
[[nodiscard]] inline bool is_for_servers(const mbedtls_x509_crt& certificate) noexcept {
    return mbedtls_x509_crt_check_extended_key_usage(&certificate, MBEDTLS_OID_SERVER_AUTH,
                                                     MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) == 0;
}

[[nodiscard]] inline int handshake_state(const mbedtls_ssl_context& ssl) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return ssl.MBEDTLS_PRIVATE(state);
#else
    return ssl.state;
#endif
}

// The description of the alert that the last call failed with: neither version has a function for it.
[[nodiscard]] inline std::uint8_t received_alert(const mbedtls_ssl_context& ssl) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return ssl.MBEDTLS_PRIVATE(in_msg)[1];
#else
    return ssl.in_msg[1];
#endif
}

// The alert that belongs to an error code, 0 where the code does not tell. In TLS 1.3 the alerts we send are encrypted,
// so that the code is all there is to see; 2.28 has its alerts in the clear and codes that say less.
[[nodiscard]] inline std::uint8_t alert_of([[maybe_unused]] int code) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    switch (code) {
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE: return MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE;
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION: return MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION;
    case MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL: return MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL;
    case MBEDTLS_ERR_SSL_BAD_CERTIFICATE: return MBEDTLS_SSL_ALERT_MSG_BAD_CERT;
    case MBEDTLS_ERR_SSL_DECODE_ERROR: return MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR;
    case MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER: return MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER;
    default: return 0;
    }
#else
    return 0;
#endif
}

// In TLS 1.3 a session is worth keeping only when a ticket came, after the handshake (RFC 8446 4.6.1).
[[nodiscard]] inline bool is_new_ticket([[maybe_unused]] int result) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
    return false;
#endif
}
[[nodiscard]] inline bool is_tls_1_2(const mbedtls_ssl_context& ssl) noexcept {
    return std::string_view{mbedtls_ssl_get_version(&ssl)} == "TLSv1.2";
}

}  // namespace gw::tls::port
