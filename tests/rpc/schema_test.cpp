#include "rpc/schema.h"

#include "support/test.h"

namespace gw::test {

namespace {

std::string check(std::string_view schema, std::string_view text) {
    json::Document document(std::pmr::get_default_resource());
    const bool parsed = static_cast<bool>(document.parse(text));
    REQUIRE(parsed);
    std::pmr::string errors;
    const bool good = rpc::check_members(schema, document.root(), errors);
    CHECK(good == errors.empty());
    return std::string(errors);
}

}  // namespace

TEST_CASE("schema: what is accepted and how it is refused") {
    struct Case {
        std::string_view schema, value, errors;
    };
    const Case cases[] = {
        {"", "{}", ""},
        {"", "[]", "must be object"},
        {"", R"({"a":1})", "at root: unexpected property 'a'"},
        {"*", R"({"a":1})", ""},
        {"key:s", "{}", "must have required property 'key'"},
        {"key?:s", "{}", ""},
        {"key:s", R"({"key":1})", "at /key: must be string"},
        {"key:s(1..)", R"({"key":""})", "at /key: must NOT have fewer than 1 characters"},
        {"key:s(..2)", R"({"key":"äöü"})", "at /key: must NOT have more than 2 characters"},
        {"key:s(..3)", R"({"key":"äöü"})", ""},
        {"n:i(1..1000)", R"({"n":0})", "at /n: must be >= 1"},
        {"n:i(1..1000)", R"({"n":1001})", "at /n: must be <= 1000"},
        {"n:i", R"({"n":1.5})", "at /n: must be integer"},
        {"n:i", R"({"n":3.0})", ""},
        {"n:n", R"({"n":1.5})", ""},
        {"n:n", R"({"n":"1"})", "at /n: must be number"},
        {"x:null", R"({"x":null})", ""},
        {"x:null", R"({"x":0})", "at /x: must be null"},
        {"x:s|null", R"({"x":null})", ""},
        {"x:s|null", R"({"x":2})", "at /x: must match a schema in anyOf"},
        {R"(x:"on"|"off")", R"({"x":"on"})", ""},
        {R"(x:"on"|"off")", R"({"x":"of"})", "at /x: must be equal to one of the allowed values"},
        {R"(x:"on")", R"({"x":"of"})", "at /x: must be equal to constant"},
        {"x:b", R"({"x":1})", "at /x: must be boolean"},
        {"x:any", R"({"x":[{}]})", ""},
        {"x:s[]", R"({"x":["a","b"]})", ""},
        {"x:s[]", R"({"x":["a",1]})", "at /x/1: must be string"},
        {"x:s[](1..2)", R"({"x":[]})", "at /x: must NOT have fewer than 1 items"},
        {"x:s(1..)[](..2)", R"({"x":["a","b","c"]})", "at /x: must NOT have more than 2 items"},
        {"x:map<b>", R"({"x":{"a":true}})", ""},
        {"x:map<b|null> y:s", R"({"x":{"a":null,"b":1},"y":"z"})", "at /x/b: must match a schema in anyOf"},
        {"x:{a:s b?:i}", R"({"x":{"a":"b","b":1}})", ""},
        {"x:{a:s b?:i}", R"({"x":{"b":1,"c":2}})",
         "at /x: must have required property 'a'; at /x: unexpected property 'c'"},
        {"x:{a:{b:s}}[] y:b", R"({"x":[{"a":{"b":1}}],"y":true})", "at /x/0/a/b: must be string"},
        {R"(x:{kind:"at" at:s}|{kind:"every" everyMs:i(1..)})", R"({"x":{"kind":"every","everyMs":5}})", ""},
        {R"(x:{kind:"at" at:s}|{kind:"every" everyMs:i(1..)})", R"({"x":{"kind":"every","everyMs":0}})",
         "at /x: must match a schema in anyOf"},
        {"a:s b:s", "{}", "must have required property 'a'; must have required property 'b'"},
    };
    for (const Case& one : cases) {
        INFO(one.schema << " against " << one.value);
        CHECK(check(one.schema, one.value) == one.errors);
    }
}

TEST_CASE("schema: a missing value is an empty object") {
    std::pmr::string errors;
    CHECK(rpc::check_members("a?:s", json::Value(), errors));
    CHECK_FALSE(rpc::check_members("a:s", json::Value(), errors));
    CHECK(errors == "must have required property 'a'");
}

TEST_CASE("schema: a flood of mistakes is told in eight") {
    std::string text = "{";
    for (int i = 0; i < 10000; ++i) text += "\"k" + std::to_string(i) + "\":1,";
    text.back() = '}';
    const std::string errors = check("a?:s", text);
    CHECK(std::count(errors.begin(), errors.end(), ';') == 7);
    CHECK(errors.size() < 1000);
    const std::string long_name = check("", "{\"" + std::string(100000, 'x') + "\":1}");
    CHECK(long_name == "at root: unexpected property '" + std::string(64, 'x') + "'");
}

}  // namespace gw::test
