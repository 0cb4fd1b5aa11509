#include "content/data_url.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "crypto/base64.h"

namespace gw::content {

namespace {

constexpr std::string_view scheme = "data:";
constexpr Error too_large{GW_ERR_LIMIT, 0, "is larger than allowed"};
constexpr Error no_base64{GW_ERR_DATA, 0, "is not valid base64"};
constexpr Error no_percent{GW_ERR_DATA, 0, "has a broken percent escape"};

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool append_letters(std::string_view letters, Buffer& out) {
    const std::span<std::byte> room = out.prepare(crypto::base64_decoded_size_max(letters.size()));
    const auto size = crypto::base64_decode(room, letters);
    if (!size) return false;
    out.commit(*size);
    return true;
}

}  // namespace

bool is_data_url(std::string_view text) noexcept { return starts_with_ignoring_case(text, scheme); }

std::optional<DataUrl> parse_data_url(std::string_view text) noexcept {
    if (!is_data_url(text)) return std::nullopt;
    text.remove_prefix(scheme.size());
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    DataUrl url{trim(text.substr(0, comma)), text.substr(comma + 1), false};
    const std::size_t last = url.media_type.rfind(';');
    if (last != std::string_view::npos && equals_ignoring_case(trim(url.media_type.substr(last + 1)), "base64")) {
        url.base64 = true;
        url.media_type = trim(url.media_type.substr(0, last));
    }
    return url;
}

Result<Decoded> decode_base64(std::string_view text, std::size_t bytes_max, Buffer& out) {
    const auto blanks = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_blank));
    const std::string_view padding = text.substr(text.find_last_not_of("= \t\r\n") + 1);
    const std::size_t letters =
        text.size() - blanks - static_cast<std::size_t>(std::count(padding.begin(), padding.end(), '='));
    if (letters / 4 * 3 + letters % 4 * 3 / 4 > bytes_max) return too_large;
    if (blanks == 0 && text.size() % 4 == 0) {
        if (!append_letters(text, out)) return no_base64;
        return Decoded{true};
    }
    // In pieces of whole groups of four letters, without the blanks.
    std::array<char, 4096> piece;
    std::size_t size = 0;
    bool ended = false;  // a group with padding was the last one
    for (const char c : text) {
        if (is_blank(c)) continue;
        if (ended) return no_base64;
        piece[size++] = c;
        if (size < piece.size()) continue;
        ended = c == '=';
        if (!append_letters({piece.data(), size}, out)) return no_base64;
        size = 0;
    }
    if (size % 4 == 1) return no_base64;
    while (size % 4 != 0) piece[size++] = '=';
    if (size != 0 && !append_letters({piece.data(), size}, out)) return no_base64;
    return Decoded{false};
}

Result<Decoded> decode_percent(std::string_view text, std::size_t bytes_max, Buffer& out) {
    std::size_t size = 0;
    while (!text.empty()) {
        const std::string_view plain = text.substr(0, text.find('%'));
        text.remove_prefix(plain.size());
        size += plain.size() + (text.empty() ? 0 : 1);
        if (size > bytes_max) return too_large;
        out.append(plain);
        if (text.empty()) break;
        const int high = text.size() > 2 ? hex_value(text[1]) : -1;
        const int low = text.size() > 2 ? hex_value(text[2]) : -1;
        if (high < 0 || low < 0) return no_percent;
        out.append(static_cast<char>(high * 16 + low));
        text.remove_prefix(3);
    }
    return Decoded{false};
}

}  // namespace gw::content
