#include <getopt.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "host.h"

namespace {

constexpr const char* usage =
    "usage: gatewayd [--config FILE] [--port N] [--host ADDRESS] [--check] [--version] [--help]\n"
    "\n"
    "  --config FILE   configuration (JSON5); default: OPENCLAW_CONFIG_PATH, else openclaw.json or\n"
    "                  config.json in OPENCLAW_STATE_DIR (default ~/.openclaw)\n"
    "  --port N        port to listen on, 0 for any free one; default: OPENCLAW_GATEWAY_PORT, gateway.port, 18789\n"
    "  --host ADDRESS  address to listen on; anything but loopback needs authentication\n"
    "  --check         check the configuration and exit\n"
    "\n"
    "Prints `listening on URL` once ready. SIGTERM or SIGINT lets open answers finish; a second one does not.\n";

void log_line(void*, gw_log_level level, gw_str line) {
    static constexpr const char* names[] = {"error", "warn", "info", "debug"};
    if (level <= GW_LOG_INFO)
        std::fprintf(stderr, "gatewayd: %s: %.*s\n", names[level], static_cast<int>(line.len), line.data);
}

}  // namespace

int main(int argc, char** argv) {
    static constexpr option options[] = {{"config", 1, nullptr, 'c'},
                                         {"port", 1, nullptr, 'p'},
                                         {"host", 1, nullptr, 'H'},
                                         {"check", 0, nullptr, 'k'},
                                         {"version", 0, nullptr, 'v'},
                                         {"help", 0, nullptr, 'h'},
                                         {}};
    gw_config_source source{};
    source.size = sizeof source;
    source.env = environ;
    bool check = false;
    for (int option = 0; (option = getopt_long(argc, argv, "c:p:hv", options, nullptr)) != -1;) {
        char* end = nullptr;
        switch (option) {
        case 'c': source.path = str(optarg); break;
        case 'p': {
            const long port = std::strtol(optarg, &end, 10);
            if (*optarg == '\0' || *end != '\0' || port < 0 || port > 65535) {
                std::fprintf(stderr, "gatewayd: --port takes a number from 0 to 65535, not \"%s\"\n", optarg);
                return 2;
            }
            source.port = port == 0 ? GW_PORT_ANY : static_cast<int32_t>(port);
            break;
        }
        case 'H': source.address = str(optarg); break;
        case 'k': check = true; break;
        case 'v': std::printf("gatewayd %s\n", gw_version()); return 0;
        case 'h': std::fputs(usage, stdout); return 0;
        default: std::fputs(usage, stderr); return 2;
        }
    }
    if (optind < argc) {
        std::fprintf(stderr, "gatewayd: what is \"%s\"?\n%s", argv[optind], usage);
        return 2;
    }

    gw_host services{};
    services.size = sizeof services;
    services.log = log_line;
    gw_gateway_options setup{};
    setup.size = sizeof setup;
    setup.host = &services;
    setup.services = GW_SERVICE_LISTEN | GW_SERVICE_CONNECT | GW_SERVICE_RESOLVE;
    gw_config* config = nullptr;
    gw_gateway* gateway = nullptr;
    gw_buf problems{};
    const gw_status status = check ? gw_config_load(&source, &services, &config, &problems)
                                   : gw_gateway_open(&source, &setup, &gateway, &problems);
    std::fprintf(stderr, "%.*s", static_cast<int>(problems.len), static_cast<const char*>(problems.data));
    gw_buf_free(&problems);
    gw_config_free(config);
    if (status != GW_OK) {
        std::fprintf(stderr, "gatewayd: cannot start: %s\n", gw_strerror(status));
        return 1;
    }
    if (check) {
        std::puts("the configuration is valid");
        return 0;
    }
    std::signal(SIGPIPE, SIG_IGN);
    rlimit files{};  // every connection is a descriptor: as many as there may be
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    const int code = Host().run(gateway);
    gw_gateway_free(gateway);
    return code;
}
