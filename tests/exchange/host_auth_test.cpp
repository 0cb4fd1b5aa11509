// The host decides who may come in: over HTTP and over the gateway socket, at once, late, or not at all.
#include <new>

#include "core/buffer.h"
#include "support/rpc_client.h"

namespace gw::test {

namespace {

constexpr std::string_view config = "{gateway:{http:{endpoints:{chatCompletions:{enabled:true}}}}}";
constexpr std::string_view chat = R"({"messages":[{"role":"user","content":"one two"}]})";

std::string field(World& world, gw_request_id request, std::string_view name) {
    gw_str out{};
    return gw_request_header(world.gateway(), request, as_str(name), &out) == GW_OK ? std::string(as_text(out))
                                                                                    : "gone";
}

constexpr std::uint32_t services = (GW_SERVICE_ALL & ~GW_SERVICE_LISTEN) | GW_SERVICE_AUTH;

World made(std::string_view text = config) { return World(text, nullptr, nullptr, nullptr, services); }

}  // namespace

TEST_CASE("host auth: a request waits for the host, however it is cut") {
    struct Case {
        std::string_view name;
        gw_status status;
        int http;
    };
    const Case cases[] = {
        {"come in", GW_OK, 200},
        {"not known", GW_ERR_DENIED, 401},
        {"the directory does not answer", GW_ERR_TIMEOUT, 503},
        {"something else", GW_ERR_IO, 503},
    };
    const std::string wire = post("/v1/chat/completions", chat, "Authorization: Bearer abc\r\n") + get("/health");
    for (const Case& one : cases) {
        for_each_split(wire, [&](const Pieces& pieces) {
            INFO(one.name << ", cut as " << pieces);
            World world = made();
            World::Peer* peer = world.client("192.0.2.7");
            for (const std::string_view piece : pieces) {
                world.send(*peer, piece);
                if (world.auth_questions.empty()) continue;
                CHECK(peer->received.empty());
            }
            REQUIRE(world.auth_questions.size() == 1);
            const World::AuthQuestion& question = world.auth_questions[0];
            CHECK(question.address == "192.0.2.7");
            CHECK(question.credentials.empty());
            CHECK(field(world, question.request, "Authorization") == "Bearer abc");
            CHECK(world.decide(question.ask, one.status) == GW_OK);
            CHECK(world.decide(question.ask, GW_OK) == GW_ERR_GONE);
            CHECK(field(world, question.request, "Authorization") == "gone");
            CHECK(take_response(peer->received).status == one.http);
            CHECK(take_response(peer->received).status == 200);  // the probe behind it is public
            CHECK(world.auth_questions.size() == 1);
        });
    }
}

TEST_CASE("host auth: no answer in time is 503, and a late one is gone") {
    World world = made();
    World::Peer* peer = world.client();
    world.send(*peer, get("/v1/models"));
    REQUIRE(world.auth_questions.size() == 1);
    world.advance(29999);
    CHECK(peer->received.empty());
    world.advance(1);
    CHECK(take_response(peer->received).status == 503);
    CHECK(world.decide(world.auth_questions[0].ask, GW_OK) == GW_ERR_GONE);
    world.send(*peer, get("/v1/models"));  // the connection goes on
    REQUIRE(world.auth_questions.size() == 2);
    CHECK(world.decide(world.auth_questions[1].ask, GW_OK) == GW_OK);
    CHECK(take_response(peer->received).status == 200);
}

TEST_CASE("host auth: too many open questions are 503") {
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.asks_max = 1;
    World world(config, nullptr, &limits, nullptr, GW_SERVICE_AUTH);
    World::Peer* first = world.client();
    World::Peer* second = world.client();
    world.send(*first, get("/v1/models"));
    world.send(*second, get("/v1/models"));
    CHECK(world.auth_questions.size() == 1);
    CHECK(take_response(second->received).status == 503);
    CHECK(world.decide(world.auth_questions[0].ask, GW_OK) == GW_OK);
    CHECK(take_response(first->received).status == 200);
}

TEST_CASE("host auth: a client that leaves takes its question back") {
    for (const bool fin : {true, false}) {
        World world = made();
        World::Peer* peer = world.client();
        world.send(*peer, post("/v1/chat/completions", chat));
        REQUIRE(world.auth_questions.size() == 1);
        if (fin) {
            world.end(*peer);
        } else {
            world.drop(*peer);
        }
        world.pump();
        CHECK(world.cancelled_asks == std::vector<gw_ask_id>{world.auth_questions[0].ask});
        CHECK(world.decide(world.auth_questions[0].ask, GW_OK) == GW_ERR_GONE);
        CHECK(field(world, world.auth_questions[0].request, "Host") == "gone");
    }
}

TEST_CASE("host auth: a body that nobody may send is not read") {
    World world = made();
    World::Peer* peer = world.client();
    world.send(*peer, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    for (int i = 0; i < 16; ++i) world.send(*peer, std::string(8192, ' '));
    CHECK_FALSE(peer->wants_read);
    CHECK(world.decide(world.auth_questions[0].ask, GW_ERR_DENIED) == GW_OK);
    CHECK(take_response(peer->received).status == 401);
}

TEST_CASE("host auth: a route of the host knows who asks") {
    World world = made();
    REQUIRE(gw_gateway_route(world.gateway(), as_str("GET"), as_str("/mine"), 7, 0, 0) == GW_OK);
    REQUIRE(gw_gateway_route(world.gateway(), as_str("GET"), as_str("/open"), 8, GW_ROUTE_PUBLIC, 0) == GW_OK);
    World::Peer* peer = world.client();
    world.send(*peer, get("/mine"));
    REQUIRE(world.auth_questions.size() == 1);
    // The id of the question is not one to be answered as a request.
    CHECK(gw_response_start(world.gateway(), world.auth_questions[0].request, 200, nullptr, 0, 0) == GW_ERR_STATE);
    CHECK(world.decide(world.auth_questions[0].ask, GW_OK, "ann", "operator.read") == GW_OK);
    REQUIRE(world.requests.size() == 1);
    const auto asked = [&](gw_status (*question)(gw_gateway*, gw_request_id, gw_str*)) {
        gw_str out{};
        CHECK(question(world.gateway(), world.requests.back(), &out) == GW_OK);
        return std::string(as_text(out));
    };
    CHECK(asked(gw_request_user) == "ann");
    CHECK(asked(gw_request_scopes) == "operator.read");
    CHECK(asked(gw_request_path) == "/mine");
    CHECK(gw_response_start(world.gateway(), world.requests[0], 204, nullptr, 0, 0) == GW_OK);
    CHECK(gw_response_end(world.gateway(), world.requests[0]) == GW_OK);
    world.pump();
    CHECK(take_response(peer->received).status == 204);
    world.send(*peer, get("/open"));  // nobody was asked: nobody is known
    CHECK(world.auth_questions.size() == 1);
    CHECK(asked(gw_request_user).empty());
}

TEST_CASE("host auth: the gateway socket") {
    struct Case {
        std::string_view name, scopes, granted;
        gw_status status;
        int close;
    };
    const Case cases[] = {
        {"everything that was asked for", "", R"("operator.read")", GW_OK, 0},
        {"less than was asked for", "operator.read, operator.write", R"("operator.write")", GW_OK, 0},
        {"not known", "", "unauthorized", GW_ERR_DENIED, 1008},
        {"nobody can say", "", "authentication is not available", GW_ERR_IO, 1008},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        World world = made();
        RpcClient client(world, "/ws?a=1", "Cookie: session=7\r\n", "192.0.2.7");
        (void)client.take();
        client.send(
            R"({"type":"req","id":"c","method":"connect","params":{"minProtocol":4,"maxProtocol":4,"client":{"id":"cli","version":"1",)"
            R"("platform":"linux","mode":"cli"},"scopes":["operator.read","operator.write","operator.admin"],"auth":{"token":"t-1"}}})");
        client.send(R"({"type":"req","id":"2","method":"health"})");  // waits behind it
        REQUIRE(world.auth_questions.size() == 1);
        CHECK_FALSE(client.has());
        const World::AuthQuestion question = world.auth_questions[0];
        CHECK(question.credentials == R"({"token":"t-1"})");
        CHECK(field(world, question.request, "cookie") == "session=7");
        gw_str path{}, query{};
        CHECK(gw_request_path(world.gateway(), question.request, &path) == GW_OK);
        CHECK(as_text(path) == "/ws");
        CHECK(gw_request_query(world.gateway(), question.request, &query) == GW_OK);
        CHECK(as_text(query) == "a=1");
        CHECK(world.decide(question.ask, one.status, "ann", one.scopes) == GW_OK);
        const Json answered = client.take_answer("c");
        CHECK(answered.text().find(one.granted) != std::string::npos);
        CHECK((answered.text().find("operator.admin") != std::string::npos) ==
              (one.status == GW_OK && one.scopes.empty()));
        CHECK(client.close_code() == one.close);
        if (one.close == 0) CHECK(client.take_answer("2")["ok"].as_bool() == true);
    }
}

TEST_CASE("host auth: a socket that leaves, and one that waits too long") {
    World world = made();
    RpcClient client(world), late(world);
    const std::string_view connect =
        R"({"type":"req","id":"c","method":"connect","params":{"minProtocol":4,"maxProtocol":4,"client":{"id":"cli","version":"1","platform":"l","mode":"cli"}}})";
    client.send(connect);
    late.send(connect);
    REQUIRE(world.auth_questions.size() == 2);
    CHECK(world.auth_questions[0].credentials.empty());
    world.drop(client.peer());
    world.pump();
    CHECK(world.cancelled_asks.size() == 1);
    CHECK(world.decide(world.auth_questions[0].ask, GW_OK) == GW_ERR_GONE);
    world.advance(60000);
    CHECK(late.close_code() != 0);
    CHECK(world.decide(world.auth_questions[1].ask, GW_OK) == GW_ERR_GONE);
}

TEST_CASE("host auth: there is no token of the gateway's own") {
    World world = made();
    CHECK(world.ready_token.empty());
    World other(config, nullptr, nullptr, nullptr, GW_SERVICE_ALL & ~GW_SERVICE_LISTEN);
    CHECK_FALSE(other.ready_token.empty());
}

TEST_CASE("host auth: the n-th allocation fails") {
    struct Host {
        int left = 0;
        static void* alloc(void* user, std::size_t size) {
            auto* self = static_cast<Host*>(user);
            return self->left-- > 0 ? ::operator new(size, std::nothrow) : nullptr;
        }
        static void free(void* /*user*/, void* memory, std::size_t /*size*/) { ::operator delete(memory); }
    };
    for (int n = 0;; ++n) {
        Host state{1 << 30};
        gw_host host{};
        host.size = sizeof host;
        host.user = &state;
        host.alloc = Host::alloc;
        host.free = Host::free;
        World world(config, &host, nullptr, nullptr, GW_SERVICE_AUTH);
        REQUIRE(world.status() == GW_OK);
        World::Peer* peer = world.client();
        state.left = n;
        world.send(*peer, get("/v1/models"));
        if (!world.auth_questions.empty()) {
            const gw_status status =
                world.decide(world.auth_questions[0].ask, GW_OK, "a user whose name is not a short one",
                             "operator.read, operator.write");
            CHECK((status == GW_OK || status == GW_ERR_GONE));
        }
        const bool passed = state.left > 0;
        state.left = 1 << 30;
        world.pump();
        if (!passed) continue;
        CHECK(take_response(peer->received).status == 200);
        CHECK(n > 3);
        break;
    }
}

}  // namespace gw::test
