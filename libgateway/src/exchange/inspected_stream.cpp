#include "exchange/inspected_stream.h"

#include <algorithm>

#include "exchange/passage_inspection.h"

namespace gw::exchange {

namespace {

guardrail::Direction direction_of(message::PartKind kind) noexcept {
    switch (kind) {
    case message::PartKind::tool_arguments: return guardrail::Direction::tool_call;
    case message::PartKind::tool_result: return guardrail::Direction::tool_result;
    case message::PartKind::text:
    case message::PartKind::reasoning:
    case message::PartKind::refusal:
    case message::PartKind::document:
    case message::PartKind::transcript: break;
    }
    return guardrail::Direction::completion;
}

}  // namespace

InspectedStream::InspectedStream(Inspection& inspection, const provider::Dialect& dialect, provider::Framing framing,
                                 const Options& options, json::Document& scratch, BlockPool* pool,
                                 std::pmr::memory_resource* memory)
    : inspection_(inspection),
      dialect_(dialect),
      framing_(framing),
      options_(options),
      scratch_(scratch),
      pool_(pool),
      memory_(memory),
      frames_(framing, options.frame_bytes_max, pool, memory),
      reader_(dialect.new_reader(memory)),
      ending_(dialect.new_ending(framing, memory)),
      steps_(memory),
      channels_(memory),
      held_(memory),
      spans_(memory),
      calls_(pool),
      asked_calls_(memory) {}

bool InspectedStream::enforces() const noexcept { return inspection_.policy().policy.mode == guardrail::Mode::action; }

// --- what comes --------------------------------------------------------------------------------------------------

void InspectedStream::feed(std::span<const std::byte> piece, Buffer& out) {
    if (ended_) return;
    const auto fed = frames_.feed(piece);
    take_frames(out);
    if (!fed && !ended_) refuse(fed.error().what, out);
}

void InspectedStream::take_frames(Buffer& out) {
    while (!ended_) {
        const auto frame = frames_.next();
        if (!frame) {
            refuse(frame.error().what, out);
            return;
        }
        if (!*frame) return;
        on_frame(**frame, out);
    }
}

void InspectedStream::finish(Buffer& out) {
    if (ended_) return;
    const auto last = frames_.finish();
    if (!last) {
        refuse(last.error().what, out);
        return;
    }
    if (*last) on_frame(**last, out);
    if (ended_) return;
    close_all();
    if (block_waits_) {
        block(out);
        return;
    }
    release_held(out);
    ended_ = settled_ == asked_;
    finishes_ = !ended_;
}

Buffer InspectedStream::take_calls() {
    Buffer calls = calls_.take();
    taken_ = asked_;
    return calls;
}

void InspectedStream::settle(Buffer& out) {
    settled_ = taken_;
    if (ended_) return;
    release_held(out);
    ended_ = finishes_ && settled_ == asked_;
}

void InspectedStream::stop(Buffer& out) {
    if (!ended_) block(out);
}

void InspectedStream::fail(std::string_view message, Buffer& out) {
    if (ended_) return;
    close_all();
    if (block_waits_) {
        block(out);
        return;
    }
    release_held(out);
    refuse(message, out);
}

void InspectedStream::tick(std::uint64_t now_ms, Buffer& out) {
    if (ended_) return;
    now_ms_ = now_ms;
    for (Channel& channel : channels_) {
        if (!channel.text) continue;
        channel.text->tick(now_ms);
        take_parts(channel);
    }
    if (block_waits_) {
        block(out);
    } else {
        release_held(out);
    }
}

std::optional<std::uint64_t> InspectedStream::deadline_ms() const noexcept {
    std::optional<std::uint64_t> earliest;
    for (const Channel& channel : channels_) {
        if (!channel.text) continue;
        if (const auto due = channel.text->deadline_ms()) earliest = std::min(earliest.value_or(*due), *due);
    }
    return earliest;
}

// --- one frame ---------------------------------------------------------------------------------------------------

void InspectedStream::on_frame(const provider::Frame& frame, Buffer& out) {
    spans_.clear();
    frame_done_ = false;
    json::Value root;
    if (!frame.payload.empty() && !read_frame(frame, root)) {
        if (enforces()) {
            refuse("The upstream sent an event that cannot be inspected.", out);
            return;
        }
        inspection_.skip();
        spans_.clear();
    }
    if (block_waits_) {
        hold(frame);
        block(out);
        return;
    }
    if (held_.empty() && is_free(spans_)) {
        send(frame, root, spans_, frame_done_, out);
        if (options_.latency != nullptr) options_.latency->observe(0);
        return;
    }
    hold(frame);
    if (held_bytes_ > options_.held_bytes_max) {
        inspection_.refuse("buffered tool-call data exceeds the limit");
        block(out);
        return;
    }
    release_held(out);
}

bool InspectedStream::read_frame(const provider::Frame& frame, json::Value& root) {
    steps_.clear();
    if (frame.payload == "[DONE]") {
        reader_->read_sentinel(frame.payload, steps_);
    } else {
        json::Limits limits;
        limits.bytes_max = frame.payload.size();
        if (!scratch_.parse(frame.payload, limits)) return false;
        root = scratch_.root();
        if (!reader_->read(frame.type, root, steps_)) return false;
    }
    for (const provider::Step& step : steps_) {
        take_step(step);
        if (block_waits_) break;
    }
    return true;
}

void InspectedStream::take_step(const provider::Step& step) {
    using What = provider::Step::What;
    switch (step.what) {
    case What::open:
    case What::delta: {
        Channel& channel = channel_of(step);
        if (!channel.open) begin(channel, step);
        if (step.what == What::open) {
            if (channel.waits) {
                Span& span = spans_.emplace_back();
                span.channel = step.channel;
                span.begin = span.end = channel.fed;
            }
            break;
        }
        const std::string_view text = step.value.as_string().value_or("");
        Span& span = spans_.emplace_back();
        span.channel = step.channel;
        span.begin = channel.fed;
        span.end = channel.fed += text.size();
        span.offset = step.value.offset();
        span.size = step.value.raw().size();
        if (text.empty()) break;
        channel.text->feed(text);
        take_parts(channel);
        break;
    }
    case What::close:
        if (step.channel < channels_.size()) close(channels_[step.channel]);
        break;
    case What::whole:
        if (step.form == provider::TextForm::tokens) {
            take_tokens(step);
        } else {
            take_whole(step);
        }
        break;
    case What::done:
        close_all();
        frame_done_ = true;
        break;
    case What::begin:
    case What::stop:
    case What::usage:
    case What::error: break;
    }
}

InspectedStream::Channel& InspectedStream::channel_of(const provider::Step& step) {
    while (channels_.size() <= step.channel) channels_.emplace_back(memory_);
    return channels_[step.channel];
}

void InspectedStream::begin(Channel& channel, const provider::Step& step) {
    channel.open = true;
    const bool call = step.kind == message::PartKind::tool_arguments;
    channel.waits = call && enforces();
    channel.tool = step.tool;
    channel.arguments.clear();
    channel.base = channel.fed;  // frames that are held still name what came before
    channel.text = inspection_.begin(direction_of(step.kind), channel.tool);
}

// A text that came in one piece: a repetition of what was streamed, or a call with its arguments.
void InspectedStream::take_whole(const provider::Step& step) {
    Inspection::Whole whole =
        inspect_value(inspection_, direction_of(step.kind), step.tool, step.value, step.form, pool_);
    const std::uint64_t question = whole.blocked ? 0 : ask_about_whole(step, whole);
    if (!whole.blocked && !whole.changed && question <= settled_) return;
    Span& span = spans_.emplace_back();
    span.question = question;
    span.offset = step.value.offset();
    span.size = step.value.raw().size();
    if (whole.blocked) {  // nothing of it leaves: the frame goes no further than here
        block_waits_ = true;
        span.end = 1;
        return;
    }
    span.changed = whole.changed;
    span.value = std::move(whole.value);
}

// The number of the question that the call waits for; 0 when nobody is asked.
std::uint64_t InspectedStream::ask_about_whole(const provider::Step& step, const Inspection::Whole& whole) {
    if (!options_.asks_about_calls || step.kind != message::PartKind::tool_arguments) return 0;
    json::Document document(memory_);
    json::Value value = step.value;
    if (whole.changed) value = document.parse(whole.value) ? document.root() : json::Value{};
    return ask(step.tool, value.is(json::Kind::string) ? value.as_string().value_or("") : value.raw());
}

std::uint64_t InspectedStream::ask(std::string_view tool, std::string_view arguments) {
    constexpr std::size_t calls_max = 1024;
    std::pmr::string call(tool, memory_);
    call.append(1, '\0').append(arguments);
    const crypto::Digest digest = crypto::sha256(call);
    const auto known = std::find_if(asked_calls_.begin(), asked_calls_.end(),
                                    [&](const AskedCall& one) { return one.digest == digest; });
    if (known != asked_calls_.end()) return known->question;
    if (asked_calls_.size() >= calls_max) {
        inspection_.refuse("there are more tool calls than can be asked about");
        block_waits_ = true;
        return UINT64_MAX;
    }
    calls_.add(tool, arguments);
    asked_calls_.push_back({digest, ++asked_});
    return asked_;
}

// The frame's own text once more: what becomes of that is known when the frame leaves.
void InspectedStream::take_tokens(const provider::Step& step) {
    if (!enforces()) return;
    Span& span = spans_.emplace_back();
    span.offset = step.value.offset();
    span.size = step.value.raw().size();
    span.tokens = true;
    span.changed = withholds_tokens(inspection_, step.exact);
    span.value = no_tokens(step.value);
}

void InspectedStream::take_parts(Channel& channel) {
    for (const guardrail::Inspector::Part& part : channel.text->parts()) {
        if (part.replacement)
            channel.replaced.push_back({channel.base + part.begin, channel.base + part.end, part.text});
        channel.free_to = channel.base + part.end;
        if (channel.waits && options_.asks_about_calls) channel.arguments += part.text;
    }
    if (!channel.text->blocked()) return;
    inspection_.add(*channel.text);
    channel.text.reset();
    block_waits_ = true;
}

void InspectedStream::close(Channel& channel) {
    if (!channel.open) return;
    channel.open = false;
    if (!channel.text) return;
    channel.text->finish();
    take_parts(channel);
    if (!channel.text) return;  // blocked
    inspection_.add(*channel.text);
    channel.text.reset();
    channel.free_to = channel.fed;
    if (channel.waits && options_.asks_about_calls) channel.question = ask(channel.tool, channel.arguments);
    channel.waits = false;
}

void InspectedStream::close_all() {
    for (Channel& channel : channels_) {
        if (!block_waits_) close(channel);
    }
}

// --- what leaves -------------------------------------------------------------------------------------------------

bool InspectedStream::is_free(const Spans& spans) const noexcept {
    return std::all_of(spans.begin(), spans.end(), [this](const Span& span) {
        if (span.channel == Span::no_channel) return span.end == 0 && span.question <= settled_;
        const Channel& channel = channels_[span.channel];
        return channel.free_to >= span.end && !waits(channel);
    });
}

bool InspectedStream::is_changed(const Span& span) const noexcept {
    if (span.channel == Span::no_channel) return span.changed;
    const auto& replaced = channels_[span.channel].replaced;
    return std::any_of(replaced.begin(), replaced.end(),
                       [&](const Replacement& one) { return one.begin < span.end && one.end > span.begin; });
}

void InspectedStream::hold(const provider::Frame& frame) {
    Held& held = held_.emplace_back(pool_, memory_);
    held.raw.append(frame.raw);
    held.type = frame.type;
    const std::less_equal<const char*> before;
    const bool inside = !frame.payload.empty() && before(frame.raw.data(), frame.payload.data()) &&
                        before(frame.payload.data() + frame.payload.size(), frame.raw.data() + frame.raw.size());
    if (inside) {
        held.payload_offset = static_cast<std::size_t>(frame.payload.data() - frame.raw.data());
        held.payload_size = frame.payload.size();
    } else {
        held.own = frame.payload;
    }
    held.wrapped = frame.wrapped;
    held.done = frame_done_;
    held.since_ms = now_ms_;
    held.spans.swap(spans_);
    held_bytes_ += frame.raw.size();
}

provider::Frame InspectedStream::view(const Held& held) noexcept {
    provider::Frame frame;
    frame.raw = held.raw.text();
    frame.type = held.type;
    frame.payload = held.own.empty() ? frame.raw.substr(held.payload_offset, held.payload_size) : held.own;
    frame.wrapped = held.wrapped;
    return frame;
}

void InspectedStream::release_held(Buffer& out) {
    while (!held_.empty() && is_free(held_.front().spans)) {
        Held& held = held_.front();
        const provider::Frame frame = view(held);
        json::Value root;
        if (!frame.payload.empty() && scratch_.parse(frame.payload)) root = scratch_.root();
        send(frame, root, held.spans, held.done, out);
        if (options_.latency != nullptr) options_.latency->observe((now_ms_ - held.since_ms) * 1000);
        held_bytes_ -= frame.raw.size();
        held_.pop_front();
    }
}

void InspectedStream::send(const provider::Frame& frame, const json::Value& root, Spans& spans, bool done,
                           Buffer& out) {
    begun_ = true;
    const bool changed = std::any_of(spans.begin(), spans.end(), [this](const Span& span) { return is_changed(span); });
    if (changed) {
        for (Span& span : spans) span.changed |= span.tokens;
        send_changed(frame, spans, out);
    } else {
        out.append(frame.raw);
        if (root.exists()) {
            ending_->note(frame.type, root);
        } else if (!frame.payload.empty()) {
            ending_->note_sentinel(frame.payload);
        }
    }
    for (const Span& span : spans) {
        if (span.channel == Span::no_channel) continue;
        auto& replaced = channels_[span.channel].replaced;
        while (!replaced.empty() && replaced.front().end <= span.end) replaced.erase(replaced.begin());
    }
    if (done) complete_ = true;
}

void InspectedStream::send_changed(const provider::Frame& frame, Spans& spans, Buffer& out) {
    std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.offset < b.offset; });
    Buffer payload(pool_);
    std::size_t done = 0;
    for (const Span& span : spans) {
        if (span.size == 0 || span.offset < done || !is_changed(span)) continue;
        payload.append(frame.payload.substr(done, span.offset - done));
        write_value(span, frame.payload.substr(span.offset, span.size), payload);
        done = span.offset + span.size;
    }
    payload.append(frame.payload.substr(done));
    if (!provider::reframe(out, framing_, frame, payload.text(), memory_)) return;
    if (scratch_.parse(payload.text())) ending_->note(frame.type, scratch_.root());
}

