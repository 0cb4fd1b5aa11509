/* http.h: HTTP/1.1 without sockets (RFC 9110, RFC 9112), for servers and for clients. Usable alone.
 *
 *     bytes from the peer -- feed() --> [ parser ] -- next() --> HEAD, BODY, BODY, TRAILERS, END, HEAD, ...
 *     send_head(), send_body(), send_end() --> [ output ] -- take_output() --> bytes to the peer
 *
 * One object per connection holds both directions, because each decides about the other: the answer to HEAD has no
 * content, a broken request must not be followed by another one, `Connection: close` ends both.
 *
 * The loop of a server, after each read from the socket:
 *
 *     gw_http_server_feed(server, data, len);
 *     gw_http_event event = {.size = sizeof event};
 *     gw_status status;
 *     while ((status = gw_http_server_next(server, &event)) == GW_OK) {
 *         if (event.kind == GW_HTTP_END) answer(server);
 *     }
 *     if (status != GW_DONE && gw_http_server_error_status(server) != 0) answer_error(server);
 *     gw_http_server_take_output(server, &output);   (write it, then gw_buf_free)
 *     if (gw_http_server_should_close(server)) ...   (once the output is written)
 *
 * The parser is strict and has no lenient mode: whatever two implementations could read differently is refused, and the
 * connection closes. All memory is bounded by gw_http_limits, and every bound is checked before memory grows.
 *
 * Objects are independent of each other; each belongs to one thread at a time. After GW_ERR_NO_MEMORY the only call
 * left is the one that frees the object. */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include "gateway/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One field of a head or trailer. The name is as sent, to be compared ignoring case; a received value has no white
 * space at its ends. */
typedef struct gw_http_field {
    gw_str name;
    gw_str value;
} gw_http_field;

/* Bounds of one connection. Zero means the default. */
typedef struct gw_http_limits {
    size_t size;
    size_t request_line_bytes_max; /* the start line without its line end; 414 above; default 8 KiB */
    size_t header_bytes_max; /* all field lines of one head or trailer, with line ends; 431 above; default 32 KiB */
    size_t header_count_max; /* fields of one head or trailer; 431 above; default 128 */
    uint64_t body_bytes_max; /* content of one message; 413 above; default 20 MiB; UINT64_MAX: no limit */
} gw_http_limits;

/* What gw_http_server_next() and gw_http_client_next() hand out. */
typedef enum gw_http_event_kind {
    GW_HTTP_HEAD = 1,     /* the start line and the fields are complete */
    GW_HTTP_BODY = 2,     /* a piece of the content, transfer coding removed; never empty */
    GW_HTTP_TRAILERS = 3, /* fields behind chunked content; only when there are any */
    GW_HTTP_END = 4,      /* the message is complete: one for each HEAD, unless an error comes before */
    GW_HTTP_UPGRADE = 5   /* the rest of the stream is not HTTP: see take_rest() */
} gw_http_event_kind;

/* One event. Set `size` before the call; members that do not belong to the kind are zero.
 *
 * Lifetime: method, target, reason, fields and trailers stay valid until the call of next() that follows GW_HTTP_END
 * (`fields` itself, the array, only until the next GW_HTTP_HEAD or GW_HTTP_TRAILERS). `body` points into the bytes that
 * were fed and stays valid until next() returns something else than GW_OK. */
typedef struct gw_http_event {
    size_t size;
    gw_http_event_kind kind;
    int status;    /* HEAD of a response */
    gw_str method; /* HEAD of a request */
    gw_str target; /* HEAD of a request: origin, absolute, authority form or "*", as sent */
    gw_str reason; /* HEAD of a response; may be empty */
    int minor;     /* HEAD: HTTP/1.minor, 0 or 1 */
    bool has_content_length;
    bool chunked;
    bool upgrade; /* HEAD of a request that asks for another protocol; gw_http_server_accept_upgrade() may follow */
    uint64_t content_length;     /* HEAD, when has_content_length */
    const gw_http_field *fields; /* HEAD, TRAILERS */
    size_t field_count;
    gw_str body; /* BODY */
} gw_http_event;

/* Where the content of a message that we send ends. */
typedef enum gw_http_framing {
    GW_HTTP_NO_CONTENT = 0, /* there is none */
    GW_HTTP_LENGTH = 1,     /* Content-Length, told in advance */
    GW_HTTP_CHUNKED = 2     /* as long as it takes; to an HTTP/1.0 client until the connection closes */
} gw_http_framing;

/* The reason phrase that belongs to a status, static text; "" when the status has none. */
GW_API gw_str gw_http_reason(int status);

/* ---- server ------------------------------------------------------------------------------------------------------ */

/* One connection from a client. */
typedef struct gw_http_server gw_http_server;

/* Makes the codec of a new connection. `limits` and `host` may be NULL and are copied.
 *
 * Returns GW_OK, GW_ERR_ARGUMENT, GW_ERR_UNSUPPORTED (a newer gw_http_limits) or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_http_server_new(const gw_http_limits *limits, const gw_host *host, gw_http_server **out);

/* Frees the codec. Output taken before stays valid. */
GW_API void gw_http_server_free(gw_http_server *server);

