// Upstreams: the servers behind the gateway, and the connections to each: some at work, some waiting for the next
// request, and calls that wait in line for one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

#include "core/list.h"
#include "core/owned.h"
#include "tls/tls.h"
#include "upstream/url.h"

namespace gw::exchange {

class ClientConn;
class Gateway;
class UpstreamCall;

// One server: scheme, name and port. Lives as long as somebody uses it, and then until there are many others.
struct Upstream {
    Upstream(std::pmr::memory_resource* memory, const upstream::Url& url)
        : tls(url.tls), host(url.host, memory), port(url.port), authority(url.authority, memory) {}

    bool tls;
    std::pmr::string host;
    std::uint16_t port;
    std::pmr::string authority;  // for the Host field
    List<ClientConn> idle;       // kept open, oldest first
    List<UpstreamCall> line;     // calls that wait for a connection
    std::size_t call_count = 0;  // calls that were made for it
    std::size_t open_count = 0;  // connections, those being opened included
    std::size_t idle_count = 0;
};

class Upstreams {
public:
    explicit Upstreams(Gateway& gateway);
    ~Upstreams();

    // Clients of a proxy name servers: those that nobody uses any more go when there are so many.
    static constexpr std::size_t unused_max = 256;

    // The upstream of a URL, made on first use; valid while its call_count or open_count is not 0.
    [[nodiscard]] Upstream& get(const upstream::Url& url);
    // The trust for TLS upstreams, loaded on first use: the configured bundle, else the system's. Null when there is
    // none (the log says why).
    [[nodiscard]] tls::Context* tls_context();
    void close_idle() noexcept;
    // A connection of `upstream` ended or became idle: the first call in line may go on.
    static void next_in_line(Upstream& upstream) noexcept;

private:
    Gateway& gateway_;
    std::pmr::vector<Owned<Upstream>> upstreams_;
    std::unique_ptr<tls::Context> tls_;
};

}  // namespace gw::exchange
