// Answers and streams: every dialect says the same thing, and so does every translation of it.
#include <map>

#include "provider/translate_support.h"

namespace gw::test::translation {
namespace {

// One answer in the four dialects, whole and as a stream.
struct Said {
    DialectName dialect;
    std::string whole;
    Events events;
};

const std::vector<Said>& said() {
    static const std::vector<Said> answers = {
        {DialectName::openai_chat,
         R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"p","choices":[{"index":0,"message":{
             "role":"assistant","content":"Glomma \"é\"","reasoning_content":"hm","tool_calls":[{"id":"call_1","type":
             "function","function":{"name":"f","arguments":"{\"a\":[1]}"}},{"id":"call_2","type":"function",
             "function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}],
             "usage":{"prompt_tokens":12,"completion_tokens":7,"total_tokens":19,"prompt_tokens_details":
             {"cached_tokens":4}}})",
         {{"",
           R"({"id":"chatcmpl-1","model":"p","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})"},
          {"", R"({"id":"chatcmpl-1","choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]})"},
          {"", R"({"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"Glo"}}]})"},
          {"", R"({"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"mma \"é\""}}]})"},
          {"",
           R"({"id":"chatcmpl-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}}]})"},
          {"",
           R"({"id":"chatcmpl-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}}]})"},
          {"",
           R"({"id":"chatcmpl-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"[1]}"}}]}}]})"},
          {"",
           R"({"id":"chatcmpl-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}}]}}]})"},
          {"", R"({"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})"},
          {"",
           R"({"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4}}})"},
          {"", "[DONE]"}}},
        {DialectName::openai_responses,
         R"({"id":"resp_1","object":"response","status":"completed","model":"p","output":[
             {"type":"reasoning","id":"rs_1","summary":[]},
             {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text",
             "text":"Glomma \"é\"","annotations":[]}]},
             {"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":[1]}"},
             {"type":"function_call","id":"fc_2","call_id":"call_2","name":"g","arguments":"{}"}],
             "usage":{"input_tokens":12,"output_tokens":7,"input_tokens_details":{"cached_tokens":4}}})",
         {{"response.created", R"({"type":"response.created","response":{"id":"resp_1","model":"p","output":[]}})"},
          {"response.output_item.added",
           R"({"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1"}})"},
          {"response.output_item.done",
           R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1"}})"},
          {"response.output_item.added",
           R"({"type":"response.output_item.added","output_index":1,"item":{"type":"message","id":"msg_1","content":[]}})"},
          {"response.content_part.added",
           R"({"type":"response.content_part.added","output_index":1,"content_index":0,"part":{"type":"output_text","text":""}})"},
          {"response.output_text.delta",
           R"({"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"Glo"})"},
          {"response.output_text.delta",
           R"({"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"mma \"é\""})"},
          {"response.output_text.done",
           R"({"type":"response.output_text.done","output_index":1,"content_index":0,"text":"Glomma \"é\""})"},
          {"response.content_part.done",
           R"({"type":"response.content_part.done","output_index":1,"content_index":0,"part":{"type":"output_text","text":"Glomma \"é\""}})"},
          {"response.output_item.done",
           R"({"type":"response.output_item.done","output_index":1,"item":{"type":"message","content":[{"type":"output_text","text":"Glomma \"é\""}]}})"},
          {"response.output_item.added",
           R"({"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","call_id":"call_1","name":"f","arguments":""}})"},
          {"response.function_call_arguments.delta",
           R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"a\":[1]}"})"},
          {"response.function_call_arguments.done",
           R"({"type":"response.function_call_arguments.done","output_index":2,"arguments":"{\"a\":[1]}"})"},
          {"response.output_item.done",
           R"({"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","call_id":"call_1","name":"f","arguments":"{\"a\":[1]}"}})"},
          {"response.output_item.added",
           R"({"type":"response.output_item.added","output_index":3,"item":{"type":"function_call","call_id":"call_2","name":"g","arguments":""}})"},
          // A server that sends no deltas.
          {"response.output_item.done",
           R"({"type":"response.output_item.done","output_index":3,"item":{"type":"function_call","call_id":"call_2","name":"g","arguments":"{}"}})"},
          {"response.completed",
           R"({"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":12,"output_tokens":7,"input_tokens_details":{"cached_tokens":4}}}})"}}},
        {DialectName::anthropic,
         R"({"id":"msg_1","type":"message","role":"assistant","model":"p","content":[{"type":"thinking","thinking":"hm",
             "signature":"s"},{"type":"text","text":"Glomma \"é\""},{"type":"tool_use","id":"call_1","name":"f","input":
             {"a":[1]}},{"type":"tool_use","id":"call_2","name":"g","input":{}}],"stop_reason":"tool_use",
             "stop_sequence":null,"usage":{"input_tokens":8,"cache_read_input_tokens":4,"output_tokens":7}})",
         {{"message_start",
           R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"p","content":[],"usage":{"input_tokens":8,"cache_read_input_tokens":4,"output_tokens":1}}})"},
          {"content_block_start",
           R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})"},
          {"content_block_delta",
           R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})"},
          {"content_block_stop", R"({"type":"content_block_stop","index":0})"},
          {"content_block_start",
           R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})"},
          {"ping", R"({"type":"ping"})"},
          {"content_block_delta",
           R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Glo"}})"},
          {"content_block_delta",
           R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"mma \"é\""}})"},
          {"content_block_stop", R"({"type":"content_block_stop","index":1})"},
          {"content_block_start",
           R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"call_1","name":"f","input":{}}})"},
          {"content_block_delta",
           R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}})"},
          {"content_block_delta",
           R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"[1]}"}})"},
          {"content_block_stop", R"({"type":"content_block_stop","index":2})"},
          {"content_block_start",
           R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"call_2","name":"g","input":{}}})"},
          {"content_block_delta",
           R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}})"},
          {"content_block_stop", R"({"type":"content_block_stop","index":3})"},
          {"message_delta",
           R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":7}})"},
          {"message_stop", R"({"type":"message_stop"})"}}},
        {DialectName::gemini,
         R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"Glomma \"é\""},{"functionCall":
             {"id":"call_1","name":"f","args":{"a":[1]}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"call_2",
             "name":"g","args":{}}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{
             "promptTokenCount":12,"cachedContentTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":2},
             "modelVersion":"p","responseId":"r1"})",
         {{"",
           R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true}],"role":"model"}}],"responseId":"r1","modelVersion":"p"})"},
          {"", R"({"candidates":[{"content":{"parts":[{"text":"Glo"}],"role":"model"}}],"responseId":"r1"})"},
          {"", R"({"candidates":[{"content":{"parts":[{"text":"mma \"é\""}],"role":"model"}}],"responseId":"r1"})"},
          {"",
           R"({"candidates":[{"content":{"parts":[{"functionCall":{"id":"call_1","name":"f","args":{"a":[1]}}},{"function_call":{"id":"call_2","name":"g","args":{}}}]}}],"responseId":"r1"})"},
          {"",
           R"({"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":12,"cachedContentTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":2}})"}}},
    };
    return answers;
}

