// What the inspector's benchmark reads: texts of many kinds, and texts made from the rules to hurt.
//
//     prose, code        files of this repository and of the machine, the same in every run on it
//     json, chinese, cyrillic, base64    made up
//     near_miss          matches of all rules without their last characters
//     exploding          slices of matches, glued: every character begins or takes on some rule
//     restarts           openings of the rules with long counts and gaps, begun again and again
//     escapes            near misses behind escapes, look-alike letters and quotes, changing all the time
//     hits               whole matches
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "guardrail/regex_syntax.h"

namespace gw::bench {

// The same numbers in every run (splitmix64).
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}
    [[nodiscard]] std::size_t below(std::size_t limit) {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return static_cast<std::size_t>((z ^ (z >> 31U)) % limit);
    }

private:
    std::uint64_t state_;
};

// --- texts of the world ------------------------------------------------------------------------------------------

inline std::string files_below(const std::vector<std::string>& roots, const std::vector<std::string>& endings,
                               std::size_t bytes_max) {
    namespace fs = std::filesystem;
    std::string text;
    for (const std::string& root : roots) {
        std::vector<fs::path> paths;
        std::error_code error;
        if (fs::is_regular_file(root, error)) paths.emplace_back(root);
        for (fs::recursive_directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
            const std::string name = at->path().filename().string();
            const bool wanted = endings.empty() || std::any_of(endings.begin(), endings.end(), [&](const auto& ending) {
                                    return name.size() >= ending.size() &&
                                           name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
                                });
            std::error_code ignored;
            if (wanted && at->is_regular_file(ignored) && !at->is_symlink(ignored)) paths.push_back(at->path());
        }
        std::sort(paths.begin(), paths.end());
        for (const fs::path& path : paths) {
            std::ifstream file(path, std::ios::binary);
            text.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
            if (text.size() >= bytes_max) {
                text.resize(bytes_max);
                return text;
            }
        }
    }
    return text;
}

inline std::string words(std::string_view list, std::string_view between, std::size_t bytes, std::uint64_t seed) {
    std::vector<std::string_view> all;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(' '), list.size());
        all.push_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    Chance chance(seed);
    std::string text;
    while (text.size() < bytes) {
        text += all[chance.below(all.size())];
        const std::size_t mark = chance.below(14);
        text += mark == 0 ? ". " : mark == 1 ? ", " : mark == 2 && chance.below(6) == 0 ? ".\n\n" : between;
    }
    return text;
}

inline std::string prose(std::size_t bytes) {
    if (const char* name = std::getenv("GATEWAY_BENCH_TEXT"); name != nullptr) return files_below({name}, {}, bytes);
    const std::string source = GATEWAY_BENCH_SOURCE;
    return files_below(
        {"/usr/share/vim/vim90/doc", source + "/docs", source + "/README.md", "/usr/share/common-licenses"},
        {"usr_02.txt", "usr_03.txt", "usr_04.txt", "usr_05.txt",  "usr_06.txt", "usr_07.txt", "usr_08.txt",
         "usr_10.txt", "usr_11.txt", "usr_20.txt", "usr_21.txt",  "usr_25.txt", "usr_27.txt", "usr_40.txt",
         "usr_41.txt", "usr_44.txt", "intro.txt",  "editing.txt", "change.txt", "motion.txt", ".md",
         "GPL-2",      "GPL-3",      "MPL-2.0",    "Apache-2.0"},
        bytes);
}

inline std::string code(std::size_t bytes) {
    const std::string source = GATEWAY_BENCH_SOURCE;
    return files_below({source + "/libgateway/src", source + "/tests", source + "/bindings"},
                       {".cpp", ".h", ".py", ".js"}, bytes);
}

