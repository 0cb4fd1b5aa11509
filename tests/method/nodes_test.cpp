// Nodes: what is listed, invoked, refused, queued and approved.
#include "support/fake_gate.h"

namespace gw::test {

namespace {

std::string invocation(std::string_view node, std::string_view command, std::string_view more = "") {
    return R"({"nodeId":")" + std::string(node) + R"(","command":")" + std::string(command) +
           R"(","idempotencyKey":"k")" + std::string(more) + "}";
}

std::string result_of(const Reply& request, std::string_view node, std::string_view more) {
    return R"({"id":")" + request.at({"payload", "id"}) + R"(","nodeId":")" + std::string(node) + "\"," +
           std::string(more) + "}";
}

}  // namespace

TEST_CASE("nodes: which commands a platform may be sent") {
    using method::NodePlatform;
    struct Case {
        std::string_view platform, family, command;
        bool allowed;
    };
    const Case cases[] = {
        {"linux", "", "system.run", true},          {"linux", "", "canvas.navigate", false},
        {"Darwin 24", "", "contacts.search", true}, {"macos", "", "system.run.prepare", true},
        {"win32", "", "browser.proxy", true},       {"win32", "", "location.get", false},
        {"ios 18", "", "camera.list", true},        {"ios", "", "system.run", false},
        {"iOS", "", "camera.snap", false},          {"android", "", "notifications.list", true},
        {"ios", "", "notifications.list", false},   {"", "iPad Pro", "photos.latest", true},
        {"toaster", "", "system.notify", true},     {"toaster", "", "system.run", false},
        {"toaster", "", "location.get", true},      {"linux", "", "made.up", true},
        {"macos", "", "motion.activity", false},
    };
    FakeGate gate(R"({gateway: {nodes: {allowCommands: ["made.up", "motion.activity"],
                                        commands: {deny: ["motion.activity"]}}}})");
    for (const Case& one : cases) {
        INFO(one.platform << " " << one.family << " " << one.command);
        CHECK(method::is_node_command_allowed(gate.config(), method::node_platform(one.platform, one.family),
                                              one.command) == one.allowed);
    }
}

TEST_CASE("nodes: what is listed") {
    FakeGate gate;
    auto& oper = gate.oper("cli");
    auto& later = gate.oper("cli4", 4);
    CHECK(gate.call(oper, "node.list").at({"payload", "nodes"}) == "[]");
    auto& node = gate.node("n1", {"system.which", "system.run", "camera.snap", "bogus.command", "system.run"});
    const Reply list = gate.call(oper, "node.list");
    CHECK(list.at({"payload", "nodes"}) ==
          R"([{"nodeId":"n1","clientId":"node-host","clientMode":"node","platform":"linux","caps":["system"],)"
          R"("commands":["system.run","system.which"],"connectedAtMs":1767225600000,"paired":true,"connected":true}])");
    CHECK(gate.call(oper, "node.describe", R"({"nodeId":"n2"})").at({"error", "message"}) == "unknown nodeId");
    CHECK(gate.call(later, "node.describe", R"({"nodeId":"n1"})").at({"payload", "approvalState"}) == "approved");
    CHECK(gate.call(oper, "node.rename", R"({"nodeId":"n1","displayName":" "})").at({"error", "message"}) ==
          "displayName required");
    CHECK(gate.call(oper, "node.rename", R"({"nodeId":"n9","displayName":"x"})").at({"error", "message"}) ==
          "unknown nodeId");
    CHECK(gate.call(oper, "node.rename", R"({"nodeId":"n1","displayName":"Zoe"})").at({"payload"}) ==
          R"({"nodeId":"n1","displayName":"Zoe"})");
    gate.node("n2");
    gate.leave(node);
    const Reply after = gate.call(oper, "node.list");
    CHECK(after["payload"]["nodes"][0]["nodeId"].as_string() == "n2");
    CHECK(after["payload"]["nodes"][1]["displayName"].as_string() == "Zoe");
    CHECK(after["payload"]["nodes"][1]["connected"].as_bool() == false);
    CHECK(gate.call(gate.node("n1"), "status").at({"error", "message"}) == "unauthorized role: node");
}

