#include <fstream>
#include <sstream>

#include "config/address.h"
#include "config/schema.h"
#include "loaded.h"

using namespace std::string_literals;

namespace gw::test {

using config::AuthMode;
using config::Bind;

TEST_CASE("config: nothing at all is a configuration") {
    for (const std::string_view text : {"", " \n", "{}", "// nothing yet\n{}"}) {
        INFO(text);
        const Loaded l = load(text);
        CHECK(l.ok);
        CHECK(l.text() == "");
        const config::Config& c = l.config;
        CHECK(c.port == 18789);
        CHECK(c.bind == Bind::loopback);
        CHECK(c.auth.mode == AuthMode::token);
        CHECK_FALSE(c.auth.mode_set);
        CHECK(c.auth.token.empty());
        CHECK_FALSE(c.tls.enabled);
        CHECK_FALSE(c.chat_completions.enabled);
        CHECK(c.chat_completions.body_bytes_max == 20971520);
        CHECK(c.timeouts.connect_ms == 10000);
        CHECK(c.timeouts.first_byte_ms == 120000);
        CHECK(c.timeouts.idle_ms == 120000);
        REQUIRE(c.agents.size() == 1);
        CHECK(c.agents[0].id == "main");
        CHECK(c.agents[0].is_default);
        CHECK(c.agents[0].model_primary.empty());
        CHECK(c.providers.empty());
    }
}

TEST_CASE("config: every value arrives") {
    const Loaded l = load(R"({
        $schema: "https://example.org/schema.json",
        meta: { lastTouchedVersion: "2026.3.13" },
        gateway: {
            mode: "local", port: 18790, bind: "lan",
            auth: { mode: "token", token: "${TOKEN}" },
            trustedProxies: ["10.0.0.1", "fd00::/8"],
            controlUi: { allowedOrigins: ["https://Chat.Example.org", "*"] },
            tls: { enabled: true, certPath: "/c.pem", keyPath: "/k.pem", caPath: "/ca.pem" },
            http: {
                endpoints: { chatCompletions: { enabled: true, maxBodyBytes: 1000 }, responses: { enabled: true } },
                securityHeaders: { strictTransportSecurity: "max-age=31536000" },
            },
            upstream: { caBundlePath: "/b.pem", maxConnections: 8, timeouts: { connectMs: 1, firstByteMs: 2, idleMs: 3 } },
        },
        models: { providers: {
            fake: {
                baseUrl: "http://127.0.0.1:18080/v1", apiKey: { source: "env", provider: "default", id: "KEY" },
                api: "openai-completions", headers: { "X-Title": "a ${TITLE}" },
                timeouts: { idleMs: 30 }, request: { allowPrivateNetwork: true },
                models: [{ id: "fake-1", name: "Fake One", reasoning: false, input: ["text"], contextWindow: 128000,
                           cost: { input: 0, output: 0 }, maxTokens: 4096 }, { id: "fake-2" }],
            },
            other: { baseUrl: "https://api.example.org", api: "anthropic-messages" },
        } },
        agents: {
            defaults: { model: { primary: "fake/fake-1", fallbacks: ["other/x/y"] }, workspace: "~/w",
                        models: { "fake/fake-2": { alias: "quick" } } },
            list: [{ id: "one", model: "quick", name: "One" }, { id: "two", default: true, publicMode: true,
                     model: { primary: "other/b", fallbacks: ["quick"] } }],
            entries: { three: {} },
        },
    })",
                          {{"TOKEN", "secret-token"}, {"KEY", "sk-123"}, {"TITLE", "title"}});
    INFO(l.text());
    REQUIRE(l.ok);
    CHECK(l.problems.empty());
    const config::Config& c = l.config;
    CHECK(c.port == 18790);
    CHECK(c.bind == Bind::lan);
    CHECK(c.auth.mode == AuthMode::token);
    CHECK(c.auth.mode_set);
    CHECK(c.auth.token == "secret-token");
    CHECK(c.trusted_proxies == std::pmr::vector<std::pmr::string>{"10.0.0.1", "fd00::/8"});
    CHECK(c.control_ui.allowed_origins == std::pmr::vector<std::pmr::string>{"https://chat.example.org", "*"});
    CHECK(c.tls.enabled);
    CHECK(c.tls.cert_path == "/c.pem");
    CHECK(c.tls.key_path == "/k.pem");
    CHECK(c.tls.ca_path == "/ca.pem");
    CHECK(c.chat_completions.enabled);
    CHECK(c.chat_completions.body_bytes_max == 1000);
    CHECK(c.responses.enabled);
    CHECK(c.responses.body_bytes_max == 20971520);
    CHECK(c.strict_transport_security == "max-age=31536000");
    CHECK(c.ca_bundle_path == "/b.pem");
    CHECK(c.upstream_conns_max == 8);
    CHECK(c.default_model_primary == "fake/fake-1");
    CHECK(c.default_model_fallbacks == std::pmr::vector<std::pmr::string>{"other/x/y"});

    REQUIRE(c.providers.size() == 2);
    const config::Provider& fake = c.providers[0];
    CHECK(fake.id == "fake");
    CHECK(fake.base_url == "http://127.0.0.1:18080/v1");
    CHECK(fake.api_key == "sk-123");
    CHECK(fake.api == "openai-completions");
    REQUIRE(fake.headers.size() == 1);
    CHECK(fake.headers[0].first == "X-Title");
    CHECK(fake.headers[0].second == "a title");
    CHECK(fake.connect_timeout_ms == 1);
    CHECK(fake.first_byte_timeout_ms == 2);
    CHECK(fake.idle_timeout_ms == 30);
    CHECK(fake.allow_private_network);
    REQUIRE(fake.models.size() == 2);
    CHECK(fake.models[0].name == "Fake One");
    CHECK(fake.models[1].name == "fake-2");
    CHECK(c.providers[1].api == "anthropic-messages");
    CHECK(c.providers[1].idle_timeout_ms == 3);
    CHECK_FALSE(c.providers[1].allow_private_network);

    REQUIRE(c.agents.size() == 3);
    CHECK(c.agents[0].id == "one");
    CHECK(c.agents[0].name == "One");
    CHECK(c.agents[0].model_primary == "fake/fake-2");  // by its alias
    CHECK_FALSE(c.agents[0].is_default);
    CHECK(c.agents[1].is_default);
    CHECK(c.agents[1].public_mode);
    CHECK(c.agents[1].name == "two");
    CHECK(c.agents[1].model_primary == "other/b");
    CHECK(c.agents[1].model_fallbacks == std::pmr::vector<std::pmr::string>{"fake/fake-2"});
    CHECK(c.agents[2].id == "three");
}

