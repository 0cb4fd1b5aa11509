// Certificates for the TLS tests, made by the openssl command in a temporary folder, once per test program.
#pragma once

#include <filesystem>
#include <string>

namespace gw::test {

struct Identity {
    std::string certificate;  // PEM
    std::string key;
};

struct Certificates {
    std::filesystem::path folder;  // holds ca.pem, server.pem, server.key and so on, for the openssl command itself
    std::string ca;                // signs everything but `stranger`
    std::string other_ca;
    Identity server;          // EC; gateway.test, *.wild.test, 127.0.0.1, ::1
    Identity server_rsa;      // RSA 2048; gateway.test
    Identity server_chain;    // EC; gateway.test, signed by an intermediate that is part of the PEM
    Identity server_named;    // EC; no subjectAltName, common name gateway.test
    Identity expired;         // EC; gateway.test, until yesterday
    Identity future;          // EC; gateway.test, from 2090 on
    Identity for_clients;     // EC; gateway.test, but its extended key usage is clientAuth only
    Identity for_servers;     // EC; the other way round
    Identity weak;            // RSA 1024; gateway.test
    Identity client;          // EC; "client"
    Identity stranger;        // EC; "stranger", signed by other_ca
    Identity client_expired;  // EC; signed by ca, until yesterday
};

// Null when there is no openssl command: then the test says that it was skipped. Fails the test when it does not work.
const Certificates* certificates();

// Runs the rest of the test only with certificates.
#define NEED_CERTIFICATES(name)                                                        \
    const ::gw::test::Certificates* const name##_pointer = ::gw::test::certificates(); \
    if (name##_pointer == nullptr) {                                                   \
        WARN("skipped: there is no openssl command");                                  \
        return;                                                                        \
    }                                                                                  \
    const ::gw::test::Certificates& name = *name##_pointer

}  // namespace gw::test
