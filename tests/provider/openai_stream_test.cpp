// Streams and answers of OpenAI chat, Responses and Ollama: what is in them.
#include "provider/dialect_ollama.h"
#include "provider/dialect_openai_chat.h"
#include "provider/dialect_responses.h"
#include "provider/openai_support.h"

namespace gw::test::openai {

namespace {

const provider::Dialect& chat() { return provider::openai_chat_dialect(); }
const provider::Dialect& responses() { return provider::responses_dialect(); }
const provider::Dialect& ollama() { return provider::ollama_dialect(); }

Events events_of(std::initializer_list<std::string> data) {
    Events events;
    for (const std::string& text : data) events.push_back({{}, text});
    return events;
}
std::string delta(const std::string& members) { return R"({"choices":[{"index":0,"delta":{)" + members + "}}]}"; }

}  // namespace

TEST_CASE("openai: recorded streams") {
    struct {
        const provider::Dialect* dialect;
        std::string name;
    } const cases[] = {
        {&chat(), "chat-text-and-calls"}, {&chat(), "chat-choices-and-reasoning"},
        {&responses(), "responses-text"}, {&responses(), "responses-reasoning-and-call"},
        {&ollama(), "ollama-chat"},       {&ollama(), "ollama-generate"},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const bool lines = c.dialect == &ollama();
        const std::string text = read_vector("provider/" + c.name + (lines ? ".ndjson" : ".sse"));
        CHECK(read_stream(*c.dialect, lines ? parse_lines(text) : parse_sse(text)) ==
              read_vector("provider/" + c.name + ".steps"));
    }
}

TEST_CASE("openai chat: streams as providers write them") {
    struct {
        std::string name;
        Events events;
        std::string want;
    } const cases[] = {
        {"calls without an index begin with another id",
         events_of({delta(R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"1"}},{"id":"b","function":)"
                          R"({"name":"f","arguments":"2"}}])"),
                    delta(R"("tool_calls":[{"function":{"arguments":"3"}}])")}),
         "begin\nopen 0 arguments f a\ndelta 0: 1\nopen 1 arguments f b\ndelta 1: 2\ndelta 1: 3\n"},
        {"the same index with another id is another call",
         events_of({delta(R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"1"}}])"),
                    delta(R"("tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"2"}}])")}),
         "begin\nopen 0 arguments f a\ndelta 0: 1\nclose 0\nopen 1 arguments g b\ndelta 1: 2\n"},
        {"the name in every delta",
         events_of({delta(R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}])"),
                    delta(R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"1"}}])")}),
         "begin\nopen 0 arguments f a\ndelta 0: 1\n"},
        {"a call that gets another name",
         events_of({delta(R"("tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}])"),
                    delta(R"("tool_calls":[{"index":0,"function":{"name":"rm"}}])")}),
         "begin\nopen 0 arguments f\nrefused\n"},
        {"a call that gets its name behind its arguments",
         events_of({delta(R"("tool_calls":[{"index":0,"function":{"arguments":"{"}}])"),
                    delta(R"("tool_calls":[{"index":0,"function":{"name":"rm"}}])")}),
         "begin\nopen 0 arguments\ndelta 0: {\nrefused\n"},
        {"arguments as an object",
         events_of({delta(R"("tool_calls":[{"index":0,"function":{"name":"f","arguments":{"a":"b"}}}])")}),
         "begin\nopen 0 arguments f\nwhole arguments f: {\"a\":\"b\"}\n"},
        {"the legacy call",
         events_of({delta(R"("function_call":{"name":"f","arguments":"1"})"),
                    R"({"choices":[{"index":0,"delta":{},"finish_reason":"function_call"}]})"}),
         "begin\nopen 0 arguments f\ndelta 0: 1\nclose 0\nstop tool_calls\n"},
        {"content in parts",
         events_of({delta(R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"A"}]},{"type":"text",)"
                          R"("text":"B"}])")}),
         "begin\nopen 0 reasoning\ndelta 0: A\nopen 1 text\ndelta 1: B\n"},
        {"refusal, audio, and what is not known",
         events_of({delta(R"("refusal":"A","audio":{"id":"x","data":"AAAA","transcript":"B"},"new":{"text":"C"})")}),
         "begin\nopen 0 refusal\ndelta 0: A\nopen 1 transcript\ndelta 1: B\nwhole text: C\n"},
        {"the tokens once more",
         events_of({R"({"choices":[{"index":0,"delta":{"content":"AB"},"logprobs":{"content":[{"token":"A","logprob":)"
                    R"(-1},{"token":"B","logprob":-1}],"refusal":null}}]})"}),
         "begin\nopen 0 text\ndelta 0: AB\nwhole tokens of text: "
         "{\"content\":[{\"token\":\"A\",\"logprob\":-1},{\"token\":"
         "\"B\",\"logprob\":-1}],\"refusal\":null}\n"},
        {"completions",
         events_of({R"({"id":"c","object":"text_completion","choices":[{"index":0,"text":"A",)"
                    R"("finish_reason":"length"}]})"}),
         "begin c\nopen 0 text\ndelta 0: A\nclose 0\nstop length\n"},
        {"words where no client looks for them",
         events_of({delta(R"("tool_calls":[{"index":0,"text":"A","function":"B"},{"index":1,"function":{"name":"f",)"
                          R"("arguments":"C","input_text":"D"}}])"),
                    R"({"output":"E","choices":[{"content":"F"}]})"}),
         "begin\nwhole text: A\nwhole text: B\nwhole text: D\nopen 0 arguments f\ndelta 0: C\nwhole text: E\n"
         "whole text: F\n"},
        {"a whole message inside a stream",
         events_of({R"({"choices":[{"index":0,"message":{"role":"assistant","content":"A"}}]})"}),
         "begin\nwhole text: A\n"},
        {"filters before the answer",
         events_of({R"({"id":"","model":"","choices":[],"prompt_filter_results":[]})", delta(R"("content":"A")")}),
         "begin\nopen 0 text\ndelta 0: A\n"},
        {"an error", events_of({R"({"error":{"message":"overloaded","type":"x"}})", R"({"error":"short"})"}),
         "error: overloaded\nerror: short\n"},
        {"usage alone, and the end",
         events_of({R"({"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":-5}})", "[DONE]"}),
         "begin c\nusage 3/0\ndone\n"},
        {"text behind a choice's end is a new part",
         events_of({R"({"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"}]})",
                    delta(R"("content":"B")")}),
         "begin\nopen 0 text\ndelta 0: A\nclose 0\nstop stop\nopen 1 text\ndelta 1: B\n"},
        {"an index below zero", events_of({R"({"choices":[{"index":-1,"delta":{"content":"A"}}]})"}), "refused\n"},
        {"an index that is huge", events_of({R"({"choices":[{"index":1e15,"delta":{"content":"A"}}]})"}), "refused\n"},
        {"an index that is a string", events_of({delta(R"("tool_calls":[{"index":"0"}])")}), "refused\n"},
        {"an index of a call that is huge", events_of({delta(R"("tool_calls":[{"index":4096}])")}), "refused\n"},
        {"wrong kinds everywhere",
         events_of({R"([])", R"("A")", "7", "null", R"({"choices":7})", R"({"choices":[7,null,"B",[]]})",
                    R"({"choices":[{"delta":7},{"delta":"C"},{"delta":{"content":{"text":"D"},"tool_calls":[7],)"
                    R"("function_call":[],"audio":[]}}]})"}),
         "whole text: A\nbegin\nwhole text: B\nwhole text: C\nopen 0 text\ndelta 0: D\n"},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(read_stream(chat(), c.events) == c.want);
    }
}

