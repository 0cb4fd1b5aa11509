/* Embeds the gateway with plain poll() sockets: poll_server PORT. Try it with
 *     curl -N http://127.0.0.1:PORT/v1/chat/completions -d
 * '{"stream":true,"messages":[{"role":"user","content":"hi"}]}' */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <gateway/gateway.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { CONNS = 64 };
static struct pollfd fds[CONNS + 1]; /* the last one listens */
static gw_conn* conns[CONNS];
static const char config[] = "{gateway:{auth:{mode:'none'},http:{endpoints:{chatCompletions:{enabled:true}}}}}";

static uint64_t milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void accept_one(gw_gateway* gw) {
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    int fd = accept(fds[CONNS].fd, (struct sockaddr*)&from, &size), place = 0;
    gw_peer peer = {.size = sizeof peer, .sockaddr = (struct sockaddr*)&from};
    while (place < CONNS && fds[place].fd >= 0) place++; /* the first free place */
    if (fd < 0 || place == CONNS || gw_conn_accept(gw, &peer, &conns[place]) != GW_OK) {
        close(fd);
        return;
    }
    gw_conn_set_user(conns[place], &fds[place]);
    fds[place] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void on_event(const gw_event* event) {
    struct pollfd* fd = event->user;
    gw_buf out;
    switch (event->type) {
    case GW_EVENT_OUTPUT:
        for (; gw_conn_take_output(event->conn, &out) == GW_OK; gw_buf_free(&out)) /* blocking: enough for an example */
            for (ssize_t n = 1, at = 0; n > 0 && (size_t)at < out.len; at += n)
                n = send(fd->fd, (char*)out.data + at, out.len - (size_t)at, MSG_NOSIGNAL);
        break;
    case GW_EVENT_READ: fd->events = gw_conn_wants_read(event->conn) ? POLLIN : 0; break;
    case GW_EVENT_SHUTDOWN: shutdown(fd->fd, SHUT_WR); break;
    case GW_EVENT_CLOSE:
        gw_conn_free(event->conn);
        close(fd->fd);
        fd->fd = -1;
        break;
    default: break;
    }
}

int main(int argc, char** argv) {
    gw_config_source source = {.size = sizeof source, .text = {config, sizeof config - 1}};
    gw_gateway_options options = {.size = sizeof options};
    gw_gateway* gw = NULL;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0))};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < CONNS; i++) fds[i].fd = -1;
    fds[CONNS] = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN};
    if (gw_gateway_open(&source, &options, &gw, NULL) != GW_OK) return 1;
    if (bind(fds[CONNS].fd, (struct sockaddr*)&address, size) != 0 || listen(fds[CONNS].fd, 16) != 0) return 1;
    getsockname(fds[CONNS].fd, (struct sockaddr*)&address, &size);
    dprintf(1, "listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));

    for (gw_event event = {.size = sizeof event};;) {
        uint64_t now = milliseconds(), deadline = gw_gateway_next_deadline(gw);
        poll(fds, CONNS + 1, deadline == GW_NEVER ? -1 : deadline > now ? (int)(deadline - now) : 0);
        gw_gateway_tick(gw, milliseconds(), GW_SYSTEM_TIME);
        if (fds[CONNS].revents & POLLIN) accept_one(gw);
        for (int i = 0; i < CONNS; i++) {
            char bytes[16384];
            ssize_t n =
                fds[i].fd >= 0 && (fds[i].revents & (POLLIN | POLLHUP)) ? read(fds[i].fd, bytes, sizeof bytes) : -1;
            if (n > 0) gw_conn_recv(conns[i], bytes, (size_t)n);
            if (n == 0 && gw_conn_eof(conns[i]) != GW_OK) fds[i].events = 0;
        }
        while (gw_gateway_next_event(gw, &event) == GW_OK) on_event(&event);
    }
}
