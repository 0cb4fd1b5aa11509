#include "endpoint/egress.h"

#include "support/test.h"

namespace gw::endpoint {

namespace {

std::pmr::memory_resource* heap() { return std::pmr::new_delete_resource(); }
constexpr std::string_view full =
    R"({"target_host":"api.example.org","target_path":"/v1/x","body_shape":"messages","looks_like_llm":true,)"
    R"("branch":"shape","decision":"block","reason":"allow-unknown-disabled"})";

}  // namespace

TEST_CASE("egress: what is accepted, and what the answer says otherwise") {
    struct Case {
        std::string_view name;
        std::optional<std::string_view> type;
        std::string body;
        int status;
        std::string_view text;
    };
    const std::string minimal = R"({"branch":"known","decision":"allow"})";
    const std::string json = "application/json";
    const Case cases[] = {
        {"full", json, std::string(full), 204, ""},
        {"minimal", json, minimal, 204, ""},
        {"parameters", "Application/JSON; charset=utf-8", minimal, 204, ""},
        {"suffix", "application/vnd.x+json", minimal, 204, ""},
        {"no type", std::nullopt, minimal, 204, ""},
        {"nulls", json, R"({"branch":"known","decision":"allow","reason":null,"looks_like_llm":null,"x":[1]})", 204,
         ""},
        {"white space behind the limit", json, minimal + std::string(9000, ' '), 204, ""},
        {"white space, then something", json, minimal + std::string(9000, ' ') + "x", 204, ""},
        {"text", "text/plain", minimal, 415, "unsupported content-type"},
        {"nearly", "application/jsonx", minimal, 415, "unsupported content-type"},
        {"only a suffix", "+json", minimal, 415, "unsupported content-type"},
        {"type before body", "text/plain", "{", 415, "unsupported content-type"},
        {"empty", json, "", 400, "invalid JSON"},
        {"cut", json, R"({"branch":"known",)", 400, "invalid JSON"},
        {"array", json, "[]", 400, "invalid JSON"},
        {"two values", json, minimal + "{}", 400, "invalid JSON"},
        {"oversize", json, R"({"branch":"known","decision":"allow","reason":")" + std::string(9000, 'a') + "\"}", 400,
         "invalid JSON"},
        {"number for text", json, R"({"branch":"known","decision":"allow","reason":1})", 400, "invalid JSON"},
        {"text for flag", json, R"({"branch":"known","decision":"allow","looks_like_llm":"yes"})", 400, "invalid JSON"},
        {"invalid UTF-8", json, "{\"branch\":\"known\",\"decision\":\"allow\",\"reason\":\"\xFF\"}", 400,
         "invalid JSON"},
        {"no branch", json, R"({"decision":"allow"})", 400, "invalid branch or decision"},
        {"no decision", json, R"({"branch":"known"})", 400, "invalid branch or decision"},
        {"bad decision", json, R"({"branch":"known","decision":"deny"})", 400, "invalid branch or decision"},
        {"case", json, R"({"branch":"Known","decision":"allow"})", 400, "invalid branch or decision"},
        {"internal branch", json, R"({"branch":"private-upstream","decision":"allow"})", 400,
         "invalid branch or decision"},
        {"internal branch", json, R"({"branch":"chat","decision":"allow"})", 400, "invalid branch or decision"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        EgressReport report(heap());
        const EgressAnswer answer = read_egress(c.type, c.body, report, heap());
        CHECK(answer.status == c.status);
        CHECK(answer.text == c.text);
    }
}

TEST_CASE("egress: what is stored of a report") {
    const auto read = [](const std::string& members) {
        EgressReport report(heap());
        const auto answer =
            read_egress(std::nullopt, R"({"branch":"shape","decision":"block",)" + members + "}", report, heap());
        CHECK(answer.status == 204);
        return report;
    };
    EgressReport report(heap());
    REQUIRE(read_egress("application/json", full, report, heap()).status == 204);
    EgressRecord record = report.record();
    CHECK(record.branch == "shape");
    CHECK(record.decision == "block");
    CHECK(record.source == "ts");
    CHECK(record.target_host == "api.example.org");
    CHECK(record.target_path == "/v1/x");
    CHECK(record.body_shape == "messages");
    CHECK(record.looks_like_llm);
    CHECK(record.reason == "allow-unknown-disabled");

    report = read(R"("source":"go","resolved_ip":"10.1.2.3","target_path":"/v1/x?key=abc#f","body_shape":"weird")");
    CHECK(report.record().source == "ts");
    CHECK(report.record().resolved_ip == "");
    CHECK(report.record().target_path == "/v1/x");
    CHECK(report.record().body_shape == "unknown");
    CHECK(read(R"("target_path":"/x#a?b")").target_path == "/x");
    CHECK(read(R"("body_shape":"")").body_shape == "");
    CHECK(read(R"("body_shape":"none")").body_shape == "none");

    CHECK(read("\"target_host\":\"" + std::string(300, 'h') + "\"").target_host.size() == 253);
    CHECK(read("\"target_path\":\"" + std::string(300, 'p') + "\"").target_path.size() == 256);
    CHECK(read("\"reason\":\"" + std::string(511, 'r') + "\xC3\xA9\"").reason.size() == 511);

    struct Case {
        std::string_view path;
        bool removed;
    };
    const Case cases[] = {
        {"/v1/keys/sk-abcdefghijklmnop", true}, {"/x/ghp_Zq3vT8kW1nB6yR0cX5mJ9dL2", true},
        {"/task-abcdefghijklmnop", false},      {"/sk-short", false},
        {"/v1/AKIAZQ3DRSTUVWXY2345/x", true},   {"/", false},
    };
    for (const Case& c : cases) {
        INFO(c.path);
        report = read("\"target_path\":\"" + std::string(c.path) + "\"");
        CHECK(report.credential_removed == c.removed);
        CHECK((report.target_path == c.path) == !c.removed);
    }
}

TEST_CASE("egress: how bad a record is") {
    using upstream::Branch;
    using upstream::Decision;
    struct Case {
        Branch branch;
        RecordSeverity allow, block;
    };
    const auto info = RecordSeverity::info;
    const Case cases[] = {
        {Branch::known, info, info},
        {Branch::shape, RecordSeverity::medium, RecordSeverity::high},
        {Branch::passthrough, info, RecordSeverity::medium},
        {Branch::chat, info, info},
        {Branch::private_upstream, info, info},
    };
    for (const Case& c : cases) {
        INFO(upstream::name_of(c.branch));
        CHECK(severity_of(c.branch, Decision::allow) == c.allow);
        CHECK(severity_of(c.branch, Decision::block) == c.block);
    }
}

TEST_CASE("egress: the record of a judgement of the proxy") {
    const upstream::KnownProviders known(heap());
    upstream::TargetRules rules;
    rules.known = &known;
    const auto judged = upstream::judge_target("https://llm.example.org", "/v1/messages?key=secret",
                                               upstream::BodyShape::messages, rules, heap());
    const EgressRecord record = record_of(judged, "/v1/messages?key=secret");
    CHECK(record.branch == "shape");
    CHECK(record.decision == "block");
    CHECK(record.source == "go");
    CHECK(record.reason == "allow-unknown-disabled");
    CHECK(record.target_host == "llm.example.org");
    CHECK(record.target_path == "/v1/messages");
    CHECK(record.body_shape == "messages");
    CHECK(record.looks_like_llm);
}

}  // namespace gw::endpoint
