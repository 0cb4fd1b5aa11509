/* event.h: a gateway, and what it wants from its host.
 *
 * The gateway does no I/O. The host carries bytes (conn.h), tells the time, and asks what to do:
 *
 *     for (;;) {
 *         wait for a socket or for gw_gateway_next_deadline();
 *         gw_gateway_tick(gw, monotonic_ms, unix_ms);
 *         gw_conn_recv(conn, bytes, n);                            for every socket that has bytes
 *         while (gw_gateway_next_event(gw, &event) == GW_OK) ...   write, close, connect, resolve
 *     }
 *
 * Nothing reacts outward from inside a call: whatever a call caused waits in the event queue. The queue has no length to
 * speak of: an event is a state of a connection or of a question, so it is there once, however often it was caused.
 */
#ifndef GATEWAY_EVENT_H
#define GATEWAY_EVENT_H

#include "gateway/base.h"
#include "gateway/config.h"
#include "gateway/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One gateway. Thread: every call on it, on its connections and on its buffers comes from one thread at a time. */
typedef struct gw_gateway gw_gateway;
/* One byte stream that the host carries: conn.h. Lifetime: from gw_conn_accept() or GW_EVENT_CONNECT to gw_conn_free(), or to
 * the end of its gateway. Thread: that of its gateway. */
typedef struct gw_conn gw_conn;

/* The operating system's (<sys/socket.h>), for hosts that hand over what its calls take and give. */
struct sockaddr;

/* Questions and requests are named by ids, because they may end before the host gets to them. 0 is none. */
typedef uint64_t gw_ask_id;
typedef uint64_t gw_request_id;
typedef uint64_t gw_run_id;
typedef uint64_t gw_tool_call_id;
typedef uint64_t gw_method_call_id;
/* A client of the gateway protocol, as long as it is connected. */
typedef uint64_t gw_client_id;

/* What a host can do for its gateway, as bits of gw_gateway_options.services. Events of a service come only to a host that
 * offers it; a feature that needs a missing one fails with a clear error. */
enum {
    GW_SERVICE_LISTEN = 1 << 0,   /* GW_EVENT_LISTEN: open the ports of the configuration */
    GW_SERVICE_CONNECT = 1 << 1,  /* GW_EVENT_CONNECT: open outbound connections */
    GW_SERVICE_RESOLVE = 1 << 2,  /* GW_EVENT_RESOLVE: look up names */
    GW_SERVICE_SPAWN = 1 << 3,    /* GW_EVENT_SPAWN: run a helper program */
    GW_SERVICE_WATCH = 1 << 4,    /* GW_EVENT_WATCH: tell when a file changes */
    GW_SERVICE_DATAGRAM = 1 << 5, /* GW_EVENT_DATAGRAM: open a datagram socket */
    GW_SERVICE_ALL = (1 << 6) - 1, /* all of the above, which only do more */
    GW_SERVICE_AUTH = 1 << 6, /* GW_EVENT_AUTH: decide who may come in, instead of gateway.auth, which then counts for the
                               * guardrail proxy alone; no token is generated */
    GW_SERVICE_OPINION = 1 << 7 /* GW_EVENT_OPINION: look at prompts, answers and calls that the rules of the guardrail let
                                 * pass; since 0.2 */
};

typedef struct gw_gateway_options {
    size_t size;
    const gw_host *host;     /* copied; NULL: all defaults */
    const gw_config *config; /* NULL: the empty configuration */
    const gw_limits *limits; /* copied; NULL: all defaults */
    gw_store *store;         /* kept alive by the gateway, also after gw_store_free(); NULL: an in-memory store of its own */
    uint32_t services;       /* bits of GW_SERVICE_* */
    bool records;            /* the host wants GW_EVENT_RECORD */
    uint32_t exclusive;      /* since 0.2. 1: this gateway is meant to be the only one with this configuration. A lock file
                              * in TMPDIR (of the environment in gw_config_source, else /tmp) says so while it lives */
} gw_gateway_options;

/* Makes a gateway. Time begins with the first gw_gateway_tick(), which must come before anything else.
 * Returns GW_OK, GW_ERR_CONFIG (a certificate or key that the configuration names cannot be used: the log says which),
 * GW_ERR_IO (the store failed), GW_ERR_STATE (`exclusive`, and another gateway is running: the log says which),
 * GW_ERR_RANDOM, GW_ERR_NO_MEMORY. */
