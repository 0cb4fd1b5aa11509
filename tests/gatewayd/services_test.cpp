// gatewayd's services through real programs, files and sockets. The gateway behind it is a script: it asks what a case
// asks and keeps the answers, so that nothing but the host is tested.
#include "host.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "core/buffer.h"
#include "core/socket_address.h"
#include "support/directory.h"
#include "support/test.h"

namespace {

namespace fs = std::filesystem;
using gw::as_str;
using gw::as_text;

struct Question {
    gw_event_type type;
    gw_ask_id ask = 1;
    std::string host, data;
    uint32_t port = 0;
    std::vector<std::string> argv;
    std::vector<std::string> env = {};
};

struct Answer {
    gw_ask_id ask;
    gw_status status;
    std::string data, address, reason;
    uint32_t port;
    int32_t exit_code;
    std::vector<std::string> addresses;
};

// What stands behind gw_gateway here.
struct Script {
    std::deque<Question> questions;
    Question current;  // its strings live until the next event
    std::vector<gw_str> argv, env;
    std::vector<char*> exec_argv, exec_env;
    gw::SocketAddress address;
    struct Open {
        bool stays = false;  // after its first answer
        void* user = nullptr;
    };
    std::map<gw_ask_id, Open> open;
    std::vector<Answer> answers;
    std::map<gw_ask_id, std::string> pieces;  // of answers that are not whole yet
    std::function<void(Script&)> next;        // after every answer
    bool done = false, told = false;
    unsigned restarts = 0;
    std::chrono::steady_clock::time_point give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);

    gw_gateway* gateway() { return reinterpret_cast<gw_gateway*>(this); }
};
Script& script(gw_gateway* gateway) { return *reinterpret_cast<Script*>(gateway); }

std::vector<Answer> run(std::deque<Question> questions, std::function<void(Script&)> next) {
    Script play;
    play.questions = std::move(questions);
    play.next = std::move(next);
    Host host;
    host.run(play.gateway());
    CHECK(play.told);
    return play.answers;
}

// Ends after so many answers.
std::vector<Answer> run(std::deque<Question> questions, size_t answers) {
    return run(std::move(questions), [answers](Script& play) { play.done = play.answers.size() >= answers; });
}

Question spawn(std::vector<std::string> argv, std::string data = {}, std::vector<std::string> env = {}) {
    return {GW_EVENT_SPAWN, 1, {}, std::move(data), 0, std::move(argv), std::move(env)};
}

}  // namespace

