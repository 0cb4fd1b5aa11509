// Hooks without a connection: templates, what messages ask for, signatures.
#include "endpoint/hooks.h"

#include <map>

#include "core/text.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "endpoint/hook_signature.h"
#include "support/test.h"

namespace gw::endpoint {

namespace {

struct Fields {
    std::map<std::string, std::string, std::less<>> values;
    [[nodiscard]] std::optional<std::string_view> get_single(std::string_view name) const {
        const auto found = values.find(name);
        if (found == values.end()) return std::nullopt;
        return found->second;
    }
};

struct Body {
    explicit Body(std::string_view text) : document(std::pmr::new_delete_resource()), kept(text) {
        REQUIRE(document.parse(kept));
    }
    json::Document document;
    std::string kept;
};

std::string rendered(std::string_view text, std::string_view body, const Fields& fields = {}) {
    const Body parsed(body);
    const HookContext context{parsed.document.root(), auth::FieldLookup(fields), "gh/push", "a=b%20c&token=t",
                              1767225600000};
    std::pmr::string out;
    render_template(text, context, out);
    return std::string(out);
}

std::string signed_by(std::string_view secret, std::string_view text) {
    const auto digits = crypto::hex(crypto::hmac_sha256(secret, text));
    return {digits.data(), digits.size()};
}

}  // namespace

TEST_CASE("hooks: templates") {
    constexpr std::string_view body =
        R"({"a":{"b":[{"c":"deep"},{"c":7}]},"t":"two {{a}}","f":1.50,"n":null,"y":true,"o":{"k":[1,2]},
            "constructor":"x","payload":{"q":"inner"}})";
    struct Case {
        std::string_view text, want;
    };
    const Case cases[] = {
        {"plain", "plain"},
        {"PR {{a.b[0].c}}!", "PR deep!"},
        {"{{ a.b[1].c }}{{a.b.1.c}}", "77"},
        {"{{t}}", "two {{a}}"},  // what a place brings is not looked at again
        {"[{{f}}|{{n}}|{{y}}|{{missing}}|{{a.missing[3].x}}]", "[1.50||true||]"},
        {"{{o}}", R"({"k":[1,2]})"},
        {"{{constructor}}{{__proto__}}{{a.prototype}}", ""},
        {"{{headers.x-kind}}|{{headers.authorization}}|{{headers.Cookie}}", "push||"},
        {"{{query.a}}|{{query.missing}}", "b c|"},
        {"{{path}} at {{now}}", "gh/push at 2026-01-01T00:00:00.000Z"},
        {"{{payload.q}}{{payload.f}}", "inner1.50"},
        {"open {{a.b", "open {{a.b"},
        {"}} {{", "}} {{"},
        {"{{}}x{{ }}", "x"},
        {"{{a.b[}}{{a.b[x]}}{{a..b}}{{.a}}{{a.}}", ""},
    };
    Fields fields;
    fields.values = {{"x-kind", "push"}, {"authorization", "Bearer secret"}, {"Cookie", "c"}};
    for (const Case& c : cases) {
        INFO(c.text);
        CHECK(rendered(c.text, body, fields) == c.want);
    }
    // A template that says the same big thing again and again is cut, between characters.
    std::string many;
    for (int i = 0; i < 600; ++i) many += "{{t}}";
    const std::string big = R"({"t":")" + std::string(5000, 'x') + "\xC3\xA4" + R"("})";
    const std::string out = rendered(many, big);
    CHECK(out.size() <= rendered_bytes_max);
    CHECK(out.size() > rendered_bytes_max - 4);
    CHECK(is_utf8(out));
}

