// Tracker: where exactly one pattern matches, from a candidate on. The semantics are those of RE2 with `longest_match`,
// iterated: the leftmost match, of those the longest, and the next one begins where it ended.
//
//     threads: (node, start), oldest first     pending: [begin, end) [begin, end) ...
//
// Every node is kept with its oldest start only, which is all that "leftmost" needs. A match found is pending until no
// thread that began at or before it lives: an older one may still win, one that began with it may still be longer. A
// match throws away the threads that began behind its beginning; those that begin at its end or later go on, for the
// case that it stays as it is. So the pending matches form a row, and work per byte is bounded by the nodes of the
// pattern, whatever the text: the row needs no second look at any byte.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "guardrail/automaton_moves.h"
#include "guardrail/automaton_set.h"

namespace gw::guardrail {

// What became known about a text.
struct Match {
    enum class Phase : std::uint8_t {
        seen,     // a `stop` pattern has matched completely, perhaps not yet as long as it will; comes first
        decided,  // this is the match: leftmost, longest, not overlapping the one before
    };
    std::uint32_t pattern = 0;
    Phase phase = Phase::decided;
    bool clipped = false;  // it began before the window: `begin` is the earliest byte that is known to belong to it
    std::uint64_t begin = 0, end = 0;
    std::uint64_t known = 0;  // bytes of text that were needed to know it
    friend bool operator==(const Match&, const Match&) = default;
};
using Matches = std::pmr::vector<Match>;

// What a step works with, shared by all trackers of a thread.
struct TrackerScratch {
    TrackerScratch(const PatternSet& set, std::pmr::memory_resource* memory)
        : stepper(set, memory), moves(set, memory) {}
    ThreadStepper stepper;
    Moves moves;
};

class Tracker {
public:
    Tracker(const PatternSet& set, std::uint32_t pattern, std::pmr::memory_resource* memory)
        : set_(&set), pattern_(pattern), threads_(memory), pending_(memory) {}

    [[nodiscard]] std::uint32_t pattern() const noexcept { return pattern_; }
    [[nodiscard]] bool active() const noexcept { return active_; }
    // Everything before was looked at and decided.
    [[nodiscard]] std::uint64_t resume() const noexcept { return resume_; }
    [[nodiscard]] std::uint64_t position() const noexcept { return at_; }
    // Start of the oldest thread or pending match; UINT64_MAX when there is none.
    [[nodiscard]] std::uint64_t oldest() const noexcept;
    // The same without the threads that are still public.
    [[nodiscard]] std::uint64_t oldest_held() const noexcept;

    // Begins to read at `from`, because something may match that is complete when `known` bytes of text were read.
    void activate(std::uint64_t from, Context left, std::uint64_t known);
    // True when a match was found since activate().
    [[nodiscard]] bool found() const noexcept { return found_; }
    // Reads on; stops early when nothing is pending any more and the candidate is passed. Returns the bytes read.
    std::size_t run(std::span<const unsigned char> text, TrackerScratch& scratch, Matches& out);
    void finish(TrackerScratch& scratch, Matches& out);
    // The same place in a text, `shift` bytes further here. What comes from it is the same, too.
    [[nodiscard]] bool agrees(const Tracker& other, std::uint64_t shift) const noexcept;
    void become(const Tracker& other);
    // Reports a match whose beginning can not be read any more.
    void report_clipped(std::uint64_t begin, std::uint64_t end, std::uint64_t known, Matches& out);
    [[nodiscard]] std::size_t size() const noexcept {
        return threads_.capacity() * sizeof(Thread) + pending_.capacity() * sizeof(Pending);
    }

private:
    struct Pending {
        std::uint64_t begin, end;
    };
    void step(unsigned byte, ThreadStepper& stepper, Matches& out);
    [[nodiscard]] std::size_t run_moves(std::span<const unsigned char> text, TrackerScratch& scratch, Matches& out);
    [[nodiscard]] bool at_rest(bool has_threads) const noexcept;
    void rest() noexcept;
    void accept(std::uint64_t begin, std::uint64_t end, std::uint64_t known, Matches& out);
    void settle(std::uint64_t oldest_thread, Matches& out);
    void emit(const Pending& match, Match::Phase phase, std::uint64_t known, Matches& out) const {
        out.push_back({pattern_, phase, false, match.begin, match.end, known});
    }

    const PatternSet* set_;
    std::uint32_t pattern_;
    bool active_ = false;
    bool found_ = false;
    Context left_ = Context::text_begin;
    std::uint64_t at_ = 0;
    std::uint64_t resume_ = 0;
    std::uint64_t patient_until_ = 0;  // may end with live threads from here on
    std::uint64_t candidate_known_ = 0;
    std::pmr::vector<Thread> threads_;
    std::pmr::vector<Pending> pending_;
};

}  // namespace gw::guardrail
