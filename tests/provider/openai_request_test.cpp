// Requests of OpenAI chat, Responses and Ollama: what is read, and what may be changed.
#include "provider/dialect_ollama.h"
#include "provider/dialect_openai_chat.h"
#include "provider/dialect_responses.h"
#include "provider/openai_support.h"

namespace gw::test::openai {

namespace {

const provider::Dialect& chat() { return provider::openai_chat_dialect(); }
const provider::Dialect& responses() { return provider::responses_dialect(); }
const provider::Dialect& ollama() { return provider::ollama_dialect(); }

struct Case {
    std::string name, body, want;
};

}  // namespace

TEST_CASE("dialects: which one a path is written in") {
    using provider::DialectName;
    struct {
        std::string_view path, provider;
        DialectName want;
    } const cases[] = {
        {"/v1/chat/completions", "", DialectName::openai_chat},
        {"/v1/chat/completions/", "openai", DialectName::openai_chat},
        {"/openai/deployments/gpt/chat/completions", "azure", DialectName::openai_chat},
        {"/openai/v1/chat/completions", "bedrock", DialectName::openai_chat},
        {"/v1beta/openai/chat/completions", "gemini", DialectName::openai_chat},
        {"/v1/completions", "ollama", DialectName::openai_chat},
        {"/v1/embeddings", "openai", DialectName::openai_chat},
        {"/anything", "", DialectName::openai_chat},
        {"", "", DialectName::openai_chat},
        {"/v1/responses", "", DialectName::openai_responses},
        {"/v1/responses/compact", "", DialectName::openai_responses},
        {"/backend-api/codex/responses", "openai-codex", DialectName::openai_responses},
        {"/v1/responsesX", "", DialectName::openai_chat},
        {"/v1/messages", "", DialectName::anthropic},
        {"/v1/messages/count_tokens", "", DialectName::anthropic},
        {"/v1/complete", "anthropic", DialectName::anthropic},
        {"/v1/projects/p/locations/l/publishers/anthropic/models/c:rawPredict", "vertex", DialectName::anthropic},
        {"/v1/projects/p/locations/l/publishers/anthropic/models/c:streamRawPredict", "", DialectName::anthropic},
        {"/v1beta/models/g:generateContent", "", DialectName::gemini},
        {"/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent", "vertex", DialectName::gemini},
        {"/v1beta/models/g:countTokens", "gemini", DialectName::gemini},
        {"/model/a.b-v1%3A0/converse", "", DialectName::bedrock},
        {"/model/a.b-v1%3A0/invoke-with-response-stream", "", DialectName::bedrock},
        {"/model/responses/converse-stream", "", DialectName::bedrock},
        {"/guardrail/x/version/1/apply", "bedrock", DialectName::bedrock},
        {"/api/chat", "", DialectName::ollama},
        {"/api/generate", "", DialectName::ollama},
        {"/api/embed", "ollama", DialectName::ollama},
    };
    for (const auto& c : cases) {
        INFO(c.path << " of " << c.provider);
        CHECK(provider::name_of(provider::dialect_of(c.path, c.provider)) == provider::name_of(c.want));
    }
    for (const provider::Dialect* dialect : {&chat(), &responses(), &ollama()})
        CHECK(&provider::dialect(dialect->name()) == dialect);
}

TEST_CASE("openai chat: every text of a request is read") {
    const Case cases[] = {
        {"turns of all roles",
         R"({"messages":[{"role":"system","content":"A"},{"role":"developer","content":"B"},{"role":"user",)"
         R"("content":"C"},{"content":"D","role":"assistant"},{"role":"odd","content":"E"}]})",
         "text system: A\ntext system: B\ntext user: C\ntext assistant: D\ntext user: E\n"},
        {"parts",
         R"({"messages":[{"role":"user","content":["bare",{"type":"text","text":"A"},{"text":"B"},{"type":"image_url",)"
         R"("image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"input_audio","input_audio":{"data":"AAAA",)"
         R"("format":"wav"}},{"type":"file","file":{"filename":"f","file_data":"AAAA","text":"C"}},)"
         R"({"type":"invented","deep":[{"text":"D"}]}]}]})",
         "text user: bare\ntext user: A\ntext user: B\nfile of document user: AAAA\ndocument user: C\ntext user: D\n"},
        {"a document as plain text, and as base64",
         R"({"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","data":"A"}},)"
         R"({"type":"document","source":{"type":"base64","data":"AAAA"}}]}]})",
         "document user: A\nfile of document user: AAAA\n"},
        {"calls and their results",
         R"({"messages":[{"role":"assistant","content":null,"reasoning_content":"R","refusal":"N","tool_calls":[{)"
         R"("id":"c1","type":"function","function":{"name":"shell","arguments":"{\"a\":1}"}},{"id":"c2","type":)"
         R"("custom","custom":{"name":"patch","input":"P"}},{"id":"c3","function":{"name":"obj","arguments":{"x":)"
         R"("y"}}}]},{"role":"tool","tool_call_id":"c1","content":"out"},{"role":"tool","tool_call_id":"c2",)"
         R"("content":[{"type":"text","text":"out2"}]},{"role":"tool","tool_call_id":"c9","content":{"k":"v"}},)"
         R"({"role":"function","name":"old","content":"out3"}]})",
         "reasoning assistant: R\nrefusal assistant: N\narguments assistant shell: {\"a\":1}\n"
         "arguments assistant patch: P\narguments assistant obj: {\"x\":\"y\"}\nresult tool shell: out\n"
         "result tool patch: out2\nresult tool: {\"k\":\"v\"}\nresult tool old: out3\n"},
        {"the legacy call", R"({"messages":[{"role":"assistant","function_call":{"name":"f","arguments":"{}"}}]})",
         "arguments assistant f: {}\n"},
        {"tools, in their place",
         R"({"tools":[{"type":"function","function":{"name":"f","description":"A","parameters":{"properties":{)"
         R"("description":{"type":"string","description":"B","title":"T"}}}}}],"messages":[{"role":"user","content":)"
         R"("C"}],"functions":[{"name":"g","description":"D"}]})",
         "text system: A\ntext system: B\ntext system: T\ntext user: C\ntext system: D\n"},
        {"the legacy prompt", R"({"prompt":["A","B"],"suffix":"C"})", "text user: A\ntext user: B\ntext user: C\n"},
        {"embeddings", R"({"input":"A"})", "text user: A\n"},
        {"no request", R"({"model":"m"})", "no request"},
        {"messages of a wrong kind", R"({"messages":"A"})", "no request"},
        {"no object", R"([])", "no request"},
        {"wrong kinds inside", R"({"messages":[1,null,"A",{"role":3,"content":4,"tool_calls":{"function":7}},[]]})",
         "text user: A\n"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        CHECK(read_request(chat(), c.body) == c.want);
    }
}

TEST_CASE("openai responses: every text of a request is read") {
    const Case cases[] = {
        {"a string", R"({"instructions":"I","input":"A"})", "text system: I\ntext user: A\n"},
        {"messages",
         R"({"input":[{"role":"user","content":"A"},{"type":"message","role":"developer","content":[{"type":)"
         R"("input_text","text":"B"},{"type":"input_image","image_url":"data:image/png;base64,AAAA"},{"type":)"
         R"("input_file","filename":"f","file_data":"AAAA","text":"C"}]},{"type":"message","role":"assistant","id":)"
         R"("msg_1","content":[{"type":"output_text","text":"D","annotations":[]},{"type":"refusal","refusal":"E"}]}]})",
         "text user: A\ntext system: B\nfile of document system: AAAA\ndocument system: C\ntext assistant: D\nrefusal "
         "assistant: E\n"},
        {"calls and results",
         R"({"input":[{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":)"
         R"("function_call_output","call_id":"c1","output":"O"},{"type":"function_call_output","call_id":"c1",)"
         R"("output":[{"type":"input_text","text":"P"}]},{"type":"custom_tool_call","call_id":"c2","name":"g",)"
         R"("input":"raw"},{"type":"custom_tool_call_output","call_id":"c2","output":"Q"},{"type":"local_shell_call",)"
         R"("call_id":"c3","action":{"type":"exec","command":["ls","-l"]}},{"type":"local_shell_call_output",)"
         R"("call_id":"c3","output":"{\"s\":1}"},{"type":"mcp_call","name":"h","arguments":"{}","output":"M"}]})",
         "arguments assistant f: {}\nresult tool f: O\nresult tool f: P\narguments assistant g: raw\nresult tool g: Q\n"
         "arguments assistant local_shell: {\"type\":\"exec\",\"command\":[\"ls\",\"-l\"]}\n"
         "result tool local_shell: {\"s\":1}\narguments assistant h: {}\nresult tool h: M\n"},
        {"reasoning, searches, code",
         R"({"input":[{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"A"}],"content":[{"type":)"
         R"("reasoning_text","text":"B"}],"encrypted_content":"AAAA"},{"type":"web_search_call","action":{"type":)"
         R"("search","query":"Q"}},{"type":"file_search_call","queries":["F"],"results":[{"text":"R","filename":"f"}]},)"
         R"({"type":"code_interpreter_call","code":"C","outputs":[{"type":"logs","logs":"L"}]}]})",
         "reasoning assistant: A\nreasoning assistant: B\n"
         "arguments assistant web_search: {\"type\":\"search\",\"query\":\"Q\"}\n"
         "arguments assistant file_search: [\"F\"]\nresult tool file_search: R\n"
         "arguments assistant code_interpreter: C\nresult tool code_interpreter: L\n"},
        {"an unknown item", R"({"input":[{"type":"invented","stuff":{"text":"A"},"output":"B"}]})",
         "text user: A\ntext user: B\n"},
        {"a stored prompt's variables",
         R"({"prompt":{"id":"p","variables":{"city":"A","file":{"type":"input_text","text":"B"}}}})",
         "text user: A\ntext user: B\n"},
        {"tools", R"({"input":"A","tools":[{"type":"function","name":"f","description":"D"}]})",
         "text user: A\ntext system: D\n"},
        {"input of a wrong kind", R"({"input":7})", "no request"},
        {"nothing", R"({})", "no request"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        CHECK(read_request(responses(), c.body) == c.want);
    }
}

