#include "guardrail/shell_parser.h"

#include <array>

#include "core/text.h"

namespace gw::guardrail::shell {

namespace {

constexpr std::array<std::string_view, 8> closers{"then", "elif", "else", "fi", "do", "done", "esac", "}"};

bool closes(std::string_view word) noexcept { return std::find(closers.begin(), closers.end(), word) != closers.end(); }

bool declares(std::string_view program) noexcept {
    return program == "declare" || program == "typeset" || program == "local" || program == "export" ||
           program == "readonly";
}

}  // namespace

// A word that is nothing but unquoted text as it stands; empty when it is more, or longer than any name. It may come in
// parts: in a text whose bytes were escapes of another one, each is a part.
std::string_view Parser::plain(const SyntaxWord& word) {
    static constexpr std::size_t name_parts_max = 64;
    const auto literal = [](const Part& part) { return part.kind == Part::Kind::literal && !part.quoted; };
    if (word.parts.size() > name_parts_max || !std::all_of(word.parts.begin(), word.parts.end(), literal)) return {};
    if (word.parts.size() == 1) return word.parts.front().text;
    std::pmr::string name(state_.scratch);
    for (const Part& part : word.parts) name.append(part.text);
    return keep(state_.arena, std::string_view(name));
}

const Node* Parser::script() {
    Nodes all(state_.scratch);
    while (true) {
        list(all);
        if (at_end()) break;
        stray();
    }
    if (!pending_.empty()) state_.incomplete = true;
    Node* node = make(Node::Kind::sequence, 0);
    node->children = keep(state_.arena, all);
    return node;
}

// Something that closes what is not open.
void Parser::stray() {
    state_.incomplete = true;
    const std::size_t size = reserved().size();
    pos_ += size == 0 ? 1 : size;
}

Node* Parser::make(Node::Kind kind, std::size_t begin) {
    Node* node = new (state_.arena->allocate(sizeof(Node), alignof(Node))) Node;
    node->kind = kind;
    node->span = span(begin);
    return node;
}

void Parser::skip_blanks() {
    while (pos_ < end_) {
        const char c = bytes_[pos_];
        if (c == ' ' || c == '\t' || (c == '\r' && peek(1) == '\n')) {
            ++pos_;
        } else if (c == '\\' && peek(1) == '\n') {
            pos_ += 2;
        } else if (c == '\\' && peek(1) == '\r' && peek(2) == '\n') {
            pos_ += 3;
        } else {
            break;
        }
    }
    if (pos_ < end_ && bytes_[pos_] == '#') pos_ = std::min(bytes_.find('\n', pos_), end_);
}

void Parser::newlines() {
    for (skip_blanks(); !at_end() && bytes_[pos_] == '\n'; skip_blanks()) {
        ++pos_;
        read_documents();
    }
}

// The unquoted word here that may be one of the grammar's own; empty when it is part of something longer.
std::string_view Parser::reserved() const {
    std::size_t at = pos_;
    while (at < end_ && at - pos_ < 9 &&
           (is_alpha(bytes_[at]) || bytes_[at] == '!' || bytes_[at] == '{' || bytes_[at] == '}' || bytes_[at] == '[' ||
            bytes_[at] == ']')) {
        ++at;
    }
    if (at == pos_ || (at < end_ && !at_word_end(at))) return {};
    return bytes_.substr(pos_, at - pos_);
}

// Commands until the end, a `)`, a `;;` or a word that closes something. That is left for the caller.
void Parser::list(Nodes& out) {
    while (true) {
        newlines();
        if (at_end()) return;
        const char c = peek();
        if (c == ')' || closes(reserved())) return;
        if (c == ';') {
            if (peek(1) == ';' || peek(1) == '&') return;
            ++pos_;
            continue;
        }
        if ((c == '&' && peek(1) != '>') || c == '|') {
            stray();
            continue;
        }
        const std::size_t before = pos_;
        out.push_back(pipeline());
        if (pos_ == before) {
            stray();
            continue;
        }
        skip_blanks();
        if (starts("&&") || starts("||")) {
            pos_ += 2;
            newlines();
            if (at_end()) state_.incomplete = true;
        } else if (peek() == '&' && peek(1) != '>') {
            ++pos_;
        }
    }
}

// Commands up to a `)`, which is taken.
void Parser::enclosed_list(Nodes& out) {
    while (true) {
        list(out);
        if (at_end()) {
            state_.incomplete = true;
            return;
        }
        if (peek() == ')') {
            ++pos_;
            return;
        }
        stray();
    }
}

const Node* Parser::pipeline() {
    const std::size_t begin = pos_;
    while (reserved() == "!") {
        ++pos_;
        skip_blanks();
    }
    if (at_end()) return make(Node::Kind::sequence, begin);
    Node* last = command();
    Nodes all(state_.scratch);
    all.push_back(last);
    for (skip_blanks(); peek() == '|' && peek(1) != '|'; skip_blanks()) {
        ++pos_;
        if (peek() == '&') {
            ++pos_;
            last->pipes_errors = true;
        }
        newlines();
        if (at_end() || peek() == ')' || peek() == '|' || peek() == ';' || peek() == '&') {
            state_.incomplete = true;
            break;
        }
        last = command();
        all.push_back(last);
    }
    if (all.size() == 1) return last;
    Node* node = make(Node::Kind::pipeline, begin);
    node->children = keep(state_.arena, all);
    return node;
}

Node* Parser::command() {
    const DepthGuard guard(state_);
    const std::size_t begin = pos_;
    if (guard.too_deep()) {
        state_.incomplete = true;
        if (peek() != '(') return simple();
        skip_balanced('(', ')');
        return make(Node::Kind::sequence, begin);
    }
    if (peek() == '(') {
        if (peek(1) == '(' && !two_words_ahead(pos_ + 2) && arithmetic_ahead(pos_ + 2)) {
            Parts all(state_.scratch);
            literal(all, pos_, pos_ + 2, false);
            pos_ += 2;
            arithmetic(all, begin, true);
            const SyntaxWord whole{span(begin), keep(state_.arena, all)};
            Node* node = make(Node::Kind::simple, begin);
            node->words = keep(state_.arena, std::span<const SyntaxWord>(&whole, 1));
            redirects(node);
            return node;
        }
        ++pos_;
        Nodes all(state_.scratch);
        enclosed_list(all);
        Node* node = make(Node::Kind::subshell, begin);
        node->children = keep(state_.arena, all);
        redirects(node);
        return node;
    }
    const std::string_view word = reserved();
    if (!word.empty()) {
        if (Node* node = compound(word)) return node;
    }
    return simple();
}

Node* Parser::simple() {
    const std::size_t begin = pos_;
    Words words(state_.scratch);
    std::pmr::vector<Assignment> assignments(state_.scratch);
    Redirects redirections(state_.scratch);
    allow_array_ = false;
    std::size_t last = pos_;
    for (skip_blanks(); !at_end(); skip_blanks()) {
        if (redirect(redirections)) {
            last = pos_;
            continue;
        }
        if (words.empty() && assignment(assignments)) {
            last = pos_;
            continue;
        }
        if (peek() == '(' && !words.empty()) {
            const std::string_view first = plain(words[0]);
            const std::size_t next = bytes_.find_first_not_of(" \t", pos_ + 1);
            if (state_.depth < state_.limits.depth_max && words.size() == 1 && assignments.empty() &&
                redirections.empty() && !first.empty() && next < end_ && bytes_[next] == ')') {
                return function(words[0], begin);
            }
            // Not in a shell's grammar, but it is what PowerShell writes for a substitution: iex (iwr https://h/p.ps1).
            if (!equals_ignoring_case(first, "iex") && !equals_ignoring_case(first, "invoke-expression"))
                state_.incomplete = true;
            const std::size_t open = pos_++;
            Parts all(state_.scratch);
            substitution(all, Part::Kind::command, open, false);
            words.push_back({span(open), keep(state_.arena, all)});
            last = pos_;
            continue;
        }
        if (at_word_end(pos_) && !starts("<(") && !starts(">(")) break;
        words.push_back(word());
        last = pos_;
        if (words.size() == 1) {
            const std::string_view first = plain(words[0]);
            allow_array_ = declares(first);
            if (first == "[[") test(words);
        }
    }
    allow_array_ = false;
    Node* node = make(Node::Kind::simple, begin);
    node->span = text_.source(begin, last);
    node->words = keep(state_.arena, words);
    node->assignments = keep(state_.arena, assignments);
    node->redirects = keep(state_.arena, redirections);
    return node;
}

bool Parser::assignment(std::pmr::vector<Assignment>& out) {
    std::size_t at = pos_;
    if (at >= end_ || !is_name_start(bytes_[at])) return false;
    while (at < end_ && is_name(bytes_[at])) ++at;
    const std::string_view name = bytes_.substr(pos_, at - pos_);
    if (at < end_ && bytes_[at] == '[') {
        while (at < end_ && bytes_[at] != ']' && !at_word_end(at)) ++at;
        if (at >= end_ || bytes_[at] != ']') return false;
        ++at;
    }
    Assignment result;
    if (at < end_ && bytes_[at] == '+') {
        result.append = true;
        ++at;
    }
    if (at >= end_ || bytes_[at] != '=') return false;
    const std::size_t begin = pos_;
    pos_ = at + 1;
    result.name = keep(state_.arena, name);
    if (peek() == '(') {
        ++pos_;
        result.array = true;
        Words elements(state_.scratch);
        for (newlines(); !at_end() && peek() != ')'; newlines()) {
            if (at_word_end(pos_))
                stray();
            else
                elements.push_back(word());
        }
        if (at_end())
            state_.incomplete = true;
        else
            ++pos_;
        result.elements = keep(state_.arena, elements);
    } else {
        result.value = word();
    }
    result.span = span(begin);
    out.push_back(result);
    return true;
}

void Parser::redirects(Node* node) {
    Redirects all(state_.scratch);
    const std::size_t before = pos_;
    for (skip_blanks(); !at_end() && redirect(all);) skip_blanks();
    if (all.empty()) {
        pos_ = before;
        return;
    }
    node->redirects = keep(state_.arena, all);
}

// [n]<word and all its relatives.
bool Parser::redirect(Redirects& out) {
    using Kind = Redirect::Kind;
    struct Operator {
        std::string_view text;
        Kind kind;
        std::uint32_t fd;
    };
    static constexpr std::array<Operator, 13> operators{{{"<<<", Kind::here_string, 0},
                                                         {"<<-", Kind::here_document, 0},
                                                         {"<<", Kind::here_document, 0},
                                                         {"<&", Kind::duplicate, 0},
                                                         {"<>", Kind::in_out, 0},
                                                         {"<", Kind::in, 0},
                                                         {">>", Kind::append, 1},
                                                         {">&", Kind::duplicate, 1},
                                                         {">|", Kind::out, 1},
                                                         {">", Kind::out, 1},
                                                         {"&>>", Kind::both_append, 1},
                                                         {"&>", Kind::both, 1},
                                                         {"", Kind::in, 0}}};
    const std::size_t begin = pos_;
    std::size_t at = pos_;
    std::uint32_t number = 0;
    if (peek() == '{') {  // {name}>file: the shell chooses a number
        ++at;
        while (at < end_ && is_name(bytes_[at])) ++at;
        if (at >= end_ || bytes_[at] != '}') return false;
        ++at;
        number = UINT32_MAX;
    } else {
        while (at < end_ && is_digit(bytes_[at]) && at - pos_ < 6)
            number = number * 10 + static_cast<std::uint32_t>(bytes_[at++] - '0');
    }
    if (at >= end_ || (bytes_[at] != '<' && bytes_[at] != '>' && (at > begin || bytes_[at] != '&'))) return false;
    const std::string_view rest = bytes_.substr(0, end_).substr(at);
    const Operator* found = operators.data();
    while (!rest.starts_with(found->text)) ++found;
    if (found->text.empty() || (rest.size() > 1 && rest[1] == '(' && found->text.size() == 1 && at == begin))
        return false;
    pos_ = at + found->text.size();

    Redirect result;
    result.kind = found->kind;
    result.fd = at == begin ? found->fd : number;
    skip_blanks();
    if (at_end() || (at_word_end(pos_) && !starts("<(") && !starts(">("))) {
        state_.incomplete = true;
    } else {
        result.target = word();
    }
    if (result.kind == Kind::here_document) {
        PendingDocument pending{new (state_.arena->allocate(sizeof(SyntaxWord), alignof(SyntaxWord))) SyntaxWord,
                                {},
                                false,
                                found->text == "<<-"};
        std::pmr::string delimiter(state_.scratch);
        for (const Part& part : result.target.parts) {
            if (part.kind != Part::Kind::literal)
                state_.incomplete = true;
            else
                delimiter.append(part.text);
            if (part.quoted) pending.quoted = true;
        }
        pending.delimiter = keep(state_.arena, delimiter);
        result.document = pending.document;
        pending_.push_back(pending);
    }
    result.span = span(begin);
    out.push_back(result);
    return true;
}

}  // namespace gw::guardrail::shell
