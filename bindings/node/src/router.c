/* Tables of routes. */
#include "values.h"

enum { ROUTER_BYTES = 4096 };

static void finalize_router(napi_env env, void* data, void* hint) {
    forget_external(env, hint);
    gw_router_free(data);
}

/* routerNew() -> router, or a status */
static napi_value router_new(napi_env env, napi_callback_info info) {
    gw_router* router = NULL;
    gw_status status = gw_router_new(NULL, &router);
    (void)info;
    return status == GW_OK ? external(env, router, finalize_router, ROUTER_BYTES) : status_value(env, status);
}

/* routerAdd(router, method, pattern, target) */
static napi_value router_add(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gw_str method = to_text(env, given.value[1]), pattern = to_text(env, given.value[2]);
    gw_status status = gw_router_add(given.self, method, pattern, (uint32_t)to_double(env, given.value[3]));
    free_text(method);
    free_text(pattern);
    return status_value(env, status);
}

/* routerMatch(router, method, target) -> [outcome, target, head, [name, value, ...], path, query, allow], or a status
 */
static napi_value router_match(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gw_str method = to_text(env, given.value[1]), target = to_text(env, given.value[2]);
    gw_route_match match = {.size = sizeof match};
    gw_status status = gw_router_match(given.self, method, target, &match);
    napi_value out = NULL, parameters = NULL;
    if (status == GW_OK) {
        napi_create_array_with_length(env, 2 * match.parameter_count, &parameters);
        for (size_t i = 0; i < match.parameter_count; i++) {
            napi_set_element(env, parameters, (uint32_t)(2 * i), string(env, match.parameters[i].name));
            napi_set_element(env, parameters, (uint32_t)(2 * i + 1), string(env, match.parameters[i].value));
        }
        napi_create_array_with_length(env, 7, &out);
        napi_set_element(env, out, 0, status_value(env, (int)match.outcome));
        napi_set_element(env, out, 1, number(env, match.target));
        napi_set_element(env, out, 2, boolean(env, match.head));
        napi_set_element(env, out, 3, parameters);
        napi_set_element(env, out, 4, string(env, match.path));
        napi_set_element(env, out, 5, string(env, match.query));
        napi_set_element(env, out, 6, string(env, match.allow));
    }
    free_text(method);
    free_text(target);
    return status == GW_OK ? out : status_value(env, status);
}

const function router_functions[] = {
    {"routerNew", router_new}, {"routerAdd", router_add}, {"routerMatch", router_match}, {NULL, NULL}};
