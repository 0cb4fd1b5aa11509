// The REST API: what each route answers, who may call it, how often, and what every answer carries.
#include <json/json.h>

#include "support/world.h"

namespace gw::test {

namespace {

constexpr std::string_view rest_config = R"({
  gateway: { auth: { mode: "token", token: "secret-token" },
             controlUi: { allowedOrigins: ["https://page.example"] } },
})";
constexpr std::string_view key = "Authorization: Bearer secret-token\r\n";

struct Text {
    explicit Text(std::string_view text) : document(std::pmr::new_delete_resource()), kept(text) {
        REQUIRE(document.parse(kept));
    }
    [[nodiscard]] json::Value root() const { return document.root(); }
    json::Document document;
    std::string kept;
};

Response ask(World& world, World::Peer& client, std::string_view request) {
    world.send(client, request);
    return take_response(client.received);
}

std::string error_code(const Response& response) {
    const Text text(response.body);
    CHECK(text.root()["success"].as_bool() == false);
    CHECK(text.root()["timestamp"].as_string().has_value());
    CHECK_FALSE(text.root()["error"]["message"].as_string().value_or("").empty());
    return std::string(text.root()["error"]["code"].as_string().value_or(""));
}

}  // namespace

TEST_CASE("rest: every route answers in the envelope, under both names") {
    World world(rest_config);
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client();
    for (const std::string_view base : {"/api", "/api/v1"}) {
        for (const std::string_view path : {"/status", "/models", "/channels", "/sessions"}) {
            INFO(base << path);
            const Response response = ask(world, client, get(std::string(base) + std::string(path), key));
            CHECK(response.status == 200);
            const Text text(response.body);
            CHECK(text.root()["success"].as_bool() == true);
            CHECK(text.root()["data"].is(json::Kind::object));
            CHECK(text.root()["timestamp"].as_string() == "2026-01-01T00:00:00.000Z");
        }
    }
    const Text status(ask(world, client, get("/api/status", key)).body);
    CHECK(status.root()["data"]["status"].as_string() == "ok");
    CHECK(status.root()["data"]["agents"][0].as_string() == "main");
    const Text channels(ask(world, client, get("/api/channels", key)).body);
    CHECK(channels.root()["data"]["channels"].size() == 0);
    CHECK(channels.root()["data"]["message"].as_string().has_value());
}

TEST_CASE("rest: a message and its answer in one piece") {
    World world(rest_config);
    auto& client = *world.client();
    world.send(client,
               post("/api/chat", R"({"channel":"api","message":"hello there","sessionId":"session-123"})", key));
    world.advance(5000);
    const Response response = take_response(client.received);
    CHECK(response.status == 200);
    const Text text(response.body);
    const json::Value data = text.root()["data"];
    CHECK(data["message"].as_string().value_or("").find("hello there") != std::string_view::npos);
    CHECK(data["sessionId"].as_string() == "session-123");
    CHECK_FALSE(data["model"].as_string().value_or("").empty());
    const auto prompt = data["usage"]["promptTokens"].as_int(), completion = data["usage"]["completionTokens"].as_int();
    REQUIRE(prompt);
    REQUIRE(completion);
    CHECK(data["usage"]["totalTokens"].as_int() == *prompt + *completion);
}

TEST_CASE("rest: a streamed answer is chunks, and done") {
    World world(rest_config);
    auto& client = *world.client();
    for (const bool by_accept : {false, true}) {
        world.send(client,
                   post("/api/chat",
                        by_accept ? R"({"message":"write a poem"})" : R"({"message":"write a poem","stream":true})",
                        std::string(key) + (by_accept ? "Accept: text/event-stream\r\n" : "")));
        world.advance(5000);
        const Response response = take_response(client.received);
        CHECK(response.status == 200);
        CHECK(response.field("content-type") == "text/event-stream; charset=utf-8");
        CHECK(response.body.find("event: message\ndata: {\"type\":\"chunk\",\"content\":\"") == 0);
        const std::size_t done = response.body.find("event: message\ndata: {\"type\":\"done\"");
        REQUIRE(done != std::string::npos);
        CHECK(response.body.find("\"totalTokens\":", done) != std::string::npos);
        CHECK(response.body.find("event:", done + 1) == std::string::npos);
    }
}

