// ConfigDesk: the configuration file, the restart and the log as methods see them, and `config.changed` for clients.
#pragma once

#include <optional>
#include <string>

#include "exchange/reloader.h"
#include "method/config_desk.h"

namespace gw::exchange {

class Gateway;

class ConfigDesk final : public method::ConfigDesk, public ConfigListener {
public:
    explicit ConfigDesk(Gateway& gateway) noexcept : gateway_(gateway) {}

    void get(json::Writer& out) override;
    [[nodiscard]] bool change(const method::ConfigChange& change, json::Writer& out,
                              method::ConfigRefusal& refusal) override;
    [[nodiscard]] bool reload(json::Writer& out, method::ConfigRefusal& refusal) override;
    void schema(json::Writer& out) override;
    void tail(std::optional<std::uint64_t> cursor, std::size_t line_count_max, std::size_t bytes_max,
              json::Writer& out) override;

    void on_config_changed(const config::ReloadPlan& plan, std::string_view path, std::string_view hash) override;
    void on_restart(std::uint32_t expected_ms) override;
    [[nodiscard]] std::size_t runs_active() const noexcept override;

private:
    [[nodiscard]] config::Snapshot snapshot(const config::Environment& environment) const;
    void leave_sentinel(const method::ConfigChange& change);
    void write_sentinel(json::Writer& out, const method::ConfigChange& change) const;
    void write_restart(json::Writer& out, const method::ConfigChange& change);

    Gateway& gateway_;
};

// What a restart that config.patch or config.apply asked for left for the next start: the payload of the sentinel as
// JSON, once. Nothing when this start is no such restart.
[[nodiscard]] std::optional<std::pmr::string> take_restart_sentinel(Gateway& gateway);

}  // namespace gw::exchange
