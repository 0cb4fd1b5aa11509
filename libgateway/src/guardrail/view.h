// What a text looks like behind its disguises. A view turns bytes into other bytes, piece by piece, and says where it
// changed something; between two changes it shows what it was given.
//
//     original   i g \u006e ｏ r e  %61 l l          PlainView::feed()
//                | |  \__/  |  | |   |  | |
//     view       i g   n    o  r e   a  l l          changes: [2,8)->[2,3)  [8,11)->[3,4)  [14,17)->[7,8)
//
// The text may be cut anywhere, inside an escape as well as inside a character: view and changes are the same. A view
// keeps at most view_step_max bytes to itself, the beginning of something that the next bytes decide. It costs
// constant work per byte whatever the text is, and it never fails: what is no disguise stays as it is, and so does
// every byte that is not UTF-8.
//
// A view knows one layer: "%2541" is shown as "%41". Views can be chained, the output of one being the text of the
// next.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace gw::guardrail {

// Original [original_begin, original_end) is shown as view [view_begin, view_end). Offsets count from the beginning of
// the text. Nothing is shown of what was dropped; several original bytes may become several others, and then only the
// change as a whole has a place in the original.
struct Change {
    std::uint64_t original_begin;
    std::uint64_t original_end;
    std::uint64_t view_begin;
    std::uint64_t view_end;
    bool operator==(const Change&) const = default;
};

inline constexpr std::size_t view_step_max = 24;  // bytes that a step looks at
inline constexpr std::size_t view_pending_max = 2 * view_step_max;

// One step of a view: the first `size` bytes of what is left of the text, shown as themselves or as something else.
// Its members are wide because it is returned for every character: bytes would be packed into registers and out again.
struct ViewStep {
    std::size_t size = 0;  // 0: more bytes must come first
    std::size_t shown_size = 0;
    bool same = true;
    char shown[8] = {};

    [[nodiscard]] static ViewStep more() noexcept { return {}; }
    [[nodiscard]] static ViewStep keep(std::size_t size) noexcept {
        ViewStep step;
        step.size = size;
        return step;
    }
    [[nodiscard]] static ViewStep show(std::size_t size, std::string_view shown) noexcept {
        assert(size <= view_step_max && shown.size() <= sizeof ViewStep::shown);
        ViewStep step;
        step.size = size;
        step.same = false;
        step.shown_size = shown.size();
        for (std::size_t i = 0; i < shown.size(); ++i) step.shown[i] = shown[i];
        return step;
    }
};

// What the views share: offsets, the bytes that wait, and the cuts. `Rules` are small values with four functions:
//
//     ViewStep step(std::string_view rest, bool ended)   the next step; may ask for more unless `ended`, and says the
//                                                        same whatever follows the bytes that it has looked at
//     bool at_rest()                                     first_special() can be trusted
//     void pass(std::string_view same)                   these bytes are shown as they are; at rest only
//     static std::size_t first_special(std::string_view) the first byte where a step may be anything else
//     static bool is_special(char)                       such a byte whatever is around it
template <class Rules>
class View {
public:
    View() = default;
    explicit View(const Rules& rules) noexcept : rules_(rules) {}

    // Takes the next piece; appends what can be shown to `out` and the changes, in order, to `changes`. Neighbouring
    // changes are not joined. When an allocation fails, the view is only good for being destroyed.
    void feed(std::string_view piece, std::pmr::string& out, std::pmr::vector<Change>& changes);

    // The text ends here: what waited is shown as its best reading. Nothing may follow.
    void finish(std::pmr::string& out, std::pmr::vector<Change>& changes);

    // Takes a piece that is shown as it is and appends nothing: the piece itself is what would have been shown. False:
    // something may be different, nothing was taken, feed() it. The way to look at the common piece cheaply.
    [[nodiscard]] bool take_same(std::string_view piece) noexcept {
        if (pending_size_ > 0 || !rules_.at_rest() || first_special(piece) != std::string_view::npos) return false;
        if (piece.empty()) return true;
        rules_.pass(piece);
        offset_ += piece.size();
        view_offset_ += piece.size();
        return true;
    }

    // The first byte of `piece` at which the view may differ from it when take_same() could succeed; npos: nowhere.
    [[nodiscard]] static std::size_t first_special(std::string_view piece) noexcept {
        return Rules::first_special(piece);
    }

    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }            // bytes taken
    [[nodiscard]] std::uint64_t view_offset() const noexcept { return view_offset_; }  // bytes shown
    // The first byte that was taken and not shown yet; offset() if there is none.
    [[nodiscard]] std::uint64_t pending_from() const noexcept { return offset_ - pending_size_; }

private:
    // What one call gives, and the run of unchanged bytes that is still to be appended.
    struct Output;
    void take(const ViewStep& step, const char* text, Output& output);
    std::size_t finish_pending(std::string_view piece, Output& output);

    std::uint64_t offset_ = 0;       // taken, pending bytes included
    std::uint64_t view_offset_ = 0;  // shown
    Rules rules_;
    std::uint8_t pending_size_ = 0;
    char pending_[view_pending_max] = {};
};

