#include "gateway/command.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <initializer_list>
#include <memory_resource>
#include <string>
#include <utility>

#include "api/guard.h"
#include "api/sized.h"
#include "core/buffer.h"
#include "core/memory.h"
#include "core/text.h"

namespace {

constexpr std::string_view usage =
    " [doctor] [--config FILE] [--port N] [--host ADDRESS] [--check] [--version] [--help]\n"
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
constexpr int lock_tries_max = 10;  // half a second each

enum class Task : std::uint8_t { serve, doctor, check, version, help, wrong };

}  // namespace

struct gw_command {
    gw_command(const gw_command_options& options, const gw::Allocator& from)
        : allocator(from), memory(from), given(options) {
        if (given.host != nullptr) {
            host = *given.host;
        } else {
            host.user = this;
            host.log = print_log;
        }
        host.size = sizeof host;
        given.host = &host;
        if (given.env == nullptr) given.env = environ;
        if (given.print == nullptr) given.print = print_text;
        source.size = sizeof source;
        source.env = given.env;
        name = given.argc > 0 ? std::string_view(given.argv[0]) : std::string_view("gateway");
        name.remove_prefix(name.rfind('/') + 1);
        read_words();
    }

    void print(bool is_error, std::initializer_list<std::string_view> parts) {
        std::pmr::string text(&memory);
        for (const std::string_view part : parts) text += part;
        if (!text.empty()) given.print(given.user, is_error, gw::as_str(text));
    }
    static void print_text(void* /*user*/, bool is_error, gw_str text) {
        std::FILE* const to = is_error ? stderr : stdout;
        std::fwrite(text.data, 1, text.len, to);
        std::fflush(to);
    }
    static void print_log(void* user, gw_log_level level, gw_str line) {
        static constexpr std::string_view levels[] = {": error: ", ": warn: ", ": info: ", ": debug: "};
        const std::string_view name = static_cast<gw_command*>(user)->name;
        for (const std::string_view part : {name, levels[level], gw::as_text(line), std::string_view("\n")})
            std::fwrite(part.data(), 1, part.size(), stderr);
    }
    // Takes the buffer.
    void print(bool is_error, gw_buf& text) {
        print(is_error, {std::string_view(static_cast<const char*>(text.data), text.len)});
        gw_buf_free(&text);
    }

    void read_words();
    // False: not one of our options.
    bool read_option(std::string_view word, int& at);
    void set_port(std::string_view text);
    void fail(std::string_view why) {
        if (task != Task::wrong) problem = why;
        task = Task::wrong;
    }

    gw_status open(gw_gateway** out);
    gw_status end(int code) {
        exit_code = code;
        if (task == Task::doctor && !ended)
            print(false, {code == 0 ? "ok: a gateway can start\n" : "problem: a gateway cannot start as things are\n"});
        ended = true;
        return GW_DONE;
    }
    void check();
    // False: nobody needs to try a start.
    bool examine();

    gw::Allocator allocator;
    gw::HostMemory memory;
    gw_command_options given;
    gw_host host{};
    gw_config_source source{};
    std::string_view name;
    Task task = Task::serve;
    std::string_view problem, about;  // of the command line
    int exit_code = 0, tries = 0;
    std::uint32_t port = 0;  // of the gateway that is served
    bool ended = false, examined = false, served = false, restart = false, stopping = false;
};

void gw_command::set_port(std::string_view text) {
    const auto number = gw::parse_decimal(text);
    if (!number || *number > 65535) {
        fail("--port takes a number from 0 to 65535, not");
        about = text;
        return;
    }
    source.port = *number == 0 ? GW_PORT_ANY : static_cast<int32_t>(*number);
}

bool gw_command::read_option(std::string_view word, int& at) {
    const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string_view::npos;
    const std::string_view key = word.substr(0, equals);
    const auto is = [&](std::string_view full, std::string_view brief) { return key == full || key == brief; };
    if (equals == std::string_view::npos) {
        if (is("--check", "--check")) return task = Task::check, true;
        if (is("--version", "-v")) return task = Task::version, true;
        if (is("--help", "-h")) return task = Task::help, true;
    }
    const bool config = is("--config", "-c"), number = is("--port", "-p"), address = is("--host", "--host");
    if (!config && !number && !address) return false;
    std::string_view value;
    if (equals != std::string_view::npos) {
        value = word.substr(equals + 1);
    } else if (at + 1 < given.argc) {
        value = given.argv[++at];
    } else {
        fail("a value is missing behind");
        about = key;
        return true;
    }
    if (config) source.path = gw::as_str(value);
    if (address) source.address = gw::as_str(value);
    if (number) set_port(value);
    return true;
}

void gw_command::read_words() {
    for (int at = 1; at < given.argc && task != Task::wrong; ++at) {
        const std::string_view word = given.argv[at];
        if (word == "doctor" && task == Task::serve) {
            task = Task::doctor;
        } else if (!read_option(word, at)) {
            fail("what is");
            about = word;
        } else if (task == Task::help || task == Task::version) {
            return;  // whatever follows
        }
    }
}

