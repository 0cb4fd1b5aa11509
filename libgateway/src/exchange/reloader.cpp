#include "exchange/reloader.h"

#include <algorithm>
#include <memory>

#include "core/buffer.h"
#include "exchange/config_file.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

constexpr Milliseconds settle_ms = 200;
constexpr Milliseconds settle_ms_max = 5000;  // a file that is written all the time is read all the same
constexpr Milliseconds deferral_step_ms = 500;
constexpr Milliseconds deferral_ms_max = 90000;
constexpr Milliseconds restart_distance_ms = 30000;

struct ReleaseHandle {
    void operator()(ConfigHandle* handle) const { ConfigHandle::release(handle); }
};

std::pmr::string list_of(const std::pmr::vector<std::pmr::string>& paths, std::pmr::memory_resource* memory) {
    constexpr std::size_t shown = 10;
    std::pmr::string out(memory);
    for (std::size_t i = 0; i < paths.size() && i < shown; ++i) {
        if (i > 0) out += ", ";
        out += paths[i];
    }
    if (paths.size() > shown) out += ", ...";
    return out;
}

}  // namespace

Reloader::Reloader(Gateway& gateway)
    : gateway_(gateway),
      quiet_timer_(
          gateway.timers(), [](void* self) { static_cast<Reloader*>(self)->on_quiet(); }, this),
      restart_timer_(
          gateway.timers(), [](void* self) { static_cast<Reloader*>(self)->on_restart_due(); }, this) {}

void Reloader::start() {
    const ConfigHandle& handle = gateway_.config_handle();
    if (handle.file.empty() || (gateway_.services() & GW_SERVICE_WATCH) == 0) return;
    watch_.emplace(gateway_, *this, handle.file);
}

void Reloader::stop() noexcept {
    watch_.reset();
    quiet_timer_.disarm();
    restart_timer_.disarm();
}

void Reloader::on_file_changed(FileWatch& /*watch*/) {
    if (gateway_.config().reload_mode == config::ReloadMode::off) return;
    first_change_at_ = std::min(first_change_at_, gateway_.now());
    const Milliseconds quiet = gateway_.now() + settle_ms + gateway_.config().reload_debounce_ms;
    quiet_timer_.arm(std::min(quiet, first_change_at_ + settle_ms_max + gateway_.config().reload_debounce_ms));
}

void Reloader::file_written() noexcept { quiet_timer_.arm(gateway_.now() + gateway_.config().reload_debounce_ms); }

void Reloader::on_quiet() noexcept {
    first_change_at_ = never;
    try {
        [[maybe_unused]] const gw_status status = reload();
    } catch (const std::bad_alloc&) {
        gateway_.log().error({"no memory to read the configuration again; it stays as it was"});
    }
}

gw_status Reloader::reload(config::ReloadPlan* told) { return take_over(false, told); }

gw_status Reloader::restart_now() {
    // Without a file there is nothing that could have become worse.
    if (const gw_status status = take_over(true, nullptr); status != GW_OK && status != GW_ERR_STATE) return status;
    schedule_restart(0, "a person asked for it");
    return GW_OK;
}