TEST_CASE("config: a mistake is told with its place and what to do") {
    struct Case {
        std::string_view text, want;
    };
    const Case cases[] = {
        // syntax; what stands there is not repeated, for it may be half of a secret
        {"{ gateway: { port: 1, port: 2 } }", "openclaw.json:1:23: error: is not JSON5: duplicate key\n"},
        {"[]", "openclaw.json:1:1: error: the configuration must be an object: { ... }\n"},
        // names
        {"{\n  gateway: {\n    prot: 1,\n  },\n}",
         "openclaw.json:3:5: error: gateway.prot is not a key of the configuration; did you mean \"port\"?\n"},
        {"{ gatway: {} }",
         "openclaw.json:1:3: error: gatway is not a key of the configuration; did you mean \"gateway\"?\n"},
        {"{ xylophone: {} }", "openclaw.json:1:3: error: xylophone is not a key of the configuration\n"},
        {"{ gateway: { auth: { passwrod: 'x' } } }",
         "openclaw.json:1:22: error: gateway.auth.passwrod is not a key of the configuration; did you mean "
         "\"password\"?\n"},
        {"{ gateway: { 'auth.mode': 'none' } }",
         "openclaw.json:1:14: error: gateway.auth.mode is not a key of the configuration\n"},
        {"{ agents: { list: [{ id: 'a' }, { id: 'b', nmae: '' }] } }",
         "openclaw.json:1:44: error: agents.list[1].nmae is not a key of the configuration; did you mean \"name\"?\n"},
        {"{ models: { providers: { p: { baseURL: 'http://localhost' } } } }",
         "openclaw.json:1:31: error: models.providers.p.baseURL is not a key of the configuration; did you mean "
         "\"baseUrl\"?\n"
         "openclaw.json:1:29: error: models.providers.p.baseUrl is needed, such as https://api.example.org/v1\n"},
        // sections of others
        {"{ channels: { telegram: {} } }",
         "openclaw.json:1:3: warning: channels is known but not used by this gateway\n"},
        {"{ gateway: { tailscale: { mode: 'serve' } } }",
         "openclaw.json:1:14: warning: gateway.tailscale is known but not used by this gateway\n"},
        {"{ gateway: { reload: { mode: 'hot' }, remote: { url: 'x' } }, meta: {} }", ""},
        // types and ranges
        {"{ gateway: { port: 'abc' } }",
         "openclaw.json:1:20: error: gateway.port must be a whole number from 0 to 65535, found \"abc\"\n"},
        {"{ gateway: { port: 65536 } }",
         "openclaw.json:1:20: error: gateway.port must be a whole number from 0 to 65535, found 65536\n"},
        {"{ gateway: { port: 1.5 } }",
         "openclaw.json:1:20: error: gateway.port must be a whole number from 0 to 65535, found 1.5\n"},
        {"{ gateway: { port: -1 } }",
         "openclaw.json:1:20: error: gateway.port must be a whole number from 0 to 65535, found -1\n"},
        {"{ gateway: { port: null } }",
         "openclaw.json:1:20: error: gateway.port must be a whole number from 0 to 65535, found null\n"},
        {"{ gateway: [] }", "openclaw.json:1:12: error: gateway must be an object, found a list\n"},
        {"{ gateway: { bind: 'lann' } }",
         "openclaw.json:1:20: error: gateway.bind must be loopback, lan, tailnet, auto or custom, found \"lann\"; did "
         "you mean "
         "\"lan\"?\n"},
        {"{ gateway: { bind: 7 } }",
         "openclaw.json:1:20: error: gateway.bind must be loopback, lan, tailnet, auto or custom, found 7\n"},
        {"{ gateway: { tls: { enabled: 'yes' } } }",
         "openclaw.json:1:30: error: gateway.tls.enabled must be true or false, found \"yes\"\n"},
        {"{ gateway: { trustedProxies: ['10.0.0.1', 5] } }",
         "openclaw.json:1:43: error: gateway.trustedProxies[1] must be a text, found 5\n"},
        {"{ gateway: { trustedProxies: ['10.0.0.0/33'] } }",
         "openclaw.json:1:31: error: gateway.trustedProxies[0] must be an IP address or a block such as 10.0.0.0/8, "
         "found "
         "\"10.0.0.0/33\"\n"},
        {"{ gateway: { controlUi: { allowedOrigins: ['chat.example.org'] } } }",
         "openclaw.json:1:44: error: gateway.controlUi.allowedOrigins[0] must be an origin such as "
         "https://chat.example.org, "
         "without a path, found \"chat.example.org\"\n"},
        {"{ gateway: { auth: { password: '$2b$04$short' } } }",
         "openclaw.json:1:32: error: gateway.auth.password begins like a bcrypt hash and is none that can be checked: "
         "$2b$, a cost from 04 to 15, 53 characters\n"},
        {"{ gateway: { auth: { rateLimit: { maxAttempts: 0 }, identityScopes: { ann: 'all' } } } }",
         "openclaw.json:1:48: error: gateway.auth.rateLimit.maxAttempts must be a whole number from 1 to 100, found 0\n"
         "openclaw.json:1:76: error: gateway.auth.identityScopes.ann must be a list of texts, found \"all\"\n"},
        {"{ gateway: { controlUi: { dangerouslyDisableDeviceAuth: true } } }",
         "openclaw.json:1:57: warning: gateway.controlUi.dangerouslyDisableDeviceAuth lets every browser in that knows "
         "the token or password, and asks for no approval\n"},
        {"{ gateway: { controlUi: { basePath: '/a b' } } }",
         "openclaw.json:1:37: error: gateway.controlUi.basePath must be a path such as /openclaw: letters, digits, "
         "'-', "
         "'_', '~' and dots inside\n"},
        {"{ gateway: { controlUi: { basePath: '/a/../b' } } }",
         "openclaw.json:1:37: error: gateway.controlUi.basePath must be a path such as /openclaw: letters, digits, "
         "'-', "
         "'_', '~' and dots inside\n"},
        {"{ gateway: { controlUi: { basePath: 'a//b' } } }",
         "openclaw.json:1:37: error: gateway.controlUi.basePath must be a path such as /openclaw: letters, digits, "
         "'-', "
         "'_', '~' and dots inside\n"},
        {"{ gateway: { controlUi: { embedSandbox: 'none' } } }",
         "openclaw.json:1:41: error: gateway.controlUi.embedSandbox must be strict, scripts or trusted, found "
         "\"none\"\n"},
        {"{ gateway: { http: { securityHeaders: { strictTransportSecurity: true } } } }",
         "openclaw.json:1:66: error: gateway.http.securityHeaders.strictTransportSecurity must be a text or false, "
         "found true\n"},
        {"{ gateway: { http: { securityHeaders: { strictTransportSecurity: 'a\\r\\nb' } } } }",
         "openclaw.json:1:66: error: gateway.http.securityHeaders.strictTransportSecurity must be the value of a "
         "header field\n"},
        {"{ agents: { list: {} } }", "openclaw.json:1:19: error: agents.list must be a list, found an object\n"},
        {"{ agents: { defaults: { model: 5 } } }",
         "openclaw.json:1:32: error: agents.defaults.model must be \"provider/model\" or { primary, fallbacks }, found "
         "5\n"},
        // what belongs together
        {"{ gateway: { mode: 'remote' } }",
         "openclaw.json:1:20: error: gateway.mode is \"remote\", which is for clients; a gateway runs with "
         "\"local\"\n"},
        {"{ gateway: { bind: 'custom' } }",
         "openclaw.json:1:20: error: gateway.bind \"custom\" needs gateway.customBindHost, the address to listen on\n"
         "openclaw.json:1:12: error: gateway.auth.token or OPENCLAW_GATEWAY_TOKEN is needed when others than this "
         "machine can "
         "reach the port\n"},
        {"{ gateway: { bind: 'custom', customBindHost: 'localhost' } }",
         "openclaw.json:1:46: error: gateway.customBindHost must be an IP address\n"
         "openclaw.json:1:12: error: gateway.auth.token or OPENCLAW_GATEWAY_TOKEN is needed when others than this "
         "machine can "
         "reach the port\n"},
        {"{ gateway: { tls: { enabled: true, certPath: 'x' } } }",
         "openclaw.json:1:19: error: gateway.tls.keyPath is needed by gateway.tls.enabled: a PEM file with the private "
         "key\n"},
        // agents
        {"{ agents: { list: [{ id: 'a' }, { id: 'a' }] } }",
         "openclaw.json:1:39: error: agents.list[1] has the id \"a\", which another agent has already\n"},
        {"{ agents: { list: [{ id: 'a' }], entries: { a: {} } } }",
         "openclaw.json:1:45: error: agents.entries.a has the id \"a\", which another agent has already\n"},
        {"{ agents: { list: [{ id: 'Main' }] } }",
         "openclaw.json:1:26: error: agents.list[0] needs an id of 1 to 64 lower-case letters, digits, hyphens and "
         "underscores "
         "that does not begin with a hyphen or underscore\n"},
        {"{ agents: { list: [{ id: 'default' }] } }",
         "openclaw.json:1:26: error: agents.list[0] cannot have the id \"default\", which stands for the default "
         "agent; use "
         "`default: true`\n"},
        {"{ agents: { list: [{ name: 'x' }] } }", "openclaw.json:1:20: error: agents.list[0] needs an id\n"},
        {"{ agents: { list: [{ id: 'a', default: true }, { id: 'b', default: true }] } }",
         "openclaw.json:1:11: warning: agents more than one agent is the default; \"a\" counts\n"},
        {"{ agents: { defaults: { model: 'gpt' } } }",
         "openclaw.json:1:32: error: agents.defaults.model must be \"provider/model\", found \"gpt\"\n"},
        {"{ agents: { defaults: { model: 'a/b' } } }",
         "openclaw.json:1:32: error: agents.defaults.model names a provider that models.providers does not have, "
         "\"a/b\"; there "
         "is none\n"},
        {"{ models: { providers: { p: { baseUrl: 'http://localhost', models: [{ id: 'm' }] }, q: { baseUrl: "
         "'http://[::1]:1' } } },"
         " agents: { list: [{ id: 'a', model: { primary: 'x/m', fallbacks: ['p/n'] } }] } }",
         "openclaw.json:1:169: error: agents.list[0].model.primary names a provider that models.providers does not "
         "have, "
         "\"x/m\"; there is p, q\n"
         "openclaw.json:1:188: warning: agents.list[0].model.fallbacks[0] names a model that models.providers.p.models "
         "does not "
         "list, \"p/n\"\n"},
        // providers
        {"{ models: { providers: { 'a/b': { baseUrl: 'http://localhost' } } } }",
         "openclaw.json:1:26: error: models.providers.a/b must have a name of 1 to 64 letters, digits, dots, hyphens "
         "and "
         "underscores\n"},
        {"{ models: { providers: { p: { baseUrl: 'http://localhost', api: 'openai-completion' } } } }",
         "openclaw.json:1:65: error: models.providers.p.api is not known; did you mean \"openai-completions\"?\n"},
        {"{ models: { providers: { p: { baseUrl: 'http://example.org' } } } }",
         "openclaw.json:1:40: warning: models.providers.p.baseUrl is http:// to another machine: keys and texts can be "
         "read on "
         "the way; use https://\n"},
        {"{ models: { providers: { p: { baseUrl: 'http://localhost', models: [{ name: 'x' }] } } } }",
         "openclaw.json:1:69: error: models.providers.p.models[0].id is needed: the model's name at the provider\n"},
        {"{ models: { providers: { p: { baseUrl: 'http://localhost', headers: { Host: 'x' } } } } }",
         "openclaw.json:1:77: error: models.providers.p.headers.Host is a header field that the gateway sets itself\n"},
        {"{ models: { providers: { p: { baseUrl: 'http://localhost', headers: { 'a b': 'x' } } } } }",
         "openclaw.json:1:78: error: models.providers.p.headers.a b is not the name of a header field\n"},
        {"{ models: { providers: { p: { baseUrl: 'http://localhost', headers: { a: 'x\\r\\ny: z' } } } } }",
         "openclaw.json:1:74: error: models.providers.p.headers.a must be the value of a header field: no line feeds, "
         "no "
         "characters outside ASCII\n"},
        {"{ models: { providers: { p: { baseUrl: 'http://localhost', apiKey: 'k', headers: { authorization: 'x' } } } "
         "} }",
         "openclaw.json:1:99: error: models.providers.p.headers.authorization is set by apiKey already; leave one of "
         "them out\n"},
        {"{ models: { providers: { p: { baseUrl: 'http://localhost', timeouts: { idleMs: 0 } } } } }",
         "openclaw.json:1:80: error: models.providers.p.timeouts.idleMs must be a whole number from 1 to 3600000, "
         "found 0\n"},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const Loaded l = load(c.text);
        CHECK(l.text() == c.want);
        CHECK(l.ok == (c.want.find(": error: ") == std::string_view::npos));
    }
}

