#include "endpoint/responses.h"

#include "provider/translate_chat.h"
#include "support/test.h"

namespace gw::endpoint {

namespace {

std::pmr::memory_resource* memory() { return std::pmr::new_delete_resource(); }

struct Read {
    explicit Read(std::string body) : text(std::move(body)), document(memory()), request(memory()) {
        INFO(text);
        REQUIRE(document.parse(text));
        good = read_responses_request(document.root(), request);
    }
    std::string text;
    json::Document document;
    ResponsesRequest request;
    bool good = false;
};

// A whole request around one item, one part, one tool.
std::string item(std::string_view json) { return R"({"model":"m","input":[)" + std::string(json) + "]}"; }
std::string part(std::string_view json) { return item(R"({"role":"user","content":[)" + std::string(json) + "]}"); }
std::string with(std::string_view members) { return R"({"model":"m","input":"x",)" + std::string(members) + "}"; }

}  // namespace

TEST_CASE("responses: what a request may hold") {
    const std::string good[] = {
        R"({"model":"openclaw","input":"hi"})",
        with(R"("instructions":null,"tools":null,"tool_choice":null,"temperature":null,"user":null,"stream":null)"),
        with(
            R"("max_tool_calls":3,"reasoning":{"effort":"low"},"metadata":{"a":"b"},"store":true,"truncation":"auto")"),
        with(R"("include":["x"],"background":false,"service_tier":"auto","stream_options":{},"safety_identifier":"s")"),
        with(R"("prompt_cache_key":"k","prompt_cache_retention":"24h","top_logprobs":3,"frequency_penalty":0.5)"),
        with(R"("presence_penalty":1,"text":{"format":{"type":"text"}},"parallel_tool_calls":false,"top_p":1)"),
        with(R"("temperature":2,"max_output_tokens":1,"previous_response_id":"resp_1","conversation":null)"),
        item(R"({"role":"user","content":"x"})"),
        item(R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[]}]})"),
        item(
            R"({"id":"a","status":"completed","type":"message","role":"user","content":[{"type":"input_text","text":"x"}]})"),
        item(R"({"type":"reasoning","summary":[]},{"type":"item_reference","id":"x"},{"role":"user","content":"x"})"),
        item(R"({"role":"assistant","content":[{"type":"refusal","refusal":"no"}]})"),
        item(
            R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":""})"),
        item(R"({"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"x"}]})"),
        with(R"("tools":[{"type":"function","name":"f","description":null,"parameters":null,"strict":null}])"),
        with(R"("tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":"required")"),
        with(R"("tool_choice":{"type":"function","name":"f"})"),
        with(R"("tool_choice":{"type":"function","function":{"name":"f"}})"),
        with(R"("tool_choice":{"type":"allowed_tools","mode":"auto","tools":[]})"),
    };
    for (const std::string& body : good) {
        const Read read(body);
        INFO(body << "\n" << read.request.problem);
        CHECK(read.good);
    }
}

