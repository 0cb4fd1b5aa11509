// Chat completions in a session: what is remembered, who hears of it, and who may ask for what.
#include "support/world.h"

namespace gw::test {

namespace {

constexpr std::string_view config = R"({
  gateway: { auth: { mode: "none" }, http: { endpoints: { chatCompletions: { enabled: true } } } },
  agents: { defaults: { model: { primary: "mock/test-model" } }, list: [{ id: "main" }, { id: "shop", publicMode: true }] },
  models: { providers: { mock: { baseUrl: "http://127.0.0.1:9999/v1", apiKey: "key-123", api: "openai-completions",
                                 models: [{ id: "test-model", name: "Test" }] } } },
})";

std::string json_answer(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}
std::string said(std::string_view text) {
    return json_answer(
        R"({"id":"x","object":"chat.completion","model":"test-model","choices":[{"index":0,"message":)"
        R"({"role":"assistant","content":")" +
        std::string(text) +
        R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})");
}
std::string ask(std::string_view user, std::string_view text) {
    return R"({"model":"openclaw","user":")" + std::string(user) + R"(","messages":[{"role":"user","content":")" +
           std::string(text) + R"("}]})";
}

// Asks, and lets the upstream answer; the request that the upstream saw goes to `seen`.
Response turn(World& world, std::string_view body, std::string_view answer, std::string* seen = nullptr,
              std::string_view fields = {}) {
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", body, fields));
    if (world.upstreams.empty()) return take_response(client.received);
    auto& upstream = *world.upstreams.back();
    if (seen != nullptr) *seen = upstream.received;
    upstream.received.clear();
    world.send(upstream, answer);
    return take_response(client.received);
}

}  // namespace

TEST_CASE("chat session: a user's second question comes with the first") {
    World world(config);
    REQUIRE(world.status() == GW_OK);
    std::string seen;
    const Response first = turn(world, ask("Ann", "my name is Ann"), said("hello Ann"), &seen);
    CHECK(first.status == 200);
    CHECK(first.body.find("hello Ann") != std::string::npos);
    CHECK(seen.find("my name is Ann") != std::string::npos);

    turn(world, ask("ann", "what is it?"), said("Ann"), &seen);  // in whatever case
    const std::size_t question = seen.find("my name is Ann");
    const std::size_t answer = seen.find("hello Ann");
    CHECK(question != std::string::npos);
    CHECK(answer != std::string::npos);
    CHECK(question < answer);
    CHECK(answer < seen.find("what is it?"));

    turn(world, ask("bob", "and mine?"), said("who knows"), &seen);
    CHECK(seen.find("Ann") == std::string::npos);
    // A client that sends the past itself has it once.
    turn(world,
         R"({"model":"openclaw","user":"ann","messages":[{"role":"user","content":"one"},)"
         R"({"role":"assistant","content":"two"},{"role":"user","content":"three"}]})",
         said("four"), &seen);
    CHECK(seen.find("my name is Ann") == std::string::npos);
    CHECK(seen.find("two") != std::string::npos);
}

TEST_CASE("chat session: without a name nothing is remembered") {
    World world(config);
    std::string seen;
    const std::string_view plain = R"({"model":"openclaw","messages":[{"role":"user","content":"first words"}]})";
    turn(world, plain, said("ok"), &seen);
    turn(world, R"({"model":"openclaw","messages":[{"role":"user","content":"second"}]})", said("ok"), &seen);
    CHECK(seen.find("first words") == std::string::npos);
}

TEST_CASE("chat session: a call of the client's tool and its result are remembered together") {
    World world(config);
    std::string seen;
    const std::string_view tools =
        R"("tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}])";
    const Response call = turn(
        world,
        R"({"model":"openclaw","user":"ann","messages":[{"role":"user","content":"weather?"}],)" + std::string(tools) +
            "}",
        json_answer(
            R"({"id":"x","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":)"
            R"([{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]},)"
            R"("finish_reason":"tool_calls"}]})"),
        &seen);
    CHECK(call.body.find(R"("finish_reason":"tool_calls")") != std::string::npos);
    CHECK(call.body.find("call_1") != std::string::npos);
    turn(world,
         R"({"model":"openclaw","user":"ann","messages":[{"role":"tool","tool_call_id":"call_1","content":"sunny"}],)" +
             std::string(tools) + "}",
         said("It is sunny."), &seen);
    CHECK(seen.find("weather?") < seen.find("call_1"));
    CHECK(seen.find("call_1") < seen.find("sunny"));
    turn(world, ask("ann", "thanks"), said("welcome"), &seen);
    CHECK(seen.find(R"(\"city\":\"Rome\")") < seen.find("sunny"));
    CHECK(seen.find("sunny") < seen.find("It is sunny."));
    CHECK(seen.find("It is sunny.") < seen.find("thanks"));
}

TEST_CASE("chat session: a client that leaves ends the run") {
    World world(config);
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", ask("ann", "tell me everything")));
    REQUIRE(world.upstreams.size() == 1);
    world.drop(client);
    CHECK(world.upstreams[0]->closed);
    std::string seen;
    turn(world, ask("ann", "still there?"), said("yes"), &seen);
    CHECK(seen.find("tell me everything") < seen.find("still there?"));
}

