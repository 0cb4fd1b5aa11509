// POST /tools/invoke, and tools of the host: called over HTTP and by the model of an agent.
#include <json/json.h>

#include "core/buffer.h"
#include "support/world.h"

namespace gw::test {

namespace {

constexpr std::string_view tools_config = R"({
  gateway: { auth: { mode: "token", token: "secret-token" } },
})";
constexpr std::string_view key = "Authorization: Bearer secret-token\r\n";

gw_str text(std::string_view value) { return {value.data(), value.size()}; }

gw_status add_tool(World& world, std::string_view name, std::string_view schema = {}, std::uint32_t flags = 0) {
    return gw_gateway_add_tool(world.gateway(), text(name), text("a tool"), text(schema), flags);
}

Response invoke(World& world, World::Peer& client, std::string_view body, std::string_view fields = key) {
    world.send(client, post("/tools/invoke", body, fields));
    return take_response(client.received);
}

}  // namespace

TEST_CASE("tools: the gateway's own answer at once") {
    World world(tools_config);
    auto& client = *world.client();
    CHECK(invoke(world, client, R"({"tool":"echo","args":{"text":"abc"}})").body ==
          R"({"ok":true,"result":{"content":[{"type":"text","text":"abc"}]}})");
    CHECK(invoke(world, client, R"({"name":"echo","args":{"text":"abc"}})").status == 200);
    CHECK(invoke(world, client, R"({"tool":"time"})").body.find("2026-01-01T00:00:00.000Z") != std::string::npos);
    const Response sessions = invoke(world, client, R"({"tool":"sessions_list","action":"json"})");
    CHECK(sessions.status == 200);
    CHECK(sessions.body.find(R"("details":{"sessions":[],"count":0})") != std::string::npos);
    world.send(client, post("/api/sessions/one", R"({"action":"send","message":"hello"})", key));
    world.advance(5000);
    take_response(client.received);
    CHECK(invoke(world, client, R"({"tool":"sessions_list"})").body.find(R"("key":"agent:main:one")") !=
          std::string::npos);
}

TEST_CASE("tools: every refusal") {
    struct Case {
        std::string_view name, body, fields;
        int status;
        std::string_view want;
    };
    const std::string long_name(300, 'x');
    const std::string long_body = R"({"tool":")" + long_name + R"("})";
    const Case cases[] = {
        {"no credentials", R"({"tool":"echo"})", "", 401, R"("type":"unauthorized")"},
        {"no tool", "{}", key, 400, "tools.invoke requires body.tool"},
        {"a list", "[1]", key, 400, "tools.invoke requires body.tool"},
        {"a blank tool", R"({"tool":"  "})", key, 400, R"("type":"invalid_request")"},
        {"no JSON", "{x", key, 400, R"("type":"invalid_request_error")"},
        {"arguments that are none", R"({"tool":"echo","args":[1]})", key, 400, "args must be an object"},
        {"no such tool", R"({"tool":"nope"})", key, 404,
         R"({"ok":false,"error":{"type":"not_found","message":"Tool not available: nope"}})"},
        {"no such session", R"({"tool":"time","sessionKey":"agent:nobody:x"})", key, 400, "sessionKey"},
        {"what the tool refuses", R"({"tool":"echo","args":{}})", key, 400,
         R"({"ok":false,"error":{"type":"tool_error","message":"`text` must be a string."}})"},
        {"a long name is cut", long_body, key, 404, "Tool not available: xxx"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        World world(tools_config);
        const Response response = invoke(world, *world.client(), c.body, c.fields);
        CHECK(response.status == c.status);
        CHECK(response.body.find(c.want) != std::string::npos);
        CHECK(response.body.size() < 400);
    }
    World world(tools_config);
    auto& client = *world.client();
    world.send(client, get("/tools/invoke", key));
    const Response wrong_method = take_response(client.received);
    CHECK(wrong_method.status == 405);
    CHECK(wrong_method.field("allow").find("POST") != std::string::npos);
    world.send(client, "POST /tools/invoke HTTP/1.1\r\nHost: localhost\r\n" + std::string(key) +
                           "Content-Length: 2097153\r\n\r\n");
    CHECK(take_response(client.received).status == 413);
}

TEST_CASE("tools: what is denied, and what the configuration says of it") {
    World world(R"({ gateway: { auth: { mode: "token", token: "secret-token" },
                     tools: { deny: ["time"], allow: ["exec"] } } })");
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client();
    for (const char* name : {"exec", "spawn", "mine"}) CHECK(add_tool(world, name) == GW_OK);
    CHECK(invoke(world, client, R"({"tool":"time"})").status == 404);
    CHECK(invoke(world, client, R"({"tool":"spawn"})").status == 404);
    for (const char* name : {"exec", "mine"}) {
        INFO(name);
        world.send(client, post("/tools/invoke", R"({"tool":")" + std::string(name) + R"("})", key));
        REQUIRE(world.tool_calls.size() == 1);
        CHECK(gw_tool_result(world.gateway(), world.tool_calls[0].id, text("done"), false) == GW_OK);
        world.pump();
        CHECK(take_response(client.received).status == 200);
        world.tool_calls.clear();
    }
}

