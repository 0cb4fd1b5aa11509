/* Rule sets, and texts under inspection.
 *
 *     rules: gw_ruleset + gw_scanner of this thread, counted  <---  text: gw_inspector
 *
 * The collector may end them in any order: a text keeps its rules. */
#include "values.h"

enum { RULES_BYTES = 4 << 20, TEXT_BYTES = 16 << 10 };

typedef struct rules {
    gw_ruleset* set;
    gw_scanner* scanner;
    uint32_t references; /* one thread's, as the scanner is */
} rules;

typedef struct text {
    rules* from;
    gw_inspector* handle; /* NULL once it has ended */
    uint64_t size;        /* bytes fed */
} text;

static void release(rules* self) {
    if (--self->references > 0) return;
    gw_scanner_free(self->scanner);
    gw_ruleset_free(self->set);
    free(self);
}

static void finalize_rules(napi_env env, void* data, void* hint) {
    forget_external(env, hint);
    release(data);
}

static void finalize_text(napi_env env, void* data, void* hint) {
    text* self = data;
    forget_external(env, hint);
    gw_inspector_free(self->handle);
    release(self->from);
    free(self);
}

/* compileRules([name, bytes, ...], default pack, profile, block from, mask all) -> [status, problems, rules, count,
 * fingerprint] */
static napi_value compile_rules(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    uint32_t count = 0;
    napi_get_array_length(env, given.value[0], &count);
    gw_rule_file* files = calloc((size_t)count / 2 + 1, sizeof *files);
    rules* self = calloc(1, sizeof *self);
    gw_buf problems = {NULL, 0, NULL};
    gw_status status = files == NULL || self == NULL ? GW_ERR_NO_MEMORY : GW_OK;
    for (uint32_t i = 0; status == GW_OK && i + 1 < count; i += 2) {
        napi_value name = NULL, bytes = NULL;
        napi_get_element(env, given.value[0], i, &name);
        napi_get_element(env, given.value[0], i + 1, &bytes);
        files[i / 2] = (gw_rule_file){to_text(env, name), to_bytes(env, bytes)};
    }
    if (status == GW_OK) {
        gw_ruleset_options options = {.size = sizeof options,
                                      .files = files,
                                      .file_count = count / 2,
                                      .no_default_pack = !to_bool(env, given.value[1]),
                                      .profile = (gw_profile)to_double(env, given.value[2]),
                                      .block_from = (gw_severity)to_double(env, given.value[3]),
                                      .mask_all = to_bool(env, given.value[4]),
                                      .public_openings = to_bool(env, given.value[5])};
        status = gw_ruleset_compile(&options, NULL, &self->set, &problems);
    }
    if (status == GW_OK) status = gw_scanner_new(self->set, NULL, 0, &self->scanner);
    for (uint32_t i = 0; files != NULL && i < count / 2; i++) free_text(files[i].name);
    free(files);

    napi_value out = NULL;
    napi_create_array_with_length(env, 5, &out);
    napi_set_element(env, out, 0, status_value(env, status));
    napi_set_element(env, out, 1, string(env, (gw_str){problems.data, problems.len}));
    gw_buf_free(&problems);
    if (status != GW_OK) {
        if (self != NULL) gw_ruleset_free(self->set);
        free(self);
        return out;
    }
    self->references = 1;
    napi_set_element(env, out, 3, number(env, (double)gw_ruleset_count(self->set)));
    napi_set_element(env, out, 4, string(env, gw_ruleset_fingerprint(self->set)));
    napi_set_element(env, out, 2, external(env, self, finalize_rules, RULES_BYTES));
    return out;
}

/* textNew(rules, direction, mode, [tool, path, host], confirm from, hold bytes, hold ms, flags) -> text, or a status
 * Flags: 1 release at the limit, 2 raw only. */
