#include "auth/connect_auth.h"

#include <map>
#include <string>
#include <vector>

#include "auth/shelf.h"
#include "config/loaded.h"
#include "support/test.h"

namespace gw::auth {

namespace {

using test::Shelf;
using test::TestDevice;
using Kind = ConnectOutcome::Kind;

constexpr std::string_view nonce = "881d6753-3298-4fae-9f6f-58d5d99d89f9";
constexpr std::string_view all_scopes[] = {"operator.admin", "operator.read", "operator.write", "operator.approvals",
                                           "operator.pairing"};
constexpr std::string_view only_read[] = {"operator.read"};
constexpr std::string_view secret = "dummy-token-0123456789abcdef";
const std::string token_mode = "{gateway:{auth:{mode:'token',token:'" + std::string(secret) + "'}}}";

// A gateway's door: configuration, devices, limiters, a clock.
struct Door {
    explicit Door(const std::string& config, std::string_view shared = secret)
        : loaded(test::load(config)), policy(loaded.config, shared, std::pmr::get_default_resource()) {
        INFO(loaded.text());
        REQUIRE(loaded.ok);
    }

    test::Loaded loaded;
    Policy policy;
    Shelf shelf;
    FailureLimiter limiter{policy.limits(), std::pmr::get_default_resource()};
    FailureLimiter pages{policy.page_limits(), std::pmr::get_default_resource()};
    ConnectAuth auth{policy, shelf.devices,    shelf.bootstraps, limiter,
                     pages,  crypto::Random(), shelf.pool.get(), std::pmr::get_default_resource()};
    std::uint64_t now_ms = 1000, unix_ms = 1795169832621;
};

// One client that knocks.
struct Knock {
    explicit Knock(Door& door) : door_(door) {}
    Knock& from(std::string_view address, std::string_view at = "gw.example") {
        peer = address;
        host = at;
        return *this;
    }

    ConnectOutcome operator()() {
        facts.forwarding = {};
        if (!forwarded.empty()) {
            facts.forwarding.present = facts.forwarding.has_proto = facts.forwarding.has_host = true;
            facts.forwarding.forwarded_for[0] = forwarded;
            facts.forwarding.line_count = 1;
        }
        facts.from = door_.policy.client(peer, host, facts.forwarding);
        facts.host = host;
        facts.challenge_nonce = nonce;
        facts.now_ms = door_.now_ms;
        facts.unix_ms = door_.unix_ms;
        facts.fields = FieldLookup(*this);
        if (device != nullptr) {
            const std::string_view token = !facts.token.empty()          ? facts.token
                                           : !facts.device_token.empty() ? facts.device_token
                                                                         : facts.bootstrap_token;
            DeviceProof proof{device->id, device->public_key, {}, nonce, static_cast<std::int64_t>(door_.unix_ms)};
            std::pmr::string payload;
            append_signed_payload(payload, PayloadVersion::v3, proof,
                                  {facts.client.id, facts.client.mode, name_of(facts.role), facts.scopes, token,
                                   facts.client.platform, facts.client.device_family});
            signature = device->sign(payload);
            if (proof_is_broken) signature[5] = signature[5] == 'A' ? 'B' : 'A';
            proof.signature = signature;
            facts.device = proof;
        }
        return door_.auth.decide(facts);
    }
    // "granted token operator.read", or "INVALID_REQUEST message {details}".
    std::string says() {
        const ConnectOutcome out = (*this)();
        if (out.kind == Kind::ask_whois) return "whois " + std::string(out.whois_address.view());
        if (out.kind == Kind::refused)
            return std::string(out.code) + " " + std::string(out.message) + " " + std::string(out.details.text());
        std::string text = "granted " + std::string(name_of(out.method));
        for (const auto& scope : out.scopes) text += " " + std::string(scope.substr(scope.find('.') + 1));
        return text;
    }
    [[nodiscard]] std::optional<std::string_view> get_single(std::string_view name) const {
        const auto found = headers.find(std::string(name));
        return found == headers.end() ? std::nullopt : std::optional<std::string_view>(found->second);
    }

