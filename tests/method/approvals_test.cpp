// Approvals: asking, answering, running out of time, and the program on a node that needs one.
#include "support/fake_gate.h"

namespace gw::test {

namespace {

constexpr rpc::Scopes approver_scopes{rpc::Scope::approvals};

std::string with_id(std::string_view id, std::string_view more = "") {
    return R"({"id":")" + std::string(id) + "\"" + std::string(more) + "}";
}

std::string ask(std::string_view id, std::string_view more = "") {
    return with_id(id, R"(,"command":"rm -rf /x","host":"gateway","agentId":"main")" + std::string(more));
}

std::string decide(std::string_view id, std::string_view decision) {
    return with_id(id, R"(,"decision":")" + std::string(decision) + "\"");
}

}  // namespace

TEST_CASE("approvals: asked, answered, told") {
    FakeGate gate;
    auto& oper = gate.oper("A");
    auto& approver = gate.oper("C", 3, approver_scopes);
    auto& reader = gate.oper("B", 3, {rpc::Scope::read});
    const int request = gate.send_call(oper, "exec.approval.request", ask("appr-1", R"(,"timeoutMs":15000)"));
    CHECK(gate.answers(request).empty());
    const Reply told = FakeGate::take_event(approver, "exec.approval.requested");
    CHECK(told.at({"payload", "id"}) == "appr-1");
    CHECK(told.at({"payload", "request", "command"}) == "rm -rf /x");
    CHECK(told.at({"payload", "request", "cwd"}) == "null");
    CHECK(told.at({"payload", "createdAtMs"}) == "1767225600000");
    CHECK(told.at({"payload", "expiresAtMs"}) == "1767225615000");
    CHECK(FakeGate::count_events(oper, "exec.approval.requested") == 1);
    CHECK(reader.events.empty());
    CHECK(gate.call(reader, "exec.approval.resolve", decide("appr-1", "deny")).at({"error", "message"}) ==
          "missing scope: operator.approvals");
    const int waits = gate.send_call(oper, "exec.approval.waitDecision", with_id("appr-1"));
    CHECK(gate.call(approver, "exec.approval.resolve", decide("appr-1", "maybe")).at({"error", "message"}) ==
          "invalid decision");
    CHECK(gate.call(approver, "exec.approval.resolve", decide("appr-1", "allow-once")).at({"payload"}) ==
          R"({"ok":true})");
    const std::string decided =
        R"({"id":"appr-1","decision":"allow-once","createdAtMs":1767225600000,"expiresAtMs":1767225615000})";
    CHECK(gate.answer_of(request).at({"payload"}) == decided);
    CHECK(gate.answer_of(waits).at({"payload"}) == decided);
    const Reply resolved = FakeGate::take_event(oper, "exec.approval.resolved");
    CHECK(resolved.at({"payload", "decision"}) == "allow-once");
    CHECK(resolved.at({"payload", "resolvedBy"}) == "C");
    CHECK(resolved.at({"payload", "request", "command"}) == "rm -rf /x");
    CHECK(gate.call(approver, "exec.approval.resolve", decide("appr-1", "deny")).at({"error", "message"}) ==
          "unknown or expired approval id");
    CHECK(gate.call(oper, "exec.approval.request", ask("appr-1")).at({"error", "message"}) ==
          "approval id already pending");
    gate.advance(14999);
    CHECK(gate.call(oper, "exec.approval.waitDecision", with_id("appr-1")).at({"payload"}) == decided);
    gate.advance(1);
    CHECK(gate.call(oper, "exec.approval.waitDecision", with_id("appr-1")).at({"error", "message"}) ==
          "approval expired or not found");
    CHECK(gate.call(oper, "exec.approval.waitDecision", with_id(" ")).at({"error", "message"}) == "id is required");
    CHECK(gate.core().approvals.count() == 0);
    CHECK(gate.open_tickets() == 0);
}

