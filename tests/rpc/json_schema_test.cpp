#include "rpc/json_schema.h"

#include "rpc/schema.h"
#include "support/test.h"

namespace gw::test {

namespace {

// The line, or "no" where there is none.
std::string line_of(std::string_view schema) {
    json::Document document(std::pmr::get_default_resource());
    REQUIRE(static_cast<bool>(document.parse(schema)));
    std::pmr::string line;
    return rpc::from_json_schema(document.root(), line) ? std::string(line) : "no";
}

}  // namespace

TEST_CASE("json schema: as a line") {
    struct Case {
        std::string_view schema, line;
    };
    const Case cases[] = {
        {"{}", "*"},
        {"[]", "no"},
        {R"({"type":"string"})", "no"},
        {R"({"type":["object","null"]})", "no"},
        {R"({"type":"object","additionalProperties":false})", ""},
        {R"({"properties":{"a":{"type":"string"}}})", "a?:s *"},
        {R"({"properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false})", "a:s"},
        {R"({"required":["b"]})", "b:any *"},
        {R"({"properties":{"a":{"type":"string","minLength":1,"maxLength":9}}})", "a?:s(1..9) *"},
        {R"({"properties":{"a":{"type":"integer","minimum":-5}}})", "a?:i(-5..) *"},
        {R"({"properties":{"a":{"type":"number","maximum":1.5}}})", "a?:n(..1.5) *"},
        {R"({"properties":{"a":{"type":"boolean"},"b":{"type":"null"},"c":{}}})", "a?:b b?:null c?:any *"},
        {R"({"properties":{"a":{"type":["string","null"]}}})", "a?:s|null *"},
        {R"({"properties":{"a":{"enum":["x","y|z"]}}})", R"(a?:"x"|"y|z" *)"},
        {R"({"properties":{"a":{"enum":["x",1]}}})", "a?:any *"},
        {R"({"properties":{"a":{"enum":["{"]}}})", "a?:any *"},
        {R"({"properties":{"a":{"enum":[]}}})", "a?:any *"},
        {R"({"properties":{"a":{"const":"x"}}})", R"(a?:"x" *)"},
        {R"({"properties":{"a":{"type":"array","items":{"type":"string"},"minItems":1}}})", "a?:s[](1..) *"},
        {R"({"properties":{"a":{"type":"array"}}})", "a?:any[] *"},
        {R"({"properties":{"a":{"type":"array","items":{"type":["string","null"]}}}})", "a?:any[] *"},
        {R"({"properties":{"a":{"type":"array","items":{"type":"array","items":{"type":"string"}}}}})", "a?:any[] *"},
        {R"({"properties":{"a":{"type":"object"}}})", "a?:map<any> *"},
        {R"({"properties":{"a":{"type":"object","additionalProperties":{"type":"integer"}}}})", "a?:map<i> *"},
        {R"({"properties":{"a":{"properties":{"b":{"type":"integer"}},"additionalProperties":false}}})", "a?:{b?:i} *"},
        {R"({"properties":{"a":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"integer"}}]}}})",
         "a?:s|i[] *"},
        {R"({"properties":{"a":{"oneOf":[{"type":"string"},{"$ref":"#/x"}]}}})", "a?:any *"},
        // What no line can name is not looked at, and then others may be there, too.
        {R"({"properties":{"a b":{"type":"string"},"c":{"type":"integer"}},"additionalProperties":false})", "c?:i *"},
    };
    for (const Case& one : cases) {
        INFO(one.schema);
        CHECK(line_of(one.schema) == one.line);
    }
}

TEST_CASE("json schema: many members and deep ones stay within what a line may have") {
    std::string wide = R"({"additionalProperties":false,"properties":{)";
    for (int i = 0; i < 100; ++i) wide += (i > 0 ? ",\"m" : "\"m") + std::to_string(i) + R"(":{"type":"integer"})";
    const std::string line = line_of(wide + "}}");
    CHECK(line.ends_with("m63?:i *"));
    json::Document value(std::pmr::get_default_resource());
    REQUIRE(static_cast<bool>(value.parse(R"({"m1":"x","m99":"x"})")));
    std::pmr::string errors;
    CHECK_FALSE(rpc::check_members(line, value.root(), errors));
    CHECK(errors == "at /m1: must be integer");

    std::string deep = "{}";
    for (int i = 0; i < 60; ++i) deep = R"({"type":"object","properties":{"a":)" + deep + "}}";
    CHECK(line_of(deep).find("a?:any") != std::string::npos);
}

TEST_CASE("json schema: random ones make lines that can be used") {
    Random random(7);
    const std::string_view pieces[] = {R"("type":"string")",    R"("type":"integer")", R"("type":["string","null"])",
                                       R"("enum":["a","b c"])", R"("const":"x")",      R"("minimum":3)",
                                       R"("type":"array")",     R"("type":"object")",  R"("maxItems":2)"};
    const auto make = [&](auto&& self, int depth) -> std::string {
        std::string out = "{" + std::string(pieces[random.below(std::size(pieces))]);
        if (depth > 0 && random.below(2) == 0) out += R"(,"items":)" + self(self, depth - 1);
        if (depth > 0 && random.below(2) == 0)
            out += R"(,"properties":{"p":)" + self(self, depth - 1) + R"(,"q":)" + self(self, depth - 1) + "}";
        if (depth > 0 && random.below(3) == 0)
            out += R"(,"anyOf":[)" + self(self, depth - 1) + "," + self(self, 0) + "]";
        if (random.below(3) == 0) out += R"(,"required":["p"])";
        return out + "}";
    };
    const std::string_view values[] = {R"({})", R"({"a":{"p":"x","q":[1,2]}})", R"({"a":[["a"],{"p":null}]})",
                                       R"({"a":"b c"})"};
    for (int i = 0; i < 300; ++i) {
        const std::string schema = R"({"properties":{"a":)" + make(make, 3) + "}}";
        INFO(schema);
        const std::string line = line_of(schema);
        for (const std::string_view value : values) {
            json::Document document(std::pmr::get_default_resource());
            REQUIRE(static_cast<bool>(document.parse(value)));
            std::pmr::string errors;
            const bool good = rpc::check_members(line, document.root(), errors);
            CHECK(good == errors.empty());
        }
    }
}

}  // namespace gw::test
