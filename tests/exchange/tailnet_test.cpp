// Visitors of the control page who come through Tailscale: tailscaled is asked who they are.
#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view through_tailscale = R"({
  gateway: { auth: { mode: "token", token: "secret-token-1", allowTailscale: true },
             controlUi: { allowedOrigins: ["https://box.tail.ts.net"], dangerouslyDisableDeviceAuth: true } },
})";

std::string fields(std::string_view login, std::string_view address = "100.64.0.7") {
    return "Origin: https://box.tail.ts.net\r\nX-Forwarded-For: " + std::string(address) +
           "\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: box.tail.ts.net\r\nTailscale-User-Login: " +
           std::string(login) + "\r\n";
}
void knock(RpcClient& client) {
    client.send(
        R"({"type":"req","id":"1","method":"connect","params":{"minProtocol":3,"maxProtocol":4,"role":"operator",)"
        R"("scopes":["operator.admin"],"client":{"id":"openclaw-control-ui","version":"1","platform":"web",)"
        R"("mode":"webchat"}}})");
}
std::string profile(std::string_view login) {
    const std::string body = R"({"Node":{"Name":"phone."},"UserProfile":{"LoginName":")" + std::string(login) + "\"}}";
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}
std::string code_of(const Json& answer) { return text_of(answer["error"]["details"]["code"]); }

}  // namespace

TEST_CASE("tailnet: who is known comes in, and is remembered for a minute") {
    World world(through_tailscale);
    REQUIRE(world.status() == GW_OK);
    RpcClient first(world, "/", fields("ann@example.org")), second(world, "/", fields("ann@example.org"));
    knock(first);
    knock(second);
    REQUIRE(world.upstreams.size() == 1);
    World::Peer& daemon = *world.upstreams[0];
    CHECK(daemon.address == "/var/run/tailscale/tailscaled.sock");
    CHECK(daemon.port == 0);
    CHECK(daemon.received.starts_with("GET /localapi/v0/whois?addr=100.64.0.7:0 HTTP/1.1\r\n"));
    CHECK(daemon.received.find("Host: local-tailscaled.sock\r\n") != std::string::npos);
    world.send(daemon, profile("Ann@example.org"));
    for (RpcClient* client : {&first, &second}) {
        const Json hello = client->take_answer("1");
        CHECK(hello["payload"]["type"].as_string() == "hello-ok");
        CHECK(hello["payload"]["auth"]["method"].as_string() == "tailscale");
    }
    RpcClient third(world, "/", fields("ann@example.org")), other(world, "/", fields("bob@example.org"));
    knock(third);
    CHECK(third.take_answer("1")["ok"].as_bool() == true);
    knock(other);
    CHECK(code_of(other.take_answer("1")) == "AUTH_TAILSCALE_IDENTITY_MISMATCH");
    CHECK(other.close_code() == 1008);
    CHECK(world.upstreams.size() == 1);
    first.pass(61000, {&second, &third});
    RpcClient late(world, "/", fields("ann@example.org"));
    knock(late);
    CHECK(world.upstreams.size() == 2);
}

TEST_CASE("tailnet: who is not known stays out") {
    struct Case {
        std::string_view name, answer;
    };
    const Case cases[] = {
        {"no such address", "HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\nno match"},
        {"a failure with a name in it",
         "HTTP/1.1 500 Oh\r\nContent-Length: 48\r\n\r\n{\"UserProfile\":{\"LoginName\":\"ann@example.org\"}}\n"},
        {"no JSON", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{x"},
        {"no name", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"},
        {"no HTTP", "what?\r\n\r\n"},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        World world(through_tailscale);
        RpcClient client(world, "/", fields("ann@example.org"));
        knock(client);
        REQUIRE(world.upstreams.size() == 1);
        world.send(*world.upstreams[0], one.answer);
        world.advance(10);
        CHECK(code_of(client.take_answer("1")) == "AUTH_TAILSCALE_WHOIS_FAILED");
        // Nobody is asked again at once, but soon.
        RpcClient again(world, "/", fields("ann@example.org"));
        knock(again);
        CHECK(code_of(again.take_answer("1")) == "AUTH_TAILSCALE_WHOIS_FAILED");
        CHECK(world.upstreams.size() == 1);
        world.advance(5000);
        RpcClient later(world, "/", fields("ann@example.org"));
        knock(later);
        CHECK(world.upstreams.size() == 2);
    }
    World world(through_tailscale);
    RpcClient client(world, "/", fields("ann@example.org", "fd7a:115c::7"));
    knock(client);
    REQUIRE(world.upstreams.size() == 1);
    CHECK(world.upstreams[0]->received.starts_with("GET /localapi/v0/whois?addr=%5Bfd7a:115c::7%5D:0 HTTP/1.1\r\n"));
    world.send(*world.upstreams[0], "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + std::string(270000, 'x'));
    CHECK(code_of(client.take_answer("1")) == "AUTH_TAILSCALE_WHOIS_FAILED");
}

TEST_CASE("tailnet: a daemon that is not there, is silent, or is asked for too much") {
    World world(through_tailscale);
    world.accept_upstreams = false;
    RpcClient client(world, "/", fields("ann@example.org"));
    knock(client);
    for (int i = 0; i < 4 && !world.upstreams.empty() && !world.upstreams.back()->answered; ++i)
        world.refuse(*world.upstreams.back());
    world.advance(10);
    CHECK(code_of(client.take_answer("1")) == "AUTH_TAILSCALE_WHOIS_FAILED");

    World silent(through_tailscale);
    RpcClient leaver(silent, "/", fields("ann@example.org")), waiter(silent, "/", fields("ann@example.org"));
    knock(leaver);
    knock(waiter);
    silent.drop(leaver.peer());
    silent.advance(3100);
    CHECK(code_of(waiter.take_answer("1")) == "AUTH_TAILSCALE_WHOIS_FAILED");

    World busy(through_tailscale);
    std::vector<std::unique_ptr<RpcClient>> many;
    for (int i = 0; i < 40; ++i) {
        many.push_back(std::make_unique<RpcClient>(
            busy, "/", fields("ann@example.org", "100.64.1." + std::to_string(i)), i < 20 ? "127.0.0.1" : "127.0.0.2"));
        knock(*many.back());
    }
    CHECK(busy.upstreams.size() == 32);
    CHECK(code_of(many.back()->take_answer("1")) == "AUTH_TAILSCALE_WHOIS_FAILED");
}

TEST_CASE("tailnet: nobody is asked about those who did not come through its proxy") {
    World world(through_tailscale);
    RpcClient remote(world, "/", fields("ann@example.org"), "203.0.113.9");
    knock(remote);
    CHECK(code_of(remote.take_answer("1")) == "AUTH_TAILSCALE_PROXY_MISSING");
    RpcClient plain(world, "/", "Origin: https://box.tail.ts.net\r\n");
    knock(plain);
    CHECK(code_of(plain.take_answer("1")) == "AUTH_TOKEN_MISSING");
    CHECK(world.upstreams.empty());
}

}  // namespace gw::test
