#include "upstream/credential.h"

#include "core/text.h"

namespace gw::upstream {

namespace {

constexpr std::string_view bearer = "Bearer ";
constexpr std::string_view master_key_prefix = "sk-dc-";

enum class Path : std::uint8_t { chat, other };

Credential placed(std::string_view key, std::string_view provider, Path path) noexcept {
    if (provider == "azure") return {"api-key", {}, key};
    if (provider == "anthropic" && path == Path::other) return {"x-api-key", {}, key};
    return {"Authorization", bearer, key};
}

std::string_view without_bearer(std::string_view value) noexcept {
    return starts_with_ignoring_case(value, bearer) ? trim(value.substr(bearer.size())) : value;
}

bool is_ours(std::string_view key, std::string_view gateway_token) noexcept {
    return starts_with_ignoring_case(key, master_key_prefix) || (!gateway_token.empty() && key == gateway_token);
}

}  // namespace

Credential forwarded_credential(const http1::Headers& headers, std::string_view provider,
                                std::string_view gateway_token) noexcept {
    const auto value = headers.get_single("X-AI-Auth");
    if (!value || !starts_with_ignoring_case(*value, bearer)) return {};
    const std::string_view key = without_bearer(*value);
    if (key.empty() || is_ours(key, gateway_token)) return {};
    return placed(key, provider, Path::chat);
}

Credential passthrough_credential(const http1::Headers& headers, std::string_view provider,
                                  std::string_view gateway_token) noexcept {
    for (const std::string_view name : {"X-AI-Auth", "api-key", "x-api-key", "Authorization"}) {
        const auto value = headers.get_single(name);
        if (!value) continue;
        const std::string_view key = without_bearer(*value);
        if (key.empty() || equals_ignoring_case(key, trim(bearer)) || is_ours(key, gateway_token)) continue;
        Credential out = placed(key, provider, Path::other);
        // Another scheme, such as a signature over the request (AWS4-HMAC-SHA256 ...), goes on as it is.
        if (key.size() == value->size() && key.find(' ') != std::string_view::npos) out = {"Authorization", {}, key};
        return out;
    }
    return {};
}

Credential configured_credential(std::string_view key, std::string_view provider) noexcept {
    if (key.empty()) return {};
    if (provider == "gemini") return {"x-goog-api-key", {}, key};  // its API keys are no bearer tokens
    return placed(key, provider, Path::other);
}

}  // namespace gw::upstream