TEST_CASE("approvals: what is wrong with a request") {
    FakeGate gate;
    auto& oper = gate.oper("A");
    struct Case {
        std::string_view params, message;
    };
    const Case cases[] = {
        {R"({"host":"gateway"})", "command is required"},
        {R"({"command":" "})", "command is required"},
        {R"({"command":"ls","host":"node"})", "nodeId is required for host=node"},
        {R"({"command":"ls","host":"node","nodeId":"n"})", "systemRunPlan is required for host=node"},
        {R"({"command":1})", "invalid exec.approval.request params: at /command: must be string"},
    };
    for (const Case& one : cases)
        CHECK(gate.call(oper, "exec.approval.request", one.params).at({"error", "message"}) == one.message);
}

TEST_CASE("approvals: two phases") {
    FakeGate gate;
    auto& oper = gate.oper("A");
    const int request = gate.send_call(oper, "exec.approval.request", ask("two", R"(,"twoPhase":true)"));
    CHECK(gate.answer_of(request).at({"payload"}) ==
          R"({"status":"accepted","id":"two","createdAtMs":1767225600000,"expiresAtMs":1767225720000})");
    gate.call(oper, "exec.approval.resolve", decide("tw", "deny"));
    REQUIRE(gate.answers(request).size() == 2);
    CHECK(Reply(gate.answers(request)[1]).at({"payload", "decision"}) == "deny");
}

TEST_CASE("approvals: time runs out") {
    for (const int protocol : {3, 4}) {
        FakeGate gate;
        auto& oper = gate.oper("A", protocol);
        auto& face = gate.oper("openclaw-control-ui", protocol);
        const int request = gate.send_call(oper, "exec.approval.request", ask("t"));
        const std::uint64_t time = protocol == 3 ? 120000 : 1800000;
        gate.advance(time - 1);
        CHECK(gate.answers(request).empty());
        gate.advance(1);
        CHECK(gate.answer_of(request).at({"payload", "decision"}) == "null");
        CHECK(FakeGate::count_events(face, "exec.approval.resolved") == 0);
        CHECK(gate.call(face, "exec.approval.resolve", decide("t", "deny")).at({"error", "message"}) ==
              "unknown or expired approval id");
        CHECK(gate.call(face, "approval.get", with_id("t")).at({"payload", "approval", "status"}) == "expired");
    }
}

TEST_CASE("approvals: who can answer") {
    struct Case {
        std::string_view name, client;
        bool cap, admin, same_device, reviewer, answerable;
    };
    const Case cases[] = {
        {"a page with all rights", "openclaw-control-ui", false, true, false, false, true},
        {"a program that says it can", "cli", true, true, false, false, true},
        {"a program that does not", "cli", false, true, false, false, false},
        {"a page of somebody else", "openclaw-control-ui", false, false, false, false, false},
        {"a page on the same device", "openclaw-control-ui", false, false, true, false, true},
        {"a phone that was named", "openclaw-ios", false, false, false, true, true},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        FakeGate gate;
        auto& oper = gate.oper("A", 4);
        oper.client.device_id = "d1";
        oper.client.approvals_cap = true;  // who asks does not count
        auto& other = gate.oper(one.client, 4, one.admin ? rpc::Scopes{rpc::Scope::admin} : approver_scopes);
        other.client.device_id = one.same_device ? "d1" : "d2";
        other.client.approvals_cap = one.cap;
        const int request = gate.send_call(oper, "exec.approval.request",
                                           ask("w", one.reviewer ? R"(,"approvalReviewerDeviceIds":["d2"])" : ""));
        CHECK(gate.answers(request).empty() == one.answerable);
        CHECK(FakeGate::count_events(other, "exec.approval.requested") == (one.answerable ? 1 : 0));
        if (!one.answerable) {
            CHECK(gate.answer_of(request).at({"payload", "decision"}) == "null");
            CHECK(gate.call(oper, "exec.approval.waitDecision", with_id("w")).at({"payload", "terminalReason"}) ==
                  "no-route");
            CHECK(gate.call(other, "exec.approval.list").at({"payload"}) == "[]");
            continue;
        }
        CHECK(gate.call(other, "exec.approval.list").root()["payload"].size() == 1);
        CHECK(
            gate.call(other, "exec.approval.get", with_id("w")).at({"payload"}) ==
            R"({"id":"w","commandText":"rm -rf /x","commandPreview":null,"allowedDecisions":["allow-once","allow-always","deny"],)"
            R"("host":"gateway","nodeId":null,"agentId":"main","expiresAtMs":1767227400000})");
    }
    // The older protocol counts everybody who may, also the one who asks.
    FakeGate gate;
    auto& reader = gate.oper("R", 3, {rpc::Scope::approvals});
    CHECK(gate.answers(gate.send_call(reader, "exec.approval.request", ask("self"))).empty());
}

