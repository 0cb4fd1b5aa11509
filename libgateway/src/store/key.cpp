#include "store/key.h"

#include <cstdint>

#include "core/text.h"

namespace gw::store {

namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

bool is_plain(char c) noexcept {
    return is_alpha(c) || is_digit(c) || c == '.' || c == '_' || c == '@' || c == ':' || c == '+' || c == '=' ||
           c == '-';
}

// Whether "%XX" stands at `at`.
bool is_escape(std::string_view text, std::size_t at) noexcept {
    return text.size() - at >= 3 && text[at] == '%' && hex_digits.find(text[at + 1]) != std::string_view::npos &&
           hex_digits.find(text[at + 2]) != std::string_view::npos;
}

bool is_valid_segment(std::string_view segment) noexcept {
    if (segment.empty() || segment.size() > segment_bytes_max || segment.front() == '.') return false;
    for (std::size_t i = 0; i < segment.size(); ++i) {
        if (is_plain(segment[i])) continue;
        if (!is_escape(segment, i)) return false;
        i += 2;
    }
    return true;
}

}  // namespace

bool is_valid_key(std::string_view key) noexcept {
    for (std::size_t count = 1; count <= segment_count_max; ++count) {
        const std::size_t slash = key.find('/');
        if (!is_valid_segment(key.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        key.remove_prefix(slash + 1);
    }
    return false;
}

bool is_valid_prefix(std::string_view prefix) noexcept {
    if (prefix.empty()) return true;
    if (prefix.back() == '/') prefix.remove_suffix(1);
    return is_valid_key(prefix);
}

void append_segment(std::pmr::string& key, std::string_view text) {
    bool first = true;
    for (const char c : text) {
        if (is_plain(c) && !(first && c == '.')) {
            key += c;
        } else {
            const auto byte = static_cast<std::uint8_t>(c);
            key += '%';
            key += hex_digits[byte >> 4U];
            key += hex_digits[byte & 15U];
        }
        first = false;
    }
}

std::optional<std::pmr::string> decode_segment(std::string_view segment, std::pmr::memory_resource* memory) {
    std::pmr::string text(memory);
    for (std::size_t i = 0; i < segment.size(); ++i) {
        if (!is_escape(segment, i)) {
            text += segment[i];
            continue;
        }
        text += static_cast<char>(hex_value(segment[i + 1]) * 16 + hex_value(segment[i + 2]));
        i += 2;
    }
    std::pmr::string again(memory);
    append_segment(again, text);
    if (std::string_view(again) != segment) return std::nullopt;
    return text;
}

}  // namespace gw::store
