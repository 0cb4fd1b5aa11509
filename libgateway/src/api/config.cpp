#include "gateway/config.h"

#include "api/guard.h"
#include "api/handles.h"
#include "api/sized.h"

namespace {

using gw::api::unwrap;
using gw::exchange::ConfigHandle;

constexpr std::size_t config_bytes_max = 8U << 20U;

// What config::load() asks while it works: the caller's environment, and files beside the main one.
struct Sources {
    const gw_config_source& source;
    const gw_host& host;
    std::string_view directory;  // of the main file, with the slash; empty when there is none

    static std::optional<std::string_view> variable(void* user, std::string_view name) {
        const char* const* entry = static_cast<Sources*>(user)->source.env;
        for (; entry != nullptr && *entry != nullptr; ++entry) {
            const std::string_view text(*entry);
            if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=')
                return text.substr(name.size() + 1);
        }
        return std::nullopt;
    }
    static bool file(void* user, std::string_view path, std::pmr::string& out) {
        const auto& self = *static_cast<Sources*>(user);
        if (self.directory.empty()) return false;
        std::pmr::string full(self.directory, out.get_allocator());
        full += path;
        return gw::exchange::read_file(self.host, full, config_bytes_max, out) == GW_OK;
    }
};

std::string_view directory_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view("./") : path.substr(0, slash + 1);
}

// The text to parse and, in `handle`, where it came from.
gw_status find_text(const Sources& sources, const gw::config::Environment& environment, ConfigHandle& handle,
                    std::pmr::string& text, std::pmr::string& report) {
    const gw::config::Location location =
        gw::config::locate(gw::as_text(sources.source.path), environment, &handle.memory);
    handle.state_dir = location.state_dir;
    if (sources.source.text.len > 0) {
        text = gw::as_text(sources.source.text);
        return GW_OK;
    }
    if (sources.source.path.len == 0 && sources.source.env == nullptr) return GW_OK;
    for (const std::pmr::string& path : location.files) {
        const gw_status status = gw::exchange::read_file(sources.host, path, config_bytes_max, text);
        if (status == GW_OK) {
            handle.path = path;
            return GW_OK;
        }
        if (!location.must_exist && status == GW_ERR_IO) continue;
        report += path;
        report += status == GW_ERR_LIMIT ? ": error: the file is too large\n" : ": error: the file cannot be read\n";
        return status == GW_ERR_LIMIT ? GW_ERR_CONFIG : GW_ERR_IO;
    }
    return GW_OK;
}

gw_status load(const gw_config_source& source, const gw_host& host, ConfigHandle& handle, std::pmr::string& report) {
    std::pmr::string text(&handle.memory);
    Sources sources{source, host, {}};
    gw::config::Environment environment;
    environment.get = Sources::variable;
    environment.read = Sources::file;
    environment.user = &sources;
    environment.address = gw::as_text(source.address);
    if (source.port != 0) environment.port = static_cast<std::uint16_t>(source.port == GW_PORT_ANY ? 0 : source.port);
    if (const gw_status status = find_text(sources, environment, handle, text, report); status != GW_OK) return status;
    if (!handle.path.empty()) sources.directory = directory_of(handle.path);
    std::pmr::vector<gw::config::Problem> problems(&handle.memory);
    const bool good = gw::config::load(text.empty() ? std::string_view("{}") : std::string_view(text), environment,
                                       handle.config, problems, &handle.memory);
    for (const gw::config::Problem& problem : problems)
        gw::config::append_line(report, problem, handle.path.empty() ? "configuration" : handle.path);
    return good ? GW_OK : GW_ERR_CONFIG;
}

}  // namespace

extern "C" {

gw_status gw_config_load(const gw_config_source* source, const gw_host* host, gw_config** out, gw_buf* problems) {
    if (out == nullptr) return GW_ERR_ARGUMENT;
    if (problems != nullptr) *problems = {nullptr, 0, nullptr};
    gw_config_source from;
    if (const gw_status status = gw::api::copy_sized(source, from); status != GW_OK) return status;
    gw_host lent;
    if (const gw_status status = gw::api::copy_sized(host, lent); status != GW_OK) return status;
    if (from.port < GW_PORT_ANY || from.port > 65535) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        struct Release {
            void operator()(ConfigHandle* handle) const { ConfigHandle::release(handle); }
        };
        const gw::Allocator allocator = gw::Allocator::from(&lent);
        std::unique_ptr<ConfigHandle, Release> handle(ConfigHandle::make(allocator));
        std::pmr::string report(&handle->memory);
        const gw_status status = load(from, lent, *handle, report);
        if (problems != nullptr && !report.empty()) {
            const gw::BlockPoolOwner pool(allocator);
            gw::Buffer text(pool.get());
            text.append(report);
            *problems = text.take();
        }
        if (status == GW_OK) *out = reinterpret_cast<gw_config*>(handle.release());
        return status;
    });
}

void gw_config_free(gw_config* config) { ConfigHandle::release(unwrap(config)); }

gw_str gw_config_state_dir(const gw_config* config) {
    return config == nullptr ? gw_str{nullptr, 0} : gw::as_str(unwrap(config)->state_dir);
}

gw_str gw_config_path(const gw_config* config) {
    return config == nullptr ? gw_str{nullptr, 0} : gw::as_str(unwrap(config)->path);
}

}  // extern "C"
