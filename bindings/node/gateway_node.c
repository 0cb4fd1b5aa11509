/* The C ABI of libgateway for index.js, and nothing more: no callbacks into JavaScript, no sockets, no policy.
 *
 * Connections are named by small numbers, because a number can be stale and a pointer must not be: `conns` maps them.
 * Errors come back as their gw_status; index.js makes exceptions of them. */
#define NAPI_VERSION 8
#define _GNU_SOURCE /* environ */
#include <gateway/gateway.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fields.h"

enum { LOG_LINES_MAX = 1000, ARGUMENTS_MAX = 6 };

typedef struct log_line {
    gw_log_level level;
    gw_str text;
} log_line;

typedef struct gateway {
    gw_gateway* handle;
    gw_store* store;
    gw_conn** conns;                /* [0] is never used */
    uint32_t conn_count, conn_free; /* no place below conn_free is free */
    log_line* lines;                /* what the library said since the last takeLog() */
    uint32_t line_count;
} gateway;

typedef struct arguments {
    napi_value value[ARGUMENTS_MAX];
    void* self; /* what the first one, an external, holds */
} arguments;

static arguments take_arguments(napi_env env, napi_callback_info info) {
    arguments out = {.self = NULL};
    size_t count = ARGUMENTS_MAX;
    napi_get_cb_info(env, info, &count, out.value, NULL, NULL);
    napi_valuetype type = napi_undefined;
    if (napi_typeof(env, out.value[0], &type) == napi_ok && type == napi_external)
        napi_get_value_external(env, out.value[0], &out.self);
    return out;
}

/* --- values ------------------------------------------------------------------------------------------------------ */

static napi_value number(napi_env env, double value) {
    napi_value out = NULL;
    napi_create_double(env, value, &out);
    return out;
}

static napi_value string(napi_env env, gw_str text) {
    napi_value out = NULL;
    napi_create_string_utf8(env, text.len > 0 ? text.data : "", text.len, &out);
    return out;
}

static napi_value buffer(napi_env env, gw_str bytes) {
    napi_value out = NULL;
    napi_create_buffer_copy(env, bytes.len, bytes.data, NULL, &out);
    return out;
}

static void set(napi_env env, napi_value object, const char* name, napi_value value) {
    napi_set_named_property(env, object, name, value);
}

static double to_double(napi_env env, napi_value value) {
    double out = 0;
    napi_get_value_double(env, value, &out);
    return out;
}

/* A string in memory of its own; freed with free(). */
static gw_str to_text(napi_env env, napi_value value) {
    size_t len = 0;
    if (napi_get_value_string_utf8(env, value, NULL, 0, &len) != napi_ok) return (gw_str){NULL, 0};
    char* data = malloc(len + 1);
    if (data == NULL) return (gw_str){NULL, 0};
    napi_get_value_string_utf8(env, value, data, len + 1, &len);
    return (gw_str){data, len};
}

static void free_text(gw_str text) { free((void*)(uintptr_t)text.data); }

/* The bytes of a Buffer or Uint8Array, borrowed for this call. */
static gw_str to_bytes(napi_env env, napi_value value) {
    void* data = NULL;
    size_t len = 0;
    napi_get_buffer_info(env, value, &data, &len);
    return (gw_str){data, len};
}

/* --- a gateway --------------------------------------------------------------------------------------------------- */

static void keep_line(void* user, gw_log_level level, gw_str line) {
    gateway* self = user;
    if (self->line_count == LOG_LINES_MAX) return;
    char* copy = malloc(line.len + 1);
    if (copy == NULL) return;
    memcpy(copy, line.data, line.len);
    self->lines[self->line_count++] = (log_line){level, {copy, line.len}};
}

static void end(gateway* self) {
    gw_gateway_free(self->handle);
    gw_store_free(self->store);
    free(self->conns);
    self->handle = NULL;
    self->store = NULL;
    self->conns = NULL;
    self->conn_count = 0;
}

static void finalize_gateway(napi_env env, void* data, void* hint) {
    gateway* self = data;
    (void)env, (void)hint;
    end(self);
    for (uint32_t i = 0; i < self->line_count; i++) free_text(self->lines[i].text);
    free(self->lines);
    free(self);
}

