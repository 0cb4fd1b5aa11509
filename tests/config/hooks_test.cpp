// hooks, gateway.tools and gateway.http.rateLimit.
#include "loaded.h"

namespace gw::test {

namespace {

std::string problems_of(std::string_view text) {
    Surroundings surroundings;
    return Loaded(text, surroundings).text();
}

}  // namespace

TEST_CASE("config: hooks, with everything") {
    Surroundings surroundings;
    const Loaded l(R"({
      gateway: { auth: { token: "gateway-token" } },
      agents: { list: [{ id: "main" }, { id: "ops" }] },
      hooks: {
        enabled: true, token: "hook-token", path: "/in/bound/", maxBodyBytes: 1000, defaultSessionKey: "hook:all",
        allowRequestSessionKey: true, allowedSessionKeyPrefixes: ["hook:"], allowedAgentIds: ["ops"],
        mappings: [
          { id: "gh", match: { path: "/gh/push/" }, action: "wake", wakeMode: "next-heartbeat", textTemplate: "PR {{t}}",
            signature: { scheme: "github", secret: "s" } },
          { match: { source: "mail" }, name: "Mail", agentId: "ops", messageTemplate: "{{x}}", timeoutSeconds: 5 },
        ],
      },
    })",
                   surroundings);
    INFO(l.text());
    REQUIRE(l.ok);
    const config::Hooks& hooks = l.config.hooks;
    CHECK(hooks.enabled);
    CHECK(hooks.path == "/in/bound");
    CHECK(hooks.body_bytes_max == 1000);
    CHECK(hooks.default_session_key == "hook:all");
    CHECK(hooks.request_session_key);
    CHECK(hooks.session_key_prefixes.size() == 1);
    CHECK(hooks.agent_ids_set);
    REQUIRE(hooks.mappings.size() == 2);
    CHECK(hooks.mappings[0].path == "gh/push");
    CHECK(hooks.mappings[0].wake);
    CHECK_FALSE(hooks.mappings[0].now);
    CHECK(hooks.mappings[0].scheme == config::HookScheme::github);
    CHECK(hooks.mappings[1].source == "mail");
    CHECK_FALSE(hooks.mappings[1].wake);
    CHECK(hooks.mappings[1].timeout_s == 5);
    CHECK(l.text().empty());
}

TEST_CASE("config: hooks, what cannot be") {
    struct Case {
        std::string_view text, want;
    };
    const Case cases[] = {
        {"{ hooks: { enabled: true } }", "hooks.token is missing"},
        {R"({ gateway: { auth: { token: "same" } }, hooks: { enabled: true, token: "same" } })",
         "hooks.token must differ from the token of the gateway"},
        {R"({ hooks: { path: "/" } })", "hooks.path must not be \"/\""},
        {R"({ hooks: { path: "/a b" } })", "hooks.path must be a path such as /hooks"},
        {R"({ hooks: { path: "/a//b" } })", "hooks.path must be a path such as /hooks"},
        {R"({ hooks: { mappings: [{ transform: { module: "x.js" } }] } })",
         "hooks.mappings[0].transform needs a JavaScript runtime"},
        {R"({ hooks: { mappings: [{}, { agentId: "nobody" }] } })",
         "hooks.mappings[1].agentId names an agent that is not configured"},
        {R"({ hooks: { mappings: [{ match: { path: "x" }, signature: { secret: "s" } }] } })",
         "hooks.mappings[0].signature needs a scheme"},
        {R"({ hooks: { mappings: [{ match: { path: "x" }, signature: { scheme: "github" } }] } })",
         "hooks.mappings[0].signature needs the secret"},
        {R"({ hooks: { mappings: [{ signature: { scheme: "slack", secret: "s" } }] } })",
         "hooks.mappings[0].signature needs match.path"},
        {R"({ hooks: { mappings: [{ action: "run" }] } })", "hooks.mappings[0].action must be wake or agent"},
        {R"({ hooks: { mappings: [{ allowUnsafeExternalContent: true }] } })", "puts the text of strangers"},
        {"{ gateway: { http: { rateLimit: { windowMs: 0 } } } }", "gateway.http.rateLimit.windowMs must be"},
        {R"({ gateway: { http: { rateLimit: { scope: "some" } } } })", "gateway.http.rateLimit.scope must be"},
        {R"({ gateway: { tools: { deny: "exec" } } })", "gateway.tools.deny must be"},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const std::string told = problems_of(c.text);
        INFO(told);
        CHECK(told.find(c.want) != std::string::npos);
        CHECK(told.find("same") == std::string::npos);
    }
}

TEST_CASE("config: limits of rate and tools") {
    Surroundings surroundings;
    const Loaded none("{}", surroundings);
    CHECK(none.config.http_rate_limit.requests == 100);
    CHECK(none.config.http_rate_limit.window_ms == 60000);
    CHECK_FALSE(none.config.http_rate_limit.everywhere);
    CHECK_FALSE(none.config.hooks.enabled);
    const Loaded some(R"({ gateway: { http: { rateLimit: { requests: 7, windowMs: 9, scope: "all" } },
                                      tools: { allow: ["exec"], deny: ["time", "echo"] } } })",
                      surroundings);
    CHECK(some.config.http_rate_limit.requests == 7);
    CHECK(some.config.http_rate_limit.window_ms == 9);
    CHECK(some.config.http_rate_limit.everywhere);
    CHECK(some.config.tools.allow.size() == 1);
    CHECK(some.config.tools.deny.size() == 2);
}

}  // namespace gw::test
