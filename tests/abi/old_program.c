/* A program as it was built against the first headers, which are kept in old/: it runs with every later library of the
 * same major version. Its structs are shorter than today's, and it knows no later event. */
#include <gateway/gateway.h>
#include <stdio.h>
#include <string.h>

static gw_str str(const char* text) { return (gw_str){text, strlen(text)}; }

static char received[65536];
static size_t received_len;

/* Takes everything the gateway wants until `conn` is closed or nothing is due any more. */
static bool converse(gw_gateway* gw, uint64_t* now) {
    for (bool open = true; open;) {
        gw_event event = {.size = sizeof event};
        while (gw_gateway_next_event(gw, &event) == GW_OK) {
            gw_buf out;
            switch (event.type) {
            case GW_EVENT_OUTPUT:
                for (; gw_conn_take_output(event.conn, &out) == GW_OK; gw_buf_free(&out)) {
                    if (out.len > sizeof received - received_len) return false;
                    memcpy(received + received_len, out.data, out.len);
                    received_len += out.len;
                }
                break;
            case GW_EVENT_CLOSE:
                gw_conn_free(event.conn);
                open = false;
                break;
            case GW_EVENT_REQUEST: {
                gw_str name = {NULL, 0};
                const gw_field type = {str("Content-Type"), str("text/plain")};
                if (gw_request_parameter(gw, event.request, str("name"), &name) != GW_OK || event.listener != 7)
                    return false;
                if (gw_response_start(gw, event.request, 200, &type, 1, name.len) != GW_OK ||
                    gw_response_write(gw, event.request, name.data, name.len) != GW_OK ||
                    gw_response_end(gw, event.request) != GW_OK)
                    return false;
                break;
            }
            default: break; /* also what this program cannot know */
            }
        }
        if (!open) return true;
        const uint64_t due = gw_gateway_next_deadline(gw);
        if (due == GW_NEVER) return false;
        *now = due > *now ? due : *now;
        gw_gateway_tick(gw, *now, 1767225600000u + *now);
    }
    return true;
}

static bool ask(gw_gateway* gw, uint64_t* now, const char* request, const char* expected) {
    gw_peer peer = {.size = sizeof peer, .address = str("127.0.0.1")};
    gw_conn* conn = NULL;
    received_len = 0;
    memset(received, 0, sizeof received);
    return gw_conn_accept(gw, &peer, &conn) == GW_OK && gw_conn_recv(conn, request, strlen(request)) == GW_OK &&
           converse(gw, now) && strstr(received, expected) != NULL;
}

static bool gateway_works(void) {
    gw_config_source source = {
        .size = sizeof source,
        .text = str("{gateway:{auth:{mode:'token',token:'t'},http:{endpoints:{chatCompletions:{enabled:true}}}}}")};
    gw_limits limits = {.size = sizeof limits, .conns_max = 10};
    gw_gateway_options options = {
        .size = sizeof options, .limits = &limits, .services = GW_SERVICE_ALL & ~GW_SERVICE_LISTEN};
    gw_gateway* gw = NULL;
    uint64_t now = 1000;
    if (gw_gateway_open(&source, &options, &gw, NULL) != GW_OK || gw_gateway_tick(gw, now, 1767225600000u) != GW_OK ||
        gw_gateway_route(gw, str("GET"), str("/mine/:name"), 7, GW_ROUTE_PUBLIC, 0) != GW_OK)
        return false;
    const bool works =
        ask(gw, &now, "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "\"ok\":true") &&
        ask(gw, &now, "GET /mine/ann HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "\r\n\r\nann") &&
        ask(gw, &now, "GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "401") &&
        ask(gw, &now,
            "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nConnection: close\r\n"
            "Content-Length: 64\r\n\r\n{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"one two\"}]}",
            "data: [DONE]");
    gw_stats stats = {.size = sizeof stats};
    const bool counted = gw_gateway_stats(gw, &stats) == GW_OK && stats.conns_total == 4 && stats.requests_total == 4;
    gw_gateway_free(gw);
    return works && counted;
}

static bool inspector_works(void) {
    gw_ruleset* rules = NULL;
    gw_scanner* scanner = NULL;
    gw_inspector* inspector = NULL;
    gw_inspector_options options = {.size = sizeof options, .mode = GW_INSPECT_OBSERVE};
    gw_inspected part = {.size = sizeof part};
    gw_inspector_state state = {.size = sizeof state};
    const bool works =
        gw_ruleset_compile(NULL, NULL, &rules, NULL) == GW_OK && gw_scanner_new(rules, NULL, 0, &scanner) == GW_OK &&
        gw_inspector_new(scanner, &options, &inspector) == GW_OK && gw_inspector_feed(inspector, "hello", 5) == GW_OK &&
        gw_inspector_next(inspector, &part) == GW_OK && part.data.len == 5 && gw_inspector_finish(inspector) == GW_OK &&
        gw_inspector_status(inspector, &state) == GW_OK && state.bytes_inspected == 5 && !state.blocked;
    gw_inspector_free(inspector);
    gw_scanner_free(scanner);
    gw_ruleset_free(rules);
    return works;
}

static bool sse_works(void) {
    gw_sse_decoder* decoder = NULL;
    gw_sse_event event = {.size = sizeof event, .data = str("a\nb"), .id = str("7")};
    gw_buf wire = {NULL, 0, NULL};
    const bool works = gw_sse_encode(NULL, &event, &wire) == GW_OK && gw_sse_decoder_new(NULL, 0, &decoder) == GW_OK &&
                       gw_sse_decoder_feed(decoder, wire.data, wire.len) == GW_OK &&
                       gw_sse_decoder_next(decoder, &event) == GW_OK && event.data.len == 3 && event.id.len == 1;
    gw_sse_decoder_free(decoder);
    gw_buf_free(&wire);
    return works;
}

static bool store_works(void) {
    gw_store* store = NULL;
    gw_store_options options = {.size = sizeof options, .value_bytes_max = 4};
    gw_buf value = {NULL, 0, NULL};
    const bool works = gw_store_new_memory(NULL, &options, &store) == GW_OK &&
                       gw_store_put(store, str("a/b"), str("1234")) == GW_OK &&
                       gw_store_put(store, str("a/c"), str("12345")) == GW_ERR_LIMIT &&
                       gw_store_get(store, str("a/b"), &value) == GW_OK && value.len == 4;
    gw_buf_free(&value);
    gw_store_free(store);
    return works;
}

int main(void) {
    const bool works[] = {gateway_works(), inspector_works(), sse_works(), store_works()};
    printf("gateway %d, inspector %d, sse %d, store %d\n", works[0], works[1], works[2], works[3]);
    return works[0] && works[1] && works[2] && works[3] ? 0 : 1;
}
