/* An SSE relay: takes server-sent events from one server and hands each on, whole, to a client: with a heartbeat where
 * the source is silent, and without comments and fields that nobody asked for. One client at a time, blocking sockets.
 *     sse_relay PORT SOURCE_PORT      the path that the client asks for is asked of the source */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <gateway/http.h>
#include <gateway/sse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HEARTBEAT_MS = 1000 };

static bool write_all(int fd, gw_buf* out) {
    size_t at = 0;
    for (ssize_t n = 1; n > 0 && at < out->len; at += (size_t)(n > 0 ? n : 0))
        n = send(fd, (char*)out->data + at, out->len - at, MSG_NOSIGNAL);
    const bool done = at == out->len;
    gw_buf_free(out);
    return done;
}

/* Sends what the codec has to send, behind one encoded event when there is one. False: the client has gone. */
static bool give(int fd, gw_http_server* server, gw_buf* event) {
    gw_buf out;
    bool sent = event == NULL || gw_http_server_send_body(server, event->data, event->len) == GW_OK;
    gw_buf_free(event);
    while (sent && gw_http_server_take_output(server, &out) == GW_OK) sent = write_all(fd, &out);
    return sent;
}

/* Asks the source for `target` and hands its events on until either side ends. */
static void relay(int fd, gw_http_server* server, int source, gw_str target) {
    const gw_http_field host = {{"Host", 4}, {"localhost", 9}},
                        type = {{"Content-Type", 12}, {"text/event-stream", 17}};
    gw_http_client* client = NULL;
    gw_sse_decoder* decoder = NULL;
    gw_http_event part = {.size = sizeof part};
    gw_sse_event event = {.size = sizeof event};
    gw_buf out;
    char bytes[16384];
    bool going =
        gw_http_client_new(NULL, NULL, &client) == GW_OK && gw_sse_decoder_new(NULL, 0, &decoder) == GW_OK &&
        gw_http_client_send_head(client, (gw_str){"GET", 3}, target, &host, 1, GW_HTTP_NO_CONTENT, 0) == GW_OK &&
        gw_http_client_send_end(client, NULL, 0) == GW_OK;
    while (going && gw_http_client_take_output(client, &out) == GW_OK) going = write_all(source, &out);
    gw_http_server_send_head(server, 200, &type, 1, GW_HTTP_CHUNKED, 0, 0);
    going = give(fd, server, NULL) && going;
    while (going) {
        struct pollfd both[] = {{.fd = source, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
        const int ready = poll(both, 2, HEARTBEAT_MS);
        if (ready == 0)
            going = gw_sse_encode_comment(NULL, (gw_str){"still here", 10}, &out) == GW_OK && give(fd, server, &out);
        if (ready < 0 || both[1].revents != 0) break; /* the client says nothing more, so it has gone */
        if (both[0].revents == 0) continue;
        const ssize_t n = read(source, bytes, sizeof bytes);
        going = n > 0 && gw_http_client_feed(client, bytes, (size_t)n) == GW_OK;
        while (going && gw_http_client_next(client, &part) == GW_OK) {
            if (part.kind == GW_HTTP_END) going = false;
            if (part.kind != GW_HTTP_BODY || gw_sse_decoder_feed(decoder, part.body.data, part.body.len) != GW_OK)
                continue;
            while (going && gw_sse_decoder_next(decoder, &event) == GW_OK)
                going = gw_sse_encode(NULL, &event, &out) == GW_OK && give(fd, server, &out);
        }
    }
    gw_http_server_send_end(server, NULL, 0);
    give(fd, server, NULL);
    gw_http_client_free(client);
    gw_sse_decoder_free(decoder);
}

int main(int argc, char** argv) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0))},
                       there = here;
    socklen_t size = sizeof here;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    here.sin_addr.s_addr = there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    there.sin_port = htons((uint16_t)(argc > 2 ? atoi(argv[2]) : 0));
    if (bind(listener, (struct sockaddr*)&here, size) != 0 || listen(listener, 16) != 0) return 1;
    getsockname(listener, (struct sockaddr*)&here, &size);
    dprintf(1, "listening on http://127.0.0.1:%d\n", ntohs(here.sin_port));
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        gw_http_server* server = NULL;
        gw_http_event event = {.size = sizeof event};
        gw_status status = gw_http_server_new(NULL, NULL, &server);
        char bytes[16384];
        for (ssize_t n; status >= GW_OK && event.kind != GW_HTTP_HEAD && (n = read(fd, bytes, sizeof bytes)) > 0;)
            if ((status = gw_http_server_feed(server, bytes, (size_t)n)) == GW_OK)
                status = gw_http_server_next(server, &event);
        const int source = socket(AF_INET, SOCK_STREAM, 0);
        if (status == GW_OK && event.kind == GW_HTTP_HEAD &&
            connect(source, (struct sockaddr*)&there, sizeof there) == 0)
            relay(fd, server, source, event.target);
        close(source);
        gw_http_server_free(server);
    }
}
