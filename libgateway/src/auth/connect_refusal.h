// What a client is told whose `connect` is refused: the words and codes that real clients read.
//
// Why, but nothing that helps a guesser: never how near a guess was, and never what is configured.
#pragma once

#include <cstdint>
#include <string_view>

#include "auth/connect_auth.h"
#include "auth/policy.h"

namespace gw::auth {

enum class AuthFailure : std::uint8_t {
    none,
    token_missing,
    token_mismatch,
    token_missing_config,
    password_missing,
    password_mismatch,
    password_missing_config,
    bootstrap_token_invalid,
    device_token_mismatch,
    scope_mismatch,  // the device token is right, but not for all of these scopes
    rate_limited,
    tailscale_user_missing,
    tailscale_proxy_missing,
    tailscale_whois_failed,
    tailscale_user_mismatch,
    trusted_proxy,
    local_only,  // mode none, from elsewhere
};

struct AuthFailureFacts {
    AuthFailure failure = AuthFailure::none;
    ProxyFault proxy_fault = ProxyFault::none;
    int protocol = 4;
    std::string_view client_id, client_mode;
    bool can_retry_with_device_token = false;
};

// Each makes the outcome a refusal.
void refuse_credentials(ConnectOutcome& out, const AuthFailureFacts& facts);
void refuse_device(ConnectOutcome& out, DeviceFault fault);
void refuse_origin(ConnectOutcome& out, OriginVerdict verdict);
void refuse_without_device(ConnectOutcome& out, bool is_control_ui);
void refuse_pairing(ConnectOutcome& out, const PairRequest& request, PairReason reason, int protocol);
void refuse_for_now(ConnectOutcome& out, DeviceError error);

[[nodiscard]] bool is_control_ui(std::string_view client_id) noexcept;
// Control UI and web chat: clients that live in browsers.
[[nodiscard]] bool is_browser_client(std::string_view client_id, std::string_view client_mode) noexcept;

}  // namespace gw::auth
