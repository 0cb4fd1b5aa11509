#include "endpoint/records.h"

#include "json/json.h"
#include "support/test.h"

namespace gw::endpoint {

namespace {

std::string line(const Envelope& envelope, const RecordPayload& payload, Reveal reveal = Reveal::no) {
    test::PooledBuffer out;
    write_record(out.buffer, envelope, payload, reveal);
    return std::string(out.buffer.text());
}

}  // namespace

TEST_CASE("records: every payload has its envelope and its required members, and one line") {
    struct Case {
        std::string_view type;
        RecordPayload payload;
        std::vector<std::string_view> required;
    };
    const Case cases[] = {
        {"verdict", VerdictRecord{}, {"stage", "action"}},
        {"judge", JudgeRecord{}, {"kind", "model", "input_bytes", "latency_ms"}},
        {"lifecycle", LifecycleRecord{}, {"subsystem", "transition"}},
        {"error", ErrorRecord{}, {"subsystem", "message"}},
        {"diagnostic", DiagnosticRecord{}, {"component", "message"}},
        {"egress", EgressRecord{}, {"branch", "decision", "source"}},
        {"llm_prompt", PromptRecord{}, {"prompt_id"}},
        {"llm_response", ResponseRecord{}, {"response_id"}},
        {"tool_invocation", ToolRecord{}, {"phase", "tool"}},
    };
    for (const Case& c : cases) {
        INFO(c.type);
        const std::string text = line({}, c.payload);
        REQUIRE(text.find('\n') == text.size() - 1);
        json::Document document(std::pmr::new_delete_resource());
        REQUIRE(document.parse(text));
        const json::Value root = document.root();
        CHECK(root["ts"].as_string() == "1970-01-01T00:00:00.000Z");
        CHECK(root["event_type"].as_string() == c.type);
        CHECK(root["severity"].as_string() == "INFO");
        CHECK(root["schema_version"].as_int() == 7);
        CHECK(root["binary_version"].as_string() == GW_VERSION);
        CHECK(root.size() == 6);  // and the payload, alone
        for (const std::string_view key : c.required) {
            INFO(key);
            CHECK(root[c.type][key].exists());
        }
    }
}

TEST_CASE("records: what the members look like") {
    Envelope envelope;
    envelope.unix_ms = 1795273445678;
    envelope.severity = RecordSeverity::critical;
    envelope.request_id = "r\n1";
    envelope.session_id = "s1";
    envelope.direction = "tool_call";
    envelope.generation = 3;
    const std::string_view ids[] = {"A", "B", "C", "D", "E", "F", "G", "H", "I"};
    VerdictRecord verdict;
    verdict.stage = "regex";
    verdict.action = "block";
    verdict.reason = "matched: A:Title";
    verdict.latency_ms = 2;
    verdict.rule_ids = ids;
    const std::string head =
        R"({"ts":"2026-11-21T15:04:05.678Z","event_type":"verdict","severity":"CRITICAL","schema_version":7,"binary_version":")";
    CHECK(
        line(envelope, verdict) ==
        head + GW_VERSION +
            R"(","request_id":"r\n1","session_id":"s1","direction":"tool_call","generation":3,"verdict":{"stage":"regex","action":"block","reason":"matched: A:Title","latency_ms":2,"rule_ids":["A","B","C","D","E","F","G","H"]}})"
            "\n");
    const auto contains = [](const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    };
    EgressRecord egress;
    egress.branch = "shape";
    egress.looks_like_llm = true;
    CHECK(contains(line({}, egress), R"("egress":{"branch":"shape","decision":"","source":"","looks_like_llm":true})"));
    const Detail details[] = {{"name", "value"}, {"n2", "\"quoted\""}};
    LifecycleRecord lifecycle{"proxy", "ready", details};
    CHECK(contains(
        line({}, lifecycle),
        R"("lifecycle":{"subsystem":"proxy","transition":"ready","details":{"name":"value","n2":"\"quoted\""}})"));
    ToolRecord tool{"result", "bash", "c1", {}, "out", -1, {}, {}};
    CHECK(contains(line({}, tool), R"("exit_code":-1)"));
}

