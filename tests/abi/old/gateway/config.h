/* config.h: what a gateway is told before it starts: limits (mechanics, a struct) and the configuration (policy, JSON5).
 *
 *     file or text  --gw_config_load()-->  gw_config  --gw_gateway_new()-->  gw_gateway
 *                                      \->  problems, each with path, line, column and what to do
 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include "gateway/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bounds of one gateway. Zero means the default in brackets. docs/limits.md says why each exists and what its peer
 * sees. Byte counts are bytes, times are milliseconds. */
typedef struct gw_limits {
    size_t size;
    size_t conns_max;              /* connections from clients at one time; above: closed at once [10000] */
    size_t request_line_bytes_max; /* 414 above [8192] */
    size_t header_bytes_max;       /* all fields of one request, 431 above [65536] */
    size_t header_count_max;       /* 431 above [128] */
    uint64_t body_bytes_max;       /* request bodies where the configuration names no other bound, 413 above [1048576] */
    uint32_t header_timeout_ms;    /* first byte of a request to the end of its head, 408 after [10000] */
    uint32_t body_timeout_ms;      /* between two pieces of a request body, 408 after [30000] */
    uint32_t idle_timeout_ms;      /* a kept connection without a request is closed after [75000] */
    uint32_t write_timeout_ms;     /* a client that takes nothing of an answer is dropped after [120000] */
    uint32_t linger_ms;            /* wait for the peer's end after an early answer [2000] */
    uint32_t drain_ms;             /* gw_gateway_shutdown(): time for open answers to finish [30000] */
    size_t output_bytes_high;      /* queued for one connection: its source pauses above [65536] */
    size_t upstream_conns_max;     /* open connections to one upstream; more requests wait in line [1024] */
    size_t upstream_idle_max;      /* of them kept open without a request [64] */
    uint32_t upstream_idle_ms;     /* an unused upstream connection is closed after [30000] */
    size_t upstream_body_bytes_max; /* an answer that is collected before it is sent on [16777216] */
    size_t event_bytes_max;         /* one server-sent event of an upstream [4194304] */
    size_t asks_max;                /* questions to the host that wait for an answer [1024] */
    uint32_t ask_timeout_ms;        /* a question without an answer fails after [30000] */
} gw_limits;

/* A configuration that was read, checked and completed with defaults. Immutable; several gateways may share it, also on
 * several threads. */
typedef struct gw_config gw_config;

/* Where a configuration comes from. Everything is borrowed for the call. */
typedef struct gw_config_source {
    size_t size;
    gw_str text; /* the configuration itself, JSON5; when empty a file is looked for: */
    gw_str path; /* this file, which must exist; when empty OPENCLAW_CONFIG_PATH, else openclaw.json or config.json in
                  * the state directory (OPENCLAW_STATE_DIR, else .openclaw in OPENCLAW_HOME or HOME); none of them
                  * existing means an empty configuration */
    /* The environment, as environ(7) has it: "NAME=value" strings, then NULL. NULL: it is empty. */
    const char *const *env;
    int32_t port;   /* overrides gateway.port; 0: as configured; GW_PORT_ANY: any free port */
    gw_str address; /* overrides gateway.bind with one address to listen on; empty: as configured */
} gw_config_source;

#define GW_PORT_ANY (-1)

/* Reads and checks a configuration; `host` as everywhere, may be NULL.
 *
 * `problems`, if not NULL, is written in any case: a text for people, one problem a line, empty when there is none;
 * warnings are among them on success. The caller frees it with gw_buf_free().
 *
 * Returns GW_OK and `*out` (freed with gw_config_free()), or
 *   GW_ERR_CONFIG     the configuration is not valid; `problems` says what, where and what to do
 *   GW_ERR_IO         the named file cannot be read; `problems` says which
 *   GW_ERR_NO_MEMORY  the allocator refused */
GW_API gw_status gw_config_load(const gw_config_source *source, const gw_host *host, gw_config **out, gw_buf *problems);

/* Gives a configuration back. Gateways that were made from it keep what they need. */
GW_API void gw_config_free(gw_config *config);

/* The directory for state that goes with this configuration, e.g. "/home/ann/.openclaw"; empty when no environment told.
 * Valid as long as the configuration. */
GW_API gw_str gw_config_state_dir(const gw_config *config);

/* The file that was read; empty for a configuration from text or from nothing. Valid as long as the configuration. */
GW_API gw_str gw_config_path(const gw_config *config);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_CONFIG_H */