TEST_CASE("responses: what a request must not hold, and how it is told") {
    struct Case {
        std::string body, message;
    };
    const Case cases[] = {
        {"[]", "Invalid input: expected object, received array"},
        {R"({"input":"hi"})", "model: Invalid input: expected string, received undefined"},
        {R"({"model":7,"input":"hi"})", "model: Invalid input: expected string, received number"},
        {with(R"("bogus":1)"), R"(Unrecognized key: "bogus")"},
        {with(R"("instructions":7)"), "instructions: Invalid input: expected string, received number"},
        {with(R"("stream":"yes")"), "stream: Invalid input: expected boolean, received string"},
        {with(R"("max_output_tokens":0)"), "max_output_tokens: Too small: expected number to be >0"},
        {with(R"("max_output_tokens":1.5)"), "max_output_tokens: Invalid input: expected int, received number"},
        {with(R"("max_output_tokens":"9")"), "max_output_tokens: Invalid input: expected number, received string"},
        {with(R"("temperature":2.1)"), "temperature: Too big: expected number to be <=2"},
        {with(R"("top_p":-1)"), "top_p: Too small: expected number to be >=0"},
        {with(R"("metadata":[])"), "metadata: Invalid input: expected object, received array"},
        {with(R"("include":{})"), "include: Invalid input: expected array, received object"},
        {with(R"("conversation":"conv_1")"), "conversation: This gateway stores none; send the items in `input`"},
        {with(R"("user":")" + std::string(513, 'u') + "\""), "user: Too big: expected string to have <=512 bytes"},
        {R"({"model":"m"})", "input: Invalid input: expected string or array, received undefined"},
        {R"({"model":"m","input":7})", "input: Invalid input: expected string or array, received number"},
        {R"({"model":"m","input":""})", "Missing user message in `input`."},
        {R"({"model":"m","input":[]})", "Missing user message in `input`."},
        {item(R"({"role":"system","content":"x"})"), "Missing user message in `input`."},
        {item(R"({"type":"reasoning"})"), "Missing user message in `input`."},
        {item(R"({"role":"user","content":[{"type":"input_text","text":""}]})"), "Missing user message in `input`."},
        {item("7"), "input.0: Invalid input: expected object, received number"},
        {item(R"({"type":"nope"})"),
         "input.0.type: Invalid input: expected message, function_call, function_call_output, reasoning or "
         "item_reference"},
        {item(R"({"type":7})"), "input.0.type: Invalid input: expected string, received number"},
        {item(R"({"role":"user","content":"x"},{"role":"tool","content":"x"})"),
         "input.1.role: Invalid input: expected system, developer, user or assistant"},
        {item(R"({"content":"x"})"), "input.0.role: Invalid input: expected string, received undefined"},
        {item(R"({"role":"user"})"), "input.0.content: Invalid input: expected string or array, received undefined"},
        {item(R"({"type":"function_call","call_id":"c","name":"f"})"),
         "input.0.arguments: Invalid input: expected string, received undefined"},
        {item(R"({"type":"function_call_output","output":"x"})"),
         "input.0.call_id: Invalid input: expected string, received undefined"},
        {item(R"({"type":"function_call_output","call_id":"c"})"),
         "input.0.output: Invalid input: expected string or array, received undefined"},
        {part("7"), "input.0.content.0: Invalid input: expected object, received number"},
        {part(R"({"type":"input_text"})"),
         "input.0.content.0.text: Invalid input: expected string, received undefined"},
        {part(R"({"type":"input_text","text":"a"},{"type":"input_audio"})"),
         "input.0.content.1.type: Invalid input: expected input_text, output_text, refusal, input_image or input_file"},
        {part(R"({"type":"input_image"})"), "input.0.content.0: Invalid input: expected source, image_url"},
        {part(R"({"type":"input_image","file_id":"f"})"),
         "input.0.content.0.file_id: This gateway stores no files; send the bytes or a URL"},
        {part(R"({"type":"input_image","source":7})"),
         "input.0.content.0.source: Invalid input: expected object, received number"},
        {part(R"({"type":"input_image","source":{"type":"file"}})"),
         "input.0.content.0.source.type: Invalid input: expected url or base64"},
        {part(R"({"type":"input_image","source":{"type":"url"}})"),
         "input.0.content.0.source.url: Invalid input: expected string, received undefined"},
        {part(R"({"type":"input_file","source":{"type":"base64","data":"eA=="}})"),
         "input.0.content.0.source.media_type: Invalid input: expected string, received undefined"},
        {item(R"({"role":"system","content":[{"type":"input_image","image_url":"http://x"}]})"),
         "input.0.content.0.type: Only the user and results of tools may bring images and files"},
        {with(R"("tools":{})"), "tools: Invalid input: expected array, received object"},
        {with(R"("tools":[{"type":"web_search"}])"), R"(tools.0.type: Invalid input: expected "function")"},
        {with(R"("tools":[{"type":"function"}])"), "tools.0.name: Invalid input: expected string, received undefined"},
        {with(R"("tools":[{"type":"function","function":{}}])"),
         "tools.0.function.name: Invalid input: expected string, received undefined"},
        {with(R"("tools":[{"type":"function","name":""}])"), "tools.0.name: A tool needs a name"},
        {with(R"("tools":[{"type":"function","name":"f","parameters":"x"}])"),
         "tools.0.parameters: Invalid input: expected object, received string"},
        {with(R"("tool_choice":"any")"),
         "tool_choice: Invalid input: expected auto, none, required, or the name of a function"},
        {with(R"("tool_choice":{"type":"function"})"),
         "tool_choice.name: Invalid input: expected string, received undefined"},
    };
    for (const Case& c : cases) {
        const Read read(c.body);
        INFO(c.body);
        CHECK_FALSE(read.good);
        CHECK(std::string_view(read.request.problem) == c.message);
        const ApiError error = read.request.error();
        CHECK(error.status == 400);
        if (!error.param.empty() && c.message.find("Missing") == std::string::npos && c.message[0] != 'U')
            CHECK(c.message.starts_with(std::string(error.param) + ": "));
    }
}

