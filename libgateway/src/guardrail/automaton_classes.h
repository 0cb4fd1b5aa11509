// Classes of bytes: those that a number of sets do not tell apart.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "guardrail/automaton_program.h"

namespace gw::guardrail {

class ByteClasses {
public:
    ByteClasses() noexcept { members_[0].bits.fill(~std::uint64_t{0}); }

    // Tells the bytes in `set` from the others.
    void refine(const ByteSet& set) noexcept {
        for (std::size_t i = 0, before = count_; i < before; ++i) {
            ByteSet inside, outside;
            std::uint64_t any_inside = 0, any_outside = 0;
            for (std::size_t w = 0; w < set.bits.size(); ++w) {
                inside.bits[w] = members_[i].bits[w] & set.bits[w];
                outside.bits[w] = members_[i].bits[w] & ~set.bits[w];
                any_inside |= inside.bits[w];
                any_outside |= outside.bits[w];
            }
            if (any_inside == 0 || any_outside == 0) continue;
            members_[i] = outside;
            members_[count_++] = inside;
        }
    }
    // Tells apart what an assertion sees of the byte on its left or right.
    void refine_contexts() noexcept {
        ByteSet words, line_feed;
        for (unsigned byte = 0; byte < 256; ++byte) {
            if (is_word_byte(byte)) words.add(byte, byte);
        }
        line_feed.add('\n', '\n');
        refine(words);
        refine(line_feed);
    }

    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] std::array<std::uint8_t, 256> numbers() const noexcept {
        std::array<std::uint8_t, 256> of{};
        for (std::size_t i = 0; i < count_; ++i) {
            for (std::size_t w = 0; w < members_[i].bits.size(); ++w) {
                for (std::uint64_t bits = members_[i].bits[w]; bits != 0; bits &= bits - 1)
                    of[w * 64 + static_cast<std::size_t>(std::countr_zero(bits))] = static_cast<std::uint8_t>(i);
            }
        }
        return of;
    }

private:
    std::array<ByteSet, 256> members_;  // the first count_ are classes, none of them empty
    std::size_t count_ = 1;
};

}  // namespace gw::guardrail
