#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/text.h"
#include "json/tree.h"
#include "support/test.h"

using namespace std::string_view_literals;

namespace gw {

namespace {

// "<0A>" in a vector file is the byte 0x0A.
std::string bytes_of(std::string_view line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '<' && i + 3 < line.size() && line[i + 3] == '>' && hex_value(line[i + 1]) >= 0) {
            out += static_cast<char>(hex_value(line[i + 1]) * 16 + hex_value(line[i + 2]));
            i += 3;
        } else {
            out += line[i];
        }
    }
    return out;
}

struct Parsed {
    explicit Parsed(std::string_view text, const json::Limits& limits = {}) : result(document.parse(text, limits)) {}
    json::Document document{std::pmr::get_default_resource()};
    Result<void> result;
    [[nodiscard]] json::Value root() const { return document.root(); }
};

}  // namespace

TEST_CASE("json: a table of texts is accepted and refused as RFC 8259 says, at the right place") {
    std::istringstream lines(test::read_vector("json/texts.txt"));
    json::Document document(std::pmr::get_default_resource());
    int cases = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.front() == '#') continue;
        const std::size_t space = line.find(' ');
        const std::string text = bytes_of(std::string_view(line).substr(space + 1));
        ++cases;
        INFO(line);
        // In memory of exactly this size, so that a sanitizer sees a byte read too much.
        const std::vector<char> exact(text.begin(), text.end());
        const auto result = document.parse({exact.data(), exact.size()});
        CHECK(document.root().exists() == static_cast<bool>(result));
        if (line.front() == '+') {
            REQUIRE(result);
            CHECK(document.root().offset() == text.find_first_not_of(" \t\r\n"));
        } else {
            REQUIRE_FALSE(result);
            CHECK(result.error().status == GW_ERR_DATA);
            CHECK(result.error().where == *parse_decimal(line.substr(1, space - 1)));
            CHECK_FALSE(result.error().what.empty());
        }
    }
    CHECK(cases > 150);
}

TEST_CASE("json: the empty text is refused") {
    const Parsed empty("");
    REQUIRE_FALSE(empty.result);
    CHECK(empty.result.error().what == "there is no value");
    CHECK_FALSE(empty.root().exists());
}

TEST_CASE("json: errors say what was wrong") {
    struct Case {
        std::string_view text, what;
    };
    const Case cases[] = {
        {"[1 2]", "expected ',' or ']'"},
        {"{\"a\":1 2}", "expected ',' or '}'"},
        {"{\"a\" 1}", "expected ':' behind the key"},
        {"{1:1}", "expected a key in quotes"},
        {"[1,]", "expected a value"},
        {"[1", "the text ends inside an array"},
        {"{\"a\":", "the text ends inside an object"},
        {"1 2", "more text behind the value"},
        {"\"a", "the string is not closed"},
        {"\"\\q\"", "not a valid escape"},
        {"\"\t\"", "a control character in a string must be escaped"},
        {"01", "not a valid number"},
        {"1e999", "the number is out of range"},
        {"{\"a\":1,\"a\":1}", "duplicate key"},
        {"\"\xFF\"", "not valid UTF-8"},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const Parsed parsed(c.text);
        REQUIRE_FALSE(parsed.result);
        CHECK(parsed.result.error().what == c.what);
    }
}

TEST_CASE("json: values know their kind, text, number and place") {
    const std::string_view text =
        R"( {"name" : "a\u00e4\n" , "list":[ 1,-2.5, true,null,{} ],"empty":[],"nested":{"x":{"y":"z"}}, "k\"ey":0 } )";
    const Parsed parsed(text);
    REQUIRE(parsed.result);
    const json::Value root = parsed.root();
    CHECK(root.is(json::Kind::object));
    CHECK(root.size() == 5);
    CHECK(root.offset() == 1);
    CHECK(root.raw() == text.substr(1, text.size() - 2));
    CHECK(root.key().empty());
    CHECK_FALSE(root.next().exists());

    CHECK(root["name"].as_string() == "a\xC3\xA4\n");
    CHECK(root["name"].raw() == R"("a\u00e4\n")");
    CHECK(root["name"].offset() == text.find("\"a\\u"));
    CHECK(root["k\"ey"].as_int() == 0);
    CHECK(root["k\"ey"].key() == "k\"ey");
    CHECK(root["nested"]["x"]["y"].as_string() == "z");
    CHECK(root["nested"]["x"].raw() == R"({"y":"z"})");

    const json::Value list = root["list"];
    CHECK(list.raw() == "[ 1,-2.5, true,null,{} ]");
    CHECK(list.size() == 5);
    CHECK(list[std::size_t{1}].as_double() == -2.5);
    CHECK(list[std::size_t{1}].raw() == "-2.5");
    CHECK(list[std::size_t{1}].key().empty());
    CHECK(list[std::size_t{2}].as_bool() == true);
    CHECK(list[std::size_t{3}].is(json::Kind::null));
    CHECK(list[std::size_t{4}].size() == 0);
    CHECK_FALSE(list[std::size_t{4}].first().exists());
    CHECK_FALSE(list[std::size_t{5}].exists());
    CHECK(root["empty"].raw() == "[]");
    CHECK_FALSE(root["empty"][std::size_t{0}].exists());

    std::string order;
    for (json::Value v = root.first(); v.exists(); v = v.next()) (order += v.key()) += ' ';
    CHECK(order == "name list empty nested k\"ey ");
}