TEST_CASE("approvals: a prefix that means one") {
    FakeGate gate;
    auto& oper = gate.oper("A");
    for (const std::string_view id : {"abc-1", "abc-2", "xyz"}) gate.send_call(oper, "exec.approval.request", ask(id));
    CHECK(gate.call(oper, "exec.approval.resolve", decide("abc", "deny")).at({"error", "message"}) ==
          "ambiguous approval id prefix; matches: abc-1, abc-2. Use the full id.");
    CHECK(gate.call(oper, "exec.approval.resolve", decide("", "deny")).at({"error", "code"}) == "INVALID_REQUEST");
    CHECK(gate.call(oper, "exec.approval.resolve", decide("x", "deny")).at({"payload"}) == R"({"ok":true})");
    CHECK(gate.call(oper, "exec.approval.resolve", decide("abc-1", "deny")).at({"payload"}) == R"({"ok":true})");
    CHECK(gate.call(oper, "exec.approval.resolve", decide("abc", "deny")).at({"payload"}) == R"({"ok":true})");
}

TEST_CASE("approvals: the newer protocol") {
    FakeGate gate;
    auto& oper = gate.oper("A", 4);
    auto& face = gate.oper("openclaw-control-ui", 4);
    const int request = gate.send_call(oper, "exec.approval.request", ask("n", R"(,"ask":"always")"));
    CHECK(gate.call(face, "exec.approval.resolve", decide("n", "allow-always")).at({"error", "code"}) ==
          "INVALID_REQUEST");
    CHECK(gate.call(face, "exec.approval.resolve", decide("zz", "deny")).at({"error", "details", "reason"}) ==
          "APPROVAL_NOT_FOUND");
    CHECK(gate.call(face, "approval.get", with_id("n")).at({"payload", "approval", "status"}) == "pending");
    const std::string yes = R"({"id":"n","kind":"exec","decision":"allow-once"})";
    const Reply first = gate.call(face, "approval.resolve", yes);
    CHECK(first.at({"payload", "applied"}) == "true");
    CHECK(first.at({"payload", "approval", "status"}) == "allowed");
    CHECK(gate.call(face, "approval.resolve", R"({"id":"n","kind":"exec","decision":"deny"})")
              .at({"payload", "applied"}) == "false");
    CHECK(gate.answer_of(request).at({"payload", "decision"}) == "allow-once");
    for (const std::string_view list : {"plugin.approval.list", "openclaw.approval.list"})
        CHECK(gate.call(face, list).at({"payload"}) == "[]");
    const int plugin = gate.send_call(oper, "plugin.approval.request", R"({"title":"Send","description":"a mail"})");
    const std::string id = FakeGate::take_event(face, "plugin.approval.requested").at({"payload", "id"});
    CHECK(id.starts_with("plugin:"));
    CHECK(gate.call(face, "exec.approval.resolve", decide(id, "deny")).at({"error", "code"}) == "INVALID_REQUEST");
    gate.call(face, "plugin.approval.resolve", decide(id, "deny"));
    CHECK(gate.answer_of(plugin).at({"payload", "decision"}) == "deny");
    const Reply all = gate.call(face, "approval.history", R"({"limit":1})");
    CHECK(all["payload"]["items"][0]["status"].as_string() == "denied");
    const Reply rest =
        gate.call(face, "approval.history", R"({"cursor":")" + all.at({"payload", "nextCursor"}) + R"("})");
    CHECK(rest["payload"]["items"][0]["id"].as_string() == "n");
    CHECK_FALSE(rest["payload"]["nextCursor"].exists());
    CHECK(gate.call(face, "approval.history", R"({"cursor":"x"})").at({"error", "message"}) == "invalid cursor");
}

