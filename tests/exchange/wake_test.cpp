// A hook that wakes an agent: it looks at once, not with its next prompt.
#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view with_hooks = R"({
  gateway: { auth: { mode: "none" } },
  hooks: { enabled: true, token: "hook-token" },
})";

void wake(World& world, std::string_view text, std::string_view mode = "now") {
    auto& sender = *world.client();
    world.send(sender,
               post("/hooks/wake", R"({"text":")" + std::string(text) + R"(","mode":")" + std::string(mode) + "\"}",
                    "Authorization: Bearer hook-token\r\n"));
    CHECK(take_response(sender.received).status == 200);
    world.drop(sender);
}

// What the agent was told, run by run: the built-in one says it again.
std::vector<std::string> answers(RpcClient& client) {
    std::vector<std::string> out;
    while (client.has()) {
        const Json frame = client.take();
        if (frame["event"].as_string() == "chat" && frame["payload"]["state"].as_string() == "final")
            out.push_back(text_of(frame["payload"]["message"]["content"][0]["text"]));
    }
    return out;
}

}  // namespace

TEST_CASE("wake: notices begin a run of the main session, all of them one") {
    World world(with_hooks);
    REQUIRE(world.status() == GW_OK);
    RpcClient client(world);
    client.connect();
    wake(world, "The door is open.");
    wake(world, "The light is on.");
    CHECK(answers(client).empty());
    world.advance(5000);
    const std::vector<std::string> said = answers(client);
    REQUIRE(said.size() == 1);
    CHECK(
        said[0].starts_with("You said: System: [2026-01-01 00:00:00 UTC] The door is open.\n"
                            "System: [2026-01-01 00:00:00 UTC] The light is on."));
    world.advance(5000);
    CHECK(answers(client).empty());

    wake(world, "Nothing urgent.", "next-heartbeat");
    world.advance(5000);
    CHECK(answers(client).empty());
    client.call("chat.send", R"({"sessionKey":"main","message":"hello","idempotencyKey":"k"})");
    world.advance(5000);
    REQUIRE_FALSE(answers(client).empty());
}

TEST_CASE("wake: not while the session is busy, and not for what was told meanwhile") {
    World world(with_hooks);
    RpcClient client(world);
    client.connect();
    client.call("chat.send", R"({"sessionKey":"main","message":")" + std::string(400, 'x') +
                                 R"( a b c d e f g h i j k l m n o p q r s t","idempotencyKey":"k1"})");
    wake(world, "The door is open.");
    client.call("chat.send", R"({"sessionKey":"main","message":"second","idempotencyKey":"k2"})");
    world.advance(20000);
    const std::vector<std::string> said = answers(client);
    REQUIRE(said.size() == 2);  // the second prompt had the notice
    CHECK(said[1].find("The door is open.") != std::string::npos);

    client.call("chat.send", R"({"sessionKey":"main","message":"third","idempotencyKey":"k3"})");
    wake(world, "The door is shut.");
    world.advance(20000);
    const std::vector<std::string> then = answers(client);
    REQUIRE(then.size() == 2);
    CHECK(then[1].starts_with("You said: System: "));
}

}  // namespace gw::test
