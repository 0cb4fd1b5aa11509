#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "host.h"

namespace {

void log_line(void*, gw_log_level level, gw_str line) {
    static constexpr const char* names[] = {"error", "warn", "info", "debug"};
    std::fprintf(stderr, "gatewayd: %s: %.*s\n", names[level], static_cast<int>(line.len), line.data);
}

void print(void*, bool is_error, gw_str text) {
    FILE* to = is_error ? stderr : stdout;
    std::fwrite(text.data, 1, text.len, to);
    std::fflush(to);
}

}  // namespace

int main(int argc, char** argv) {
    rlimit files{};  // every connection is a descriptor: as many as there may be
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    gw_host services{};
    services.size = sizeof services;
    services.log = log_line;
    gw_command_options options{};
    options.size = sizeof options;
    options.argc = argc;
    options.argv = argv;
    options.env = environ;
    options.host = &services;
    options.services = GW_SERVICE_ALL;
    options.print = print;
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