// One call a line.
inline std::string tool_arguments(std::size_t bytes) {
    Chance chance(11);
    static constexpr std::string_view programs[] = {"grep -rn",   "sed -n 1,80p",   "ls -la",       "git diff --stat",
                                                    "python3 -m", "npm run build",  "cat",          "find . -name",
                                                    "cargo test", "docker compose", "pytest -q -k", "make -j4"};
    static constexpr std::string_view paths[] = {"src/main.cpp",  "tests/unit",       "docs/design.md", "lib/router.ts",
                                                 "./build",       "package.json",     "*.py",           "include/api.h",
                                                 "app/models.py", "cmd/server/io.go", "README.md",      "Makefile"};
    const auto any = [&](const auto& list) { return list[chance.below(std::size(list))]; };
    std::string text;
    while (text.size() < bytes) {
        switch (chance.below(3)) {
        case 0:
            text.append(R"({"command":")").append(any(programs)).append(" ").append(any(paths)).append(R"( | head -)");
            text.append(std::to_string(1 + chance.below(99))).append(R"(","timeout":)");
            text.append(std::to_string(chance.below(60000))).append("}");
            break;
        case 1:
            text.append(R"({"path":")").append(any(paths)).append(R"(","old":"    return value;\n}\n","new":")");
            for (std::size_t lines = 4 + chance.below(60); lines > 0; --lines) {
                text.append(R"(    if (value > )").append(std::to_string(chance.below(90)));
                text.append(R"() {\n        log(\"no )").append(any(paths)).append(R"(\");\n    }\n)");
            }
            text.append(R"("})");
            break;
        default:
            text.append(R"({"pattern":"\\b)").append(any(paths)).append(R"(\\s*\\(","glob":"**/)").append(any(paths));
            text.append(R"(","n":)").append(std::to_string(chance.below(500))).append(R"(,"ignore_case":true})");
        }
        text += '\n';
    }
    return text;
}

inline std::string chinese(std::size_t bytes) {
    return words(
        "我们 需要 检查 文本 系统 服务器 请求 数据 的 是 在 这个 可以 使用 一个 没有 如果 用户 时间 问题 方法 工作 "
        "结果 "
        "文件 程序 错误 返回 然后 因为 所以 已经 语言 模型 回答 进行 其中 第一 函数 内存 网络",
        "", bytes, 5);
}
inline std::string cyrillic(std::size_t bytes) {
    return words(
        "и в не на что с по это как для он но из все так его за был же то сервер запрос текст данные файл ошибка "
        "ответ система может быть если когда память время работа функция значение пользователь правило после",
        " ", bytes, 6);
}
inline std::string base64(std::size_t bytes) {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    Chance chance(7);
    std::string text(bytes, ' ');
    for (char& c : text) c = digits[chance.below(64)];
    return text;
}

// --- texts from the rules ----------------------------------------------------------------------------------------

