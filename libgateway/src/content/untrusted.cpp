#include "content/untrusted.h"

#include <array>
#include <charconv>

#include "core/text.h"
#include "guardrail/view_fold.h"
#include "json/utf8.h"

namespace gw::content {

namespace {

constexpr std::string_view boundary = "EXTERNAL_UNTRUSTED_CONTENT";
constexpr std::string_view replacement = "[boundary removed]";
constexpr std::size_t id_bytes = 16;

// The name of a boundary without what stands between its letters.
constexpr std::string_view letters = "externaluntrustedcontent";
constexpr std::size_t first_gap = 8, second_gap = 17;  // the letters behind them
constexpr std::size_t letters_in_front_max = 3;        // "end"
constexpr std::size_t tail_characters_max = 256;       // of an attribute and the brackets behind the name

// How many letters of the name may still be right when the letter behind the first `i` of them is wrong (Knuth, Morris,
// Pratt).
constexpr auto fallbacks = [] {
    std::array<std::uint8_t, letters.size() + 1> out{};
    std::uint8_t k = 0;
    for (std::size_t i = 1; i < letters.size(); ++i) {
        while (k > 0 && letters[i] != letters[k]) k = out[k];
        if (letters[i] == letters[k]) ++k;
        out[i + 1] = k;
    }
    return out;
}();

enum class Sign : std::uint8_t { letter, opening, closing, between, other };

struct Seen {
    Sign sign = Sign::other;
    char letter = 0;
};

Seen look_at(char c) noexcept {
    if (is_alpha(c)) {
        const char lower = ascii_lower(c);
        return {Sign::letter, lower == 'i' ? 'l' : lower};
    }
    switch (c) {
    case '0': return {Sign::letter, 'o'};
    case '1':
    case '|': return {Sign::letter, 'l'};
    case '3': return {Sign::letter, 'e'};
    case '<':
    case '[':
    case '{': return {Sign::opening, 0};
    case '>':
    case ']':
    case '}': return {Sign::closing, 0};
    default: break;
    }
    return {is_digit(c) ? Sign::other : Sign::between, 0};
}

// Brackets that stand for no ASCII character.
Sign look_at_bracket(char32_t c) noexcept {
    switch (c) {
    case 0xAB:
    case 0x2039:
    case 0x226A:
    case 0x22D8:
    case 0x2329:
    case 0x276C:
    case 0x276E:
    case 0x2770:
    case 0x27E8:
    case 0x27EA:
    case 0x2A9B:
    case 0x3008:
    case 0x300A:
    case 0x300C:
    case 0x300E:
    case 0x3010:
    case 0xFE3D:
    case 0xFE3F:
    case 0xFE64:
    case 0xFF1C: return Sign::opening;
    case 0xBB:
    case 0x203A:
    case 0x226B:
    case 0x22D9:
    case 0x232A:
    case 0x276D:
    case 0x276F:
    case 0x2771:
    case 0x27E9:
    case 0x27EB:
    case 0x2A9C:
    case 0x3009:
    case 0x300B:
    case 0x300D:
    case 0x300F:
    case 0x3011:
    case 0xFE3E:
    case 0xFE40:
    case 0xFE65:
    case 0xFF1E: return Sign::closing;
    default: return Sign::other;
    }
}

// Calls see(Seen, is underscore) for every ASCII character that the character looks like; none for one that nobody
// sees.
template <typename See>
void see_character(char32_t character, See&& see) {
    if (const Sign bracket = character < 0x80 ? Sign::other : look_at_bracket(character); bracket != Sign::other) {
        see(Seen{bracket, 0}, false);
        return;
    }
    const guardrail::Folded folded = guardrail::fold_character(character);
    using Form = guardrail::Folded::Kind;
    switch (folded.kind) {
    case Form::gone:
    case Form::mark: return;
    case Form::same:
        if (character < 0x80) {
            see(look_at(static_cast<char>(character)), character == U'_');
        } else {
            see(Seen{}, false);
        }
        return;
    case Form::shown:
    case Form::sign:
        if (folded.single != 0) {
            see(look_at(folded.single), folded.single == '_');
        } else {
            for (const char c : folded.text) see(look_at(c), c == '_');
        }
    }
}

class Defuser {
public:
    Defuser(std::string_view text, std::pmr::string& out) : text_(text), out_(out) {}

