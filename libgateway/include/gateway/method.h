/* method.h: methods of the gateway protocol that the host answers, and events that it sends.
 *
 *     gw_gateway_add_method() ... GW_EVENT_METHOD_CALL --> gw_method_answer() or gw_method_fail()
 *                                                     \-> GW_EVENT_METHOD_CANCEL: nobody waits for the answer any more
 *     gw_gateway_add_event() ... gw_gateway_emit() --> every client that may see it, or one
 *
 * They are listed in hello-ok beside those of the gateway, and called in every dialect that has methods. Before the host
 * hears of a call the gateway has checked the caller's scope and the parameters.
 */
#ifndef GATEWAY_METHOD_H
#define GATEWAY_METHOD_H

#include "gateway/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds a method, for clients that connect from now on to see and for all to call. `name` is 1 to 64 letters, digits, '.',
 * '_' and '-', with a letter first ("lights.set"). `scope` says who may call it: "operator.read", ".write", ".admin",
 * ".approvals", ".pairing", ".questions", ".talk", ".talk.secrets", or "node" for clients of that role; empty is
 * "operator.admin". `schema` is a JSON Schema object for its parameters, which are an object; empty: anything goes. The
 * types, properties, lengths, ranges, enumerations and alternatives in it are checked; what else it says is the host's to
 * check. A call that has no answer after `timeout_ms` fails; 0: gw_limits.ask_timeout_ms. All is copied, and stays for
 * the life of the gateway.
 * Returns GW_OK, GW_ERR_ARGUMENT (the name is none, or is taken, also by the gateway; the scope is none), GW_ERR_DATA
 * (`schema` is no JSON Schema of an object), GW_ERR_LIMIT (256 methods, or a schema of more than 64 KiB),
 * GW_ERR_NO_MEMORY. Since 0.2. */
GW_API gw_status gw_gateway_add_method(gw_gateway *gateway, gw_str name, gw_str scope, gw_str schema, uint32_t timeout_ms);

/* Ends a call with its result; the id is gone. `payload` is JSON, copied; empty: {}.
 * Returns GW_OK, GW_ERR_GONE (the call has ended or was cancelled), GW_ERR_DATA (no JSON: the call goes on), GW_ERR_LIMIT
 * (more than 16 MiB: the call goes on), GW_ERR_ARGUMENT, GW_ERR_NO_MEMORY (the call has ended). Since 0.2. */
GW_API gw_status gw_method_answer(gw_gateway *gateway, gw_method_call_id call, gw_str payload);

/* Ends a call with a failure; the id is gone. `code` is 1 to 64 capital letters, digits and '_': "INVALID_REQUEST",
 * "NOT_FOUND", "UNAVAILABLE", or one of the host's own; empty is "UNAVAILABLE". `message` is told to the caller: UTF-8, the
 * first 4 KiB of it. `details` is JSON, or empty.
 * Returns as gw_method_answer() does, and GW_ERR_ARGUMENT when `code` is none. Since 0.2. */
GW_API gw_status gw_method_fail(gw_gateway *gateway, gw_method_call_id call, gw_str code, gw_str message, gw_str details);

enum {
    GW_EMIT_MAY_DROP = 1 << 0, /* a client that does not keep up does without it, instead of being closed */
    GW_EMIT_TO_NODES = 1 << 1  /* clients of role node get it too, whatever its scope */
};

/* Makes an event known, so that it can be sent and is listed. `name` as that of a method. `scope` says who gets it, as for
 * a method, but "node"; empty: everybody. `flags` are bits of GW_EMIT_*. All is copied, and stays for the life of the
 * gateway.
 * Returns GW_OK, GW_ERR_ARGUMENT (the name is none, or is taken; the scope is none), GW_ERR_UNSUPPORTED (an unknown flag),
 * GW_ERR_LIMIT (256 events), GW_ERR_NO_MEMORY. Since 0.2. */
GW_API gw_status gw_gateway_add_event(gw_gateway *gateway, gw_str name, gw_str scope, uint32_t flags);

/* Sends an event that was added: to every client that may see it, in a number of its own, or, with `client`, to that one
 * alone, whatever its scopes. `payload` is JSON, copied once for all; empty: {}.
 * Returns GW_OK, GW_ERR_ARGUMENT (no such event), GW_ERR_GONE (`client` has left), GW_ERR_DATA (no JSON), GW_ERR_LIMIT
 * (more than 16 MiB), GW_ERR_NO_MEMORY (some may have got it). Since 0.2. */
GW_API gw_status gw_gateway_emit(gw_gateway *gateway, gw_str name, gw_str payload, gw_client_id client);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_METHOD_H */
