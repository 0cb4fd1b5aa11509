// Out of memory at every single allocation of a whole conversation: no crash, no leak, and the gateway goes on.
#include "support/world.h"

namespace gw::test {

namespace {

constexpr std::string_view config = R"({
  gateway: { auth: { mode: "token", token: "t" }, http: { endpoints: { chatCompletions: { enabled: true } } } },
  agents: { defaults: { model: { primary: "mock/m", fallbacks: ["other/n"] } } },
  models: { providers: { mock: { baseUrl: "http://upstream.test:9/v1", apiKey: "k" }, other: { baseUrl: "http://127.0.0.1:8/v1" } } },
})";
constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

// A streamed answer after a fallback, a plain one, an error, a client that leaves. True when everything went well.
bool converse(World& world) {
    world.names["upstream.test"] = {"93.184.216.34"};
    auto* client = world.client();
    if (client == nullptr) return false;
    const std::string bearer = "Authorization: Bearer t\r\n";
    world.send(*client,
               get("/healthz") + post("/v1/chat/completions",
                                      R"({"stream":true,"messages":[{"role":"user","content":"x"}]})", bearer));
    if (!world.upstreams.empty())
        world.send(*world.upstreams.back(), "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}");
    if (!world.upstreams.empty()) {
        auto& upstream = *world.upstreams.back();
        world.send(upstream, stream_head);
        world.send(upstream, "10\r\ndata: {\"a\":1}\n\nd\r\n11\r\nata: {\"a\":2}\n\nda\r\n");
        world.send(upstream, "c\r\nta: [DONE]\n\n\r\n0\r\n\r\n");
    }
    world.send(*client, post("/v1/chat/completions", "{", bearer) + get("/v1/models", bearer));
    world.send(*client, post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"y"}]})", bearer));
    world.drop(*client);
    world.advance(200000);
    return world.out_of_memory == GW_OK;
}

}  // namespace

TEST_CASE("memory: the n-th allocation fails, for every n of a whole conversation") {
    std::size_t n = 0;
    for (bool went_well = false; !went_well; ++n) {
        INFO("allocation " << n);
        REQUIRE(n < 20000);
        TestHost host;
        host.fail_once_at(n);
        World world(config, host.host());
        if (world.status() == GW_OK) {
            went_well = converse(world) && !host.failed();
            host.fail_never();
            // Whatever failed, the gateway serves the next client.
            auto* client = world.client();
            REQUIRE(client != nullptr);
            world.send(*client, get("/healthz"));
            CHECK(take_response(client->received).status == 200);
        } else {
            CHECK(world.status() == GW_ERR_NO_MEMORY);
        }
    }
    CHECK(n > 200);
}

TEST_CASE("memory: an idle connection costs little, and nothing is left behind") {
    TestHost host;
    World world(config, host.host());
    REQUIRE(world.status() == GW_OK);
    std::vector<World::Peer*> peers;
    const auto open = [&] {
        auto* client = world.client();
        world.send(*client, get("/healthz"));
        take_response(client->received);
        return client;
    };
    open();
    const std::size_t before = host.bytes_out();
    for (int i = 0; i < 100; ++i) peers.push_back(open());
    const std::size_t per_connection = (host.bytes_out() - before) / 100;
    INFO(per_connection << " bytes per idle connection");
    CHECK(per_connection < 4096);
    for (auto* peer : peers) world.drop(*peer);
    CHECK(host.bytes_out() <= before + 4096);
}

TEST_CASE("memory: a proxied stream in steady state allocates nothing") {
    TestHost host;
    World world(config, host.host());
    world.names["upstream.test"] = {"93.184.216.34"};
    auto& client = *world.client();
    world.send(client, post("/v1/chat/completions", R"({"stream":true,"messages":[{"role":"user","content":"x"}]})",
                            "Authorization: Bearer t\r\n"));
    auto& upstream = *world.upstreams.at(0);
    world.send(upstream, stream_head);
    for (int i = 0; i < 10; ++i) world.send(upstream, "f\r\ndata: {\"a\":1}\n\n\r\n");
    const std::size_t before = host.allocations();
    for (int i = 0; i < 1000; ++i) world.send(upstream, "f\r\ndata: {\"a\":1}\n\n\r\n");
    CHECK(host.allocations() == before);
}

TEST_CASE("memory: ten thousand random cuts of one conversation give the same bytes") {
    const std::string request =
        post("/v1/chat/completions", R"({"stream":true,"messages":[{"role":"user","content":"x"}]})",
             "Authorization: Bearer t\r\n") +
        get("/healthz") + get("/v1/models", "Authorization: Bearer t\r\n");
    const std::string answer =
        std::string(stream_head) +
        "10\r\ndata: {\"a\":1}\n\nd\r\n11\r\nata: {\"a\":2}\n\nda\r\nc\r\nta: [DONE]\n\n\r\n0\r\n\r\n";
    const auto converse_cut = [&](const Pieces& requests, const Pieces& answers) {
        World world(config);
        world.names["upstream.test"] = {"93.184.216.34"};
        auto& client = *world.client();
        for (const std::string_view piece : requests) world.send(client, piece);
        for (const std::string_view piece : answers) world.send(*world.upstreams.at(0), piece);
        std::string all;
        while (has_response(client.received)) all += take_response(client.received).body + "|";
        return all;
    };
    const std::string want = converse_cut({{request}, ""}, {{answer}, ""});
    CHECK(want.find("[DONE]") != std::string::npos);
    Random random(4);
    for (int i = 0; i < 10000; ++i) {
        const Pieces requests = cut_at_random(request, random, 40);
        const Pieces answers = cut_at_random(answer, random, 20);
        const std::string got = converse_cut(requests, answers);
        if (got != want) FAIL("cut " << i << " gave " << got);
    }
}

}  // namespace gw::test
