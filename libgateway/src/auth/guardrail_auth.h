// Who may use the guardrail proxy: the gateway token in X-DC-Auth, or the master key as an Authorization bearer.
//
// Where a peer sits says nothing: a caller on the loopback interface needs a credential like any other.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gw::auth {

enum class GuardrailOutcome : std::uint8_t { allowed, missing_token, invalid_token, no_token_configured };
[[nodiscard]] std::string_view name_of(GuardrailOutcome outcome) noexcept;  // as metrics count it

// "sk-dc-" and 64 hexadecimal digits.
class MasterKey {
public:
    static constexpr std::string_view prefix = "sk-dc-";

    // From the content of the local device key file: PBKDF2-HMAC-SHA-256, 100 000 iterations. Takes a tenth of a
    // second. Nothing when the file is empty.
    [[nodiscard]] static std::optional<MasterKey> derive(std::span<const std::byte> device_key) noexcept;

    MasterKey(const MasterKey&) = default;
    MasterKey& operator=(const MasterKey&) = default;
    ~MasterKey();  // wipes it
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

private:
    MasterKey() noexcept = default;
    std::array<char, prefix.size() + 64> text_{};
};

// Empty: there is none.
struct GuardrailSecrets {
    std::string_view token, master_key;
};

// `dc_auth` and `authorization` are the values of those fields, when the request has exactly one of each. A bearer that
// does not begin like a master key is meant for the provider, not for us.
[[nodiscard]] GuardrailOutcome check_guardrail(const GuardrailSecrets& secrets, std::optional<std::string_view> dc_auth,
                                               std::optional<std::string_view> authorization) noexcept;

// The same for the inspection and management routes, where the token may come in any of three fields. There is no
// master key for them.
[[nodiscard]] GuardrailOutcome check_management(std::string_view token, std::optional<std::string_view> authorization,
                                                std::optional<std::string_view> claw_token,
                                                std::optional<std::string_view> dc_auth) noexcept;

}  // namespace gw::auth
