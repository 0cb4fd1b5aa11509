// A client pipe against a server pipe, in memory.
#include <algorithm>

#include "crypto/sha256.h"
#include "tls/pipes.h"

namespace gw {

namespace {

using test::ClientSetup;
using test::Identity;
using test::make_client;
using test::make_server;
using test::Pair;
using test::ServerSetup;

// A text in which every place looks different from its neighbours.
std::string long_text(std::size_t size, std::uint64_t seed) {
    test::Random random(seed);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random.next());
    return text;
}

}  // namespace

TEST_CASE("tls: a handshake and data both ways, with EC and RSA certificates and a chain") {
    NEED_CERTIFICATES(certificates);
    struct Case {
        std::string_view name;
        const Identity* identity;
        std::string_view key_exchange;
    };
    const Case cases[] = {
        {"EC", &certificates.server, "ECDSA"},
        {"RSA", &certificates.server_rsa, "RSA"},
        {"a chain with an intermediate", &certificates.server_chain, "ECDSA"},
        {"a certificate without subjectAltName", &certificates.server_named, "ECDSA"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const auto server = make_server({*c.identity, {}, tls::ClientCertificates::none, {}});
        const auto client = make_client({certificates.ca, {}, {}});
        Pair pair(*client, *server);
        CHECK_FALSE(pair.client.pipe.established());
        pair.shake_hands();
        INFO("client: " << pair.client.pipe.failure() << "; server: " << pair.server.pipe.failure());
        REQUIRE(pair.established());
        CHECK_FALSE(pair.client.failed);
        CHECK_FALSE(pair.server.failed);

        for (const tls::Pipe* pipe : {&pair.client.pipe, &pair.server.pipe}) {
            INFO("cipher " << pipe->cipher());
            CHECK((pipe->version() == "TLSv1.2" || pipe->version() == "TLSv1.3"));
            const bool aead = pipe->cipher().find("GCM") != std::string_view::npos ||
                              pipe->cipher().find("CHACHA20") != std::string_view::npos;
            CHECK(aead);
            if (pipe->version() == "TLSv1.2") CHECK(pipe->cipher().find(c.key_exchange) != std::string_view::npos);
            CHECK(pipe->alpn().empty());
            CHECK_FALSE(pipe->resumed());
            CHECK_FALSE(pipe->peer_closed());
            CHECK(pipe->failure().empty());
        }
        CHECK(pair.client.pipe.peer_fingerprint() == server->fingerprint());
        CHECK_FALSE(pair.server.pipe.peer_fingerprint());

        pair.client.write("hello");
        pair.client.write(" server");
        pair.server.write("hello client");
        CHECK(pair.client.out.text().find("hello") == std::string_view::npos);
        pair.pump();
        CHECK(pair.server.received() == "hello server");
        CHECK(pair.client.received() == "hello client");
    }
}

TEST_CASE("tls: the result does not depend on where the ciphertext is cut") {
    NEED_CERTIFICATES(certificates);
    const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    for (const std::size_t piece_bytes_max : {1U, 2U, 5U, 100U, 1400U, 20000U}) {
        const std::uint64_t seed = piece_bytes_max;
        INFO("pieces of up to " << piece_bytes_max << " bytes, seed " << seed);
        const auto client = make_client({certificates.ca, {}, {}});
        Pair pair(*client, *server);
        pair.piece_bytes_max = piece_bytes_max;
        pair.random = test::Random(seed);
        pair.shake_hands();
        REQUIRE(pair.established());
        const std::string up = long_text(40000, seed);
        const std::string down = long_text(20000, seed + 100);
        pair.client.write(up);
        pair.server.write(down);
        pair.pump();
        CHECK(pair.server.received() == up);
        CHECK(pair.client.received() == down);
        pair.client.pipe.close(pair.client.out);
        pair.pump();
        CHECK(pair.server.pipe.peer_closed());
    }
}

TEST_CASE("tls: a megabyte each way") {
    NEED_CERTIFICATES(certificates);
    const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    const auto client = make_client({certificates.ca, {}, {}});
    Pair pair(*client, *server);
    pair.piece_bytes_max = 65536;
    pair.shake_hands();
    REQUIRE(pair.established());
    const std::string up = long_text(1U << 20U, 1);
    const std::string down = long_text(1U << 20U, 2);
    pair.client.write(up);
    pair.server.write(down);
    // 64 full records of 16384 bytes, each with its few bytes of overhead.
    CHECK(pair.client.out.size() > up.size());
    CHECK(pair.client.out.size() < up.size() + 65 * 64);
    pair.pump();
    const bool up_same = pair.server.received() == up;
    const bool down_same = pair.client.received() == down;
    CHECK(up_same);
    CHECK(down_same);
    // Nothing is kept where nothing is left to do.
    CHECK(pair.server.pool.get()->bytes_out() == 0);
    CHECK(pair.client.pool.get()->bytes_out() == 0);
}

TEST_CASE("tls: one piece gives at most the plaintext of that piece and of one record") {
    NEED_CERTIFICATES(certificates);
    const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    const auto client = make_client({certificates.ca, {}, {}});
    Pair pair(*client, *server);
    pair.shake_hands();
    REQUIRE(pair.established());
    const std::string text = long_text(100000, 3);
    pair.client.write(text);
    const std::string wire(pair.client.out.text());
    pair.client.out.clear();
    std::string got;
    for (std::size_t at = 0; at < wire.size(); at += 1400) {
        pair.server.feed(std::string_view(wire).substr(at, 1400));
        CHECK(pair.server.plain.size() <= 1400 + 16384);
        got += pair.server.received();
    }
    CHECK((got == text));
}

TEST_CASE("tls: who is on the other side is checked by the client") {
    NEED_CERTIFICATES(certificates);
    struct Case {
        std::string_view name;
        const Identity* identity;
        std::string_view server_name;
        const std::string* ca;
        std::string_view failure;  // empty: it works
    };
    const std::string* ca = &certificates.ca;
    const Case cases[] = {
        {"the name", &certificates.server, "gateway.test", ca, ""},
        {"the name in another case", &certificates.server, "GateWay.TEST", ca, ""},
        {"the name with a dot at its end", &certificates.server, "gateway.test.", ca, ""},
        {"a wildcard", &certificates.server, "a.wild.test", ca, ""},
        {"a wildcard is one label", &certificates.server, "a.b.wild.test", ca, "certificate is for another name"},
        {"a wildcard is not nothing", &certificates.server, "wild.test", ca, "certificate is for another name"},
        {"another name", &certificates.server, "other.test", ca, "certificate is for another name"},
        {"a name that begins the same", &certificates.server, "gateway.test.evil", ca,
         "certificate is for another name"},
        {"the common name counts for nothing beside subjectAltName", &certificates.server, "server", ca,
         "certificate is for another name"},
        {"an IPv4 address", &certificates.server, "127.0.0.1", ca, ""},
        {"an IPv6 address", &certificates.server, "::1", ca, ""},
        {"an IPv6 address, written in full", &certificates.server, "0:0:0:0:0:0:0:1", ca, ""},
        {"another IPv4 address", &certificates.server, "127.0.0.2", ca, "certificate is for another name"},
        {"another IPv6 address", &certificates.server, "::2", ca, "certificate is for another name"},
        {"an IPv4 address as an IPv6 one", &certificates.server, "::ffff:127.0.0.1", ca,
         "certificate is for another name"},
        {"an address and a certificate without any", &certificates.server_rsa, "127.0.0.1", ca,
         "certificate is for another name"},
        {"an address and a certificate without subjectAltName", &certificates.server_named, "127.0.0.1", ca,
         "certificate is for another name"},
        {"expired", &certificates.expired, "gateway.test", ca, "certificate has expired"},
        {"not valid yet", &certificates.future, "gateway.test", ca, "certificate is not valid yet"},
        {"an unknown authority", &certificates.server, "gateway.test", &certificates.other_ca,
         "certificate is signed by an unknown authority"},
        {"a weak key", &certificates.weak, "gateway.test", ca, "certificate is signed with a weak key or hash"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const auto server = make_server({*c.identity, {}, tls::ClientCertificates::none, {}});
        const auto client = make_client({*c.ca, {}, {}});
        Pair pair(*client, *server, c.server_name);
        pair.shake_hands();
        CHECK(pair.client.pipe.failure() == c.failure);
        CHECK(pair.established() == c.failure.empty());
        if (c.failure.empty()) continue;
        REQUIRE(pair.client.failed);
        CHECK(pair.client.failed->status == GW_ERR_TLS);
        CHECK(pair.client.failed->what == c.failure);
        CHECK_FALSE(pair.client.pipe.peer_fingerprint());
        // The alert reached the server, who says so.
        REQUIRE(pair.server.failed);
        CHECK(pair.server.failed->status == GW_ERR_TLS);
        CHECK(test::is_told(pair.server.pipe.failure()));
        // What has failed stays failed.
        CHECK(pair.client.pipe.write(as_bytes("x"), pair.client.out).error().status == GW_ERR_TLS);
        CHECK(pair.client.pipe.feed(as_bytes("x"), pair.client.plain, pair.client.out).error().what == c.failure);
        CHECK(pair.client.out.empty());
    }
}

TEST_CASE("tls: a client without a usable server name does not begin") {
    NEED_CERTIFICATES(certificates);
    const auto client = make_client({certificates.ca, {}, {}});
    for (const std::string& name :
         {std::string(), std::string("."), std::string("gateway.test\0.evil", 18), std::string(300, 'a')}) {
        test::End end(*client, name);
        end.start();
        REQUIRE(end.failed);
        CHECK(end.failed->status == GW_ERR_ARGUMENT);
        CHECK(end.out.empty());
        end.feed("x");
        CHECK_FALSE(end.pipe.established());
    }
}

TEST_CASE("tls: client certificates") {
    NEED_CERTIFICATES(certificates);
    using enum tls::ClientCertificates;
    const Identity nobody;
    struct Case {
        std::string_view name;
        tls::ClientCertificates mode;
        const Identity* client;
        std::string_view failure;  // the server's
        bool seen;
    };
    const Case cases[] = {
        {"not asked for", none, &certificates.client, "", false},
        {"optional and shown", optional, &certificates.client, "", true},
        {"optional and not there", optional, &nobody, "", false},
        {"optional and of an unknown authority", optional, &certificates.stranger,
         "certificate is signed by an unknown authority", false},
        {"optional and expired", optional, &certificates.client_expired, "certificate has expired", false},
        {"required and shown", required, &certificates.client, "", true},
        {"required and not there", required, &nobody, "the client showed no certificate", false},
        {"required and of an unknown authority", required, &certificates.stranger,
         "certificate is signed by an unknown authority", false},
        {"required and only for servers", required, &certificates.for_servers, "certificate is not meant for this use",
         false},
        {"required and expired", required, &certificates.client_expired, "certificate has expired", false},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const auto server = make_server({certificates.server, certificates.ca, c.mode, {}});
        const auto client = make_client({certificates.ca, *c.client, {}});
        for (int round = 0; round < 2; ++round) {  // the second could resume, were it allowed to
            Pair pair(*client, *server);
            pair.shake_hands();
            CHECK(pair.server.pipe.failure() == c.failure);
            CHECK(pair.server.pipe.established() == c.failure.empty());
            CHECK(pair.server.pipe.peer_fingerprint().has_value() == c.seen);
            if (c.mode != none) CHECK_FALSE(pair.server.pipe.resumed());
            if (c.failure.empty()) {
                pair.client.write("ping");
                pair.pump();
                CHECK(pair.server.received() == "ping");
                continue;
            }
            // In TLS 1.3 the client is done before its certificate is looked at; the alert tells it all the same.
            CHECK(pair.server.failed->status == GW_ERR_TLS);
            REQUIRE(pair.client.failed);
            CHECK(test::is_told(pair.client.pipe.failure()));
        }
    }
}

TEST_CASE("tls: the fingerprint is the SHA-256 of the certificate's DER") {
    NEED_CERTIFICATES(certificates);
    const auto der_digest = [](const std::string& pem) {
        const std::size_t begin = pem.find('\n', pem.find("BEGIN CERTIFICATE")) + 1;
        std::string bytes;
        unsigned bits = 0;
        int count = 0;
        for (const char c : pem.substr(begin, pem.find("-----END") - begin)) {
            constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            const std::size_t value = letters.find(c);
            if (value == std::string_view::npos) continue;
            bits = (bits << 6U) | static_cast<unsigned>(value);
            if ((count += 6) >= 8) bytes += static_cast<char>(bits >> static_cast<unsigned>(count -= 8));
        }
        return crypto::sha256(bytes);
    };
    const auto server =
        make_server({certificates.server_chain, certificates.ca, tls::ClientCertificates::required, {}});
    const auto client = make_client({certificates.ca, certificates.client, {}});
    Pair pair(*client, *server);
    pair.shake_hands();
    REQUIRE(pair.established());
    CHECK(pair.server.pipe.peer_fingerprint() == der_digest(certificates.client.certificate));
    CHECK(pair.client.pipe.peer_fingerprint() == der_digest(certificates.server_chain.certificate));
}

TEST_CASE("tls: the application protocol is the server's first choice that the client has") {
    NEED_CERTIFICATES(certificates);
    struct Case {
        std::string_view name;
        std::vector<std::string_view> server, client;
        std::string_view want;
        bool works;
    };
    const Case cases[] = {
        {"both have one", {"http/1.1"}, {"http/1.1"}, "http/1.1", true},
        {"the server's order counts", {"a", "b"}, {"b", "a"}, "a", true},
        {"the second choice", {"h2", "http/1.1"}, {"x", "http/1.1"}, "http/1.1", true},
        {"only the client asks", {}, {"http/1.1"}, "", true},
        {"only the server has", {"http/1.1"}, {}, "", true},
        {"nothing in common", {"h2"}, {"http/1.1"}, "", false},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, c.server});
        const auto client = make_client({certificates.ca, {}, c.client});
        Pair pair(*client, *server);
        pair.shake_hands();
        REQUIRE(pair.established() == c.works);
        CHECK(pair.client.pipe.alpn() == c.want);
        CHECK(pair.server.pipe.alpn() == c.want);
        if (c.works) continue;
        CHECK(pair.server.pipe.failure() == "no application protocol in common");
        CHECK(pair.client.pipe.failure() == "the peer's alert: no common application protocol");
    }
}

