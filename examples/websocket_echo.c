/* websocket_echo: a WebSocket server that sends every message back. The smallest whole use of http.h and ws.h.
 *
 *     websocket_echo --port 9001      (0: any free port; the one chosen is printed)
 *
 * One thread, one poll(). The library does no I/O: bytes that were read go into gw_http_server_feed() until the
 * handshake is over, then into gw_ws_feed(); what take_output() gives is written. While a connection has output that
 * its socket does not take, nothing is read from it, so a client that does not read cannot make the server grow. */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gateway/http.h"
#include "gateway/ws.h"

enum { CONNS_MAX = 1000, LINGER_SECONDS = 2, MESSAGE_BYTES_MAX = 32 * 1024 * 1024 };

struct conn {
    int fd;
    gw_http_server* http; /* until the handshake is over */
    gw_ws* ws;            /* from then on */
    gw_ws_upgrade_answer answer;
    gw_buf out; /* being written */
    size_t written;
    time_t linger_until; /* not 0: all is said, wait for the client to close its side */
};

static int stop_pipe[2];
static char piece[65536];

static void on_stop_signal(int number) {
    (void)number;
    const int saved = errno;
    if (write(stop_pipe[1], "", 1) < 0) _exit(1);
    errno = saved;
}

static gw_str str(const char* text) { return (gw_str){text, strlen(text)}; }

/* ---- the handshake ----------------------------------------------------------------------------------------------- */

/* The values of all fields of that name, joined by commas into `room`; NULL when there are none or too long ones. The
 * header fields of which only one may come are refused by their values when there are two. */
static gw_str find_field(const gw_http_event* head, const char* name, char* room, size_t size) {
    size_t len = 0;
    bool found = false;
    for (size_t i = 0; i < head->field_count; ++i) {
        const gw_http_field* field = &head->fields[i];
        if (field->name.len != strlen(name) || strncasecmp(field->name.data, name, field->name.len) != 0) continue;
        if (field->value.len + 1 > size - len) return (gw_str){NULL, 0};
        if (found) room[len++] = ',';
        if (field->value.len > 0) memcpy(room + len, field->value.data, field->value.len);
        len += field->value.len;
        found = true;
    }
    return (gw_str){found ? room : NULL, found ? len : 0};
}

static bool decide(struct conn* c, const gw_http_event* head) {
    char room[6][512];
    const gw_ws_upgrade_request request = {
        .size = sizeof request,
        .method = head->method,
        .http_1_0 = head->minor == 0,
        .host = find_field(head, "Host", room[0], sizeof room[0]),
        .upgrade = find_field(head, "Upgrade", room[1], sizeof room[1]),
        .connection = find_field(head, "Connection", room[2], sizeof room[2]),
        .key = find_field(head, "Sec-WebSocket-Key", room[3], sizeof room[3]),
        .version = find_field(head, "Sec-WebSocket-Version", room[4], sizeof room[4]),
        .protocols = find_field(head, "Sec-WebSocket-Protocol", room[5], sizeof room[5]),
    };
    c->answer.size = sizeof c->answer;
    return gw_ws_answer_upgrade(&request, NULL, 0, &c->answer) == GW_OK;
}

static bool refuse(struct conn* c, int status, gw_str text) {
    gw_http_field fields[3] = {{str("Content-Type"), str("text/plain")}};
    size_t count = 1;
    if (status == 405) fields[count++] = (gw_http_field){str("Allow"), str("GET")};
    if (status == 426) {
        fields[count++] = (gw_http_field){str("Upgrade"), str("websocket")};
        fields[count++] = (gw_http_field){str("Sec-WebSocket-Version"), str("13")};
    }
    gw_http_server_close_after_response(c->http);
    return gw_http_server_send_head(c->http, status, fields, count, GW_HTTP_LENGTH, text.len,
                                    (uint64_t)time(NULL) * 1000) == GW_OK &&
           gw_http_server_send_body(c->http, text.data, text.len) == GW_OK &&
           gw_http_server_send_end(c->http, NULL, 0) == GW_OK;
}

