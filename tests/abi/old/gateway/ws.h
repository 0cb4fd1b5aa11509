/* ws.h: WebSocket, RFC 6455: the frames of one connection, either side, and the header values of the handshake. A
 * building block that needs nothing else of this library but base.h; http.h has the HTTP of the handshake.
 *
 *     bytes from the peer -- gw_ws_feed() --> gw_ws_next() --> text, binary, ping, pong, close
 *     gw_ws_send(), gw_ws_send_fragment(), gw_ws_close() --> gw_ws_take_output() --> bytes to the peer
 *
 * Checked here, and fatal: masks, reserved bits and opcodes, minimal lengths, control frames, the order of fragments,
 * close codes (all 1002), UTF-8 in text and close reasons, as it comes (1007), and the size of a message, before its
 * bytes come (1009). No extension is spoken. The loop for every piece that is read from the socket:
 *
 *     gw_ws_feed(ws, piece, len);
 *     gw_ws_event event = {.size = sizeof event};
 *     gw_status status;
 *     while ((status = gw_ws_next(ws, &event)) == GW_OK) {
 *         switch (event.kind) {
 *         case GW_WS_PING:  gw_ws_send(ws, GW_WS_PONG, event.data.data, event.data.len); break;
 *         case GW_WS_CLOSE: gw_ws_close(ws, event.code, (gw_str){0}); break;
 *         case GW_WS_PONG:  break;
 *         default:          use(&event); break;
 *         }
 *     }
 *     if (status != GW_DONE) gw_ws_close(ws, gw_ws_close_code(ws), gw_ws_error(ws));
 *     (write what gw_ws_take_output() gives; when gw_ws_close_sent(), close the socket after it)
 */
#ifndef GATEWAY_WS_H
#define GATEWAY_WS_H

#include "gateway/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gw_ws_role {
    GW_WS_SERVER = 0, /* its frames are not masked, the peer's must be */
    GW_WS_CLIENT = 1  /* the other way round */
} gw_ws_role;

typedef enum gw_ws_kind { /* the opcodes of RFC 6455 5.2 */
    GW_WS_TEXT = 1,
    GW_WS_BINARY = 2,
    GW_WS_CLOSE = 8,
    GW_WS_PING = 9,
    GW_WS_PONG = 10
} gw_ws_kind;

typedef struct gw_ws_options {
    size_t size;
    gw_ws_role role;
    size_t message_bytes_max; /* of one message that comes in, all its fragments together; 0: 100 MiB */
} gw_ws_options;

/* One message or control frame that came in. */
typedef struct gw_ws_event {
    size_t size;
    gw_ws_kind kind;
    gw_str data;   /* the whole message, the payload of a ping or pong, or the reason of a close */
    uint16_t code; /* GW_WS_CLOSE: the peer's code; 1005 when it gave none */
} gw_ws_event;

/* The frames of one connection, both directions.
 *
 * Lifetime: from gw_ws_new(), when the handshake is over, to gw_ws_free(). Between two messages it holds no buffers. */
typedef struct gw_ws gw_ws;

/* Makes the codec of one connection. `host` lends the allocator and, for a client's masking keys, the random source;
 * it may be NULL, and so may `options` (a server).
 * Returns GW_OK, GW_ERR_ARGUMENT, GW_ERR_UNSUPPORTED or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_ws_new(const gw_host *host, const gw_ws_options *options, gw_ws **out);
GW_API void gw_ws_free(gw_ws *ws);

/* Takes the next `len` bytes from the peer. They are borrowed until gw_ws_next() has returned anything but GW_OK. Bytes
 * behind a close frame, and after a failure, are ignored.
 *
 * Returns GW_OK, or
 *   GW_ERR_STATE     gw_ws_next() has not yet returned GW_DONE or an error for the bytes before
 *   GW_ERR_ARGUMENT  `ws` is NULL, or `data` is NULL and `len` is not 0 */