TEST_CASE("json: a string without escapes is a view of the caller's text") {
    const std::string text = R"({"plain":"words","escaped":"\t"})";
    const Parsed parsed(text);
    REQUIRE(parsed.result);
    CHECK(parsed.root()["plain"].as_string()->data() == text.data() + 10);
    CHECK(parsed.root()["escaped"].as_string() == "\t");
}

TEST_CASE("json: a missing value answers nothing, all along a path") {
    const Parsed parsed(R"({"a":[1]})");
    REQUIRE(parsed.result);
    const json::Value missing = parsed.root()["b"]["c"][std::size_t{3}];
    CHECK_FALSE(missing.exists());
    CHECK_FALSE(missing.is(json::Kind::null));
    CHECK(missing.kind() == json::Kind::null);
    CHECK(missing.size() == 0);
    CHECK_FALSE(missing.as_bool());
    CHECK_FALSE(missing.as_string());
    CHECK_FALSE(missing.as_double());
    CHECK_FALSE(missing.as_int());
    CHECK_FALSE(missing.first().exists());
    CHECK_FALSE(missing.next().exists());
    CHECK(missing.key().empty());
    CHECK(missing.raw().empty());
    // And neither does one of another kind.
    const json::Value array = parsed.root()["a"];
    CHECK_FALSE(array["0"].exists());
    CHECK_FALSE(array.as_string());
    CHECK_FALSE(parsed.root()[std::size_t{0}].exists());
    CHECK_FALSE(json::Value().exists());
}

TEST_CASE("json: numbers keep their precision and know their range") {
    struct Case {
        std::string_view text;
        double as_double;
        std::optional<std::int64_t> as_int;
    };
    const double tiny = std::numeric_limits<double>::denorm_min();
    const Case cases[] = {
        {"0", 0, 0},
        {"-0", -0.0, 0},
        {"-0.0", -0.0, 0},
        {"42", 42, 42},
        {"-42", -42, -42},
        {"0.1", 0.1, {}},
        {"3.0", 3, 3},
        {"30e-1", 3, 3},
        {"1.5e1", 15, 15},
        {"1e3", 1000, 1000},
        {"1.25", 1.25, {}},
        {"9007199254740993", 9007199254740992.0, 9007199254740993},
        {"9007199254740992.0", 9007199254740992.0, 9007199254740992},
        {"9007199254740994.0", 9007199254740994.0, {}},
        {"9223372036854775807", 9223372036854775808.0, INT64_MAX},
        {"-9223372036854775808", -9223372036854775808.0, INT64_MIN},
        {"9223372036854775808", 9223372036854775808.0, {}},
        {"-9223372036854775809", -9223372036854775808.0, {}},
        {"18446744073709551616", 18446744073709551616.0, {}},
        {"1e300", 1e300, {}},
        {"1.7976931348623157e308", std::numeric_limits<double>::max(), {}},
        {"1.7976931348623158e308", std::numeric_limits<double>::max(), {}},
        {"4.9e-324", tiny, {}},
        {"1e-400", 0, 0},
        {"-1e-99999999999999999999", -0.0, 0},
        {"2.2250738585072011e-308", 2.2250738585072011e-308, {}},
        {"0.000001", 1e-6, {}},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const Parsed parsed(c.text);
        REQUIRE(parsed.result);
        REQUIRE(parsed.root().as_double());
        CHECK(*parsed.root().as_double() == c.as_double);
        CHECK(std::signbit(*parsed.root().as_double()) == std::signbit(c.as_double));
        CHECK(parsed.root().as_int() == c.as_int);
    }

    // A fraction or whole part of very many digits decides nothing but the size.
    const std::string zeros(400, '0');
    CHECK_FALSE(Parsed("1" + zeros).result);
    CHECK(Parsed("1" + zeros + "e-400").root().as_double() == 1);
    CHECK(Parsed("0." + zeros + "1").root().as_double() == 0);
    CHECK(Parsed("0." + zeros + "1e401").root().as_double() == 1);
    CHECK_FALSE(Parsed("0." + zeros + "1e999").result);
    CHECK(Parsed("1" + zeros + "e-999").root().as_double() == 0);
    CHECK(Parsed(std::string("0.").append(100000, '3')).root().as_double() == 1.0 / 3);
}

