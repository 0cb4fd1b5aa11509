// Shell text -> tree, for POSIX shells and what is common of bash.
//
// Every byte is read a bounded number of times: substitutions are read where they stand, by the same parser, and the
// few places that must look ahead (is `((` arithmetic?) do so at most once per level of nesting. What cannot be
// understood is skipped and noted in ReadState::incomplete; there is no error.
#pragma once

#include "guardrail/shell_facts.h"
#include "guardrail/shell_syntax.h"

namespace gw::guardrail::shell {

// What all parsers and the reader of one text share.
struct ReadState {
    std::pmr::memory_resource* arena;
    std::pmr::memory_resource* scratch;
    Limits limits;
    std::size_t work_left;  // bytes that may still be read again or copied
    std::uint32_t words = 0;
    std::uint32_t depth = 0;
    bool incomplete = false;
    bool stopped = false;  // too much was found: what is parsed is not walked any further

    void stop() noexcept { incomplete = stopped = true; }
    // False when nothing more is parsed.
    [[nodiscard]] bool may_parse() const noexcept { return words <= limits.words_max && !stopped; }
    // True when `bytes` more may be copied or read again.
    [[nodiscard]] bool afford(std::size_t bytes) noexcept {
        if (bytes > work_left) {
            incomplete = true;
            return false;
        }
        work_left -= bytes;
        return true;
    }
};

class DepthGuard {
public:
    explicit DepthGuard(ReadState& state) noexcept : state_(state) { ++state_.depth; }
    ~DepthGuard() { --state_.depth; }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;
    [[nodiscard]] bool too_deep() const noexcept { return state_.depth > state_.limits.depth_max; }

private:
    ReadState& state_;
};

class Parser {
public:
    Parser(const Text& text, ReadState& state)
        : text_(text), bytes_(text.bytes), end_(text.bytes.size()), state_(state) {}

    // All of the text. The tree lies in the arena.
    [[nodiscard]] const Node* script();

private:
    enum class Mode : std::uint8_t { word, double_quoted, operand, pattern, here_document, arithmetic };
    using Nodes = std::pmr::vector<const Node*>;
    using Parts = std::pmr::vector<Part>;
    using Words = std::pmr::vector<SyntaxWord>;
    using Redirects = std::pmr::vector<Redirect>;
    struct PendingDocument {
        SyntaxWord* document;
        std::string_view delimiter;
        bool quoted;
        bool strip_tabs;
    };

    // Grammar: shell_parser.cpp and shell_compound.cpp
    void list(Nodes& out);
    [[nodiscard]] const Node* pipeline();
    [[nodiscard]] Node* command();
    [[nodiscard]] Node* compound(std::string_view reserved);
    void branches(Nodes& out, std::span<const std::string_view> middle, std::string_view closer);
    [[nodiscard]] Node* each();
    void choices(Node* node);
    [[nodiscard]] Node* simple();
    [[nodiscard]] Node* function(const SyntaxWord& name, std::size_t begin);
    [[nodiscard]] bool assignment(std::pmr::vector<Assignment>& out);
    [[nodiscard]] bool redirect(Redirects& out);
    void redirects(Node* node);
    void test(Words& words);
    void stray();
    [[nodiscard]] Node* make(Node::Kind kind, std::size_t begin);
    void enclosed_list(Nodes& out);
    [[nodiscard]] std::string_view reserved() const;
    [[nodiscard]] std::string_view plain(const SyntaxWord& word);
    void newlines();
    void skip_blanks();

    // Words: shell_lexer.cpp and shell_substitution.cpp
    [[nodiscard]] SyntaxWord word();
    void parts(Parts& out, Mode mode, bool quoted);
    void literal(Parts& out, std::size_t begin, std::size_t end, bool quoted);
    void computed(Parts& out, std::string_view bytes, std::size_t begin, std::size_t end);
    void single_quoted(Parts& out);
    void double_quoted(Parts& out);
    void escaped_quoted(Parts& out);
    [[nodiscard]] bool dollar(Parts& out, bool quoted);
    void braced(Parts& out, bool quoted);
    [[nodiscard]] const SyntaxWord* operand(Mode mode, bool quoted);
    void backquoted(Parts& out, bool quoted);
    void substitution(Parts& out, Part::Kind kind, std::size_t begin, bool quoted);
    [[nodiscard]] bool arithmetic_ahead(std::size_t begin);
    [[nodiscard]] bool two_words_ahead(std::size_t begin) const;
    void arithmetic(Parts& out, std::size_t begin, bool quoted);
    void skip_balanced(char open, char close);
    void read_documents();
    [[nodiscard]] SyntaxWord document(const PendingDocument& pending);
    [[nodiscard]] bool at_word_end(std::size_t at) const;
    [[nodiscard]] bool windows_path(std::size_t begin) const;

    [[nodiscard]] bool at_end() const noexcept { return pos_ >= end_ || !state_.may_parse(); }
    [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept {
        return pos_ + ahead < end_ ? bytes_[pos_ + ahead] : '\0';
    }
    [[nodiscard]] bool starts(std::string_view token) const noexcept {
        return bytes_.substr(0, end_).substr(std::min(pos_, end_)).starts_with(token);
    }
    [[nodiscard]] Span span(std::size_t begin) const noexcept { return text_.source(begin, std::min(pos_, end_)); }

    Text text_;
    std::string_view bytes_;
    std::size_t pos_ = 0;
    std::size_t end_;
    ReadState& state_;
    bool strip_tabs_ = false;   // in a here-document of <<-
    bool allow_array_ = false;  // after `declare`, words may be NAME=(...)
    std::pmr::vector<PendingDocument> pending_{state_.scratch};
};

}  // namespace gw::guardrail::shell