TEST_CASE("config: who may come in, and from where") {
    struct Case {
        std::string_view name, gateway;
        Names variables;
        std::string_view want;  // "token", ... or a piece of the error
    };
    const Case cases[] = {
        {"a token makes mode token", "auth: { token: 't' }", {}, "token"},
        {"a password makes mode password", "auth: { password: 'p' }", {}, "password"},
        {"a token from the environment", "", {{"OPENCLAW_GATEWAY_TOKEN", "t"}}, "token"},
        {"a password from the environment", "", {{"OPENCLAW_GATEWAY_PASSWORD", "p"}}, "password"},
        {"a password wins over a token from the environment",
         "auth: { token: 't' }",
         {{"OPENCLAW_GATEWAY_PASSWORD", "p"}},
         "password"},
        {"both configured", "auth: { token: 't', password: 'p' }", {}, "gateway.auth has both a token and a password"},
        {"both configured, with a mode", "auth: { mode: 'token', token: 't', password: 'p' }", {}, "token"},
        {"nothing, on loopback", "", {}, "token"},
        {"nothing, for everybody", "bind: 'lan'", {}, "gateway.auth.token or OPENCLAW_GATEWAY_TOKEN is needed"},
        {"a token, for everybody", "bind: 'lan', auth: { token: 't' }", {}, "token"},
        {"a token of the environment, for everybody", "bind: 'lan'", {{"OPENCLAW_GATEWAY_TOKEN", "t"}}, "token"},
        {"an empty variable is none", "bind: 'lan'", {{"OPENCLAW_GATEWAY_TOKEN", ""}}, "gateway.auth.token or"},
        {"custom on loopback", "bind: 'custom', customBindHost: '127.0.0.2'", {}, "token"},
        {"custom elsewhere", "bind: 'custom', customBindHost: '10.1.2.3'", {}, "gateway.auth.token or"},
        {"custom, everywhere", "bind: 'custom', customBindHost: '::'", {}, "gateway.auth.token or"},
        {"tailnet without its address", "bind: 'tailnet', auth: { token: 't' }", {}, "gateway.bind \"tailnet\" needs"},
        {"tailnet", "bind: 'tailnet', customBindHost: '100.64.1.2', auth: { token: 't' }", {}, "token"},
        {"auto is loopback", "bind: 'auto'", {}, "token"},
        {"password without one",
         "auth: { mode: 'password' }",
         {},
         "gateway.auth.password or OPENCLAW_GATEWAY_PASSWORD is needed"},
        {"none on loopback", "auth: { mode: 'none' }", {}, "none"},
        {"none for everybody",
         "bind: 'lan', auth: { mode: 'none' }",
         {},
         "gateway.auth.mode \"none\" is for loopback only"},
        {"none behind an ingress", "bind: 'lan', auth: { mode: 'none', privateIngress: true }", {}, "none"},
        {"a proxy without anything",
         "auth: { mode: 'trusted-proxy' }",
         {},
         "gateway.auth.trustedProxy.userHeader is needed"},
        {"a proxy without its address",
         "auth: { mode: 'trusted-proxy', trustedProxy: { userHeader: 'x-user' } }",
         {},
         "gateway.trustedProxies is needed"},
        {"a proxy",
         "bind: 'lan', trustedProxies: ['10.0.0.1'], auth: { mode: 'trusted-proxy', trustedProxy: { userHeader: "
         "'x-user' } }",
         {},
         "trusted-proxy"},
        {"an empty token", "auth: { token: '' }", {}, "gateway.auth.token must not be empty"},
        {"a token that no header can carry",
         "auth: { token: 'a\\nb' }",
         {},
         "gateway.auth.token must hold no line feeds"},
        {"the same from the environment",
         "",
         {{"OPENCLAW_GATEWAY_TOKEN", "a\nb"}},
         "OPENCLAW_GATEWAY_TOKEN must hold no line feeds"},
        {"a redacted token", "auth: { token: '__OPENCLAW_REDACTED__' }", {}, "gateway.auth.token was made unreadable"},
        {"a reference", "auth: { token: { source: 'env', id: 'T' } }", {{"T", "t"}}, "token"},
        {"a reference to nothing",
         "auth: { token: { source: 'env', id: 'T' } }",
         {},
         "refers to the variable T, which is not set"},
        {"a reference to a file",
         "auth: { token: { source: 'file', provider: 'x', id: '/t' } }",
         {},
         "asks for a secret from a file or a program"},
        {"a reference to somewhere",
         "auth: { token: { source: 'moon', id: 'T' } }",
         {},
         "has a source that is not known"},
        {"a reference without an id", "auth: { token: { source: 'env' } }", {}, "must be a text or a reference"},
        {"a number", "auth: { token: 12345678 }", {}, "must be a text or a reference"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Loaded l = load("{ gateway: { " + std::string(c.gateway) + " } }", c.variables);
        INFO(l.text());
        const std::string_view modes[] = {"none", "token", "password", "trusted-proxy"};
        if (l.ok) {
            CHECK(modes[static_cast<std::size_t>(l.config.auth.mode)] == c.want);
        } else {
            CHECK(l.text().find(c.want) != std::string::npos);
        }
    }
    CHECK(load("{ gateway: { bind: 'lan', auth: { mode: 'none', privateIngress: true } } }")
              .text()
              .find("warning: gateway.auth.mode is \"none\": whoever reaches the port is an operator") !=
          std::string::npos);
}

TEST_CASE("config: the command line goes before the environment, and that before the file") {
    const std::string_view text = "{ gateway: { port: 1 } }";
    CHECK(load(text).config.port == 1);
    CHECK(load(text, {{"OPENCLAW_GATEWAY_PORT", "2"}}).config.port == 2);
    for (const char* wrong : {"x", "65536", "-1", "1 2"}) {
        const Loaded l = load(text, {{"OPENCLAW_GATEWAY_PORT", wrong}});
        CHECK_FALSE(l.ok);
        CHECK(
            l.text() ==
            "openclaw.json: error: OPENCLAW_GATEWAY_PORT in the environment must be a whole number from 0 to 65535\n");
    }
    Surroundings surroundings(Names{{"OPENCLAW_GATEWAY_PORT", "2"}});
    surroundings.environment.port = std::uint16_t{3};
    CHECK(Loaded(text, surroundings).config.port == 3);

    // An address from the command line is held to the same rules.
    surroundings.environment.address = "0.0.0.0";
    const Loaded open(text, surroundings);
    CHECK_FALSE(open.ok);
    CHECK(open.text().find("OPENCLAW_GATEWAY_TOKEN is needed") != std::string::npos);
    surroundings.environment.address = "127.0.0.5";
    const Loaded local(text, surroundings);
    CHECK(local.ok);
    CHECK(local.config.bind == Bind::custom);
    CHECK(local.config.custom_bind_host == "127.0.0.5");
    surroundings.environment.address = "localhost";
    CHECK_FALSE(Loaded(text, surroundings).ok);
}

TEST_CASE("config: variables are put into texts") {
    const Names variables{{"A", "one"}, {"B_2", "two"}, {"EMPTY", ""}};
    const auto title = [&](std::string_view value, std::string_view more = "") {
        const Loaded l = load("{ " + std::string(more) +
                                  " models: { providers: { p: { baseUrl: 'http://localhost', headers: { t: '" +
                                  std::string(value) + "' } } } } }",
                              variables);
        return l.ok ? std::string(l.config.providers[0].headers[0].second) : l.text();
    };
    CHECK(title("${A}") == "one");
    CHECK(title("<${A}${B_2}>") == "<onetwo>");
    CHECK(title("$${A}") == "${A}");
    CHECK(title("$$${A}") == "$${A}");
    CHECK(title("$A ${a} ${} ${A $") == "$A ${a} ${} ${A $");
    CHECK(
        title("${C}") ==
        "openclaw.json:1:75: error: models.providers.p.headers.t uses ${C}, but that variable is not set, or empty\n");
    CHECK(title("${EMPTY}").find("uses ${EMPTY}") != std::string::npos);
    // The configuration may set variables itself; the environment goes before.
    CHECK(title("${C}", "env: { C: 'see' },") == "see");
    CHECK(title("${C}", "env: { vars: { C: 'x${A}' }, C: 'no' },") == "xone");
    CHECK(title("${A}", "env: { A: 'mine' },") == "one");
    CHECK(title("${C}", "env: { C: '$${A}' },") == "${A}");
    // Bounded, however often a long variable is used.
    Names big{{"BIG", std::string(100000, 'x')}};
    std::string many;
    for (int i = 0; i < 100; ++i) many += "${BIG}";
    CHECK(load("{ channels: { x: '" + many + "' } }", big).text().find("becomes too long") != std::string::npos);
}

TEST_CASE("config: secrets are in no message") {
    const std::string secret = "sk-very-secret";
    const Names variables{{"KEY", secret}, {"BAD", secret + "\n"}};
    const std::string texts[] = {
        "{ gateway: { auth: { token: 'sk-very-secret } } }",
        "{ gateway: { auth: { token: sk-very-secret } } }",
        "{ gateway: { auth: { token: ['sk-very-secret'] } } }",
        "{ gateway: { auth: { token: 'sk-very-secret\\n' } } }",
        "{ gateway: { auth: { token: '${BAD}', mode: '${KEY}' } } }",
        "{ gateway: { port: '${KEY}', bind: '${KEY}', trustedProxies: ['${KEY}'], customBindHost: '${KEY}' } }",
        "{ gateway: { auth: { token: { source: 'sk-very-secret', id: 'sk-very-secret' } } } }",
        "{ gateway: { auth: { token: { source: 'env', id: 'sk-very-secret' } } } }",
        "{ models: { providers: { p: { baseUrl: 'https://sk-very-secret:x@localhost/' } } } }",
        "{ models: { providers: { p: { baseUrl: 'https://localhost/?key=sk-very-secret' } } } }",
        "{ models: { providers: { p: { baseUrl: '${KEY}', apiKey: '${BAD}', api: '${KEY}', headers: { a: '${BAD}' } } "
        "} } }",
        "{ models: { providers: { p: { baseUrl: 'http://localhost', apiKey: 'sk-very-secret\\u0000' } } } }",
        "{ agents: { defaults: { model: '${KEY}' } } }",
    };
    for (const std::string& text : texts) {
        INFO(text);
        const Loaded l = load(text, variables);
        CHECK_FALSE(l.ok);
        CHECK(l.text().find("very") == std::string::npos);
    }
}

TEST_CASE("config: base URLs") {
    struct Case {
        std::string_view url, fault;
        bool plain_text = false;
    };
    const Case cases[] = {
        {"https://api.example.org/v1", "", false},
        {"HTTPS://api.example.org", "", false},
        {"http://localhost:8080/", "", false},
        {"http://127.1.2.3", "", false},
        {"http://[::1]:80/x", "", false},
        {"http://[::ffff:127.0.0.1]", "", false},
        {"http://example.org", "", true},
        {"http://10.0.0.1:1", "", true},
        {"http://[fe80::1]/", "", true},
        {"http://localhost.example.org", "", true},
        {"", "must begin with http:// or https://"},
        {"ftp://x", "must begin with http:// or https://"},
        {"//x", "must begin with http:// or https://"},
        {"https:x", "must begin with http:// or https://"},
        {"https://", "must have a host"},
        {"https:///v1", "must have a host"},
        {"https://:80", "must have a host"},
        {"https://x:", "must have a host, and a port if there is a colon"},
        {"https://x:0", "must have a port from 1 to 65535"},
        {"https://x:65536", "must have a port from 1 to 65535"},
        {"https://x:8a", "must have a port from 1 to 65535"},
        {"https://a b", "must hold no spaces and no characters outside ASCII"},
        {"https://x/\r\n", "must hold no spaces and no characters outside ASCII"},
        {"https://x\\y", "must hold no spaces and no characters outside ASCII"},
        {"https://u@x", "must hold no user name or password; put the key into apiKey"},
        {"https://u:p@x/", "must hold no user name or password; put the key into apiKey"},
        {"https://x/@ok", ""},
        {"https://x?q=1", "must hold no query and no fragment"},
        {"https://x/y#z", "must hold no query and no fragment"},
        {"https://[::1", "must have a host, and a port if there is a colon"},
        {"https://[::1]x", "must have a host, and a port if there is a colon"},
        {"https://[1.2.3.4]", "must have an IPv6 address in its brackets"},
        {"https://[]", "must have an IPv6 address in its brackets"},
        {"https://ex%61mple", "must have a host made of letters, digits, dots and hyphens"},
    };
    for (const Case& c : cases) {
        INFO(c.url);
        CHECK(config::base_url_fault(c.url) == c.fault);
        CHECK(config::is_plain_text_url(c.url) == c.plain_text);
    }
}

TEST_CASE("config: includes are merged") {
    const Names files{
        {"base.json5", "{ gateway: { port: 1, trustedProxies: ['10.0.0.1'] }, agents: { list: [{ id: 'a' }] } }"},
        {"over.json5", "{ gateway: { port: 2, trustedProxies: ['10.0.0.2'] } }"},
        {"sub/list.json5", "{ $include: ['./one.json5', '../base.json5'] }"},
        {"sub/one.json5", "{ gateway: { port: 9 } }"},
        {"agents.json5", "[{ id: 'x' }, { id: 'y' }]"},
        {"circle.json5", "{ $include: 'circle2.json5' }"},
        {"circle2.json5", "{ $include: 'circle.json5' }"},
        {"broken.json5", "{\n  a: }"},
        {"mistake.json5", "{\n  prt: 5 }"},
    };
    const auto port = [&](std::string_view text) {
        const Loaded l = load(text, {}, files);
        return l.ok ? std::to_string(l.config.port) : l.text();
    };
    CHECK(port("{ $include: 'base.json5' }") == "1");
    CHECK(port("{ $include: ['base.json5', 'over.json5'] }") == "2");
    CHECK(port("{ $include: ['over.json5', './base.json5'] }") == "1");
    CHECK(port("{ $include: 'base.json5', gateway: { port: 3 } }") == "3");
    CHECK(port("{ gateway: { port: 3 }, $include: 'base.json5' }") == "3");
    CHECK(port("{ $include: 'sub/list.json5' }") == "1");
    const Loaded lists =
        load("{ $include: ['base.json5', 'over.json5'], gateway: { trustedProxies: ['10.0.0.3'] } }", {}, files);
    CHECK(lists.config.trusted_proxies == std::pmr::vector<std::pmr::string>{"10.0.0.1", "10.0.0.2", "10.0.0.3"});
    const Loaded inside = load("{ agents: { list: { $include: 'agents.json5' } } }", {}, files);
    REQUIRE(inside.ok);
    CHECK(inside.config.agents[1].id == "y");

    struct Case {
        std::string_view include, want;
    };
    const Case cases[] = {
        {"'../base.json5'", "must be a relative path below the directory of the configuration"},
        {"'sub/../../base.json5'", "must be a relative path below the directory of the configuration"},
        {"'/etc/passwd'", "must be a relative path below the directory of the configuration"},
        {"''", "must be a relative path below the directory of the configuration"},
        {"'.'", "must be a relative path below the directory of the configuration"},
        {"'missing.json5'", "names a file that cannot be read"},
        {"5", "must be the name of a file or a list of names"},
        {"[5]", "must be the name of a file or a list of names"},
        {"'circle.json5'", "includes a file that is being included: a circle"},
        {"'broken.json5'", "broken.json5:2:6: error: is not JSON5: "},
        {"'agents.json5'", "the configuration must be an object"},
        {"['base.json5', 'agents.json5']", "the configuration must be an object"},
    };
    for (const Case& c : cases) {
        INFO(c.include);
        const Loaded l = load("{ $include: " + std::string(c.include) + " }", {}, files);
        CHECK_FALSE(l.ok);
        CHECK(l.text().find(c.want) != std::string::npos);
    }
    CHECK(
        load("{ agents: { list: { $include: 'agents.json5', x: 1 } } }", {}, files).text().find("has keys beside it") !=
        std::string::npos);
    CHECK(load("{ gateway: { $include: 'mistake.json5' } }", {}, files).text() ==
          "mistake.json5:2:3: error: gateway.prt is not a key of the configuration; did you mean \"port\"?\n");

    Names chain;
    for (int i = 0; i < 12; ++i) chain[std::to_string(i)] = "{ $include: '" + std::to_string(i + 1) + "' }";
    chain["10"] = "{}";
    CHECK(load("{ $include: '1' }", {}, chain).ok);  // 10 files deep
    CHECK(load("{ $include: '0' }", {}, chain).text().find("nested more than 10 files deep") != std::string::npos);
    std::string many = "{ $include: [";
    for (int i = 0; i < 101; ++i) many += "'10',";
    CHECK(load(many + "] }", {}, chain).text().find("more than 100 files") != std::string::npos);
    std::string heavy = "{ $include: [";
    for (int i = 0; i < 5; ++i) heavy += "'big',";
    CHECK(load(heavy + "] }", {}, {{"big", "{}" + std::string(4U << 20U, ' ')}}).text().find("larger than 4 MiB") !=
          std::string::npos);
    CHECK(load(heavy + "] }", {}, {{"big", std::string(4U << 20U, ' ')}}).text().find("more than 16 MiB") !=
          std::string::npos);
    Surroundings no_files;
    no_files.environment.read = nullptr;
    CHECK(Loaded("{ $include: 'a' }", no_files).text().find("needs a configuration that comes from a file") !=
          std::string::npos);
}

TEST_CASE("config: very wrong texts are told about with an end") {
    std::string text = "{";
    for (int i = 0; i < 1000; ++i) text += "unknown" + std::to_string(i) + ": 1,";
    const Loaded l = load(text + "}");
    CHECK_FALSE(l.ok);
    CHECK(l.problems.size() == 101);
    CHECK(l.problems.back().message == "there are more problems than are listed here");
    CHECK_FALSE(load(std::string(5U << 20U, ' ')).ok);
    CHECK_FALSE(load(std::string(200, '[')).ok);
    const Loaded odd = load("{ '" + std::string(200, 'k') + "\\n': 1 }");
    CHECK(odd.problems[0].path.size() < 80);
    CHECK(odd.problems[0].path.find('\n') == std::string::npos);
}

TEST_CASE("config: a refused allocation leaves nothing behind") {
    const std::string_view text = R"({
        env: { vars: { N: "1" } },
        gateway: { bind: "lan", auth: { token: "${TOKEN}-with-a-long-tail-to-need-memory" }, trustedProxies: ["10.0.0.1"] },
        models: { providers: { p: { baseUrl: "http://localhost", headers: { "X-A": "${N}" }, models: [{ id: "m" }] } } },
        agents: { list: [{ id: "a", model: "p/m" }, { $include: "f" }], prt: 1 } })";
    Surroundings surroundings(Names{{"TOKEN", "t"}}, Names{{"f", "{ id: 'b', model: 'p/n' }"}});
    TestHost host;
    std::string want;
    {
        HostMemory memory(host.allocator());
        want = Loaded(text, surroundings, &memory).text();
        CHECK(want.find("agents.prt") != std::string::npos);
    }
    std::size_t n = 0;
    for (;; ++n) {
        REQUIRE(n < 5000);
        HostMemory memory(host.allocator());
        host.fail_at(n);
        try {
            const Loaded l(text, surroundings, &memory);
            host.fail_never();
            CHECK(l.text() == want);
            break;
        } catch (const std::bad_alloc&) {
            host.fail_never();
        }
    }
    CHECK(n > 50);
}

