/* router.h: method and path to a number, and RPC method names to numbers. Tables that are built once and asked often. A
 * building block that needs nothing else of this library but base.h.
 *
 *     GET /v1/models/gpt%2F4?x=1  -- gw_router_match() -->  GW_ROUTE_FOUND, target 7, id = "gpt/4"
 *
 * Patterns are plain text: literal segments, `:name` for one segment that is not empty, `*name` at the end for the rest,
 * which may be empty. Literals win over parameters, parameters over wildcards, the first segment counting most; among the
 * patterns that fit, the first one that has the method is taken. "/a/" is another path than "/a".
 *
 * Paths are split first and percent-decoded then, so that %2F makes no segment. What two programs could read in two ways
 * is refused, not repaired: empty segments, "." and ".." (also encoded, also as "..;x"), control characters, backslashes,
 * broken escapes, bytes that are not UTF-8, "#".
 */
#ifndef GATEWAY_ROUTER_H
#define GATEWAY_ROUTER_H

#include "gateway/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A table of routes.
 *
 * Lifetime: from gw_router_new() to gw_router_free(). Routes may be added at any time, but not taken away. */
typedef struct gw_router gw_router;

/* What became of a request, with the HTTP status that fits. */
typedef enum gw_route_outcome {
    GW_ROUTE_FOUND = 0,
    GW_ROUTE_NOT_FOUND = 1,          /* 404 */
    GW_ROUTE_METHOD_NOT_ALLOWED = 2, /* 405, with `allow` */
    GW_ROUTE_OPTIONS = 3,            /* 204, with `allow`: OPTIONS for a path without a route of its own for it, or for * */
    GW_ROUTE_BAD_PATH = 4            /* 400 */
} gw_route_outcome;

/* A parameter of the path: its name in the pattern and its value, percent-decoded, valid UTF-8. Never changes. */
typedef struct gw_route_parameter {
    gw_str name;
    gw_str value;
} gw_route_parameter;

/* What a request leads to. Set `size` to sizeof(gw_route_match) before asking. */
typedef struct gw_route_match {
    size_t size;
    gw_route_outcome outcome;
    uint32_t target; /* what the route was added with; 0 unless found */
    bool head;       /* a HEAD request that the route for GET answers: without the content */
    const gw_route_parameter *parameters; /* in the order of the path; none unless found */
    size_t parameter_count;
    gw_str path;  /* without query, scheme and host, as sent */
    gw_str query; /* behind '?', as sent; empty when there is none */
    gw_str allow; /* "GET, HEAD, OPTIONS", for 405 and OPTIONS; else empty */
} gw_route_match;

/* Makes an empty table. `host` lends the allocator and may be NULL.
 * Returns GW_OK, GW_ERR_ARGUMENT or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_router_new(const gw_host *host, gw_router **out);

/* Ends the table; what its matches lent is gone with it. */
GW_API void gw_router_free(gw_router *router);

/* Adds a route. `method` is "GET", "POST", ... (case matters), or "*" for every method that the pattern has no route of
 * its own for. `target` is yours. Method and pattern are copied.
 *
 * Returns GW_OK, or
 *   GW_ERR_ARGUMENT  an argument is NULL, the method is no token, the pattern is malformed or has more than 64 segments,
 *                    or there is a route for this method and pattern (whatever its parameters are called)
 *   GW_ERR_NO_MEMORY the allocator refused; the table is as it was */
GW_API gw_status gw_router_add(gw_router *router, gw_str method, gw_str pattern, uint32_t target);

/* Finds the route for a request. `target` is the request-target as it was sent: origin form ("/a?b"), absolute form
 * ("http://host/a?b") or "*". HEAD is answered by GET when there is no route for HEAD.
 *
 * `match` is written on success: its parameters and `allow` are lent by the table until the next call with it, `path` and
 * `query` lie in `target`. Takes time linear in `target`.
 * Returns GW_OK whatever the outcome is; GW_ERR_ARGUMENT or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_router_match(gw_router *router, gw_str method, gw_str target, gw_route_match *match);

/* A table of RPC method names ("chat.send"): exact match, case matters.
 *
 * Lifetime: from gw_method_table_new() to gw_method_table_free(). */
typedef struct gw_method_table gw_method_table;

/* Makes an empty table. `host` lends the allocator and may be NULL.
 * Returns GW_OK, GW_ERR_ARGUMENT or GW_ERR_NO_MEMORY. */
GW_API gw_status gw_method_table_new(const gw_host *host, gw_method_table **out);

/* Ends the table. */
GW_API void gw_method_table_free(gw_method_table *table);

/* Adds a name, which is copied. Returns GW_OK, GW_ERR_ARGUMENT (NULL, an empty name, or one that is there already) or
 * GW_ERR_NO_MEMORY. */
GW_API gw_status gw_method_table_add(gw_method_table *table, gw_str name, uint32_t target);

/* Looks a name up. Returns GW_OK with `*target` written, GW_DONE when there is no such name, or GW_ERR_ARGUMENT. */
GW_API gw_status gw_method_table_find(const gw_method_table *table, gw_str name, uint32_t *target);

/* Percent-decodes `text` (RFC 3986 2.1) into `out`, which has room for `capacity` bytes; text.len is always enough, and
 * `out` may be where the text lies. The result may be any bytes.
 *
 * Returns GW_OK with the number of bytes in `*len`, or
 *   GW_ERR_DATA      an escape is broken
 *   GW_ERR_LIMIT     the result is longer than `capacity`
 *   GW_ERR_ARGUMENT  a pointer is NULL */
GW_API gw_status gw_percent_decode(gw_str text, char *out, size_t capacity, size_t *len);

/* The value of the first parameter called `name` in a query string, percent-decoded, '+' as space, into `out` as above. A
 * name without '=' has an empty value. Returns what gw_percent_decode() returns, or GW_DONE when there is none. */
GW_API gw_status gw_query_parameter(gw_str query, gw_str name, char *out, size_t capacity, size_t *len);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_ROUTER_H */
