/* Agents that the program answers for: runs, by their ids. */
#include "gateway.h"

/* agent(gateway, id) */
static napi_value add_agent(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str id = to_text(env, given.value[1]);
    gw_status status = gw_gateway_agent(self->handle, id);
    free_text(id);
    return status_value(env, status);
}

/* runRequest(gateway, run) -> JSON, or undefined when it is gone */
static napi_value run_request(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str json = {NULL, 0};
    return gw_run_request(self->handle, to_id(env, given.value[1]), &json) == GW_OK ? string(env, json) : NULL;
}

/* runDelta(gateway, run, kind, string or bytes) */
static napi_value run_delta(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    napi_valuetype type = napi_undefined;
    napi_typeof(env, given.value[3], &type);
    gw_str text = type == napi_string ? to_text(env, given.value[3]) : to_bytes(env, given.value[3]);
    gw_status status =
        gw_run_delta(self->handle, to_id(env, given.value[1]), (gw_run_text)to_double(env, given.value[2]), text);
    if (type == napi_string) free_text(text);
    return status_value(env, status);
}

/* runToolCall(gateway, run, id, tool, arguments) */
static napi_value run_tool_call(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str id = to_text(env, given.value[2]), tool = to_text(env, given.value[3]), json = to_text(env, given.value[4]);
    gw_status status = gw_run_tool_call(self->handle, to_id(env, given.value[1]), id, tool, json);
    free_text(id);
    free_text(tool);
    free_text(json);
    return status_value(env, status);
}

/* runEnd(gateway, run, stop, input tokens, cached, output); input below 0: not known */
static napi_value run_end(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    const double input = to_double(env, given.value[3]);
    gw_run_usage usage = {.size = sizeof usage,
                          .input_tokens = input < 0 ? 0 : (uint64_t)input,
                          .cached_tokens = (uint64_t)to_double(env, given.value[4]),
                          .output_tokens = (uint64_t)to_double(env, given.value[5])};
    return status_value(env, gw_run_end(self->handle, to_id(env, given.value[1]),
                                        (gw_run_stop)to_double(env, given.value[2]), input < 0 ? NULL : &usage));
}

/* runFail(gateway, run, message) */
static napi_value run_fail(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str message = to_text(env, given.value[2]);
    gw_status status = gw_run_fail(self->handle, to_id(env, given.value[1]), message);
    free_text(message);
    return status_value(env, status);
}

const function run_functions[] = {{"agent", add_agent},
                                  {"runRequest", run_request},
                                  {"runDelta", run_delta},
                                  {"runToolCall", run_tool_call},
                                  {"runEnd", run_end},
                                  {"runFail", run_fail},
                                  {NULL, NULL}};
