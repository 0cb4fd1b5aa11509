// Commands that hold commands: if, while, for, case, functions, [[ ]].
#include <array>

#include "core/text.h"
#include "guardrail/shell_parser.h"

namespace gw::guardrail::shell {

namespace {

constexpr std::array<std::string_view, 3> if_middle{"then", "elif", "else"};
constexpr std::array<std::string_view, 1> loop_middle{"do"};

}  // namespace

// `if`, `while`, `{` and so on; nothing when `word` is an ordinary one.
Node* Parser::compound(std::string_view word) {
    const std::size_t begin = pos_;
    Node* node = nullptr;
    Nodes all(state_.scratch);
    if (word == "{") {
        ++pos_;
        branches(all, {}, "}");
    } else if (word == "if") {
        pos_ += 2;
        branches(all, if_middle, "fi");
    } else if (word == "while" || word == "until") {
        pos_ += word.size();
        branches(all, loop_middle, "done");
    } else if (word == "for" || word == "select") {
        pos_ += word.size();
        node = each();
    } else if (word == "case") {
        pos_ += word.size();
        node = make(Node::Kind::sequence, begin);
        choices(node);
    } else if (word == "function") {
        pos_ += word.size();
        skip_blanks();
        return function(this->word(), begin);
    } else if (word == "coproc") {
        pos_ += word.size();
        skip_blanks();
        if (at_end())
            state_.incomplete = true;
        else
            all.push_back(command());
    } else {
        return nullptr;
    }
    if (node == nullptr) {
        node = make(Node::Kind::sequence, begin);
        node->children = keep(state_.arena, all);
    }
    node->span = span(begin);
    redirects(node);
    return node;
}

// Lists with words of `middle` between them, up to `closer`.
void Parser::branches(Nodes& out, std::span<const std::string_view> middle, std::string_view closer) {
    while (true) {
        list(out);
        if (at_end()) {
            state_.incomplete = true;
            return;
        }
        const std::string_view word = reserved();
        if (word == closer) {
            pos_ += word.size();
            return;
        }
        if (peek() == ')' || word.empty()) {  // the enclosing construct ends before this one
            state_.incomplete = true;
            return;
        }
        if (std::find(middle.begin(), middle.end(), word) == middle.end()) state_.incomplete = true;
        pos_ += word.size();
    }
}

// for name [in words]; do ...; done, and for ((...)); do ...; done
Node* Parser::each() {
    Node* node = make(Node::Kind::each, pos_);
    Nodes all(state_.scratch);
    skip_blanks();
    if (starts("((")) {
        const std::size_t begin = pos_;
        Parts expression(state_.scratch);
        pos_ += 2;
        arithmetic(expression, begin, true);
        node->kind = Node::Kind::sequence;
    } else {
        node->name = plain(word());
        newlines();
        if (reserved() == "in") {
            pos_ += 2;
            node->has_list = true;
            Words words(state_.scratch);
            for (skip_blanks(); !at_end() && !at_word_end(pos_); skip_blanks()) words.push_back(word());
            node->words = keep(state_.arena, words);
        }
    }
    newlines();
    if (peek() == ';') ++pos_;
    newlines();
    if (reserved() == "{") {
        ++pos_;
        branches(all, {}, "}");
    } else {
        if (reserved() == "do")
            pos_ += 2;
        else
            state_.incomplete = true;
        branches(all, {}, "done");
    }
    node->children = keep(state_.arena, all);
    return node;
}

// case word in pattern) list;; ... esac
void Parser::choices(Node* node) {
    Nodes all(state_.scratch);
    skip_blanks();
    const SyntaxWord subject = word();
    node->words = keep(state_.arena, std::span<const SyntaxWord>(&subject, 1));
    newlines();
    if (reserved() == "in")
        pos_ += 2;
    else
        state_.incomplete = true;
    while (true) {
        newlines();
        if (at_end()) {
            state_.incomplete = true;
            break;
        }
        if (reserved() == "esac") {
            pos_ += 4;
            break;
        }
        if (peek() == '(') ++pos_;
        for (skip_blanks(); !at_end() && peek() != ')'; skip_blanks()) {
            if (peek() == '|')
                ++pos_;
            else if (at_word_end(pos_))
                break;
            else
                static_cast<void>(word());
        }
        if (peek() == ')') {
            ++pos_;
        } else {
            state_.incomplete = true;
            if (!at_end()) ++pos_;
        }
        list(all);
        if (peek() == ';') {
            ++pos_;
            while (peek() == ';' || peek() == '&') ++pos_;
        } else if (!at_end() && reserved() != "esac") {
            if (peek() == ')') {  // of the construct around, or one too many
                state_.incomplete = true;
                break;
            }
            stray();
        }
    }
    node->children = keep(state_.arena, all);
}

// The body of a function whose name was read; the parentheses may still stand here.
Node* Parser::function(const SyntaxWord& name, std::size_t begin) {
    skip_blanks();
    if (peek() == '(') {
        ++pos_;
        skip_blanks();
        if (peek() == ')')
            ++pos_;
        else
            state_.incomplete = true;
    }
    newlines();
    Node* node = make(Node::Kind::function, begin);
    node->name = plain(name);
    if (at_end()) {
        state_.incomplete = true;
        return node;
    }
    const Node* body = command();
    node->children = keep(state_.arena, std::span<const Node* const>(&body, 1));
    node->span = span(begin);
    return node;
}

// [[ ... ]], in which operators are words.
void Parser::test(Words& words) {
    while (true) {
        newlines();
        if (at_end()) {
            state_.incomplete = true;
            return;
        }
        const bool last = reserved() == "]]";
        if (at_word_end(pos_))
            ++pos_;
        else
            words.push_back(word());
        if (last) return;
    }
}

}  // namespace gw::guardrail::shell