TEST_CASE("openai responses: events beside the usual") {
    struct {
        std::string name;
        Events events;
        std::string want;
    } const cases[] = {
        {"deltas without a part",
         events_of({R"({"type":"response.output_text.delta","output_index":2,"content_index":1,"delta":"A"})",
                    R"({"type":"response.output_text.done","output_index":2,"content_index":1,"text":"A"})"}),
         "open 0 text\ndelta 0: A\nwhole text: A\nclose 0\n"},
        {"name and type differ",
         {{"response.created", R"({"type":"response.output_text.delta","delta":"A"})"}},
         "refused\n"},
        {"the name alone", {{"response.output_text.delta", R"({"delta":"A"})"}}, "open 0 text\ndelta 0: A\n"},
        {"a custom tool",
         events_of({R"({"type":"response.output_item.added","output_index":0,"item":{"type":"custom_tool_call",)"
                    R"("call_id":"c","name":"t","input":""}})",
                    R"({"type":"response.custom_tool_call_input.delta","output_index":0,"delta":"A"})",
                    R"({"type":"response.custom_tool_call_input.done","output_index":0,"input":"A"})"}),
         "open 0 arguments t c\ndelta 0: A\nwhole arguments t: A\nclose 0\n"},
        {"code and remote tools",
         events_of({R"({"type":"response.output_item.added","output_index":0,"item":{"type":"code_interpreter_call"}})",
                    R"({"type":"response.code_interpreter_call_code.delta","output_index":0,"delta":"A"})",
                    R"({"type":"response.mcp_call_arguments.delta","output_index":1,"delta":"B"})",
                    R"({"type":"response.mcp_call_arguments.done","output_index":1,"arguments":"B"})"}),
         "open 0 arguments code_interpreter\ndelta 0: A\nopen 1 arguments\ndelta 1: B\nwhole arguments: B\nclose 1\n"},
        {"the tool must stay the same",
         events_of(
             {R"({"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","name":)"
              R"("f"}})",
              R"({"type":"response.function_call_arguments.done","output_index":0,"name":"rm","arguments":"1"})"}),
         "open 0 arguments f\nrefused\n"},
        {"transcripts",
         events_of({R"({"type":"response.audio.transcript.delta","delta":"A"})",
                    R"({"type":"response.audio.delta","delta":"AAAA"})"}),
         "open 0 transcript\ndelta 0: A\n"},
        {"refusals, older summaries, annotations",
         events_of(
             {R"({"type":"response.refusal.delta","delta":"A"})", R"({"type":"response.refusal.done","refusal":"A"})",
              R"({"type":"response.reasoning_summary.delta","summary_index":1,"delta":"B"})",
              R"({"type":"response.output_text.annotation.added","annotation":{"type":"url_citation","title":"T"}})"}),
         "open 0 refusal\ndelta 0: A\nwhole refusal: A\nclose 0\nopen 1 reasoning\ndelta 1: B\nwhole text: T\n"},
        {"what is not known",
         events_of({R"({"type":"response.invented.delta","delta":"A"})", R"({"type":"other","content":"B","id":"x"})",
                    R"({"delta":"C"})", R"("D")"}),
         "open 0 text\ndelta 0: A\nwhole text: B\nwhole text: C\nwhole text: D\n"},
        {"words where no client looks for them",
         events_of({R"({"type":"response.output_text.delta","delta":"A","response":{"x":1},"text":"B"})",
                    R"({"type":"response.created","response":{"id":"r"},"delta":"C"})",
                    R"({"type":"response.output_item.added","item":{"type":"message"},"arguments":{"x":"D"}})"}),
         "open 0 text\ndelta 0: A\nwhole text: B\nwhole text: C\nbegin r\nwhole arguments: {\"x\":\"D\"}\n"},
        {"ends",
         events_of({R"({"type":"response.incomplete","response":{"id":"r","incomplete_details":{"reason":)"
                    R"("max_output_tokens"},"output":[]}})"}),
         "begin r\nstop length\ndone\n"},
        {"a failure", events_of({R"({"type":"response.failed","response":{"error":{"code":"x","message":"A"}}})"}),
         "begin\nerror: A\ndone\n"},
        {"an error", events_of({R"({"type":"error","code":"x","message":"A"})", R"({"error":{"message":"B"}})"}),
         "error: A\nerror: B\n"},
        {"bad indices",
         events_of({R"({"type":"response.output_text.delta","output_index":-1,"delta":"A"})",
                    R"({"type":"response.output_text.delta","content_index":1e9,"delta":"A"})",
                    R"({"type":"response.reasoning_summary_text.delta","summary_index":"0","delta":"A"})"}),
         "refused\nrefused\nrefused\n"},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(read_stream(responses(), c.events) == c.want);
    }
}

