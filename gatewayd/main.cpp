#include <sys/resource.h>
#include <unistd.h>

#include "host.h"

int main(int argc, char** argv) {
    rlimit files{};  // every connection is a descriptor: as many as there may be
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    const gw_command_options options{.size = sizeof options, .argc = argc, .argv = argv, .services = GW_SERVICE_ALL};
    gw_command* command = nullptr;
    if (gw_command_new(&options, &command) != GW_OK) return 1;
    Host host(command);
    gw_gateway* gateway = nullptr;
    for (gw_status next; (next = gw_command_next(command, &gateway)) != GW_DONE;) {
        if (next == GW_OK) {
            host.run(gateway);
            gw_gateway_free(gateway);
        } else {
            usleep(500000);  // another gateway is about to end
        }
    }
    const int code = gw_command_exit_code(command);
    gw_command_free(command);
    return code;
}
