// Requests: what both sides can say arrives, and what one of them cannot is an error with its place.
#include "provider/translate_support.h"

namespace gw::test::translation {
namespace {

// One conversation with everything that all four dialects can say, in the form in which each of them is written here.
struct Written {
    DialectName dialect;
    std::string body;
};

const std::vector<Written>& written() {
    static const std::vector<Written> bodies = {
        {DialectName::openai_chat,
         R"({"model":"provider-model","messages":[{"role":"system","content":"Be \"brief\"."},)"
         R"({"role":"user","content":[{"type":"text","text":"Which river?"},)"
         R"({"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]},)"
         R"({"role":"assistant","content":"Let me look.","tool_calls":[{"id":"call_1","type":"function",)"
         R"("function":{"name":"look","arguments":"{\"at\":[1,\"x\"]}"}},{"id":"call_2","type":"function",)"
         R"("function":{"name":"look","arguments":"{}"}}]},)"
         R"({"role":"tool","tool_call_id":"call_1","content":"Glomma"},)"
         R"({"role":"tool","tool_call_id":"call_2","content":"{\"ok\":true}"},)"
         R"({"role":"user","content":"So?"}],)"
         R"("max_completion_tokens":100,"temperature":0.5,"top_p":0.90,)"
         R"("tools":[{"type":"function","function":{"name":"look","description":"Looks.",)"
         R"("parameters":{"type":"object","properties":{"at":{"type":"array"}}}}}],)"
         R"("tool_choice":{"type":"function","function":{"name":"look"}}})"},
        {DialectName::openai_responses,
         R"({"model":"provider-model","instructions":"Be \"brief\".","input":[)"
         R"({"type":"message","role":"user","content":[{"type":"input_text","text":"Which river?"},)"
         R"({"type":"input_image","image_url":"data:image/png;base64,aGk="}]},)"
         R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me look."}]},)"
         R"({"type":"function_call","call_id":"call_1","name":"look","arguments":"{\"at\":[1,\"x\"]}"},)"
         R"({"type":"function_call","call_id":"call_2","name":"look","arguments":"{}"},)"
         R"({"type":"function_call_output","call_id":"call_1","output":"Glomma"},)"
         R"({"type":"function_call_output","call_id":"call_2","output":"{\"ok\":true}"},)"
         R"({"type":"message","role":"user","content":[{"type":"input_text","text":"So?"}]}],"store":false,)"
         R"("max_output_tokens":100,"temperature":0.5,"top_p":0.90,)"
         R"("tools":[{"type":"function","name":"look","description":"Looks.",)"
         R"("parameters":{"type":"object","properties":{"at":{"type":"array"}}},"strict":false}],)"
         R"("tool_choice":{"type":"function","name":"look"}})"},
        {DialectName::anthropic,
         R"({"model":"provider-model","max_tokens":100,"system":[{"type":"text","text":"Be \"brief\"."}],"messages":[)"
         R"({"role":"user","content":[{"type":"text","text":"Which river?"},{"type":"image","source":)"
         R"({"type":"base64","media_type":"image/png","data":"aGk="}}]},)"
         R"({"role":"assistant","content":[{"type":"text","text":"Let me look."},{"type":"tool_use","id":"call_1",)"
         R"("name":"look","input":{"at":[1,"x"]}},{"type":"tool_use","id":"call_2","name":"look","input":{}}]},)"
         R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text",)"
         R"("text":"Glomma"}]},{"type":"tool_result","tool_use_id":"call_2","content":[{"type":"text",)"
         R"("text":"{\"ok\":true}"}]},{"type":"text","text":"So?"}]}],"temperature":0.5,"top_p":0.90,)"
         R"("tools":[{"name":"look","description":"Looks.",)"
         R"("input_schema":{"type":"object","properties":{"at":{"type":"array"}}}}],)"
         R"("tool_choice":{"type":"tool","name":"look"}})"},
        {DialectName::gemini,
         R"({"systemInstruction":{"parts":[{"text":"Be \"brief\"."}]},"contents":[{"role":"user","parts":[)"
         R"({"text":"Which river?"},{"inlineData":{"mimeType":"image/png","data":"aGk="}}]},)"
         R"({"role":"model","parts":[{"text":"Let me look."},{"functionCall":{"id":"call_1","name":"look",)"
         R"("args":{"at":[1,"x"]}},"thoughtSignature":"skip_thought_signature_validator"},)"
         R"({"functionCall":{"id":"call_2","name":"look","args":{}},)"
         R"("thoughtSignature":"skip_thought_signature_validator"}]},)"
         R"({"role":"user","parts":[{"functionResponse":{"id":"call_1","name":"look",)"
         R"("response":{"output":"Glomma"}}},{"functionResponse":{"id":"call_2","name":"look",)"
         R"("response":{"output":"{\"ok\":true}"}}},{"text":"So?"}]}],)"
         R"("tools":[{"functionDeclarations":[{"name":"look","description":"Looks.",)"
         R"("parametersJsonSchema":{"type":"object","properties":{"at":{"type":"array"}}}}]}],)"
         R"("toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["look"]}},)"
         R"("generationConfig":{"maxOutputTokens":100,"temperature":0.5,"topP":0.90}})"},
    };
    return bodies;
}

