/* conn.h: byte streams that the host carries.
 *
 *     accept()  gw_conn_accept ---> gw_conn_recv, gw_conn_eof ---> GW_EVENT_CLOSE ---> gw_conn_free
 *     GW_EVENT_CONNECT ---> gw_conn_opened / gw_conn_failed --^
 *
 * Back-pressure works by not calling: output that the host does not take stays with the gateway, whose source then stops
 * reading; and the host does not read from a socket whose gw_conn_wants_read() is false. A loop that empties a socket
 * before it looks at the events asks gw_conn_wants_read() after each gw_conn_recv().
 */
#ifndef GATEWAY_CONN_H
#define GATEWAY_CONN_H

#include "gateway/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Who is at the other end. Borrowed for the call. */
typedef struct gw_peer {
    size_t size;
    gw_str address;    /* of the socket's other end, as text: "192.0.2.7", "::1"; empty for a local socket or a pipe,
                        * which counts as this machine. Without authentication only this machine is served */
    uint32_t port;
    uint32_t listener; /* gw_event.listener of the LISTEN event whose port it came in on; 0: the first */
    const struct sockaddr *sockaddr; /* instead of `address` and `port`, as accept() gave it: of AF_INET, AF_INET6 or AF_UNIX, which
                                      * is a local socket; any other is GW_ERR_ARGUMENT. Since 0.2 */
} gw_peer;

/* Takes over a connection from a client. `*out` lives until gw_conn_free(), which only the host calls.
 * Returns GW_OK, GW_ERR_LIMIT (gw_limits.conns_max: close the socket), GW_ERR_STATE (shutting down: close the socket),
 * GW_ERR_ARGUMENT, GW_ERR_NO_MEMORY. */
GW_API gw_status gw_conn_accept(gw_gateway *gateway, const gw_peer *peer, gw_conn **out);

/* Answers GW_EVENT_CONNECT: the connection stands, and bytes may be fed. Returns GW_OK, GW_ERR_STATE (it did not wait for
 * that; nothing happened) or GW_ERR_NO_MEMORY (GW_EVENT_CLOSE is in the queue). */
GW_API gw_status gw_conn_opened(gw_conn *conn);
/* Answers GW_EVENT_CONNECT: there is no connection, for this reason ("connection refused"), which
 * is borrowed for the call and may be logged. gw_conn_free() it next. Returns as gw_conn_opened(). */
GW_API gw_status gw_conn_failed(gw_conn *conn, gw_str reason);

/* Feeds `len` bytes read from the peer. `data` is borrowed for this call; all of it is consumed, also while
 * gw_conn_wants_read() is false (but then the gateway keeps what it cannot use yet).
 *
 * Returns GW_OK, or
 *   GW_ERR_PROTOCOL   the peer broke TLS or HTTP framing; an answer and GW_EVENT_CLOSE are in the queue
 *   GW_ERR_LIMIT      a bound of gw_limits was reached; likewise
 *   GW_ERR_STATE      the connection has ended already; the bytes were ignored
 *   GW_ERR_NO_MEMORY  the allocator refused; GW_EVENT_CLOSE is in the queue */
GW_API gw_status gw_conn_recv(gw_conn *conn, const void *data, size_t len);

/* The peer sends no more (read returned 0). An answer that is ready still goes out; a run that the client waits for is
 * cancelled, because a client that left looks the same. Returns as gw_conn_recv(). */
GW_API gw_status gw_conn_eof(gw_conn *conn);

/* Moves the bytes to be written into `out` (free them with gw_buf_free()): take them when the socket is free, write
 * all, take again. Returns GW_OK, or GW_DONE when there is nothing to write (`out` is then not touched). */
GW_API gw_status gw_conn_take_output(gw_conn *conn, gw_buf *out);

/* Whether the gateway wants more bytes of this connection. GW_EVENT_READ tells when that is no longer what it was at the
 * last answer of this function (true at first). */
GW_API bool gw_conn_wants_read(const gw_conn *conn);

/* The socket is closed, on GW_EVENT_CLOSE or because it failed: ends the connection. What waited for it is cancelled.
 * Pending events of this connection vanish from the queue. gw_conn_free(NULL) does nothing. */
GW_API void gw_conn_free(gw_conn *conn);

/* A pointer for the host's own use; NULL until set, and for a NULL connection. The gateway never looks at it. */
GW_API void gw_conn_set_user(gw_conn *conn, void *user);
GW_API void *gw_conn_user(const gw_conn *conn);

/* Why a connection failed, for a log: a sentence, and the HTTP status that was sent for it (0: none). Static text. */
GW_API gw_str gw_conn_error(const gw_conn *conn, int *http_status);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_CONN_H */