TEST_CASE("ollama: every text of a request is read") {
    const Case cases[] = {
        {"chat",
         R"({"messages":[{"role":"system","content":"A"},{"role":"user","content":"B","images":["AAAA"]},{"role":)"
         R"("assistant","thinking":"T","content":"","tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]},)"
         R"({"role":"tool","tool_name":"f","content":"O"}],"tools":[{"function":{"name":"f","description":"D"}}]})",
         "text system: A\ntext user: B\nreasoning assistant: T\narguments assistant f: {\"x\":1}\n"
         "result tool f: O\ntext system: D\n"},
        {"generate", R"({"system":"S","prompt":"A","suffix":"B","template":"T","context":[1,2]})",
         "text system: S\ntext user: A\ntext user: B\ntext system: T\n"},
        {"nothing", R"({"model":"m"})", "no request"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        CHECK(read_request(ollama(), c.body) == c.want);
    }
}

TEST_CASE("openai: model and streaming") {
    struct {
        const provider::Dialect* dialect;
        std::string path, body;
        std::string_view model;
        bool stream;
    } const cases[] = {
        {&chat(), "", R"({"model":"m","messages":[],"stream":true})", "m", true},
        {&chat(), "/openai/deployments/d%20x/chat/completions", R"({"messages":[],"stream":"true"})", "d%20x", false},
        {&chat(), "/openai/deployments/d/chat/completions", R"({"model":"m","messages":[]})", "m", false},
        {&responses(), "", R"({"model":"m","input":"","stream":true})", "m", true},
        {&responses(), "", R"({"model":7,"input":"","stream":false})", "", false},
        {&ollama(), "", R"({"model":"m","messages":[]})", "m", true},
        {&ollama(), "", R"({"model":"m","messages":[],"stream":false})", "m", false},
    };
    for (const auto& c : cases) {
        INFO(c.body);
        provider::RequestFacts facts;
        read_request(*c.dialect, c.body, &facts, c.path);
        CHECK(facts.model == c.model);
        CHECK(facts.stream == c.stream);
        const bool lines = c.dialect == &ollama();
        CHECK((facts.framing == provider::Framing::ndjson) == lines);
        CHECK(c.dialect->blocked_content_type(facts) == (lines      ? "application/x-ndjson"
                                                         : c.stream ? "text/event-stream"
                                                                    : "application/json"));
    }
}