TEST_CASE("tools: the host runs one, and says what it does") {
    World world(tools_config);
    auto& client = *world.client();
    REQUIRE(add_tool(world, "search",
                     R"({"type":"object","properties":{"action":{"type":"string"},"q":{"type":"string"}}})") == GW_OK);
    world.send(client, post("/tools/invoke", R"({"tool":"search","action":"web","args":{"q":"x"},"sessionKey":"s1"})",
                            std::string(key) + "Accept: text/event-stream\r\n"));
    REQUIRE(world.tool_calls.size() == 1);
    const World::ToolCall call = world.tool_calls[0];
    CHECK(call.tool == "search");
    CHECK(call.arguments == R"({"q":"x","action":"web"})");
    CHECK(call.agent == "main");
    CHECK(call.session == "agent:main:s1");
    CHECK(gw_tool_progress(world.gateway(), call.id, text("half")) == GW_OK);
    world.pump();
    CHECK(client.received.find("event: progress\ndata: {\"text\":\"half\"}\n\n") != std::string::npos);
    CHECK(gw_tool_progress(world.gateway(), call.id, text("\xFF")) == GW_ERR_DATA);
    CHECK(gw_tool_result(world.gateway(), call.id, text("\xFF"), false) == GW_ERR_DATA);
    CHECK(gw_tool_result(world.gateway(), call.id, text(R"({"hits":2})"), false) == GW_OK);
    CHECK(gw_tool_result(world.gateway(), call.id, text("again"), false) == GW_ERR_GONE);
    CHECK(gw_tool_progress(world.gateway(), call.id, text("late")) == GW_ERR_GONE);
    world.pump();
    const Response response = take_response(client.received);
    CHECK(response.body.find("event: result\ndata: {\"ok\":true,\"result\":{\"content\":[{\"type\":\"text\",\"text\":"
                             "\"{\\\"hits\\\":2}\"}],\"details\":{\"hits\":2}}}\n\n") != std::string::npos);
    CHECK(world.cancelled_tool_calls.empty());
}

TEST_CASE("tools: a tool that fails, that takes too long, and whose client leaves") {
    World world(tools_config);
    REQUIRE(add_tool(world, "slow") == GW_OK);
    auto& client = *world.client();
    const auto begin = [&](World::Peer& by, std::string_view more = {}) {
        world.send(by, post("/tools/invoke", R"({"tool":"slow"})", std::string(key) + std::string(more)));
        REQUIRE_FALSE(world.tool_calls.empty());
        return world.tool_calls.back().id;
    };
    CHECK(gw_tool_result(world.gateway(), begin(client), text("it broke"), true) == GW_OK);
    world.pump();
    Response response = take_response(client.received);
    CHECK(response.status == 400);
    CHECK(response.body == R"({"ok":false,"error":{"type":"tool_error","message":"it broke"}})");

    CHECK(gw_tool_result(world.gateway(), begin(client), {}, true) == GW_OK);
    world.pump();
    response = take_response(client.received);
    CHECK(response.status == 500);
    CHECK(response.body.find("tool execution failed") != std::string::npos);

    const gw_tool_call_id late = begin(client);
    world.advance(121000);
    response = take_response(client.received);
    CHECK(response.status == 504);
    REQUIRE(world.cancelled_tool_calls.size() == 1);
    CHECK(world.cancelled_tool_calls[0] == late);

    const gw_tool_call_id streamed = begin(client, "Accept: text/event-stream\r\n");
    world.advance(121000);
    response = take_response(client.received);
    CHECK(response.status == 200);
    CHECK(response.body.find("event: error\ndata: {\"ok\":false") != std::string::npos);
    CHECK(world.cancelled_tool_calls.back() == streamed);

    auto& leaver = *world.client();
    const gw_tool_call_id left = begin(leaver);
    world.drop(leaver);
    world.pump();
    CHECK(world.cancelled_tool_calls.back() == left);
    CHECK(gw_tool_result(world.gateway(), left, text("x"), false) == GW_ERR_GONE);
}

