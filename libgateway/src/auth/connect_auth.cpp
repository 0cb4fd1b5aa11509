#include "auth/connect_auth.h"

#include <algorithm>

#include "auth/auth.h"
#include "auth/connect_refusal.h"
#include "core/text.h"

namespace gw::auth {

// One decision: the steps in their order, and what they have found so far.
class ConnectDecision {
public:
    ConnectDecision(ConnectAuth& auth, const ConnectFacts& facts, ConnectOutcome& out)
        : auth_(auth),
          policy_(auth.policy_),
          facts_(facts),
          out_(out),
          of_page_(facts.origin.has_value() && facts.from.is_loopback),
          limiter_(of_page_ ? auth.pages_ : auth.limiter_),
          source_(facts.from, of_page_ ? facts.origin->substr(0, 256) : std::string_view{}),
          wanted_(copy_scopes(facts.scopes, auth.memory_)) {
        ui_ = is_control_ui(facts.client.id) && facts.role == Role::operator_;
        if (facts.role == Role::node) wanted_.clear();
    }

    void run() {
        if (!check_origin_of_page() || !check_proof()) return;
        check_credentials();
        if (out_.kind == ConnectOutcome::Kind::ask_whois) return;
        // A guess is a guess, whatever else came with it. What turned out to be the device's own token was none.
        if (wrong_secret_ && !secret_was_device_token_)
            limiter_.failed(LimitScope::shared_secret, source_, facts_.now_ms);
        if (has_device_ ? !require_credentials() : !admit_without_device()) return;
        limit_to_user();
        if (has_device_ && !skips_pairing() && !pair()) return;
        out_.scopes = std::move(wanted_);
        out_.kind = ConnectOutcome::Kind::granted;
        out_.method = method_;
    }

private:
    [[nodiscard]] bool check_origin_of_page();
    [[nodiscard]] bool check_proof();
    void check_credentials();
    void check_shared(std::string_view given, AuthMethod method);
    void check_trusted_proxy();
    void check_tailscale();
    void check_bootstrap();
    void check_device_token();
    void succeed(AuthMethod method) noexcept {
        ok_ = true;
        method_ = method;
        failure_ = AuthFailure::none;
    }
    void locked(std::uint64_t ms) noexcept {
        failure_ = AuthFailure::rate_limited;
        out_.retry_after_ms = ms;
    }
    [[nodiscard]] bool require_credentials();
    [[nodiscard]] bool admit_without_device();
    void refuse_unauthorized();
    [[nodiscard]] bool keeps_scopes_without_device() const noexcept;
    void limit_to_user();
    [[nodiscard]] bool skips_pairing() const noexcept;
    [[nodiscard]] bool pair();
    [[nodiscard]] bool may_approve(PairReason reason, std::string_view& via) const noexcept;
    [[nodiscard]] bool is_shared() const noexcept {
        return method_ == AuthMethod::token || method_ == AuthMethod::password;
    }
    [[nodiscard]] std::string_view bearer() const noexcept {
        return facts_.authorization ? bearer_token(*facts_.authorization).value_or(std::string_view{})
                                    : std::string_view{};
    }
    // The client's own. What a proxy shows is the proxy's, whoever is behind it: it proves no device.
    [[nodiscard]] std::string_view certificate() const noexcept {
        return facts_.forwarding.present || facts_.from.peer_is_proxy ? std::string_view{} : facts_.certificate;
    }
    // The token of the frame, else that of the upgrade.
    [[nodiscard]] std::string_view shown_token() const noexcept {
        if (!facts_.token.empty()) return facts_.token;
        const std::string_view header = bearer();
        return header.empty() ? facts_.query_token : header;
    }
    [[nodiscard]] DeviceAsk ask() const noexcept;

    ConnectAuth& auth_;
    Policy& policy_;
    const ConnectFacts& facts_;
    ConnectOutcome& out_;
    bool of_page_;
    FailureLimiter& limiter_;
    FailureLimiter::Source source_;
    ScopeList wanted_;
    bool ui_ = false;

    bool has_device_ = false;
    DeviceId id_{};
    PublicKeyText key_{};

