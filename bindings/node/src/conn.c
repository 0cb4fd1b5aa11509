/* Connections: the bytes of one socket, by the number that the addon gave it. */
#include "gateway.h"

uint32_t add_conn(gateway* self, gw_conn* conn) {
    uint32_t at = self->conn_free == 0 ? 1 : self->conn_free;
    while (at < self->conn_count && self->conns[at] != NULL) at++;
    if (at >= self->conn_count) {
        uint32_t count = self->conn_count == 0 ? 16 : self->conn_count * 2;
        gw_conn** grown = realloc(self->conns, count * sizeof *grown);
        if (grown == NULL) return 0;
        memset(grown + self->conn_count, 0, (count - self->conn_count) * sizeof *grown);
        self->conns = grown;
        self->conn_count = count;
    }
    self->conns[at] = conn;
    self->conn_free = at + 1;
    gw_conn_set_user(conn, (void*)(uintptr_t)at);
    return at;
}

/* The connection of a number; NULL, which the library takes and answers GW_ERR_ARGUMENT to, when it is gone. */
static gw_conn* conn_of(gateway* self, napi_env env, napi_value value) {
    uint32_t at = 0;
    napi_get_value_uint32(env, value, &at);
    return at < self->conn_count ? self->conns[at] : NULL;
}

/* accept(gateway, address, port, listener) -> the number of a connection, or a status */
static napi_value accept_conn(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str address = to_text(env, given.value[1]);
    gw_peer peer = {.size = sizeof peer,
                    .address = address,
                    .port = (uint32_t)to_double(env, given.value[2]),
                    .listener = (uint32_t)to_double(env, given.value[3])};
    gw_conn* conn = NULL;
    gw_status status = gw_conn_accept(self->handle, &peer, &conn);
    free_text(address);
    if (status != GW_OK) return status_value(env, status);
    uint32_t at = add_conn(self, conn);
    if (at == 0) gw_conn_free(conn);
    return number(env, at == 0 ? GW_ERR_NO_MEMORY : (double)at);
}

static napi_value conn_recv(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gw_str bytes = to_bytes(env, given.value[2]);
    return status_value(env, gw_conn_recv(conn_of(given.self, env, given.value[1]), bytes.data, bytes.len));
}

static napi_value conn_eof(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    return status_value(env, gw_conn_eof(conn_of(given.self, env, given.value[1])));
}

static napi_value conn_opened(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    return status_value(env, gw_conn_opened(conn_of(given.self, env, given.value[1])));
}

static napi_value conn_failed(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gw_str reason = to_text(env, given.value[2]);
    gw_status status = gw_conn_failed(conn_of(given.self, env, given.value[1]), reason);
    free_text(reason);
    return status_value(env, status);
}

/* takeOutput(gateway, conn) -> Buffer, or undefined */
static napi_value take_output(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gw_buf out;
    if (gw_conn_take_output(conn_of(given.self, env, given.value[1]), &out) != GW_OK) return NULL;
    return buffer_of(env, &out);
}

static napi_value wants_read(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    return boolean(env, gw_conn_wants_read(conn_of(given.self, env, given.value[1])));
}

static napi_value free_conn(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    uint32_t at = 0;
    napi_get_value_uint32(env, given.value[1], &at);
    if (at >= self->conn_count) return NULL;
    gw_conn_free(self->conns[at]);
    self->conns[at] = NULL;
    if (at < self->conn_free) self->conn_free = at;
    return NULL;
}

const function conn_functions[] = {{"accept", accept_conn},   {"recv", conn_recv},     {"eof", conn_eof},
                                   {"opened", conn_opened},   {"failed", conn_failed}, {"takeOutput", take_output},
                                   {"wantsRead", wants_read}, {"free", free_conn},     {NULL, NULL}};