GW_API gw_status gw_ws_feed(gw_ws *ws, const void *data, size_t len);

/* Writes the next whole message or control frame into `event`; its data is borrowed until the next gw_ws_next(),
 * gw_ws_feed() or gw_ws_free(), so that it can be sent meanwhile. A ping is to be answered with a pong of the same
 * data, a close with gw_ws_close().
 *
 * Returns GW_OK, or
 *   GW_DONE          more bytes are needed
 *   GW_ERR_PROTOCOL  the peer broke the framing
 *   GW_ERR_DATA      text or a close reason is not UTF-8
 *   GW_ERR_LIMIT     a message is longer than `message_bytes_max`; its bytes were not waited for
 *   GW_ERR_ARGUMENT  a pointer is NULL, or `event->size` is not set
 *   GW_ERR_NO_MEMORY the allocator refused; gw_ws_free() is the only call left
 * After the first three of the errors nothing more is read, and every later call returns the same. Send a close with
 * gw_ws_close_code(), then close the socket. */
GW_API gw_status gw_ws_next(gw_ws *ws, gw_ws_event *event);

/* The code to close with after gw_ws_next() has failed: 1002, 1007 or 1009; 0 while it has not. */
GW_API uint16_t gw_ws_close_code(const gw_ws *ws);

/* Why gw_ws_next() has failed, a sentence that can be logged and sent; empty while it has not. Static text. */
GW_API gw_str gw_ws_error(const gw_ws *ws);

/* Changes the limit from the next message on: a small one before the peer has said who it is, a large one after. 0 is
 * the default of gw_ws_options. */
GW_API void gw_ws_set_message_bytes_max(gw_ws *ws, size_t bytes);

/* Sends a message in one frame, or a ping or pong. `data` is copied. The caller sees to it that text is UTF-8.
 *
 * Returns GW_OK, or
 *   GW_ERR_STATE     a close was sent already, or a message in fragments is open (which pings and pongs may interrupt)
 *   GW_ERR_ARGUMENT  `kind` is not one of the four, a ping or pong has more than 125 bytes, or a pointer is NULL
 *   GW_ERR_RANDOM    the random source failed; nothing was written
 *   GW_ERR_NO_MEMORY the allocator refused; nothing was written */
GW_API gw_status gw_ws_send(gw_ws *ws, gw_ws_kind kind, const void *data, size_t len);

/* Sends one fragment of a message whose length is not known yet. The first call gives the kind, GW_WS_TEXT or
 * GW_WS_BINARY, which later ones repeat; `last` ends the message. Text may be cut inside a character. Returns as
 * gw_ws_send(). */
GW_API gw_status gw_ws_send_fragment(gw_ws *ws, gw_ws_kind kind, const void *data, size_t len, bool last);

/* Sends a close frame, once; nothing can be sent after it. The reason is cut to 123 bytes as gw_ws_cut_close_reason()
 * does. 1005 sends a frame without code and reason, and so answers a close that had none.
 *
 * Returns GW_OK, or
 *   GW_ERR_STATE     a close was sent already
 *   GW_ERR_ARGUMENT  the code must not be on the wire: not 1000-1003, 1007-1014, 3000-4999 (RFC 6455 7.4)
 *   GW_ERR_RANDOM, GW_ERR_NO_MEMORY  as for gw_ws_send() */
GW_API gw_status gw_ws_close(gw_ws *ws, uint16_t code, gw_str reason);

GW_API bool gw_ws_close_sent(const gw_ws *ws);
GW_API bool gw_ws_close_received(const gw_ws *ws);

/* Moves the bytes to be written into `out`, which gw_buf_free() frees. Take them when the socket is free, write all,
 * take again. Returns GW_OK, GW_DONE when there is nothing to write (`out` is then not touched), or GW_ERR_ARGUMENT. */
GW_API gw_status gw_ws_take_output(gw_ws *ws, gw_buf *out);

/* How many bytes wait to be taken: the back-pressure. */
GW_API size_t gw_ws_output_size(const gw_ws *ws);

