#include "upstream/target.h"

#include "support/test.h"

namespace gw::upstream {

namespace {

std::pmr::memory_resource* heap() { return std::pmr::new_delete_resource(); }

constexpr std::string_view no_match = "target URL does not match any known LLM provider domain";
constexpr std::string_view settable =
    "target URL does not match any known LLM provider domain (set guardrail.allow_unknown_llm_domains to permit)";

}  // namespace

TEST_CASE("upstream: the target of a chat request") {
    const KnownProviders known(heap());
    const Network allowed[] = {*parse_network("10.20.0.0/16")};
    const TestUpstream stubs[] = {{"127.0.0.1", 9000, "azure"}};
    TargetRules rules;
    rules.known = &known;
    rules.allow_private = allowed;
    rules.test_upstreams = stubs;
    struct Case {
        std::string_view target;
        int status;  // 0: allowed
        std::string_view reason, provider;
        Reach reach = Reach::global_only;
    };
    const Case cases[] = {
        {"https://api.openai.com", 0, "known-provider", "openai"},
        {"https://api.anthropic.com/v1", 0, "known-provider", "anthropic"},
        {"https://llm.example.org:8443/base", 0, "public-host", ""},
        {"http://8.8.8.8", 0, "public-host", ""},
        {"http://127.0.0.1:11434", 0, "ollama-loopback", "ollama", Reach::loopback_only},
        {"http://localhost:11434/v1", 0, "ollama-loopback", "ollama", Reach::loopback_only},
        {"http://[::1]:11434", 0, "ollama-loopback", "ollama", Reach::loopback_only},
        {"http://127.0.0.1:9000", 0, "test-upstream", "azure", Reach::named},
        {"http://10.20.30.40", 0, "public-host", ""},
        {"https://u:p@api.openai.com", 400, "userinfo-in-target-url", ""},
        {"https://api.openai.com@evil.example", 400, "userinfo-in-target-url", ""},
        {"ftp://u@api.openai.com", 400, "userinfo-in-target-url", ""},
        {"ftp://api.openai.com", 400, "non-http-scheme", ""},
        {"api.openai.com", 400, "non-http-scheme", ""},
        {"", 400, "non-http-scheme", ""},
        {"javascript:alert(1)", 400, "non-http-scheme", ""},
        {"http://169.254.169.254", 403, "private-ip", ""},
        {"https://10.21.30.40", 403, "private-ip", ""},
        {"http://10.20.7752", 403, "private-ip", ""},  // listed, but not in a spelling that anybody needs
        {"http://[::ffff:127.0.0.1]:8080", 403, "private-ip", ""},
        {"https://100.64.3.4", 403, "private-ip", ""},
        {"https://[fd12:3456::1]", 403, "private-ip", ""},
        {"http://[fe80::1%25eth0]", 403, "private-ip", ""},
        {"http://127.0.0.1:9999", 403, "private-ip", ""},
        {"http://127.0.0.2:9000", 403, "private-ip", ""},
        {"http://127.1:11434", 403, "private-ip", ""},
        {"http://2130706433:11434", 403, "private-ip", ""},
        {"http://0x7f.1", 403, "private-ip", ""},
        {"http://0177.0.0.1", 403, "private-ip", ""},
        {"http://localhost", 403, "private-ip", ""},
        {"http://localhost.:11434", 403, "private-ip", ""},
        {"http://x.localhost", 403, "private-ip", ""},
        {"http://0", 403, "private-ip", ""},
        {"http://1.2.3.999", 403, "private-ip", ""},
        {"http://", 400, "invalid-target-url", ""},
        {"http://h\xC3\xB6st", 400, "invalid-target-url", ""},
        {"http://host:99999", 400, "invalid-target-url", ""},
        {"http://host/#f", 400, "invalid-target-url", ""},
        {"http://host/?q", 400, "invalid-target-url", ""},
        {"http://host\\x", 400, "invalid-target-url", ""},
    };
    for (const Case& c : cases) {
        INFO(c.target);
        const Judgement got = judge_chat_target(c.target, rules);
        CHECK(got.branch == Branch::chat);
        CHECK(got.status == c.status);
        CHECK(got.allowed() == (c.status == 0));
        CHECK(got.reason == c.reason);
        CHECK(got.provider == c.provider);
        CHECK(got.reach == c.reach);
        CHECK(got.message.empty() == got.allowed());
    }
    CHECK(judge_chat_target("https://u:p@h", rules).message == "upstream target URL must not contain userinfo");
    CHECK(judge_chat_target("ftp://h", rules).message == "upstream target URL must use http or https");
    CHECK(judge_chat_target("http://10.0.0.1", rules).message == private_address_message);
    CHECK(judge_chat_target("http://" + std::string(target_bytes_max, 'a'), rules).status == 400);

    rules.chat_requires_known = true;
    CHECK(judge_chat_target("https://llm.example.org", rules).message == settable);
    CHECK(judge_chat_target("https://api.openai.com", rules).allowed());
    CHECK(judge_chat_target("http://127.0.0.1:11434", rules).allowed());
}

TEST_CASE("upstream: the target of any other request") {
    const KnownProviders known(heap());
    const TestUpstream stubs[] = {{"127.0.0.1", 9000, "anthropic"}};
    struct Case {
        std::string_view target, path;
        BodyShape shape;
        bool allow_unknown;
        Branch branch;
        std::string_view reason, message;  // no message: allowed
        std::string_view provider = {};
    };
    const auto none = BodyShape::none;
    const auto messages = BodyShape::messages;
    const Case cases[] = {
        {"https://api.anthropic.com", "/v1/messages", messages, false, Branch::known, "known-provider", "",
         "anthropic"},
        {"https://api.openai.com", "/v1/files", none, false, Branch::known, "known-provider", "", "openai"},
        {"http://api.openai.com:8080", "/", none, false, Branch::known, "known-provider", "", "openai"},
        {"https://chatgpt.com", "/backend-api/codex/responses", BodyShape::input, false, Branch::known,
         "known-provider", "", "openai-codex"},
        {"https://chatgpt.com/backend-api/", "/codex?x=1", none, false, Branch::known, "known-provider", "",
         "openai-codex"},
        {"https://bedrock-runtime.eu-north-1.amazonaws.com", "/model/x.y/converse", messages, false, Branch::known,
         "known-provider", "", "bedrock"},
        {"http://127.0.0.1:9000", "/v1/messages", messages, false, Branch::known, "known-provider", "", "anthropic"},
        {"http://localhost:11434", "/api/chat", messages, false, Branch::known, "known-provider", "", "ollama"},
        {"https://chatgpt.com", "/public-api/x", none, false, Branch::passthrough, "unknown-host-no-shape", no_match},
        {"https://chatgpt.com/backend-api/..", "/x", none, false, Branch::passthrough, "unknown-host-no-shape",
         no_match},
        {"https://files.example.org", "/upload", none, false, Branch::passthrough, "unknown-host-no-shape", no_match},
        {"https://files.example.org", "/upload", none, true, Branch::passthrough, "unknown-host-no-shape", no_match},
        {"https://api.openai.com.evil.example", "/upload", none, false, Branch::passthrough, "unknown-host-no-shape",
         no_match},
        {"https://evilapi.openai.com.example", "/upload", none, false, Branch::passthrough, "unknown-host-no-shape",
         no_match},
        {"https://api.openai.com@evil.example", "/upload", none, false, Branch::passthrough, "unknown-host-no-shape",
         no_match},
        {"https://u:p@api.openai.com", "/upload", none, false, Branch::passthrough, "unknown-host-no-shape", no_match},
        {"https://evil.example/?u=api.openai.com", "/upload", none, false, Branch::passthrough, "unknown-host-no-shape",
         no_match},
        {"https://api.openai.com/?x", "/upload", none, false, Branch::passthrough, "unknown-host-no-shape", no_match},
        {"ftp://api.openai.com", "/upload", none, false, Branch::passthrough, "unknown-host-no-shape", no_match},
        {"https://bedrock-runtime.a.b.amazonaws.com", "/x", none, false, Branch::passthrough, "unknown-host-no-shape",
         no_match},
        {"https://github.com", "/x", messages, true, Branch::passthrough, "unknown-host-no-shape", no_match},
        {"https://llm.example.org", "/v1/messages", messages, false, Branch::shape, "allow-unknown-disabled", settable},
        {"https://llm.example.org", "/v1/messages", messages, true, Branch::shape, "allow-unknown-enabled", ""},
        {"http://169.254.169.254", "/v1/responses", BodyShape::input, true, Branch::shape, "private-ip",
         private_address_message},
        {"http://169.254.169.254", "/v1/responses", BodyShape::input, false, Branch::shape, "private-ip",
         private_address_message},
        {"http://0x7f.1:11434", "/v1/responses", BodyShape::input, true, Branch::shape, "private-ip",
         private_address_message},
        {"http://127.0.0.1:9001", "/v1/responses", BodyShape::input, true, Branch::shape, "private-ip",
         private_address_message},
        {"https://u:p@llm.example.org", "/v1/messages", messages, true, Branch::shape, "invalid-target-url", no_match},
        {"gopher://llm.example.org", "/v1/messages", messages, true, Branch::shape, "invalid-target-url", no_match},
    };
    for (const Case& c : cases) {
        INFO(c.target << " and " << c.path);
        TargetRules rules;
        rules.known = &known;
        rules.test_upstreams = stubs;
        rules.allow_unknown_llm_domains = c.allow_unknown;
        const Judgement got = judge_target(c.target, c.path, c.shape, rules, heap());
        CHECK(name_of(got.branch) == name_of(c.branch));
        CHECK(got.reason == c.reason);
        CHECK(got.message == c.message);
        CHECK(got.allowed() == c.message.empty());
        CHECK(got.status == (c.message.empty() ? 0 : 403));
        CHECK(got.provider == c.provider);
        CHECK(got.shape == c.shape);
    }
    TargetRules rules;
    rules.known = &known;
    CHECK(judge_target("http://localhost:11434", "/", none, rules, heap()).reach == Reach::loopback_only);
    CHECK(judge_target("https://api.openai.com", "/", none, rules, heap()).reach == Reach::global_only);
    CHECK(judge_target("https://u:p@evil.example:1/x", "/", none, rules, heap()).host == "evil.example");
    CHECK(judge_target("http://[fe80::1%25eth0]/x", "/", none, rules, heap()).host == "fe80::1%25eth0");
}

TEST_CASE("upstream: what a body looks like") {
    struct Case {
        std::string body;
        std::string_view shape;
    };
    const std::string long_text(70000, 'a');
    const Case cases[] = {
        {R"({"messages":[]})", "messages"},
        {" \r\n\t{\"messages\":[]}", "messages"},
        {R"({"messages":"x"})", "none"},
        {R"({"prompt":"x","messages":[]})", "messages"},
        {R"({"contents":[1]})", "contents"},
        {R"({"input":"x"})", "input"},
        {R"({"input":[]})", "input"},
        {R"({"input":{}})", "none"},
        {R"({"inputs":["x"]})", "input"},
        {R"({"inputs":"x"})", "none"},
        {R"({"prompt":"x"})", "prompt"},
        {R"({"prompt":["x"]})", "none"},
        {R"({"a":{"messages":[]}})", "none"},
        {R"([{"messages":[]}])", "none"},
        {R"("messages")", "none"},
        {"", "none"},
        {"   ", "none"},
        {"messages", "none"},
        // Cut, or no JSON: the names alone.
        {R"({"messages":[{"content":")" + long_text + "\"}]}", "messages"},
        {R"({"a":")" + long_text + R"(","messages":[]})", "none"},
        {R"({"a":"x" "prompt":)", "prompt"},
        {R"({"prompt":1,"prompt":2})", "prompt"},
        {R"({"x":1)", "none"},
    };
    for (const Case& c : cases) {
        INFO(c.body.substr(0, 60));
        CHECK(name_of(body_shape(c.body, heap())) == c.shape);
    }
}

