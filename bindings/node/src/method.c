/* Methods of the gateway protocol that the program answers, and events that it sends. */
#include "gateway.h"

/* addMethod(gateway, name, scope, schema, timeout ms) */
static napi_value add_method(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str name = to_text(env, given.value[1]), scope = to_text(env, given.value[2]),
           schema = to_text(env, given.value[3]);
    gw_status status =
        gw_gateway_add_method(self->handle, name, scope, schema, (uint32_t)to_double(env, given.value[4]));
    free_text(name);
    free_text(scope);
    free_text(schema);
    return status_value(env, status);
}

/* methodAnswer(gateway, call, payload) */
static napi_value method_answer(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str payload = to_text(env, given.value[2]);
    gw_status status = gw_method_answer(self->handle, to_id(env, given.value[1]), payload);
    free_text(payload);
    return status_value(env, status);
}

/* methodFail(gateway, call, code, message, details) */
static napi_value method_fail(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str code = to_text(env, given.value[2]), message = to_text(env, given.value[3]),
           details = to_text(env, given.value[4]);
    gw_status status = gw_method_fail(self->handle, to_id(env, given.value[1]), code, message, details);
    free_text(code);
    free_text(message);
    free_text(details);
    return status_value(env, status);
}

/* addEvent(gateway, name, scope, flags) */
static napi_value add_event(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str name = to_text(env, given.value[1]), scope = to_text(env, given.value[2]);
    gw_status status = gw_gateway_add_event(self->handle, name, scope, (uint32_t)to_double(env, given.value[3]));
    free_text(name);
    free_text(scope);
    return status_value(env, status);
}

/* emit(gateway, name, payload, client or 0n) */
static napi_value emit(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str name = to_text(env, given.value[1]), payload = to_text(env, given.value[2]);
    gw_status status = gw_gateway_emit(self->handle, name, payload, to_id(env, given.value[3]));
    free_text(name);
    free_text(payload);
    return status_value(env, status);
}

const function method_functions[] = {{"addMethod", add_method},
                                     {"methodAnswer", method_answer},
                                     {"methodFail", method_fail},
                                     {"addEvent", add_event},
                                     {"emit", emit},
                                     {NULL, NULL}};