// Writes random matches of expressions.
class RuleTexts {
public:
    RuleTexts(const std::vector<std::string>& patterns, std::uint64_t seed) : chance_(seed) {
        for (const std::string& pattern : patterns) {
            const auto tree = guardrail::regex::parse(pattern, {}, &arena_);
            if (tree) trees_.push_back(*tree);
        }
    }
    [[nodiscard]] std::string any() { return match(chance_.below(trees_.size())); }
    [[nodiscard]] std::string match(std::size_t rule) {
        std::string out;
        write(*trees_[rule], out);
        return out;
    }
    [[nodiscard]] std::size_t count() const { return trees_.size(); }
    // True for a count or gap that many beginnings can be in at once.
    [[nodiscard]] bool has_long_repeat(std::size_t rule) const { return longest(*trees_[rule]) >= 20; }
    Chance& chance() { return chance_; }

private:
    using Node = guardrail::regex::Node;
    static std::uint32_t longest(const Node& node) {
        std::uint32_t most = node.kind == Node::Kind::repeat ? node.most : 0;
        for (const Node* child : node.children) most = std::max(most, longest(*child));
        return most;
    }
    void write(const Node& node, std::string& out) {
        if (out.size() > 2000) return;
        switch (node.kind) {
        case Node::Kind::empty:
        case Node::Kind::assertion: return;
        case Node::Kind::set: character(node, out); return;
        case Node::Kind::concat:
            for (const Node* child : node.children) write(*child, out);
            return;
        case Node::Kind::alternate: write(*node.children[chance_.below(node.children.size())], out); return;
        case Node::Kind::repeat: {
            const std::uint32_t spread = std::min(node.most - node.least, 6U);
            const std::size_t times = node.least + chance_.below(spread + 1U);
            for (std::size_t i = 0; i < times; ++i) write(*node.children[0], out);
        }
        }
    }
    void character(const Node& node, std::string& out) {
        if (node.set.empty()) return;
        guardrail::regex::Range range = node.set[chance_.below(node.set.size())];
        for (const guardrail::regex::Range r : node.set) {
            if (range.low < 0x20 || range.low > 0x7E) range = r;  // something printable, when there is
        }
        const char32_t low = range.low < 0x20 && range.high >= 0x20 ? 0x20 : range.low;
        const char32_t high = low <= 0x7E ? std::min<char32_t>(range.high, 0x7E) : range.high;
        utf8(low + static_cast<char32_t>(chance_.below(std::min<std::size_t>(high - low + 1, 200))), out);
    }
    static void utf8(char32_t c, std::string& out) {
        const auto put = [&out](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
        if (c < 0x80) {
            put(c);
        } else if (c < 0x800) {
            put(0xC0 | c >> 6U), put(0x80 | (c & 63U));
        } else if (c < 0x10000) {
            put(0xE0 | c >> 12U), put(0x80 | (c >> 6U & 63U)), put(0x80 | (c & 63U));
        } else {
            put(0xF0 | c >> 18U), put(0x80 | (c >> 12U & 63U)), put(0x80 | (c >> 6U & 63U)), put(0x80 | (c & 63U));
        }
    }

    std::pmr::monotonic_buffer_resource arena_;
    std::vector<const Node*> trees_;
    Chance chance_;
};

// A cut never falls into a character.
inline std::size_t character_begin(std::string_view text, std::size_t at) {
    while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
    return at;
}

inline std::string near_miss(RuleTexts& rules, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
        std::string match = rules.any();
        const std::size_t size = match.size();
        match.resize(character_begin(match, size - std::min(size, 1 + rules.chance().below(1 + size / 4))));
        text += match;
        text += rules.chance().below(8) == 0 ? '\n' : ' ';
    }
    return text;
}

inline std::string exploding(RuleTexts& rules, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
        const std::string match = rules.any();
        if (match.empty()) continue;
        const std::size_t from = character_begin(match, rules.chance().below(match.size()) / 2);
        const std::size_t to = character_begin(match, std::min(match.size(), from + 1 + rules.chance().below(24)));
        text += match.substr(from, to - from);
        if (rules.chance().below(4) == 0) text += ' ';
    }
    return text;
}

inline std::string restarts(RuleTexts& rules, std::size_t bytes) {
    std::vector<std::size_t> wild;
    for (std::size_t i = 0; i < rules.count(); ++i) {
        if (rules.has_long_repeat(i)) wild.push_back(i);
    }
    std::string text;
    while (text.size() < bytes && !wild.empty()) {
        const std::string match = rules.match(wild[rules.chance().below(wild.size())]);
        text +=
            match.substr(0, character_begin(match, std::min<std::size_t>(match.size(), 4 + rules.chance().below(9))));
        text += rules.chance().below(3) == 0 ? ' ' : static_cast<char>('a' + rules.chance().below(26));
    }
    return text;
}

inline std::string escapes(RuleTexts& rules, std::size_t bytes) {
    static constexpr std::string_view disguises[] = {"\\u0065", "%65", "&#101;", "\xD0\xB5", "\"\"",         "\\",
                                                     "${IFS}",  "&lt", "%e4%b",  "\\ud835",  "\xE2\x80\x8B", "$1"};
    std::string text;
    while (text.size() < bytes) {
        const std::string match = rules.any();
        for (std::size_t at = 0; at < match.size();) {
            std::size_t size = std::min(match.size() - at, 1 + rules.chance().below(6));
            size = std::max<std::size_t>(1, character_begin(match, at + size) - at);
            text += match.substr(at, size);
            at += size;
            text += disguises[rules.chance().below(std::size(disguises))];
        }
    }
    return text;
}

inline std::string hits(RuleTexts& rules, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text.append(rules.any()).append(rules.chance().below(2) == 0 ? " " : "\n");
    return text;
}

}  // namespace gw::bench