extern "C" {

gw_status gw_gateway_tick(gw_gateway* gateway, uint64_t, uint64_t) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    Script& play = script(gateway);
    if (std::chrono::steady_clock::now() > play.give_up) play.done = true;
    return GW_OK;
}
uint64_t gw_gateway_next_deadline(const gw_gateway*) { return 0; }
gw_status gw_gateway_next_event(gw_gateway* gateway, gw_event* event) {
    Script& play = script(gateway);
    *event = {};
    event->size = sizeof *event;
    if (!play.questions.empty()) {
        play.current = std::move(play.questions.front());
        play.questions.pop_front();
        Question& q = play.current;
        const auto tell = [](std::vector<std::string>& words, std::vector<gw_str>& texts, std::vector<char*>& exec) {
            texts.clear();
            exec.clear();
            for (std::string& one : words) {
                texts.push_back(as_str(one));
                exec.push_back(one.data());
            }
            exec.push_back(nullptr);
        };
        tell(q.argv, play.argv, play.exec_argv);
        tell(q.env, play.env, play.exec_env);
        play.address = gw::SocketAddress(q.host, q.port);
        event->type = q.type;
        event->ask = q.ask;
        event->host = as_str(q.host);
        event->data = as_str(q.data);
        event->port = q.port;
        event->argv = play.argv.data();
        event->argc = play.argv.size();
        event->env = play.env.data();
        event->envc = play.env.size();
        event->exec_argv = play.exec_argv.data();
        event->exec_env = play.exec_env.data();
        event->sockaddr = play.address.get();
        event->sockaddr_len = play.address.size();
        if (q.type == GW_EVENT_CANCEL || q.type == GW_EVENT_SEND)
            event->user = play.open.at(q.ask).user;
        else
            play.open[q.ask].stays = q.type != GW_EVENT_RESOLVE && q.type != GW_EVENT_SPAWN;
        if (q.type == GW_EVENT_CANCEL) play.open.erase(q.ask);
        return GW_OK;
    }
    if (!play.done || play.told) {
        ::usleep(1000);  // the deadline is always now: the script looks at the clock
        return GW_DONE;
    }
    play.told = true;
    event->type = GW_EVENT_STOPPED;
    return GW_OK;
}
gw_status gw_gateway_shutdown(gw_gateway* gateway) {
    script(gateway).done = true;
    return GW_OK;
}
void gw_command_event(gw_command*, gw_gateway*, const gw_event*) {}
gw_status gw_command_signal(gw_command*, gw_gateway* gateway, int number) {
    return number == SIGUSR1 ? gw_gateway_restart(gateway) : GW_ERR_ARGUMENT;
}
gw_status gw_gateway_restart(gw_gateway* gateway) {
    Script& play = script(gateway);
    ++play.restarts;
    play.done = true;
    return GW_OK;
}
gw_status gw_ask_set_user(gw_gateway* gateway, gw_ask_id ask, void* user) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    const auto found = script(gateway).open.find(ask);
    if (found == script(gateway).open.end()) return GW_ERR_GONE;
    found->second.user = user;
    return GW_OK;
}
gw_status gw_ask_answer(gw_gateway* gateway, gw_ask_id ask, const gw_answer* answer) {
    if (gateway == nullptr) return GW_ERR_ARGUMENT;
    Script& play = script(gateway);
    const auto found = play.open.find(ask);
    if (found == play.open.end()) return GW_ERR_GONE;
    std::string& data = play.pieces[ask] += as_text(answer->data);
    if (answer->more) return GW_OK;
    if (answer->status != GW_OK || !found->second.stays) play.open.erase(found);
    Answer one{
        ask, answer->status, std::exchange(data, {}), {}, std::string(as_text(answer->reason)), 0, answer->exit_code,
        {}};
    if (answer->sockaddr != nullptr) one.address = gw::text_of(answer->sockaddr, &one.port).view();
    for (const addrinfo* each = answer->addrinfo; each != nullptr; each = each->ai_next)
        one.addresses.emplace_back(gw::text_of(each->ai_addr, nullptr).view());
    play.answers.push_back(std::move(one));
    play.next(play);
    return GW_OK;
}

// Nobody connects here.
gw_status gw_conn_accept(gw_gateway*, const gw_peer*, gw_conn**) { return GW_ERR_STATE; }
gw_status gw_conn_opened(gw_conn*) { return GW_OK; }
gw_status gw_conn_failed(gw_conn*, gw_str) { return GW_OK; }
gw_status gw_conn_recv(gw_conn*, const void*, size_t) { return GW_OK; }
gw_status gw_conn_eof(gw_conn*) { return GW_OK; }
gw_status gw_conn_take_output(gw_conn*, gw_buf*) { return GW_DONE; }
bool gw_conn_wants_read(const gw_conn*) { return false; }
void gw_conn_set_user(gw_conn*, void*) {}
void gw_conn_free(gw_conn*) {}

}  // extern "C"

