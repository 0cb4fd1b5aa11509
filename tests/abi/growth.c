/* Structs that can grow: what an older caller passes is shorter, what a newer one passes is longer. Every public struct
 * that says its size goes through the same four questions (docs/abi.md), in both directions. */
#include <gateway/gateway.h>
#include <stdio.h>
#include <string.h>

enum { TAIL = 64 };
static int failures;

static void expect(const char* name, const char* when, gw_status got, gw_status want) {
    if (got == want) return;
    printf("%s, %s: %d instead of %d\n", name, when, (int)got, (int)want);
    failures++;
}

/* Room for a struct and what a later version may put behind it. */
typedef union room {
    unsigned char bytes[1024];
    uint64_t align;
    void* pointer;
    size_t size;
} room;

typedef gw_status use(const room* given);
typedef gw_status fill(room* out);

/* `full`: the struct as this version knows it. `shortest`: what becomes of one that has nothing but its size. */
static void test_input(const char* name, const void* full, size_t size, use* call, gw_status shortest) {
    room given;
    memset(&given, 0, sizeof given);
    memcpy(&given, full, size);
    expect(name, "as it is", call(&given), GW_OK);
    given.size = size + TAIL;
    expect(name, "a newer one that says nothing new", call(&given), GW_OK);
    given.bytes[size + TAIL - 1] = 1;
    expect(name, "a newer one that says something new", call(&given), GW_ERR_UNSUPPORTED);
    given.size = size;
    expect(name, "the same bytes behind the struct", call(&given), GW_OK);
    given.size = sizeof(size_t) - 1;
    expect(name, "smaller than its size field", call(&given), GW_ERR_ARGUMENT);
    given.size = 0;
    expect(name, "no size", call(&given), GW_ERR_ARGUMENT);
    memset(given.bytes + sizeof(size_t), 0xAB, sizeof given - sizeof(size_t)); /* nothing of this may be looked at */
    given.size = sizeof(size_t);
    expect(name, "an older one, of one field", call(&given), shortest);
}

static bool all(const unsigned char* bytes, size_t len, unsigned char value) {
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != value) return false;
    return true;
}

static void test_output(const char* name, size_t size, fill* call) {
    room out;
    memset(&out, 0xAB, sizeof out);
    out.size = sizeof(size_t);
    expect(name, "an older one", call(&out), GW_OK);
    if (!all(out.bytes + sizeof(size_t), sizeof out - sizeof(size_t), 0xAB))
        expect(name, "an older one is written over", 1, 0);
    if (out.size != sizeof(size_t)) expect(name, "its size has changed", 1, 0);
    memset(&out, 0xAB, sizeof out);
    out.size = size + TAIL;
    expect(name, "a newer one", call(&out), GW_OK);
    if (!all(out.bytes + size, TAIL, 0)) expect(name, "what a newer one does not get is not zero", 1, 0);
    if (!all(out.bytes + size + TAIL, sizeof out - size - TAIL, 0xAB))
        expect(name, "a newer one is written over", 1, 0);
    out.size = 0;
    expect(name, "no size", call(&out), GW_ERR_ARGUMENT);
}

static gw_gateway* gateway;
static gw_scanner* scanner;
static gw_ruleset* rules;

static gw_str str(const char* text) { return (gw_str){text, strlen(text)}; }

