// Two TLS pipes in memory, joined by buffers: what one writes the other is fed, in pieces of any size.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/random.h"
#include "support/test.h"
#include "tls/certificates.h"
#include "tls/tls.h"
#include "tls/version.h"

namespace gw::test {

// What one side says of a failure that the other one told it. In TLS 1.3 mbedTLS encrypts the alert with the keys of
// the handshake that it has, which are not always those that its peer reads with by then.
[[nodiscard]] inline bool is_told(std::string_view failure) {
    return failure.starts_with("the peer's alert: ") ||
           (has_tls_1_3 && failure == "a record could not be authenticated");
}

using ContextPointer = std::unique_ptr<tls::Context>;

struct ServerSetup {
    Identity identity;
    std::string client_ca;
    tls::ClientCertificates client_certificates = tls::ClientCertificates::none;
    std::vector<std::string_view> alpn;
};
struct ClientSetup {
    std::string ca;
    Identity identity;
    std::vector<std::string_view> alpn;
};
// The test fails when the context cannot be made.
ContextPointer make_server(const ServerSetup& setup, const gw_host* host = nullptr, crypto::Random random = {});
ContextPointer make_client(const ClientSetup& setup, const gw_host* host = nullptr, crypto::Random random = {});

// One end: its pipe, what it has to send, what it received.
struct End {
    End(tls::Context& context, std::string_view server_name, const gw_host* host = nullptr);

    HostMemory memory;
    BlockPoolOwner pool;
    Buffer plain;
    Buffer out;
    tls::Pipe pipe;
    std::optional<Error> failed;  // what start(), feed() or write() said first

    void start();
    void feed(std::string_view ciphertext);
    void write(std::string_view text);
    // What it received so far, taken out.
    std::string received();
};

// A client and a server. pump() carries what either has to send until both are silent.
struct Pair {
    Pair(tls::Context& client_context, tls::Context& server_context, std::string_view server_name = "gateway.test",
         const gw_host* host = nullptr);

    End client;
    End server;
    // How the ciphertext is cut: pieces of up to so many bytes, chosen by `random`; 0 for all at once.
    std::size_t piece_bytes_max = 0;
    Random random{1};
    // May change what the client (true) or the server sends, on its way.
    std::function<void(bool from_client, std::string& ciphertext)> tamper;

    void pump();
    void shake_hands();  // start both, then pump
    [[nodiscard]] bool established() const { return client.pipe.established() && server.pipe.established(); }

private:
    bool carry(End& from, End& to, bool from_client);
};

}  // namespace gw::test
