// The tool `exec`: asked for by an agent, decided by a file or a person, run by the host.
#include <gateway/store.h>

#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view with_exec = R"({
  gateway: { auth: { mode: "none" } },
  tools: { exec: { host: "gateway", timeoutSec: 60, pathPrepend: ["/no/such/place"] } },
})";

struct Store {
    Store() { REQUIRE(gw_store_new_memory(nullptr, nullptr, &store) == GW_OK); }
    ~Store() { gw_store_free(store); }
    void allow(std::string_view pattern) const {
        const std::string text =
            R"({"version":1,"agents":{"main":{"allowlist":[{"pattern":")" + std::string(pattern) + R"("}]}}})";
        REQUIRE(gw_store_put(store, {"exec-approvals.json", 19}, {text.data(), text.size()}) == GW_OK);
    }
    gw_store* store = nullptr;
};

// Tells the built-in agent to call a tool.
void tell(RpcClient& client, std::string_view arguments, std::string_view run = "run-1",
          std::string_view tool = "exec") {
    std::string message = "call " + std::string(tool) + " " + std::string(arguments);
    std::string escaped;
    for (const char c : message) escaped += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    CHECK(client
              .call("chat.send", R"({"sessionKey":"main","message":")" + escaped + R"(","idempotencyKey":")" +
                                     std::string(run) + "\"}")["ok"]
              .as_bool() == true);
}

// The text of the answer, when it is final.
std::string answer_of(World& world, RpcClient& client, std::string_view run = "run-1") {
    for (int i = 0; i < 200; ++i) {
        world.advance(50);
        while (client.has()) {
            const Json frame = client.take();
            if (frame["event"].as_string() != "chat" || frame["payload"]["runId"].as_string() != run) continue;
            if (frame["payload"]["state"].as_string() == "final")
                return text_of(frame["payload"]["message"]["content"][0]["text"]);
            if (frame["payload"]["state"].as_string() != "delta") return text_of(frame["payload"]["state"]);
        }
    }
    return "nothing";
}

std::vector<std::string> words_of(const World::Program& program) {
    REQUIRE(program.argv.size() >= 6);
    CHECK(program.argv[0] == "/bin/sh");
    CHECK(program.argv[2] == "exec 2>&1; cd -- \"$1\" || exit 126; shift; exec \"$@\"");
    return {program.argv.begin() + 4, program.argv.end()};  // the directory first
}

}  // namespace

TEST_CASE("exec: a person allows it, and the model hears what the program wrote") {
    World world(with_exec);
    REQUIRE(world.status() == GW_OK);
    RpcClient client(world);
    client.connect();
    tell(client, R"({"command":"/opt/tool 'a  b' $1","cwd":"/srv","timeoutMs":5000})");
    world.advance(100);
    CHECK(world.programs.empty());
    const Json asked = client.take_event("exec.approval.requested");
    const json::Value request = asked["payload"]["request"];
    CHECK(text_of(request["command"]) == R"(/bin/sh -c '/opt/tool '\''a  b'\'' $1')");
    CHECK(request["cwd"].as_string() == "/srv");
    CHECK(request["agentId"].as_string() == "main");
    CHECK(request["sessionKey"].as_string() == "agent:main:main");
    CHECK(request["allowedDecisions"].size() == 2);
    CHECK(client
              .call("exec.approval.resolve",
                    R"({"id":")" + text_of(asked["payload"]["id"]) + R"(","decision":"allow-once"})")["ok"]
              .as_bool() == true);
    REQUIRE(world.programs.size() == 1);
    const World::Program program = world.programs[0];
    CHECK(words_of(program) == std::vector<std::string>{"/srv", "/bin/sh", "-c", "/opt/tool 'a  b' $1"});
    CHECK(program.timeout_ms == 5000);
    CHECK(program.input.empty());
    world.end_program(program.ask, "two\nlines \xFF\n");
    CHECK(answer_of(world, client) == "exec says: two\nlines \xEF\xBF\xBD\n");
}

