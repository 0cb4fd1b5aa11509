// RE2 as the judge: what it finds, leftmost and longest, one match after the other, is what our automaton must find.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "guardrail/automaton_scanner.h"

namespace gw::test {

struct Span {
    std::uint64_t begin = 0, end = 0;
    friend bool operator==(const Span&, const Span&) = default;
    friend auto operator<=>(const Span&, const Span&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const Span& span) {
    return out << "[" << span.begin << ", " << span.end << ")";
}

inline std::unique_ptr<re2::RE2> oracle(std::string_view expression) {
    re2::RE2::Options options;
    options.set_longest_match(true);
    options.set_log_errors(false);
    options.set_max_mem(64 << 20);
    return std::make_unique<re2::RE2>(re2::StringPiece(expression.data(), expression.size()), options);
}

inline std::vector<Span> oracle_spans(const re2::RE2& expression, std::string_view text) {
    std::vector<Span> spans;
    const re2::StringPiece whole(text.data(), text.size());
    re2::StringPiece match;
    for (std::size_t at = 0; expression.Match(whole, at, text.size(), re2::RE2::UNANCHORED, &match, 1);) {
        const auto begin = static_cast<std::size_t>(match.data() - text.data());
        if (match.empty()) break;  // our patterns never match the empty text
        spans.push_back({begin, begin + match.size()});
        at = begin + match.size();
    }
    return spans;
}

// Scans the pieces the way an inspector does: nothing is kept but what keep_from() asks for.
struct Scanned {
    std::vector<guardrail::Match> matches;
    std::vector<std::uint64_t> held;  // hold_from() after each piece

    [[nodiscard]] std::vector<Span> spans(std::uint32_t pattern) const {
        std::vector<Span> spans;
        for (const guardrail::Match& match : matches) {
            if (match.pattern == pattern && match.phase == guardrail::Match::Phase::decided) {
                spans.push_back({match.begin, match.end});
            }
        }
        return spans;
    }
};

template <typename Pieces>
Scanned scan_pieces(const std::shared_ptr<const guardrail::PatternSet>& set, guardrail::Cache& cache,
                    const Pieces& pieces, std::pmr::memory_resource* memory = std::pmr::get_default_resource(),
                    guardrail::Cache* other_cache = nullptr) {
    Scanned result;
    guardrail::Matches matches(memory);
    guardrail::Stream stream(set, memory);
    std::string history;
    bool turn = false;
    guardrail::Cache* current = &cache;
    for (const std::string_view piece : pieces) {
        if (other_cache != nullptr) {
            stream.detach();
            turn = !turn;
            current = turn ? other_cache : &cache;
        }
        // The borrowed bytes are copies that end right behind the piece, so that a sanitizer sees every step too far.
        const std::vector<char> before(history.begin(), history.end());
        const std::vector<char> now(piece.begin(), piece.end());
        stream.scan(*current, {before.data(), before.size()}, {now.data(), now.size()}, matches);
        history.append(piece);
        const std::uint64_t begin = stream.offset() - history.size();
        if (stream.keep_from() > begin) history.erase(0, static_cast<std::size_t>(stream.keep_from() - begin));
        result.held.push_back(stream.hold_from());
    }
    stream.finish(*current, history, matches);
    stream.detach();
    result.matches.assign(matches.begin(), matches.end());
    return result;
}

}  // namespace gw::test
