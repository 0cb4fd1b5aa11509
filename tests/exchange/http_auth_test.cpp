// Who may come in over HTTP, as whole requests: the decisions themselves are tested in tests/auth.
#include <string>

#include "support/test.h"
#include "support/world.h"

namespace gw {

namespace {

std::string models(std::string_view fields) {
    return "GET /v1/models HTTP/1.1\r\nHost: gw.example\r\n" + std::string(fields) + "\r\n";
}

// The status line of the answer to one request over a connection of its own.
std::string ask(test::World& world, std::string_view address, const std::string& request) {
    auto* const client = world.client(address);
    REQUIRE(client != nullptr);
    world.send(*client, request);
    return client->received.substr(0, client->received.find("\r\n"));
}

constexpr std::string_view endpoints = "http:{endpoints:{chatCompletions:{enabled:true}}}";

}  // namespace

TEST_CASE("exchange: an address that guesses is locked out, with Retry-After, and let in again") {
    test::World world("{gateway:{" + std::string(endpoints) +
                      ",auth:{token:'secret',rateLimit:{maxAttempts:3,lockoutMs:5000}}}}");
    const std::string right = models("Authorization: Bearer secret\r\n"), wrong = models("Authorization: Bearer x\r\n");
    for (int i = 0; i < 3; ++i) CHECK(ask(world, "203.0.113.9", wrong) == "HTTP/1.1 401 Unauthorized");
    auto* const client = world.client("203.0.113.9");
    REQUIRE(client != nullptr);
    world.send(*client, right);
    CHECK(client->received.starts_with("HTTP/1.1 429 "));
    CHECK(client->received.find("\r\nRetry-After: 5\r\n") != std::string::npos);
    CHECK(client->received.find("\"type\":\"rate_limited\"") != std::string::npos);
    CHECK(ask(world, "203.0.113.8", right) == "HTTP/1.1 200 OK");
    for (int i = 0; i < 9; ++i) CHECK(ask(world, "127.0.0.1", wrong) == "HTTP/1.1 401 Unauthorized");
    world.advance(5000);
    CHECK(ask(world, "203.0.113.9", right) == "HTTP/1.1 200 OK");
}

TEST_CASE("exchange: a trusted proxy says who is there") {
    test::World world("{gateway:{" + std::string(endpoints) +
                      ",trustedProxies:['10.0.0.2'],auth:{mode:'trusted-proxy',trustedProxy:{userHeader:'X-User',"
                      "allowUsers:['ann']}}}}");
    REQUIRE(world.status() == GW_OK);
    CHECK(ask(world, "10.0.0.2", models("X-User: ann\r\n")) == "HTTP/1.1 200 OK");
    CHECK(ask(world, "10.0.0.2", models("X-User: bob\r\n")) == "HTTP/1.1 401 Unauthorized");
    CHECK(ask(world, "10.0.0.2", models("X-User: ann\r\nX-User: ann\r\n")) == "HTTP/1.1 401 Unauthorized");
    CHECK(ask(world, "10.0.0.2", models("")) == "HTTP/1.1 401 Unauthorized");
    CHECK(ask(world, "10.0.0.3", models("X-User: ann\r\n")) == "HTTP/1.1 401 Unauthorized");
    CHECK(ask(world, "127.0.0.1", models("X-User: ann\r\n")) == "HTTP/1.1 401 Unauthorized");
    CHECK(ask(world, "10.0.0.2", models("X-User: ann\r\nOrigin: https://evil.example\r\n")) ==
          "HTTP/1.1 403 Forbidden");
}

TEST_CASE("exchange: without authentication a page of others gets nothing, nor does a name of others") {
    test::World world("{gateway:{" + std::string(endpoints) + ",auth:{mode:'none'}}}");
    const auto get = [&](std::string_view host, std::string_view fields) {
        return ask(world, "127.0.0.1",
                   "GET /v1/models HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" + std::string(fields) + "\r\n");
    };
    CHECK(get("127.0.0.1:18789", "") == "HTTP/1.1 200 OK");
    CHECK(get("127.0.0.1:18789", "Origin: https://evil.example\r\n") == "HTTP/1.1 403 Forbidden");
    CHECK(get("rebound.example", "") == "HTTP/1.1 403 Forbidden");
    CHECK(get("localhost", "X-Forwarded-For: 203.0.113.9\r\n") == "HTTP/1.1 403 Forbidden");
}

}  // namespace gw
