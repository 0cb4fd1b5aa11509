#include "exchange/upstreams.h"

#include <array>

#include "core/text.h"
#include "exchange/client_conn.h"
#include "exchange/gateway.h"
#include "exchange/upstream_call.h"

namespace gw::exchange {

namespace {

// Where distributions keep the certificate authorities.
constexpr std::array<std::string_view, 4> system_bundles{
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",              // openSUSE
    "/etc/ssl/cert.pem",                   // Alpine, BSDs, macOS
};
constexpr std::size_t bundle_bytes_max = 8U << 20U;

}  // namespace

Upstreams::Upstreams(Gateway& gateway) : gateway_(gateway), upstreams_(gateway.memory()) {}
Upstreams::~Upstreams() = default;

Upstream& Upstreams::get(const upstream::Url& url) {
    for (const auto& upstream : upstreams_) {
        if (upstream->tls == url.tls && upstream->port == url.port && equals_ignoring_case(upstream->host, url.host))
            return *upstream;
    }
    if (upstreams_.size() >= unused_max) {
        std::erase_if(upstreams_, [](const auto& one) { return one->call_count == 0 && one->open_count == 0; });
    }
    upstreams_.push_back(make_owned<Upstream>(gateway_.memory(), gateway_.memory(), url));
    return *upstreams_.back();
}

tls::Context* Upstreams::tls_context() {
    if (tls_) return tls_.get();
    std::pmr::string bundle(gateway_.memory());
    const std::string_view configured = gateway_.config().ca_bundle_path;
    if (!configured.empty()) {
        if (gateway_.read_file(configured, bundle_bytes_max, bundle) != GW_OK) {
            gateway_.log().error({"cannot read gateway.upstream.caBundlePath ", configured});
            return nullptr;
        }
    } else {
        for (const std::string_view path : system_bundles) {
            if (gateway_.read_file(path, bundle_bytes_max, bundle) == GW_OK && !bundle.empty()) break;
        }
    }
    if (bundle.empty()) {
        gateway_.log().error(
            {"no certificate authorities found: install ca-certificates or set gateway.upstream.caBundlePath"});
        return nullptr;
    }
    tls::Context::ClientOptions options;
    options.ca_pem = bundle;
    static constexpr std::string_view alpn[] = {"http/1.1"};
    options.alpn = alpn;
    auto made = tls::Context::make_client(options, gateway_.random().function(), gateway_.random().user(),
                                          gateway_.allocator());
    if (!made) {
        gateway_.log().error({"the certificate authorities cannot be used: ", made.error().what});
        return nullptr;
    }
    tls_ = std::move(*made);
    return tls_.get();
}

void Upstreams::close_idle() noexcept {
    for (const auto& upstream : upstreams_) {
        while (ClientConn* conn = upstream->idle.front()) conn->close_idle();
    }
}

void Upstreams::next_in_line(Upstream& upstream) noexcept {
    if (UpstreamCall* call = upstream.line.pop_front()) call->on_turn();
}

}  // namespace gw::exchange