TEST_CASE("nodes: known ones are known after a restart") {
    store::MemoryStore store(store::Limits{}, std::pmr::get_default_resource());
    {
        FakeGate gate("{}", &store);
        auto& oper = gate.oper("cli");
        gate.node("n1");
        gate.call(oper, "node.rename", R"({"nodeId":"n1","displayName":"Zoe"})");
    }
    FakeGate gate("{}", &store);
    const Reply list = gate.call(gate.oper("cli"), "node.list");
    CHECK(list["payload"]["nodes"][0]["displayName"].as_string() == "Zoe");
    CHECK(list["payload"]["nodes"][0]["connected"].as_bool() == false);
}

TEST_CASE("nodes: a command and its answer") {
    for (const int protocol : {3, 4}) {
        FakeGate gate;
        auto& oper = gate.oper("cli", protocol);
        auto& node = gate.node("n1", {"system.which", "system.run"}, "linux", protocol);
        struct Case {
            std::string_view params, sent, result, answer;
        };
        const Case cases[] = {
            {R"(,"params":{"bins":["ls"]})", R"({"bins":["ls"]})", R"("ok":true,"payloadJSON":"{\"path\":\"/ls\"}")",
             R"({"ok":true,"nodeId":"n1","command":"system.which","payload":{"path":"/ls"},"payloadJSON":"{\"path\":\"/ls\"}"})"},
            {"", "null", R"("ok":true,"payload":[1])",
             R"({"ok":true,"nodeId":"n1","command":"system.which","payload":[1],"payloadJSON":null})"},
            {R"(,"params":null)", "null", R"("ok":true)",
             R"({"ok":true,"nodeId":"n1","command":"system.which","payloadJSON":null})"},
            {"", "null", R"("ok":true,"payloadJSON":"no json")",
             R"({"ok":true,"nodeId":"n1","command":"system.which","payload":{"payloadJSON":"no json"},"payloadJSON":"no json"})"},
        };
        for (const Case& one : cases) {
            INFO(one.result << " v" << protocol);
            const int call = gate.send_call(oper, "node.invoke", invocation("n1", "system.which", one.params));
            CHECK(gate.answers(call).empty());
            const Reply request = FakeGate::take_event(node, "node.invoke.request");
            CHECK(request.at({"payload", "command"}) == "system.which");
            CHECK(request.at({"payload", "paramsJSON"}) == one.sent);
            CHECK(request.at({"payload", "idempotencyKey"}) == "k");
            CHECK(request["payload"]["timeoutMs"].exists() == (protocol == 4));
            CHECK(gate.call(node, "node.invoke.result", result_of(request, "other", one.result))
                      .at({"error", "message"}) == "nodeId mismatch");
            CHECK(gate.call(node, "node.invoke.result", result_of(request, "n1", one.result)).at({"payload"}) ==
                  R"({"ok":true})");
            CHECK(gate.answer_of(call).at({"payload"}) == one.answer);
            CHECK(gate.call(node, "node.invoke.result", result_of(request, "n1", one.result)).at({"payload"}) ==
                  R"({"ok":true,"ignored":true})");
        }
        CHECK(gate.core().nodes.invoke_count() == 0);
    }
}

