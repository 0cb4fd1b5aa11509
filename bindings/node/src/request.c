/* Requests of routes that the program answers, by their ids. */
#include "gateway.h"

enum { FIELDS_MAX = 24 };

/* route(gateway, method, pattern, number, flags, body bytes) */
static napi_value add_route(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str method = to_text(env, given.value[1]), pattern = to_text(env, given.value[2]);
    gw_status status =
        gw_gateway_route(self->handle, method, pattern, (uint32_t)to_double(env, given.value[3]),
                         (uint32_t)to_double(env, given.value[4]), (uint64_t)to_double(env, given.value[5]));
    free_text(method);
    free_text(pattern);
    return status_value(env, status);
}

/* readRequest(gateway, request) -> [method, path, query, body], or undefined when it is gone */
static napi_value read_request(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_request_id id = to_id(env, given.value[1]);
    gw_str method, path, query, body;
    napi_value out = NULL;
    if (gw_request_method(self->handle, id, &method) != GW_OK || gw_request_path(self->handle, id, &path) != GW_OK ||
        gw_request_query(self->handle, id, &query) != GW_OK || gw_request_body(self->handle, id, &body) != GW_OK)
        return NULL;
    napi_create_array_with_length(env, 4, &out);
    napi_set_element(env, out, 0, string(env, method));
    napi_set_element(env, out, 1, string(env, path));
    napi_set_element(env, out, 2, string(env, query));
    napi_set_element(env, out, 3, buffer(env, body));
    return out;
}

/* A header or parameter as a string, or undefined. */
static napi_value ask(napi_env env, napi_callback_info info,
                      gw_status (*question)(gw_gateway*, gw_request_id, gw_str, gw_str*)) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str name = to_text(env, given.value[2]), out = {NULL, 0};
    gw_status status = question(self->handle, to_id(env, given.value[1]), name, &out);
    free_text(name);
    return status != GW_OK || out.data == NULL ? NULL : string(env, out);
}

static napi_value header(napi_env env, napi_callback_info info) { return ask(env, info, gw_request_header); }
static napi_value parameter(napi_env env, napi_callback_info info) { return ask(env, info, gw_request_parameter); }

/* respond(gateway, request, status, [name, value, ...], length); a length below 0 is not known */
static napi_value respond(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    uint32_t count = 0;
    gw_str* texts = to_texts(env, given.value[3], &count);
    gw_field fields[FIELDS_MAX];
    double length = to_double(env, given.value[4]);
    gw_status status = texts == NULL ? GW_ERR_NO_MEMORY : count > 2 * FIELDS_MAX ? GW_ERR_ARGUMENT : GW_OK;
    for (uint32_t i = 0; status == GW_OK && i + 1 < count; i += 2) fields[i / 2] = (gw_field){texts[i], texts[i + 1]};
    if (status == GW_OK)
        status = gw_response_start(self->handle, to_id(env, given.value[1]), (int)to_double(env, given.value[2]),
                                   fields, count / 2, length < 0 ? GW_LENGTH_UNKNOWN : (uint64_t)length);
    free_texts(texts, count);
    return status_value(env, status);
}

static napi_value write_response(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str bytes = to_bytes(env, given.value[2]);
    return status_value(env, gw_response_write(self->handle, to_id(env, given.value[1]), bytes.data, bytes.len));
}

static napi_value end_response(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    return status_value(env, gw_response_end(self->handle, to_id(env, given.value[1])));
}

static napi_value abort_response(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    return status_value(env, gw_response_abort(self->handle, to_id(env, given.value[1])));
}

/* user(gateway, request) -> [user, scopes], as the program itself said; or undefined when it is gone */
static napi_value user(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_request_id id = to_id(env, given.value[1]);
    gw_str name, scopes;
    napi_value out = NULL;
    if (gw_request_user(self->handle, id, &name) != GW_OK || gw_request_scopes(self->handle, id, &scopes) != GW_OK)
        return NULL;
    napi_create_array_with_length(env, 2, &out);
    napi_set_element(env, out, 0, string(env, name));
    napi_set_element(env, out, 1, string(env, scopes));
    return out;
}

const function request_functions[] = {{"user", user},
                                      {"route", add_route},
                                      {"readRequest", read_request},
                                      {"header", header},
                                      {"parameter", parameter},
                                      {"respond", respond},
                                      {"writeResponse", write_response},
                                      {"endResponse", end_response},
                                      {"abortResponse", abort_response},
                                      {NULL, NULL}};