TEST_CASE("rest: errors have one form and a code each") {
    struct Case {
        std::string_view name, request_line, body, fields;
        int status;
        std::string_view code;
    };
    const Case cases[] = {
        {"no credentials", "POST /api/chat", R"({"message":"x"})", "", 401, "missing_credentials"},
        {"wrong credentials", "GET /api/status", "", "Authorization: Bearer nope\r\n", 401, "invalid_api_key"},
        {"no JSON", "POST /api/chat", "{x", key, 400, "invalid_json"},
        {"no object", "POST /api/chat", "[1]", key, 400, "invalid_request"},
        {"no message", "POST /api/chat", "{}", key, 400, "invalid_request"},
        {"an empty message", "POST /api/chat", R"({"message":" \n"})", key, 400, "invalid_request"},
        {"stream is no flag", "POST /api/chat", R"({"message":"x","stream":1})", key, 400, "invalid_request"},
        {"another channel", "POST /api/chat", R"({"message":"x","channel":"slack"})", key, 400, "invalid_request"},
        {"no such agent", "POST /api/chat", R"({"message":"x","agentId":"nobody"})", key, 404, "model_not_found"},
        {"no such model", "POST /api/chat", R"({"message":"x","model":"no/model"})", key, 404, "model_not_found"},
        {"no name of a session", "POST /api/chat", R"({"message":"x","sessionId":"agent:nobody:x"})", key, 400,
         "invalid_session"},
        {"no such session", "GET /api/sessions/nothing", "", key, 404, "session_not_found"},
        {"no such session to reset", "POST /api/sessions/nothing", R"({"action":"reset"})", key, 404,
         "session_not_found"},
        {"no action", "POST /api/sessions/main", "{}", key, 400, "invalid_action"},
        {"an odd limit", "GET /api/sessions?limit=many", "", key, 400, "invalid_request"},
        {"nothing there", "GET /api/nothing", "", key, 404, "not_found"},
        {"another version", "GET /api/v2/chat", "", key, 404, "unknown_version"},
        {"another method", "DELETE /api/status", "", key, 405, "invalid_request_error"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        World world(rest_config);
        auto& client = *world.client();
        std::string request(c.request_line);
        request += " HTTP/1.1\r\nHost: localhost\r\n" + std::string(c.fields);
        if (!c.body.empty())
            request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(c.body.size()) + "\r\n";
        const Response response = ask(world, client, request + "\r\n" + std::string(c.body));
        CHECK(response.status == c.status);
        CHECK(error_code(response) == c.code);
        CHECK_FALSE(response.field("x-request-id").empty());
        CHECK(response.field("x-ratelimit-limit") == "100");
    }
}

TEST_CASE("rest: an unknown version names the one there is") {
    World world(rest_config);
    const Response response = ask(world, *world.client(), get("/api/v7/status", key));
    CHECK(response.status == 404);
    CHECK(response.body.find("/api/v1") != std::string::npos);
}

TEST_CASE("rest: sessions are listed, read, reset and deleted") {
    World world(rest_config);
    auto& client = *world.client();
    for (const std::string_view name : {"one", "two"}) {
        const Response sent = ask(world, client,
                                  post("/api/sessions/" + std::string(name),
                                       R"({"action":"send","message":"words of )" + std::string(name) + R"("})", key));
        CHECK(sent.status == 200);
        CHECK(sent.body.find(R"("status":"started")") != std::string::npos);
        world.advance(5000);
    }
    const Text list(ask(world, client, get("/api/sessions?limit=10", key)).body);
    REQUIRE(list.root()["data"]["sessions"].size() == 2);
    CHECK(list.root()["data"]["sessions"][0]["key"].as_string() == "agent:main:two");
    const Text paged(ask(world, client, get("/api/sessions?limit=1&offset=1", key)).body);
    REQUIRE(paged.root()["data"]["sessions"].size() == 1);
    CHECK(paged.root()["data"]["sessions"][0]["key"].as_string() == "agent:main:one");
    const Text found(ask(world, client, get("/api/sessions?search=agent:main:one", key)).body);
    CHECK(found.root()["data"]["sessions"].size() == 1);

    const Response history = ask(world, client, get("/api/sessions/agent%3Amain%3Aone", key));
    CHECK(history.body.find("words of one") != std::string::npos);
    CHECK(ask(world, client, post("/api/sessions/one", R"({"action":"reset"})", key)).status == 200);
    CHECK(ask(world, client, get("/api/sessions/one", key)).body.find("words of one") == std::string::npos);
    CHECK(ask(world, client, post("/api/sessions/two", R"({"action":"delete"})", key)).status == 200);
    CHECK(error_code(ask(world, client, get("/api/sessions/two", key))) == "session_not_found");
}

TEST_CASE("rest: details of health are for this machine and for callers") {
    World world(R"({ gateway: { bind: "lan", auth: { mode: "token", token: "secret-token" },
                     controlUi: { allowedOrigins: ["https://page.example"] } } })");
    REQUIRE(world.status() == GW_OK);
    auto& stranger = *world.client("203.0.113.9");
    CHECK(ask(world, stranger, get("/health/detailed")).body == R"({"ok":true,"status":"ok"})");
    for (const char* member : {"providers", "channels", "memory", "version"}) {
        INFO(member);
        CHECK(Text(ask(world, stranger, get("/health/detailed", key)).body).root()[member].exists());
        CHECK(Text(ask(world, *world.client(), get("/health/detailed")).body).root()[member].exists());
    }
}

