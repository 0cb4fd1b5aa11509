// Second opinions on answers: one that came as a whole, the calls of a streamed one, and the calls of an agent.
#include "exchange/opinion_support.h"
#include "exchange/provider_says.h"

namespace gw::test {

using opinion::made;
using opinion::request;
using opinion::shared_world;

namespace {

constexpr std::string_view plain = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
constexpr std::string_view streamed = R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})";

// A request that has passed the host and reached its provider.
struct Asked {
    explicit Asked(std::string_view body = streamed, World& in = shared_world()) : world(in), client(*world.client()) {
        world.opinion_questions.clear();
        world.cancelled_asks.clear();
        world.records.clear();
        const std::size_t before = world.upstreams.size();
        world.send(client, request(body));
        settle(GW_OK);
        REQUIRE(world.upstreams.size() == before + 1);
    }
    ~Asked() {
        if (client.conn != nullptr) world.drop(client);
        if (upstream().conn != nullptr) world.drop(upstream());
        world.pump();
    }
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;
    [[nodiscard]] World::Peer& upstream() const { return *world.upstreams.back(); }
    void say(std::string_view bytes) { world.send(upstream(), bytes); }
    // The newest question.
    [[nodiscard]] const std::string& question() const { return world.opinion_questions.back().data; }
    [[nodiscard]] std::size_t questions() const { return world.opinion_questions.size(); }
    void settle(gw_status status, std::string_view reason = {}) {
        REQUIRE(opinion::answer(world, world.opinion_questions.back().ask, status, reason) == GW_OK);
    }
    [[nodiscard]] bool received(std::string_view part) const { return client.received.find(part) != std::string::npos; }

    World& world;
    World::Peer& client;
};

const std::string call_1 = calls("shell", R"({\"cmd\":\"make it so\"})");
const std::string call_2 =
    delta(R"({"tool_calls":[{"index":1,"id":"call_2","function":{"name":"look","arguments":"{\"at\":\"b\"}"}}]})");

}  // namespace

TEST_CASE("opinion: an answer that came as a whole waits for it") {
    const std::string body =
        R"({"choices":[{"index":0,"message":{"role":"assistant","content":"CUIL is 20-92471509-0."}}]})";
    const std::string left =
        R"({"choices":[{"index":0,"message":{"role":"assistant","content":"CUIL is [REDACTED:PII-AR-CUIT]."}}]})";
    struct Case {
        std::string_view name;
        gw_status status;
        std::string_view reason, told;  // empty: it leaves
    };
    const Case cases[] = {
        {"yes", GW_OK, "", ""},
        {"no", GW_ERR_BLOCKED, "off topic", "The model's response was blocked"},
        {"nobody could say", GW_ERR_IO, "", ""},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        Asked c(plain);
        c.say(answer("application/json", body));
        CHECK(c.client.received.empty());
        REQUIRE(c.questions() == 2);
        CHECK(c.question().starts_with(R"({"direction":"completion","provider":"openai","model":"m","session":")"));
        CHECK(c.question().find("\"body\":" + left) != std::string::npos);
        c.settle(one.status, one.reason);
        const Response response = take_response(c.client.received);
        CHECK(response.status == 200);
        CHECK(c.world.records.back().find(R"("event_type":"llm_response")") != std::string::npos);
        const std::string& verdict = c.world.records.at(c.world.records.size() - 2);
        if (one.told.empty()) {
            CHECK(response.body == left);
            CHECK(verdict.find(R"("action":"block")") == std::string::npos);
        } else {
            CHECK(response.field("x-defenseclaw-blocked") == "true");
            CHECK(response.body.find(one.told) != std::string::npos);
            CHECK(response.body.find("(second opinion: off topic)") != std::string::npos);
            CHECK(response.body.find("CUIL") == std::string::npos);
            CHECK(verdict.find(R"("action":"block")") != std::string::npos);
        }
    }
}

TEST_CASE("opinion: nobody is asked about failures, blocked answers, or streamed text") {
    {
        Asked failed(plain);
        failed.say(answer("application/json", R"({"error":{"message":"slow down"}})", "429 Too Many Requests"));
        CHECK(take_response(failed.client.received).status == 429);
        CHECK(failed.questions() == 1);
    }
    {
        Asked blocked(plain);
        blocked.say(answer("application/json",
                           R"({"choices":[{"index":0,"message":{"role":"assistant","content":"It is )"
                           R"(ghp_Zq3vT8kW1nB6yR0cX5mJ9dL2hF7sP4gU8aEe."}}]})"));
        CHECK(take_response(blocked.client.received).field("x-defenseclaw-blocked") == "true");
        CHECK(blocked.questions() == 1);
    }
    Asked text;
    text.say(sse(says("Hello there. ") + stops()));
    CHECK(text.received("Hello there. "));
    CHECK(text.received("[DONE]"));
    CHECK(text.questions() == 1);
}

