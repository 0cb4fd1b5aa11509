/* base.h: what every other header of libgateway stands on: visibility, version, bytes, status, host services.
 *
 * Conventions of the whole C ABI
 *   - Names are gw_<noun>_<verb>; the noun is the first argument. Out parameters come last and are written only on
 *     success. gw_<noun>_free(NULL) does nothing.
 *   - Bytes are pointer and length, never a NUL-terminated string. A pointer with length 0 may be NULL.
 *   - Structs that can grow begin with `size_t size`, to be set to sizeof the struct; zero in any other field means
 *     "the default". A field that a newer header added and an older library does not know must be zero, or the call
 *     answers GW_ERR_UNSUPPORTED. gw_str and gw_buf never change.
 *   - Results are listed where there is something to say. Not repeated at each function: GW_ERR_ARGUMENT for NULL where
 *     something must be, for a `size` that is not set and for a number outside of its enum; GW_ERR_UNSUPPORTED for a
 *     newer struct. Both come before anything has changed.
 *   - Units: `_ms` are milliseconds, `_bytes` and `len` are bytes, `_count` are things. Text is UTF-8.
 *   - One object belongs to one thread at a time; different objects may live on different threads. Nothing here
 *     starts threads, keeps globals or calls back into the host, except for the functions in gw_host.
 */
#ifndef GATEWAY_BASE_H
#define GATEWAY_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define GW_API __declspec(dllexport)
#elif defined(__GNUC__)
#define GW_API __attribute__((visibility("default")))
#else
#define GW_API
#endif

#define GW_VERSION_MAJOR 0
#define GW_VERSION_MINOR 2
#define GW_VERSION_PATCH 0
#define GW_VERSION "0.2.0"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is running, as "major.minor.patch". Static text. */
GW_API const char *gw_version(void);

/* Borrowed bytes. Who lends them and for how long is said where they are used. Never NUL-terminated by promise. */
typedef struct gw_str {
    const char *data;
    size_t len;
} gw_str;

/* Bytes that the receiver owns and gives back with gw_buf_free(). `owner` is the library's own. */
typedef struct gw_buf {
    void *data;
    size_t len;
    void *owner;
} gw_buf;

/* Gives the bytes back and sets the struct to zero. Thread: the one of the object the buffer came from; the object
 * itself may be gone already. gw_buf_free(NULL) and freeing a zeroed struct do nothing. */
GW_API void gw_buf_free(gw_buf *buf);

/* How a call ended. Zero is success, positive is "nothing now", negative is an error; errors come a hundred per kind. */
typedef enum gw_status {
    GW_OK = 0,
    GW_DONE = 1, /* nothing (more) to take for now */

    /* the caller's mistake */
    GW_ERR_ARGUMENT = -101,    /* an argument is out of its range, NULL where it must not be, or badly sized */
    GW_ERR_STATE = -102,       /* the call is not allowed at this moment of the object's life */
    GW_ERR_UNSUPPORTED = -103, /* asks for something that this version does not know */
    GW_ERR_GONE = -104,        /* the id names something that has ended already; nothing happened */
    GW_ERR_CONFIG = -105,      /* the configuration is not valid; the diagnostics say where and why */

    /* the peer's mistake */
    GW_ERR_PROTOCOL = -201,  /* framing or syntax of the protocol is broken */
    GW_ERR_TLS = -202,       /* the TLS handshake or a record failed */
    GW_ERR_TRUNCATED = -203, /* the stream ended in the middle of something */
    GW_ERR_DATA = -204,      /* the framing is fine, the content is not (JSON, UTF-8, a missing field) */

    /* a limit */
    GW_ERR_LIMIT = -301,   /* a size or count limit was reached */
    GW_ERR_TIMEOUT = -302, /* a time limit was reached */

    /* policy */
    GW_ERR_DENIED = -401,  /* not authenticated, or not allowed */
    GW_ERR_BLOCKED = -402, /* a guardrail said no */

    /* somebody behind us */
    GW_ERR_UPSTREAM = -501,  /* an upstream answered with an error, or not in its protocol */
    GW_ERR_RESOLVE = -502,   /* a name has no usable address */
    GW_ERR_CONNECT = -503,   /* no connection to an upstream */
    GW_ERR_CANCELLED = -504, /* the other side left before the end */

    /* resources */
    GW_ERR_NO_MEMORY = -601, /* the allocator refused */
    GW_ERR_IO = -602,        /* a file or a disk failed */
    GW_ERR_RANDOM = -603,    /* the random source failed */

    /* our mistake; please report it */
    GW_ERR_INTERNAL = -701
} gw_status;

/* Whose problem a status is. */
typedef enum gw_status_kind_t {
    GW_KIND_OK = 0,       /* GW_OK and GW_DONE */
    GW_KIND_CALLER = 1,   /* fix the calling code or the configuration */
    GW_KIND_PEER = 2,     /* the other end of a connection misbehaved */
    GW_KIND_LIMIT = 3,    /* a limit of gw_limits or of the configuration */
    GW_KIND_POLICY = 4,   /* refused on purpose */
    GW_KIND_UPSTREAM = 5, /* a server behind the gateway */
    GW_KIND_RESOURCE = 6, /* memory, disk, randomness */
    GW_KIND_INTERNAL = 7  /* a bug in this library */
} gw_status_kind_t;

/* The kind of a status, also of one that only a later version knows; GW_KIND_INTERNAL for a number that is none. */
GW_API gw_status_kind_t gw_status_kind(gw_status status);

/* A short sentence for a status, static text, never NULL. */
GW_API const char *gw_strerror(gw_status status);

/* Levels of gw_host.log. */
typedef enum gw_log_level {
    GW_LOG_ERROR = 0,
    GW_LOG_WARN = 1,
    GW_LOG_INFO = 2,
    GW_LOG_DEBUG = 3
} gw_log_level;

/* What the host lends. Every member may be NULL; the struct is copied. None of the functions may call back into the
 * library. Passing NULL where a `const gw_host *` is asked for means all defaults. */
typedef struct gw_host {
    size_t size;
    void *user; /* handed to every function below */

    /* Memory for everything the library allocates itself (docs/embedding.md lists what third parties allocate).
     * `alloc` gives memory aligned for any type up to 16 bytes, or NULL; `free` gets the size that was asked for.
     * Set both or neither. Default: malloc and free. */
    void *(*alloc)(void *user, size_t size);
    void (*free)(void *user, void *memory, size_t size);

    /* Fills `out` with `len` cryptographically random bytes; true on success. Default: the operating system's. */
    bool (*random)(void *user, void *out, size_t len);

    /* Takes one finished log line, UTF-8, no line feed, no secrets. Default: silence. */
    void (*log)(void *user, gw_log_level level, gw_str line);

    /* Reads a whole file that the configuration names (certificates, CA bundles): at most `bytes_max` bytes, to be
     * returned in memory from `alloc` (or malloc when there is no `alloc`), which the library frees. Returns GW_OK,
     * GW_ERR_IO or GW_ERR_LIMIT. Default: the local file system. */
    gw_status (*read_file)(void *user, gw_str path, size_t bytes_max, void **data, size_t *len);
} gw_host;

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_BASE_H */
