#include "upstream/domain_entry.h"

#include "core/text.h"
#include "upstream/address.h"

namespace gw::upstream {

namespace {

// The part of `text` before the first dot; `text` shrinks to what is behind it.
std::string_view take_label(std::string_view& text) noexcept {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    text = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
    return label;
}

// A label pattern has at most one star, which stands for at least one character.
bool label_matches(std::string_view pattern, std::string_view label) noexcept {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return equals_ignoring_case(pattern, label);
    const std::string_view front = pattern.substr(0, star);
    const std::string_view back = pattern.substr(star + 1);
    return label.size() > front.size() + back.size() && equals_ignoring_case(label.substr(0, front.size()), front) &&
           equals_ignoring_case(label.substr(label.size() - back.size()), back);
}

bool pattern_matches(std::string_view pattern, std::string_view host) noexcept {
    while (!pattern.empty() && !host.empty()) {
        if (!label_matches(take_label(pattern), take_label(host))) return false;
    }
    return pattern.empty() && host.empty();
}

// A path that one server may read differently from another proves nothing by its beginning: "/v1/../admin".
bool is_plain_path(std::string_view path) noexcept {
    std::size_t segment = 1;
    for (std::size_t i = 0; i <= path.size(); ++i) {
        const char c = i < path.size() ? path[i] : '/';
        if (c == '\\') return false;
        if (c == '%' && i + 2 < path.size()) {
            const int coded = hex_value(path[i + 1]) * 16 + hex_value(path[i + 2]);  // a broken escape is no plain path
            if (coded <= 0 || coded == '.' || coded == '/' || coded == '\\') return false;
        }
        if (c != '/') continue;
        if (i >= segment) {
            const std::string_view name = path.substr(segment, i - segment);
            if (name == "." || name == "..") return false;
        }
        segment = i + 1;
    }
    return true;
}

bool is_domain_char(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_'; }

}  // namespace

bool is_within(std::string_view host, std::string_view domain) noexcept {
    if (equals_ignoring_case(host, domain)) return true;
    if (host.size() <= domain.size() || domain.find('.') == std::string_view::npos) return false;
    const std::size_t at = host.size() - domain.size();
    return host[at - 1] == '.' && equals_ignoring_case(host.substr(at), domain) &&
           classify_host(host) == AddressKind::not_an_address;
}

bool entry_matches(std::string_view entry, std::string_view host, std::string_view path) noexcept {
    const std::size_t slash = entry.find('/');
    const std::string_view domain = entry.substr(0, slash);
    if (!(domain.find('*') == std::string_view::npos ? is_within(host, domain) : pattern_matches(domain, host)))
        return false;
    if (slash == std::string_view::npos) return true;
    path = path.substr(0, path.find('?'));
    const std::string_view prefix = entry.substr(slash);
    return path.substr(0, prefix.size()) == prefix && is_plain_path(path);
}

std::string_view entry_fault(std::string_view entry) noexcept {
    const std::size_t slash = entry.find('/');
    std::string_view domain = entry.substr(0, slash);
    if (domain.empty()) return "an empty domain";
    if (entry.find("://") != std::string_view::npos) return "a URL: only the host and a path belong here";
    if (domain.size() > 253) return "longer than a domain can be";
    if (domain.find(':') != std::string_view::npos) return "a domain with a port";
    if (domain.back() == '.') return "a domain that ends in a dot";
    if (slash != std::string_view::npos) {
        for (const char c : entry.substr(slash)) {
            if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '?' ||
                c == '#' || c == '*') {
                return "a path with a character that is none of a path";
            }
        }
        if (!is_plain_path(entry.substr(slash))) return "a path with dot segments or encoded separators";
    }
    while (!domain.empty()) {
        const std::string_view label = take_label(domain);
        if (label.empty() || label.size() > 63) return "a domain with a label that is empty or too long";
        bool star = false;
        for (const char c : label) {
            if (c == '*') {
                if (star) return "more than one '*' in a label";
                star = true;
            } else if (!is_domain_char(c)) {
                return "a domain with a character that is none of a domain";
            }
        }
        // "*.com" and "*" would make most of the internet a provider.
        const bool among_last_two = domain.find('.') == std::string_view::npos;
        if (star && among_last_two) return "'*' in the last two labels";
    }
    return {};
}

}  // namespace gw::upstream
