// Client certificates: TLS verifies them, a device is paired with one, and it then stands for the device's signature.
#include "crypto/hex.h"
#include "support/rpc_client.h"

namespace gw::test {

namespace {

ContextPointer context_of(const Certificates& made, const Identity& shows = {}) {
    ClientSetup setup;
    setup.ca = made.ca;
    setup.identity = shows;
    return make_client(setup);
}

// A gateway with TLS in memory, and contexts of clients who show this or that.
struct Station {
    explicit Station(const Certificates& made)
        : nobody(context_of(made)),
          client(context_of(made, made.client)),
          other(context_of(made, made.server)),
          stranger(context_of(made, made.stranger)),
          expired(context_of(made, made.client_expired)),
          world(config(made)) {
        REQUIRE(world.status() == GW_OK);
    }
    static std::string config(const Certificates& made) {
        const std::string folder = made.folder.string();
        return R"({gateway:{auth:{mode:"token",token:"secret-token-1"},trustedProxies:["198.51.100.7"],tls:{enabled:true,)"
               R"(certPath:")" +
               folder + R"(/server.pem",keyPath:")" + folder + R"(/server.key",caPath:")" + folder + R"(/ca.pem"}}})";
    }
    RpcClient knock(ContextPointer& shows, std::string_view fields = {}, std::string_view address = "203.0.113.9") {
        world.client_tls = shows.get();
        return RpcClient(world, "/", fields, address);
    }

    ContextPointer nobody, client, other, stranger, expired;
    World world;
};

// connect without a signature: `auth` and `more` are JSON members, each with a comma in front.
Json connect_unsigned(RpcClient& client, std::string_view more, std::string_view role = "operator") {
    client.send(R"({"type":"req","id":"in","method":"connect","params":{"minProtocol":4,"maxProtocol":4,"role":")" +
                std::string(role) +
                R"(","scopes":["operator.read"],"client":{"id":"cli","version":"1","platform":"linux","mode":"cli"})" +
                std::string(more) + "}}");
    return client.take_answer("in");
}
constexpr std::string_view shared_token = R"(,"auth":{"token":"secret-token-1"})";

// Pairs a device that comes over this connection: it asks, an operator of this machine allows it. Gives its id.
std::string pair_device(Station& station, RpcClient& client, std::string_view more = {}) {
    RpcClient::Who who;
    who.token = "secret-token-1";
    who.protocol = 4;
    who.scopes = "operator.read";
    who.client_id = "cli";
    who.mode = "cli";
    who.more = more;
    const Json asked = client.connect_as(who);
    const std::string request = text_of(asked["error"]["details"]["requestId"]);
    INFO(asked.text());
    REQUIRE_FALSE(request.empty());
    RpcClient operator_client = station.knock(station.nobody, {}, "127.0.0.1");
    REQUIRE(operator_client.connect("secret-token-1", 4)["ok"].as_bool() == true);
    const Json approved = operator_client.call("device.pair.approve", R"({"requestId":")" + request + "\"}");
    INFO(approved.text());
    REQUIRE(approved["ok"].as_bool() == true);
    return text_of(approved["payload"]["device"]["deviceId"]);
}

std::string code_of(const Json& answer) { return text_of(answer["error"]["details"]["code"]); }

}  // namespace

TEST_CASE("certificate: a device is paired with one, which then stands for its signature") {
    NEED_CERTIFICATES(made);
    Station station(made);
    RpcClient first = station.knock(station.client);
    const std::string device = pair_device(station, first);

    RpcClient again = station.knock(station.client);
    const Json hello = connect_unsigned(again, shared_token);
    INFO(hello.text());
    REQUIRE(hello["ok"].as_bool() == true);
    CHECK(hello["payload"]["auth"]["scopes"].first().as_string() == "operator.read");
    const std::string token = text_of(hello["payload"]["auth"]["deviceToken"]);
    CHECK(token.size() >= 32);
    CHECK(again.call("health")["ok"].as_bool() == true);

    // With the id it is the same; the device's own token is enough, as for one that signs.
    RpcClient named = station.knock(station.client);
    const std::string nobody_signs =
        R"(,"device":{"id":")" + device + R"(","publicKey":"x","signature":"x","signedAt":0,"nonce":"x"})";
    CHECK(connect_unsigned(named, std::string(shared_token) + nobody_signs)["ok"].as_bool() == true);
    RpcClient by_token = station.knock(station.client);
    const Json with_token = connect_unsigned(by_token, R"(,"auth":{"deviceToken":")" + token + "\"}");
    CHECK(with_token["payload"]["auth"]["method"].as_string() == "device-token");

    // It says who somebody is and not that he may come in.
    RpcClient without = station.knock(station.client);
    CHECK(code_of(connect_unsigned(without, {})) == "AUTH_TOKEN_MISSING");
    CHECK(without.close_code() == 1008);
    RpcClient wrong = station.knock(station.client);
    CHECK(code_of(connect_unsigned(wrong, R"(,"auth":{"token":"guess"})")) == "AUTH_TOKEN_MISMATCH");
    // Nor another role than it was paired for.
    RpcClient node = station.knock(station.client);
    CHECK(code_of(connect_unsigned(node, shared_token, "node")) == "PAIRING_REQUIRED");
}

