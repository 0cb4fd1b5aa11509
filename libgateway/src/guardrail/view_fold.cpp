#include "guardrail/view_fold.h"

#include <cstddef>

namespace gw::guardrail {

namespace {

// Block 0 is that of ASCII: nothing in it folds.
struct FoldText {
    char text[8];
    std::uint8_t size;
    bool sign;
};

#include "guardrail/view_fold_tables.inc"

}  // namespace

Folded fold_character(char32_t character) noexcept {
    using Form = Folded::Kind;
    if (character < 0x80) {
        const bool control = character == 0x7F || (character < 0x20 && (character < '\t' || character > '\r'));
        return {control ? Form::gone : Form::same};
    }
    if (character >= fold_limit) {
        // Tags and the variation selectors behind them.
        if (character < 0xE0000 || character > 0xE0FFF) return {};
        if (character < 0xE0020 || character > 0xE007E) return {Form::gone};
        return {Form::shown, static_cast<char>(character - 0xE0000)};
    }
    const std::size_t block = fold_stage1[character / fold_block_size];
    const std::uint16_t entry = fold_stage2[block * fold_block_size + character % fold_block_size];
    if (entry == 0) return {};
    switch (entry >> 14U) {
    case 0: return {Form::shown, static_cast<char>(entry)};
    case 1: return {Form::sign, static_cast<char>(entry & 0xFFU)};
    case 2: {
        const FoldText& text = fold_texts[entry & 0x3FFFU];
        return {text.sign ? Form::sign : Form::shown, 0, {text.text, text.size}};
    }
    default: return {(entry & 1U) != 0 ? Form::mark : Form::gone};
    }
}

std::size_t count_unfolded(std::string_view text) noexcept {
    // The first two bytes of three are the number of the block, the third is the place in it.
    static_assert(fold_block_size == 64);
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t size = 0;
    for (; text.size() - size >= 3; size += 3) {
        const unsigned lead = byte(size);
        const unsigned second = byte(size + 1);
        // Without the leads whose second byte has a narrower range (RFC 3629): E0 and ED.
        if (lead <= 0xE0 || lead > 0xEF || lead == 0xED) break;
        if ((second & 0xC0U) != 0x80 || (byte(size + 2) & 0xC0U) != 0x80) break;
        if (fold_stage1[(lead & 0xFU) << 6U | (second & 0x3FU)] != 0) break;
    }
    return size;
}

}  // namespace gw::guardrail
