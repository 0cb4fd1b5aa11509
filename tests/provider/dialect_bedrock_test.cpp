#include "provider/dialect_bedrock.h"

#include "provider/aws_events.h"
#include "provider/conversation.h"

namespace gw::test {

namespace {
const provider::Dialect& bedrock() { return provider::bedrock_dialect(); }
}  // namespace

TEST_CASE("bedrock: every text of a request, in its order") {
    struct Case {
        const char* name;
        const char* body;
        Lines want;
    };
    const Case cases[] = {
        {"converse",
         R"({"messages":[{"role":"user","content":[{"text":"A"},{"image":{"format":"png","source":{"bytes":"AAAA"}}},
             {"document":{"name":"N","format":"txt","source":{"text":"D"},"context":"C"}},
             {"document":{"name":"M","source":{"content":[{"text":"E"}]}}},{"guardContent":{"text":{"text":"G"}}},
             {"cachePoint":{"type":"default"}}]}],"system":[{"text":"S"}],"inferenceConfig":{"stopSequences":["x"]}})",
         {"user text: A", "user document: N", "user document: D", "user document: C", "user document: M",
          "user document: E", "user text: G", "system text: S"}},
        {"a call and its result",
         R"({"messages":[{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"T",
             "signature":"zz"}}},{"reasoningContent":{"redactedContent":"zz"}},
             {"toolUse":{"toolUseId":"t1","name":"f","input":{"a":1}}}]},
             {"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"text":"R"},{"json":{"k":"v"}}],
             "status":"success"}}]}]})",
         {"assistant reasoning: T", "assistant arguments(f): {\"a\":1}", "tool tool result(f): R",
          "tool tool result(f): {\"k\":\"v\"}"}},
        {"tools, fields for the model, variables",
         R"({"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"D","inputSchema":{"json":{"properties":
             {"p":{"description":"E"}}}}}}]},"additionalModelRequestFields":{"extra":"F"},
             "promptVariables":{"v":{"text":"V"}},"messages":[]})",
         {"system text: D", "system text: E", "user text: F", "user text: V"}},
        {"citations and what is new",
         R"({"messages":[{"role":"assistant","content":[{"citationsContent":{"content":[{"text":"A"}],
             "citations":[{"title":"C"}]}},{"searchResult":{"source":"u","title":"U","content":[{"text":"V"}]}},
             {"hologram":{"er":"H"}}]}]})",
         {"assistant text: A", "assistant document: C", "assistant document: u", "assistant document: U",
          "assistant document: V", "assistant text: H"}},
        {"Anthropic's body",
         R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"system":"S","messages":[{"role":"user","content":
             [{"type":"text","text":"A"},{"type":"tool_result","tool_use_id":"t","content":"R"}]}]})",
         {"system text: S", "user text: A", "tool tool result: R"}},
        {"documents",
         R"({"messages":[{"role":"user","content":[{"document":{"format":"txt","name":"n","source":{"bytes":"QQ=="}}}]}]})",
         {"user document: n", "user file of document: QQ=="}},
        {"Titan's", R"({"inputText":"A","textGenerationConfig":{"topP":1}})", {"user text: A"}},
        {"a prompt", R"({"prompt":"A","max_gen_len":9})", {"user text: A"}},
        {"turns as strings",
         R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"A"}]})",
         {"system text: S", "user text: A"}},
        {"turns with types",
         R"({"messages":[{"role":"user","content":[{"type":"text","text":"A"}]}]})",
         {"user text: A"}},
        {"Cohere's",
         R"({"preamble":"S","chat_history":[{"role":"CHATBOT","message":"B"}],"message":"A"})",
         {"system text: S", "assistant text: B", "user text: A"}},
        {"any other", R"({"texts":["A",{"deep":"B"}]})", {"user text: A", "user text: B"}},
        {"wrong types",
         R"({"messages":[1,{"content":7},{"content":[null,{"toolUse":5},{"document":[]}]}],"system":1})",
         {}},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Request request = read_request(bedrock(), "/model/m/invoke", c.body);
        CHECK(request.good);
        CHECK(request.passages == c.want);
    }
    CHECK_FALSE(read_request(bedrock(), "/model/m/converse", "[]").good);
    CHECK_FALSE(read_request(bedrock(), "/guardrail/g/version/1/apply", R"({"content":[]})").good);
}

