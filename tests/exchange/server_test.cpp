// What every connection keeps, whatever is asked on it: probes, routes, limits, time-outs, the end.
#include "api/handles.h"
#include "core/socket_address.h"
#include "core/system_time.h"
#include "support/world.h"

namespace gw::test {

namespace {

constexpr std::string_view open_config =
    R"({ gateway: { auth: { mode: "none" }, http: { endpoints: { chatCompletions: { enabled: true } } } } })";

gw_stats stats_of(World& world) {
    gw_stats stats{};
    stats.size = sizeof stats;
    CHECK(gw_gateway_stats(world.gateway(), &stats) == GW_OK);
    return stats;
}

}  // namespace

TEST_CASE("server: probes need no credentials, details are for those who may see them") {
    World world(R"({gateway:{auth:{mode:"token",token:"t"}}})");
    REQUIRE(world.status() == GW_OK);
    auto& local = *world.client("127.0.0.1");
    auto& remote = *world.client("192.0.2.7");
    struct Case {
        std::string_view path, local, remote;
    };
    const Case cases[] = {
        {"/health", R"({"ok":true,"status":"ok"})", R"({"ok":true,"status":"ok"})"},
        {"/healthz", R"({"ok":true,"status":"live"})", R"({"ok":true,"status":"live"})"},
        {"/ready", R"({"ready":true,"failing":[],"uptimeMs":0})", R"({"ready":true})"},
        {"/readyz", R"({"ready":true,"failing":[],"uptimeMs":0})", R"({"ready":true})"},
        {"/startupz", R"({"ok":true,"status":"started","version":")" GW_VERSION R"(","uptimeMs":0})",
         R"({"ok":true,"status":"started"})"},
    };
    for (const Case& c : cases) {
        INFO(c.path);
        world.send(local, get(c.path));
        CHECK(take_response(local.received).body == c.local);
        world.send(remote, get(c.path));
        CHECK(take_response(remote.received).body == c.remote);
        world.send(local, get(c.path, "X-Forwarded-For: 192.0.2.1\r\n"));
        CHECK(take_response(local.received).body == c.remote);
        world.send(remote, get(c.path, "Authorization: Bearer t\r\n"));
        CHECK(take_response(remote.received).body == c.local);
        world.send(local, "HEAD " + std::string(c.path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        const Response head = take_response(local.received, true);
        CHECK(head.status == 200);
        CHECK(head.field("content-length") == std::to_string(c.local.size()));
        CHECK(local.received.empty());
    }
}

TEST_CASE("server: paths and methods") {
    World world(open_config);
    auto& client = *world.client();
    struct Case {
        std::string_view method, path;
        int status;
        std::string_view allow;
    };
    const Case cases[] = {
        {"GET", "/v1/nothing", 404, ""},
        {"GET", "/healthz?x=1", 200, ""},
        {"POST", "/healthz", 405, "GET, HEAD, OPTIONS"},
        {"GET", "/v1/chat/completions", 405, "OPTIONS, POST"},
        {"OPTIONS", "/v1/chat/completions", 204, "OPTIONS, POST"},
        {"GET", "/a/../healthz", 400, ""},
        {"GET", "/%2e%2e/healthz", 400, ""},
        {"GET", "/v1/models/openclaw", 200, ""},
        {"GET", "/v1/models/openclaw/main", 200, ""},
        {"GET", "/v1/models/openclaw%2Fmain", 200, ""},
        {"GET", "/v1/models/openclaw/nope", 404, ""},
        {"GET", "/v1/models/gpt-4", 400, ""},
    };
    for (const Case& c : cases) {
        INFO(c.method << " " << c.path);
        world.send(client, std::string(c.method) + " " + std::string(c.path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        const Response response = take_response(client.received);
        CHECK(response.status == c.status);
        CHECK(response.field("allow") == c.allow);
    }
    world.send(client, get("/v1/models"));
    const std::string models = take_response(client.received).body;
    for (const char* id : {"\"openclaw\"", "\"openclaw/default\"", "\"openclaw/main\""})
        CHECK(models.find(id) != std::string::npos);
}

TEST_CASE("server: pipelined requests are answered in their order") {
    World world(open_config);
    auto& client = *world.client();
    const std::string chat = R"({"messages":[{"role":"user","content":"in the middle"}],"stream":true})";
    world.send(client, get("/healthz") + post("/v1/chat/completions", chat) + get("/health") + get("/v1/nothing"));
    world.advance(10000);
    CHECK(take_response(client.received).body.find("live") != std::string::npos);
    CHECK(take_response(client.received).body.find("middle") != std::string::npos);
    CHECK(take_response(client.received).body.find("\"ok\"") != std::string::npos);
    CHECK(take_response(client.received).status == 404);
    CHECK(client.received.empty());
}

TEST_CASE("server: many pipelined requests do not make output grow without a bound") {
    World world(open_config);
    auto& client = *world.client();
    client.take = false;
    std::string many;
    for (int i = 0; i < 2000; ++i) many += get("/healthz");
    std::size_t sent = 0;
    while (sent < 40 && client.wants_read) {
        world.send(client, many);
        ++sent;
    }
    CHECK(sent < 5);
    CHECK(stats_of(world).buffer_bytes < 600 * 1024);
    client.take = true;
    for (int i = 0; i < 100; ++i) world.pump();
    std::size_t answers = 0;
    while (!client.received.empty()) {
        CHECK(take_response(client.received).status == 200);
        ++answers;
    }
    CHECK(answers == sent * 2000);
    CHECK(client.wants_read);
}

TEST_CASE("server: what breaks HTTP is answered once and closed") {
    struct Case {
        std::string wire;
        int status;
    };
    const Case cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
        {"GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(70000, 'x') + "\r\n\r\n", 431},
        {"GET / HTTP/3.0\r\n\r\n", 505},
        {std::string("GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 33), 400},
        {"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 20971521\r\n\r\n", 413},
    };
    for (const Case& c : cases) {
        INFO(c.wire.substr(0, 80));
        World world(open_config);
        auto& client = *world.client();
        world.send(client, c.wire + get("/healthz"));
        const Response response = take_response(client.received);
        CHECK(response.status == c.status);
        CHECK(response.field("connection") == "close");
        CHECK(client.received.empty());  // the request behind it is not looked at
        CHECK(client.shut);
        world.end(client);
        CHECK(client.closed);
        CHECK(stats_of(world).bad_requests_total == 1);
    }
}

TEST_CASE("server: time-outs") {
    World world(open_config);
    SECTION("a connection on which nothing comes") {
        auto& client = *world.client();
        world.advance(74999);
        CHECK_FALSE(client.closed);
        world.advance(2);
        CHECK(client.closed);
        CHECK(client.received.empty());
    }
    SECTION("a head that does not end") {
        auto& client = *world.client();
        for (int i = 0; i < 12 && !client.shut; ++i) {
            world.send(client, i == 0 ? "GET / HTTP/1.1\r\n" : "A: b\r\n");
            world.advance(1000);
        }
        CHECK(take_response(client.received).status == 408);
        CHECK(client.shut);
        world.advance(2001);
        CHECK(client.closed);
    }
    SECTION("a body that stops") {
        auto& client = *world.client();
        world.send(client, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
        world.advance(20000);
        world.send(client, "\"");
        world.advance(20000);
        CHECK_FALSE(client.closed);
        world.advance(10001);
        CHECK(take_response(client.received).status == 408);
    }
    SECTION("a kept connection without a request") {
        auto& client = *world.client();
        world.send(client, get("/healthz"));
        take_response(client.received);
        world.advance(74000);
        CHECK_FALSE(client.closed);
        world.advance(1001);
        CHECK(client.closed);
    }
    SECTION("a client that takes nothing") {
        auto& client = *world.client();
        client.take = false;
        world.send(client, get("/healthz"));
        world.advance(119000);
        CHECK_FALSE(client.closed);
        world.advance(1001);
        CHECK(client.closed);
        CHECK(client.aborted);
    }
}

TEST_CASE("server: Expect: 100-continue is answered when the body is wanted") {
    World world(R"({gateway:{auth:{mode:"token",token:"t"},http:{endpoints:{chatCompletions:{enabled:true}}}}})");
    auto& client = *world.client();
    const std::string body = R"({"messages":[{"role":"user","content":"x"}]})";
    const std::string head =
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n";
    world.send(client, head + "Authorization: Bearer t\r\n\r\n");
    CHECK(client.received == "HTTP/1.1 100 Continue\r\n\r\n");
    client.received.clear();
    world.send(client, body);
    CHECK(take_response(client.received).status == 200);
    world.send(client, head + "\r\n");
    CHECK(take_response(client.received).status == 401);
}

TEST_CASE("server: the host's limit on connections") {
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.conns_max = 2;
    World world(open_config, nullptr, &limits);
    auto* first = world.client();
    CHECK(world.client() != nullptr);
    CHECK(world.client() == nullptr);
    world.drop(*first);
    CHECK(world.client() != nullptr);
}

TEST_CASE("server: shutting down lets open answers finish") {
    World world(open_config);
    auto& idle = *world.client();
    auto& busy = *world.client();
    world.send(busy, post("/v1/chat/completions", R"({"stream":true,"messages":[{"role":"user","content":"a b c"}]})"));
    CHECK(gw_gateway_shutdown(world.gateway()) == GW_OK);
    world.pump();
    CHECK(idle.closed);
    CHECK_FALSE(busy.closed);
    CHECK(world.client() == nullptr);
    CHECK(world.events.back() == "READY");
    world.advance(5000);
    const Response response = take_response(busy.received);
    CHECK(response.body.find("[DONE]") != std::string::npos);
    CHECK(busy.closed);
    CHECK(world.events.back() == "STOPPED");
}

TEST_CASE("server: shutting down does not wait for ever") {
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.drain_ms = 100;
    World world(open_config, nullptr, &limits);
    auto& busy = *world.client();
    world.send(busy, post("/v1/chat/completions",
                          R"({"stream":true,"messages":[{"role":"user","content":"a b c d e f g h"}]})"));
    gw_gateway_shutdown(world.gateway());
    world.advance(101);
    CHECK(busy.closed);
    CHECK(busy.aborted);
    CHECK(world.events.back() == "STOPPED");
}

TEST_CASE("server: ports are asked for one after the other, and a missing IPv6 is no failure") {
    World world(open_config);
    CHECK(world.events == std::vector<std::string>{"LISTEN 127.0.0.1", "LISTEN ::1", "READY"});
    CHECK(world.ready_url == "http://127.0.0.1:18789");
    CHECK(world.ready_token.empty());
}

TEST_CASE("server: without a configured token one is made and kept") {
    gw_store* store = nullptr;
    REQUIRE(gw_store_new_memory(nullptr, nullptr, &store) == GW_OK);
    std::string token;
    {
        World world("", nullptr, nullptr, store);
        REQUIRE(world.status() == GW_OK);
        token = world.ready_token;
        CHECK(token.size() == 43);
    }
    {
        World again("", nullptr, nullptr, store);
        CHECK(again.ready_token == token);
    }
    gw_store_free(store);
}

TEST_CASE("server: a host with sockets of its own is told the token, too") {
    World world("", nullptr, nullptr, nullptr, 0);
    REQUIRE(world.status() == GW_OK);
    CHECK(world.events == std::vector<std::string>{"READY"});
    CHECK(world.ready_url.empty());
    CHECK(world.ready_token.size() == 43);
}

TEST_CASE("server: a store that the host gives back lives on in its gateway") {
    TestHost host;
    gw_store* store = nullptr;
    REQUIRE(gw_store_new_memory(host.host(), nullptr, &store) == GW_OK);
    {
        World world("", nullptr, nullptr, store);
        gw_store_free(store);
        auto& client = *world.client();
        world.send(client, get("/healthz"));
        CHECK(take_response(client.received).status == 200);
        CHECK(host.bytes_out() > 0);
    }
    CHECK(host.bytes_out() == 0);
}

TEST_CASE("server: without authentication only this machine is served") {
    struct Case {
        std::string_view ingress, address;
        int status;
    };
    const Case cases[] = {
        {"false", "127.0.0.1", 200}, {"false", "::1", 200},      {"false", "", 200},
        {"false", "192.0.2.7", 403}, {"false", "nonsense", 403}, {"false", "::ffff:192.0.2.7", 403},
        {"true", "192.0.2.7", 200},
    };
    for (const Case& c : cases) {
        INFO(c.ingress << " " << c.address);
        World world("{gateway:{auth:{mode:'none',privateIngress:" + std::string(c.ingress) +
                    "},http:{endpoints:{chatCompletions:{enabled:true}}}}}");
        REQUIRE(world.status() == GW_OK);
        auto& client = *world.client(c.address);
        world.send(client, get("/v1/models"));
        const Response response = take_response(client.received);
        CHECK(response.status == c.status);
        CHECK((response.body.find("gateway.auth.mode") != std::string::npos) == (c.status == 403));
    }
}

TEST_CASE("server: who is at the other end, as the operating system tells it") {
    World world(open_config);
    struct Case {
        SocketAddress from;
        gw_status status;
        std::string_view answer;
    };
    const Case cases[] = {
        {{"127.0.0.1", 1}, GW_OK, "HTTP/1.1 200"},
        {{"::ffff:127.0.0.1", 1}, GW_OK, "HTTP/1.1 200"},
        {{"::1", 1}, GW_OK, "HTTP/1.1 200"},
        {SocketAddress::local("/run/x.sock"), GW_OK, "HTTP/1.1 200"},
        {{"192.0.2.7", 1}, GW_OK, "HTTP/1.1 403"},
        {{"2001:db8::7", 1}, GW_OK, "HTTP/1.1 403"},
        {{}, GW_ERR_ARGUMENT, ""},  // neither: not to be taken for this machine
    };
    for (const Case& c : cases) {
        gw_peer peer{};
        peer.size = sizeof peer;
        peer.sockaddr = c.from.get();
        gw_conn* conn = nullptr;
        CHECK(gw_conn_accept(world.gateway(), &peer, &conn) == c.status);
        if (conn == nullptr) continue;
        const std::string_view request = "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n";
        CHECK(gw_conn_recv(conn, request.data(), request.size()) == GW_OK);
        gw_buf out{};
        REQUIRE(gw_conn_take_output(conn, &out) == GW_OK);
        CHECK(std::string_view(static_cast<const char*>(out.data), out.len).substr(0, c.answer.size()) == c.answer);
        gw_buf_free(&out);
        gw_conn_free(conn);
    }
}

TEST_CASE("server: events bring the host's pointer, and the addresses for connect()") {
    World world(open_config);
    auto& peer = *world.client();
    gw_event event{};
    event.size = sizeof event;
    const std::string_view request = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    REQUIRE(gw_conn_recv(peer.conn, request.data(), request.size()) == GW_OK);
    REQUIRE(gw_gateway_next_event(world.gateway(), &event) == GW_OK);
    CHECK(event.type == GW_EVENT_OUTPUT);
    CHECK(event.user == &peer);
    CHECK(event.sockaddr == nullptr);

    World dialling(R"({gateway:{auth:{mode:'none'},http:{endpoints:{chatCompletions:{enabled:true}}}},
        agents:{defaults:{model:{primary:'up/m'}}},
        models:{providers:{up:{baseUrl:'http://127.0.0.1:4711/v1',api:'openai-completions',models:[{id:'m'}]}}}})");
    auto& asking = *dialling.client();
    const std::string_view body = R"({"messages":[{"role":"user","content":"x"}]})";
    const std::string chat =
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
        std::string(body);
    REQUIRE(gw_conn_recv(asking.conn, chat.data(), chat.size()) == GW_OK);
    do {
        REQUIRE(gw_gateway_next_event(dialling.gateway(), &event) == GW_OK);
    } while (event.type != GW_EVENT_CONNECT);
    CHECK(event.user == nullptr);
    std::uint32_t port = 0;
    CHECK(text_of(event.sockaddr, &port).view() == "127.0.0.1");
    CHECK(port == 4711);
    gw_conn_free(event.conn);
}

TEST_CASE("server: the operating system's time of day") {
    World world(open_config);
    const exchange::Gateway& gateway = *api::unwrap(world.gateway());
    CHECK(gw_gateway_tick(world.gateway(), world.now + 1, GW_SYSTEM_TIME) == GW_OK);
    const SystemTime here = read_system_time({});
    CHECK(gateway.unix_ms() <= here.unix_ms);
    CHECK(gateway.unix_ms() + 3600000 > here.unix_ms);
    CHECK(gateway.utc_offset_minutes() == here.utc_offset_minutes);
    // In the same moment nobody looks again; and a host may go back to its own.
    const std::uint64_t before = gateway.unix_ms();
    while (read_system_time({}).unix_ms == before) {
    }
    CHECK(gw_gateway_tick(world.gateway(), world.now + 1, GW_SYSTEM_TIME) == GW_OK);
    CHECK(gateway.unix_ms() == before);
    CHECK(gw_gateway_tick(world.gateway(), world.now + 1, 1700000000000) == GW_OK);
    CHECK(gateway.unix_ms() == 1700000000000);
}

TEST_CASE("server: an event is not lost on a struct without room for it") {
    World world(open_config);
    auto& client = *world.client();
    gw_conn_recv(client.conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 35);
    gw_event none{};
    CHECK(gw_gateway_next_event(world.gateway(), &none) == GW_ERR_ARGUMENT);
    world.pump();
    CHECK(take_response(client.received).status == 200);
}

TEST_CASE("server: the last bytes have a time limit, too") {
    gw_limits limits{};
    limits.size = sizeof limits;
    limits.write_timeout_ms = 500;
    World world(open_config, nullptr, &limits);
    auto& client = *world.client();
    client.keep = true;  // the host still writes what it took
    world.send(client, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    world.end(client);
    REQUIRE(client.closed);
    CHECK_FALSE(client.aborted);
    world.advance(499);
    CHECK_FALSE(client.aborted);
    world.advance(1);
    CHECK(client.aborted);
}

TEST_CASE("server: reading stops and goes on when the host asks after each piece") {
    World world(open_config);
    auto& client = *world.client();
    client.take = false;
    const std::string request = get("/healthz");
    std::size_t sent = 0;
    for (; gw_conn_wants_read(client.conn); ++sent) {
        REQUIRE(sent < 10000);
        gw_conn_recv(client.conn, request.data(), request.size());
    }
    client.wants_read = false;  // asked, so no event tells
    client.take = true;
    world.pump();
    CHECK(client.wants_read);
    for (std::size_t i = 0; i < sent; ++i) REQUIRE(take_response(client.received).status == 200);
}

TEST_CASE("server: routes of the host") {
    World world(R"({gateway:{auth:{mode:"token",token:"t"}}})");
    const auto text = [](std::string_view s) { return as_str(s); };
    CHECK(gw_gateway_route(world.gateway(), text("POST"), text("/tools/:name"), 7, 0, 100) == GW_OK);
    CHECK(gw_gateway_route(world.gateway(), text("GET"), text("/open"), 8, GW_ROUTE_PUBLIC, 0) == GW_OK);
    CHECK(gw_gateway_route(world.gateway(), text("GET"), text("/open"), 9, 0, 0) == GW_ERR_ARGUMENT);
    CHECK(gw_gateway_route(world.gateway(), text("GET"), text("no-slash"), 9, 0, 0) == GW_ERR_ARGUMENT);
    CHECK(gw_gateway_route(world.gateway(), text("GET"), text("/x"), 9, 2, 0) == GW_ERR_UNSUPPORTED);
    auto& client = *world.client();
    CHECK(gw_gateway_route(world.gateway(), text("GET"), text("/late"), 9, 0, 0) == GW_ERR_STATE);

    world.send(client, post("/tools/echo?x=1", "hello"));
    CHECK(take_response(client.received).status == 401);
    CHECK(world.requests.empty());
    world.send(client, post("/tools/echo?x=1", std::string(101, 'x'), "Authorization: Bearer t\r\n"));
    CHECK(take_response(client.received).status == 413);

    auto& second = *world.client();
    world.send(second, post("/tools/echo?x=1", "hello", "Authorization: Bearer t\r\nX-A: b\r\n"));
    REQUIRE(world.requests.size() == 1);
    const gw_request_id id = world.requests[0];
    gw_str out{};
    const auto says = [&](gw_status status) { return status == GW_OK ? std::string(as_text(out)) : std::string("?"); };
    CHECK(says(gw_request_method(world.gateway(), id, &out)) == "POST");
    CHECK(says(gw_request_path(world.gateway(), id, &out)) == "/tools/echo");
    CHECK(says(gw_request_query(world.gateway(), id, &out)) == "x=1");
    CHECK(says(gw_request_header(world.gateway(), id, text("x-a"), &out)) == "b");
    CHECK(says(gw_request_header(world.gateway(), id, text("x-b"), &out)).empty());
    CHECK(says(gw_request_parameter(world.gateway(), id, text("name"), &out)) == "echo");
    CHECK(says(gw_request_body(world.gateway(), id, &out)) == "hello");

    const gw_field bad[] = {{text("X"), text("a\r\nSet-Cookie: b")}};
    CHECK(gw_response_start(world.gateway(), id, 200, bad, 1, 5) == GW_ERR_ARGUMENT);
    CHECK(gw_response_write(world.gateway(), id, "x", 1) == GW_ERR_STATE);
    const gw_field fields[] = {{text("Content-Type"), text("text/plain")}};
    CHECK(gw_response_start(world.gateway(), id, 200, fields, 1, 5) == GW_OK);
    CHECK(gw_response_start(world.gateway(), id, 200, fields, 1, 5) == GW_ERR_STATE);
    CHECK(gw_response_write(world.gateway(), id, "too much", 8) == GW_ERR_ARGUMENT);
    CHECK(gw_response_write(world.gateway(), id, "hello", 5) == GW_OK);
    CHECK(gw_response_end(world.gateway(), id) == GW_OK);
    CHECK(gw_response_end(world.gateway(), id) == GW_ERR_GONE);
    CHECK(gw_request_body(world.gateway(), id, &out) == GW_ERR_GONE);
    world.pump();
    const Response response = take_response(second.received);
    CHECK(response.body == "hello");
    CHECK(response.field("content-type") == "text/plain");

    SECTION("a client that leaves cancels, and the late answer is gone") {
        world.send(second, get("/open"));
        REQUIRE(world.requests.size() == 2);
        world.drop(second);
        CHECK(world.cancelled_requests == std::vector<gw_request_id>{world.requests[1]});
        CHECK(gw_response_start(world.gateway(), world.requests[1], 200, nullptr, 0, GW_LENGTH_UNKNOWN) == GW_ERR_GONE);
    }
    SECTION("an answer that is broken off does not look whole") {
        for (const bool begun : {false, true}) {
            for (const std::uint64_t length : {std::uint64_t{5}, std::uint64_t{GW_LENGTH_UNKNOWN}}) {
                INFO((begun ? "begun, " : "not begun, ") << length);
                auto& third = *world.client();
                world.send(third, get("/open"));
                const gw_request_id broken = world.requests.back();
                if (begun) {
                    CHECK(gw_response_start(world.gateway(), broken, 200, nullptr, 0, length) == GW_OK);
                    CHECK(gw_response_write(world.gateway(), broken, "hel", 3) == GW_OK);
                    world.pump();
                }
                CHECK(gw_response_abort(world.gateway(), broken) == GW_OK);
                CHECK(gw_response_abort(world.gateway(), broken) == GW_ERR_GONE);
                CHECK(gw_response_write(world.gateway(), broken, "lo", 2) == GW_ERR_GONE);
                world.pump();
                CHECK(third.aborted);
                CHECK((third.received.find("hel") != std::string::npos) == begun);
                CHECK_FALSE(has_response(third.received));
            }
        }
        CHECK(world.cancelled_requests.empty());  // the host knows
        world.send(second, get("/open"));         // others go on
        CHECK(gw_response_start(world.gateway(), world.requests.back(), 204, nullptr, 0, 0) == GW_OK);
        CHECK(gw_response_end(world.gateway(), world.requests.back()) == GW_OK);
    }
    SECTION("a slow client makes the host wait") {
        world.send(second, get("/open"));
        const gw_request_id stream = world.requests.at(1);
        CHECK(gw_response_start(world.gateway(), stream, 200, nullptr, 0, GW_LENGTH_UNKNOWN) == GW_OK);
        second.take = false;
        const std::string piece(10000, 'x');
        gw_status status = GW_OK;
        int pieces = 0;
        while (status == GW_OK && pieces < 100) {
            status = gw_response_write(world.gateway(), stream, piece.data(), piece.size());
            ++pieces;
        }
        CHECK(status == GW_DONE);
        CHECK(pieces < 10);
        world.pump();
        CHECK(world.writable_requests.empty());
        second.take = true;
        world.pump();
        CHECK(world.writable_requests == std::vector<gw_request_id>{stream});
        CHECK(gw_response_end(world.gateway(), stream) == GW_OK);
        world.pump();
        CHECK(take_response(second.received).body.size() == static_cast<std::size_t>(pieces) * piece.size());
    }
}

TEST_CASE("server: calls in the wrong order are refused, and change nothing") {
    World world(open_config);
    auto& client = *world.client();
    CHECK(gw_conn_opened(client.conn) == GW_ERR_STATE);
    CHECK(gw_conn_failed(client.conn, {nullptr, 0}) == GW_ERR_STATE);
    CHECK(gw_conn_recv(client.conn, nullptr, 1) == GW_ERR_ARGUMENT);
    CHECK(gw_conn_recv(nullptr, "x", 1) == GW_ERR_ARGUMENT);
    gw_buf out{};
    CHECK(gw_conn_take_output(client.conn, &out) == GW_DONE);
    gw_answer answer{};
    answer.size = sizeof answer;
    CHECK(gw_ask_answer(world.gateway(), 0, &answer) == GW_ERR_GONE);
    CHECK(gw_ask_answer(world.gateway(), 123456789, &answer) == GW_ERR_GONE);
    world.end(client);
    CHECK(client.closed);
    gw_conn_free(nullptr);
    gw_config_free(nullptr);
    gw_buf_free(nullptr);
    gw_gateway_options options{};
    options.size = 4;
    gw_gateway* none = nullptr;
    CHECK(gw_gateway_new(&options, &none) == GW_ERR_ARGUMENT);
    struct {
        gw_gateway_options known;
        std::uint64_t newer;
    } newer{};
    newer.known.size = sizeof newer;
    newer.newer = 1;
    CHECK(gw_gateway_new(&newer.known, &none) == GW_ERR_UNSUPPORTED);
    CHECK(none == nullptr);
}

}  // namespace gw::test