TEST_CASE("ollama: lines beside the usual") {
    CHECK(read_stream(ollama(), parse_lines("{\"error\":\"no such model\"}\n")) == "error: no such model\nbegin\n");
    CHECK(read_stream(ollama(),
                      parse_lines("{\"model\":\"m\",\"message\":7,\"response\":{\"text\":\"A\"},\"done\":1}\n")) ==
          "begin m\nwhole text: A\n");
    CHECK(read_stream(ollama(), parse_lines("{\"message\":{\"content\":\"A\"},\"logprobs\":[{\"token\":\"A\"}]}\n")) ==
          "begin\nopen 0 text\ndelta 0: A\nwhole tokens of text: [{\"token\":\"A\"}]\n");
}

TEST_CASE("openai: a stream of too many parts is refused, at the part that is too many") {
    Events many;
    for (int i = 0; i < 1024; ++i)
        many.push_back({{}, delta(R"("tool_calls":[{"index":)" + std::to_string(i) + R"(,"function":{"name":"f"}}])")});
    many.push_back({{}, delta(R"("content":"A")")});
    const std::string said = read_stream(chat(), many);
    CHECK(said.find("open 1023 arguments f\nrefused\n") != std::string::npos);
    CHECK(said.ends_with("refused\n"));

    Events closed;  // closing a part does not make room: its number is used up
    for (int i = 0; i < 1025; ++i)
        closed.push_back({{}, R"({"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"}]})"});
    CHECK(read_stream(chat(), closed).ends_with("stop stop\nrefused\n"));
}

