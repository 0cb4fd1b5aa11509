// What a Client writes, and when its connection can be used again.
#include "http1/transcript.h"
#include "support/test.h"

namespace gw::test {
namespace {

using http1::Framing;
using http1::Header;
using Fields = std::vector<Header>;

TEST_CASE("http1: heads of requests") {
    struct Case {
        std::string_view name, method;
        Fields fields;
        Framing framing;
        std::uint64_t length;
        std::string_view want;
    };
    const Case cases[] = {
        {"GET", "GET", {}, Framing::none, 0, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"POST without content says so",
         "POST",
         {},
         Framing::none,
         0,
         "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
        {"length",
         "POST",
         {{"Content-Type", "t/p"}},
         Framing::length,
         7,
         "POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: t/p\r\nContent-Length: 7\r\n\r\n"},
        {"chunked", "PUT", {}, Framing::chunked, 0, "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"Connection names Upgrade",
         "GET",
         {{"Upgrade", "websocket"}},
         Framing::none,
         0,
         "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"},
        {"a field that would split the request is dropped",
         "GET",
         {{"A", "1\r\n\r\nGET /evil"}, {"B\r\n", "1"}},
         Framing::none,
         0,
         "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        ClientTranscript client("");
        Fields fields = c.fields;
        fields.insert(fields.begin(), {"Host", "a"});
        CHECK(client.client.may_send());
        client.client.send_head(client.out, c.method, "/x", fields, c.framing, c.length);
        CHECK(client.out.text() == c.want);
        CHECK(client.client.request_open());
        CHECK_FALSE(client.client.may_send());
    }
}

TEST_CASE("http1: a request line that would become two is not written") {
    const std::string_view targets[] = {
        "/a b", "/a\r\nX: y", "/a\n", "", "/\xC3\xA4", "/a#b", std::string_view("/\0", 2)};
    const Header host[] = {{"Host", "a"}};
    for (const std::string_view target : targets) {
        ClientTranscript client("");
        client.client.send_head(client.out, "GET", target, host, Framing::none, 0);
        CHECK(client.out.empty());
        const auto event = client.client.next();
        REQUIRE_FALSE(event);
        CHECK(event.error().status == GW_ERR_ARGUMENT);
    }
    ClientTranscript client("");
    client.client.send_head(client.out, "GET /evil HTTP/1.1\r\nX:", "/", host, Framing::none, 0);
    CHECK(client.out.empty());
    CHECK_FALSE(client.client.may_send());
}

TEST_CASE("http1: when a connection to a server can be used again") {
    struct Case {
        std::string_view name, wire;
        bool reusable;
    };
    const Case cases[] = {
        {"a complete response", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", true},
        {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
        {"an incomplete response", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", false},
        {"Connection: close", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx", false},
        {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", false},
        {"HTTP/1.0 with keep-alive", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx", true},
        {"until the close", "HTTP/1.1 200 OK\r\n\r\nx", false},
        {"bytes behind the response", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy", false},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        ClientTranscript client("GET");
        CHECK_FALSE(client.client.reusable());
        client.feed(c.wire);
        CHECK(client.client.reusable() == c.reusable);
        client.finish();
        CHECK_FALSE(client.client.reusable());
    }
    ClientTranscript unused("");
    CHECK(unused.client.reusable());
    CHECK(unused.client.finish());
}

TEST_CASE("http1: a response that comes before the request is complete") {
    const Header host[] = {{"Host", "a"}};
    ClientTranscript client("");
    SECTION("before anything was asked") {
        client.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        CHECK(client.text() == "error protocol\n");
    }
    SECTION("head first, end after our end") {
        client.client.send_head(client.out, "POST", "/", host, Framing::length, 4);
        client.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
        client.client.send_body(client.out, as_bytes("body"));
        client.client.send_end(client.out);
        client.feed("b");
        CHECK(client.text().ends_with("body ab\nend\n"));
        CHECK(client.client.reusable());
    }
    SECTION("all of it") {
        client.client.send_head(client.out, "POST", "/", host, Framing::length, 4);
        client.feed("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        CHECK(client.text().ends_with("end\n"));
        CHECK_FALSE(client.client.reusable());
        client.client.send_body(client.out, as_bytes("body"));
        client.client.send_end(client.out);
        CHECK_FALSE(client.client.reusable());
    }
    SECTION("less content than announced") {
        client.client.send_head(client.out, "POST", "/", host, Framing::length, 4);
        client.client.send_body(client.out, as_bytes("bod"));
        client.client.send_end(client.out);
        client.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        CHECK_FALSE(client.client.reusable());
    }
}

TEST_CASE("http1: the bytes behind a switch of protocols are handed over") {
    const std::string wire =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi";
    for_each_split(wire, [&](const Pieces& pieces) {
        INFO("cut as " << pieces);
        ClientTranscript client("UPGRADE");
        std::string rest;
        for (const std::string_view piece : pieces) {
            client.feed(piece);
            if (client.text().ends_with("upgrade\n")) rest += as_text(client.client.take_rest());
        }
        REQUIRE(rest == "\x81\x02hi");
        REQUIRE_FALSE(client.client.reusable());
        REQUIRE_FALSE(client.client.may_send());
        REQUIRE(client.client.finish());
    });
}

}  // namespace
}  // namespace gw::test
