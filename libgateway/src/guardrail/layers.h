// Layers: a text and its views, scanned together by the streams of one set.
//
//     raw ──┬────────────────────────────── Stream
//           └ plain (escapes undone, letters folded) ── Stream, only where it differs from raw
//               ├ shell (quotes removed) ── Stream, only where it differs from plain
//               └ leet (digits as letters) ── Stream, only where it differs from plain
//
// A view is the same text as its parent but for some changes. Where they are equal one stream serves both. At a change
// the view's stream becomes a copy of its parent's and goes its own way; when both agree again it is dropped. So plain
// text costs one scan, and a disguise costs a second one for as long as it matters.
//
// All offsets that go out are those of the raw text.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guardrail/automaton_scanner.h"
#include "guardrail/history.h"
#include "guardrail/view.h"

namespace gw::guardrail {

enum class ViewKind : std::uint8_t { raw, plain, shell, leet, decoded };
inline constexpr std::size_t layer_count = 4;

// A match as the inspector gets it. The texts are valid for the call.
struct Hit {
    std::uint32_t pattern = 0;
    Match::Phase phase = Match::Phase::decided;
    bool clipped = false;
    ViewKind view = ViewKind::raw;
    std::uint64_t begin = 0, end = 0;  // in the raw text
    std::uint64_t known = 0;           // bytes of raw text that it took to know
    std::string_view text;             // as the view shows it
    std::string_view before;           // up to context_bytes of the raw text in front of it
};
inline constexpr std::size_t context_bytes = 128;

class HitSink {
public:
    virtual void on_hit(const Hit& hit) = 0;

protected:
    ~HitSink() = default;
};

class Layers {
public:
    // `views`: bits 1 << ViewKind of plain, shell and leet. shell and leet look at plain and need it.
    Layers(std::shared_ptr<const PatternSet> set, unsigned views, std::pmr::memory_resource* memory);

    // Takes the next piece of the raw text, tells what was found. The piece is borrowed for the call.
    void feed(Cache& cache, std::string_view piece, HitSink& sink);
    void finish(Cache& cache, HitSink& sink);

    // The first raw byte that may still become part of a match of a `mask` pattern in some view, or decides a match;
    // offset() when there is none. Never goes back.
    [[nodiscard]] std::uint64_t hold_from() const noexcept { return hold_from_; }
    [[nodiscard]] std::uint64_t offset() const noexcept { return nodes_[0].at; }
    // The raw text behind the last bytes: at least from hold_from() - context_bytes on.
    [[nodiscard]] const History& history() const noexcept { return nodes_[0].history; }
    // Also keeps the history from `from` on; UINT64_MAX: nothing more than it needs itself. For the next feed().
    void retain(std::uint64_t from) noexcept { retain_ = from; }
    [[nodiscard]] std::pmr::string& scratch() noexcept { return scratch_; }
    void detach() noexcept;
    [[nodiscard]] std::size_t size() const noexcept;
    // Raw bytes that were also scanned in another view.
    [[nodiscard]] std::uint64_t scanned_again() const noexcept { return scanned_again_; }

private:
    struct Node {
        explicit Node(std::pmr::memory_resource* memory) : history(memory), out(memory), changes(memory) {}
        ViewKind kind = ViewKind::raw;
        std::size_t parent = 0;
        bool enabled = false;
        bool forked = false;   // has a stream of its own (raw always has)
        bool waiting = false;  // forked, and nothing that it shows has differed since: it only waits for more bytes
        std::optional<Stream> stream;   // made when it is needed first
        std::uint64_t stream_base = 0;  // offset in this text minus offset of the stream
        History history;                // of this text; only while forked
        std::uint64_t at = 0;           // bytes of this text scanned, by whomever
        std::uint64_t fed = 0;          // bytes of this text known
        std::string_view piece;         // of this text, from `piece_begin` on: what this call brought
        std::uint64_t piece_begin = 0;
        std::pmr::string out;                           // holds `piece` where it is not the parent's
        std::pmr::vector<Change> changes;               // of the window, oldest first
        std::size_t next_change = 0;                    // the first that the scan has not passed
        std::uint64_t base_parent = 0, base_own = 0;    // equal text from here on, before the first of `changes`
        std::uint64_t since_parent = 0, since_own = 0;  // behind the last change that the scan has passed
    };

    template <typename Call>
    void with_view(std::size_t index, const Call& call);
    [[nodiscard]] std::uint64_t pending_from(std::size_t index) const noexcept;
    [[nodiscard]] bool transform(std::size_t index, bool last);
    [[nodiscard]] bool wait(Cache& cache, HitSink& sink);

    [[nodiscard]] std::uint64_t own_of(const Node& node, std::uint64_t parent_offset) const noexcept;
    [[nodiscard]] std::uint64_t parent_begin(const Node& node, std::uint64_t own) const noexcept;
    [[nodiscard]] std::uint64_t parent_end(const Node& node, std::uint64_t own) const noexcept;
    [[nodiscard]] std::uint64_t raw_begin(std::size_t index, std::uint64_t own) const noexcept;
    [[nodiscard]] std::uint64_t raw_end(std::size_t index, std::uint64_t own) const noexcept;

    [[nodiscard]] std::size_t effective(std::size_t index) const noexcept;
    [[nodiscard]] std::uint64_t next_break(std::size_t index) const noexcept;
    void advance(Cache& cache, std::size_t index, std::uint64_t to, HitSink& sink);
    void follow(Cache& cache, std::size_t parent_index, HitSink& sink);
    void fork(std::size_t index);
    void scan(Cache& cache, std::size_t index, std::uint64_t to, HitSink& sink);
    void keep(Node& node, std::string_view piece);
    void report(std::size_t index, std::string_view piece, HitSink& sink);
    void settle();

    std::shared_ptr<const PatternSet> set_;
    std::array<Node, layer_count> nodes_;
    PlainView plain_;
    ShellView shell_;
    LeetView leet_;
    Matches matches_;
    std::pmr::string scratch_, scratch_before_;
    std::uint64_t hold_from_ = 0;
    std::uint64_t scanned_again_ = 0;
    std::uint64_t retain_ = UINT64_MAX;
    // No view has a stream of its own, a byte that waits or a change in its window; but for leet, where it is
    // `waiting`.
    bool quiet_ = true;
};

}  // namespace gw::guardrail
