// The gateway protocol over WebSocket, in memory: upgrade, handshake, envelopes, limits.
#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view open = R"({ gateway: { auth: { mode: "none" } } })";
constexpr std::string_view guarded = R"({ gateway: { auth: { mode: "token", token: "secret-token-1" } } })";

}  // namespace

TEST_CASE("rpc: a challenge comes first, then hello") {
    for (const std::string_view target : {"/", "/ws", "/anything?x=1"}) {
        World world(open);
        RpcClient client(world, target);
        REQUIRE(client.upgraded());
        CHECK(client.head().find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
        RpcClient other(world, target);
        const Json challenge = other.take();
        CHECK(challenge["event"].as_string() == "connect.challenge");
        CHECK(text_of(challenge["payload"]["nonce"]).size() == 36);
        CHECK(challenge["payload"]["ts"].as_int() == 1767225600000);
        CHECK_FALSE(challenge["seq"].exists());

        const Json hello = client.connect();
        CHECK(hello["ok"].as_bool() == true);
        const json::Value payload = hello["payload"];
        CHECK(payload["type"].as_string() == "hello-ok");
        CHECK(payload["protocol"].as_int() == 3);
        CHECK(text_of(payload["server"]["connId"]).size() == 36);
        CHECK(payload["features"]["methods"].size() > 3);
        CHECK(payload["snapshot"]["presence"].size() == 1);
        CHECK(payload["snapshot"]["health"]["ok"].as_bool() == true);
        CHECK(payload["snapshot"]["sessionDefaults"]["mainSessionKey"].as_string() == "agent:main:main");
        CHECK(payload["policy"]["maxPayload"].as_int() == 104857600);
        CHECK(payload["policy"]["tickIntervalMs"].as_int() == 30000);
        const Json presence = client.take_event("presence");
        CHECK(presence["payload"]["presence"].size() == 2);
        CHECK(presence["seq"].as_int() == 1);
        CHECK(presence["stateVersion"]["presence"].as_int() == 2);
    }
}

TEST_CASE("rpc: both protocol versions side by side") {
    World world(open);
    RpcClient three(world), four(world), both(world), none(world);
    CHECK(three.connect({}, 3)["payload"]["protocol"].as_int() == 3);
    const Json hello = four.connect({}, 4);
    CHECK(hello["payload"]["protocol"].as_int() == 4);
    CHECK(hello["payload"]["auth"]["role"].as_string() == "operator");
    CHECK(hello["payload"]["snapshot"]["suspension"]["phase"].as_string() == "accepting");
    both.send(R"({"type":"req","id":"1","method":"connect","params":{"minProtocol":3,"maxProtocol":9,)"
              R"("client":{"id":"cli","version":"1","platform":"linux","mode":"cli"}}})");
    CHECK(both.take_answer("1")["payload"]["protocol"].as_int() == 4);
    none.send(R"({"type":"req","id":"1","method":"connect","params":{"minProtocol":5,"maxProtocol":9,)"
              R"("client":{"id":"cli","version":"1","platform":"linux","mode":"cli"}}})");
    const Json refused = none.take_answer("1");
    CHECK(refused["error"]["message"].as_string() == "protocol mismatch");
    CHECK(refused["error"]["details"]["expectedProtocol"].as_int() == 4);
    CHECK(none.close_code() == 1002);
    CHECK(none.close_reason() == "protocol mismatch");
}

TEST_CASE("rpc: what comes first when it is no connect") {
    struct Case {
        std::string_view message, error, reason;
        int code;
    };
    const Case cases[] = {
        {"nonsense", "", "", 1000},
        {"{}", "", "invalid request frame", 1008},
        {R"({"type":"req","id":"1","method":"health"})", "invalid handshake: first request must be connect",
         "invalid handshake: first request must be connect", 1008},
        {R"({"type":"req","id":"1","method":"connect","params":{}})",
         "invalid connect params: must have required property 'minProtocol'; must have required property "
         "'maxProtocol'; must have required property 'client'",
         "invalid connect params: must have required property 'minProtocol'; must have required property "
         "'maxProtocol'; must "
         "have ",
         1008},
    };
    for (const Case& one : cases) {
        INFO(one.message);
        World world(open);
        RpcClient client(world);
        (void)client.take();
        client.send(one.message);
        if (!one.error.empty()) CHECK(text_of(client.take()["error"]["message"]) == one.error);
        CHECK(client.close_code() == one.code);
        CHECK(client.close_reason() == one.reason);
        CHECK_FALSE(client.has());
    }
}

TEST_CASE("rpc: broken frames after connect are answered and change nothing") {
    World world(open);
    RpcClient client(world);
    client.connect();
    struct Case {
        std::string_view message, id, error;
    };
    const Case cases[] = {
        {"[]", "invalid", "invalid request frame: must be object"},
        {R"({"id":"2","method":"health"})", "2", "invalid request frame: must have required property 'type'"},
        {R"({"type":"req","method":"health"})", "invalid", "invalid request frame: must have required property 'id'"},
        {R"({"type":"req","id":"","method":"health"})", "",
         "invalid request frame: at /id: must NOT have fewer than 1 characters"},
        {R"({"type":"req","id":"3","method":"health","meta":{}})", "3",
         "invalid request frame: at root: unexpected property 'meta'"},
        {R"({"type":"res","id":"4","method":"x"})", "4", "invalid request frame: at /type: must be equal to constant"},
    };
    for (const Case& one : cases) {
        INFO(one.message);
        client.send(one.message);
        const Json answer = client.take_answer(one.id);
        CHECK(answer["ok"].as_bool() == false);
        CHECK(text_of(answer["error"]["message"]) == one.error);
    }
    client.send("no json at all");
    client.send_frame(2, R"({"type":"req","id":"b","method":"health"})");  // a binary message may hold JSON
    CHECK(client.take_answer("b")["ok"].as_bool() == true);
    CHECK(client.call("connect")["error"]["message"].as_string() == "connect is only valid as the first request");
    CHECK(client.close_code() == 0);
}

TEST_CASE("rpc: the seed's envelope") {
    World world(open);
    RpcClient client(world, "/gateway");
    client.send(R"({"id":"1","method":"connect","params":{},"meta":{"trace":"t"}})");
    const Json hello = client.take_answer("1");
    CHECK(hello["payload"]["type"].as_string() == "hello-ok");
    CHECK(hello["error"].is(json::Kind::null));
    client.send(R"({"id":"2","method":"nope","params":{},"meta":{"trace":"t"}})");
    const Json answer = client.take_answer("2");
    CHECK(answer["ok"].as_bool() == false);
    CHECK(answer["payload"].is(json::Kind::null));
    CHECK(answer["meta"]["trace"].as_string() == "t");
}

TEST_CASE("rpc: scopes, roles and names") {
    World world(open);
    RpcClient client(world);
    RpcClient::Who who;
    who.protocol = 4;
    who.scopes = "operator.read";
    CHECK(client.connect_as(who)["ok"].as_bool() == true);
    CHECK(client.call("health")["ok"].as_bool() == true);
    CHECK(client.call("status")["ok"].as_bool() == true);
    const Json refused = client.call("system-event", R"({"text":"x"})");
    CHECK(refused["error"]["code"].as_string() == "FORBIDDEN");
    CHECK(refused["error"]["details"]["missingScope"].as_string() == "operator.admin");
    CHECK(client.call("nope")["error"]["message"].as_string() == "missing scope: operator.admin");

    RpcClient admin(world);
    admin.connect();
    CHECK(admin.call("nope")["error"]["message"].as_string() == "unknown method: nope");
    CHECK(admin.call("system-presence", R"({"a":1})")["error"]["message"].as_string() ==
          "invalid system-presence params: at root: unexpected property 'a'");
    CHECK(admin.call("system-event", R"({"text":"  "})")["error"]["message"].as_string() == "text required");
    CHECK(admin.call("system-event", R"({"text":"Node: here","host":"h"})")["ok"].as_bool() == true);
    CHECK(admin.call("system-presence")["payload"].size() == 4);
}

TEST_CASE("rpc: the token is asked for") {
    World world(guarded);
    RpcClient missing(world), wrong(world), right(world);
    CHECK(missing.connect()["error"]["message"].as_string().value_or("").starts_with(
        "unauthorized: gateway token missing"));
    CHECK(missing.close_code() == 1008);
    CHECK(wrong.connect("guess")["error"]["message"].as_string().value_or("").starts_with(
        "unauthorized: gateway token mismatch"));
    CHECK(right.connect("secret-token-1")["ok"].as_bool() == true);
}

TEST_CASE("rpc: limits before connect") {
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.ws_unadmitted_max = 2;
    limits.ws_hello_bytes_max = 100;
    limits.ws_hello_timeout_ms = 500;
    World world(open, nullptr, &limits);
    RpcClient slow(world), large(world);
    RpcClient third(world);
    CHECK_FALSE(third.upgraded());
    CHECK(third.head().rfind("HTTP/1.1 503 ", 0) == 0);
    RpcClient elsewhere(world, "/", {}, "127.0.0.2");
    CHECK(elsewhere.upgraded());

    large.send(std::string(101, ' '));
    CHECK(large.close_code() == 1009);
    world.advance(400);
    CHECK(slow.close_code() == 0);
    world.advance(200);
    CHECK(slow.close_code() == 1000);
}

TEST_CASE("rpc: pings, and a peer that is gone") {
    World world(open);
    RpcClient client(world);
    client.connect();
    client.send_frame(9, "are you there");
    CHECK(client.peer().received == std::string("\x8A\x0D") + "are you there");
    client.peer().received.clear();
    world.advance(25000);
    CHECK(client.peer().received.find(std::string("\x89\x00", 2)) != std::string::npos);
    client.send_frame(10, "");
    world.advance(25000);
    CHECK_FALSE(client.peer().aborted);
    world.advance(25000);
    CHECK(client.peer().aborted);
}

TEST_CASE("rpc: ticks and health go to everybody, in order") {
    World world(open);
    RpcClient client(world);
    client.connect();
    std::int64_t seq = 0;
    int ticks = 0, healths = 0;
    for (int i = 0; i < 13; ++i) {
        world.advance(5000);
        client.send_frame(10, "");
        while (client.has()) {
            const Json frame = client.take();
            if (!frame["event"].exists()) continue;
            CHECK(frame["seq"].as_int() == seq + 1);  // without a gap
            seq = *frame["seq"].as_int();
            ticks += frame["event"].as_string() == "tick" ? 1 : 0;
            healths += frame["event"].as_string() == "health" ? 1 : 0;
        }
    }
    CHECK(ticks == 2);
    CHECK(healths == 13);
}

TEST_CASE("rpc: calls that wait are counted, and one too many is refused") {
    World world(open);
    RpcClient client(world);
    client.connect();
    for (int i = 0; i < 257; ++i) {
        client.send(R"({"type":"req","id":"w)" + std::to_string(i) +
                    R"(","method":"agent.wait","params":{"runId":"nobody","timeoutMs":5000}})");
    }
    const Json refused = client.take_answer("w256");
    CHECK(refused["error"]["code"].as_string() == "UNAVAILABLE");
    CHECK(refused["error"]["retryable"].as_bool() == true);
    world.advance(5000);
    CHECK(client.take_answer("w255")["payload"]["status"].as_string() == "timeout");
    CHECK(client.call("health")["ok"].as_bool() == true);
}