TEST_CASE("config: the table of keys is in order") {
    const auto keys = config::keys();
    REQUIRE(keys.front().path().empty());
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 1; i < keys.size(); ++i) {
        const std::string path(keys[i].path());
        INFO(path);
        CHECK(seen.emplace(path, i).second);
        const std::size_t cut = path.ends_with("[]") ? path.size() - 2 : path.rfind('.');
        if (cut == std::string::npos) continue;
        const std::string parent = path.substr(0, cut);
        const auto above = seen.find(parent);
        REQUIRE(above != seen.end());
        // Everything between the two is below the parent, too.
        for (std::size_t j = above->second + 1; j < i; ++j) {
            CHECK(keys[j].path().starts_with(parent));
            CHECK((keys[j].path()[parent.size()] == '.' || keys[j].path()[parent.size()] == '['));
        }
        const auto type = keys[above->second].type;
        CHECK((type == config::Type::object || type == config::Type::map || type == config::Type::list ||
               type == config::Type::model));
    }
}

namespace {

std::string documentation() {
    std::ifstream file(GATEWAY_VECTORS "/../../docs/configuration.md", std::ios::binary);
    REQUIRE(file.good());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("config: the documentation names every key that is used, with its default") {
    const std::string text = documentation();
    for (const config::Key& key : config::keys()) {
        if (key.path().empty() || key.use != config::Use::used) continue;
        if (key.type == config::Type::object || key.type == config::Type::list || key.type == config::Type::map)
            continue;
        std::string name(key.path());
        if (const std::size_t star = name.find(".*"); star != std::string::npos) name.replace(star, 2, ".<id>");
        if (name.starts_with("agents.entries.")) continue;  // the same keys as agents.list[], said once
        if (name.ends_with(".headers.*")) name.replace(name.size() - 1, 1, "<name>");
        if (name == "agents.defaults.models.<id>.alias") name = "agents.defaults.models.<provider/model>.alias";
        INFO(name);
        const std::size_t at = text.find("| `" + name + "` |");
        REQUIRE(at != std::string::npos);
        const std::string row = text.substr(at, text.find('\n', at) - at);
        if (!key.fallback().empty()) CHECK(row.find("`" + std::string(key.fallback()) + "`") != std::string::npos);
    }
}

TEST_CASE("config: the examples of the documentation load") {
    const std::string text = documentation();
    std::size_t count = 0;
    const std::string fence = "```json5\n";
    for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
        const std::size_t begin = at + fence.size();
        const std::string example = text.substr(begin, text.find("```", begin) - begin);
        const Loaded l = load(example, {{"OPENAI_API_KEY", "sk-1"}, {"OPENCLAW_GATEWAY_TOKEN", "t"}});
        INFO(example);
        CHECK(l.text() == "");
        CHECK(l.ok);
        ++count;
    }
    CHECK(count >= 2);
}

TEST_CASE("config: what is announced on the local network") {
    struct Case {
        std::string_view written;
        Names variables;
        config::MdnsMode mode;
        std::string_view host_name, machine_name;
        unsigned ssh_port;
    };
    using enum config::MdnsMode;
    const Case cases[] = {
        {"{}", {}, minimal, "openclaw", "", 0},
        {"{discovery:{}}", {}, minimal, "openclaw", "", 0},
        {"{discovery:{mdns:{mode:'full'}}}", {{"OPENCLAW_SSH_PORT", "22"}}, full, "openclaw", "", 22},
        {"{discovery:{mdns:{mode:'off'}}}", {{"HOSTNAME", "box.example.org"}}, off, "openclaw", "box", 0},
        {"{}", {{"OPENCLAW_DISABLE_BONJOUR", "1"}}, off, "openclaw", "", 0},
        {"{discovery:{mdns:{mode:'full'}}}", {{"OPENCLAW_DISABLE_BONJOUR", "true"}}, off, "openclaw", "", 0},
        {"{}", {{"OPENCLAW_DISABLE_BONJOUR", "0"}}, minimal, "openclaw", "", 0},
        {"{}", {{"OPENCLAW_DISABLE_BONJOUR", ""}}, minimal, "openclaw", "", 0},
        {"{}", {{"OPENCLAW_MDNS_HOSTNAME", "shop"}}, minimal, "shop", "", 0},
        {"{}", {{"OPENCLAW_MDNS_HOSTNAME", " shop.local "}}, minimal, "shop", "", 0},
        {"{}", {{"OPENCLAW_MDNS_HOSTNAME", ".local"}}, minimal, "openclaw", "", 0},
        {"{}", {{"OPENCLAW_SSH_PORT", "ssh"}}, minimal, "openclaw", "", 0},
        {"{}", {{"OPENCLAW_SSH_PORT", "65536"}}, minimal, "openclaw", "", 0},
    };
    for (const Case& c : cases) {
        const Loaded l = load(c.written, c.variables);
        INFO(c.written);
        CHECK(l.text() == "");
        CHECK(l.config.discovery.mode == c.mode);
        CHECK(l.config.discovery.host_name == c.host_name);
        CHECK(l.config.discovery.machine_name == c.machine_name);
        CHECK(l.config.discovery.ssh_port == c.ssh_port);
    }
    const std::string long_name(100, 'a');
    const Loaded known =
        load("{}", {{"OPENCLAW_MDNS_HOSTNAME", long_name}, {"OPENCLAW_TAILNET_DNS", "t"}, {"OPENCLAW_CLI_PATH", "/c"}});
    CHECK(known.config.discovery.host_name == std::string_view(long_name).substr(0, 63));
    CHECK(known.config.discovery.tailnet_dns == "t");
    CHECK(known.config.discovery.cli_path == "/c");
    CHECK(load("{discovery:{wideArea:{enabled:true}}}").text().find("warning: discovery.wideArea") !=
          std::string::npos);
    CHECK_FALSE(load("{discovery:{mdns:{mode:'on'}}}").ok);
    CHECK_FALSE(load("{discovery:{dns:{}}}").ok);
}

TEST_CASE("config: the control page, pictures, what agents show") {
    const Loaded none = load("{}");
    CHECK(none.config.control_ui.enabled);
    CHECK(none.config.control_ui.base_path == "");
    CHECK(none.config.control_ui.root == "");
    CHECK(none.config.control_ui.embed_sandbox == "scripts");
    CHECK(none.config.canvas_host.enabled);
    struct Case {
        std::string_view written, want;
    };
    const Case cases[] = {{"/", ""}, {"", ""}, {"openclaw", "/openclaw"}, {"/a/b.c/", "/a/b.c"}};
    for (const Case& c : cases) {
        INFO(c.written);
        const Loaded l = load("{ gateway: { controlUi: { basePath: '" + std::string(c.written) + "' } } }");
        CHECK(l.text() == "");
        CHECK(l.config.control_ui.base_path == c.want);
    }
    const Loaded l = load(R"({
        gateway: { controlUi: { enabled: false, root: "/ui", embedSandbox: "strict", allowExternalEmbedUrls: true } },
        canvasHost: { enabled: false, root: "/canvas" },
        ui: { assistant: { name: "Robin", avatar: "R" } },
        agents: {
            defaults: { workspace: "/w" },
            list: [ { id: "a", identity: { name: "Ann", theme: "calm", emoji: "*", avatar: "a.png" } }, { id: "b", workspace: "/b" } ],
        },
    })");
    CHECK(l.text() == "");
    const config::Config& c = l.config;
    CHECK_FALSE(c.control_ui.enabled);
    CHECK(c.control_ui.root == "/ui");
    CHECK(c.control_ui.embed_sandbox == "strict");
    CHECK(c.control_ui.allow_external_embed_urls);
    CHECK_FALSE(c.canvas_host.enabled);
    CHECK(c.canvas_host.root == "/canvas");
    CHECK(c.assistant_name == "Robin");
    CHECK(c.assistant_avatar == "R");
    REQUIRE(c.agents.size() == 2);
    CHECK(c.agents[0].workspace == "/w");
    CHECK(c.agents[0].identity.name == "Ann");
    CHECK(c.agents[0].identity.theme == "calm");
    CHECK(c.agents[0].identity.emoji == "*");
    CHECK(c.agents[0].identity.avatar == "a.png");
    CHECK(c.agents[1].workspace == "/b");
}

