#include "auth/policy.h"

#include <algorithm>

#include "core/text.h"
#include "crypto/compare.h"
#include "crypto/password.h"

namespace gw::auth {

namespace {

constexpr std::size_t user_bytes_max = 256;
constexpr std::size_t password_bytes_max = 1024;

// A name that can be shown and compared: not too long, nothing invisible at the level of bytes.
bool is_user_name(std::string_view text) noexcept {
    return !text.empty() && text.size() <= user_bytes_max && is_utf8(text) &&
           std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

SharedSecret::SharedSecret(std::string_view secret, bool may_be_hash, std::pmr::memory_resource* memory)
    : memory_(memory),
      secret_(secret, memory),
      is_hash_(may_be_hash && static_cast<bool>(crypto::check_bcrypt_hash(secret))) {}

SharedSecret::~SharedSecret() {
    crypto::wipe(secret_);
    if (accepted_) crypto::wipe(*accepted_);
}

bool SharedSecret::matches(std::string_view given) {
    if (secret_.empty() || given.empty()) return false;
    if (!is_hash_) return crypto::equal_secrets(given, std::string_view(secret_));
    if (given.size() > password_bytes_max) return false;
    const crypto::Digest digest = crypto::hmac_sha256(std::string_view(secret_), given);
    if (accepted_ && crypto::equal_secrets(std::span<const std::byte>(digest), std::span<const std::byte>(*accepted_)))
        return true;
    const auto right = crypto::verify_bcrypt(given, secret_, memory_);
    if (!right || !*right) return false;
    accepted_ = digest;
    return true;
}

std::string_view name_of(ProxyFault fault) noexcept {
    switch (fault) {
    case ProxyFault::none: break;
    case ProxyFault::untrusted_source: return "trusted_proxy_untrusted_source";
    case ProxyFault::loopback_source: return "trusted_proxy_loopback_source";
    case ProxyFault::missing_header: return "trusted_proxy_missing_header";
    case ProxyFault::user_missing: return "trusted_proxy_user_missing";
    case ProxyFault::user_not_allowed: return "trusted_proxy_user_not_allowed";
    }
    return {};
}

Policy::Policy(const config::Config& config, std::string_view secret, std::pmr::memory_resource* memory)
    : config_(config),
      secret_(secret,
              config.auth.mode == config::AuthMode::password || config.auth.mode == config::AuthMode::trusted_proxy,
              memory),
      proxies_(config.trusted_proxies, memory) {}

FailureLimiter::Options Policy::limits() const noexcept {
    const auto& from = config_.auth.rate_limit;
    FailureLimiter::Options out;
    out.attempts_max = from.attempts_max;
    out.window_ms = from.window_ms;
    out.lockout_ms = from.lockout_ms;
    out.exempt_loopback = from.exempt_loopback;
    return out;
}

FailureLimiter::Options Policy::page_limits() const noexcept {
    FailureLimiter::Options out = limits();
    out.exempt_loopback = false;
    return out;
}

bool Policy::admits_without_credential(const ClientAddress& from, std::string_view host) const noexcept {
    return config_.auth.private_ingress || (from.is_loopback && !is_foreign_name(host));
}

ProxyFault Policy::proxy_user(const ClientAddress& from, const FieldLookup& fields, std::string_view& user) const {
    const auto& auth = config_.auth;
    if (!from.peer_is_proxy) return ProxyFault::untrusted_source;
    if (from.peer_is_loopback && !auth.proxy_allow_loopback) return ProxyFault::loopback_source;
    for (const auto& name : auth.proxy_required_headers) {
        const auto value = fields(name);
        if (!value || trim(*value).empty()) return ProxyFault::missing_header;
    }
    const auto value = fields(auth.proxy_user_header);
    const std::string_view name = value ? trim(*value) : std::string_view{};
    if (!is_user_name(name)) return ProxyFault::user_missing;
    if (!auth.proxy_allow_users.empty() && !has_word(auth.proxy_allow_users, name)) return ProxyFault::user_not_allowed;
    user = name;
    return ProxyFault::none;
}

ScopeSet Policy::scopes_of_user(std::string_view user) const noexcept {
    if (config_.auth.identity_scopes.empty()) return ScopeSet::all();
    for (const auto& [name, scopes] : config_.auth.identity_scopes) {
        if (std::string_view(name) == user) return scope_set(scopes);
    }
    return {};
}

}  // namespace gw::auth
