// The command line of programs around a gateway: what each line does, and one life with a restart.
#include "gateway/command.h"

#include <csignal>

#include "core/buffer.h"
#include "support/directory.h"
#include "support/test.h"

namespace gw::test {

namespace {

// A program with a home of its own, whose gateways listen nowhere.
struct Program {
    explicit Program(std::vector<const char*> words, std::string_view text = "{gateway:{auth:{mode:'none'}}}",
                     const TemporaryDirectory* of = nullptr) {
        if (of == nullptr) home.write("openclaw.json", text);
        const std::string& folder = of == nullptr ? home.path() : of->path();
        state = "OPENCLAW_STATE_DIR=" + folder;
        temporary = "TMPDIR=" + folder;
        words.insert(words.begin(), "/usr/bin/gatewayd");
        argv = std::move(words);
        env = {state.c_str(), temporary.c_str(), nullptr};
        gw_command_options options{};
        options.size = sizeof options;
        options.argc = static_cast<int>(argv.size());
        options.argv = argv.data();
        options.env = env.data();
        options.host = &host;  // whose log is silent
        options.user = this;
        options.print = [](void* user, bool is_error, gw_str said) {
            auto& self = *static_cast<Program*>(user);
            (is_error ? self.errors : self.output) += as_text(said);
        };
        REQUIRE(gw_command_new(&options, &command) == GW_OK);
    }
    ~Program() {
        gw_gateway_free(gateway);
        gw_command_free(command);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    gw_status next() { return gw_command_next(command, &gateway); }
    gw_status signal(int number) { return gw_command_signal(command, gateway, number); }
    // Turns of a host's loop, until the gateway has nothing to say; frees it when it has stopped.
    void serve() {
        gw_event event{};
        event.size = sizeof event;
        bool stopped = false;
        gw_gateway_tick(gateway, now += 1, 1700000000000);
        while (gw_gateway_next_event(gateway, &event) == GW_OK) {
            gw_command_event(command, gateway, &event);
            stopped = stopped || event.type == GW_EVENT_STOPPED;
        }
        if (!stopped) return;
        gw_gateway_free(gateway);
        gateway = nullptr;
    }

    TemporaryDirectory home;
    std::string state, temporary, output, errors;
    std::vector<const char*> argv, env;
    gw_host host{sizeof(gw_host), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
    gw_command* command = nullptr;
    gw_gateway* gateway = nullptr;
    std::uint64_t now = 1000;
};

}  // namespace

TEST_CASE("command: lines that end at once") {
    struct Case {
        std::vector<const char*> words;
        std::string_view config;
        int code;
        std::string_view output, errors;  // parts of them
    };
    const std::string_view valid = "{gateway:{auth:{mode:'none'}}}";
    const Case cases[] = {
        {{"--help"}, valid, 0, "usage: gatewayd [doctor] [--config FILE]", ""},
        {{"-h", "--wrong"}, valid, 0, "usage: gatewayd", ""},
        {{"--version"}, valid, 0, "gatewayd 0.", ""},
        {{"--check"}, valid, 0, "the configuration is valid\n", ""},
        {{"--port", "18790", "--check"}, valid, 0, "the configuration is valid\n", ""},
        {{"--check"}, "{gateway:{port:'x'}}", 1, "", "gateway.port"},
        {{"--check", "--config", "/no/such/file.json"}, valid, 1, "", "/no/such/file.json"},
        {{"--config=/no/such/file.json"}, valid, 1, "", "gatewayd: cannot start: "},
        {{"doctor"}, "{gateway:{port:'x'}}", 1, "problem: a gateway cannot start as things are\n", ""},
        {{"--port", "x"}, valid, 2, "", "gatewayd: --port takes a number from 0 to 65535, not \"x\"\nusage: gatewayd"},
        {{"--port", ""}, valid, 2, "", "not \"\""},
        {{"--port=65536"}, valid, 2, "", "not \"65536\""},
        {{"--port", "-1"}, valid, 2, "", "not \"-1\""},
        {{"-p"}, valid, 2, "", "a value is missing behind \"-p\""},
        {{"--config"}, valid, 2, "", "a value is missing behind \"--config\""},
        {{"--check=yes"}, valid, 2, "", "what is \"--check=yes\"\n"},
        {{"--ports", "1"}, valid, 2, "", "what is \"--ports\""},
        {{"serve"}, valid, 2, "", "what is \"serve\""},
        {{"doctor", "doctor"}, valid, 2, "", "what is \"doctor\""},
    };
    for (const Case& c : cases) {
        Program program(c.words, c.config);
        INFO(c.words[0] << " | " << c.config);
        CHECK(program.next() == GW_DONE);
        CHECK(program.gateway == nullptr);
        CHECK(gw_command_exit_code(program.command) == c.code);
        CHECK(program.next() == GW_DONE);
        INFO(program.output << program.errors);
        CHECK(program.output.find(c.output) != std::string::npos);
        CHECK(program.errors.find(c.errors) != std::string::npos);
        CHECK(program.output.empty() == c.output.empty());
        if (c.code == 2) CHECK(program.output.empty());
    }
}

TEST_CASE("command: a gateway, the one after its restart, and the end") {
    Program program({"--port", "0"});
    REQUIRE(program.next() == GW_OK);
    program.serve();
    CHECK(program.output == "listening on \n");  // nobody listens here
    CHECK(program.signal(SIGHUP) == GW_OK);      // nothing to it
    REQUIRE(program.signal(SIGUSR1) == GW_OK);
    for (int turn = 0; turn < 10 && program.gateway != nullptr; ++turn) {
        program.now += 2000;
        program.serve();
    }
    REQUIRE(program.gateway == nullptr);
    REQUIRE(program.next() == GW_OK);
    CHECK(program.errors.find("gatewayd: restarting\n") != std::string::npos);
    program.serve();
    CHECK(program.signal(SIGTERM) == GW_OK);
    for (int turn = 0; turn < 10 && program.gateway != nullptr; ++turn) {
        program.now += 2000;
        program.serve();
    }
    CHECK(program.next() == GW_DONE);
    CHECK(gw_command_exit_code(program.command) == 0);
    // The second does not wait, whichever it is.
    CHECK(program.signal(SIGUSR1) == GW_OK);
    CHECK(program.signal(SIGINT) == GW_DONE);
    CHECK(gw_command_signal(nullptr, nullptr, SIGTERM) == GW_ERR_ARGUMENT);
}

TEST_CASE("command: the doctor tries a start, and another gateway is waited for") {
    Program program({"doctor"});
    std::error_code ignored;
    std::filesystem::permissions(program.home / "openclaw.json", std::filesystem::perms(0600), ignored);
    std::filesystem::permissions(program.home.path(), std::filesystem::perms(0700), ignored);
    REQUIRE(program.next() == GW_OK);
    for (int turn = 0; turn < 10 && program.gateway != nullptr; ++turn) {
        program.now += 2000;
        program.serve();
    }
    CHECK(program.next() == GW_DONE);
    CHECK(gw_command_exit_code(program.command) == 0);
    CHECK(program.output.find("listening on") == std::string::npos);
    CHECK(program.output.find("ok: a gateway can start\n") != std::string::npos);

    Program first({});
    REQUIRE(first.next() == GW_OK);
    Program second({}, "", &first.home);
    for (int turn = 0; turn < 10; ++turn) CHECK(second.next() == GW_ERR_STATE);
    CHECK(second.next() == GW_DONE);
    CHECK(gw_command_exit_code(second.command) == 1);
    gw_command* none = nullptr;
    CHECK(gw_command_new(nullptr, &none) == GW_ERR_ARGUMENT);
    CHECK(gw_command_exit_code(nullptr) == 2);
    gw_command_free(nullptr);
}

}  // namespace gw::test
