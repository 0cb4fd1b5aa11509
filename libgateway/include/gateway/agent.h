/* agent.h: agents that the host answers for itself, on every front of the gateway: HTTP, WebSocket, hooks.
 *
 *     gw_gateway_agent() ... GW_EVENT_RUN --> gw_run_request() --> gw_run_delta() ... --> gw_run_end() or gw_run_fail()
 *                                                \-> gw_run_tool_call(), gw_run_end(GW_RUN_TOOL_CALLS): a new RUN has the results
 *
 * Queues, time limits, the guardrail and what clients see are the gateway's, as for any other agent.
 */
#ifndef GATEWAY_AGENT_H
#define GATEWAY_AGENT_H

#include "gateway/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Says that the host answers for the agent `agent`, whatever its configuration says; an empty id stands for every agent
 * whose `runtime` is "host". `agent` is borrowed for the call. Runs that are on their way stay with who answers them.
 * Without this call no GW_EVENT_RUN comes, and agents with the runtime "host" answer with an error.
 * Returns GW_OK (also the second time), GW_ERR_ARGUMENT (no agent of that id is configured), GW_ERR_NO_MEMORY. */
GW_API gw_status gw_gateway_agent(gw_gateway *gateway, gw_str agent);

/* The conversation of a run: a chat completions request of OpenAI's, as JSON: `messages`, `tools`, sampling values. It has
 * passed the guardrail. The text is valid until the run has ended or was cancelled. Returns GW_OK or GW_ERR_GONE. */
GW_API gw_status gw_run_request(gw_gateway *gateway, gw_run_id run, gw_str *out);

typedef enum gw_run_text {
    GW_RUN_TEXT = 0,
    GW_RUN_REASONING = 1 /* thinking: shown where a client asks for it, no part of the answer */
} gw_run_text;

/* More of the answer; `text` is UTF-8, copied, and may end inside a character when the next piece goes on with it.
 * Returns GW_OK; GW_DONE when it was taken but its reader is slow: better wait for GW_EVENT_RUN_WRITABLE; GW_ERR_GONE (the
 * run has ended, was cancelled, or the guardrail has ended it); GW_ERR_DATA (no UTF-8, or another kind in the middle of a
 * character: nothing was taken); GW_ERR_ARGUMENT; GW_ERR_NO_MEMORY (the run has ended). */
GW_API gw_status gw_run_delta(gw_gateway *gateway, gw_run_id run, gw_run_text kind, gw_str text);

/* The answer calls a tool that the request offers. `arguments` is a JSON object, empty for none; an empty `id` is made up. All
 * is copied. What becomes of it begins with gw_run_end(): a tool of the client's is handed to the client; one of the
 * gateway's is run, and a new GW_EVENT_RUN, with another id, has its result in the conversation.
 * Returns as gw_run_delta(); GW_ERR_DATA also for arguments that are no JSON object. */
GW_API gw_status gw_run_tool_call(gw_gateway *gateway, gw_run_id run, gw_str id, gw_str tool, gw_str arguments);

typedef enum gw_run_stop {
    GW_RUN_STOP = 0,
    GW_RUN_LENGTH = 1, /* the answer is cut */
    GW_RUN_TOOL_CALLS = 2,
    GW_RUN_CONTENT_FILTER = 3
} gw_run_stop;

/* What an answer has used. */
typedef struct gw_run_usage {
    size_t size;
    uint64_t input_tokens;  /* those from a cache included */
    uint64_t cached_tokens; /* those of them that came from a cache */
    uint64_t output_tokens;
} gw_run_usage;

/* Ends the answer; the id is gone. `usage` is borrowed, NULL: not known. Returns GW_OK, GW_ERR_GONE, GW_ERR_DATA (in the middle
 * of a character), GW_ERR_ARGUMENT, GW_ERR_UNSUPPORTED (a newer gw_run_usage), GW_ERR_NO_MEMORY (the run has ended). */
GW_API gw_status gw_run_end(gw_gateway *gateway, gw_run_id run, gw_run_stop stop, const gw_run_usage *usage);

/* The host cannot answer, or not go on; the id is gone. Clients are told `message`, which is UTF-8 and copied; empty: that the
 * agent failed. Returns GW_OK, GW_ERR_GONE, GW_ERR_DATA, GW_ERR_NO_MEMORY (the run has ended). */
GW_API gw_status gw_run_fail(gw_gateway *gateway, gw_run_id run, gw_str message);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_AGENT_H */