TEST_CASE("nodes: commands that fail") {
    for (const int protocol : {3, 4}) {
        const std::string dispatched = protocol == 4 ? R"(,"nodeCommandDispatched":true)" : "";
        FakeGate gate;
        auto& oper = gate.oper("cli", protocol);
        auto& node = gate.node("n1", {"system.which", "system.run"}, "linux", protocol);

        int call = gate.send_call(oper, "node.invoke", invocation("n1", "system.which"));
        Reply request = FakeGate::take_event(node, "node.invoke.request");
        gate.call(node, "node.invoke.result",
                  result_of(request, "n1", R"("ok":false,"error":{"code":"TOOL_ERROR","message":"boom"})"));
        CHECK(
            gate.answer_of(call).at({"error"}) ==
            R"({"code":"UNAVAILABLE","message":"TOOL_ERROR: boom","details":{"nodeError":{"code":"TOOL_ERROR","message":"boom"})" +
                dispatched + "}}");

        call = gate.send_call(oper, "node.invoke", invocation("n1", "system.which", R"(,"timeoutMs":1200)"));
        request = FakeGate::take_event(node, "node.invoke.request");
        CHECK(request.at({"payload", "timeoutMs"}) == "1200");
        gate.advance(1199);
        CHECK(gate.answers(call).empty());
        gate.advance(1);
        CHECK(
            gate.answer_of(call).at({"error"}) ==
            R"({"code":"UNAVAILABLE","message":"TIMEOUT: node invoke timed out","details":{"nodeError":{"code":"TIMEOUT","message":"node invoke timed out"})" +
                dispatched + "}}");
        CHECK(FakeGate::count_events(node, "node.invoke.cancel") == (protocol == 4 ? 1 : 0));
        CHECK(gate.call(node, "node.invoke.result", result_of(request, "n1", R"("ok":true)")).at({"payload"}) ==
              R"({"ok":true,"ignored":true})");

        call = gate.send_call(oper, "node.invoke", invocation("n1", "system.which"));
        gate.advance(29999);
        CHECK(gate.answers(call).empty());
        gate.leave(node);
        CHECK(gate.answer_of(call).at({"error", "message"}) == (protocol == 4
                                                                    ? "DISCONNECTED: node disconnected (system.which)"
                                                                    : "Error: node disconnected (system.which)"));
        CHECK(gate.call(oper, "node.invoke", invocation("n1", "system.which")).at({"error"}) ==
              R"({"code":"UNAVAILABLE","message":"node not connected","details":{"code":"NOT_CONNECTED"}})");
        CHECK(gate.open_tickets() == 0);
    }
}

TEST_CASE("nodes: commands that are not sent") {
    FakeGate gate;
    auto& oper = gate.oper("cli");
    auto& reader = gate.oper("reader", 3, {rpc::Scope::read});
    auto& node = gate.node("n1", {"system.which"});
    auto& mute = gate.node("n2", {});
    struct Case {
        std::string_view node, command, message, reason;
    };
    const Case cases[] = {
        {"n1", "bogus.command",
         R"(node command not allowed: "bogus.command" is not in the allowlist for platform "linux")",
         "command not allowlisted"},
        {"n1", "system.notify",
         R"(node command not allowed: the node (platform: linux) does not support "system.notify")",
         "command not declared by node"},
        {"n2", "system.notify", "node command not allowed: the node did not declare any supported commands",
         "node did not declare commands"},
        {"n1", "system.execApprovals.get",
         "node.invoke does not allow system.execApprovals.*; use exec.approvals.node.*", ""},
        {"n1", " ", "nodeId and command required", ""},
    };
    for (const Case& one : cases) {
        INFO(one.command);
        const Reply reply = gate.call(oper, "node.invoke", invocation(one.node, one.command));
        CHECK(reply.at({"error", "code"}) == "INVALID_REQUEST");
        CHECK(reply.at({"error", "message"}) == one.message);
        CHECK(reply.at({"error", "details", "reason"}) == one.reason);
    }
    CHECK(gate.call(reader, "node.invoke", invocation("n1", "system.which")).at({"error", "message"}) ==
          "missing scope: operator.write");
    CHECK(gate.call(oper, "node.event", R"({"event":"x"})").at({"error", "message"}) == "unauthorized role: operator");
    CHECK(node.events.empty());
    CHECK(mute.events.empty());
}

