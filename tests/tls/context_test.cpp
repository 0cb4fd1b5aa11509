// What contexts accept, and what happens when memory or randomness is refused.
#include <string>

#include "tls/address.h"
#include "tls/failure.h"
#include "tls/pipes.h"

namespace gw {

namespace {

using test::Identity;

Result<std::unique_ptr<tls::Context>> server_of(const Identity& identity, std::span<const std::string_view> alpn = {}) {
    const crypto::Random random;
    return tls::Context::make_server(
        {.certificate_pem = identity.certificate, .key_pem = identity.key, .client_ca_pem = {}, .alpn = alpn},
        random.function(), random.user(), Allocator::from(nullptr));
}

Result<std::unique_ptr<tls::Context>> client_of(std::string_view ca, const Identity& identity = {}) {
    const crypto::Random random;
    return tls::Context::make_client(
        {.ca_pem = ca, .certificate_pem = identity.certificate, .key_pem = identity.key, .alpn = {}}, random.function(),
        random.user(), Allocator::from(nullptr));
}

// Gives the operating system's randomness until it is told to fail.
struct Faucet {
    std::size_t left = SIZE_MAX;  // calls
    static bool fill(void* user, void* out, std::size_t size) {
        auto& self = *static_cast<Faucet*>(user);
        if (self.left == 0) return false;
        --self.left;
        return crypto::Random{}.fill({static_cast<std::byte*>(out), size});
    }
    crypto::Random random() { return {fill, this}; }
};

}  // namespace

TEST_CASE("tls: a server context names the part of its configuration that cannot be used") {
    NEED_CERTIFICATES(certificates);
    const Identity& good = certificates.server;
    const std::string cut = good.certificate.substr(0, good.certificate.size() / 2);
    struct Case {
        std::string_view name;
        Identity identity;
        std::string_view what;
    };
    const Case cases[] = {
        {"no certificate", {"", good.key}, "the TLS certificate is missing"},
        {"no key", {good.certificate, ""}, "the private key of the TLS certificate is missing"},
        {"not PEM", {"certificate", good.key}, "the TLS certificate is not PEM, or a certificate in it cannot be read"},
        {"cut off", {cut, good.key}, "the TLS certificate is not PEM, or a certificate in it cannot be read"},
        {"a chain whose second part is broken",
         {good.certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", good.key},
         "the TLS certificate is not PEM, or a certificate in it cannot be read"},
        {"key and certificate swapped",
         {good.key, good.certificate},
         "the TLS certificate is not PEM, or a certificate in it cannot be read"},
        {"not a key", {good.certificate, "key"}, "the private key is not PEM, or cannot be read"},
        {"another key",
         {good.certificate, certificates.client.key},
         "the private key does not belong to the first certificate"},
        {"a key of another kind",
         {good.certificate, certificates.server_rsa.key},
         "the private key does not belong to the first certificate"},
        {"a certificate for clients", certificates.for_clients, "the TLS certificate may not be used by a server"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const auto made = server_of(c.identity);
        REQUIRE_FALSE(made);
        CHECK(made.error().status == GW_ERR_CONFIG);
        CHECK(made.error().what == c.what);
    }
    CHECK(server_of(good));

    const std::string_view empty_name[] = {"http/1.1", ""};
    CHECK(server_of(good, empty_name).error().status == GW_ERR_CONFIG);
    const std::string long_name(256, 'a');
    const std::string_view names[] = {long_name};
    CHECK(server_of(good, names).error().status == GW_ERR_CONFIG);

    const crypto::Random random;
    const auto no_ca = tls::Context::make_server({.certificate_pem = good.certificate,
                                                  .key_pem = good.key,
                                                  .client_ca_pem = {},
                                                  .client_certificates = tls::ClientCertificates::required,
                                                  .alpn = {}},
                                                 random.function(), random.user(), Allocator::from(nullptr));
    REQUIRE_FALSE(no_ca);
    CHECK(no_ca.error().what == "the authority for client certificates cannot be read");
}

TEST_CASE("tls: a bundle of authorities works when some of it cannot be read, not when all of it") {
    NEED_CERTIFICATES(certificates);
    const std::string broken = "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n";
    for (const std::string& bundle : {broken + certificates.ca, certificates.ca + broken,
                                      "# a comment\n" + broken + certificates.other_ca + broken + certificates.ca}) {
        const auto client = test::make_client({bundle, {}, {}});
        const auto server = test::make_server({certificates.server, {}, tls::ClientCertificates::none, {}});
        test::Pair pair(*client, *server);
        pair.shake_hands();
        CHECK(pair.established());
    }
    for (const std::string& bundle : {std::string(), std::string("no certificates here"), broken, broken + broken}) {
        INFO("bundle " << bundle);
        const auto made = client_of(bundle);
        REQUIRE_FALSE(made);
        CHECK(made.error().status == GW_ERR_CONFIG);
        CHECK(made.error().what == "the trusted authorities cannot be read");
    }
    CHECK(client_of(certificates.ca, {certificates.client.certificate, ""}).error().status == GW_ERR_CONFIG);
    CHECK(client_of(certificates.ca, {"", certificates.client.key}).error().status == GW_ERR_CONFIG);
    CHECK(client_of(certificates.ca, certificates.client));
}

TEST_CASE("tls: memory comes from the host, and a refusal anywhere leaks nothing") {
    NEED_CERTIFICATES(certificates);
    const std::string text(3000, 'x');
    // A whole conversation with a resumption; true when it went through.
    const auto converse = [&](const gw_host* host) {
        const auto server =
            test::make_server({certificates.server, {}, tls::ClientCertificates::none, {"http/1.1"}}, host);
        const auto client = test::make_client({certificates.ca, {}, {"http/1.1"}}, host);
        for (int round = 0; round < 2; ++round) {
            test::Pair pair(*client, *server, "gateway.test", host);
            pair.shake_hands();
            pair.client.write(text);
            pair.server.write(text);
            pair.pump();
            pair.client.pipe.close(pair.client.out);
            pair.pump();
            if (pair.server.received() != text || pair.client.received() != text) return false;
        }
        return true;
    };
    test::TestHost host;
    REQUIRE(converse(host.host()));
    CHECK(host.allocations() > 10);

    bool passed = false;
    for (std::size_t n = 0; !passed; ++n) {
        INFO("allocation " << n << " is refused");
        REQUIRE(n < 500);
        host.clear_failed();
        host.fail_at(n);
        try {
            passed = converse(host.host()) && !host.failed();
        } catch (const std::bad_alloc&) {
            CHECK(host.failed());
        }
        host.fail_never();
        CHECK(host.bytes_out() == 0);
    }
}

TEST_CASE("tls: writing that is refused memory has not begun") {
    NEED_CERTIFICATES(certificates);
    test::TestHost host;
    const auto server = test::make_server({certificates.server, {}, tls::ClientCertificates::none, {}}, host.host());
    const auto client = test::make_client({certificates.ca, {}, {}}, host.host());
    test::Pair pair(*client, *server, "gateway.test", host.host());
    pair.shake_hands();
    REQUIRE(pair.established());
    const std::string text(100000, 'x');
    host.fail_at(0);
    CHECK_THROWS_AS(pair.client.write(text), std::bad_alloc);
    host.fail_never();
    CHECK(pair.client.out.empty());
    CHECK(pair.client.pipe.established());
    pair.client.write(text);
    pair.pump();
    CHECK((pair.server.received() == text));
}

TEST_CASE("tls: a random source that fails is an error of its own kind") {
    NEED_CERTIFICATES(certificates);
    Faucet server_faucet;
    Faucet client_faucet;
    const crypto::Random random = server_faucet.random();
    server_faucet.left = 0;
    const auto refused = tls::Context::make_server({.certificate_pem = certificates.server.certificate,
                                                    .key_pem = certificates.server.key,
                                                    .client_ca_pem = {},
                                                    .alpn = {}},
                                                   random.function(), random.user(), Allocator::from(nullptr));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().status == GW_ERR_RANDOM);

    server_faucet.left = SIZE_MAX;
    const auto server =
        test::make_server({certificates.server, {}, tls::ClientCertificates::none, {}}, nullptr, random);
    const auto client = test::make_client({certificates.ca, {}, {}}, nullptr, client_faucet.random());
    client_faucet.left = 0;
    test::End end(*client, "gateway.test");
    end.start();
    REQUIRE(end.failed);
    CHECK(end.failed->status == GW_ERR_RANDOM);

    // It fails at every place in the server's part in turn: never a connection, always the right reason.
    client_faucet.left = SIZE_MAX;
    bool established = false;
    for (std::size_t left = 0; !established && left < 400; left = left < 8 ? left + 1 : left * 2) {
        INFO("the source gives " << left << " times");
        server_faucet.left = left;
        test::Pair pair(*client, *server);
        pair.shake_hands();
        established = pair.server.pipe.established();
        if (established) continue;
        REQUIRE(pair.server.failed);
        CHECK(pair.server.failed->status == GW_ERR_RANDOM);
        CHECK(pair.server.pipe.failure() == "the random source failed");
        if (test::has_tls_1_3) {  // mbedTLS may have told the peer something less exact before we could
            CHECK(test::is_told(pair.client.pipe.failure()));
        } else {
            CHECK(pair.client.pipe.failure() == "the peer's alert: internal error");
        }
    }
    CHECK(established);
}

TEST_CASE("tls: addresses are told from names") {
    struct Case {
        std::string_view text;
        std::size_t size;  // 0: not an address
    };
    const Case cases[] = {
        {"127.0.0.1", 4},
        {"255.255.255.255", 4},
        {"::", 16},
        {"::1", 16},
        {"2001:db8::8a2e:370:7334", 16},
        {"::ffff:1.2.3.4", 16},
        {"", 0},
        {"127.0.0", 0},
        {"127.1", 0},
        {"127.0.0.1.", 0},
        {"256.0.0.1", 0},
        {"[::1]", 0},
        {"fe80::1%eth0", 0},
        {"gateway.test", 0},
        {"1.2.3.4.test", 0},
        {std::string_view("::1\0x", 5), 0},
        {"0000:0000:0000:0000:0000:0000:0000:00001", 0},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const auto address = tls::Address::parse(c.text);
        CHECK(address.has_value() == (c.size > 0));
        if (address) CHECK(address->bytes().size() == c.size);
    }
}

TEST_CASE("tls: every alert has a sentence, and none of ours is empty") {
    for (int alert = 0; alert < 256; ++alert)
        CHECK_FALSE(tls::describe_received(static_cast<std::uint8_t>(alert)).empty());
    CHECK(tls::describe_received(45) == "the peer's alert: certificate expired");
    CHECK(tls::describe_sent(40) == "no cipher suite, curve or signature in common");
    CHECK(tls::describe_sent(200).empty());
}

}  // namespace gw
