// The decision about `connect`: may this client come in over this socket, as what, and with which token.
//
//     origin ─► device signature ─► shared secret, or who vouches ─► bootstrap token ─► device token
//            ─► must it have a device? ─► pairing ─► token ─► granted
//
// One call with everything that is known answers with one ConnectOutcome; it says nothing to anybody itself. What it
// changes is the state that it is given: failures in the limiters, requests and tokens in Devices. For visitors from a
// tailnet it may first ask who has an address: the caller finds out and calls again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "auth/bootstrap.h"
#include "auth/device_identity.h"
#include "auth/devices.h"
#include "auth/failure_limiter.h"
#include "auth/policy.h"
#include "core/buffer.h"
#include "crypto/random.h"

namespace gw::auth {

enum class AuthMethod : std::uint8_t { none, token, password, trusted_proxy, tailscale, device_token, bootstrap_token };
[[nodiscard]] std::string_view name_of(AuthMethod method) noexcept;  // "device-token", as hello-ok has it

// The params of connect, the upgrade, and what the host knows of the peer. Views, used during the call only.
struct ConnectFacts {
    int protocol = 4;  // that was agreed on
    struct Client {
        std::string_view id, mode, display_name, platform, device_family;
    } client;
    Role role = Role::operator_;
    std::span<const std::string_view> scopes;                         // as sent
    std::string_view token, password, device_token, bootstrap_token;  // auth; empty: not sent
    std::optional<std::string_view> authorization;                    // of the upgrade, when there is exactly one
    std::string_view query_token;                                     // ?token= of the upgrade, decoded
    std::optional<DeviceProof> device;
    std::string_view challenge_nonce;  // that this connection was sent

    ClientAddress from;
    ForwardingFields forwarding;
    std::string_view host;
    std::optional<std::string_view> origin;
    FieldLookup fields;            // of the upgrade
    std::string_view certificate;  // SHA-256 of a client certificate that TLS has verified, hexadecimal; empty: none

    struct Whois {
        bool found = false;
        std::string_view login;
    };
    std::optional<Whois> whois;  // the answer to ask_whois

    std::uint64_t now_ms = 0;  // monotonic
    std::uint64_t unix_ms = 0;
};

struct ConnectOutcome {
    ConnectOutcome(BlockPool* pool, std::pmr::memory_resource* memory)
        : scopes(memory), user(memory), message(memory), details(pool) {}

    enum class Kind : std::uint8_t { granted, refused, ask_whois };
    Kind kind = Kind::refused;

    // granted
    AuthMethod method = AuthMethod::none;
    ScopeList scopes;                    // what this connection may do, in the order in which it asked
    std::pmr::string user;               // who it is, where somebody vouches for that
    const Device* device = nullptr;      // when it is paired; until the devices change
    const DeviceToken* token = nullptr;  // for hello-ok; none: nothing to issue

    // refused: the error of the answer, and the close that follows
    std::string_view code;
    std::pmr::string message;
    Buffer details;  // JSON; empty: none
    bool retryable = false;
    std::uint64_t retry_after_ms = 0;  // of too many failures; 0: not known
    std::uint16_t close_code = 1008;

    // granted or refused: what operators with the pairing scope are to be told
    const PairRequest* requested = nullptr;  // device.pair.requested
    std::optional<crypto::Uuid> approved;    // device.pair.resolved: the id of a request that nobody had to see
    // ask_whois
    IpText whois_address;
};

class ConnectAuth {
public:
    // All of these must outlive it. `pages` is for what browsers send from this machine (Policy::page_limits()).
    ConnectAuth(Policy& policy, Devices& devices, BootstrapTokens& bootstraps, FailureLimiter& limiter,
                FailureLimiter& pages, const crypto::Random& random, BlockPool* pool, std::pmr::memory_resource* memory)
        : policy_(policy),
          devices_(devices),
          bootstraps_(bootstraps),
          limiter_(limiter),
          pages_(pages),
          random_(random),
          pool_(pool),
          memory_(memory) {}

    [[nodiscard]] ConnectOutcome decide(const ConnectFacts& facts);

private:
    friend class ConnectDecision;
    Policy& policy_;
    Devices& devices_;
    BootstrapTokens& bootstraps_;
    FailureLimiter& limiter_;
    FailureLimiter& pages_;
    crypto::Random random_;
    BlockPool* pool_;
    std::pmr::memory_resource* memory_;
};

}  // namespace gw::auth