TEST_CASE("nodes: a node that comes back takes its own place") {
    FakeGate gate;
    auto& oper = gate.oper("cli");
    auto& old = gate.node("n1");
    const int lost = gate.send_call(oper, "node.invoke", invocation("n1", "system.which"));
    auto& young = gate.node("n1");
    const int kept = gate.send_call(oper, "node.invoke", invocation("n1", "system.which"));
    gate.leave(old);
    CHECK(gate.answer_of(lost).at({"error", "message"}) == "Error: node disconnected (system.which)");
    const Reply request = FakeGate::take_event(young, "node.invoke.request");
    gate.call(young, "node.invoke.result", result_of(request, "n1", R"("ok":true)"));
    CHECK(gate.answer_of(kept)["ok"].as_bool() == true);
}

TEST_CASE("nodes: invocations are bounded") {
    FakeGate gate;
    auto& oper = gate.oper("cli");
    gate.node("n1");
    for (std::size_t i = 0; i < method::Nodes::invokes_of_caller_max; ++i)
        gate.send_call(oper, "node.invoke", invocation("n1", "system.which"));
    const Reply reply = gate.call(oper, "node.invoke", invocation("n1", "system.which"));
    CHECK(reply.at({"error", "message"}) == "too many node invocations are waiting");
    CHECK(reply.at({"error", "retryable"}) == "true");
    gate.leave(oper);
    CHECK(gate.core().nodes.invoke_count() == 0);
}

TEST_CASE("nodes: what an iPhone cannot do in a pocket waits until it is opened") {
    FakeGate gate;
    auto& oper = gate.oper("cli");
    auto& phone = gate.node("p1", {"canvas.present"}, "ios");
    std::string action;
    for (int i = 0; i < 2; ++i) {
        const int call =
            gate.send_call(oper, "node.invoke", invocation("p1", "canvas.present", R"(,"params":{"url":"x"})"));
        const Reply request = FakeGate::take_event(phone, "node.invoke.request");
        gate.call(
            phone, "node.invoke.result",
            result_of(request, "p1", R"("ok":false,"error":{"code":"NODE_BACKGROUND_UNAVAILABLE","message":"m"})"));
        const Reply reply = gate.answer_of(call);
        CHECK(reply.at({"error", "details", "code"}) == "QUEUED_UNTIL_FOREGROUND");
        CHECK(reply.at({"error", "retryable"}) == "true");
        action = reply.at({"error", "details", "queuedActionId"});
    }
    CHECK(gate.call(phone, "node.pending.pull").at({"payload", "actions"}) ==
          R"([{"id":")" + action +
              R"(","command":"canvas.present","paramsJSON":"{\"url\":\"x\"}","enqueuedAtMs":1767225600000}])");
    CHECK(gate.call(phone, "node.pending.ack", R"({"ids":["nope",")" + action + R"("]})").at({"payload"}) ==
          R"({"nodeId":"p1","ackedIds":[")" + action + R"("],"remainingCount":0})");
    CHECK(gate.call(phone, "node.pending.pull").at({"payload"}) == R"({"nodeId":"p1","actions":[]})");
}

TEST_CASE("nodes: reports that are wanted of a node") {
    FakeGate gate;
    auto& oper = gate.oper("cli");
    auto& node = gate.node("n1");
    CHECK(
        gate.call(node, "node.pending.drain").at({"payload"}) ==
        R"({"nodeId":"n1","revision":0,"items":[{"id":"baseline-status","type":"status.request","priority":"default",)"
        R"("createdAtMs":1767225600000,"expiresAtMs":null}],"hasMore":false})");
    const std::string wanted = R"({"nodeId":"n1","type":"location.request","expiresInMs":1000})";
    const Reply first = gate.call(oper, "node.pending.enqueue", wanted);
    CHECK(first.at({"payload", "revision"}) == "1");
    CHECK(first.at({"payload", "wakeTriggered"}) == "false");
    CHECK(first.at({"payload", "queued", "expiresAtMs"}) == "1767225601000");
    CHECK(gate.call(oper, "node.pending.enqueue", wanted).at({"payload", "queued", "id"}) ==
          first.at({"payload", "queued", "id"}));
    gate.call(oper, "node.pending.enqueue", R"({"nodeId":"n1","type":"status.request","priority":"high"})");
    const Reply one = gate.call(node, "node.pending.drain", R"({"maxItems":1})");
    CHECK(one["payload"]["items"][0]["priority"].as_string() == "high");
    CHECK(one.at({"payload", "hasMore"}) == "true");
    gate.advance(1000);
    CHECK(gate.call(node, "node.pending.drain").at({"payload", "hasMore"}) == "false");
    for (int i = 0; i < 1000; ++i) {
        gate.call(oper, "node.pending.enqueue",
                  R"({"nodeId":"x)" + std::to_string(i) + R"(","type":"status.request"})");
    }
    CHECK(gate.core().nodes.queue.revision("x0") == 0);  // forgotten
    CHECK(gate.core().nodes.queue.revision("x999") == 1);
}

