#include "gateway/router.h"

#include <vector>

#include "api/guard.h"
#include "api/sized.h"
#include "core/buffer.h"
#include "core/memory.h"
#include "route/path.h"
#include "route/route.h"

using gw::as_str;
using gw::as_text;

struct gw_router {
    explicit gw_router(const gw::Allocator& allocator) : memory(allocator), router(&memory), parameters(&memory) {}
    gw::HostMemory memory;
    gw::route::Router router;
    std::pmr::vector<gw_route_parameter> parameters;  // of the last match
};

struct gw_method_table {
    explicit gw_method_table(const gw::Allocator& allocator) : memory(allocator), table(&memory) {}
    gw::HostMemory memory;
    gw::route::MethodTable table;
};

namespace {

constexpr bool is_valid(gw_str text) noexcept { return text.len == 0 || text.data != nullptr; }

template <typename Handle>
gw_status make(const gw_host* from, Handle** out) noexcept {
    if (out == nullptr) return GW_ERR_ARGUMENT;
    gw_host host;
    if (const gw_status status = gw::api::copy_sized(from, host); status != GW_OK) return status;
    if ((host.alloc == nullptr) != (host.free == nullptr)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        gw::HostMemory memory(gw::Allocator::from(&host));
        *out = std::pmr::polymorphic_allocator<>(&memory).new_object<Handle>(memory.allocator());
        return GW_OK;
    });
}

template <typename Handle>
void unmake(Handle* handle) noexcept {
    if (handle == nullptr) return;
    gw::HostMemory memory(handle->memory.allocator());
    std::pmr::polymorphic_allocator<>(&memory).delete_object(handle);
}

gw_route_outcome outcome_of(gw::route::Outcome outcome) noexcept {
    using gw::route::Outcome;
    switch (outcome) {
    case Outcome::found: return GW_ROUTE_FOUND;
    case Outcome::not_found: return GW_ROUTE_NOT_FOUND;
    case Outcome::method_not_allowed: return GW_ROUTE_METHOD_NOT_ALLOWED;
    case Outcome::options: return GW_ROUTE_OPTIONS;
    case Outcome::bad_path: break;
    }
    return GW_ROUTE_BAD_PATH;
}

gw_status decode(std::string_view text, gw::route::Plus plus, char* out, std::size_t capacity,
                 std::size_t* len) noexcept {
    const auto size = gw::route::percent_decoded_size(text);
    if (!size) return GW_ERR_DATA;
    if (*size > capacity) return GW_ERR_LIMIT;
    *len = *gw::route::percent_decode_into(text, plus, out);
    return GW_OK;
}

}  // namespace

extern "C" {

gw_status gw_router_new(const gw_host* host, gw_router** out) { return make(host, out); }

void gw_router_free(gw_router* router) { unmake(router); }

gw_status gw_router_add(gw_router* router, gw_str method, gw_str pattern, uint32_t target) {
    if (router == nullptr || !is_valid(method) || !is_valid(pattern)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        const auto added = router->router.add(as_text(method), as_text(pattern), target);
        return added ? GW_OK : added.error().status;
    });
}

gw_status gw_router_match(gw_router* router, gw_str method, gw_str target, gw_route_match* match) {
    if (router == nullptr || match == nullptr || !is_valid(method) || !is_valid(target)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        const gw::route::Match found = router->router.match(as_text(method), as_text(target));
        router->parameters.clear();
        for (const gw::route::Parameter& each : found.parameters) {
            router->parameters.push_back({as_str(each.name), as_str(each.value)});
        }
        gw_route_match out{};
        out.outcome = outcome_of(found.outcome);
        out.target = found.target;
        out.head = found.head;
        out.parameters = router->parameters.empty() ? nullptr : router->parameters.data();
        out.parameter_count = router->parameters.size();
        out.path = as_str(found.path);
        out.query = as_str(found.query);
        out.allow = as_str(found.allow);
        return gw::api::fill_sized(out, match);
    });
}

gw_status gw_method_table_new(const gw_host* host, gw_method_table** out) { return make(host, out); }

void gw_method_table_free(gw_method_table* table) { unmake(table); }

gw_status gw_method_table_add(gw_method_table* table, gw_str name, uint32_t target) {
    if (table == nullptr || !is_valid(name)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        const auto added = table->table.add(as_text(name), target);
        return added ? GW_OK : added.error().status;
    });
}

gw_status gw_method_table_find(const gw_method_table* table, gw_str name, uint32_t* target) {
    if (table == nullptr || target == nullptr || !is_valid(name)) return GW_ERR_ARGUMENT;
    const auto found = table->table.find(as_text(name));
    if (!found) return GW_DONE;
    *target = *found;
    return GW_OK;
}

gw_status gw_percent_decode(gw_str text, char* out, size_t capacity, size_t* len) {
    if (!is_valid(text) || len == nullptr || (out == nullptr && capacity > 0)) return GW_ERR_ARGUMENT;
    return decode(as_text(text), gw::route::Plus::literal, out, capacity, len);
}

gw_status gw_query_parameter(gw_str query, gw_str name, char* out, size_t capacity, size_t* len) {
    if (!is_valid(query) || !is_valid(name) || len == nullptr || (out == nullptr && capacity > 0))
        return GW_ERR_ARGUMENT;
    const auto value = gw::route::find_query_parameter(as_text(query), as_text(name));
    if (!value) return GW_DONE;
    return decode(*value, gw::route::Plus::space, out, capacity, len);
}

}  // extern "C"
