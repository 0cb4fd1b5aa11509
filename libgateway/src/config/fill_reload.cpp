#include "config/fill.h"

namespace gw::config {

namespace {

LogLevel level_of(std::string_view name) noexcept {
    if (name == "silent") return LogLevel::silent;
    if (name == "fatal" || name == "error") return LogLevel::error;
    if (name == "warn") return LogLevel::warn;
    if (name == "debug" || name == "trace") return LogLevel::debug;
    return LogLevel::info;
}

ReloadMode mode_of(std::string_view name) noexcept {
    if (name == "off") return ReloadMode::off;
    if (name == "restart") return ReloadMode::restart;
    if (name == "hot") return ReloadMode::hot;
    return ReloadMode::hybrid;
}

}  // namespace

void fill_reload(const Node& root, Config& out) {
    out.reload_mode = mode_of(text_at(root, "gateway.reload.mode"));
    out.reload_debounce_ms = integer_at(root, "gateway.reload.debounceMs", out.reload_debounce_ms);
    out.logging.level = level_of(text_at(root, "logging.level"));
    out.logging.console_level = level_of(text_at(root, "logging.consoleLevel"));
    out.logging.file = text_at(root, "logging.file");
}

}  // namespace gw::config
