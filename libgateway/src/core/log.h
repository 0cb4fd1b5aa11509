// Log lines to the host's sink. A line is built only when somebody listens; secrets never get here.
#pragma once

#include <initializer_list>
#include <string_view>

#include "gateway/base.h"

namespace gw {

class Log {
public:
    Log() noexcept = default;
    explicit Log(const gw_host* host) noexcept
        : user_(host != nullptr ? host->user : nullptr), sink_(host != nullptr ? host->log : nullptr) {}

    // A second reader of every line, before the level for the host is looked at: the log file.
    void set_copy(void* user, void (*copy)(void*, gw_log_level, std::string_view)) noexcept {
        copy_user_ = user;
        copy_ = copy;
    }
    // The host gets lines up to this level; with `silent`, none.
    void set_level(gw_log_level level, bool silent) noexcept {
        level_ = level;
        silent_ = silent;
    }

    void error(std::initializer_list<std::string_view> parts) const noexcept { write(GW_LOG_ERROR, parts); }
    void warn(std::initializer_list<std::string_view> parts) const noexcept { write(GW_LOG_WARN, parts); }
    void info(std::initializer_list<std::string_view> parts) const noexcept { write(GW_LOG_INFO, parts); }
    void debug(std::initializer_list<std::string_view> parts) const noexcept { write(GW_LOG_DEBUG, parts); }

private:
    // Joins the parts, cut at 1 KiB, control characters replaced so that a peer's text cannot forge a line.
    void write(gw_log_level level, std::initializer_list<std::string_view> parts) const noexcept;

    void* user_ = nullptr;
    void (*sink_)(void*, gw_log_level, gw_str) = nullptr;
    void* copy_user_ = nullptr;
    void (*copy_)(void*, gw_log_level, std::string_view) = nullptr;
    gw_log_level level_ = GW_LOG_DEBUG;
    bool silent_ = false;
};

}  // namespace gw
