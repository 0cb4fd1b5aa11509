// Who hears of what happens in a session, and who may do something to one.
#include <map>

#include "core/buffer.h"
#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view open = R"({ gateway: { auth: { mode: "none" } } })";
constexpr std::string_view caps_scoped = R"(,"caps":["session-scoped-events"])";

struct Listener {
    Listener(World& world, std::string_view scopes, std::string_view caps = {}, int protocol = 4) : client(world) {
        RpcClient::Who who;
        who.protocol = protocol;
        who.scopes = scopes;
        who.more = caps;
        REQUIRE(client.connect_as(who)["ok"].as_bool() == true);
    }
    Listener& follow(std::string_view key) {
        REQUIRE(client.call("sessions.messages.subscribe", R"({"key":")" + std::string(key) + "\"}")["ok"].as_bool() ==
                true);
        return *this;
    }
    // What has come, by name; and that nothing was left out on the way.
    std::map<std::string, int> heard() {
        std::map<std::string, int> out;
        while (client.has()) {
            const Json frame = client.take();
            if (!frame["event"].exists()) continue;
            if (const auto seq = frame["seq"].as_int()) {
                CHECK((last_seq == 0 || *seq == last_seq + 1));
                last_seq = *seq;
            }
            ++out[text_of(frame["event"])];
            if (frame["event"].as_string() == "session.message")
                roles += text_of(frame["payload"]["message"]["role"]) + " ";
            if (frame["event"].as_string() == "sessions.changed") reasons += text_of(frame["payload"]["reason"]) + " ";
        }
        return out;
    }
    RpcClient client;
    std::int64_t last_seq = 0;
    std::string roles, reasons;
};

void say(World& world, RpcClient& client, std::string_view run, std::string_view session = "main") {
    const Json sent =
        client.call("chat.send", R"({"sessionKey":")" + std::string(session) +
                                     R"(","message":"one two three","idempotencyKey":")" + std::string(run) + "\"}");
    REQUIRE(sent["ok"].as_bool() == true);
    world.advance(3000);
}

}  // namespace

TEST_CASE("audience: events of a run go to those who may read, and to followers alone where a client says so") {
    World world(open);
    Listener sender(world, "operator.read,operator.write");
    Listener reader(world, "operator.read"), old_reader(world, "operator.read", "", 3);
    Listener pairing(world, "operator.pairing"), approver(world, "operator.approvals");
    Listener scoped(world, "operator.read", caps_scoped);
    Listener elsewhere(world, "operator.read", caps_scoped), here(world, "operator.read", caps_scoped);
    elsewhere.follow("other");
    here.follow("main");
    for (Listener* one : {&sender, &reader, &old_reader, &pairing, &approver, &scoped, &elsewhere, &here})
        (void)one->heard();

    say(world, sender.client, "r1");
    for (Listener* one : {&sender, &reader, &old_reader, &here}) {
        auto heard = one->heard();
        CHECK(heard["chat"] >= 2);
        CHECK(heard["agent"] >= 3);
    }
    for (Listener* one : {&pairing, &approver, &scoped, &elsewhere}) {
        auto heard = one->heard();
        CHECK(heard["chat"] == 0);
        CHECK(heard["agent"] == 0);
        CHECK(heard["session.message"] == 0);
    }
    CHECK(here.roles == "user assistant ");
    CHECK(reader.roles.empty());

    // Another session: the other way round.
    say(world, sender.client, "r2", "other");
    CHECK(elsewhere.heard()["chat"] >= 2);
    CHECK(elsewhere.roles == "user assistant ");
    CHECK(here.heard()["chat"] == 0);
    CHECK(here.roles == "user assistant ");

    REQUIRE(here.client.call("sessions.messages.unsubscribe", R"({"key":"main"})")["ok"].as_bool() == true);
    say(world, sender.client, "r3");
    auto after = here.heard();
    CHECK(after["chat"] == 0);
    CHECK(after["session.message"] == 0);
}

TEST_CASE("audience: sessions.changed goes to subscribers, with what was done") {
    World world(open);
    Listener admin(world, "operator.admin"), subscriber(world, "operator.read"), other(world, "operator.read");
    REQUIRE(subscriber.client.call("sessions.subscribe")["payload"]["subscribed"].as_bool() == true);
    REQUIRE(admin.client.call("sessions.create", R"({"key":"plan","label":"Plan"})")["ok"].as_bool() == true);
    REQUIRE(admin.client.call("sessions.patch", R"({"key":"plan","label":"Plan B"})")["ok"].as_bool() == true);
    say(world, admin.client, "r1", "plan");
    REQUIRE(admin.client.call("sessions.reset", R"({"key":"plan"})")["ok"].as_bool() == true);
    REQUIRE(admin.client.call("sessions.delete", R"({"key":"plan"})")["ok"].as_bool() == true);
    (void)subscriber.heard();
    CHECK(subscriber.reasons == "create patch send agent.run.completed reset delete ");
    (void)other.heard();
    CHECK(other.reasons.empty());
    REQUIRE(subscriber.client.call("sessions.unsubscribe")["payload"]["subscribed"].as_bool() == false);
    REQUIRE(admin.client.call("sessions.patch", R"({"key":"plan","label":"C"})")["ok"].as_bool() == true);
    (void)subscriber.heard();
    CHECK(subscriber.reasons == "create patch send agent.run.completed reset delete ");
}

