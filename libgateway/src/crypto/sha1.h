// SHA-1, which the WebSocket handshake asks for (RFC 6455 4.2.2). It proves that a server speaks WebSocket and protects
// nothing: never use it for anything else.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace gw::crypto {

[[nodiscard]] std::array<std::byte, 20> sha1(std::span<const std::byte> data) noexcept;

}  // namespace gw::crypto
