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

TEST_CASE("memory: ten thousand random cuts of every conversation give the same answers") {
    const std::string bearer = "Authorization: Bearer t\r\n";
    const std::string streamed =
        post("/v1/chat/completions", R"({"stream":true,"messages":[{"role":"user","content":"x"}]})", bearer);
    const std::string plain = post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"x"}]})", bearer);
    std::string stream(stream_head);
    stream += "10\r\ndata: {\"a\":1}\n\nd\r\n11\r\nata: {\"a\":2}\n\nda\r\nc\r\nta: [DONE]\n\n\r\n0\r\n\r\n";
    const std::string whole =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 37\r\n\r\n"
        R"({"choices":[{"message":{"a":"b"}}] })"
        " ";
    struct Conversation {
        std::string_view name;
        std::string config, requests;
        std::vector<std::string> answers;  // of the upstreams, in the order in which they are dialled
        std::string_view part;             // of the answers
    };
    const std::string builtin = "{gateway:{auth:{mode:'none'},http:{endpoints:{chatCompletions:{enabled:true}}}}}";
    const Conversation conversations[] = {
        {"a stream and what is pipelined behind it",
         std::string(config),
         streamed + get("/healthz") + get("/v1/models", bearer),
         {stream},
         "[DONE]"},
        {"an answer in one piece", std::string(config), plain + get("/healthz"), {whole}, R"("a":"b")"},
        {"a fallback after an error",
         std::string(config),
         plain,
         {"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}", whole},
         R"("a":"b")"},
        {"an error that is the client's",
         std::string(config),
         plain,
         {"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: "
          "49\r\n\r\n{\"error\":{\"message\":\"too long\",\"type\":\"invalid\"}}"},
         "too long"},
        {"the built-in agent", builtin, streamed + plain + get("/healthz"), {}, "[DONE]"},
        {"refusals, and a request that breaks HTTP",
         builtin,
         get("/nothing") +
             "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
             "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
         {},
         "400"},
    };
    gw_host host{};  // whose random numbers are always the same
    host.size = sizeof host;
    host.random = [](void*, void* out, std::size_t len) {
        std::fill_n(static_cast<unsigned char*>(out), len, static_cast<unsigned char>(7));
        return true;
    };
    for (const Conversation& c : conversations) {
        gw_status status = GW_OK;
        std::string problems;
        gw_config* const loaded = load_config(c.config, &host, status, problems);
        REQUIRE(status == GW_OK);
        const auto converse_cut = [&](Random* random) {
            const auto cut = [&](const std::string& text) {
                return random == nullptr ? Pieces{{text}, "whole"} : cut_at_random(text, *random, 40);
            };
            World world(loaded, &host);
            world.names["upstream.test"] = {"93.184.216.34"};
            auto& client = *world.client();
            for (const std::string_view piece : cut(c.requests)) world.send(client, piece);
            for (std::size_t i = 0; i < c.answers.size(); ++i) {
                REQUIRE(world.upstreams.size() > i);
                for (const std::string_view piece : cut(c.answers[i])) world.send(*world.upstreams[i], piece);
            }
            world.advance(1000);  // the built-in agent takes its time
            std::string all;
            while (has_response(client.received)) {
                const Response response = take_response(client.received);
                all += std::to_string(response.status) + " " + response.body + "|";
            }
            return all + client.received;
        };
        INFO(c.name);
        const std::string want = converse_cut(nullptr);
        CHECK(want.find(c.part) != std::string::npos);
        Random random(4);
        for (int i = 0; i < long_rounds(10000); ++i) {
            const std::string got = converse_cut(&random);
            if (got != want) FAIL("cut " << i << " gave " << got << " instead of " << want);
        }
        gw_config_free(loaded);
    }
}

}  // namespace gw::test
