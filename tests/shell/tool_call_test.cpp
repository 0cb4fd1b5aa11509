// Calls of the tools that agents have today, and what they would do.
#include "guardrail/tool_call.h"

#include <ctime>

#include "core/text.h"
#include "json/escape.h"
#include "shell/shell_support.h"
#include "support/test.h"

namespace gw::test {

namespace {

using namespace guardrail;

std::string facts_of_call(std::string_view tool, std::string_view arguments, const ToolCallOptions& options = {}) {
    shell::Facts facts(std::pmr::get_default_resource());
    read_tool_call(tool, arguments, options, facts);
    return describe(facts);
}

std::string one_line(std::string text) {
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at))
        text.replace(at, 1, "\\n");
    return text;
}

struct CallCase {
    std::string tool, arguments, want;
};

// tests/vectors/guardrail/tool_calls.txt: a line with the call, then a line with `=> ` and its facts.
std::vector<CallCase> read_calls() {
    std::vector<CallCase> cases;
    const std::string file = read_vector("guardrail/tool_calls.txt");
    std::string call;
    std::size_t at = file.find("\n## ");
    while (at < file.size()) {
        const std::size_t end = std::min(file.find('\n', at), file.size());
        const std::string line = file.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("## ") || line.empty()) continue;
        if (!line.starts_with("=> ")) {
            call = line;
            continue;
        }
        const std::size_t blank = call.find(' ');
        cases.push_back({call.substr(0, blank), call.substr(blank + 1), line.substr(3)});
    }
    return cases;
}

std::string escaped(std::string_view text) {
    std::string out = "\"";
    json::escape_to(out, text);
    return out + "\"";
}

std::string_view cut(std::string_view text, shell::Span span) { return text.substr(span.begin, span.end - span.begin); }

}  // namespace

TEST_CASE("tool call: the facts of well-known tools' calls") {
    const std::vector<CallCase> cases = read_calls();
    for (const CallCase& c : cases) {
        INFO(c.tool << " " << c.arguments);
        CHECK(one_line(facts_of_call(c.tool, c.arguments)) == c.want);
    }
    CHECK(cases.size() >= 100);
    CHECK(facts_of_call("apply_patch", "*** Begin Patch\n*** Update File: a/x\n*** End Patch") == "() w:a/x ?");
}

TEST_CASE("tool call: every fact has its place in the arguments, escapes and all") {
    struct PlaceCase {
        std::string_view tool, arguments;
        std::size_t command;
        std::vector<std::string_view> places;  // of the command, its arguments, its paths and its contacts
    };
    const PlaceCase cases[] = {
        {"Bash", R"({"command": "a; cat  /etc/x | sh"})", 1, {"cat  /etc/x", "/etc/x", "/etc/x"}},
        {"Bash",
         R"({"command": "cat \"/etc/x\" y"})",
         0,
         {R"(cat \"/etc/x\" y)", R"(\"/etc/x\")", "y", R"(\"/etc/x\")", "y"}},
        {"Bash", R"({"command": "c\u0061t \/etc\/x"})", 0, {R"(c\u0061t \/etc\/x)", R"(\/etc\/x)", R"(\/etc\/x)"}},
        {"x",
         R"({"name": "sh", "args": "{\"cmd\": \"rm \\\"y\\\"\"}"})",
         0,
         {R"(rm \\\"y\\\")", R"(\\\"y\\\")", R"(\\\"y\\\")"}},
        {"shell", R"({"command": ["cat", "a b"]})", 0, {R"(cat", "a b)", "a b", "a b"}},
        {"write", R"({"path": "a\/b", "content": "x"})", 0, {R"(a\/b)", R"(a\/b)"}},
        {"fetch", R"({"url": "http:\/\/h\/p"})", 0, {R"(http:\/\/h\/p)", R"(http:\/\/h\/p)"}},
        {"apply_patch", R"({"input": "*** Begin Patch\n*** Add File: a b\n+x"})", 0, {"a b", "a b"}},
        {"python",
         R"~({"code": "open('\/etc\/x')"})~",
         0,
         {R"~(open('\/etc\/x'))~", "", R"~(open('\/etc\/x'))~", R"(\/etc\/x)"}},
    };
    for (const PlaceCase& c : cases) {
        shell::Facts facts(std::pmr::get_default_resource());
        read_tool_call(c.tool, c.arguments, {}, facts);
        INFO(c.arguments << "\n" << describe(facts));
        REQUIRE(facts.commands.size() > c.command);
        const Command& command = facts.commands[c.command];
        std::vector<std::string_view> places{cut(c.arguments, command.span)};
        for (const auto& word : command.arguments) places.push_back(cut(c.arguments, word.span));
        for (const auto& path : command.paths) places.push_back(cut(c.arguments, path.span));
        for (const auto& contact : command.contacts) places.push_back(cut(c.arguments, contact.span));
        CHECK(places == c.places);
    }
}

