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

// What stays the same during the step of one byte.
struct Tracker::Step {
    const Program& program;
    Program::View view;
    const Entry& entry;
    TrackerScratch& scratch;
    unsigned byte;
    Context right;
};

// Moves one thread over the byte.
inline void Tracker::advance(const Step& step, NodeId id, std::uint64_t start) {
    const ProgramNode& node = step.view.nodes[id];
    if (node.kind != ProgramNode::Kind::bytes) [[unlikely]] {
        pass_look(step, id, start);
        return;
    }
    if (step.byte == end_of_text) return;
    const Edge* edge = step.view.edges + node.first;
    for (const Edge* const end = edge + node.edge_count; edge != end; ++edge) {
        if (!step.view.sets[edge->set].has(step.byte)) continue;
        std::span<const NodeId> to(step.view.pool + edge->follow.first, edge->follow.count);
        if (edge->follow.depends_on_context()) [[unlikely]] to = step.program.nodes(edge->follow, step.right);
        for (const NodeId next : to) {
            if ((next & match_bit) != 0) {
                now_ = std::min(now_, start);
            } else {
                step.scratch.add(next - step.entry.begin, {next, start});
            }
        }
        return;  // the edges of a node are disjoint
    }
}

void Tracker::pass_look(const Step& step, NodeId id, std::uint64_t start) {
    const ProgramNode& node = step.view.nodes[id];
    if (!satisfied(node.look, step.byte) || !step.scratch.mark_look(id - step.entry.begin)) return;
    for (const NodeId next : step.program.nodes(node.follow, left_)) {
        if ((next & match_bit) != 0) {
            if (start < at_) before_ = std::min(before_, start);
        } else {
            advance(step, next, start);
        }
    }
}

void Tracker::step(unsigned byte, TrackerScratch& scratch, Matches& out) {
    const Program& program = set_->program();
    const Step step{program, program.view(), set_->patterns()[pattern_].entry, scratch, byte,
                    byte == end_of_text ? Context::other : context_after(byte)};
    before_ = now_ = never;
    scratch.begin_step();
    for (const Thread thread : threads_) {
        if (thread.start > now_) break;
        if (thread.start > before_ && thread.start < at_) continue;
        advance(step, thread.node, thread.start);
    }
    if (now_ == never && byte != end_of_text && step.entry.first.has(byte)) {
        for (const NodeId node : program.nodes(step.entry.start, left_)) advance(step, node, at_);
    }
    const std::uint64_t known = byte == end_of_text ? at_ : at_ + 1;
    if (before_ != never && before_ != now_) accept(before_, at_, known, out);
    if (now_ != never) accept(now_, at_ + 1, known, out);
    threads_.assign(scratch.threads().begin(), scratch.threads().end());
    at_ = known;
    left_ = step.right;
    if (!pending_.empty()) settle(threads_.empty() ? never : threads_.front().start, out);
}

}  // namespace gw::guardrail