const std::string& body_of(DialectName dialect) {
    for (const Written& it : written()) {
        if (it.dialect == dialect) return it.body;
    }
    return written()[0].body;
}

}  // namespace

TEST_CASE("translate: a conversation arrives in every dialect, and comes back") {
    for (const Written& from : written()) {
        for (const DialectName to : all) {
            if (to == from.dialect) continue;
            INFO(provider::name_of(from.dialect) << " to " << provider::name_of(to));
            const std::string out = request(from.dialect, to, from.body);
            CHECK(out == body_of(to));
            CHECK(request(to, from.dialect, out) == from.body);
        }
    }
}

TEST_CASE("translate: what is written in more than one way") {
    struct Case {
        const char* name;
        DialectName from;
        DialectName to;
        const char* body;
        const char* want;
    };
    const DialectName chat = DialectName::openai_chat;
    const DialectName responses = DialectName::openai_responses;
    const DialectName anthropic = DialectName::anthropic;
    const DialectName gemini = DialectName::gemini;
    const Case cases[] = {
        {"Anthropic needs max_tokens, and turns alternate", chat, anthropic,
         R"({"messages":[{"role":"developer","content":"D"},{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":""}]})",
         R"({"model":"provider-model","max_tokens":4096,"system":[{"type":"text","text":"D"}],"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]})"},
        {"streams, and usage is always asked for", anthropic, chat,
         R"({"max_tokens":5,"stream":true,"messages":[{"role":"user","content":"a"}],"stop_sequences":["x","y"],"metadata":{"user_id":"u"}})",
         R"({"model":"provider-model","messages":[{"role":"user","content":"a"}],"stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":5,"stop":["x","y"],"user":"u"})"},
        {"images elsewhere", chat, anthropic,
         R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png","detail":"low"}}]}]})",
         R"({"model":"provider-model","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://a/b.png"}}]}]})"},
        {"detail of images", chat, responses,
         R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png","detail":"low"}}]}]})",
         R"({"model":"provider-model","input":[{"type":"message","role":"user","content":[{"type":"input_image","image_url":"https://a/b.png","detail":"low"}]}],"store":false})"},
        {"ids that Anthropic does not take", chat, anthropic,
         R"({"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"functions.f:0","type":"function","function":{"name":"f","arguments":""}}]},{"role":"tool","tool_call_id":"functions.f:0","content":"r"}]})",
         R"({"model":"provider-model","max_tokens":4096,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"functions_f_0","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"functions_f_0","content":[{"type":"text","text":"r"}]}]}]})"},
        {"one call at a time", chat, anthropic,
         R"({"messages":[],"tools":[{"type":"function","function":{"name":"f"}}],"parallel_tool_calls":false})",
         R"({"model":"provider-model","max_tokens":4096,"messages":[],"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}})"},
        {"and back", anthropic, responses,
         R"({"max_tokens":9,"messages":[],"tools":[{"name":"f","input_schema":{},"cache_control":{"type":"ephemeral"}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}})",
         R"({"model":"provider-model","input":[],"store":false,"max_output_tokens":9,"tools":[{"type":"function","name":"f","parameters":{},"strict":false}],"tool_choice":"required","parallel_tool_calls":false})"},
        {"a result with an image and a failure", anthropic, responses,
         R"({"max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"tool_result","tool_use_id":"c","is_error":true,"content":[{"type":"text","text":"r"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aa"}}]}]}]})",
         R"({"model":"provider-model","input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"r"},{"type":"input_image","image_url":"data:image/png;base64,aa"}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"t"}]}],"store":false,"max_output_tokens":9})"},
        {"a failure of a tool", anthropic, gemini,
         R"({"max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"tool_use","id":"c","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","is_error":true,"content":"r"}]}]})", R"({"contents":[{"role":"model","parts":[{"functionCall":{"id":"c","name":"f","args":{}},"thoughtSignature":"skip_thought_signature_validator"}]},{"role":"user","parts":[{"functionResponse":{"id":"c","name":"f","response":{"error":"r"}}}]}],"generationConfig":{"maxOutputTokens":9}})"},
        {"Gemini pairs calls by name and order", gemini, chat,
         R"({"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"g"}},{"functionCall":{"name":"f"}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"1"}}},{"functionResponse":{"name":"f","response":{"n":2}}},{"functionResponse":{"name":"g","response":{}}}]}]})",
         R"({"model":"provider-model","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}},{"id":"call_3","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1","content":"1"},{"role":"tool","tool_call_id":"call_3","content":"{\"n\":2}"},{"role":"tool","tool_call_id":"call_2","content":"{}"}]})"},
        {"Gemini's own schemas, in its other spelling", gemini, anthropic,
         R"({"contents":[],"system_instruction":{"parts":{"text":"S"}},"tools":[{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"type":{"type":"STRING","enum":["OBJECT"]}}}}]}],"generation_config":{"max_output_tokens":3,"top_k":4},"safety_settings":[{"category":"X","threshold":"BLOCK_NONE"}]})",
         R"({"model":"provider-model","max_tokens":3,"system":[{"type":"text","text":"S"}],"messages":[],"top_k":4,"tools":[{"name":"f","input_schema":{"type":"object","properties":{"type":{"type":"string","enum":["OBJECT"]}}}}]})"},
        {"the form of an answer", chat, anthropic,
         R"({"messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}},"reasoning_effort":"low"})",
         R"({"model":"provider-model","max_tokens":4096,"messages":[],"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}},"effort":"low"}})"},
        {"the form of an answer", anthropic, responses,
         R"({"max_tokens":9,"messages":[],"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}})",
         R"({"model":"provider-model","input":[],"store":false,"max_output_tokens":9,"text":{"format":{"type":"json_schema","name":"answer","schema":{"type":"object"},"strict":true}}})"},
        {"the form of an answer", responses, gemini,
         R"({"input":"a","text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}}})",
         R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}}})"},
        {"the form of an answer", gemini, chat,
         R"({"contents":[],"generationConfig":{"responseMimeType":"application/json"}})",
         R"({"model":"provider-model","messages":[],"response_format":{"type":"json_object"}})"},
        {"effort and verbosity", chat, responses,
         R"({"messages":[{"role":"user","content":"a"},{"role":"system","content":"later"}],"reasoning_effort":"high","verbosity":"low"})",
         R"({"model":"provider-model","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]},{"type":"message","role":"system","content":[{"type":"input_text","text":"later"}]}],"store":false,"text":{"verbosity":"low"},"reasoning":{"effort":"high"}})"},
        {"what agents send along", responses, chat, R"({"model":"m","instructions":"I","input":[{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"e"},{"role":"developer","content":[{"type":"input_text","text":"D"}]},{"role":"user","content":"a"}],"include":["reasoning.encrypted_content"],"store":false,"prompt_cache_key":"k","reasoning":{"summary":"auto"},"previous_response_id":null,"truncation":"disabled"})",
         R"({"model":"provider-model","messages":[{"role":"system","content":[{"type":"text","text":"I"},{"type":"text","text":"D"}]},{"role":"user","content":"a"}]})"},
        {"what says nothing", chat, gemini,
         R"({"messages":[],"n":1,"logprobs":false,"top_logprobs":0,"logit_bias":{},"frequency_penalty":0,"seed":5,"modalities":["text"],"user":"u","functions":null})",
         R"({"contents":[],"generationConfig":{"seed":5,"frequencyPenalty":0}})"},
    };
    for (const Case& c : cases) {
        INFO(c.name << ": " << provider::name_of(c.from) << " to " << provider::name_of(c.to));
        CHECK(request(c.from, c.to, c.body) == c.want);
    }
}