    ConnectFacts facts;
    const TestDevice* device = nullptr;
    std::string peer = "127.0.0.1", host = "127.0.0.1:18789", forwarded, signature;
    std::map<std::string, std::string> headers;
    bool proof_is_broken = false;

private:
    Door& door_;
};

Knock cli(Door& door, int protocol = 4) {
    Knock knock(door);
    knock.facts.protocol = protocol;
    knock.facts.client = {"cli", "cli", "", "linux", ""};
    knock.facts.scopes = all_scopes;
    knock.facts.token = secret;
    return knock;
}
Knock control_ui(Door& door, int protocol = 4) {
    Knock knock = cli(door, protocol);
    knock.facts.client = {"openclaw-control-ui", "webchat", "", "linux", ""};
    knock.facts.origin = "http://127.0.0.1:18789";
    return knock;
}

constexpr std::string_view everything = " admin read write approvals pairing";

std::string credential_details(std::string_view code, std::string_view reason, bool retry, std::string_view step) {
    return " {\"code\":\"" + std::string(code) + "\",\"authReason\":\"" + std::string(reason) +
           "\",\"canRetryWithDeviceToken\":" + (retry ? "true" : "false") + ",\"recommendedNextStep\":\"" +
           std::string(step) + "\"}";
}

}  // namespace

TEST_CASE("auth: the recorded handshakes of both releases") {
    for (const int protocol : {3, 4}) {
        INFO(protocol);
        Door door(token_mode);
        const TestDevice device(1);
        const std::string hint = protocol == 3 ? "(set gateway.remote.token to match gateway.auth.token)"
                                               : "(use this gateway's gateway.auth.token or pair the device)";
        Knock ok = cli(door, protocol);
        ok.device = &device;
        const ConnectOutcome first = ok();
        REQUIRE(first.kind == Kind::granted);
        CHECK(first.approved);
        REQUIRE(first.token != nullptr);
        const std::string token(first.token->token);
        CHECK(first.scopes.size() == 5);
        CHECK(first.scopes[0] == "operator.admin");
        CHECK(first.token->scopes[1] == "operator.approvals");  // sorted

        Knock with_token = ok;
        with_token.facts.token = {};
        with_token.facts.device_token = token;
        const ConnectOutcome again = with_token();
        REQUIRE(again.kind == Kind::granted);
        CHECK(again.method == AuthMethod::device_token);
        CHECK_FALSE(again.approved);
        CHECK(std::string_view(again.token->token) == token);
        CHECK(again.token->issued_ms() == first.token->issued_ms());
        with_token.facts.device_token = {};
        with_token.facts.token = token;  // as the shared one
        CHECK(with_token.says() == "granted device-token" + std::string(everything));

        Knock wrong = cli(door, protocol);
        wrong.facts.token = "wrong";
        CHECK(wrong.says() ==
              "INVALID_REQUEST unauthorized: gateway token mismatch " + hint +
                  credential_details("AUTH_TOKEN_MISMATCH", "token_mismatch", false, "update_auth_credentials"));
        wrong.device = &device;
        CHECK(wrong.says() ==
              "INVALID_REQUEST unauthorized: gateway token mismatch " + hint +
                  credential_details("AUTH_TOKEN_MISMATCH", "token_mismatch", true, "retry_with_device_token"));
        const TestDevice stranger(2);
        wrong.device = &stranger;
        CHECK(wrong().details.text().find("\"canRetryWithDeviceToken\":false") != std::string_view::npos);

        Knock none = cli(door, protocol);
        none.facts.token = {};
        CHECK(none.says() == "NOT_PAIRED device identity required {\"code\":\"DEVICE_IDENTITY_REQUIRED\"}");
        none.device = &device;
        CHECK(none.says() ==
              "INVALID_REQUEST unauthorized: gateway token missing " + hint +
                  credential_details("AUTH_TOKEN_MISSING", "token_missing", false, "update_auth_configuration"));

        // Right token, no device.
        CHECK(cli(door, protocol).says() == "granted token" + std::string(protocol == 3 ? "" : everything));
        Knock backend = cli(door, protocol);
        backend.facts.client = {"gateway-client", "backend", "", "linux", ""};
        CHECK(backend.says() == "granted token" + std::string(protocol == 3 ? "" : everything));
        const TestDevice unpaired(3);
        backend.device = &unpaired;  // with a device the scopes stay, and nothing is paired
        const ConnectOutcome skipped = backend();
        CHECK(skipped.kind == Kind::granted);
        CHECK(skipped.scopes.size() == 5);
        CHECK(skipped.token == nullptr);
        CHECK(door.shelf.devices.find(unpaired.id) == nullptr);
        Knock probe = cli(door, protocol);
        probe.facts.client.mode = "probe";
        CHECK(probe.says() == "granted token");

        Knock broken = ok;
        broken.proof_is_broken = true;
        CHECK(broken.says() ==
              "INVALID_REQUEST device signature invalid "
              "{\"code\":\"DEVICE_AUTH_SIGNATURE_INVALID\",\"reason\":\"device-signature\"}");

        Knock foreign = control_ui(door, protocol);
        foreign.facts.origin = "https://evil.example";
        CHECK(foreign.says() ==
              "INVALID_REQUEST origin not allowed (open the Control UI from the gateway host or allow it in "
              "gateway.controlUi.allowedOrigins) "
              "{\"code\":\"CONTROL_UI_ORIGIN_NOT_ALLOWED\",\"reason\":\"origin not allowed\"}");
        foreign.facts.origin = std::nullopt;
        CHECK(foreign().details.text().find("origin missing or invalid") != std::string_view::npos);
        CHECK(control_ui(door, protocol).says() ==
              "INVALID_REQUEST control ui requires device identity (use HTTPS or localhost secure context) "
              "{\"code\":\"CONTROL_UI_DEVICE_IDENTITY_REQUIRED\"}");
        const TestDevice browser(4);
        Knock page = control_ui(door, protocol);
        page.device = &browser;
        CHECK(page.says() == "granted token" + std::string(everything));
        CHECK(page().close_code == 1008);
    }
}

TEST_CASE("auth: a device from elsewhere waits for an operator, a node needs a device") {
    Door door(token_mode);
    const TestDevice phone(1);
    Knock knock = cli(door, 3);
    knock.facts.client = {"openclaw-ios", "ui", "Phone", "ios", ""};
    knock.facts.scopes = only_read;
    knock.device = &phone;
    knock.from("203.0.113.9");
    const ConnectOutcome refused = knock();
    REQUIRE(refused.kind == Kind::refused);
    REQUIRE(refused.requested != nullptr);
    CHECK(refused.requested->remote_ip == "203.0.113.9");
    const std::string id(refused.requested->request_id);
    CHECK(refused.code == "NOT_PAIRED");
    CHECK(refused.details.text() ==
          "{\"code\":\"PAIRING_REQUIRED\",\"requestId\":\"" + id + "\",\"reason\":\"not-paired\"}");
    CHECK(knock().requested == nullptr);  // the same request; nobody is told twice
    const Device* device = nullptr;
    REQUIRE(door.shelf.devices.approve(id, ScopeSet::all(), door.unix_ms, device) == DeviceError::none);
    CHECK(knock.says() == "granted token read");
    knock.facts.protocol = 4;
    knock.facts.scopes = all_scopes;
    const std::string more = knock.says();
    CHECK(more.find(
              "\"reason\":\"scope-upgrade\",\"requestedRole\":\"operator\",\"requestedScopes\":[\"operator.admin\"") !=
          std::string::npos);
    // Over loopback but by a name of others, or by way of an unknown proxy: not local.
    const TestDevice second(2);
    Knock proxied = cli(door);
    proxied.device = &second;
    proxied.from("127.0.0.1", "gw.example");
    CHECK(proxied.says().find("not-paired") != std::string::npos);
    proxied.from("127.0.0.1", "localhost").forwarded = "127.0.0.1";
    CHECK(proxied.says().find("not-paired") != std::string::npos);

    Knock node = cli(door);
    node.facts.role = Role::node;
    node.facts.client = {"node-host", "node", "", "linux", ""};
    CHECK(node.says() == "NOT_PAIRED device identity required {\"code\":\"DEVICE_IDENTITY_REQUIRED\"}");
    const TestDevice host(3);
    node.device = &host;
    CHECK(node.says() == "granted token");
    // A role or a platform is not changed silently, not even from this machine.
    Knock both = cli(door);
    both.device = &host;
    CHECK(both.says().find("role-upgrade") != std::string::npos);
    node.facts.client.platform = "darwin";
    CHECK(node.says().find("metadata-upgrade") != std::string::npos);
}

TEST_CASE("auth: a device token does not grow by itself") {
    Door door(token_mode);
    const TestDevice device(1);
    Knock knock = cli(door);
    knock.device = &device;
    knock.facts.scopes = only_read;
    const std::string token(knock().token->token);
    knock.facts.token = {};
    knock.facts.device_token = token;
    CHECK(knock.says() == "granted device-token read");
    knock.facts.scopes = all_scopes;
    CHECK(knock.says().find("\"reason\":\"scope-upgrade\"") != std::string::npos);
    knock.facts.device_token = {};
    knock.facts.token = secret;  // whoever knows the secret of this machine may
    CHECK(knock.says() == "granted token" + std::string(everything));
    // A token that was narrowed on purpose stays narrow for who has nothing but it.
    const Device* out = nullptr;
    const ScopeList narrow = copy_scopes(only_read, std::pmr::get_default_resource());
    REQUIRE(door.shelf.devices.rotate(device.id, Role::operator_, narrow, ScopeSet::all(), 1, out) ==
            DeviceError::none);
    const std::string rotated(out->token(Role::operator_).token);
    knock.facts.token = {};
    knock.facts.device_token = rotated;
    CHECK(knock.says().find("AUTH_SCOPE_MISMATCH") != std::string::npos);
    knock.facts.protocol = 3;
    CHECK(knock.says().find("AUTH_DEVICE_TOKEN_MISMATCH") != std::string::npos);
    knock.facts.scopes = only_read;
    knock.facts.device_token = token;  // the old one
    CHECK(knock.says() == "INVALID_REQUEST unauthorized: device token mismatch (rotate/reissue device token)" +
                              credential_details("AUTH_DEVICE_TOKEN_MISMATCH", "device_token_mismatch", false,
                                                 "update_auth_credentials"));
}

TEST_CASE("auth: guesses are counted, whatever else comes with them") {
    const std::string config =
        "{gateway:{auth:{mode:'token',token:'" + std::string(secret) + "',rateLimit:{maxAttempts:3,lockoutMs:5000}}}}";
    const std::string limited = "INVALID_REQUEST unauthorized: too many failed authentication attempts (retry later)" +
                                credential_details("AUTH_RATE_LIMITED", "rate_limited", false, "wait_then_retry");
    const TestDevice device(1);
    struct Case {
        std::string_view name;
        void (*change)(Knock&);
    };
    const Case cases[] = {
        {"frame", [](Knock& k) { k.facts.token = "nope"; }},
        {"header",
         [](Knock& k) {
             k.facts.token = {};
             k.facts.authorization = "Bearer nope";
         }},
        {"query",
         [](Knock& k) {
             k.facts.token = {};
             k.facts.query_token = "nope";
         }},
        {"beside a setup code",
         [](Knock& k) {
             k.facts.token = "nope";
             k.facts.bootstrap_token = "x";
         }},
        {"beside a device token",
         [](Knock& k) {
             k.facts.token = "nope";
             k.facts.device_token = "x";
         }},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        Door door(config);
        const auto knock = [&] {
            Knock k = cli(door);
            k.device = &device;
            k.from("203.0.113.9");
            return k;
        };
        for (int i = 0; i < 3; ++i) {
            Knock guess = knock();
            c.change(guess);
            CHECK(guess.says() != limited);
        }
        CHECK(knock().says() == limited);  // the right one
        CHECK(knock()().retry_after_ms == 5000);
        Knock elsewhere = knock();
        elsewhere.from("203.0.113.8");
        CHECK(elsewhere.says() != limited);
        door.now_ms += 5000;
        CHECK(knock().says().find("not-paired") != std::string::npos);
    }
    // Nothing shown is no guess; programs of this machine are exempt, pages in its browsers are not.
    Door door(config);
    for (int i = 0; i < 10; ++i) {
        Knock none = cli(door);
        none.facts.token = {};
        none.device = &device;
        none.from("203.0.113.9");
        CHECK(none.says() != limited);
        Knock local = cli(door);
        local.facts.token = "nope";
        CHECK(local.says() != limited);
        Knock page = control_ui(door);
        page.device = &device;
        page.facts.token = "nope";
        CHECK((page.says() == limited) == (i >= 3));
    }
    // A paired device that sends its token as the shared one makes no guess.
    Knock first = cli(door);
    first.device = &device;
    const std::string token(first().token->token);
    for (int i = 0; i < 10; ++i) {
        Knock again = cli(door);
        again.device = &device;
        again.facts.token = token;
        again.from("203.0.113.7");
        CHECK(again.says() == "granted device-token" + std::string(everything));
    }
}

TEST_CASE("auth: mode password, in plain text and as a hash") {
    // bcrypt of "correct horse", cost 4.
    for (const bool hashed : {false, true}) {
        const std::string stored = hashed ? std::string(test::bcrypt_of_correct_horse) : std::string("correct horse");
        Door door("{gateway:{auth:{mode:'password',password:'" + stored + "'}}}", stored);
        CHECK(door.policy.secret().is_hash() == hashed);
        Knock knock = cli(door);
        knock.facts.token = {};
        knock.facts.password = "correct horse";
        for (int i = 0; i < 3; ++i) CHECK(knock.says() == "granted password" + std::string(everything));
        knock.facts.password = "correct hors";
        CHECK(
            knock.says() ==
            "INVALID_REQUEST unauthorized: gateway password mismatch (use this gateway's gateway.auth.password or pair "
            "the device)" +
                credential_details("AUTH_PASSWORD_MISMATCH", "password_mismatch", false, "update_auth_credentials"));
        knock.facts.password = stored;
        CHECK((knock().kind == Kind::granted) == !hashed);  // the hash is no password
        knock.facts.password = {};
        knock.facts.authorization = "Bearer correct horse";
        CHECK(knock.says() == "granted password" + std::string(everything));
        knock.facts.authorization = std::nullopt;
        const TestDevice device(1);
        knock.device = &device;
        knock.facts.protocol = 3;
        CHECK(knock.says().find("unauthorized: gateway password missing (set gateway.remote.password") !=
              std::string::npos);
        Knock page = control_ui(door);
        page.facts.token = {};
        page.device = &device;
        CHECK(page.says().find("(enter the password in Control UI settings)") != std::string::npos);
        Knock other = page;
        other.facts.client = {"openclaw-tui", "ui", "", "", ""};
        CHECK(other.says().find("(provide gateway auth password)") != std::string::npos);
    }
    Door empty("{gateway:{auth:{mode:'token'}}}", "");
    const TestDevice device(1);
    Knock knock = cli(empty);
    knock.facts.token = "x";
    knock.device = &device;
    CHECK(knock.says().find("AUTH_TOKEN_NOT_CONFIGURED") != std::string::npos);
}

TEST_CASE("auth: mode none serves this machine, and no page that a foreign name has led here") {
    Door door("{gateway:{auth:{mode:'none'}}}", "");
    Knock knock = cli(door);
    knock.facts.token = {};
    CHECK(knock.says() == "granted none" + std::string(everything));
    knock.facts.protocol = 3;
    CHECK(knock.says() == "granted none");
    const TestDevice device(1);
    knock.device = &device;
    CHECK(knock.says() == "granted none" + std::string(everything));
    CHECK(Knock(knock).from("127.0.0.1", "rebound.example").says().find("AUTH_UNAUTHORIZED") != std::string::npos);
    CHECK(Knock(knock).from("203.0.113.9").says().find("\"authReason\":\"local_only\"") != std::string::npos);
    Knock proxied(knock);
    proxied.forwarded = "203.0.113.9";
    CHECK(proxied.says().find("local_only") != std::string::npos);
    Door ingress("{gateway:{auth:{mode:'none',privateIngress:true}}}", "");
    Knock behind = cli(ingress);
    behind.facts.token = {};
    behind.from("203.0.113.9");
    CHECK(behind.says() == "granted none");
}

TEST_CASE("auth: mode trusted-proxy") {
    const auto config = [](std::string_view more) {
        return "{gateway:{trustedProxies:['10.0.0.2','127.0.0.1'],controlUi:{allowedOrigins:['https://"
               "gw.example']},auth:{"
               "mode:'trusted-proxy',trustedProxy:{userHeader:'x-user',requiredHeaders:['x-verified'],allowUsers:['ann'"
               ","
               "'bob']}" +
               std::string(more) + "}}}";
    };
    Door door(config(",identityScopes:{ann:['operator.admin'],bob:['operator.read']}"), "");
    const auto page = [&](std::string_view user) {
        Knock knock = control_ui(door);
        knock.facts.token = {};
        knock.facts.origin = "https://gw.example";
        knock.from("10.0.0.2").forwarded = "203.0.113.9";
        knock.headers = {{"x-user", std::string(user)}, {"x-verified", "1"}};
        return knock;
    };
    CHECK(page("ann").says() == "granted trusted-proxy" + std::string(everything));
    CHECK(page("bob").says() == "granted trusted-proxy read");
    CHECK(page("ann")().user == "ann");
    const auto reason = [](Knock knock) {
        const std::string says = knock.says();
        const std::size_t at = says.find("trusted_proxy_");
        return at == std::string::npos ? says : says.substr(at + 14, says.find('"', at) - at - 14);
    };
    const TestDevice device(1);
    const auto refused = [&](auto change) {
        Knock knock = page("ann");
        knock.device = &device;  // so that it is told why
        change(knock);
        return reason(knock);
    };
    CHECK(refused([](Knock& k) { k.peer = "203.0.113.9"; }) == "untrusted_source");
    CHECK(refused([](Knock& k) { k.peer = "127.0.0.1"; }) == "loopback_source");
    CHECK(refused([](Knock& k) { k.headers.erase("x-verified"); }) == "missing_header");
    CHECK(refused([](Knock& k) { k.headers["x-verified"] = "  "; }) == "missing_header");
    CHECK(refused([](Knock& k) { k.headers.erase("x-user"); }) == "user_missing");
    CHECK(refused([](Knock& k) {
              k.headers["x-user"] =
                  "a\x01"
                  "b";
          }) == "user_missing");
    CHECK(refused([](Knock& k) { k.headers["x-user"] = "mallory"; }) == "user_not_allowed");
    CHECK(refused([](Knock& k) { k.headers["x-user"] = "Ann"; }) == "user_not_allowed");

    // Programs of this machine go past the proxy, if there is a password.
    Door with_password(config(",password:'pw'"), "pw");
    Knock local = cli(with_password);
    local.facts.token = {};
    local.facts.password = "pw";
    CHECK(local.says().starts_with("granted password"));
    local.facts.password = "no";
    CHECK(local.says().find("AUTH_PASSWORD_MISMATCH") != std::string::npos);
    local.facts.password = "pw";
    local.forwarded = "127.0.0.1";
    CHECK(local.says().find("trusted_proxy_loopback_source") != std::string::npos);
}

TEST_CASE("auth: visitors from a tailnet") {
    Door door("{gateway:{controlUi:{allowedOrigins:['https://box.tail.ts.net']},auth:{mode:'token',token:'" +
              std::string(secret) + "',allowTailscale:true}}}");
    const TestDevice device(1);
    const auto page = [&] {
        Knock knock = control_ui(door);
        knock.facts.token = {};
        knock.facts.origin = "https://box.tail.ts.net";
        knock.from("127.0.0.1", "box.tail.ts.net").forwarded = "100.64.0.7";
        knock.headers = {{"tailscale-user-login", "ann@example.org"}};
        knock.device = &device;
        return knock;
    };
    CHECK(page().says() == "whois 100.64.0.7");
    Knock known = page();
    known.facts.whois = {true, "Ann@example.org"};
    CHECK(known.says().find("not-paired") != std::string::npos);  // let in, and still a device nobody has approved
    const Device* out = nullptr;
    REQUIRE(door.shelf.devices.approve(door.shelf.devices.pending().begin()->first, std::nullopt, door.unix_ms, out) ==
            DeviceError::none);
    CHECK(known.says() == "granted tailscale" + std::string(everything));
    CHECK(known().user == "ann@example.org");
    const auto code = [&](auto change) {
        Knock knock = page();
        change(knock);
        const std::string says = knock.says();
        const std::size_t at = says.find("AUTH_");
        return at == std::string::npos ? says : says.substr(at, says.find('"', at) - at);
    };
    CHECK(code([](Knock& k) { k.facts.whois = {false, {}}; }) == "AUTH_TAILSCALE_WHOIS_FAILED");
    CHECK(code([](Knock& k) { k.facts.whois = {true, "bob@example.org"}; }) == "AUTH_TAILSCALE_IDENTITY_MISMATCH");
    CHECK(code([](Knock& k) { k.headers["tailscale-user-login"] = " "; }) == "AUTH_TAILSCALE_IDENTITY_MISSING");
    CHECK(code([](Knock& k) { k.forwarded = "nobody"; }) == "AUTH_TAILSCALE_PROXY_MISSING");
    CHECK(code([](Knock& k) { k.peer = "203.0.113.9"; }) == "AUTH_TAILSCALE_PROXY_MISSING");
    CHECK(code([](Knock& k) { k.headers.clear(); }) == "AUTH_TOKEN_MISSING");
    CHECK(code([](Knock& k) {
              k.facts.token = "wrong";
              k.facts.whois = {false, {}};
          }) == "AUTH_TOKEN_MISMATCH");
    CHECK(code([](Knock& k) { k.facts.token = secret; }) == "granted token" + std::string(everything));
    CHECK(code([](Knock& k) { k.facts.client = {"cli", "cli", "", "linux", ""}; }) == "AUTH_TOKEN_MISSING");
}

TEST_CASE("auth: the control page without a device, when that is configured") {
    const auto door = [](std::string_view ui) {
        return "{gateway:{controlUi:{" + std::string(ui) + ",allowedOrigins:['*']},auth:{mode:'token',token:'" +
               std::string(secret) + "'}}}";
    };
    Door insecure(door("allowInsecureAuth:true"));
    CHECK(control_ui(insecure).says() == "granted token" + std::string(everything));
    CHECK(control_ui(insecure).from("203.0.113.9").says().find("CONTROL_UI_DEVICE") != std::string::npos);
    Door disabled(door("dangerouslyDisableDeviceAuth:true"));
    CHECK(control_ui(disabled).from("203.0.113.9").says() == "granted token" + std::string(everything));
    Knock wrong = control_ui(disabled);
    wrong.facts.token = "wrong";
    CHECK(wrong.says().find("(open the dashboard URL and paste the token in Control UI settings)") !=
          std::string::npos);
    Knock node = control_ui(disabled);
    node.facts.role = Role::node;
    CHECK(node.says().find("DEVICE_IDENTITY_REQUIRED") != std::string::npos);
}

TEST_CASE("auth: a setup code and a client certificate") {
    Door door(token_mode);
    const TestDevice phone(1), thief(2);
    const BootstrapTokens::Token* made = nullptr;
    REQUIRE(door.shelf.bootstraps.issue(SetupAccess::limited, door.unix_ms, made) == DeviceError::none);
    const std::string code(made->token);
    const auto knock = [&](const TestDevice& device) {
        Knock k = cli(door);
        k.facts.token = {};
        k.facts.bootstrap_token = code;
        k.facts.scopes = only_read;
        k.facts.certificate = "aa11";
        k.device = &device;
        k.from("203.0.113.9");
        return k;
    };
    Knock greedy = knock(phone);
    greedy.facts.scopes = all_scopes;
    CHECK(greedy.says().find("AUTH_BOOTSTRAP_TOKEN_INVALID") != std::string::npos);
    CHECK(knock(phone).says() == "granted bootstrap-token read");
    CHECK(knock(thief).says() ==
          "INVALID_REQUEST unauthorized: bootstrap token invalid or expired (scan a fresh setup code)" +
              credential_details("AUTH_BOOTSTRAP_TOKEN_INVALID", "bootstrap_token_invalid", false,
                                 "update_auth_credentials"));
    CHECK(knock(phone).says().find("AUTH_BOOTSTRAP_TOKEN_INVALID") != std::string::npos);  // once

    // The certificate that was there when it was paired stands for its signature, and for nothing else.
    Knock by_certificate = cli(door);
    by_certificate.facts.scopes = only_read;
    by_certificate.facts.certificate = "AA11";
    by_certificate.from("203.0.113.9");
    const ConnectOutcome out = by_certificate();
    REQUIRE(out.kind == Kind::granted);
    REQUIRE(out.device != nullptr);
    CHECK(std::string_view(out.device->id) == phone.id);
    by_certificate.facts.token = {};
    CHECK(by_certificate.says().find("AUTH_TOKEN_MISSING") != std::string::npos);
    by_certificate.facts.certificate = "bb22";
    CHECK(by_certificate.says().find("DEVICE_IDENTITY_REQUIRED") != std::string::npos);
}

TEST_CASE("auth: a store that fails refuses for now") {
    struct Broken final : store::Store {
        Broken() : Store({}) {}
        Result<void> do_append(std::string_view, std::string_view, store::Durability) override { return fault; }
        Result<void> do_read(std::string_view, std::uint64_t, std::size_t, Buffer&) override { return fault; }
        Result<void> do_put(std::string_view, std::string_view) override { return fault; }
        Result<bool> do_get(std::string_view, Buffer&) override { return fault; }
        Result<bool> do_remove(std::string_view) override { return fault; }
        Result<void> do_list(std::string_view, store::Listing&) override { return fault; }
        Result<std::optional<std::uint64_t>> do_size(std::string_view) override { return fault; }
        Result<bool> do_move(std::string_view, std::string_view, Buffer&) override { return fault; }
        Error fault{GW_ERR_IO, 0, "no disk"};
    } broken;
    Door door(token_mode);
    auto* const memory = std::pmr::get_default_resource();
    Devices devices(broken, crypto::Random(), door.shelf.pool.get(), memory);
    CHECK_FALSE(devices.load());
    ConnectAuth auth(door.policy, devices, door.shelf.bootstraps, door.limiter, door.pages, crypto::Random(),
                     door.shelf.pool.get(), memory);
    const TestDevice device(1);
    Knock knock = cli(door);
    knock.device = &device;
    static_cast<void>(knock());  // fills in the facts
    const ConnectOutcome out = auth.decide(knock.facts);
    CHECK(out.kind == Kind::refused);
    CHECK(out.code == "UNAVAILABLE");
    CHECK(out.retryable);
    CHECK(out.close_code == 1013);
    CHECK(devices.paired().empty());
}

}  // namespace gw::auth
