// Secrets: comparing them without telling where they differ, and wiping them.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

namespace gw::crypto {

// Equal or not, in a time that depends on the length of `given` only: one of another length is compared with itself, so
// that nobody measures how long the secret is. For tokens, passwords, MACs and signatures.
[[nodiscard]] bool equal_secrets(std::span<const std::byte> given, std::span<const std::byte> secret) noexcept;
[[nodiscard]] bool equal_secrets(std::string_view given, std::string_view secret) noexcept;

// Overwrites with zeros in a way that the compiler does not remove.
void wipe(std::span<std::byte> secret) noexcept;

// The same for strings, vectors and arrays: what they hold, not what they reserved beyond it.
template <typename Container>
void wipe(Container& secret) noexcept
    requires(std::is_trivially_copyable_v<typename Container::value_type> && !std::is_const_v<Container>) {
    wipe(std::as_writable_bytes(std::span{secret.data(), secret.size()}));
}

}  // namespace gw::crypto