constexpr std::string_view told =
    "text: Glomma \"é\"\n"
    "call f call_1: {\"a\":[1]}\n"
    "call g call_2: {}\n"
    "stop tool_calls\n"
    "usage 12 4 7\n";

// A reader of Responses and of Gemini does not hear of calls at the end; translation adds that.
std::string settled(std::string description) {
    const std::size_t at = description.find("stop stop");
    if (at != std::string::npos && description.find("call ") != std::string::npos)
        description.replace(at, 9, "stop tool_calls");
    return description;
}

std::string judge(DialectName dialect, const Events& events) {
    if (dialect == DialectName::openai_chat) return openai::judge_chat(events);
    if (dialect == DialectName::openai_responses) return openai::judge_responses(events);
    return {};
}

}  // namespace

TEST_CASE("translate: whole answers say the same in every dialect") {
    for (const Said& from : said()) {
        CHECK(settled(describe_answer(from.dialect, from.whole)) == told);
        for (const DialectName to : all) {
            if (to == from.dialect) continue;
            INFO(provider::name_of(from.dialect) << " to " << provider::name_of(to));
            CHECK(provider::can_translate(from.dialect, to));
            const std::string out = answer(from.dialect, to, from.whole);
            CHECK(settled(describe_answer(to, out)) == told);
            CHECK(out.find("asked-model") != std::string::npos);
            CHECK(out.find("hm") == std::string::npos);  // reasoning is left out
        }
    }
}

