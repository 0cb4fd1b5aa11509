// Randomness that an attacker cannot guess: the host's source, or the operating system's, and what is made of it.
//
//     gw_host.random, or getrandom(2)  ->  Random  ->  fill(), tokens, ids
//
// A source that fails is an answer, not a crash and never a weaker source: the caller reports GW_ERR_RANDOM.
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"
#include "gateway/base.h"

namespace gw::crypto {

// The random source of a gw_host, with the default filled in. Copied freely; it has no state of its own.
class Random {
public:
    using Function = bool (*)(void* user, void* out, std::size_t size);

    Random() noexcept = default;  // the operating system's
    Random(Function source, void* source_user) noexcept : function_(source), user_(source_user) {}
    static Random from(const gw_host* host) noexcept;

    // All of `out`, or false: then its bytes must not be used.
    [[nodiscard]] bool fill(std::span<std::byte> out) const noexcept;

    // The pair that modules below us take (tls::Context, ws::Codec).
    [[nodiscard]] Function function() const noexcept { return function_; }
    [[nodiscard]] void* user() const noexcept { return user_; }

private:
    static bool system(void* user, void* out, std::size_t size);

    Function function_ = system;
    void* user_ = nullptr;
};

// Text of `size` random bytes: lower-case hexadecimal, or base64url without padding (32 bytes: 43 characters).
// GW_ERR_RANDOM when the source failed. Throws std::bad_alloc.
[[nodiscard]] Result<std::pmr::string> random_hex(const Random& random, std::size_t size,
                                                  std::pmr::memory_resource* memory);
[[nodiscard]] Result<std::pmr::string> random_base64url(const Random& random, std::size_t size,
                                                        std::pmr::memory_resource* memory);

// A version 4 UUID as 36 characters in lower case (RFC 9562 5.4). GW_ERR_RANDOM when the source failed.
using Uuid = std::array<char, 36>;
[[nodiscard]] Result<Uuid> random_uuid(const Random& random) noexcept;

// An id such as "chatcmpl-" and 24 letters and digits: 142 bits, safe in a URL and in a file name, one double-click.
[[nodiscard]] Result<std::pmr::string> random_id(const Random& random, std::string_view prefix,
                                                 std::pmr::memory_resource* memory);
inline constexpr std::size_t random_id_characters = 24;

}  // namespace gw::crypto
