// What a caller may do: roles and scopes, as words on the wire and as bits inside.
//
//     "operator.write", "admin" ── scope_of ──> Scope ──> ScopeSet ── allows(Scope::read) ──> yes: write implies read
//
// Scopes travel as text, because a client sees its own words again; what is asked on every call is one bit. A word that
// this gateway does not know grants nothing.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gw::auth {

enum class Role : std::uint8_t { operator_, node };
[[nodiscard]] std::string_view name_of(Role role) noexcept;  // "operator", "node"
[[nodiscard]] std::optional<Role> role_of(std::string_view text) noexcept;

enum class Scope : std::uint8_t {
    admin,  // everything
    read,
    write,  // implies read
    approvals,
    pairing,
    talk_secrets,
    talk,  // the narrow ones, which read, write or admin imply
    questions,
    sessions_read,
    sessions_write,
};
inline constexpr std::size_t scope_count = 10;
[[nodiscard]] std::string_view name_of(Scope scope) noexcept;  // "operator.admin"
// The full name, or the role word of it: "admin", "read", "write", "pairing", "approvals".
[[nodiscard]] std::optional<Scope> scope_of(std::string_view text) noexcept;

// What was granted, with everything that it implies.
class ScopeSet {
public:
    constexpr ScopeSet() noexcept = default;
    [[nodiscard]] static ScopeSet all() noexcept;
    void add(Scope scope) noexcept;
    void add(std::string_view text) noexcept;  // nothing for a word that is not known
    [[nodiscard]] constexpr bool allows(Scope needed) const noexcept { return (bits_ & bit(needed)) != 0; }
    // Whether a named scope is allowed. A name that is not known needs admin.
    [[nodiscard]] bool allows(std::string_view needed) const noexcept;
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
    // What both allow.
    [[nodiscard]] constexpr ScopeSet intersection(ScopeSet other) const noexcept {
        other.bits_ &= bits_;
        return other;
    }
    friend constexpr bool operator==(ScopeSet, ScopeSet) noexcept = default;

private:
    [[nodiscard]] static constexpr std::uint16_t bit(Scope scope) noexcept {
        return static_cast<std::uint16_t>(1U << static_cast<unsigned>(scope));
    }
    std::uint16_t bits_ = 0;
};

using ScopeList = std::pmr::vector<std::pmr::string>;

// What a list may hold: more, and longer words, are dropped wherever a peer's list is kept.
inline constexpr std::size_t scope_count_max = 32;
inline constexpr std::size_t scope_bytes_max = 64;

[[nodiscard]] ScopeSet scope_set(std::span<const std::pmr::string> list) noexcept;
[[nodiscard]] ScopeSet scope_set(std::string_view list) noexcept;  // "operator.read, operator.write"
[[nodiscard]] bool scope_allows(std::span<const std::pmr::string> granted, std::string_view needed) noexcept;
// Whether every word of `wanted` is one of `granted` or implied by it. A word that is not known must be granted itself,
// or by admin.
[[nodiscard]] bool scopes_cover(std::span<const std::pmr::string> granted,
                                std::span<const std::pmr::string> wanted) noexcept;

// Copies what a peer asks for: in its order, each scope once and by its full name, within the limits.
[[nodiscard]] ScopeList copy_scopes(std::span<const std::string_view> words, std::pmr::memory_resource* memory);
// Adds the words that are not there yet.
void merge_scopes(ScopeList& into, std::span<const std::pmr::string> words);
// The form that device tokens carry: admin adds read and write, write adds read; sorted.
[[nodiscard]] ScopeList normalised_scopes(std::span<const std::pmr::string> list, std::pmr::memory_resource* memory);
[[nodiscard]] bool has_word(std::span<const std::pmr::string> list, std::string_view word) noexcept;

}  // namespace gw::auth
