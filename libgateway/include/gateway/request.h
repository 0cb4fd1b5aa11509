/* request.h: HTTP routes that the host answers itself, on the gateway's port, behind the gateway's authentication.
 *
 *     gw_gateway_route() ... GW_EVENT_REQUEST --> gw_request_*() --> gw_response_start(), _write(), _end()
 */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include "gateway/event.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GW_ROUTE_PUBLIC = 1 << 0 /* no credentials needed */
};

/* Adds a route before traffic starts. `method` is "GET", "POST", ... or "*"; `pattern` as in router.h ("/tools/:name");
 * `number` comes back in gw_event.listener. Built-in routes win. Bodies are limited by `body_bytes_max` (0: the default
 * of gw_limits). Returns GW_OK, GW_ERR_ARGUMENT (a bad pattern, or the same route twice), GW_ERR_STATE (a connection was
 * accepted already), GW_ERR_UNSUPPORTED (an unknown flag), GW_ERR_NO_MEMORY. */
GW_API gw_status gw_gateway_route(gw_gateway *gateway, gw_str method, gw_str pattern, uint32_t number, uint32_t flags,
                                  uint64_t body_bytes_max);

/* What a request says. The strings are valid until the answer was started or the request is gone. A missing header or
 * parameter is {NULL, 0}. Returns GW_OK or GW_ERR_GONE. */
GW_API gw_status gw_request_method(gw_gateway *gateway, gw_request_id request, gw_str *out);
GW_API gw_status gw_request_path(gw_gateway *gateway, gw_request_id request, gw_str *out);  /* without the query, as sent */
GW_API gw_status gw_request_query(gw_gateway *gateway, gw_request_id request, gw_str *out); /* behind '?', as sent */
GW_API gw_status gw_request_header(gw_gateway *gateway, gw_request_id request, gw_str name, gw_str *out);
GW_API gw_status gw_request_parameter(gw_gateway *gateway, gw_request_id request, gw_str name, gw_str *out);
GW_API gw_status gw_request_body(gw_gateway *gateway, gw_request_id request, gw_str *out);
/* Who sent it and what they may do, as the answer to GW_EVENT_AUTH said; empty when the host does not decide that. */
GW_API gw_status gw_request_user(gw_gateway *gateway, gw_request_id request, gw_str *out);
GW_API gw_status gw_request_scopes(gw_gateway *gateway, gw_request_id request, gw_str *out);

typedef struct gw_field {
    gw_str name;
    gw_str value;
} gw_field;

/* Begins the answer: status 200 to 599 and fields. Content-Length, Transfer-Encoding, Connection, Date and the security
 * headers are set by the gateway. `length` is the size of the content in bytes, or GW_LENGTH_UNKNOWN for a stream.
 * Returns GW_OK, GW_ERR_GONE, GW_ERR_STATE (begun already), GW_ERR_ARGUMENT (a field with a line break, more than 24
 * fields), GW_ERR_NO_MEMORY (the connection is lost). All is copied. */
#define GW_LENGTH_UNKNOWN UINT64_MAX
GW_API gw_status gw_response_start(gw_gateway *gateway, gw_request_id request, int status, const gw_field *fields,
                                   size_t field_count, uint64_t length);
/* Adds content; `data` is copied. Returns GW_OK; GW_DONE when it was taken but the client is slow: wait for
 * GW_EVENT_REQUEST_WRITABLE; GW_ERR_GONE; GW_ERR_STATE (not begun); GW_ERR_ARGUMENT (more than `length`). */
GW_API gw_status gw_response_write(gw_gateway *gateway, gw_request_id request, const void *data, size_t len);
/* Ends the answer; the id is gone. Less content than `length` closes the connection. Returns GW_OK, GW_ERR_GONE, GW_ERR_STATE
 * (not begun), GW_ERR_NO_MEMORY. */
GW_API gw_status gw_response_end(gw_gateway *gateway, gw_request_id request);
/* Breaks the answer off, begun or not, so that no client takes it for a whole one: its connection is closed at once, without
 * what was not taken yet. The id is gone. Returns GW_OK, GW_ERR_GONE, GW_ERR_STATE (the request of GW_EVENT_AUTH).
 * Since 0.2. */
GW_API gw_status gw_response_abort(gw_gateway *gateway, gw_request_id request);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_REQUEST_H */
