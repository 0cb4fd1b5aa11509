#include "gateway/method.h"

#include <algorithm>

#include "api/guard.h"
#include "api/handles.h"
#include "core/text.h"
#include "exchange/host_methods.h"

namespace {

using gw::as_text;
using gw::api::unwrap;
using gw::exchange::Gateway;
using gw::exchange::HostMethodJob;
using gw::exchange::HostMethods;

bool is_text(gw_str text) { return text.data != nullptr || text.len == 0; }

// GW_OK for one JSON value, or nothing.
gw_status check_json(Gateway& gateway, std::string_view text) {
    if (text.size() > HostMethods::payload_bytes_max) return GW_ERR_LIMIT;
    if (text.empty()) return GW_OK;
    gw::json::Document document(gateway.memory());
    return document.parse(text) ? GW_OK : GW_ERR_DATA;
}

bool is_code(std::string_view code) {
    return code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || gw::is_digit(c) || c == '_';
           });
}

// Runs `words` on a call that is open.
template <typename Say>
gw_status with_method_call(gw_gateway* gateway, gw_method_call_id call, gw_str json, Say&& words) {
    HostMethodJob* const job = unwrap(gateway)->host_methods().jobs.find(call);
    if (job == nullptr) return GW_ERR_GONE;
    const gw_status status = gw::api::guard([&] {
        if (const gw_status good = check_json(*unwrap(gateway), as_text(json)); good != GW_OK) return good;
        words(*job);
        return GW_OK;
    });
    unwrap(gateway)->settle();
    return status;
}

}  // namespace

extern "C" {

gw_status gw_gateway_add_method(gw_gateway* gateway, gw_str name, gw_str scope, gw_str schema, uint32_t timeout_ms) {
    if (gateway == nullptr || !is_text(name) || !is_text(scope) || !is_text(schema)) return GW_ERR_ARGUMENT;
    return gw::api::guard([&] {
        return unwrap(gateway)->hub().core().added.add_method(as_text(name), as_text(scope), as_text(schema),
                                                              timeout_ms);
    });
}

gw_status gw_method_answer(gw_gateway* gateway, gw_method_call_id call, gw_str payload) {
    if (gateway == nullptr || !is_text(payload)) return GW_ERR_ARGUMENT;
    return with_method_call(gateway, call, payload, [&](HostMethodJob& job) { job.answer(as_text(payload)); });
}

gw_status gw_method_fail(gw_gateway* gateway, gw_method_call_id call, gw_str code, gw_str message, gw_str details) {
    if (gateway == nullptr || !is_text(code) || !is_text(message) || !is_text(details)) return GW_ERR_ARGUMENT;
    if (!is_code(as_text(code))) return GW_ERR_ARGUMENT;
    return with_method_call(gateway, call, details, [&](HostMethodJob& job) {
        gw::rpc::Failure failure;
        failure.code = code.len == 0 ? gw::rpc::code::unavailable : as_text(code);
        failure.message = gw::cut_utf8(as_text(message), 4096);
        failure.details = as_text(details);
        job.fail(failure);
    });
}

gw_status gw_gateway_add_event(gw_gateway* gateway, gw_str name, gw_str scope, uint32_t flags) {
    if (gateway == nullptr || !is_text(name) || !is_text(scope)) return GW_ERR_ARGUMENT;
    if ((flags & ~static_cast<std::uint32_t>(GW_EMIT_MAY_DROP | GW_EMIT_TO_NODES)) != 0) return GW_ERR_UNSUPPORTED;
    return gw::api::guard([&] {
        return unwrap(gateway)->hub().core().added.add_event(
            as_text(name), as_text(scope), (flags & GW_EMIT_MAY_DROP) != 0, (flags & GW_EMIT_TO_NODES) != 0);
    });
}

gw_status gw_gateway_emit(gw_gateway* gateway, gw_str name, gw_str payload, gw_client_id client) {
    if (gateway == nullptr || !is_text(name) || !is_text(payload)) return GW_ERR_ARGUMENT;
    gw::exchange::Hub& hub = unwrap(gateway)->hub();
    const gw::method::AddedEvent* const known = hub.core().added.find_event(as_text(name));
    if (known == nullptr) return GW_ERR_ARGUMENT;
    const gw_status status = gw::api::guard([&] {
        if (const gw_status good = check_json(*unwrap(gateway), as_text(payload)); good != GW_OK) return good;
        const std::string_view json = payload.len == 0 ? "{}" : as_text(payload);
        if (client != 0) return hub.send(client, known->name, json) ? GW_OK : GW_ERR_GONE;
        gw::method::Event event;
        event.name = known->name;
        event.payload = json;
        event.scope = known->scope;
        event.may_drop = known->may_drop;
        event.to_nodes = known->to_nodes;
        hub.broadcast(event);
        return GW_OK;
    });
    unwrap(gateway)->settle();
    return status;
}

}  // extern "C"