/* Fields of gw_limits by their names; false for a name that is none. */
static bool set_limit(gw_limits* limits, const char* name, double value) {
#define FIELD(field) \
    if (strcmp(name, #field) == 0) return (limits->field = value, true);
    GW_LIMITS_FIELDS(FIELD)
#undef FIELD
    return false;
}

/* open(config, path, state, [[limit, value], ...]) -> [status, problems, gateway] */
static napi_value open_gateway(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    napi_value out = NULL, handle = NULL;
    gateway* self = calloc(1, sizeof *self);
    if (self == NULL || (self->lines = calloc(LOG_LINES_MAX, sizeof *self->lines)) == NULL ||
        napi_create_external(env, self, finalize_gateway, NULL, &handle) != napi_ok) {
        if (self != NULL) free(self->lines);
        free(self);
        napi_throw_error(env, NULL, "out of memory");
        return NULL;
    }
    gw_str config_text = to_text(env, given.value[0]), path = to_text(env, given.value[1]),
           state = to_text(env, given.value[2]);
    gw_host host = {.size = sizeof host, .user = self, .log = keep_line};
    gw_limits limits = {.size = sizeof limits};
    gw_config_source source = {
        .size = sizeof source, .text = config_text, .path = path, .env = (const char* const*)environ};
    gw_config* config = NULL;
    gw_buf problems = {NULL, 0, NULL};
    uint32_t limit_count = 0;
    gw_status status = GW_OK;
    napi_get_array_length(env, given.value[3], &limit_count);
    for (uint32_t i = 0; i < limit_count; i++) {
        napi_value pair, name, value;
        napi_get_element(env, given.value[3], i, &pair);
        napi_get_element(env, pair, 0, &name);
        napi_get_element(env, pair, 1, &value);
        gw_str text = to_text(env, name);
        if (text.data == NULL || !set_limit(&limits, text.data, to_double(env, value))) status = GW_ERR_ARGUMENT;
        free_text(text);
    }
    if (status == GW_OK) status = gw_config_load(&source, &host, &config, &problems);
    if (status == GW_OK && state.len > 0) status = gw_store_open_directory(&host, state, NULL, &self->store);
    gw_gateway_options options = {.size = sizeof options,
                                  .host = &host,
                                  .config = config,
                                  .limits = &limits,
                                  .store = self->store,
                                  .services = GW_SERVICE_CONNECT | GW_SERVICE_RESOLVE};
    if (status == GW_OK) status = gw_gateway_new(&options, &self->handle);
    gw_config_free(config);
    free_text(config_text);
    free_text(path);
    free_text(state);
    napi_create_array_with_length(env, 3, &out);
    napi_set_element(env, out, 0, number(env, status));
    napi_set_element(env, out, 1, string(env, (gw_str){problems.data, problems.len}));
    napi_set_element(env, out, 2, handle);
    gw_buf_free(&problems);
    return out;
}

static napi_value end_gateway(napi_env env, napi_callback_info info) {
    end(take_arguments(env, info).self);
    return NULL;
}

/* tick(gateway, monotonic ms, unix ms) */
static napi_value tick(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    return number(env, gw_gateway_tick(self->handle, (uint64_t)to_double(env, given.value[1]),
                                       (uint64_t)to_double(env, given.value[2])));
}

/* deadline(gateway) -> monotonic ms, or Infinity */
static napi_value deadline(napi_env env, napi_callback_info info) {
    gateway* self = take_arguments(env, info).self;
    uint64_t at = gw_gateway_next_deadline(self->handle);
    return number(env, at == GW_NEVER ? 1.0 / 0.0 : (double)at);
}

static napi_value shut_down(napi_env env, napi_callback_info info) {
    gateway* self = take_arguments(env, info).self;
    return number(env, gw_gateway_shutdown(self->handle));
}

/* takeLog(gateway) -> [[level, line], ...] */
static napi_value take_log(napi_env env, napi_callback_info info) {
    gateway* self = take_arguments(env, info).self;
    napi_value out = NULL;
    napi_create_array_with_length(env, self->line_count, &out);
    for (uint32_t i = 0; i < self->line_count; i++) {
        napi_value line = NULL;
        napi_create_array_with_length(env, 2, &line);
        napi_set_element(env, line, 0, number(env, self->lines[i].level));
        napi_set_element(env, line, 1, string(env, self->lines[i].text));
        napi_set_element(env, out, i, line);
        free_text(self->lines[i].text);
    }
    self->line_count = 0;
    return out;
}

static napi_value stats(napi_env env, napi_callback_info info) {
    gateway* self = take_arguments(env, info).self;
    gw_stats now = {.size = sizeof now};
    napi_value out = NULL;
    if (gw_gateway_stats(self->handle, &now) != GW_OK || napi_create_object(env, &out) != napi_ok) return NULL;
#define FIELD(field) set(env, out, #field, number(env, (double)now.field));
    GW_STATS_FIELDS(FIELD)
#undef FIELD
    return out;
}

/* --- connections ------------------------------------------------------------------------------------------------- */

/* The number of a connection; 0 for want of memory. */
static uint32_t add_conn(gateway* self, gw_conn* conn) {
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

/* nextEvent(gateway) -> an object with what the type has, or undefined */
static napi_value next_event(napi_env env, napi_callback_info info) {
    gateway* self = take_arguments(env, info).self;
    gw_event event = {.size = sizeof event};
    napi_value out = NULL, ask = NULL, flag = NULL;
    if (gw_gateway_next_event(self->handle, &event) != GW_OK) return NULL;
    napi_create_object(env, &out);
    set(env, out, "type", number(env, event.type));
    if (event.conn != NULL) {
        uint32_t at = (uint32_t)(uintptr_t)gw_conn_user(event.conn);
        if (at == 0 && (at = add_conn(self, event.conn)) == 0) gw_conn_free(event.conn); /* CONNECT */
        set(env, out, "conn", number(env, at));
    }
    if (event.ask != 0 && napi_create_bigint_uint64(env, event.ask, &ask) == napi_ok) set(env, out, "ask", ask);
    if (event.host.len > 0) set(env, out, "host", string(env, event.host));
    if (event.port != 0) set(env, out, "port", number(env, event.port));
    if (event.status != GW_OK) set(env, out, "status", number(env, event.status));
    if (event.abort && napi_get_boolean(env, true, &flag) == napi_ok) set(env, out, "abort", flag);
    return out;
}

/* accept(gateway, address, port) -> the number of a connection, or a status */
static napi_value accept_conn(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str address = to_text(env, given.value[1]);
    gw_peer peer = {.size = sizeof peer, .address = address, .port = (uint32_t)to_double(env, given.value[2])};
    gw_conn* conn = NULL;
    gw_status status = gw_conn_accept(self->handle, &peer, &conn);
    free_text(address);
    if (status != GW_OK) return number(env, status);
    uint32_t at = add_conn(self, conn);
    if (at == 0) gw_conn_free(conn);
    return number(env, at == 0 ? GW_ERR_NO_MEMORY : (double)at);
}

static napi_value conn_recv(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gw_str bytes = to_bytes(env, given.value[2]);
    return number(env, gw_conn_recv(conn_of(given.self, env, given.value[1]), bytes.data, bytes.len));
}

static napi_value conn_eof(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    return number(env, gw_conn_eof(conn_of(given.self, env, given.value[1])));
}

static napi_value conn_opened(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    return number(env, gw_conn_opened(conn_of(given.self, env, given.value[1])));
}

static napi_value conn_failed(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gw_str reason = to_text(env, given.value[2]);
    gw_status status = gw_conn_failed(conn_of(given.self, env, given.value[1]), reason);
    free_text(reason);
    return number(env, status);
}

/* takeOutput(gateway, conn) -> Buffer, or undefined */
static napi_value take_output(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gw_buf out;
    if (gw_conn_take_output(conn_of(given.self, env, given.value[1]), &out) != GW_OK) return NULL;
    napi_value bytes = buffer(env, (gw_str){out.data, out.len});
    gw_buf_free(&out);
    return bytes;
}

static napi_value wants_read(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    napi_value out = NULL;
    napi_get_boolean(env, gw_conn_wants_read(conn_of(given.self, env, given.value[1])), &out);
    return out;
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

/* answer(gateway, ask, status, reason, addresses): of a look-up */
static napi_value answer(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    uint64_t ask = 0;
    uint32_t count = 0;
    bool lossless = false;
    gw_str addresses[16], reason = to_text(env, given.value[3]);
    napi_get_value_bigint_uint64(env, given.value[1], &ask, &lossless);
    napi_get_array_length(env, given.value[4], &count);
    if (count > 16) count = 16;
    for (uint32_t i = 0; i < count; i++) {
        napi_value one = NULL;
        napi_get_element(env, given.value[4], i, &one);
        addresses[i] = to_text(env, one);
    }
    gw_answer said = {.size = sizeof said,
                      .status = (gw_status)to_double(env, given.value[2]),
                      .reason = reason,
                      .addresses = addresses,
                      .address_count = count};
    gw_status status = gw_ask_answer(self->handle, ask, &said);
    for (uint32_t i = 0; i < count; i++) free_text(addresses[i]);
    free_text(reason);
    return number(env, status);
}

/* --- server-sent events, and the rest ---------------------------------------------------------------------------- */

static void finalize_decoder(napi_env env, void* data, void* hint) {
    (void)env, (void)hint;
    gw_sse_decoder_free(data);
}

/* sseNew(bytes) -> decoder, or a status */
static napi_value sse_new(napi_env env, napi_callback_info info) {
    gw_sse_decoder* decoder = NULL;
    napi_value out = NULL;
    gw_status status = gw_sse_decoder_new(NULL, (size_t)to_double(env, take_arguments(env, info).value[0]), &decoder);
    if (status != GW_OK) return number(env, status);
    if (napi_create_external(env, decoder, finalize_decoder, NULL, &out) != napi_ok) gw_sse_decoder_free(decoder);
    return out;
}

/* sseFeed(decoder, bytes, events) -> status; appends what the bytes complete to the array `events` */
static napi_value sse_feed(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gw_str bytes = to_bytes(env, given.value[1]);
    gw_status status = gw_sse_decoder_feed(given.self, bytes.data, bytes.len), next;
    gw_sse_event event = {.size = sizeof event};
    for (uint32_t i = 0; (next = gw_sse_decoder_next(given.self, &event)) == GW_OK; i++) {
        napi_value one = NULL;
        napi_create_object(env, &one);
        set(env, one, "type", string(env, event.type));
        set(env, one, "data", string(env, event.data));
        set(env, one, "id", string(env, event.id));
        set(env, one, "raw", buffer(env, event.raw));
        if (event.has_retry) set(env, one, "retryMs", number(env, event.retry_ms));
        napi_set_element(env, given.value[2], i, one);
    }
    return number(env, status == GW_OK && next < 0 ? next : status);
}

/* describe(status) -> [kind, text] */
static napi_value describe(napi_env env, napi_callback_info info) {
    gw_status status = (gw_status)to_double(env, take_arguments(env, info).value[0]);
    const char* text = gw_strerror(status);
    napi_value out = NULL;
    napi_create_array_with_length(env, 2, &out);
    napi_set_element(env, out, 0, number(env, gw_status_kind(status)));
    napi_set_element(env, out, 1, string(env, (gw_str){text, strlen(text)}));
    return out;
}

NAPI_MODULE_INIT() {
    static const struct {
        const char* name;
        napi_callback call;
    } functions[] = {{"open", open_gateway},  {"end", end_gateway},        {"tick", tick},
                     {"deadline", deadline},  {"shutdown", shut_down},     {"takeLog", take_log},
                     {"stats", stats},        {"nextEvent", next_event},   {"accept", accept_conn},
                     {"recv", conn_recv},     {"eof", conn_eof},           {"opened", conn_opened},
                     {"failed", conn_failed}, {"takeOutput", take_output}, {"wantsRead", wants_read},
                     {"free", free_conn},     {"answer", answer},          {"sseNew", sse_new},
                     {"sseFeed", sse_feed},   {"describe", describe}};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        napi_value function = NULL;
        napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function);
        set(env, exports, functions[i].name, function);
    }
    const char* version = gw_version();
    set(env, exports, "version", string(env, (gw_str){version, strlen(version)}));
    return exports;
}