static gw_status use_source(const room* given) {
    gw_config* config = NULL;
    const gw_status status = gw_config_load((const gw_config_source*)given, NULL, &config, NULL);
    gw_config_free(config);
    return status;
}
static gw_status use_options(const room* given) {
    gw_gateway* made = NULL;
    const gw_status status = gw_gateway_new((const gw_gateway_options*)given, &made);
    gw_gateway_free(made);
    return status;
}
static gw_status use_host(const room* given) {
    gw_store* store = NULL;
    const gw_status status = gw_store_new_memory((const gw_host*)given, NULL, &store);
    gw_store_free(store);
    return status;
}
static gw_status use_limits(const room* given) {
    const gw_gateway_options options = {.size = sizeof options, .limits = (const gw_limits*)given};
    gw_gateway* made = NULL;
    const gw_status status = gw_gateway_new(&options, &made);
    gw_gateway_free(made);
    return status;
}
static gw_status use_peer(const room* given) {
    gw_conn* conn = NULL;
    const gw_status status = gw_conn_accept(gateway, (const gw_peer*)given, &conn);
    gw_conn_free(conn);
    return status;
}
static gw_status use_answer(const room* given) {
    /* no question is open: a struct that is understood is answered with GONE */
    const gw_status status = gw_ask_answer(gateway, 1, (const gw_answer*)given);
    return status == GW_ERR_GONE ? GW_OK : status;
}
static gw_status use_store_options(const room* given) {
    gw_store* store = NULL;
    const gw_status status = gw_store_new_memory(NULL, (const gw_store_options*)given, &store);
    gw_store_free(store);
    return status;
}
static gw_status use_ruleset_options(const room* given) {
    gw_ruleset* made = NULL;
    const gw_status status = gw_ruleset_compile((const gw_ruleset_options*)given, NULL, &made, NULL);
    gw_ruleset_free(made);
    return status;
}
static gw_status use_inspector_options(const room* given) {
    gw_inspector* made = NULL;
    const gw_status status = gw_inspector_new(scanner, (const gw_inspector_options*)given, &made);
    gw_inspector_free(made);
    return status;
}
static gw_status use_http_limits(const room* given) {
    gw_http_server* made = NULL;
    const gw_status status = gw_http_server_new((const gw_http_limits*)given, NULL, &made);
    gw_http_server_free(made);
    return status;
}
static gw_status use_ws_options(const room* given) {
    gw_ws* made = NULL;
    const gw_status status = gw_ws_new(NULL, (const gw_ws_options*)given, &made);
    gw_ws_free(made);
    return status;
}
static gw_status use_sse_event(const room* given) {
    gw_buf out = {NULL, 0, NULL};
    const gw_status status = gw_sse_encode(NULL, (const gw_sse_event*)given, &out);
    gw_buf_free(&out);
    return status;
}
static gw_status use_upgrade_request(const room* given) {
    gw_ws_upgrade_answer answer = {.size = sizeof answer};
    return gw_ws_answer_upgrade((const gw_ws_upgrade_request*)given, NULL, 0, &answer);
}

static gw_status use_run_usage(const room *given) {
    /* no run is open: a struct that is understood is answered with GONE */
    const gw_status status = gw_run_end(gateway, 1, GW_RUN_STOP, (const gw_run_usage *)given);
    return status == GW_ERR_GONE ? GW_OK : status;
}

