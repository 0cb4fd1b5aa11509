// Passwords against bcrypt hashes, the kind that htpasswd -B and most tools write: "$2y$10$" and 53 characters.
#pragma once

#include <memory_resource>
#include <string_view>

#include "core/result.h"

namespace gw::crypto {

// bcrypt doubles its work with every step of the cost. At 15 one check takes seconds, during which the thread does
// nothing else, so a hash above that is refused.
inline constexpr int bcrypt_cost_max = 15;

// Nothing wrong: the text is a hash that verify_bcrypt() can check. For the moment a configuration is read.
// GW_ERR_CONFIG: it is not of the form $2a$, $2b$ or $2y$, or its cost is not 04 to 15.
[[nodiscard]] Result<void> check_bcrypt_hash(std::string_view hash) noexcept;

// Whether the password is the one that was hashed. The time depends on the hash's cost, not on the password.
// As bcrypt has it, only the first 72 bytes count; a password with a NUL byte, or of 512 bytes and more, never matches.
// GW_ERR_CONFIG as check_bcrypt_hash(). Takes 32 KiB from `memory` for the call; throws std::bad_alloc.
[[nodiscard]] Result<bool> verify_bcrypt(std::string_view password, std::string_view hash,
                                         std::pmr::memory_resource* memory);

}  // namespace gw::crypto