TEST_CASE("records: what was said does not get in, unless it is asked for") {
    constexpr std::string_view secret = "my password is hunter2";
    struct Case {
        std::string_view key;
        RecordPayload payload;
    };
    const Case cases[] = {
        {"raw_response", JudgeRecord{"k", "m", 1, 1, {}, {}, {}, secret, {}}},
        {"prompt", PromptRecord{"p", {}, {}, secret, {}, {}}},
        {"raw_request_body", PromptRecord{"p", {}, {}, {}, secret, {}}},
        {"response", ResponseRecord{"r", {}, {}, secret, {}, {}, {}}},
        {"raw_response_body", ResponseRecord{"r", {}, {}, {}, secret, {}, {}}},
        {"tool_input", ToolRecord{"call", "t", {}, secret, {}, {}, {}, {}}},
        {"tool_output", ToolRecord{"call", "t", {}, {}, secret, {}, {}, {}}},
    };
    test::PooledBuffer redacted;
    append_redacted(redacted.buffer, secret);
    CHECK(redacted.buffer.text() == "<redacted len=22 sha=53c88962>");
    for (const Case& c : cases) {
        INFO(c.key);
        const std::string member = "\"" + std::string(c.key) + "\":\"";
        const std::string hidden = line({}, c.payload);
        CHECK(hidden.find("hunter2") == std::string::npos);
        CHECK(hidden.find(member + std::string(redacted.buffer.text()) + "\"") != std::string::npos);
        CHECK(line({}, c.payload, Reveal::yes).find(member + std::string(secret) + "\"") != std::string::npos);
    }
}

TEST_CASE("records: a record is bounded, whatever is put into it") {
    const std::string huge(1U << 20U, '\x01');  // six characters each, escaped
    const std::vector<std::string_view> many(1000, huge);
    const std::vector<Detail> details(1000, Detail{huge, huge});
    Envelope envelope;
    for (std::string_view Envelope::*field :
         {&Envelope::run_id, &Envelope::request_id, &Envelope::model, &Envelope::user_name, &Envelope::payload_hmac})
        envelope.*field = huge;
    VerdictRecord verdict;
    verdict.stage = verdict.action = verdict.reason = verdict.evaluation_id = huge;
    verdict.categories = verdict.rule_ids = many;
    CHECK(line(envelope, verdict).size() < 100000);
    LifecycleRecord lifecycle{huge, huge, details};
    CHECK(line(envelope, lifecycle).size() < 300000);
    PromptRecord prompt{huge, huge, huge, huge, huge, huge};
    CHECK(line(envelope, prompt).size() < 20000);
    CHECK(line(envelope, prompt, Reveal::yes).size() < 1000000);
}

TEST_CASE("records: a line that does not fit into memory is no line") {
    test::TestHost host;
    BlockPoolOwner pool(host.allocator());
    Buffer out(pool.get());
    out.append("before\n");
    PromptRecord prompt;
    const std::string text(5000, 'p');
    prompt.prompt = text;
    host.fail_at(0);
    CHECK_THROWS_AS(write_record(out, {}, prompt, Reveal::yes), std::bad_alloc);
    host.fail_never();
    CHECK(out.text() == "before\n");
    write_record(out, {}, prompt, Reveal::yes);
    CHECK(out.size() > 5000);
}

TEST_CASE("records: dates") {
    struct Case {
        std::uint64_t unix_ms;
        std::string_view text;
    };
    const Case cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {1704067199001, "2023-12-31T23:59:59.001Z"},
        {1704067200000, "2024-01-01T00:00:00.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
        {UINT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    for (const Case& c : cases) CHECK(format_timestamp(c.unix_ms).view() == c.text);
}

}  // namespace gw::endpoint
