// TLS: whatever bytes come, in whatever pieces, a server and a client say the same about them, and no plaintext comes
// out of what was never encrypted.
#include "tls/tls.h"
#include "support/fuzz.h"
#include "tls/version.h"

namespace {

using gw::Allocator;
using gw::BlockPoolOwner;
using gw::Buffer;
using gw::HostMemory;
using gw::tls::Context;
using gw::tls::Pipe;

// For this test only: fuzz.test, signed by itself, valid until 2120.
constexpr std::string_view certificate = R"(-----BEGIN CERTIFICATE-----
MIIBdTCCARqgAwIBAgIUJjNDj6ligPERH63jSBi5ui1o9fowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJZnV6ei50ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAx
MDAwMDAwWjAUMRIwEAYDVQQDDAlmdXp6LnRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARYfxylKOyBaqYgzmoouN3XP1PDIrt8FcGHcpvuHrBEDe0ateeMCced
zjIOPJpp6IRapUi4KSXVGiMMtyMYSmLLo0gwRjAUBgNVHREEDTALgglmdXp6LnRl
c3QwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUQJXRso9vEkDdjXnNSIpTt8+i
cnwwCgYIKoZIzj0EAwIDSQAwRgIhAIOQ/zC2j03EP+eL4VCRbOoo3nNnuyW2YU2L
xMgcRM3TAiEAi6rpJGE+XU0+07KzPhJa5s3RWScwmW8xu5uO1S5ik2A=
-----END CERTIFICATE-----
)";
constexpr std::string_view key = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEINHcRCgcUVQOFvoEjGaX7R0ZfY4k1TT32zFWjFQS1w5ioAoGCCqGSM49
AwEHoUQDQgAEWH8cpSjsgWqmIM5qKLjd1z9TwyK7fBXBh3Kb7h6wRA3tGrXnjAnH
nc4yDjyaaeiEWqVIuCkl1RojDLcjGEpiyw==
-----END EC PRIVATE KEY-----
)";

// The same bytes in every run. Runs dry before the elliptic curves, which cost a hundred times what parsing does,
// except for every 256th input.
struct Source {
    std::uint64_t state = 0;
    int calls_left = 0;

    void start(bool deep) {
        state = 1;
        calls_left = deep ? 1000000 : 3;
    }
    static bool fill(void* user, void* out, std::size_t size) {
        auto& self = *static_cast<Source*>(user);
        if (self.calls_left-- <= 0) return false;
        auto* bytes = static_cast<unsigned char*>(out);
        for (std::size_t i = 0; i < size; ++i) {
            self.state = self.state * 6364136223846793005ULL + 1442695040888963407ULL;
            bytes[i] = static_cast<unsigned char>(self.state >> 56U);
        }
        return true;
    }
};
Source source;

Context& context(bool server) {
    static const std::string_view protocols[] = {"http/1.1"};
    const auto check = [](auto made) {
        gw::fuzz::check(static_cast<bool>(made), "the context can be made");
        return std::move(*made);
    };
    source.start(true);
    static const auto for_server =
        check(Context::make_server({.certificate_pem = certificate,
                                    .key_pem = key,
                                    .client_ca_pem = certificate,
                                    .client_certificates = gw::tls::ClientCertificates::optional,
                                    .alpn = protocols},
                                   Source::fill, &source, Allocator::from(nullptr)));
    static const auto for_client =
        check(Context::make_client({.ca_pem = certificate, .certificate_pem = {}, .key_pem = {}, .alpn = protocols},
                                   Source::fill, &source, Allocator::from(nullptr)));
    return server ? *for_server : *for_client;
}

struct Outcome {
    gw_status status = GW_OK;
    std::string failure;
    std::string plain;
    std::size_t sent = 0;
    bool established = false;
    bool peer_closed = false;
    bool operator==(const Outcome&) const = default;
};

Outcome run(bool server, bool deep, const std::vector<std::string_view>& pieces) {
    Context& shared = context(server);
    source.start(deep);
    HostMemory memory(Allocator::from(nullptr));
    const BlockPoolOwner pool(Allocator::from(nullptr));
    Buffer plain(pool.get());
    Buffer out(pool.get());
    Pipe pipe(shared, "fuzz.test", pool.get(), &memory);
    Outcome outcome;
    const auto note = [&](const gw::Result<void>& done) {
        if (!done && outcome.status == GW_OK) outcome.status = done.error().status;
    };
    note(pipe.start(out));
    for (const std::string_view piece : pieces) {
        const bool failed = outcome.status != GW_OK;
        const std::size_t sent = out.size();
        note(pipe.feed(gw::as_bytes(piece), plain, out));
        gw::fuzz::check(!failed || out.size() == sent, "nothing is sent after a failure");
    }
    outcome.failure = pipe.failure();
    outcome.plain = plain.text();
    // The size of an ECDSA signature depends on the clock in the server's hello, and in TLS 1.3 on a source of its own:
    // of a whole flight it says nothing.
    outcome.sent = deep ? 0 : gw::test::has_tls_1_3 ? std::min<std::size_t>(out.size(), 512) : out.size();
    outcome.established = pipe.established();
    outcome.peer_closed = pipe.peer_closed();
    gw::fuzz::check((outcome.status == GW_OK) == outcome.failure.empty(), "a failure has a reason, and only a failure");
    gw::fuzz::check(!outcome.established && outcome.plain.empty(), "no connection comes of one side's bytes alone");
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const gw::fuzz::Input input = gw::fuzz::cut(data, size);
    std::uint32_t hash = 2166136261U;
    for (const char c : input.whole) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    const bool deep = hash % 256 == 0;
    // One side per input: what a server sends goes to the client, of the rest most to the server.
    const bool from_server = input.whole.starts_with("HTTP") || (input.whole.size() > 5 && input.whole[5] == 2);
    const bool server = !from_server && hash % 8 != 1;
    const Outcome outcome = run(server, deep, input.pieces);
    // A pipe costs two buffers of 16 KiB, so that only some inputs pay for a second one: those cut as the replay cuts
    // every file of the corpus, and a quarter of the rest.
    const bool chosen = size > 0 && (data[0] == 1 || data[0] == 3 || data[0] == 17);
    if (!chosen && hash % 4 != 0) return 0;
    gw::fuzz::check(run(server, deep, {input.whole}) == outcome, "the pieces say the same as the whole");
    return 0;
}
