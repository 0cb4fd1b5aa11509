#include "tls/failure.h"

#include <algorithm>

#include "core/buffer.h"

namespace gw::tls {

std::string_view describe_received(std::uint8_t alert) noexcept {
    switch (alert) {
    case 10: return "the peer's alert: unexpected message";
    case 20: return "the peer's alert: a record could not be authenticated";
    case 22: return "the peer's alert: a record is too large";
    case 40: return "the peer's alert: handshake failure, often for want of a common cipher suite";
    case 42: return "the peer's alert: bad certificate";
    case 43: return "the peer's alert: unsupported certificate";
    case 44: return "the peer's alert: certificate revoked";
    case 45: return "the peer's alert: certificate expired";
    case 46: return "the peer's alert: certificate not accepted";
    case 47: return "the peer's alert: illegal parameter";
    case 48: return "the peer's alert: certificate signed by an unknown authority";
    case 49: return "the peer's alert: access denied";
    case 50: return "the peer's alert: a message could not be decoded";
    case 51: return "the peer's alert: a signature or key could not be verified";
    case 70: return "the peer's alert: no common TLS version";
    case 71: return "the peer's alert: our security is insufficient for it";
    case 80: return "the peer's alert: internal error";
    case 86: return "the peer's alert: inappropriate fallback";
    case 90: return "the peer's alert: cancelled by its user";
    case 112: return "the peer's alert: it does not know the server name";
    case 116: return "the peer's alert: it requires a client certificate";
    case 120: return "the peer's alert: no common application protocol";
    default: return "the peer ended the connection with an alert";
    }
}

std::string_view describe_sent(std::uint8_t alert) noexcept {
    switch (static_cast<Alert>(alert)) {
    case Alert::unexpected_message: return "a message came that does not belong there";
    case Alert::bad_record_mac: return "a record could not be authenticated";
    case Alert::record_overflow: return "a record is too large";
    case Alert::handshake_failure: return "no cipher suite, curve or signature in common";
    case Alert::bad_certificate: return "certificate cannot be read";
    case Alert::certificate_expired: return "certificate has expired";
    case Alert::illegal_parameter: return "a handshake message holds a value that is not allowed";
    case Alert::unknown_ca: return "certificate is signed by an unknown authority";
    case Alert::decode_error: return "a handshake message is malformed";
    case Alert::decrypt_error: return "a handshake signature or check value is wrong";
    case Alert::protocol_version: return "no TLS version in common";
    case Alert::internal_error: return "the TLS library failed";
    case Alert::no_application_protocol: return "no application protocol in common";
    }
    return {};
}

std::string_view describe_plain_http(std::span<const std::byte> first, bool server) noexcept {
    const std::string_view text = as_text(first);
    if (text.size() < 4) return {};
    if (!server) return text.starts_with("HTTP") ? "the server speaks plain HTTP, not TLS" : std::string_view{};
    constexpr std::string_view methods[] = {"GET ", "HEAD", "POST", "PUT ", "DELE",
                                            "OPTI", "PATC", "CONN", "TRAC", "PRI "};
    const bool http = std::find(std::begin(methods), std::end(methods), text.substr(0, 4)) != std::end(methods);
    return http ? "the client speaks plain HTTP on a TLS port" : std::string_view{};
}

}  // namespace gw::tls