static napi_value text_new(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    rules* from = given.self;
    uint32_t count = 0;
    gw_str* names = to_texts(env, given.value[3], &count);
    text* self = calloc(1, sizeof *self);
    uint32_t flags = (uint32_t)to_double(env, given.value[7]);
    gw_status status = names == NULL || count < 3 || self == NULL ? GW_ERR_NO_MEMORY : GW_OK;
    if (status == GW_OK) {
        gw_inspector_options options = {.size = sizeof options,
                                        .direction = (gw_direction)to_double(env, given.value[1]),
                                        .mode = (gw_inspect_mode)to_double(env, given.value[2]),
                                        .tool = names[0],
                                        .path = names[1],
                                        .host = names[2],
                                        .confirm_from = (gw_severity)to_double(env, given.value[4]),
                                        .hold_bytes_max = (size_t)to_double(env, given.value[5]),
                                        .hold_ms_max = (uint32_t)to_double(env, given.value[6]),
                                        .release_at_limit = (flags & 1U) != 0,
                                        .raw_only = (flags & 2U) != 0};
        status = gw_inspector_new(from->scanner, &options, &self->handle);
    }
    free_texts(names, count);
    if (status != GW_OK) {
        free(self);
        return status_value(env, status);
    }
    self->from = from;
    from->references++;
    return external(env, self, finalize_text, TEXT_BYTES);
}

/* --- what leaves --------------------------------------------------------------------------------------------------
 *
 * Nearly always it is a range of the piece, often all of it: then nothing is copied, two numbers name it. Else, what
 * was held or replaced lies in front of it, and the bytes are put together in the arena. */

typedef struct output {
    char* bytes; /* in the arena, or memory of its own */
    size_t size, room;
    bool copied, own, failed;
} output;

static void append(output* out, const char* data, size_t len) {
    if (out->size + len > out->room) {
        const size_t room = 2 * (out->size + len);
        char* grown = realloc(out->own ? out->bytes : NULL, room);
        if (grown == NULL) {
            out->failed = true;
            return;
        }
        if (!out->own) memcpy(grown, out->bytes, out->size);
        out->bytes = grown;
        out->room = room;
        out->own = true;
    }
    memcpy(out->bytes + out->size, data, len);
    out->size += len;
}

/* -> n >= 0: n bytes of the piece, numbers[0] is the first; n < 0: -n bytes of the arena, likewise; or a Buffer.
 * numbers[1] is the status, numbers[2] says whether the arena should be replaced. */
static napi_value take_parts(napi_env env, text* self, gw_status status, gw_str piece) {
    addon* shared = addon_of(env);
    const uint64_t piece_begin = self->size;
    uint64_t begin = piece_begin, end = piece_begin; /* a range of the text, while that is all that leaves */
    output out = {.bytes = (char*)shared->arena + shared->arena_used, .room = ARENA_BYTES - shared->arena_used};
    gw_inspected part = {.size = sizeof part};
    self->size += piece.len;
    while (gw_inspector_next(self->handle, &part) == GW_OK && !out.failed) {
        const bool of_piece = !part.replacement && part.begin >= piece_begin;
        if (!out.copied && of_piece && (begin == end || part.begin == end)) {
            if (begin == end) begin = part.begin;
            end = part.end;
            continue;
        }
        if (!out.copied && end > begin) append(&out, piece.data + (begin - piece_begin), (size_t)(end - begin));
        out.copied = true;
        append(&out, part.data.data, part.data.len);
    }
    shared->numbers[1] = out.failed ? GW_ERR_NO_MEMORY : status;
    shared->numbers[2] = 0;
    if (!out.copied) {
        shared->numbers[0] = (double)(begin - piece_begin);
        return number(env, (double)(end - begin));
    }
    if (out.own) {
        napi_value bytes = buffer(env, (gw_str){out.bytes, out.size});
        free(out.bytes);
        return bytes;
    }
    shared->numbers[0] = (double)shared->arena_used;
    shared->arena_used += out.size;
    shared->numbers[2] = shared->arena_used > ARENA_BYTES * 3 / 4;
    return number(env, -(double)out.size);
}

/* feed(text, bytes) */
static napi_value feed(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    text* self = given.self;
    gw_str piece = to_bytes(env, given.value[1]);
    return take_parts(env, self, gw_inspector_feed(self->handle, piece.data, piece.len), piece);
}

