// Hosts in arguments: URLs as RFC 3986 3.2 has them, and the shorter forms that programs take.
#include "core/text.h"
#include "guardrail/shell_programs.h"

namespace gw::guardrail::shell {

namespace {

constexpr bool is_host(char c) noexcept {
    return is_alpha(c) || is_digit(c) || std::string_view("-._~:$(){}*%").find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
}

std::string_view decode_percent(std::string_view text, std::pmr::memory_resource* arena) {
    if (text.find('%') == std::string_view::npos) return text;
    auto* out = static_cast<char*>(arena->allocate(text.size(), 1));
    std::size_t size = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
            out[size++] = static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            out[size++] = text[i];
        }
    }
    return {out, size};
}

// One part of a numeric address: decimal, 0octal or 0xhex (inet_aton).
std::optional<std::uint64_t> number(std::string_view text) {
    unsigned base = 10;
    if (text.size() > 2 && text[0] == '0' && ascii_lower(text[1]) == 'x') {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text[0] == '0') {
        base = 8;
    }
    if (text.empty() || text.size() > 16) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        const int digit = hex_value(c);
        if (digit < 0 || static_cast<unsigned>(digit) >= base) return std::nullopt;
        value = value * base + static_cast<unsigned>(digit);
    }
    return value;
}

// One to four numbers: the last one fills what is left of the 32 bits. Also IPv4 inside IPv6 (RFC 4291 2.5.5.2).
std::optional<std::uint32_t> ipv4(std::string_view host) {
    if (starts_with_ignoring_case(host, "::ffff:")) {
        host.remove_prefix(7);
        const std::size_t colon = host.find(':');
        if (colon != std::string_view::npos) {
            std::uint32_t value = 0;
            for (const std::string_view part : {host.substr(0, colon), host.substr(colon + 1)}) {
                if (part.empty() || part.size() > 4) return std::nullopt;
                std::uint32_t group = 0;
                for (const char c : part) {
                    if (hex_value(c) < 0) return std::nullopt;
                    group = group * 16 + static_cast<std::uint32_t>(hex_value(c));
                }
                value = (value << 16U) + group;
            }
            return value;
        }
    }
    std::uint64_t address = 0;
    for (unsigned part = 0; part < 4; ++part) {
        const std::size_t dot = host.find('.');
        const auto value = number(host.substr(0, dot));
        if (!value) return std::nullopt;
        if (dot == std::string_view::npos) {
            if (*value >= (std::uint64_t{1} << (8U * (4U - part)))) return std::nullopt;
            return static_cast<std::uint32_t>((address << (8U * (4U - part))) + *value);
        }
        if (*value > 255) return std::nullopt;
        address = address * 256 + *value;
        host.remove_prefix(dot + 1);
    }
    return std::nullopt;
}

std::string_view dotted(std::uint32_t address, std::pmr::memory_resource* arena) {
    std::pmr::string text(arena);
    for (int shift = 24; shift >= 0; shift -= 8) {
        std::array<char, 4> part{};
        const auto value = (address >> static_cast<unsigned>(shift)) & 255U;
        const char* const end = std::to_chars(part.data(), part.data() + part.size(), value).ptr;
        if (shift != 24) text.push_back('.');
        text.append(part.data(), static_cast<std::size_t>(end - part.data()));
    }
    return keep(arena, std::string_view(text));
}

}  // namespace

bool is_url(std::string_view text) noexcept {
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos || colon == 0 || colon > 16) return false;
    return is_alpha(text[0]) &&
           std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                       [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
}

bool looks_like_path(std::string_view text) noexcept {
    if (text.empty() || is_url(text) || text.find('\n') != std::string_view::npos) return false;
    if (text[0] == '/' || text[0] == '~' || text.starts_with("./") || text.starts_with("../")) return true;
    if (text.size() > 2 && is_alpha(text[0]) && text[1] == ':' && (text[2] == '\\' || text[2] == '/')) return true;
    if (text[0] == '.' && text.size() > 1 && is_alpha(text[1])) return true;
    return text.find('/') != std::string_view::npos && text.find_first_of(" :=@") == std::string_view::npos;
}

Contact make_contact(std::string_view host, std::string_view port, std::pmr::memory_resource* arena) {
    Contact contact;
    if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    host = decode_percent(host, arena);
    while (!host.empty() && host.back() == '.') host.remove_suffix(1);
    // Octal parts may begin with any number of zeros; one is enough to tell them from decimal ones.
    const bool numeric = ipv4(host).has_value();
    auto* lower = static_cast<char*>(arena->allocate(host.size() + 1, 1));
    std::size_t size = 0;
    bool leading = true;  // only zeros so far in this part
    for (std::size_t i = 0; i < host.size(); ++i) {
        const bool more_zeros = leading && host[i] == '0' && i + 1 < host.size() && host[i + 1] == '0';
        leading = host[i] == '.' || (leading && host[i] == '0');
        if (!numeric || !more_zeros) lower[size++] = ascii_lower(host[i]);
    }
    contact.host = {lower, size};
    if (const auto address = ipv4(contact.host)) contact.address = dotted(*address, arena);
    if (const auto value = parse_decimal(port); value && *value < 65536)
        contact.port = static_cast<std::uint32_t>(*value);
    return contact;
}

std::optional<std::string_view> read_file_url(std::string_view text, std::pmr::memory_resource* arena) {
    if (!starts_with_ignoring_case(text, "file:")) return std::nullopt;
    text.remove_prefix(5);
    if (text.starts_with("//")) {
        const std::size_t slash = text.find('/', 2);
        if (slash == std::string_view::npos) return std::nullopt;
        text.remove_prefix(slash);
    }
    return decode_percent(text, arena);
}

std::optional<Contact> read_address(std::string_view text, Bare bare, std::pmr::memory_resource* arena) {
    const bool url = is_url(text);
    if (!url && bare == Bare::refuse) return std::nullopt;
    if (url) {
        if (starts_with_ignoring_case(text, "file:")) return std::nullopt;
        text.remove_prefix(text.find("://") + 3);
        while (!text.empty() && text[0] == '/') text.remove_prefix(1);  // curl takes http:///h
    }
    const std::size_t authority_end = std::min(text.find_first_of("/?#\\"), text.size());
    std::string_view authority = text.substr(0, authority_end);
    std::string_view path = text.substr(authority_end);
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
    std::string_view host = authority;
    std::string_view port;
    if (!authority.empty() && authority[0] == '[') {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        host = authority.substr(0, close + 1);
        if (close + 1 < authority.size() && authority[close + 1] == ':') port = authority.substr(close + 2);
    } else if (const std::size_t colon = authority.rfind(':');
               colon != std::string_view::npos && authority.find(':') == colon) {
        host = authority.substr(0, colon);
        port = authority.substr(colon + 1);
        if (!url && !port.empty() && !parse_decimal(port))
            path = text.substr(static_cast<std::size_t>(port.data() - text.data()));  // user@host:path
    }
    const std::string_view bare_host = host.size() > 1 && host[0] == '[' ? host.substr(1, host.size() - 2) : host;
    if (bare_host.empty() || !std::all_of(bare_host.begin(), bare_host.end(), is_host)) return std::nullopt;
    Contact contact = make_contact(host, port, arena);
    if (contact.host.empty()) return std::nullopt;
    contact.path = path.substr(0, path.find_first_of("?#"));
    return contact;
}

}  // namespace gw::guardrail::shell
