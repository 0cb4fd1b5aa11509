// Sentences for what goes wrong in TLS, for a log line or an operator; static text, none of the peer's bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gw::tls {

// The alerts we send ourselves, and those that need a sentence of their own (RFC 8446 6, RFC 5246 7.2).
enum class Alert : std::uint8_t {
    unexpected_message = 10,
    bad_record_mac = 20,
    record_overflow = 22,
    handshake_failure = 40,
    bad_certificate = 42,
    certificate_expired = 45,
    illegal_parameter = 47,
    unknown_ca = 48,
    decode_error = 50,
    decrypt_error = 51,
    protocol_version = 70,
    internal_error = 80,
    no_application_protocol = 120,
};

// What the peer says by an alert that ends the connection.
[[nodiscard]] std::string_view describe_received(std::uint8_t alert) noexcept;

// What we say by an alert of ours, for failures that have no better sentence; empty for alerts not listed above.
[[nodiscard]] std::string_view describe_sent(std::uint8_t alert) noexcept;

// A sentence when the first bytes of the stream are those of plain HTTP, else empty.
[[nodiscard]] std::string_view describe_plain_http(std::span<const std::byte> first, bool server) noexcept;

}  // namespace gw::tls
