#include "auth/http_auth.h"

#include <string>

#include "auth/shelf.h"
#include "config/loaded.h"
#include "support/test.h"

namespace gw::auth {

namespace {

struct Endpoint {
    explicit Endpoint(const std::string& config, std::string_view secret)
        : loaded(test::load(config)), policy(loaded.config, secret, std::pmr::get_default_resource()) {
        INFO(loaded.text());
        REQUIRE(loaded.ok);
    }
    HttpVerdict ask(HttpRequestFacts facts, std::string_view peer = "203.0.113.9",
                    std::string_view host = "gw.example") {
        facts.host = host;
        facts.client = policy.client(peer, host, forwarding);
        facts.now_ms = now_ms;
        facts.authorization_given = facts.authorization_given || facts.authorization.has_value();
        facts.fields = FieldLookup(*this);
        return authorize_http(facts, policy, limiter, &shelf.devices);
    }
    [[nodiscard]] std::optional<std::string_view> get_single(std::string_view name) const {
        if (name == "x-user" && !user.empty()) return user;
        return std::nullopt;
    }
    test::Loaded loaded;
    Policy policy;
    test::Shelf shelf;
    FailureLimiter limiter{policy.limits(), std::pmr::get_default_resource()};
    ForwardingFields forwarding;
    std::string user;
    std::uint64_t now_ms = 1000;
};

HttpRequestFacts bearer(std::string_view value) {
    HttpRequestFacts facts;
    facts.authorization = value;
    return facts;
}

}  // namespace

TEST_CASE("auth: a bearer, a password, a token in the address") {
    Endpoint token("{gateway:{auth:{mode:'token',token:'secret'}}}", "secret");
    using enum HttpOutcome;
    CHECK(token.ask(bearer("Bearer secret")).outcome == allowed);
    CHECK(token.ask(bearer("bearer  secret ")).outcome == allowed);
    CHECK(token.ask(bearer("Bearer secret")).identity.is_owner());
    CHECK(token.ask({}).outcome == missing);
    CHECK(token.ask(bearer("Basic secret")).outcome == wrong);
    CHECK(token.ask(bearer("Bearer secre")).outcome == wrong);
    HttpRequestFacts query;
    query.query_token = "secret";
    CHECK(token.ask(query).outcome == allowed);
    query.authorization_given = true;  // two of them, which is none
    CHECK(token.ask(query).outcome == wrong);
    // Scopes are narrowed where identities have them, not for who knows the secret.
    HttpRequestFacts narrow = bearer("Bearer secret");
    narrow.scopes = "operator.read";
    CHECK(token.ask(narrow).identity.scopes == ScopeSet::all());

    Endpoint password("{gateway:{auth:{mode:'password',password:'pw'}}}", "pw");
    CHECK(password.ask(bearer("Bearer pw")).outcome == allowed);
    CHECK(password.ask(bearer("Bearer p")).outcome == wrong);
    Endpoint empty("{gateway:{auth:{mode:'token'}}}", "");
    CHECK(empty.ask(bearer("Bearer x")).outcome == wrong);
}

TEST_CASE("auth: three wrong bearers lock an address out, the right one too") {
    Endpoint endpoint("{gateway:{auth:{mode:'token',token:'secret',rateLimit:{maxAttempts:3,lockoutMs:5000}}}}",
                      "secret");
    using enum HttpOutcome;
    for (int i = 0; i < 3; ++i) CHECK(endpoint.ask(bearer("Bearer wrong")).outcome == wrong);
    const HttpVerdict locked = endpoint.ask(bearer("Bearer secret"));
    CHECK(locked.outcome == rate_limited);
    CHECK(locked.retry_after_s == 5);
    CHECK(endpoint.ask({}).outcome == missing);
    CHECK(endpoint.ask(bearer("Bearer secret"), "203.0.113.8").outcome == allowed);
    endpoint.now_ms += 4001;
    CHECK(endpoint.ask(bearer("Bearer secret")).retry_after_s == 1);
    endpoint.now_ms += 999;
    CHECK(endpoint.ask(bearer("Bearer secret")).outcome == allowed);
    for (int i = 0; i < 9; ++i) CHECK(endpoint.ask(bearer("Bearer wrong"), "127.0.0.1", "localhost").outcome == wrong);
    for (const HttpOutcome outcome : {missing, wrong, rate_limited, local_only, foreign_page, no_identity}) {
        const HttpRefusal refusal = refusal_of(outcome);
        CHECK(refusal.status >= 401);
        CHECK_FALSE(refusal.message.empty());
        CHECK_FALSE(refusal.code.empty());
    }
    CHECK(refusal_of(rate_limited).status == 429);
    CHECK(refusal_of(rate_limited).type == "rate_limited");
}

TEST_CASE("auth: a device's token as a bearer") {
    Endpoint endpoint("{gateway:{auth:{mode:'token',token:'secret'}}}", "secret");
    const test::TestDevice device(1);
    constexpr std::string_view scopes[] = {"operator.write"};
    DeviceAsk ask;
    ask.id = device.id;
    ask.public_key = device.public_key;
    ask.scopes = scopes;
    const Device* paired = nullptr;
    REQUIRE(endpoint.shelf.devices.approve_now(ask, "silent", 1, paired) == DeviceError::none);
    const std::string token = "Bearer " + std::string(paired->token(Role::operator_).token);
    const HttpVerdict verdict = endpoint.ask(bearer(token));
    REQUIRE(verdict.outcome == HttpOutcome::allowed);
    CHECK(verdict.identity.kind == IdentityKind::device);
    CHECK(verdict.identity.device == paired);
    CHECK(verdict.identity.scopes.allows(Scope::read));
    CHECK_FALSE(verdict.identity.is_owner());
    HttpRequestFacts narrow = bearer(token);
    narrow.scopes = "operator.read, operator.pairing";
    CHECK(endpoint.ask(narrow).identity.scopes.allows(Scope::read));
    CHECK_FALSE(endpoint.ask(narrow).identity.scopes.allows(Scope::write));
    CHECK_FALSE(endpoint.ask(narrow).identity.scopes.allows(Scope::pairing));
    narrow.scopes = "operator.admin";
    CHECK_FALSE(endpoint.ask(narrow).identity.scopes.allows(Scope::admin));
    // A node is no operator.
    ask.role = Role::node;
    REQUIRE(endpoint.shelf.devices.approve_now(ask, "silent", 1, paired) == DeviceError::none);
    const std::string node = "Bearer " + std::string(paired->token(Role::node).token);
    CHECK(endpoint.ask(bearer(node)).outcome == HttpOutcome::wrong);
    const Device* out = nullptr;
    REQUIRE(endpoint.shelf.devices.revoke(device.id, Role::operator_, ScopeSet::all(), 2, out) == DeviceError::none);
    CHECK(endpoint.ask(bearer(token)).outcome == HttpOutcome::wrong);
}

TEST_CASE("auth: without a credential pages of others are kept out") {
    Endpoint none("{gateway:{auth:{mode:'none'}}}", "");
    using enum HttpOutcome;
    CHECK(none.ask({}, "127.0.0.1", "localhost").outcome == allowed);
    CHECK(none.ask({}, "127.0.0.1", "gateway").outcome == allowed);
    CHECK(none.ask({}, "127.0.0.1", "rebound.example").outcome == local_only);
    CHECK(none.ask({}, "203.0.113.9").outcome == local_only);
    HttpRequestFacts page;
    page.origin = "https://evil.example";
    CHECK(none.ask(page, "127.0.0.1", "localhost").outcome == foreign_page);
    page.origin = "null";
    CHECK(none.ask(page, "127.0.0.1", "localhost").outcome == foreign_page);
    page.origin = "http://localhost:5173";
    CHECK(none.ask(page, "127.0.0.1", "localhost").outcome == allowed);
    none.forwarding.present = true;
    CHECK(none.ask({}, "127.0.0.1", "localhost").outcome == local_only);
    Endpoint ingress("{gateway:{auth:{mode:'none',privateIngress:true}}}", "");
    CHECK(ingress.ask({}).outcome == allowed);
    page.origin = "https://gw.example";
    CHECK(ingress.ask(page).outcome == allowed);
    HttpRequestFacts narrow;
    narrow.scopes = "operator.read";
    CHECK_FALSE(ingress.ask(narrow).identity.scopes.allows(Scope::write));
    CHECK_FALSE(ingress.ask(narrow).identity.is_owner());
    CHECK(ingress.ask({}).identity.is_owner());
}

TEST_CASE("auth: users whom a proxy names") {
    Endpoint endpoint(
        "{gateway:{trustedProxies:['10.0.0.2','127.0.0.1'],auth:{mode:'trusted-proxy',password:'pw',trustedProxy:{"
        "userHeader:"
        "'x-user'},identityScopes:{ann:['operator.write']}}}}",
        "pw");
    using enum HttpOutcome;
    endpoint.user = "ann";
    const HttpVerdict ann = endpoint.ask({}, "10.0.0.2");
    CHECK(ann.outcome == allowed);
    CHECK(ann.identity.user == "ann");
    CHECK(ann.identity.scopes.allows(Scope::read));
    CHECK_FALSE(ann.identity.is_owner());
    HttpRequestFacts page;
    page.origin = "https://gw.example";
    CHECK(endpoint.ask(page, "10.0.0.2").outcome == allowed);
    page.origin = "https://evil.example";
    CHECK(endpoint.ask(page, "10.0.0.2").outcome == foreign_page);
    endpoint.user = "bob";
    CHECK(endpoint.ask({}, "10.0.0.2").identity.scopes.empty());
    CHECK(endpoint.ask({}, "203.0.113.9").outcome == no_identity);
    CHECK(endpoint.ask(bearer("Bearer pw"), "203.0.113.9").outcome == no_identity);
    CHECK(endpoint.ask(bearer("Bearer pw"), "127.0.0.1", "localhost").outcome == allowed);
    CHECK(endpoint.ask(bearer("Bearer no"), "127.0.0.1", "localhost").outcome == wrong);
    endpoint.forwarding.present = true;
    CHECK(endpoint.ask(bearer("Bearer pw"), "127.0.0.1", "localhost").proxy_fault == ProxyFault::loopback_source);
}

}  // namespace gw::auth