TEST_CASE("translate: what cannot be expressed is an error with its place") {
    struct Case {
        DialectName from;
        const char* body;
        const char* place;
        std::vector<DialectName> to;  // empty: every other dialect
    };
    const DialectName chat = DialectName::openai_chat;
    const DialectName responses = DialectName::openai_responses;
    const DialectName anthropic = DialectName::anthropic;
    const DialectName gemini = DialectName::gemini;
    const Case cases[] = {
        {chat, R"({"messages":[],"n":2})", "n: ", {}},
        {chat, R"({"messages":[],"logprobs":true})", "logprobs: ", {}},
        {chat, R"({"messages":[],"logit_bias":{"1":1}})", "logit_bias: ", {}},
        {chat, R"({"messages":[],"modalities":["text","audio"]})", "modalities: ", {}},
        {chat, R"({"messages":[],"functions":[{}]})", "functions: ", {}},
        {chat, R"({"messages":[],"web_search_options":{"a":1}})", "web_search_options: ", {}},
        {chat, R"({"messages":[],"what_is_new":1})", "what_is_new: ", {}},
        {chat, R"({"messages":[],"tools":[{"type":"custom"}]})", "tools[0]: ", {}},
        {chat, R"({"messages":[],"tool_choice":{"type":"allowed_tools"}})", "tool_choice: ", {}},
        {chat, R"({"messages":[{"role":"user","content":[{"type":"input_audio"}]}]})", "messages[0].content[0]: ", {}},
        {chat, R"({"messages":[{"role":"user","content":[{"type":"file"}]}]})", "messages[0].content[0]: ", {}},
        {chat, R"({"messages":[{"role":"user","name":"Ann","content":"a"}]})", "messages[0].name: ", {}},
        {chat, R"({"messages":[{"role":"assistant","audio":{"id":"a"}}]})", "messages[0].audio: ", {}},
        {chat,
         R"({"messages":[{"role":"assistant","tool_calls":[{"type":"custom"}]}]})",
         "messages[0].tool_calls[0]: ",
         {}},
        {chat,
         R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{"}}]}]})",
         "messages[0].tool_calls[0].function.arguments: ",
         {}},
        {chat,
         R"({"messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]})",
         "messages[1].content: ",
         {anthropic, gemini}},
        {chat, R"({"messages":[],"seed":1})", "seed: ", {responses, anthropic}},
        {chat, R"({"messages":[],"presence_penalty":1.5})", "presence_penalty: ", {responses, anthropic}},
        {chat, R"({"messages":[],"stop":"x"})", "stop: ", {responses}},
        {chat, R"({"messages":[],"temperature":1.5})", "temperature: ", {anthropic}},
        {chat, R"({"messages":[],"response_format":{"type":"json_object"}})", "response_format: ", {anthropic}},
        {chat, R"({"messages":[],"reasoning_effort":"high"})", "reasoning_effort: ", {gemini}},
        {chat, R"({"messages":[],"reasoning_effort":"minimal"})", "reasoning_effort: ", {anthropic}},
        {chat, R"({"messages":[],"verbosity":"low"})", "verbosity: ", {anthropic, gemini}},
        {chat,
         R"({"messages":[],"tools":[{"type":"function","function":{"name":"f"}}],"parallel_tool_calls":false})",
         "parallel_tool_calls: ",
         {gemini}},
        {chat,
         R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a"}}]}]})",
         "messages[0].content[0]: ",
         {gemini}},
        {chat, R"({"messages":[{"role":"tool","tool_call_id":"x","content":"a"}]})", "messages[0]: ", {gemini}},
        {chat, R"({"messages":7})", ": ", {}},
        {chat, R"({"messages":[{"role":"user","content":7}]})", "messages[0].content: ", {}},
        {chat, R"({"messages":[],"temperature":"hot"})", "temperature: ", {}},
        {chat, R"([])", ": ", {}},
        {responses, R"({"input":"a","previous_response_id":"r"})", "previous_response_id: ", {}},
        {responses, R"({"input":"a","conversation":"c"})", "conversation: ", {}},
        {responses, R"({"input":"a","background":true})", "background: ", {}},
        {responses, R"({"input":"a","truncation":"auto"})", "truncation: ", {}},
        {responses, R"({"input":"a","prompt":{"id":"p"}})", "prompt: ", {}},
        {responses, R"({"input":"a","include":["file_search_call.results"]})", "include[0]: ", {}},
        {responses, R"({"input":"a","tools":[{"type":"web_search"}]})", "tools[0]: ", {}},
        {responses, R"({"input":[{"type":"item_reference","id":"x"}]})", "input[0]: ", {}},
        {responses, R"({"input":[{"role":"user","content":[{"type":"input_file"}]}]})", "input[0].content[0]: ", {}},
        {responses,
         R"({"input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}]})",
         "input[0].content[0]: ",
         {}},
        {responses, R"({"instructions":"a"})", ": ", {}},
        {anthropic, R"({"messages":[],"thinking":{"type":"enabled","budget_tokens":1024}})", "thinking: ", {}},
        {anthropic, R"({"messages":[],"top_k":5})", "top_k: ", {chat, responses}},
        {anthropic, R"({"messages":[],"stop_sequences":["x"]})", "stop_sequences: ", {responses}},
        {anthropic, R"({"messages":[],"mcp_servers":[{}]})", "mcp_servers: ", {}},
        {anthropic, R"({"messages":[],"container":"c"})", "container: ", {}},
        {anthropic, R"({"messages":[],"tools":[{"type":"bash_20250124","name":"bash"}]})", "tools[0]: ", {}},
        {anthropic,
         R"({"messages":[{"role":"user","content":[{"type":"document"}]}]})",
         "messages[0].content[0]: ",
         {}},
        {anthropic,
         R"({"messages":[{"role":"assistant","content":[{"type":"server_tool_use"}]}]})",
         "messages[0].content[0]: ",
         {}},
        {anthropic,
         R"({"messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}]})",
         "messages[0].content[0].source: ",
         {}},
        {anthropic,
         R"({"messages":[{"role":"user","content":[{"type":"text","text":"a","citations":[{}]}]}]})",
         "messages[0].content[0].citations: ",
         {}},
        {anthropic,
         R"({"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"a"}}]}]}]})",
         "messages[0].content[0].content[0]: ",
         {chat}},
        {gemini,
         R"({"contents":[],"safetySettings":[{"category":"X","threshold":"BLOCK_LOW_AND_ABOVE"}]})",
         "safetySettings[0]: ",
         {}},
        {gemini, R"({"contents":[],"cachedContent":"c"})", "cachedContent: ", {}},
        {gemini, R"({"contents":[],"tools":[{"googleSearch":{}}]})", "tools[0].googleSearch: ", {}},
        {gemini, R"({"contents":[],"generationConfig":{"candidateCount":2}})", "generationConfig.candidateCount: ", {}},
        {gemini,
         R"({"contents":[],"generation_config":{"response_logprobs":true}})",
         "generation_config.response_logprobs: ",
         {}},
        {gemini,
         R"({"contents":[],"generationConfig":{"thinkingConfig":{"thinkingBudget":5}}})",
         "generationConfig.thinkingConfig: ",
         {}},
        {gemini,
         R"({"contents":[],"generationConfig":{"responseModalities":["IMAGE"]}})",
         "generationConfig.responseModalities: ",
         {}},
        {gemini, R"({"contents":[{"parts":[{"fileData":{"fileUri":"f"}}]}]})", "contents[0].parts[0].fileData: ", {}},
        {gemini,
         R"({"contents":[{"parts":[{"inlineData":{"mimeType":"audio/wav","data":"a"}}]}]})",
         "contents[0].parts[0].inlineData: ",
         {}},
        {gemini,
         R"({"contents":[{"parts":[{"executableCode":{"code":"1"}}]}]})",
         "contents[0].parts[0].executableCode: ",
         {}},
        {gemini,
         R"({"contents":[{"parts":[{"functionResponse":{"name":"f","response":{}}}]}]})",
         "contents[0].parts[0].functionResponse: ",
         {}},
    };
    for (const Case& c : cases) {
        for (const DialectName to : c.to.empty() ? std::vector<DialectName>(std::begin(all), std::end(all)) : c.to) {
            if (to == c.from) continue;
            INFO(provider::name_of(c.from) << " to " << provider::name_of(to) << ": " << c.body);
            const std::string out = request(c.from, to, c.body);
            CHECK(out.substr(0, out.find(": ") + 2) == c.place);
        }
    }
}

