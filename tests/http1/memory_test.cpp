// What a connection costs, and what happens when the allocator says no.
#include "http1/transcript.h"
#include "support/test.h"

namespace gw::test {
namespace {

using http1::Framing;
using http1::Header;

const std::string conversation =
    "GET /1 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
    "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    "PUT /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: 1\r\n\r\n";

TEST_CASE("http1: an idle connection holds its state and nothing else") {
    TestHost host;
    HostMemory memory(host.allocator());
    BlockPoolOwner pool(host.allocator());
    const std::size_t before = host.bytes_out();
    http1::Server server({}, pool.get(), &memory);
    http1::Client client({}, pool.get(), &memory);
    CHECK(host.bytes_out() - before <= 2 * 1024);

    Buffer out(pool.get());
    server.feed(as_bytes(conversation));
    for (bool more = true; more;) {
        const auto event = server.next();
        REQUIRE(event);
        more = event->has_value();
        if (more && (*event)->kind == http1::EventKind::end) {
            server.send_head(out, 200, {}, Framing::none, 0, 0);
            server.send_end(out);
        }
    }
    CHECK(server.idle());
    out.clear();
    CHECK(pool.get()->bytes_out() == 0);
}

TEST_CASE("http1: a connection in steady state allocates nothing") {
    TestHost host;
    ServerTranscript server({}, host.allocator());
    ClientTranscript client("", {}, host.allocator());
    const Header fields[] = {{"Host", "example.org"}, {"Content-Type", "application/json"}};
    const std::string content(3000, 'x');
    std::size_t settled = 0;
    for (int i = 0; i < 100; ++i) {
        client.client.send_head(client.out, "POST", "/v1/chat", fields, Framing::length, content.size());
        client.client.send_body(client.out, as_bytes(content));
        client.client.send_end(client.out);
        const std::string_view wire = client.out.text();
        const std::size_t half = wire.size() / 2;
        for (const std::string_view piece : {wire.substr(0, 20), wire.substr(20, half), wire.substr(20 + half)}) {
            server.server.feed(as_bytes(piece));
            for (;;) {
                const auto event = server.server.next();
                REQUIRE(event);
                if (!*event) break;
                if ((*event)->kind != http1::EventKind::end) continue;
                server.server.send_head(server.out, 200, fields, Framing::chunked, 0, 1000);
                server.server.send_body(server.out, as_bytes(content));
                server.server.send_end(server.out);
            }
        }
        client.out.clear();
        client.client.feed(server.out.bytes());
        for (bool more = true; more;) {
            const auto event = client.client.next();
            REQUIRE(event);
            more = event->has_value();
        }
        REQUIRE(client.client.reusable());
        server.out.clear();
        if (i == 4) settled = host.allocations();
    }
    CHECK(host.allocations() == settled);
}

TEST_CASE("http1: every allocation may be refused") {
    TestHost host;
    std::size_t n = 0;
    for (bool complete = false; !complete; ++n) {
        REQUIRE(n < 1000);
        host.clear_failed();
        host.fail_at(n);
        try {
            ServerTranscript server({}, host.allocator());
            server.answers = false;
            // A piece that has to be kept makes the codec copy.
            server.feed(conversation);
            while (!server.server.idle()) {
                const Header fields[] = {{"X", std::string_view(conversation).substr(0, 5)}};
                server.server.send_head(server.out, 200, fields, Framing::chunked, 0, 1000);
                server.server.send_body(server.out, as_bytes(std::string(2000, 'x')));
                server.server.send_end(server.out, fields);
                server.drain();
            }
            ClientTranscript client("GET HEAD", {}, host.allocator());
            client.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a");
            client.feed("=b\r\nab\r\n0\r\nT: 1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
            complete = client.client.reusable() && server.text().find("trailer T: 1") != std::string::npos;
            REQUIRE(complete);
        } catch (const std::bad_alloc&) {
            REQUIRE(host.failed());
        }
        host.fail_never();
        REQUIRE(host.bytes_out() == 0);
    }
    CHECK(n > 5);
}

}  // namespace
}  // namespace gw::test