TEST_CASE("openai: answers that are not streamed") {
    struct {
        const provider::Dialect* dialect;
        std::string body, want;
    } const cases[] = {
        {&chat(),
         R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"A","reasoning":"B","refusal":"C",)"
         R"("audio":{"data":"AAAA","transcript":"D"},"tool_calls":[{"id":"c","function":{"name":"f","arguments":"E"}}],)"
         R"("annotations":[{"type":"url_citation","url_citation":{"title":"T","url":"u"}}]}},{"index":1,"message":{)"
         R"("content":"F"}}]})",
         "text assistant: A\nreasoning assistant: B\nrefusal assistant: C\ntranscript assistant: D\n"
         "arguments assistant f: E\ntext assistant: T\ntext assistant: F\n"},
        {&chat(), R"({"choices":[{"text":"A"}]})", "text assistant: A\n"},
        {&chat(), R"({"data":[{"embedding":[1,2]}],"error":{"message":"A"}})", "text assistant: A\n"},
        {&chat(), R"({"output":[{"content":[{"text":"A"}]}]})", "text assistant: A\n"},
        {&responses(),
         R"({"instructions":"mine","tools":[{"description":"mine"}],"output":[{"type":"reasoning","summary":[{"text":)"
         R"("A"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"B"},{"type":"refusal",)"
         R"("refusal":"C"}]},{"type":"function_call","name":"f","arguments":"D"}]})",
         "reasoning assistant: A\ntext assistant: B\nrefusal assistant: C\narguments assistant f: D\n"},
        {&ollama(), R"({"model":"m","message":{"role":"assistant","content":"A","thinking":"B"},"done":true})",
         "text assistant: A\nreasoning assistant: B\n"},
        {&ollama(), R"({"response":"A","thinking":"B","context":[1]})", "text assistant: A\nreasoning assistant: B\n"},
    };
    for (const auto& c : cases) {
        INFO(c.body);
        CHECK(read_answer(*c.dialect, c.body) == c.want);
    }
}

}  // namespace gw::test::openai