static bool reply(struct conn* c) {
    if (c->answer.status != 101) return refuse(c, c->answer.status, c->answer.error);
    const gw_http_field fields[] = {
        {str("Upgrade"), str("websocket")},
        {str("Connection"), str("Upgrade")},
        {str("Sec-WebSocket-Accept"), {c->answer.accept, sizeof c->answer.accept}},
    };
    return gw_http_server_accept_upgrade(c->http, fields, 3, (uint64_t)time(NULL) * 1000) == GW_OK;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

/* These two take bytes that were read. False: the connection cannot go on, not even to say so. */
static bool on_websocket_bytes(struct conn* c, gw_str bytes) {
    gw_ws_event event = {.size = sizeof event};
    gw_status status = gw_ws_feed(c->ws, bytes.data, bytes.len);
    if (status != GW_OK) return false;
    while ((status = gw_ws_next(c->ws, &event)) == GW_OK) {
        gw_status sent = GW_OK;
        switch (event.kind) {
        case GW_WS_TEXT:
        case GW_WS_BINARY: sent = gw_ws_send(c->ws, event.kind, event.data.data, event.data.len); break;
        case GW_WS_PING: sent = gw_ws_send(c->ws, GW_WS_PONG, event.data.data, event.data.len); break;
        case GW_WS_PONG: break;
        case GW_WS_CLOSE: sent = gw_ws_close(c->ws, event.code, event.data); break;
        }
        if (sent != GW_OK) return false;
    }
    if (status == GW_DONE) return true;
    return gw_ws_close(c->ws, gw_ws_close_code(c->ws), gw_ws_error(c->ws)) == GW_OK;
}

static bool on_http_bytes(struct conn* c, gw_str bytes) {
    gw_http_event event = {.size = sizeof event};
    gw_status status = gw_http_server_feed(c->http, bytes.data, bytes.len);
    if (status != GW_OK) return false;
    while ((status = gw_http_server_next(c->http, &event)) == GW_OK) {
        if (event.kind == GW_HTTP_HEAD && !decide(c, &event)) return false;
        if (event.kind == GW_HTTP_END && !reply(c)) return false;
        if (event.kind == GW_HTTP_UPGRADE) {
            const gw_ws_options options = {.size = sizeof options, .message_bytes_max = MESSAGE_BYTES_MAX};
            if (gw_ws_new(NULL, &options, &c->ws) != GW_OK) return false;
            return on_websocket_bytes(c, gw_http_server_take_rest(c->http));
        }
    }
    const int refusal = gw_http_server_error_status(c->http);
    if (refusal != 0) return refuse(c, refusal, gw_http_server_error_text(c->http));
    return status == GW_DONE;
}

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

/* The next bytes to write: those of the handshake, then those of the WebSocket. */
static bool take_output(struct conn* c) {
    c->written = 0;
    if (c->http != NULL) {
        if (gw_http_server_take_output(c->http, &c->out) == GW_OK) return true;
        if (c->ws == NULL) return false;
        gw_http_server_free(c->http);
        c->http = NULL;
    }
    return gw_ws_take_output(c->ws, &c->out) == GW_OK;
}

static bool would_block(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/* Writes as much as the socket takes. False: the connection is lost. */
static bool flush(struct conn* c) {
    while (c->out.len > 0 || take_output(c)) {
        const ssize_t n = send(c->fd, (const char*)c->out.data + c->written, c->out.len - c->written, MSG_NOSIGNAL);
        if (n < 0) return would_block();
        c->written += (size_t)n;
        if (c->written == c->out.len) gw_buf_free(&c->out);
    }
    const bool all_said = c->ws != NULL ? gw_ws_close_sent(c->ws) : gw_http_server_should_close(c->http);
    if (all_said && c->linger_until == 0) {
        /* Closing now could reset the connection and take the last bytes with it, so let the client close first. */
        shutdown(c->fd, SHUT_WR);
        c->linger_until = time(NULL) + LINGER_SECONDS;
    }
    return true;
}

static bool on_readable(struct conn* c) {
    const ssize_t n = recv(c->fd, piece, sizeof piece, 0);
    if (n < 0) return would_block();
    if (n == 0) return false;
    if (c->linger_until != 0) return true;
    const gw_str bytes = {piece, (size_t)n};
    return (c->ws != NULL ? on_websocket_bytes(c, bytes) : on_http_bytes(c, bytes)) && flush(c);
}

static void drop(struct conn* c) {
    close(c->fd);
    gw_http_server_free(c->http);
    gw_ws_free(c->ws);
    gw_buf_free(&c->out);
}

static bool accept_conn(int listener, struct conn* c) {
    memset(c, 0, sizeof *c);
    c->fd = accept(listener, NULL, NULL);
    if (c->fd < 0) return false;
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0 && gw_http_server_new(NULL, NULL, &c->http) == GW_OK) return true;
    close(c->fd);
    return false;
}

static int listen_on(unsigned port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    const int yes = 1;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, (struct sockaddr*)&address, size) != 0 || listen(fd, 128) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || getsockname(fd, (struct sockaddr*)&address, &size) != 0) {
        perror("websocket_echo");
        exit(1);
    }
    printf("listening on ws://127.0.0.1:%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char** argv) {
    static struct conn conns[CONNS_MAX];
    static struct pollfd polls[CONNS_MAX + 2];
    size_t count = 0;
    char* end = NULL;
    const unsigned long port = argc == 3 && strcmp(argv[1], "--port") == 0 ? strtoul(argv[2], &end, 10) : 65536;
    if (port > 65535 || end == argv[2] || *end != '\0') {
        fprintf(stderr, "usage: websocket_echo --port N\n");
        return 2;
    }
    const int listener = listen_on((unsigned)port);
    struct sigaction on_stop = {.sa_handler = on_stop_signal};
    if (pipe(stop_pipe) != 0 || sigaction(SIGTERM, &on_stop, NULL) != 0 || sigaction(SIGINT, &on_stop, NULL) != 0) {
        perror("websocket_echo");
        return 1;
    }

    while (true) {
        polls[0] = (struct pollfd){.fd = stop_pipe[0], .events = POLLIN};
        polls[1] = (struct pollfd){.fd = count < CONNS_MAX ? listener : -1, .events = POLLIN};
        bool lingering = false;
        for (size_t i = 0; i < count; ++i) {
            polls[i + 2] = (struct pollfd){.fd = conns[i].fd, .events = conns[i].out.len > 0 ? POLLOUT : POLLIN};
            lingering = lingering || conns[i].linger_until != 0;
        }
        if (poll(polls, count + 2, lingering ? 500 : -1) < 0 && errno != EINTR) break;
        if (polls[0].revents != 0) break;

        const time_t now = time(NULL);
        for (size_t i = count; i-- > 0;) { /* backwards, because the last one takes the place of one that goes */
            struct conn* c = &conns[i];
            bool alive = c->linger_until == 0 || now <= c->linger_until;
            if (alive && polls[i + 2].revents != 0) alive = c->out.len > 0 ? flush(c) : on_readable(c);
            if (alive) continue;
            drop(c);
            *c = conns[--count];
        }
        if (polls[1].revents != 0 && accept_conn(listener, &conns[count])) ++count;
    }

    for (size_t i = 0; i < count; ++i) {
        if (conns[i].ws != NULL) gw_ws_close(conns[i].ws, 1001, str("the server is going away"));
        flush(&conns[i]);
        drop(&conns[i]);
    }
    close(listener);
    return 0;
}
