#include "provider/dialect_anthropic.h"

#include "provider/conversation.h"

namespace gw::test {

namespace {
const provider::Dialect& anthropic() { return provider::anthropic_dialect(); }
}  // namespace

TEST_CASE("anthropic: every text of a request, in its order") {
    struct Case {
        const char* name;
        const char* body;
        Lines want;
    };
    const Case cases[] = {
        {"strings",
         R"({"system":"S","messages":[{"role":"user","content":"A"},{"role":"assistant","content":"B"}]})",
         {"system text: S", "user text: A", "assistant text: B"}},
        {"order is that of the text",
         R"({"messages":[{"content":"A","role":"user"}],"system":[{"type":"text","text":"S"}]})",
         {"user text: A", "system text: S"}},
        {"a call and its result",
         R"({"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"T","signature":"x"},
             {"type":"redacted_thinking","data":"zz"},{"type":"tool_use","id":"t1","name":"shell","input":{"a":"ls"}}]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"R"},
             {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
             {"type":"tool_result","tool_use_id":"t2","content":"Q"}]}]})",
         {"assistant reasoning: T", "assistant arguments(shell): {\"a\":\"ls\"}", "tool tool result(shell): R",
          "tool tool result: Q"}},
        {"documents",
         R"({"messages":[{"role":"user","content":[
             {"type":"document","source":{"type":"text","media_type":"text/plain","data":"D"},"title":"T","context":"C"},
             {"type":"document","source":{"type":"content","content":[{"type":"text","text":"E"}]}},
             {"type":"document","source":{"type":"content","content":"F"}},
             {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}},
             {"type":"search_result","source":"https://x","title":"U","content":[{"type":"text","text":"V"}]}]}]})",
         {"user document: D", "user document: T", "user document: C", "user document: E", "user document: F",
          "user file of document: AAAA", "user document: https://x", "user document: U", "user document: V"}},
        {"servers' tools",
         R"({"messages":[{"role":"assistant","content":[
             {"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"q"}},
             {"type":"web_search_tool_result","tool_use_id":"s1","content":[{"type":"web_search_result","url":"u",
              "title":"T","encrypted_content":"zz"}]},
             {"type":"mcp_tool_use","id":"m1","name":"get","server_name":"s","input":{"k":1}},
             {"type":"mcp_tool_result","tool_use_id":"m1","is_error":false,"content":[{"type":"text","text":"R"}]}]}]})",
         {"assistant arguments(web_search): {\"query\":\"q\"}", "tool tool result(web_search): u",
          "tool tool result(web_search): T", "assistant arguments(get): {\"k\":1}", "tool tool result(get): R"}},
        {"citations and what is new",
         R"({"messages":[{"role":"assistant","content":[{"type":"text","text":"A","citations":[{"cited_text":"C"}]},
             {"type":"hologram","deep":[{"er":"H"}],"id":"no"}]}]})",
         {"assistant text: A", "assistant document: C", "assistant text: H"}},
        {"descriptions of tools, at every depth",
         R"({"tools":[{"name":"t","description":"D","input_schema":{"type":"object","properties":{"description":
             {"type":"string","description":"E"}}}}],"messages":[]})",
         {"system text: D", "system text: E"}},
        {"the older prompt", R"({"prompt":"\n\nHuman: hi"})", {"user text: \n\nHuman: hi"}},
        {"a batch",
         R"({"requests":[{"custom_id":"1","params":{"messages":[{"role":"user","content":"A"}]}}]})",
         {"user text: A"}},
        {"wrong types have no text",
         R"({"system":7,"messages":[1,null,{"role":3,"content":{"type":5}},{"content":true}]})",
         {}},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Request request = read_request(anthropic(), "/v1/messages", c.body);
        CHECK(request.good);
        CHECK(request.passages == c.want);
    }
    for (const char* body : {"{}", "[]", "7", R"({"messages":"x"})", R"({"input":"x"})"}) {
        INFO(body);
        CHECK_FALSE(read_request(anthropic(), "/v1/messages", body).good);
    }
}

