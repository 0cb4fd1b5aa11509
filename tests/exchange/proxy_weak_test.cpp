// What proxies of this kind get wrong, one case after the other: what is not looked at, what leaves too early, what is
// passed on that should not be. docs/guardrail.md has the list with the names of these tests.
#include "exchange/proxy_support.h"

namespace gw::test {

namespace {

std::string quoted_in(std::string_view form, std::string_view text) {
    std::string out(form);
    out.replace(out.find('@'), 1, text);
    return out;
}

std::string sse_of(std::initializer_list<std::string_view> data) {
    std::string out;
    for (const std::string_view one : data) out += "data: " + std::string(one) + "\n\n";
    return out;
}

constexpr std::string_view chat_path = "/v1/chat/completions";
constexpr std::string_view chat_question =
    R"({"model":"m","messages":[{"role":"user","content":"Name three rivers."}]})";
constexpr std::string_view chat_stream_question =
    R"({"model":"m","stream":true,"messages":[{"role":"user","content":"Name three rivers."}]})";

}  // namespace

TEST_CASE("proxy weak: whatever part of a prompt it stands in, an attack does not reach the model") {
    struct Case {
        std::string_view name, provider, path, body;
    };
    const Case cases[] = {
        {"system", "openai", chat_path,
         R"({"model":"m","messages":[{"role":"system","content":"@"},{"role":"user","content":"hi"}]})"},
        {"developer", "openai", chat_path,
         R"({"model":"m","messages":[{"role":"developer","content":"@"},{"role":"user","content":"hi"}]})"},
        {"an earlier turn", "openai", chat_path,
         R"({"model":"m","messages":[{"role":"user","content":"@"},{"role":"assistant","content":"no"},{"role":"user","content":"hi"}]})"},
        {"a tool's result", "openai", chat_path,
         R"({"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"fetch","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"@"}]})"},
        {"a tool's description", "openai", chat_path,
         R"({"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","description":"@"}}]})"},
        {"a part of a message", "openai", chat_path,
         R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"text","text":"@"}]}]})"},
        {"a heartbeat", "openai", chat_path,
         R"({"model":"m","messages":[{"role":"user","content":"Read HEARTBEAT.md. @ HEARTBEAT_OK"}]})"},
        {"a start of a session", "openai", chat_path,
         R"({"model":"m","messages":[{"role":"user","content":"A new session was started via /new or /reset. Read BOOTSTRAP.md. @"}]})"},
        {"Anthropic's system blocks", "anthropic", "/v1/messages",
         R"({"model":"m","max_tokens":9,"system":[{"type":"text","text":"@"}],"messages":[{"role":"user","content":"hi"}]})"},
        {"Anthropic's result of a tool", "anthropic", "/v1/messages",
         R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"@"}]}]}]})"},
        {"Responses' instructions", "openai", "/v1/responses", R"({"model":"m","instructions":"@","input":"hi"})"},
        {"Responses' output of a call", "openai", "/v1/responses",
         R"({"model":"m","input":[{"type":"function_call_output","call_id":"c","output":"@"}]})"},
        {"Gemini's instruction", "gemini", "/v1beta/models/m:generateContent",
         R"({"systemInstruction":{"parts":[{"text":"@"}]},"contents":[{"role":"user","parts":[{"text":"hi"}]}]})"},
        {"Gemini's response of a function", "gemini", "/v1beta/models/m:generateContent",
         R"({"contents":[{"role":"function","parts":[{"functionResponse":{"name":"f","response":{"r":"@"}}}]}]})"},
        {"Bedrock's system", "bedrock", "/model/m/converse",
         R"({"system":[{"text":"@"}],"messages":[{"role":"user","content":[{"text":"hi"}]}]})"},
        {"Ollama's system", "ollama", "/api/generate", R"({"model":"m","system":"@","prompt":"hi"})"},
        {"a body that no dialect knows", "openai", "/v1/rerank", R"({"documents":["hi","@"],"top_n":1})"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Passed got = proxy_bench().ask(c.provider, c.path, quoted_in(c.body, injection), {});
        CHECK_FALSE(got.reached);
        CHECK(got.response.status == 200);
        CHECK(got.response.field("x-defenseclaw-blocked") == "true");
        CHECK(got.response.body.find("[DefenseClaw] This request was blocked.") != std::string::npos);
    }
}

