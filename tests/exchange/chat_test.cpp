// Chat completions, from the client's bytes to the upstream's and back, in memory.
#include "support/world.h"

namespace gw::test {

namespace {

constexpr std::string_view open_config = R"({
  gateway: { auth: { mode: "none" }, http: { endpoints: { chatCompletions: { enabled: true } } } },
})";

constexpr std::string_view provider_config = R"({
  gateway: { auth: { mode: "none" }, http: { endpoints: { chatCompletions: { enabled: true } } } },
  agents: { defaults: { model: { primary: "mock/test-model" } } },
  models: { providers: { mock: { baseUrl: "http://127.0.0.1:9999/v1", apiKey: "key-123", api: "openai-completions",
                                 models: [{ id: "test-model", name: "Test" }] } } },
})";

constexpr std::string_view question =
    R"({"model":"openclaw", "messages":[{"role":"user","content":"hello there"}] , "x":[1, 2]})";
constexpr std::string_view streamed =
    R"({"model":"openclaw","stream":true,"messages":[{"role":"user","content":"hello there"}]})";

std::string http_answer(std::string_view type, std::string_view body, std::string_view status = "200 OK") {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
std::string chunk(std::string_view data) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return size + std::string(data) + "\r\n";
}
constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("chat: the built-in agent answers in one piece") {
    World world(open_config);
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client();
    CHECK(world.send(client, post("/v1/chat/completions", question)) == GW_OK);
    const Response response = take_response(client.received);
    CHECK(response.status == 200);
    CHECK(response.field("content-type") == "application/json; charset=utf-8");
    CHECK(response.field("x-content-type-options") == "nosniff");
    CHECK(response.field("date").size() == 29);
    CHECK(response.body.find(R"("object":"chat.completion")") != std::string::npos);
    CHECK(response.body.find("You said: hello there") != std::string::npos);
    CHECK(response.body.find(R"("finish_reason":"stop")") != std::string::npos);
    CHECK(response.body.find(R"("prompt_tokens":2)") != std::string::npos);
}

TEST_CASE("chat: the built-in agent streams word by word") {
    World world(open_config);
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", streamed));
    CHECK(client.received.find("\"role\":\"assistant\"") != std::string::npos);
    CHECK(client.received.find("hello") == std::string::npos);
    world.advance(70);
    CHECK(client.received.find("hello") != std::string::npos);
    CHECK(client.received.find("[DONE]") == std::string::npos);
    world.advance(5000);
    const Response response = take_response(client.received);
    CHECK(response.field("content-type") == "text/event-stream; charset=utf-8");
    CHECK(response.body.find("\"delta\":{},\"finish_reason\":\"stop\"") != std::string::npos);
    CHECK(response.body.find("data: [DONE]\n\n") == response.body.size() - 14);
    // The connection carries the next request.
    world.send(client, get("/healthz"));
    CHECK(take_response(client.received).body == R"({"ok":true,"status":"live"})");
}

TEST_CASE("chat: a provider gets the client's bytes with its own model name") {
    World world(provider_config);
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", question));
    REQUIRE(world.upstreams.size() == 1);
    auto& upstream = *world.upstreams[0];
    CHECK(upstream.address == "127.0.0.1");
    CHECK(upstream.port == 9999);
    const std::string want =
        R"({"model":"test-model", "messages":[{"role":"user","content":"hello there"}] , "x":[1, 2]})";
    CHECK(upstream.received.find("POST /v1/chat/completions HTTP/1.1\r\n") == 0);
    CHECK(upstream.received.find("Authorization: Bearer key-123\r\n") != std::string::npos);
    CHECK(upstream.received.find("Host: 127.0.0.1:9999\r\n") != std::string::npos);
    CHECK(upstream.received.substr(upstream.received.size() - want.size()) == want);

    const std::string body = R"({"id":"x",  "choices":[]})";
    world.send(upstream, http_answer("application/json", body));
    CHECK(take_response(client.received).body == body);

    // The upstream's connection is used again.
    upstream.received.clear();
    world.send(client, post("/v1/chat/completions", question));
    CHECK(world.upstreams.size() == 1);
    CHECK(upstream.received.find("POST ") == 0);
    world.send(upstream, http_answer("application/json", body));
    CHECK(take_response(client.received).status == 200);
}

