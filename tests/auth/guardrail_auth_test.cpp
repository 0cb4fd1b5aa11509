#include "auth/guardrail_auth.h"

#include "core/buffer.h"
#include "support/test.h"

namespace gw::auth {

TEST_CASE("auth: who may use the guardrail proxy") {
    const GuardrailSecrets both{"gateway-token-1", "sk-dc-00ff"};
    const GuardrailSecrets token_only{"gateway-token-1", ""};
    const GuardrailSecrets key_only{"", "sk-dc-00ff"};
    const GuardrailSecrets neither{};
    using Value = std::optional<std::string_view>;
    struct Case {
        const GuardrailSecrets* secrets;
        Value dc_auth, authorization;
        std::string_view want;
    };
    const Case cases[] = {
        {&both, "Bearer gateway-token-1", {}, "allowed"},
        {&both, "bearer gateway-token-1", {}, "allowed"},
        {&both, "gateway-token-1", {}, "allowed"},
        {&both, " gateway-token-1 ", {}, "allowed"},
        {&both, {}, "Bearer sk-dc-00ff", "allowed"},
        {&both, "Bearer nope", "Bearer sk-dc-00ff", "allowed"},
        {&key_only, {}, "Bearer sk-dc-00ff", "allowed"},
        {&both, {}, {}, "missing_token"},
        {&both, "", "", "missing_token"},
        {&both, "  ", {}, "missing_token"},
        {&both, {}, "Bearer sk-live-provider-key", "missing_token"},
        {&both, {}, "Bearer gateway-token-1", "missing_token"},
        {&both, {}, "Basic sk-dc-00ff", "missing_token"},
        {&both, {}, "sk-dc-00ff", "missing_token"},
        {&both, "Bearer nope", {}, "invalid_token"},
        {&both, "Bearer gateway-", {}, "invalid_token"},
        {&both, "Bearer gateway-token-11", {}, "invalid_token"},
        {&both, "Bearer sk-dc-00ff", {}, "invalid_token"},
        {&both, "GATEWAY-TOKEN-1", {}, "invalid_token"},
        {&both, {}, "Bearer sk-dc-00fe", "invalid_token"},
        {&token_only, {}, "Bearer sk-dc-", "invalid_token"},
        {&neither, "Bearer x", {}, "no_token_configured"},
        {&neither, {}, {}, "no_token_configured"},
        {&neither, "", "Bearer sk-dc-", "no_token_configured"},
    };
    for (const Case& c : cases) {
        INFO(c.dc_auth.value_or("-") << ", " << c.authorization.value_or("-"));
        CHECK(name_of(check_guardrail(*c.secrets, c.dc_auth, c.authorization)) == c.want);
    }
}

TEST_CASE("auth: who may inspect and manage") {
    using Value = std::optional<std::string_view>;
    struct Case {
        Value authorization, claw_token, dc_auth;
        std::string_view want;
    };
    const Case cases[] = {
        {"Bearer t1", {}, {}, "allowed"},      {{}, "t1", {}, "allowed"},
        {{}, {}, "Bearer t1", "allowed"},      {"Bearer other", {}, "t1", "allowed"},
        {{}, {}, {}, "missing_token"},         {"Basic t1", "", " ", "missing_token"},
        {"Bearer t", {}, {}, "invalid_token"}, {{}, "t1 t1", {}, "invalid_token"},
    };
    for (const Case& c : cases)
        CHECK(name_of(check_management("t1", c.authorization, c.claw_token, c.dc_auth)) == c.want);
    CHECK(check_management("", "Bearer ", "", "x") == GuardrailOutcome::no_token_configured);
}

TEST_CASE("auth: the master key comes from the device key") {
    // Python: hashlib.pbkdf2_hmac("sha256", b"device key", b"defenseclaw-proxy-master-key", 100000, 32)
    const auto key = MasterKey::derive(as_bytes("device key"));
    REQUIRE(key);
    CHECK(key->text() == "sk-dc-204486fd8f640fb997074becf688b71683468d145a9bc733a4026c27f4ad413e");
    CHECK(check_guardrail({"", key->text()}, {}, "Bearer " + std::string(key->text())) == GuardrailOutcome::allowed);
    CHECK_FALSE(MasterKey::derive({}));
}

}  // namespace gw::auth
