/* What the files of the addon share: arguments in, values out, and the tables that addon.c puts together.
 *
 *     the scripts of lib/  ->  one function of a table  ->  gw_...()  ->  a number, a string, a Buffer, an array
 *
 * The C ABI for JavaScript and nothing more: no callback into a script, no sockets, no policy. Errors go back as their
 * gw_status; lib/errors.js makes exceptions of them. */
#ifndef GATEWAY_NODE_VALUES_H
#define GATEWAY_NODE_VALUES_H

#define NAPI_VERSION 8
#include <gateway/gateway.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 11, ARENA_BYTES = 16384 };

/* One function of the addon; a table ends with an entry without a name. */
typedef struct function {
    const char* name;
    napi_callback call;
} function;

extern const function gateway_functions[], conn_functions[], request_functions[], inspector_functions[],
    sse_functions[], router_functions[], run_functions[], tool_functions[], method_functions[];

/* What every thread that loads the addon has of its own. */
typedef struct addon {
    unsigned char* arena; /* ARENA_BYTES that JavaScript sees as a Buffer: short results are parts of it */
    size_t arena_used;
    double* numbers;  /* a few numbers beside a result, likewise */
    napi_ref keep[2]; /* their Buffers */
} addon;

typedef struct arguments {
    napi_value value[ARGUMENTS_MAX];
    void* self; /* what the first one, an external, holds */
} arguments;

static inline arguments take_arguments(napi_env env, napi_callback_info info) {
    arguments out = {.self = NULL};
    size_t count = ARGUMENTS_MAX;
    napi_get_cb_info(env, info, &count, out.value, NULL, NULL);
    napi_get_value_external(env, out.value[0], &out.self); /* leaves NULL when it is none */
    return out;
}

static inline addon* addon_of(napi_env env) {
    void* data = NULL;
    napi_get_instance_data(env, &data);
    return data;
}

/* --- values ------------------------------------------------------------------------------------------------------ */

static inline napi_value number(napi_env env, double value) {
    napi_value out = NULL;
    napi_create_double(env, value, &out);
    return out;
}

static inline napi_value status_value(napi_env env, int status) {
    napi_value out = NULL;
    napi_create_int32(env, status, &out);
    return out;
}

static inline napi_value boolean(napi_env env, bool value) {
    napi_value out = NULL;
    napi_get_boolean(env, value, &out);
    return out;
}

static inline napi_value string(napi_env env, gw_str text) {
    napi_value out = NULL;
    napi_create_string_utf8(env, text.len > 0 ? text.data : "", text.len, &out);
    return out;
}

static inline napi_value buffer(napi_env env, gw_str bytes) {
    napi_value out = NULL;
    napi_create_buffer_copy(env, bytes.len, bytes.data, NULL, &out);
    return out;
}

/* The bytes as a Buffer; `from` is given back. */
static inline napi_value buffer_of(napi_env env, gw_buf* from) {
    napi_value out = buffer(env, (gw_str){from->data, from->len});
    gw_buf_free(from);
    return out;
}

static inline void set(napi_env env, napi_value object, const char* name, napi_value value) {
    napi_set_named_property(env, object, name, value);
}

static inline double to_double(napi_env env, napi_value value) {
    double out = 0;
    napi_get_value_double(env, value, &out);
    return out;
}

static inline bool is_given(napi_env env, napi_value value) {
    napi_valuetype type = napi_undefined;
    napi_typeof(env, value, &type);
    return type != napi_undefined;
}

static inline bool to_bool(napi_env env, napi_value value) {
    bool out = false;
    napi_get_value_bool(env, value, &out);
    return out;
}

static inline uint64_t to_id(napi_env env, napi_value value) {
    uint64_t out = 0;
    bool lossless = false;
    napi_get_value_bigint_uint64(env, value, &out, &lossless);
    return out;
}

/* A string in memory of its own, with a NUL behind it; freed with free_text(). */
static inline gw_str to_text(napi_env env, napi_value value) {
    size_t len = 0;
    if (napi_get_value_string_utf8(env, value, NULL, 0, &len) != napi_ok) return (gw_str){NULL, 0};
    char* data = malloc(len + 1);
    if (data == NULL) return (gw_str){NULL, 0};
    napi_get_value_string_utf8(env, value, data, len + 1, &len);
    return (gw_str){data, len};
}

static inline void free_text(gw_str text) { free((void*)(uintptr_t)text.data); }

/* The bytes of a Buffer or Uint8Array, borrowed for this call. */
static inline gw_str to_bytes(napi_env env, napi_value value) {
    void* data = NULL;
    size_t len = 0;
    if (napi_get_buffer_info(env, value, &data, &len) != napi_ok) return (gw_str){NULL, 0};
    return (gw_str){data, len};
}

/* An array of strings, each in memory of its own; freed with free_texts(). NULL for want of memory. */
static inline gw_str* to_texts(napi_env env, napi_value array, uint32_t* count) {
    *count = 0;
    napi_get_array_length(env, array, count);
    gw_str* out = calloc((size_t)*count + 1, sizeof *out);
    for (uint32_t i = 0; out != NULL && i < *count; i++) {
        napi_value one = NULL;
        napi_get_element(env, array, i, &one);
        out[i] = to_text(env, one);
    }
    return out;
}

static inline void free_texts(gw_str* texts, uint32_t count) {
    for (uint32_t i = 0; texts != NULL && i < count; i++) free_text(texts[i]);
    free(texts);
}

/* An external that `finalize` ends; NULL, and `data` ended, when there is no memory for one. `bytes` is about what it
 * keeps outside of the heap that the collector knows. */
static inline napi_value external(napi_env env, void* data, napi_finalize finalize, int64_t bytes) {
    napi_value out = NULL;
    int64_t known = 0;
    if (napi_create_external(env, data, finalize, (void*)(intptr_t)bytes, &out) != napi_ok) {
        finalize(env, data, NULL);
        return NULL;
    }
    napi_adjust_external_memory(env, bytes, &known);
    return out;
}

/* For the finalizer of external(): what it kept is gone. */
static inline void forget_external(napi_env env, void* hint) {
    int64_t known = 0;
    napi_adjust_external_memory(env, -(int64_t)(intptr_t)hint, &known);
}

#endif /* GATEWAY_NODE_VALUES_H */
