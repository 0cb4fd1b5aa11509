#include <sstream>

#include "json/json5.h"
#include "json/tree.h"
#include "support/test.h"

using namespace std::string_view_literals;

namespace gw {

namespace {

struct Converted {
    explicit Converted(std::string_view text) : good(json::json5_to_json(text, json, error, &map)) {}
    std::pmr::string json;
    json::Json5Error error;
    json::SourceMap map{std::pmr::get_default_resource()};
    bool good;
};

}  // namespace

TEST_CASE("json5: everything JSON5 adds becomes plain JSON") {
    struct Case {
        std::string_view text, want;
    };
    const Case cases[] = {
        // comments and white space
        {"// c\n1", "1"},
        {"1 // c", "1"},
        {"/* a * / */1/**/", "1"},
        {"/**//***/1", "1"},
        {"[1,//c\r2]", "[1,2]"},
        {"[1,//c\xE2\x80\xA8"
         "2]",
         "[1,2]"},
        {"\xEF\xBB\xBF{}", "{}"},
        {"\t\v\f \xC2\xA0\xEF\xBB\xBF\xE2\x80\xA8\xE2\x80\xA9\xE1\x9A\x80\xE2\x80\x8A\xE3\x80\x80[]", "[]"},
        {"{'a'/**/:/**/1/**/}", "{\"a\":1}"},
        // trailing commas
        {"[1,]", "[1]"},
        {"{a:1,}", "{\"a\":1}"},
        {"[[],]", "[[]]"},
        // keys
        {"{a:1,$b_2:2,_:3}", R"({"a":1,"$b_2":2,"_":3})"},
        {"{true:1,null:2,Infinity:3,NaN:4}", R"({"true":1,"null":2,"Infinity":3,"NaN":4})"},
        {"{\xC3\xA4:1,\xE5\x90\x8D\xE5\x89\x8D:2,a\xCC\x88:3,x\xE2\x80\x8Dy:4}",
         "{\"\xC3\xA4\":1,\"\xE5\x90\x8D\xE5\x89\x8D\":2,\"a\xCC\x88\":3,\"x\xE2\x80\x8Dy\":4}"},
        {R"({\u0061b\u0031:1})", R"({"ab1":1})"},
        {"{'a b':1,\"c\":2,'':3}", R"({"a b":1,"c":2,"":3})"},
        // numbers
        {"[+1,-1,+0,-0]", "[1,-1,0,-0]"},
        {"[.5,5.,-.5,+5.,0.]", "[0.5,5,-0.5,5,0]"},
        {"[5.e3,.5E-3,1e+5]", "[5e3,0.5e-3,1e+5]"},
        {"[0x10,0XfF,-0x1,+0xA,0x0]", "[16,255,-1,10,0]"},
        {"0x7FFFFFFFFFFFFFFF", "9223372036854775807"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        // strings
        {"'a'", R"("a")"},
        {R"('a"b')", R"("a\"b")"},
        {R"("a'b")", R"("a'b")"},
        {R"('\'\"\\\/')", R"("'\"\\/")"},
        {R"('\b\f\n\r\t\v\0')", R"("\b\f\n\r\t\u000b\u0000")"},
        {R"('\x41\xe4')", "\"A\xC3\xA4\""},
        {R"('\u0041\uD83D\uDE00')", "\"A\xF0\x9F\x98\x80\""},
        {R"('\a\q\-\ ')", R"("aq- ")"},
        {"'\\\xC3\xA4'", "\"\xC3\xA4\""},
        {"'a\\\nb'", R"("ab")"},
        {"'a\\\r\nb'", R"("ab")"},
        {"'a\\\rb'", R"("ab")"},
        {"'a\\\xE2\x80\xA8"
         "b\\\xE2\x80\xA9"
         "c'",
         R"("abc")"},
        {"'a\xE2\x80\xA8"
         "b'",
         "\"a\xE2\x80\xA8"
         "b\""},
        {"'a\tb'", R"("a\tb")"},
        {"'a\0b'"sv, R"("a\u0000b")"},
        {"'//not a comment'", R"("//not a comment")"},
        {R"('\0a')", R"("\u0000a")"},
    };
    json::Document document(std::pmr::get_default_resource());
    for (const Case& c : cases) {
        INFO(c.text);
        const Converted converted(c.text);
        INFO(converted.error.what);
        REQUIRE(converted.good);
        CHECK(std::string_view(converted.json) == c.want);
        CHECK(document.parse(converted.json));
    }
}

TEST_CASE("json5: what is wrong is said at its place") {
    struct Case {
        std::string_view text;
        std::size_t line, column;
        std::string_view what, near;
    };
    const Case cases[] = {
        {"", 1, 1, "there is no value", ""},
        {"  \n // only a comment", 2, 19, "there is no value", ""},
        {"{\n  a: 1\n  b: 2\n}", 3, 3, "expected ',' or '}' after the value", "b: 2"},
        {"[1 2]", 1, 4, "expected ',' or ']' after the value", "2]"},
        {"[1}", 1, 3, "expected ',' or ']' after the value", "}"},
        {"{a:1]", 1, 5, "expected ',' or '}' after the value", "]"},
        {"{\n a 1}", 2, 4, "expected ':' after the key", "1}"},
        {"{my-key: 1}", 1, 4, "expected ':' after the key", "-key: 1}"},
        {"{a}", 1, 3, "expected ':' after the key", "}"},
        {"{a:}", 1, 4, "expected a value", "}"},
        {"{,}", 1, 2, "expected a key", ",}"},
        {"{a:1,,}", 1, 6, "expected a key", ",}"},
        {"[,]", 1, 2, "expected a value", ",]"},
        {"[1,,2]", 1, 4, "expected a value", ",2]"},
        {"{5: 1}", 1, 2, "this key needs quotes", "5: 1}"},
        {"{\xE2\x80\x9C"
         "a\xE2\x80\x9D: 1}",
         1, 2, "this key needs quotes",
         "\xE2\x80\x9C"
         "a\xE2\x80\x9D: 1}"},
        {"{\xF0\x90\x90\x80: 1}", 1, 2, "this key needs quotes", "\xF0\x90\x90\x80: 1}"},
        {"{a\xEF\xBC\x9A 1}", 1, 3, "expected ':' after the key", "\xEF\xBC\x9A 1}"},
        {R"({\x41: 1})", 1, 2, "a name may have no other escape than \\u and four digits", R"(\x41: 1})"},
        {R"({a\u0020b: 1})", 1, 3, "this character needs a key in quotes", R"(\u0020b: 1})"},
        {"{\n  \"a\": 1,\n  // c\n  'a': 2,\n}", 4, 3, "duplicate key", "'a': 2,"},
        {R"({a: {b: 1, c: [{d: 1, "\u0064": 2}]}})", 1, 23, "duplicate key", R"("\u0064": 2}]}})"},
        {"{\xC3\xA4: 1, \xC3\xA4: 2}", 1, 8, "duplicate key", "\xC3\xA4: 2}"},
        {"{a: 'x\n'}", 1, 5, "this string is not closed at the end of its line", "'x"},
        {"['abc", 1, 2, "this string is not closed", "'abc"},
        {"['abc\\", 1, 2, "this string is not closed", "'abc\\"},
        {"[\n/* abc", 2, 1, "this comment is not closed", "/* abc"},
        {"/", 1, 1, "unexpected character", "/"},
        {"[1 / 2]", 1, 4, "expected ',' or ']' after the value", "/ 2]"},
        {"{\n  a: [\n 1,\n", 2, 6, "this '[' is not closed", "["},
        {"{ a: 1,", 1, 1, "this '{' is not closed", "{ a: 1,"},
        {"{ a: 1", 1, 1, "this '{' is not closed", "{ a: 1"},
        {"[yes]", 1, 2, "unknown word; text needs quotes", "yes]"},
        {"True", 1, 1, "unknown word; text needs quotes", "True"},
        {"nulll", 1, 1, "unknown word; text needs quotes", "nulll"},
        {"@", 1, 1, "unexpected character", "@"},
        {"[\xC3\xA4\xC3\xA4, `a`]", 1, 2, "unknown word; text needs quotes", "\xC3\xA4\xC3\xA4, `a`]"},
        {"['\xC3\xA4\xC3\xA4', `a`]", 1, 8, "unexpected character", "`a`]"},
        {"1 2", 1, 3, "more text after the value", "2"},
        {"{}}", 1, 3, "more text after the value", "}"},
        {"[Infinity]", 1, 2, "JSON has no Infinity and no NaN", "Infinity]"},
        {"[-Infinity]", 1, 3, "JSON has no Infinity and no NaN", "Infinity]"},
        {"+NaN", 1, 2, "JSON has no Infinity and no NaN", "NaN"},
        {"[010]", 1, 2, "a number must not begin with 0", "010]"},
        {"[-00.5]", 1, 2, "a number must not begin with 0", "-00.5]"},
        {"[5x]", 1, 3, "unexpected character after a number", "x]"},
        {"[0x]", 1, 4, "expected a hexadecimal digit", "]"},
        {"[0xAG]", 1, 5, "unexpected character after a number", "G]"},
        {"[0x8000000000000000]", 1, 2, "this hexadecimal number is too big", "0x8000000000000000]"},
        {"[-0x10000000000000000]", 1, 2, "this hexadecimal number is too big", "-0x10000000000000000]"},
        {"[1e999]", 1, 2, "this number is too big", "1e999]"},
        {"[.]", 1, 2, "expected a digit", ".]"},
        {"[.e5]", 1, 2, "expected a digit", ".e5]"},
        {"[+]", 1, 3, "expected a digit", "]"},
        {"[- 1]", 1, 3, "expected a digit", " 1]"},
        {"[--1]", 1, 3, "expected a digit", "-1]"},
        {"[1e]", 1, 4, "expected the digits of the exponent", "]"},
        {R"(['\1'])", 1, 3, "a digit must not follow a backslash", R"(\1'])"},
        {R"(['\01'])", 1, 3, "\\0 followed by a digit is not allowed; write \\x00", R"(\01'])"},
        {R"(['\xg0'])", 1, 3, "\\x needs two hexadecimal digits", R"(\xg0'])"},
        {R"(['\u00g0'])", 1, 3, "\\u needs four hexadecimal digits", R"(\u00g0'])"},
        {R"(['\uD83D'])", 1, 3, "half of a surrogate pair", R"(\uD83D'])"},
        {R"(['\uDE00'])", 1, 3, "half of a surrogate pair", R"(\uDE00'])"},
        {"{a:\r\n\r\n1 2}", 3, 3, "expected ',' or '}' after the value", "2}"},
        {"{a:\r\r1 2}", 3, 3, "expected ',' or '}' after the value", "2}"},
        {"\xEF\xBB\xBF@", 1, 1, "unexpected character", "@"},
        {"['\xC3\xA4\xFF']", 1, 4, "not valid UTF-8", ""},
        {"'\xE2\x82", 1, 2, "not valid UTF-8", ""},
        {"[a234567890123456789012345678901]", 1, 2, "unknown word; text needs quotes", "a23456789012345678901234"},
        {"[a23456789012345678901\xE2\x82\xAC]", 1, 2, "unknown word; text needs quotes",
         "a23456789012345678901\xE2\x82\xAC"},
        {"[a234567890123456789012\xE2\x82\xAC]", 1, 2, "unknown word; text needs quotes", "a234567890123456789012"},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const Converted converted(c.text);
        REQUIRE_FALSE(converted.good);
        CHECK(converted.error.what == c.what);
        CHECK(converted.error.position.line == c.line);
        CHECK(converted.error.position.column == c.column);
        CHECK(std::string_view(converted.error.near) == c.near);
        CHECK(converted.json.empty());
    }
}

TEST_CASE("json5: nesting has a limit") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    const Converted good(nested(128));
    CHECK(good.good);
    json::Document document(std::pmr::get_default_resource());
    CHECK(document.parse(good.json));
    const Converted deep(nested(129));
    REQUIRE_FALSE(deep.good);
    CHECK(deep.error.what == "nested too deeply");
    CHECK(deep.error.offset == 128);
    CHECK_FALSE(Converted(std::string(1000000, '[')).good);
}

TEST_CASE("json5: JSON stays what it was") {
    // Every text of the table of JSON that JSON accepts.
    std::istringstream lines(test::read_vector("json/texts.txt"));
    json::Document plain(std::pmr::get_default_resource());
    json::Document converted(std::pmr::get_default_resource());
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("+ ") || line.find('<') != std::string::npos) continue;
        const std::string_view text = std::string_view(line).substr(2);
        INFO(text);
        const Converted json5(text);
        REQUIRE(json5.good);
        REQUIRE(plain.parse(text));
        REQUIRE(converted.parse(json5.json));
        CHECK(test::same(plain.root(), converted.root()));
        ++count;
    }
    CHECK(count > 40);
}

TEST_CASE("json5: offsets of the JSON lead back to the file") {
    const std::string_view text = "{\n  // one\n  server: { port: 0x1F90, },\n  'list': [ 1,\n    +2 ],\n}\n";
    const Converted converted(text);
    REQUIRE(converted.good);
    json::Document document(std::pmr::get_default_resource());
    REQUIRE(document.parse(converted.json));
    const auto position = [&](json::Value value) {
        const json::Position found = json::position_of(text, converted.map.source_offset(value.offset()));
        return std::to_string(found.line) + ":" + std::to_string(found.column);
    };
    const json::Value root = document.root();
    CHECK(position(root) == "1:1");
    CHECK(position(root["server"]) == "3:11");
    CHECK(position(root["server"]["port"]) == "3:19");
    CHECK(root["server"]["port"].as_int() == 8080);
    CHECK(position(root["list"]) == "4:11");
    CHECK(position(root["list"][std::size_t{0}]) == "4:13");
    CHECK(position(root["list"][std::size_t{1}]) == "5:5");
    // A key, and the inside of a value.
    CHECK(converted.map.source_offset(1) == text.find("server"));
    CHECK(converted.map.source_offset(root["server"]["port"].offset() + 2) == text.find("0x1F90"));
    CHECK(json::SourceMap(std::pmr::get_default_resource()).source_offset(5) == 0);
}

TEST_CASE("json5: positions count lines as editors do, and characters") {
    struct Case {
        std::string_view text;
        std::size_t offset, line, column;
    };
    const Case cases[] = {
        {"", 0, 1, 1},          {"abc", 2, 1, 3},           {"abc", 3, 1, 4},           {"abc", 99, 1, 4},
        {"a\nb", 1, 1, 2},      {"a\nb", 2, 2, 1},          {"a\r\nb", 1, 1, 2},        {"a\r\nb", 2, 1, 2},
        {"a\r\nb", 3, 2, 1},    {"a\r\rb", 3, 3, 1},        {"\n\n", 2, 3, 1},          {"\xC3\xA4x", 2, 1, 2},
        {"\xC3\xA4x", 1, 1, 1}, {"\xEF\xBB\xBFx", 3, 1, 1}, {"\xE2\x80\xA8x", 3, 1, 2},
    };
    for (const Case& c : cases) {
        INFO(c.text << " at " << c.offset);
        const json::Position position = json::position_of(c.text, c.offset);
        CHECK(position.line == c.line);
        CHECK(position.column == c.column);
    }
}

TEST_CASE("json5: a refused allocation leaks nothing") {
    const std::string_view text =
        "{ // a comment\n long_key_that_needs_memory_of_its_own: ['long text that needs memory of its own'],"
        " another_long_key_that_needs_memory: {x: 1, 'another long string with memory': .5} }";
    bool passed = false;
    for (std::size_t n = 0; !passed && n < 200; ++n) {
        test::TestHost host;
        HostMemory memory(host.allocator());
        host.fail_at(n);
        try {
            std::pmr::string out(&memory);
            json::SourceMap map(&memory);
            json::Json5Error error{{}, 0, {}, std::pmr::string(&memory)};
            passed = json::json5_to_json(text, out, error, &map);
        } catch (const std::bad_alloc&) {
            CHECK(host.failed());
        }
    }
    CHECK(passed);
}

}  // namespace gw