TEST_CASE("config: where the file is") {
    struct Case {
        std::string_view name, option;
        Names variables;
        std::string state_dir;
        std::vector<std::string> files;
    };
    const Case cases[] = {
        {"home", "", {{"HOME", "/h"}}, "/h/.openclaw", {"/h/.openclaw/openclaw.json", "/h/.openclaw/config.json"}},
        {"another home",
         "",
         {{"HOME", "/h"}, {"OPENCLAW_HOME", "/o/"}},
         "/o/.openclaw",
         {"/o/.openclaw/openclaw.json", "/o/.openclaw/config.json"}},
        {"a home below home",
         "",
         {{"HOME", "/h"}, {"OPENCLAW_HOME", "~/o"}},
         "/h/o/.openclaw",
         {"/h/o/.openclaw/openclaw.json", "/h/o/.openclaw/config.json"}},
        {"a state directory",
         "",
         {{"HOME", "/h"}, {"OPENCLAW_STATE_DIR", "/s"}},
         "/s",
         {"/s/openclaw.json", "/s/config.json"}},
        {"a state directory below home",
         "",
         {{"HOME", "/h"}, {"OPENCLAW_STATE_DIR", "~/s"}},
         "/h/s",
         {"/h/s/openclaw.json", "/h/s/config.json"}},
        {"a file in the environment",
         "",
         {{"HOME", "/h"}, {"OPENCLAW_CONFIG_PATH", "~/c.json"}},
         "/h/.openclaw",
         {"/h/c.json"}},
        {"the option goes first",
         "x.json",
         {{"HOME", "/h"}, {"OPENCLAW_CONFIG_PATH", "/c.json"}},
         "/h/.openclaw",
         {"x.json"}},
        {"no home at all", "", {}, "", {}},
        {"no home, but a file", "x.json", {}, "", {"x.json"}},
        {"empty variables are none",
         "",
         {{"HOME", "/h"}, {"OPENCLAW_STATE_DIR", ""}, {"OPENCLAW_CONFIG_PATH", ""}},
         "/h/.openclaw",
         {"/h/.openclaw/openclaw.json", "/h/.openclaw/config.json"}},
        {"the root", "", {{"HOME", "/"}, {"OPENCLAW_STATE_DIR", "/"}}, "/", {"/openclaw.json", "/config.json"}},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        Surroundings surroundings(c.variables);
        const config::Location l = config::locate(c.option, surroundings.environment, std::pmr::get_default_resource());
        CHECK(std::string_view(l.state_dir) == c.state_dir);
        CHECK(std::vector<std::string>(l.files.begin(), l.files.end()) == c.files);
        CHECK(l.must_exist == !c.option.empty());
    }
}

}  // namespace gw::test
