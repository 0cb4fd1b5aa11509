// The inside of tls::Context, for context.cpp and pipe.cpp.
#pragma once

#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tls/mbedtls.h"
#include "tls/sessions.h"
#include "tls/tls.h"

namespace gw::tls {

struct Context::State {
    State(bool is_server, RandomFunction random_function, void* random_user, Allocator allocator);
    ~State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // mbedTLS's view of `random`; remembers a refusal, because mbedTLS answers with an error of its own choice.
    static int fill_random(void* state, unsigned char* out, std::size_t size) noexcept;

    [[nodiscard]] Result<void> load_identity(std::string_view certificate_pem, std::string_view key_pem);
    [[nodiscard]] Result<void> load_trust(std::string_view pem, std::string_view what);
    [[nodiscard]] Result<void> set_alpn(std::span<const std::string_view> names);
    [[nodiscard]] Result<void> configure(ClientCertificates certificates);
    // The error of a step that failed with `code`: memory and randomness are not the configuration's fault.
    [[nodiscard]] Error error(int code, std::string_view what) const noexcept;

    HostMemory memory;
    RandomFunction random;
    void* user;
    bool random_failed = false;
    bool server;
    ClientCertificates client_certificates = ClientCertificates::none;

    mbedtls_ssl_config config;
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt trust;
    mbedtls_pk_context key;
    mbedtls_ssl_ticket_context tickets;

    std::pmr::vector<std::pmr::string> alpn_names;
    std::pmr::vector<const char*> alpn;  // into alpn_names, ended by a null pointer, as mbedTLS keeps it
    Sessions sessions;                   // a client's
};

}  // namespace gw::tls
