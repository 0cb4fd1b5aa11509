#include "guardrail/layers.h"

#include <algorithm>

namespace gw::guardrail {

namespace {

constexpr std::size_t raw_text = 0, plain_view = 1, shell_view = 2, leet_view = 3;
constexpr std::uint64_t nowhere = UINT64_MAX;
// While a view has a stream of its own, both are brought together this often to see whether they agree.
constexpr std::uint64_t block_bytes = 64;

constexpr bool is_child(std::size_t index, std::size_t parent) noexcept {
    return index != raw_text && parent == (index == plain_view ? raw_text : plain_view);
}

}  // namespace

Layers::Layers(std::shared_ptr<const PatternSet> set, unsigned views, std::pmr::memory_resource* memory)
    : set_(std::move(set)),
      nodes_{{Node(memory), Node(memory), Node(memory), Node(memory)}},
      matches_(memory),
      scratch_(memory),
      scratch_before_(memory) {
    for (std::size_t i = 0; i < layer_count; ++i) {
        nodes_[i].kind = static_cast<ViewKind>(i);
        nodes_[i].parent = i == plain_view || i == raw_text ? raw_text : plain_view;
        nodes_[i].enabled = i == raw_text || (views >> i & 1U) != 0;
    }
    nodes_[raw_text].stream.emplace(set_, memory);
}

// --- what the views show ---------------------------------------------------------------------------------------

template <typename Call>
void Layers::with_view(std::size_t index, const Call& call) {
    switch (index) {
    case plain_view: call(plain_); break;
    case shell_view: call(shell_); break;
    case leet_view: call(leet_); break;
    default: break;
    }
}

std::uint64_t Layers::pending_from(std::size_t index) const noexcept {
    switch (index) {
    case plain_view: return plain_.pending_from();
    case shell_view: return shell_.pending_from();
    case leet_view: return leet_.pending_from();
    default: return nodes_[raw_text].fed;
    }
}

// What the view makes of its parent's piece. True when that is the piece itself, and nothing waits.
bool Layers::transform(std::size_t index, bool last) {
    Node& node = nodes_[index];
    const Node& parent = nodes_[node.parent];
    bool same = false;
    with_view(index, [&](auto& view) {
        same = !last && view.take_same(parent.piece);
        if (same) return;
        const bool waited = view.pending_from() < view.offset();
        const std::size_t changes = node.changes.size();
        node.out.clear();
        if (!parent.piece.empty()) view.feed(parent.piece, node.out, node.changes);
        if (last) view.finish(node.out, node.changes);
        if (node.changes.size() != changes) node.waiting = false;
        same = !last && !waited && node.changes.size() == changes && view.pending_from() == view.offset();
    });
    node.piece = same ? parent.piece : std::string_view(node.out);
    node.piece_begin = node.fed;
    node.fed += node.piece.size();
    return same;
}

// --- from a text to another ------------------------------------------------------------------------------------

std::uint64_t Layers::own_of(const Node& node, std::uint64_t parent_offset) const noexcept {
    for (auto change = node.changes.rbegin(); change != node.changes.rend(); ++change) {
        if (change->original_end <= parent_offset) return change->view_end + (parent_offset - change->original_end);
        if (change->original_begin < parent_offset) return change->view_begin;
    }
    return node.base_own + (parent_offset - node.base_parent);
}

std::uint64_t Layers::parent_begin(const Node& node, std::uint64_t own) const noexcept {
    for (auto change = node.changes.rbegin(); change != node.changes.rend(); ++change) {
        if (change->view_begin > own) continue;
        return own < change->view_end ? change->original_begin : change->original_end + (own - change->view_end);
    }
    return node.base_parent + (own - node.base_own);
}

std::uint64_t Layers::parent_end(const Node& node, std::uint64_t own) const noexcept {
    const std::uint64_t last = own - 1;
    for (auto change = node.changes.rbegin(); change != node.changes.rend(); ++change) {
        if (change->view_begin > last) continue;
        return last < change->view_end ? change->original_end : change->original_end + (own - change->view_end);
    }
    return node.base_parent + (own - node.base_own);
}

std::uint64_t Layers::raw_begin(std::size_t index, std::uint64_t own) const noexcept {
    for (; index != raw_text; index = nodes_[index].parent) own = parent_begin(nodes_[index], own);
    return own;
}

std::uint64_t Layers::raw_end(std::size_t index, std::uint64_t own) const noexcept {
    for (; index != raw_text && own > 0; index = nodes_[index].parent) own = parent_end(nodes_[index], own);
    return own;
}

// --- scanning --------------------------------------------------------------------------------------------------

// Whose stream stands where this text stands.
std::size_t Layers::effective(std::size_t index) const noexcept {
    while (index != raw_text && !nodes_[index].forked) index = nodes_[index].parent;
    return index;
}

// Where a view that shares the stream of its parent wants the parent to stop, in the parent's text.
std::uint64_t Layers::next_break(std::size_t index) const noexcept {
    const Node& node = nodes_[index];
    const Node& parent = nodes_[node.parent];
    std::uint64_t first = nowhere;
    if (node.next_change < node.changes.size()) first = node.changes[node.next_change].original_begin;
    if (const std::uint64_t pending = pending_from(index); pending < parent.fed) first = std::min(first, pending);
    for (std::size_t i = 0; i < layer_count; ++i) {
        if (!is_child(i, index) || !nodes_[i].enabled) continue;
        const std::uint64_t at = nodes_[i].forked ? node.at + block_bytes : next_break(i);
        if (at != nowhere) first = std::min(first, parent.at + (at - node.at));  // the same text from here to there
    }
    return first;
}

// Brings a text that has a stream (or shares one that is there already) to `to`, and its views with it.
void Layers::advance(Cache& cache, std::size_t index, std::uint64_t to, HitSink& sink) {
    Node& node = nodes_[index];
    do {
        std::uint64_t stop = to;
        for (std::size_t i = 0; i < layer_count; ++i) {
            if (!is_child(i, index) || !nodes_[i].enabled) continue;
            stop = std::min(stop, nodes_[i].forked ? node.at + block_bytes : std::max(next_break(i), node.at));
        }
        if (stop > node.at) scan(cache, index, stop, sink);
        follow(cache, index, sink);
    } while (node.at < to);
}

void Layers::follow(Cache& cache, std::size_t parent_index, HitSink& sink) {
    const Node& parent = nodes_[parent_index];
    for (std::size_t i = 0; i < layer_count; ++i) {
        Node& node = nodes_[i];
        if (!is_child(i, parent_index) || !node.enabled) continue;
        if (!node.forked) {
            node.at = own_of(node, parent.at);
            const bool changes =
                node.next_change < node.changes.size() && node.changes[node.next_change].original_begin <= parent.at;
            const bool waits = pending_from(i) <= parent.at && pending_from(i) < parent.fed;
            if (!changes && !waits) {
                follow(cache, i, sink);
                continue;
            }
            // An insertion at this place stands behind what was read so far.
            if (changes) node.at = std::min(node.at, node.changes[node.next_change].view_begin);
            follow(cache, i, sink);
            fork(i);
            node.waiting = node.next_change == node.changes.size();
        }
        const std::uint64_t aim = own_of(node, parent.at);
        if (const std::uint64_t to = std::min(aim, node.fed); to > node.at) advance(cache, i, to, sink);
        while (node.next_change < node.changes.size() && node.changes[node.next_change].original_end <= parent.at &&
               node.changes[node.next_change].view_end <= node.at) {
            node.since_parent = node.changes[node.next_change].original_end;
            node.since_own = node.changes[node.next_change].view_end;
            ++node.next_change;
        }
        if (node.at != aim || next_break(i) <= parent.at) continue;  // in the middle of a change
        // The parent may itself share a stream since a little while: what lies before was another text.
        std::uint64_t since_parent = node.since_parent;
        if (!parent.forked && parent_index != raw_text) since_parent = std::max(since_parent, parent.since_own);
        const Node& other = nodes_[effective(parent_index)];
        const std::uint64_t behind = parent.at - since_parent;  // bytes that are equal
        if (behind > parent.at) continue;
        if (node.stream->agrees(*other.stream, node.stream->offset() - behind, other.stream->offset() - behind))
            node.forked = false;
    }
}

void Layers::fork(std::size_t index) {
    Node& node = nodes_[index];
    Node& parent = nodes_[node.parent];
    const Node& from = nodes_[effective(node.parent)];
    if (!node.stream) node.stream.emplace(set_, node.changes.get_allocator().resource());
    node.stream->become(*from.stream);
    node.stream_base = node.at - node.stream->offset();
    const std::uint64_t keep = from.stream->keep_from() + from.stream_base;
    const std::uint64_t begin = std::min(keep, from.at - std::min<std::uint64_t>(from.at, context_bytes));
    node.history.assign(from.history.slice({}, begin, from.at, scratch_), node.at);
    node.since_parent = parent.at;
    node.since_own = node.at;
    node.forked = true;
}

void Layers::scan(Cache& cache, std::size_t index, std::uint64_t to, HitSink& sink) {
    Node& node = nodes_[index];
    if (index != raw_text && !node.forked) {
        node.at = to;  // the parent's stream has been there
        return;
    }
    const std::string_view piece = node.piece.substr(node.at - node.piece_begin, to - node.at);
    matches_.clear();
    node.stream->scan(cache, node.history.text(), piece, matches_);
    if (!matches_.empty()) report(index, piece, sink);
    keep(node, piece);
    node.at = to;
    if (index != raw_text) scanned_again_ += piece.size();
}

// Remembers what the stream may read again, and as much in front as context asks for.
void Layers::keep(Node& node, std::string_view piece) {
    std::uint64_t from = node.stream->keep_from() + node.stream_base;
    if (node.kind == ViewKind::raw) from = std::min({from, hold_from_, retain_});
    node.history.append(piece, from > context_bytes ? from - context_bytes : 0);
}

void Layers::report(std::size_t index, std::string_view piece, HitSink& sink) {
    const Node& node = nodes_[index];
    for (const Match& match : matches_) {
        const std::uint64_t begin = match.begin + node.stream_base, end = match.end + node.stream_base;
        Hit hit;
        hit.pattern = match.pattern;
        hit.phase = match.phase;
        hit.clipped = match.clipped;
        hit.view = node.kind;
        hit.begin = raw_begin(index, begin);
        hit.end = raw_end(index, end);
        hit.known = raw_end(index, match.known + node.stream_base);
        hit.text = node.history.slice(piece, begin, end, scratch_);
        // Always the raw text: in which view something was seen first depends on the cuts, what stands in front does
        // not.
        const Node& raw = nodes_[raw_text];
        hit.before = raw.history.slice(
            index == raw_text ? piece : raw.piece.substr(static_cast<std::size_t>(raw.at - raw.piece_begin)),
            hit.begin > context_bytes ? hit.begin - context_bytes : 0, hit.begin, scratch_before_);
        sink.on_hit(hit);
    }
}

// --- a piece ---------------------------------------------------------------------------------------------------

void Layers::feed(Cache& cache, std::string_view piece, HitSink& sink) {
    Node& first = nodes_[raw_text];
    first.piece = piece;
    first.piece_begin = first.fed;
    first.fed += piece.size();
    bool same = true;
    for (std::size_t i = plain_view; i < leet_view; ++i) {
        if (nodes_[i].enabled) same = transform(i, false) && same;
    }
    const Node& leet = nodes_[leet_view];
    const bool leet_same = !leet.enabled || transform(leet_view, false);
    if (quiet_ && same && leet_same && !leet.forked) {
        // Nobody is disguised, and nobody was: one scan is all.
        matches_.clear();
        first.stream->scan(cache, first.history.text(), piece, matches_);
        if (!matches_.empty()) report(raw_text, piece, sink);
        for (std::size_t i = raw_text; i < layer_count; ++i) nodes_[i].at = nodes_[i].fed;
        hold_from_ = std::max(hold_from_, first.stream->hold_from());
        keep(first, piece);
        return;
    }
    if (quiet_ && same && leet.changes.empty() && wait(cache, sink)) return;
    quiet_ = false;
    if (first.at < first.fed) advance(cache, raw_text, first.fed, sink);
    settle();
}

// The leet view has a byte, or had one, whose reading the next bytes decide: every letter that begins a word at the end
// of a piece is one. As long as nothing differs, its stream is only put aside where it stands, and forgotten when it
// was nothing: what both texts have in common needs no second scan. False: that is not enough, and nothing was done.
bool Layers::wait(Cache& cache, HitSink& sink) {
    Node& first = nodes_[raw_text];
    Node& plain = nodes_[plain_view];
    Node& leet = nodes_[leet_view];
    const std::uint64_t pending = leet_.pending_from();
    const bool waits = pending < plain.fed;
    const bool as_before = leet.forked && waits && leet.fed == leet.at;
    if (leet.forked && waits && !as_before && pending < plain.at) return false;
    if (!as_before) {
        leet.forked = false;
        if (waits) {
            const std::uint64_t to = first.at + (pending - plain.at);
            if (to > first.at) scan(cache, raw_text, to, sink);
            plain.at = pending;
            leet.at = leet.fed;
            fork(leet_view);
            leet.waiting = true;
        }
    }
    if (first.at < first.fed) scan(cache, raw_text, first.fed, sink);
    for (std::size_t i = plain_view; i < layer_count; ++i) nodes_[i].at = nodes_[i].fed;
    std::uint64_t hold = first.stream->hold_from();
    if (leet.forked) hold = std::min(hold, raw_begin(leet_view, leet.stream->hold_from() + leet.stream_base));
    hold_from_ = std::max(hold_from_, hold);
    return true;
}

void Layers::finish(Cache& cache, HitSink& sink) {
    Node& first = nodes_[raw_text];
    quiet_ = false;
    first.piece = {};
    first.piece_begin = first.fed;
    for (std::size_t i = plain_view; i < layer_count; ++i) {
        if (nodes_[i].enabled) static_cast<void>(transform(i, true));
    }
    follow(cache, raw_text, sink);
    for (std::size_t i = raw_text; i < layer_count; ++i) {
        Node& node = nodes_[i];
        if (i != raw_text && (!node.enabled || !node.forked)) continue;
        matches_.clear();
        node.stream->finish(cache, node.history.text(), matches_);
        if (!matches_.empty()) report(i, {}, sink);
    }
    hold_from_ = first.fed;
}

void Layers::settle() {
    std::uint64_t hold = nodes_[raw_text].stream->hold_from();
    bool quiet = true;
    std::array<std::uint64_t, layer_count> needed{};
    for (std::size_t i = 0; i < layer_count; ++i) needed[i] = nodes_[i].at;
    for (std::size_t i = layer_count; i-- > plain_view;) {
        Node& node = nodes_[i];
        if (!node.enabled) continue;
        const bool waits = i == leet_view && node.waiting && node.changes.empty() && node.at == node.fed;
        if (node.forked) {
            quiet = quiet && waits;
            const std::uint64_t own_hold = node.stream->hold_from() + node.stream_base;
            hold = std::min(hold, raw_begin(i, own_hold));
            const std::uint64_t own_keep = std::min(own_hold, node.stream->keep_from() + node.stream_base);
            needed[i] = std::min({needed[i], own_keep > context_bytes ? own_keep - context_bytes : 0, node.since_own});
        }
        needed[node.parent] = std::min(needed[node.parent], parent_begin(node, needed[i]));
        if (pending_from(i) < nodes_[node.parent].fed) quiet = quiet && node.forked && waits;
    }
    hold_from_ = std::max(hold_from_, hold);
    for (std::size_t i = plain_view; i < layer_count; ++i) {
        Node& node = nodes_[i];
        std::size_t old = 0;
        while (old < node.next_change && node.changes[old].view_end <= needed[i]) ++old;
        if (old == 0) continue;
        node.base_parent = node.changes[old - 1].original_end;
        node.base_own = node.changes[old - 1].view_end;
        node.changes.erase(node.changes.begin(), node.changes.begin() + static_cast<std::ptrdiff_t>(old));
        node.next_change -= old;
    }
    for (std::size_t i = plain_view; i < layer_count; ++i) quiet = quiet && nodes_[i].changes.empty();
    quiet_ = quiet;
}

void Layers::detach() noexcept {
    for (Node& node : nodes_) {
        if (node.stream) node.stream->detach();
    }
}

std::size_t Layers::size() const noexcept {
    std::size_t bytes =
        sizeof *this + matches_.capacity() * sizeof(Match) + scratch_.capacity() + scratch_before_.capacity();
    for (const Node& node : nodes_) {
        bytes += (node.stream ? node.stream->size() : 0) + node.history.size() + node.out.capacity() +
                 node.changes.capacity() * sizeof(Change);
    }
    return bytes;
}

}  // namespace gw::guardrail
