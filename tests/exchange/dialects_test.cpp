// The dialects without `connect`: flat messages, and calls that come at once. Who may come in by the token of the
// gateway, and by what the host says.
#include <vector>

#include "core/buffer.h"
#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view by_token = R"({ gateway: { auth: { mode: "token", token: "secret-1" } } })";

World decided_by_host() {
    return World("{}", nullptr, nullptr, nullptr, (GW_SERVICE_ALL & ~GW_SERVICE_LISTEN) | GW_SERVICE_AUTH);
}

// What came, without the challenge in front and events that everybody gets.
std::vector<std::string> all_of(RpcClient& client) {
    std::vector<std::string> out;
    while (client.has()) {
        const Json frame = client.take();
        if (!frame["event"].exists()) out.push_back(frame.text());
    }
    return out;
}
using Texts = std::vector<std::string>;

constexpr std::string_view say_hello = R"({"type":"message","content":"Hello","sessionId":"s1"})";
constexpr std::string_view pong = R"({"type":"pong"})";

}  // namespace

TEST_CASE("dialects: who may speak without connect, by the token of the gateway") {
    struct Case {
        std::string_view name, target, fields, first;
        bool admitted;
        std::string_view says;  // a part of the first answer
    };
    const Case cases[] = {
        {"flat, token", "/ws", "", R"({"type":"auth","token":"secret-1"})", true, R"("type":"auth_ok","user":"admin")"},
        {"flat, wrong", "/ws", "", R"({"type":"auth","token":"secret-2"})", false, "The token is not right."},
        {"flat, no token", "/ws", "", R"({"type":"auth"})", false, "The token is not right."},
        {"flat, token of the address", "/ws?token=secret-1", "", R"({"type":"subscribe","events":["message"]})", true,
         "subscribed"},
        {"flat, bearer", "/ws", "Authorization: Bearer secret-1\r\n", R"({"type":"subscribe","events":[]})", true,
         "subscribed"},
        {"flat, nothing shown", "/ws", "", say_hello, false, "first."},
        {"call, bearer", "/", "Authorization: Bearer secret-1\r\n", R"({"id":"1","method":"health","params":{}})", true,
         R"("id":"1","ok":true)"},
        {"call, number as id", "/?token=secret-1", "", R"({"id":7,"method":"health"})", true, R"("ok":true)"},
        {"call, wrong bearer", "/", "Authorization: Bearer x\r\n", R"({"id":"1","method":"health","params":{}})", false,
         "first request must be connect"},
        {"call, nothing shown", "/", "", R"({"id":"1","method":"health","params":{}})", false,
         "first request must be connect"},
        {"connect, token", "/", "", R"({"id":"1","method":"connect","params":{"auth":{"token":"secret-1"}}})", true,
         "hello-ok"},
        {"connect, wrong", "/", "", R"({"id":"1","method":"connect","params":{"auth":{"token":"x"}}})", false,
         "unauthorized"},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        World world(by_token);
        RpcClient client(world, one.target, one.fields, "192.0.2.9");
        client.send(one.first);
        const Texts said = all_of(client);
        REQUIRE(said.size() == 1);
        CHECK(said[0].find(one.says) != std::string::npos);
        CHECK(client.close_code() == (one.admitted ? 0 : 1008));
    }
}

TEST_CASE("dialects: flat messages wait for the host") {
    struct Case {
        std::string_view name, fields, first, credentials;
        gw_status status;
        std::string_view user, scopes;
        Texts want;
        int close;
    };
    const std::string subscribed = R"({"type":"subscribed","events":["status"]})";
    constexpr std::string_view subscribe = R"({"type":"subscribe","events":["status"]})";
    constexpr std::string_view auth = R"({"type":"auth","token":"t-1"})";
    const Case cases[] = {
        {"it is ann",
         "",
         auth,
         R"({"token":"t-1"})",
         GW_OK,
         "ann",
         "",
         {R"({"type":"auth_ok","user":"ann"})", std::string(pong)},
         0},
        {"somebody",
         "",
         auth,
         R"({"token":"t-1"})",
         GW_OK,
         "",
         "",
         {R"({"type":"auth_ok","user":"admin"})", std::string(pong)},
         0},
        {"no token, a cookie",
         "Cookie: session=7\r\n",
         R"({"type":"auth"})",
         "",
         GW_OK,
         "ann",
         "",
         {R"({"type":"auth_ok","user":"ann"})", std::string(pong)},
         0},
        {"at once",
         "Cookie: session=7\r\n",
         subscribe,
         "",
         GW_OK,
         "ann",
         "operator.read",
         {subscribed, std::string(pong)},
         0},
        {"may not read",
         "",
         subscribe,
         "",
         GW_OK,
         "ann",
         "operator.approvals",
         {R"({"type":"error","code":"FORBIDDEN","message":"missing scope: operator.read"})", std::string(pong)},
         0},
        {"may not write",
         "",
         say_hello,
         "",
         GW_OK,
         "ann",
         "operator.read",
         {R"({"type":"error","code":"FORBIDDEN","message":"missing scope: operator.write"})", std::string(pong)},
         0},
        {"not known",
         "",
         auth,
         R"({"token":"t-1"})",
         GW_ERR_DENIED,
         "",
         "",
         {R"({"type":"error","code":"UNAUTHORIZED","message":"unauthorized"})"},
         1008},
        {"nobody can say",
         "",
         say_hello,
         "",
         GW_ERR_IO,
         "",
         "",
         {R"({"type":"error","code":"UNAVAILABLE","message":"authentication is not available"})"},
         1008},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        World world = decided_by_host();
        RpcClient client(world, "/ws", one.fields, "192.0.2.9");
        client.send(R"({"type":"ping"})");  // asks nobody
        CHECK(all_of(client) == Texts{std::string(pong)});
        CHECK(world.auth_questions.empty());
        client.send(one.first);
        client.send(R"({"type":"ping"})");  // waits behind it
        CHECK(all_of(client).empty());
        REQUIRE(world.auth_questions.size() == 1);
        const World::AuthQuestion question = world.auth_questions[0];
        CHECK(question.credentials == one.credentials);
        CHECK(question.address == "192.0.2.9");
        gw_str cookie{};
        CHECK(gw_request_header(world.gateway(), question.request, as_str("cookie"), &cookie) == GW_OK);
        CHECK(as_text(cookie) == (one.fields.empty() ? "" : "session=7"));
        CHECK(world.decide(question.ask, one.status, one.user, one.scopes) == GW_OK);
        CHECK(all_of(client) == one.want);
        CHECK(client.close_code() == one.close);
        CHECK(world.auth_questions.size() == 1);
    }
}

