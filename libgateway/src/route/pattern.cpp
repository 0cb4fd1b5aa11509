#include "route/pattern.h"

#include <algorithm>

#include "core/text.h"
#include "route/path.h"

namespace gw::route {

namespace {

bool is_name(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '-'; });
}

Error malformed(std::string_view pattern, std::string_view segment, std::string_view what) noexcept {
    return {GW_ERR_ARGUMENT, static_cast<std::size_t>(segment.data() - pattern.data()), what};
}

}  // namespace

Result<void> parse_pattern(std::string_view pattern, std::pmr::vector<PatternSegment>& out) {
    using Kind = PatternSegment::Kind;
    if (!pattern.starts_with('/')) return Error{GW_ERR_ARGUMENT, 0, "a pattern begins with '/'"};
    for (std::size_t at = 0; at != std::string_view::npos;) {
        const std::size_t slash = pattern.find('/', at + 1);
        const std::string_view text = pattern.substr(at + 1, slash == std::string_view::npos ? slash : slash - at - 1);
        const bool last = slash == std::string_view::npos;
        at = slash;
        if (out.size() == segments_max) return malformed(pattern, text, "a pattern has at most 64 segments");
        if (text.empty() && !last) return malformed(pattern, text, "an empty segment in the middle never matches");
        if (text.starts_with(':') || text.starts_with('*')) {
            const std::string_view name = text.substr(1);
            const bool wildcard = text.front() == '*';
            if (!is_name(name))
                return malformed(pattern, text, "a parameter needs a name of letters, digits, '-' and '_'");
            if (wildcard && !last) return malformed(pattern, text, "a wildcard stands at the end");
            for (const PatternSegment& other : out) {
                if (other.kind != Kind::literal && other.text == name) {
                    return malformed(pattern, text, "the name of a parameter is there twice");
                }
            }
            out.push_back({wildcard ? Kind::wildcard : Kind::parameter, name});
            continue;
        }
        if (is_dot_segment(text) || has_forbidden(text) || !is_utf8(text) ||
            text.find_first_of("?#") != std::string_view::npos) {
            return malformed(pattern, text, "a segment that never matches");
        }
        out.push_back({Kind::literal, text});
    }
    return {};
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

}  // namespace gw::route