static napi_value finish(napi_env env, napi_callback_info info) {
    text* self = take_arguments(env, info).self;
    return take_parts(env, self, gw_inspector_finish(self->handle), (gw_str){NULL, 0});
}

/* tellTime(text, monotonic ms) */
static napi_value tell_time(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    text* self = given.self;
    gw_status status = gw_inspector_tick(self->handle, (uint64_t)to_double(env, given.value[1]));
    return take_parts(env, self, status, (gw_str){NULL, 0});
}

static napi_value text_deadline(napi_env env, napi_callback_info info) {
    text* self = take_arguments(env, info).self;
    uint64_t at = gw_inspector_deadline(self->handle);
    return number(env, at == GW_NEVER ? 1.0 / 0.0 : (double)at);
}

/* --- what was found ---------------------------------------------------------------------------------------------- */

/* textState(text) -> [action, severity, blocked, findings, redactions, inspected, held, held at most, memory] */
static napi_value text_state(napi_env env, napi_callback_info info) {
    text* self = take_arguments(env, info).self;
    gw_inspector_state state = {.size = sizeof state};
    napi_value out = NULL;
    if (gw_inspector_status(self->handle, &state) != GW_OK) return NULL;
    const double values[] = {(double)state.action,     (double)state.severity,       (double)state.blocked,
                             (double)state.findings,   (double)state.redactions,     (double)state.bytes_inspected,
                             (double)state.bytes_held, (double)state.bytes_held_max, (double)state.memory};
    const uint32_t count = sizeof values / sizeof *values;
    napi_create_array_with_length(env, count, &out);
    for (uint32_t i = 0; i < count; i++) napi_set_element(env, out, i, number(env, values[i]));
    return out;
}

/* finding(text, index) -> an object, or undefined */
static napi_value finding(napi_env env, napi_callback_info info) {
    arguments given = take_arguments(env, info);
    text* self = given.self;
    gw_finding found = {.size = sizeof found};
    napi_value out = NULL;
    if (gw_inspector_finding(self->handle, (size_t)to_double(env, given.value[1]), &found) != GW_OK) return NULL;
    napi_create_object(env, &out);
    set(env, out, "rule", string(env, found.rule));
    set(env, out, "title", string(env, found.title));
    set(env, out, "category", string(env, found.category));
    set(env, out, "severity", status_value(env, (int)found.severity));
    set(env, out, "action", status_value(env, (int)found.action));
    set(env, out, "confidence", number(env, found.confidence));
    set(env, out, "begin", number(env, (double)found.begin));
    set(env, out, "end", number(env, (double)found.end));
    set(env, out, "evidence", string(env, found.evidence));
    set(env, out, "view", string(env, found.view));
    set(env, out, "redacted", boolean(env, found.redacted));
    set(env, out, "proven", boolean(env, found.proven));
    return out;
}

/* verdict(text) -> JSON, or a status */
static napi_value verdict(napi_env env, napi_callback_info info) {
    text* self = take_arguments(env, info).self;
    gw_buf json = {NULL, 0, NULL};
    gw_status status = gw_inspector_verdict(self->handle, &json);
    if (status != GW_OK) return status_value(env, status);
    napi_value out = string(env, (gw_str){json.data, json.len});
    gw_buf_free(&json);
    return out;
}

/* textEnd(text): at once, without waiting for the collector */
static napi_value text_end(napi_env env, napi_callback_info info) {
    text* self = take_arguments(env, info).self;
    gw_inspector_free(self->handle);
    self->handle = NULL;
    return NULL;
}

const function inspector_functions[] = {{"compileRules", compile_rules},
                                        {"textNew", text_new},
                                        {"feed", feed},
                                        {"finish", finish},
                                        {"tellTime", tell_time},
                                        {"textDeadline", text_deadline},
                                        {"textState", text_state},
                                        {"finding", finding},
                                        {"verdict", verdict},
                                        {"textEnd", text_end},
                                        {NULL, NULL}};
