// The start of a gateway, phase after phase; the numbers are those of the documents about the protocol.
//
//     1      the configuration: loaded, migrated and checked before there is a gateway (exchange/config_file.h)
//     2      the core: one gateway of a configuration, its log
//     3      plug-ins: the host's own, with gw_gateway_add_*() between start() and the first tick
//     4      what the configuration means: who may come in, certificates, pages, the guardrail
//     ────── the first tick: from here on the clock runs, and nothing fails any more
//     5 - 7  the state and the services on it: devices, nodes, sessions, approvals, events
//     9      maintenance: the timers of health, ticks and what is written together
//     10     the file is watched
//     11, 12 the ports are opened: whoever comes finds everything there
//
// Who writes lines or state comes after what says that this gateway may; who answers comes after what answers need.
#include <array>
#include <bit>

#include "exchange/gateway.h"
#include "exchange/static_run.h"
#include "store/handle.h"

namespace gw::exchange {

namespace {

constexpr std::string_view token_key = "identity/gateway-token";

}  // namespace

gw_status Gateway::start() {
    // 2
    if (const gw_status status = take_lock(); status != GW_OK) return status;
    configure_log();
    log_.debug({"start: core"});
    std::array<std::byte, sizeof(std::uint32_t)> own_ids{};
    if (!random_.fill(own_ids)) return GW_ERR_RANDOM;
    asks_.table.begin_with(std::bit_cast<std::uint32_t>(own_ids));
    // 4
    log_.debug({"start: runtime configuration"});
    if (const gw_status status = resolve_access(); status != GW_OK) return status;
    front_.configure(config());
    StaticRun::check(*this);
    if (const gw_status status = load_guardrail(); status != GW_OK) return status;
    return listeners_.load();
}

void Gateway::run() {
    // 5 to 9
    log_.debug({"start: services"});
    hub_.start();
    // 10
    log_.debug({"start: reload"});
    reloader_.listeners().push_back(config_desk_.in_listeners);
    reloader_.start();
    // 11, 12
    log_.debug({"start: listening"});
    listeners_.open();
}

gw_status Gateway::take_lock() {
    if (!options_.exclusive) return GW_OK;
    const gw_status status = lock_.take(config_handle(), &memory_);
    if (status != GW_ERR_STATE) return GW_OK;  // a machine without a place for the lock has no second gateway either
    const config::Digits pid(lock_.owner());
    log_.error({"a gateway is already running with this configuration (pid ", pid,
                "). Stop it, or use another --config or OPENCLAW_STATE_DIR"});
    return status;
}

void Gateway::configure_log() {
    const config::Logging& logging = config().logging;
    day_log_.configure(logging, config_handle().state_dir);
    log_.set_copy(&day_log_, [](void* log, gw_log_level level, std::string_view line) {
        static_cast<DayLog*>(log)->write(level, line);
    });
    const bool silent = logging.console_level == config::LogLevel::silent;
    log_.set_level(silent ? GW_LOG_ERROR : static_cast<gw_log_level>(static_cast<int>(logging.console_level) - 1),
                   silent);
}

gw_status Gateway::resolve_access() {
    const auto& auth = config().auth;
    if (auth.mode == config::AuthMode::none && auth.private_ingress) {
        log_.warn(
            {"gateway.auth.mode is none and gateway.auth.privateIngress is set: everybody who reaches this port is an "
             "owner"});
    }
    if (const gw_status status = resolve_secret(); status != GW_OK) return status;
    policy_ = make_owned<auth::Policy>(&memory_, config(), secret_, &memory_);
    auth_failures_.emplace(policy_->limits(), &memory_);
    return GW_OK;
}

gw_status Gateway::load_guardrail() {
    if (!config().guardrail.enabled) return GW_OK;
    proxy_.emplace(*this);
    return proxy_->load();
}

// The configured secret, else the one that an earlier start has left in the store, else a new one.
gw_status Gateway::resolve_secret() {
    const auto& auth = config().auth;
    if (auth.mode == config::AuthMode::none) return GW_OK;
    secret_ = auth.mode == config::AuthMode::token ? auth.token : auth.password;
    if (!secret_.empty() || auth.mode == config::AuthMode::trusted_proxy || host_auth()) return GW_OK;
    secret_generated_ = true;
    gw_buf kept{};
    if (options_.store != nullptr && gw_store_get(options_.store, as_str(token_key), &kept) == GW_OK) {
        secret_.assign(static_cast<const char*>(kept.data), kept.len);
        gw_buf_free(&kept);
        while (!secret_.empty() && (secret_.back() == '\n' || secret_.back() == '\r')) secret_.pop_back();
        if (!secret_.empty()) return GW_OK;
    }
    auto token = crypto::random_base64url(random_, 32, &memory_);
    if (!token) return GW_ERR_RANDOM;
    secret_ = *token;
    if (options_.store == nullptr) return GW_OK;
    const gw_status status = gw_store_put(options_.store, as_str(token_key), as_str(secret_));
    if (status != GW_OK)
        log_.error({"cannot store the generated token: ", gw_strerror(status),
                    ". Set gateway.auth.token, or check the state directory"});
    return status;
}

}  // namespace gw::exchange
