#include "guardrail/shell_glob.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/text.h"

namespace gw::guardrail::shell {

namespace {

constexpr std::size_t npos = std::string_view::npos;

// One element of a glob at `at`: a literal, `?`, a set or `*`. `size` is its length in the glob.
struct Element {
    enum class Kind { literal, any, set, star } kind = Kind::literal;
    char literal = '\0';
    std::string_view set;  // between the brackets
    std::size_t size = 1;

    [[nodiscard]] bool takes(char c, bool ignore_case) const noexcept {
        if (kind == Kind::any || kind == Kind::star) return true;
        if (kind == Kind::literal) return literal == c || (ignore_case && ascii_lower(literal) == ascii_lower(c));
        std::string_view rest = set;
        const bool negated = !rest.empty() && (rest[0] == '!' || rest[0] == '^');
        if (negated) rest.remove_prefix(1);
        bool found = false;
        for (std::size_t i = 0; i < rest.size(); ++i) {
            const auto low = static_cast<unsigned char>(rest[i]);
            auto high = low;
            if (i + 2 < rest.size() && rest[i + 1] == '-') high = static_cast<unsigned char>(rest[i += 2]);
            const auto value = static_cast<unsigned char>(c);
            found = found || (value >= low && value <= high);
        }
        return found != negated;
    }
};

Element element(std::string_view glob, std::size_t at) noexcept {
    const char c = glob[at];
    if (c == '*') return {Element::Kind::star, c, {}, 1};
    if (c == '?') return {Element::Kind::any, c, {}, 1};
    if (c == '\\' && at + 1 < glob.size()) return {Element::Kind::literal, glob[at + 1], {}, 2};
    if (c == '[') {
        const std::size_t close = glob.find(']', at + 2);
        if (close != npos) return {Element::Kind::set, c, glob.substr(at + 1, close - at - 1), close + 1 - at};
    }
    return {Element::Kind::literal, c, {}, 1};
}

// How many bytes of a path are somebody's home: ~ /root /home/x /Users/x $HOME %USERPROFILE% C:/Users/x
std::size_t home_size(std::string_view path) noexcept {
    const auto followed = [&](std::size_t size) { return path.size() == size || path[size] == '/' ? size : 0; };
    for (const std::string_view home : {"~", "/root", "$HOME", "%USERPROFILE%", "/var/root"}) {
        if (path.starts_with(home) && followed(home.size()) != 0) return home.size();
    }
    std::size_t users = 0;
    if (path.size() > 2 && is_alpha(path[0]) && path[1] == ':') users = 2;
    for (const std::string_view prefix : {"/home/", "/Users/", "/users/"}) {
        if (!path.substr(users).starts_with(prefix)) continue;
        const std::size_t begin = users + prefix.size();
        const std::size_t end = std::min(path.find('/', begin), path.size());
        if (end > begin) return end;
    }
    if (path.starts_with('~')) return std::min(path.find('/'), path.size());  // ~user
    return 0;
}

}  // namespace

bool matches_glob(std::string_view glob, std::string_view text, bool ignore_case) noexcept {
    std::size_t at = 0;
    std::size_t in = 0;
    std::size_t star = npos;  // where to go on after the last star
    std::size_t star_in = 0;
    while (in < text.size()) {
        if (at < glob.size()) {
            const Element next = element(glob, at);
            if (next.kind == Element::Kind::star) {
                star = ++at;
                star_in = in;
                continue;
            }
            if (next.takes(text[in], ignore_case)) {
                at += next.size;
                ++in;
                continue;
            }
        }
        if (star == npos) return false;
        at = star;
        in = ++star_in;
    }
    while (at < glob.size() && glob[at] == '*') ++at;
    return at == glob.size();
}

bool globs_meet(std::string_view glob, std::string_view word, std::pmr::memory_resource* memory) {
    static constexpr std::size_t bytes_max = 256;
    const std::size_t name = word.rfind('/') == npos ? 0 : word.rfind('/') + 1;
    const auto literals = std::count_if(
        word.begin(), word.end(), [](char c) { return c != '*' && c != '?' && c != '/' && c != '[' && c != ']'; });
    if (glob.size() > bytes_max || word.size() > bytes_max || literals < 2 || (name < word.size() && word[name] == '*'))
        return false;
    // A star of the rule may stand for anything, but not for the unknown part of a name: `*/.env` is not what `a*`
    // means. meets[j]: what was read of `glob` and the first j elements of `word` can be the same text.
    std::pmr::vector<char> meets(word.size() + 1, 0, memory);
    std::pmr::vector<char> next(word.size() + 1, 0, memory);
    const auto through_stars = [&](std::pmr::vector<char>& row) {
        for (std::size_t j = 0; j < word.size(); ++j) {
            if (row[j] != 0 && word[j] == '*') row[j + 1] = 1;
        }
    };
    meets[0] = 1;
    through_stars(meets);
    for (std::size_t at = 0; at < glob.size();) {
        const Element mine = element(glob, at);
        at += mine.size;
        std::fill(next.begin(), next.end(), '\0');
        if (mine.kind == Element::Kind::star) {
            bool reached = false;
            for (std::size_t j = 0; j <= word.size(); ++j) {
                reached = reached || meets[j] != 0;
                next[j] = reached ? 1 : 0;
            }
        } else {
            for (std::size_t j = 0; j < word.size(); ++j) {
                if (meets[j] == 0) continue;
                const Element theirs = element(word, j);
                const bool slash = mine.kind == Element::Kind::literal && mine.literal == '/';
                if (theirs.kind == Element::Kind::star) {
                    if (!slash) next[j] = 1;
                } else if (theirs.kind == Element::Kind::literal
                               ? mine.takes(theirs.literal, false)
                               : mine.kind != Element::Kind::literal || (!slash && theirs.takes(mine.literal, false))) {
                    next[j + theirs.size] = 1;
                }
            }
        }
        through_stars(next);
        meets.swap(next);
    }
    return meets[word.size()] != 0;
}

bool matches_path(std::string_view glob, std::string_view full) noexcept {
    if (matches_glob(glob, full)) return true;
    const std::size_t home = home_size(full);
    if (home == 0) return false;
    // Compared as if the home were written `~`.
    if (glob.starts_with('~')) return matches_glob(glob.substr(1), full.substr(home));
    if (!glob.starts_with('*')) return false;
    return full[0] != '~' && matches_glob(glob, full.substr(home));
}

}  // namespace gw::guardrail::shell
