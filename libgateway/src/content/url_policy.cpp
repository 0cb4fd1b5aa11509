#include "content/url_policy.h"

#include <algorithm>
#include <iterator>

#include "core/text.h"

namespace gw::content {

namespace {

std::string_view without_fragment(std::string_view text) noexcept { return text.substr(0, text.find('#')); }

std::string_view without_last_dot(std::string_view host) noexcept {
    if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
    return host;
}

// Why the text is no URL that anybody fetches.
std::string_view explain(std::string_view text) noexcept {
    if (!starts_with_ignoring_case(text, "http://") && !starts_with_ignoring_case(text, "https://"))
        return "is no http or https URL";
    std::string_view rest = text.substr(text.find("//") + 2);
    if (rest.substr(0, rest.find_first_of("/?")).find('@') != std::string_view::npos)
        return "has a user name or password in it";
    return "is no valid URL: other characters than those of RFC 3986 must be escaped, international host names written "
           "as xn--...";
}

// Removes "." and ".." (RFC 3986 5.2.4) from what begins at `begin` with a slash and ends before any '?'.
void remove_dot_segments(std::pmr::string& url, std::size_t begin) {
    const std::size_t end = std::min(url.find('?', begin), url.size());
    std::size_t to = begin;
    for (std::size_t at = begin; at < end;) {
        const std::size_t next = std::min(url.find('/', at + 1), end);
        const std::string_view segment = std::string_view(url).substr(at + 1, next - at - 1);
        const bool last = next == end;
        if (segment == "." || segment == "..") {
            if (segment.size() == 2) {
                while (to > begin && url[--to] != '/') {
                }
            }
            if (last) url[to++] = '/';
        } else {
            std::copy(url.begin() + static_cast<std::ptrdiff_t>(at), url.begin() + static_cast<std::ptrdiff_t>(next),
                      url.begin() + static_cast<std::ptrdiff_t>(to));
            to += next - at;
        }
        at = next;
    }
    url.erase(to, end - to);
}

}  // namespace

bool port_allowed(std::uint16_t port) noexcept {
    if (port == 80 || port == 443) return true;
    if (port < 1024) return false;
    constexpr std::uint16_t others[] = {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000,
                                        6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080};
    return std::find(std::begin(others), std::end(others), port) == std::end(others);
}

bool host_listed(std::string_view host, std::span<const std::pmr::string> allowlist) noexcept {
    if (allowlist.empty()) return true;
    host = without_last_dot(host);
    for (const std::pmr::string& kept : allowlist) {
        const std::string_view entry = kept;
        if (!entry.starts_with("*.")) {
            if (equals_ignoring_case(host, entry)) return true;
            continue;
        }
        const std::string_view suffix = entry.substr(1);  // with its dot, so that the apex does not fit
        if (host.size() > suffix.size() && equals_ignoring_case(host.substr(host.size() - suffix.size()), suffix))
            return true;
    }
    return false;
}

UrlJudgement judge_url(std::string_view text, const config::AttachmentRules& rules,
                       const upstream::Url* from) noexcept {
    if (!rules.allow_url) return {{}, "is not fetched: allowUrl is false here, so send the content in the request itself"};
    if (text.size() > url_bytes_max) return {{}, "is too long a URL"};
    text = without_fragment(text);
    const auto url = upstream::parse_url(text);
    if (!url) return {{}, explain(text)};
    if (from != nullptr && from->tls && !url->tls) return {*url, "leads from https to http"};
    if (!port_allowed(url->port)) return {*url, "names a port that does not serve the web"};
    if (!host_listed(url->host, rules.url_allowlist))
        return {*url, "names a host that is not on the list of allowed hosts"};
    // Addresses in a spelling that only a resolver reads (0x7f.1, 2130706433) are never meant well.
    const upstream::AddressKind kind = upstream::classify_host(url->host);
    if (kind == upstream::AddressKind::not_an_address) return {*url, {}};
    if (upstream::classify_address(url->host) == upstream::AddressKind::not_an_address) {
        const bool is_name = kind == upstream::AddressKind::loopback && !is_digit(without_last_dot(url->host).back());
        if (is_name && rules.allow_private_network) return {*url, {}};  // localhost
        return {*url, is_name ? "leads to this machine" : "has an address in an unusual spelling"};
    }
    if (!upstream::may_dial(url->host, reach(rules))) return {*url, "leads to a private address"};
    return {*url, {}};
}

std::optional<std::pmr::string> resolve_reference(const upstream::Url& base, std::string_view reference,
                                                  std::pmr::memory_resource* memory) {
    reference = without_fragment(trim(reference));
    if (reference.size() > url_bytes_max) return std::nullopt;
    std::pmr::string out(memory);
    const std::size_t colon = reference.find(':');
    if (colon != std::string_view::npos && colon < reference.find_first_of("/?")) {
        out = reference;  // absolute; which schemes there are is for judge_url() to say
        return out;
    }
    out = base.tls ? "https:" : "http:";
    if (reference.starts_with("//")) {
        out += reference;
        return out;
    }
    out.append("//").append(base.authority);
    const std::size_t path_begin = out.size();
    const std::string_view base_path = base.path.substr(0, base.path.find('?'));
    if (reference.empty()) {
        out += base.path;
    } else if (reference.front() == '?') {
        out.append(base_path).append(reference);
    } else {
        if (reference.front() != '/') {
            out += base_path.substr(0, base_path.rfind('/') + 1);  // npos + 1 is 0
            if (out.size() == path_begin) out += '/';
        }
        out += reference;
        remove_dot_segments(out, path_begin);
    }
    if (out.size() > url_bytes_max) return std::nullopt;
    return out;
}

}  // namespace gw::content
