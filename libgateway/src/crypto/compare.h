// Secrets: comparing them without telling where they differ, and wiping them.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

namespace gw::crypto {

// Equal or not, in a time that depends on the two lengths only. Both sides are hashed with SHA-256 first and the
// digests are compared: that takes care of different lengths without an early return, and even a comparison that did
// leak would leak about digests, which the other side cannot steer. For tokens, passwords, MACs and signatures.
[[nodiscard]] bool equal_secrets(std::span<const std::byte> a, std::span<const std::byte> b) noexcept;
[[nodiscard]] bool equal_secrets(std::string_view a, std::string_view b) noexcept;

// Overwrites with zeros in a way that the compiler does not remove.
void wipe(std::span<std::byte> secret) noexcept;

// The same for strings, vectors and arrays: what they hold, not what they reserved beyond it.
template <typename Container>
void wipe(Container& secret) noexcept
    requires(std::is_trivially_copyable_v<typename Container::value_type> && !std::is_const_v<Container>) {
    wipe(std::as_writable_bytes(std::span{secret.data(), secret.size()}));
}

}  // namespace gw::crypto