TEST_CASE("chat: a stream passes byte for byte, event by event, however it is cut") {
    const std::string events[] = {"data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}], \"odd\" : 1}\n\n",
                                  ": a comment\n\n",
                                  "data: {\"choices\":[{\"delta\":{\"content\":\"h\xC3\xA4llo\"}}]}\r\n\r\n",
                                  "event: x\ndata: {}\n\n", "data: [DONE]\n\n"};
    std::string wire(stream_head);
    std::string want;
    for (const std::string& event : events) {
        wire += chunk(event);
        want += event;
    }
    wire += "0\r\n\r\n";
    for_each_split(
        wire,
        [&](const Pieces& pieces) {
            INFO("cut as " << pieces);
            World world(provider_config);
            auto& client = *world.client();
            world.send(client, post("/v1/chat/completions", streamed));
            auto& upstream = *world.upstreams.at(0);
            for (const std::string_view piece : pieces) world.send(upstream, piece);
            const Response response = take_response(client.received);
            CHECK(response.status == 200);
            CHECK(response.body == want);
            CHECK_FALSE(client.closed);
            CHECK_FALSE(upstream.closed);
        },
        5);
}

TEST_CASE("chat: a clean event leaves in the turn in which it arrived") {
    World world(provider_config);
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", streamed));
    auto& upstream = *world.upstreams.at(0);
    world.send(upstream, stream_head);
    CHECK(client.received.find("200 OK") != std::string::npos);
    world.send(upstream, chunk("data: {\"a\":1}\n\ndata: {\"a\""));
    CHECK(client.received.find("{\"a\":1}") != std::string::npos);
    CHECK(client.received.find("data: {\"a\"\r\n") == std::string::npos);
}

TEST_CASE("chat: the upstream is cancelled in the turn in which the client leaves") {
    for (const bool after_first_token : {false, true}) {
        for (const bool by_fin : {false, true}) {
            INFO("after the first token " << after_first_token << ", by FIN " << by_fin);
            World world(provider_config);
            auto& client = *world.client();
            world.send(client, post("/v1/chat/completions", streamed));
            auto& upstream = *world.upstreams.at(0);
            if (after_first_token) world.send(upstream, std::string(stream_head) + chunk("data: {}\n\n"));
            CHECK_FALSE(upstream.closed);
            by_fin ? world.end(client) : world.drop(client);
            CHECK(upstream.closed);
            CHECK(upstream.aborted);
            CHECK(client.closed);
            gw_stats stats{};
            stats.size = sizeof stats;
            gw_gateway_stats(world.gateway(), &stats);
            CHECK(stats.upstream_cancelled_total == 1);
            CHECK(stats.requests_open == 0);
        }
    }
}

TEST_CASE("chat: also while the upstream is still being dialled or looked up") {
    World world(provider_config);
    world.accept_upstreams = false;
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", streamed));
    REQUIRE(world.upstreams.size() == 1);
    world.drop(client);
    CHECK(world.upstreams[0]->closed);
}

TEST_CASE("chat: more requests than gateway.upstream.maxConnections wait in line") {
    std::string config(provider_config);
    config.replace(config.find("gateway: {"), 10, "gateway: { upstream: { maxConnections: 2 },");
    World world(config);
    REQUIRE(world.status() == GW_OK);
    World::Peer* clients[3];
    for (World::Peer*& client : clients) {
        client = world.client();
        world.send(*client, post("/v1/chat/completions", question));
    }
    CHECK(world.upstreams.size() == 2);
    world.upstreams[0]->received.clear();
    world.send(*world.upstreams[0], http_answer("application/json", "{}"));
    CHECK(take_response(clients[0]->received).status == 200);
    world.advance(1);
    CHECK(world.upstreams.size() == 2);
    CHECK(world.upstreams[0]->received.find("POST ") == 0);  // the third one's
    world.send(*world.upstreams[0], http_answer("application/json", "{}"));
    CHECK(take_response(clients[2]->received).status == 200);
}