TEST_CASE("exec: what the file allows runs at once, as words") {
    Store store;
    store.allow("/opt/*");
    World world(with_exec, nullptr, nullptr, store.store);
    RpcClient client(world);
    client.connect();
    tell(client, R"({"command":"/opt/tool 'a  b' --x=y"})");
    world.advance(100);
    REQUIRE(world.programs.size() == 1);
    CHECK(words_of(world.programs[0]) == std::vector<std::string>{".", "/opt/tool", "a  b", "--x=y"});
    CHECK(world.programs[0].timeout_ms == 60000);
    world.end_program(world.programs[0].ask, "", 3);
    CHECK(answer_of(world, client) == "exec says: (exit code 3)");

    // A shell's line is none of these, whatever it begins with; and a bare name is looked for.
    tell(client, R"({"command":"/opt/tool | /opt/tool"})", "run-2");
    world.advance(100);
    CHECK(world.programs.size() == 1);
    const Json asked = client.take_event("exec.approval.requested");
    client.call("exec.approval.resolve", R"({"id":")" + text_of(asked["payload"]["id"]) + R"(","decision":"deny"})");
    CHECK(answer_of(world, client, "run-2") == "exec says: This command was not approved.");
    tell(client, R"({"command":"sh x"})", "run-3");
    world.advance(100);
    const Json bare = client.take_event("exec.approval.requested");
    const std::string command = text_of(bare["payload"]["request"]["command"]);
    CHECK((command == "/usr/bin/sh x" || command == "/bin/sh x"));
}

TEST_CASE("exec: how it can end") {
    struct Case {
        std::string_view name, arguments;
        std::int32_t exit_code;
        gw_status status;
        std::string_view output, want;
    };
    const Case cases[] = {
        {"nothing said", R"({"command":"/opt/x"})", 0, GW_OK, "", "exec says: (no output)"},
        {"a failure", R"({"command":"/opt/x"})", 1, GW_OK, "bad", "exec says: bad\n(exit code 1)"},
        {"too much", R"({"command":"/opt/x"})", 0, GW_ERR_LIMIT, "some",
         "exec says: some\n(stopped: it wrote more than 200 KiB)"},
        {"no such program", R"({"command":"/opt/x"})", 0, GW_ERR_IO, "",
         "exec says: The program could not be started."},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        Store store;
        store.allow("/opt/x");
        World world(with_exec, nullptr, nullptr, store.store);
        RpcClient client(world);
        client.connect();
        tell(client, one.arguments);
        world.advance(100);
        REQUIRE(world.programs.size() == 1);
        world.end_program(world.programs[0].ask, one.output, one.exit_code, one.status);
        CHECK(answer_of(world, client) == one.want);
    }
    SECTION("output as it comes, until it is too much") {
        Store store;
        store.allow("/opt/x");
        World world(with_exec, nullptr, nullptr, store.store);
        RpcClient client(world);
        client.connect();
        tell(client, R"({"command":"/opt/x"})");
        world.advance(100);
        REQUIRE(world.programs.size() == 1);
        CHECK(world.write_program(world.programs[0].ask, "so") == GW_OK);
        CHECK(world.write_program(world.programs[0].ask, "me") == GW_OK);
        world.end_program(world.programs[0].ask, "", 1);
        CHECK(answer_of(world, client) == "exec says: some\n(exit code 1)");
        tell(client, R"({"command":"/opt/x"})", "run-2");
        world.advance(100);
        REQUIRE(world.programs.size() == 2);
        const gw_ask_id endless = world.programs[1].ask;
        const std::size_t most = world.programs[1].output_bytes_max;
        CHECK(world.write_program(endless, std::string(most - 1, 'a')) == GW_OK);
        CHECK(world.cancelled_asks.empty());
        CHECK(world.write_program(endless, "bc") == GW_OK);
        CHECK(world.cancelled_asks == std::vector<gw_ask_id>{endless});
        CHECK(world.write_program(endless, "late") == GW_ERR_GONE);
        const std::string said = answer_of(world, client, "run-2");
        CHECK(said.ends_with("aab\n(stopped: it wrote more than 200 KiB)"));
        // What it said before its time was over is said, too.
        tell(client, R"({"command":"/opt/x"})", "run-3");
        world.advance(100);
        CHECK(world.write_program(world.programs.at(2).ask, "wait for it") == GW_OK);
        client.pass(60000, {});
        CHECK(answer_of(world, client, "run-3") == "exec says: wait for it\n(stopped: it took too long)");
    }
    const std::string_view refused[] = {R"({})",
                                        R"({"command":7})",
                                        R"({"command":"  "})",
                                        R"({"command":"''"})",
                                        R"({"command":"a\u0000b"})",
                                        R"({"command":"x","cwd":1})"};
    for (const std::string_view arguments : refused) {
        INFO(arguments);
        World world(with_exec);
        RpcClient client(world);
        client.connect();
        tell(client, arguments);
        CHECK(answer_of(world, client).find("` ") != std::string::npos);
        CHECK(world.programs.empty());
    }
}

