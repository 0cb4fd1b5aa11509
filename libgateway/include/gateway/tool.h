/* tool.h: tools that the host runs, for the models of agents and for POST /tools/invoke.
 *
 *     gw_gateway_add_tool() ... GW_EVENT_TOOL_CALL --> [gw_tool_progress() ...] gw_tool_result()
 *                                                  \-> GW_EVENT_TOOL_CANCEL: nobody wants the result any more
 *
 * What a tool is given has passed the guardrail, and so does what it gives back.
 */
#ifndef GATEWAY_TOOL_H
#define GATEWAY_TOOL_H

#include "gateway/event.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GW_TOOL_OWNER_ONLY = 1 << 0 /* offered and run only for callers who may do everything */
};

/* Offers a tool, from the next turn of an agent on. `name` is 1 to 64 letters, digits, '_' and '-'; `description` is what models
 * are told of it; `schema` is a JSON Schema object for its arguments, empty: no arguments. All is copied, and stays for the life
 * of the gateway. `flags` are bits of GW_TOOL_*.
 * Returns GW_OK, GW_ERR_ARGUMENT (the name is none, or is taken), GW_ERR_DATA (`description` is no UTF-8, or `schema` no JSON
 * object), GW_ERR_LIMIT (256 tools, or one of more than 64 KiB), GW_ERR_UNSUPPORTED (an unknown flag), GW_ERR_NO_MEMORY.
 * Since 0.2. */
GW_API gw_status gw_gateway_add_tool(gw_gateway *gateway, gw_str name, gw_str description, gw_str schema, uint32_t flags);

/* Says what a tool is doing, for people who watch; no part of its result. `text` is UTF-8, copied.
 * Returns GW_OK, GW_ERR_GONE (the call has ended or was cancelled), GW_ERR_DATA (no UTF-8), GW_ERR_ARGUMENT, GW_ERR_NO_MEMORY
 * (the call has ended). Since 0.2. */
GW_API gw_status gw_tool_progress(gw_gateway *gateway, gw_tool_call_id call, gw_str text);

/* Ends a call with its result; the id is gone. `text` is UTF-8, copied; models are given at most 256 KiB of it. With `is_error`
 * it says what went wrong: the model is told so, and POST /tools/invoke answers with an error.
 * Returns GW_OK, GW_ERR_GONE, GW_ERR_DATA (no UTF-8: the call goes on), GW_ERR_ARGUMENT, GW_ERR_NO_MEMORY (the call has ended).
 * Since 0.2. */
GW_API gw_status gw_tool_result(gw_gateway *gateway, gw_tool_call_id call, gw_str text, bool is_error);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_TOOL_H */
