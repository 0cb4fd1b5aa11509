#include "auth/connect_refusal.h"

namespace gw::auth {

namespace {

constexpr std::string_view invalid_request = "INVALID_REQUEST";
constexpr std::string_view not_paired = "NOT_PAIRED";

struct FailureRow {
    AuthFailure failure;
    std::string_view reason, code, message;
    bool hint = false;  // one that depends on the client follows in brackets
};
using enum AuthFailure;
constexpr FailureRow failure_rows[] = {
    {token_missing, "token_missing", "AUTH_TOKEN_MISSING", "unauthorized: gateway token missing", true},
    {token_mismatch, "token_mismatch", "AUTH_TOKEN_MISMATCH", "unauthorized: gateway token mismatch", true},
    {token_missing_config, "token_missing_config", "AUTH_TOKEN_NOT_CONFIGURED",
     "unauthorized: gateway token not configured on gateway (set gateway.auth.token)"},
    {password_missing, "password_missing", "AUTH_PASSWORD_MISSING", "unauthorized: gateway password missing", true},
    {password_mismatch, "password_mismatch", "AUTH_PASSWORD_MISMATCH", "unauthorized: gateway password mismatch", true},
    {password_missing_config, "password_missing_config", "AUTH_PASSWORD_NOT_CONFIGURED",
     "unauthorized: gateway password not configured on gateway (set gateway.auth.password)"},
    {bootstrap_token_invalid, "bootstrap_token_invalid", "AUTH_BOOTSTRAP_TOKEN_INVALID",
     "unauthorized: bootstrap token invalid or expired (scan a fresh setup code)"},
    {device_token_mismatch, "device_token_mismatch", "AUTH_DEVICE_TOKEN_MISMATCH",
     "unauthorized: device token mismatch (rotate/reissue device token)"},
    {scope_mismatch, "scope_mismatch", "AUTH_SCOPE_MISMATCH",
     "unauthorized: the device token does not cover these scopes"},
    {rate_limited, "rate_limited", "AUTH_RATE_LIMITED",
     "unauthorized: too many failed authentication attempts (retry later)"},
    {tailscale_user_missing, "tailscale_user_missing", "AUTH_TAILSCALE_IDENTITY_MISSING",
     "unauthorized: tailscale names no user (show a token or password)"},
    {tailscale_proxy_missing, "tailscale_proxy_missing", "AUTH_TAILSCALE_PROXY_MISSING",
     "unauthorized: tailscale headers without its proxy (show a token or password)"},
    {tailscale_whois_failed, "tailscale_whois_failed", "AUTH_TAILSCALE_WHOIS_FAILED",
     "unauthorized: tailscale does not know this address (show a token or password)"},
    {tailscale_user_mismatch, "tailscale_user_mismatch", "AUTH_TAILSCALE_IDENTITY_MISMATCH",
     "unauthorized: tailscale knows this address as somebody else (show a token or password)"},
    {trusted_proxy, {}, "AUTH_UNAUTHORIZED", "unauthorized"},
    {local_only, "local_only", "AUTH_UNAUTHORIZED", "unauthorized"},
};

const FailureRow& row_of(AuthFailure failure) noexcept {
    for (const FailureRow& row : failure_rows) {
        if (row.failure == failure) return row;
    }
    return failure_rows[std::size(failure_rows) - 1];
}

std::string_view hint_for(const AuthFailureFacts& facts) noexcept {
    const bool password = facts.failure == password_missing || facts.failure == password_mismatch;
    if (is_browser_client(facts.client_id, facts.client_mode)) {
        return password ? "enter the password in Control UI settings"
                        : "open the dashboard URL and paste the token in Control UI settings";
    }
    if (facts.client_id != "cli") return password ? "provide gateway auth password" : "provide gateway auth token";
    if (facts.protocol < 4) {
        return password ? "set gateway.remote.password to match gateway.auth.password"
                        : "set gateway.remote.token to match gateway.auth.token";
    }
    return password ? "use this gateway's gateway.auth.password or pair the device"
                    : "use this gateway's gateway.auth.token or pair the device";
}

std::string_view next_step(const AuthFailureFacts& facts) noexcept {
    if (facts.can_retry_with_device_token) return "retry_with_device_token";
    switch (facts.failure) {
    case token_missing:
    case token_missing_config:
    case password_missing:
    case password_missing_config: return "update_auth_configuration";
    case token_mismatch:
    case password_mismatch:
    case device_token_mismatch:
    case bootstrap_token_invalid:
    case scope_mismatch: return "update_auth_credentials";
    case rate_limited: return "wait_then_retry";
    case none:
    case tailscale_user_missing:
    case tailscale_proxy_missing:
    case tailscale_whois_failed:
    case tailscale_user_mismatch:
    case trusted_proxy:
    case local_only: break;
    }
    return "review_auth_configuration";
}

void set_refusal(ConnectOutcome& out, std::string_view code, std::string_view message) {
    out.kind = ConnectOutcome::Kind::refused;
    out.code = code;
    out.message = message;
    out.details.clear();
}

}  // namespace

bool is_control_ui(std::string_view client_id) noexcept { return client_id == "openclaw-control-ui"; }

bool is_browser_client(std::string_view client_id, std::string_view client_mode) noexcept {
    return is_control_ui(client_id) || client_id == "webchat-ui" || client_id == "webchat" || client_mode == "webchat";
}

void refuse_credentials(ConnectOutcome& out, const AuthFailureFacts& facts) {
    const FailureRow& row = row_of(facts.failure);
    set_refusal(out, invalid_request, row.message);
    if (row.hint) out.message.append(" (").append(hint_for(facts)).append(")");
    const std::string_view reason = facts.failure == trusted_proxy ? name_of(facts.proxy_fault) : row.reason;
    // The older protocol has no word for a token that is too narrow.
    const bool old_scope = facts.failure == scope_mismatch && facts.protocol < 4;
    const FailureRow& told = old_scope ? row_of(device_token_mismatch) : row;
    if (old_scope) out.message = told.message;
    json::Writer(out.details)
        .begin_object()
        .member("code", told.code)
        .member("authReason", old_scope ? told.reason : reason)
        .member("canRetryWithDeviceToken", facts.can_retry_with_device_token)
        .member("recommendedNextStep", next_step(facts))
        .end_object();
}

void refuse_device(ConnectOutcome& out, DeviceFault fault) {
    const DeviceFaultText text = text_of(fault);
    set_refusal(out, invalid_request, text.message);
    json::Writer(out.details).begin_object().member("code", text.code).member("reason", text.reason).end_object();
}

void refuse_origin(ConnectOutcome& out, OriginVerdict verdict) {
    set_refusal(out, invalid_request,
                "origin not allowed (open the Control UI from the gateway host or allow it in "
                "gateway.controlUi.allowedOrigins)");
    json::Writer(out.details)
        .begin_object()
        .member("code", "CONTROL_UI_ORIGIN_NOT_ALLOWED")
        .member("reason", verdict == OriginVerdict::not_allowed ? "origin not allowed" : "origin missing or invalid")
        .end_object();
}

void refuse_without_device(ConnectOutcome& out, bool of_control_ui) {
    if (of_control_ui) {
        set_refusal(out, invalid_request,
                    "control ui requires device identity (use HTTPS or localhost secure context)");
    } else {
        set_refusal(out, not_paired, "device identity required");
    }
    json::Writer(out.details)
        .begin_object()
        .member("code", of_control_ui ? "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" : "DEVICE_IDENTITY_REQUIRED")
        .end_object();
}

void refuse_pairing(ConnectOutcome& out, const PairRequest& request, PairReason reason, int protocol) {
    set_refusal(out, not_paired, "pairing required");
    json::Writer writer(out.details);
    writer.begin_object().member("code", "PAIRING_REQUIRED");
    writer.member("requestId", std::string_view(request.request_id)).member("reason", name_of(reason));
    if (protocol >= 4) {
        writer.member("requestedRole", std::string_view(request.role));
        write_words(writer, "requestedScopes", request.scopes);
    }
    writer.end_object();
}

void refuse_for_now(ConnectOutcome& out, DeviceError error) {
    set_refusal(out, "UNAVAILABLE", text_of(error));
    out.retryable = error != DeviceError::full;
    out.close_code = 1013;
}

}  // namespace gw::auth