TEST_CASE("translate: streams say the same as whole answers, in every dialect") {
    for (const Said& from : said()) {
        CHECK(describe_stream(from.dialect, from.events) == told);
        for (const DialectName to : all) {
            if (to == from.dialect) continue;
            INFO(provider::name_of(from.dialect) << " to " << provider::name_of(to));
            const Events out = stream(from.dialect, to, from.events);
            CHECK(describe_stream(to, out) == told);
            CHECK(judge(to, out) == "");
        }
    }
}

TEST_CASE("translate: a stream that is cut anywhere ends with an error in the client's dialect") {
    const std::map<DialectName, std::string> errors = {{DialectName::openai_chat, R"({"error":{"message":)"},
                                                       {DialectName::openai_responses, R"({"type":"error",)"},
                                                       {DialectName::anthropic, R"({"type":"error","error":)"},
                                                       {DialectName::gemini, R"({"error":{"code":502,)"}};
    for (const Said& from : said()) {
        for (const DialectName to : all) {
            if (to == from.dialect) continue;
            for (std::size_t size = 0; size < from.events.size(); ++size) {
                const Events cut(from.events.begin(), from.events.begin() + static_cast<std::ptrdiff_t>(size));
                const bool complete = describe_stream(from.dialect, cut).find("cut off") == std::string::npos;
                Events out = stream(from.dialect, to, cut);
                REQUIRE(!out.empty());
                if (to == DialectName::openai_chat) {
                    CHECK(out.back().data == "[DONE]");
                    out.pop_back();
                }
                INFO(provider::name_of(from.dialect) << " to " << provider::name_of(to) << " at " << size);
                CHECK(out.back().data.starts_with(errors.at(to)) == !complete);
            }
        }
    }
}

TEST_CASE("translate: the chunks of a chat completion") {
    const Events out = stream(DialectName::anthropic, DialectName::openai_chat, said()[2].events, false);
    std::string text;
    for (const Event& event : out) text += event.data + "\n";
    const std::string head =
        R"({"id":"chatcmpl-msg_1","object":"chat.completion.chunk","created":1787123103,"model":"asked-model","choices":[{"index":0,"delta":)";
    const std::string tail = R"(,"finish_reason":null}]})"
                             "\n";
    CHECK(text ==
          head + R"({"role":"assistant","content":""})" + tail + head + R"({"content":"Glo"})" + tail + head +
              R"({"content":"mma \"é\""})" + tail + head +
              R"({"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]})" +
              tail + head + R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]})" + tail + head +
              R"({"tool_calls":[{"index":0,"function":{"arguments":"[1]}"}}]})" + tail + head +
              R"({"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"g","arguments":""}}]})" +
              tail + head + R"({"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]})" + tail + head +
              R"({},"finish_reason":"tool_calls"}]})" + "\n[DONE]\n");
}

TEST_CASE("translate: the events of a message") {
    const Events out = stream(DialectName::openai_chat, DialectName::anthropic, said()[0].events);
    std::string text;
    for (const Event& event : out) {
        CHECK(event.data.starts_with(R"({"type":")" + event.type + "\""));
        text += event.data + "\n";
    }
    CHECK(
        text ==
        R"({"type":"message_start","message":{"id":"msg_chatcmpl-1","type":"message","role":"assistant","model":"asked-model","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}})"
        "\n"
        R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
        "\n"
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Glo"}})"
        "\n"
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"mma \"é\""}})"
        "\n"
        R"({"type":"content_block_stop","index":0})"
        "\n"
        R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"call_1","name":"f","input":{}}})"
        "\n"
        R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}})"
        "\n"
        R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"[1]}"}})"
        "\n"
        R"({"type":"content_block_stop","index":1})"
        "\n"
        R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"call_2","name":"g","input":{}}})"
        "\n"
        R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{}"}})"
        "\n"
        R"({"type":"content_block_stop","index":2})"
        "\n"
        R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":8,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":7}})"
        "\n"
        R"({"type":"message_stop"})"
        "\n");
}