TEST_CASE("nodes: canvas tokens live ten minutes") {
    FakeGate gate;
    auto& node = gate.node("n1");
    CHECK(gate.call(node, "node.canvas.capability.refresh").at({"error", "message"}) ==
          "canvas host unavailable for this node session");
    gate.core().nodes.set_canvas_url("http://127.0.0.1:18789");
    const Reply reply = gate.call(node, "node.canvas.capability.refresh");
    const std::string token = reply.at({"payload", "canvasCapability"});
    CHECK(token.size() == 24);
    CHECK(reply.at({"payload", "canvasHostUrl"}) == "http://127.0.0.1:18789/__openclaw__/cap/" + token);
    CHECK(gate.core().nodes.find_canvas(token) != nullptr);
    CHECK(gate.core().nodes.find_canvas("") == nullptr);
    gate.advance(600000);
    CHECK(gate.core().nodes.find_canvas(token) == nullptr);
}

// --- events --------------------------------------------------------------------------------------------------------

namespace {

struct Runs final : method::NodeRuns {
    std::vector<std::string> seen;
    void start(const method::NodeRun& run) override {
        seen.push_back(std::string(run.session) + "|" + std::string(run.message) + "|" + std::string(run.thinking) +
                       (run.deliver ? "|deliver" : ""));
    }
};

}  // namespace

