#include "gateway/request.h"

#include <vector>

#include "api/guard.h"
#include "api/handles.h"
#include "exchange/server_conn.h"

namespace {

using gw::api::unwrap;

gw::exchange::ServerConn* find(gw_gateway* gateway, gw_request_id request) {
    return gateway == nullptr ? nullptr : unwrap(gateway)->requests().table.find(request);
}

template <typename Question>
gw_status ask(gw_gateway* gateway, gw_request_id request, gw_str* out, Question&& question) {
    if (gateway == nullptr || out == nullptr) return GW_ERR_ARGUMENT;
    gw::exchange::ServerConn* conn = find(gateway, request);
    if (conn == nullptr) return GW_ERR_GONE;
    *out = gw::as_str(question(*conn));
    return GW_OK;
}

template <typename Answer>
gw_status respond(gw_gateway* gateway, gw_request_id request, Answer&& answer) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    gw::exchange::ServerConn* conn = find(gateway, request);
    if (conn == nullptr) return GW_ERR_GONE;
    if (conn->host_request() != request) return GW_ERR_STATE;  // of GW_EVENT_AUTH: gw_ask_answer() answers that
    const gw_status status = gw::api::guard([&] { return answer(*conn); });
    if (status == GW_ERR_NO_MEMORY) conn->fail_no_memory();
    unwrap(gateway)->settle();
    return status;
}

bool is_field_text(std::string_view text) {
    for (const char c : text) {
        if (c == '\r' || c == '\n' || c == '\0') return false;
    }
    return true;
}

}  // namespace

extern "C" {

gw_status gw_gateway_route(gw_gateway* gateway, gw_str method, gw_str pattern, uint32_t number, uint32_t flags,
                           uint64_t body_bytes_max) {
    if (gateway == nullptr || method.len == 0 || pattern.len == 0) return GW_ERR_ARGUMENT;
    if ((flags & ~static_cast<std::uint32_t>(GW_ROUTE_PUBLIC)) != 0) return GW_ERR_UNSUPPORTED;
    if (unwrap(gateway)->has_accepted()) return GW_ERR_STATE;
    return gw::api::guard([&] {
        return unwrap(gateway)->routes().add_host_route(gw::as_text(method), gw::as_text(pattern),
                                                        {number, (flags & GW_ROUTE_PUBLIC) != 0, body_bytes_max});
    });
}

gw_status gw_request_method(gw_gateway* gateway, gw_request_id request, gw_str* out) {
    return ask(gateway, request, out, [](auto& conn) { return conn.method(); });
}

gw_status gw_request_path(gw_gateway* gateway, gw_request_id request, gw_str* out) {
    return ask(gateway, request, out, [](auto& conn) { return conn.path(); });
}

gw_status gw_request_query(gw_gateway* gateway, gw_request_id request, gw_str* out) {
    return ask(gateway, request, out, [](auto& conn) { return conn.query(); });
}

gw_status gw_request_header(gw_gateway* gateway, gw_request_id request, gw_str name, gw_str* out) {
    return ask(gateway, request, out, [&](auto& conn) { return conn.field(gw::as_text(name)); });
}

gw_status gw_request_parameter(gw_gateway* gateway, gw_request_id request, gw_str name, gw_str* out) {
    return ask(gateway, request, out, [&](auto& conn) { return conn.parameter(gw::as_text(name)); });
}

gw_status gw_request_user(gw_gateway* gateway, gw_request_id request, gw_str* out) {
    return ask(gateway, request, out, [](auto& conn) { return conn.user(); });
}

gw_status gw_request_scopes(gw_gateway* gateway, gw_request_id request, gw_str* out) {
    return ask(gateway, request, out, [](auto& conn) { return conn.scopes(); });
}

gw_status gw_request_body(gw_gateway* gateway, gw_request_id request, gw_str* out) {
    return ask(gateway, request, out, [](auto& conn) { return conn.request_body(); });
}

gw_status gw_response_start(gw_gateway* gateway, gw_request_id request, int status, const gw_field* fields,
                            size_t field_count, uint64_t length) {
    if (status < 200 || status > 599 || (fields == nullptr && field_count > 0) || field_count > 24)
        return GW_ERR_ARGUMENT;
    return respond(gateway, request, [&](gw::exchange::ServerConn& conn) -> gw_status {
        std::pmr::vector<gw::http1::Header> headers(unwrap(gateway)->memory());
        for (size_t i = 0; i < field_count; ++i) {
            const std::string_view name = gw::as_text(fields[i].name);
            const std::string_view value = gw::as_text(fields[i].value);
            if (name.empty() || !is_field_text(name) || !is_field_text(value)) return GW_ERR_ARGUMENT;
            headers.push_back({name, value});
        }
        return conn.host_start(status, headers, length);
    });
}

gw_status gw_response_write(gw_gateway* gateway, gw_request_id request, const void* data, size_t len) {
    if (data == nullptr && len > 0) return GW_ERR_ARGUMENT;
    return respond(gateway, request, [&](gw::exchange::ServerConn& conn) {
        return conn.host_write({static_cast<const std::byte*>(data), len});
    });
}

gw_status gw_response_end(gw_gateway* gateway, gw_request_id request) {
    return respond(gateway, request, [](gw::exchange::ServerConn& conn) { return conn.host_end(); });
}

gw_status gw_response_abort(gw_gateway* gateway, gw_request_id request) {
    return respond(gateway, request, [](gw::exchange::ServerConn& conn) { return conn.host_abort(); });
}

}  // extern "C"