void gw_command::check() {
    gw_config* config = nullptr;
    gw_buf problems{};
    const gw_status status = gw_config_load(&source, &host, &config, &problems);
    print(true, problems);
    gw_config_free(config);
    if (status != GW_OK) {
        print(true, {name, ": cannot start: ", gw_strerror(status), "\n"});
    } else {
        print(false, {"the configuration is valid\n"});
    }
    end(status == GW_OK ? 0 : 1);
}

bool gw_command::examine() {
    examined = true;
    gw_buf report{};
    const gw_status status = gw_config_doctor(&source, &host, true, &report);
    print(false, report);
    if (status == GW_OK) return true;
    ended = status == GW_ERR_STATE;  // it runs: the best proof that it can start
    end(ended ? 0 : 1);
    return false;
}

gw_status gw_command::open(gw_gateway** out) {
    gw_gateway_options setup{};
    setup.size = sizeof setup;
    setup.host = &host;
    setup.services = given.services;
    setup.exclusive = 1;
    for (const char* const* entry = given.env; entry != nullptr && *entry != nullptr; ++entry)
        if (std::string_view(*entry).starts_with("OPENCLAW_ALLOW_MULTI_GATEWAY=")) setup.exclusive = 0;
    gw_buf problems{};
    const gw_status status = gw_gateway_open(&source, &setup, out, &problems);
    if (status == GW_ERR_STATE && task == Task::serve && tries++ < lock_tries_max) {
        gw_buf_free(&problems);
        return status;
    }
    print(true, problems);
    tries = 0;
    served = status == GW_OK;
    restart = false;
    if (served) return GW_OK;
    print(true, {name, ": cannot start: ", gw_strerror(status), ". `", name, " doctor` may know more\n"});
    return end(1);
}

extern "C" {

gw_status gw_command_new(const gw_command_options* options, gw_command** out) {
    gw_command_options given;
    if (out == nullptr || options == nullptr) return GW_ERR_ARGUMENT;
    if (const gw_status status = gw::api::copy_sized(options, given); status != GW_OK) return status;
    gw_host host;
    if (const gw_status status = gw::api::copy_sized(given.host, host); status != GW_OK) return status;
    if (given.argc < 0 || (given.argc > 0 && given.argv == nullptr)) return GW_ERR_ARGUMENT;
    if (given.host != nullptr) given.host = &host;
    return gw::api::guard([&] {
        const gw::Allocator allocator = gw::Allocator::from(&host);
        *out = new (allocator.allocate(sizeof(gw_command))) gw_command(given, allocator);
        return GW_OK;
    });
}

gw_status gw_command_next(gw_command* command, gw_gateway** out) {
    if (command == nullptr || out == nullptr) return GW_ERR_ARGUMENT;
    gw_command& self = *command;
    return gw::api::guard([&] {
        if (self.ended) return GW_DONE;
        switch (self.task) {
        case Task::help: self.print(false, {"usage: ", self.name, usage}); return self.end(0);
        case Task::version: self.print(false, {self.name, " ", gw_version(), "\n"}); return self.end(0);
        case Task::wrong:
            self.print(true, {self.name, ": ", self.problem, " \"", self.about, "\"\nusage: ", self.name, usage});
            return self.end(2);
        case Task::check: self.check(); return GW_DONE;
        case Task::doctor:
            if (!self.examined && !self.examine()) return GW_DONE;
            break;
        case Task::serve: break;
        }
        if (self.served && !self.restart) return self.end(self.exit_code);
        if (self.restart) {
            self.print(true, {self.name, ": restarting\n"});
            if (self.source.port == GW_PORT_ANY) self.source.port = static_cast<int32_t>(self.port);
        }
        return self.open(out);
    });
}

void gw_command_event(gw_command* command, gw_gateway* gateway, const gw_event* event) {
    if (command == nullptr || event == nullptr) return;
    gw_command& self = *command;
    if (event->type == GW_EVENT_STOPPED) {
        self.exit_code = event->status == GW_OK ? 0 : 1;
        self.restart = event->status == GW_OK && event->restart;
    }
    if (event->type != GW_EVENT_READY) return;
    self.port = event->port;
    if (self.task == Task::doctor) {
        gw_gateway_shutdown(gateway);
        return;
    }
    static_cast<void>(gw::api::guard([&] {
        if (event->data.len > 0) self.print(false, {"token: ", gw::as_text(event->data), "\n"});
        self.print(false, {"listening on ", gw::as_text(event->host), "\n"});
        return GW_OK;
    }));
}

gw_status gw_command_signal(gw_command* command, gw_gateway* gateway, int number) {
    if (command == nullptr) return GW_ERR_ARGUMENT;
    if (number == SIGUSR1) static_cast<void>(gw_gateway_restart(gateway));
    if (number != SIGINT && number != SIGTERM) return GW_OK;
    if (std::exchange(command->stopping, true)) return GW_DONE;
    gw_gateway_shutdown(gateway);
    return GW_OK;
}

int gw_command_exit_code(const gw_command* command) { return command == nullptr ? 2 : command->exit_code; }

void gw_command_free(gw_command* command) {
    if (command == nullptr) return;
    const gw::Allocator allocator = command->allocator;
    command->~gw_command();
    allocator.deallocate(command, sizeof(gw_command));
}

}  // extern "C"