TEST_CASE("approvals: history is bounded and survives") {
    store::MemoryStore store(store::Limits{}, std::pmr::get_default_resource());
    {
        FakeGate gate("{}", &store);
        auto& oper = gate.oper("A");
        for (int i = 0; i < 1200; ++i) {
            const std::string id = "h" + std::to_string(10000 + i);
            gate.send_call(oper, "exec.approval.request", ask(id));
            gate.call(oper, "exec.approval.resolve", decide(id, "deny"));
            gate.advance(100);
        }
        CHECK(gate.core().approvals.history.size() == method::ApprovalHistory::records_max);
        CHECK(gate.core().approvals.count() <= method::Approvals::records_max);
    }
    FakeGate gate("{}", &store);
    CHECK(gate.core().approvals.history.size() == method::ApprovalHistory::records_max);
    auto& oper = gate.oper("A");
    CHECK(gate.call(oper, "approval.get", with_id("h11199")).at({"payload", "approval", "status"}) == "denied");
    CHECK(gate.call(oper, "approval.get", with_id("h10000")).at({"error", "code"}) == "INVALID_REQUEST");
}

TEST_CASE("approvals: those who ask are bounded") {
    FakeGate gate;
    auto& oper = gate.oper("A");
    for (std::size_t i = 0; i < method::Approvals::pending_of_client_max; ++i)
        gate.send_call(oper, "exec.approval.request", ask("b" + std::to_string(i)));
    CHECK(gate.call(oper, "exec.approval.request", ask("more")).at({"error", "message"}) ==
          "too many approvals are waiting");
    for (std::size_t i = 1; i < method::Approvals::waiters_max; ++i)
        gate.send_call(oper, "exec.approval.waitDecision", with_id("b1"));
    CHECK(gate.call(oper, "exec.approval.waitDecision", with_id("b1")).at({"error", "code"}) == "UNAVAILABLE");
    CHECK(gate.call(oper, "exec.approval.request", ask("big", R"(,"cwd":")" + std::string(300000, 'x') + "\""))
              .at({"error", "message"}) == "approval request too large");
}

// --- a program on a node -------------------------------------------------------------------------------------------

namespace {

constexpr std::string_view plan =
    R"({"argv":["ls","-l"],"cwd":"/srv","commandText":"ls -l","agentId":"main","sessionKey":null})";

std::string run(std::string_view more, std::string_view node = "n1") {
    return R"({"nodeId":")" + std::string(node) + R"(","command":"system.run","idempotencyKey":"k","params":{)" +
           std::string(more) + "}}";
}

}  // namespace