/* The longest beginning of `reason` that fits into a close frame, 123 bytes, and does not end inside a character. */
GW_API gw_str gw_ws_cut_close_reason(gw_str reason);

/* --- the opening handshake --------------------------------------------------------------------------------------- */

/* The header fields of an upgrade request. A field that is missing, or comes more than once where RFC 6455 wants one,
 * has `data` NULL. Lists are the values of all their lines, joined by commas. */
typedef struct gw_ws_upgrade_request {
    size_t size;
    gw_str method;
    bool http_1_0;      /* the request is HTTP/1.0 */
    gw_str host;        /* Host */
    gw_str upgrade;     /* Upgrade, a list */
    gw_str connection;  /* Connection, a list */
    gw_str key;         /* Sec-WebSocket-Key */
    gw_str version;     /* Sec-WebSocket-Version */
    gw_str protocols;   /* Sec-WebSocket-Protocol, a list */
} gw_ws_upgrade_request;

/* How to answer it. 101 goes with `Upgrade: websocket`, `Connection: Upgrade`, `Sec-WebSocket-Accept` and, when one was
 * chosen, `Sec-WebSocket-Protocol`; 405 with `Allow: GET`; 426 with `Upgrade: websocket` and
 * `Sec-WebSocket-Version: 13`. */
typedef struct gw_ws_upgrade_answer {
    size_t size;
    int status;      /* 101, 400, 405 or 426 */
    gw_str error;    /* why not, for the body; static text; empty for 101 */
    gw_str protocol; /* borrowed from `supported`; empty for none */
    char accept[28]; /* Sec-WebSocket-Accept, for 101; no NUL at its end */
} gw_ws_upgrade_answer;

/* Decides about an upgrade request (RFC 6455 4.2). Of the protocols the client lists, the first that is among the
 * `supported_count` supported ones is chosen. Extensions are never accepted.
 * Returns GW_OK, whatever the answer is, GW_ERR_ARGUMENT, GW_ERR_UNSUPPORTED or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_ws_answer_upgrade(const gw_ws_upgrade_request *request, const gw_str *supported,
                                      size_t supported_count, gw_ws_upgrade_answer *answer);

/* The Sec-WebSocket-Accept for a Sec-WebSocket-Key, 28 characters without a NUL.
 * Returns GW_OK, GW_ERR_DATA when the key is not 16 bytes in base64, or GW_ERR_ARGUMENT. */
GW_API gw_status gw_ws_accept_key(gw_str key, char accept[28]);

/* Client: a fresh Sec-WebSocket-Key, 24 characters without a NUL. `host` lends the random source and may be NULL.
 * Returns GW_OK, GW_ERR_RANDOM or GW_ERR_ARGUMENT. */
GW_API gw_status gw_ws_make_key(const gw_host *host, char key[24]);

/* The server's answer to an upgrade request, with the rules of gw_ws_upgrade_request. */
typedef struct gw_ws_upgrade_response {
    size_t size;
    int status;
    gw_str upgrade;    /* Upgrade */
    gw_str connection; /* Connection, a list */
    gw_str accept;     /* Sec-WebSocket-Accept */
    gw_str protocol;   /* Sec-WebSocket-Protocol */
    gw_str extensions; /* Sec-WebSocket-Extensions, a list */
} gw_ws_upgrade_response;

/* Client: checks the server's answer to the request that had `key` and offered those protocols (RFC 6455 4.1).
 *
 * Returns GW_OK, or
 *   GW_ERR_UPSTREAM  the status is not 101
 *   GW_ERR_PROTOCOL  the answer is not one to this request: close the connection
 *   GW_ERR_ARGUMENT, GW_ERR_UNSUPPORTED, GW_ERR_NO_MEMORY */
GW_API gw_status gw_ws_check_upgrade(const gw_ws_upgrade_response *response, gw_str key, const gw_str *offered,
                                     size_t offered_count);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_WS_H */