TEST_CASE("proxy weak: whatever part of an answer it stands in, streamed or not, a secret does not reach the client") {
    struct Case {
        std::string_view name, provider, path, body, type, answer;
    };
    const Case cases[] = {
        {"another choice", "openai", chat_path, chat_question, "application/json",
         R"({"choices":[{"index":0,"message":{"content":"a"}},{"index":1,"message":{"content":"@"}}]})"},
        {"another choice, streamed", "openai", chat_path, chat_stream_question, "text/event-stream",
         R"({"id":"c","choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"@"}}]})"},
        {"reasoning", "openai", chat_path, chat_stream_question, "text/event-stream",
         R"({"id":"c","choices":[{"index":0,"delta":{"reasoning_content":"@"}}]})"},
        {"a refusal", "openai", chat_path, chat_stream_question, "text/event-stream",
         R"({"id":"c","choices":[{"index":0,"delta":{"refusal":"@"}}]})"},
        {"a call's arguments", "openai", chat_path, chat_stream_question, "text/event-stream",
         R"({"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{\"a\":\"@\"}"}}]}}]})"},
        {"Anthropic's thinking", "anthropic", "/v1/messages",
         R"({"model":"m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]})",
         "text/event-stream",
         R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"@"}})"},
        {"Anthropic's call", "anthropic", "/v1/messages",
         R"({"model":"m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]})",
         "text/event-stream",
         R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"a":"@"}}})"},
        {"Responses' call", "openai", "/v1/responses", R"({"model":"m","stream":true,"input":"hi"})",
         "text/event-stream",
         R"({"type":"response.function_call_arguments.delta","output_index":0,"item_id":"i","delta":"{\"a\":\"@\"}"})"},
        {"Gemini's second candidate", "gemini", "/v1beta/models/m:streamGenerateContent?alt=sse",
         R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})", "text/event-stream",
         R"({"candidates":[{"index":0,"content":{"parts":[{"text":"a"}]}},{"index":1,"content":{"parts":[{"text":"@"}]}}]})"},
        {"Gemini's call", "gemini", "/v1beta/models/m:streamGenerateContent?alt=sse",
         R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})", "text/event-stream",
         R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":"@"}}}]}}]})"},
        {"Vertex", "vertex", "/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
         R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})", "application/json",
         R"({"candidates":[{"content":{"parts":[{"text":"@"}]}}]})"},
        {"Bedrock", "bedrock", "/model/m/converse", R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})",
         "application/json", R"({"output":{"message":{"content":[{"toolUse":{"name":"f","input":{"a":"@"}}}]}}})"},
        {"Ollama's lines", "ollama", "/api/chat", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
         "application/x-ndjson", R"({"message":{"content":"@"},"done":false})"},
        {"Ollama's call", "ollama", "/api/chat", R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
         "application/x-ndjson",
         R"({"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":"@"}}}]},"done":false})"},
        {"a stream that does not say what it is", "openai", chat_path, chat_stream_question, "",
         R"({"id":"c","choices":[{"index":0,"delta":{"content":"@"}}]})"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const std::string said = quoted_in(c.answer, token_secret);
        const bool sse = c.type == "text/event-stream" || c.type.empty();
        for (const bool spaced : {true, false}) {
            std::string body = sse ? (spaced ? "data: " : "data:") + said + "\n\n" : said;
            if (c.type == "application/x-ndjson") body += "\n";
            const Passed got = proxy_bench().ask(c.provider, c.path, c.body, answer_of(c.type, body));
            CHECK(got.reached);
            CHECK(got.response.status == 200);
            CHECK(got.response.body.find("ghp_") == std::string::npos);
            CHECK(got.response.body.find("[DefenseClaw]") != std::string::npos);
        }
    }
    // Mode observe lets it pass and has seen it all the same.
    proxy_bench().set(R"({"mode":"observe"})");
    for (const Case& c : cases) {
        INFO(c.name);
        const std::string said = quoted_in(c.answer, token_secret);
        const bool sse = c.type == "text/event-stream" || c.type.empty();
        const std::string body = sse ? sse_of({said}) : said + "\n";
        const Passed seen = proxy_bench().ask(c.provider, c.path, c.body, answer_of(c.type, body));
        CHECK(seen.response.body == body);
        CHECK(seen.has_record("SEC-GITHUB"));
    }
    proxy_bench().set(R"({"mode":"action"})");
}

TEST_CASE("proxy weak: a clean stream asks nobody, and is no line in the log") {
    World& world = proxy_bench().world;
    const TestHost& host = proxy_bench().host;
    auto& client = *world.client();
    const std::string before = host.log();
    const std::size_t upstreams = world.upstreams.size();
    world.send(client, post(chat_path, chat_stream_question, proxy_fields()));
    REQUIRE(world.upstreams.size() == upstreams + 1);
    auto& upstream = *world.upstreams.back();
    world.send(upstream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; ++i)
        world.send(upstream, chunk_of(sse_of({R"({"id":"c","choices":[{"index":0,"delta":{"content":"Tana "}}]})"})));
    world.send(upstream, chunk_of(sse_of({"[DONE]"})) + "0\r\n\r\n");
    CHECK(take_response(client.received).body.ends_with("data: [DONE]\n\n"));
    CHECK(world.upstreams.size() == upstreams + 1);
    CHECK(world.open_asks.empty());
    CHECK(world.programs.empty());
    CHECK(host.log() == before);
    world.drop(upstream);
    world.drop(client);
}