GW_API gw_status gw_gateway_new(const gw_gateway_options *options, gw_gateway **out);

/* The usual start in one call: loads the configuration that `source` names (gw_config_load()), opens the state directory
 * that goes with it as the gateway's store (in memory when there is none), and makes the gateway. `options->config` and
 * `options->store` are NULL. Keys of older layouts are written back as the new ones, with a backup beside the file.
 * `problems` as in gw_config_load(), and a line more when the directory cannot be opened.
 * Returns as gw_config_load(), gw_store_open_directory() and gw_gateway_new() do. */
GW_API gw_status gw_gateway_open(const gw_config_source *source, const gw_gateway_options *options, gw_gateway **out,
                                 gw_buf *problems);

/* Ends a gateway at once, with everything that belongs to it, connections included: their handles are invalid from here on.
 * Buffers that were taken stay valid. For an orderly end see gw_gateway_shutdown(). */
GW_API void gw_gateway_free(gw_gateway *gateway);

/* Tells the time: milliseconds on a clock that never goes back, and since the Unix epoch. Once per turn of the host's loop
 * before anything else in it is enough; before every call that feeds the gateway is as good, and simplest where the loop
 * calls back for each socket: a second tick in a millisecond costs next to nothing. Between two ticks time stands still.
 * Runs what is due; what fails for want of memory ends its own connection. A monotonic time before the last one counts as
 * the last one. With GW_SYSTEM_TIME (since 0.2) the library reads the time of day and how far it is ahead of UTC from
 * the operating system itself. Returns GW_OK or GW_ERR_ARGUMENT. */
#define GW_SYSTEM_TIME UINT64_MAX
GW_API gw_status gw_gateway_tick(gw_gateway *gateway, uint64_t monotonic_ms, uint64_t unix_ms);

/* For a host that tells a time of day of its own: how far the clocks of this machine are ahead of UTC, in minutes, -1080 to
 * 1080; 0 until it is told, and to be told again when it changes. Sessions that begin anew each day (session.reset) go by it, and days of usage. Since 0.2.
 * Returns GW_OK or GW_ERR_ARGUMENT. */
GW_API gw_status gw_gateway_set_utc_offset(gw_gateway *gateway, int32_t minutes);

/* When the gateway wants its next tick, on the monotonic clock; GW_NEVER when it waits for nothing. */
#define GW_NEVER UINT64_MAX
GW_API uint64_t gw_gateway_next_deadline(const gw_gateway *gateway);

