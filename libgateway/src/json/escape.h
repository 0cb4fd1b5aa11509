// The escapes of JSON strings, writing side, for anything that has append(std::string_view).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "json/utf8.h"

namespace gw::json {

// True when none of eight bytes is a control character, a quote, a backslash or above ASCII.
[[nodiscard]] inline bool are_plain(std::uint64_t word) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101ULL;
    constexpr std::uint64_t tops = 0x8080808080808080ULL;
    // (x - 1) borrows into the top bit exactly where x is 0; what a borrow from below adds only makes us look closer.
    const std::uint64_t quote = word ^ (ones * '"');
    const std::uint64_t backslash = word ^ (ones * '\\');
    return ((word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & tops) == 0;
}

[[nodiscard]] inline bool eight_are_plain(const char* at) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    return are_plain(word);
}

// True when the text needs no escape. Looks at every byte, at the last ones twice rather than one by one.
[[nodiscard]] inline bool is_plain(std::string_view text) noexcept {
    const char* const at = text.data();
    const std::size_t size = text.size();
    if (size >= 8) {
        for (std::size_t i = 0; i + 8 < size; i += 8) {
            if (!eight_are_plain(at + i)) return false;
        }
        return eight_are_plain(at + size - 8);
    }
    std::uint64_t word = 0x2020202020202020ULL;
    if (size >= 4) {
        std::uint32_t front = 0, back = 0;
        std::memcpy(&front, at, 4);
        std::memcpy(&back, at + size - 4, 4);
        word = std::uint64_t{front} << 32U | back;
    } else {
        for (std::size_t i = 0; i < size; ++i) word = word << 8U | static_cast<std::uint8_t>(at[i]);
    }
    return are_plain(word);
}

// Appends `text` as the inside of a JSON string (RFC 8259 section 7). Runs that need no escape are copied whole.
template <typename Out>
void escape_to(Out& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    const char* at = text.data();
    const char* const end = at + text.size();
    const char* run = at;
    const auto flush = [&] {
        if (at != run) out.append(std::string_view{run, static_cast<std::size_t>(at - run)});
    };
    while (at != end) {
        if (end - at >= 8 && eight_are_plain(at)) {
            at += 8;
            continue;
        }
        const auto byte = static_cast<std::uint8_t>(*at);
        if (byte >= 0x80) {
            const Sequence sequence = read_utf8({at, static_cast<std::size_t>(end - at)});
            if (!sequence.valid()) {
                flush();
                out.append(std::string_view{"\xEF\xBF\xBD"});
                run = at + sequence.size;
            }
            at += sequence.size;
            continue;
        }
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            ++at;
            continue;
        }
        flush();
        switch (byte) {
        case '"': out.append(std::string_view{"\\\""}); break;
        case '\\': out.append(std::string_view{"\\\\"}); break;
        case '\b': out.append(std::string_view{"\\b"}); break;
        case '\f': out.append(std::string_view{"\\f"}); break;
        case '\n': out.append(std::string_view{"\\n"}); break;
        case '\r': out.append(std::string_view{"\\r"}); break;
        case '\t': out.append(std::string_view{"\\t"}); break;
        default: {
            const char escape[] = {'\\', 'u', '0', '0', digits[byte >> 4U], digits[byte & 15U]};
            out.append(std::string_view{escape, sizeof escape});
        }
        }
        run = ++at;
    }
    flush();
}

}  // namespace gw::json
