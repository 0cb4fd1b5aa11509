#include "tls/context.h"

#include <cassert>
#include <utility>

#include "crypto/compare.h"
#include "crypto/sha256.h"

namespace gw::tls {

namespace {

// How long a server's tickets are good for, and how often their key changes. In TLS 1.2 who learns that key can read
// every connection whose session went into a ticket, so it does not live long.
constexpr std::uint32_t ticket_lifetime_s = 2 * 60 * 60;
constexpr std::size_t alpn_name_bytes_max = 255;  // RFC 7301 3.1

// A copy that ends with the NUL byte mbedTLS asks for, wiped afterwards: it may be a private key.
class Terminated {
public:
    Terminated(std::string_view text, std::pmr::memory_resource* memory) : text_(text, memory) {}
    ~Terminated() { crypto::wipe(text_); }
    Terminated(const Terminated&) = delete;
    Terminated& operator=(const Terminated&) = delete;
    [[nodiscard]] std::span<const unsigned char> bytes() const noexcept {
        return {reinterpret_cast<const unsigned char*>(text_.c_str()), text_.size() + 1};
    }

private:
    std::pmr::string text_;
};

bool is_out_of_memory(int code) noexcept {
    return code == MBEDTLS_ERR_SSL_ALLOC_FAILED || code == MBEDTLS_ERR_X509_ALLOC_FAILED ||
           code == MBEDTLS_ERR_PK_ALLOC_FAILED;
}

}  // namespace

Context::State::State(bool is_server, RandomFunction random_function, void* random_user, Allocator allocator)
    : memory(allocator),
      random(random_function),
      user(random_user),
      server(is_server),
      alpn_names(&memory),
      alpn(&memory),
      sessions(&memory) {
    mbedtls_ssl_config_init(&config);
    mbedtls_x509_crt_init(&certificate);
    mbedtls_x509_crt_init(&trust);
    mbedtls_pk_init(&key);
    mbedtls_ssl_ticket_init(&tickets);
}

Context::State::~State() {
    mbedtls_ssl_config_free(&config);
    mbedtls_ssl_ticket_free(&tickets);
    mbedtls_pk_free(&key);
    mbedtls_x509_crt_free(&trust);
    mbedtls_x509_crt_free(&certificate);
}

int Context::State::fill_random(void* state, unsigned char* out, std::size_t size) noexcept {
    auto& self = *static_cast<State*>(state);
    if (size == 0 || self.random(self.user, out, size)) return 0;
    self.random_failed = true;
    return MBEDTLS_ERR_SSL_NO_RNG;
}

Error Context::State::error(int code, std::string_view what) const noexcept {
    if (random_failed) return {GW_ERR_RANDOM, 0, "the random source failed"};
    if (is_out_of_memory(code)) return {GW_ERR_NO_MEMORY, 0, "no memory for TLS"};
    return {GW_ERR_CONFIG, 0, what};
}

Result<void> Context::State::load_identity(std::string_view certificate_pem, std::string_view key_pem) {
    if (certificate_pem.empty()) return Error{GW_ERR_CONFIG, 0, "the TLS certificate is missing"};
    if (key_pem.empty()) return Error{GW_ERR_CONFIG, 0, "the private key of the TLS certificate is missing"};
    const Terminated certificate_text(certificate_pem, &memory);
    // Above zero: so many of the chain could not be read. A chain with holes would fail at some clients only.
    if (const int code =
            mbedtls_x509_crt_parse(&certificate, certificate_text.bytes().data(), certificate_text.bytes().size());
        code != 0) {
        return error(code, "the TLS certificate is not PEM, or a certificate in it cannot be read");
    }
    if (server && !port::is_for_servers(certificate)) {
        return Error{GW_ERR_CONFIG, 0, "the TLS certificate may not be used by a server"};
    }
    const Terminated key_text(key_pem, &memory);
    if (const int code = port::parse_key(key, key_text.bytes(), fill_random, this); code != 0) {
        if (code == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
            return error(code, "the private key is encrypted with a password");
        return error(code, "the private key is not PEM, or cannot be read");
    }
    if (const int code = port::check_pair(certificate, key, fill_random, this); code != 0) {
        return error(code, "the private key does not belong to the first certificate");
    }
    if (const int code = mbedtls_ssl_conf_own_cert(&config, &certificate, &key); code != 0) {
        return error(code, "the TLS certificate cannot be used");
    }
    return {};
}

Result<void> Context::State::load_trust(std::string_view pem, std::string_view what) {
    if (pem.empty()) return Error{GW_ERR_CONFIG, 0, what};
    const Terminated text(pem, &memory);
    // A system's bundle may hold a few certificates of a kind that mbedTLS does not know: those are left out (above
    // zero is their number). It is an error when nothing is left.
    const int code = mbedtls_x509_crt_parse(&trust, text.bytes().data(), text.bytes().size());
    if (code < 0 || trust.raw.len == 0) return error(code, what);
    mbedtls_ssl_conf_ca_chain(&config, &trust, nullptr);
    return {};
}

Result<void> Context::State::set_alpn(std::span<const std::string_view> names) {
    if (names.empty()) return {};
    alpn_names.reserve(names.size());
    alpn.reserve(names.size() + 1);
    for (const std::string_view name : names) {
        if (name.empty() || name.size() > alpn_name_bytes_max || name.find('\0') != std::string_view::npos) {
            return Error{GW_ERR_CONFIG, 0, "an ALPN name is empty, too long or holds a NUL byte"};
        }
        alpn_names.emplace_back(name);
        alpn.push_back(alpn_names.back().c_str());
    }
    alpn.push_back(nullptr);
    if (const int code = mbedtls_ssl_conf_alpn_protocols(&config, alpn.data()); code != 0) {
        return error(code, "the ALPN names are too many");
    }
    return {};
}

Result<void> Context::State::configure(ClientCertificates certificates) {
    client_certificates = certificates;
    if (!port::initialize()) return Error{GW_ERR_INTERNAL, 0, "the TLS library could not be initialized"};
    if (const int code = mbedtls_ssl_config_defaults(&config, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                                     MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
        code != 0) {
        return error(code, "the TLS library could not be configured");
    }
    port::set_policy(config);
    mbedtls_ssl_conf_rng(&config, fill_random, this);
    if (!server) {
        mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
        port::ask_for_tickets(config);
        return {};
    }
    switch (certificates) {
    case ClientCertificates::none: mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE); break;
    case ClientCertificates::optional: mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_OPTIONAL); break;
    case ClientCertificates::required: mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED); break;
    }
    // A resumed handshake shows no certificate. Where clients prove who they are by one, it is looked at every time:
    // no tickets.
    if (certificates != ClientCertificates::none) return {};
    if (const int code =
            mbedtls_ssl_ticket_setup(&tickets, fill_random, this, MBEDTLS_CIPHER_AES_256_GCM, ticket_lifetime_s);
        code != 0) {
        return error(code, "session tickets could not be set up");
    }
    mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
    return {};
}