/* Feeds the next bytes of the connection. `data` is borrowed until gw_http_server_next() has returned something else
 * than GW_OK; until then no more may be fed. Bytes of a pipelined request that has to wait are copied.
 *
 * Returns GW_OK, GW_ERR_STATE (the last bytes are not used up), GW_ERR_ARGUMENT or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_http_server_feed(gw_http_server *server, const void *data, size_t len);

/* Tells that the client sends no more. Requests that are complete are still handed out and can be answered;
 * gw_http_server_should_close() follows.
 *
 * Returns GW_OK, GW_ERR_TRUNCATED (a request was cut off) or the error that gw_http_server_next() had returned. */
GW_API gw_status gw_http_server_finish(gw_http_server *server);

/* The next event. Requests come one at a time: behind GW_HTTP_END there is nothing until the answer has ended. Events
 * of a request whose answer has already ended are left out up to its GW_HTTP_END; its content is dropped when little is
 * left (64 KiB), else the connection has to close.
 *
 * Returns GW_OK, GW_DONE (more bytes or an answer are needed), or an error, which is final:
 *   GW_ERR_PROTOCOL   the client broke HTTP
 *   GW_ERR_LIMIT      a bound of gw_http_limits was reached
 *   GW_ERR_TRUNCATED  the connection ended inside a request
 *   GW_ERR_ARGUMENT   `event` is NULL or has no size
 *   GW_ERR_NO_MEMORY */
GW_API gw_status gw_http_server_next(gw_http_server *server, gw_http_event *event);

/* The status that answers the error: 400, 413, 414, 417, 431, 501 or 505. 0 when there is no error, or when the broken
 * request has an answer already. Send it, then close. */
GW_API int gw_http_server_error_status(const gw_http_server *server);

/* A sentence about the error, static text, without anything the client sent; empty when there is none. */
GW_API gw_str gw_http_server_error_text(const gw_http_server *server);

/* Sets the bound for the content of the request whose head was just taken. When more than that is announced, the next
 * gw_http_server_next() fails at once, with status 413. */
GW_API void gw_http_server_set_body_bytes_max(gw_http_server *server, uint64_t bytes);

/* True from the first byte of a head to its last: a time-out now is a 408. */
GW_API bool gw_http_server_in_head(const gw_http_server *server);

/* True when nothing is open: no request half read, none unanswered. */
GW_API bool gw_http_server_idle(const gw_http_server *server);

/* True when the codec needs bytes to go on. False while a request waits for its answer: then stop reading the socket.
 * Of what is fed nevertheless about 64 KiB are kept; with more, the connection closes after the answer. */
GW_API bool gw_http_server_wants_input(const gw_http_server *server);

/* True when the client sent `Expect: 100-continue` and neither its content nor our answer has begun. */
GW_API bool gw_http_server_expects_continue(const gw_http_server *server);

/* Writes 100 (Continue) when the client expects it, else nothing. Returns GW_OK or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_http_server_send_continue(gw_http_server *server);

/* Begins the answer to the request whose head was taken, or to an error; without either, one that closes the connection
 * (408). Writes the status line, Date (from `unix_ms`; 0: no clock, no Date), Connection, the framing fields and
 * `fields`, which are borrowed for this call. A field whose name is not a token or whose value has a control character
 * is left out, because it could split the response. `length` counts with GW_HTTP_LENGTH only. Answers to HEAD, 204 and
 * 304 get their fields and no content, whatever is sent.
 *
 * Returns GW_OK, GW_ERR_STATE (there is an answer already), GW_ERR_NO_MEMORY, or
 *   GW_ERR_ARGUMENT  a status below 200 or above 999, an unknown framing, or one of Content-Length, Transfer-Encoding,
 *                    Connection, Date and Trailer among `fields`; nothing was written */
GW_API gw_status gw_http_server_send_head(gw_http_server *server, int status, const gw_http_field *fields,
                                          size_t field_count, gw_http_framing framing, uint64_t length,
                                          uint64_t unix_ms);

/* Writes more content, in one chunk when chunked. `data` is copied. Writing nothing does nothing.
 *
 * Returns GW_OK, GW_ERR_STATE (no answer is open), GW_ERR_ARGUMENT (more than was announced; nothing was written) or
 * GW_ERR_NO_MEMORY. */
GW_API gw_status gw_http_server_send_body(gw_http_server *server, const void *data, size_t len);

/* Ends the answer. `trailers` go out with GW_HTTP_CHUNKED only, and without fields that RFC 9110 6.5.1 forbids there.
 * When less content came than was announced, the connection has to close.
 *
 * Returns GW_OK, GW_ERR_STATE (no answer is open), GW_ERR_ARGUMENT or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_http_server_send_end(gw_http_server *server, const gw_http_field *trailers, size_t trailer_count);

/* Gives the open answer up: it ends without its end, and the connection has to close. */
GW_API void gw_http_server_abort_response(gw_http_server *server);