TEST_CASE("rest: scopes of users whom a proxy names") {
    World world(R"({ gateway: { bind: "lan", auth: { mode: "trusted-proxy", trustedProxy: { userHeader: "x-user" },
                       identityScopes: { ann: ["operator.read"], bob: ["operator.write"] } },
                     trustedProxies: ["203.0.113.0/24"], controlUi: { allowedOrigins: ["https://page.example"] } } })");
    INFO(world.problems());
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client("203.0.113.9");
    const std::string ann = "X-User: ann\r\nX-Forwarded-For: 198.51.100.1\r\n";
    const std::string bob = "X-User: bob\r\nX-Forwarded-For: 198.51.100.1\r\n";
    CHECK(ask(world, client, get("/api/status", ann)).status == 200);
    const Response refused = ask(world, client, post("/api/chat", R"({"message":"x"})", ann));
    CHECK(refused.status == 403);
    CHECK(error_code(refused) == "missing_scope");
    CHECK(error_code(ask(world, client, post("/api/sessions/a", R"({"action":"send","message":"x"})", ann))) ==
          "missing_scope");
    CHECK(ask(world, client, post("/api/sessions/a", R"({"action":"send","message":"x"})", bob)).status == 200);
    CHECK(error_code(ask(world, client, post("/api/sessions/a", R"({"action":"reset"})", bob))) == "missing_scope");
}

// --- what every answer carries -----------------------------------------------------------------------------------

TEST_CASE("rest: request ids are the client's own or made, and differ") {
    World world(rest_config);
    auto& client = *world.client();
    const Response own = ask(world, client, get("/health", "X-Request-Id: my-id-7\r\n"));
    CHECK(own.field("x-request-id") == "my-id-7");
    std::string last;
    const std::string bad[] = {"", "X-Request-Id: a b\r\n", "X-Request-Id: " + std::string(129, 'x') + "\r\n",
                               "X-Request-Id: one\r\nX-Request-Id: two\r\n"};
    for (const std::string& field : bad) {
        const std::string made = ask(world, client, get("/api/nothing", field)).field("x-request-id");
        CHECK(made.find("req-") == 0);
        CHECK(made != last);
        last = made;
    }
    auto& other = *world.client();
    CHECK_FALSE(ask(world, other, "NONSENSE\r\n\r\n").field("x-request-id").empty());
}

