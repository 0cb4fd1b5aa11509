#include "guardrail/automaton_tracker.h"

#include <algorithm>

namespace gw::guardrail {
namespace {

constexpr std::uint64_t never = UINT64_MAX;
// Matches that wait for an older one to be decided. Beyond that the oldest is taken as it is, so that memory is bounded.
constexpr std::size_t pending_max = 1024;

}  // namespace

std::uint64_t Tracker::oldest() const noexcept {
    std::uint64_t start = threads_.empty() ? never : threads_.front().start;
    if (!pending_.empty()) start = std::min(start, pending_.front().begin);
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

std::size_t Tracker::run(std::span<const unsigned char> text, TrackerScratch& scratch, Matches& out) {
    const ByteSet& first = set_->patterns()[pattern_].entry.first;
    std::size_t i = 0;
    while (i < text.size()) {
        if (threads_.empty() && pending_.empty() && !first.has(text[i])) {
            left_ = context_after(text[i]);
            ++at_;
        } else {
            step(text[i], scratch, out);
        }
        ++i;
        if (!pending_.empty() || at_ < candidate_known_) continue;
        if (!threads_.empty() && at_ < patient_until_) continue;
        resume_ = std::max(resume_, threads_.empty() ? at_ : threads_.front().start);
        active_ = false;
        threads_.clear();
        break;
    }
    return i;
}

void Tracker::finish(TrackerScratch& scratch, Matches& out) {
    step(end_of_text, scratch, out);
    active_ = false;
}

void Tracker::step(unsigned byte, TrackerScratch& scratch, Matches& out) {
    const Entry& entry = set_->patterns()[pattern_].entry;
    const Context right = byte == end_of_text ? Context::other : context_after(byte);
    before_ = now_ = never;
    scratch.begin_step();
    for (const Thread thread : threads_) {
        if (thread.start > now_) break;
        if (thread.start > before_ && thread.start < at_) continue;
        advance(thread.node, thread.start, byte, right, scratch);
    }
    if (now_ == never && byte != end_of_text && entry.first.has(byte)) {
        for (const NodeId node : set_->program().nodes(entry.start, left_)) advance(node, at_, byte, right, scratch);
    }
    const std::uint64_t known = byte == end_of_text ? at_ : at_ + 1;
    if (before_ != never && before_ != now_) accept(before_, at_, known, out);
    if (now_ != never) accept(now_, at_ + 1, known, out);
    std::swap(threads_, scratch.next);
    at_ = known;
    left_ = right;
    settle(threads_.empty() ? never : threads_.front().start, out);
}

void Tracker::advance(NodeId id, std::uint64_t start, unsigned byte, Context right, TrackerScratch& scratch) {
    const Program& program = set_->program();
    const NodeId first = set_->patterns()[pattern_].entry.begin;
    const ProgramNode& node = program.node(id);
    if (node.kind == ProgramNode::Kind::bytes) {
        if (byte == end_of_text) return;
        for (const Edge& edge : program.edges(node)) {
            if (!program.set(edge.set).has(byte)) continue;
            for (const NodeId next : program.nodes(edge.follow, right)) {
                if ((next & match_bit) != 0) {
                    now_ = std::min(now_, start);
                } else if (scratch.mark(next - first)) {
                    scratch.next.push_back({next, start});
                }
            }
        }
        return;
    }
    if (node.kind != ProgramNode::Kind::look || !satisfied(node.look, byte) || !scratch.mark_look(id - first)) return;
    for (const NodeId next : program.nodes(node.follow, left_)) {
        if ((next & match_bit) != 0) {
            if (start < at_) before_ = std::min(before_, start);
        } else {
            advance(next, start, byte, right, scratch);
        }
    }
}

}  // namespace gw::guardrail