TEST_CASE("dialects: a first message in any number of frames waits as a whole") {
    for_each_split(R"({"type":"auth"})", [&](const Pieces& pieces) {
        INFO("cut as " << pieces);
        World world = decided_by_host();
        RpcClient client(world, "/ws");
        std::size_t at = 0;
        for (const std::string_view piece : pieces) {
            CHECK(world.auth_questions.empty());
            ++at;
            client.send_frame(at == 1 ? 1 : 0, piece, at == pieces.pieces.size());
        }
        REQUIRE(world.auth_questions.size() == 1);
        CHECK(world.decide(world.auth_questions[0].ask, GW_OK, "ann") == GW_OK);
        CHECK(all_of(client) == Texts{R"({"type":"auth_ok","user":"ann"})"});
    });
}

TEST_CASE("dialects: calls without connect wait for the host, and keep their order") {
    struct Case {
        std::string_view name;
        gw_status status;
        std::string_view scopes, first, second;
        int close;
    };
    const Case cases[] = {
        {"everything", GW_OK, "", R"("id":"1","ok":true)", R"("id":"2","ok":true)", 0},
        {"only reading", GW_OK, "operator.read", R"("id":"1","ok":true)", "missing scope: operator.admin", 0},
        {"not known", GW_ERR_DENIED, "", "unauthorized", "", 1008},
        {"nobody can say", GW_ERR_TIMEOUT, "", "authentication is not available", "", 1008},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        World world = decided_by_host();
        RpcClient client(world, "/", "Cookie: session=7\r\n");
        client.send(R"({"id":"1","method":"health","params":{},"meta":{"trace":"a"}})");
        client.send(R"({"id":"2","method":"sessions.reset","params":{"key":"main"},"meta":{"trace":"b"}})");
        CHECK(all_of(client).empty());
        REQUIRE(world.auth_questions.size() == 1);
        CHECK(world.auth_questions[0].credentials.empty());
        CHECK(world.decide(world.auth_questions[0].ask, one.status, "ann", one.scopes) == GW_OK);
        const Texts said = all_of(client);
        REQUIRE(said.size() == (one.close == 0 ? 2 : 1));
        CHECK(said[0].find(one.first) != std::string::npos);
        if (one.close == 0) {
            CHECK(said[0].find(R"("meta":{"trace":"a"})") != std::string::npos);
            CHECK(said[1].find(one.second) != std::string::npos);
        }
        CHECK(client.close_code() == one.close);
    }
}

TEST_CASE("dialects: connect in the seed's envelope asks the host, too") {
    World world = decided_by_host();
    RpcClient client(world);
    client.send(R"({"id":"1","method":"connect","params":{"auth":{"token":"t-1"},"scopes":["operator.read"]}})");
    REQUIRE(world.auth_questions.size() == 1);
    CHECK(world.auth_questions[0].credentials == R"({"token":"t-1"})");
    CHECK(world.decide(world.auth_questions[0].ask, GW_OK, "ann") == GW_OK);
    const Texts said = all_of(client);
    REQUIRE(said.size() == 1);
    CHECK(said[0].find("hello-ok") != std::string::npos);
    CHECK(said[0].find(R"("error":null)") != std::string::npos);
}

TEST_CASE("dialects: who leaves takes the question back, who waits too long is told") {
    World world = decided_by_host();
    RpcClient gone(world, "/ws"), late(world, "/ws"), call(world);
    gone.send(R"({"type":"auth","token":"t"})");
    late.send(R"({"type":"auth","token":"t"})");
    call.send(R"({"id":"1","method":"health"})");
    REQUIRE(world.auth_questions.size() == 3);
    world.drop(gone.peer());
    CHECK(world.cancelled_asks == std::vector<gw_ask_id>{world.auth_questions[0].ask});
    CHECK(world.decide(world.auth_questions[0].ask, GW_OK) == GW_ERR_GONE);
    world.advance(60000);  // the limits of the question, and of a socket that nobody knows
    CHECK(late.close_code() != 0);
    CHECK(call.close_code() != 0);
    CHECK(world.decide(world.auth_questions[1].ask, GW_OK) == GW_ERR_GONE);
    CHECK(world.decide(world.auth_questions[2].ask, GW_OK) == GW_ERR_GONE);
}

}  // namespace gw::test
