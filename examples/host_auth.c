/* The host decides who may come in: two clients show a cookie each, and the host, which knows one of them, answers the
 * gateway's question. No socket and no clock, so that the answer can be seen: what the gateway sends is printed. */
#include <gateway/gateway.h>
#include <stdio.h>
#include <string.h>

static const char config_text[] = "{gateway:{http:{endpoints:{chatCompletions:{enabled:true}}}}}";

static gw_str str(const char* text) { return (gw_str){text, strlen(text)}; }

/* A database call, say: it may take its time, the gateway goes on with others. Secrets do not belong in a log. */
static void decide(gw_gateway* gw, const gw_event* event) {
    gw_answer answer = {.size = sizeof answer, .status = GW_ERR_DENIED};
    gw_str cookie = {NULL, 0};
    gw_request_header(gw, event->request, str("cookie"), &cookie);
    if (cookie.len == 9 && memcmp(cookie.data, "session=7", 9) == 0) {
        answer.status = GW_OK;
        answer.user = str("ann");
        answer.scopes = str("operator.read, operator.write");
    }
    gw_ask_answer(gw, event->ask, &answer);
}

/* A route of the host's own: it knows who asks. */
static void greet(gw_gateway* gw, gw_request_id request) {
    char text[100];
    gw_str user = {NULL, 0};
    gw_request_user(gw, request, &user);
    const int size = snprintf(text, sizeof text, "hello, %.*s\n", (int)user.len, user.data);
    gw_response_start(gw, request, 200, NULL, 0, (uint64_t)size);
    gw_response_write(gw, request, text, (size_t)size);
    gw_response_end(gw, request);
}

static void pump(gw_gateway* gw) {
    gw_event event = {.size = sizeof event};
    while (gw_gateway_next_event(gw, &event) == GW_OK) {
        gw_buf out;
        switch (event.type) {
        case GW_EVENT_AUTH: decide(gw, &event); break;
        case GW_EVENT_REQUEST: greet(gw, event.request); break;
        case GW_EVENT_OUTPUT:
            for (; gw_conn_take_output(event.conn, &out) == GW_OK; gw_buf_free(&out))
                fwrite(out.data, 1, out.len, stdout);
            break;
        case GW_EVENT_CLOSE: gw_conn_free(event.conn); break;
        default: break;
        }
    }
}

int main(void) {
    gw_config_source source = {.size = sizeof source, .text = str(config_text)};
    gw_gateway_options options = {.size = sizeof options, .services = GW_SERVICE_AUTH};
    gw_gateway* gw = NULL;
    if (gw_gateway_open(&source, &options, &gw, NULL) != GW_OK) return 1;
    gw_gateway_tick(gw, 1000, 1767225600000u);
    if (gw_gateway_route(gw, str("GET"), str("/hello"), 0, 0, 0) != GW_OK) return 1;

    const char* cookies[] = {"session=7", "session=8"};
    for (int i = 0; i < 2; i++) {
        char request[200];
        gw_conn* client = NULL;
        gw_peer peer = {.size = sizeof peer, .address = str("192.0.2.7")};
        if (gw_conn_accept(gw, &peer, &client) != GW_OK) return 1;
        const int size =
            snprintf(request, sizeof request,
                     "GET /hello HTTP/1.1\r\nHost: x\r\nCookie: %s\r\nConnection: close\r\n\r\n", cookies[i]);
        gw_conn_recv(client, request, (size_t)size);
        pump(gw);
        printf("\n---\n");
    }
    gw_gateway_free(gw);
    return 0;
}