TEST_CASE("anthropic: model and stream") {
    const Request request = read_request(anthropic(), "/v1/messages", R"({"model":"m1","stream":true,"messages":[]})");
    CHECK(request.model == "m1");
    CHECK(request.stream);
    CHECK(request.framing == provider::Framing::sse);
    CHECK(read_request(anthropic(), "/v1/projects/p/publishers/anthropic/models/m2:streamRawPredict",
                       R"({"anthropic_version":"vertex-2023-10-16","stream":true,"messages":[]})")
              .model == "m2");
    CHECK_FALSE(read_request(anthropic(), "/v1/messages", R"({"stream":"yes","messages":[]})").stream);
}

TEST_CASE("anthropic: answers") {
    CHECK(
        read_answer(anthropic(), R"({"type":"message","role":"assistant","content":[{"type":"thinking","thinking":"T"},
        {"type":"text","text":"A"},{"type":"tool_use","id":"t","name":"f","input":{"x":1}}],"stop_reason":"tool_use"})") ==
        Lines{"assistant reasoning: T", "assistant text: A", "assistant arguments(f): {\"x\":1}"});
    CHECK(read_answer(anthropic(), R"({"type":"error","error":{"type":"api_error","message":"E"}})") ==
          Lines{"assistant text: E"});
    CHECK(read_answer(anthropic(), R"({"completion":"C"})") == Lines{"assistant text: C"});
    CHECK(read_answer(anthropic(), R"([1,{"content":2}])").empty());
}

TEST_CASE("anthropic: a stream becomes steps") {
    const std::vector<Sent> events{
        {"message_start",
         R"({"type":"message_start","message":{"id":"msg_1","model":"m1","content":[],"usage":{"input_tokens":5,"output_tokens":1}}})"},
        {"content_block_start",
         R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})"},
        {"ping", R"({"type":"ping"})"},
        {"content_block_delta",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"T"}})"},
        {"content_block_delta",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"zz"}})"},
        {"content_block_stop", R"({"type":"content_block_stop","index":0})"},
        {"content_block_start",
         R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":"A"}})"},
        {"content_block_delta", R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"B"}})"},
        {"content_block_delta",
         R"({"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"cited_text":"C"}}})"},
        {"content_block_stop", R"({"type":"content_block_stop","index":1})"},
        {"content_block_start",
         R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"shell","input":{}}})"},
        {"content_block_delta",
         R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}})"},
        {"content_block_stop", R"({"type":"content_block_stop","index":2})"},
        {"content_block_start",
         R"({"type":"content_block_start","index":3,"content_block":{"type":"web_search_tool_result","tool_use_id":"s","content":[{"type":"web_search_result","title":"W"}]}})"},
        {"content_block_stop", R"({"type":"content_block_stop","index":3})"},
        {"message_delta",
         R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9}})"},
        {"message_stop", R"({"type":"message_stop"})"}};
    const Lines want{"begin msg_1 m1",
                     "usage 5 1",
                     "open 0 reasoning",
                     "delta 0: T",
                     "close 0",
                     "open 1 text",
                     "delta 1: A",
                     "delta 1: B",
                     "whole document: C",
                     "close 1",
                     "open 2 arguments(shell) t1",
                     "delta 2: {\"a\":1}",
                     "close 2",
                     "whole tool result: W",
                     "usage 5 9",
                     "stop tool_calls",
                     "done"};
    CHECK(read_stream(anthropic(), events) == want);
    // The name in the JSON is enough, and so is the one of the frame.
    std::vector<Sent> unnamed = events;
    for (Sent& event : unnamed) event.type = "";
    CHECK(read_stream(anthropic(), unnamed) == want);
    for (Sent& event : unnamed) event.type = "message";
    CHECK(read_stream(anthropic(), unnamed) == want);
}