TEST_CASE("openai: laundering takes our notices out and leaves every other byte") {
    const std::string user = R"({"role":"user", "content":"hi"})";
    const std::string ours = R"({"role":"assistant","content":"[DefenseClaw] no"})";
    const std::string in_parts = R"({"role":"assistant","content":[{"type":"text","text":"[DefenseClaw] no"}]})";
    const std::string called = R"({"role":"assistant","content":"[DefenseClaw]","tool_calls":[{"id":"c"}]})";
    const std::string quoted = R"({"role":"user","content":"[DefenseClaw] no"})";
    struct {
        std::vector<std::string> messages, want;
    } const cases[] = {
        {{user}, {user}},
        {{ours}, {}},
        {{ours, user}, {user}},
        {{user, ours}, {user}},
        {{user, ours, user}, {user, user}},
        {{ours, in_parts, user, ours, ours, quoted, in_parts}, {user, quoted}},
        {{ours, in_parts, ours}, {}},
        {{user, called}, {user, called}},
    };
    const auto array = [](const std::vector<std::string>& elements, const char* comma) {
        std::string text;
        for (const std::string& element : elements) text += (text.empty() ? "" : comma) + element;
        return text;
    };
    for (const auto& c : cases) {
        for (const provider::Dialect* dialect : {&chat(), &responses(), &ollama()}) {
            if (dialect == &responses() && c.messages.back() == called) continue;  // calls are items of their own
            const std::string key = dialect == &responses() ? "input" : "messages";
            const std::string before = "{ \"" + key + "\" : [ ";
            const std::string body = before + array(c.messages, " ,\n") + " ] }";
            const std::string want = before + array(c.want, " ,\n") + " ] }";
            INFO(body);
            CHECK(edited(*dialect, body, "l") == want);
        }
    }
    CHECK(edited(responses(), R"({"input":[{"id":"msg_blocked"},{"id":"msg_blocked_2","type":"message"},{"id":"x"}]})",
                 "l") == R"({"input":[{"id":"x"}]})");
    CHECK(edited(responses(), R"({"input":"[DefenseClaw]"})", "l") == R"({"input":"[DefenseClaw]"})");
}

