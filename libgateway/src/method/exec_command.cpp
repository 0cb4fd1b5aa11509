#include "method/exec_command.h"

#include <algorithm>
#include <array>

namespace gw::method {

namespace {

// Words that are no programs where a command begins: what a shell does itself, and how it is told to (POSIX XCU 2.4,
// 2.14, and what shells have beside it).
constexpr std::array<std::string_view, 43> shell_words{
    "!",       "{",    "}",        ".",      ":",     "alias",   "bg",    "break",  "case", "cd",     "command",
    "declare", "do",   "done",     "elif",   "else",  "esac",    "eval",  "exec",   "exit", "export", "fg",
    "fi",      "for",  "function", "if",     "jobs",  "local",   "read",  "return", "set",  "shift",  "source",
    "then",    "trap", "type",     "ulimit", "umask", "unalias", "unset", "until",  "wait", "while"};

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

// Splits what a shell would split the same way (XCU 2.2), and stops at everything that it would do more with.
class Splitter {
public:
    Splitter(std::string_view text, std::pmr::vector<std::pmr::string>& words) noexcept : text_(text), words_(words) {}

    // False: only a shell can run it.
    bool split() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (is_blank(c)) {
                inside_ = false;
                ++at_;
            } else if (!piece(c)) {
                return false;
            }
        }
        return words_.empty() ||
               std::find(shell_words.begin(), shell_words.end(), std::string_view(words_.front())) == shell_words.end();
    }

private:
    std::pmr::string& word() {
        if (!inside_) words_.emplace_back();
        inside_ = true;
        return words_.back();
    }

    bool piece(char c) {
        const bool begins = !inside_;
        switch (c) {
        case '\'': {
            const std::size_t end = text_.find('\'', at_ + 1);
            if (end == std::string_view::npos) return false;
            word() += text_.substr(at_ + 1, end - at_ - 1);
            at_ = end + 1;
            return true;
        }
        case '"': return double_quoted();
        case '\\':
            if (at_ + 1 >= text_.size() || text_[at_ + 1] == '\n') return false;
            word() += text_[at_ + 1];
            at_ += 2;
            return true;
        case '#':
        case '~':
            if (begins) return false;
            break;
        case '=':
            if (words_.size() <= 1) return false;  // a variable in front of the program
            break;
        default:
            if (std::string_view("|&;<>()$`*?[]{}\n\r").find(c) != std::string_view::npos || c == '\0') return false;
        }
        word() += c;
        ++at_;
        return true;
    }

    bool double_quoted() {
        std::pmr::string& out = word();
        for (++at_; at_ < text_.size(); ++at_) {
            char c = text_[at_];
            if (c == '"') {
                ++at_;
                return true;
            }
            if (c == '$' || c == '`' || c == '\0') return false;
            if (c == '\\' && at_ + 1 < text_.size()) {
                const char next = text_[at_ + 1];
                if (next == '\n') return false;
                if (next == '$' || next == '`' || next == '"' || next == '\\') {
                    c = next;
                    ++at_;
                }
            }
            out += c;
        }
        return false;
    }

    std::string_view text_;
    std::pmr::vector<std::pmr::string>& words_;
    std::size_t at_ = 0;
    bool inside_ = false;  // the last word may go on
};

}  // namespace

ExecCommand read_exec_command(std::string_view command, std::pmr::memory_resource* memory) {
    ExecCommand out(memory);
    while (!command.empty() && (is_blank(command.back()) || command.back() == '\n' || command.back() == '\r'))
        command.remove_suffix(1);
    while (!command.empty() && (is_blank(command.front()) || command.front() == '\n')) command.remove_prefix(1);
    if (command.empty() || Splitter(command, out.words).split()) {
        if (!out.words.empty() && out.words.front().empty()) out.words.clear();  // '' is the name of no program
        return out;
    }
    out.is_shell = true;
    out.words.clear();
    for (const std::string_view word : {std::string_view("/bin/sh"), std::string_view("-c"), command})
        out.words.emplace_back(word);
    return out;
}

}  // namespace gw::method
