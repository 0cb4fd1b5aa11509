#include "config/address.h"

#include <optional>

#include "core/ip_address.h"
#include "core/text.h"

namespace gw::config {

namespace {

bool is_loopback_name(std::string_view host) noexcept {
    return is_loopback_address(host) || equals_ignoring_case(host, "localhost");
}

struct Parts {
    bool tls = false;
    std::string_view host, port, rest;
    bool brackets = false;
};

// Cuts at the delimiters only (RFC 3986 3.2); nothing without a scheme.
std::optional<Parts> split(std::string_view text) noexcept {
    Parts parts;
    if (starts_with_ignoring_case(text, "https://")) {
        parts.tls = true;
        text.remove_prefix(8);
    } else if (starts_with_ignoring_case(text, "http://")) {
        text.remove_prefix(7);
    } else {
        return std::nullopt;
    }
    const std::size_t end = text.find_first_of("/?#");
    std::string_view authority = text.substr(0, end);
    if (end != std::string_view::npos) parts.rest = text.substr(end);
    std::size_t colon = authority.rfind(':');
    if (authority.starts_with('[')) {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        parts.brackets = true;
        parts.host = authority.substr(1, close - 1);
        authority.remove_prefix(close + 1);
        if (!authority.empty() && authority.front() != ':') return std::nullopt;
        colon = authority.empty() ? std::string_view::npos : 0;
    } else {
        parts.host = authority.substr(0, colon);
    }
    if (colon != std::string_view::npos) {
        parts.port = authority.substr(colon + 1);
        if (parts.port.empty()) return std::nullopt;
    }
    return parts;
}

}  // namespace

bool is_address(std::string_view text) noexcept {
    return text.find('%') == std::string_view::npos && read_ip(text).has_value();
}

bool is_loopback_address(std::string_view text) noexcept {
    const auto address = is_address(text) ? read_ip(text) : std::nullopt;
    return address && address->is_loopback();
}

bool is_address_block(std::string_view text) noexcept { return read_ip_block(text).has_value(); }

std::string_view base_url_fault(std::string_view text) noexcept {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '\\' || c == '"') {
            return "must hold no spaces and no characters outside ASCII";
        }
    }
    if (!starts_with_ignoring_case(text, "http://") && !starts_with_ignoring_case(text, "https://")) {
        return "must begin with http:// or https://";
    }
    const std::size_t slashes = text.find("//") + 2;
    if (text.substr(slashes, text.find_first_of("/?#", slashes) - slashes).find('@') != std::string_view::npos) {
        return "must hold no user name or password; put the key into apiKey";
    }
    const auto parts = split(text);
    if (!parts) return "must have a host, and a port if there is a colon";
    if (parts->rest.find_first_of("?#") != std::string_view::npos) return "must hold no query and no fragment";
    if (parts->brackets) {
        if (parts->host.find(':') == std::string_view::npos || !is_address(parts->host))
            return "must have an IPv6 address in its brackets";
    } else {
        if (parts->host.empty() || parts->host.size() > 253) return "must have a host";
        for (const char c : parts->host) {
            if (!is_alpha(c) && !is_digit(c) && c != '.' && c != '-' && c != '_')
                return "must have a host made of letters, digits, dots and hyphens";
        }
    }
    if (!parts->port.empty()) {
        const auto port = parse_decimal(parts->port);
        if (!port || *port == 0 || *port > 65535) return "must have a port from 1 to 65535";
    }
    return {};
}

bool is_plain_text_url(std::string_view base_url) noexcept {
    const auto parts = split(base_url);
    return parts && !parts->tls && !is_loopback_name(parts->host);
}

}  // namespace gw::config