TEST_CASE("translate: why an answer ended") {
    struct Case {
        const char* chat;
        const char* responses;  // incomplete_details.reason
        const char* anthropic;
        const char* gemini;
    };
    const Case cases[] = {{"stop", "", "end_turn", "STOP"},
                          {"length", "max_output_tokens", "max_tokens", "MAX_TOKENS"},
                          {"content_filter", "content_filter", "refusal", "SAFETY"}};
    for (const Case& c : cases) {
        const std::string chat =
            R"({"choices":[{"message":{"content":"a"},"finish_reason":")" + std::string(c.chat) + "\"}]}";
        const std::string incomplete = c.responses;
        const std::string responses =
            R"({"output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}],"incomplete_details":)" +
            (incomplete.empty() ? "null" : R"({"reason":")" + incomplete + "\"}") + "}";
        const std::string anthropic =
            R"({"content":[{"type":"text","text":"a"}],"stop_reason":")" + std::string(c.anthropic) + "\"}";
        const std::string gemini =
            R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":")" + std::string(c.gemini) + "\"}]}";
        const std::map<DialectName, std::string> bodies = {{DialectName::openai_chat, chat},
                                                           {DialectName::openai_responses, responses},
                                                           {DialectName::anthropic, anthropic},
                                                           {DialectName::gemini, gemini}};
        for (const auto& [from, body] : bodies) {
            for (const DialectName to : all) {
                if (to == from) continue;
                const std::string out = answer(from, to, body);
                INFO(out);
                CHECK(describe_answer(to, out) == "text: a\nstop " + std::string(c.chat) + "\n" +
                                                      (to == DialectName::anthropic ? "usage 0 0 0\n" : ""));
                const std::string word = to == DialectName::openai_chat        ? c.chat
                                         : to == DialectName::openai_responses ? c.responses
                                         : to == DialectName::anthropic        ? c.anthropic
                                                                               : c.gemini;
                CHECK(out.find(word) != std::string::npos);
            }
        }
    }
}

TEST_CASE("translate: answers that cannot be translated are errors") {
    struct Case {
        const char* name;
        DialectName from;
        DialectName to;
        const char* body;
    };
    const Case cases[] = {
        {"two choices", DialectName::openai_chat, DialectName::anthropic,
         R"({"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]})"},
        {"audio", DialectName::openai_chat, DialectName::gemini, R"({"choices":[{"message":{"audio":{"data":"x"}}}]})"},
        {"no completion", DialectName::openai_chat, DialectName::anthropic, R"({"ok":true})"},
        {"arguments that are no JSON", DialectName::openai_chat, DialectName::anthropic,
         R"({"choices":[{"message":{"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{"}}]}}]})"},
        {"arguments that are no object", DialectName::openai_responses, DialectName::gemini,
         R"({"output":[{"type":"function_call","call_id":"1","name":"f","arguments":"[]"}]})"},
        {"a provider's own tool", DialectName::anthropic, DialectName::openai_chat,
         R"({"content":[{"type":"server_tool_use","id":"1","name":"web_search","input":{}}]})"},
        {"a search", DialectName::openai_responses, DialectName::openai_chat,
         R"({"output":[{"type":"web_search_call"}]})"},
        {"a picture", DialectName::gemini, DialectName::openai_chat,
         R"({"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"aa"}}]}}]})"},
        {"two candidates", DialectName::gemini, DialectName::anthropic, R"({"candidates":[{},{}]})"},
        {"a call that failed", DialectName::gemini, DialectName::anthropic,
         R"({"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]})"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        CHECK(answer(c.from, c.to, c.body).starts_with("error: "));
    }
}