TEST_CASE("responses: attachments, in OpenClaw's form and in OpenAI's") {
    struct Case {
        std::string_view part;
        ResponsesAttachment::Kind kind;
        bool by_url;
        std::string_view data, media_type, file_name;
    };
    using Kind = ResponsesAttachment::Kind;
    const Case cases[] = {
        {R"({"type":"input_image","source":{"type":"url","url":"https://a/b.png"}})", Kind::image, true,
         "https://a/b.png", "", ""},
        {R"({"type":"input_image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}})", Kind::image,
         false, "AAAA", "image/png", ""},
        {R"({"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"})", Kind::image, true,
         "data:image/png;base64,AAAA", "", ""},
        {R"({"type":"input_file","source":{"type":"base64","media_type":"text/plain","data":"eA==","filename":"a.txt"}})",
         Kind::file, false, "eA==", "text/plain", "a.txt"},
        {R"({"type":"input_file","source":{"type":"url","url":"https://a/b.pdf"},"filename":"b"})", Kind::file, true,
         "https://a/b.pdf", "", "b"},
        {R"({"type":"input_file","file_data":"data:text/plain;base64,eA==","filename":"a.txt"})", Kind::file, true,
         "data:text/plain;base64,eA==", "", "a.txt"},
        {R"({"type":"input_file","file_data":"eA==","filename":"a.txt"})", Kind::file, false, "eA==", "", "a.txt"},
        {R"({"type":"input_file","file_url":"https://a/b.pdf"})", Kind::file, true, "https://a/b.pdf", "", ""},
    };
    for (const Case& c : cases) {
        INFO(c.part);
        for (const bool result : {false, true}) {
            const std::string body =
                result ? item(R"({"type":"function_call_output","call_id":"c","output":[)" + std::string(c.part) + "]}")
                       : part(R"({"type":"input_text","text":"x"},)" + std::string(c.part));
            const Read read(body);
            INFO(read.request.problem);
            REQUIRE(read.good);
            REQUIRE(read.request.attachments.size() == 1);
            const ResponsesAttachment& found = read.request.attachments[0];
            CHECK(found.kind == c.kind);
            CHECK(found.by_url == c.by_url);
            CHECK(found.data == c.data);
            CHECK(found.media_type == c.media_type);
            CHECK(found.file_name == c.file_name);
            CHECK(found.place == (result ? "input.0.output.0" : "input.0.content.1"));
        }
    }
}

TEST_CASE("responses: whether the past comes along") {
    constexpr std::string_view call = R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"},)";
    constexpr std::string_view result = R"({"type":"function_call_output","call_id":"c","output":"x"})";
    const auto check = [](const std::string& body, bool continues, bool tells) {
        const Read read(body);
        INFO(body);
        CHECK(read.request.continues_call == continues);
        CHECK(read.request.tells_past == tells);
    };
    check(item(result), true, false);
    check(item(std::string(call) + std::string(result)), false, true);
    check(item(std::string(result) + R"(,{"role":"user","content":"x"})"), true, true);
    check(item(R"({"role":"system","content":"x"},)" + std::string(result)), true, false);
}

TEST_CASE("responses: what an answer repeats is on one line, and of bounded size") {
    const auto echo = [](const std::string& body) {
        const Read read(body);
        message::Conversation conversation(memory());
        const provider::OwnResponses own;
        REQUIRE(provider::read_responses_request(read.document.root(), conversation, &own));
        test::PooledBuffer out;
        const auto repeated = echo_of(read.document.root(), conversation, out.buffer.pool());
        json::Writer w(out.buffer);
        w.begin_object();
        for (const auto& [key, value] : repeated.members) w.key(key).raw(value);
        w.end_object();
        json::Document document(memory());
        CHECK(document.parse(out.buffer.text()));
        return std::string(out.buffer.text());
    };
    const std::string text = echo(
        "{\"model\":\"m\",\"input\":\"x\",\"metadata\":{\n \"a \\\" b\": \"c\\\\\" "
        "},\"tools\":[{\"type\":\"function\",\n"
        "\"function\":{\"name\":\"f\",\"parameters\":{ \"type\":\t\"object\" }}}],\"tool_choice\": {\"type\": "
        "\"function\",\"name\":\"f\"}}");
    CHECK(text.find(R"("metadata":{"a \" b":"c\\"})") != std::string::npos);
    CHECK(text.find(R"("tools":[{"type":"function","name":"f","description":null,"parameters":{"type":"object"},)") !=
          std::string::npos);
    CHECK(text.find(R"("tool_choice":{"type":"function","name":"f"})") != std::string::npos);
    CHECK(text.find_first_of("\n\t") == std::string::npos);
    const std::string large =
        echo(with(R"("instructions":")" + std::string(100000, 'x') +
                  R"(","tools":[{"type":"function","name":"f","description":")" + std::string(100000, 'y') + R"("}])"));
    CHECK(large.find(R"("instructions":null)") != std::string::npos);
    CHECK(large.find(R"("tools":[])") != std::string::npos);
}

}  // namespace gw::endpoint
