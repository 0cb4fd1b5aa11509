/* A gateway as the addon keeps it. Connections are named by small numbers: a number can be stale, a pointer must not.
 */
#ifndef GATEWAY_NODE_GATEWAY_H
#define GATEWAY_NODE_GATEWAY_H

#include "values.h"

typedef struct log_line {
    gw_log_level level;
    gw_str text;
} log_line;

typedef struct gateway {
    gw_gateway* handle; /* NULL once it has ended: the library takes that and says GW_ERR_ARGUMENT */
    gw_store* store;
    gw_conn** conns;                /* [0] is never used */
    uint32_t conn_count, conn_free; /* no place below conn_free is free */
    log_line* lines;                /* what the library said since the last takeLog() */
    uint32_t line_count;
    uint64_t random; /* state of the generator of a replay */
} gateway;

/* The number of a connection; 0 for want of memory. */
uint32_t add_conn(gateway* self, gw_conn* conn);

#endif /* GATEWAY_NODE_GATEWAY_H */
