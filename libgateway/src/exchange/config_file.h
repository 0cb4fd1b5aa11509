// The configuration as a file: finding and reading it, reading it again, and writing it back.
//
//     Sources (path, environment, command line) -- find_config() --> ConfigHandle -- load_config() --> values, problems
//     text -- write_config_file() --> .openclaw.json.tmp --> openclaw.json, and the last five in openclaw.json.bak ...
#pragma once

#include <string_view>

#include "exchange/config_handle.h"

namespace gw::exchange {

inline constexpr std::size_t config_bytes_max = 8U << 20U;

// What config::load() asks for while it works on the configuration of a handle: variables, and files beside the main
// one.
class ConfigEnvironment {
public:
    ConfigEnvironment(const gw_host& host, const ConfigHandle& handle) noexcept;
    ConfigEnvironment(const ConfigEnvironment&) = delete;
    ConfigEnvironment& operator=(const ConfigEnvironment&) = delete;
    [[nodiscard]] const config::Environment& get() const noexcept { return environment_; }

private:
    static std::optional<std::string_view> variable(void* user, std::string_view name);
    static bool file(void* user, std::string_view path, std::pmr::string& out);

    const gw_host& host_;
    const ConfigHandle& handle_;
    config::Environment environment_;
};

// Finds the file: `path` as on the command line, or empty. Sets state_dir, path and file of the handle and reads the
// text. GW_ERR_IO, GW_ERR_CONFIG with a line in `report`.
[[nodiscard]] gw_status find_config(const gw_host& host, std::string_view path, ConfigHandle& handle,
                                    std::pmr::string& text, std::pmr::string& report);

// Makes the values. Problems are added to `report` as lines, warnings too. GW_ERR_CONFIG.
[[nodiscard]] gw_status load_config(const gw_host& host, ConfigHandle& handle, std::string_view text,
                                    std::pmr::string& report);

// Reads the file of `before` again, into a new handle.
[[nodiscard]] gw_status reload_config(const gw_host& host, const ConfigHandle& before, ConfigHandle& handle,
                                      std::pmr::string& report);

// Replaces the file: old or new, never half; mode 0600; a link is followed. What was there becomes <path>.bak, what
// that was <path>.bak.1, and so on up to five. GW_ERR_IO; GW_ERR_UNSUPPORTED when the host reads files in its own way.
[[nodiscard]] gw_status write_config_file(const gw_host& host, std::string_view path, std::string_view text,
                                          std::pmr::memory_resource* memory);

// Writes old keys as new ones when the configuration of the handle had some. The log of it goes to `report`.
void write_migration_back(const gw_host& host, ConfigHandle& handle, std::pmr::string& report);

}  // namespace gw::exchange