    bool ok_ = false;
    bool wrong_secret_ = false;
    bool secret_was_device_token_ = false;
    bool token_is_narrow_ = false;
    AuthMethod method_ = AuthMethod::none;
    AuthFailure failure_ = AuthFailure::none;
    ProxyFault proxy_fault_ = ProxyFault::none;
};

bool ConnectDecision::check_origin_of_page() {
    if (!facts_.origin && !is_browser_client(facts_.client.id, facts_.client.mode)) return true;
    const OriginVerdict verdict = check_origin(facts_.origin, facts_.host, facts_.from.is_local, policy_.origins());
    if (verdict == OriginVerdict::allowed) return true;
    refuse_origin(out_, verdict);
    return false;
}

bool ConnectDecision::check_proof() {
    const auto claimed = facts_.device ? std::optional(facts_.device->id) : std::nullopt;
    const Device* const by_certificate = auth_.devices_.find_by_certificate(certificate(), claimed);
    crypto::ed25519::PublicKey key{};
    if (by_certificate != nullptr) {
        // TLS has just proved more than a signature would.
        const auto known = read_public_key(by_certificate->public_key);
        if (!known) return true;
        key = *known;
    } else if (!facts_.device) {
        return true;
    } else {
        const std::string_view token = !facts_.token.empty()          ? facts_.token
                                       : !facts_.device_token.empty() ? facts_.device_token
                                                                      : facts_.bootstrap_token;
        const SignedRequest request{
            facts_.client.id,       facts_.client.mode,         name_of(facts_.role), facts_.scopes, token,
            facts_.client.platform, facts_.client.device_family};
        const DeviceFault fault =
            check_device(*facts_.device, request, facts_.challenge_nonce, facts_.unix_ms, key, auth_.memory_);
        if (fault != DeviceFault::none) {
            refuse_device(out_, fault);
            return false;
        }
    }
    has_device_ = true;
    id_ = device_id_of(key);
    key_ = public_key_text(key);
    return true;
}

// --- credentials -------------------------------------------------------------------------------------------------

void ConnectDecision::check_credentials() {
    switch (policy_.mode()) {
    case config::AuthMode::none:
        if (policy_.admits_without_credential(facts_.from, facts_.host)) {
            succeed(AuthMethod::none);
        } else {
            failure_ = AuthFailure::local_only;
        }
        break;
    case config::AuthMode::token: check_shared(shown_token(), AuthMethod::token); break;
    case config::AuthMode::password:
        check_shared(facts_.password.empty() ? bearer() : facts_.password, AuthMethod::password);
        break;
    case config::AuthMode::trusted_proxy: check_trusted_proxy(); break;
    }
    if (!ok_) check_tailscale();
    if (!ok_ && out_.kind != ConnectOutcome::Kind::ask_whois) check_bootstrap();
    if (!ok_ && out_.kind != ConnectOutcome::Kind::ask_whois) check_device_token();
}

void ConnectDecision::check_shared(std::string_view given, AuthMethod method) {
    const bool password = method == AuthMethod::password;
    if (!policy_.secret().is_set()) {
        failure_ = password ? AuthFailure::password_missing_config : AuthFailure::token_missing_config;
    } else if (given.empty()) {
        failure_ = password ? AuthFailure::password_missing : AuthFailure::token_missing;
    } else if (const std::uint64_t ms = limiter_.locked_ms(LimitScope::shared_secret, source_, facts_.now_ms)) {
        locked(ms);
    } else if (policy_.secret().matches(given)) {
        limiter_.succeeded(LimitScope::shared_secret, source_);
        succeed(method);
    } else {
        wrong_secret_ = true;  // counted at the end: it may be a device's token that was sent as the shared one
        failure_ = password ? AuthFailure::password_mismatch : AuthFailure::token_mismatch;
    }
}

void ConnectDecision::check_trusted_proxy() {
    std::string_view user;
    proxy_fault_ = policy_.proxy_user(facts_.from, facts_.fields, user);
    if (proxy_fault_ == ProxyFault::none) {
        out_.user = user;
        succeed(AuthMethod::trusted_proxy);
        return;
    }
    failure_ = AuthFailure::trusted_proxy;
    // Programs of this machine that go past the proxy, when there is a password for them.
    const std::string_view given = facts_.password.empty() ? bearer() : facts_.password;
    if (facts_.from.is_direct && policy_.secret().is_set() && !given.empty()) check_shared(given, AuthMethod::password);
}

// Tailscale's proxy on this machine names the user; that the tailnet knows the address behind it as that user's keeps
// other programs of this machine from naming whom they like.
void ConnectDecision::check_tailscale() {
    const auto login = facts_.fields("tailscale-user-login");
    const auto mode = policy_.mode();
    if (!policy_.config().auth.allow_tailscale || !ui_ || !login || mode == config::AuthMode::none ||
        mode == config::AuthMode::trusted_proxy)
        return;
    const bool nothing_shown = failure_ == AuthFailure::token_missing || failure_ == AuthFailure::password_missing;
    const auto fail = [&](AuthFailure failure) {
        if (nothing_shown) failure_ = failure;
    };
    const std::string_view name = trim(*login);
    if (name.empty()) return fail(AuthFailure::tailscale_user_missing);
    const ForwardingFields& fields = facts_.forwarding;
    const auto address =
        fields.line_count == 1 ? read_ip_and_port(trim(fields.forwarded_for[0])) : std::optional<IpAddress>();
    if (!facts_.from.peer_is_loopback || !address || !fields.has_proto || !fields.has_host)
        return fail(AuthFailure::tailscale_proxy_missing);
    if (!facts_.whois) {
        out_.kind = ConnectOutcome::Kind::ask_whois;
        out_.whois_address = IpText(*address);
        return;
    }
    if (!facts_.whois->found) return fail(AuthFailure::tailscale_whois_failed);
    if (!equals_ignoring_case(trim(facts_.whois->login), name)) return fail(AuthFailure::tailscale_user_mismatch);
    out_.user = name;
    succeed(AuthMethod::tailscale);
}

void ConnectDecision::check_bootstrap() {
    if (facts_.bootstrap_token.empty() || !has_device_) return;
    if (const std::uint64_t ms = limiter_.locked_ms(LimitScope::bootstrap_token, source_, facts_.now_ms))
        return locked(ms);
    if (auth_.bootstraps_.check(facts_.bootstrap_token, {id_.data(), id_.size()}, facts_.role, facts_.scopes,
                                facts_.unix_ms)) {
        limiter_.succeeded(LimitScope::bootstrap_token, source_);
        succeed(AuthMethod::bootstrap_token);
        return;
    }
    limiter_.failed(LimitScope::bootstrap_token, source_, facts_.now_ms);
    failure_ = AuthFailure::bootstrap_token_invalid;
}

void ConnectDecision::check_device_token() {
    const bool explicitly = !facts_.device_token.empty();
    const std::string_view given = explicitly ? facts_.device_token : shown_token();
    if (!has_device_ || given.empty()) return;
    // Whoever is locked out of the shared secret may still be a device that says so.
    if (!explicitly && failure_ == AuthFailure::rate_limited) return;
    if (const std::uint64_t ms = limiter_.locked_ms(LimitScope::device_token, source_, facts_.now_ms)) {
        if (explicitly) locked(ms);
        return;
    }
    const auto verdict =
        auth_.devices_.check_token({id_.data(), id_.size()}, facts_.role, given, wanted_, facts_.unix_ms);
    if (verdict != Devices::TokenVerdict::wrong) {
        limiter_.succeeded(LimitScope::device_token, source_);
        token_is_narrow_ = verdict == Devices::TokenVerdict::narrow;
        secret_was_device_token_ = !explicitly;
        succeed(AuthMethod::device_token);
    } else if (explicitly) {
        limiter_.failed(LimitScope::device_token, source_, facts_.now_ms);
        if (failure_ != AuthFailure::rate_limited) failure_ = AuthFailure::device_token_mismatch;
    }
}

// --- with and without a device -----------------------------------------------------------------------------------

void ConnectDecision::refuse_unauthorized() {
    AuthFailureFacts facts;
    facts.failure = failure_;
    facts.proxy_fault = proxy_fault_;
    facts.protocol = facts_.protocol;
    facts.client_id = facts_.client.id;
    facts.client_mode = facts_.client.mode;
    if (has_device_ && facts_.device_token.empty() &&
        (failure_ == AuthFailure::token_mismatch || failure_ == AuthFailure::password_mismatch)) {
        const Device* const device = auth_.devices_.find({id_.data(), id_.size()});
        facts.can_retry_with_device_token = device != nullptr && device->token(facts_.role).is_live();
    }
    refuse_credentials(out_, facts);
}

bool ConnectDecision::require_credentials() {
    if (!ok_) refuse_unauthorized();
    return ok_;
}

bool ConnectDecision::admit_without_device() {
    const config::Config& config = policy_.config();
    if (ui_) {
        const bool may = config.control_ui_without_device ||
                         (config.control_ui_insecure_auth && facts_.from.is_local) ||
                         (ok_ && method_ == AuthMethod::trusted_proxy);
        if (!may) {
            refuse_without_device(out_, true);
            return false;
        }
        return require_credentials();  // and keeps its scopes
    }
    const bool anything_shown = !shown_token().empty() || !facts_.password.empty() || !facts_.device_token.empty() ||
                                !facts_.bootstrap_token.empty();
    const bool secret_mode = policy_.mode() == config::AuthMode::token || policy_.mode() == config::AuthMode::password;
    if (!ok_ && (anything_shown || !secret_mode)) {
        refuse_unauthorized();
        return false;
    }
    if (!ok_ || facts_.role == Role::node) {
        refuse_without_device(out_, false);
        return false;
    }
    if (!keeps_scopes_without_device()) wanted_.clear();
    return true;
}

// A shared secret alone says that somebody may come in, not who: only the programs of this machine that work without a
// device by design may then do something.
bool ConnectDecision::keeps_scopes_without_device() const noexcept {
    if (method_ == AuthMethod::trusted_proxy || method_ == AuthMethod::tailscale) return true;
    const auto& client = facts_.client;
    const bool program = client.id == "cli" || client.id == "gateway-client" || client.id == "openclaw-tui" ||
                         client.mode == "cli" || client.mode == "backend";
    return facts_.protocol >= 4 && facts_.from.is_local && program && client.mode != "probe" && !facts_.origin;
}

void ConnectDecision::limit_to_user() {
    if (out_.user.empty()) return;
    const ScopeSet allowed = policy_.scopes_of_user(out_.user);
    std::erase_if(wanted_, [&](const auto& scope) { return !allowed.allows(std::string_view(scope)); });
}

bool ConnectDecision::skips_pairing() const noexcept {
    const auto& client = facts_.client;
    if (client.id == "gateway-client" && client.mode == "backend" && facts_.from.is_local && is_shared() &&
        !facts_.origin)
        return true;
    return ui_ && (policy_.config().control_ui_without_device || method_ == AuthMethod::trusted_proxy);
}

DeviceAsk ConnectDecision::ask() const noexcept {
    DeviceAsk out;
    out.id = {id_.data(), id_.size()};
    out.public_key = {key_.data(), key_.size()};
    out.display_name = facts_.client.display_name;
    out.platform = facts_.client.platform;
    out.device_family = facts_.client.device_family;
    out.client_id = facts_.client.id;
    out.client_mode = facts_.client.mode;
    out.cert_fingerprint = certificate();
    out.role = facts_.role;
    return out;
}

// Whether nobody has to be asked. A device that shows its own token is no stranger, but does not grow by itself.
bool ConnectDecision::may_approve(PairReason reason, std::string_view& via) const noexcept {
    if (method_ == AuthMethod::bootstrap_token) {
        via = "bootstrap";
        return reason == PairReason::not_paired || reason == PairReason::role_upgrade ||
               reason == PairReason::scope_upgrade;
    }
    via = "silent";
    return facts_.from.is_local && (is_shared() || method_ == AuthMethod::none) &&
           (reason == PairReason::not_paired || reason == PairReason::scope_upgrade) &&
           (!facts_.origin || is_browser_client(facts_.client.id, facts_.client.mode));
}

bool ConnectDecision::pair() {
    std::pmr::vector<std::string_view> scopes(auth_.memory_);
    for (const auto& scope : wanted_) scopes.emplace_back(scope);
    DeviceAsk ask = this->ask();
    ask.scopes = scopes;
    const IpText address = facts_.from.text();
    if (!facts_.from.is_loopback) ask.remote_ip = address.view();

    Devices& devices = auth_.devices_;
    const Device* device = nullptr;
    const PairReason reason = devices.compare(ask);
    if (std::string_view via; reason != PairReason::none && may_approve(reason, via)) {
        const auto id = crypto::random_uuid(auth_.random_);
        const DeviceError error = id ? devices.approve_now(ask, via, facts_.unix_ms, device) : DeviceError::no_random;
        if (error != DeviceError::none) {
            refuse_for_now(out_, error);
            return false;
        }
        out_.approved = *id;
    } else if (reason != PairReason::none) {
        const PairRequest* request = nullptr;
        bool created = false;
        if (const DeviceError error = devices.request(ask, facts_.unix_ms, request, created);
            error != DeviceError::none) {
            refuse_for_now(out_, error);
            return false;
        }
        if (created) out_.requested = request;
        refuse_pairing(out_, *request, reason, facts_.protocol);
        return false;
    }
    if (token_is_narrow_) {
        failure_ = AuthFailure::scope_mismatch;
        refuse_unauthorized();
        return false;
    }
    if (const DeviceError error = devices.ensure_token(ask.id, facts_.role, wanted_, facts_.unix_ms, out_.token);
        error != DeviceError::none) {
        refuse_for_now(out_, error);
        return false;
    }
    if (method_ == AuthMethod::bootstrap_token) {
        if (const DeviceError error =
                auth_.bootstraps_.redeem(facts_.bootstrap_token, ask.id, facts_.role, facts_.unix_ms);
            error != DeviceError::none) {
            refuse_for_now(out_, error);
            return false;
        }
    }
    devices.seen(ask, "connect", facts_.unix_ms);
    out_.device = devices.find(ask.id);
    return true;
}

std::string_view name_of(AuthMethod method) noexcept {
    switch (method) {
    case AuthMethod::none: return "none";
    case AuthMethod::token: return "token";
    case AuthMethod::password: return "password";
    case AuthMethod::trusted_proxy: return "trusted-proxy";
    case AuthMethod::tailscale: return "tailscale";
    case AuthMethod::device_token: return "device-token";
    case AuthMethod::bootstrap_token: return "bootstrap-token";
    }
    return "none";
}

ConnectOutcome ConnectAuth::decide(const ConnectFacts& facts) {
    ConnectOutcome out(pool_, memory_);
    ConnectDecision(*this, facts, out).run();
    return out;
}

}  // namespace gw::auth
