#include "auth/origin.h"

#include <algorithm>

#include "auth/client_address.h"
#include "core/ip_address.h"
#include "core/text.h"

namespace gw::auth {

namespace {

constexpr std::size_t origin_bytes_max = 512;

std::string_view default_port(std::string_view scheme) noexcept {
    if (equals_ignoring_case(scheme, "https")) return "443";
    return equals_ignoring_case(scheme, "http") ? "80" : "";
}

std::string_view port_of(std::string_view authority) noexcept {
    const std::size_t colon = authority.rfind(':');
    const std::size_t close = authority.rfind(']');
    if (colon == std::string_view::npos || (close != std::string_view::npos && colon < close)) return {};
    return authority.substr(colon + 1);
}

// The same host and port; a port that is not written is the scheme's.
bool is_same_authority(const Origin& origin, std::string_view host) noexcept {
    const std::string_view usual = default_port(origin.scheme);
    const std::string_view ours = port_of(host);
    const std::string_view theirs = port_of(origin.authority);
    const std::string_view name = host_name(host);
    return !name.empty() && equals_ignoring_case(name, host_name(origin.authority)) &&
           (ours.empty() ? usual : ours) == (theirs.empty() ? usual : theirs);
}

// A host that nobody outside of this network can make a browser take for another one.
bool is_unclaimable(std::string_view authority) noexcept {
    std::string_view name = host_name(authority);
    if (const auto address = read_ip(name)) return address->is_private() || address->is_loopback();
    const auto below = [&](std::string_view zone) {
        return name.size() > zone.size() && equals_ignoring_case(name.substr(name.size() - zone.size()), zone);
    };
    return below(".local") || below(".ts.net");
}

}  // namespace

std::optional<Origin> read_origin(std::string_view text) noexcept {
    if (text.size() > origin_bytes_max) return std::nullopt;
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos || colon == 0 || text.size() == colon + 3) return std::nullopt;
    Origin out{text.substr(0, colon), text.substr(colon + 3)};
    for (const char c : out.scheme) {
        if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return std::nullopt;
    }
    for (const char c : out.authority) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte >= 0x7F || c == '/' || c == '?' || c == '#' || c == '@' || c == '\\' || c == ',')
            return std::nullopt;
    }
    return out;
}

OriginVerdict check_origin(std::optional<std::string_view> origin, std::string_view host, bool client_is_local,
                           const OriginRules& rules) noexcept {
    const auto parsed = origin ? read_origin(*origin) : std::nullopt;
    if (!parsed) return OriginVerdict::missing_or_invalid;
    const auto is_named = [&](const std::pmr::string& one) { return one == "*" || equals_ignoring_case(one, *origin); };
    if (std::any_of(rules.allowed.begin(), rules.allowed.end(), is_named)) return OriginVerdict::allowed;
    const bool is_web = !default_port(parsed->scheme).empty();
    if (rules.host_fallback && is_web && is_same_authority(*parsed, host)) return OriginVerdict::allowed;
    if (client_is_local && is_web && is_local_host(parsed->authority)) return OriginVerdict::allowed;
    if (is_web && is_unclaimable(parsed->authority) && is_same_authority(*parsed, host)) return OriginVerdict::allowed;
    return OriginVerdict::not_allowed;
}

}  // namespace gw::auth