TEST_CASE("openai: an instruction goes where the dialect has a place for it") {
    const std::string say = R"(Say \"so\".)";
    struct {
        const provider::Dialect* dialect;
        std::string body, want;
    } const cases[] = {
        {&chat(), R"({"messages":[{"role":"user","content":"a"}]})",
         R"({"messages":[{"role":"system","content":")" + say + R"("},{"role":"user","content":"a"}]})"},
        {&chat(), R"({"messages":[ {"role":"developer","content":"a"}]})",
         R"({"messages":[{"role":"developer","content":")" + say + R"("}, {"role":"developer","content":"a"}]})"},
        {&chat(), R"({"messages":[]})", R"({"messages":[{"role":"system","content":")" + say + R"("}]})"},
        {&chat(), R"({"prompt":"a"})", R"({"prompt":"a"})"},
        {&responses(), R"({"input":"a"})", R"({"instructions":")" + say + R"(","input":"a"})"},
        {&responses(), R"({"instructions":"be","input":"a"})",
         R"({"instructions":")" + say + R"(\n\nbe","input":"a"})"},
        {&responses(), R"({"instructions":"","input":"a"})", R"({"instructions":")" + say + R"(","input":"a"})"},
        {&responses(), R"({"instructions":null})", R"({"instructions":")" + say + R"("})"},
        {&responses(), R"({"instructions":7})", R"({"instructions":7})"},
        {&responses(), R"({})", R"({"instructions":")" + say + R"("})"},
        {&ollama(), R"({"messages":[]})", R"({"messages":[{"role":"system","content":")" + say + R"("}]})"},
        {&ollama(), R"({"prompt":"a"})", R"({"system":")" + say + R"(","prompt":"a"})"},
        {&ollama(), R"({"prompt":"a","system":"b"})", R"({"prompt":"a","system":")" + say + R"(\n\nb"})"},
    };
    for (const auto& c : cases) {
        INFO(c.body);
        CHECK(edited(*c.dialect, c.body, "i") == c.want);
    }
}

TEST_CASE("openai: edits leave valid JSON in any combination") {
    Random random(71);
    const std::string turns[] = {R"({"role":"assistant","content":"[DefenseClaw] x"})",
                                 R"({"role":"user","content":"u"})", R"({"role":"developer","content":"d"})", "7",
                                 "null"};
    for (int round = 0; round < 100; ++round) {
        std::string messages;
        std::size_t kept = 0;
        const std::size_t count = random.below(6);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t turn = random.below(5) < 3 ? 0 : random.below(5);
            kept += turn == 0 ? 0 : 1;
            if (i > 0) messages += random.below(2) == 0 ? "," : " , ";
            messages += turns[turn];
        }
        const std::string list = std::string(random.below(2) == 0 ? "[" : "[ ") + messages + "]";
        for (const provider::Dialect* dialect : {&chat(), &responses(), &ollama()}) {
            const bool items = dialect == &responses();
            const std::string body = "{\"" + std::string(items ? "input" : "messages") + "\":" + list + "}";
            for (const char* what : {"l", "i", "li", "il", "lii", "iil", "ili"}) {
                INFO(body << " " << what);
                const Json json(edited(*dialect, body, what));
                REQUIRE(json.good());
                const json::Value now = json.root()[items ? "input" : "messages"];
                const std::size_t put_in =
                    items ? 0 : static_cast<std::size_t>(std::count(what, what + std::strlen(what), 'i'));
                const bool laundered = std::strchr(what, 'l') != nullptr;
                CHECK(now.size() == (laundered ? kept : count) + put_in);
            }
        }
    }
}

}  // namespace gw::test::openai