TEST_CASE("translate: where a request goes") {
    const auto path = [](DialectName dialect, std::string_view model, bool stream) {
        std::pmr::string out;
        provider::append_provider_path(dialect, model, stream, out);
        return std::string(out);
    };
    CHECK(path(DialectName::openai_chat, "m", true) == "/chat/completions");
    CHECK(path(DialectName::openai_responses, "m", true) == "/responses");
    CHECK(path(DialectName::anthropic, "m", false) == "/v1/messages");
    CHECK(path(DialectName::gemini, "gemini-2.5-pro", false) == "/v1beta/models/gemini-2.5-pro:generateContent");
    CHECK(path(DialectName::gemini, "a/../b?c", true) == "/v1beta/models/a%2F..%2Fb%3Fc:streamGenerateContent?alt=sse");
    CHECK(path(DialectName::gemini, "..", false) == "/v1beta/models/%2E%2E:generateContent");
    CHECK(provider::provider_header(DialectName::anthropic).name == "anthropic-version");
    CHECK(provider::provider_header(DialectName::gemini).name.empty());
    CHECK_FALSE(provider::can_translate(DialectName::anthropic, DialectName::anthropic));
    CHECK_FALSE(provider::can_translate(DialectName::bedrock, DialectName::anthropic));
    CHECK_FALSE(provider::can_translate(DialectName::openai_chat, DialectName::ollama));
}

TEST_CASE("translate: Gemini's path says whether it streams") {
    const openai::Json json(R"({"contents":[]})");
    struct Case {
        const char* path;
        const char* query;
        bool good, stream;
    };
    const Case cases[] = {{"/v1beta/models/m:generateContent", "", true, false},
                          {"/v1beta/models/m:streamGenerateContent", "alt=sse", true, true},
                          {"/v1beta/models/m:streamGenerateContent", "key=k&%24alt=sse", true, true},
                          {"/v1beta/models/m:streamGenerateContent", "key=k&$alt=sse", true, true},
                          {"/v1beta/models/m:streamGenerateContent", "", false, false},
                          {"/v1beta/models/m:countTokens", "", false, false}};
    for (const Case& c : cases) {
        PooledBuffer out;
        provider::TranslateProblem problem(std::pmr::get_default_resource());
        const auto done = provider::translate_request(DialectName::gemini, DialectName::anthropic, c.path, c.query,
                                                      json.root(), "m", out.buffer, problem);
        INFO(c.path << '?' << c.query);
        CHECK(done.has_value() == c.good);
        if (done) CHECK(done->stream == c.stream);
    }
}

}  // namespace gw::test::translation
