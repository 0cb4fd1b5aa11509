#include "tls/pipes.h"

namespace gw::test {

ContextPointer make_server(const ServerSetup& setup, const gw_host* host, crypto::Random random) {
    auto made = tls::Context::make_server({.certificate_pem = setup.identity.certificate,
                                           .key_pem = setup.identity.key,
                                           .client_ca_pem = setup.client_ca,
                                           .client_certificates = setup.client_certificates,
                                           .alpn = setup.alpn},
                                          random.function(), random.user(), Allocator::from(host));
    INFO((made ? std::string_view{} : made.error().what));
    REQUIRE(made);
    return std::move(*made);
}

ContextPointer make_client(const ClientSetup& setup, const gw_host* host, crypto::Random random) {
    auto made = tls::Context::make_client({.ca_pem = setup.ca,
                                           .certificate_pem = setup.identity.certificate,
                                           .key_pem = setup.identity.key,
                                           .alpn = setup.alpn},
                                          random.function(), random.user(), Allocator::from(host));
    INFO((made ? std::string_view{} : made.error().what));
    REQUIRE(made);
    return std::move(*made);
}

End::End(tls::Context& context, std::string_view server_name, const gw_host* host)
    : memory(Allocator::from(host)),
      pool(Allocator::from(host)),
      plain(pool.get()),
      out(pool.get()),
      pipe(context, server_name, pool.get(), &memory) {}

void End::start() {
    const auto done = pipe.start(out);
    if (!done && !failed) failed = done.error();
}

void End::feed(std::string_view ciphertext) {
    const auto done = pipe.feed(as_bytes(ciphertext), plain, out);
    if (!done && !failed) failed = done.error();
}

void End::write(std::string_view text) {
    const auto done = pipe.write(as_bytes(text), out);
    if (!done && !failed) failed = done.error();
}

std::string End::received() {
    std::string text(plain.text());
    plain.clear();
    return text;
}

Pair::Pair(tls::Context& client_context, tls::Context& server_context, std::string_view server_name,
           const gw_host* host)
    : client(client_context, server_name, host), server(server_context, {}, host) {}

bool Pair::carry(End& from, End& to, bool from_client) {
    if (from.out.empty()) return false;
    std::string ciphertext(from.out.text());
    from.out.clear();
    if (tamper) tamper(from_client, ciphertext);
    if (piece_bytes_max == 0) {
        to.feed(ciphertext);
        return true;
    }
    for (const std::string_view piece : cut_at_random(ciphertext, random, piece_bytes_max)) to.feed(piece);
    return true;
}

void Pair::pump() {
    while (carry(client, server, true) || carry(server, client, false)) {
    }
}

void Pair::shake_hands() {
    server.start();
    client.start();
    pump();
}

}  // namespace gw::test
