// What is wrong with an installation, said before it matters; and what can be repaired without a doubt, repaired.
//
//     configuration, its permissions, old keys, state directory, certificates, a gateway that is running
//         --> "ok: ...", "fixed: ...", "problem: ... what to do"
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "exchange/config_handle.h"

namespace gw::exchange {

class Doctor {
public:
    Doctor(const gw_host& host, ConfigHandle& handle, bool repair);

    // `loaded` and `problems` are what load_config() said. GW_OK, GW_ERR_CONFIG, GW_ERR_STATE (a gateway is running).
    [[nodiscard]] gw_status run(gw_status loaded, std::string_view problems);
    [[nodiscard]] std::string_view report() const noexcept { return report_; }

private:
    enum class Finding : std::uint8_t { ok, fixed, problem };
    void say(Finding finding, std::initializer_list<std::string_view> pieces);
    void check_configuration(gw_status loaded, std::string_view problems);
    void check_old_keys();
    void check_mode(std::string_view what, const std::pmr::string& path, unsigned allowed);
    void check_state_directory();
    void check_certificates();
    [[nodiscard]] bool is_running();

    const gw_host& host_;
    ConfigHandle& handle_;
    bool repair_;
    bool bad_ = false;
    std::pmr::string report_;
};

}  // namespace gw::exchange
