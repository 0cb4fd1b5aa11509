#include "crypto/password.h"

#include <crypt.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "core/text.h"
#include "crypto/compare.h"

namespace gw::crypto {

namespace {

constexpr std::size_t hash_size = 60;  // "$2b$10$", 22 characters of salt, 31 of digest
constexpr std::size_t digest_at = 29;
constexpr std::size_t password_bytes_max = CRYPT_MAX_PASSPHRASE_SIZE - 1;

bool is_bcrypt_digit(char c) noexcept { return is_alpha(c) || is_digit(c) || c == '.' || c == '/'; }

// libcrypt's 32 KiB of scratch space, from the host's memory, zero before use and wiped after.
class Scratch {
public:
    explicit Scratch(std::pmr::memory_resource* memory)
        : memory_(memory), data_(new (memory->allocate(sizeof(crypt_data), alignof(crypt_data))) crypt_data{}) {}
    ~Scratch() {
        wipe(std::as_writable_bytes(std::span{data_, 1}));
        memory_->deallocate(data_, sizeof(crypt_data), alignof(crypt_data));
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    [[nodiscard]] crypt_data* get() const noexcept { return data_; }

private:
    std::pmr::memory_resource* memory_;
    crypt_data* data_;
};

}  // namespace

Result<void> check_bcrypt_hash(std::string_view hash) noexcept {
    // $2x$ marks hashes of a broken implementation, on purpose not accepted.
    if (hash.size() != hash_size || !hash.starts_with("$2") || (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') ||
        hash[3] != '$' || hash[6] != '$' || !is_digit(hash[4]) || !is_digit(hash[5]) ||
        !std::all_of(hash.begin() + 7, hash.end(), is_bcrypt_digit)) {
        return Error{GW_ERR_CONFIG, 0, "a password hash is not of the form $2b$, 60 characters"};
    }
    const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
    if (cost < 4 || cost > bcrypt_cost_max)
        return Error{GW_ERR_CONFIG, 4, "the cost of a password hash is not 04 to 15"};
    return {};
}

Result<bool> verify_bcrypt(std::string_view password, std::string_view hash, std::pmr::memory_resource* memory) {
    if (const auto valid = check_bcrypt_hash(hash); !valid) return valid.error();

    // A password that cannot match is replaced and hashed all the same: how long the answer takes must not depend on
    // it.
    const bool possible = password.size() <= password_bytes_max && password.find('\0') == std::string_view::npos;
    std::array<char, password_bytes_max + 1> phrase{};
    if (possible) std::copy(password.begin(), password.end(), phrase.begin());
    std::array<char, hash_size + 1> setting{};
    std::copy(hash.begin(), hash.end(), setting.begin());

    const Scratch scratch(memory);
    const char* made = crypt_r(phrase.data(), setting.data(), scratch.get());
    wipe(phrase);
    // On failure libcrypt answers NULL or a text that begins with '*'. The salt is not compared: two spellings of its
    // last character mean the same.
    if (made == nullptr || std::strlen(made) != hash_size || made[0] != '$') {
        return Error{GW_ERR_CONFIG, 0, "this system's libcrypt cannot check a password hash"};
    }
    const bool equal = equal_secrets(std::string_view{made + digest_at, hash_size - digest_at}, hash.substr(digest_at));
    return equal && possible;
}

}  // namespace gw::crypto