TEST_CASE("exec: nobody answers, time is over, the run is stopped") {
    Store store;
    store.allow("/opt/x");
    World world(with_exec, nullptr, nullptr, store.store);
    RpcClient writer(world);
    RpcClient::Who who;
    who.scopes = "operator.read,operator.write";
    writer.connect_as(who);
    // Nobody here may decide.
    tell(writer, R"({"command":"/opt/y"})");
    CHECK(answer_of(world, writer) ==
          "exec says: This command is not allowed, and nobody could be asked who may allow it.");

    RpcClient client(world);
    client.connect();
    tell(client, R"({"command":"/opt/y"})", "run-2");
    world.advance(100);
    (void)client.take_event("exec.approval.requested");
    client.pass(120000, {&writer});
    CHECK(answer_of(world, client, "run-2") == "exec says: This command was not approved.");

    tell(client, R"({"command":"/opt/x"})", "run-3");
    world.advance(100);
    REQUIRE(world.programs.size() == 1);
    client.pass(60000, {&writer});
    CHECK(world.cancelled_asks.size() == 1);
    CHECK(answer_of(world, client, "run-3") == "exec says: (stopped: it took too long)");

    // Aborted while it runs: the program is stopped. Aborted while it waits: the question is gone.
    tell(client, R"({"command":"/opt/x"})", "run-4");
    world.advance(100);
    REQUIRE(world.programs.size() == 2);
    client.call("chat.abort", R"({"sessionKey":"main","runId":"run-4"})");
    CHECK(world.cancelled_asks.size() == 2);
    tell(client, R"({"command":"/opt/y"})", "run-5");
    world.advance(100);
    CHECK(client.call("exec.approval.list")["payload"].size() == 1);
    client.call("chat.abort", R"({"sessionKey":"main","runId":"run-5"})");
    CHECK(client.call("exec.approval.list")["payload"].size() == 0);

    // And the gateway may end while one of each is open.
    tell(client, R"({"command":"/opt/x"})", "run-6");
    world.advance(100);
    CHECK(world.programs.size() == 3);
}

TEST_CASE("exec: a gateway ends while a question is open") {
    World world(with_exec);
    RpcClient client(world);
    client.connect();
    tell(client, R"({"command":"/opt/y"})");
    world.advance(100);
    (void)client.take_event("exec.approval.requested");
}

TEST_CASE("exec: it is there only when it is switched on, and over HTTP only when it is allowed") {
    struct Case {
        std::string_view exec;
        std::uint32_t services;
        bool there;
    };
    const Case cases[] = {
        {"", GW_SERVICE_ALL, false},
        {R"(tools: { exec: { host: "gateway" } })", GW_SERVICE_ALL, true},
        {R"(tools: { exec: { host: "gateway" } })", GW_SERVICE_ALL & ~GW_SERVICE_SPAWN, false},
        {R"(tools: { exec: { host: "node" } })", GW_SERVICE_ALL, false},
        {R"(tools: { exec: { host: "gateway", security: "deny" } })", GW_SERVICE_ALL, false},
        {R"(tools: { exec: { host: "gateway" }, deny: ["exec"] })", GW_SERVICE_ALL, false},
        {R"(tools: { exec: { host: "gateway" }, deny: ["group:runtime"], profile: "full" })", GW_SERVICE_ALL, false},
    };
    for (const Case& one : cases) {
        INFO(one.exec);
        World world(R"({ gateway: { auth: { mode: "token", token: "t" }, tools: { allow: ["exec"] } }, )" +
                        std::string(one.exec) + "}",
                    nullptr, nullptr, nullptr, one.services);
        REQUIRE(world.status() == GW_OK);
        auto& client = *world.client();
        world.send(client, post("/tools/invoke", R"({"tool":"exec","args":{"command":"/opt/x"}})",
                                "Authorization: Bearer t\r\n"));
        // Nobody can be asked here: the tool says so.
        CHECK(take_response(client.received).status == (one.there ? 400 : 404));
    }
    World closed(R"({ gateway: { auth: { mode: "token", token: "t" } }, tools: { exec: { host: "gateway" } } })");
    auto& client = *closed.client();
    closed.send(client,
                post("/tools/invoke", R"({"tool":"exec","args":{"command":"/opt/x"}})", "Authorization: Bearer t\r\n"));
    CHECK(take_response(client.received).status == 404);
}

