#include "core/text.h"

#include <cstring>

namespace gw {

bool Utf8Checker::feed(std::string_view piece) noexcept {
    const char* at = piece.data();
    const char* const end = at + piece.size();
    while (at != end) {
        if (needed_ == 0) {
            // Eight ASCII bytes at a time: most of what passes is ASCII.
            while (end - at >= 8) {
                std::uint64_t word = 0;
                std::memcpy(&word, at, 8);
                if ((word & 0x8080808080808080ULL) != 0) break;
                at += 8;
            }
            if (at == end) break;
        }
        const auto byte = static_cast<std::uint8_t>(*at++);
        if (needed_ > 0) {
            if (byte < low_ || byte > high_) return false;
            low_ = 0x80;
            high_ = 0xBF;
            --needed_;
        } else if (byte < 0x80) {
            continue;
        } else if (byte >= 0xC2 && byte <= 0xDF) {
            needed_ = 1;
        } else if (byte >= 0xE0 && byte <= 0xEF) {
            needed_ = 2;
            if (byte == 0xE0) low_ = 0xA0;   // overlong
            if (byte == 0xED) high_ = 0x9F;  // surrogates
        } else if (byte >= 0xF0 && byte <= 0xF4) {
            needed_ = 3;
            if (byte == 0xF0) low_ = 0x90;   // overlong
            if (byte == 0xF4) high_ = 0x8F;  // above U+10FFFF
        } else {
            return false;
        }
    }
    return true;
}

bool is_utf8(std::string_view text) noexcept {
    Utf8Checker checker;
    return checker.feed(text) && checker.complete();
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) noexcept {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end);
}

}  // namespace gw