TEST_CASE("tools: what can be offered") {
    World world(tools_config);
    CHECK(add_tool(world, "good_one-1") == GW_OK);
    CHECK(add_tool(world, "good_one-1") == GW_ERR_ARGUMENT);
    CHECK(add_tool(world, "echo") == GW_ERR_ARGUMENT);
    CHECK(add_tool(world, "") == GW_ERR_ARGUMENT);
    CHECK(add_tool(world, "two words") == GW_ERR_ARGUMENT);
    CHECK(add_tool(world, std::string(65, 'x')) == GW_ERR_ARGUMENT);
    CHECK(add_tool(world, "no_schema", "[]") == GW_ERR_DATA);
    CHECK(add_tool(world, "no_json", "{") == GW_ERR_DATA);
    CHECK(add_tool(world, "long", R"({"x":")" + std::string(70000, 'x') + R"("})") == GW_ERR_LIMIT);
    CHECK(add_tool(world, "flags", {}, 2) == GW_ERR_UNSUPPORTED);
    CHECK(gw_gateway_add_tool(world.gateway(), text("bytes"), text("\xFF"), {}, 0) == GW_ERR_DATA);
    for (int i = 1; i < 256; ++i) CHECK(add_tool(world, "t" + std::to_string(i)) == GW_OK);
    CHECK(add_tool(world, "one_too_many") == GW_ERR_LIMIT);
}

TEST_CASE("tools: the model of an agent calls one of the host's; owners alone get theirs") {
    for (const bool owner : {true, false}) {
        INFO(owner);
        World world(R"({
          gateway: { auth: { mode: "token", token: "secret-token" },
                     http: { endpoints: { chatCompletions: { enabled: true } } } },
          agents: { defaults: { model: { primary: "mock/m" } }, list: [{ id: "main", publicMode: true }] },
          models: { providers: { mock: { baseUrl: "http://127.0.0.1:9999/v1", apiKey: "k", api: "openai-completions",
                                         models: [{ id: "m", name: "m" }] } } },
        })");
        REQUIRE(world.status() == GW_OK);
        REQUIRE(add_tool(world, "open_one") == GW_OK);
        REQUIRE(add_tool(world, "owners_one", {}, GW_TOOL_OWNER_ONLY) == GW_OK);
        auto& client = *world.client();
        world.send(client, post("/api/chat", R"({"message":"hi","sessionId":"s"})",
                                std::string(key) + (owner ? "X-OpenClaw-Sender-Is-Owner: true\r\n" : "")));
        REQUIRE(world.upstreams.size() == 1);
        CHECK(world.upstreams[0]->received.find("\"open_one\"") != std::string::npos);
        CHECK((world.upstreams[0]->received.find("\"owners_one\"") != std::string::npos) == owner);
        const std::string calls =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":"
            "\"function\",\"function\":{\"name\":\"owners_one\",\"arguments\":\"{}\"}}]}}]}\n\n"
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
        auto& upstream = *world.upstreams[0];
        upstream.received.clear();
        world.send(upstream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
                                 std::to_string(calls.size()) + "\r\n\r\n" + calls);
        world.advance(10);
        if (owner) {
            REQUIRE(world.tool_calls.size() == 1);
            CHECK(world.tool_calls[0].session == "agent:main:s");
            CHECK(gw_tool_result(world.gateway(), world.tool_calls[0].id, text("its result"), false) == GW_OK);
            world.advance(10);
            CHECK(world.upstreams.back()->received.find("its result") != std::string::npos);
        } else {
            CHECK(world.tool_calls.empty());
            CHECK(world.upstreams.back()->received.find("There is no tool of this name.") != std::string::npos);
        }
    }
}

TEST_CASE("tools: a model whose arguments are no JSON object is told so, and the host is not asked") {
    World world(R"({
      gateway: { auth: { mode: "token", token: "secret-token" } },
      agents: { defaults: { model: { primary: "mock/m" } } },
      models: { providers: { mock: { baseUrl: "http://127.0.0.1:9999/v1", apiKey: "k", api: "openai-completions",
                                     models: [{ id: "m", name: "m" }] } } },
    })");
    REQUIRE(world.status() == GW_OK);
    REQUIRE(add_tool(world, "mine") == GW_OK);
    world.send(*world.client(), post("/api/chat", R"({"message":"hi"})", key));
    REQUIRE(world.upstreams.size() == 1);
    const std::string calls =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":"
        "\"function\",\"function\":{\"name\":\"mine\",\"arguments\":\"[1]\"}}]}}]}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
    world.send(*world.upstreams[0], "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
                                        std::to_string(calls.size()) + "\r\n\r\n" + calls);
    world.advance(10);
    CHECK(world.tool_calls.empty());
    CHECK(world.upstreams.back()->received.find("The arguments are not a JSON object.") != std::string::npos);
}

TEST_CASE("tools: the guardrail stops calls and results") {
    World world(R"({ gateway: { auth: { mode: "token", token: "secret-token" } },
                     guardrail: { enabled: true, mode: "action", profile: "strict" } })");
    REQUIRE(world.status() == GW_OK);
    REQUIRE(add_tool(world, "run") == GW_OK);
    auto& client = *world.client();
    const Response blocked =
        invoke(world, client, R"({"tool":"run","args":{"command":"rm -rf / --no-preserve-root"}})");
    CHECK(blocked.status == 403);
    CHECK(blocked.body.find(R"("type":"tool_call_blocked")") != std::string::npos);
    CHECK(world.tool_calls.empty());
}

}  // namespace gw::test
