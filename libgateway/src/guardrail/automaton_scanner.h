// Where a set of patterns matches in a text that arrives in pieces.
//
//     piece --> [ one table step per byte and group ] -- something may match --> [ Tracker: from where to where ] -->
//     Match
//                     |
//                     +-- hold_from(): what may leave, keep_from(): what must stay readable
//
//     auto set = PatternSet::compile(sources, {}, memory, problems);   // once; shared by all threads
//     Cache cache(set, 4 << 20, memory);                                // one per thread, for all its streams
//     Stream stream(set, memory);                                       // one per text
//     for (piece : pieces) {
//         stream.scan(cache, history, piece, matches);                  // history: the text before the piece
//         release(text up to stream.hold_from());                       // after acting on `matches`
//         history = (history + piece) from stream.keep_from() on;
//     }
//     stream.finish(cache, history, matches);                           // now \b, $ and \z can be decided
//
// The matches are those of RE2 with longest_match, for every pattern by itself; they do not depend on how the text was
// cut. A call's matches come in the order of `known`, then of the pattern. The text should be valid UTF-8: a pattern
// never matches half a character, and invalid bytes match nothing but themselves.
//
// Time is linear: a bounded number of steps per byte, whatever the text. A text that makes a new state with every
// byte is stepped without the table after a while, and a cache that is full is emptied.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "core/list.h"
#include "guardrail/automaton_set.h"
#include "guardrail/automaton_table.h"
#include "guardrail/automaton_tracker.h"

namespace gw::guardrail {

class Stream;

// The tables of one set, made as texts need them. Belongs to one thread. Streams that were scanned with it must be
// gone, detached, or scanned with another one before it is destroyed.
class Cache {
public:
    static constexpr std::size_t bytes_default = std::size_t{8} << 20U;

    Cache(std::shared_ptr<const PatternSet> set, std::size_t bytes_max, std::pmr::memory_resource* memory);
    ~Cache();
    Cache(const Cache&) = delete;
    Cache& operator=(const Cache&) = delete;

    struct Statistics {
        std::size_t bytes = 0;            // of the tables now
        std::size_t states = 0;           // in them now
        std::uint64_t misses = 0;         // steps that had to be computed
        std::uint64_t flushes = 0;        // how often the tables were emptied because they were full
        std::uint64_t slow_bytes = 0;     // bytes stepped without a table
        std::uint64_t tracked_bytes = 0;  // bytes that trackers read
        std::uint64_t candidates = 0;     // events that made a tracker look
    };
    [[nodiscard]] Statistics statistics() const noexcept;

private:
    friend class Stream;
    static constexpr std::size_t lanes_max = 4;
    // What the loop needs of a table, side by side.
    struct Hot {
        const Table::Cell* cells;
        const std::uint32_t* columns;
        std::uint64_t reach;  // nothing alive began earlier than so many bytes ago
        Kind kind;
        std::array<Table::Row, context_count> empty;  // the states in which nothing is live
    };
    void find_empty();
    void refresh() noexcept {
        for (std::size_t g = 0; g < tables_.size(); ++g) hot_[g].cells = tables_[g].cells();
    }
    [[nodiscard]] std::size_t bytes() const noexcept;
    [[nodiscard]] bool full() const noexcept;
    [[nodiscard]] bool crowded() const noexcept { return bytes() > bytes_max_ / 2; }
    void flush();

    std::shared_ptr<const PatternSet> set_;
    std::size_t bytes_max_;
    std::array<Hot, lanes_max> hot_{};
    std::pmr::vector<Table> tables_;  // one per group
    TrackerScratch scratch_;
    Successor successor_;
    std::pmr::vector<std::uint16_t> spare_;
    List<Stream> streams_;  // those whose states are rows of the tables
    Statistics counts_;
    bool grew_ = true;  // since it was asked last whether they are full
};

class Stream {
public:
    Stream(std::shared_ptr<const PatternSet> set, std::pmr::memory_resource* memory);
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    // Takes the next piece. `history` is the text right before it, from keep_from() on or longer (empty at the
    // beginning); both are borrowed for the call. Appends to `out` what became known.
    //
    // History that is missing makes a match `clipped`, but never lost.
    void scan(Cache& cache, std::string_view history, std::string_view piece, Matches& out);
    // The text ends here.
    void finish(Cache& cache, std::string_view history, Matches& out);

