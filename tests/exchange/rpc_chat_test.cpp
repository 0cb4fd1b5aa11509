// Chat over the gateway protocol, in memory: runs, events, lines, aborts, transcripts.
#include <gateway/store.h>

#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view open = R"({ gateway: { auth: { mode: "none" } } })";

struct Chat {
    std::string text;  // of the last chat event with a message
    std::string state, error, stop;
    std::vector<std::string> order;  // "agent/lifecycle/start", "chat/delta"
    std::int64_t last_seq = 0;
};

// Takes what has come of a run, up to its last event.
Chat follow(World& world, RpcClient& client, std::string_view run, int turns = 400) {
    Chat out;
    for (int i = 0; i < turns; ++i) {
        while (client.has()) {
            const Json frame = client.take();
            const json::Value payload = frame["payload"];
            if (payload["runId"].as_string() != run || !frame["event"].exists()) continue;
            std::string name = text_of(frame["event"]);
            if (name == "agent") {
                (name += '/') += text_of(payload["stream"]);
                if (payload["data"]["phase"].exists()) (name += '/') += text_of(payload["data"]["phase"]);
            } else {
                CHECK(*payload["seq"].as_int() >= out.last_seq);
                out.last_seq = *payload["seq"].as_int();
                (name += '/') += text_of(payload["state"]);
            }
            out.order.push_back(name);
            if (frame["event"].as_string() != "chat") continue;
            out.state = text_of(payload["state"]);
            out.error = text_of(payload["errorMessage"]);
            out.stop = text_of(payload["stopReason"]);
            if (payload["message"].exists()) out.text = text_of(payload["message"]["content"][std::size_t{0}]["text"]);
            if (out.state != "delta") return out;
        }
        world.advance(10);
    }
    return out;
}

std::string send_params(std::string_view message, std::string_view run, std::string_view session = "main") {
    return R"({"sessionKey":")" + std::string(session) + R"(","message":")" + std::string(message) +
           R"(","idempotencyKey":")" + std::string(run) + "\"}";
}

}  // namespace

TEST_CASE("rpc chat: a message is answered with events, whole and in order") {
    for (const int protocol : {3, 4}) {
        World world(open);
        RpcClient client(world);
        client.connect({}, protocol);
        const Json started = client.call("chat.send", send_params("hello there", "run-1"));
        CHECK(started["payload"]["runId"].as_string() == "run-1");
        CHECK(started["payload"]["status"].as_string() == "started");
        const Chat chat = follow(world, client, "run-1");
        CHECK(chat.state == "final");
        CHECK(chat.stop == "stop");
        CHECK(chat.text.find("You said: hello there") != std::string::npos);
        REQUIRE(chat.order.size() >= 6);
        CHECK(chat.order.front() == "agent/lifecycle/start");
        CHECK(chat.order[1] == "agent/assistant");
        CHECK(chat.order[2] == "chat/delta");
        CHECK(chat.order[chat.order.size() - 2] == "agent/lifecycle/end");
        CHECK(chat.order.back() == "chat/final");

        CHECK(client.call("chat.send", send_params("hello there", "run-1"))["payload"]["status"].as_string() == "ok");
        CHECK(client.call("agent.wait", R"({"runId":"run-1"})")["payload"]["status"].as_string() == "ok");
    }
}

TEST_CASE("rpc chat: protocol 4 hears increments, and they add up") {
    World world(open);
    RpcClient client(world);
    client.connect({}, 4);
    client.call("chat.send", send_params("one two three four five six seven eight nine ten", "r"));
    std::string added, final_text;
    for (int i = 0; i < 300 && final_text.empty(); ++i) {
        while (client.has()) {
            const Json frame = client.take();
            if (frame["event"].as_string() != "chat") continue;
            added += text_of(frame["payload"]["deltaText"]);
            if (frame["payload"]["state"].as_string() == "final")
                final_text = text_of(frame["payload"]["message"]["content"][std::size_t{0}]["text"]);
        }
        world.advance(7);
    }
    CHECK_FALSE(final_text.empty());
    CHECK(added == final_text);
}

