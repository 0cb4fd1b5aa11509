// Policy: what the configuration says about who may come in, ready to be asked.
//
//     config::Config, the shared secret ──> Policy ──> connect_auth.h (WebSocket), http_auth.h (HTTP)
//
// Made anew when the configuration changes. It refers to the Config, which must outlive it.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "auth/client_address.h"
#include "auth/failure_limiter.h"
#include "auth/origin.h"
#include "auth/scopes.h"
#include "config/config.h"
#include "crypto/sha256.h"

namespace gw::auth {

// The token or password that everybody shares: a text, or the bcrypt hash of one.
//
// bcrypt is slow by design, and this thread has other things to do: a password that was right once is remembered as a
// keyed hash, and only others are checked the slow way.
class SharedSecret {
public:
    SharedSecret(std::string_view secret, bool may_be_hash, std::pmr::memory_resource* memory);
    ~SharedSecret();
    SharedSecret(const SharedSecret&) = delete;
    SharedSecret& operator=(const SharedSecret&) = delete;

    [[nodiscard]] bool is_set() const noexcept { return !secret_.empty(); }
    [[nodiscard]] bool is_hash() const noexcept { return is_hash_; }
    // Constant time. Nothing matches a secret that is not set, and an empty text matches nothing.
    [[nodiscard]] bool matches(std::string_view given);

private:
    std::pmr::memory_resource* memory_;
    std::pmr::string secret_;
    bool is_hash_ = false;
    std::optional<crypto::Digest> accepted_;  // keyed with the hash, which is salted
};

// Finds a field of a request by name: its value when there is exactly one of that name. Two of them are none: a proxy
// that adds its own behind what the client wrote must not be misread.
class FieldLookup {
public:
    FieldLookup() noexcept = default;
    template <typename Headers>
    explicit FieldLookup(const Headers& headers) noexcept
        : headers_(&headers), get_([](const void* object, std::string_view name) {
              return static_cast<const Headers*>(object)->get_single(name);
          }) {}
    [[nodiscard]] std::optional<std::string_view> operator()(std::string_view name) const {
        return get_ == nullptr ? std::nullopt : get_(headers_, name);
    }

private:
    const void* headers_ = nullptr;
    std::optional<std::string_view> (*get_)(const void*, std::string_view) = nullptr;
};

enum class ProxyFault : std::uint8_t {
    none,
    untrusted_source,  // the peer is no trusted proxy
    loopback_source,   // it is one on this machine, and those need allowLoopback
    missing_header,
    user_missing,
    user_not_allowed,
};
[[nodiscard]] std::string_view name_of(ProxyFault fault) noexcept;  // "trusted_proxy_untrusted_source", ...

class Policy {
public:
    // `secret` is the token or password of the mode, wherever it came from; empty: none.
    Policy(const config::Config& config, std::string_view secret, std::pmr::memory_resource* memory);

    [[nodiscard]] config::AuthMode mode() const noexcept { return config_.auth.mode; }
    [[nodiscard]] const config::Config& config() const noexcept { return config_; }
    [[nodiscard]] SharedSecret& secret() noexcept { return secret_; }
    [[nodiscard]] const TrustedProxies& proxies() const noexcept { return proxies_; }
    [[nodiscard]] OriginRules origins() const noexcept {
        return {config_.control_ui.allowed_origins, config_.control_ui_origin_by_host};
    }
    [[nodiscard]] FailureLimiter::Options limits() const noexcept;
    // The same for pages in browsers, which never are exempt.
    [[nodiscard]] FailureLimiter::Options page_limits() const noexcept;

    [[nodiscard]] ClientAddress client(std::string_view peer, std::string_view host,
                                       const ForwardingFields& fields) const noexcept {
        return client_address(peer, host, fields, proxies_, config_.real_ip_fallback);
    }

    // Mode none: a program of this machine, or anybody when an ingress in front asks who it is. `host` is the Host
    // field: a page that a foreign name has led here is not let in.
    [[nodiscard]] bool admits_without_credential(const ClientAddress& from, std::string_view host) const noexcept;

    // Mode trusted-proxy: the user whom the proxy names.
    [[nodiscard]] ProxyFault proxy_user(const ClientAddress& from, const FieldLookup& fields,
                                        std::string_view& user) const;

    // What a user whom others vouch for may do.
    [[nodiscard]] ScopeSet scopes_of_user(std::string_view user) const noexcept;

private:
    const config::Config& config_;
    SharedSecret secret_;
    TrustedProxies proxies_;
};

}  // namespace gw::auth
