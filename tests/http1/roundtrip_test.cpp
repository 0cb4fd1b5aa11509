// What one side writes the other side reads: random conversations of a Client and a Server, cut at random.
#include <algorithm>
#include <deque>

#include "core/text.h"
#include "http1/transcript.h"
#include "support/test.h"

namespace gw::test {
namespace {

using http1::Framing;
using http1::Header;

struct Message {
    std::string method;  // of a request
    int status = 0;      // of a response
    Framing framing = Framing::none;
    std::vector<std::string> pieces;
    bool trailers = false;
    bool closes = false;

    [[nodiscard]] std::string content() const {
        std::string all;
        for (const std::string& piece : pieces) all += piece;
        return all;
    }
};

Message random_message(Random& random) {
    Message m;
    const char* const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};
    const int statuses[] = {200, 200, 200, 201, 204, 205, 304, 404, 500, 299};
    m.method = methods[random.below(6)];
    m.status = statuses[random.below(10)];
    m.framing = static_cast<Framing>(random.below(3));
    if (m.framing != Framing::none) {
        for (std::size_t n = random.below(5); n > 0; --n) {
            m.pieces.emplace_back(1 + random.below(random.below(8) == 0 ? 5000 : 40), static_cast<char>('a' + n));
        }
    }
    m.trailers = m.framing == Framing::chunked && random.below(2) == 0;
    m.closes = random.below(10) == 0;
    return m;
}

const Header trailers[] = {{"Server-Timing", "total;dur=1"}, {"X-Check", "sum"}};

// The facts of a message as either side should report them.
void describe(std::string& out, const Message& m, bool content) {
    if (content && !m.content().empty()) out += "body " + m.content() + "\n";
    if (content && m.trailers) out += "trailer Server-Timing: total;dur=1\ntrailer X-Check: sum\n";
    out += "end\n";
}

// Only what describe() tells about.
std::string facts_of(const std::string& transcript) {
    std::string out;
    std::string_view rest = transcript;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n') + 1);
        rest.remove_prefix(line.size());
        for (const std::string_view kind : {"request ", "response ", "body ", "trailer ", "end", "error "}) {
            if (line.starts_with(kind)) out += line;
        }
    }
    return out;
}

TEST_CASE("http1: what a server writes a client reads, and the other way round") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        INFO("seed " << seed);
        Random random(seed);
        ServerTranscript server;
        server.answers = false;
        ClientTranscript client("");
        std::string server_want;
        std::string client_want;
        for (int exchange = 0; exchange < 8; ++exchange) {
            const Message request = random_message(random);
            const Message response = random_message(random);
            const std::string target = "/" + std::to_string(exchange);

            const Header host[] = {{"Host", "example.org"}};
            client.out.clear();
            client.client.send_head(client.out, request.method, target, host, request.framing,
                                    request.content().size());
            for (const std::string& piece : request.pieces) client.client.send_body(client.out, as_bytes(piece));
            client.client.send_end(client.out, request.trailers ? std::span(trailers) : std::span<const Header>{});
            std::string wire(client.out.text());
            for (const std::string_view piece : cut_at_random(wire, random, 1 + random.below(3000))) server.feed(piece);
            server_want += "request " + request.method + " " + target + " 1.1\n";
            describe(server_want, request, true);
            REQUIRE(facts_of(server.text()) == server_want);

            if (response.closes) server.server.close_after_response();
            server.out.clear();
            server.server.send_head(server.out, response.status, {}, response.framing, response.content().size(), 1000);
            const bool content =
                request.method != "HEAD" && response.status != 204 && response.status != 304 && response.status != 205;
            for (const std::string& piece : response.pieces) {
                if (content) server.server.send_body(server.out, as_bytes(piece));
            }
            server.server.send_end(server.out, response.trailers ? std::span(trailers) : std::span<const Header>{});
            wire = std::string(server.out.text());
            for (const std::string_view piece : cut_at_random(wire, random, 1 + random.below(3000))) client.feed(piece);
            client_want += "response " + std::to_string(response.status) + " " +
                           std::string(http1::reason_phrase(response.status)) + " 1.1\n";
            describe(client_want, response, content);
            REQUIRE(facts_of(client.text()) == client_want);

            REQUIRE(server.server.should_close() == response.closes);
            REQUIRE(client.client.reusable() == !response.closes);
            if (response.closes) break;
            server.drain();
            REQUIRE(server.server.idle());
        }
    }
}

TEST_CASE("http1: content to an HTTP/1.0 client ends with the connection") {
    ServerTranscript server;
    server.answers = false;
    server.feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    server.server.send_head(server.out, 200, {}, Framing::chunked, 0, 0);
    server.server.send_body(server.out, as_bytes("streamed "));
    server.server.send_body(server.out, as_bytes("text"));
    server.server.send_end(server.out);
    REQUIRE(server.server.should_close());
    for_each_split(server.out.text(), [&](const Pieces& pieces) {
        ClientTranscript client("GET");
        for (const std::string_view piece : pieces) client.feed(piece);
        REQUIRE_FALSE(client.text().ends_with("end\n"));
        client.finish();
        REQUIRE(client.text() == "response 200 OK 1.1\nfield Connection: close\nbody streamed text\nend\n");
        REQUIRE_FALSE(client.client.reusable());
    });
}

TEST_CASE("http1: a long pipelined conversation gives the same events for ten thousand cuts") {
    std::string wire;
    Random random(11);
    for (int i = 0; i < 5; ++i) {
        const std::string host = " HTTP/1.1\r\nHost: a\r\n";
        const std::string content(random.below(30), 'c');
        switch (i % 4) {
        case 0: wire += "GET /" + std::to_string(i) + host + "\r\n"; break;
        case 1:
            wire += "POST /" + std::to_string(i) + host + "Content-Length: " + std::to_string(content.size()) +
                    "\r\n\r\n" + content;
            break;
        case 2:
            wire += "PUT /" + std::to_string(i) + host +
                    "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n";
            break;
        default: wire += "\r\nHEAD /" + std::to_string(i) + host + "X: y\r\n\r\n";
        }
    }
    // All rounds on one connection: nothing of a round may be left for the next.
    ServerTranscript server;
    const auto read = [&](const Pieces& pieces) {
        server.transcript = {};
        for (const std::string_view piece : pieces) server.feed(piece);
        server.out.clear();
        return server.text();
    };
    const std::string whole = read({{wire}, "whole"});
    CHECK(std::count(whole.begin(), whole.end(), '\n') > 18);
    for (int round = 0; round < 10000; ++round) {
        const std::size_t piece_bytes_max = 2 + random.below(200);
        const Pieces pieces = cut_at_random(wire, random, piece_bytes_max);
        const bool same = read(pieces) == whole && server.server.idle();
        if (same) continue;
        INFO("round " << round << ", pieces of up to " << piece_bytes_max);
        REQUIRE(server.text() == whole);
        REQUIRE(server.server.idle());
    }
}

}  // namespace
}  // namespace gw::test
