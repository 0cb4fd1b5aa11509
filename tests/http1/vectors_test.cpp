#include "http1/vectors.h"
#include "http1/transcript.h"
#include "support/test.h"

namespace gw::test {
namespace {

std::string last_line(const std::string& text) {
    if (text.empty()) return text;
    const std::size_t feed = text.rfind('\n', text.size() - 2);
    return text.substr(feed == std::string::npos ? 0 : feed + 1);
}

TEST_CASE("http1: requests are read the same wherever they are cut") {
    for (const Vector& vector : read_vectors("requests.txt")) {
        for_each_split(vector.wire, [&](const Pieces& pieces) {
            INFO(vector.name << ", cut as " << pieces);
            ServerTranscript server;
            for (const std::string_view piece : pieces) server.feed(piece);
            server.finish();
            REQUIRE(server.text() == vector.want);
        });
    }
}

TEST_CASE("http1: what could smuggle a request is refused wherever it is cut") {
    const auto vectors = read_vectors("refused_requests.txt");
    CHECK(vectors.size() >= 60);
    for (const Vector& vector : vectors) {
        std::string whole;
        for_each_split(
            vector.wire,
            [&](const Pieces& pieces) {
                INFO(vector.name << ", cut as " << pieces);
                ServerTranscript server;
                for (const std::string_view piece : pieces) server.feed(piece);
                REQUIRE(last_line(server.text()) == vector.want);
                REQUIRE(server.text().find("smuggled") == std::string::npos);
                if (whole.empty()) whole = server.text();
                REQUIRE(server.text() == whole);

                // The error stays, whatever comes later, and its answer ends the connection.
                const int status = server.server.error_status();
                server.feed("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
                REQUIRE(server.text() == whole);
                REQUIRE(server.server.error_status() == status);
                REQUIRE_FALSE(server.server.should_close());
                server.out.clear();
                server.server.send_head(server.out, status, {}, http1::Framing::length, 0, 0);
                server.server.send_end(server.out);
                REQUIRE(server.out.text().find("Connection: close\r\n") != std::string_view::npos);
                REQUIRE(server.server.should_close());
                REQUIRE(server.server.should_linger());
                REQUIRE_FALSE(server.server.next());
                REQUIRE(server.server.error_status() == 0);
            },
            4);
    }
}

TEST_CASE("http1: responses are read the same wherever they are cut") {
    for (const Vector& vector : read_vectors("responses.txt")) {
        for_each_split(vector.wire, [&](const Pieces& pieces) {
            INFO(vector.name << ", cut as " << pieces);
            ClientTranscript client(vector.methods);
            for (const std::string_view piece : pieces) client.feed(piece);
            client.finish();
            REQUIRE(client.text() == vector.want);
        });
    }
}

TEST_CASE("http1: broken responses are refused wherever they are cut") {
    for (const Vector& vector : read_vectors("refused_responses.txt")) {
        std::string whole;
        for_each_split(vector.wire, [&](const Pieces& pieces) {
            INFO(vector.name << ", cut as " << pieces);
            ClientTranscript client(vector.methods);
            for (const std::string_view piece : pieces) client.feed(piece);
            client.finish();
            REQUIRE(last_line(client.text()) == vector.want);
            if (whole.empty()) whole = client.text();
            REQUIRE(client.text() == whole);
            REQUIRE_FALSE(client.client.reusable());
            REQUIRE_FALSE(client.client.may_send());
        });
    }
}

}  // namespace
}  // namespace gw::test