TEST_CASE("nodes: what they tell") {
    FakeGate gate;
    Runs runs;
    auto& node = gate.node("n1");
    const auto tell = [&](std::string_view event, std::string_view payload) {
        Buffer text(gate.pool());
        json::Writer(text).begin_object().member("event", event).member("payloadJSON", payload).end_object();
        CHECK(gate.call(node, "node.event", text.text()).at({"payload"}) == R"({"ok":true})");
    };
    tell("agent.request", R"({"message":"nobody listens"})");
    gate.core().node_events.set_runs(&runs);
    tell("chat.subscribe", R"({"sessionKey":"main"})");
    tell("chat.subscribe", R"({"sessionKey":"agent:main:main"})");
    CHECK(node.client.sessions.size() == 1);
    CHECK(node.client.sessions[0] == "agent:main:main");
    tell("chat.unsubscribe", R"({"sessionKey":"main"})");
    CHECK(node.client.sessions.empty());
    for (int i = 0; i < 1000; ++i) tell("chat.subscribe", R"({"sessionKey":"s)" + std::to_string(i) + R"("})");
    CHECK(node.client.sessions.size() == method::subscribed_sessions_max);

    tell("agent.request", R"({"message":" hello ","sessionKey":"main","deliver":true})");
    tell("agent.request", R"({"message":"hello"})");
    tell("agent.request", R"({"message":"  "})");
    tell("agent.request", "no json");
    tell("agent.request", R"({"message":")" + std::string(20001, 'x') + R"("})");
    tell("voice.transcript", R"({"text":"light on"})");
    tell("voice.transcript", R"({"text":"light on"})");
    gate.advance(1501);
    tell("voice.transcript", R"({"text":"light on"})");
    CHECK(runs.seen == std::vector<std::string>{"agent:main:main|hello||deliver", "agent:main:node-n1|hello|",
                                                "agent:main:main|light on|low", "agent:main:main|light on|low"});

    tell("exec.finished", R"({"runId":"r","exitCode":0,"output":""})");
    tell("exec.started", R"({"sessionKey":"main","runId":"r","command":"ls -l"})");
    tell("exec.finished", R"({"sessionKey":"main","runId":"r","exitCode":0,"output":"a\nb"})");
    tell("exec.finished", R"({"sessionKey":"main","runId":"r","timedOut":true})");
    tell("exec.denied", R"({"sessionKey":"main","runId":"r","reason":"no","command":"rm"})");
    tell("notifications.changed", R"({"sessionKey":"main","change":"posted","key":"k","title":"Mail","text":"Hi"})");
    tell("notifications.changed", R"({"sessionKey":"main","change":"odd","key":"k"})");
    std::vector<std::string> notices;
    gate.core().system_events.each("agent:main:main", [&](std::string_view text) { notices.emplace_back(text); });
    CHECK(notices ==
          std::vector<std::string>{"Exec started (node=n1 id=r): ls -l", "Exec finished (node=n1 id=r, code 0)\na b",
                                   "Exec finished (node=n1 id=r, timeout)", "Exec denied (node=n1 id=r, no): rm",
                                   "Notification posted (node=n1 key=k): Mail - Hi"});
    CHECK(gate.core().system_events.count("agent:main:node-n1") == 0);
    std::pmr::string prompt;
    gate.core().system_events.take_prompt("agent:main:main", prompt);
    CHECK(prompt.starts_with("System: [2026-01-01 00:00:01 UTC] Exec started"));
    CHECK(gate.core().system_events.count("agent:main:main") == 0);
    tell("push.apns.register", R"({"token":"secret","topic":"app","environment":"sandbox"})");
    Buffer kept(gate.pool());
    REQUIRE(*gate.store().get("push/apns-registrations.json", kept));
    CHECK(Reply(std::string(kept.text())).at({"registrationsByNodeId", "n1", "token"}) == "secret");

    auto& later = gate.node("n4", {}, "linux", 4);
    CHECK(gate.call(later, "node.event", R"({"event":"node.presence.alive","payload":{"trigger":"silent_push"}})")
              .at({"payload"}) == R"({"ok":true,"event":"node.presence.alive","handled":true,"reason":"persisted"})");
    gate.call(later, "node.event", R"({"event":"node.host.stats","payload":{"cpuCount":4,"loadAverage":[1,2,3,4]}})");
    auto& oper = gate.oper("cli", 4);
    const Reply row = gate.call(oper, "node.describe", R"({"nodeId":"n4"})");
    CHECK(row.at({"payload", "lastSeenReason"}) == "silent_push");
    CHECK(row.at({"payload", "hostStats", "loadAverage"}) == "[1,2,3]");
}

TEST_CASE("nodes: notices are bounded") {
    FakeGate gate;
    method::SystemEvents& events = gate.core().system_events;
    for (int i = 0; i < 50; ++i) events.push("s", "notice " + std::to_string(i / 2));
    CHECK(events.count("s") == 20);
    for (int i = 0; i < 3000; ++i) events.push("t" + std::to_string(i), "x");
    CHECK(events.count("s") == 0);
    CHECK(events.count("t2999") == 1);
}

// --- pairing -------------------------------------------------------------------------------------------------------