TEST_CASE("rpc: the token of a device opens HTTP, too, until it is revoked") {
    World world(guarded);
    RpcClient client(world);
    RpcClient::Who who;  // a helper of this machine (mode backend) is let in without being paired
    who.token = "secret-token-1";
    who.client_id = who.mode = "cli";
    const Json hello = client.connect_as(who);
    const std::string token = text_of(hello["payload"]["auth"]["deviceToken"]);
    REQUIRE(token.size() == 43);
    const Json list = client.call("device.pair.list");
    const std::string device = text_of(list["payload"]["paired"][std::size_t{0}]["deviceId"]);
    RpcClient seed(world, "/", "Authorization: Bearer " + token + "\r\n");
    seed.send(R"({"id":"1","method":"health"})");
    CHECK(seed.take_answer("1")["ok"].as_bool() == true);
    CHECK(client.call("device.token.revoke", R"({"deviceId":")" + device + R"(","role":"operator"})")["ok"].as_bool() ==
          true);
    RpcClient late(world, "/", "Authorization: Bearer " + token + "\r\n");
    late.send(R"({"id":"1","method":"health"})");
    CHECK(late.take_answer("1")["ok"].as_bool() == false);
    CHECK(late.close_code() == 1008);
}

TEST_CASE("rpc: a shutdown is announced") {
    World world(open);
    RpcClient client(world);
    client.connect();
    CHECK(gw_gateway_shutdown(world.gateway()) == GW_OK);
    world.pump();
    const Json farewell = client.take_event("shutdown");
    CHECK(farewell["payload"]["reason"].as_string() == "gateway stopping");
    CHECK(farewell["payload"]["restartExpectedMs"].is(json::Kind::null));
    CHECK(client.close_code() == 1012);
    CHECK(client.close_reason() == "service restart");
}

