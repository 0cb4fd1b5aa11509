// TLS as a pipe, on mbedTLS 2.28 or 3.x: ciphertext on one side, plaintext on the other, no sockets.
//
//     socket bytes -- feed() --> [ mbedTLS ] -- read() --> plaintext
//     plaintext -- write() --> [ mbedTLS ] --> ciphertext in `out`
//
// TLS 1.2 with AEAD and forward secrecy; 1.3 where the installed version has it. No renegotiation, no compression.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>

#include "core/buffer.h"
#include "core/memory.h"
#include "core/result.h"

namespace gw::tls {

using RandomFunction = bool (*)(void* user, void* out, std::size_t size);

enum class ClientCertificates : std::uint8_t { none, optional, required };

// What many connections share: certificates, keys, trust, session tickets. Immutable once made, but for the session
// cache; must outlive its pipes.
class Context {
public:
    struct ServerOptions {
        std::string_view certificate_pem;  // leaf first, then intermediates
        std::string_view key_pem;
        std::string_view client_ca_pem;    // trust for client certificates
        ClientCertificates client_certificates = ClientCertificates::none;
        std::span<const std::string_view> alpn;  // in order of preference; empty: no ALPN
    };
    struct ClientOptions {
        std::string_view ca_pem;           // trust anchors; must not be empty
        std::string_view certificate_pem;  // our own, for servers that ask; may be empty
        std::string_view key_pem;
        std::span<const std::string_view> alpn;
    };
    // GW_ERR_CONFIG with `what` naming the part that could not be used.
    static Result<std::unique_ptr<Context>> make_server(const ServerOptions& options, RandomFunction random, void* user,
                                                        Allocator allocator);
    static Result<std::unique_ptr<Context>> make_client(const ClientOptions& options, RandomFunction random, void* user,
                                                        Allocator allocator);
    virtual ~Context();

protected:
    Context();
    friend class Pipe;
    struct State;
    State* state_ = nullptr;
};

// One TLS connection.
class Pipe {
public:
    // `server_name` (client only): checked against the certificate and sent as SNI (not when it is an address).
    Pipe(Context& context, std::string_view server_name, BlockPool* pool, std::pmr::memory_resource* memory);
    ~Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    // Begins the handshake (a client writes its hello). Answers of the handshake go to `out`.
    [[nodiscard]] Result<void> start(Buffer& out);
    // Takes ciphertext, all of it; records that are not complete are kept inside (bounded by one record).
    // Runs the handshake, decrypts what came: plaintext is appended to `plain`. After a failure `out` holds the alert.
    [[nodiscard]] Result<void> feed(std::span<const std::byte> piece, Buffer& plain, Buffer& out);
    // Encrypts all of `data`. Only when established().
    [[nodiscard]] Result<void> write(std::span<const std::byte> data, Buffer& out);
    // Writes close_notify. Nothing can be written after.
    void close(Buffer& out);

    [[nodiscard]] bool established() const noexcept;
    // The peer sent close_notify: an end of the stream without it is a truncation.
    [[nodiscard]] bool peer_closed() const noexcept;
    [[nodiscard]] std::string_view alpn() const noexcept;     // chosen protocol, empty for none
    [[nodiscard]] std::string_view version() const noexcept;  // "TLSv1.2", "TLSv1.3"
    [[nodiscard]] std::string_view cipher() const noexcept;
    // SHA-256 of the peer's certificate (DER), nothing when it showed none.
    [[nodiscard]] std::optional<std::array<std::byte, 32>> peer_fingerprint() const noexcept;
    // Whether the handshake resumed an earlier session; a client's session is kept in its Context by server name.
    [[nodiscard]] bool resumed() const noexcept;
    // A sentence on the last failure, e.g. "certificate has expired"; static text.
    [[nodiscard]] std::string_view failure() const noexcept;

private:
    struct State;
    struct Deleter { void operator()(State* state) const noexcept; };
    std::unique_ptr<State, Deleter> state_;
};

}  // namespace gw::tls