TEST_CASE("nodes: pairing by hand") {
    FakeGate gate;
    auto& oper = gate.oper("cli");
    const std::string ask = R"({"nodeId":"old","displayName":"Old","commands":["system.notify"]})";
    const Reply asked = gate.call(oper, "node.pair.request", ask);
    CHECK(asked.at({"payload", "created"}) == "true");
    const std::string request = asked.at({"payload", "request", "requestId"});
    CHECK(FakeGate::take_event(oper, "node.pair.requested").at({"payload", "requestId"}) == request);
    CHECK(gate.call(oper, "node.pair.request", ask).at({"payload", "created"}) == "false");
    CHECK(FakeGate::count_events(oper, "node.pair.requested") == 0);
    CHECK(gate.call(oper, "node.pair.approve", R"({"requestId":"x"})").at({"error", "message"}) == "unknown requestId");
    const Reply approved = gate.call(oper, "node.pair.approve", R"({"requestId":")" + request + R"("})");
    const std::string token = approved.at({"payload", "node", "token"});
    CHECK(token.size() == 43);
    CHECK(FakeGate::take_event(oper, "node.pair.resolved").at({"payload", "decision"}) == "approved");
    const auto verify = [&](std::string_view with) {
        return gate.call(oper, "node.pair.verify", R"({"nodeId":"old","token":")" + std::string(with) + R"("})")
            .at({"payload", "ok"});
    };
    CHECK(verify(token) == "true");
    CHECK(verify("guess") == "false");
    CHECK(gate.call(oper, "node.pair.list").text().find(token) == std::string::npos);
    CHECK(gate.call(oper, "node.pair.remove", R"({"nodeId":"old"})").at({"payload"}) == R"({"nodeId":"old"})");
    CHECK(gate.call(oper, "node.pair.remove", R"({"nodeId":"old"})").at({"error", "message"}) == "unknown nodeId");
    CHECK(verify(token) == "false");

    const std::string second = gate.call(oper, "node.pair.request", ask).at({"payload", "request", "requestId"});
    CHECK(gate.call(oper, "node.pair.reject", R"({"requestId":")" + second + R"("})").at({"payload", "nodeId"}) ==
          "old");
    gate.call(oper, "node.pair.request", ask);
    gate.advance(300001);
    CHECK(gate.call(oper, "node.pair.list").at({"payload"}) == R"({"pending":[],"paired":[]})");
    for (int i = 0; i < 200; ++i) gate.call(oper, "node.pair.request", R"({"nodeId":"f)" + std::to_string(i) + R"("})");
    CHECK(gate.call(oper, "node.pair.list")["payload"]["pending"].size() == method::NodePairing::pending_max);
}

TEST_CASE("nodes: what a node from elsewhere offers is approved first") {
    FakeGate gate;
    auto& oper = gate.oper("cli", 4);
    auto& clerk = gate.oper("clerk", 4, {rpc::Scope::pairing});
    auto& node = gate.node("n1", {"system.run", "system.which"}, "linux", 4, false);
    const Reply asked = FakeGate::take_event(oper, "node.pair.requested");
    CHECK(asked.at({"payload", "requiredApproveScopes"}) == R"(["operator.pairing","operator.admin"])");
    const std::string id = R"({"requestId":")" + asked.at({"payload", "requestId"}) + R"("})";
    CHECK(gate.call(oper, "node.describe", R"({"nodeId":"n1"})").at({"payload", "commands"}) == "[]");
    CHECK(gate.call(oper, "node.describe", R"({"nodeId":"n1"})").at({"payload", "approvalState"}) ==
          "pending-approval");
    const Reply refused = gate.call(oper, "node.invoke", invocation("n1", "system.which"));
    CHECK(refused.at({"error", "code"}) == "UNAVAILABLE");
    CHECK(refused.at({"error", "details", "code"}) == "PAIRING_CHANGED");
    CHECK(gate.call(node, "node.event", R"({"event":"agent.request"})").at({"error", "code"}) == "UNAVAILABLE");
    gate.advance(400000);  // a node that waits keeps its request
    CHECK(gate.call(clerk, "node.pair.approve", id).at({"error", "message"}) == "missing scope: operator.admin");
    const Reply approved = gate.call(oper, "node.pair.approve", id);
    CHECK_FALSE(approved["payload"]["node"]["token"].exists());
    CHECK(FakeGate::take_event(node, "node.pair.resolved").at({"payload", "decision"}) == "approved");
    CHECK(gate.answers(gate.send_call(oper, "node.invoke", invocation("n1", "system.which"))).empty());

    gate.leave(node);
    auto& same = gate.node("n1", {"system.which"}, "linux", 4, false);
    CHECK(gate.call(oper, "node.describe", R"({"nodeId":"n1"})").at({"payload", "approvalState"}) == "approved");
    gate.leave(same);
    gate.node("n1", {"system.which", "system.notify"}, "linux", 4, false);
    const Reply more = gate.call(oper, "node.describe", R"({"nodeId":"n1"})");
    CHECK(more.at({"payload", "approvalState"}) == "pending-reapproval");
    CHECK(more.at({"payload", "commands"}) == R"(["system.which"])");
}

