// TLS as a pipe, on mbedTLS 2.28 or 3.6: ciphertext on one side, plaintext on the other, no sockets.
//
//     from the socket -- feed() --> [ mbedTLS ] --> `plain`
//                                   [         ] --> `out`, to the socket: handshake, alerts
//           plaintext -- write() -> [         ] --> `out`
//
// TLS 1.2 with AEAD and forward secrecy; 1.3 where the installed version has it. No renegotiation, no compression.
// mbedTLS reads the system's clock for the validity of certificates and the age of tickets, and takes its own memory
// from malloc(): about 40 KiB for a connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>
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
        std::string_view client_ca_pem;  // trust for client certificates
        ClientCertificates client_certificates = ClientCertificates::none;
        std::span<const std::string_view> alpn;  // in order of preference; empty: no ALPN
    };
    struct ClientOptions {
        std::string_view ca_pem;           // trust anchors; must not be empty
        std::string_view certificate_pem;  // our own, for servers that ask; may be empty
        std::string_view key_pem;
        std::span<const std::string_view> alpn;
    };
    // GW_ERR_CONFIG with `what` naming the part that could not be used; GW_ERR_RANDOM, GW_ERR_NO_MEMORY. Throws
    // std::bad_alloc. `random` with its `user` must outlive the context. A bundle of authorities may hold some that
    // cannot be read. Where clients are asked for certificates, sessions are not resumed: each is looked at anew.
    static Result<std::unique_ptr<Context>> make_server(const ServerOptions& options, RandomFunction random, void* user,
                                                        Allocator allocator);
    static Result<std::unique_ptr<Context>> make_client(const ClientOptions& options, RandomFunction random, void* user,
                                                        Allocator allocator);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    // SHA-256 of its own certificate (DER), the leaf.
    [[nodiscard]] std::array<std::byte, 32> fingerprint() const noexcept;
    // The object lies in memory of the `allocator` it was made with, and goes back there.
    static void operator delete(Context* context, std::destroying_delete_t) noexcept;

private:
    friend class Pipe;
    struct State;
    struct Deleter {
        void operator()(State* state) const noexcept;
    };
    using StatePointer = std::unique_ptr<State, Deleter>;
    static StatePointer make_state(bool server, RandomFunction random, void* user, Allocator allocator);
    static Result<std::unique_ptr<Context>> finish(StatePointer state);
    explicit Context(StatePointer state) noexcept;

    StatePointer state_;
};

// One TLS connection.
class Pipe {
public:
    // `server_name` (client only) is checked against the certificate's subjectAltName, or its common name when it has
    // none, and sent as SNI. An IPv4 or IPv6 address, without brackets, is checked against the addresses there and not
    // sent. Neither buffer of the calls below needs to be of `pool`.
    Pipe(Context& context, std::string_view server_name, BlockPool* pool, std::pmr::memory_resource* memory);
    ~Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    // Begins the handshake (a client writes its hello). Answers of the handshake go to `out`.
    // GW_ERR_ARGUMENT when the server name cannot be checked: empty, too long, with a NUL byte.
    [[nodiscard]] Result<void> start(Buffer& out);
    // Takes ciphertext, all of it; a record that is not complete is kept inside, so at most one.
    // Runs the handshake, decrypts what came: plaintext is appended to `plain`, never more than one record's beyond the
    // size of `piece`. What comes after the peer's close_notify is ignored.
    // GW_ERR_TLS is the peer's mistake, or a certificate that is not accepted: failure() says which, `out` ends with
    // the alert. GW_ERR_RANDOM, GW_ERR_NO_MEMORY. After a failure every call gives the same error again; plaintext
    // that was authentic before it stays in `plain`. std::bad_alloc ends the connection as a failure does.
    [[nodiscard]] Result<void> feed(std::span<const std::byte> piece, Buffer& plain, Buffer& out);
    // Encrypts all of `data`, in records of up to 16 KiB. GW_ERR_STATE before established() and after close().
    // std::bad_alloc: nothing was encrypted, and it may be tried again.
    [[nodiscard]] Result<void> write(std::span<const std::byte> data, Buffer& out);
    // Writes close_notify. Nothing can be written after; what the peer still sends can be read. Before the handshake is
    // done, and after a failure, this does nothing.
    void close(Buffer& out);

    // From the end of the handshake on, until a failure. What follows is known only then.
    [[nodiscard]] bool established() const noexcept;
    // The peer sent close_notify: an end of the stream without it is a truncation.
    [[nodiscard]] bool peer_closed() const noexcept;
    [[nodiscard]] std::string_view alpn() const noexcept;     // chosen protocol, empty for none
    [[nodiscard]] std::string_view version() const noexcept;  // "TLSv1.2", "TLSv1.3"
    [[nodiscard]] std::string_view cipher() const noexcept;
    // SHA-256 of the peer's certificate (DER), which was verified; nothing when it showed none. A resumed client tells
    // that of the handshake in which the session began.
    [[nodiscard]] std::optional<std::array<std::byte, 32>> peer_fingerprint() const noexcept;
    // Whether the handshake resumed an earlier session; a client's session is kept in its Context by server name.
    [[nodiscard]] bool resumed() const noexcept;
    // A sentence on the last failure, e.g. "certificate has expired"; static text.
    [[nodiscard]] std::string_view failure() const noexcept;

private:
    struct State;
    struct Deleter {
        void operator()(State* state) const noexcept;
    };
    std::unique_ptr<State, Deleter> state_;
};

}  // namespace gw::tls