gw_status Reloader::take_over(bool only_check, config::ReloadPlan* told) {
    const ConfigHandle& before = gateway_.config_handle();
    if (before.file.empty()) return GW_ERR_STATE;
    std::unique_ptr<ConfigHandle, ReleaseHandle> handle(ConfigHandle::make(gateway_.allocator()));
    std::pmr::string report(gateway_.memory());
    gw_status status = reload_config(gateway_.host(), before, *handle, report);
    if (status == GW_OK && !gateway_.listeners().can_load(handle->config)) {
        status = GW_ERR_CONFIG;
        report += "error: gateway.tls cannot be used\n";
    }
    log_lines(report, status != GW_OK);
    if (status != GW_OK) {
        gateway_.log().warn({"the configuration file cannot be used; the configuration stays as it was"});
        return status;
    }
    if (only_check) return GW_OK;
    config::ReloadPlan plan = config::plan_reload(before.details.resolved, handle->details.resolved,
                                                  handle->config.reload_mode, gateway_.memory());
    ConfigReference next(handle.get(), gateway_.allocator());
    handle.reset();  // `next` has its own share
    if (plan.changed.empty()) return GW_OK;
    gateway_.log().info({"the configuration changed: ", list_of(plan.changed, gateway_.memory())});
    if (plan.apply) apply(plan, next);
    if (plan.restart) {
        schedule_restart(0, "the configuration changed");
    } else if (!plan.waiting.empty()) {
        gateway_.log().warn({"without effect until the next start: ", list_of(plan.waiting, gateway_.memory())});
    }
    if (told != nullptr) *told = std::move(plan);
    return GW_OK;
}

void Reloader::log_lines(std::string_view report, bool failed) const {
    while (!report.empty()) {
        const std::size_t end = std::min(report.find('\n'), report.size());
        const std::string_view line = report.substr(0, end);
        // Warnings were said at the start.
        if (failed && line.find("warning: ") == std::string_view::npos) gateway_.log().warn({line});
        report.remove_prefix(std::min(end + 1, report.size()));
    }
}

void Reloader::apply(const config::ReloadPlan& plan, ConfigReference& next) {
    const std::pmr::string path(next.handle().file, gateway_.memory());
    const config::Hash hash = next.handle().hash;
    gateway_.use_config(next, plan);
    for (ConfigListener* one = listeners_.front(); one != nullptr;) {
        ConfigListener* const following = listeners_.after(one->in_listeners);
        try {
            one->on_config_changed(plan, path, config::as_text(hash));
        } catch (const std::bad_alloc&) {  // it is in force all the same
            gateway_.log().error({"out of memory: not everybody heard of the new configuration"});
        }
        one = following;
    }
}

Reloader::Restart Reloader::schedule_restart(std::uint32_t delay_ms, std::string_view reason) noexcept {
    Restart out{delay_ms, 0, false};
    if (restart_timer_.armed()) {
        out.coalesced = true;
        out.delay_ms =
            static_cast<std::uint32_t>(restart_timer_.deadline() - std::min(restart_timer_.deadline(), gateway_.now()));
        return out;
    }
    if (came_back_ && gateway_.uptime_ms() + delay_ms < restart_distance_ms) {
        out.cooldown_ms = static_cast<std::uint32_t>(restart_distance_ms - gateway_.uptime_ms() - delay_ms);
        out.delay_ms += out.cooldown_ms;
    }
    gateway_.log().info({"the gateway will restart: ", reason});
    waiting_told_ = false;
    give_up_waiting_at_ = gateway_.now() + out.delay_ms + deferral_ms_max;
    restart_timer_.arm(gateway_.now() + out.delay_ms);
    return out;
}

std::size_t Reloader::runs_active() noexcept {
    std::size_t count = gateway_.stats().requests_open;
    for (ConfigListener* one = listeners_.front(); one != nullptr; one = listeners_.after(one->in_listeners))
        count += one->runs_active();
    return count;
}

void Reloader::on_restart_due() noexcept {
    if (runs_active() > 0 && gateway_.now() < give_up_waiting_at_) {
        if (!std::exchange(waiting_told_, true))
            gateway_.log().info({"the restart waits until what is running is done, 90 s at most"});
        restart_timer_.arm(std::min(gateway_.now() + deferral_step_ms, give_up_waiting_at_));
        return;
    }
    try {
        for (ConfigListener* one = listeners_.front(); one != nullptr;) {
            ConfigListener* const following = listeners_.after(one->in_listeners);
            one->on_restart(restart_expected_ms);
            one = following;
        }
    } catch (const std::bad_alloc&) {
        gateway_.log().error({"no memory to announce the restart"});
    }
    gateway_.restart();
}

}  // namespace gw::exchange