TEST_CASE("nodes: an approval is of what was shown") {
    FakeGate gate;
    auto& oper = gate.oper("cli", 4);
    auto& node = gate.node("n1", {"system.notify"}, "linux", 4, false);
    const std::string shown = FakeGate::take_event(oper, "node.pair.requested").at({"payload", "requestId"});
    gate.leave(node);
    gate.node("n1", {"system.notify", "system.run"}, "linux", 4, false);
    CHECK(gate.call(oper, "node.pair.approve", R"({"requestId":")" + shown + R"("})").at({"error", "message"}) ==
          "unknown requestId");
    CHECK(FakeGate::take_event(oper, "node.pair.requested").at({"payload", "requestId"}) != shown);
}

}  // namespace gw::test

namespace gw::test {

TEST_CASE("nodes: progress gives a command its time again, and what a node's plug-ins offer is shown") {
    FakeGate gate;
    auto& oper = gate.oper("cli", 4);
    auto& node = gate.node("n1", {"system.which"}, "linux", 4);
    auto& other = gate.node("n2", {"system.which"}, "linux", 4);
    const int call = gate.send_call(oper, "node.invoke", invocation("n1", "system.which", R"(,"timeoutMs":1000)"));
    const Reply request = FakeGate::take_event(node, "node.invoke.request");
    const std::string id = request.at({"payload", "id"});
    const auto progress = [&](FakeGate::Party& from, std::string_view of) {
        return gate
            .call(from, "node.invoke.progress",
                  R"({"invokeId":")" + id + R"(","nodeId":")" + std::string(of) + R"(","seq":0,"chunk":"x"})")
            .text();
    };
    for (int i = 0; i < 5; ++i) {
        gate.advance(900);
        CHECK(progress(node, "n1") == R"({"ok":true,"payload":{"ok":true}})");
    }
    CHECK(progress(other, "n2") == R"({"ok":true,"payload":{"ok":true,"ignored":true}})");
    CHECK(progress(other, "n1").find("nodeId mismatch") != std::string::npos);
    CHECK(gate.answers(call).empty());
    gate.advance(1001);
    CHECK(gate.answer_of(call).at({"error", "message"}) == "TIMEOUT: node invoke timed out");
    CHECK(progress(node, "n1") == R"({"ok":true,"payload":{"ok":true,"ignored":true}})");

    const std::string tools = R"([{"pluginId":"p","name":"t","description":"d"}])";
    CHECK(gate.call(node, "node.pluginTools.update", R"({"tools":)" + tools + "}").at({"payload", "tools"}) == tools);
    CHECK(gate.call(oper, "node.describe", R"({"nodeId":"n1"})").at({"payload", "nodePluginTools"}) == tools);
    CHECK(gate.call(node, "node.pluginSurface.refresh", R"({"surface":"canvas"})").at({"error", "message"}) ==
          "canvas host unavailable for this node session");
    gate.core().nodes.set_canvas_url("http://192.0.2.1:18790");
    const Reply surface = gate.call(node, "node.pluginSurface.refresh", R"({"surface":"canvas"})");
    CHECK(
        surface.at({"payload", "pluginSurfaceUrls", "canvas"}).starts_with("http://192.0.2.1:18790/__openclaw__/cap/"));
    CHECK(gate.call(node, "node.pluginSurface.refresh", R"({"surface":"x"})").at({"error", "message"}) ==
          "plugin surface unavailable: x");
}

}  // namespace gw::test