    [[nodiscard]] std::uint64_t offset() const noexcept { return at_; }  // bytes taken so far
    // The first byte that may still become part of a match of a `mask` pattern, or decides one of a `stop` pattern;
    // offset() when there is none. Everything before may leave once the matches reported so far are dealt with. Never
    // goes back, also not for a match whose open front (`.*`) turns out to reach further.
    [[nodiscard]] std::uint64_t hold_from() const noexcept { return hold_from_; }
    // The first byte that scan() may want to read again; never more than the window before offset(). It may have left
    // already: only its memory is needed.
    [[nodiscard]] std::uint64_t keep_from() const noexcept { return keep_from_; }
    // Bytes of memory beside the object itself.
    [[nodiscard]] std::size_t size() const noexcept;

    // Goes on from where `other`, a stream of the same set, stands: the same place in the same cache. From then on each
    // has a text of its own; this one's offsets go on from the other's. Allocates only what there is no room for.
    void become(const Stream& other);
    // True when both, fed the same text from here on, report the same matches, shifted by offset() - other.offset(). To
    // be asked between scans, of streams whose texts are equal from `since` and `other_since` on: no start, gap or
    // tracker that is alive may be older than that. Cheap; may say false where a longer look would say true.
    [[nodiscard]] bool agrees(const Stream& other, std::uint64_t since, std::uint64_t other_since) const noexcept;

    // Lets go of the cache: to be called before the stream goes on with another one, on the thread of the old one.
    // Where there is no memory to note the place, the next scan() or finish() says so.
    void detach() noexcept;

private:
    friend class Cache;
    static constexpr std::size_t lanes_max = Cache::lanes_max;

    // Where one group stands, beside rows_ and starts_.
    struct Lane {
        explicit Lane(std::pmr::memory_resource* memory) : place(memory) {}
        Context context = Context::text_begin;
        // The state, while the row is no_row: strands of the cache's table, or nodes where there is no cache.
        std::pmr::vector<std::uint16_t> place;
        std::uint64_t slow_until = 0;    // without the table up to here
        std::uint64_t window_begin = 0;  // where the counting of misses began
        std::uint32_t misses = 0;
    };
    // A part that was seen, of a chain that waits for the next one.
    struct Arm {
        struct Slot {
            std::uint64_t start;            // where the chain began, or before
            bool clipped;                   // or perhaps behind that: see Front
            std::uint64_t end;              // where the part ended
            std::uint32_t characters_left;  // the gap may still grow by
        };
        std::uint32_t chain = 0;
        std::uint16_t part = 0;
        std::uint16_t slot_count = 0;
        std::uint64_t checked = 0;  // the gap holds up to here
        Slot slots[2]{};            // the older begins first and is never refreshed, so it runs out
    };
    struct Text {
        const unsigned char* history_end;
        const unsigned char* piece;
        std::uint64_t begin, at, end;  // offsets: of the history, of the piece, of its end
        [[nodiscard]] unsigned char operator[](std::uint64_t offset) const noexcept {
            return offset < at ? *(history_end - (at - offset)) : piece[offset - at];
        }
        [[nodiscard]] Context left_of(std::uint64_t offset) const noexcept {
            return offset == 0 ? Context::text_begin : context_after((*this)[offset - 1]);
        }
    };

