// Nodes and approvals over WebSocket, from the handshake on: an operator, a node, and somebody who says yes.
#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view open = R"({ gateway: { auth: { mode: "none" } } })";

// Connects as a node; what it offers is approved by `oper` where that is asked for. Gives the node's id.
std::string connect_node(RpcClient& node, RpcClient& oper, int protocol = 3) {
    RpcClient::Who who;
    who.protocol = protocol;
    who.scopes = "";
    who.client_id = "node-host";
    who.mode = "node";
    who.role = "node";
    who.more = R"(,"caps":["system"],"commands":["system.which","system.run","camera.snap"])";
    const Json hello = node.connect_as(who);
    REQUIRE(hello["ok"].as_bool() == true);
    const Json pairing = oper.call("node.pair.list");
    for (json::Value one = pairing["payload"]["pending"].first(); one.exists(); one = one.next()) {
        const Json done = oper.call("node.pair.approve", R"({"requestId":")" + text_of(one["requestId"]) + R"("})");
        CHECK(done["ok"].as_bool() == true);
    }
    const Json list = oper.call("node.list");
    for (json::Value one = list["payload"]["nodes"].first(); one.exists(); one = one.next()) {
        if (one["connected"].as_bool() == true) return text_of(one["nodeId"]);
    }
    return {};
}

void ask(RpcClient& client, std::string_view id, std::string_view method, std::string_view params) {
    client.send(R"({"type":"req","id":")" + std::string(id) + R"(","method":")" + std::string(method) +
                R"(","params":)" + std::string(params) + "}");
}

}  // namespace

TEST_CASE("nodes over a socket: a command goes there and its answer comes back") {
    for (const int protocol : {3, 4}) {
        World world(open);
        RpcClient oper(world), node(world);
        oper.connect({}, protocol);
        const std::string id = connect_node(node, oper, protocol);
        REQUIRE_FALSE(id.empty());
        const Json about = oper.call("node.describe", R"({"nodeId":")" + id + R"("})");
        CHECK(about["payload"]["commands"].raw() == R"(["system.run","system.which"])");

        const std::string call =
            R"({"nodeId":")" + id + R"(","command":"system.which","params":{"bins":["ls"]},"idempotencyKey":"k"})";
        ask(oper, "i1", "node.invoke", call);
        ask(oper, "i2", "node.invoke", call);
        const Json first = node.take_event("node.invoke.request");
        const Json second = node.take_event("node.invoke.request");
        CHECK_FALSE(first["seq"].exists());
        const auto answer = [&](const Json& request, std::string_view path) {
            return node.call("node.invoke.result", R"({"id":")" + text_of(request["payload"]["id"]) +
                                                       R"(","nodeId":")" + id + R"(","ok":true,"payload":{"path":")" +
                                                       std::string(path) + R"("}})");
        };
        CHECK(answer(second, "/2")["payload"].raw() == R"({"ok":true})");  // in any order
        CHECK(answer(first, "/1")["payload"].raw() == R"({"ok":true})");
        CHECK(oper.take_answer("i2")["payload"]["payload"]["path"].as_string() == "/2");
        CHECK(oper.take_answer("i1")["payload"]["payload"]["path"].as_string() == "/1");

        ask(oper, "i3", "node.invoke", call);
        ask(oper, "i4", "node.invoke", call);
        world.advance(20000);
        (void)oper.has();
        world.advance(10000);
        const Json late = oper.take_answer("i3");
        CHECK(late["error"]["message"].as_string() == "TIMEOUT: node invoke timed out");
        CHECK(oper.take_answer("i4")["error"]["code"].as_string() == "UNAVAILABLE");
        if (protocol == 4) (void)node.take_event("node.invoke.cancel");

        ask(oper, "i5", "node.invoke", call);
        world.drop(node.peer());
        CHECK(text_of(oper.take_answer("i5")["error"]["message"]).find("node disconnected (system.which)") !=
              std::string::npos);
        CHECK(oper.call("node.invoke", call)["error"]["details"]["code"].as_string() == "NOT_CONNECTED");
    }
}

TEST_CASE("nodes over a socket: a node may do what nodes do") {
    World world(open);
    RpcClient oper(world), node(world);
    oper.connect();
    (void)connect_node(node, oper);
    CHECK(node.call("health")["ok"].as_bool() == true);
    CHECK(node.call("node.event", R"({"event":"anything"})")["payload"].raw() == R"({"ok":true})");
    for (const std::string_view method : {"status", "node.list", "nope"})
        CHECK(node.call(method)["error"]["message"].as_string() == "unauthorized role: node");
    CHECK(oper.call("node.pending.pull")["error"]["message"].as_string() == "unauthorized role: operator");
}

TEST_CASE("approvals over a socket: two answers to one request") {
    World world(open);
    RpcClient oper(world), approver(world), reader(world);
    oper.connect();
    approver.connect();
    RpcClient::Who who;
    who.scopes = "operator.read";
    CHECK(reader.connect_as(who)["ok"].as_bool() == true);
    ask(oper, "a1", "exec.approval.request", R"({"id":"ap","command":"ls","host":"gateway","twoPhase":true})");
    CHECK(oper.take_answer("a1")["payload"]["status"].as_string() == "accepted");
    CHECK(approver.take_event("exec.approval.requested")["payload"]["id"].as_string() == "ap");
    CHECK(approver.call("exec.approval.resolve", R"({"id":"ap","decision":"allow-once"})")["ok"].as_bool() == true);
    CHECK(oper.take_answer("a1")["payload"]["decision"].as_string() == "allow-once");
    while (reader.has()) CHECK_FALSE(text_of(reader.take()["event"]).starts_with("exec."));

    ask(oper, "a2", "exec.approval.request", R"({"id":"late","command":"ls","timeoutMs":1000})");
    world.advance(1000);
    CHECK(oper.take_answer("a2")["payload"]["decision"].is(json::Kind::null));
}

TEST_CASE("approvals over a socket: who asked may leave") {
    World world(open);
    RpcClient approver(world);
    approver.connect();
    {
        RpcClient oper(world);
        oper.connect();
        ask(oper, "a1", "exec.approval.request", R"({"id":"ap","command":"ls"})");
        world.drop(oper.peer());
    }
    CHECK(approver.take_event("exec.approval.requested")["payload"]["id"].as_string() == "ap");
    CHECK(approver.call("exec.approval.resolve", R"({"id":"ap","decision":"deny"})")["ok"].as_bool() == true);
}

}  // namespace gw::test
