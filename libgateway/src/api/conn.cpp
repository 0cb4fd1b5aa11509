#include "gateway/conn.h"

#include "api/guard.h"
#include "api/handles.h"
#include "api/sized.h"
#include "core/socket_address.h"
#include "exchange/client_conn.h"

namespace {

using gw::api::unwrap;

// Runs something on a connection; out of memory ends the connection and nothing else.
template <typename Body>
gw_status on_conn(gw_conn* conn, Body&& body) {
    if (conn == nullptr) return GW_ERR_ARGUMENT;
    gw::exchange::Conn* self = unwrap(conn);
    const gw_status status = gw::api::guard([&] { return body(*self); });
    if (status == GW_ERR_NO_MEMORY) self->fail_no_memory();
    self->owner().settle();
    return status;
}

}  // namespace

extern "C" {

gw_status gw_conn_accept(gw_gateway* gateway, const gw_peer* peer, gw_conn** out) {
    if (gateway == nullptr || out == nullptr) return GW_ERR_ARGUMENT;
    gw_peer given;
    if (const gw_status status = gw::api::copy_sized(peer, given); status != GW_OK) return status;
    gw::IpText text;
    if (given.sockaddr != nullptr) {
        text = gw::text_of(given.sockaddr, &given.port);
        if (text.empty() && given.sockaddr->sa_family != AF_UNIX) return GW_ERR_ARGUMENT;  // not this machine, then
        given.address = gw::as_str(text.view());
    }
    return gw::api::guard([&] {
        gw::exchange::Conn* conn = nullptr;
        const gw_status status = unwrap(gateway)->accept(given, &conn);
        if (status == GW_OK) *out = reinterpret_cast<gw_conn*>(conn);
        return status;
    });
}

gw_status gw_conn_opened(gw_conn* conn) {
    return on_conn(conn, [](gw::exchange::Conn& self) { return self.dial_opened(); });
}

gw_status gw_conn_failed(gw_conn* conn, gw_str reason) {
    return on_conn(conn, [&](gw::exchange::Conn& self) { return self.dial_failed(gw::as_text(reason)); });
}

gw_status gw_conn_recv(gw_conn* conn, const void* data, size_t len) {
    if (data == nullptr && len > 0) return GW_ERR_ARGUMENT;
    return on_conn(conn, [&](gw::exchange::Conn& self) {
        return self.recv({static_cast<const std::byte*>(data), len});
    });
}

gw_status gw_conn_eof(gw_conn* conn) {
    return on_conn(conn, [](gw::exchange::Conn& self) { return self.eof(); });
}

gw_status gw_conn_take_output(gw_conn* conn, gw_buf* out) {
    if (conn == nullptr || out == nullptr) return GW_ERR_ARGUMENT;
    if (!unwrap(conn)->take_output(*out)) return GW_DONE;
    unwrap(conn)->owner().settle();
    return GW_OK;
}

bool gw_conn_wants_read(const gw_conn* conn) { return conn != nullptr && unwrap(conn)->tell_wants_read(); }

void gw_conn_free(gw_conn* conn) {
    if (conn == nullptr) return;
    gw::exchange::Conn* self = unwrap(conn);
    self->owner().free_conn(self);
}

void gw_conn_set_user(gw_conn* conn, void* user) {
    if (conn != nullptr) unwrap(conn)->set_user(user);
}

void* gw_conn_user(const gw_conn* conn) { return conn == nullptr ? nullptr : unwrap(conn)->user(); }

gw_str gw_conn_error(const gw_conn* conn, int* http_status) {
    if (conn == nullptr) return {nullptr, 0};
    if (http_status != nullptr) *http_status = unwrap(conn)->error_http_status();
    return gw::as_str(unwrap(conn)->error());
}

}  // extern "C"
