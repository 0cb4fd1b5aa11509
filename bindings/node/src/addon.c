/* The addon: all functions on one object, and what they share with JavaScript. Loaded once by each thread. */
#include "values.h"

/* describe(status) -> [kind, text] */
static napi_value describe(napi_env env, napi_callback_info info) {
    gw_status status = (gw_status)to_double(env, take_arguments(env, info).value[0]);
    const char* text = gw_strerror(status);
    napi_value out = NULL;
    napi_create_array_with_length(env, 2, &out);
    napi_set_element(env, out, 0, status_value(env, (int)gw_status_kind(status)));
    napi_set_element(env, out, 1, string(env, (gw_str){text, strlen(text)}));
    return out;
}

/* newArena() -> a Buffer for the short results to come; the one before belongs to those that are parts of it */
static napi_value new_arena(napi_env env, napi_callback_info info) {
    addon* self = addon_of(env);
    void* at = NULL;
    napi_value bytes = NULL;
    (void)info;
    if (napi_create_buffer(env, ARENA_BYTES, &at, &bytes) != napi_ok) return NULL;
    if (self->keep[0] != NULL) napi_delete_reference(env, self->keep[0]);
    napi_create_reference(env, bytes, 1, &self->keep[0]);
    self->arena = at;
    self->arena_used = 0;
    return bytes;
}

static const function own_functions[] = {{"describe", describe}, {"newArena", new_arena}, {NULL, NULL}};

static void add(napi_env env, napi_value exports, const function* table) {
    for (; table->name != NULL; table++) {
        napi_value made = NULL;
        napi_create_function(env, table->name, NAPI_AUTO_LENGTH, table->call, NULL, &made);
        set(env, exports, table->name, made);
    }
}

/* The memory goes with the thread: its Buffers are kept until then. */
static void finalize_addon(napi_env env, void* data, void* hint) {
    addon* self = data;
    (void)env, (void)hint;
    free(self);
}

NAPI_MODULE_INIT() {
    const function* tables[] = {own_functions,       gateway_functions, conn_functions,   request_functions,
                                inspector_functions, sse_functions,     router_functions, run_functions,
                                tool_functions,      method_functions};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) add(env, exports, tables[i]);
    addon* self = calloc(1, sizeof *self);
    napi_value numbers = NULL, view = NULL;
    void* at = NULL;
    if (self == NULL || napi_set_instance_data(env, self, finalize_addon, NULL) != napi_ok) {
        free(self);
        napi_throw_error(env, NULL, "out of memory");
        return NULL;
    }
    if (napi_create_arraybuffer(env, 4 * sizeof(double), &at, &numbers) != napi_ok) return NULL;
    self->numbers = at;
    napi_create_typedarray(env, napi_float64_array, 4, numbers, 0, &view);
    napi_create_reference(env, view, 1, &self->keep[1]);
    set(env, exports, "numbers", view);
    const char* version = gw_version();
    set(env, exports, "version", string(env, (gw_str){version, strlen(version)}));
    return exports;
}
