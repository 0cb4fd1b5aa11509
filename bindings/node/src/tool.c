/* Tools that the program runs: calls, by their ids. */
#include "gateway.h"

/* addTool(gateway, name, description, schema, flags) */
static napi_value add_tool(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str name = to_text(env, given.value[1]), description = to_text(env, given.value[2]),
           schema = to_text(env, given.value[3]);
    gw_status status =
        gw_gateway_add_tool(self->handle, name, description, schema, (uint32_t)to_double(env, given.value[4]));
    free_text(name);
    free_text(description);
    free_text(schema);
    return status_value(env, status);
}

/* toolProgress(gateway, call, text) */
static napi_value tool_progress(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str text = to_text(env, given.value[2]);
    gw_status status = gw_tool_progress(self->handle, to_id(env, given.value[1]), text);
    free_text(text);
    return status_value(env, status);
}

/* toolResult(gateway, call, text, whether it is an error) */
static napi_value tool_result(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gateway* self = given.self;
    gw_str text = to_text(env, given.value[2]);
    gw_status status = gw_tool_result(self->handle, to_id(env, given.value[1]), text, to_bool(env, given.value[3]));
    free_text(text);
    return status_value(env, status);
}

const function tool_functions[] = {
    {"addTool", add_tool}, {"toolProgress", tool_progress}, {"toolResult", tool_result}, {NULL, NULL}};
