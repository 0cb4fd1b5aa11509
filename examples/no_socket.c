/* A whole conversation without a socket and without a clock: the host is a loop over strings. What this prints is the
 * same every time, which is what makes a gateway testable. */
#include <gateway/gateway.h>
#include <stdio.h>
#include <string.h>

static const char config_text[] =
    "{gateway:{auth:{mode:'token',token:'secret'},http:{endpoints:{chatCompletions:{enabled:true}}}}}";
static const char body[] = "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"one two\"}]}";

/* Prints what the gateway wants to send; true while the connection is open. */
static bool pump(gw_gateway* gw) {
    bool open = true;
    gw_event event = {.size = sizeof event};
    while (gw_gateway_next_event(gw, &event) == GW_OK) {
        gw_buf out;
        if (event.type == GW_EVENT_OUTPUT)
            while (gw_conn_take_output(event.conn, &out) == GW_OK) {
                fwrite(out.data, 1, out.len, stdout);
                gw_buf_free(&out);
            }
        if (event.type == GW_EVENT_CLOSE) {
            gw_conn_free(event.conn);
            open = false;
        }
    }
    return open;
}

int main(void) {
    gw_config_source source = {.size = sizeof source, .text = {config_text, sizeof config_text - 1}};
    gw_config* config = NULL;
    gw_buf problems = {NULL, 0, NULL};
    if (gw_config_load(&source, NULL, &config, &problems) != GW_OK) {
        fprintf(stderr, "%.*s", (int)problems.len, (const char*)problems.data);
        return 1;
    }
    gw_buf_free(&problems);

    gw_gateway_options options = {.size = sizeof options, .config = config};
    gw_gateway* gw = NULL;
    if (gw_gateway_new(&options, &gw) != GW_OK) return 1;
    gw_config_free(config);

    uint64_t now = 1000;                   /* this host's clock shows what it likes */
    const uint64_t epoch = 1767225600000u; /* 2026-01-01 */
    gw_gateway_tick(gw, now, epoch);

    gw_conn* client = NULL;
    gw_peer peer = {.size = sizeof peer, .address = {"127.0.0.1", 9}};
    if (gw_conn_accept(gw, &peer, &client) != GW_OK) return 1;

    char request[512];
    int size = snprintf(request, sizeof request,
                        "POST /v1/chat/completions HTTP/1.1\r\nHost: example\r\nAuthorization: Bearer secret\r\n"
                        "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                        strlen(body), body);
    gw_conn_recv(client, request, (size_t)size);

    while (pump(gw)) { /* time passes only when the gateway waits for it */
        uint64_t deadline = gw_gateway_next_deadline(gw);
        if (deadline == GW_NEVER) break;
        if (deadline > now) now = deadline;
        gw_gateway_tick(gw, now, epoch + now);
    }
    gw_gateway_free(gw);
    return 0;
}