TEST_CASE("exec: the built-in agent calls a tool when it is told to") {
    World world(R"({ gateway: { auth: { mode: "none" } } })");
    RpcClient client(world);
    client.connect();
    tell(client, R"({"text":"abc"})", "run-1", "echo");
    CHECK(answer_of(world, client) == "echo says: abc");
    tell(client, R"({"text":"abc"})", "run-2", "nothing");  // no such tool: it is a text as any other
    CHECK(answer_of(world, client, "run-2").starts_with("You said: call nothing"));
    tell(client, "and so on", "run-3", "me");
    CHECK(answer_of(world, client, "run-3").starts_with("You said: call me and so on"));
}

TEST_CASE("exec: what a session says of itself counts where it is stricter") {
    enum class Then : std::uint8_t { runs, asks, refused };
    struct Case {
        std::string_view name, patch, file, command;
        Then then;
    };
    constexpr std::string_view listed = R"({"version":1,"agents":{"main":{"allowlist":[{"pattern":"/opt/x"}]}}})";
    constexpr std::string_view free = R"({"version":1,"defaults":{"security":"full","ask":"off"}})";
    const Case cases[] = {
        {"nothing", "", listed, "/opt/x", Then::runs},
        {"deny", R"("execSecurity":"deny")", listed, "/opt/x", Then::refused},
        {"full does not widen", R"("execSecurity":"full")", listed, "/opt/y", Then::asks},
        {"off does not silence", R"("execAsk":"off")", listed, "/opt/y", Then::asks},
        {"both do not", R"("execSecurity":"full","execAsk":"off")", listed, "/opt/y", Then::asks},
        {"always asks", R"("execAsk":"always")", listed, "/opt/x", Then::asks},
        {"a free file", "", free, "/opt/y", Then::runs},
        {"deny over a free file", R"("execSecurity":"deny")", free, "/opt/y", Then::refused},
        {"a list over a free file", R"("execSecurity":"allowlist","execAsk":"on-miss")", free, "/opt/y", Then::asks},
        {"a list, nobody is asked", R"("execSecurity":"allowlist")", free, "/opt/y", Then::refused},
        {"always over a free file", R"("execAsk":"always")", free, "/opt/y", Then::asks},
        {"here", R"("execHost":"gateway")", listed, "/opt/x", Then::runs},
        {"in a sandbox", R"("execHost":"sandbox")", free, "/opt/x", Then::refused},
        {"on a node", R"("execHost":"node")", free, "/opt/x", Then::refused},
        {"taken back", R"("execSecurity":null)", listed, "/opt/x", Then::runs},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        Store store;
        REQUIRE(gw_store_put(store.store, {"exec-approvals.json", 19}, {one.file.data(), one.file.size()}) == GW_OK);
        World world(with_exec, nullptr, nullptr, store.store);
        RpcClient client(world);
        client.connect();
        const auto patch = [&](std::string_view members) {
            const Json done = client.call("sessions.patch", R"({"key":"main",)" + std::string(members) + "}");
            INFO(done.text());
            REQUIRE(done["ok"].as_bool() == true);
        };
        if (one.patch.find("null") != std::string_view::npos) patch(R"("execSecurity":"deny")");
        if (!one.patch.empty()) patch(one.patch);
        // What another session says does not bind this one.
        CHECK(client.call("sessions.patch", R"({"key":"other","execSecurity":"deny"})")["ok"].as_bool() == true);
        tell(client, R"({"command":")" + std::string(one.command) + "\"}");
        world.advance(100);
        CHECK((world.programs.size() == 1) == (one.then == Then::runs));
        CHECK((client.call("exec.approval.list")["payload"].size() == 1) == (one.then == Then::asks));
        if (one.then == Then::refused) CHECK_FALSE(answer_of(world, client).empty());
    }
}

TEST_CASE("exec: a table of sessions that somebody wrote by hand allows nothing that it does not say") {
    const std::string_view said[] = {R"("execSecurity":"everything")", R"("execSecurity":7)", R"("execAsk":["off"])",
                                     R"("execHost":"moon")", R"("execHost":{})"};
    for (const std::string_view member : said) {
        INFO(member);
        Store store;
        store.allow("/opt/x");
        const std::string table =
            R"({"agent:main:main":{"sessionId":"0f8fad5b-d9cb-469f-a165-70867728950e","updatedAt":1767225600000,)" +
            std::string(member) + "}}";
        constexpr std::string_view key = "agents/main/sessions/sessions.json";
        REQUIRE(gw_store_put(store.store, {key.data(), key.size()}, {table.data(), table.size()}) == GW_OK);
        World world(with_exec, nullptr, nullptr, store.store);
        RpcClient client(world);
        client.connect();
        tell(client, R"({"command":"/opt/x"})");
        world.advance(100);
        CHECK(world.programs.empty());
    }
}

}  // namespace gw::test