TEST_CASE("anthropic: events that could fool inspection are refused, others are inspected") {
    const Sent begin{"", R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"};
    const Sent end{"", R"({"type":"content_block_stop","index":0})"};
    const auto delta = [](const std::string& index, const std::string& what) {
        return Sent{"", R"({"type":"content_block_delta","index":)" + index + R"(,"delta":)" + what + "}"};
    };
    const std::string text = R"({"type":"text_delta","text":"A"})";
    struct Case {
        const char* name;
        std::vector<Sent> events;
        Lines want;
    };
    const Case cases[] = {
        {"a delta without a beginning begins", {delta("7", text)}, {"open 0 text", "delta 0: A"}},
        {"a delta of a kind that is new", {delta("0", R"({"type":"shout_delta","shout":"A"})")}, {"whole text: A"}},
        {"text under a foreign type",
         {delta("0", R"({"type":"signature_delta","text":"A"})")},
         {"open 0 text", "delta 0: A"}},
        {"words where nobody looks",
         {{"", R"({"type":"content_block_start","index":0,"aside":"A","content_block":{"type":"tool_use","id":"t",
                  "name":"f","input":{"x":"y"},"whisper":{"deep":"B"}}})"}},
         {"open 0 arguments(f) t", "whole arguments(f): {\"x\":\"y\"}", "whole text: A", "whole text: B"}},
        {"an event that is new", {{"", R"({"type":"soliloquy","line":"A"})"}}, {"whole text: A"}},
        {"no event at all", {{"", R"("A")"}}, {"whole text: A"}},
        {"an error", {{"error", R"({"type":"error","error":{"type":"overloaded_error","message":"E"}})"}}, {"error E"}},
        {"text that is there from the beginning",
         {{"", R"({"type":"message_start","message":{"content":[{"type":"text","text":"A"}]}})"}, delta("0", text)},
         {"begin  ", "open 0 text", "delta 0: A", "delta 0: A"}},
        {"an end of nothing", {{"", R"({"type":"content_block_stop","index":3})"}}, {}},
        {"a name that differs from the frame's", {{"ping", delta("0", text).json}}, {"refused"}},
        {"an index below zero", {delta("-1", text)}, {"refused"}},
        {"an index that is huge", {delta("4294967296", text)}, {"refused"}},
        {"an index that is no number", {delta("\"0\"", text)}, {"refused"}},
        {"an index that is none", {delta("0.5", text)}, {"refused"}},
        {"no index", {{"", R"({"type":"content_block_delta","delta":{"text":"A"}})"}}, {"refused"}},
        {"a block a second time", {begin, end, begin}, {"open 0 text", "close 0", "refused"}},
        {"more behind the end", {begin, end, delta("0", text)}, {"open 0 text", "close 0", "refused"}},
        {"a kind that changes", {begin, delta("0", R"({"thinking":"A"})")}, {"open 0 text", "refused"}},
        {"two kinds in one delta", {delta("0", R"({"text":"A","partial_json":"B"})")}, {"refused"}},
        {"a text that is a list", {begin, delta("0", R"({"text":["A"]})")}, {"open 0 text", "refused"}},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        CHECK(read_stream(anthropic(), c.events) == c.want);
    }
    std::vector<Sent> many;
    for (std::size_t i = 0; i <= provider::StreamReader::channels_max; ++i)
        many.push_back(delta(std::to_string(i), text));
    CHECK(read_stream(anthropic(), many).back() == "refused");
    many.pop_back();
    CHECK(read_stream(anthropic(), many).back() == "delta 1023: A");
}

