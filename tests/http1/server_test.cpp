// What a Server writes, and when it keeps, drains or closes the connection.
#include "http1/transcript.h"
#include "support/test.h"

namespace gw::test {
namespace {

using http1::Framing;
using http1::Header;
using Fields = std::vector<Header>;

constexpr std::uint64_t november_1994 = 784111777000;
constexpr std::string_view date_line = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

// A server that does not answer by itself.
struct Manual : ServerTranscript {
    explicit Manual(const http1::Limits& limits = {}) : ServerTranscript(limits) { answers = false; }
    // Everything written since the last call.
    std::string written() {
        std::string text(out.text());
        out.clear();
        return text;
    }
    void answer(int status, std::string_view content = "") {
        server.send_head(out, status, {}, Framing::length, content.size(), 0);
        server.send_body(out, as_bytes(content));
        server.send_end(out);
    }
};

constexpr std::string_view get_1_1 = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_CASE("http1: heads of responses") {
    struct Case {
        std::string_view name, request;
        int status;
        Fields fields;
        Framing framing;
        std::uint64_t length;
        std::string want;  // without the Date line
        bool closes;
    };
    const std::string_view head_1_1 = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string_view get_1_0 = "GET / HTTP/1.0\r\n\r\n";
    const std::string_view kept_1_0 = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    const std::string_view closing = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const std::string_view connect = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n";
    const Case cases[] = {
        {"length",
         get_1_1,
         200,
         {{"A", "b"}},
         Framing::length,
         0,
         "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n",
         false},
        {"no content is said",
         get_1_1,
         200,
         {},
         Framing::none,
         0,
         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
         false},
        {"chunked",
         get_1_1,
         200,
         {},
         Framing::chunked,
         0,
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         false},
        {"a status without reason",
         get_1_1,
         299,
         {},
         Framing::none,
         0,
         "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n",
         false},
        {"204 has no framing", get_1_1, 204, {}, Framing::length, 0, "HTTP/1.1 204 No Content\r\n\r\n", false},
        {"204 is never chunked", get_1_1, 204, {}, Framing::chunked, 0, "HTTP/1.1 204 No Content\r\n\r\n", false},
        {"304 may have a length",
         get_1_1,
         304,
         {},
         Framing::length,
         9,
         "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
         false},
        {"304 without", get_1_1, 304, {}, Framing::none, 0, "HTTP/1.1 304 Not Modified\r\n\r\n", false},
        {"205 says that it is empty",
         get_1_1,
         205,
         {},
         Framing::chunked,
         0,
         "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
         false},
        {"HEAD, length",
         head_1_1,
         200,
         {},
         Framing::length,
         1000,
         "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
         false},
        {"HEAD, chunked",
         head_1_1,
         200,
         {},
         Framing::chunked,
         0,
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         false},
        {"HEAD, unknown", head_1_1, 200, {}, Framing::none, 0, "HTTP/1.1 200 OK\r\n\r\n", false},
        {"HTTP/1.0 closes",
         get_1_0,
         200,
         {},
         Framing::length,
         0,
         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
         true},
        {"HTTP/1.0 that asks to be kept",
         kept_1_0,
         200,
         {},
         Framing::length,
         0,
         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
         false},
        {"HTTP/1.0 knows no chunks",
         kept_1_0,
         200,
         {},
         Framing::chunked,
         0,
         "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
         true},
        {"the client closes",
         closing,
         200,
         {},
         Framing::length,
         0,
         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
         true},
        {"nothing follows CONNECT",
         connect,
         405,
         {{"Allow", "GET"}},
         Framing::none,
         0,
         "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
         true},
        {"Connection names Upgrade",
         get_1_1,
         426,
         {{"Upgrade", "websocket"}},
         Framing::none,
         0,
         "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\nConnection: upgrade\r\n\r\n",
         false},
        {"a field that would split the response is dropped",
         get_1_1,
         200,
         {{"A", "1\r\nSet-Cookie: x"},
          {"B", "1\n"},
          {"C", "1\r"},
          {"D", std::string_view("1\0", 2)},
          {"E:\r\nF", "1"},
          {"", "1"},
          {"G H", "1"},
          {"I", "\x7F"},
          {"J", "tab\tand \xC3\xA4"}},
         Framing::none,
         0,
         "HTTP/1.1 200 OK\r\nJ: tab\tand \xC3\xA4\r\nContent-Length: 0\r\n\r\n",
         false},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        Manual s;
        s.feed(c.request);
        REQUIRE(s.server.may_answer());
        s.server.send_head(s.out, c.status, c.fields, c.framing, c.length, november_1994);
        CHECK(s.server.response_open());
        CHECK_FALSE(s.server.should_close());
        std::string want = c.want;
        want.insert(want.find("\r\n") + 2, date_line);
        CHECK(s.written() == want);
        s.server.send_end(s.out);
        CHECK_FALSE(s.server.response_open());
        CHECK(s.server.should_close() == c.closes);
        CHECK_FALSE(s.server.should_linger());
        CHECK(s.server.idle() != c.closes);
    }
}

TEST_CASE("http1: content of responses") {
    Manual s;
    SECTION("one chunk per call, none for nothing") {
        s.feed(get_1_1);
        s.server.send_head(s.out, 200, {}, Framing::chunked, 0, 0);
        static_cast<void>(s.written());
        s.server.send_body(s.out, as_bytes("hello"));
        s.server.send_body(s.out, {});
        s.server.send_body(s.out, as_bytes(std::string(26, 'x')));
        CHECK(s.server.body_room() == UINT64_MAX);
        CHECK(s.written() == "5\r\nhello\r\n1a\r\n" + std::string(26, 'x') + "\r\n");
        const Header trailers[] = {{"Server-Timing", "a"}, {"Content-Length", "3"}, {"X", "1\r\nY: 2"}};
        s.server.send_end(s.out, trailers);
        CHECK(s.written() == "0\r\nServer-Timing: a\r\n\r\n");
        CHECK(s.server.idle());
    }
    SECTION("a length that is kept") {
        s.feed(get_1_1);
        s.server.send_head(s.out, 200, {}, Framing::length, 4, 0);
        static_cast<void>(s.written());
        s.server.send_body(s.out, as_bytes("ab"));
        CHECK(s.server.body_room() == 2);
        s.server.send_body(s.out, as_bytes("cd"));
        CHECK(s.server.body_room() == 0);
        const Header trailers[] = {{"X", "dropped"}};
        s.server.send_end(s.out, trailers);
        CHECK(s.written() == "abcd");
        CHECK_FALSE(s.server.should_close());
    }
    SECTION("a length that is not reached") {
        s.feed(get_1_1);
        s.server.send_head(s.out, 200, {}, Framing::length, 4, 0);
        s.server.send_body(s.out, as_bytes("abc"));
        s.server.send_end(s.out);
        CHECK(s.server.should_close());
        CHECK_FALSE(s.server.idle());
        s.feed(get_1_1);
        CHECK(s.text() == "request GET / 1.1\nfield Host: a\nend\n");
    }
    SECTION("none for HEAD") {
        s.feed("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
        s.server.send_head(s.out, 200, {}, Framing::length, 4, 0);
        static_cast<void>(s.written());
        s.server.send_body(s.out, as_bytes("much more than that"));
        s.server.send_end(s.out);
        CHECK(s.written().empty());
        CHECK_FALSE(s.server.should_close());
    }
    SECTION("until the connection closes, for HTTP/1.0") {
        s.feed("GET / HTTP/1.0\r\n\r\n");
        s.server.send_head(s.out, 200, {}, Framing::chunked, 0, 0);
        static_cast<void>(s.written());
        s.server.send_body(s.out, as_bytes("ab"));
        s.server.send_body(s.out, as_bytes("cd"));
        s.server.send_end(s.out);
        CHECK(s.written() == "abcd");
        CHECK(s.server.should_close());
    }
    SECTION("given up") {
        s.feed(get_1_1);
        s.server.send_head(s.out, 200, {}, Framing::chunked, 0, 0);
        s.server.send_body(s.out, as_bytes("ab"));
        s.server.abort_response();
        CHECK_FALSE(s.server.response_open());
        CHECK(s.server.should_close());
        s.server.abort_response();
        CHECK_FALSE(s.server.may_answer());
    }
}

TEST_CASE("http1: one request at a time") {
    Manual s;
    CHECK(s.server.idle());
    CHECK(s.server.wants_input());
    {
        // The piece is gone as soon as next() has given nothing.
        std::string piece =
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab";
        s.feed(piece);
        piece.assign(piece.size(), '!');
    }
    CHECK(s.text() == "request GET /1 1.1\nfield Host: a\nend\n");
    CHECK_FALSE(s.server.wants_input());
    CHECK_FALSE(s.server.idle());
    s.feed("cdGET /3 ");  // fed although it was not asked for
    s.feed("HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(s.text() == "request GET /1 1.1\nfield Host: a\nend\n");

    s.answer(200);
    s.drain();
    CHECK(s.text() ==
          "request GET /1 1.1\nfield Host: a\nend\n"
          "request POST /2 1.1\nfield Host: a\nfield Content-Length: 4\nlength 4\nbody abcd\nend\n");
    s.answer(200);
    s.drain();
    CHECK(s.text().ends_with("request GET /3 1.1\nfield Host: a\nend\n"));
    CHECK_FALSE(s.server.wants_input());
    s.answer(200);
    s.drain();
    CHECK(s.server.wants_input());
    CHECK(s.server.idle());
}

TEST_CASE("http1: a client that sends far ahead is closed, not stored") {
    Manual s;
    s.feed(get_1_1);
    const std::string flood(16 * 1024, 'x');
    std::size_t fed = 0;
    while (fed < 1024 * 1024) {
        s.feed(flood);
        fed += flood.size();
    }
    CHECK(s.out.pool()->bytes_out() <= 256 * 1024);
    s.answer(200);
    CHECK(s.written().find("Connection: close\r\n") != std::string::npos);
    CHECK(s.server.should_close());
    CHECK(s.server.should_linger());
    s.drain();
    CHECK_FALSE(s.failed);
    CHECK(s.out.pool()->bytes_out() == 0);
}

TEST_CASE("http1: an answer before the end of the request") {
    Manual s;
    SECTION("what is left is dropped when it is little, and the end comes") {
        s.feed("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        s.answer(401);
        CHECK(s.written().find("Connection") == std::string::npos);
        CHECK_FALSE(s.server.should_close());
        CHECK_FALSE(s.server.idle());
        s.feed("defghij");
        CHECK(s.server.idle());
        s.feed("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(s.text() ==
              "request POST /1 1.1\nfield Host: a\nfield Content-Length: 10\nlength 10\nbody abc\nend\n"
              "request GET /2 1.1\nfield Host: a\nend\n");
    }
    SECTION("an answer between head and end, nothing left") {
        s.server.feed(as_bytes(get_1_1));
        const auto head = s.server.next();
        REQUIRE((head && *head && (*head)->kind == http1::EventKind::head));
        s.answer(200);
        CHECK_FALSE(s.server.idle());
        const auto end = s.server.next();
        REQUIRE((end && *end && (*end)->kind == http1::EventKind::end));
        CHECK(s.server.idle());
    }
    SECTION("much that is announced closes the connection") {
        s.feed("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n");
        s.answer(401);
        CHECK(s.written().find("Connection: close\r\n") != std::string::npos);
        CHECK(s.server.should_close());
        CHECK(s.server.should_linger());
        s.feed(std::string(65537, 'x') + std::string(get_1_1));
        CHECK(s.text() == "request POST /1 1.1\nfield Host: a\nfield Content-Length: 65537\nlength 65537\n");
    }
    SECTION("as much as is drained") {
        s.feed("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n");
        s.answer(401);
        CHECK_FALSE(s.server.should_close());
        s.feed(std::string(65536, 'x') + std::string(get_1_1));
        CHECK(s.text().ends_with("end\nrequest GET / 1.1\nfield Host: a\nend\n"));
    }
    SECTION("chunks that turn out to be much close the connection") {
        s.feed("POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        s.answer(401);
        CHECK_FALSE(s.server.should_close());
        for (int i = 0; i < 64; ++i) s.feed("400\r\n" + std::string(1024, 'x') + "\r\n");
        CHECK_FALSE(s.server.should_close());
        s.feed("1\r\nx\r\n");
        CHECK(s.server.should_close());
        CHECK(s.server.should_linger());
        CHECK_FALSE(s.failed);
    }
    SECTION("broken chunks cannot be answered twice") {
        s.feed("POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        s.answer(401);
        s.feed("xyz\r\n");
        CHECK(s.failed);
        CHECK(s.server.error_status() == 0);
        CHECK_FALSE(s.server.may_answer());
        CHECK(s.server.should_close());
    }
    SECTION("broken chunks while the answer is open") {
        s.feed("POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        s.server.send_head(s.out, 200, {}, Framing::chunked, 0, 0);
        s.feed("xyz\r\n");
        CHECK(s.failed);
        CHECK(s.server.error_status() == 0);
        CHECK_FALSE(s.server.should_close());
        s.server.abort_response();
        CHECK(s.server.should_close());
        CHECK(s.server.should_linger());
    }
}

TEST_CASE("http1: Expect: 100-continue") {
    const std::string_view expecting =
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
    Manual s;
    SECTION("continue, once") {
        s.feed(expecting);
        CHECK(s.server.expects_continue());
        s.server.send_continue(s.out);
        s.server.send_continue(s.out);
        CHECK(s.written() == "HTTP/1.1 100 Continue\r\n\r\n");
        CHECK_FALSE(s.server.expects_continue());
        s.feed("abc");
        s.answer(200);
        CHECK(s.server.idle());
    }
    SECTION("a final answer instead closes: the content may come or not") {
        s.feed(expecting);
        s.answer(417);
        CHECK(s.written().find("Connection: close\r\n") != std::string::npos);
        CHECK(s.server.should_close());
        CHECK(s.server.should_linger());
    }
    SECTION("content that comes unasked") {
        s.feed(std::string(expecting) + "ab");
        CHECK_FALSE(s.server.expects_continue());
        s.server.send_continue(s.out);
        CHECK(s.written().empty());
        s.feed("c");
        s.answer(200);
        CHECK(s.server.idle());
    }
    SECTION("an HTTP/1.0 client cannot expect") {
        s.feed("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
        CHECK_FALSE(s.server.expects_continue());
    }
    SECTION("nothing to continue with") {
        s.feed("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
        CHECK_FALSE(s.server.expects_continue());
    }
    SECTION("too much") {
        s.server.feed(as_bytes(expecting));
        const auto head = s.server.next();
        REQUIRE((head && *head));
        s.server.set_body_bytes_max(2);
        CHECK_FALSE(s.server.expects_continue());
        s.drain();
        CHECK(s.server.error_status() == 413);
    }
}

TEST_CASE("http1: upgrades") {
    const std::string request = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    for_each_split(request + "\x81\x05hello", [&](const Pieces& pieces) {
        INFO("cut as " << pieces);
        Manual s;
        std::string rest;
        for (const std::string_view piece : pieces) {
            s.feed(piece);
            if (s.server.may_upgrade()) {
                const Header fields[] = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"X", "1\r\n"}};
                s.server.accept_upgrade(s.out, fields, november_1994);
                CHECK(s.written() == "HTTP/1.1 101 Switching Protocols\r\n" + std::string(date_line) +
                                         "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
                s.drain();
            }
            if (s.text().ends_with("upgrade\n")) rest += as_text(s.server.take_rest());
        }
        REQUIRE(rest == "\x81\x05hello");
        REQUIRE(s.text() ==
                "request GET /ws 1.1\nfield Host: a\nfield Connection: Upgrade\nfield Upgrade: websocket\n"
                "upgradable\nend\nupgrade\n");
        REQUIRE_FALSE(s.server.should_close());
        REQUIRE_FALSE(s.server.may_answer());
        REQUIRE(s.server.finish());
    });

    Manual s;
    s.feed("POST /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\na");
    CHECK_FALSE(s.server.may_upgrade());
    s.feed("b");
    CHECK(s.server.may_upgrade());

    Manual plain;
    plain.feed(get_1_1);
    CHECK_FALSE(plain.server.may_upgrade());
}

TEST_CASE("http1: a client that only stops sending gets its answers") {
    Manual s;
    SECTION("after one request") {
        s.feed(get_1_1);
        CHECK(s.server.finish());
        CHECK_FALSE(s.server.should_close());
        s.answer(200, "hi");
        CHECK(s.written().find("Connection: close\r\n") != std::string::npos);
        CHECK(s.server.should_close());
        CHECK_FALSE(s.server.should_linger());
    }
    SECTION("after two requests in one piece") {
        s.feed(std::string(get_1_1) + std::string(get_1_1));
        CHECK(s.server.finish());
        s.answer(200);
        CHECK(s.written().find("Connection") == std::string::npos);
        CHECK_FALSE(s.server.should_close());
        s.drain();
        s.answer(200);
        CHECK(s.written().find("Connection: close\r\n") != std::string::npos);
        CHECK(s.server.should_close());
    }
    SECTION("inside the second request") {
        s.feed(std::string(get_1_1) + "GET /");
        CHECK(s.server.finish());
        s.answer(200);
        const auto event = s.server.next();
        REQUIRE_FALSE(event);
        CHECK(event.error().status == GW_ERR_TRUNCATED);
        CHECK(s.server.error_status() == 400);
    }
    SECTION("with nothing open") {
        CHECK(s.server.finish());
        CHECK(s.server.should_close());
        CHECK_FALSE(s.server.should_linger());
    }
    SECTION("inside a head") {
        s.feed("GET /");
        const auto finished = s.server.finish();
        REQUIRE_FALSE(finished);
        CHECK(finished.error().status == GW_ERR_TRUNCATED);
    }
}

TEST_CASE("http1: time-outs and drains of the connection") {
    Manual s;
    SECTION("in_head from the first byte to the last") {
        CHECK_FALSE(s.server.in_head());
        s.feed("\r\n");
        CHECK_FALSE(s.server.in_head());
        CHECK(s.server.idle());
        s.feed("G");
        CHECK(s.server.in_head());
        CHECK_FALSE(s.server.idle());
        s.feed("ET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r");
        CHECK(s.server.in_head());
        s.feed("\n");
        CHECK_FALSE(s.server.in_head());
        CHECK_FALSE(s.server.idle());
    }
    SECTION("408 while the head is incomplete") {
        s.feed("GET / HT");
        s.answer(408);
        CHECK(s.written() == "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        CHECK(s.server.should_close());
        CHECK(s.server.should_linger());
        s.feed("TP/1.1\r\nHost: a\r\n\r\n");
        CHECK(s.text().empty());
    }
    SECTION("close after the next answer") {
        s.feed(get_1_1);
        s.server.close_after_response();
        CHECK_FALSE(s.server.should_close());
        s.answer(200);
        CHECK(s.written().find("Connection: close\r\n") != std::string::npos);
        CHECK(s.server.should_close());
    }
    SECTION("close after an answer that has begun") {
        s.feed(get_1_1);
        s.server.send_head(s.out, 200, {}, Framing::length, 0, 0);
        s.server.close_after_response();
        s.server.send_end(s.out);
        CHECK(s.server.should_close());
    }
    SECTION("close when nothing is open; a request that was under way is still served") {
        s.server.close_after_response();
        CHECK(s.server.should_close());
        s.feed(get_1_1);
        CHECK_FALSE(s.server.should_close());
        s.answer(200);
        CHECK(s.server.should_close());
    }
}

}  // namespace
}  // namespace gw::test
