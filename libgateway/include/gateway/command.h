/* command.h: the command line that the programs around a gateway share, so that what is left of such a program is its
 * loop. Nothing else of the library needs it. Since 0.2.
 *
 *     gw_command_new(argc, argv)
 *     while gw_command_next() gives a gateway:
 *         serve it until GW_EVENT_STOPPED; gw_command_event() sees GW_EVENT_READY and GW_EVENT_STOPPED too
 *         gw_gateway_free()
 *     exit with gw_command_exit_code()
 *
 *     NAME [doctor] [--config FILE] [--port N] [--host ADDRESS] [--check] [--version] [--help]
 */
#ifndef GATEWAY_COMMAND_H
#define GATEWAY_COMMAND_H

#include "gateway/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One run of a program. Thread: one at a time, that of its gateways. */
typedef struct gw_command gw_command;

typedef struct gw_command_options {
    size_t size;
    int argc;                /* as main() has them; they stay until gw_command_free() */
    const char *const *argv; /* argv[0] is the name that texts call the program by, without its folder */
    /* The environment, as environ(7) has it; stays likewise; NULL: that of the process. OPENCLAW_ALLOW_MULTI_GATEWAY in it
     * allows more than one gateway with the same configuration. */
    const char *const *env;
    const gw_host *host; /* copied; NULL: all defaults, and the log goes to standard error */
    uint32_t services;   /* bits of GW_SERVICE_* */
    /* Writes `text`, which ends with a line feed, for people. NULL: to standard output, or to standard error. */
    void (*print)(void *user, bool is_error, gw_str text);
    void *user; /* of print() */
} gw_command_options;

/* Returns GW_OK and `*out`, freed with gw_command_free(); GW_ERR_ARGUMENT or GW_ERR_NO_MEMORY. What is wrong with the
 * command line is said by gw_command_next(). */
GW_API gw_status gw_command_new(const gw_command_options *options, gw_command **out);

/* Does what is next: opens a gateway, or the one after a restart, in `*out`, which the caller frees when it has stopped;
 * or checks, explains, repairs. Prints what there is to say.
 *
 * Returns GW_OK (serve `*out`), GW_DONE (end with gw_command_exit_code()), or GW_ERR_STATE: another gateway is running
 * with this configuration, perhaps only a moment longer: ask again in half a second. After 5 s of that it is
 * GW_DONE. */
GW_API gw_status gw_command_next(gw_command *command, gw_gateway **out);

/* Shows an event of the gateway that is being served: says where it listens, and learns why it has stopped. */
GW_API void gw_command_event(gw_command *command, gw_gateway *gateway, const gw_event *event);

/* Does what --help says of a signal: SIGINT and SIGTERM let open answers finish, SIGUSR1 restarts `gateway` in place, others
 * are nothing. To be called in the program's loop, behind gw_gateway_tick(), not in a signal handler.
 *
 * Returns GW_OK, or GW_DONE for the second SIGINT or SIGTERM, which waits for nothing: exit with 1. */
GW_API gw_status gw_command_signal(gw_command *command, gw_gateway *gateway, int number);

/* 0 after an orderly end, 1 when a gateway could not start or run or something is wrong with the configuration, 2 for a
 * command line that is none. */
GW_API int gw_command_exit_code(const gw_command *command);

/* gw_command_free(NULL) does nothing. */
GW_API void gw_command_free(gw_command *command);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_COMMAND_H */
