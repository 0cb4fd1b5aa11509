// Setup codes: how a device gets in that nobody on this machine can approve, because it is elsewhere.
//
//     issue(access) ──> token ── setup code: base64url of {"url","bootstrapToken"} ──> a phone scans it ── redeem() ──>
//     paired
//
// A token is worth ten minutes and one device: the first that shows it, once for each of the roles that it is good for.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/devices.h"

namespace gw::auth {

inline constexpr std::uint64_t bootstrap_ttl_ms = 600000;

// What whoever scans the code may become.
enum class SetupAccess : std::uint8_t {
    full,     // an operator with every scope, and a node
    limited,  // an operator who reads and writes, and a node
    node,
};
[[nodiscard]] std::string_view name_of(SetupAccess access) noexcept;

class BootstrapTokens {
public:
    static constexpr std::size_t count_max = 32;  // live at the same time

    struct Token {
        explicit Token(std::pmr::memory_resource* memory)
            : token(memory), setup_id(memory), device_id(memory), roles(memory), scopes(memory), extra(memory) {}
        std::pmr::string token;  // secret
        std::pmr::string setup_id;
        std::pmr::string device_id;  // empty: nobody has shown it yet
        ScopeList roles;             // that were not used yet
        ScopeList scopes;
        SetupAccess access = SetupAccess::node;
        std::uint64_t issued_ms = 0, last_used_ms = 0;
        ExtraMembers extra;
    };

    // A device came in with a code.
    struct Completion {
        explicit Completion(std::pmr::memory_resource* memory) : setup_id(memory), device_id(memory) {}
        std::pmr::string setup_id, device_id;
        SetupAccess access = SetupAccess::node;
        std::uint64_t at_ms = 0;
    };

    BootstrapTokens(store::Store& store, const crypto::Random& random, BlockPool* pool,
                    std::pmr::memory_resource* memory);

    // devices/bootstrap.json. What cannot be read counts as nothing: such a token is soon made again.
    [[nodiscard]] Result<void> load();

    // The oldest token goes when there are too many. `out` is valid until the next call.
    [[nodiscard]] DeviceError issue(SetupAccess access, std::uint64_t now_ms, const Token*& out);
    // Whether the token is good for this device in this role, and with these scopes. Constant time. Uses nothing up.
    [[nodiscard]] bool check(std::string_view token, std::string_view device_id, Role role,
                             std::span<const std::string_view> scopes, std::uint64_t now_ms);
    // Takes what check() has allowed: binds the token to the device, and ends it for the role.
    [[nodiscard]] DeviceError redeem(std::string_view token, std::string_view device_id, Role role,
                                     std::uint64_t now_ms);
    [[nodiscard]] std::size_t size() const noexcept { return tokens_.size(); }
    // What became of a code: the last `count_max` are remembered until the gateway ends. Null: nothing yet.
    [[nodiscard]] const Completion* completion(std::string_view setup_id) const noexcept;
    // The completion that nobody has been told of yet, once; null: there is none.
    [[nodiscard]] const Completion* take_completion() noexcept;

private:
    void expire(std::uint64_t now_ms);
    [[nodiscard]] Token* find(std::string_view token) noexcept;
    [[nodiscard]] DeviceError save();

    store::Store& store_;
    crypto::Random random_;
    BlockPool* pool_;
    std::pmr::memory_resource* memory_;
    std::pmr::vector<Token> tokens_;
    std::pmr::list<Completion> completions_;  // oldest first
    bool completion_waits_ = false;           // the last of them
};

// Appends the code that a device scans.
void append_setup_code(std::pmr::string& out, std::string_view url, std::string_view token, BlockPool* pool);

}  // namespace gw::auth