TEST_CASE("audience: what may be done to a session, by scope") {
    struct Case {
        std::string_view method, params, needs;
    };
    const Case cases[] = {
        {"sessions.list", "{}", "operator.read"},
        {"sessions.get", R"({"key":"main"})", "operator.read"},
        {"sessions.describe", R"({"key":"main"})", "operator.read"},
        {"sessions.resolve", R"({"key":"main"})", "operator.read"},
        {"sessions.preview", R"({"keys":["main"]})", "operator.read"},
        {"sessions.usage", "{}", "operator.read"},
        {"sessions.subscribe", "{}", "operator.read"},
        {"sessions.messages.subscribe", R"({"key":"main"})", "operator.read"},
        {"chat.history", R"({"sessionKey":"main"})", "operator.read"},
        {"chat.metadata", R"({"sessionKey":"main"})", "operator.read"},
        {"usage.cost", "{}", "operator.read"},
        {"tools.catalog", "{}", "operator.read"},
        {"models.authStatus", "{}", "operator.read"},
        {"sessions.create", R"({"key":"new"})", "operator.write"},
        {"sessions.send", R"({"key":"main","message":"x","idempotencyKey":"s"})", "operator.write"},
        {"chat.send", R"({"sessionKey":"main","message":"x","idempotencyKey":"c"})", "operator.write"},
        {"chat.abort", R"({"sessionKey":"quiet"})", "operator.write"},
        {"sessions.patch", R"({"key":"main","label":"L"})", "operator.write"},
        {"sessions.patch", R"({"key":"main","execSecurity":"full"})", "operator.admin"},
        {"sessions.patch", R"({"key":"main","label":"L","sendPolicy":"deny"})", "operator.admin"},
        {"sessions.compact", R"({"key":"other"})", "operator.admin"},
        {"sessions.reset", R"({"key":"other"})", "operator.admin"},
        {"sessions.delete", R"({"key":"other"})", "operator.admin"},
        {"chat.inject", R"({"sessionKey":"main","message":"x"})", "operator.admin"},
    };
    // From the least to the most.
    const std::string_view granted[] = {"operator.pairing", "operator.read", "operator.write", "operator.admin"};
    World world(open);
    Listener first(world, "operator.admin");
    say(world, first.client, "r1");  // so that there is a main session
    for (const Case& one : cases) {
        for (const std::string_view scope : granted) {
            INFO(one.method << " " << one.params << " with " << scope);
            Listener caller(world, scope);
            const bool enough = scope == "operator.admin" || scope == one.needs ||
                                (scope == "operator.write" && one.needs == "operator.read");
            const Json answer = caller.client.call(one.method, one.params);
            INFO(answer.text());
            CHECK(answer["ok"].as_bool() == enough);
            if (!enough) {
                CHECK(answer["error"]["code"].as_string() == "FORBIDDEN");
                // Of a patch that needs admin, somebody without write is told of that first.
                const std::string missing = text_of(answer["error"]["details"]["missingScope"]);
                CHECK((missing == one.needs || (one.method == "sessions.patch" && missing == "operator.write")));
            }
            world.drop(caller.client.peer());
        }
    }
}

TEST_CASE("audience: calls of one socket are answered when they are ready, with their ids") {
    World world(open);
    Listener caller(world, "operator.admin");
    const auto ask = [&](std::string_view id, std::string_view method, std::string_view params) {
        caller.client.send(R"({"type":"req","id":")" + std::string(id) + R"(","method":")" + std::string(method) +
                           R"(","params":)" + std::string(params) + "}");
    };
    ask("run", "chat.send", R"({"sessionKey":"main","message":"one two three","idempotencyKey":"k"})");
    ask("slow", "agent.wait", R"({"runId":"k","timeoutMs":30000})");
    ask("slower", "agent.wait", R"({"runId":"nothing","timeoutMs":20000})");
    ask("fast", "health", "{}");
    ask("bad", "health", R"({"x":1})");
    std::string order;
    for (int i = 0; i < 400 && order.find("slower") == std::string::npos; ++i) {
        while (caller.client.has()) {
            const Json frame = caller.client.take();
            if (frame["type"].as_string() == "res") order += text_of(frame["id"]) + " ";
        }
        caller.client.pass(100);
    }
    CHECK(order == "run fast bad slow slower ");
}