TEST_CASE("rpc chat: what is refused") {
    World world(open);
    RpcClient client(world);
    client.connect();
    struct Case {
        std::string_view params, error;
    };
    const Case cases[] = {
        {R"({"sessionKey":"main","message":" ","idempotencyKey":"a"})", "message or attachment required"},
        {R"({"sessionKey":"main","message":"a\u0000b","idempotencyKey":"a"})", "message must not contain null bytes"},
        {R"({"sessionKey":"main","message":"a"})",
         "invalid chat.send params: must have required property 'idempotencyKey'"},
        {R"({"sessionKey":"agent:nobody:main","message":"a","idempotencyKey":"a"})",
         "invalid chat.send params: unknown agent id \"nobody\""},
        {R"({"sessionKey":"main","message":"a","idempotencyKey":"a","attachments":[{"fileName":"x.png"}]})",
         "Error: attachment x.png: content must be base64 string"},
        {R"({"sessionKey":"main","message":"a","idempotencyKey":"a","attachments":[{"fileName":"x.png","content":"&&"}]})",
         "Error: attachment x.png: invalid base64 content"},
    };
    for (const Case& one : cases) {
        INFO(one.params);
        CHECK(text_of(client.call("chat.send", one.params)["error"]["message"]) == one.error);
    }
    const Json unknown = client.call("chat.abort", R"({"sessionKey":"main","runId":"nope"})");
    CHECK(unknown["payload"]["aborted"].as_bool() == false);
}

TEST_CASE("rpc chat: an abort keeps what was said, and is told") {
    World world(open);
    RpcClient client(world);
    client.connect();
    client.call("chat.send", send_params("a b c d e f g h i j k l m n o p q r s t u v w x y z", "slow"));
    world.advance(200);
    CHECK(client.call("chat.send", send_params("x", "slow"))["payload"]["status"].as_string() == "in_flight");
    const Json wrong = client.call("chat.abort", R"({"sessionKey":"other","runId":"slow"})");
    CHECK(wrong["error"]["message"].as_string() == "runId does not match sessionKey");
    client.send(R"({"type":"req","id":"ab","method":"chat.abort","params":{"sessionKey":"agent:main:main"}})");
    const Chat chat = follow(world, client, "slow");
    CHECK(chat.state == "aborted");
    CHECK(chat.stop == "rpc");
    CHECK(chat.text.find("You said: a b") != std::string::npos);
    CHECK(client.take_answer("ab")["payload"]["runIds"][std::size_t{0}].as_string() == "slow");
    const Json waited = client.call("agent.wait", R"({"runId":"slow"})");
    CHECK(waited["payload"]["status"].as_string() == "error");

    client.call("chat.send", send_params("a b c d e f g", "slow-2"));
    const Json stopped = client.call("chat.send", send_params("STOP!", "stopper"));
    CHECK(stopped["payload"]["aborted"].as_bool() == true);
}

TEST_CASE("rpc chat: only the owner or an admin aborts") {
    World world(open);
    RpcClient owner(world), other(world);
    owner.connect();
    RpcClient::Who who;
    who.scopes = "operator.write";
    other.connect_as(who);
    owner.call("chat.send", send_params("a b c d e f g h", "mine"));
    CHECK(other.call("chat.abort", R"({"sessionKey":"main"})")["error"]["message"].as_string() == "unauthorized");
    other.call("chat.send", send_params("hello", "theirs", "elsewhere"));
    CHECK(owner.call("chat.abort", R"({"sessionKey":"elsewhere"})")["payload"]["aborted"].as_bool() == true);
}

TEST_CASE("rpc chat: a session's runs wait in line, sessions do not wait for each other") {
    World world(open);
    RpcClient client(world);
    client.connect();
    client.call("chat.send", send_params("first one here", "r1"));
    client.call("chat.send", send_params("second one", "r2"));
    client.call("chat.send", send_params("elsewhere", "r3", "side"));
    std::vector<std::string> ends;
    for (int i = 0; i < 300 && ends.size() < 3; ++i) {
        world.advance(10);
        while (client.has()) {
            const Json frame = client.take();
            if (frame["payload"]["state"].as_string() == "final") ends.push_back(text_of(frame["payload"]["runId"]));
        }
    }
    CHECK(ends == std::vector<std::string>{"r3", "r1", "r2"});
}

TEST_CASE("rpc chat: agent answers twice, and again from memory") {
    World world(open);
    RpcClient client(world);
    client.connect();
    client.send(R"({"type":"req","id":"a","method":"agent","params":{"message":"Say hi","sessionKey":"agent:main:ag",)"
                R"("idempotencyKey":"k1"}})");
    const Json accepted = client.take_answer("a");
    CHECK(accepted["payload"]["status"].as_string() == "accepted");
    client.send(R"({"type":"req","id":"w","method":"agent.wait","params":{"runId":"k1","timeoutMs":20000}})");
    world.advance(3000);
    const Json waited = client.take_answer("w");
    CHECK(waited["payload"]["status"].as_string() == "ok");
    const Json done = client.take_answer("a");
    CHECK(done["payload"]["status"].as_string() == "ok");
    CHECK(done["payload"]["summary"].as_string() == "completed");
    CHECK(text_of(done["payload"]["result"]["payloads"][std::size_t{0}]["text"]).find("You said: Say hi") !=
          std::string::npos);
    const Json again =
        client.call("agent", R"({"message":"Say hi","sessionKey":"agent:main:ag","idempotencyKey":"k1"})");
    CHECK(again["payload"]["status"].as_string() == "ok");
    client.send(R"({"type":"req","id":"n","method":"agent.wait","params":{"runId":"nobody","timeoutMs":300}})");
    world.advance(301);
    CHECK(client.take_answer("n")["payload"]["status"].as_string() == "timeout");
    client.pass(300000);
    client.send(R"({"type":"req","id":"o","method":"agent.wait","params":{"runId":"k1","timeoutMs":0}})");
    world.advance(1);
    CHECK(client.take_answer("o")["payload"]["status"].as_string() == "timeout");  // forgotten after five minutes
}

