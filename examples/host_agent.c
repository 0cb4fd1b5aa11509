/* A host that answers chats itself: its agent says every question backwards, word by word, as a stream. No socket and no
 * clock: the client is a string. */
#include <gateway/gateway.h>
#include <stdio.h>
#include <string.h>

static const char config_text[] =
    "{gateway:{auth:{mode:'token',token:'secret'},http:{endpoints:{chatCompletions:{enabled:true}}}},"
    "agents:{list:[{id:'mirror',runtime:'host'}]}}";
static const char body[] =
    "{\"stream\":true,\"model\":\"openclaw/mirror\",\"messages\":[{\"role\":\"user\",\"content\":\"one two three\"}]}";

/* The text of the last message, without a JSON parser: enough for a question without escapes. */
static gw_str question_of(gw_str request) {
    static const char key[] = "\"content\":\"";
    gw_str out = {NULL, 0};
    for (size_t i = 0; i + sizeof key < request.len; ++i) {
        if (memcmp(request.data + i, key, sizeof key - 1) != 0) continue;
        out.data = request.data + i + sizeof key - 1;
        out.len =
            (size_t)((const char*)memchr(out.data, '"', request.len - (size_t)(out.data - request.data)) - out.data);
    }
    return out;
}

/* Answers a run at once; an agent that takes longer keeps the id and goes on when it knows more. */
static void answer(gw_gateway* gw, gw_run_id run) {
    gw_str request;
    if (gw_run_request(gw, run, &request) != GW_OK) return;
    gw_str question = question_of(request);
    for (size_t end = question.len; end > 0;) {
        size_t begin = end;
        while (begin > 0 && question.data[begin - 1] != ' ') --begin;
        gw_str word = {question.data + begin, end - begin}, space = {" ", 1};
        if (gw_run_delta(gw, run, GW_RUN_TEXT, word) < 0) return; /* the client left, or the guardrail said no */
        if (begin > 0 && gw_run_delta(gw, run, GW_RUN_TEXT, space) < 0) return;
        end = begin > 0 ? begin - 1 : 0;
    }
    gw_run_end(gw, run, GW_RUN_STOP, NULL);
}

int main(void) {
    gw_config_source source = {.size = sizeof source, .text = {config_text, sizeof config_text - 1}};
    gw_gateway_options options = {.size = sizeof options};
    gw_gateway* gw = NULL;
    gw_buf problems = {NULL, 0, NULL};
    if (gw_gateway_open(&source, &options, &gw, &problems) != GW_OK) {
        fprintf(stderr, "%.*s", (int)problems.len, (const char*)problems.data);
        return 1;
    }
    gw_buf_free(&problems);
    gw_str every_host_agent = {NULL, 0};
    if (gw_gateway_agent(gw, every_host_agent) != GW_OK) return 1;
    gw_gateway_tick(gw, 1000, 1767225600000u);

    gw_conn* client = NULL;
    gw_peer peer = {.size = sizeof peer, .address = {"127.0.0.1", 9}};
    if (gw_conn_accept(gw, &peer, &client) != GW_OK) return 1;
    char request[512];
    int size = snprintf(request, sizeof request,
                        "POST /v1/chat/completions HTTP/1.1\r\nHost: example\r\nAuthorization: Bearer secret\r\n"
                        "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                        strlen(body), body);
    gw_conn_recv(client, request, (size_t)size);

    gw_event event = {.size = sizeof event};
    while (gw_gateway_next_event(gw, &event) == GW_OK) {
        gw_buf out;
        switch (event.type) {
        case GW_EVENT_RUN: answer(gw, event.run); break;
        case GW_EVENT_OUTPUT:
            while (gw_conn_take_output(event.conn, &out) == GW_OK) {
                fwrite(out.data, 1, out.len, stdout);
                gw_buf_free(&out);
            }
            break;
        case GW_EVENT_CLOSE: gw_conn_free(event.conn); break;
        default: break;
        }
    }
    gw_gateway_free(gw);
    return 0;
}
