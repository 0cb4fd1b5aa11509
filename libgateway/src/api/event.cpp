#include "gateway/event.h"

#include "api/guard.h"
#include "api/handles.h"
#include "api/sized.h"
#include "core/buffer.h"
#include "exchange/config_file.h"

namespace {

using gw::api::unwrap;

// Zero means the default that config.h names.
void set_defaults(gw_limits& limits) {
    const auto set = [](auto& field, auto value) {
        if (field == 0) field = static_cast<std::remove_reference_t<decltype(field)>>(value);
    };
    set(limits.conns_max, 10000);
    set(limits.request_line_bytes_max, 8192);
    set(limits.header_bytes_max, 65536);
    set(limits.header_count_max, 128);
    set(limits.body_bytes_max, 1U << 20U);
    set(limits.header_timeout_ms, 10000);
    set(limits.body_timeout_ms, 30000);
    set(limits.idle_timeout_ms, 75000);
    set(limits.write_timeout_ms, 120000);
    set(limits.linger_ms, 2000);
    set(limits.drain_ms, 30000);
    set(limits.output_bytes_high, 65536);
    set(limits.upstream_conns_max, 1024);
    set(limits.upstream_idle_max, 64);
    set(limits.upstream_idle_ms, 30000);
    set(limits.upstream_body_bytes_max, 16U << 20U);
    set(limits.event_bytes_max, 4U << 20U);
    set(limits.asks_max, 1024);
    set(limits.ask_timeout_ms, 30000);
    set(limits.ws_message_bytes_max, 104857600);
    set(limits.ws_hello_bytes_max, 65536);
    set(limits.ws_buffered_bytes_max, 52428800);
    set(limits.ws_unadmitted_max, 32);
    set(limits.ws_hello_timeout_ms, 15000);
    set(limits.ws_ping_ms, 25000);
}

// One more line behind what a report says already.
void add_line(gw_buf& report, const gw_host* host, std::initializer_list<std::string_view> pieces) {
    gw_host lent;
    if (gw::api::copy_sized(host, lent) != GW_OK) return;
    static_cast<void>(gw::api::guard([&] {
        const gw::BlockPoolOwner pool(gw::Allocator::from(&lent));
        gw::Buffer text(pool.get());
        text.append(std::string_view(static_cast<const char*>(report.data), report.len));
        for (const std::string_view piece : pieces) text.append(piece);
        text.append('\n');
        gw_buf_free(&report);
        report = text.take();
        return GW_OK;
    }));
}

// Old keys of the file are written back as new ones; a start does not fail for that.
void write_new_keys(gw::exchange::ConfigHandle& config, const gw_host* host, gw_buf& report) {
    gw_host lent;
    if (config.details.migrations.empty() || gw::api::copy_sized(host, lent) != GW_OK) return;
    static_cast<void>(gw::api::guard([&] {
        std::pmr::string told(&config.memory);
        gw::exchange::write_migration_back(lent, config, told);
        while (!told.empty() && told.back() == '\n') told.pop_back();
        if (!told.empty()) add_line(report, host, {told});
        return GW_OK;
    }));
}

}  // namespace