// Characters as a reader sees them. In one pass,
//
//     escapes      \n \t \" \/ \\ \u0041 \u{41} \U00000041 \x41   %41 %u0041   &#65; &#x41; &lt;     -> the character
//                  UTF-16 pairs as \ud835\udc00 and UTF-8 as %E2%82%AC or \xE2\x82\xAC are one character
//     letters      full-width, mathematical, circled, superscript, ligatures, with diacritics, look-alikes from
//                  Cyrillic, Greek, Armenian, Cherokee ...; digits of all scripts               -> ASCII
//     invisible    zero-width, bidi controls, soft hyphen, variation selectors, fillers, C0 controls -> nothing;
//                  the tag block U+E0000 to E007F                                                   -> the ASCII it
//                  hides
//     marks        generic combining marks, and any other mark behind an ASCII letter or digit     -> nothing
//     punctuation  Unicode spaces, line ends, dashes, quotes, full-width signs                     -> ASCII
//
// East Asian text uses quotes, dashes and full-width signs as its own, so those fold only behind an ASCII character
// (or at the beginning); ordinary Chinese, Japanese and Korean text has no changes.
//
// A backslash, percent sign or ampersand that begins no escape stays. `\rm` reads as a carriage return and "m", as in
// JSON; where a text is known to be decoded already, Backslashes::keep leaves backslashes for ShellView.
enum class Backslashes : std::uint8_t { decode, keep };

class PlainRules {
public:
    PlainRules() = default;
    explicit PlainRules(Backslashes backslashes) noexcept : backslashes_(backslashes) {}

    [[nodiscard]] ViewStep step(std::string_view rest, bool ended) noexcept;
    [[nodiscard]] static constexpr bool at_rest() noexcept { return true; }
    void pass(std::string_view same) noexcept { last_ = same.back(); }
    [[nodiscard]] static std::size_t first_special(std::string_view piece) noexcept;
    [[nodiscard]] static bool is_special(char c) noexcept;

private:
    [[nodiscard]] ViewStep character(char32_t character, std::size_t size, bool escaped) noexcept;
    [[nodiscard]] ViewStep keep(std::string_view rest, std::size_t size) noexcept;

    Backslashes backslashes_ = Backslashes::decode;
    char last_ = '\n';  // the last byte shown
};
using PlainView = View<PlainRules>;

// Words as a shell reads them, for text that may be a command; its text is what PlainView shows.
//
//     c""url  'rm'  r\m  c`url  who^ami  $'\143'  \<newline>   quotes and what joins words are dropped
//     ${IFS}  $IFS  $IFS$9  {cat,/etc/passwd}                  white space in disguise becomes a space
//     $@  $*  ${x}  ${x:-}  $()  c$1url                        what expands to nothing is dropped; ${x:-curl} is curl
//
// Every quote goes, whether it is a shell's or not: a rule that looks for quotes finds them in the text itself, which
// is always inspected too, and keeping track of which quote is open would let one stray apostrophe hide all the rest.
// A back-tick or caret stays unless letters are on both sides, where they stand for nothing in PowerShell and cmd.
class ShellRules {
public:
    [[nodiscard]] ViewStep step(std::string_view rest, bool ended) noexcept;
    [[nodiscard]] bool at_rest() const noexcept;
    void pass(std::string_view same) noexcept;
    [[nodiscard]] static std::size_t first_special(std::string_view piece) noexcept;
    [[nodiscard]] static bool is_special(char c) noexcept;

private:
    [[nodiscard]] ViewStep next(std::string_view rest, bool ended) noexcept;
    [[nodiscard]] ViewStep backslash(std::string_view rest, bool ended) const noexcept;
    [[nodiscard]] ViewStep dollar(std::string_view rest, bool ended) noexcept;
    [[nodiscard]] ViewStep parameter(std::string_view rest, bool ended) noexcept;
    [[nodiscard]] ViewStep brace(std::string_view rest, bool ended) noexcept;

    char last_ = '\n';               // the last byte shown
    bool ansi_ = false;              // within $'...'
    bool list_ = false;              // within a brace list
    std::uint8_t default_left_ = 0;  // bytes of ${x:-value} that are left, with the brace that ends it
};
using ShellView = View<ShellRules>;

// Letters in place of digits and signs that stand for them; its text is what PlainView shows.
//
//     p455w0rd -> password     0o 1i 3e 4a 5s 7t 8b 9g  @a $s !i |l +t (c
//     i g n o r e -> ignore    five letters or more with one space, dot, dash, underscore or asterisk between each
//
// A run of such digits and signs is read as letters when a letter is next to it and it has at most four, so that
// "2024", "v10.51" and long numbers stay; of signs, those that end a word stay ("stop!"), and | + ( need a letter on
// both sides. Where letters stand apart, two or three separators in a row are the space between words.
class LeetRules {
public:
    [[nodiscard]] ViewStep step(std::string_view rest, bool ended) noexcept;
    [[nodiscard]] bool at_rest() const noexcept;
    void pass(std::string_view same) noexcept;
    [[nodiscard]] static std::size_t first_special(std::string_view piece) noexcept;
    [[nodiscard]] static bool is_special(char c) noexcept;

private:
    [[nodiscard]] ViewStep next(std::string_view rest, bool ended) noexcept;
    [[nodiscard]] ViewStep run(std::string_view rest, bool ended) noexcept;
    [[nodiscard]] ViewStep between(std::string_view rest, bool ended) noexcept;

    char last_ = '\n';           // the last byte taken
    char apart_ = 0;             // what is between letters that stand apart; 0: they do not
    bool long_run_ = false;      // within a run that is too long
    std::uint8_t run_left_ = 0;  // bytes of the run at hand, and a bit for each, the next lowest: it is a letter
    std::uint8_t run_letters_ = 0;
};
using LeetView = View<LeetRules>;

extern template class View<PlainRules>;
extern template class View<ShellRules>;
extern template class View<LeetRules>;

}  // namespace gw::guardrail