TEST_CASE("chat: upstream errors become the client's") {
    struct Case {
        std::string_view status, body;
        int want;
        std::string_view text;
    };
    const Case cases[] = {
        {"400 Bad Request", R"({"error":{"message":"bad thing","type":"invalid_request_error","code":"c1"}})", 400,
         "bad thing"},
        {"404 Not Found", R"({"error":{"message":"no model"}})", 404, "no model"},
        {"429 Too Many Requests", R"({"error":{"message":"slow down"}})", 429, "slow down"},
        {"401 Unauthorized", R"({"error":{"message":"Incorrect API key provided: sk-abc"}})", 502,
         "refused the credentials"},
        {"500 Internal Server Error", "<html>", 502, "answered with an error"},
        {"503 Service Unavailable", R"({"error":{"message":"overloaded"}})", 503, "overloaded"},
        {"204 No Content", "", 502, "answered with an error"},
    };
    for (const Case& c : cases) {
        for (const std::string_view body : {question, streamed}) {
            INFO(c.status << " for " << body);
            World world(provider_config);
            auto& client = *world.client();
            world.send(client, post("/v1/chat/completions", body));
            world.send(*world.upstreams.at(0), c.status[0] == '2' ? "HTTP/1.1 204 No Content\r\n\r\n"
                                                                  : http_answer("application/json", c.body, c.status));
            const Response response = take_response(client.received);
            CHECK(response.status == c.want);
            CHECK(response.body.find(c.text) != std::string::npos);
            CHECK(response.body.find("sk-abc") == std::string::npos);
        }
    }
}

TEST_CASE("chat: a stream that breaks off ends with an error event and [DONE]") {
    World world(provider_config);
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", streamed));
    auto& upstream = *world.upstreams.at(0);
    world.send(upstream, std::string(stream_head) + chunk("data: {\"a\":1}\n\ndata: half"));
    SECTION("the upstream closes") { world.end(upstream); }
    SECTION("the upstream resets") { world.drop(upstream); }
    SECTION("the upstream falls silent") { world.advance(120001); }
    const Response response = take_response(client.received);
    CHECK(response.body.find("data: {\"a\":1}\n\ndata: {\"error\":{") == 0);
    CHECK(response.body.find("half") == std::string::npos);
    CHECK(response.body.find("data: [DONE]\n\n") == response.body.size() - 14);
}

TEST_CASE("chat: before the first byte a broken connection is tried again") {
    World world(provider_config);
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", question));
    world.end(*world.upstreams.at(0));
    REQUIRE(world.upstreams.size() == 2);
    CHECK(world.upstreams[1]->received.find("hello there") != std::string::npos);
    world.send(*world.upstreams[1], http_answer("application/json", "{}"));
    CHECK(take_response(client.received).status == 200);
}

TEST_CASE("chat: an upstream that cannot be reached is a 502 that says so") {
    World world(provider_config);
    world.accept_upstreams = false;
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", question));
    for (std::size_t i = 0; i < world.upstreams.size(); ++i) world.refuse(*world.upstreams[i]);
    CHECK(world.upstreams.size() == 3);
    const Response response = take_response(client.received);
    CHECK(response.status == 502);
    CHECK(response.body.find("cannot be reached") != std::string::npos);
}

TEST_CASE("chat: a slow client stops the reading from the upstream") {
    World world(provider_config);
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", streamed));
    auto& upstream = *world.upstreams.at(0);
    world.send(upstream, stream_head);
    client.take = false;
    const std::string event = "data: \"" + std::string(8000, 'x') + "\"\n\n";
    std::size_t sent = 0;
    while (upstream.wants_read && sent < 100) {
        world.send(upstream, chunk(event));
        ++sent;
    }
    CHECK(sent < 12);
    CHECK_FALSE(upstream.wants_read);
    client.take = true;
    world.pump();
    CHECK(upstream.wants_read);
    world.send(upstream, chunk("data: [DONE]\n\n") + "0\r\n\r\n");
    const Response response = take_response(client.received);
    CHECK(response.body.size() == sent * event.size() + 14);
}

