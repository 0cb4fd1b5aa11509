// Who may do what: roles and operator scopes of a connection.
//
//     "operator.write", "operator.pairing"  ->  Scopes  ->  allows(Scope::read): yes, write implies read
//
// Admin implies everything, write implies read. A node has no scopes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace gw::rpc {

enum class Role : std::uint8_t { oper, node, any };  // any: of a method that does not ask

enum class Scope : std::uint16_t {
    any = 0,  // no scope is needed
    read = 1,
    write = 2,
    admin = 4,
    approvals = 8,
    pairing = 16,
    questions = 32,
    talk = 64,
    talk_secrets = 128,
};

// "operator.read"; empty for Scope::any.
[[nodiscard]] std::string_view scope_name(Scope scope) noexcept;
// Of "operator.read", and of the bare words of roles in simpler clients: "read". Nothing: nobody knows it.
[[nodiscard]] std::optional<Scope> scope_from(std::string_view name) noexcept;

class Scopes {
public:
    constexpr Scopes() noexcept = default;
    constexpr Scopes(std::initializer_list<Scope> list) noexcept {
        for (const Scope scope : list) add(scope);
    }
    constexpr void add(Scope scope) noexcept { bits_ |= static_cast<std::uint16_t>(scope); }
    // Adds the scope of that name. False: nobody knows it.
    bool add(std::string_view name) noexcept;

    [[nodiscard]] constexpr bool has(Scope scope) const noexcept {
        return (bits_ & static_cast<std::uint16_t>(scope)) != 0;
    }
    [[nodiscard]] constexpr bool allows(Scope needed) const noexcept {
        if (needed == Scope::any || has(Scope::admin) || has(needed)) return true;
        return needed == Scope::read && has(Scope::write);
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
    // What of `asked` is also in this.
    [[nodiscard]] constexpr Scopes narrowed_to(Scopes asked) const noexcept {
        Scopes out;
        for (std::uint16_t bit = 1; bit != 0 && bit <= last; bit = static_cast<std::uint16_t>(bit << 1U)) {
            if ((asked.bits_ & bit) != 0 && allows(static_cast<Scope>(bit))) out.bits_ |= bit;
        }
        return out;
    }

    // Calls visit(name) for each, in the order of the enumeration.
    template <typename Visit>
    void for_each(Visit visit) const {
        for (std::uint16_t bit = 1; bit <= last; bit = static_cast<std::uint16_t>(bit << 1U)) {
            if ((bits_ & bit) != 0) visit(scope_name(static_cast<Scope>(bit)));
        }
    }
    [[nodiscard]] constexpr bool operator==(const Scopes&) const noexcept = default;

private:
    static constexpr std::uint16_t last = 128;
    std::uint16_t bits_ = 0;
};

}  // namespace gw::rpc
