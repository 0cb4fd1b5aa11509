// Who sends a request, whether he may come in, and how often.
#include <array>
#include <charconv>

#include "core/ip_address.h"
#include "core/text.h"
#include "exchange/gateway.h"
#include "exchange/hub.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

auth::HttpVerdict ServerConn::authorize(const http1::RequestHead& head) {
    if (gateway().host_auth()) return {};  // only the host can say
    const http1::Headers& headers = head.headers;
    auth::Policy& policy = gateway().policy();
    auth::HttpRequestFacts facts;
    facts.authorization = headers.get_single("authorization");
    facts.authorization_given = headers.get("authorization").has_value();
    // Other paths keep tokens out of their addresses, which end up in logs and histories.
    const auto token = path_.starts_with("/api/") ? route::query_parameter(query_, "token", gateway().memory())
                                                  : std::optional<std::pmr::string>();
    if (token) facts.query_token = *token;
    facts.scopes = headers.get_single("x-openclaw-scopes");
    facts.origin = headers.get("origin");
    facts.host = headers.get_single("host").value_or(std::string_view{});
    facts.client = policy.client(peer_, facts.host, auth::read_forwarding(headers));
    facts.fields = auth::FieldLookup(headers);
    facts.now_ms = gateway().now();
    facts.unix_ms = gateway().unix_ms();
    return auth::authorize_http(facts, policy, gateway().auth_failures(), &gateway().hub().core().devices);
}

void ServerConn::refuse_unauthorized(const auth::HttpVerdict& verdict) {
    ++gateway().stats().refused_total;
    const auth::HttpRefusal refusal = auth::refusal_of(verdict.outcome);
    std::array<char, 24> seconds{};
    const char* const end = std::to_chars(seconds.data(), seconds.data() + seconds.size(), verdict.retry_after_s).ptr;
    const http1::Header retry{"Retry-After", {seconds.data(), static_cast<std::size_t>(end - seconds.data())}};
    const bool limited = verdict.outcome == auth::HttpOutcome::rate_limited;
    refuse({refusal.status, refusal.type, refusal.message, refusal.code, {}}, {&retry, limited ? 1U : 0U});
}

void ServerConn::keep_caller(const auth::HttpIdentity& identity) {
    caller_.kind = identity.kind;
    caller_.scopes = identity.scopes;
    caller_.is_owner = identity.is_owner();
    caller_.user = identity.user;
}

void ServerConn::refuse_unavailable() {
    refuse({503, "unavailable", "Nobody could say whether the credentials are right.", "auth_unavailable", {}});
}

bool ServerConn::ask_host_auth(std::string_view credentials) {
    if (!host_auth_) host_auth_.emplace(*this);
    return host_auth_->ask(peer_, credentials);
}

void ServerConn::on_decided(HostAuth::Outcome outcome) {
    if (ending()) return;
    resume_input();
    if (rpc_) return rpc_->on_decided(outcome);
    switch (outcome) {
    case HostAuth::Outcome::allowed:
        caller_.kind = auth::IdentityKind::proxy_user;
        caller_.user = user();
        caller_.scopes = scopes().empty() ? auth::ScopeSet::all() : auth::scope_set(scopes());
        caller_.is_owner = caller_.scopes.allows(auth::Scope::admin);
        set_phase(Phase::body);
        if (admit_caller()) allow_body(*head_, body_bytes_max_);
        break;
    case HostAuth::Outcome::denied: {
        auth::HttpVerdict verdict;
        if (head_->headers.get("authorization")) verdict.outcome = auth::HttpOutcome::wrong;
        refuse_unauthorized(verdict);
        break;
    }
    case HostAuth::Outcome::unavailable: refuse_unavailable(); break;
    }
    if (!ending()) static_cast<void>(on_input({}));  // the end of a request without a body waits in the parser
}

// Whoever guesses credentials has no bucket for each guess: what is not known counts for the address.
std::uint64_t ServerConn::rate_key(bool known) {
    const http1::Headers& headers = head_->headers;
    const IpText from = address().text();
    if (!known) return auth::rate_key({}, from.view());
    // The scheme may be written in many ways, the credential behind it in one.
    std::string_view credential = headers.get_single("authorization").value_or(std::string_view{});
    if (const std::size_t space = credential.find(' '); space != std::string_view::npos)
        credential = trim(credential.substr(space));
    const auto token = credential.empty() ? route::query_parameter(query_, "token", gateway().memory())
                                          : std::optional<std::pmr::string>();
    if (token) credential = *token;
    return auth::rate_key(credential.empty() ? std::string_view(caller_.user) : credential, from.view());
}

bool ServerConn::take_turn(bool known) {
    auth::RateLimiter* const limiter = gateway().front().limiter_of(path_, form_);
    if (limiter == nullptr || answer_fields_.has_limit()) return true;
    auth::RateLimiter::Standing standing;
    const std::uint64_t wait_ms = limiter->take(rate_key(known), gateway().now(), &standing);
    answer_fields_.set_limit(limiter->options().count, standing, gateway().unix_ms());
    if (wait_ms == 0) return true;
    ++gateway().stats().refused_total;
    const config::Digits seconds(static_cast<std::int64_t>(auth::retry_after_seconds(wait_ms)));
    const http1::Header retry{"Retry-After", seconds};
    refuse(
        {429, "rate_limited", "Too many requests. Retry-After says when the next one is welcome.", "rate_limited", {}},
        {&retry, 1});
    return false;
}

bool ServerConn::admit_caller() {
    if (!take_turn(true)) return false;
    const Endpoint* const endpoint = run_ ? nullptr : Routes::endpoint(target_);
    if (endpoint == nullptr || endpoint->access == Access::open) return true;
    const auth::Scope needed = endpoint->access == Access::write ? auth::Scope::write : auth::Scope::read;
    if (caller_.scopes.allows(needed)) return true;
    ++gateway().stats().refused_total;
    std::pmr::string message("missing scope: ", gateway().memory());
    refuse({403, "forbidden", message += auth::name_of(needed), "missing_scope", {}});
    return false;
}

auth::ClientAddress ServerConn::address() {
    const std::string_view host = head_->headers.get_single("host").value_or(std::string_view{});
    return gateway().policy().client(peer_, host, auth::read_forwarding(head_->headers));
}

bool ServerConn::is_local() { return address().is_loopback; }

bool ServerConn::has_credentials() { return authorize(*head_).outcome == auth::HttpOutcome::allowed; }

}  // namespace gw::exchange