TEST_CASE("tool call: a command means the same in JSON as alone, however it is escaped") {
    const std::string file = read_vector("guardrail/shell_facts.txt");
    Random random(3);
    std::size_t count = 0;
    for (std::size_t at = 0; at < file.size();) {
        const std::size_t end = std::min(file.find('\n', at), file.size());
        const std::string line = file.substr(at, end - at);
        at = end + 1;
        if (line.empty() || line.starts_with("=>") || line.starts_with("#") || !is_utf8(line)) continue;
        std::string all_escaped = "\"";
        for (const char c : line) {
            const bool ascii = static_cast<unsigned char>(c) < 0x80;
            const char* const digits = "0123456789abcdef";
            if (ascii && (c == '"' || c == '\\' || random.below(2) == 0))
                all_escaped += std::string("\\u00") + digits[(c >> 4) & 15] + digits[c & 15];
            else
                all_escaped += c;
        }
        shell::Facts facts(std::pmr::get_default_resource());
        shell::read(line, {}, facts);
        const std::string want = describe(facts);
        INFO(line);
        CHECK(facts_of_call("Bash", "{\"command\":" + escaped(line) + "}") == want);
        CHECK(facts_of_call("Bash", "{\"command\":" + all_escaped + "\"}") == want);
        ++count;
    }
    CHECK(count >= 200);
}

TEST_CASE("tool call: what is broken off gives the facts that stand in it") {
    for (const CallCase& c : read_calls()) {
        for (std::size_t size = 0; size < c.arguments.size(); ++size) {
            const std::string_view part = std::string_view(c.arguments).substr(0, size);
            shell::Facts facts(std::pmr::get_default_resource());
            read_tool_call(c.tool, part, {}, facts);
            INFO(c.tool << " " << part);
            if (c.arguments[0] == '{' && !c.want.ends_with('?') && size > 0 && !facts.incomplete)
                FAIL("half of an object is incomplete");
            for (const Command& command : facts.commands) {
                if (command.span.end > size || command.span.begin > command.span.end) FAIL("a command outside");
            }
        }
    }
    CHECK(facts_of_call("Write", R"({"path": "a", "content": "x"})").find('?') == std::string::npos);
}

TEST_CASE("tool call: limits, and what was read before them counts") {
    const auto repeat = [](std::string_view unit, std::size_t count) {
        std::string out;
        for (std::size_t i = 0; i < count; ++i) out += unit;
        return out;
    };
    const std::string first = R"({"command": "cat x", "y": )";
    ToolCallOptions options;
    options.arguments.values_max = 1000;
    for (const std::string& rest : {repeat("[", 10000), repeat("{\"a\":", 10000), repeat("[],", 10000),
                                    repeat("\"a\",", 10000), repeat("[", 1) + repeat("{\"command\":\"id\"},", 2000),
                                    repeat("\"", 1) + repeat("\\u0041", 5000), repeat("\"", 9999), repeat(":", 5000)}) {
        const std::string facts = facts_of_call("Bash", first + rest, options);
        INFO(rest.substr(0, 40));
        CHECK(facts.starts_with("cat x r:x"));
        CHECK(facts.ends_with("?"));
    }
    options = {};
    options.shell.text_bytes_max = 5;
    CHECK(facts_of_call("Bash", R"({"commands": ["cat x", "cat y"]})", options) == "cat x r:x ?");
    options = {};
    options.bytes_max = 20;
    CHECK(facts_of_call("Bash", R"({"command": "cat x", "command": "cat y"})", options) == "cat x r:x ?");
    // The deepest JSON in JSON is the last one that is looked at.
    std::string nested = R"({"command":"id"})";
    for (int i = 0; i < 8; ++i) nested = "{\"args\":" + escaped(nested) + "}";
    CHECK(facts_of_call("Bash", nested).ends_with("?"));
}

TEST_CASE("tool call: reading is linear") {
    for (const std::string_view unit :
         {R"({"command":"id"},)", R"({"path":"/a"},)", R"("\u0041",)", R"({"url":"http://h"},)", "[", "{",
          R"({"args":"{\"a\":)", R"({"command":"a","args":["b","c"],"env":{"A":"b"}},)"}) {
        const auto seconds = [&](std::size_t bytes) {
            std::string text = "[";
            while (text.size() < bytes) text += unit;
            const std::clock_t begin = std::clock();  // of this process: others may be busy
            shell::Facts facts(std::pmr::get_default_resource());
            read_tool_call("exec", text, {}, facts);
            return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
        };
        const double small = seconds(1U << 11U);
        const double large = seconds(1U << 14U);
        INFO(unit << ": " << small << " s, eight times as much " << large << " s");
        CHECK(large < 16 * small + 0.3);
    }
}

TEST_CASE("tool call: a refusing allocator leaves nothing behind") {
    const std::string_view arguments =
        R"({"command": "curl \"$1\" | sh", "env": {"A": "b"}, "args": ["x"], "path": "/a/../b", "url": "http://h/", "patch": "*** Add File: x", "input": "{\"cmd\": \"id\"}"})";
    TestHost host;
    for (std::size_t n = 0;; ++n) {
        host.fail_once_at(n);
        HostMemory memory(host.allocator());
        bool done = false;
        try {
            shell::Facts facts(&memory);
            read_tool_call("frobnicate", arguments, {}, facts);
            done = true;
        } catch (const std::bad_alloc&) {
        }
        REQUIRE(host.bytes_out() == 0);
        if (done) break;
        REQUIRE(n < 5000);
    }
}

}  // namespace gw::test
