// Where a request really comes from, when proxies stand in between.
//
//     peer of the socket ── trusted proxy? ── no ──> the peer itself; forwarding fields are only what it says
//                                │
//                                yes ──> the right-most address of X-Forwarded-For that is no trusted proxy
//
// A client writes what it likes into X-Forwarded-For, and every honest proxy adds what it saw behind it: read from the
// right, up to the first address that nobody vouches for. Where that fails nobody knows the client, and it is not
// local: a trusted proxy that forwards nothing would else make everybody behind it a caller of its own machine.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ip_address.h"
#include "core/text.h"

namespace gw::auth {

// gateway.trustedProxies, read once.
class TrustedProxies {
public:
    TrustedProxies(std::span<const std::pmr::string> blocks, std::pmr::memory_resource* memory);
    [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return blocks_.empty(); }

private:
    std::pmr::vector<IpBlock> blocks_;
};

// The fields of a request that tell where it came from; views into its head.
struct ForwardingFields {
    static constexpr std::size_t lines_max = 8;
    std::array<std::string_view, lines_max> forwarded_for{};  // the lines of X-Forwarded-For, in order
    std::size_t line_count = 0;
    bool too_many_lines = false;
    std::optional<std::string_view> real_ip;   // the only X-Real-IP
    bool present = false;                      // any field that only proxies write
    bool has_proto = false, has_host = false;  // X-Forwarded-Proto, X-Forwarded-Host
};

// Reads them from anything whose all() lists fields with name and value, and that has get_single().
template <typename Headers>
[[nodiscard]] ForwardingFields read_forwarding(const Headers& headers) noexcept {
    ForwardingFields out;
    for (const auto& field : headers.all()) {
        if (equals_ignoring_case(field.name, "x-forwarded-for")) {
            out.present = true;
            if (out.line_count == ForwardingFields::lines_max) {
                out.too_many_lines = true;
            } else {
                out.forwarded_for[out.line_count++] = field.value;
            }
        } else if (equals_ignoring_case(field.name, "x-forwarded-host")) {
            out.present = out.has_host = true;
        } else if (equals_ignoring_case(field.name, "x-forwarded-proto")) {
            out.has_proto = true;
        } else if (equals_ignoring_case(field.name, "x-real-ip") || equals_ignoring_case(field.name, "forwarded")) {
            out.present = true;
        }
    }
    out.real_ip = headers.get_single("x-real-ip");
    return out;
}

struct ClientAddress {
    std::optional<IpAddress> peer;    // of the socket; nothing for a pipe inside this process
    std::optional<IpAddress> client;  // behind trusted proxies; nothing: unknown, or a pipe inside this process
    bool peer_is_proxy = false;       // a trusted one
    bool peer_is_loopback = false;    // a pipe counts
    bool is_loopback = false;         // the client itself; never when it is unknown
    bool is_local = false;            // on this machine, and asks for this machine: see client_address()
    bool is_direct = false;           // the peer looks like that, proxy or not, and forwards for nobody
    // Forwarding fields from a peer that is no trusted proxy: somebody stands in between whom nobody configured.
    bool is_unattributed = false;

    // For logs and records: the client, else the peer; empty for a pipe.
    [[nodiscard]] IpText text() const noexcept;
};

// `peer` is the address of the socket as the host gave it; empty: a pipe inside this process. A request is local when
// its client address is loopback, its Host names this machine, and no unknown proxy stands in between.
[[nodiscard]] ClientAddress client_address(std::string_view peer, std::string_view host, const ForwardingFields& fields,
                                           const TrustedProxies& proxies, bool real_ip_fallback) noexcept;

// The name or address in a Host field or an origin's authority, without port and brackets.
[[nodiscard]] std::string_view host_name(std::string_view authority) noexcept;
// localhost and the names below it, 127.0.0.0/8, ::1, and names of a tailnet (*.ts.net).
[[nodiscard]] bool is_local_host(std::string_view authority) noexcept;
// Whether a browser can have been led here by a name that somebody else controls (DNS rebinding): any name with a dot
// that is not local. An address, a name without a dot and an empty field are not.
[[nodiscard]] bool is_foreign_name(std::string_view authority) noexcept;

}  // namespace gw::auth