extern "C" {

gw_status gw_gateway_new(const gw_gateway_options* options, gw_gateway** out) {
    if (out == nullptr) return GW_ERR_ARGUMENT;
    gw_gateway_options given;
    if (const gw_status status = gw::api::copy_sized(options, given); status != GW_OK) return status;
    gw::exchange::GatewayOptions complete{};
    if (const gw_status status = gw::api::copy_sized(given.host, complete.host); status != GW_OK) return status;
    if ((complete.host.alloc == nullptr) != (complete.host.free == nullptr)) return GW_ERR_ARGUMENT;
    if (const gw_status status = gw::api::copy_sized(given.limits, complete.limits); status != GW_OK) return status;
    if ((given.services & ~static_cast<std::uint32_t>(GW_SERVICE_ALL | GW_SERVICE_AUTH | GW_SERVICE_OPINION)) != 0)
        return GW_ERR_UNSUPPORTED;
    set_defaults(complete.limits);
    complete.config = const_cast<gw::exchange::ConfigHandle*>(unwrap(given.config));  // its reference count changes
    complete.store = given.store;
    complete.services = given.services;
    complete.records = given.records;
    complete.exclusive = given.exclusive != 0;
    return gw::api::guard([&] {
        const gw::Allocator allocator = gw::Allocator::from(&complete.host);
        void* place = allocator.allocate(sizeof(gw::exchange::Gateway));
        gw::exchange::Gateway* gateway = nullptr;
        try {
            gateway = new (place) gw::exchange::Gateway(complete);
            const gw_status status = gateway->start();
            if (status != GW_OK) {
                gateway->~Gateway();
                allocator.deallocate(place, sizeof(gw::exchange::Gateway));
                return status;
            }
        } catch (...) {
            if (gateway != nullptr) gateway->~Gateway();
            allocator.deallocate(place, sizeof(gw::exchange::Gateway));
            throw;
        }
        *out = reinterpret_cast<gw_gateway*>(gateway);
        return GW_OK;
    });
}

gw_status gw_gateway_open(const gw_config_source* source, const gw_gateway_options* options, gw_gateway** out,
                          gw_buf* problems) {
    gw_gateway_options given;
    if (const gw_status status = gw::api::copy_sized(options, given); status != GW_OK) return status;
    if (given.config != nullptr || given.store != nullptr) return GW_ERR_ARGUMENT;
    gw_buf report{};
    gw_config* config = nullptr;
    gw_status status = gw_config_load(source, given.host, &config, &report);
    if (status == GW_OK) {
        write_new_keys(*unwrap(config), given.host, report);
        const gw_str directory = gw_config_state_dir(config);
        status = directory.len == 0 ? gw_store_new_memory(given.host, nullptr, &given.store)
                                    : gw_store_open_directory(given.host, directory, nullptr, &given.store);
        if (status != GW_OK) {
            add_line(report, given.host,
                     {"cannot open the state directory ", gw::as_text(directory), ": ", gw_strerror(status)});
        } else {
            given.config = config;
            status = gw_gateway_new(&given, out);
        }
    }
    gw_config_free(config);  // the gateway keeps what it was given
    gw_store_free(given.store);
    if (problems != nullptr) {
        *problems = report;
    } else {
        gw_buf_free(&report);
    }
    return status;
}

void gw_gateway_free(gw_gateway* gateway) {
    if (gateway == nullptr) return;
    gw::exchange::Gateway* self = unwrap(gateway);
    const gw::Allocator allocator = self->allocator();
    self->~Gateway();
    allocator.deallocate(self, sizeof(gw::exchange::Gateway));
}

gw_status gw_gateway_tick(gw_gateway* gateway, uint64_t monotonic_ms, uint64_t unix_ms) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] { return unwrap(gateway)->tick(monotonic_ms, unix_ms); });
}

gw_status gw_gateway_set_utc_offset(gw_gateway* gateway, int32_t minutes) {
    if (gateway == nullptr || minutes < -1080 || minutes > 1080) return GW_ERR_ARGUMENT;
    unwrap(gateway)->set_utc_offset(minutes);
    return GW_OK;
}

uint64_t gw_gateway_next_deadline(const gw_gateway* gateway) {
    static_assert(gw::never == GW_NEVER);
    return gateway == nullptr ? GW_NEVER : unwrap(gateway)->next_deadline();
}

gw_status gw_gateway_next_event(gw_gateway* gateway, gw_event* event) {
    if (gateway == nullptr || event == nullptr) return GW_ERR_ARGUMENT;
    if (event->size < sizeof event->size) return GW_ERR_ARGUMENT;  // before an event is taken that could not be given
    gw_event next{};
    if (!unwrap(gateway)->next_event(next)) return GW_DONE;
    if (next.conn != nullptr) next.user = unwrap(next.conn)->user();
    return gw::api::fill_sized(next, event);
}

gw_status gw_gateway_shutdown(gw_gateway* gateway) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        unwrap(gateway)->shutdown();
        unwrap(gateway)->settle();
        return GW_OK;
    });
}

gw_status gw_gateway_restart(gw_gateway* gateway) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        const gw_status status = unwrap(gateway)->request_restart();
        unwrap(gateway)->settle();
        return status;
    });
}

gw_status gw_gateway_stats(const gw_gateway* gateway, gw_stats* stats) {
    if (gateway == nullptr || stats == nullptr) return GW_ERR_ARGUMENT;
    gw_stats now{};
    unwrap(gateway)->fill(now);
    return gw::api::fill_sized(now, stats);
}

}  // extern "C"
