#include "core/text.h"
#include "guardrail/view_escape.h"
#include "guardrail/view_feed.h"
#include "guardrail/view_fold.h"
#include "json/utf8.h"

namespace gw::guardrail {

namespace {

// A character of several bytes at the beginning of `rest`; Escape::none when it is not valid.
Escape read_sequence(std::string_view rest) noexcept {
    const json::Sequence read = json::read_utf8(rest);
    if (read.valid()) return Escape::found(read.size, read.character);
    const auto lead = static_cast<unsigned char>(rest.front());
    return read.size == rest.size() && lead >= 0xC2 && lead <= 0xF4 ? Escape::more() : Escape::none();
}

}  // namespace

ViewStep PlainRules::keep(std::string_view rest, std::size_t size) noexcept {
    last_ = rest[size - 1];
    return ViewStep::keep(size);
}

// `escaped`: the character was written as something else, so that it is a change even if it folds to itself.
ViewStep PlainRules::character(char32_t character, std::size_t size, bool escaped) noexcept {
    using Form = Folded::Kind;
    const Folded folded = fold_character(character);
    const bool behind_ascii = static_cast<unsigned char>(last_) < 0x80;
    const bool same = folded.kind == Form::same || (folded.kind == Form::sign && !behind_ascii) ||
                      (folded.kind == Form::mark && !is_alpha(last_) && !is_digit(last_));
    if (same) {
        char utf8[4];
        const std::size_t utf8_size = json::write_utf8(character, utf8);
        last_ = utf8[utf8_size - 1];
        return escaped ? ViewStep::show(size, {utf8, utf8_size}) : ViewStep::keep(size);
    }
    if (folded.kind == Form::gone || folded.kind == Form::mark) return ViewStep::show(size, {});
    const std::string_view text = folded.single != 0 ? std::string_view(&folded.single, 1) : folded.text;
    last_ = text.back();
    return ViewStep::show(size, text);
}

ViewStep PlainRules::step(std::string_view rest, bool ended) noexcept {
    const char first = rest.front();
    if (static_cast<unsigned char>(first) >= 0x80) {
        if (const std::size_t unfolded = count_unfolded(rest); unfolded > 0) return keep(rest, unfolded);
        const Escape read = read_sequence(rest);
        if (read.state == Escape::State::found) return character(read.character, read.size, false);
        if (read.state == Escape::State::more && !ended) return ViewStep::more();
        return keep(rest, 1);
    }
    Escape escape = Escape::none();
    if (first == '\\' && backslashes_ == Backslashes::decode) escape = read_backslash(rest);
    if (first == '%') escape = read_percent(rest);
    if (first == '&') escape = read_entity(rest, ended);
    switch (escape.state) {
    case Escape::State::found: return character(escape.character, escape.size, true);
    case Escape::State::more:
        if (!ended) return ViewStep::more();
        break;
    case Escape::State::none: break;
    }
    return fold_character(static_cast<unsigned char>(first)).kind == Folded::Kind::gone ? ViewStep::show(1, {})
                                                                                        : keep(rest, 1);
}

// Not ASCII, what begins an escape, and control characters that are not white space.
bool PlainRules::is_special(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x7F || c == '\\' || c == '%' || c == '&' || (byte < 0x20 && (byte < '\t' || byte > '\r'));
}

std::size_t PlainRules::first_special(std::string_view piece) noexcept {
    return find_special(piece, [](Block block) {
        return is_within(block, 0x7F, 0xFF) | is(block, '\\') | is(block, '%') | is(block, '&') |
               (is_within(block, 0, 0x1F) & ~is_within(block, '\t', '\r'));
    });
}

template class View<PlainRules>;

}  // namespace gw::guardrail
