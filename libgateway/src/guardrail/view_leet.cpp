#include "core/text.h"
#include "guardrail/view_feed.h"

namespace gw::guardrail {

namespace {

constexpr std::size_t run_max = 4;
constexpr std::size_t apart_min = 5;          // letters that stand apart before they are taken for a word
constexpr std::size_t apart_letters_min = 3;  // of those, how many must be letters by themselves
constexpr std::size_t word_gap_max = 3;       // separators between two words that are spread out

constexpr char leet_letter(char c) noexcept {
    switch (c) {
    case '0': return 'o';
    case '1':
    case '!': return 'i';
    case '3': return 'e';
    case '4':
    case '@': return 'a';
    case '5':
    case '$': return 's';
    case '7':
    case '+': return 't';
    case '8': return 'b';
    case '9': return 'g';
    case '|': return 'l';
    case '(': return 'c';
    default: return 0;
    }
}

// Signs that are letters only between letters: they are too common at the edge of words and formulas.
constexpr bool needs_both_sides(char c) noexcept { return c == '|' || c == '+' || c == '('; }
constexpr bool is_separator(char c) noexcept { return c == ' ' || c == '.' || c == '-' || c == '_' || c == '*'; }
constexpr bool is_letter_or_digit(char c) noexcept { return is_alpha(c) || is_digit(c); }
constexpr bool is_member(char c) noexcept { return is_alpha(c) || (is_digit(c) && leet_letter(c) != 0); }

ViewStep show_member(char c) noexcept {
    const char letter = leet_letter(c);
    return letter == 0 ? ViewStep::keep(1) : ViewStep::show(1, {&letter, 1});
}

enum class Answer : std::uint8_t { no, yes, undecided };

// "i g n o r" at the beginning of `rest`, whose first byte begins a word.
Answer stands_apart(std::string_view rest, bool ended) noexcept {
    const Answer undecided = ended ? Answer::no : Answer::undecided;
    std::size_t letters = 0;
    for (std::size_t i = 0; i < apart_min; ++i) {
        const std::size_t at = 2 * i;
        if (at >= rest.size()) return undecided;
        if (!is_member(rest[at])) return Answer::no;
        if (is_alpha(rest[at])) ++letters;
        const bool last = i + 1 == apart_min;
        if (at + 1 == rest.size()) {
            if (last && ended) break;
            return undecided;
        }
        if (last && is_letter_or_digit(rest[at + 1])) return Answer::no;
        if (!last && (!is_separator(rest[at + 1]) || rest[at + 1] != rest[1])) return Answer::no;
    }
    return letters >= apart_letters_min ? Answer::yes : Answer::no;
}

}  // namespace

bool LeetRules::at_rest() const noexcept { return apart_ == 0 && !long_run_ && run_left_ == 0; }

void LeetRules::pass(std::string_view same) noexcept { last_ = same.back(); }

ViewStep LeetRules::step(std::string_view rest, bool ended) noexcept {
    const ViewStep step = next(rest, ended);
    if (step.size > 0) last_ = rest[step.size - 1];
    return step;
}

ViewStep LeetRules::next(std::string_view rest, bool ended) noexcept {
    const char first = rest.front();
    if (run_left_ > 0) {
        const bool letter = (run_letters_ & 1U) != 0;
        --run_left_;
        run_letters_ = static_cast<std::uint8_t>(run_letters_ >> 1U);
        return letter ? show_member(first) : ViewStep::keep(1);
    }
    if (apart_ != 0) {
        // between() has seen to it that a letter here stands alone.
        if (is_letter_or_digit(first)) return show_member(first);
        const ViewStep step = between(rest, ended);
        if (step.size == 0 || !step.same) return step;
        apart_ = 0;
    }
    if (is_member(first) && !is_letter_or_digit(last_) && !long_run_) {
        switch (stands_apart(rest, ended)) {
        case Answer::yes: apart_ = rest[1]; return show_member(first);
        case Answer::undecided: return ViewStep::more();
        case Answer::no: break;
        }
    }
    if (leet_letter(first) != 0) return run(rest, ended);
    long_run_ = false;
    return ViewStep::keep(1);
}

// At the first of some digits and signs: which of them are letters.
ViewStep LeetRules::run(std::string_view rest, bool ended) noexcept {
    if (long_run_) return ViewStep::keep(1);
    std::size_t size = 0;
    while (size < rest.size() && size <= run_max && leet_letter(rest[size]) != 0) ++size;
    if (size > run_max) {
        long_run_ = true;
        return ViewStep::keep(1);
    }
    if (size == rest.size() && !ended) return ViewStep::more();
    const char after = size < rest.size() ? rest[size] : '\n';
    std::size_t begin = 0;
    std::size_t end = size;
    if (is_digit(last_) || is_digit(after) || (!is_alpha(last_) && !is_alpha(after))) {
        end = 0;  // digits on both sides, as in 2024, or nothing that is a letter
    } else {
        if (!is_alpha(last_)) {
            while (begin < end && needs_both_sides(rest[begin])) ++begin;
        }
        if (!is_alpha(after)) {
            while (end > begin && !is_digit(rest[end - 1])) --end;
        }
    }
    run_left_ = static_cast<std::uint8_t>(size);
    run_letters_ = 0;
    for (std::size_t i = begin; i < end; ++i) run_letters_ = static_cast<std::uint8_t>(run_letters_ | 1U << i);
    return next(rest, ended);
}

// Between two letters that stand apart: the separator goes, several are the space between words. Shown as it is: the
// spreading ends here.
ViewStep LeetRules::between(std::string_view rest, bool ended) noexcept {
    std::size_t size = 0;
    while (size < rest.size() && size <= word_gap_max && is_separator(rest[size])) ++size;
    if (size == 0 || size > word_gap_max) return ViewStep::keep(1);
    if (size == rest.size()) return ended ? ViewStep::keep(1) : ViewStep::more();
    if (!is_member(rest[size])) return ViewStep::keep(1);
    if (size + 1 == rest.size() && !ended) return ViewStep::more();
    if (size + 1 < rest.size() && is_letter_or_digit(rest[size + 1])) return ViewStep::keep(1);
    if (size == 1 && rest.front() == apart_) return ViewStep::show(1, {});
    // The next word may be spread out in another way.
    if (size + 1 < rest.size() && is_separator(rest[size + 1])) apart_ = rest[size + 1];
    return ViewStep::show(size, " ");
}

bool LeetRules::is_special(char c) noexcept { return leet_letter(c) != 0; }

// Letters that stand apart begin with a letter at the edge of a word, a separator, one more letter and one more
// separator. Before a piece there may be such an edge, and behind it anything.
std::size_t LeetRules::first_special(std::string_view piece) noexcept {
    constexpr std::size_t before = 1;
    constexpr std::size_t behind = 3;
    constexpr char anything = '\xFF';
    const auto is_letter_block = [](Block block) {
        return is_within(block | block_of(0x20), 'a', 'z') | is_within(block, '0', '9') | is(block, anything);
    };
    const auto is_separator_block = [](Block block) {
        return is(block, ' ') | is(block, '.') | is(block, '-') | is(block, '_') | is(block, '*') | is(block, anything);
    };
    const auto special = [&](const char* bytes) {
        const Block block = load_block(bytes);
        const Block digit = is_within(block, '0', '9') & ~is(block, '2') & ~is(block, '6');
        const Block sign =
            is(block, '@') | is(block, '$') | is(block, '!') | is(block, '|') | is(block, '+') | is(block, '(');
        const Block apart = is_letter_block(block) & ~is_letter_block(load_block(bytes - 1)) &
                            is_separator_block(load_block(bytes + 1)) & is_letter_block(load_block(bytes + 2)) &
                            is_separator_block(load_block(bytes + 3));
        return first_set(digit | sign | apart);
    };
    for (std::size_t at = 0; at < piece.size(); at += block_size) {
        const std::size_t size = std::min(block_size, piece.size() - at);
        std::size_t found = 0;
        if (at >= before && piece.size() - at >= block_size + behind) {
            found = special(piece.data() + at);
        } else {
            char padded[before + block_size + behind];
            std::memset(padded, anything, sizeof padded);
            padded[0] = at > 0 ? piece[at - 1] : ' ';
            std::memcpy(padded + before, piece.data() + at, std::min(block_size + behind, piece.size() - at));
            found = special(padded + before);
        }
        if (found < size) return at + found;
    }
    return std::string_view::npos;
}

template class View<LeetRules>;

}  // namespace gw::guardrail
