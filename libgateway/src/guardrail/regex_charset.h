// A set of code points as sorted ranges: what one character of a regular expression may be.
//
//     [^a-c\d] -- add, add, negate --> {0-'/'} {':'-'`'} {'d'-10FFFF} -- automaton_compiler --> bytes
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

namespace gw::guardrail::regex {

constexpr char32_t code_point_max = 0x10FFFF;

struct Range {
    char32_t low = 0;
    char32_t high = 0;  // the last one inside
    friend bool operator==(const Range&, const Range&) = default;
};

class CharSet {
public:
    explicit CharSet(std::pmr::memory_resource* memory) : ranges_(memory) {}

    void add(char32_t low, char32_t high) { ranges_.push_back({low, high}); }
    void add(std::span<const Range> ranges) { ranges_.insert(ranges_.end(), ranges.begin(), ranges.end()); }
    void add_negated(std::span<const Range> sorted);  // everything that is not in `sorted`

    // Everything that Unicode's simple case folding calls the same; the circles of U+017F (s) and U+212A (k) included.
    void add_folded();
    void normalise();  // sorted, merged; all that follows needs it
    void negate();

    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return ranges_.get_allocator().resource(); }
    [[nodiscard]] std::span<const Range> ranges() const noexcept { return ranges_; }
    [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
    [[nodiscard]] bool contains(char32_t c) const noexcept;
    [[nodiscard]] bool contains_all(const CharSet& other) const noexcept;
    [[nodiscard]] bool ascii_only() const noexcept { return ranges_.empty() || ranges_.back().high < 0x80; }
    [[nodiscard]] std::uint32_t count() const noexcept;

private:
    std::pmr::vector<Range> ranges_;
};

// Unicode 14: a general category ("Lu"), a group of them ("L") or one of nine scripts ("Latin", "Greek", "Cyrillic",
// "Han", "Hiragana", "Katakana", "Hangul", "Arabic", "Hebrew"), or "Any". Adds its ranges; false when the name is none.
[[nodiscard]] bool add_unicode_class(CharSet& set, std::string_view name, bool negated);

}  // namespace gw::guardrail::regex
