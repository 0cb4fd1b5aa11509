#include "provider/dialect_gemini.h"

#include "provider/conversation.h"

namespace gw::test {

namespace {
const provider::Dialect& gemini() { return provider::gemini_dialect(); }
const char* const path = "/v1beta/models/g:generateContent";
}  // namespace

TEST_CASE("gemini: every text of a request, in its order") {
    struct Case {
        const char* name;
        const char* body;
        Lines want;
    };
    const Case cases[] = {
        {"turns and instruction",
         R"({"contents":[{"role":"user","parts":[{"text":"A"},{"text":"B"}]},{"role":"model","parts":[{"text":"T",
             "thought":true,"thoughtSignature":"zz"},{"text":"C"}]},{"parts":[{"text":"D"}]}],
             "systemInstruction":{"role":"user","parts":[{"text":"S"}]}})",
         {"user text: A", "user text: B", "assistant reasoning: T", "assistant text: C", "user text: D",
          "system text: S"}},
        {"a call and its response",
         R"({"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},{"role":"user","parts":
             [{"functionResponse":{"name":"f","response":{"r":"x"}}}]}]})",
         {"assistant arguments(f): {\"a\":1}", "tool tool result(f): {\"r\":\"x\"}"}},
        {"the other spelling of all names",
         R"({"contents":[{"role":"model","parts":[{"function_call":{"name":"f","args":{"a":1}}}]},{"role":"function",
             "parts":[{"function_response":{"name":"f","response":{"r":"x"}}},{"inline_data":{"mime_type":"text/plain",
             "data":"QQ=="}}]}],"system_instruction":{"parts":[{"text":"S"}]},
             "tools":[{"function_declarations":[{"name":"f","description":"D"}]}]})",
         {"assistant arguments(f): {\"a\":1}", "tool tool result(f): {\"r\":\"x\"}",
          "tool file of document: QQ==", "system text: S", "system text: D"}},
        {"code, its result, files",
         R"({"contents":[{"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"print 1"}},
             {"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}},
             {"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"fileData":{"fileUri":"gs://b","mimeType":"a/b"}},
             {"hologram":{"er":"H"}}]}]})",
         {"assistant text: print 1", "tool tool result(code_execution): 1", "assistant text: H"}},
        {"looser forms of content",
         R"({"contents":{"parts":{"text":"A"}},"systemInstruction":"S"})",
         {"user text: A", "system text: S"}},
        {"strings", R"({"contents":["A",{"text":"B"}]})", {"user text: A", "user text: B"}},
        {"tools and their settings",
         R"({"contents":[],"tools":[{"functionDeclarations":[{"name":"f","description":"D","parameters":{"properties":
             {"p":{"description":"E"}}}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}})",
         {"system text: D", "system text: E", "system text: ANY"}},
        {"counting",
         R"({"generateContentRequest":{"model":"m","contents":[{"parts":[{"text":"A"}]}]}})",
         {"user text: A"}},
        {"embedding", R"({"content":{"parts":[{"text":"A"}]}})", {"user text: A"}},
        {"predicting", R"({"instances":[{"prompt":"A"}],"parameters":{}})", {"user text: A"}},
        {"wrong types", R"({"contents":[1,null,{"parts":7},{"parts":[null,{"text":5}]}],"tools":"x"})", {}},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Request request = read_request(gemini(), path, c.body);
        CHECK(request.good);
        CHECK(request.passages == c.want);
    }
    for (const char* body : {"{}", "[]", R"("x")", R"({"messages":[]})"}) {
        INFO(body);
        CHECK_FALSE(read_request(gemini(), path, body).good);
    }
}

TEST_CASE("gemini: model and stream are in the path") {
    struct Case {
        const char* target;
        const char* model;
        bool stream;
    };
    const Case cases[] = {
        {"/v1beta/models/g-2:generateContent", "g-2", false},
        {"/v1beta/models/g-2:streamGenerateContent?alt=sse", "g-2", true},
        {"/v1beta/models/g-2:streamGenerateContent?key=k&$alt=sse", "g-2", true},
        // One JSON array that grows.
        {"/v1beta/models/g-2:streamGenerateContent", "g-2", true},
        {"/v1beta/models/g-2:streamGenerateContent?alt=json", "g-2", true},
        {"/v1beta/models/g-2:generateContent?alt=sse", "g-2", false},
        {"/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent?alt=sse", "g", true},
        {"/v1beta/tunedModels/t:generateContent", "t", false},
        {"/", "", false},
    };
    for (const Case& c : cases) {
        INFO(c.target);
        const Request request = read_request(gemini(), c.target, R"({"contents":[]})");
        CHECK(request.model == c.model);
        CHECK(request.stream == c.stream);
    }
}