TEST_CASE("anthropic: blocked answers and errors") {
    CHECK(blocked(anthropic(), false) ==
          R"({"id":"msg_blocked","type":"message","role":"assistant","model":"m1","content":[{"type":"text",)"
          R"("text":"[DefenseClaw] \"no\""}],"stop_reason":"end_turn","usage":{"input_tokens":0,)"
          R"("output_tokens":1},"defenseclaw_blocked":true,"defenseclaw_reason":"[DefenseClaw] \"no\""})");
    CHECK(
        blocked(anthropic(), true) ==
        "event: message_start\n"
        R"(data: {"type":"message_start","message":{"id":"msg_blocked","type":"message","role":"assistant",)"
        R"("model":"m1","content":[],"usage":{"input_tokens":0}}})"
        "\n\nevent: content_block_start\n"
        R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
        "\n\nevent: ping\n"
        R"(data: {"type":"ping"})"
        "\n\nevent: content_block_delta\n"
        R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"[DefenseClaw] \"no\""}})"
        "\n\nevent: content_block_stop\n"
        R"(data: {"type":"content_block_stop","index":0})"
        "\n\nevent: message_delta\n"
        R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":1}})"
        "\n\nevent: message_stop\n"
        R"(data: {"type":"message_stop"})"
        "\n\n");
    const std::pair<int, const char*> errors[] = {{400, "invalid_request_error"},
                                                  {401, "authentication_error"},
                                                  {403, "permission_error"},
                                                  {404, "not_found_error"},
                                                  {413, "request_too_large"},
                                                  {429, "rate_limit_error"},
                                                  {500, "api_error"},
                                                  {502, "api_error"},
                                                  {503, "overloaded_error"},
                                                  {504, "timeout_error"}};
    for (const auto& [status, type] : errors) {
        CHECK(error_of(anthropic(), status, "a \"b\"") ==
              R"({"type":"error","error":{"type":")" + std::string(type) + R"(","message":"a \"b\""}})");
    }
}

TEST_CASE("anthropic: notices leave the history") {
    struct Case {
        const char* before;
        const char* after;
    };
    const Case cases[] = {
        {R"({"messages":[{"role":"user","content":"a"}, {"role":"assistant","content":"[DefenseClaw] x"} , {"role":"user","content":"b"}]})",
         R"({"messages":[{"role":"user","content":"a"} , {"role":"user","content":"b"}]})"},
        {R"({"messages":[ {"role":"assistant","content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"[DefenseClaw] x"}]}, {"role":"user","content":"b"}]})",
         R"({"messages":[ {"role":"user","content":"b"}]})"},
        {R"({"messages":[{"role":"assistant","content":"[DefenseClaw] x"} ,{"role":"assistant","content":"[DefenseClaw] y"}]})",
         R"({"messages":[]})"},
        // Not a notice: the user's words, a notice in the middle, a call whose result stands behind it.
        {R"({"messages":[{"role":"user","content":"[DefenseClaw] x"}]})", nullptr},
        {R"({"messages":[{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":"[DefenseClaw] x"}]}]})",
         nullptr},
        {R"({"messages":[{"role":"assistant","content":[{"type":"text","text":"[DefenseClaw] x"},{"type":"tool_use","id":"1","name":"f","input":{}}]}]})",
         nullptr},
        {R"({"messages":7})", nullptr},
    };
    for (const Case& c : cases) {
        INFO(c.before);
        CHECK(laundered(anthropic(), c.before) == (c.after == nullptr ? c.before : c.after));
    }
}

TEST_CASE("anthropic: an instruction takes the form that is there") {
    struct Case {
        const char* before;
        const char* after;
    };
    const Case cases[] = {
        {R"({"messages":[]})", R"({"system":"say \"x\"","messages":[]})"},
        {R"({"system":"S","messages":[]})", R"({"system":"S\n\nsay \"x\"","messages":[]})"},
        {R"({"system":"","messages":[]})", R"({"system":"say \"x\"","messages":[]})"},
        {R"({"system":null,"messages":[]})", R"({"system":"say \"x\"","messages":[]})"},
        {R"({"system":[{"type":"text","text":"S"} ],"messages":[]})",
         R"({"system":[{"type":"text","text":"S"} ,{"type":"text","text":"say \"x\""}],"messages":[]})"},
        {R"({"system":[],"messages":[]})", R"({"system":[{"type":"text","text":"say \"x\""}],"messages":[]})"},
        {R"({"system":5,"messages":[]})", nullptr},
        {R"({"prompt":"p"})", nullptr},
        {R"([])", nullptr},
    };
    for (const Case& c : cases) {
        INFO(c.before);
        CHECK(instructed(anthropic(), c.before, "say \"x\"") == (c.after == nullptr ? c.before : c.after));
    }
}

}  // namespace gw::test