TEST_CASE("chat: a name that leads to a private address is refused") {
    std::string config(provider_config);
    config.replace(config.find("127.0.0.1:9999"), 14, "upstream.test ");
    config.erase(config.find("upstream.test ") + 13, 1);
    for (const char* address :
         {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:192.168.1.1", "fd00::1", "0.0.0.0"}) {
        INFO(address);
        World world(config);
        REQUIRE(world.status() == GW_OK);
        world.names["upstream.test"] = {address};
        auto& client = *world.client();
        world.send(client, post("/v1/chat/completions", question));
        CHECK(world.upstreams.empty());
        CHECK(take_response(client.received).status == 502);
    }
    World world(config);
    world.names["upstream.test"] = {"10.0.0.1", "93.184.216.34"};
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", question));
    REQUIRE(world.upstreams.size() == 1);
    CHECK(world.upstreams[0]->address == "93.184.216.34");
}

TEST_CASE("chat: bad requests say what is wrong") {
    World world(open_config);
    struct Case {
        std::string_view body;
        int status;
        std::string_view text;
    };
    const Case cases[] = {
        {"{", 400, "not valid JSON"},
        {"[]", 400, "must be a JSON object"},
        {"", 400, "`messages` must be an array"},
        {R"({"messages":[]})", 400, "Missing user message"},
        {R"({"messages":[{"role":"system","content":"x"}]})", 400, "Missing user message"},
        {R"({"messages":[{}]})", 400, "needs a `role`"},
        {R"({"model":7,"messages":[{"role":"user","content":"x"}]})", 400, "`model` must be a string"},
        {R"({"model":"gpt-9","messages":[{"role":"user","content":"x"}]})", 404, "Unknown `model`"},
        {R"({"model":"openclaw/nope","messages":[{"role":"user","content":"x"}]})", 404, "Unknown agent"},
        {R"({"stream":"yes","messages":[{"role":"user","content":"x"}]})", 400, "`stream` must be"},
        {R"({"messages":[{"role":"user","content":"x"}],"messages":[]})", 400, "not valid JSON"},
    };
    auto& client = *world.client();
    for (const Case& c : cases) {
        INFO(c.body);
        world.send(client, post("/v1/chat/completions", c.body));
        const Response response = take_response(client.received);
        INFO(response.body);
        CHECK(response.status == c.status);
        CHECK(response.body.find(c.text) != std::string::npos);
    }
}

TEST_CASE("chat: the endpoint is off until it is configured") {
    World world(R"({gateway:{auth:{mode:"none"}}})");
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", question));
    const Response response = take_response(client.received);
    CHECK(response.status == 404);
    CHECK(response.body.find("gateway.http.endpoints.chatCompletions.enabled") != std::string::npos);
}

TEST_CASE("chat: the bearer token opens the door") {
    World world(
        R"({gateway:{auth:{mode:"token",token:"the-right-one"},http:{endpoints:{chatCompletions:{enabled:true}}}}})");
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client();
    for (const std::string_view field :
         {"", "Authorization: Bearer the-wrong-one\r\n", "Authorization: Basic dGhlLXJpZ2h0LW9uZQ==\r\n",
          "Authorization: Bearer\r\n"}) {
        world.send(client, post("/v1/chat/completions", question, field));
        CHECK(take_response(client.received).status == 401);
    }
    world.send(client, post("/v1/chat/completions", question, "Authorization: bearer the-right-one\r\n"));
    CHECK(take_response(client.received).status == 200);
    world.send(client, get("/healthz"));
    CHECK(take_response(client.received).status == 200);
    world.send(client, get("/v1/models"));
    CHECK(take_response(client.received).status == 401);
}

}  // namespace gw::test