TEST_CASE("opinion: the calls of a stream wait for it, what came before does not") {
    const std::string wire = says("Let me see. ") + call_1 + call_2 + stops("tool_calls");
    // As it comes, and cut into pieces of so many bytes.
    for (const std::size_t piece_bytes : {wire.size(), std::size_t{1}, std::size_t{7}, call_1.size()}) {
        for (const bool fine : {true, false}) {
            INFO((fine ? "yes" : "no") << ", pieces of " << piece_bytes);
            Asked c;
            c.say(stream_head);
            for (std::size_t at = 0; at < wire.size(); at += piece_bytes) c.say(chunk(wire.substr(at, piece_bytes)));
            c.say("0\r\n\r\n");
            CHECK(c.received("Let me see. "));
            CHECK_FALSE(c.received("make it so"));
            CHECK_FALSE(c.received("call_1"));
            REQUIRE(c.questions() == 2);
            CHECK(c.question().starts_with(R"({"direction":"tool_call","provider":"openai","model":"m","session":")"));
            CHECK(c.question().find(R"("body":{"calls":[{"name":"shell","arguments":"{\"cmd\":\"make it so\"}"})") !=
                  std::string::npos);
            std::string asked = c.question();
            c.settle(fine ? GW_OK : GW_ERR_BLOCKED, "not today");
            // Where the stream said that its first call was whole before it told of the second, there is one more.
            if (fine && c.questions() == 3) {
                CHECK_FALSE(c.received("call_2"));
                asked += c.question();
                c.settle(GW_OK);
            }
            const Response response = take_response(c.client.received);
            if (fine) {
                CHECK(asked.find(R"({"name":"look","arguments":"{\"at\":\"b\"}"})") != std::string::npos);
                CHECK(response.body == wire);
            } else {
                CHECK(response.body.find("make it so") == std::string::npos);
                CHECK(response.body.find("tool call blocked") != std::string::npos);
                CHECK(response.body.find("second opinion: not today)") != std::string::npos);
                CHECK(response.body.ends_with("data: [DONE]\n\n"));
            }
        }
    }
}

TEST_CASE("opinion: a call goes on when nobody says anything about it in time") {
    auto limits = gw_limits{};
    limits.size = sizeof limits;
    limits.ask_timeout_ms = 700;
    World world = made("action", &limits);
    Asked c(streamed, world);
    const std::string wire = call_1 + stops("tool_calls");
    c.say(sse(wire));
    CHECK_FALSE(c.received("make it so"));
    c.world.advance(699);
    CHECK_FALSE(c.received("make it so"));
    c.world.advance(1);
    CHECK(take_response(c.client.received).body == wire);
    CHECK(c.world.cancelled_asks.size() == 1);
}

TEST_CASE("opinion: a stream that waits tells its client so, and ends with its client or its provider") {
    {
        Asked slow;
        slow.say(sse(call_1 + stops("tool_calls")));
        slow.world.advance(16000);
        CHECK(slow.received(": keep-alive"));
        CHECK_FALSE(slow.received("make it so"));
        const gw_ask_id question = slow.world.opinion_questions.back().ask;
        slow.world.drop(slow.client);
        slow.world.pump();
        CHECK(slow.world.cancelled_asks.size() == 1);
        CHECK(opinion::answer(slow.world, question, GW_OK) == GW_ERR_GONE);
    }
    Asked cut;
    cut.say(stream_head);
    cut.say(chunk(says("Wait. ") + call_1 + stops("tool_calls")));
    REQUIRE(cut.questions() == 2);
    cut.world.drop(cut.upstream());
    cut.world.pump();
    const Response response = take_response(cut.client.received);
    CHECK(response.body.find("Wait. ") != std::string::npos);
    CHECK(response.body.find("make it so") == std::string::npos);
    CHECK(response.body.find("upstream error") != std::string::npos);
    CHECK(cut.world.cancelled_asks.size() == 1);
}

TEST_CASE("opinion: calls that are whole in one event, and calls that are told twice, are asked about once") {
    struct Case {
        std::string_view name, path, port, wire;
    };
    const Case cases[] = {
        {"Gemini", "/v1beta/models/g:streamGenerateContent?alt=sse", "10",
         "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"shell\",\"args\":"
         "{\"cmd\":\"make it so\"}}}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}]}\n\n"},
        {"Responses", "/v1/responses", "9",
         "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n"
         "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"output_index\":0,"
         "\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"shell\",\"arguments\":\"\"}}\n\n"
         "event: response.function_call_arguments.delta\ndata: {\"type\":\"response.function_call_arguments.delta\","
         "\"output_index\":0,\"delta\":\"{\\\"cmd\\\":\\\"make it so\\\"}\"}\n\n"
         "event: response.function_call_arguments.done\ndata: {\"type\":\"response.function_call_arguments.done\","
         "\"output_index\":0,\"arguments\":\"{\\\"cmd\\\":\\\"make it so\\\"}\"}\n\n"
         "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"output_index\":0,"
         "\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"shell\",\"arguments\":"
         "\"{\\\"cmd\\\":\\\"make it so\\\"}\"}}\n\n"
         "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"output\":[{"
         "\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"shell\",\"arguments\":"
         "\"{\\\"cmd\\\":\\\"make it so\\\"}\"}]}}\n\n"},
    };
    for (const Case& one : cases) {
        for (const bool fine : {true, false}) {
            INFO(one.name << (fine ? ", yes" : ", no"));
            World& world = shared_world();
            auto& client = *world.client();
            const std::string fields =
                "X-DC-Auth: Bearer t\r\nX-DC-Target-URL: http://127.0.0.1:" + std::string(one.port) + "\r\n";
            const std::string_view body = one.port == "10" ? R"({"contents":[{"parts":[{"text":"hi"}]}]})"
                                                           : R"({"model":"m","stream":true,"input":"hi"})";
            world.send(client, post(one.path, body, fields));
            REQUIRE(world.opinion_questions.size() == 1);
            REQUIRE(opinion::answer(world, world.opinion_questions[0].ask, GW_OK) == GW_OK);
            world.send(*world.upstreams.back(), sse(one.wire));
            REQUIRE(world.opinion_questions.size() == 2);
            CHECK(client.received.find("make it so") == std::string::npos);
            CHECK(world.opinion_questions[1].data.find(
                      R"("body":{"calls":[{"name":"shell","arguments":"{\"cmd\":\"make it so\"}"}]}})") !=
                  std::string::npos);
            REQUIRE(opinion::answer(world, world.opinion_questions[1].ask, fine ? GW_OK : GW_ERR_BLOCKED) == GW_OK);
            CHECK(world.opinion_questions.size() == 2);
            const Response response = take_response(client.received);
            if (fine) {
                CHECK(response.body == one.wire);
            } else {
                CHECK(response.body.find("make it so") == std::string::npos);
                CHECK(response.body.find("second opinion") != std::string::npos);
            }
        }
    }
}

