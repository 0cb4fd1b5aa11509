#include "guardrail/decoded_layer.h"

#include <algorithm>

namespace gw::guardrail {

DecodedLayer::DecodedLayer(const std::shared_ptr<const PatternSet>& set, std::pmr::memory_resource* memory)
    : set_(set),
      history_(memory),
      segments_(memory),
      events_(memory),
      out_(memory),
      scratch_(memory),
      scratch_before_(memory),
      matches_(memory) {}

void DecodedLayer::feed(Cache& cache, std::string_view piece, HitSink& sink) {
    out_.clear();
    events_.clear();
    runs_.feed(piece, out_, events_);
    for (const RunEvent& event : events_) handle(cache, event, sink);
}

void DecodedLayer::finish(Cache& cache, HitSink& sink) {
    out_.clear();
    events_.clear();
    runs_.finish(out_, events_);
    for (const RunEvent& event : events_) handle(cache, event, sink);
    end_run(cache, sink);
}

void DecodedLayer::handle(Cache& cache, const RunEvent& event, HitSink& sink) {
    switch (event.type) {
    case RunEvent::Type::begin:
        end_run(cache, sink);
        if (!fresh_) fresh_.emplace(set_, segments_.get_allocator().resource());
        if (!stream_) stream_.emplace(set_, segments_.get_allocator().resource());
        stream_->become(*fresh_);
        history_.assign({}, 0);
        segments_.clear();
        open_ = true;
        break;
    case RunEvent::Type::data: {
        const std::string_view data = std::string_view(out_).substr(event.out_begin, event.out_end - event.out_begin);
        segments_.push_back({event, stream_->offset()});
        decoded_bytes_ += data.size();
        matches_.clear();
        stream_->scan(cache, history_.text(), data, matches_);
        if (!matches_.empty()) report(data, sink);
        const std::uint64_t keep = std::min(stream_->keep_from(), stream_->hold_from());
        const std::uint64_t from = keep > context_bytes ? keep - context_bytes : 0;
        history_.append(data, from);
        std::size_t old = 0;
        while (old + 1 < segments_.size() && segments_[old + 1].begin <= from) ++old;
        segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(old));
        break;
    }
    case RunEvent::Type::end: end_run(cache, sink); break;
    }
}

void DecodedLayer::end_run(Cache& cache, HitSink& sink) {
    if (!open_) return;
    matches_.clear();
    stream_->finish(cache, history_.text(), matches_);
    if (!matches_.empty()) report({}, sink);
    open_ = false;
}

void DecodedLayer::report(std::string_view piece, HitSink& sink) {
    for (const Match& match : matches_) {
        Hit hit;
        hit.pattern = match.pattern;
        hit.phase = match.phase;
        hit.clipped = match.clipped;
        hit.view = ViewKind::decoded;
        hit.begin = origin(match.begin).first;
        hit.end = origin(match.end - 1).second;
        hit.known = match.known > 0 ? origin(match.known - 1).second : hit.end;
        hit.text = history_.slice(piece, match.begin, match.end, scratch_);
        hit.before = history_.slice(piece, match.begin > context_bytes ? match.begin - context_bytes : 0, match.begin,
                                    scratch_before_);
        sink.on_hit(hit);
    }
}

std::pair<std::uint64_t, std::uint64_t> DecodedLayer::origin(std::uint64_t offset) const noexcept {
    const Segment* in = &segments_.front();
    for (const Segment& segment : segments_) {
        if (segment.begin <= offset) in = &segment;
    }
    const std::size_t size = in->event.out_end - in->event.out_begin;
    const std::uint64_t index = offset > in->begin ? offset - in->begin : 0;
    return origin_of(in->event, static_cast<std::size_t>(std::min<std::uint64_t>(index, size - 1)));
}

std::uint64_t DecodedLayer::hold_from(std::uint64_t at) const noexcept {
    if (!open_) return at;
    const std::uint64_t hold = stream_->hold_from();
    return hold >= stream_->offset() ? at : std::min(at, origin(hold).first);
}

std::size_t DecodedLayer::size() const noexcept {
    return sizeof *this + (fresh_ ? fresh_->size() : 0) + (stream_ ? stream_->size() : 0) + history_.size() +
           out_.capacity() + scratch_.capacity() + scratch_before_.capacity() + segments_.capacity() * sizeof(Segment) +
           events_.capacity() * sizeof(RunEvent) + matches_.capacity() * sizeof(Match);
}

}  // namespace gw::guardrail