TEST_CASE("rest: pages of allowed origins may read answers, others may not") {
    World world(rest_config);
    auto& client = *world.client();
    const Response allowed =
        ask(world, client, get("/api/status", std::string(key) + "Origin: https://page.example\r\n"));
    CHECK(allowed.status == 200);
    CHECK(allowed.field("access-control-allow-origin") == "https://page.example");
    CHECK(allowed.field("vary") == "Origin");
    CHECK(allowed.field("access-control-expose-headers").find("X-RateLimit-Remaining") != std::string::npos);
    CHECK(allowed.field("access-control-allow-credentials").empty());
    const Response foreign =
        ask(world, client, get("/api/status", std::string(key) + "Origin: https://evil.example\r\n"));
    CHECK(foreign.field("access-control-allow-origin").empty());
    CHECK(foreign.field("vary") == "Origin");

    const std::string preflight =
        "OPTIONS /api/chat HTTP/1.1\r\nHost: localhost\r\nAccess-Control-Request-Method: POST\r\n";
    const Response may = ask(world, client, preflight + "Origin: https://page.example\r\n\r\n");
    CHECK(may.status == 204);
    CHECK(may.field("access-control-allow-methods").find("POST") != std::string::npos);
    CHECK(may.field("access-control-allow-headers").find("Authorization") != std::string::npos);
    CHECK(may.field("access-control-max-age") == "600");
    const Response may_not = ask(world, client, preflight + "Origin: https://evil.example\r\n\r\n");
    CHECK(may_not.status == 204);
    CHECK(may_not.field("access-control-allow-methods").empty());
    CHECK(may_not.field("access-control-allow-origin").empty());

    World any(
        R"({ gateway: { auth: { mode: "token", token: "secret-token" }, controlUi: { allowedOrigins: ["*"] } } })");
    const Response star =
        ask(any, *any.client(), get("/api/status", std::string(key) + "Origin: https://x.example\r\n"));
    CHECK(star.field("access-control-allow-origin") == "*");
    CHECK(star.field("vary").empty());
}

TEST_CASE("rest: a caller has so many requests in a window") {
    World world(R"({ gateway: { auth: { mode: "token", token: "secret-token" },
                     http: { rateLimit: { requests: 3, windowMs: 60000 } } } })");
    INFO(world.problems());
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client();
    for (const char* left : {"2", "1", "0"}) {
        const Response response = ask(world, client, get("/api/status", key));
        CHECK(response.status == 200);
        CHECK(response.field("x-ratelimit-limit") == "3");
        CHECK(response.field("x-ratelimit-remaining") == left);
    }
    const Response refused = ask(world, client, get("/api/status", key));
    CHECK(refused.status == 429);
    CHECK(error_code(refused) == "rate_limited");
    CHECK(refused.field("retry-after") == "20");
    CHECK(refused.field("x-ratelimit-remaining") == "0");
    CHECK(refused.field("x-ratelimit-reset") == "1767225660");
    // The scheme's spelling is no other caller; a wrong credential shares the bucket of the address.
    CHECK(ask(world, client, get("/api/status", "Authorization: BEARER  secret-token\r\n")).status == 429);
    CHECK(ask(world, client, get("/api/status", "Authorization: Bearer guess1\r\n")).status == 401);
    CHECK(ask(world, client, get("/api/status", "Authorization: Bearer guess2\r\n")).status == 401);
    CHECK(ask(world, client, get("/api/nothing")).status == 404);
    CHECK(ask(world, client, get("/api/status", "Authorization: Bearer guess3\r\n")).status == 429);
    // Others are not concerned: another address, probes, paths that are not limited.
    CHECK(ask(world, *world.client("127.0.0.2"), get("/api/status", key)).status == 200);
    for (int i = 0; i < 10; ++i) {
        const Response probe = ask(world, client, get("/health"));
        CHECK(probe.status == 200);
        CHECK(probe.field("x-ratelimit-limit").empty());
    }
    CHECK(ask(world, client, post("/v1/chat/completions", "{}", key)).field("x-ratelimit-limit").empty());
    world.advance(20000);
    CHECK(ask(world, client, get("/api/status", key)).status == 200);
    CHECK(ask(world, client, get("/api/status", key)).status == 429);
}

TEST_CASE("rest: the limit holds elsewhere when the configuration says so, and nowhere with 0") {
    World all(R"({ gateway: { auth: { mode: "token", token: "secret-token" },
                   http: { rateLimit: { requests: 5, scope: "all" } } } })");
    auto& client = *all.client();
    for (const char* path : {"/v1/models", "/v1/nothing", "/tools/nothing", "/hooks/nothing"}) {
        INFO(path);
        CHECK(ask(all, client, get(path, key)).field("x-ratelimit-limit") == "5");
    }
    World none(
        R"({ gateway: { auth: { mode: "token", token: "secret-token" }, http: { rateLimit: { requests: 0 } } } })");
    CHECK(ask(none, *none.client(), get("/api/status", key)).field("x-ratelimit-limit").empty());
}

}  // namespace gw::test