TEST_CASE("tls: the host name is in the hello, an address is not") {
    NEED_CERTIFICATES(certificates);
    const auto client = make_client({certificates.ca, {}, {}});
    test::End named(*client, "gateway.test");
    named.start();
    CHECK(named.out.text().find("gateway.test") != std::string_view::npos);
    test::End address(*client, "127.0.0.1");
    address.start();
    CHECK(address.out.text().find("127.0.0.1") == std::string_view::npos);
    CHECK(address.out.size() > 50);
}

TEST_CASE("tls: the end of the stream, clean and cut off") {
    NEED_CERTIFICATES(certificates);
    const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    const auto client = make_client({certificates.ca, {}, {}});
    Pair pair(*client, *server);
    pair.shake_hands();
    REQUIRE(pair.established());

    SECTION("close_notify is seen, after the data before it; the other direction goes on") {
        pair.client.write("last words");
        pair.client.pipe.close(pair.client.out);
        pair.pump();
        CHECK(pair.server.received() == "last words");
        CHECK(pair.server.pipe.peer_closed());
        CHECK_FALSE(pair.server.failed);
        CHECK_FALSE(pair.client.pipe.peer_closed());
        CHECK(pair.client.pipe.write(as_bytes("more"), pair.client.out).error().status == GW_ERR_STATE);
        CHECK(pair.client.out.empty());

        pair.server.write("answer");
        pair.server.pipe.close(pair.server.out);
        pair.pump();
        CHECK(pair.client.received() == "answer");
        CHECK(pair.client.pipe.peer_closed());
        pair.server.feed("whatever comes after the end is ignored");
        CHECK_FALSE(pair.server.failed);
    }
    SECTION("closing twice writes one close_notify") {
        pair.client.pipe.close(pair.client.out);
        const std::size_t size = pair.client.out.size();
        CHECK(size > 0);
        pair.client.pipe.close(pair.client.out);
        CHECK(pair.client.out.size() == size);
    }
    SECTION("without close_notify the stream is truncated, and the caller can see it") {
        pair.client.write("half of the story");
        std::string wire(pair.client.out.text());
        pair.client.out.clear();
        pair.server.feed(std::string_view(wire).substr(0, wire.size() - 1));
        CHECK(pair.server.received().empty());
        CHECK_FALSE(pair.server.pipe.peer_closed());
        CHECK_FALSE(pair.server.failed);
        CHECK(pair.server.plain.empty());
        CHECK(pair.server.pool.get()->bytes_out() == 0);
        pair.server.feed(std::string_view(wire).substr(wire.size() - 1));
        CHECK(pair.server.received() == "half of the story");
        CHECK_FALSE(pair.server.pipe.peer_closed());
    }
    SECTION("nothing to write writes nothing") {
        pair.client.write("");
        CHECK(pair.client.out.empty());
        CHECK_FALSE(pair.client.failed);
    }
}