TEST_CASE("rpc chat: a run goes on when its client has left, and is in the transcript") {
    gw_store* store = nullptr;
    REQUIRE(gw_store_new_memory(nullptr, nullptr, &store) == GW_OK);
    {
        World world(open, nullptr, nullptr, store);
        {
            RpcClient client(world);
            client.connect();
            client.call("chat.send", send_params("remember this", "r1"));
            world.drop(client.peer());
        }
        world.advance(3000);
    }
    gw_store_listing* listing = nullptr;
    REQUIRE(gw_store_list(store, gw_str{"agents/main/sessions/", 21}, &listing) == GW_OK);
    gw_store_entry entry{};
    entry.size = sizeof entry;
    std::string transcript, table;
    while (gw_store_listing_next(listing, &entry) == GW_OK) {
        gw_buf value{};
        REQUIRE(gw_store_get(store, entry.key, &value) == GW_OK);
        const std::string key(entry.key.data, entry.key.len);
        (key.ends_with(".jsonl") ? transcript : table).assign(static_cast<const char*>(value.data), value.len);
        gw_buf_free(&value);
    }
    gw_store_listing_free(listing);
    gw_store_free(store);
    CHECK(transcript.find(R"("role":"user")") != std::string::npos);
    CHECK(transcript.find("remember this") != std::string::npos);
    CHECK(transcript.find(R"("stopReason":"stop")") != std::string::npos);
    CHECK(table.find("agent:main:main") != std::string::npos);
}

TEST_CASE("rpc chat: an injected note is told and kept") {
    World world(open);
    RpcClient client(world);
    client.connect();
    client.call("chat.send", send_params("hi", "r1"));
    world.advance(2000);
    const Json injected = client.call("chat.inject", R"({"sessionKey":"main","message":"A note","label":"ops"})");
    CHECK(text_of(injected["payload"]["messageId"]).size() == 8);
}

TEST_CASE("rpc chat: the simple dialect") {
    World world(R"({ gateway: { auth: { mode: "token", token: "secret-1" } } })");
    RpcClient wrong(world, "/ws"), first(world, "/ws"), none(world, "/ws"), query(world, "/ws?token=secret-1");
    wrong.send(R"({"type":"auth","token":"guess"})");
    wrong.take();  // the challenge
    CHECK(wrong.take()["code"].as_string() == "UNAUTHORIZED");
    CHECK(wrong.close_code() == 1008);
    none.send(R"({"type":"message","content":"x"})");
    none.take();
    CHECK(none.take()["type"].as_string() == "error");
    CHECK(none.close_code() == 1008);

    first.take();
    first.send(R"({"type":"auth","token":"secret-1"})");
    const Json welcome = first.take();
    CHECK(welcome["type"].as_string() == "auth_ok");
    CHECK(welcome["user"].as_string() == "admin");
    first.send(R"({"type":"ping"})");
    CHECK(first.take()["type"].as_string() == "pong");
    first.send(R"({"type":"message","channel":"api","content":"Hello you","sessionId":"s1"})");
    std::string text;
    Json last("{}");
    for (int i = 0; i < 200 && last["type"].as_string() != "done"; ++i) {
        world.advance(10);
        while (first.has()) {
            last = first.take();
            if (last["type"].as_string() == "chunk") text += text_of(last["content"]);
            CHECK(last["sessionId"].as_string() == "s1");
        }
    }
    CHECK(text.find("You said: Hello you") != std::string::npos);
    CHECK(last["usage"]["totalTokens"].as_int().value_or(0) > 2);
    first.send("no json");
    CHECK(first.take()["code"].as_string() == "INVALID_MESSAGE");
    first.send(R"({"type":"dance"})");
    CHECK(first.take()["code"].as_string() == "UNKNOWN_TYPE");

    query.take();
    query.send(R"({"type":"subscribe","events":["message","status"]})");
    CHECK(query.take()["type"].as_string() == "subscribed");
    world.advance(5000);
    CHECK(query.take()["type"].as_string() == "status");
}

}  // namespace gw::test