/* True between send_head and send_end (or abort_response). */
GW_API bool gw_http_server_response_open(const gw_http_server *server);

/* Makes the connection end with the current answer, or the next one; when nothing is open, at once. */
GW_API void gw_http_server_close_after_response(gw_http_server *server);

/* True when the connection must be closed once the output is written. */
GW_API bool gw_http_server_should_close(const gw_http_server *server);

/* With should_close: the client has sent, or may be sending, bytes that nobody reads. Shut down the sending side first
 * and read for a moment, or the reset may take the answer with it (RFC 9112 9.6). */
GW_API bool gw_http_server_should_linger(const gw_http_server *server);

/* Answers an upgrade request that was read to its end with 101 and `fields`, which hold Upgrade and Connection. What
 * follows on the connection is not HTTP; GW_HTTP_UPGRADE comes next.
 *
 * Returns GW_OK, GW_ERR_STATE (no such request is waiting), GW_ERR_ARGUMENT or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_http_server_accept_upgrade(gw_http_server *server, const gw_http_field *fields, size_t field_count,
                                               uint64_t unix_ms);

/* The bytes that were fed and not used, for the protocol that comes after GW_HTTP_UPGRADE. Borrowed until the next call
 * with this object, or as long as the bytes that were fed. */
GW_API gw_str gw_http_server_take_rest(gw_http_server *server);

/* Moves everything written so far to `out`, to be freed with gw_buf_free(). Returns GW_OK, or GW_DONE when there is
 * nothing (`out` is not touched then). */
GW_API gw_status gw_http_server_take_output(gw_http_server *server, gw_buf *out);

/* ---- client ------------------------------------------------------------------------------------------------------ */

/* One connection to a server; one request at a time. */
typedef struct gw_http_client gw_http_client;

/* As gw_http_server_new(). `limits` are about responses; reaching one is GW_ERR_LIMIT. */
GW_API gw_status gw_http_client_new(const gw_http_limits *limits, const gw_host *host, gw_http_client **out);
GW_API void gw_http_client_free(gw_http_client *client);

/* Begins a request. `fields` must hold Host; the rules of gw_http_server_send_head() apply. With an Upgrade among
 * `fields`, `Connection: upgrade` is written too.
 *
 * Returns GW_OK, GW_ERR_STATE (the last exchange is not over, or the connection is not usable any more),
 * GW_ERR_NO_MEMORY, or GW_ERR_ARGUMENT (no Host, a field that is ours to write, a method that is not a token, a target
 * with a space, a control character, a fragment or non-ASCII); nothing was written then. */
GW_API gw_status gw_http_client_send_head(gw_http_client *client, gw_str method, gw_str target,
                                          const gw_http_field *fields, size_t field_count, gw_http_framing framing,
                                          uint64_t length);

/* As gw_http_server_send_body(). */
GW_API gw_status gw_http_client_send_body(gw_http_client *client, const void *data, size_t len);

/* As gw_http_server_send_end(); needed for requests without content too. */
GW_API gw_status gw_http_client_send_end(gw_http_client *client, const gw_http_field *trailers, size_t trailer_count);

/* As gw_http_server_feed(). */
GW_API gw_status gw_http_client_feed(gw_http_client *client, const void *data, size_t len);

/* Tells that the server sends no more, which may be the proper end of a response without length: GW_HTTP_END follows.
 *
 * Returns GW_OK, GW_ERR_TRUNCATED (anything else was cut off) or the error that gw_http_client_next() had returned. */
GW_API gw_status gw_http_client_finish(gw_http_client *client);

/* The next event. Interim responses (1xx but 101) are skipped. A 101 that was asked for is GW_HTTP_HEAD, then
 * GW_HTTP_UPGRADE.
 *
 * Returns GW_OK, GW_DONE (more bytes are needed), or an error, which is final:
 *   GW_ERR_PROTOCOL   the server broke HTTP, or sent a response without a request
 *   GW_ERR_LIMIT      a bound of gw_http_limits was reached
 *   GW_ERR_TRUNCATED  the connection ended inside a response
 *   GW_ERR_ARGUMENT   `event` is NULL or has no size
 *   GW_ERR_NO_MEMORY */
GW_API gw_status gw_http_client_next(gw_http_client *client, gw_http_event *event);

/* A sentence about the error, static text; empty when there is none. */
GW_API gw_str gw_http_client_error_text(const gw_http_client *client);

/* True when the exchange is over and the connection can carry another one. */
GW_API bool gw_http_client_reusable(const gw_http_client *client);

/* As gw_http_server_take_rest(). */
GW_API gw_str gw_http_client_take_rest(gw_http_client *client);

/* As gw_http_server_take_output(). */
GW_API gw_status gw_http_client_take_output(gw_http_client *client, gw_buf *out);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_HTTP_H */
