#include "route/path.h"

#include <algorithm>

#include "core/text.h"

namespace gw::route {

std::optional<Target> split_target(std::string_view method, std::string_view target) noexcept {
    if (target == "*") {
        if (method != "OPTIONS") return std::nullopt;
        return Target{true, {}, {}};
    }
    if (target.find('#') != std::string_view::npos) return std::nullopt;
    Target out;
    std::string_view rest = target;
    if (!rest.starts_with('/')) {
        const std::size_t scheme = starts_with_ignoring_case(rest, "http://")    ? 7
                                   : starts_with_ignoring_case(rest, "https://") ? 8
                                                                                 : 0;
        if (scheme == 0) return std::nullopt;
        rest.remove_prefix(scheme);
        const std::size_t authority = std::min(rest.find_first_of("/?"), rest.size());
        // No host; or a user name in front of it, which makes one host look like another (RFC 9110 4.2.4).
        if (authority == 0 || rest.substr(0, authority).find_first_of("@\\") != std::string_view::npos)
            return std::nullopt;
        rest.remove_prefix(authority);
    }
    const std::size_t question = rest.find('?');
    out.path = rest.substr(0, question);
    if (question != std::string_view::npos) out.query = rest.substr(question + 1);
    if (out.path.empty()) {
        // Only the absolute form gets here: no path means the root, or for OPTIONS without a query the whole server.
        if (method == "OPTIONS" && question == std::string_view::npos) return Target{true, {}, {}};
        out.path = "/";
    }
    return out;
}

bool is_dot_segment(std::string_view decoded) noexcept {
    const std::string_view name = decoded.substr(0, decoded.find(';'));
    return name == "." || name == "..";
}

bool has_forbidden(std::string_view decoded) noexcept {
    return std::any_of(decoded.begin(), decoded.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\'; });
}

bool Path::parse(std::string_view path) {
    ends_.clear();
    if (!path.starts_with('/')) return false;
    path.remove_prefix(1);
    if (text_.size() < path.size() + 1) text_.resize(std::max(2 * path.size(), std::size_t{256}));
    std::size_t end = 0;
    for (bool last = false; !last;) {
        const std::size_t slash = path.find('/');
        last = slash == std::string_view::npos;
        const std::string_view raw = path.substr(0, slash);
        const auto size = percent_decode_into(raw, Plus::literal, text_.data() + end);
        if (!size || (*size == 0 && !last)) return false;
        const std::string_view decoded(text_.data() + end, *size);
        if (is_dot_segment(decoded) || has_forbidden(decoded) || !is_utf8(decoded)) return false;
        end += *size;
        ends_.push_back(end);
        if (last) break;
        text_[end++] = '/';
        path.remove_prefix(slash + 1);
    }
    return true;
}

namespace {

// Takes one byte, decoded, from the front of `text`, which is not empty; -1 for a broken escape.
int next_byte(std::string_view& text, Plus plus) noexcept {
    const char c = text.front();
    if (c != '%') {
        text.remove_prefix(1);
        return c == '+' && plus == Plus::space ? ' ' : static_cast<unsigned char>(c);
    }
    const int high = text.size() >= 3 ? hex_value(text[1]) : -1;
    const int low = high >= 0 ? hex_value(text[2]) : -1;
    if (low < 0) return -1;
    text.remove_prefix(3);
    return high * 16 + low;
}

// Is `text`, decoded, the name? Without writing it down.
bool decodes_to(std::string_view text, std::string_view name) noexcept {
    for (const char c : name) {
        if (text.empty() || next_byte(text, Plus::space) != static_cast<unsigned char>(c)) return false;
    }
    return text.empty();
}

}  // namespace

std::optional<std::size_t> percent_decode_into(std::string_view text, Plus plus, char* out) noexcept {
    char* to = out;
    while (!text.empty()) {
        const int byte = next_byte(text, plus);
        if (byte < 0) return std::nullopt;
        *to++ = static_cast<char>(byte);
    }
    return static_cast<std::size_t>(to - out);
}

std::optional<std::size_t> percent_decoded_size(std::string_view text) noexcept {
    std::size_t size = 0;
    for (; !text.empty(); ++size) {
        if (next_byte(text, Plus::literal) < 0) return std::nullopt;
    }
    return size;
}

std::optional<std::string_view> find_query_parameter(std::string_view query, std::string_view name) noexcept {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (pair.empty() || !decodes_to(pair.substr(0, equals), name)) continue;
        return pair.substr(std::min(equals + 1, pair.size()));
    }
    return std::nullopt;
}

}  // namespace gw::route