    void attach(Cache& cache);
    void spill(std::size_t group, const Table& table);
    template <std::size_t count>
    void loop(Cache& cache, const Text& text, Matches& out);
    // automaton_leap.cpp: several places of a piece at once.
    struct Trace;
    struct KnownTrace {
        const Trace& trace;
        std::size_t size;  // bytes
    };
    [[nodiscard]] std::size_t leap_bytes() const noexcept;
    // Takes up to leap_bytes() bytes of the piece, beginning with the one at `from`. Returns how many.
    [[nodiscard]] std::size_t leap(Cache& cache, const Text& text, std::size_t from, Matches& out);
    template <std::size_t count>
    [[nodiscard]] std::size_t leap(Cache& cache, const Text& text, std::size_t from, Matches& out);
    void lead_in(const Cache& cache, std::size_t group, const unsigned char* bytes, Trace& trace) const noexcept;
    void replay(Cache& cache, const Text& text, std::size_t group, std::size_t begin, KnownTrace known, Matches& out);
    void step(Cache& cache, const Text& text, std::uint64_t position, Matches& out);
    void count_miss(Cache& cache, std::size_t group, std::uint64_t position);
    // A part of a chain ends at `end`, began at `start` or later, and it took `known` bytes to see that.
    struct Seen {
        std::size_t group;
        std::uint16_t part;
        std::uint64_t start, end, known;
    };
    void part_seen(Cache& cache, const Text& text, const Seen& seen, Matches& out);
    void parts_seen(Cache& cache, const Text& text, std::size_t group, std::span<const std::uint16_t> before,
                    std::span<const std::uint16_t> now, std::uint64_t start, std::uint64_t position, Matches& out);
    // Where a repeat that was left away at the front of a pattern may have begun.
    struct Front {
        std::uint64_t start;
        bool clipped;  // it reaches further back than is looked, and what stands before it was not seen
    };
    void arm(std::uint32_t chain, std::uint16_t part, Front front, std::uint64_t end);
    [[nodiscard]] Arm* find_arm(std::uint32_t chain, std::uint16_t part) noexcept;
    void check_gap(Arm& arm, const Text& text, std::uint64_t to) const noexcept;
    [[nodiscard]] Front front_of(const PatternSet::Chain& chain, const Text& text, std::uint64_t start) const noexcept;
    void candidate(Cache& cache, const Text& text, std::uint32_t pattern, const Seen& seen, Matches& out);
    void run(Cache& cache, Tracker& tracker, const Text& text, Matches& out);
    template <std::size_t count>
    void settle(const Cache& cache, const Text& text);
    void settle_chains(const Text& text, std::uint64_t& hold, std::uint64_t& keep);
    // Those whose gap has been broken: as long as there is one, later parts are looked at.
    void drop_arms(const Text& text);
    static void sort(Matches& matches, std::size_t from);
    [[nodiscard]] bool same_state(const Stream& other, std::size_t group) const noexcept;
    [[nodiscard]] bool same_arms(const Stream& other, std::uint64_t since, std::uint64_t& oldest) const noexcept;
    [[nodiscard]] bool same_trackers(const Stream& other, std::uint64_t since, std::uint64_t oldest) const noexcept;

    // What every piece touches comes first.
    Cache* cache_ = nullptr;
    bool lost_ = false;  // its place could not be noted
    std::uint64_t at_ = 0;
    std::uint64_t hold_from_ = 0;
    std::uint64_t keep_from_ = 0;
    std::array<Table::Row, lanes_max> rows_{};       // the state of each group in the table
    std::array<std::uint64_t, lanes_max> starts_{};  // no live node of the group began before
    std::uint32_t lane_count_ = 0;
    std::uint32_t window_ = 0, front_ = 0;  // of the set's options; front_: 0 when no pattern needs it
    std::shared_ptr<const PatternSet> set_;
    Link<Stream> link_{this};
    std::pmr::vector<Lane> lanes_;
    std::pmr::vector<Arm> arms_;
    std::pmr::vector<Tracker> trackers_;
};

}  // namespace gw::guardrail
