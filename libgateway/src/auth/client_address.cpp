#include "auth/client_address.h"

#include <algorithm>

namespace gw::auth {

namespace {

bool ends_with_ignoring_case(std::string_view text, std::string_view end) noexcept {
    return text.size() >= end.size() && equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

// The right-most address that no trusted proxy has; nothing when an element is no address, or there is none.
std::optional<IpAddress> forwarded_client(const ForwardingFields& fields, const TrustedProxies& proxies) noexcept {
    if (fields.too_many_lines) return std::nullopt;
    for (std::size_t line = fields.line_count; line-- > 0;) {
        std::string_view list = fields.forwarded_for[line];
        while (!list.empty()) {
            const std::size_t comma = list.rfind(',');
            const std::string_view element = trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
            list = comma == std::string_view::npos ? std::string_view{} : list.substr(0, comma);
            if (element.empty()) continue;
            const auto address = read_ip_and_port(element);
            if (!address) return std::nullopt;
            if (!proxies.contains(*address)) return address;
        }
    }
    return std::nullopt;
}

}  // namespace

TrustedProxies::TrustedProxies(std::span<const std::pmr::string> blocks, std::pmr::memory_resource* memory)
    : blocks_(memory) {
    for (const auto& text : blocks) {
        if (const auto block = read_ip_block(text)) blocks_.push_back(*block);
    }
}

bool TrustedProxies::contains(const IpAddress& address) const noexcept {
    return std::any_of(blocks_.begin(), blocks_.end(), [&](const IpBlock& block) { return block.contains(address); });
}

IpText ClientAddress::text() const noexcept {
    if (client) return IpText(*client);
    return peer ? IpText(*peer) : IpText();
}

ClientAddress client_address(std::string_view peer, std::string_view host, const ForwardingFields& fields,
                             const TrustedProxies& proxies, bool real_ip_fallback) noexcept {
    ClientAddress out;
    if (peer.empty()) {
        out.peer_is_loopback = true;
        out.is_unattributed = fields.present;
        out.is_loopback = !fields.present;
        out.is_local = out.is_direct = out.is_loopback && is_local_host(host);
        return out;
    }
    out.peer = read_ip_and_port(peer);
    if (!out.peer) return out;  // a peer that the host names in a way that we cannot read: nobody we know
    out.peer_is_loopback = out.peer->is_loopback();
    out.peer_is_proxy = proxies.contains(*out.peer);
    if (out.peer_is_proxy && fields.present) {
        out.client = forwarded_client(fields, proxies);
        if (!out.client && real_ip_fallback && fields.line_count == 0 && fields.real_ip)
            out.client = read_ip_and_port(trim(*fields.real_ip));
    } else if (!out.peer_is_proxy) {
        out.client = out.peer;
        out.is_unattributed = fields.present;
    }
    out.is_direct = out.peer_is_loopback && !fields.present && is_local_host(host);
    out.is_loopback = out.client && out.client->is_loopback() && !out.is_unattributed;
    out.is_local = out.is_loopback && is_local_host(host);
    return out;
}

std::string_view host_name(std::string_view authority) noexcept {
    authority = trim(authority);
    if (authority.starts_with('[')) {
        const std::size_t close = authority.find(']');
        return close == std::string_view::npos ? std::string_view{} : authority.substr(1, close - 1);
    }
    const std::size_t colon = authority.find(':');
    // More than one colon and no brackets: an IPv6 address that was written without them.
    if (colon != std::string_view::npos && authority.find(':', colon + 1) != std::string_view::npos) return authority;
    return authority.substr(0, colon);
}

bool is_local_host(std::string_view authority) noexcept {
    std::string_view name = host_name(authority);
    if (const auto address = read_ip(name)) return address->is_loopback();
    if (name.ends_with('.')) name.remove_suffix(1);
    return equals_ignoring_case(name, "localhost") || ends_with_ignoring_case(name, ".localhost") ||
           (name.size() > 7 && ends_with_ignoring_case(name, ".ts.net"));
}

bool is_foreign_name(std::string_view authority) noexcept {
    const std::string_view name = host_name(authority);
    return name.find('.') != std::string_view::npos && !read_ip(name) && !is_local_host(authority);
}

}  // namespace gw::auth