TEST_CASE("approvals: a program on a node runs as it was approved, once") {
    FakeGate gate;
    auto& oper = gate.oper("A");
    auto& other = gate.oper("B");
    auto& node = gate.node("n1");
    gate.node("n2");
    const auto request = [&](std::string_view id, std::string_view more = "") {
        gate.send_call(oper, "exec.approval.request",
                       with_id(id, R"(,"host":"node","nodeId":"n1","systemRunPlan":)" + std::string(plan) +
                                       R"(,"timeoutMs":60000)" + std::string(more)));
    };
    const auto code_of = [&](FakeGate::Party& from, std::string_view params, std::string_view target = "n1") {
        return gate.call(from, "node.invoke", run(params, target)).at({"error", "details", "code"});
    };
    const std::string approved = R"("approved":true,"approvalDecision":"allow-always",)";

    // Nobody but the gateway says "approved".
    gate.send_call(oper, "node.invoke", run(R"("command":["ls"],"rawCommand":"ls","approvedBy":"me","extra":1)"));
    CHECK(FakeGate::take_event(node, "node.invoke.request").at({"payload", "paramsJSON"}) ==
          R"({"command":["ls"],"rawCommand":"ls"})");
    CHECK(code_of(oper, R"("rawCommand":"ls")") == "MISSING_COMMAND");
    CHECK(code_of(oper, R"("approved":true)") == "MISSING_RUN_ID");
    CHECK(code_of(oper, approved + R"("runId":"zz")") == "UNKNOWN_APPROVAL_ID");
    gate.send_call(oper, "exec.approval.request", ask("here"));
    CHECK(code_of(oper, approved + R"("runId":"here")") == "APPROVAL_NODE_BINDING_MISSING");
    request("r1");
    CHECK(code_of(oper, approved + R"("runId":"r1")", "n2") == "APPROVAL_NODE_MISMATCH");
    CHECK(code_of(other, approved + R"("runId":"r1")") == "APPROVAL_CLIENT_MISMATCH");
    CHECK(code_of(oper, approved + R"("runId":"r1")") == "APPROVAL_REQUIRED");
    gate.call(other, "exec.approval.resolve", decide("r1", "allow-once"));
    CHECK(code_of(oper, approved + R"("runId":"r1","command":["rm"])") == "APPROVAL_REQUEST_MISMATCH");
    CHECK(code_of(oper, approved + R"("runId":"r1","env":{"A":"b"})") == "APPROVAL_ENV_BINDING_MISSING");
    gate.send_call(oper, "node.invoke", run(approved + R"("runId":"r1","command":["ls","-l"],"cwd":"/etc")"));
    const Reply sent(FakeGate::take_event(node, "node.invoke.request").at({"payload", "paramsJSON"}));
    CHECK(sent.at({"command"}) == R"(["ls","-l"])");
    CHECK(sent.at({"cwd"}) == "/srv");
    CHECK(sent.at({"approved"}) == "true");
    CHECK(sent.at({"approvalDecision"}) == "allow-once");
    CHECK(code_of(oper, approved + R"("runId":"r1")") == "APPROVAL_REQUIRED");  // used up

    request("r2", R"(,"env":{"A":"b","C":"d"})");
    const Reply told = [&] {
        for (;;) {
            Reply event = FakeGate::take_event(other, "exec.approval.requested");
            if (event.at({"payload", "id"}) == "r2") return event;
        }
    }();
    CHECK(told.at({"payload", "request", "envKeys"}) == R"(["A","C"])");
    CHECK(told.at({"payload", "request", "systemRunBinding", "envHash"}).size() == 64);
    gate.call(other, "exec.approval.resolve", decide("r2", "allow-always"));
    CHECK(code_of(oper, approved + R"("runId":"r2","env":{"A":"x"})") == "APPROVAL_ENV_MISMATCH");
    CHECK(code_of(oper, approved + R"("runId":"r2")") == "APPROVAL_ENV_MISMATCH");
    for (int i = 0; i < 2; ++i)
        CHECK(
            gate.answers(gate.send_call(oper, "node.invoke", run(approved + R"("runId":"r2","env":{"C":"d","A":"b"})")))
                .empty());

    oper.client.device_id = "d1";
    request("r3");
    oper.client.device_id = "d2";
    CHECK(code_of(oper, approved + R"("runId":"r3")") == "APPROVAL_DEVICE_MISMATCH");
    oper.client.device_id = "d1";
    gate.advance(59999);
    gate.call(other, "exec.approval.resolve", decide("r3", "allow-once"));
    gate.advance(2);
    CHECK(code_of(oper, approved + R"("runId":"r3")") == "APPROVAL_EXPIRED");
    request("r4");
    gate.call(other, "exec.approval.resolve", decide("r4", "deny"));
    CHECK(code_of(oper, approved + R"("runId":"r4")") == "APPROVAL_REQUIRED");
}

// --- any order -----------------------------------------------------------------------------------------------------

