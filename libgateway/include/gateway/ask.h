/* ask.h: answers to the gateway's questions.
 *
 * A question (GW_EVENT_LISTEN, _RESOLVE, _SPAWN, _WATCH, _DATAGRAM, _AUTH, _OPINION) waits in the gateway with a deadline of its own;
 * the host answers when it can, at once or after seconds. An answer that comes too late changes nothing and gets GW_ERR_GONE.
 */
#ifndef GATEWAY_ASK_H
#define GATEWAY_ASK_H

#include "gateway/event.h"

#ifdef __cplusplus
extern "C" {
#endif

struct addrinfo; /* the operating system's (<netdb.h>) */

/* One answer. Everything is borrowed for the call. Which members count depends on the question:
 *   LISTEN    status, port: the port that was bound. Stays open until shutdown.
 *   RESOLVE   status, addresses: as text, in order of preference.
 *   SPAWN     status, data: what the program wrote to standard output, as it comes, each piece with `more`; the last answer
 *             is without `more` and has the exit_code (and data, if there is any left). Nothing needs to be collected or
 *             counted: who asked gets all of it at once, and when it is too much GW_EVENT_CANCEL comes.
 *   WATCH     status GW_OK each time the file may have changed (the question stays open, without a deadline); an error ends it.
 *   DATAGRAM  status and port once when it is open; then data, address and port of each datagram. Stays open.
 *   AUTH      status GW_OK (come in), GW_ERR_DENIED (401), anything else: nobody could say (503), which is also what no
 *             answer within gw_limits.ask_timeout_ms means; user; scopes.
 *   OPINION   status GW_OK (let it go on), GW_ERR_BLOCKED (block it; clients are told up to 200 bytes of `reason`), anything
 *             else, or no answer within gw_limits.ask_timeout_ms: nobody could say, and the word of the rules stands. */
typedef struct gw_answer {
    size_t size;
    gw_status status; /* GW_OK, or why not: GW_ERR_RESOLVE, GW_ERR_IO, GW_ERR_TIMEOUT, GW_ERR_LIMIT, GW_ERR_UNSUPPORTED */
    gw_str reason;    /* a few words on an error, for the log: "address already in use" */
    const gw_str *addresses;
    size_t address_count;
    gw_str address;
    uint32_t port;
    int32_t exit_code;
    gw_str data;
    gw_str user;   /* AUTH: who that is, for gw_request_user(), presence and records; may be empty */
    gw_str scopes; /* AUTH: what they may do, "operator.read, operator.write"; empty: everything */
    bool more;     /* SPAWN, with GW_OK: this is not the last answer; since 0.2 */
    const struct addrinfo *addrinfo; /* RESOLVE: instead of `addresses`, as getaddrinfo() gave it; since 0.2 */
    const struct sockaddr *sockaddr; /* LISTEN, DATAGRAM: instead of `address` and `port`, as getsockname() or recvfrom() gave it;
                                      * since 0.2 */
} gw_answer;

/* Returns GW_OK, GW_ERR_GONE (no such question any more), GW_ERR_ARGUMENT, GW_ERR_NO_MEMORY. */
GW_API gw_status gw_ask_answer(gw_gateway *gateway, gw_ask_id ask, const gw_answer *answer);

/* A pointer for the host's own use, which GW_EVENT_CANCEL and GW_EVENT_SEND of this question bring back as gw_event.user; NULL until
 * set. Who frees what it points to sets NULL before, as long as CANCEL may still wait in the queue. An id is of one
 * gateway: another one does not know it, so an answer that outlives a restart is GW_ERR_GONE. Since 0.2.
 * Returns GW_OK, or GW_ERR_GONE (no such question any more; nothing waits in the queue either). */
GW_API gw_status gw_ask_set_user(gw_gateway *gateway, gw_ask_id ask, void *user);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_ASK_H */
