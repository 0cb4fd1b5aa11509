#include "guardrail/automaton_tracker.h"

#include <algorithm>

namespace gw::guardrail {
namespace {

constexpr std::uint64_t never = ThreadStepper::never;
// Matches that wait for an older one to be decided. Beyond that the oldest is taken as it is, so that memory is
// bounded.
constexpr std::size_t pending_max = 1024;
// How long a pattern that makes a new shape with every fourth byte is stepped plainly.
constexpr std::size_t plain_bytes_wild = 32768;

}  // namespace

std::uint64_t Tracker::oldest() const noexcept {
    std::uint64_t start = threads_.empty() ? never : threads_.front().start;
    if (!pending_.empty()) start = std::min(start, pending_.front().begin);
    return start;
}

std::uint64_t Tracker::oldest_held() const noexcept {
    std::uint64_t start = pending_.empty() ? never : pending_.front().begin;
    for (const Thread& thread : threads_) {
        if (thread.start >= start) break;
        if (!set_->is_public(thread.node)) start = thread.start;
    }
    return start;
}

void Tracker::activate(std::uint64_t from, Context left, std::uint64_t known) {
    active_ = true;
    found_ = false;
    threads_.clear();
    pending_.clear();
    at_ = from;
    left_ = left;
    candidate_known_ = known;
    // As many bytes forward as were read a second time: that keeps the whole linear, whatever the candidates are.
    patient_until_ = known + (known - from);
}

bool Tracker::agrees(const Tracker& other, std::uint64_t shift) const noexcept {
    if (pattern_ != other.pattern_ || active_ != other.active_) return false;
    if (!active_) return resume_ - other.resume_ == shift;
    // `found_` and `patient_until_` only say when it may rest, and what a match is does not depend on that.
    return left_ == other.left_ && at_ - other.at_ == shift &&
           std::equal(threads_.begin(), threads_.end(), other.threads_.begin(), other.threads_.end(),
                      [shift](Thread a, Thread b) { return a.node == b.node && a.start - b.start == shift; }) &&
           std::equal(pending_.begin(), pending_.end(), other.pending_.begin(), other.pending_.end(),
                      [shift](Pending a, Pending b) { return a.begin - b.begin == shift && a.end - b.end == shift; });
}

void Tracker::become(const Tracker& other) {
    threads_ = other.threads_;
    pending_ = other.pending_;
    set_ = other.set_;
    pattern_ = other.pattern_;
    active_ = other.active_;
    found_ = other.found_;
    left_ = other.left_;
    at_ = other.at_;
    resume_ = other.resume_;
    patient_until_ = other.patient_until_;
    candidate_known_ = other.candidate_known_;
}

void Tracker::report_clipped(std::uint64_t begin, std::uint64_t end, std::uint64_t known, Matches& out) {
    if (set_->patterns()[pattern_].kind == Kind::stop) {
        out.push_back({pattern_, Match::Phase::seen, true, begin, end, known});
    }
    out.push_back({pattern_, Match::Phase::decided, true, begin, end, known});
    active_ = false;
    threads_.clear();
    pending_.clear();
    resume_ = end;
    at_ = known;
}

void Tracker::accept(std::uint64_t begin, std::uint64_t end, std::uint64_t known, Matches& out) {
    bool grown = false;
    while (!pending_.empty() && pending_.back().begin >= begin) {
        pending_.pop_back();
        grown = true;
    }
    pending_.push_back({begin, end});
    found_ = true;
    if (!grown && set_->patterns()[pattern_].kind == Kind::stop) {
        emit(pending_.back(), Match::Phase::seen, known, out);
    }
}

// Decides what no older thread can change any more.
void Tracker::settle(std::uint64_t oldest_thread, Matches& out) {
    std::size_t decided = 0;
    while (decided < pending_.size() &&
           (oldest_thread > pending_[decided].begin || pending_.size() - decided > pending_max)) {
        emit(pending_[decided], Match::Phase::decided, at_, out);
        resume_ = pending_[decided].end;
        ++decided;
    }
    if (decided != 0) pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(decided));
}

// Nothing more to learn here: no match is pending, and the candidate is passed.
bool Tracker::at_rest(bool has_threads) const noexcept {
    if (!pending_.empty() || at_ < candidate_known_) return false;
    return !has_threads || at_ >= patient_until_;
}

