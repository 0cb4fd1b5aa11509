#include "endpoint/hook_signature.h"

#include <array>
#include <optional>

#include "core/text.h"
#include "crypto/compare.h"
#include "crypto/hex.h"

namespace gw::endpoint {

namespace {

// So many signatures of one field are looked at: a sender that changes its secret signs with two.
constexpr std::size_t signature_count_max = 8;

crypto::Digest sign(std::string_view secret, std::initializer_list<std::string_view> pieces) noexcept {
    crypto::HmacSha256 hmac(std::as_bytes(std::span(secret)));
    for (const std::string_view piece : pieces) hmac.update(piece);
    return hmac.finish();
}

bool is_signature(std::string_view hex, const crypto::Digest& right) noexcept {
    const auto given = crypto::hex_decode<32>(hex);
    return given && crypto::equal_secrets(std::span<const std::byte>(*given), std::span<const std::byte>(right));
}

bool is_fresh(std::uint64_t seconds, std::uint64_t unix_ms) noexcept {
    const std::uint64_t now = unix_ms / 1000;
    const std::uint64_t distance = now > seconds ? now - seconds : seconds - now;
    return distance <= signature_window_ms / 1000;
}

CheckedSignature check_github(std::string_view secret, const auth::FieldLookup& fields, std::string_view body) {
    constexpr std::string_view prefix = "sha256=";
    const std::string_view field = fields("x-hub-signature-256").value_or(std::string_view{});
    if (field.empty()) return {SignatureVerdict::missing, {}};
    const crypto::Digest right = sign(secret, {body});
    if (!field.starts_with(prefix) || !is_signature(field.substr(prefix.size()), right))
        return {SignatureVerdict::wrong, {}};
    return {SignatureVerdict::valid, right};
}

CheckedSignature check_stripe(std::string_view secret, const auth::FieldLookup& fields, std::string_view body,
                              std::uint64_t unix_ms) {
    std::string_view list = fields("stripe-signature").value_or(std::string_view{});
    if (list.empty()) return {SignatureVerdict::missing, {}};
    std::string_view moment;
    std::array<std::string_view, signature_count_max> given;
    std::size_t count = 0;
    while (const auto element = next_element(list)) {
        if (element->starts_with("t=")) moment = element->substr(2);
        if (element->starts_with("v1=") && count < given.size()) given[count++] = element->substr(3);
    }
    const auto seconds = parse_decimal(moment);
    if (!seconds) return {SignatureVerdict::wrong, {}};
    const crypto::Digest right = sign(secret, {moment, ".", body});
    bool valid = false;
    for (std::size_t i = 0; i < count; ++i) valid = is_signature(given[i], right) || valid;
    if (!valid) return {SignatureVerdict::wrong, {}};
    return {is_fresh(*seconds, unix_ms) ? SignatureVerdict::valid : SignatureVerdict::expired, right};
}

CheckedSignature check_slack(std::string_view secret, const auth::FieldLookup& fields, std::string_view body,
                             std::uint64_t unix_ms) {
    constexpr std::string_view prefix = "v0=";
    const std::string_view field = fields("x-slack-signature").value_or(std::string_view{});
    const std::string_view moment = fields("x-slack-request-timestamp").value_or(std::string_view{});
    if (field.empty() || moment.empty()) return {SignatureVerdict::missing, {}};
    const auto seconds = parse_decimal(moment);
    const crypto::Digest right = sign(secret, {"v0:", moment, ":", body});
    if (!seconds || !field.starts_with(prefix) || !is_signature(field.substr(prefix.size()), right))
        return {SignatureVerdict::wrong, {}};
    return {is_fresh(*seconds, unix_ms) ? SignatureVerdict::valid : SignatureVerdict::expired, right};
}

}  // namespace

CheckedSignature check_signature(config::HookScheme scheme, std::string_view secret, const auth::FieldLookup& fields,
                                 std::string_view body, std::uint64_t unix_ms) {
    switch (scheme) {
    case config::HookScheme::github: return check_github(secret, fields, body);
    case config::HookScheme::stripe: return check_stripe(secret, fields, body, unix_ms);
    case config::HookScheme::slack: return check_slack(secret, fields, body, unix_ms);
    case config::HookScheme::none: break;
    }
    return {};
}

}  // namespace gw::endpoint