TEST_CASE("opinion: an agent's prompt and its calls") {
    const std::string config = R"({
      gateway: { auth: { mode: "token", token: "t" }, http: { endpoints: { chatCompletions: { enabled: true } } } },
      guardrail: { enabled: true, mode: "action" },
      agents: { list: [{ id: "main" }] },
    })";
    constexpr std::uint32_t services = (GW_SERVICE_ALL & ~GW_SERVICE_LISTEN) | GW_SERVICE_OPINION;
    const auto chat = [](std::string_view text) {
        return post("/v1/chat/completions",
                    R"({"model":"openclaw","messages":[{"role":"user","content":")" + std::string(text) +
                        R"("}],"tools":[{"type":"function","function":{"name":"echo","parameters":{}}}]})",
                    "Authorization: Bearer t\r\n");
    };
    World world(config, nullptr, nullptr, nullptr, services);
    INFO(world.problems());
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client();
    const auto settle = [&](gw_status status, std::string_view reason = {}) {
        REQUIRE(opinion::answer(world, world.opinion_questions.back().ask, status, reason) == GW_OK);
        world.advance(5000);
    };
    // The prompt, with what the rules replace.
    world.send(client, chat("My CUIL is 20-92471509-0."));
    REQUIRE(world.opinion_questions.size() == 1);
    CHECK(world.opinion_questions[0].data.find(R"("direction":"prompt")") != std::string::npos);
    CHECK(world.opinion_questions[0].data.find(R"("agent":"main")") != std::string::npos);
    CHECK(world.opinion_questions[0].data.find("My CUIL is [REDACTED:PII-AR-CUIT].") != std::string::npos);
    CHECK(client.received.empty());
    settle(GW_ERR_BLOCKED, "not here");
    CHECK(take_response(client.received).body.find("(second opinion: not here)") != std::string::npos);

    // A call before it is made: the built-in agent calls what it is told to.
    for (const bool fine : {true, false}) {
        INFO((fine ? "yes" : "no"));
        world.send(client, chat(R"(call echo {\"text\":\"abc\"})"));
        settle(GW_OK);
        const World::OpinionQuestion& asked = world.opinion_questions.back();
        CHECK(asked.data.find(R"("direction":"tool_call")") != std::string::npos);
        CHECK(asked.data.find(R"({"calls":[{"name":"echo","arguments":"{\"text\":\"abc\"}"}]})") != std::string::npos);
        CHECK(client.received.empty());
        settle(fine ? GW_OK : GW_ERR_BLOCKED);
        const std::string body = take_response(client.received).body;
        CHECK((body.find("tool call blocked") == std::string::npos) == fine);
        CHECK((body.find("abc") != std::string::npos) == fine);
    }
}

}  // namespace gw::test