TEST_CASE("tls: nothing is written before the handshake, and closing then is silent") {
    NEED_CERTIFICATES(certificates);
    const auto client = make_client({certificates.ca, {}, {}});
    test::End end(*client, "gateway.test");
    CHECK(end.pipe.write(as_bytes("secret"), end.out).error().status == GW_ERR_STATE);
    end.pipe.close(end.out);
    CHECK(end.out.empty());
    end.start();
    CHECK_FALSE(end.failed);
    CHECK(end.pipe.write(as_bytes("secret"), end.out).error().status == GW_ERR_STATE);
}

TEST_CASE("tls: a changed byte in any record ends the connection with an alert") {
    NEED_CERTIFICATES(certificates);
    const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    const auto client = make_client({certificates.ca, {}, {}});

    SECTION("in the data") {
        for (const std::size_t at : {5U, 12U, 20U, 33U}) {
            Pair pair(*client, *server);
            pair.shake_hands();
            REQUIRE(pair.established());
            pair.client.write("good");
            pair.client.write("transfer 10");
            pair.tamper = [&](bool from_client, std::string& ciphertext) {
                // The second record begins after the first one, whose length is in its bytes 3 and 4.
                if (from_client) ciphertext[5 + static_cast<unsigned char>(ciphertext[4]) + at] ^= 1;
            };
            pair.pump();
            INFO("byte " << at);
            CHECK(pair.server.received() == "good");
            REQUIRE(pair.server.failed);
            CHECK(pair.server.failed->status == GW_ERR_TLS);
            CHECK(pair.server.pipe.failure() == "a record could not be authenticated");
            CHECK_FALSE(pair.server.pipe.established());
            CHECK(pair.client.pipe.failure() == "the peer's alert: a record could not be authenticated");
        }
    }
    SECTION("in the handshake: never is a connection made of it") {
        // Sampled places in both directions; the record header's version bytes are not authenticated in the first
        // hello.
        for (const bool client_side : {true, false}) {
            for (std::size_t at = 9; at < 1200; at += 37) {
                Pair pair(*client, *server);
                std::size_t offset = 0;
                bool changed = false;
                pair.tamper = [&](bool from_client, std::string& ciphertext) {
                    if (from_client != client_side) return;
                    if (at >= offset && at - offset < ciphertext.size()) {
                        ciphertext[at - offset] ^= 0x20;
                        changed = true;
                    }
                    offset += ciphertext.size();
                };
                pair.shake_hands();
                if (!changed) break;
                INFO((client_side ? "client" : "server") << " byte " << at);
                CHECK_FALSE(pair.established());
            }
        }
    }
}