TEST_CASE("gemini: answers, whole or as an array of frames") {
    const char* const answer =
        R"({"candidates":[{"content":{"parts":[{"text":"T","thought":true},{"text":"A"},
            {"functionCall":{"name":"f","args":{"x":1}}}],"role":"model"},"finishReason":"STOP","index":0},
            {"content":{"parts":[{"text":"B"}]},"index":1,"groundingMetadata":{"webSearchQueries":["Q"]}}],
            "usageMetadata":{"promptTokenCount":1},"modelVersion":"g","responseId":"r"})";
    const Lines want{"assistant reasoning: T", "assistant text: A", "assistant arguments(f): {\"x\":1}",
                     "assistant text: B", "assistant text: Q"};
    CHECK(read_answer(gemini(), answer) == want);
    CHECK(read_answer(gemini(), "[" + std::string(answer) + "]") == want);
    CHECK(read_answer(gemini(), R"({"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"M"}})") ==
          Lines{"assistant text: M"});
    CHECK(read_answer(gemini(), R"([{"error":{"code":400,"message":"E","status":"X"}}])") ==
          Lines{"assistant text: E", "assistant text: X"});
    CHECK(
        read_answer(
            gemini(),
            R"({"candidates":[{"content":{"parts":[{"text":"A"},{"text":"B"}]},"logprobsResult":{"chosenCandidates":[
                      {"token":"AB","tokenId":7,"logProbability":-1}],"topCandidates":[]}}]})") ==
        Lines{
            "assistant text: A", "assistant text: B",
            "assistant tokens of text: {\"chosenCandidates\":[\n                      {\"token\":\"AB\",\"tokenId\":7,"
            "\"logProbability\":-1}],\"topCandidates\":[]}"});
    CHECK(read_answer(gemini(), R"({"candidates":[5,{"content":7},{"content":{"parts":{"text":[]}}}]})").empty());
}

TEST_CASE("gemini: a stream becomes steps") {
    struct Case {
        const char* name;
        std::vector<Sent> events;
        Lines want;
    };
    const auto frame = [](const std::string& parts, const std::string& more = "") {
        return Sent{"", R"({"candidates":[{"content":{"parts":[)" + parts + R"(],"role":"model"}})" + more + "]}"};
    };
    const std::string stop = R"({"candidates":[{"finishReason":"STOP","index":0}]})";
    const Case cases[] = {
        {"text of two frames is one text, whatever stands between",
         {frame(R"({"text":"A"})"),
          frame(R"({"functionCall":{"id":"c","name":"f","args":{"x":1}}})"),
          frame(R"({"text":"B"},{"text":"C"})"),
          {"message", stop}},
         {"begin  ", "open 0 text", "delta 0: A", "whole arguments(f): {\"x\":1}", "delta 0: B", "delta 0: C",
          "close 0", "stop tool_calls"}},
        {"thoughts are another text",
         {frame(R"({"text":"T","thought":true,"thoughtSignature":"zz"})"), frame(R"({"text":"A"})"),
          frame(R"({"text":"U","thought":true})")},
         {"begin  ", "open 0 reasoning", "delta 0: T", "open 1 text", "delta 1: A", "delta 0: U"}},
        {"candidates",
         {{"", R"({"responseId":"r","modelVersion":"g","candidates":[{"index":1,"content":{"parts":[{"text":"B"}]}},
                 {"content":{"parts":[{"text":"A"}]},"finishReason":"MAX_TOKENS"}],
                 "usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4,"thoughtsTokenCount":1}})"}},
         {"begin r g", "open 0 text of 1", "delta 0: B of 1", "open 1 text", "delta 1: A", "close 1", "stop length",
          "usage 3 5"}},
        {"code and what is new",
         {frame(R"({"executableCode":{"code":"print 1"}},{"codeExecutionResult":{"output":"1"}},{"hologram":"H"})")},
         {"begin  ", "whole text: print 1", "whole tool result(code_execution): 1", "whole text: H"}},
        {"text with company",
         {frame(R"({"text":"A","hologram":"H"})")},
         {"begin  ", "open 0 text", "delta 0: A", "whole text: H"}},
        {"arguments in pieces",
         {frame(
              R"({"functionCall":{"name":"f","willContinue":true,"partialArgs":[{"jsonPath":"$.x","stringValue":"A"}]}})"),
          frame(R"({"functionCall":{"partialArgs":[{"jsonPath":"$.x","stringValue":"B"}]}})")},
         {"begin  ", "open 0 text(f)", "delta 0: A", "delta 0: B"}},
        {"an array of frames",
         {{"", "[" + frame(R"({"text":"A"})").json + "," + stop + "]"}},
         {"begin  ", "open 0 text", "delta 0: A", "close 0", "stop stop"}},
        {"a prompt that was refused",
         {{"", R"({"promptFeedback":{"blockReason":"SAFETY"}})"}},
         {"begin  ", "stop content_filter"}},
        {"an error",
         {{"", R"({"error":{"code":503,"message":"E","status":"UNAVAILABLE"}})"}},
         {"begin  ", "whole text: UNAVAILABLE", "error E"}},
        {"an end with nothing new behind",
         {frame(R"({"text":"A"})"), {"", stop}, frame(R"({"text":""})")},
         {"begin  ", "open 0 text", "delta 0: A", "close 0", "stop stop"}},
        {"more behind the end",
         {frame(R"({"text":"A"})"), {"", stop}, frame(R"({"text":"B"})")},
         {"begin  ", "open 0 text", "delta 0: A", "close 0", "stop stop", "refused"}},
        {"an index below zero",
         {{"", R"({"candidates":[{"index":-1,"content":{"parts":[{"text":"A"}]}}]})"}},
         {"refused"}},
        {"an index that is no number",
         {{"", R"({"candidates":[{"index":"0","content":{"parts":[{"text":"A"}]}}]})"}},
         {"refused"}},
        {"a text that is a list", {frame(R"({"text":["A"]})")}, {"refused"}},
        {"parts that are no list", {{"", R"({"candidates":[{"content":{"parts":{"text":"A"}}}]})"}}, {"refused"}},
        {"candidates that are no list", {{"", R"({"candidates":{"content":{"parts":[{"text":"A"}]}}})"}}, {"refused"}},
        {"no frame", {{"", R"("A")"}}, {"whole text: A"}},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        CHECK(read_stream(gemini(), c.events) == c.want);
    }
    std::string many = R"({"candidates":[)";
    for (int i = 0; i <= 1024; ++i) {
        many += (i == 0 ? "" : ",") + (R"({"index":)" + std::to_string(i)) + R"(,"content":{"parts":[{"text":"A"}]}})";
    }
    CHECK(read_stream(gemini(), {{"", many + "]}"}}) == Lines{"refused"});
}

