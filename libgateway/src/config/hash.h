// What tells two versions of a configuration file apart: whoever changes it says which one he has seen.
#pragma once

#include <array>
#include <string_view>

#include "crypto/sha256.h"

namespace gw::config {

using Hash = std::array<char, 64>;

[[nodiscard]] inline Hash hash_of(std::string_view text) noexcept { return crypto::hex(crypto::sha256(text)); }
[[nodiscard]] inline std::string_view as_text(const Hash& hash) noexcept { return {hash.data(), hash.size()}; }

}  // namespace gw::config
