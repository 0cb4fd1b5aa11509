#include "gateway/ws.h"

#include <cstring>

#include "ws/support.h"

namespace gw::ws::test {

namespace {

std::string take_output(gw_ws* ws) {
    gw_buf buf{};
    if (gw_ws_take_output(ws, &buf) != GW_OK) return {};
    std::string text(static_cast<const char*>(buf.data), buf.len);
    gw_buf_free(&buf);
    return text;
}

gw_status feed(gw_ws* ws, std::string_view wire) { return gw_ws_feed(ws, wire.data(), wire.size()); }

gw_ws_event new_event() {
    gw_ws_event event{};
    event.size = sizeof event;
    return event;
}

}  // namespace

TEST_CASE("ws api: a conversation") {
    gw::test::TestHost host;
    gw_ws* server = nullptr;
    gw_ws* client = nullptr;
    gw_ws_options options{};
    options.size = sizeof options;
    options.role = GW_WS_CLIENT;
    REQUIRE(gw_ws_new(host.host(), nullptr, &server) == GW_OK);
    REQUIRE(gw_ws_new(host.host(), &options, &client) == GW_OK);
    gw_buf none{};
    CHECK(gw_ws_take_output(client, &none) == GW_DONE);

    CHECK(gw_ws_send(client, GW_WS_TEXT, "hi", 2) == GW_OK);
    CHECK(gw_ws_send_fragment(client, GW_WS_BINARY, "a", 1, false) == GW_OK);
    CHECK(gw_ws_send(client, GW_WS_TEXT, "no", 2) == GW_ERR_STATE);
    CHECK(gw_ws_send(client, GW_WS_PING, "p", 1) == GW_OK);
    CHECK(gw_ws_send_fragment(client, GW_WS_BINARY, nullptr, 0, true) == GW_OK);
    CHECK(gw_ws_close(client, 1000, as_str("bye")) == GW_OK);
    CHECK(gw_ws_close(client, 1000, as_str("bye")) == GW_ERR_STATE);
    CHECK(gw_ws_send(client, GW_WS_TEXT, "no", 2) == GW_ERR_STATE);
    CHECK(gw_ws_close_sent(client));
    CHECK(gw_ws_output_size(client) > 0);

    const std::string wire = take_output(client);
    REQUIRE(feed(server, wire) == GW_OK);
    CHECK(feed(server, wire) == GW_ERR_STATE);
    struct Want {
        gw_ws_kind kind;
        std::string_view data;
        unsigned code;
    };
    for (const Want& want : {Want{GW_WS_TEXT, "hi", 0}, Want{GW_WS_PING, "p", 0}, Want{GW_WS_BINARY, "a", 0},
                             Want{GW_WS_CLOSE, "bye", 1000}}) {
        gw_ws_event event = new_event();
        REQUIRE(gw_ws_next(server, &event) == GW_OK);
        CHECK(event.kind == want.kind);
        CHECK(as_text(event.data) == want.data);
        CHECK(event.code == want.code);
        if (event.kind == GW_WS_PING) CHECK(gw_ws_send(server, GW_WS_PONG, event.data.data, event.data.len) == GW_OK);
        if (event.kind == GW_WS_CLOSE) CHECK(gw_ws_close(server, event.code, event.data) == GW_OK);
    }
    gw_ws_event event = new_event();
    CHECK(gw_ws_next(server, &event) == GW_DONE);
    CHECK(gw_ws_close_received(server));
    CHECK(take_output(server) ==
          frame(10, "p", {true, 0, false, -1}) + frame(8, close_payload(1000, "bye"), {true, 0, false, -1}));
    gw_ws_free(server);
    gw_ws_free(client);
}

TEST_CASE("ws api: failures have a code and a sentence") {
    struct Case {
        std::string wire;
        gw_status status;
        unsigned code;
    };
    for (const Case& c : {Case{frame(3, ""), GW_ERR_PROTOCOL, 1002}, Case{frame(1, "\xFF"), GW_ERR_DATA, 1007},
                          Case{frame(1, "123456789"), GW_ERR_LIMIT, 1009}}) {
        gw_ws* ws = nullptr;
        gw_ws_options options{};
        options.size = sizeof options;
        options.message_bytes_max = 4;
        REQUIRE(gw_ws_new(nullptr, &options, &ws) == GW_OK);
        gw_ws_set_message_bytes_max(ws, 8);
        CHECK(gw_ws_close_code(ws) == 0);
        CHECK(gw_ws_error(ws).len == 0);
        gw_ws_event event = new_event();
        REQUIRE(feed(ws, c.wire) == GW_OK);
        CHECK(gw_ws_next(ws, &event) == c.status);
        CHECK(gw_ws_next(ws, &event) == c.status);
        CHECK(gw_ws_close_code(ws) == c.code);
        CHECK(gw_ws_error(ws).len > 0);
        CHECK(feed(ws, "more") == GW_OK);
        CHECK(gw_ws_close(ws, gw_ws_close_code(ws), gw_ws_error(ws)) == GW_OK);
        gw_ws_free(ws);
    }
}

TEST_CASE("ws api: the caller's mistakes") {
    gw_ws* ws = nullptr;
    gw_ws_options options{};
    CHECK(gw_ws_new(nullptr, nullptr, nullptr) == GW_ERR_ARGUMENT);
    CHECK(gw_ws_new(nullptr, &options, &ws) == GW_ERR_ARGUMENT);
    options.size = sizeof options;
    const int no_role = 2;
    std::memcpy(&options.role, &no_role, sizeof no_role);
    CHECK(gw_ws_new(nullptr, &options, &ws) == GW_ERR_ARGUMENT);
    struct Longer {
        gw_ws_options options;
        std::size_t newer;
    } longer{{sizeof(Longer), GW_WS_SERVER, 0}, 1};
    CHECK(gw_ws_new(nullptr, &longer.options, &ws) == GW_ERR_UNSUPPORTED);
    REQUIRE(gw_ws_new(nullptr, nullptr, &ws) == GW_OK);
    gw_ws_event event{};
    CHECK(gw_ws_next(ws, &event) == GW_ERR_ARGUMENT);
    CHECK(gw_ws_next(ws, nullptr) == GW_ERR_ARGUMENT);
    CHECK(gw_ws_feed(ws, nullptr, 1) == GW_ERR_ARGUMENT);
    CHECK(gw_ws_feed(nullptr, "", 0) == GW_ERR_ARGUMENT);
    CHECK(gw_ws_send(ws, GW_WS_CLOSE, "", 0) == GW_ERR_ARGUMENT);
    CHECK(gw_ws_send(ws, GW_WS_PING, std::string(126, 'p').data(), 126) == GW_ERR_ARGUMENT);
    CHECK(gw_ws_send(nullptr, GW_WS_PING, "", 0) == GW_ERR_ARGUMENT);
    CHECK(gw_ws_send_fragment(ws, GW_WS_PONG, "", 0, true) == GW_ERR_ARGUMENT);
    for (const std::uint16_t code : {0, 999, 1004, 1006, 1015, 2999, 5000}) {
        CHECK(gw_ws_close(ws, code, {nullptr, 0}) == GW_ERR_ARGUMENT);
    }
    CHECK(gw_ws_take_output(ws, nullptr) == GW_ERR_ARGUMENT);
    gw_ws_free(ws);
    gw_ws_free(nullptr);
    CHECK(gw_ws_close_code(nullptr) == 0);
}

TEST_CASE("ws api: the handshake") {
    char key[24];
    char accept[28];
    REQUIRE(gw_ws_make_key(nullptr, key) == GW_OK);
    REQUIRE(gw_ws_accept_key({key, sizeof key}, accept) == GW_OK);
    CHECK(gw_ws_accept_key(as_str("short"), accept) == GW_ERR_DATA);
    REQUIRE(gw_ws_accept_key(as_str("dGhlIHNhbXBsZSBub25jZQ=="), accept) == GW_OK);
    CHECK(std::string_view(accept, sizeof accept) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");

    gw_host host{};
    host.size = sizeof host;
    host.random = [](void*, void*, std::size_t) { return false; };
    CHECK(gw_ws_make_key(&host, key) == GW_ERR_RANDOM);
    gw_ws* client = nullptr;
    gw_ws_options options{};
    options.size = sizeof options;
    options.role = GW_WS_CLIENT;
    REQUIRE(gw_ws_new(&host, &options, &client) == GW_OK);
    CHECK(gw_ws_send(client, GW_WS_TEXT, "a", 1) == GW_ERR_RANDOM);
    gw_ws_free(client);

    const gw_str protocols[] = {as_str("b"), as_str("a")};
    gw_ws_upgrade_request request{};
    request.size = sizeof request;
    request.method = as_str("GET");
    request.host = as_str("h");
    request.upgrade = as_str("websocket");
    request.connection = as_str("Upgrade");
    request.key = {key, sizeof key};
    request.version = as_str("13");
    request.protocols = as_str("a, b");
    gw_ws_upgrade_answer answer{};
    answer.size = sizeof answer;
    REQUIRE(gw_ws_answer_upgrade(&request, protocols, 2, &answer) == GW_OK);
    CHECK(answer.status == 101);
    CHECK(answer.error.len == 0);
    CHECK(answer.protocol.data == protocols[1].data);

    gw_ws_upgrade_response response{};
    response.size = sizeof response;
    response.status = answer.status;
    response.upgrade = as_str("websocket");
    response.connection = as_str("Upgrade");
    response.accept = {answer.accept, sizeof answer.accept};
    response.protocol = answer.protocol;
    CHECK(gw_ws_check_upgrade(&response, request.key, protocols, 2) == GW_OK);
    CHECK(gw_ws_check_upgrade(&response, request.key, nullptr, 0) == GW_ERR_PROTOCOL);
    response.status = 500;
    CHECK(gw_ws_check_upgrade(&response, request.key, protocols, 2) == GW_ERR_UPSTREAM);

    request.http_1_0 = true;
    REQUIRE(gw_ws_answer_upgrade(&request, protocols, 2, &answer) == GW_OK);
    CHECK(answer.status == 400);
    CHECK(answer.error.len > 0);
    request.key = {nullptr, 0};
    request.http_1_0 = false;
    REQUIRE(gw_ws_answer_upgrade(&request, nullptr, 0, &answer) == GW_OK);
    CHECK(as_text(answer.error) == "Missing or invalid Sec-WebSocket-Key header");
    answer.size = 0;
    CHECK(gw_ws_answer_upgrade(&request, nullptr, 0, &answer) == GW_ERR_ARGUMENT);
    CHECK(gw_ws_answer_upgrade(&request, nullptr, 1, &answer) == GW_ERR_ARGUMENT);
}

TEST_CASE("ws api: cutting a close reason") {
    const std::string reason = std::string(122, 'r') + "\xC3\xA4";
    CHECK(gw_ws_cut_close_reason(as_str(reason)).len == 122);
    CHECK(gw_ws_cut_close_reason(as_str("short")).len == 5);
    CHECK(gw_ws_cut_close_reason({nullptr, 0}).len == 0);
}

TEST_CASE("ws api: an allocator that refuses") {
    const std::string wire = frame(1, std::string(3000, 'a'), {false, 0, true, -1}) + frame(0, std::string(3000, 'b'));
    for (std::size_t n = 0;; ++n) {
        gw::test::TestHost host;
        host.fail_at(n);
        gw_ws* ws = nullptr;
        gw_status status = gw_ws_new(host.host(), nullptr, &ws);
        if (status == GW_OK) status = feed(ws, wire);
        gw_ws_event event = new_event();
        if (status == GW_OK) status = gw_ws_next(ws, &event);
        if (status == GW_OK) status = gw_ws_send(ws, event.kind, event.data.data, event.data.len);
        if (status == GW_OK) status = gw_ws_close(ws, 1000, {nullptr, 0});
        gw_ws_free(ws);
        if (status == GW_OK) break;
        CHECK(status == GW_ERR_NO_MEMORY);
        REQUIRE(n < 100);
    }
}

}  // namespace gw::ws::test