TEST_CASE("gemini: blocked answers and errors") {
    const std::string body =
        R"({"candidates":[{"content":{"parts":[{"text":"[DefenseClaw] \"no\""}],"role":"model"},)"
        R"("finishReason":"SAFETY","index":0}],"defenseclaw_blocked":true,"defenseclaw_reason":"[DefenseClaw] \"no\""})";
    CHECK(blocked(gemini(), false) == body);
    CHECK(blocked(gemini(), true) == "data: " + body + "\n\n");
    const std::pair<int, const char*> errors[] = {
        {400, "INVALID_ARGUMENT"}, {401, "UNAUTHENTICATED"},    {403, "PERMISSION_DENIED"}, {404, "NOT_FOUND"},
        {413, "INVALID_ARGUMENT"}, {429, "RESOURCE_EXHAUSTED"}, {500, "INTERNAL"},          {502, "UNAVAILABLE"},
        {503, "UNAVAILABLE"},      {504, "DEADLINE_EXCEEDED"}};
    for (const auto& [status, name] : errors) {
        CHECK(error_of(gemini(), status, "a") ==
              R"({"error":{"code":)" + std::to_string(status) + R"(,"message":"a","status":")" + name + "\"}}");
    }
}

TEST_CASE("gemini: notices leave the history, an instruction takes the form that is there") {
    CHECK(
        laundered(
            gemini(),
            R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"t","thought":true},{"text":"[DefenseClaw] x"}]},{"parts":[{"text":"b"}]}]})") ==
        R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"parts":[{"text":"b"}]}]})");
    for (const char* kept :
         {R"({"contents":[{"role":"user","parts":[{"text":"[DefenseClaw] x"}]}]})",
          R"({"contents":[{"role":"model","parts":[{"text":"[DefenseClaw] x"},{"functionCall":{"name":"f"}}]}]})",
          R"({"contents":{"role":"model","parts":[{"text":"[DefenseClaw] x"}]}})"}) {
        CHECK(laundered(gemini(), kept) == kept);
    }
    struct Case {
        const char* before;
        const char* after;
    };
    const Case cases[] = {
        {R"({"contents":[]})", R"({"systemInstruction":{"parts":[{"text":"s\n"}]},"contents":[]})"},
        {R"({"contents":[],"systemInstruction":{"parts":[{"text":"S"}]}})",
         R"({"contents":[],"systemInstruction":{"parts":[{"text":"S"},{"text":"s\n"}]}})"},
        {R"({"contents":[],"system_instruction":{"parts":[]}})",
         R"({"contents":[],"system_instruction":{"parts":[{"text":"s\n"}]}})"},
        {R"({"contents":[],"systemInstruction":null})",
         R"({"contents":[],"systemInstruction":{"parts":[{"text":"s\n"}]}})"},
        {R"({"contents":[],"systemInstruction":"S"})", R"({"contents":[],"systemInstruction":"S\n\ns\n"})"},
        {R"({"contents":[],"systemInstruction":{"parts":{"text":"S"}}})",
         R"({"contents":[],"systemInstruction":{"parts":{"text":"S\n\ns\n"}}})"},
        {R"({"contents":[],"systemInstruction":{}})",
         R"({"contents":[],"systemInstruction":{"parts":[{"text":"s\n"}]}})"},
        {R"({"instances":[]})", nullptr},
    };
    for (const Case& c : cases) {
        INFO(c.before);
        CHECK(instructed(gemini(), c.before, "s\n") == (c.after == nullptr ? c.before : c.after));
    }
}

}  // namespace gw::test
