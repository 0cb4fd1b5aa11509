// What a RunDecoder found in a text: every run with all of its data, and where each decoded byte came from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guardrail/decode.h"

namespace gw::test {

struct FoundRun {
    guardrail::RunKind kind;
    bool utf16;
    std::uint64_t begin, end;
    std::string data;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> origins;
    bool operator==(const FoundRun&) const = default;
};

struct FoundRuns {
    std::vector<FoundRun> runs;
    std::uint64_t passed_over = 0;
    bool operator==(const FoundRuns&) const = default;
};

// Nothing when events are out of order or do not fit the output.
template <class Pieces>
std::optional<FoundRuns> find_runs(const Pieces& pieces, guardrail::RunDecoder decoder = {}) {
    using Type = guardrail::RunEvent::Type;
    std::pmr::string out;
    std::pmr::vector<guardrail::RunEvent> events;
    for (const std::string_view piece : pieces) decoder.feed(piece, out, events);
    decoder.finish(out, events);
    FoundRuns found;
    bool open = false;
    std::size_t shown = 0;
    for (const guardrail::RunEvent& event : events) {
        if (open == (event.type == Type::begin)) return std::nullopt;
        if (!open) {
            if (!found.runs.empty() && event.original < found.runs.back().end) return std::nullopt;
            found.runs.push_back({event.kind, event.utf16, event.original, 0, {}, {}});
            open = true;
            continue;
        }
        FoundRun& run = found.runs.back();
        if (event.kind != run.kind || event.utf16 != run.utf16) return std::nullopt;
        if (event.type == Type::end) {
            run.end = event.original;
            open = false;
            continue;
        }
        if (event.out_begin != shown || event.out_end <= shown || event.out_end > out.size()) return std::nullopt;
        shown = event.out_end;
        run.data.append(out, event.out_begin, event.out_end - event.out_begin);
        for (std::size_t i = 0; i < event.out_end - event.out_begin; ++i) {
            run.origins.push_back(guardrail::origin_of(event, i));
        }
    }
    if (open || shown != out.size()) return std::nullopt;
    found.passed_over = decoder.passed_over();
    return found;
}

// Every decoded byte comes from two to four characters of the run (and white space between), in order.
inline bool is_in_order(const FoundRun& run) {
    std::uint64_t begin = run.begin;
    std::uint64_t end = run.begin;
    for (const auto& [from, to] : run.origins) {
        if (from < begin || to <= end || from >= to || to > run.end) return false;
        begin = from;
        end = to;
    }
    return run.end >= run.begin;
}

}  // namespace gw::test