TEST_CASE("proxy weak: what cannot be read does not pass in mode action") {
    const auto gzip = answer_of("application/json", "\x1f\x8b\x08xyz", 200, "Content-Encoding: gzip\r\n");
    const Passed asked = proxy_bench().ask("openai", chat_path, chat_question, gzip, "Accept-Encoding: gzip, br\r\n");
    CHECK(asked.sent.find("Accept-Encoding: identity\r\n") != std::string::npos);
    CHECK(asked.sent.find("gzip") == std::string::npos);
    CHECK(asked.response.status == 502);
    proxy_bench().set(R"({"mode":"observe"})");
    const Passed observed = proxy_bench().ask("openai", chat_path, chat_question, gzip);
    proxy_bench().set(R"({"mode":"action"})");
    CHECK(observed.response.status == 200);
    CHECK(observed.has_record("not-inspected"));

    for (const std::string_view body :
         {"messages=hi", R"({"messages":[{"role":"user","content":"h)", R"([{"role":"user"}])"}) {
        INFO(body);
        const Passed got = proxy_bench().ask("anthropic", "/v1/messages", body, {});
        CHECK_FALSE(got.reached);
        CHECK(got.response.status == 400);
    }
    auto& client = *proxy_bench().world.client();
    proxy_bench().world.send(client, "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 10485761\r\n" +
                                         proxy_fields("anthropic") + "\r\n");
    CHECK(take_response(client.received).status == 413);
    const Passed page = proxy_bench().ask("openai", chat_path, chat_question, answer_of("text/html", "<p>hi"));
    CHECK(page.response.status == 502);
}

TEST_CASE("proxy weak: an answer that is cut short is not passed on as a whole one") {
    for (const std::string_view wire :
         {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{\"choices\":[]}",
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: "
          "chunked\r\n\r\ne\r\n{\"choices\":[]}"}) {
        INFO(wire);
        CHECK(proxy_bench().ask("openai", chat_path, chat_question, wire).response.status == 502);
    }
}

TEST_CASE("proxy weak: where a request may go does not depend on its path") {
    const auto status_of = [](World& world, std::string_view path, std::string_view target) {
        auto& client = *world.client();
        const std::size_t before = world.upstreams.size();
        world.send(client, post(path, chat_question,
                                "X-DC-Auth: Bearer t\r\nX-DC-Target-URL: " + std::string(target) + "\r\n"));
        CHECK(world.upstreams.size() == before);
        return take_response(client.received).status;
    };
    World& world = proxy_bench().world;
    for (const std::string_view path : {"/v1/chat/completions", "/v1/messages"}) {
        INFO(path);
        world.names.clear();
        CHECK(status_of(world, path, "https://llm.example.org") == 403);
        CHECK(status_of(world, path, "http://10.1.2.3") == 403);
        CHECK(status_of(world, path, "https://api.openai.com") == 502);  // its name means nothing here
        world.names["api.openai.com"] = {"10.0.0.7", "169.254.169.254"};
        CHECK(status_of(world, path, "https://api.openai.com") == 403);
    }
    auto& client = *world.client();
    world.send(client, get("/no/such/path", "X-DC-Auth: Bearer t\r\nX-DC-Target-URL: https://api.openai.com\r\n"));
    CHECK(take_response(client.received).status == 404);
}

TEST_CASE("proxy weak: the notice is unmistakable, and says what is configured") {
    const std::string body = quoted_in(R"({"model":"m","messages":[{"role":"user","content":"@"}]})", injection);
    const Passed plain = proxy_bench().ask("openai", chat_path, body, {});
    CHECK(plain.response.body.find("[DefenseClaw] This request was blocked. The guardrail stopped it before") !=
          std::string::npos);
    CHECK(plain.response.body.find("matched: ") != std::string::npos);
    CHECK(plain.response.body.find("contact your administrator") != std::string::npos);
    proxy_bench().set(R"({"block_message":"Ask Kari in room 4."})");
    const Passed own = proxy_bench().ask("openai", chat_path, body, {});
    proxy_bench().set(R"({"block_message":""})");
    CHECK(own.response.body.find("[DefenseClaw] Ask Kari in room 4.") != std::string::npos);
    CHECK(own.response.body.find("matched: ") == std::string::npos);
}

TEST_CASE("proxy weak: what a person would confirm is told, and not held, where nobody can be asked") {
    // HIGH: below what blocks, and what min_severity asks about.
    const std::string_view answer = R"({"choices":[{"index":0,"message":{"content":"@"}}]})";
    const std::string said = quoted_in(answer, personal);
    proxy_bench().set(R"({"hilt_enabled":true,"hilt_min_severity":"LOW"})");
    const Passed got = proxy_bench().ask("openai", chat_path, chat_question, answer_of("application/json", said));
    proxy_bench().set(R"({"hilt_enabled":false,"hilt_min_severity":"HIGH"})");
    CHECK(got.response.status == 200);
    CHECK(got.response.field("x-defenseclaw-blocked").empty());
    CHECK(got.response.body.find(personal_number) == std::string::npos);  // what is masked stays masked
    CHECK(got.has_record(R"("action":"alert")"));
    CHECK_FALSE(got.has_record(R"("action":"confirm")"));
}

}  // namespace gw::test
