#include "rpc/frame.h"

#include "support/test.h"

namespace gw::test {

namespace {

struct Read {
    rpc::Dialect dialect;
    bool good;
    std::string id, method, error;
};

Read read(std::string_view text) {
    json::Document document(std::pmr::get_default_resource());
    const bool parsed = static_cast<bool>(document.parse(text));
    REQUIRE(parsed);
    Read out{};
    out.dialect = rpc::dialect_of(document.root());
    std::string_view id;
    std::pmr::string error;
    const auto request = rpc::read_request(out.dialect, document.root(), id, error);
    out.good = request.has_value();
    out.id = id;
    if (request) out.method = request->method;
    out.error = error;
    return out;
}

}  // namespace

TEST_CASE("frame: requests of both dialects") {
    struct Case {
        std::string_view text;
        rpc::Dialect dialect;
        bool good;
        std::string_view id, error;
    };
    using rpc::Dialect;
    const Case cases[] = {
        {R"({"type":"req","id":"c1","method":"health","params":{}})", Dialect::typed, true, "c1", ""},
        {R"({"type":"req","id":"c1","method":"health","traceparent":"00"})", Dialect::typed, true, "c1", ""},
        {R"({"type":"req","id":"c1","method":"health","meta":{}})", Dialect::typed, false, "c1",
         "at root: unexpected property 'meta'"},
        {R"({"type":"req","method":"health"})", Dialect::typed, false, "invalid", "must have required property 'id'"},
        {R"({"type":"req","id":"","method":"health"})", Dialect::typed, false, "",
         "at /id: must NOT have fewer than 1 characters"},
        {R"({"id":"7","method":"health","params":{},"meta":{"a":1}})", Dialect::seed, true, "7", ""},
        {R"({"id":7,"method":"health"})", Dialect::seed, true, "7", ""},
        {R"({"type":"auth","token":"x"})", Dialect::simple, false, "invalid",
         "must have required property 'id'; must have required property 'method'"},
        {R"({"type":"res","id":"1"})", Dialect::unknown, false, "1", "must have required property 'method'"},
        {"[]", Dialect::unknown, false, "invalid", "must be object"},
    };
    for (const Case& one : cases) {
        INFO(one.text);
        const Read got = read(one.text);
        CHECK(got.dialect == one.dialect);
        CHECK(got.good == one.good);
        CHECK(got.id == one.id);
        CHECK(got.error == one.error);
    }
}

TEST_CASE("frame: answers and events") {
    PooledBuffer pooled;
    Buffer& out = pooled.buffer;
    rpc::write_answer(out, rpc::Dialect::typed, "c1", R"({"a":1})", R"({"m":1})");
    CHECK(out.text() == R"({"type":"res","id":"c1","ok":true,"payload":{"a":1}})");
    out.clear();
    rpc::write_answer(out, rpc::Dialect::seed, "c\"1", "", R"({"m":1})");
    CHECK(out.text() == R"({"type":"res","id":"c\"1","ok":true,"payload":{},"error":null,"meta":{"m":1}})");
    out.clear();
    rpc::Failure failure{rpc::code::unavailable, "busy", R"({"code":"X"})", true, 500, {}};
    rpc::write_failure(out, rpc::Dialect::typed, "c1", failure, {});
    CHECK(
        out.text() ==
        R"({"type":"res","id":"c1","ok":false,"error":{"code":"UNAVAILABLE","message":"busy","details":{"code":"X"},"retryable":true,"retryAfterMs":500}})");
    out.clear();
    rpc::write_event_head(out, "tick", R"({"ts":1})");
    rpc::write_event_tail(out, 92, rpc::StateVersion{1, 2});
    CHECK(out.text() ==
          R"({"type":"event","event":"tick","payload":{"ts":1},"seq":92,"stateVersion":{"presence":1,"health":2}})");
    out.clear();
    rpc::write_event_head(out, "tick", "{}");
    rpc::write_event_tail(out, std::nullopt, std::nullopt);
    CHECK(out.text() == R"({"type":"event","event":"tick","payload":{}})");
}

}  // namespace gw::test
