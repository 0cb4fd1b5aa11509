#include "auth/http_auth.h"

#include "auth/auth.h"
#include "core/text.h"

namespace gw::auth {

namespace {

// Where no credential has to be shown a page of anywhere could make a browser ask (CSRF): there its origin must be one
// that may use the gateway, or that of the very page.
bool is_foreign_page(const HttpRequestFacts& request, const Policy& policy) noexcept {
    if (!request.origin) return false;
    OriginRules rules = policy.origins();
    // Behind something that knows its users a name is not enough to get in: the page may have any name that is ours.
    rules.host_fallback = rules.host_fallback || request.client.peer_is_proxy || policy.config().auth.private_ingress;
    return check_origin(request.origin, request.host, request.client.is_local, rules) != OriginVerdict::allowed;
}

ScopeSet narrowed(ScopeSet scopes, std::optional<std::string_view> list) noexcept {
    return list ? scopes.intersection(scope_set(*list)) : scopes;
}

HttpVerdict refused(HttpOutcome outcome) noexcept {
    HttpVerdict out;
    out.outcome = outcome;
    return out;
}

HttpVerdict locked(std::uint64_t ms) noexcept {
    HttpVerdict out = refused(HttpOutcome::rate_limited);
    out.retry_after_s = retry_after_seconds(ms);
    return out;
}

HttpVerdict allowed(IdentityKind kind, ScopeSet scopes) noexcept {
    HttpVerdict out = refused(HttpOutcome::allowed);
    out.identity.kind = kind;
    out.identity.scopes = scopes;
    return out;
}

// A token or password, or the token of a device.
HttpVerdict by_secret(std::string_view given, const HttpRequestFacts& request, Policy& policy, FailureLimiter& limiter,
                      Devices* devices) {
    const FailureLimiter::Source source(request.client);
    if (const std::uint64_t ms = limiter.locked_ms(LimitScope::shared_secret, source, request.now_ms))
        return locked(ms);
    if (policy.secret().matches(given)) {
        limiter.succeeded(LimitScope::shared_secret, source);
        return allowed(IdentityKind::shared_secret, ScopeSet::all());
    }
    const bool may_be_device = limiter.locked_ms(LimitScope::device_token, source, request.now_ms) == 0;
    const Devices::Owner owner = devices != nullptr && may_be_device ? devices->find_by_token(given) : Devices::Owner();
    if (owner.device != nullptr && owner.role == Role::operator_) {
        const DeviceToken& token = owner.device->token(owner.role);
        HttpVerdict out = allowed(IdentityKind::device, narrowed(scope_set(token.scopes), request.scopes));
        out.identity.device = owner.device;
        return out;
    }
    limiter.failed(LimitScope::shared_secret, source, request.now_ms);
    return refused(HttpOutcome::wrong);
}

}  // namespace

HttpRefusal refusal_of(HttpOutcome outcome) noexcept {
    switch (outcome) {
    case HttpOutcome::allowed: break;
    case HttpOutcome::missing:
        return {401, "unauthorized", "Credentials are missing. Send `Authorization: Bearer <token>`.",
                "missing_credentials"};
    case HttpOutcome::wrong: return {401, "unauthorized", "The credentials are not right.", "invalid_api_key"};
    case HttpOutcome::rate_limited:
        return {429, "rate_limited", "Too many failed authentication attempts. Please try again later.",
                "too_many_failures"};
    case HttpOutcome::local_only:
        return {403, "forbidden",
                "This gateway has no authentication and serves this machine alone. Set gateway.auth.mode to token, or "
                "gateway.auth.privateIngress when an ingress in front decides who may come.",
                "local_only"};
    case HttpOutcome::foreign_page:
        return {403, "forbidden",
                "This page may not use the gateway. Name its origin in gateway.controlUi.allowedOrigins.",
                "origin_not_allowed"};
    case HttpOutcome::no_identity:
        return {401, "unauthorized", "The proxy in front of this gateway has not said who you are.", "no_identity"};
    }
    return {};
}

HttpVerdict authorize_http(const HttpRequestFacts& request, Policy& policy, FailureLimiter& limiter, Devices* devices) {
    std::string_view given;
    if (request.authorization) given = bearer_token(*request.authorization).value_or(std::string_view{});
    if (given.empty() && !request.authorization_given) given = request.query_token;
    switch (policy.mode()) {
    case config::AuthMode::none:
        if (!policy.admits_without_credential(request.client, request.host)) return refused(HttpOutcome::local_only);
        if (is_foreign_page(request, policy)) return refused(HttpOutcome::foreign_page);
        return allowed(IdentityKind::nobody, narrowed(ScopeSet::all(), request.scopes));
    case config::AuthMode::trusted_proxy: {
        HttpVerdict out = allowed(IdentityKind::proxy_user, {});
        out.proxy_fault = policy.proxy_user(request.client, request.fields, out.identity.user);
        if (out.proxy_fault == ProxyFault::none) {
            if (is_foreign_page(request, policy)) return refused(HttpOutcome::foreign_page);
            out.identity.scopes = narrowed(policy.scopes_of_user(out.identity.user), request.scopes);
            return out;
        }
        // Programs of this machine that go past the proxy, when there is a password for them.
        if (request.client.is_direct && policy.secret().is_set() && !given.empty())
            return by_secret(given, request, policy, limiter, devices);
        out.outcome = HttpOutcome::no_identity;
        return out;
    }
    case config::AuthMode::token:
    case config::AuthMode::password: break;
    }
    if (given.empty()) return refused(request.authorization_given ? HttpOutcome::wrong : HttpOutcome::missing);
    return by_secret(given, request, policy, limiter, devices);
}

}  // namespace gw::auth