TEST_CASE("gatewayd: programs run without a shell, with their input, their limits and none of our secrets") {
    ::setenv("OPENCLAW_GATEWAY_TOKEN", "not-for-programs", 1);
    struct Case {
        const char* name;
        Question question;
        gw_status status;
        int32_t exit_code;
        std::string data;
    };
    const std::string much(300000, 'x');
    const Case cases[] = {
        {"input becomes output", spawn({"cat"}, "hello"), GW_OK, 0, "hello"},
        {"much of both", spawn({"cat"}, much), GW_OK, 0, much},
        {"an exit code", spawn({"sh", "-c", "exit 3"}), GW_OK, 3, ""},
        {"a signal", spawn({"sh", "-c", "kill -TERM $$"}), GW_OK, 128 + SIGTERM, ""},
        {"words are not read by a shell", spawn({"echo", "$HOME", "*", "; true"}), GW_OK, 0, "$HOME * ; true\n"},
        {"nobody reads the input", spawn({"true"}, much), GW_OK, 0, ""},
        {"it ends before its output does", spawn({"sh", "-c", "(sleep 0.1; echo late) & echo soon; exit 4"}), GW_OK, 4,
         "soon\nlate\n"},
        {"its output ends before it does", spawn({"sh", "-c", "echo x; exec >&-; sleep 0.1; exit 5"}), GW_OK, 5, "x\n"},
        {"somebody holds its input, and reads no byte of it",
         spawn({"sh", "-c", "sleep 9 <&0 >/dev/null 2>&1 &"}, much), GW_OK, 0, ""},
        {"no such program", spawn({"/no/such/program"}), GW_ERR_IO, 0, ""},
        {"no program at all", spawn({}), GW_ERR_IO, 0, ""},
        {"the environment is the gateway's to give",
         spawn({"sh", "-c", "echo ${OPENCLAW_GATEWAY_TOKEN-none} $A $PATH"}, "", {"A=x=y", "PATH=/bin:/usr/bin"}),
         GW_OK, 0, "none x=y /bin:/usr/bin\n"},
        {"behind everything that serves", spawn({"sh", "-c", "sleep 0.2; nice"}), GW_OK, 0, "10\n"},
        {"standard error goes nowhere", spawn({"sh", "-c", "echo x >&2"}), GW_OK, 0, ""},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const auto answers = run({c.question}, 1);
        REQUIRE(answers.size() == 1);
        CHECK(answers[0].status == c.status);
        CHECK(answers[0].exit_code == c.exit_code);
        CHECK(answers[0].data == c.data);
    }
    ::unsetenv("OPENCLAW_GATEWAY_TOKEN");
}

TEST_CASE("gatewayd: a program that nobody waits for ends with all that it started") {
    const gw::test::TemporaryDirectory folder;
    const std::string file = folder / "pids";
    Question cancel{GW_EVENT_CANCEL, 1, {}, {}, 0, {}};
    const auto waiting = [&](gw_ask_id ask, const std::string& condition) {
        Question question = spawn({"sh", "-c", "while " + condition + "; do sleep 0.05; done"});
        question.ask = ask;
        return question;
    };
    const std::string begin = "echo $$ >> " + file + "; sleep 60 & echo $! >> " + file + "; ";
    const std::string ends[] = {"sleep 60", "yes"};  // the second writes without end
    for (const std::string& end : ends) {
        std::ofstream(file).flush();
        const auto answers =
            run({spawn({"sh", "-c", begin + end}), waiting(2, "[ $(wc -l < " + file + ") -lt 2 ]")}, [&](Script& play) {
                if (play.answers.back().ask == 2) {
                    play.questions.push_back(cancel);
                    // It is waited for: no zombie stays.
                    play.questions.push_back(waiting(3, "kill -0 $(head -1 " + file + ")"));
                }
                play.done = play.answers.back().ask == 3;
            });
        CHECK(answers.size() == 2);
        std::ifstream pids(file);
        int count = 0;
        for (pid_t pid = 0; pids >> pid; ++count) {
            bool gone = false;
            for (int i = 0; i < 200 && !gone; ++i) {
                // A grandchild goes to init, which may let it wait as a zombie.
                std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
                std::string text;
                std::getline(stat, text);
                gone = text.empty() || text.find(") Z ") != std::string::npos;
                if (!gone) ::usleep(10000);
            }
            CHECK(gone);
        }
        CHECK(count == 2);
    }
}

TEST_CASE("gatewayd: what a gateway has left open says nothing to the next one") {
    Host host;
    Question look_up{GW_EVENT_RESOLVE, 1, "localhost", {}, 0, {}};
    Question endless = spawn({"sleep", "60"});
    endless.ask = 2;
    Script first;
    first.questions = {look_up, endless, {GW_EVENT_LISTEN, 3, "127.0.0.1", {}, 0, {}}};
    first.next = [](Script& play) { play.done = play.answers.back().ask == 3; };
    host.run(first.gateway());
    CHECK(first.told);
    CHECK(std::none_of(first.answers.begin(), first.answers.end(), [](const Answer& one) { return one.ask == 2; }));

    Question wait = spawn({"sleep", "0.2"});
    look_up.ask = 11;
    wait.ask = 12;
    Script second;
    second.questions = {look_up, wait};
    second.next = [](Script& play) { play.done = play.answers.size() >= 2; };
    host.run(second.gateway());
    CHECK(second.told);
    REQUIRE(second.answers.size() == 2);
    CHECK(second.answers[0].ask == 11);
    CHECK(second.answers[1].ask == 12);
    CHECK(second.answers[1].exit_code == 0);
}

