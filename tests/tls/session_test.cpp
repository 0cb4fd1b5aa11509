// Resumption, and the client's memory of sessions.
#include "tls/sessions.h"

#include <string>

#include "tls/pipes.h"

namespace gw {

namespace {

using test::make_client;
using test::make_server;
using test::Pair;

// A whole connection with a word each way; in TLS 1.3 the ticket comes with the server's first data.
bool talk(Pair& pair) {
    pair.shake_hands();
    if (!pair.established()) return false;
    pair.client.write("ping");
    pair.server.write("pong");
    pair.pump();
    const bool heard = pair.server.received() == "ping" && pair.client.received() == "pong";
    pair.client.pipe.close(pair.client.out);
    pair.server.pipe.close(pair.server.out);
    pair.pump();
    return heard;
}

tls::Sessions::Session session_of(const std::string& text) { return {as_bytes(text), std::nullopt}; }

}  // namespace

TEST_CASE("tls: the second connection to a server resumes the first, on both sides") {
    NEED_CERTIFICATES(certificates);
    const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, {"http/1.1"}});
    const auto client = make_client({certificates.ca, {}, {"http/1.1"}});
    std::optional<tls::Fingerprint> fingerprint;
    for (int round = 0; round < 4; ++round) {
        INFO("round " << round);
        Pair pair(*client, *server);
        pair.piece_bytes_max = round == 2 ? 3 : 0;
        REQUIRE(talk(pair));
        CHECK(pair.client.pipe.resumed() == (round > 0));
        CHECK(pair.server.pipe.resumed() == (round > 0));
        CHECK(pair.client.pipe.alpn() == "http/1.1");
        CHECK(pair.server.pipe.alpn() == "http/1.1");
        // The certificate is not shown again, but it is known whose it was.
        if (round == 0) fingerprint = pair.client.pipe.peer_fingerprint();
        CHECK(pair.client.pipe.peer_fingerprint().has_value());
        CHECK(pair.client.pipe.peer_fingerprint() == fingerprint);
    }
}

TEST_CASE("tls: a session is only used for the name it was made with") {
    NEED_CERTIFICATES(certificates);
    const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    const auto client = make_client({certificates.ca, {}, {}});
    for (const std::string_view name : {"gateway.test", "127.0.0.1", "a.wild.test"}) {
        INFO("first connection to " << name);
        Pair pair(*client, *server, name);
        REQUIRE(talk(pair));
        CHECK_FALSE(pair.client.pipe.resumed());
    }
    for (const std::string_view name : {"gateway.test", "127.0.0.1", "a.wild.test", "gateway.test."}) {
        INFO("next connection to " << name);
        Pair pair(*client, *server, name);
        REQUIRE(talk(pair));
        CHECK(pair.client.pipe.resumed());
    }
    // A name that the certificate does not have is refused, whatever sessions there are with the same server.
    Pair pair(*client, *server, "other.test");
    CHECK_FALSE(talk(pair));
    CHECK(pair.client.pipe.failure() == "certificate is for another name");
}

TEST_CASE("tls: a server that does not know the session makes a full handshake") {
    NEED_CERTIFICATES(certificates);
    const auto client = make_client({certificates.ca, {}, {}});
    const auto before = make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    const auto after = make_server({certificates.server_rsa, {}, tls::ClientCertificates::none, {}});
    Pair first(*client, *before);
    REQUIRE(talk(first));
    const auto fingerprint = first.client.pipe.peer_fingerprint();

    Pair second(*client, *after);  // restarted with other ticket keys and another certificate
    REQUIRE(talk(second));
    CHECK_FALSE(second.client.pipe.resumed());
    CHECK_FALSE(second.server.pipe.resumed());
    CHECK(second.client.pipe.peer_fingerprint() != fingerprint);

    Pair third(*client, *after);
    REQUIRE(talk(third));
    CHECK(third.client.pipe.resumed());
}

TEST_CASE("tls: a resumption that fails is not tried again") {
    NEED_CERTIFICATES(certificates);
    const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    const auto client = make_client({certificates.ca, {}, {}});
    Pair first(*client, *server);
    REQUIRE(talk(first));
    Pair broken(*client, *server);
    broken.tamper = [](bool from_client, std::string& ciphertext) {
        if (!from_client) ciphertext.back() = static_cast<char>(ciphertext.back() ^ 1);
    };
    CHECK_FALSE(talk(broken));
    Pair next(*client, *server);
    REQUIRE(talk(next));
    CHECK_FALSE(next.client.pipe.resumed());
}

TEST_CASE("tls: connections of one context may overlap") {
    NEED_CERTIFICATES(certificates);
    const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    const auto client = make_client({certificates.ca, {}, {}});
    Pair first(*client, *server);
    REQUIRE(talk(first));
    Pair second(*client, *server);
    Pair third(*client, *server);
    second.server.start();
    second.client.start();
    third.shake_hands();
    second.pump();
    CHECK(second.established());
    CHECK(second.client.pipe.resumed());
    CHECK(third.established());
    CHECK(third.client.pipe.resumed());
}

TEST_CASE("sessions: one per name, the least recently used goes first") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    tls::Sessions sessions(&memory);
    CHECK_FALSE(sessions.find("a"));
    sessions.keep("a", session_of("first"));
    sessions.keep("a", session_of("second"));
    CHECK(sessions.count() == 1);
    REQUIRE(sessions.find("a"));
    CHECK(as_text(sessions.find("a")->bytes) == "second");
    CHECK_FALSE(sessions.find("A"));

    const auto name = [](std::size_t i) { return "server number " + std::to_string(i) + ".test"; };
    for (std::size_t i = 0; i < tls::Sessions::count_max - 1; ++i) sessions.keep(name(i), session_of(name(i)));
    CHECK(sessions.count() == tls::Sessions::count_max);
    REQUIRE(sessions.find("a"));  // used: name(0) is the oldest now
    sessions.keep("b", session_of("b"));
    CHECK(sessions.count() == tls::Sessions::count_max);
    CHECK_FALSE(sessions.find(name(0)));
    CHECK(sessions.find("a"));
    REQUIRE(sessions.find(name(1)));
    CHECK(as_text(sessions.find(name(1))->bytes) == name(1));

    sessions.forget(name(1));
    sessions.forget("never there");
    CHECK_FALSE(sessions.find(name(1)));
    CHECK(sessions.count() == tls::Sessions::count_max - 1);

    // One that is too large replaces what was there by nothing.
    sessions.keep("a", session_of(std::string(tls::Sessions::bytes_max + 1, 'x')));
    CHECK_FALSE(sessions.find("a"));
    sessions.keep("a", session_of(std::string(tls::Sessions::bytes_max, 'x')));
    CHECK(sessions.find("a"));
}

TEST_CASE("sessions: a refused allocation keeps the others") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    tls::Sessions sessions(&memory);
    const std::string name = "a name that is too long for the small string optimization";
    sessions.keep("a", session_of("kept"));
    for (std::size_t n = 0;; ++n) {
        host.fail_at(n);
        bool refused = false;
        try {
            sessions.keep(name, session_of("new"));
        } catch (const std::bad_alloc&) {
            refused = true;
        }
        host.fail_never();
        REQUIRE(sessions.find("a"));
        CHECK(as_text(sessions.find("a")->bytes) == "kept");
        CHECK(sessions.find(name).has_value() == !refused);
        if (!refused) break;
        REQUIRE(n < 10);
    }
}

}  // namespace gw