TEST_CASE("certificate: another one, none, and one that a proxy shows prove nothing") {
    NEED_CERTIFICATES(made);
    Station station(made);
    RpcClient first = station.knock(station.client);
    const std::string device = pair_device(station, first);
    const std::string claim =
        R"(,"device":{"id":")" + device + R"(","publicKey":"x","signature":"x","signedAt":0,"nonce":"x"})";
    struct Case {
        std::string_view name;
        ContextPointer& shows;
        std::string_view fields, address;
    };
    const Case cases[] = {
        {"none", station.nobody, {}, "203.0.113.9"},
        {"of another client", station.other, {}, "203.0.113.9"},
        {"forwarded by a stranger", station.client, "X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.50"},
        {"forwarded by a trusted proxy", station.client, "X-Forwarded-For: 203.0.113.9\r\n", "198.51.100.7"},
        {"a trusted proxy that forwards no fields", station.client, {}, "198.51.100.7"},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        RpcClient client = station.knock(one.shows, one.fields, one.address);
        const Json answer = connect_unsigned(client, std::string(shared_token) + claim);
        INFO(answer.text());
        CHECK(answer["ok"].as_bool() == false);
        CHECK(code_of(answer).starts_with("DEVICE_AUTH_"));
        // Without that claim it is a client without a device: no scopes.
        RpcClient plain = station.knock(one.shows, one.fields, one.address);
        CHECK(connect_unsigned(plain, shared_token)["ok"].as_bool() == true);
        CHECK(plain.call("sessions.list")["error"]["message"].as_string() == "missing scope: operator.read");
    }
}

TEST_CASE("certificate: two devices with the same one, and a device that was removed") {
    NEED_CERTIFICATES(made);
    Station station(made);
    RpcClient one = station.knock(station.client), two = station.knock(station.client);
    const std::string first = pair_device(station, one), second = pair_device(station, two);
    REQUIRE(first != second);
    const auto scopes_of = [&](std::string_view device) {
        RpcClient client = station.knock(station.client);
        const std::string claim = device.empty() ? std::string()
                                                 : R"(,"device":{"id":")" + std::string(device) +
                                                       R"(","publicKey":"x","signature":"x","signedAt":0,"nonce":"x"})";
        const Json hello = connect_unsigned(client, std::string(shared_token) + claim);
        INFO(hello.text());
        REQUIRE(hello["ok"].as_bool() == true);
        return hello["payload"]["auth"]["scopes"].size();
    };
    CHECK(scopes_of({}) == 0);
    CHECK(scopes_of(first) == 1);
    CHECK(scopes_of(second) == 1);
    RpcClient boss = station.knock(station.nobody, {}, "127.0.0.1");
    REQUIRE(boss.connect("secret-token-1", 4)["ok"].as_bool() == true);
    CHECK(boss.call("device.pair.remove", R"({"deviceId":")" + first + "\"}")["ok"].as_bool() == true);
    CHECK(scopes_of({}) == 1);  // the second's
    CHECK(boss.call("device.pair.remove", R"({"deviceId":")" + second + "\"}")["ok"].as_bool() == true);
    CHECK(scopes_of({}) == 0);
}

TEST_CASE("certificate: one that is not good ends the handshake") {
    NEED_CERTIFICATES(made);
    Station station(made);
    for (ContextPointer* shows : {&station.stranger, &station.expired}) {
        station.world.client_tls = shows->get();
        World::Peer* const peer = station.world.client("203.0.113.9");
        REQUIRE(peer != nullptr);
        station.world.send(*peer, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(peer->received.empty());
        CHECK(peer->closed);
    }
    station.world.client_tls = station.client.get();
    World::Peer* const good = station.world.client("203.0.113.9");
    station.world.send(*good, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(take_response(good->received).status == 200);
}

}  // namespace gw::test