TEST_CASE("bedrock: model and stream are in the path") {
    struct Case {
        const char* path;
        const char* model;
        bool stream;
    };
    const Case cases[] = {
        {"/model/vendor.m-1:0/converse", "vendor.m-1:0", false},
        {"/model/vendor.m-1%3A0/converse-stream", "vendor.m-1%3A0", true},
        {"/model/arn%3Aaws%3Abedrock%3A%3Ax%2Fy/invoke", "arn%3Aaws%3Abedrock%3A%3Ax%2Fy", false},
        {"/model/m/invoke-with-response-stream", "m", true},
    };
    for (const Case& c : cases) {
        INFO(c.path);
        const Request request = read_request(bedrock(), c.path, "{}");
        CHECK(request.good);
        CHECK(request.model == c.model);
        CHECK(request.stream == c.stream);
        CHECK(request.framing == provider::Framing::aws_events);
    }
}

TEST_CASE("bedrock: answers") {
    CHECK(read_answer(bedrock(), R"({"output":{"message":{"role":"assistant","content":[{"reasoningContent":
        {"reasoningText":{"text":"T"}}},{"text":"A"},{"toolUse":{"toolUseId":"t","name":"f","input":{"x":1}}}]}},
        "stopReason":"tool_use","usage":{"inputTokens":1},"metrics":{"latencyMs":1}})") ==
          Lines{"assistant reasoning: T", "assistant text: A", "assistant arguments(f): {\"x\":1}"});
    CHECK(read_answer(bedrock(), R"({"id":"msg_1","type":"message","content":[{"type":"text","text":"A"}]})") ==
          Lines{"assistant text: A"});
    CHECK(read_answer(bedrock(),
                      R"({"inputTextTokenCount":1,"results":[{"outputText":"A","completionReason":"FINISH"}]})") ==
          Lines{"assistant text: A"});
    CHECK(read_answer(bedrock(), R"({"generation":"A","stop_reason":"stop"})") == Lines{"assistant text: A"});
    CHECK(read_answer(bedrock(), R"({"outputs":[{"text":"A"}]})") == Lines{"assistant text: A"});
    CHECK(read_answer(bedrock(), R"({"choices":[{"message":{"role":"assistant","content":"A"}}]})") ==
          Lines{"assistant text: A"});
    CHECK(read_answer(bedrock(), R"({"message":"E"})") == Lines{"assistant text: E"});
    CHECK(read_answer(bedrock(), R"([{"output":7}])").empty());
}

