#include "guardrail/regex_syntax.h"

#include <algorithm>
#include <optional>

#include "core/text.h"

namespace gw::guardrail::regex {
namespace {

struct Flags {
    bool ignore_case = false;
    bool dot_matches_newline = false;
    bool multi_line = false;
};

struct NamedSet {
    std::string_view name;
    std::span<const Range> ranges;
};

constexpr Range digit[] = {{'0', '9'}};
constexpr Range space[] = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};  // Perl's \s: without the vertical tab
constexpr Range word[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
constexpr Range alnum[] = {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}};
constexpr Range alpha[] = {{'A', 'Z'}, {'a', 'z'}};
constexpr Range ascii[] = {{0, 0x7F}};
constexpr Range blank[] = {{'\t', '\t'}, {' ', ' '}};
constexpr Range cntrl[] = {{0, 0x1F}, {0x7F, 0x7F}};
constexpr Range graph[] = {{'!', '~'}};
constexpr Range lower[] = {{'a', 'z'}};
constexpr Range print[] = {{' ', '~'}};
constexpr Range punct[] = {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}};
constexpr Range posix_space[] = {{'\t', '\r'}, {' ', ' '}};
constexpr Range upper[] = {{'A', 'Z'}};
constexpr Range xdigit[] = {{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
constexpr NamedSet posix_sets[] = {
    {"alnum", alnum},       {"alpha", alpha}, {"ascii", ascii}, {"blank", blank},   {"cntrl", cntrl},
    {"digit", digit},       {"graph", graph}, {"lower", lower}, {"print", print},   {"punct", punct},
    {"space", posix_space}, {"upper", upper}, {"word", word},   {"xdigit", xdigit},
};

// What may stand behind `(?` or a backslash and is refused, with the reason.
struct Refusal {
    std::string_view opening;
    std::string_view reason;
};
constexpr Refusal group_refusals[] = {
    {"=", "look-ahead is not supported"},        {"!", "look-ahead is not supported"},
    {"<=", "look-behind is not supported"},      {"<!", "look-behind is not supported"},
    {">", "atomic groups are not supported"},    {"#", "comments are not supported"},
    {"|", "branch reset is not supported"},      {"(", "conditions are not supported"},
    {"&", "recursion is not supported"},         {"R", "recursion is not supported"},
    {"P=", "back-references are not supported"}, {"P>", "recursion is not supported"},
};
constexpr Refusal escape_refusals[] = {
    {"C", "\\C is not supported: a match never cuts a character"},
    {"X", "\\X is not supported"},
    {"R", "\\R is not supported"},
    {"K", "\\K is not supported"},
    {"G", "\\G is not supported"},
    {"Z", "\\Z is not supported, use \\z"},
    {"k", "back-references are not supported"},
    {"g", "back-references are not supported"},
};

constexpr std::string_view bad_utf8 = "the expression is not valid UTF-8";
constexpr std::string_view unfinished_escape = "the escape is not finished";

class Parser {
public:
    Parser(std::string_view text, const SyntaxOptions& options, std::pmr::memory_resource* arena)
        : text_(text), arena_(arena), flags_{options.ignore_case, options.dot_matches_newline, options.multi_line} {}

    Result<const Node*> run() {
        if (!is_utf8(text_)) return Error{GW_ERR_CONFIG, 0, bad_utf8};
        const Node* root = alternation(0);
        if (root != nullptr && !done()) root = fail(at_, "there is no group for this parenthesis to close");
        if (root == nullptr) return error_;
        return root;
    }

private:
    using Nodes = std::pmr::vector<const Node*>;

    [[nodiscard]] bool done() const noexcept { return at_ >= text_.size(); }
    [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(at_); }
    bool take(std::string_view wanted) noexcept {
        if (!rest().starts_with(wanted)) return false;
        at_ += wanted.size();
        return true;
    }
    // In characters. Every node asks, so they are counted from where the last one asked.
    [[nodiscard]] std::uint32_t column(std::size_t at) noexcept {
        const auto between =
            text_.substr(std::min(at, column_at_), at < column_at_ ? column_at_ - at : at - column_at_);
        const auto characters = static_cast<std::uint32_t>(
            std::count_if(between.begin(), between.end(), [](char c) { return (c & 0xC0) != 0x80; }));
        column_ = at < column_at_ ? column_ - characters : column_ + characters;
        column_at_ = at;
        return column_;
    }
    // The first reason counts.
    std::nullptr_t fail(std::size_t at, std::string_view what) noexcept {
        if (error_.what.empty()) error_ = {GW_ERR_CONFIG, column(at), what};
        return nullptr;
    }

    // The next character; the text is known to be UTF-8.
    char32_t character() noexcept {
        const auto lead = static_cast<unsigned char>(text_[at_++]);
        if (lead < 0x80) return lead;
        const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
        char32_t c = lead & (0x3FU >> static_cast<unsigned>(more));
        for (int i = 0; i < more; ++i) c = c << 6U | (static_cast<unsigned char>(text_[at_++]) & 0x3FU);
        return c;
    }

    Node* make(Node::Kind kind, std::size_t at) {
        Node* node = new (arena_->allocate(sizeof(Node), alignof(Node))) Node;
        node->kind = kind;
        node->column = column(at);
        return node;
    }
    template <typename T>
    std::span<const T> keep(std::span<const T> items) {
        if (items.empty()) return {};
        T* copy = static_cast<T*>(arena_->allocate(items.size_bytes(), alignof(T)));
        std::uninitialized_copy(items.begin(), items.end(), copy);
        return {copy, items.size()};
    }
    const Node* set_node(CharSet& set, std::size_t at) {
        set.normalise();
        Node* node = make(Node::Kind::set, at);
        node->set = keep(set.ranges());
        return node;
    }
    const Node* literal(char32_t c, std::size_t at) {
        CharSet set(arena_);
        set.add(c, c);
        if (flags_.ignore_case) set.add_folded();
        return set_node(set, at);
    }
    const Node* assertion(Assertion which, std::size_t at) {
        Node* node = make(Node::Kind::assertion, at);
        node->assertion = which;
        return node;
    }
    const Node* join(Node::Kind kind, const Nodes& nodes, std::size_t at) {
        if (nodes.size() == 1) return nodes[0];
        Node* node = make(nodes.empty() ? Node::Kind::empty : kind, at);
        node->children = keep(std::span<const Node* const>(nodes));
        return node;
    }

    const Node* alternation(std::uint32_t depth) {
        const std::size_t begin = at_;
        Nodes branches(arena_);
        do {
            const Node* branch = concatenation(depth);
            if (branch == nullptr) return nullptr;
            branches.push_back(branch);
        } while (take("|"));
        return join(Node::Kind::alternate, branches, begin);
    }

    const Node* concatenation(std::uint32_t depth) {
        const std::size_t begin = at_;
        Nodes items(arena_);
        bool repeated = false;  // the last item already has a repetition operator
        while (!done() && text_[at_] != '|' && text_[at_] != ')') {
            const std::size_t at = at_;
            std::uint32_t least = 0;
            std::uint32_t most = 0;
            if (const bool is_operator = repetition(least, most); is_operator || !error_.what.empty()) {
                if (!error_.what.empty()) return nullptr;
                if (items.empty()) return fail(at, "there is nothing to repeat");
                if (repeated) return fail(at, "possessive and doubled repeats are not supported");
                Node* node = make(Node::Kind::repeat, at);
                node->least = least;
                node->most = most;
                node->children = keep(std::span<const Node* const>(&items.back(), 1));
                items.back() = node;
                repeated = true;
                continue;
            }
            repeated = false;
            if (!item(items, depth)) return nullptr;
        }
        return join(Node::Kind::concat, items, begin);
    }

    // * + ? {n} {n,} {n,m} and their lazy forms. A brace that begins no count is a literal, as in RE2.
    bool repetition(std::uint32_t& least, std::uint32_t& most) {
        const std::size_t begin = at_;
        if (take("*")) {
            least = 0, most = Node::unbounded;
        } else if (take("+")) {
            least = 1, most = Node::unbounded;
        } else if (take("?")) {
            least = 0, most = 1;
        } else if (!count(least, most)) {
            return false;
        }
        if ((most != Node::unbounded && least > most) || least > repeat_max ||
            (most != Node::unbounded && most > repeat_max)) {
            fail(begin, least > most ? "the counts of this repeat are the wrong way round"
                                     : "a repeat counts to 1000 at most");
            return false;
        }
        take("?");
        return true;
    }
    bool count(std::uint32_t& least, std::uint32_t& most) noexcept {
        const std::size_t begin = at_;
        if (!take("{")) return false;
        const auto first = number();
        if (first) {
            least = most = *first;
            if (take(",")) {
                const auto second = number();
                most = second ? *second : Node::unbounded;
            }
            if (take("}")) return true;
        }
        at_ = begin;
        return false;
    }
    std::optional<std::uint32_t> number() noexcept {
        if (done() || !is_digit(text_[at_])) return std::nullopt;
        std::uint32_t value = 0;
        for (; !done() && is_digit(text_[at_]); ++at_) {
            value = std::min<std::uint32_t>(value * 10 + static_cast<std::uint32_t>(text_[at_] - '0'), 1000000);
        }
        return value;
    }

    // Appends what stands at `at_`: one node, none (flags), or several (\Q..\E).
    bool item(Nodes& items, std::uint32_t depth) {
        const std::size_t at = at_;
        const Node* node = nullptr;
        switch (text_[at_]) {
        case '(': return group(items, depth);
        case '[': node = bracket(); break;
        case '.': {
            ++at_;
            CharSet set(arena_);
            if (flags_.dot_matches_newline) {
                set.add(0, code_point_max);
            } else {
                set.add(0, '\n' - 1);
                set.add('\n' + 1, code_point_max);
            }
            node = set_node(set, at);
            break;
        }
        case '^':
            ++at_;
            node = assertion(flags_.multi_line ? Assertion::line_begin : Assertion::text_begin, at);
            break;
        case '$':
            ++at_;
            node = assertion(flags_.multi_line ? Assertion::line_end : Assertion::text_end, at);
            break;
        case '\\':
            if (take("\\Q")) {
                while (!done() && !take("\\E")) items.push_back(literal(character(), at_));
                return true;
            }
            node = escape();
            break;
        default: node = literal(character(), at);
        }
        if (node != nullptr) items.push_back(node);
        return node != nullptr;
    }

    bool group(Nodes& items, std::uint32_t depth) {
        const std::size_t begin = at_++;
        if (depth >= nesting_max) return fail(begin, "groups are nested too deeply") != nullptr;
        const Flags outer = flags_;
        if (take("?")) {
            if (rest().starts_with("P<") ||
                (rest().starts_with("<") && !rest().starts_with("<=") && !rest().starts_with("<!"))) {
                take("P");
                if (!group_name()) return false;
            } else {
                for (const Refusal& refusal : group_refusals) {
                    if (rest().starts_with(refusal.opening)) return fail(begin, refusal.reason) != nullptr;
                }
                if (!flags()) return false;
                if (take(")")) return true;  // (?i): until the end of the enclosing group
                ++at_;                       // the colon
            }
        }
        const Node* inner = alternation(depth + 1);
        if (inner == nullptr) return false;
        if (!take(")")) return fail(begin, "the group is not closed") != nullptr;
        flags_ = outer;
        items.push_back(inner);
        return true;
    }
    bool group_name() noexcept {
        const std::size_t begin = at_;
        take("<");
        const std::size_t length = rest().find('>');
        const std::string_view name = rest().substr(0, length);
        const bool valid = !name.empty() && std::all_of(name.begin(), name.end(),
                                                        [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
        if (length == std::string_view::npos || !valid)
            return fail(begin, "the name of the group is not valid") != nullptr;
        at_ += length + 1;
        return true;
    }
    // i, m, s, U, and what a minus takes away; stops in front of ':' or ')'.
    bool flags() noexcept {
        bool on = true;
        bool any = false;
        for (; !done() && text_[at_] != ':' && text_[at_] != ')'; ++at_) {
            switch (text_[at_]) {
            case 'i': flags_.ignore_case = on; break;
            case 'm': flags_.multi_line = on; break;
            case 's': flags_.dot_matches_newline = on; break;
            case 'U': break;  // swaps greedy and lazy, which mean the same here
            case '-':
                if (!on) return fail(at_, "this flag is not known") != nullptr;
                on = false;
                any = false;
                continue;
            default: return fail(at_, "this flag is not known") != nullptr;
            }
            any = true;
        }
        if (done()) return fail(at_, "the group is not closed") != nullptr;
        if (!on && !any) return fail(at_, "a flag is missing behind the minus") != nullptr;
        return true;
    }

    const Node* escape() {
        const std::size_t begin = at_;
        if (begin + 1 >= text_.size()) return fail(begin, unfinished_escape);
        const char c = text_[begin + 1];
        const auto simple = [&](Assertion which) {
            at_ += 2;
            return assertion(which, begin);
        };
        switch (c) {
        case 'A': return simple(Assertion::text_begin);
        case 'z': return simple(Assertion::text_end);
        case 'b': return simple(Assertion::word_boundary);
        case 'B': return simple(Assertion::not_word_boundary);
        default: break;
        }
        CharSet set(arena_);
        switch (class_escape(set)) {
        case Taken::yes: return set_node(set, begin);
        case Taken::failed: return nullptr;
        case Taken::no: break;
        }
        const auto literal_character = character_escape();
        return literal_character ? literal(*literal_character, begin) : nullptr;
    }

    enum class Taken : std::uint8_t { no, yes, failed };

    void add_class(CharSet& set, std::span<const Range> ranges, bool negated) {
        CharSet own(arena_);
        own.add(ranges);
        if (flags_.ignore_case) own.add_folded();
        own.normalise();
        if (negated) {
            set.add_negated(own.ranges());
        } else {
            set.add(own.ranges());
        }
    }

    // \d \D \s \S \w \W \pL \p{Greek} \P{^Lu}
    Taken class_escape(CharSet& set) {
        const std::size_t begin = at_;
        if (begin + 1 >= text_.size()) return Taken::no;
        const char c = text_[begin + 1];
        switch (c) {
        case 'd':
        case 'D': add_class(set, digit, c == 'D'); break;
        case 's':
        case 'S': add_class(set, space, c == 'S'); break;
        case 'w':
        case 'W': add_class(set, word, c == 'W'); break;
        case 'p':
        case 'P': at_ += 2; return unicode_class(set, c == 'P', begin) ? Taken::yes : Taken::failed;
        default: return Taken::no;
        }
        at_ += 2;
        return Taken::yes;
    }
    bool unicode_class(CharSet& set, bool negated, std::size_t begin) {
        if (done()) return fail(begin, unfinished_escape) != nullptr;
        std::string_view name;
        if (take("{")) {
            const std::size_t length = rest().find('}');
            if (length == std::string_view::npos) return fail(begin, unfinished_escape) != nullptr;
            name = rest().substr(0, length);
            at_ += length + 1;
        } else {
            name = rest().substr(0, 1);
            character();
        }
        if (name.starts_with("^")) {
            negated = !negated;
            name.remove_prefix(1);
        }
        CharSet own(arena_);
        if (!add_unicode_class(own, name, false)) {
            return fail(begin, "this Unicode class is not known") != nullptr;
        }
        if (flags_.ignore_case) own.add_folded();
        own.normalise();
        if (negated) {
            set.add_negated(own.ranges());
        } else {
            set.add(own.ranges());
        }
        return true;
    }

    // One character behind a backslash, in and out of brackets.
    std::optional<char32_t> character_escape() {
        const std::size_t begin = at_++;
        const auto refuse = [&](std::string_view reason) {
            fail(begin, reason);
            return std::nullopt;
        };
        if (done()) return refuse(unfinished_escape);
        for (const Refusal& refusal : escape_refusals) {
            if (rest().starts_with(refusal.opening)) return refuse(refusal.reason);
        }
        const char32_t c = character();
        switch (c) {
        case 'a': return U'\a';
        case 'f': return U'\f';
        case 'n': return U'\n';
        case 'r': return U'\r';
        case 't': return U'\t';
        case 'v': return U'\v';
        case 'x': {
            const auto value = hexadecimal();
            return value ? value : refuse("the number behind \\x is not a character");
        }
        case '1':
        case '2':
        case '3':
        case '4':
        case '5':
        case '6':
        case '7':
            // A single digit would be a back-reference; two or three are octal.
            if (done() || text_[at_] < '0' || text_[at_] > '7') return refuse("back-references are not supported");
            [[fallthrough]];
        case '0': {
            char32_t value = c - '0';
            for (int i = 0; i < 2 && !done() && text_[at_] >= '0' && text_[at_] <= '7'; ++i) {
                value = value * 8 + static_cast<char32_t>(text_[at_++] - '0');
            }
            return value;
        }
        default:
            if (c < 0x80 && !is_alpha(static_cast<char>(c)) && !is_digit(static_cast<char>(c))) return c;
            return refuse(c == '8' || c == '9' ? "back-references are not supported" : "this escape is not known");
        }
    }
    std::optional<char32_t> hexadecimal() noexcept {
        const bool braces = take("{");
        char32_t value = 0;
        std::size_t digits = 0;
        while (!done() && hex_value(text_[at_]) >= 0 && (braces || digits < 2)) {
            value = value * 16 + static_cast<char32_t>(hex_value(text_[at_++]));
            ++digits;
            if (value > code_point_max) return std::nullopt;
        }
        if (braces ? digits == 0 || !take("}") : digits != 2) return std::nullopt;
        return value;
    }

    const Node* bracket() {
        const std::size_t begin = at_++;
        const bool negated = take("^");
        CharSet set(arena_);
        for (bool first = true;; first = false) {
            if (done()) return fail(begin, "the bracket is not closed");
            if (!first && take("]")) break;
            if (!bracket_item(set)) return nullptr;
        }
        set.normalise();
        if (negated) set.negate();
        return set_node(set, begin);
    }
    bool bracket_item(CharSet& set) {
        if (rest().starts_with("[:")) {
            if (const std::size_t length = rest().find(":]"); length != std::string_view::npos) {
                return posix_class(set, length);
            }
        }
        if (rest().starts_with("\\")) {
            const Taken taken = class_escape(set);
            if (taken != Taken::no) return taken == Taken::yes;
        }
        const std::size_t begin = at_;
        const auto low = bracket_character();
        if (!low) return false;
        char32_t high = *low;
        if (rest().starts_with("-") && !rest().starts_with("-]") && at_ + 1 < text_.size()) {
            ++at_;
            const auto end = bracket_character();
            if (!end) return false;
            if (*end < *low) return fail(begin, "the range is the wrong way round") != nullptr;
            high = *end;
        }
        CharSet own(arena_);
        own.add(*low, high);
        if (flags_.ignore_case) own.add_folded();
        set.add(own.ranges());
        return true;
    }
    std::optional<char32_t> bracket_character() {
        if (done()) {
            fail(at_, "the bracket is not closed");
            return std::nullopt;
        }
        return text_[at_] == '\\' ? character_escape() : character();
    }
    bool posix_class(CharSet& set, std::size_t length) {
        const std::size_t begin = at_;
        std::string_view name = rest().substr(2, length - 2);
        const bool negated = name.starts_with("^");
        if (negated) name.remove_prefix(1);
        for (const NamedSet& posix : posix_sets) {
            if (posix.name != name) continue;
            add_class(set, posix.ranges, negated);
            at_ += length + 2;
            return true;
        }
        return fail(begin, "this POSIX class is not known") != nullptr;
    }

    std::string_view text_;
    std::pmr::memory_resource* arena_;
    Flags flags_;
    std::size_t at_ = 0;
    std::size_t column_at_ = 0;  // where column_ is
    std::uint32_t column_ = 0;
    Error error_;
};

}  // namespace

Result<const Node*> parse(std::string_view text, const SyntaxOptions& options, std::pmr::memory_resource* arena) {
    return Parser(text, options, arena).run();
}

std::size_t length_min(const Node& node) {
    const auto add = [](std::size_t a, std::size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; };
    switch (node.kind) {
    case Node::Kind::empty:
    case Node::Kind::assertion: return 0;
    case Node::Kind::set: return node.set.empty() ? SIZE_MAX : 1;
    case Node::Kind::concat: {
        std::size_t sum = 0;
        for (const Node* child : node.children) sum = add(sum, length_min(*child));
        return sum;
    }
    case Node::Kind::alternate: {
        std::size_t least = SIZE_MAX;
        for (const Node* child : node.children) least = std::min(least, length_min(*child));
        return least;
    }
    case Node::Kind::repeat: {
        if (node.least == 0) return 0;
        const std::size_t one = length_min(*node.children[0]);
        return one > SIZE_MAX / node.least ? SIZE_MAX : one * node.least;
    }
    }
    return 0;
}

}  // namespace gw::guardrail::regex