void Tracker::rest() noexcept {
    resume_ = std::max(resume_, threads_.empty() ? at_ : threads_.front().start);
    active_ = false;
    threads_.clear();
}

std::size_t Tracker::run(std::span<const unsigned char> text, TrackerScratch& scratch, Matches& out) {
    std::size_t i = 0;
    while (i < text.size() && active_) {
        std::size_t& plain = scratch.moves.plain_bytes(pattern_);
        if (plain == 0) {
            if (scratch.moves.full()) scratch.moves.clear();
            i += run_moves(text.subspan(i), scratch, out);
            if (i == text.size() || !active_) break;
            // Too many threads for a shape, or too many shapes.
            plain = std::max<std::size_t>(plain, 1);
        }
        for (; plain != 0 && i < text.size() && active_; --plain) {
            step(text[i++], scratch.stepper, out);
            if (at_rest(!threads_.empty())) rest();
        }
    }
    return i;
}

// Reads with remembered moves until the text ends, the tracker rests, or there is no shape for its threads.
std::size_t Tracker::run_moves(std::span<const unsigned char> text, TrackerScratch& scratch, Matches& out) {
    const ByteSet& first = set_->patterns()[pattern_].entry.first;
    Moves& moves = scratch.moves;
    std::uint64_t starts[Moves::ranks_max];
    std::size_t count = 0;
    Moves::Shape shape = moves.shape(pattern_, threads_, left_, starts, count);
    if (shape == Moves::no_shape) return 0;
    std::size_t i = 0;
    bool resting = false;
    const std::size_t computed = moves.computed();
    while (i < text.size() && !resting && !moves.full()) {
        const unsigned byte = text[i];
        const Moves::Move& move = moves.move(shape, byte, scratch.stepper);
        if (move.to == Moves::no_shape) break;
        const std::uint64_t before = move.before == Moves::none ? never : starts[move.before];
        const std::uint64_t now = move.now == Moves::none ? never : move.now == Moves::here ? at_ : starts[move.now];
        const std::uint16_t* const sources = moves.sources(move);
        // Starts keep their order, so they can be moved to the front in place; only the last can be new.
        for (std::size_t rank = 0; rank < move.rank_count; ++rank) {
            starts[rank] = sources[rank] == Moves::here ? at_ : starts[sources[rank]];
        }
        count = move.rank_count;
        shape = move.to;
        if (before != never && before != now) accept(before, at_, at_ + 1, out);
        if (now != never) accept(now, at_ + 1, at_ + 1, out);
        ++at_;
        ++i;
        left_ = context_after(byte);
        if (!pending_.empty()) settle(count == 0 ? never : starts[0], out);
        resting = at_rest(count != 0);
        if (i % 64 == 0 && moves.computed() - computed > i / 4) break;
        // Nothing under way: on to the next byte that can begin something.
        if (count != 0 || resting || !pending_.empty()) continue;
        const std::size_t skipped = i;
        while (i < text.size() && !first.has(text[i]) && !resting) {
            left_ = context_after(text[i++]);
            ++at_;
            resting = at_rest(false);
        }
        if (i != skipped) shape = moves.shape(pattern_, {}, left_, starts, count);
    }
    moves.threads(shape, starts, threads_);
    if (const std::size_t missed = moves.computed() - computed; missed > 8 && missed > i / 4) {
        moves.plain_bytes(pattern_) = plain_bytes_wild;
    }
    if (resting) rest();
    return i;
}

void Tracker::finish(TrackerScratch& scratch, Matches& out) {
    step(end_of_text, scratch.stepper, out);
    active_ = false;
}

void Tracker::step(unsigned byte, ThreadStepper& stepper, Matches& out) {
    stepper.step(pattern_, threads_, left_, at_, byte);
    const std::uint64_t known = byte == end_of_text ? at_ : at_ + 1;
    if (stepper.before != never && stepper.before != stepper.now) accept(stepper.before, at_, known, out);
    if (stepper.now != never) accept(stepper.now, at_ + 1, known, out);
    threads_.assign(stepper.threads().begin(), stepper.threads().end());
    at_ = known;
    left_ = byte == end_of_text ? Context::other : context_after(byte);
    if (!pending_.empty()) settle(threads_.empty() ? never : threads_.front().start, out);
}

}  // namespace gw::guardrail
