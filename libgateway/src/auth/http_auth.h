// Who sends this HTTP request, and may he: one answer for every path that is not public.
//
//     Authorization, ?token=, proxy headers ──┐
//     ClientAddress ──────────────────────────┼── authorize_http() ──> HttpIdentity | 401 | 403 | 429
//     Policy, Devices, FailureLimiter ────────┘
//
// Everything else about the request is not looked at. A seed-style socket is let in by this answer about its upgrade.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "auth/devices.h"
#include "auth/failure_limiter.h"
#include "auth/policy.h"

namespace gw::auth {

enum class IdentityKind : std::uint8_t {
    nobody,         // mode none
    shared_secret,  // whoever knows the token or password: the owner
    device,         // a device by its token
    proxy_user,     // whom a trusted proxy names
};

struct HttpIdentity {
    IdentityKind kind = IdentityKind::nobody;
    ScopeSet scopes;
    std::string_view user;           // proxy_user: views into the request
    const Device* device = nullptr;  // device: until the devices change

    // Of an agent that is not public. x-openclaw-sender-is-owner of public ones is the endpoint's matter.
    [[nodiscard]] bool is_owner() const noexcept {
        return kind == IdentityKind::shared_secret || scopes.allows(Scope::admin);
    }
};

struct HttpRequestFacts {
    std::optional<std::string_view> authorization;  // when there is exactly one
    bool authorization_given = false;               // there is any
    std::string_view query_token;                   // of a path that takes one; decoded
    std::optional<std::string_view> scopes;         // x-openclaw-scopes
    std::optional<std::string_view> origin;
    std::string_view host;
    ClientAddress client;
    FieldLookup fields;        // for mode trusted-proxy
    std::uint64_t now_ms = 0;  // monotonic, for the limiter
    std::uint64_t unix_ms = 0;
};

enum class HttpOutcome : std::uint8_t {
    allowed,
    missing,       // 401
    wrong,         // 401
    rate_limited,  // 429
    local_only,    // 403: mode none serves this machine alone
    foreign_page,  // 403: a page that is not ours, where nothing but the page's own machine vouches for it
    no_identity,   // 401: mode trusted-proxy; `proxy_fault` says why
};

struct HttpVerdict {
    HttpOutcome outcome = HttpOutcome::missing;
    HttpIdentity identity;
    std::uint64_t retry_after_s = 0;  // of rate_limited: for Retry-After
    ProxyFault proxy_fault = ProxyFault::none;
};

struct HttpRefusal {
    int status = 0;
    std::string_view type, message, code;
};
// What to answer; not for `allowed`.
[[nodiscard]] HttpRefusal refusal_of(HttpOutcome outcome) noexcept;

// `devices` may be null: then no device has a token. Counts failures, and forgets them after a success.
[[nodiscard]] HttpVerdict authorize_http(const HttpRequestFacts& request, Policy& policy, FailureLimiter& limiter,
                                         Devices* devices);

}  // namespace gw::auth
