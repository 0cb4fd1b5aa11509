// The router against a slow and simple reading of the same rules: every pattern tried, the most specific one that has
// the method taken. The first byte of the input picks the method.
#include <algorithm>
#include <memory_resource>

#include "core/text.h"
#include "route/route.h"
#include "support/fuzz.h"

namespace {

using gw::fuzz::check;
using gw::route::Outcome;

struct Entry {
    std::string_view method, pattern;
};
constexpr Entry entries[] = {
    {"GET", "/"},           {"GET", "/a"},      {"GET", "/a/"},    {"GET", "/a/:x"}, {"POST", "/a/b"},
    {"GET", "/a/:x/c"},     {"GET", "/a/b/:y"}, {"PUT", "/a/b/c"}, {"GET", "/a/*z"}, {"*", "/p/*rest"},
    {"POST", "/p/q"},       {"HEAD", "/h"},     {"GET", "/h"},     {"GET", "/:s/h"}, {"*", "/a/b/:y/d"},
    {"DELETE", "/:m/:n/c"}, {"OPTIONS", "/o"},  {"GET", "/o"},
};
constexpr std::string_view methods[] = {"GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "BREW"};

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        if (c == '/') {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

// The segments of a path, or nothing for a bad one.
std::optional<std::vector<std::string>> read(std::string_view path) {
    if (path.empty() || path.front() != '/') return std::nullopt;
    std::vector<std::string> segments = split(path.substr(1));
    for (std::size_t i = 0; i < segments.size(); ++i) {
        std::string decoded;
        for (std::size_t at = 0; at < segments[i].size(); ++at) {
            char c = segments[i][at];
            if (c == '%') {
                if (at + 2 >= segments[i].size()) return std::nullopt;
                const int high = gw::hex_value(segments[i][at + 1]);
                const int low = gw::hex_value(segments[i][at + 2]);
                if (high < 0 || low < 0) return std::nullopt;
                c = static_cast<char>(high * 16 + low);
                at += 2;
            }
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\') return std::nullopt;
            decoded += c;
        }
        const std::string name = decoded.substr(0, decoded.find(';'));
        if ((decoded.empty() && i + 1 < segments.size()) || name == "." || name == ".." || !gw::is_utf8(decoded))
            return std::nullopt;
        segments[i] = decoded;
    }
    return segments;
}

struct Fit {
    std::string rank;  // per segment 0 literal, 1 parameter, 2 wildcard: less is more specific
    std::vector<std::string> values;
};

std::optional<Fit> fit(std::string_view pattern, const std::vector<std::string>& segments) {
    const std::vector<std::string> parts = split(pattern.substr(1));
    Fit out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i == segments.size()) return std::nullopt;
        if (parts[i].starts_with('*')) {
            std::string rest = segments[i];
            for (std::size_t k = i + 1; k < segments.size(); ++k) rest += "/" + segments[k];
            out.rank += '2';
            out.values.push_back(rest);
            return out;
        }
        if (parts[i].starts_with(':')) {
            if (segments[i].empty()) return std::nullopt;
            out.rank += '1';
            out.values.push_back(segments[i]);
        } else {
            if (parts[i] != segments[i]) return std::nullopt;
            out.rank += '0';
        }
    }
    if (parts.size() != segments.size()) return std::nullopt;
    return out;
}

// How well a route's method serves a request's: 0 exactly, 1 GET for HEAD, 2 any; 3 not at all.
char serves(std::string_view route, std::string_view request) {
    if (route == request) return '0';
    if (request == "HEAD" && route == "GET") return '1';
    return route == "*" ? '2' : '3';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static auto* const router = [] {
        static gw::route::Router made(std::pmr::get_default_resource());
        std::uint32_t target = 0;
        for (const Entry& entry : entries)
            check(static_cast<bool>(made.add(entry.method, entry.pattern, target++)), "a route");
        return &made;
    }();
    if (size == 0) return 0;
    const std::string_view method = methods[data[0] % std::size(methods)];
    const std::vector<char> exact(data + 1, data + size);
    const std::string_view target(exact.data(), exact.size());
    const gw::route::Match match = router->match(method, target);

    for (const gw::route::Parameter& each : match.parameters) {
        check(gw::is_utf8(each.value) && each.value.find('\0') == std::string_view::npos, "values are text");
    }
    // The query helpers survive anything, and agree with each other.
    const auto memory = std::pmr::get_default_resource();
    if (const auto value = gw::route::query_parameter(target, "a", memory)) {
        check(gw::route::query_parameter("b=1&" + std::string(target), "a", memory) == value,
              "what stands in front is skipped");
    }
    if (!target.starts_with('/')) return 0;  // the other forms are taken apart in one place

    if (target.find('#') != std::string_view::npos) {
        check(match.outcome == Outcome::bad_path, "a fragment");
        return 0;
    }
    const auto segments = read(target.substr(0, target.find('?')));
    check(segments.has_value() == (match.outcome != Outcome::bad_path), "bad paths");
    if (!segments) return 0;

    std::string best;
    std::uint32_t want = 0;
    std::vector<std::string> values;
    std::vector<std::string> allow;
    for (std::uint32_t i = 0; i < std::size(entries); ++i) {
        const auto found = fit(entries[i].pattern, *segments);
        if (!found) continue;
        allow.emplace_back(entries[i].method);
        const std::string rank = found->rank + serves(entries[i].method, method);
        if (rank.back() == '3' || (!best.empty() && best < rank)) continue;
        best = rank;
        want = i;
        values = found->values;
    }
    if (!best.empty()) {
        check(match.outcome == Outcome::found && match.target == want, "the most specific route");
        check(match.head == (best.back() == '1'), "HEAD for GET");
        check(match.parameters.size() == values.size(), "as many values");
        for (std::size_t i = 0; i < values.size(); ++i)
            check(match.parameters[i].value == values[i], "the same values");
        return 0;
    }
    if (allow.empty()) {
        check(match.outcome == Outcome::not_found, "no route");
        return 0;
    }
    check(match.outcome == (method == "OPTIONS" ? Outcome::options : Outcome::method_not_allowed), "no method");
    allow.emplace_back("OPTIONS");
    if (std::find(allow.begin(), allow.end(), "GET") != allow.end()) allow.emplace_back("HEAD");
    std::sort(allow.begin(), allow.end());
    allow.erase(std::unique(allow.begin(), allow.end()), allow.end());
    std::string text;
    for (const std::string& each : allow) text += (text.empty() ? "" : ", ") + each;
    check(match.allow == text, "what is allowed");
    return 0;
}