TEST_CASE("json: every escape, and strings of every length around a word's") {
    CHECK(Parsed(R"("\"\\\/\b\f\n\r\t\u0000\u007f\u0080\u07ff\u0800\uffff\ud800\udc00\udbff\udfff")")
              .root()
              .as_string() ==
          "\"\\/\b\f\n\r\t\0\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"sv);
    for (std::size_t size = 0; size < 70; ++size) {
        for (std::size_t at = 0; at <= size; at += 7) {
            std::string text(size, 'x');
            text.insert(at, "\\n"sv);
            std::string want(size, 'x');
            want.insert(at, 1, '\n');
            INFO(size << " bytes, escape at " << at);
            const std::string quoted = "\"" + text + "\"";
            const Parsed parsed(quoted);
            REQUIRE(parsed.result);
            REQUIRE(parsed.root().as_string() == want);
        }
    }
}

TEST_CASE("json: nesting has a limit, at the bracket that goes too far") {
    for (const auto& [open, close, step] : {std::tuple{"["sv, "]"sv, 1U}, std::tuple{R"({"a":)"sv, "}"sv, 5U}}) {
        const auto nested = [&, open = open, close = close](std::size_t depth) {
            std::string text;
            for (std::size_t i = 0; i < depth; ++i) text += open;
            text += '1';
            for (std::size_t i = 0; i < depth; ++i) text += close;
            return text;
        };
        CHECK(Parsed(nested(128)).result);
        const Parsed deep(nested(129));
        REQUIRE_FALSE(deep.result);
        CHECK(deep.result.error().status == GW_ERR_LIMIT);
        CHECK(deep.result.error().where == 128 * step);
        CHECK(Parsed(nested(10), {1000, 10}).result);
        CHECK_FALSE(Parsed(nested(11), {1000, 10}).result);
        CHECK(Parsed("1", {1000, 0}).result);
        CHECK(Parsed(nested(50000), {1U << 20U, 50000}).result);  // no recursion
        CHECK(Parsed(std::string(100000, '[')).result.error().status == GW_ERR_LIMIT);
    }
}

TEST_CASE("json: the size of a text has a limit") {
    CHECK(Parsed("[1,2]", {5, 10}).result);
    const Parsed parsed("[1,2] ", {5, 10});
    REQUIRE_FALSE(parsed.result);
    CHECK(parsed.result.error().status == GW_ERR_LIMIT);
}

TEST_CASE("json: the number of values and keys has a limit") {
    json::Limits limits;
    limits.nodes_max = 5;
    CHECK(Parsed(R"({"a":1,"b":"\n"})", limits).result);
    for (const std::string_view text : {R"({"a":1,"b":2,"c":3})", "[1,2,3,4,5]", R"(["a","b","c","d","e"])",
                                        "[true,true,true,true,null]", "[[],[],[],[],[]]"}) {
        INFO(text);
        const Parsed parsed(text, limits);
        CHECK(parsed.result.error().status == GW_ERR_LIMIT);
        CHECK_FALSE(parsed.root().exists());
    }
}

