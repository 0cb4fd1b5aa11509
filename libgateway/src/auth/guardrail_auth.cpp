#include "auth/guardrail_auth.h"

#include "auth/auth.h"
#include "core/buffer.h"
#include "core/text.h"
#include "crypto/compare.h"
#include "crypto/hex.h"
#include "crypto/pbkdf2.h"

namespace gw::auth {

namespace {

constexpr std::string_view salt = "defenseclaw-proxy-master-key";
constexpr std::uint32_t iterations = 100000;

}  // namespace

std::optional<MasterKey> MasterKey::derive(std::span<const std::byte> device_key) noexcept {
    if (device_key.empty()) return std::nullopt;
    std::array<std::byte, 32> bytes{};
    if (!crypto::pbkdf2_sha256(device_key, as_bytes(salt), iterations, bytes)) return std::nullopt;
    MasterKey out;
    prefix.copy(out.text_.data(), prefix.size());
    crypto::hex_encode(bytes, std::span(out.text_).subspan(prefix.size()));
    crypto::wipe(bytes);
    return out;
}

MasterKey::~MasterKey() { crypto::wipe(text_); }

GuardrailOutcome check_guardrail(const GuardrailSecrets& secrets, std::optional<std::string_view> dc_auth,
                                 std::optional<std::string_view> authorization) noexcept {
    std::string_view token;
    if (dc_auth) token = bearer_token(*dc_auth).value_or(trim(*dc_auth));
    std::string_view master;
    if (authorization) master = bearer_token(*authorization).value_or(std::string_view{});
    if (!master.starts_with(MasterKey::prefix)) master = {};
    const auto matches = [](std::string_view given, std::string_view secret) {
        return !secret.empty() && !given.empty() && crypto::equal_secrets(given, secret);
    };
    if (matches(token, secrets.token) || matches(master, secrets.master_key)) return GuardrailOutcome::allowed;
    if (secrets.token.empty() && secrets.master_key.empty()) return GuardrailOutcome::no_token_configured;
    return token.empty() && master.empty() ? GuardrailOutcome::missing_token : GuardrailOutcome::invalid_token;
}

GuardrailOutcome check_management(std::string_view token, std::optional<std::string_view> authorization,
                                  std::optional<std::string_view> claw_token,
                                  std::optional<std::string_view> dc_auth) noexcept {
    if (token.empty()) return GuardrailOutcome::no_token_configured;
    bool given = false;
    bool allowed = false;
    const auto offer = [&](std::string_view value) {
        if (value.empty()) return;
        given = true;
        allowed = crypto::equal_secrets(value, token) || allowed;
    };
    if (authorization) offer(bearer_token(*authorization).value_or(std::string_view{}));
    for (const auto& field : {claw_token, dc_auth}) {
        if (field) offer(bearer_token(*field).value_or(trim(*field)));
    }
    if (allowed) return GuardrailOutcome::allowed;
    return given ? GuardrailOutcome::invalid_token : GuardrailOutcome::missing_token;
}

std::string_view name_of(GuardrailOutcome outcome) noexcept {
    switch (outcome) {
    case GuardrailOutcome::allowed: return "allowed";
    case GuardrailOutcome::missing_token: return "missing_token";
    case GuardrailOutcome::invalid_token: return "invalid_token";
    case GuardrailOutcome::no_token_configured: return "no_token_configured";
    }
    return "invalid_token";
}

}  // namespace gw::auth
