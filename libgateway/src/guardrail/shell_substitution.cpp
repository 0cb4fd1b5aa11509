// What stands in a word and is computed: parameters, substitutions, arithmetic.
#include "core/text.h"
#include "guardrail/shell_parser.h"

namespace gw::guardrail::shell {

namespace {

constexpr bool is_special_parameter(char c) noexcept {
    return is_digit(c) || std::string_view("@*#?$!-").find(c) != std::string_view::npos;
}

}  // namespace

// At a `$`. False when it stands for itself.
bool Parser::dollar(Parts& out, bool quoted) {
    const std::size_t begin = pos_;
    const char next = peek(1);
    if (pos_ + 1 >= end_) return false;
    if (next == '(') {
        pos_ += 2;
        if (peek() == '(' && arithmetic_ahead(pos_ + 1)) {
            ++pos_;
            arithmetic(out, begin, quoted);
        } else {
            substitution(out, Part::Kind::command, begin, quoted);
        }
        return true;
    }
    if (next == '{') {
        braced(out, quoted);
        return true;
    }
    if (next == '\'' && !quoted) {
        pos_ += 2;
        escaped_quoted(out);
        return true;
    }
    if (next == '"' && !quoted) {
        ++pos_;
        double_quoted(out);
        return true;
    }
    if (!is_name_start(next) && !is_special_parameter(next)) return false;
    ++pos_;
    if (is_name_start(next)) {
        while (pos_ < end_ && is_name(bytes_[pos_])) ++pos_;
    } else {
        ++pos_;
    }
    Part part;
    part.kind = Part::Kind::parameter;
    part.quoted = quoted;
    part.span = span(begin);
    part.text = bytes_.substr(begin + 1, pos_ - begin - 1);
    out.push_back(part);
    return true;
}

// ${...}
void Parser::braced(Parts& out, bool quoted) {
    using Operation = Parameter::Operation;
    const DepthGuard guard(state_);
    const std::size_t begin = pos_;
    if (guard.too_deep()) {
        state_.incomplete = true;
        ++pos_;
        skip_balanced('{', '}');
        return;
    }
    pos_ += 2;
    auto* parameter = new (state_.arena->allocate(sizeof(Parameter), alignof(Parameter))) Parameter;
    if (peek() == '#' && peek(1) != '}') {
        parameter->operation = Operation::length;
        ++pos_;
    } else if (peek() == '!' && is_name_start(peek(1))) {
        parameter->operation = Operation::indirect;
        ++pos_;
    }
    const std::size_t name = pos_;
    if (is_name_start(peek())) {
        while (pos_ < end_ && is_name(bytes_[pos_])) ++pos_;
    } else if (is_digit(peek())) {
        while (pos_ < end_ && is_digit(bytes_[pos_])) ++pos_;
    } else if (pos_ < end_ && is_special_parameter(peek())) {
        ++pos_;
    }
    Part part;
    part.kind = Part::Kind::parameter;
    part.quoted = quoted;
    part.text = bytes_.substr(name, pos_ - name);
    if (peek() == '[') {
        const std::size_t close = bytes_.substr(0, std::min(end_, pos_ + 64)).find(']', pos_);
        if (close != std::string_view::npos) {
            parameter->index = bytes_.substr(pos_ + 1, close - pos_ - 1);
            pos_ = close + 1;
        }
    }
    const auto choose = [&](Operation operation, std::size_t size) {
        if (parameter->operation == Operation::value) parameter->operation = operation;
        pos_ += size;
    };
    if (peek() != '}' && !at_end()) {
        Mode mode = Mode::operand;
        if (starts(":-"))
            choose(Operation::fallback, 2);
        else if (starts("-"))
            choose(Operation::fallback, 1);
        else if (starts(":="))
            choose(Operation::assign, 2);
        else if (starts("="))
            choose(Operation::assign, 1);
        else if (starts(":+"))
            choose(Operation::alternative, 2);
        else if (starts("+"))
            choose(Operation::alternative, 1);
        else if (starts(":?"))
            choose(Operation::demand, 2);
        else if (starts("?"))
            choose(Operation::demand, 1);
        else if (starts(":"))
            choose(Operation::substring, 1);
        else if (starts("##"))
            choose(Operation::cut_front, 2);
        else if (starts("#"))
            choose(Operation::cut_front, 1);
        else if (starts("%%"))
            choose(Operation::cut_back, 2);
        else if (starts("%"))
            choose(Operation::cut_back, 1);
        else if (starts("//"))
            choose(Operation::replace_all, 2);
        else if (starts("/"))
            choose(Operation::replace, 1);
        else if (starts("^^"))
            choose(Operation::upper, 2);
        else if (starts(",,"))
            choose(Operation::lower, 2);
        else
            choose(Operation::other, 0);
        if (parameter->operation == Operation::replace || parameter->operation == Operation::replace_all)
            mode = Mode::pattern;
        parameter->operand = operand(mode, quoted);
        if (mode == Mode::pattern && peek() == '/') {
            ++pos_;
            parameter->second = operand(Mode::operand, quoted);
        }
    }
    if (at_end())
        state_.incomplete = true;
    else
        ++pos_;
    part.span = span(begin);
    part.parameter = parameter;
    out.push_back(part);
}

const SyntaxWord* Parser::operand(Mode mode, bool quoted) {
    const std::size_t begin = pos_;
    Parts all(state_.scratch);
    parts(all, mode, quoted);
    return new (state_.arena->allocate(sizeof(SyntaxWord), alignof(SyntaxWord)))
        SyntaxWord{span(begin), keep(state_.arena, all)};
}

// `...`: a text of its own, because its back-slashes are taken away before it is read.
void Parser::backquoted(Parts& out, bool quoted) {
    const DepthGuard guard(state_);
    const std::size_t begin = pos_++;
    TextBuilder inner(state_.scratch);
    std::size_t run = pos_;
    bool closed = false;
    while (!at_end()) {
        const char c = bytes_[pos_];
        if (c == '`') {
            closed = true;
            break;
        }
        const char next = peek(1);
        if (c == '\\' && (next == '`' || next == '\\' || next == '$' || (quoted && next == '"'))) {
            inner.append(text_, run, pos_);
            run = pos_ + 1;
            ++pos_;
        }
        if (pos_ < end_) ++pos_;
    }
    pos_ = std::min(pos_, end_);
    inner.append(text_, run, pos_);
    if (closed)
        ++pos_;
    else
        state_.incomplete = true;
    Part part;
    part.kind = Part::Kind::command;
    part.quoted = quoted;
    part.span = span(begin);
    if (guard.too_deep() || !state_.afford(inner.size())) {
        state_.incomplete = true;
    } else {
        Parser parser(inner.store(state_.arena), state_);
        part.body = parser.script();
    }
    out.push_back(part);
}

// $( <( >( , whose opening was taken.
void Parser::substitution(Parts& out, Part::Kind kind, std::size_t begin, bool quoted) {
    const DepthGuard guard(state_);
    Part part;
    part.kind = kind;
    part.quoted = quoted;
    if (guard.too_deep()) {
        state_.incomplete = true;
        --pos_;
        skip_balanced('(', ')');
    } else {
        const bool allow_array = allow_array_;
        allow_array_ = false;
        Nodes all(state_.scratch);
        enclosed_list(all);
        Node* body = make(Node::Kind::sequence, begin);
        body->children = keep(state_.arena, all);
        part.body = body;
        allow_array_ = allow_array;
    }
    part.span = span(begin);
    out.push_back(part);
}

// True when the parentheses that were opened before `begin` close as `))`: $((1+2)), not $( (a) ).
bool Parser::arithmetic_ahead(std::size_t begin) {
    std::size_t open = 0;
    std::size_t at = begin;
    bool found = false;
    for (; at < end_; ++at) {
        const char c = bytes_[at];
        if (c == '\\') {
            ++at;
        } else if (c == '(') {
            ++open;
        } else if (c == ')') {
            if (open == 0) {
                found = at + 1 < end_ && bytes_[at + 1] == ')';
                break;
            }
            --open;
        }
    }
    return state_.afford(std::min(at, end_) - begin) && found;
}

// True when a word is followed by a word, as in ((cat x)), which is nonsense as arithmetic and a command to shells that
// know no arithmetic commands.
bool Parser::two_words_ahead(std::size_t begin) const {
    static constexpr std::string_view blanks = " \t";
    const std::string_view ahead = bytes_.substr(0, std::min(end_, begin + 256)).substr(begin);
    std::size_t at = std::min(ahead.find_first_not_of(" \t("), ahead.size());
    const std::size_t first = at;
    while (at < ahead.size() && (is_name(ahead[at]) || ahead[at] == '/' || ahead[at] == '.' || ahead[at] == '\\')) ++at;
    const std::size_t second = std::min(ahead.find_first_not_of(blanks, at), ahead.size());
    if (at == first || second == at || second >= ahead.size()) return false;
    const char c = ahead[second];
    return is_name(c) || c == '/' || c == '~' || c == '"' || c == '\'' || c == '$' ||
           (c == '-' && second + 1 < ahead.size() && is_alpha(ahead[second + 1]));
}

// The expression of $((...)) or ((...)), whose opening was taken.
void Parser::arithmetic(Parts& out, std::size_t begin, bool quoted) {
    const DepthGuard guard(state_);
    Part part;
    part.kind = Part::Kind::arithmetic;
    part.quoted = quoted;
    if (guard.too_deep()) {
        state_.incomplete = true;
        --pos_;
        skip_balanced('(', ')');
    } else {
        part.operand = operand(Mode::arithmetic, true);
    }
    for (int i = 0; i < 2; ++i) {
        if (peek() == ')')
            ++pos_;
        else
            state_.incomplete = true;
    }
    part.span = span(begin);
    out.push_back(part);
}

// From an opening to behind its closing, without understanding what is between.
void Parser::skip_balanced(char open, char close) {
    std::size_t depth = 0;
    for (; !at_end(); ++pos_) {
        const char c = bytes_[pos_];
        if (c == '\\') {
            ++pos_;
        } else if (c == '\'') {
            const std::size_t end = bytes_.substr(0, end_).find('\'', pos_ + 1);
            if (end == std::string_view::npos) continue;
            pos_ = end;
        } else if (c == open) {
            ++depth;
        } else if (c == close && --depth == 0) {
            ++pos_;
            return;
        }
    }
    pos_ = end_;
    state_.incomplete = true;
}

}  // namespace gw::guardrail::shell