TEST_CASE("hooks: what a message asks for, and why not") {
    struct Case {
        std::string_view body, refusal, agent, session;
        bool request_key = false;
    };
    const Case cases[] = {
        {R"({"message":"x"})", "", "", ""},
        {R"({"message":"x","agentId":"ops","model":"a/b","timeoutSeconds":5})", "", "ops", ""},
        {"{}", "message required", "", ""},
        {R"({"message":"  "})", "message required", "", ""},
        {R"({"message":7})", "message required", "", ""},
        {R"({"message":"x","channel":"slack"})", "channel must be last", "", ""},
        {R"({"message":"x","channel":"last"})", "", "", ""},
        {R"({"message":"x","model":""})", "model required", "", ""},
        {R"({"message":"x","agentId":"root"})", "agentId is not allowed by hooks.allowedAgentIds", "", ""},
        {R"({"message":"x","sessionKey":"hook:a"})",
         "sessionKey is disabled for externally supplied hook payload values; set hooks.allowRequestSessionKey=true to "
         "enable",
         "", ""},
        {R"({"message":"x","sessionKey":"hook:a"})", "", "", "hook:a", true},
        {R"({"message":"x","sessionKey":"main"})", "sessionKey must start with one of: hook:, ci:", "", "", true},
    };
    for (const Case& c : cases) {
        INFO(c.body);
        config::Hooks hooks(std::pmr::get_default_resource());
        hooks.request_session_key = c.request_key;
        hooks.session_key_prefixes = {"hook:", "ci:"};
        hooks.agent_ids_set = true;
        hooks.agent_ids = {"ops"};
        const Body body(c.body);
        HookDeed deed(std::pmr::get_default_resource());
        const HookRefusal why = read_hook_agent(body.document.root(), hooks, deed);
        CHECK(why.value_or("") == c.refusal);
        if (why) continue;
        CHECK(deed.text == "x");
        CHECK(deed.name == "Hook");
        CHECK(deed.agent_id == c.agent);
        CHECK(deed.session_key == c.session);
    }
}

TEST_CASE("hooks: mappings are chosen by path and source, the first that fits") {
    config::Hooks hooks(std::pmr::get_default_resource());
    const auto add = [&](std::string_view path, std::string_view source, std::string_view name) {
        config::HookMapping& mapping = hooks.mappings.emplace_back(std::pmr::get_default_resource());
        mapping.path = path;
        mapping.source = source;
        mapping.name = name;
    };
    add("gh", "ci", "both");
    add("gh", "", "path");
    add("", "mail", "source");
    const Body ci(R"({"source":"ci"})"), mail(R"({"source":"mail"})"), none("{}");
    const auto name = [&](std::string_view path, const Body& body) -> std::string {
        const config::HookMapping* const found = find_mapping(hooks, path, body.document.root());
        return found == nullptr ? "-" : std::string(found->name);
    };
    CHECK(name("gh", ci) == "both");
    CHECK(name("gh", none) == "path");
    CHECK(name("zzz", mail) == "source");
    CHECK(name("zzz", none) == "-");
    CHECK(find_signed_mapping(hooks, "gh") == nullptr);
    hooks.mappings[1].scheme = config::HookScheme::github;
    CHECK(find_signed_mapping(hooks, "gh") == &hooks.mappings[1]);
}

TEST_CASE("hooks: a mapping makes a deed of anything") {
    config::Hooks hooks(std::pmr::get_default_resource());
    config::HookMapping mapping(std::pmr::get_default_resource());
    const Body body(R"({"title":"Fix","message":"own words","who":"ann"})");
    const HookContext context{body.document.root(), {}, "gh", "", 0};
    const auto read = [&](HookDeed& deed) { return read_mapped(mapping, context, hooks, deed); };
    HookDeed plain(std::pmr::get_default_resource());
    CHECK_FALSE(read(plain));
    CHECK(plain.text == "own words");
    mapping.message_template = "PR {{title}}";
    mapping.name = "By {{who}}";
    HookDeed filled(std::pmr::get_default_resource());
    CHECK_FALSE(read(filled));
    CHECK(filled.text == "PR Fix");
    CHECK(filled.name == "By ann");
    mapping.message_template = "{{nothing}}";
    HookDeed empty(std::pmr::get_default_resource());
    CHECK(read(empty).value_or("") == "message required");
    mapping.message_template = "x";
    mapping.session_key = "hook:{{who}}";  // from the sender: as if it had named the key itself
    HookDeed keyed(std::pmr::get_default_resource());
    CHECK(read(keyed).value_or("").find("sessionKey is disabled") == 0);
    hooks.request_session_key = true;
    HookDeed allowed(std::pmr::get_default_resource());
    CHECK_FALSE(read(allowed));
    CHECK(allowed.session_key == "hook:ann");
    mapping.wake = true;
    HookDeed wake(std::pmr::get_default_resource());
    CHECK_FALSE(read(wake));
    CHECK(wake.text.find("\"title\"") != std::string::npos);  // it has no `text`: all that it says
}

