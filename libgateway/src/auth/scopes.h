// What a caller may do: roles and scopes, as words on the wire and as bits inside.
//
//     "operator.write", "admin" ── scope_of ──> Scope ──> ScopeSet ── allows(Scope::read) ──> yes: write implies read
//
// Scopes travel as text, because a client sees its own words again; what is asked on every call is one bit. A word that
// this gateway does not know grants nothing. A node has no scopes.
#pragma once

#include <cstdint>
#include <initializer_list>
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
    any,  // no scope is needed
    read,
    write,  // implies read
    admin,  // everything
    approvals,
    pairing,
    questions,  // the narrow ones, which read, write or admin imply
    talk,
    talk_secrets,
    sessions_read,
    sessions_write,
};
inline constexpr std::size_t scope_count = 11;
[[nodiscard]] std::string_view name_of(Scope scope) noexcept;  // "operator.admin"; "" for Scope::any
// The full name, or the role word of it: "admin", "read", "write", "pairing", "approvals".
[[nodiscard]] std::optional<Scope> scope_of(std::string_view text) noexcept;

// What was granted, and what that implies.
class ScopeSet {
public:
    constexpr ScopeSet() noexcept = default;
    constexpr ScopeSet(std::initializer_list<Scope> list) noexcept {
        for (const Scope scope : list) add(scope);
    }
    [[nodiscard]] static constexpr ScopeSet all() noexcept { return {Scope::admin}; }
    constexpr void add(Scope scope) noexcept { granted_ |= bit(scope); }
    // False: a word that is not known; nothing is added.
    bool add(std::string_view text) noexcept;

    [[nodiscard]] constexpr bool allows(Scope needed) const noexcept {
        return needed == Scope::any || (granted_ & granting(needed)) != 0;
    }
    // Whether a named scope is allowed. A name that is not known needs admin.
    [[nodiscard]] bool allows(std::string_view needed) const noexcept;
    [[nodiscard]] constexpr bool empty() const noexcept { return granted_ == 0; }
    // What both allow.
    [[nodiscard]] constexpr ScopeSet intersection(ScopeSet other) const noexcept {
        ScopeSet out;
        each([&](Scope scope) {
            if (allows(scope) && other.allows(scope)) out.add(scope);
        });
        // What another one of them implies is not said.
        ScopeSet least = out;
        each([&](Scope scope) {
            ScopeSet rest = out;
            rest.granted_ &= static_cast<std::uint16_t>(~bit(scope));
            if (out.has(scope) && rest.allows(scope)) least.granted_ &= static_cast<std::uint16_t>(~bit(scope));
        });
        return least;
    }
    // What of `asked` is allowed, in the words in which it was asked.
    [[nodiscard]] constexpr ScopeSet narrowed_to(ScopeSet asked) const noexcept {
        ScopeSet out;
        each([&](Scope scope) {
            if (asked.has(scope) && allows(scope)) out.add(scope);
        });
        return out;
    }
    // Calls visit(name) for each that was granted, in the order of the enumeration.
    template <typename Visit>
    void for_each(Visit visit) const {
        each([&](Scope scope) {
            if (has(scope)) visit(name_of(scope));
        });
    }
    // They allow the same.
    friend constexpr bool operator==(ScopeSet a, ScopeSet b) noexcept {
        bool same = true;
        each([&](Scope scope) { same = same && a.allows(scope) == b.allows(scope); });
        return same;
    }

private:
    [[nodiscard]] constexpr bool has(Scope scope) const noexcept { return (granted_ & bit(scope)) != 0; }
    [[nodiscard]] static constexpr std::uint16_t bit(Scope scope) noexcept {
        return static_cast<std::uint16_t>(scope == Scope::any ? 0U : 1U << static_cast<unsigned>(scope));
    }
    // Any one of these is enough.
    [[nodiscard]] static constexpr std::uint16_t granting(Scope needed) noexcept {
        const unsigned own = bit(needed) | bit(Scope::admin);
        switch (needed) {
        case Scope::read:
        case Scope::talk:
        case Scope::questions:
        case Scope::sessions_write: return static_cast<std::uint16_t>(own | bit(Scope::write));
        case Scope::sessions_read:
            return static_cast<std::uint16_t>(own | bit(Scope::write) | bit(Scope::read) | bit(Scope::sessions_write));
        case Scope::any:
        case Scope::write:
        case Scope::admin:
        case Scope::approvals:
        case Scope::pairing:
        case Scope::talk_secrets: break;
        }
        return static_cast<std::uint16_t>(own);
    }
    template <typename Visit>
    static constexpr void each(Visit visit) {
        for (unsigned i = 1; i < scope_count; ++i) visit(static_cast<Scope>(i));
    }

    std::uint16_t granted_ = 0;
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