TEST_CASE("upstream: where a request goes at its target") {
    struct Case {
        std::string_view base, request, joined, overlapping;
    };
    const Case cases[] = {
        {"", "/v1/messages", "/v1/messages", "/v1/messages"},
        {"/", "/v1/messages?x=1", "/v1/messages?x=1", "/v1/messages?x=1"},
        {"/api/v1", "/v1/chat/completions?x=1", "/api/v1/v1/chat/completions?x=1", "/api/v1/chat/completions?x=1"},
        {"/api/v1/", "/v1/chat", "/api/v1/v1/chat", "/api/v1/chat"},
        {"/api/v1", "/chat/completions", "/api/v1/chat/completions", "/api/v1/chat/completions"},
        {"/api/v1", "/api/v1/chat", "/api/v1/api/v1/chat", "/api/v1/chat"},
        {"/v1/v1", "/v1/v1/chat", "/v1/v1/v1/v1/chat", "/v1/v1/chat"},
        {"/api/v1", "/v10/chat", "/api/v1/v10/chat", "/api/v1/v10/chat"},
        {"/api/v1", "/v1", "/api/v1/v1", "/api/v1"},
        {"/api/v1", "/v1?x", "/api/v1/v1?x", "/api/v1?x"},
        {"/xv1", "/v1/chat", "/xv1/v1/chat", "/xv1/v1/chat"},
        {"/a", "b", "/a/b", "/a/b"},
    };
    for (const Case& c : cases) {
        INFO(c.base << " + " << c.request);
        CHECK(join_path(c.base, c.request, heap()) == c.joined);
        CHECK(join_overlapping_path(c.base, c.request, heap()) == c.overlapping);
    }
}

}  // namespace gw::upstream
