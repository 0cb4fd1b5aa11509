/* Gateways: made, told the time, asked what to do, ended. */
#include "gateway.h"

#include "fields.h"

enum { LOG_LINES_MAX = 1000, GATEWAY_BYTES = 1 << 18 };

/* The library calls this from inside any call: it only takes notes. */
static void keep_line(void* user, gw_log_level level, gw_str line) {
    gateway* self = user;
    if (self->line_count == LOG_LINES_MAX) return;
    char* copy = malloc(line.len + 1);
    if (copy == NULL) return;
    memcpy(copy, line.data, line.len);
    self->lines[self->line_count++] = (log_line){level, {copy, line.len}};
}

/* For replays: the same bytes in every language (examples/record_replay.c). Never for a gateway that anybody talks to.
 */
static bool replayed_random(void* user, void* out, size_t len) {
    gateway* self = user;
    for (size_t i = 0; i < len; i++)
        ((unsigned char*)out)[i] = (unsigned char)((self->random = self->random * 6364136223846793005U + 1) >> 56);
    return true;
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
    forget_external(env, hint);
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

static gw_status read_limits(napi_env env, napi_value pairs, gw_limits* limits) {
    uint32_t count = 0;
    gw_status status = GW_OK;
    napi_get_array_length(env, pairs, &count);
    for (uint32_t i = 0; i < count; i++) {
        napi_value pair = NULL, name = NULL, value = NULL;
        napi_get_element(env, pairs, i, &pair);
        napi_get_element(env, pair, 0, &name);
        napi_get_element(env, pair, 1, &value);
        gw_str text = to_text(env, name);
        if (text.data == NULL || !set_limit(limits, text.data, to_double(env, value))) status = GW_ERR_ARGUMENT;
        free_text(text);
    }
    return status;
}

/* open(config, path, environment, state, [[limit, value], ...], services, records, seed, port, address)
 * -> [status, problems, gateway]. `environment` is an array of "NAME=value"; a seed that is not 0 replays. */
static napi_value open_gateway(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    napi_value out = NULL, handle = NULL;
    gateway* self = calloc(1, sizeof *self);
    if (self != NULL && (self->lines = calloc(LOG_LINES_MAX, sizeof *self->lines)) == NULL) {
        free(self);
        self = NULL;
    }
    if (self == NULL || (handle = external(env, self, finalize_gateway, GATEWAY_BYTES)) == NULL) {
        napi_throw_error(env, NULL, "out of memory");
        return NULL;
    }
    uint32_t name_count = 0;
    gw_str config_text = to_text(env, given.value[0]), path = to_text(env, given.value[1]),
           state = to_text(env, given.value[3]), address = to_text(env, given.value[9]);
    gw_str* names = to_texts(env, given.value[2], &name_count);
    const char** environment = calloc((size_t)name_count + 1, sizeof *environment);
    self->random = (uint64_t)to_double(env, given.value[7]);
    gw_host host = {.size = sizeof host, .user = self, .log = keep_line};
    if (self->random != 0) host.random = replayed_random;
    gw_limits limits = {.size = sizeof limits};
    gw_config* config = NULL;
    gw_buf problems = {NULL, 0, NULL};
    gw_status status =
        names == NULL || environment == NULL ? GW_ERR_NO_MEMORY : read_limits(env, given.value[4], &limits);
    if (status == GW_OK) {
        for (uint32_t i = 0, at = 0; i < name_count; i++)
            if (names[i].data != NULL) environment[at++] = names[i].data;
        gw_config_source source = {.size = sizeof source,
                                   .text = config_text,
                                   .path = path,
                                   .env = environment,
                                   .port = (int32_t)to_double(env, given.value[8]),
                                   .address = address};
        status = gw_config_load(&source, &host, &config, &problems);
    }
    if (status == GW_OK && state.len > 0) status = gw_store_open_directory(&host, state, NULL, &self->store);
    gw_gateway_options options = {.size = sizeof options,
                                  .host = &host,
                                  .config = config,
                                  .limits = &limits,
                                  .store = self->store,
                                  .services = (uint32_t)to_double(env, given.value[5]),
                                  .records = to_bool(env, given.value[6])};
    if (status == GW_OK) status = gw_gateway_new(&options, &self->handle);
    gw_config_free(config);
    free_text(config_text);
    free_text(path);
    free_text(state);
    free_text(address);
    free_texts(names, name_count);
    free(environment);
    napi_create_array_with_length(env, 3, &out);
    napi_set_element(env, out, 0, status_value(env, status));
    napi_set_element(env, out, 1, string(env, (gw_str){problems.data, problems.len}));
    napi_set_element(env, out, 2, handle);
    gw_buf_free(&problems);
    return out;
}

static napi_value end_gateway(napi_env env, napi_callback_info info) {
    end(take_arguments(env, info).self);
    return NULL;
}

/* tick(gateway, monotonic ms[, unix ms]) */
static napi_value tick(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    uint64_t unix_ms = is_given(env, given.value[2]) ? (uint64_t)to_double(env, given.value[2]) : GW_SYSTEM_TIME;
    return status_value(env, gw_gateway_tick(self->handle, (uint64_t)to_double(env, given.value[1]), unix_ms));
}

/* deadline(gateway) -> monotonic ms, or Infinity */
static napi_value deadline(napi_env env, napi_callback_info info) {
    gateway* self = take_arguments(env, info).self;
    uint64_t at = gw_gateway_next_deadline(self->handle);
    return number(env, at == GW_NEVER ? 1.0 / 0.0 : (double)at);
}

static napi_value shut_down(napi_env env, napi_callback_info info) {
    gateway* self = take_arguments(env, info).self;
    return status_value(env, gw_gateway_shutdown(self->handle));
}

static napi_value restart(napi_env env, napi_callback_info info) {
    gateway* self = take_arguments(env, info).self;
    return status_value(env, gw_gateway_restart(self->handle));
}

/* takeLog(gateway) -> [[level, line], ...], or undefined when there is nothing */
static napi_value take_log(napi_env env, napi_callback_info info) {
    gateway* self = take_arguments(env, info).self;
    napi_value out = NULL;
    if (self->line_count == 0) return NULL;
    napi_create_array_with_length(env, self->line_count, &out);
    for (uint32_t i = 0; i < self->line_count; i++) {
        napi_value line = NULL;
        napi_create_array_with_length(env, 2, &line);
        napi_set_element(env, line, 0, status_value(env, (int)self->lines[i].level));
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

static void set_id(napi_env env, napi_value object, const char* name, uint64_t id) {
    napi_value value = NULL;
    if (id != 0 && napi_create_bigint_uint64(env, id, &value) == napi_ok) set(env, object, name, value);
}

static napi_value words(napi_env env, const gw_str* texts, size_t count) {
    napi_value out = NULL;
    napi_create_array_with_length(env, count, &out);
    for (size_t i = 0; i < count; i++) napi_set_element(env, out, (uint32_t)i, string(env, texts[i]));
    return out;
}

/* nextEvent(gateway) -> an object with what the type has, or undefined */
static napi_value next_event(napi_env env, napi_callback_info info) {
    gateway* self = take_arguments(env, info).self;
    gw_event event = {.size = sizeof event};
    napi_value out = NULL;
    if (gw_gateway_next_event(self->handle, &event) != GW_OK) return NULL;
    napi_create_object(env, &out);
    set(env, out, "type", status_value(env, (int)event.type));
    if (event.conn != NULL) {
        uint32_t at = (uint32_t)(uintptr_t)gw_conn_user(event.conn);
        if (at == 0 && (at = add_conn(self, event.conn)) == 0) gw_conn_free(event.conn); /* CONNECT */
        set(env, out, "conn", number(env, at));
    }
    set_id(env, out, "ask", event.ask);
    set_id(env, out, "request", event.request);
    set_id(env, out, "run", event.run);
    set_id(env, out, "call", event.call);
    set_id(env, out, "client", event.client);
    if (event.tool.len > 0) set(env, out, "tool", string(env, event.tool));
    if (event.method.len > 0) set(env, out, "method", string(env, event.method));
    if (event.caller.len > 0) set(env, out, "caller", string(env, event.caller));
    if (event.agent.len > 0) set(env, out, "agent", string(env, event.agent));
    if (event.session.len > 0) set(env, out, "session", string(env, event.session));
    if (event.model.len > 0) set(env, out, "model", string(env, event.model));
    if (event.host.len > 0) set(env, out, "host", string(env, event.host));
    if (event.port != 0) set(env, out, "port", number(env, event.port));
    if (event.type == GW_EVENT_LISTEN || event.type == GW_EVENT_REQUEST)
        set(env, out, "listener", number(env, event.listener));
    if (event.data.len > 0) {
        bool text = event.type == GW_EVENT_READY || event.type == GW_EVENT_RECORD || event.type == GW_EVENT_AUTH ||
                    event.type == GW_EVENT_TOOL_CALL || event.type == GW_EVENT_METHOD_CALL ||
                    event.type == GW_EVENT_OPINION;
        set(env, out, "data", text ? string(env, event.data) : buffer(env, event.data));
    }
    if (event.argc > 0) {
        set(env, out, "argv", words(env, event.argv, event.argc));
        set(env, out, "env", words(env, event.env, event.envc));
    }
    if (event.timeout_ms != 0) set(env, out, "timeoutMs", number(env, event.timeout_ms));
    if (event.output_bytes_max != 0) set(env, out, "outputBytesMax", number(env, (double)event.output_bytes_max));
    if (event.status != GW_OK) set(env, out, "status", status_value(env, event.status));
    if (event.restart) set(env, out, "restart", boolean(env, true));
    if (event.abort) set(env, out, "abort", boolean(env, true));
    return out;
}

/* answer(gateway, ask, status, reason, addresses, port, exit code, data, user, scopes, more) */
static napi_value answer(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    uint32_t count = 0;
    gw_str reason = to_text(env, given.value[3]), user = to_text(env, given.value[8]),
           scopes = to_text(env, given.value[9]);
    gw_str* addresses = to_texts(env, given.value[4], &count);
    gw_answer said = {.size = sizeof said,
                      .status = (gw_status)to_double(env, given.value[2]),
                      .reason = reason,
                      .addresses = addresses,
                      .address_count = addresses == NULL ? 0 : count,
                      .address = addresses == NULL || count == 0 ? (gw_str){NULL, 0} : addresses[0],
                      .port = (uint32_t)to_double(env, given.value[5]),
                      .exit_code = (int32_t)to_double(env, given.value[6]),
                      .data = to_bytes(env, given.value[7]),
                      .user = user,
                      .scopes = scopes,
                      .more = to_bool(env, given.value[10])};
    gw_status status = gw_ask_answer(self->handle, to_id(env, given.value[1]), &said);
    free_texts(addresses, count);
    free_text(reason);
    free_text(user);
    free_text(scopes);
    return status_value(env, status);
}

const function gateway_functions[] = {
    {"restart", restart},      {"open", open_gateway},  {"end", end_gateway},  {"tick", tick},
    {"deadline", deadline},    {"shutdown", shut_down}, {"takeLog", take_log}, {"stats", stats},
    {"nextEvent", next_event}, {"answer", answer},      {NULL, NULL}};
