#include <getopt.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "host.h"

namespace {

constexpr const char* usage =
    "usage: gatewayd [doctor] [--config FILE] [--port N] [--host ADDRESS] [--check] [--version] [--help]\n"
    "\n"
    "  --config FILE   configuration (JSON5); default: OPENCLAW_CONFIG_PATH, else openclaw.json or\n"
    "                  config.json in OPENCLAW_STATE_DIR (default ~/.openclaw)\n"
    "  --port N        port to listen on, 0 for any free one; default: OPENCLAW_GATEWAY_PORT, gateway.port, 18789\n"
    "  --host ADDRESS  address to listen on; anything but loopback needs authentication\n"
    "  --check         say what is wrong with the configuration, change nothing, and exit\n"
    "  doctor          say what is wrong with the installation, repair what is safe to repair, try a start, and exit\n"
    "\n"
    "Prints `listening on URL` once ready. SIGTERM or SIGINT lets open answers finish; a second one does not.\n"
    "SIGUSR1 restarts in place.\n";

void log_line(void*, gw_log_level level, gw_str line) {
    static constexpr const char* names[] = {"error", "warn", "info", "debug"};
    std::fprintf(stderr, "gatewayd: %s: %.*s\n", names[level], static_cast<int>(line.len), line.data);
}

void print(gw_buf& text, FILE* to) {
    std::fprintf(to, "%.*s", static_cast<int>(text.len), static_cast<const char*>(text.data));
    gw_buf_free(&text);
}

// One gateway after the other, as long as they ask for a restart; the exit code.
int serve(gw_config_source& source, gw_gateway_options& setup, bool only_try) {
    Host host;
    for (;;) {
        gw_gateway* gateway = nullptr;
        gw_buf problems{};
        gw_status status = GW_ERR_STATE;
        // One that was just told to end may need a moment to let go.
        for (int wait = only_try ? 0 : 10; (status = gw_gateway_open(&source, &setup, &gateway, &problems)) != GW_OK;) {
            if (status != GW_ERR_STATE || wait-- == 0) break;
            gw_buf_free(&problems);
            usleep(500000);
        }
        print(problems, stderr);
        if (status != GW_OK) {
            std::fprintf(stderr, "gatewayd: cannot start: %s. `gatewayd doctor` may know more\n", gw_strerror(status));
            return 1;
        }
        const Host::End end = host.run(gateway, only_try);
        gw_gateway_free(gateway);
        if (end != Host::End::restart) return end == Host::End::done ? 0 : 1;
        std::fprintf(stderr, "gatewayd: restarting\n");
        source.port = static_cast<int32_t>(source.port == GW_PORT_ANY ? host.port() : source.port);
    }
}

int check(const gw_config_source& source, const gw_host& services) {
    gw_config* config = nullptr;
    gw_buf problems{};
    const gw_status status = gw_config_load(&source, &services, &config, &problems);
    print(problems, stderr);
    gw_config_free(config);
    if (status != GW_OK) std::fprintf(stderr, "gatewayd: cannot start: %s\n", gw_strerror(status));
    if (status == GW_OK) std::puts("the configuration is valid");
    return status == GW_OK ? 0 : 1;
}

int doctor(gw_config_source& source, gw_gateway_options& setup) {
    gw_buf report{};
    const gw_status status = gw_config_doctor(&source, setup.host, true, &report);
    print(report, stdout);
    std::fflush(stdout);
    if (status == GW_ERR_STATE) return 0;  // it runs: the best proof that it can start
    const int code = status == GW_OK ? serve(source, setup, true) : 1;
    std::puts(code == 0 ? "ok: a gateway can start" : "problem: a gateway cannot start as things are");
    return code;
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
    bool only_check = false;
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
        case 'k': only_check = true; break;
        case 'v': std::printf("gatewayd %s\n", gw_version()); return 0;
        case 'h': std::fputs(usage, stdout); return 0;
        default: std::fputs(usage, stderr); return 2;
        }
    }
    const bool see_doctor = optind < argc && std::strcmp(argv[optind], "doctor") == 0;
    if (optind + (see_doctor ? 1 : 0) < argc) {
        std::fprintf(stderr, "gatewayd: what is \"%s\"?\n%s", argv[argc - 1], usage);
        return 2;
    }
    gw_host services{};
    services.size = sizeof services;
    services.log = log_line;
    gw_gateway_options setup{};
    setup.size = sizeof setup;
    setup.host = &services;
    setup.services = GW_SERVICE_ALL;
    setup.exclusive = std::getenv("OPENCLAW_ALLOW_MULTI_GATEWAY") == nullptr ? 1 : 0;
    if (only_check) return check(source, services);
    rlimit files{};  // every connection is a descriptor: as many as there may be
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    return see_doctor ? doctor(source, setup) : serve(source, setup, false);
}