TEST_CASE("translate: frames that cannot be translated end the stream with an error") {
    struct Case {
        const char* name;
        DialectName from;
        Events events;
        const char* message;
    };
    const Case cases[] = {
        {"pieces of calls that are mixed",
         DialectName::openai_chat,
         {{"",
           R"({"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]})"},
          {"",
           R"({"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"f","arguments":"{}"}}]}}]})"},
          {"",
           R"({"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":" "}}]}}]})"}},
         "could not be translated"},
        {"another choice",
         DialectName::openai_chat,
         {{"", R"({"id":"1","choices":[{"index":1,"delta":{"content":"x"}}]})"}},
         "could not be translated"},
        {"a block twice",
         DialectName::anthropic,
         {{"", R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"},
          {"", R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"}},
         "could not be translated"},
        {"the provider's error",
         DialectName::anthropic,
         {{"error", R"({"type":"error","error":{"message":"Overloaded"}})"}},
         "Overloaded"},
        {"the provider's error",
         DialectName::gemini,
         {{"", R"({"error":{"code":500,"message":"Overloaded"}})"}},
         "Overloaded"},
        {"no JSON object", DialectName::gemini, {{"", "7"}}, "could not be translated"},
        {"arguments in pieces",
         DialectName::gemini,
         {{"", R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","partialArgs":[]}}]}}]})"}},
         "could not be translated"},
    };
    for (const Case& c : cases) {
        for (const DialectName to : all) {
            if (to == c.from) continue;
            INFO(c.name << " to " << provider::name_of(to));
            Events out = stream(c.from, to, c.events);
            if (to == DialectName::openai_chat) out.pop_back();
            CHECK(out.back().data.find(c.message) != std::string::npos);
            CHECK(out.back().data.find("error") != std::string::npos);
        }
    }
}

TEST_CASE("translate: calls without ids get one, and refusals are told") {
    const Events gemini = {
        {"",
         R"({"responseId":"r1","candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}},{"functionCall":{"name":"f","args":{"a":1}}}]},"finishReason":"STOP"}]})"}};
    CHECK(describe_stream(DialectName::anthropic, stream(DialectName::gemini, DialectName::anthropic, gemini)) ==
          "call f call_r1_1: {}\ncall f call_r1_2: {\"a\":1}\nstop tool_calls\nusage 0 0 0\n");
    const Events refusal = {
        {"", R"({"id":"1","choices":[{"index":0,"delta":{"refusal":"No."},"finish_reason":"stop"}]})"}};
    CHECK(describe_stream(DialectName::anthropic, stream(DialectName::openai_chat, DialectName::anthropic, refusal)) ==
          "text: No.\nstop content_filter\nusage 0 0 0\n");
    CHECK(describe_stream(DialectName::openai_responses, stream(DialectName::openai_chat, DialectName::openai_responses,
                                                                refusal)) == "refusal: No.\nstop stop\n");
    CHECK(describe_answer(DialectName::anthropic,
                          answer(DialectName::openai_chat, DialectName::anthropic,
                                 R"({"choices":[{"message":{"refusal":"No."},"finish_reason":"stop"}]})")) ==
          "text: No.\nstop content_filter\nusage 0 0 0\n");
}

TEST_CASE("translate: what is held has a limit") {
    const std::string piece(1024, 'x');
    const Event delta{"", R"({"id":"1","choices":[{"index":0,"delta":{"content":")" + piece + "\"}}]}"};
    Events events(200, delta);
    const Events out = stream(DialectName::openai_chat, DialectName::openai_responses, events);
    CHECK(out.back().data.find("too long") != std::string::npos);
    // Others hold no text.
    events.push_back({"", R"({"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"});
    CHECK(stream(DialectName::openai_chat, DialectName::anthropic, events).back().type == "message_stop");
}

TEST_CASE("translate: errors keep their meaning") {
    struct Case {
        DialectName from;
        DialectName to;
        int status;
        const char* body;
        int want;
        const char* message;
    };
    const Case cases[] = {
        {DialectName::anthropic, DialectName::openai_chat, 400,
         R"({"type":"error","error":{"type":"invalid_request_error","message":"too many tokens"}})", 400,
         "too many tokens"},
        {DialectName::gemini, DialectName::anthropic, 429, R"([{"error":{"code":429,"message":"slow down"}}])", 429,
         "slow down"},
        {DialectName::openai_chat, DialectName::gemini, 401, R"({"error":{"message":"bad key sk-1"}})", 502,
         "refused the credentials"},
        {DialectName::openai_responses, DialectName::anthropic, 500, R"({})", 502,
         "The provider answered with an error"},
    };
    for (const Case& c : cases) {
        const openai::Json json(c.body);
        PooledBuffer out;
        CHECK(provider::translate_error(c.from, c.to, c.status, json.root(), out.buffer) == c.want);
        INFO(out.buffer.text());
        CHECK(out.buffer.text().find(c.message) != std::string_view::npos);
        CHECK(out.buffer.text().find("sk-1") == std::string_view::npos);
        CHECK(openai::Json(std::string(out.buffer.text())).good());
    }
}

}  // namespace gw::test::translation