TEST_CASE("bedrock: a stream becomes steps") {
    const auto delta = [](const std::string& index, const std::string& what) {
        return Sent{"contentBlockDelta", R"({"contentBlockIndex":)" + index + R"(,"delta":)" + what + R"(,"p":"abc"})"};
    };
    const auto chunk = [](const std::string& json) { return Sent{"chunk", json}; };
    const std::string text = R"({"text":"A"})";
    const Sent end{"contentBlockStop", R"({"contentBlockIndex":0})"};
    struct Case {
        const char* name;
        std::vector<Sent> events;
        Lines want;
    };
    const Case cases[] = {
        {"converse",
         {{"messageStart", R"({"role":"assistant","p":"abc"})"},
          delta("0", R"({"reasoningContent":{"text":"T"}})"),
          delta("0", R"({"reasoningContent":{"signature":"zz"}})"),
          {"contentBlockStop", R"({"contentBlockIndex":0})"},
          delta("1", text),
          delta("1", R"({"text":"B"})"),
          {"contentBlockStop", R"({"contentBlockIndex":1})"},
          {"contentBlockStart", R"({"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t1","name":"f"}}})"},
          delta("2", R"({"toolUse":{"input":"{\"x\":"}})"),
          delta("2", R"({"toolUse":{"input":"1}"}})"),
          {"contentBlockStop", R"({"contentBlockIndex":2})"},
          {"messageStop", R"({"stopReason":"tool_use"})"},
          {"metadata", R"({"usage":{"inputTokens":3,"outputTokens":4},"trace":{"guardrail":{"modelOutput":["Q"]}}})"}},
         {"begin  ", "open 0 reasoning", "delta 0: T", "close 0", "open 1 text", "delta 1: A", "delta 1: B", "close 1",
          "open 2 arguments(f) t1", "delta 2: {\"x\":", "delta 2: 1}", "close 2", "stop tool_calls", "usage 3 4",
          "whole text: Q", "done"}},
        {"an exception", {{"throttlingException", R"({"message":"slow"})"}}, {"error slow"}},
        {"an event that is new", {{"soliloquy", R"({"line":"A"})"}}, {"whole text: A"}},
        {"a delta that is new", {delta("0", R"({"hologram":{"er":"H"}})")}, {"whole text: H"}},
        {"names inside, as over SSE",
         {{"", R"({"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"A"}}})"}},
         {"open 0 text", "delta 0: A"}},
        {"chunks of Anthropic",
         {chunk(R"({"type":"message_start","message":{"id":"i","model":"m"}})"),
          chunk(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"A"}})"),
          chunk(R"({"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":1}})")},
         {"begin i m", "open 0 text", "delta 0: A", "done"}},
        {"chunks of Nova",
         {chunk(R"({"messageStart":{"role":"assistant"}})"),
          chunk(R"({"contentBlockDelta":{"delta":{"text":"A"},"contentBlockIndex":0}})")},
         {"begin  ", "open 0 text", "delta 0: A"}},
        {"chunks of Titan",
         {chunk(R"({"outputText":"A","index":0})"), chunk(R"({"outputText":"B","completionReason":"FINISH"})")},
         {"open 0 text", "delta 0: A", "delta 0: B"}},
        {"chunks of Llama", {chunk(R"({"generation":"A","stop_reason":null})")}, {"open 0 text", "delta 0: A"}},
        {"chunks of Mistral",
         {chunk(R"({"outputs":[{"text":"A"}]})"), chunk(R"({"outputs":[{"text":"B"}]})")},
         {"open 0 text", "delta 0: A", "delta 0: B"}},
        {"chunks of choices",
         {chunk(R"({"choices":[{"delta":{"content":"A","reasoning_content":"T"}}]})")},
         {"open 0 text", "delta 0: A", "open 1 reasoning", "delta 1: T"}},
        {"chunks that nobody knows", {chunk(R"({"what":{"ever":"A"}})")}, {"whole text: A"}},
        {"a message where padding belongs",
         {{"messageStart", R"({"role":"assistant","p":"abd"})"}},
         {"begin  ", "whole text: abd"}},
        {"forms that are mixed",
         {delta("0", text), chunk(R"({"outputText":"B"})")},
         {"open 0 text", "delta 0: A", "refused"}},
        {"more behind the end",
         {delta("0", text), end, delta("0", text)},
         {"open 0 text", "delta 0: A", "close 0", "refused"}},
        {"a kind that changes",
         {delta("0", text), delta("0", R"({"toolUse":{"input":"B"}})")},
         {"open 0 text", "delta 0: A", "refused"}},
        {"an index below zero", {delta("-1", text)}, {"refused"}},
        {"no index", {{"contentBlockDelta", R"({"delta":{"text":"A"}})"}}, {"refused"}},
        {"a text that is a list", {delta("0", R"({"text":["A"]})")}, {"refused"}},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        CHECK(read_stream(bedrock(), c.events) == c.want);
    }
}

