// The C ABI of gateway/http.h, as a stranger would use it.
#include "gateway/http.h"

#include <cstring>

#include "support/test.h"

namespace gw::test {
namespace {

gw_str str(std::string_view text) { return {text.data(), text.size()}; }
std::string text(gw_str s) { return std::string(as_text(s)); }

struct ServerHandle {
    explicit ServerHandle(const gw_http_limits* limits = nullptr, const gw_host* host = nullptr) {
        REQUIRE(gw_http_server_new(limits, host, &server) == GW_OK);
    }
    ~ServerHandle() { gw_http_server_free(server); }
    ServerHandle(const ServerHandle&) = delete;
    ServerHandle& operator=(const ServerHandle&) = delete;
    std::string output() {
        gw_buf buf{};
        if (gw_http_server_take_output(server, &buf) != GW_OK) return "";
        std::string out(static_cast<const char*>(buf.data), buf.len);
        gw_buf_free(&buf);
        return out;
    }
    gw_http_server* server = nullptr;
};

struct ClientHandle {
    ClientHandle() { REQUIRE(gw_http_client_new(nullptr, nullptr, &client) == GW_OK); }
    ~ClientHandle() { gw_http_client_free(client); }
    ClientHandle(const ClientHandle&) = delete;
    ClientHandle& operator=(const ClientHandle&) = delete;
    gw_http_client* client = nullptr;
};

gw_http_event sized_event() {
    gw_http_event event{};
    event.size = sizeof event;
    return event;
}

TEST_CASE("http api: a conversation") {
    TestHost host;
    ServerHandle s(nullptr, host.host());
    ClientHandle c;

    const gw_http_field fields[] = {{str("Host"), str("example.org")}, {str("X-A"), str("1")}};
    REQUIRE(gw_http_client_send_head(c.client, str("PUT"), str("/x?y"), fields, 2, GW_HTTP_CHUNKED, 0) == GW_OK);
    REQUIRE(gw_http_client_send_body(c.client, "hello", 5) == GW_OK);
    const gw_http_field trailer[] = {{str("X-Sum"), str("9")}};
    REQUIRE(gw_http_client_send_end(c.client, trailer, 1) == GW_OK);
    gw_buf request{};
    REQUIRE(gw_http_client_take_output(c.client, &request) == GW_OK);
    CHECK(gw_http_client_take_output(c.client, &request) == GW_DONE);

    CHECK(gw_http_server_idle(s.server));
    CHECK(gw_http_server_wants_input(s.server));
    REQUIRE(gw_http_server_feed(s.server, request.data, request.len) == GW_OK);
    CHECK(gw_http_server_feed(s.server, "x", 1) == GW_ERR_STATE);
    gw_http_event event = sized_event();
    REQUIRE(gw_http_server_next(s.server, &event) == GW_OK);
    CHECK(event.kind == GW_HTTP_HEAD);
    CHECK(text(event.method) == "PUT");
    CHECK(text(event.target) == "/x?y");
    CHECK(event.minor == 1);
    CHECK(event.chunked);
    CHECK_FALSE(event.has_content_length);
    REQUIRE(event.field_count == 3);
    CHECK(text(event.fields[1].name) == "X-A");
    CHECK(text(event.fields[1].value) == "1");
    REQUIRE(gw_http_server_next(s.server, &event) == GW_OK);
    CHECK(event.kind == GW_HTTP_BODY);
    CHECK(text(event.body) == "hello");
    CHECK(event.fields == nullptr);
    REQUIRE(gw_http_server_next(s.server, &event) == GW_OK);
    CHECK(event.kind == GW_HTTP_TRAILERS);
    REQUIRE(event.field_count == 1);
    CHECK(text(event.fields[0].name) == "X-Sum");
    REQUIRE(gw_http_server_next(s.server, &event) == GW_OK);
    CHECK(event.kind == GW_HTTP_END);
    CHECK(gw_http_server_next(s.server, &event) == GW_DONE);
    gw_buf_free(&request);

    REQUIRE(gw_http_server_send_head(s.server, 200, nullptr, 0, GW_HTTP_LENGTH, 2, 0) == GW_OK);
    CHECK(gw_http_server_send_head(s.server, 200, nullptr, 0, GW_HTTP_LENGTH, 2, 0) == GW_ERR_STATE);
    CHECK(gw_http_server_response_open(s.server));
    CHECK(gw_http_server_send_body(s.server, "too much", 8) == GW_ERR_ARGUMENT);
    CHECK(gw_http_server_send_body(s.server, "ok", 2) == GW_OK);
    REQUIRE(gw_http_server_send_end(s.server, nullptr, 0) == GW_OK);
    CHECK(gw_http_server_send_end(s.server, nullptr, 0) == GW_ERR_STATE);
    CHECK(gw_http_server_send_body(s.server, "x", 1) == GW_ERR_STATE);
    const std::string response = s.output();
    CHECK(response == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    CHECK_FALSE(gw_http_server_should_close(s.server));
    CHECK_FALSE(gw_http_server_should_linger(s.server));

    REQUIRE(gw_http_client_feed(c.client, response.data(), response.size()) == GW_OK);
    REQUIRE(gw_http_client_next(c.client, &event) == GW_OK);
    CHECK(event.status == 200);
    CHECK(text(event.reason) == text(gw_http_reason(200)));
    CHECK(event.has_content_length);
    CHECK(event.content_length == 2);
    REQUIRE(gw_http_client_next(c.client, &event) == GW_OK);
    CHECK(text(event.body) == "ok");
    REQUIRE(gw_http_client_next(c.client, &event) == GW_OK);
    CHECK(event.kind == GW_HTTP_END);
    CHECK(gw_http_client_next(c.client, &event) == GW_DONE);
    CHECK(gw_http_client_reusable(c.client));
    CHECK(gw_http_client_finish(c.client) == GW_OK);
    CHECK(gw_http_server_finish(s.server) == GW_OK);
    CHECK(gw_http_server_should_close(s.server));
}

TEST_CASE("http api: errors and their answers") {
    gw_http_limits limits{};
    limits.size = sizeof limits;
    limits.body_bytes_max = 3;
    ServerHandle s(&limits);
    const std::string_view wire = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
    CHECK(gw_http_server_error_status(s.server) == 0);
    CHECK(gw_http_server_error_text(s.server).len == 0);
    REQUIRE(gw_http_server_feed(s.server, wire.data(), wire.size()) == GW_OK);
    gw_http_event event = sized_event();
    REQUIRE(gw_http_server_next(s.server, &event) == GW_OK);
    CHECK(gw_http_server_next(s.server, &event) == GW_ERR_LIMIT);
    CHECK(gw_http_server_next(s.server, &event) == GW_ERR_LIMIT);
    CHECK(gw_http_server_error_status(s.server) == 413);
    CHECK(gw_http_server_error_text(s.server).len > 0);
    REQUIRE(gw_http_server_send_head(s.server, 413, nullptr, 0, GW_HTTP_NO_CONTENT, 0, 0) == GW_OK);
    REQUIRE(gw_http_server_send_end(s.server, nullptr, 0) == GW_OK);
    CHECK(s.output().find("Connection: close\r\n") != std::string::npos);
    CHECK(gw_http_server_should_close(s.server));
    CHECK(gw_http_server_should_linger(s.server));
    CHECK(gw_http_server_finish(s.server) == GW_ERR_LIMIT);

    ServerHandle cut;
    REQUIRE(gw_http_server_feed(cut.server, "GET", 3) == GW_OK);
    CHECK(gw_http_server_next(cut.server, &event) == GW_DONE);
    CHECK(gw_http_server_in_head(cut.server));
    CHECK(gw_http_server_finish(cut.server) == GW_ERR_TRUNCATED);
    CHECK(gw_http_server_error_text(cut.server).len > 0);
}

TEST_CASE("http api: misuse is an error, not a crash") {
    ServerHandle s;
    ClientHandle c;
    gw_http_event event{};
    CHECK(gw_http_server_new(nullptr, nullptr, nullptr) == GW_ERR_ARGUMENT);
    CHECK(gw_http_server_feed(nullptr, "x", 1) == GW_ERR_ARGUMENT);
    CHECK(gw_http_server_feed(s.server, nullptr, 1) == GW_ERR_ARGUMENT);
    CHECK(gw_http_server_feed(s.server, nullptr, 0) == GW_OK);
    CHECK(gw_http_server_next(s.server, nullptr) == GW_ERR_ARGUMENT);
    CHECK(gw_http_server_next(s.server, &event) == GW_ERR_ARGUMENT);  // no size
    CHECK(gw_http_server_send_body(s.server, "x", 1) == GW_ERR_STATE);
    CHECK(gw_http_server_send_end(s.server, nullptr, 0) == GW_ERR_STATE);
    CHECK(gw_http_server_accept_upgrade(s.server, nullptr, 0, 0) == GW_ERR_STATE);
    CHECK(gw_http_server_send_continue(s.server) == GW_OK);
    CHECK(s.output().empty());
    for (const int status : {-1, 0, 101, 199, 1000}) {
        CHECK(gw_http_server_send_head(s.server, status, nullptr, 0, GW_HTTP_LENGTH, 0, 0) == GW_ERR_ARGUMENT);
    }
    CHECK(gw_http_server_send_head(s.server, 200, nullptr, 1, GW_HTTP_LENGTH, 0, 0) == GW_ERR_ARGUMENT);
    for (const char* name : {"Content-Length", "transfer-encoding", "CONNECTION", "Date", "Trailer"}) {
        const gw_http_field field{str(name), str("1")};
        CHECK(gw_http_server_send_head(s.server, 200, &field, 1, GW_HTTP_LENGTH, 0, 0) == GW_ERR_ARGUMENT);
    }
    const gw_http_field host{str("Host"), str("a")};
    CHECK(gw_http_client_send_head(c.client, str("GET"), str("/"), nullptr, 0, GW_HTTP_NO_CONTENT, 0) ==
          GW_ERR_ARGUMENT);
    CHECK(gw_http_client_send_head(c.client, str("GET"), str("/ x"), &host, 1, GW_HTTP_NO_CONTENT, 0) ==
          GW_ERR_ARGUMENT);
    CHECK(gw_http_client_send_head(c.client, str("G T"), str("/"), &host, 1, GW_HTTP_NO_CONTENT, 0) == GW_ERR_ARGUMENT);
    CHECK(gw_http_client_send_head(c.client, str("GET"), str("/"), &host, 1, GW_HTTP_NO_CONTENT, 0) == GW_OK);
    CHECK(gw_http_client_send_head(c.client, str("GET"), str("/"), &host, 1, GW_HTTP_NO_CONTENT, 0) == GW_ERR_STATE);
    CHECK(gw_http_client_finish(c.client) == GW_ERR_TRUNCATED);
    CHECK(gw_http_client_error_text(c.client).len > 0);

    gw_http_server_free(nullptr);
    gw_http_client_free(nullptr);
    gw_http_server_abort_response(nullptr);
    gw_http_server_close_after_response(nullptr);
    gw_http_server_set_body_bytes_max(nullptr, 1);
    CHECK_FALSE(gw_http_server_should_close(nullptr));
    CHECK_FALSE(gw_http_client_reusable(nullptr));
    CHECK(gw_http_server_take_rest(nullptr).len == 0);
    CHECK(gw_http_reason(777).len == 0);
}

TEST_CASE("http api: structs of other versions") {
    struct Newer {
        gw_http_limits known;
        std::uint64_t unknown;
    } newer{};
    newer.known.size = sizeof newer;
    gw_http_server* server = nullptr;
    newer.unknown = 1;
    CHECK(gw_http_server_new(&newer.known, nullptr, &server) == GW_ERR_UNSUPPORTED);
    newer.unknown = 0;
    REQUIRE(gw_http_server_new(&newer.known, nullptr, &server) == GW_OK);

    // An older event, which knows only the kind, is filled as far as it goes.
    struct Older {
        std::size_t size;
        gw_http_event_kind kind;
        unsigned char behind[sizeof(gw_http_event)];
    } older{};
    older.size = offsetof(gw_http_event, status);
    std::memset(older.behind, 0x5A, sizeof older.behind);
    REQUIRE(gw_http_server_feed(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27) == GW_OK);
    REQUIRE(gw_http_server_next(server, reinterpret_cast<gw_http_event*>(&older)) == GW_OK);
    CHECK(older.kind == GW_HTTP_HEAD);
    for (const unsigned char byte : older.behind) REQUIRE(byte == 0x5A);
    gw_http_server_free(server);
}

TEST_CASE("http api: an upgrade") {
    ServerHandle s;
    const std::string_view wire =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x01x";
    REQUIRE(gw_http_server_feed(s.server, wire.data(), wire.size()) == GW_OK);
    gw_http_event event = sized_event();
    REQUIRE(gw_http_server_next(s.server, &event) == GW_OK);
    CHECK(event.upgrade);
    const gw_http_field fields[] = {{str("Upgrade"), str("websocket")}, {str("Connection"), str("Upgrade")}};
    REQUIRE(gw_http_server_accept_upgrade(s.server, fields, 2, 0) == GW_OK);
    CHECK(s.output() == "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    REQUIRE(gw_http_server_next(s.server, &event) == GW_OK);
    CHECK(event.kind == GW_HTTP_END);
    REQUIRE(gw_http_server_next(s.server, &event) == GW_OK);
    CHECK(event.kind == GW_HTTP_UPGRADE);
    CHECK(text(gw_http_server_take_rest(s.server)) == "\x81\x01x");
    CHECK(gw_http_server_take_rest(s.server).len == 0);
}

TEST_CASE("http api: every allocation may be refused") {
    TestHost host;
    const std::string_view wire = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    std::size_t n = 0;
    for (bool complete = false; !complete; ++n) {
        REQUIRE(n < 100);
        host.fail_at(n);
        gw_http_server* server = nullptr;
        gw_status status = gw_http_server_new(nullptr, host.host(), &server);
        gw_http_event event = sized_event();
        const auto step = [&](gw_status outcome) { status = status >= 0 ? outcome : status; };
        if (status == GW_OK) {
            step(gw_http_server_feed(server, wire.data(), wire.size()));
            while (status == GW_OK) step(gw_http_server_next(server, &event));
            if (status == GW_DONE) step(gw_http_server_send_head(server, 200, nullptr, 0, GW_HTTP_CHUNKED, 0, 0));
            if (status == GW_OK) step(gw_http_server_send_body(server, "abc", 3));
            if (status == GW_OK) step(gw_http_server_send_end(server, nullptr, 0));
        }
        complete = status == GW_OK;
        CHECK((complete || status == GW_ERR_NO_MEMORY));
        gw_http_server_free(server);
        host.fail_never();
        REQUIRE(host.bytes_out() == 0);
    }
    CHECK(n > 3);
}

TEST_CASE("http api: what an idle connection costs") {
    TestHost host;
    ServerHandle s(nullptr, host.host());
    const std::string wire =
        "POST / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20000, 'x') + "\r\nContent-Length: 2\r\n\r\nhi";
    REQUIRE(gw_http_server_feed(s.server, wire.data(), wire.size()) == GW_OK);
    gw_http_event event = sized_event();
    while (gw_http_server_next(s.server, &event) == GW_OK) {
    }
    REQUIRE(gw_http_server_send_head(s.server, 200, nullptr, 0, GW_HTTP_NO_CONTENT, 0, 0) == GW_OK);
    REQUIRE(gw_http_server_send_end(s.server, nullptr, 0) == GW_OK);
    static_cast<void>(s.output());
    CHECK(gw_http_server_next(s.server, &event) == GW_DONE);
    CHECK(gw_http_server_idle(s.server));
    CHECK(host.bytes_out() < 6 * 1024);
}

}  // namespace
}  // namespace gw::test
