/* store.h: where a gateway keeps its state: sessions, paired devices, jobs.
 *
 *     values   put, get, remove, list      "devices/paired.json"
 *     logs     append, read                "agents/main/sessions/4f1c.jsonl", one record a line
 *
 * A store is usable alone, without a gateway. There are three: in memory, in a directory, and one made of the host's
 * own functions. This is the one place of the library that touches files and may wait for a disk: a call is done when
 * it returns.
 *
 * Keys are relative paths: 1 to 16 segments between single slashes, each 1 to 200 bytes of A-Z a-z 0-9 . _ @ : + = -
 * and %XX with two upper-case hexadecimal digits, none with a dot at its beginning. A key that is not like that is
 * GW_ERR_ARGUMENT everywhere. A value and a directory cannot have the same name: GW_ERR_STATE.
 *
 * After an error everything that was stored before is still there, whole.
 */
#ifndef GATEWAY_STORE_H
#define GATEWAY_STORE_H

#include "gateway/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A store. Lifetime: until gw_store_free() and until the last gateway that was given it is gone. Thread: one at a time. */
typedef struct gw_store gw_store;

/* When writes are pushed through to the disk (fsync). */
typedef enum gw_store_sync {
    GW_STORE_SYNC_AS_ASKED = 0, /* every put, and appends that are called durable */
    GW_STORE_SYNC_ALWAYS = 1,   /* every write */
    GW_STORE_SYNC_NEVER = 2     /* left to the operating system: when the machine stops, what was written last may be
                                 * gone or torn; when only the program stops, nothing is lost */
} gw_store_sync;

/* How a store behaves. Zero means the default in brackets. */
typedef struct gw_store_options {
    size_t size;
    size_t value_bytes_max; /* bytes of one value and of one record: GW_ERR_LIMIT above [67108864] */
    size_t entry_count_max; /* keys of one listing: GW_ERR_LIMIT above [100000] */
    gw_store_sync sync;     /* directory only */
    bool exclusive;         /* directory only: one store at a time may have this directory with `exclusive` set. Set it
                             * where one process is meant to own the state; logs want one writer at a time */
} gw_store_options;

/* Makes a store in memory, empty. `host` as everywhere, may be NULL; `options` may be NULL. A log, too, may not become
 * longer than `value_bytes_max` here (GW_ERR_LIMIT). Returns GW_OK and `*out`, GW_ERR_ARGUMENT, GW_ERR_UNSUPPORTED,
 * GW_ERR_NO_MEMORY. */
GW_API gw_status gw_store_new_memory(const gw_host *host, const gw_store_options *options, gw_store **out);

/* Opens the directory `path` as a store, making it and what is missing on the way to it. Files are made with mode 0600,
 * directories with 0700. Symbolic links inside are not followed: GW_ERR_STATE. A file's name is its key; names that
 * begin with a dot are the store's own, or nobody's.
 *
 * Returns GW_OK and `*out`, or
 *   GW_ERR_STATE        `exclusive`, and another store has it; or `path` is not a directory
 *   GW_ERR_IO           the directory cannot be made or opened
 *   GW_ERR_ARGUMENT, GW_ERR_UNSUPPORTED, GW_ERR_NO_MEMORY */
GW_API gw_status gw_store_open_directory(const gw_host *host, gw_str path, const gw_store_options *options,
                                         gw_store **out);

/* One key of a listing. The key is borrowed: see where the entry comes from. */
typedef struct gw_store_entry {
    size_t size;
    gw_str key;
    uint64_t value_size;  /* bytes */
    uint64_t modified_ms; /* Unix time of the last change, in milliseconds; 0: not known (memory has no clock) */
} gw_store_entry;

/* The host's own store: a database, a shared directory. All functions are needed; they must not call back into the
 * library, and need not check keys or sizes: the library has. Strings are borrowed for the call. A function returns
 * GW_OK, or
 *   GW_ERR_IO         it did not work, and nothing has changed
 *   GW_ERR_STATE      one key is in the way of another
 *   GW_ERR_LIMIT      the store is full
 *   GW_ERR_NO_MEMORY  no memory
 * and any other error counts as GW_ERR_IO. */
typedef struct gw_store_functions {
    size_t size;
    void *user; /* handed to every function below */

    /* Adds `record` and one line feed to the end of `log`, which is made if need be: both or nothing. `durable`: it
     * must survive a crash of the machine from the moment the function returns. */
    gw_status (*append)(void *user, gw_str log, gw_str record, bool durable);

    /* Gives the bytes of `log` from `offset` on, at most `bytes_max` of them, in one or more calls of `give(to, ...)`.
     * A log that does not exist or ends before `offset` gives none. When `give` returns false the function stops and
     * returns. */
    gw_status (*read)(void *user, gw_str log, uint64_t offset, size_t bytes_max,
                      bool (*give)(void *to, const void *data, size_t len), void *to);

    /* Replaces or makes a value, all or nothing, so that it survives a crash of the machine. */
    gw_status (*put)(void *user, gw_str key, gw_str value);

    /* Gives a whole value (or log) as `read` does; GW_DONE when there is none. */
    gw_status (*get)(void *user, gw_str key, bool (*give)(void *to, const void *data, size_t len), void *to);

    /* Removes a value or log; GW_DONE when there is none. */
    gw_status (*remove)(void *user, gw_str key);

    /* Calls `visit(to, entry)` for each key that begins with `prefix`, in any order, until that returns false. */
    gw_status (*list)(void *user, gw_str prefix, bool (*visit)(void *to, const gw_store_entry *entry), void *to);
} gw_store_functions;