TEST_CASE("gatewayd: changes in a directory are told, however they are made") {
    const gw::test::TemporaryDirectory folder;
    const fs::path file = folder / "openclaw.json";
    using Step = std::function<void()>;
    const auto write = [&](const char* text) { std::ofstream(file) << text; };
    const Step steps[] = {
        [&] { write("one"); },
        [&] { write("a second one"); },
        [&] {
            folder.write("editor.tmp", "a third");
            fs::rename(folder / "editor.tmp", file);
        },
        [&] { fs::remove(file); },
        [&] { write("back"); },
    };
    for (const Step& step : steps) {
        if (&step != steps && !fs::exists(file) && &step != &steps[4]) write("there");
        Question first{GW_EVENT_WATCH, 1, file.string(), folder.path(), 0, {}};
        Question wait = spawn({"sleep", "0.05"});
        wait.ask = 2;
        const auto answers = run({first, wait}, [&](Script& play) {
            if (play.answers.back().ask == 2) step();
            if (play.answers.back().ask == 1) play.done = true;
        });
        REQUIRE(answers.size() >= 2);  // to create a file and to write it may be two changes
        for (size_t i = 1; i < answers.size(); ++i) {
            CHECK(answers[i].ask == 1);
            CHECK(answers[i].status == GW_OK);
        }
    }
    const Question nowhere{GW_EVENT_WATCH, 1, "/no/such/file", "/no/such", 0, {}};
    CHECK(run({nowhere}, 1).at(0).status == GW_ERR_IO);
}

TEST_CASE("gatewayd: datagrams go out and come in") {
    Question one{GW_EVENT_DATAGRAM, 1, "127.0.0.1", {}, 0, {}};
    Question two{GW_EVENT_DATAGRAM, 2, "127.0.0.1", {}, 0, {}};
    const auto answers = run({one, two}, [](Script& play) {
        if (play.answers.size() == 2)
            play.questions.push_back({GW_EVENT_SEND, 1, "127.0.0.1", "a datagram", play.answers[1].port, {}});
        play.done = play.answers.size() == 3;
    });
    REQUIRE(answers.size() == 3);
    CHECK(answers[0].port != 0);
    CHECK(answers[2].ask == 2);
    CHECK(answers[2].data == "a datagram");
    CHECK(answers[2].address == "127.0.0.1");
    CHECK(answers[2].port == answers[0].port);
    CHECK(run({{GW_EVENT_DATAGRAM, 1, "not an address", {}, 0, {}}}, 1).at(0).status == GW_ERR_IO);
}

TEST_CASE("gatewayd: names and ports") {
    const auto found = run({{GW_EVENT_RESOLVE, 1, "localhost", {}, 0, {}}}, 1);
    REQUIRE(found.size() == 1);
    REQUIRE(found[0].status == GW_OK);
    CHECK(std::count(found[0].addresses.begin(), found[0].addresses.end(), "127.0.0.1") +
              std::count(found[0].addresses.begin(), found[0].addresses.end(), "::1") >
          0);
    const auto bound = run({{GW_EVENT_LISTEN, 1, "127.0.0.1", {}, 0, {}}}, 1);
    CHECK(bound.at(0).port != 0);
    const auto taken = run({{GW_EVENT_LISTEN, 1, "127.0.0.1", {}, 0, {}}}, [](Script& play) {
        if (play.answers.size() == 1)
            play.questions.push_back({GW_EVENT_LISTEN, 2, "127.0.0.1", {}, play.answers[0].port, {}});
        play.done = play.answers.size() == 2;
    });
    REQUIRE(taken.size() == 2);
    CHECK(taken[1].status == GW_ERR_IO);
    CHECK(taken[1].reason == "address already in use");
}

TEST_CASE("gatewayd: SIGUSR1 asks for a restart, and one host serves one gateway after the other") {
    Host host;
    for (int i = 0; i < 2; ++i) {
        Script play;
        play.questions.push_back(spawn({"true"}));
        play.next = [](Script&) { ::raise(SIGUSR1); };
        host.run(play.gateway());
        CHECK(play.told);
        CHECK(play.restarts == 1);
    }
}