// The value with what was replaced, as far as it may leave.
void InspectedStream::write_value(const Span& span, std::string_view value, Buffer& out) const {
    if (span.channel == Span::no_channel) {
        out.append(span.value);
        return;
    }
    json::Document document(memory_);
    json::Limits limits;
    limits.bytes_max = value.size();
    if (!document.parse(value, limits)) return;
    const std::string_view text = document.root().as_string().value_or("");
    const Channel& channel = channels_[span.channel];
    const std::uint64_t to = std::min(span.end, channel.free_to);
    std::uint64_t at = span.begin;
    out.append('"');
    const auto copy = [&](std::uint64_t end) {
        if (end > at) json::append_escaped(out, text.substr(at - span.begin, end - at));
        at = std::max(at, end);
    };
    for (const Replacement& one : channel.replaced) {
        if (one.end <= span.begin || one.begin >= to) continue;
        copy(std::max(one.begin, span.begin));
        if (one.begin >= span.begin) json::append_escaped(out, one.label);  // else an earlier frame has it
        at = std::max(at, std::min(one.end, span.end));
    }
    copy(to);
    out.append('"');
}

// A rule blocks: what may leave does, the last frame with the part of its text that may; then the end.
void InspectedStream::block(Buffer& out) {
    release_held(out);
    if (!held_.empty()) {
        Held& held = held_.front();
        const bool partial = held.spans.size() == 1 && held.spans.front().channel != Span::no_channel &&
                             !waits(channels_[held.spans.front().channel]) &&
                             channels_[held.spans.front().channel].free_to > held.spans.front().begin;
        if (partial) {
            const Span& span = held.spans.front();
            const provider::Frame frame = view(held);
            Buffer payload(pool_);
            payload.append(frame.payload.substr(0, span.offset));
            write_value(span, frame.payload.substr(span.offset, span.size), payload);
            payload.append(frame.payload.substr(span.offset + span.size));
            begun_ = true;
            if (provider::reframe(out, framing_, frame, payload.text(), memory_) && scratch_.parse(payload.text()))
                ending_->note(frame.type, scratch_.root());
        }
    }
    held_.clear();
    held_bytes_ = 0;
    std::pmr::string message(memory_);
    inspection_.write_notice(message, false, options_.notice);
    const provider::Notice notice{message, options_.model, unix_ms_};
    if (!begun_ && options_.facts != nullptr) {
        dialect_.write_blocked(out, notice, *options_.facts);
    } else {
        ending_->write_block(out, notice);
    }
    ended_ = blocked_ = complete_ = true;
}

// The stream cannot go on: it ends with an error.
void InspectedStream::refuse(std::string_view message, Buffer& out) {
    held_.clear();
    held_bytes_ = 0;
    ending_->write_failure(out, message);
    ended_ = complete_ = true;
}

}  // namespace gw::exchange