    void run() {
        while (at_ < text_.size()) {
            const json::Sequence next = json::read_utf8(text_.substr(at_));
            const std::size_t begin = at_;
            at_ += next.size;
            bool found = false;
            see_character(next.character, [&](Seen seen, bool underscore) { found |= see(begin, seen, underscore); });
            if (found) replace();
        }
        out_.append(text_.substr(copied_));
    }

private:
    struct Letter {
        std::size_t begin = 0;    // in the text
        bool underscore = false;  // stands in front of it
    };
    static constexpr std::size_t none = std::string_view::npos;

    void forget() noexcept {
        matched_ = 0;
        opening_ = none;
        in_opening_ = underscore_ = false;
    }

    // True when the name is complete.
    bool see(std::size_t begin, Seen seen, bool underscore) noexcept {
        switch (seen.sign) {
        case Sign::between: underscore_ |= underscore; return false;
        case Sign::opening:
            if (!in_opening_) opening_ = begin;
            in_opening_ = true;
            matched_ = letters_behind_opening_ = 0;
            underscore_ = false;
            return false;
        case Sign::closing:
        case Sign::other: forget(); return false;
        case Sign::letter: break;
        }
        in_opening_ = false;
        ++letters_behind_opening_;
        ring_[count_++ % ring_.size()] = {begin, underscore_};
        underscore_ = false;
        while (matched_ > 0 && letters[matched_] != seen.letter) matched_ = fallbacks[matched_];
        if (letters[matched_] == seen.letter) ++matched_;
        if (matched_ < letters.size()) return false;
        matched_ = 0;
        return true;
    }

    // The name ends at at_. Prose may say "external untrusted content"; what has underscores or brackets is no prose.
    void replace() {
        const auto letter = [this](std::size_t index) {
            return ring_[(count_ - letters.size() + index) % ring_.size()];
        };
        const bool opened = opening_ != none && letters_behind_opening_ <= letters.size() + letters_in_front_max;
        const std::size_t end = find_end();
        const bool imitated = opened || letter(first_gap).underscore || letter(second_gap).underscore || end_is_near_;
        if (imitated) {
            const std::size_t begin = opened ? opening_ : letter(0).begin;
            out_.append(text_.substr(copied_, begin - copied_)).append(replacement);
            at_ = copied_ = end;
        }
        forget();
    }

    // Behind the brackets that close the boundary on its line, or where the name ends. end_is_near_: nothing but spaces
    // lies in between.
    std::size_t find_end() {
        end_is_near_ = false;
        bool closed = false, near = true, over = false;
        std::size_t end = at_;
        std::size_t at = at_;
        for (std::size_t count = 0; count < tail_characters_max && at < text_.size() && !over; ++count) {
            const json::Sequence next = json::read_utf8(text_.substr(at));
            at += next.size;
            over = next.character == U'\n' || next.character == U'\r';
            see_character(next.character, [&](Seen seen, bool) {
                switch (seen.sign) {
                case Sign::closing:
                    closed = true;
                    end_is_near_ |= near;
                    end = at;
                    break;
                case Sign::between: break;
                case Sign::opening: over = true; break;
                case Sign::letter:
                case Sign::other:
                    near = false;
                    over |= closed;
                    break;
                }
            });
        }
        return end;
    }