/* Makes a store of the host's functions, which are copied. Returns GW_OK and `*out`, GW_ERR_ARGUMENT (a function is
 * missing), GW_ERR_UNSUPPORTED, GW_ERR_NO_MEMORY. */
GW_API gw_status gw_store_new_host(const gw_host *host, const gw_store_functions *functions,
                                   const gw_store_options *options, gw_store **out);

/* Gives a store back: it ends now, or with the last gateway that still has it. What it stored in a directory or with the
 * host stays. Buffers and listings that came from it stay valid. gw_store_free(NULL) does nothing. */
GW_API void gw_store_free(gw_store *store);

/* Adds one record to the end of a log, which is made if need be. The record is a text without line feed
 * (GW_ERR_ARGUMENT); the store adds one. `durable`: the record must survive a crash of the machine from here on. If a
 * crash tore an earlier append, its rest is dropped first.
 *
 * Returns GW_OK, or
 *   GW_ERR_IO     the disk is full or failed; the log ends where it ended before
 *   GW_ERR_LIMIT  the record is too long
 *   GW_ERR_ARGUMENT, GW_ERR_STATE, GW_ERR_NO_MEMORY */
GW_API gw_status gw_store_append(gw_store *store, gw_str log, gw_str record, bool durable);

/* Reads whole records of a log, each with its line feed, from `offset` on: as many as fit into `bytes_max` (0: 65536).
 * `offset` is 0, or what an earlier call wrote to `*next`. The caller frees `*out` with gw_buf_free().
 *
 * Returns GW_OK with `*out` and `*next`, or
 *   GW_DONE       no (more) records, or no such log; `*out` and `*next` are not written
 *   GW_ERR_GONE   no record begins at `offset`: the log was replaced; begin again at 0
 *   GW_ERR_LIMIT  the next record is longer than `bytes_max`
 *   GW_ERR_ARGUMENT, GW_ERR_STATE, GW_ERR_IO, GW_ERR_NO_MEMORY */
GW_API gw_status gw_store_read(gw_store *store, gw_str log, uint64_t offset, size_t bytes_max, gw_buf *out,
                               uint64_t *next);

/* Replaces a value, or makes it: a reader, or a program that starts after a crash, sees the old one or the new one and
 * nothing in between. Also the way to replace a whole log: then the value ends with a line feed. Returns GW_OK,
 * GW_ERR_IO (the disk is full or failed: the old value is still there, or the new one when only its last fsync failed),
 * GW_ERR_LIMIT, GW_ERR_ARGUMENT, GW_ERR_STATE, GW_ERR_NO_MEMORY. */
GW_API gw_status gw_store_put(gw_store *store, gw_str key, gw_str value);

/* Reads a value or a whole log. The caller frees `*out` with gw_buf_free(); an empty value is a zeroed gw_buf. Returns
 * GW_OK, GW_DONE (there is none; `*out` is not written), GW_ERR_LIMIT, GW_ERR_ARGUMENT, GW_ERR_STATE, GW_ERR_IO,
 * GW_ERR_NO_MEMORY. */
GW_API gw_status gw_store_get(gw_store *store, gw_str key, gw_buf *out);

/* Removes a value or a log. Returns GW_OK, GW_DONE (there was none), GW_ERR_ARGUMENT, GW_ERR_STATE, GW_ERR_IO,
 * GW_ERR_NO_MEMORY. */
GW_API gw_status gw_store_remove(gw_store *store, gw_str key);

/* The keys that a store had at one moment. */
typedef struct gw_store_listing gw_store_listing;

/* Lists all keys that begin with `prefix`: empty for all, a key, or a key and a slash for what is below it. Returns
 * GW_OK and `*out` (freed with gw_store_listing_free()), GW_ERR_LIMIT, GW_ERR_ARGUMENT, GW_ERR_STATE, GW_ERR_IO,
 * GW_ERR_NO_MEMORY. */
GW_API gw_status gw_store_list(gw_store *store, gw_str prefix, gw_store_listing **out);

/* Takes the next entry, in byte order of the keys, into `*entry`, whose `size` is set. The key is valid as long as the
 * listing. Returns GW_OK, GW_DONE when there is none, GW_ERR_ARGUMENT. */
GW_API gw_status gw_store_listing_next(gw_store_listing *listing, gw_store_entry *entry);

GW_API void gw_store_listing_free(gw_store_listing *listing);

/* Turns any bytes (a name, an address) into one segment of a key, by writing what may not stand in a segment as %XX.
 * The caller frees `*out` with gw_buf_free(). Returns GW_OK, GW_ERR_ARGUMENT (no bytes), GW_ERR_LIMIT (longer than 200
 * bytes when written like that), GW_ERR_NO_MEMORY. */
GW_API gw_status gw_store_segment(gw_store *store, gw_str text, gw_buf *out);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_STORE_H */
