#include "endpoint/guardrail_settings.h"

#include "guardrail/pack.h"
#include "support/test.h"

namespace gw::endpoint {

namespace {

std::pmr::memory_resource* heap() { return std::pmr::new_delete_resource(); }

}  // namespace

TEST_CASE("guardrail settings: what may change, and that a mistake changes nothing") {
    GuardrailSettings settings(heap());
    test::PooledBuffer out;
    write_guardrail_settings(out.buffer, settings);
    CHECK(
        out.buffer.text() ==
        R"({"mode":"observe","scanner_mode":"both","block_message":"","connector":"","hilt_enabled":false,"hilt_min_severity":"HIGH"})");
    out.buffer.clear();
    CHECK(
        patch_guardrail_settings(
            out.buffer,
            R"({"mode":"action","scanner_mode":"local","block_message":"Call \"us\".","connector":"codex","hilt_enabled":true,"hilt_min_severity":"MEDIUM"})",
            settings, heap()) == 200);
    const std::string changed =
        R"({"mode":"action","scanner_mode":"local","block_message":"Call \"us\".","connector":"codex","hilt_enabled":true,"hilt_min_severity":"MEDIUM"})";
    CHECK(out.buffer.text() == changed);
    struct Case {
        std::string body;
        int status;
    };
    const Case cases[] = {
        {R"({"mode":"off"})", 400},
        {R"({"mode":"passthrough"})", 400},
        {R"({"mode":true})", 400},
        {R"({"hilt_enabled":false,"scanner_mode":"x"})", 400},
        {R"({"hilt_enabled":"yes"})", 400},
        {R"({"hilt_min_severity":"NONE"})", 400},
        {R"({"block_message":null})", 400},
        {"{\"block_message\":\"" + std::string(4097, 'a') + "\"}", 400},
        {R"({"connector":"Bad_Name"})", 400},
        {R"({"port":4000})", 400},
        {"[]", 400},
        {"", 400},
        {std::string(70000, ' '), 413},
    };
    for (const Case& c : cases) {
        INFO(c.body.substr(0, 60));
        out.buffer.clear();
        CHECK(patch_guardrail_settings(out.buffer, c.body, settings, heap()) == c.status);
        CHECK(out.buffer.text().starts_with(R"({"error":")"));
        out.buffer.clear();
        write_guardrail_settings(out.buffer, settings);
        CHECK(out.buffer.text() == changed);
    }
    out.buffer.clear();
    CHECK(patch_guardrail_settings(out.buffer, "{}", settings, heap()) == 200);
    CHECK(out.buffer.text() == changed);
}

TEST_CASE("guardrail settings: results of scanners are combined by the worst") {
    struct Case {
        std::string_view body, want;
    };
    const Case cases[] = {
        {"{}", R"({"action":"allow","severity":"NONE","reason":"","scanner_sources":[]})"},
        {R"({"local_result":{"severity":"CRITICAL","reason":"r"},"cisco_result":{"severity":"LOW"}})",
         R"({"action":"block","severity":"CRITICAL","reason":"r","scanner_sources":["local","cisco_ai_defense"]})"},
        {R"({"local_result":{"severity":"NONE"},"cisco_result":{"severity":"MEDIUM","reason":"c"}})",
         R"({"action":"alert","severity":"MEDIUM","reason":"c","scanner_sources":["cisco_ai_defense"]})"},
        {R"({"scanner_mode":"local","local_result":null,"cisco_result":{"severity":"CRITICAL"}})",
         R"({"action":"allow","severity":"NONE","reason":"","scanner_sources":[]})"},
        {R"({"scanner_mode":"remote","local_result":{"severity":"CRITICAL"}})",
         R"({"action":"allow","severity":"NONE","reason":"","scanner_sources":[]})"},
        {R"({"mode":"observe","local_result":{"severity":"CRITICAL"}})",
         R"({"action":"alert","severity":"CRITICAL","reason":"","scanner_sources":["local"]})"},
        {R"({"mode":"off"})", R"({"error":"mode must be observe or action"})"},
        {R"({"scanner_mode":7})", R"({"error":"scanner_mode must be local, remote or both"})"},
        {"7", R"({"error":"invalid JSON body"})"},
    };
    for (const Case& c : cases) {
        INFO(c.body);
        test::PooledBuffer out;
        const int status = evaluate(out.buffer, c.body, {}, ScannerMode::both, heap());
        CHECK(out.buffer.text() == c.want);
        CHECK(status == (c.want.starts_with("{\"error\"") ? 400 : 200));
    }
    // Prompts are blocked by CRITICAL findings only, also where the policy says more.
    guardrail::Policy strict;
    strict.profile = guardrail::Profile::strict;
    test::PooledBuffer out;
    CHECK(evaluate(out.buffer, R"({"direction":"prompt","local_result":{"severity":"HIGH"}})", strict,
                   ScannerMode::both, heap()) == 200);
    CHECK(out.buffer.text().starts_with(R"({"action":"alert")"));
}

TEST_CASE("guardrail settings: status") {
    const std::string_view modes[] = {"codex", "other"};
    test::PooledBuffer out;
    write_status(out.buffer, {true, 1500, "gateway-1", "codex", modes});
    CHECK(out.buffer.text() ==
          std::string(R"({"health":{"status":"healthy","uptime_ms":1500,"version":")") + GW_VERSION +
              R"("},"identity":"gateway-1","connector_mode":"codex","connector_modes":["codex","other"]})");
}

}  // namespace gw::endpoint