static gw_status fill_stats(room* out) { return gw_gateway_stats(gateway, (gw_stats*)out); }
static gw_status fill_event(room* out) { /* READY, of a gateway each */
    const gw_gateway_options options = {.size = sizeof options};
    gw_gateway* made = NULL;
    if (gw_gateway_new(&options, &made) != GW_OK) return GW_ERR_INTERNAL;
    gw_gateway_tick(made, 1, 1);
    const gw_status status = gw_gateway_next_event(made, (gw_event*)out);
    gw_gateway_free(made);
    return status;
}
static gw_status fill_part(room* out) {
    gw_inspector* made = NULL;
    if (gw_inspector_new(scanner, NULL, &made) != GW_OK) return GW_ERR_INTERNAL;
    gw_inspector_feed(made, "hello", 5);
    const gw_status status = gw_inspector_next(made, (gw_inspected*)out);
    gw_inspector_free(made);
    return status;
}
static gw_status fill_state(room* out) {
    gw_inspector* made = NULL;
    if (gw_inspector_new(scanner, NULL, &made) != GW_OK) return GW_ERR_INTERNAL;
    const gw_status status = gw_inspector_status(made, (gw_inspector_state*)out);
    gw_inspector_free(made);
    return status;
}
static gw_status fill_sse_event(room* out) {
    gw_sse_decoder* made = NULL;
    if (gw_sse_decoder_new(NULL, 0, &made) != GW_OK) return GW_ERR_INTERNAL;
    gw_sse_decoder_feed(made, "data: x\n\n", 9);
    const gw_status status = gw_sse_decoder_next(made, (gw_sse_event*)out);
    gw_sse_decoder_free(made);
    return status;
}
static gw_status fill_ws_event(room* out) {
    const gw_ws_options options = {.size = sizeof options, .role = GW_WS_CLIENT};
    gw_ws* made = NULL;
    if (gw_ws_new(NULL, &options, &made) != GW_OK) return GW_ERR_INTERNAL;
    gw_ws_feed(made, "\x81\x01x", 3);
    const gw_status status = gw_ws_next(made, (gw_ws_event*)out);
    gw_ws_free(made);
    return status;
}
static gw_status fill_http_event(room* out) {
    gw_http_server* made = NULL;
    if (gw_http_server_new(NULL, NULL, &made) != GW_OK) return GW_ERR_INTERNAL;
    const char wire[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    gw_http_server_feed(made, wire, sizeof wire - 1);
    const gw_status status = gw_http_server_next(made, (gw_http_event*)out);
    gw_http_server_free(made);
    return status;
}
static gw_status fill_match(room* out) {
    gw_router* made = NULL;
    if (gw_router_new(NULL, &made) != GW_OK) return GW_ERR_INTERNAL;
    const gw_status status = gw_router_match(made, str("GET"), str("/"), (gw_route_match*)out);
    gw_router_free(made);
    return status;
}
static gw_status fill_entry(room* out) {
    gw_store* store = NULL;
    gw_store_listing* listing = NULL;
    if (gw_store_new_memory(NULL, NULL, &store) != GW_OK || gw_store_put(store, str("key"), str("value")) != GW_OK ||
        gw_store_list(store, str(""), &listing) != GW_OK)
        return GW_ERR_INTERNAL;
    const gw_status status = gw_store_listing_next(listing, (gw_store_entry*)out);
    gw_store_listing_free(listing);
    gw_store_free(store);
    return status;
}

/* A struct with its size and nothing else, through the four questions. */
#define INPUT(type, call, shortest, ...)                       \
    do {                                                       \
        const type full = {.size = sizeof full, __VA_ARGS__};  \
        test_input(#type, &full, sizeof full, call, shortest); \
    } while (0)

int main(void) {
    const gw_gateway_options options = {.size = sizeof options};
    if (gw_gateway_new(&options, &gateway) != GW_OK || gw_ruleset_compile(NULL, NULL, &rules, NULL) != GW_OK ||
        gw_scanner_new(rules, NULL, 0, &scanner) != GW_OK)
        return 2;
    gw_gateway_tick(gateway, 1, 1);

    INPUT(gw_config_source, use_source, GW_OK, .text = {"{}", 2});
    INPUT(gw_gateway_options, use_options, GW_OK, .records = true);
    INPUT(gw_host, use_host, GW_OK, .user = NULL);
    INPUT(gw_limits, use_limits, GW_OK, .conns_max = 7);
    INPUT(gw_peer, use_peer, GW_OK, .port = 7);
    INPUT(gw_answer, use_answer, GW_OK, .port = 7);
    INPUT(gw_store_options, use_store_options, GW_OK, .value_bytes_max = 7);
    INPUT(gw_ruleset_options, use_ruleset_options, GW_OK, .public_openings = 1);
    INPUT(gw_inspector_options, use_inspector_options, GW_OK, .raw_only = true);
    INPUT(gw_http_limits, use_http_limits, GW_OK, .header_count_max = 7);
    INPUT(gw_ws_options, use_ws_options, GW_OK, .message_bytes_max = 7);
    INPUT(gw_sse_event, use_sse_event, GW_OK, .retry_ms = 7);
    INPUT(gw_ws_upgrade_request, use_upgrade_request, GW_OK, .http_1_0 = true);

    INPUT(gw_run_usage, use_run_usage, GW_OK, .input_tokens = 7);

    test_output("gw_stats", sizeof(gw_stats), fill_stats);
    test_output("gw_event", sizeof(gw_event), fill_event);
    test_output("gw_inspected", sizeof(gw_inspected), fill_part);
    test_output("gw_inspector_state", sizeof(gw_inspector_state), fill_state);
    test_output("gw_sse_event", sizeof(gw_sse_event), fill_sse_event);
    test_output("gw_ws_event", sizeof(gw_ws_event), fill_ws_event);
    test_output("gw_http_event", sizeof(gw_http_event), fill_http_event);
    test_output("gw_route_match", sizeof(gw_route_match), fill_match);
    test_output("gw_store_entry", sizeof(gw_store_entry), fill_entry);

    gw_scanner_free(scanner);
    gw_ruleset_free(rules);
    gw_gateway_free(gateway);
    printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
