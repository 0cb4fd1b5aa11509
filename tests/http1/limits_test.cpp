// Every bound at its exact edge, wherever the bytes are cut.
#include "http1/transcript.h"
#include "support/test.h"

namespace gw::test {
namespace {

using http1::Limits;

int status_of(const std::string& wire, const Limits& limits, const Pieces& pieces) {
    INFO(wire.size() << " bytes, cut as " << pieces);
    ServerTranscript server(limits);
    for (const std::string_view piece : pieces) server.feed(piece);
    if (!server.failed) {
        REQUIRE(server.text().ends_with("end\n"));
        return 0;
    }
    return server.server.error_status();
}

TEST_CASE("http1: limits hold to the byte") {
    const Limits limits{40, 60, 4, 10};
    const auto line = [](std::size_t bytes) {  // a request line of that many bytes
        return "GET /" + std::string(bytes - 14, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    const auto fields = [](std::size_t bytes) {  // fields of that many bytes, with their line ends
        return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(bytes - 14, 'x') + "\r\n\r\n";
    };
    const auto count = [](std::size_t fields_wanted) {
        std::string wire = "GET / HTTP/1.1\r\nHost: a\r\n";
        for (std::size_t i = 1; i < fields_wanted; ++i) wire += "X: y\r\n";
        return wire + "\r\n";
    };
    const auto length = [](std::size_t bytes) {
        return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
               std::string(bytes, 'x');
    };
    const std::string chunked_head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const auto trailer = [&](std::size_t bytes) {
        return chunked_head + "0\r\nX: " + std::string(bytes - 5, 'x') + "\r\n\r\n";
    };
    const auto trailers = [&](std::size_t fields_wanted) {
        std::string wire = chunked_head + "0\r\n";
        for (std::size_t i = 0; i < fields_wanted; ++i) wire += "X: y\r\n";
        return wire + "\r\n";
    };
    struct Case {
        std::string name, wire;
        int want;
    };
    const Case cases[] = {
        {"request line, at the limit", line(40), 0},
        {"request line, one above", line(41), 414},
        {"request line, two above", line(42), 414},
        {"request line, far above and without end", "GET /" + std::string(100, 'x'), 414},
        {"fields, at the limit", fields(60), 0},
        {"fields, one above", fields(61), 431},
        {"fields, two above", fields(62), 431},
        {"fields, three above", fields(63), 431},
        {"fields, far above and without end", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100, 'x'), 431},
        {"field count, at the limit", count(4), 0},
        {"field count, one above", count(5), 431},
        {"content, at the limit", length(10), 0},
        {"content, one above", length(11), 413},
        {"content, one above, announced only", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", 413},
        {"chunks, at the limit", chunked_head + "4\r\nabcd\r\n6\r\nefghij\r\n0\r\n\r\n", 0},
        {"chunks, one above", chunked_head + "4\r\nabcd\r\n7\r\nefghijk\r\n0\r\n\r\n", 413},
        {"chunks, one above, announced only", chunked_head + "4\r\nabcd\r\n7\r\n", 413},
        {"chunks, one above, one more chunk", chunked_head + "a\r\nabcdefghij\r\n1\r\n", 413},
        {"trailer, at the limit", trailer(60), 0},
        {"trailer, one above", trailer(61), 431},
        {"trailer, two above", trailer(62), 431},
        {"trailer count, at the limit", trailers(4), 0},
        {"trailer count, one above", trailers(5), 431},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        for_each_split(c.wire, [&](const Pieces& pieces) { REQUIRE(status_of(c.wire, limits, pieces) == c.want); });
    }
    for (const int empty_lines : {4, 5}) {
        std::string wire;
        for (int i = 0; i < empty_lines; ++i) wire += "\r\n";
        wire += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for_each_split(wire, [&](const Pieces& pieces) {
            REQUIRE(status_of(wire, limits, pieces) == (empty_lines == 4 ? 0 : 400));
        });
    }
}

TEST_CASE("http1: the limit for the body can be changed per request") {
    struct Case {
        std::uint64_t bytes_max;
        bool chunked;
        int want;
    };
    const Case cases[] = {{19, false, 413}, {20, false, 0},         {19, true, 413},      {20, true, 0},
                          {0, false, 413},  {UINT64_MAX, false, 0}, {UINT64_MAX, true, 0}};
    for (const Case& c : cases) {
        const std::string wire = c.chunked
                                     ? "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "a\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"
                                     : "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n01234567890123456789";
        for_each_split(wire, [&](const Pieces& pieces) {
            INFO(c.bytes_max << ", cut as " << pieces);
            ServerTranscript server(Limits{1024, 1024, 10, 10});  // raised or lowered below
            for (const std::string_view piece : pieces) {
                server.server.feed(as_bytes(piece));
                for (;;) {
                    const auto event = server.server.next();
                    if (!event) {
                        server.failed = true;
                        break;
                    }
                    if (!*event) break;
                    if ((*event)->kind == http1::EventKind::head) server.server.set_body_bytes_max(c.bytes_max);
                    server.record(**event);
                }
            }
            REQUIRE(server.server.error_status() == c.want);
            REQUIRE(server.text().ends_with("end\n") == (c.want == 0));
        });
    }
    // The next request has the common limit again.
    ServerTranscript server(Limits{1024, 1024, 10, 10});
    server.server.feed(as_bytes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890"));
    const auto head = server.server.next();
    REQUIRE((head && *head));
    server.server.set_body_bytes_max(11);
    server.drain();
    CHECK_FALSE(server.failed);
    server.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890");
    CHECK(server.server.error_status() == 413);
}

TEST_CASE("http1: limits of responses") {
    const Limits limits{40, 60, 4, 10};
    struct Case {
        std::string name, wire, want;
    };
    const Case cases[] = {
        {"status line, at the limit", "HTTP/1.1 200 " + std::string(27, 'x') + "\r\nContent-Length: 0\r\n\r\n", "end"},
        {"status line, one above", "HTTP/1.1 200 " + std::string(28, 'x') + "\r\nContent-Length: 0\r\n\r\n",
         "error limit"},
        {"fields, one above", "HTTP/1.1 200 OK\r\nX: " + std::string(56, 'x') + "\r\n\r\n", "error limit"},
        {"until the close, at the limit", "HTTP/1.1 200 OK\r\n\r\n0123456789", "end"},
        {"until the close, one above", "HTTP/1.1 200 OK\r\n\r\n0123456789a", "body 0123456789\nerror limit"},
        {"until the close, far above", "HTTP/1.1 200 OK\r\n\r\n0123456789" + std::string(50, 'a'),
         "body 0123456789\nerror limit"},
    };
    for (const Case& c : cases) {
        for_each_split(c.wire, [&](const Pieces& pieces) {
            INFO(c.name << ", cut as " << pieces);
            ClientTranscript client("GET", limits);
            for (const std::string_view piece : pieces) client.feed(piece);
            client.finish();
            REQUIRE(client.text().ends_with(c.want + "\n"));
        });
    }
}

TEST_CASE("http1: memory is bounded on any input") {
    const Limits limits{};
    const std::string endless[] = {
        "GET /" + std::string(4096, 'x'),
        "GET / HTTP/1.1\r\nX: " + std::string(4096, 'x'),
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(4096, 'x'),
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(4096, 'x'),
    };
    for (const std::string& begin : endless) {
        TestHost host;
        ServerTranscript server(limits, host.allocator());
        server.feed(begin);
        const std::string more(4096, 'x');
        for (int i = 0; i < 100 && !server.failed; ++i) server.feed(more);
        CHECK(server.failed);
        CHECK(host.bytes_peak() < 256 * 1024);
    }
}

}  // namespace
}  // namespace gw::test