// Two operators, a node and an approval: whatever comes first, they end alike.
TEST_CASE("approvals: a thousand interleavings end in the same state") {
    std::string expected;
    const auto seeds = static_cast<std::uint64_t>(long_rounds(1000));
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        INFO("seed " << seed);
        Random random(seed);
        FakeGate gate;
        auto& asks = gate.oper("A");
        auto& answers = gate.oper("B");
        FakeGate::Party* node = nullptr;
        int request = 0, wait = 0, invoke = 0, step_a = 0, step_b = 0, node_drops = 0;
        bool ran = false;
        const auto decided = [&] { return request != 0 && gate.answers(request).size() == 2; };
        for (int turn = 0; !ran || step_a < 4 || step_b < 3; ++turn) {
            if (turn >= 10000) FAIL("it does not end");
            switch (random.below(5)) {
            case 0:  // the one who asks, waits, runs, and asks for what has an answer already
                if (step_a == 0) {
                    request = gate.send_call(
                        asks, "exec.approval.request",
                        with_id("run", R"(,"host":"node","nodeId":"n1","twoPhase":true,"systemRunPlan":)" +
                                           std::string(plan)));
                    ++step_a;
                } else if (step_a == 1) {
                    wait = gate.send_call(asks, "exec.approval.waitDecision", with_id("run"));
                    ++step_a;
                } else if (step_a == 2 && decided() && node != nullptr && invoke == 0) {
                    invoke = gate.send_call(asks, "node.invoke",
                                            run(R"("approved":true,"runId":"run","command":["ls","-l"])"));
                    ++step_a;
                } else if (step_a == 3) {
                    CHECK(gate.call(asks, "exec.approval.request", ask("run"))["ok"].as_bool() == false);
                    ++step_a;
                }
                break;
            case 1:  // the one who answers, looks, answers, and answers again
                if (step_b == 0) {
                    gate.call(answers, "exec.approval.list");
                    ++step_b;
                } else if (step_b == 1 && request != 0) {
                    CHECK(gate.call(answers, "exec.approval.resolve", decide("ru", "allow-once"))["ok"].as_bool() ==
                          true);
                    ++step_b;
                } else if (step_b == 2) {
                    CHECK(gate.call(answers, "exec.approval.resolve", decide("run", "deny"))["ok"].as_bool() == false);
                    ++step_b;
                }
                break;
            case 2:  // the node comes and goes, but stays while it runs something
                if (node == nullptr) {
                    node = &gate.node("n1");
                } else if (invoke == 0 && node_drops < 3) {
                    gate.leave(*node);
                    node = nullptr;
                    ++node_drops;
                }
                break;
            case 3:  // the node works
                if (invoke != 0 && !ran) {
                    const Reply event = FakeGate::take_event(*node, "node.invoke.request");
                    const std::string result = R"({"id":")" + event.at({"payload", "id"}) +
                                               R"(","nodeId":"n1","ok":true,"payload":{"exitCode":0}})";
                    CHECK(gate.call(*node, "node.invoke.result", result).at({"payload"}) == R"({"ok":true})");
                    CHECK(gate.call(*node, "node.invoke.result", result).at({"payload", "ignored"}) == "true");
                    ran = true;
                }
                break;
            default: gate.advance(random.below(100)); break;
            }
        }
        CHECK(FakeGate::count_events(answers, "exec.approval.requested") == 1);
        CHECK(FakeGate::count_events(asks, "exec.approval.resolved") == 1);
        CHECK(gate.answer_of(wait).at({"payload", "decision"}) == "allow-once");
        std::string state = Reply(gate.answers(request).back()).at({"payload", "decision"});
        state += gate.answer_of(invoke).at({"payload"});
        gate.advance(3600000);
        const Reply history = gate.call(answers, "approval.history");
        const json::Value last = history["payload"]["items"][0];
        state +=
            std::to_string(history["payload"]["items"].size()) + text_at(last, "status") + text_at(last, "decision");
        const Reply list = gate.call(answers, "node.list");
        const json::Value row = list["payload"]["nodes"][0];
        state += std::string(row["commands"].raw()) + std::string(row["connected"].raw());
        state += std::to_string(gate.core().approvals.count()) + std::to_string(gate.core().nodes.invoke_count()) +
                 std::to_string(gate.open_tickets());
        if (seed == 1) expected = state;
        REQUIRE(state == expected);
    }
    CHECK(expected.find("exitCode") != std::string::npos);
}

}  // namespace gw::test