TEST_CASE("hooks: signatures of three senders") {
    using config::HookScheme;
    constexpr std::uint64_t now = 1767225600000;
    constexpr std::string_view body = R"({"x":1})", secret = "it's a secret";
    const std::string hub = signed_by(secret, body);
    const std::string stripe = signed_by(secret, "1767225500." + std::string(body));
    const std::string old_stripe = signed_by(secret, "1767225299." + std::string(body));
    const std::string slack = signed_by(secret, "v0:1767225500:" + std::string(body));
    const std::string old_slack = signed_by(secret, "v0:1767225901:" + std::string(body));
    struct Case {
        std::string_view name;
        HookScheme scheme;
        std::map<std::string, std::string, std::less<>> fields;
        SignatureVerdict want;
    };
    const Case cases[] = {
        {"github", HookScheme::github, {{"x-hub-signature-256", "sha256=" + hub}}, SignatureVerdict::valid},
        {"github, nothing", HookScheme::github, {}, SignatureVerdict::missing},
        {"github, the old hash", HookScheme::github, {{"x-hub-signature-256", "sha1=" + hub}}, SignatureVerdict::wrong},
        {"github, cut",
         HookScheme::github,
         {{"x-hub-signature-256", "sha256=" + hub.substr(1)}},
         SignatureVerdict::wrong},
        {"github, of something else",
         HookScheme::github,
         {{"x-hub-signature-256", "sha256=" + signed_by(secret, "x")}},
         SignatureVerdict::wrong},
        {"stripe", HookScheme::stripe, {{"stripe-signature", "t=1767225500,v1=" + stripe}}, SignatureVerdict::valid},
        {"stripe, a second secret",
         HookScheme::stripe,
         {{"stripe-signature", "t=1767225500,v1=" + hub + ",v1=" + stripe}},
         SignatureVerdict::valid},
        {"stripe, another time",
         HookScheme::stripe,
         {{"stripe-signature", "t=1767225501,v1=" + stripe}},
         SignatureVerdict::wrong},
        {"stripe, too old",
         HookScheme::stripe,
         {{"stripe-signature", "t=1767225299,v1=" + old_stripe}},
         SignatureVerdict::expired},
        {"stripe, an old scheme",
         HookScheme::stripe,
         {{"stripe-signature", "t=1767225500,v0=" + stripe}},
         SignatureVerdict::wrong},
        {"stripe, no time", HookScheme::stripe, {{"stripe-signature", "v1=" + stripe}}, SignatureVerdict::wrong},
        {"slack",
         HookScheme::slack,
         {{"x-slack-signature", "v0=" + slack}, {"x-slack-request-timestamp", "1767225500"}},
         SignatureVerdict::valid},
        {"slack, from the future",
         HookScheme::slack,
         {{"x-slack-signature", "v0=" + old_slack}, {"x-slack-request-timestamp", "1767225901"}},
         SignatureVerdict::expired},
        {"slack, no time", HookScheme::slack, {{"x-slack-signature", "v0=" + slack}}, SignatureVerdict::missing},
        {"slack, a huge time",
         HookScheme::slack,
         {{"x-slack-signature", "v0=" + signed_by(secret, "v0:18446744073709551615:" + std::string(body))},
          {"x-slack-request-timestamp", "18446744073709551615"}},
         SignatureVerdict::expired},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Fields fields{c.fields};
        const CheckedSignature checked = check_signature(c.scheme, secret, auth::FieldLookup(fields), body, now);
        CHECK(checked.verdict == c.want);
        CHECK(check_signature(c.scheme, "another", auth::FieldLookup(fields), body, now).verdict !=
              SignatureVerdict::valid);
    }
}

}  // namespace gw::endpoint
