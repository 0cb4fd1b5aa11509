/* sse.h: server-sent events (HTML Living Standard 9.2), reading and writing them. A building block that needs nothing
 * else of this library but base.h.
 *
 *     bytes -- gw_sse_decoder_feed() --> gw_sse_decoder_next() --> gw_sse_event, gw_sse_event, ...
 *     gw_sse_event -- gw_sse_encode(), gw_sse_encode_into() --> bytes
 *
 * The loop of a reader, for every piece that comes from the network, of any size and cut anywhere:
 *
 *     if (gw_sse_decoder_feed(decoder, piece, len) != GW_OK) stop;
 *     gw_sse_event event = {.size = sizeof event};
 *     while (gw_sse_decoder_next(decoder, &event) == GW_OK) use(&event);
 */
#ifndef GATEWAY_SSE_H
#define GATEWAY_SSE_H

#include "gateway/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One event, as read or to be written. Set `size` to sizeof(gw_sse_event) before either. */
typedef struct gw_sse_event {
    size_t size;
    gw_str type; /* "message" when the stream names none; to be written: empty for that */
    gw_str data; /* lines joined by LF, without the last LF. Bytes that are not UTF-8 are passed as they are */
    gw_str id;   /* read: the last id seen, which may come from an earlier event. Written: empty for no id field */
    gw_str raw;  /* read: the event's bytes as they came, with the comments and ignored fields in front of and in it.
                  * Not used for writing */
    uint32_t retry_ms; /* the reconnection time, when has_retry; read: from a field since the last event */
    bool has_retry;
} gw_sse_event;

/* Reads one stream of events.
 *
 * Lifetime: from gw_sse_decoder_new() to gw_sse_decoder_free(). An idle one holds no buffers. */
typedef struct gw_sse_decoder gw_sse_decoder;

/* Makes a decoder. `host` lends the allocator and may be NULL. `event_bytes_max` bounds the raw bytes of one event
 * together with what lies between it and the one before; 0 means 1 MiB.
 * Returns GW_OK, GW_ERR_ARGUMENT or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_sse_decoder_new(const gw_host *host, size_t event_bytes_max, gw_sse_decoder **out);

/* Takes the next `len` bytes of the stream. They are borrowed until gw_sse_decoder_next() has returned GW_DONE: whole
 * events are views into them, only an event that their end cuts is copied. A byte order mark at the very start of the
 * stream is skipped.
 *
 * Returns GW_OK, or
 *   GW_ERR_LIMIT     an event is longer than `event_bytes_max`. Whole events in front of it can still be taken; after
 *                    that the decoder is of no more use
 *   GW_ERR_STATE     gw_sse_decoder_next() has not returned GW_DONE for the bytes before
 *   GW_ERR_ARGUMENT  `decoder` is NULL, or `data` is NULL and `len` is not 0
 *   GW_ERR_NO_MEMORY the allocator refused; gw_sse_decoder_free() is the only call left */
GW_API gw_status gw_sse_decoder_feed(gw_sse_decoder *decoder, const void *data, size_t len);

/* Writes the next whole event into `event`. Its fields are borrowed until the next call with this decoder. An event
 * without a data field is not an event (the standard says so): its bytes go in front of the next one's `raw`.
 *
 * An event is handed out as soon as its blank line is there, without waiting for what follows. So when the bytes fed
 * end between the CR and the LF of that line end, the LF becomes the first byte of the next event's `raw`.
 *
 * Returns GW_OK, or
 *   GW_DONE          more bytes are needed
 *   GW_ERR_ARGUMENT  a pointer is NULL, or `event->size` is not set
 *   GW_ERR_NO_MEMORY the allocator refused; gw_sse_decoder_free() is the only call left */
GW_API gw_status gw_sse_decoder_next(gw_sse_decoder *decoder, gw_sse_event *event);

/* What came after the last event and is not one yet: to be dropped when the stream is over, or forwarded by a proxy.
 * Every `raw` in order, then this, are the stream again, without its byte order mark. To be called after GW_DONE;
 * borrowed until the next call with this decoder. */
GW_API gw_str gw_sse_decoder_rest(const gw_sse_decoder *decoder);

GW_API void gw_sse_decoder_free(gw_sse_decoder *decoder);

/* Writes one event as bytes: `event:` unless the type is empty or "message", `id:` and `retry:` when set, one `data:`
 * line per line of data (split at LF, CR LF and CR), and the blank line.
 *
 * `*out` is the caller's, to be freed with gw_buf_free(). `host` lends the allocator and may be NULL.
 * Returns GW_OK, GW_ERR_ARGUMENT (also for a CR or LF in type or id, and a NUL in id), GW_ERR_UNSUPPORTED or
 * GW_ERR_NO_MEMORY. */
GW_API gw_status gw_sse_encode(const gw_host *host, const gw_sse_event *event, gw_buf *out);

/* The same into `room` bytes of the caller's, without allocating. `*len` is how many bytes the event takes, and is
 * written also when there is too little room: pass a room of 0 to ask.
 * Returns GW_OK, GW_ERR_LIMIT (too little room; `out` was not touched), GW_ERR_ARGUMENT or GW_ERR_UNSUPPORTED. */
GW_API gw_status gw_sse_encode_into(const gw_sse_event *event, void *out, size_t room, size_t *len);

/* Writes a comment and a blank line, which keep an idle stream alive and which readers ignore. Line breaks in the text
 * start new comment lines. Ownership and results as for gw_sse_encode(). */
GW_API gw_status gw_sse_encode_comment(const gw_host *host, gw_str text, gw_buf *out);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_SSE_H */
