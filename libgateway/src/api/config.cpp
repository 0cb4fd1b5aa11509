#include "gateway/config.h"

#include "api/guard.h"
#include "api/handles.h"
#include "api/sized.h"
#include "core/buffer.h"
#include "exchange/config_file.h"
#include "exchange/doctor.h"

namespace {

using gw::api::unwrap;
using gw::exchange::ConfigHandle;

// What the source says, and the text of the configuration.
gw_status load(const gw_config_source& source, const gw_host& host, ConfigHandle& handle, std::pmr::string& report) {
    for (const char* const* entry = source.env; entry != nullptr && *entry != nullptr; ++entry)
        handle.variables.emplace_back(*entry);
    handle.address = gw::as_text(source.address);
    if (source.port != 0) handle.port = static_cast<std::uint16_t>(source.port == GW_PORT_ANY ? 0 : source.port);
    std::pmr::string text(gw::as_text(source.text), &handle.memory);
    const gw_status status = gw::exchange::find_config(host, gw::as_text(source.path), handle, text, report);
    return status != GW_OK ? status : gw::exchange::load_config(host, handle, text, report);
}

gw_buf to_buf(std::string_view text, const gw::Allocator& allocator) {
    const gw::BlockPoolOwner pool(allocator);
    gw::Buffer out(pool.get());
    out.append(text);
    return out.take();
}

gw_status check_source(const gw_config_source* source, const gw_host* host, gw_config_source& from, gw_host& lent) {
    if (const gw_status status = gw::api::copy_sized(source, from); status != GW_OK) return status;
    if (const gw_status status = gw::api::copy_sized(host, lent); status != GW_OK) return status;
    return from.port < GW_PORT_ANY || from.port > 65535 ? GW_ERR_ARGUMENT : GW_OK;
}

struct Release {
    void operator()(ConfigHandle* handle) const { ConfigHandle::release(handle); }
};

}  // namespace

extern "C" {

gw_status gw_config_load(const gw_config_source* source, const gw_host* host, gw_config** out, gw_buf* problems) {
    if (out == nullptr) return GW_ERR_ARGUMENT;
    if (problems != nullptr) *problems = {nullptr, 0, nullptr};
    gw_config_source from;
    gw_host lent;
    if (const gw_status status = check_source(source, host, from, lent); status != GW_OK) return status;
    return gw::api::guard([&] {
        const gw::Allocator allocator = gw::Allocator::from(&lent);
        std::unique_ptr<ConfigHandle, Release> handle(ConfigHandle::make(allocator));
        std::pmr::string report(&handle->memory);
        const gw_status status = load(from, lent, *handle, report);
        if (problems != nullptr) *problems = to_buf(report, allocator);
        if (status == GW_OK) *out = reinterpret_cast<gw_config*>(handle.release());
        return status;
    });
}

gw_status gw_config_doctor(const gw_config_source* source, const gw_host* host, bool repair, gw_buf* report) {
    if (report != nullptr) *report = {nullptr, 0, nullptr};
    gw_config_source from;
    gw_host lent;
    if (const gw_status status = check_source(source, host, from, lent); status != GW_OK) return status;
    return gw::api::guard([&] {
        const gw::Allocator allocator = gw::Allocator::from(&lent);
        const std::unique_ptr<ConfigHandle, Release> handle(ConfigHandle::make(allocator));
        std::pmr::string problems(&handle->memory);
        const gw_status loaded = load(from, lent, *handle, problems);
        gw::exchange::Doctor doctor(lent, *handle, repair);
        const gw_status status = doctor.run(loaded, problems);
        if (report != nullptr) *report = to_buf(doctor.report(), allocator);
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
