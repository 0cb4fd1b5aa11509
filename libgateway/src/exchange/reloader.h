// Keeping up with the configuration file, and restarting in place.
//
//     the file changes -- WATCH --> 200 ms of quiet + gateway.reload.debounceMs --> read, check, plan
//          |-- it is bad:         the last good configuration stays; the log says where
//          |-- it can be applied: the gateway takes it over; ConfigListeners hear of it
//          `-- it needs a restart:
//     restart() --> wait while something runs, 90 s at most --> ConfigListeners --> drain --> STOPPED with `restart`
#pragma once

#include <optional>
#include <string_view>

#include "config/reload_plan.h"
#include "core/list.h"
#include "core/timers.h"
#include "exchange/config_handle.h"
#include "exchange/file_watch.h"

namespace gw::exchange {

// Who wants to hear of it. A listener leaves by being destroyed.
class ConfigListener {
public:
    ConfigListener() noexcept : in_listeners(this) {}
    ConfigListener(const ConfigListener&) = delete;
    ConfigListener& operator=(const ConfigListener&) = delete;

    // Gateway::config() is the new one. `path` and `hash` of the file, as `config.changed` tells them.
    virtual void on_config_changed(const config::ReloadPlan& plan, std::string_view path, std::string_view hash) = 0;
    // The gateway ends now and is expected again: tell clients (`shutdown`) and close.
    virtual void on_restart(std::uint32_t expected_ms) = 0;
    // Of what a restart waits for, beyond open HTTP requests.
    [[nodiscard]] virtual std::size_t runs_active() const noexcept = 0;

    Link<ConfigListener> in_listeners;

protected:
    ~ConfigListener() = default;
};

class Reloader final : public FileWatchOwner {
public:
    static constexpr std::uint32_t restart_expected_ms = 1500;

    explicit Reloader(Gateway& gateway);

    // Watches the file when there is one, the host can, and gateway.reload.mode is not off.
    void start();
    void stop() noexcept;

    // Reads the file now. GW_OK: it is in force, or will be after the restart that was scheduled. GW_ERR_CONFIG,
    // GW_ERR_IO: it is not, nothing changed, the log says why. GW_ERR_STATE: there is no file. `told`: what was done.
    [[nodiscard]] gw_status reload(config::ReloadPlan* told = nullptr);
    // The file was written by ourselves: read it soon, without waiting for the host to see it.
    void file_written() noexcept;

    struct Restart {
        std::uint32_t delay_ms = 0;
        std::uint32_t cooldown_ms = 0;  // of it, because the last restart was a short while ago
        bool coalesced = false;         // one was coming already
    };
    // Restarts after `delay_ms`, when nothing runs any more. One that is coming already stays as it is.
    Restart schedule_restart(std::uint32_t delay_ms, std::string_view reason) noexcept;
    // A restart that a person asked for; refused when the file could not be started from.
    [[nodiscard]] gw_status restart_now();
    // This start came out of a restart: the next one keeps its distance.
    void came_back() noexcept { came_back_ = true; }

    [[nodiscard]] List<ConfigListener>& listeners() noexcept { return listeners_; }

private:
    void on_file_changed(FileWatch& watch) override;
    [[nodiscard]] gw_status take_over(bool only_check, config::ReloadPlan* told);
    void log_lines(std::string_view report, bool failed) const;
    void apply(const config::ReloadPlan& plan, ConfigReference& next);
    void on_quiet() noexcept;
    void on_restart_due() noexcept;
    [[nodiscard]] std::size_t runs_active() noexcept;

    Gateway& gateway_;
    std::optional<FileWatch> watch_;
    Timer quiet_timer_;
    Milliseconds first_change_at_ = never;
    Timer restart_timer_;
    Milliseconds give_up_waiting_at_ = never;
    bool came_back_ = false;
    bool waiting_told_ = false;
    List<ConfigListener> listeners_;
};

}  // namespace gw::exchange
