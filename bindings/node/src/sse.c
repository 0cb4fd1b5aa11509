/* Server-sent events, both ways. */
#include "values.h"

enum { DECODER_BYTES = 1024, ROOM_BYTES = 1024 };

static void finalize_decoder(napi_env env, void* data, void* hint) {
    forget_external(env, hint);
    gw_sse_decoder_free(data);
}

/* sseNew(bytes) -> decoder, or a status */
static napi_value sse_new(napi_env env, napi_callback_info info) {
    gw_sse_decoder* decoder = NULL;
    gw_status status = gw_sse_decoder_new(NULL, (size_t)to_double(env, take_arguments(env, info).value[0]), &decoder);
    return status == GW_OK ? external(env, decoder, finalize_decoder, DECODER_BYTES) : status_value(env, status);
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
    return status_value(env, status == GW_OK && next < 0 ? next : status);
}

static napi_value sse_rest(napi_env env, napi_callback_info info) {
    return buffer(env, gw_sse_decoder_rest(take_arguments(env, info).self));
}

/* sseEncode(type, data, id, retry ms) -> Buffer, or a status; below 0: no retry field */
static napi_value sse_encode(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    gw_str type = to_text(env, given.value[0]), data = to_text(env, given.value[1]), id = to_text(env, given.value[2]);
    double retry = to_double(env, given.value[3]);
    gw_sse_event event = {.size = sizeof event,
                          .type = type,
                          .data = data,
                          .id = id,
                          .retry_ms = retry < 0 ? 0 : (uint32_t)retry,
                          .has_retry = retry >= 0};
    char room[ROOM_BYTES]; /* most events fit */
    gw_buf out = {NULL, 0, NULL};
    size_t len = 0;
    gw_status status = gw_sse_encode_into(&event, room, sizeof room, &len);
    napi_value bytes = NULL;
    if (status == GW_OK) bytes = buffer(env, (gw_str){room, len});
    if (status == GW_ERR_LIMIT && (status = gw_sse_encode(NULL, &event, &out)) == GW_OK) bytes = buffer_of(env, &out);
    free_text(type);
    free_text(data);
    free_text(id);
    return status == GW_OK ? bytes : status_value(env, status);
}

/* sseComment(text) -> Buffer, or a status */
static napi_value sse_comment(napi_env env, napi_callback_info info) {
    gw_str text = to_text(env, take_arguments(env, info).value[0]);
    gw_buf out = {NULL, 0, NULL};
    gw_status status = gw_sse_encode_comment(NULL, text, &out);
    free_text(text);
    return status == GW_OK ? buffer_of(env, &out) : status_value(env, status);
}

const function sse_functions[] = {{"sseNew", sse_new},       {"sseFeed", sse_feed},       {"sseRest", sse_rest},
                                  {"sseEncode", sse_encode}, {"sseComment", sse_comment}, {NULL, NULL}};