    std::string_view text_;
    std::pmr::string& out_;
    std::size_t at_ = 0, copied_ = 0;
    std::size_t matched_ = 0;     // letters of the name
    std::size_t opening_ = none;  // where the last run of brackets begins
    bool in_opening_ = false;     // it is not over
    std::size_t letters_behind_opening_ = 0;
    bool underscore_ = false;  // since the last letter
    bool end_is_near_ = false;
    std::array<Letter, 32> ring_{};  // the last letters
    std::size_t count_ = 0;
};

void append_number(std::pmr::string& out, std::uint64_t number) {
    std::array<char, 20> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    out.append(text.data(), static_cast<std::size_t>(end - text.data()));
}

// What would break a line, or would not be seen in it.
bool is_plain(char32_t c) noexcept {
    if (c < 0x80)
        return c >= 0x20 && c != 0x7F &&
               std::string_view("<>[]{}\"'`").find(static_cast<char>(c)) == std::string_view::npos;
    if (c == 0xFFFFFFFF || c == 0x85 || c == 0x2028 || c == 0x2029) return false;
    return guardrail::fold_character(c).kind != guardrail::Folded::Kind::gone && look_at_bracket(c) == Sign::other;
}

}  // namespace

std::uint64_t count_characters(std::string_view text) noexcept {
    std::uint64_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80 ? 1U : 0U;
    return count;
}

std::string_view first_characters(std::string_view text, std::uint64_t count) noexcept {
    if (count >= text.size()) return text;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if ((static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80) continue;
        if (count == 0) return text.substr(0, at);
        --count;
    }
    return text;
}

void append_valid(std::string_view bytes, std::pmr::string& out) {
    while (!bytes.empty()) {
        const json::Sequence next = json::read_utf8(bytes);
        const bool valid = next.valid() && next.character != 0;
        out += valid ? bytes.substr(0, next.size) : "\xEF\xBF\xBD";
        bytes.remove_prefix(next.size);
    }
}

void append_defused(std::string_view text, std::pmr::string& out) { Defuser(text, out).run(); }

void append_file_name(std::string_view name, std::pmr::string& out) {
    const std::size_t separator = name.find_last_of("/\\");
    if (separator != std::string_view::npos) name.remove_prefix(separator + 1);
    std::pmr::string plain(out.get_allocator());
    bool space = false;
    while (!name.empty() && plain.size() < file_name_bytes_max) {
        const json::Sequence next = json::read_utf8(name);
        const std::string_view character = name.substr(0, next.size);
        name.remove_prefix(next.size);
        if (next.character == U' ' || next.character == U'\t' || next.character == U'\n' || next.character == U'\r') {
            space = !plain.empty();
        } else if (is_plain(next.character)) {
            if (space) plain += ' ';
            space = false;
            plain += character;
        }
    }
    append_defused(cut_utf8(plain, file_name_bytes_max), out);
}

Result<void> append_untrusted(const Untrusted& content, const crypto::Random& random, std::pmr::string& out) {
    const auto id = crypto::random_hex(random, id_bytes, out.get_allocator().resource());
    if (!id) return id.error();
    const auto line = [&](std::string_view end) {
        out.append("<<<").append(end).append(boundary).append(" id=\"").append(*id).append("\">>>\n");
    };
    const std::string_view shown = first_characters(content.text, content.chars_max);
    out.reserve(out.size() + shown.size() + 512);
    line("");
    out += "Source: External\n";
    const std::size_t before = out.size();
    out += "File: ";
    const std::size_t name = out.size();
    append_file_name(content.file_name, out);
    if (out.size() == name) {
        out.resize(before);
    } else {
        out += '\n';
    }
    out += "---\n";
    append_defused(shown, out);
    if (out.back() != '\n') out += '\n';
    if (shown.size() < content.text.size()) {
        out += "[cut here: ";
        append_number(out, count_characters(content.text.substr(shown.size())));
        out += " more characters]\n";
    }
    line("END_");
    return {};
}

}  // namespace gw::content
