#include "guardrail/excerpt.h"

#include <algorithm>
#include <charconv>

namespace gw::guardrail {

namespace {

// `size`, or less so that no character is cut.
std::size_t cut(std::string_view text, std::size_t size) noexcept {
    if (size >= text.size()) return text.size();
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
    return size;
}

}  // namespace

void write_excerpt(std::pmr::string& out, std::string_view match, bool secret) {
    const std::size_t shown =
        secret ? cut(match, std::min<std::size_t>(4, match.size() / 4)) : cut(match, excerpt_bytes_max);
    for (const char c : match.substr(0, shown)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    if (!secret) return;
    out += "*** (";
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, match.size()).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
    out += " bytes)";
}

}  // namespace gw::guardrail