typedef enum gw_event_type {
    GW_EVENT_NONE = 0,

    /* connections */
    GW_EVENT_OUTPUT = 1,   /* `conn` has output: gw_conn_take_output(), when its socket is free */
    GW_EVENT_READ = 2,     /* gw_conn_wants_read(conn) has changed; it is true at first */
    GW_EVENT_SHUTDOWN = 3, /* all output of `conn` was taken: send FIN when it is written, and go on reading */
    GW_EVENT_CLOSE = 4,    /* all output of `conn` was taken: close the socket when it is written, then gw_conn_free().
                            * With `abort`: close at once; this comes also for a connection that still dials, and as a
                            * second CLOSE when the socket did not take the rest within gw_limits.write_timeout_ms */
    GW_EVENT_CONNECT = 5,  /* open a connection for `conn` to the address `host` and `port`, or, with port 0, to the local
                            * socket `host`; answer with gw_conn_opened() or gw_conn_failed() */

    /* questions, answered with gw_ask_answer() (ask.h) */
    GW_EVENT_LISTEN = 16,   /* listen on the address `host` and `port` (0: any) */
    GW_EVENT_RESOLVE = 17,  /* look up the addresses of the name `host` */
    GW_EVENT_SPAWN = 18,    /* run the program `argv` with the environment `env`, give it `data` as standard input */
    GW_EVENT_WATCH = 19,    /* tell every time something happens in the directory `data`, which concerns the file `host`: too
                             * often does no harm, for the gateway looks at the file. A host that cannot says so, and the
                             * gateway looks once a second (`data`, and both of this, since 0.2) */
    GW_EVENT_DATAGRAM = 20, /* open a datagram socket on `host` and `port`; with `data`, a multicast group such as
                             * "224.0.0.251", share the port with other programs (SO_REUSEADDR) and join the group,
                             * to which it sends with a TTL of 255. What the socket sends there comes back to it, too, as
                             * systems do by themselves: from that the gateway knows its address */
    GW_EVENT_SEND = 21,     /* send `data` from the datagram socket of `ask` to `host` and `port`; no answer */
    GW_EVENT_CANCEL = 22,   /* nobody waits for `ask` any more: stop the program, watch or socket; no answer */
    GW_EVENT_AUTH = 23,     /* may this client come in? `host` is its address;
                             * gw_request_method(), _path(), _query() and _header() tell of `request` until the answer;
                             * `data` is what a gateway socket gave as `auth` in `connect` (a JSON object; empty when
                             * nothing), empty for HTTP. Secrets are among them: not for a log */
    GW_EVENT_OPINION = 24,  /* may this go on? The rules of the guardrail, in mode action, let it. `data` is a JSON object:
                             * `direction` ("prompt", "completion", "tool_call"), `provider`, `model`, `session`, `agent`
                             * (of a run), and `body`, what would go on; since 0.2 */

    /* requests of routes that the host added (request.h) */
    GW_EVENT_REQUEST = 32,           /* `request` is complete and waits for an answer */
    GW_EVENT_REQUEST_WRITABLE = 33,  /* the answer to `request` may go on after gw_response_write() said GW_DONE */
    GW_EVENT_REQUEST_CANCELLED = 34, /* the client of `request` left; the id is gone */

    /* agents that the host answers for (agent.h) */
    GW_EVENT_RUN = 40,          /* `run` waits for an answer of `agent`, in `session` (may be empty), by `model` if a
                                 * client wished for one; gw_run_request() has the conversation */
    GW_EVENT_RUN_WRITABLE = 41, /* the answer of `run` may go on after gw_run_delta() said GW_DONE */
    GW_EVENT_RUN_CANCEL = 42,   /* nobody waits for `run` any more; the id is gone */

    /* tools that the host runs (tool.h); since 0.2 */
    GW_EVENT_TOOL_CALL = 43,   /* `call` wants a result of the host's tool `tool`; `data` are its arguments, a JSON object;
                                * `agent` and `session` say for whom */
    GW_EVENT_TOOL_CANCEL = 44, /* nobody waits for `call` any more; the id is gone */

    /* methods that the host answers (method.h); since 0.2 */
    GW_EVENT_METHOD_CALL = 45,   /* `call` of the host's method `method` waits for an answer; `data` are its parameters, a
                                  * JSON object that fits the schema; `client` and `caller` say who calls */
    GW_EVENT_METHOD_CANCEL = 46, /* nobody waits for `call` any more: the caller left, or it took too long; the id is gone */

    /* the gateway */
    GW_EVENT_READY = 48,  /* comes once. Every port listens; `host` is the address to tell people:
                           * "http://127.0.0.1:18789", empty when the host does not offer GW_SERVICE_LISTEN. `data` is
                           * the token that callers must show, if it was generated; else empty. `port` is the one of
                           * the first listener */
    GW_EVENT_STOPPED = 49, /* gw_gateway_shutdown() has finished, or the gateway cannot run: `status` says. With
                            * `restart`: free this gateway and make a new one from the same source */
    GW_EVENT_RECORD = 50   /* `data`: an event record of the guardrail, one JSON object (docs/guardrail.md). Only with
                            * gw_gateway_options.records; when 1024 of them wait, new ones are dropped */
} gw_event_type;