TEST_CASE("audience: a session whose policy lets nothing in, by every way") {
    World world(open);
    Listener caller(world, "operator.admin");
    RpcClient flat(world, "/ws");
    (void)flat.take();
    REQUIRE(caller.client.call("sessions.patch", R"({"key":"main","sendPolicy":"deny"})")["ok"].as_bool() == true);
    struct Case {
        std::string_view method, before, after;
    };
    const Case cases[] = {
        {"chat.send", R"({"sessionKey":")", R"(","message":"x","idempotencyKey":"c1"})"},
        {"sessions.send", R"({"key":")", R"(","message":"x","idempotencyKey":"c2"})"},
        {"agent", R"({"sessionKey":")", R"(","message":"x","idempotencyKey":"c3"})"},
        {"send", R"({"to":")", R"(","message":"x","idempotencyKey":"c4"})"},
    };
    for (const Case& one : cases) {
        INFO(one.method);
        const auto to = [&](std::string_view key) {
            return caller.client.call(one.method, std::string(one.before) + std::string(key) + std::string(one.after));
        };
        CHECK(to("main")["error"]["message"].as_string() == "send blocked by session policy");
        CHECK(to("other")["ok"].as_bool() == true);
        world.advance(3000);
    }
    flat.send(R"({"type":"message","content":"x"})");
    CHECK(flat.take()["message"].as_string() == "send blocked by session policy");
    REQUIRE(caller.client.call("sessions.patch", R"({"key":"main","sendPolicy":null})")["ok"].as_bool() == true);
    flat.send(R"({"type":"message","content":"x"})");
    world.advance(3000);
    CHECK(flat.take()["type"].as_string() == "chunk");
}

TEST_CASE("audience: send goes to a session, or to a channel that there is") {
    World world(open);
    Listener caller(world, "operator.write"), follower(world, "operator.read");
    follower.follow("main");
    const auto send = [&](const std::string& members) {
        return caller.client.call("send", R"({"to":"main","idempotencyKey":"k","message":)" + members + "}");
    };
    CHECK(send(R"("x","channel":"telegram")")["error"]["message"].as_string() == "unsupported channel: telegram");
    CHECK(send(R"("")")["error"]["message"].as_string() == "invalid send params: text or media is required");
    CHECK(send(R"("a\u0000b")")["error"]["message"].as_string() == "message must not contain null bytes");
    CHECK(send("\"" + std::string((std::size_t{4} << 20U) + 1, 'x') + "\"")["error"]["message"].as_string() ==
          "message is longer than 4194304 bytes");
    (void)follower.heard();
    CHECK(follower.roles.empty());
    const Json sent = send(R"("hello","channel":"webchat")");
    CHECK(sent["payload"]["runId"].as_string() == "k");
    CHECK(sent["payload"]["channel"].as_string() == "webchat");
    world.advance(3000);
    (void)follower.heard();
    CHECK(follower.roles == "user assistant ");
    CHECK(send(R"("hello")")["ok"].as_bool() == true);  // the same key: the same run
    world.advance(3000);
    (void)follower.heard();
    CHECK(follower.roles == "user assistant ");
}

TEST_CASE("audience: an event for many is one text in memory") {
    TestHost host;
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.output_bytes_high = 4096;
    World world(open, host.host(), &limits);
    REQUIRE(gw_gateway_add_event(world.gateway(), as_str("orders"), {}, 0) == GW_OK);
    std::vector<std::unique_ptr<Listener>> all;
    for (int i = 0; i < 40; ++i) all.push_back(std::make_unique<Listener>(world, "operator.read"));
    for (const auto& one : all) {
        (void)one->heard();
        one->client.peer().take = false;
    }
    const std::string order = "\"" + std::string(65536, 'x') + "\"";
    const std::size_t before = host.bytes_out();
    constexpr int events = 20;
    for (int i = 0; i < events; ++i) {
        CHECK(gw_gateway_emit(world.gateway(), as_str("orders"), as_str(order), 0) == GW_OK);
        world.pump();
    }
    // One of them is on its way to each client, as bytes; the others are there once. Copies would be 52 MB.
    INFO(host.bytes_out() - before);
    CHECK(host.bytes_out() - before < (40 + events) * order.size() * 2);
    for (const auto& one : all) {
        one->client.peer().take = true;
        world.pump();
        CHECK(one->heard()["orders"] == events);
    }
    CHECK(host.bytes_out() < before + order.size() * 4);
}

}  // namespace gw::test