TEST_CASE("rpc: a client that reads nothing costs a bounded memory") {
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.ws_buffered_bytes_max = 100000;
    World world(open, nullptr, &limits);
    RpcClient lazy(world), busy(world);
    lazy.connect();
    busy.connect();
    lazy.peer().take = false;
    gw_stats before{};
    before.size = sizeof before;
    for (int i = 0; i < 2000; ++i) {
        busy.call("system-event", R"({"text":"Node: here","host":"h)" + std::to_string(i % 50) + R"("})");
        world.advance(300);
        busy.send_frame(10, "");
        lazy.send_frame(10, "");
    }
    gw_gateway_stats(world.gateway(), &before);
    CHECK(before.buffer_bytes < 400000);
    CHECK(lazy.close_code() == 0);  // all of it may be dropped
    // One who asks and does not read is not read any further.
    for (int i = 0; i < 5000; ++i) lazy.send(R"({"type":"req","id":"1","method":"system-presence"})");
    CHECK_FALSE(gw_conn_wants_read(lazy.peer().conn));
    gw_gateway_stats(world.gateway(), &before);
    CHECK(before.buffer_bytes < 1000000);
}

TEST_CASE("rpc: a conversation cut anywhere is the same") {
    const auto converse = [](std::size_t cut) {
        World world(open);
        RpcClient client(world);
        client.connect();
        std::string bytes;
        for (const std::string_view method : {"health", "status", "nope"}) {
            const std::string text = R"({"type":"req","id":"a","method":")" + std::string(method) + R"(","params":{}})";
            bytes += '\x81';
            bytes += static_cast<char>(0x80U | text.size());
            bytes += std::string(4, '\0') + text;
        }
        world.send(client.peer(), std::string_view(bytes).substr(0, cut));
        world.send(client.peer(), std::string_view(bytes).substr(cut));
        std::vector<std::string> out;
        while (client.has()) out.push_back(client.take().text());
        out.push_back(std::to_string(bytes.size()));
        return out;
    };
    const std::vector<std::string> whole = converse(0);
    const std::size_t size = std::stoul(whole.back());
    REQUIRE(whole.size() >= 4);
    for (std::size_t cut = 1; cut < size; ++cut) {
        const auto got = converse(cut);
        CHECK(got.size() == whole.size());
        CHECK(got[got.size() - 2] == whole[whole.size() - 2]);
    }
}

}  // namespace gw::test
