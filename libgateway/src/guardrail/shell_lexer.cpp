// The words of the parser: quotes, escapes, here-documents.
#include <array>

#include "core/text.h"
#include "guardrail/shell_parser.h"
#include "json/utf8.h"

namespace gw::guardrail::shell {

bool Parser::at_word_end(std::size_t at) const {
    if (at >= end_) return true;
    switch (bytes_[at]) {
    case ' ':
    case '\t':
    case '\n':
    case ';':
    case '&':
    case '|':
    case '(':
    case ')':
    case '<':
    case '>': return true;
    case '\r': return at + 1 < end_ && bytes_[at + 1] == '\n';
    default: return false;
    }
}

SyntaxWord Parser::word() {
    if (++state_.words > state_.limits.words_max) state_.incomplete = true;
    const std::size_t begin = pos_;
    Parts all(state_.scratch);
    parts(all, Mode::word, false);
    return {span(begin), keep(state_.arena, all)};
}

// Bytes [begin, end) as they stand: one part for each piece they came from.
void Parser::literal(Parts& out, std::size_t begin, std::size_t end, bool quoted) {
    if (begin >= end) return;
    for (std::size_t i = text_.piece_at(begin); i < text_.pieces.size() && text_.pieces[i].at < end; ++i) {
        const std::size_t from = std::max<std::size_t>(begin, text_.pieces[i].at);
        const std::size_t to = std::min(end, text_.piece_end(i));
        Part part;
        part.quoted = quoted;
        part.exact = text_.pieces[i].exact;
        part.span = part.exact ? text_.source(from, to) : text_.pieces[i].source;
        part.text = bytes_.substr(from, to - from);
        out.push_back(part);
    }
}

// Bytes that an escape at [begin, end) stands for.
void Parser::computed(Parts& out, std::string_view bytes, std::size_t begin, std::size_t end) {
    Part part;
    part.quoted = true;
    part.exact = false;
    part.span = text_.source(begin, end);
    part.text = keep(state_.arena, bytes);
    out.push_back(part);
}

void Parser::parts(Parts& out, Mode mode, bool quoted) {
    const std::size_t word_begin = pos_;
    std::size_t run = pos_;
    std::size_t open = 0;  // parentheses of an arithmetic expression
    const auto flush = [&] { literal(out, run, pos_, quoted); };
    while (!at_end()) {
        const char c = bytes_[pos_];
        if (c == '\\') {
            const char next = peek(1);
            if (pos_ + 1 >= end_) {
                state_.incomplete = true;
                ++pos_;
            } else if (next == '\n' || (next == '\r' && peek(2) == '\n')) {
                flush();
                pos_ += next == '\n' ? 2 : 3;
                run = pos_;
            } else if (mode == Mode::word && windows_path(word_begin)) {
                ++pos_;
            } else if (quoted && next != '$' && next != '`' && next != '\\' &&
                       (next != '"' || mode == Mode::here_document)) {
                ++pos_;
            } else {
                flush();
                literal(out, pos_ + 1, pos_ + 2, true);
                pos_ += 2;
                run = pos_;
            }
        } else if (c == '$') {
            const std::size_t before = pos_;
            literal(out, run, pos_, quoted);
            run = pos_;
            if (dollar(out, quoted))
                run = pos_;
            else
                pos_ = before + 1;
        } else if (c == '`') {
            flush();
            backquoted(out, quoted);
            run = pos_;
        } else if (c == '"' && mode == Mode::double_quoted) {
            break;
        } else if (c == '"' && mode != Mode::here_document) {
            flush();
            double_quoted(out);
            run = pos_;
        } else if (c == '\'' && !quoted) {
            flush();
            single_quoted(out);
            run = pos_;
        } else if (mode == Mode::word) {
            if ((c == '<' || c == '>') && peek(1) == '(') {
                flush();
                const std::size_t begin = pos_;
                pos_ += 2;
                substitution(out, c == '<' ? Part::Kind::process_in : Part::Kind::process_out, begin, false);
                run = pos_;
            } else if (c == '(' && allow_array_ && pos_ > word_begin && bytes_[pos_ - 1] == '=') {
                flush();
                skip_balanced('(', ')');
                run = pos_;
            } else if (at_word_end(pos_)) {
                break;
            } else {
                ++pos_;
            }
        } else if ((mode == Mode::operand || mode == Mode::pattern) &&
                   (c == '}' || (c == '/' && mode == Mode::pattern && pos_ > word_begin))) {
            break;
        } else if (mode == Mode::arithmetic && c == '(') {
            ++open;
            ++pos_;
        } else if (mode == Mode::arithmetic && c == ')') {
            if (open == 0) break;
            --open;
            ++pos_;
        } else if (mode == Mode::here_document && c == '\n' && strip_tabs_) {
            ++pos_;
            flush();
            while (!at_end() && bytes_[pos_] == '\t') ++pos_;
            run = pos_;
        } else {
            ++pos_;
        }
    }
    if (pos_ > end_) pos_ = end_;
    flush();
}

// C:\Users\x, .\x and %APPDATA%\x: the back-slashes are no escapes to the shell that such a word is meant for.
bool Parser::windows_path(std::size_t begin) const {
    if (pos_ == begin) return false;
    const char first = bytes_[begin];
    if (is_alpha(first) && pos_ - begin >= 2 && bytes_[begin + 1] == ':' &&
        (pos_ - begin == 2 || bytes_[begin + 2] == '\\'))
        return true;
    if (first == '.' && bytes_[begin + (pos_ - begin == 1 ? 0 : 1)] == (pos_ - begin == 1 ? '.' : '\\')) return true;
    if (first == '%') {
        const std::size_t close = bytes_.find('%', begin + 1);
        return close < pos_ && (close + 1 == pos_ || bytes_[close + 1] == '\\');
    }
    return false;
}

void Parser::single_quoted(Parts& out) {
    const std::size_t begin = pos_ + 1;
    const std::size_t close = bytes_.substr(0, end_).find('\'', begin);
    Part empty;
    empty.quoted = true;
    empty.span = text_.source(begin, begin);
    if (close == begin) out.push_back(empty);
    if (close == std::string_view::npos) {
        state_.incomplete = true;
        pos_ = end_;
        literal(out, begin, end_, true);
        return;
    }
    literal(out, begin, close, true);
    pos_ = close + 1;
}

void Parser::double_quoted(Parts& out) {
    ++pos_;
    const std::size_t before = out.size();
    const std::size_t begin = pos_;
    parts(out, Mode::double_quoted, true);
    if (peek() == '"' && !at_end())
        ++pos_;
    else
        state_.incomplete = true;
    if (out.size() == before) {
        Part empty;
        empty.quoted = true;
        empty.span = text_.source(begin, begin);
        out.push_back(empty);
    }
}

// $'...': escapes as in C.
void Parser::escaped_quoted(Parts& out) {
    std::size_t run = pos_;
    const std::size_t count = out.size();
    while (!at_end() && bytes_[pos_] != '\'') {
        if (bytes_[pos_] != '\\' || pos_ + 1 >= end_) {
            ++pos_;
            continue;
        }
        literal(out, run, pos_, true);
        const std::size_t begin = pos_++;
        const char kind = bytes_[pos_++];
        std::array<char, 4> bytes{kind, 0, 0, 0};
        std::size_t size = 1;
        const auto digits = [&](int base, std::size_t count_max) {
            std::uint32_t value = 0;
            for (std::size_t i = 0; i < count_max && pos_ < end_; ++i, ++pos_) {
                const int digit = hex_value(bytes_[pos_]);
                if (digit < 0 || digit >= base) break;
                value = value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
            }
            return value;
        };
        // What is no code point is left away.
        const auto encode = [&](std::uint32_t code) -> std::size_t {
            return code <= 0x10FFFF ? json::write_utf8(code, bytes.data()) : 0;
        };
        switch (kind) {
        case 'n': bytes[0] = '\n'; break;
        case 't': bytes[0] = '\t'; break;
        case 'r': bytes[0] = '\r'; break;
        case 'a': bytes[0] = '\a'; break;
        case 'b': bytes[0] = '\b'; break;
        case 'f': bytes[0] = '\f'; break;
        case 'v': bytes[0] = '\v'; break;
        case 'e':
        case 'E': bytes[0] = '\x1b'; break;
        case 'c':
            bytes[0] = static_cast<char>(peek() & 0x1F);
            if (pos_ < end_) ++pos_;
            break;
        case 'x': bytes[0] = static_cast<char>(digits(16, 2)); break;
        case 'u': size = encode(digits(16, 4)); break;
        case 'U': size = encode(digits(16, 8)); break;
        default:
            if (kind >= '0' && kind <= '7') {
                --pos_;
                bytes[0] = static_cast<char>(digits(8, 3));
            } else if (kind != '\\' && kind != '\'' && kind != '"' && kind != '?') {
                bytes = {'\\', kind, 0, 0};
                size = 2;
            }
        }
        if (size != 0) computed(out, {bytes.data(), size}, begin, pos_);
        run = pos_;
    }
    literal(out, run, pos_, true);
    if (out.size() == count) computed(out, {}, pos_, pos_);
    if (at_end())
        state_.incomplete = true;
    else
        ++pos_;
}

// The texts of the here-documents whose operators stood on the line before.
void Parser::read_documents() {
    if (pending_.empty()) return;
    std::pmr::vector<PendingDocument> all(state_.scratch);
    all.swap(pending_);
    for (const PendingDocument& pending : all) *pending.document = document(pending);
}

SyntaxWord Parser::document(const PendingDocument& pending) {
    const std::size_t begin = pos_;
    std::size_t line = pos_;
    std::size_t body_end = end_;
    std::size_t after = end_;
    bool closed = false;
    while (line < end_) {
        const std::size_t newline = std::min(bytes_.find('\n', line), end_);
        std::string_view content = bytes_.substr(line, newline - line);
        if (pending.strip_tabs) content.remove_prefix(std::min(content.find_first_not_of('\t'), content.size()));
        if (content.ends_with('\r')) content.remove_suffix(1);
        // Blanks after the delimiter are overlooked only where no command can follow.
        if (newline == end_) content = content.substr(0, content.find_last_not_of(" \t") + 1);
        if (content == pending.delimiter) {
            body_end = line;
            after = std::min(newline + 1, end_);
            closed = true;
            break;
        }
        line = newline + 1;
    }
    if (!closed) state_.incomplete = true;

    SyntaxWord result;
    Parts all(state_.scratch);
    const std::size_t outer_end = end_;
    end_ = body_end;
    strip_tabs_ = pending.strip_tabs;
    if (strip_tabs_) {
        while (!at_end() && bytes_[pos_] == '\t') ++pos_;
    }
    if (!pending.quoted) {
        parts(all, Mode::here_document, true);
    } else if (!strip_tabs_) {
        literal(all, pos_, end_, true);
    } else {
        while (pos_ < end_) {
            const std::size_t newline = std::min(bytes_.find('\n', pos_), end_ - 1);
            literal(all, pos_, newline + 1, true);
            pos_ = newline + 1;
            while (pos_ < end_ && bytes_[pos_] == '\t') ++pos_;
        }
    }
    strip_tabs_ = false;
    end_ = outer_end;
    pos_ = after;
    result.span = text_.source(begin, body_end);
    result.parts = keep(state_.arena, all);
    return result;
}

}  // namespace gw::guardrail::shell