TEST_CASE("chat session: names of sessions that cannot be are refused") {
    World world(config);
    const struct {
        std::string_view fields, message;
    } cases[] = {
        {"x-openclaw-session-key: cron:daily\r\n", "not open to requests"},
        {"x-openclaw-session-key: agent:main:subagent:x\r\n", "not open to requests"},
        {"x-openclaw-session-key: agent:shop:x\r\n", "another agent"},
        {"x-openclaw-session-key: agent:\r\n", "no name of a session"},
    };
    for (const auto& one : cases) {
        INFO(one.fields);
        auto& client = *world.client();
        world.send(client, post("/v1/chat/completions",
                                R"({"model":"openclaw","messages":[{"role":"user","content":"hi"}]})", one.fields));
        const Response response = take_response(client.received);
        CHECK(response.status == 400);
        CHECK(response.body.find(one.message) != std::string::npos);
    }
    CHECK(world.upstreams.empty());
}

TEST_CASE("chat session: a session notes where its messages come from") {
    World world(config);
    const auto row = [&] {
        auto& client = *world.client();
        world.send(client, get("/api/sessions"));
        return take_response(client.received).body;
    };
    CHECK(turn(world, ask("ann", "hi"), said("hello")).status == 200);
    CHECK(row().find(R"("lastChannel":"webchat")") != std::string::npos);
    CHECK(turn(world, ask("ann", "hi"), said("hello"), nullptr, "x-openclaw-message-channel: my-app.v2\r\n").status ==
          200);
    CHECK(row().find(R"("deliveryContext":{"channel":"my-app.v2"})") != std::string::npos);
    CHECK(row().find(R"("lastChannel":"my-app.v2")") != std::string::npos);
    for (const std::string_view wrong : {"My-App", "a b", "a\"b", "\xC3\xA9"}) {
        INFO(wrong);
        const Response response = turn(world, ask("ann", "hi"), said("hello"), nullptr,
                                       "x-openclaw-message-channel: " + std::string(wrong) + "\r\n");
        CHECK(response.status == 400);
        CHECK(response.body.find("no name of a channel") != std::string::npos);
    }
}

TEST_CASE("chat session: numbers out of range are refused before a provider sees them") {
    World world(config);
    const struct {
        std::string_view member, message;
    } cases[] = {
        {R"("temperature":3)", "`temperature` must be between 0 and 2."},
        {R"("temperature":"hot")", "`temperature` must be between 0 and 2."},
        {R"("top_p":-1)", "`top_p` must be between 0 and 1."},
        {R"("max_tokens":0)", "`max_tokens` must be a whole number"},
        {R"("stop":["a","b","c","d","e"])", "stop supports at most 4 sequences"},
        {R"("stop":7)", "Invalid stop"},
        {R"("tools":{})", "Invalid tools/tool_choice"},
        {R"("tool_choice":"required")", "Invalid tools/tool_choice"},
        {R"("user":5)", "`user` must be a string."},
    };
    for (const auto& one : cases) {
        INFO(one.member);
        auto& client = *world.client();
        world.send(client,
                   post("/v1/chat/completions", R"({"model":"openclaw","messages":[{"role":"user","content":"hi"}],)" +
                                                    std::string(one.member) + "}"));
        const Response response = take_response(client.received);
        CHECK(response.status == 400);
        CHECK(response.body.find(one.message) != std::string::npos);
    }
    CHECK(world.upstreams.empty());
}

TEST_CASE("chat session: scopes that are narrowed are kept to") {
    World world(config);
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", ask("ann", "hi"), "x-openclaw-scopes: operator.read\r\n"));
    Response response = take_response(client.received);
    CHECK(response.status == 403);
    CHECK(response.body.find("missing scope: operator.write") != std::string::npos);
    auto& reader = *world.client();
    world.send(reader, "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nx-openclaw-scopes: operator.read\r\n\r\n");
    CHECK(take_response(reader.received).status == 200);
}

TEST_CASE("chat session: pictures are looked at, and fetched only where that is allowed") {
    constexpr std::string_view pixel =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const auto with = [](std::string_view url) {
        return R"({"model":"openclaw","user":"ann","messages":[{"role":"user","content":[{"type":"text","text":"what is it?"},)"
               R"({"type":"image_url","image_url":{"url":")" +
               std::string(url) + R"("}}]}]})";
    };
    World world(config);
    std::string seen;
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", with("data:image/png;base64," + std::string(pixel))));
    world.advance(5);
    REQUIRE(world.upstreams.size() == 1);
    CHECK(world.upstreams[0]->received.find("data:image/png;base64," + std::string(pixel)) != std::string::npos);
    world.send(*world.upstreams[0], said("a pixel"));
    CHECK(take_response(client.received).status == 200);

    const struct {
        std::string url, message;
    } cases[] = {
        {"https://example.com/cat.png", "messages[0].content[1]"},
        {"data:image/png;base64,AAAA", "messages[0].content[1]"},
        {"data:text/html;base64,PGI+", "messages[0].content[1]"},
    };
    for (const auto& one : cases) {
        INFO(one.url);
        auto& other = *world.client();
        world.send(other, post("/v1/chat/completions", with(one.url)));
        world.advance(5);
        const Response response = take_response(other.received);
        CHECK(response.status == 400);
        INFO(response.body);
        CHECK(response.body.find(one.message) != std::string::npos);
    }
    CHECK(world.upstreams.size() == 1);
}

}  // namespace gw::test