TEST_CASE("tls: a server is told what is not TLS") {
    NEED_CERTIFICATES(certificates);
    const auto server = make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
    struct Case {
        std::string_view name, wire, failure;
    };
    const Case cases[] = {
        {"GET", "GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n", "the client speaks plain HTTP on a TLS port"},
        {"POST", "POST /v1/chat/completions HTTP/1.1\r\n\r\n", "the client speaks plain HTTP on a TLS port"},
        {"HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "the client speaks plain HTTP on a TLS port"},
        {"text", "hello, is anybody there?\r\n", ""},
        {"zeros", std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0", 12), ""},
        {"an alert first", std::string_view("\x15\x03\x03\0\x02\x02\x28", 7), ""},
        {"data first", std::string_view("\x17\x03\x03\0\x05hello", 10), ""},
        {"a handshake record that is too long", std::string_view("\x16\x03\x01\xff\xff\x01", 6), ""},
        {"an empty handshake record", std::string_view("\x16\x03\x01\0\0\x16\x03\x01\0\0", 10), ""},
        {"a hello that lies about its length", std::string_view("\x16\x03\x01\0\x08\x01\0\xff\xff\x03\x03\0\0", 13),
         ""},
        {"a hello for SSL 3", std::string_view("\x16\x03\0\0\x2d\x01\0\0\x29\x03\0", 11), ""},
    };
    for (const Case& c : cases) {
        test::for_each_split(
            c.wire,
            [&](const test::Pieces& pieces) {
                INFO(c.name << ", cut as " << pieces);
                test::End end(*server, {});
                end.start();
                for (const std::string_view piece : pieces) end.feed(piece);
                CHECK_FALSE(end.pipe.established());
                CHECK(end.plain.empty());
                if (c.name == "a hello for SSL 3") return;  // cut off: more could come
                if (test::has_tls_1_3 && c.name == "a hello that lies about its length") {
                    // It may go on in further records (RFC 8446 5.1), but not for ever.
                    const std::string more = std::string("\x16\x03\x03\x04\x00", 5) + std::string(1024, '\0');
                    for (int i = 0; i < 40 && !end.failed; ++i) end.feed(more);
                }
                REQUIRE(end.failed);
                CHECK(end.failed->status == GW_ERR_TLS);
                CHECK_FALSE(end.pipe.failure().empty());
                if (!c.failure.empty()) CHECK(end.pipe.failure() == c.failure);
                // One alert; in answer to one there is none (RFC 8446 6.2), where it was read as one.
                const bool is_answer = test::has_tls_1_3 && c.name == "an alert first";
                CHECK(end.out.size() == (is_answer ? 0 : 7));
            },
            5);
    }
}

TEST_CASE("tls: a client is told when the server speaks plain HTTP") {
    NEED_CERTIFICATES(certificates);
    const auto client = make_client({certificates.ca, {}, {}});
    test::End end(*client, "gateway.test");
    end.start();
    end.feed("HTTP/1.1 400 Bad Request\r\n\r\n");
    REQUIRE(end.failed);
    CHECK(end.pipe.failure() == "the server speaks plain HTTP, not TLS");
}

}  // namespace gw