TEST_CASE("json: nothing behind the text is read") {
    // The text ends where a page ends, and the next one may not be touched.
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* const memory = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    char* const end = static_cast<char*>(memory) + page;
    REQUIRE(::mprotect(end, page, PROT_NONE) == 0);
    for (const std::string_view last :
         {"1", "-0.5e1", "true", "nul", "\"\\u00e9\"", "\"open", "[1,2]", "{\"a\":tru", "1 "}) {
        for (std::size_t front = 0; front < 200; ++front) {
            const std::string text = std::string(front, ' ') + std::string(last);
            std::memcpy(end - text.size(), text.data(), text.size());
            const Parsed here({end - text.size(), text.size()});
            const Parsed there(text);
            CHECK(static_cast<bool>(here.result) == static_cast<bool>(there.result));
            if (here.result) CHECK(here.root().raw() == there.root().raw());
        }
    }
    ::munmap(memory, 2 * page);
}

TEST_CASE("json: a duplicate among many keys is found, in little time") {
    const auto object = [](std::size_t count, std::string_view last) {
        std::string text = "{";
        for (std::size_t i = 0; i < count; ++i)
            text += "\"key" + std::to_string(i * 7919 % 1000003) + "\":" + std::to_string(i) + ",";
        return text.append(last) + "}";
    };
    for (const std::size_t count : {1U, 2U, 14U, 15U, 16U, 17U, 100U, 3000U}) {
        INFO(count);
        CHECK(Parsed(object(count, R"("other":1)")).result);
        const std::string twice = object(count, R"("key0":1,"key7919":1)");
        const Parsed parsed(twice);
        REQUIRE_FALSE(parsed.result);
        CHECK(parsed.result.error().where == twice.rfind("\"key0\""));
    }
    const std::string big = object(100000, R"("last":null)");
    const std::clock_t begin = std::clock();  // of this process, whatever else the machine does
    const Parsed parsed(big);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    REQUIRE(parsed.result);
    CHECK(parsed.root().size() == 100001);
    CHECK(parsed.root()["last"].exists());
    CHECK(seconds < 1);
}

TEST_CASE("json: a document is used again, also after a failure") {
    json::Document document(std::pmr::get_default_resource());
    REQUIRE(document.parse(R"({"a":"\u0041"})"));
    CHECK(document.root()["a"].as_string() == "A");
    REQUIRE_FALSE(document.parse("[1,"));
    CHECK_FALSE(document.root().exists());
    REQUIRE_FALSE(document.parse(""));
    REQUIRE(document.parse("[2]"));
    CHECK(document.root()[std::size_t{0}].as_int() == 2);
    document.shrink(1U << 30U);
    CHECK_FALSE(document.root().exists());
    REQUIRE(document.parse("[3]"));
    document.shrink(0);
    CHECK_FALSE(document.root().exists());
    REQUIRE(document.parse("[4]"));
    CHECK(document.root()[std::size_t{0}].as_int() == 4);
}

TEST_CASE("json: parsing again allocates nothing, and shrinking gives back") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    json::Document document(&memory);
    const std::size_t at_rest = host.bytes_out();
    std::string keys = R"({"k":"\n")";
    for (int i = 0; i < 40; ++i) keys += ",\"key" + std::to_string(i) + "\":[{}]";
    keys += "}";
    const std::string texts[] = {keys, R"({"type":"delta","text":"a\"b"})", "[]", "[1,", "{\"a\":1,\"a\":2}"};
    for (const std::string& text : texts) (void)document.parse(text);
    host.fail_at(0);
    for (const std::string& text : texts) CHECK_NOTHROW((void)document.parse(text));
    CHECK(host.allocations() == 0);
    host.fail_never();

    REQUIRE(document.parse(std::string("[\"\\n").append(100000, 'x') + "\"]"));
    CHECK(host.bytes_out() > 100000);
    document.shrink(1000);
    CHECK(host.bytes_out() <= at_rest);
}

TEST_CASE("json: a refused allocation leaves the document usable") {
    std::string text = R"({"k":"\n")";
    for (int i = 0; i < 40; ++i) text += ",\"key" + std::to_string(i) + "\":[[[[{}]]]]";
    text += "}";
    bool passed = false;
    for (std::size_t n = 0; !passed && n < 100; ++n) {
        test::TestHost host;
        HostMemory memory(host.allocator());
        host.fail_at(n);
        try {
            json::Document document(&memory);
            try {
                const auto result = document.parse(text);
                REQUIRE(result);
                passed = true;
            } catch (const std::bad_alloc&) {
                CHECK_FALSE(document.root().exists());
                host.fail_never();
                REQUIRE(document.parse(text));
                CHECK(document.root().size() == 41);
            }
        } catch (const std::bad_alloc&) {
            CHECK(n == 0);  // the document itself
        }
    }
    CHECK(passed);
}

}  // namespace gw