TEST_CASE("bedrock: blocked answers and errors") {
    CHECK(blocked(bedrock(), false) ==
          R"({"output":{"message":{"role":"assistant","content":[{"text":"[DefenseClaw] \"no\""}]}},)"
          R"("stopReason":"guardrail_intervened","usage":{"inputTokens":0,"outputTokens":1,"totalTokens":1},)"
          R"("metrics":{"latencyMs":0},"defenseclaw_blocked":true,"defenseclaw_reason":"[DefenseClaw] \"no\"",)"
          R"("defenseclaw_model":"m1"})");
    const std::string stream = blocked(bedrock(), true, provider::Framing::aws_events);
    const PooledBuffer pooled;
    provider::AwsEventReader reader(1U << 20U, pooled.pool.get());
    reader.feed(as_bytes(stream));
    Lines events;
    for (auto event = reader.next(); event && *event; event = reader.next()) {
        CHECK((*event)->message_type == "event");
        CHECK((*event)->content_type == "application/json");
        events.push_back(std::string((*event)->type) + " " + std::string((*event)->payload));
    }
    CHECK(reader.rest().empty());
    CHECK(
        events ==
        Lines{
            R"(messageStart {"role":"assistant","p":""})",
            R"(contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"[DefenseClaw] \"no\""},"p":""})",
            R"(contentBlockStop {"contentBlockIndex":0,"p":""})",
            R"(messageStop {"stopReason":"guardrail_intervened","defenseclaw_blocked":true,)"
            R"("defenseclaw_reason":"[DefenseClaw] \"no\"","defenseclaw_model":"m1","p":""})",
            R"(metadata {"usage":{"inputTokens":0,"outputTokens":1,"totalTokens":1},"metrics":{"latencyMs":0},"p":""})"});
    CHECK(error_of(bedrock(), 403, "a \"b\"") == R"({"message":"a \"b\""})");
}

TEST_CASE("bedrock: notices leave the history, an instruction takes the form that is there") {
    CHECK(
        laundered(
            bedrock(),
            R"({"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"text":"[DefenseClaw] x"}]}]})") ==
        R"({"messages":[{"role":"user","content":[{"text":"a"}]}]})");
    CHECK(laundered(bedrock(),
                    R"({"anthropic_version":"v","messages":[{"role":"assistant","content":"[DefenseClaw] x"}]})") ==
          R"({"anthropic_version":"v","messages":[]})");
    const char* const called =
        R"({"messages":[{"role":"assistant","content":[{"text":"[DefenseClaw] x"},{"toolUse":{"toolUseId":"t"}}]}]})";
    CHECK(laundered(bedrock(), called) == called);
    struct Case {
        const char* before;
        const char* after;
    };
    const Case cases[] = {
        {R"({"messages":[{"role":"user","content":[{"text":"a"}]}]})",
         R"({"system":[{"text":"s"}],"messages":[{"role":"user","content":[{"text":"a"}]}]})"},
        {R"({"messages":[],"system":[{"text":"S"}]})", R"({"messages":[],"system":[{"text":"S"},{"text":"s"}]})"},
        {R"({"messages":[],"system":null})", R"({"messages":[],"system":[{"text":"s"}]})"},
        {R"({"anthropic_version":"v","messages":[]})", R"({"system":"s","anthropic_version":"v","messages":[]})"},
        // Models that know no such member.
        {R"({"messages":[{"role":"user","content":"a"}]})", nullptr},
        {R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]})", nullptr},
        {R"({"inputText":"a"})", nullptr},
    };
    for (const Case& c : cases) {
        INFO(c.before);
        CHECK(instructed(bedrock(), c.before, "s") == (c.after == nullptr ? c.before : c.after));
    }
}

TEST_CASE("bedrock: chunks are unwrapped, and wrapped again with everything beside") {
    const auto unwrap = [](const std::string& payload) {
        const Json json(payload);
        const auto text = provider::unwrap_chunk(json.root(), std::pmr::get_default_resource());
        return text ? std::string(*text) : std::string("none");
    };
    CHECK(unwrap(R"({"bytes":"eyJhIjoxfQ==","p":"abc"})") == R"({"a":1})");
    CHECK(unwrap(R"({"bytes":""})") == "");
    for (const char* payload : {"{}", "[]", R"({"bytes":7})", R"({"bytes":"eyJhIjoxfQ"})", R"({"bytes":"*"})"}) {
        CHECK(unwrap(payload) == "none");
    }
    const auto wrap = [](const std::string& payload, std::string_view text) {
        const Json json(payload);
        PooledBuffer out;
        provider::wrap_chunk(out.buffer, json.root(), text);
        return std::string(out.buffer.text());
    };
    CHECK(wrap(R"({"a\"":[1, 2],"bytes":"eyJhIjoxfQ==","p":"a\u0062c"})", R"({"a":2})") ==
          R"({"a\"":[1, 2],"bytes":"eyJhIjoyfQ==","p":"a\u0062c"})");
    CHECK(wrap("{}", R"({"a":2})") == R"({"bytes":"eyJhIjoyfQ=="})");
}

}  // namespace gw::test