/* One event. The strings are valid until the next call on the gateway. Which members are set is said at each type. */
typedef struct gw_event {
    size_t size;
    gw_event_type type;
    gw_conn *conn;
    gw_ask_id ask;
    gw_request_id request;
    gw_str host;        /* a name, an address, a path, a URL; of the services, a NUL is behind it */
    uint32_t port;
    uint32_t listener;  /* LISTEN: to be given to gw_conn_accept(); REQUEST: the number the route was added with */
    gw_str data;        /* of the services, a NUL is behind it */
    const gw_str *argv; /* SPAWN: program and arguments */
    size_t argc;
    uint32_t timeout_ms;     /* SPAWN, RESOLVE: when CANCEL comes */
    size_t output_bytes_max; /* SPAWN: CANCEL comes when the program has written more */
    bool abort;              /* CLOSE: do not wait for anything */
    gw_status status;        /* STOPPED: GW_OK, or why the gateway cannot run */
    gw_run_id run;           /* RUN, RUN_WRITABLE, RUN_CANCEL */
    gw_str agent;            /* RUN, TOOL_CALL: the agent's id */
    gw_str session;          /* RUN, TOOL_CALL: the key of its session */
    gw_str model;            /* RUN: "provider/model", or empty */
    bool restart;            /* STOPPED: begin again; since 0.2 */
    gw_tool_call_id call;    /* TOOL_CALL, TOOL_CANCEL; METHOD_CALL, METHOD_CANCEL: a gw_method_call_id; since 0.2 */
    gw_str tool;             /* TOOL_CALL: its name; since 0.2 */
    gw_str method;           /* METHOD_CALL: its name; since 0.2 */
    gw_client_id client;     /* METHOD_CALL: who calls, for gw_gateway_emit(); since 0.2 */
    gw_str caller;           /* METHOD_CALL: what is known of the client, a JSON object: `client`, `mode`, `conn`, `role`,
                              * `scopes`, `owner`, `local`, `address`, and where there are any `user` and `device`; since 0.2 */
    const gw_str *env;       /* SPAWN: all that the program gets as its environment, "NAME=value": PATH, HOME, LANG and TMPDIR
                              * as gw_config_source.env has them, none of the secrets beside them; since 0.2 */
    size_t envc;
    void *user; /* gw_conn_user(conn), or what gw_ask_set_user() said of `ask`: who is at work on it; else NULL; since 0.2 */
    char **exec_argv; /* SPAWN: `argv` as execve() takes it: each ends with a NUL, and NULL is the last; since 0.2 */
    char **exec_env;  /* SPAWN: `env` likewise; since 0.2 */
    const struct sockaddr *sockaddr; /* CONNECT, LISTEN, DATAGRAM, SEND: `host` and `port` (CONNECT with port 0: the local socket)
                                      * as connect() and bind() take them; the family is AF_UNSPEC, which those refuse, when
                                      * `host` is no address. Since 0.2 */
    size_t sockaddr_len;
} gw_event;

/* Takes the next event into `*event`, whose `size` is set. Returns GW_OK, GW_DONE when there is none, GW_ERR_ARGUMENT
 * (nothing was taken). */
GW_API gw_status gw_gateway_next_event(gw_gateway *gateway, gw_event *event);

/* Begins an orderly end (a second call does nothing): idle connections close, open answers may finish within
 * gw_limits.drain_ms, new requests on open connections get 503 with `Connection: close`.
 * The host stops accepting. Then GW_EVENT_STOPPED comes. Returns GW_OK, or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_gateway_shutdown(gw_gateway *gateway);

/* Asks for a restart, as a host does on SIGUSR1: the configuration is read and checked, what is running may finish within
 * 90 s, clients are told, and GW_EVENT_STOPPED with `restart` comes. A gateway restarts by itself, too, when its file
 * changes in a way that cannot be applied at once (gateway.reload.mode). Since 0.2.
 * Returns GW_OK, GW_ERR_CONFIG or GW_ERR_IO (a gateway could not start from the file as it is: everything stays as it
 * was, and the log says why), GW_ERR_ARGUMENT, GW_ERR_NO_MEMORY. */
GW_API gw_status gw_gateway_restart(gw_gateway *gateway);

/* Figures since the start; sizes in bytes. gw_gateway_stats() writes them into `*stats`, whose `size` is set, and takes the
 * same short time whatever the gateway does. Returns GW_OK or GW_ERR_ARGUMENT. */
typedef struct gw_stats {
    size_t size;
    uint64_t conns_open;        /* from clients, now */
    uint64_t conns_total;       /* from clients */
    uint64_t requests_total;    /* heads read */
    uint64_t requests_open;     /* not yet answered to the end, now */
    uint64_t streams_total;     /* answers that were streamed */
    uint64_t upstream_conns_open;
    uint64_t upstream_requests_total;
    uint64_t upstream_failures_total; /* calls that ended without a whole answer */
    uint64_t upstream_cancelled_total; /* given up because the client left */
    uint64_t asks_open;
    uint64_t buffer_bytes;      /* in connection buffers, now, buffers taken by the host included */
    uint64_t bytes_received;    /* from clients */
    uint64_t bytes_sent;        /* to clients, taken by the host */
    uint64_t refused_total;     /* answers 401, 403, 429 */
    uint64_t bad_requests_total; /* requests that broke HTTP or a limit */
} gw_stats;
GW_API gw_status gw_gateway_stats(const gw_gateway *gateway, gw_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_EVENT_H */
