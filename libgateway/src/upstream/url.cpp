#include "upstream/url.h"

#include "core/text.h"

namespace gw::upstream {

namespace {

bool is_host_char(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; }

}  // namespace

std::optional<Url> parse_url(std::string_view text) noexcept {
    Url url;
    if (starts_with_ignoring_case(text, "https://")) {
        url.tls = true;
        text.remove_prefix(8);
    } else if (starts_with_ignoring_case(text, "http://")) {
        text.remove_prefix(7);
    } else {
        return std::nullopt;
    }
    for (const char c : text) {
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '#' || c == '\\')
            return std::nullopt;
    }
    const std::size_t slash = text.find_first_of("/?");
    std::string_view authority = text.substr(0, slash);
    if (slash != std::string_view::npos) url.path = text.substr(slash);
    if (authority.find('@') != std::string_view::npos) return std::nullopt;
    url.authority = authority;
    std::string_view rest;
    if (!authority.empty() && authority.front() == '[') {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        url.host = authority.substr(1, close - 1);
        if (classify_address(url.host) == AddressKind::not_an_address) return std::nullopt;
        rest = authority.substr(close + 1);
    } else {
        const std::size_t colon = authority.find(':');
        url.host = authority.substr(0, colon);
        for (const char c : url.host) {
            if (!is_host_char(c)) return std::nullopt;
        }
        rest = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
    }
    if (url.host.empty() || url.host.size() > 253) return std::nullopt;
    const std::uint16_t default_port = url.tls ? 443 : 80;
    url.port = default_port;
    if (!rest.empty()) {
        if (rest.front() != ':') return std::nullopt;
        const auto port = parse_decimal(rest.substr(1));
        if (!port || *port == 0 || *port > 65535) return std::nullopt;
        url.port = static_cast<std::uint16_t>(*port);
        if (url.port == default_port) url.authority.remove_suffix(rest.size());
    }
    return url;
}

}  // namespace gw::upstream