Context::Context(StatePointer state) noexcept : state_(std::move(state)) {}
Context::~Context() = default;

std::array<std::byte, 32> Context::fingerprint() const noexcept {
    const mbedtls_x509_buf& der = state_->certificate.raw;
    return crypto::sha256(std::as_bytes(std::span(der.p, der.len)));
}

void Context::Deleter::operator()(State* state) const noexcept {
    const Allocator allocator = state->memory.allocator();
    state->~State();
    allocator.deallocate(state, sizeof(State));
}

void Context::operator delete(Context* context, std::destroying_delete_t) noexcept {
    const Allocator allocator = context->state_->memory.allocator();
    context->~Context();
    allocator.deallocate(context, sizeof(Context));
}

Context::StatePointer Context::make_state(bool server, RandomFunction random, void* user, Allocator allocator) {
    assert(random != nullptr);
    static_assert(alignof(State) <= 16);
    return StatePointer(new (allocator.allocate(sizeof(State))) State(server, random, user, allocator));
}

Result<std::unique_ptr<Context>> Context::finish(StatePointer state) {
    void* raw = state->memory.allocator().allocate(sizeof(Context));
    return std::unique_ptr<Context>(::new (raw) Context(std::move(state)));
}

Result<std::unique_ptr<Context>> Context::make_server(const ServerOptions& options, RandomFunction random, void* user,
                                                      Allocator allocator) {
    StatePointer state = make_state(true, random, user, allocator);
    if (const auto done = state->configure(options.client_certificates); !done) return done.error();
    if (const auto done = state->load_identity(options.certificate_pem, options.key_pem); !done) return done.error();
    if (options.client_certificates != ClientCertificates::none) {
        const auto done =
            state->load_trust(options.client_ca_pem, "the authority for client certificates cannot be read");
        if (!done) return done.error();
    }
    if (const auto done = state->set_alpn(options.alpn); !done) return done.error();
    return finish(std::move(state));
}

Result<std::unique_ptr<Context>> Context::make_client(const ClientOptions& options, RandomFunction random, void* user,
                                                      Allocator allocator) {
    StatePointer state = make_state(false, random, user, allocator);
    if (const auto done = state->configure(ClientCertificates::none); !done) return done.error();
    if (const auto done = state->load_trust(options.ca_pem, "the trusted authorities cannot be read"); !done) {
        return done.error();
    }
    if (!options.certificate_pem.empty() || !options.key_pem.empty()) {
        if (const auto done = state->load_identity(options.certificate_pem, options.key_pem); !done)
            return done.error();
    }
    if (const auto done = state->set_alpn(options.alpn); !done) return done.error();
    return finish(std::move(state));
}

}  // namespace gw::tls
