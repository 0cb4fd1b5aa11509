#include "exchange/answer_gate.h"

#include <algorithm>

#include "json/json.h"

namespace gw::exchange {

AnswerGate::AnswerGate(Sink& sink, Inspection* inspection, std::size_t arguments_bytes_max,
                       std::pmr::memory_resource* memory)
    : sink_(sink),
      inspection_(inspection),
      arguments_bytes_max_(arguments_bytes_max),
      memory_(memory),
      call_id_(memory),
      tool_(memory),
      arguments_(memory) {}

AnswerGate::Outcome AnswerGate::take(const message::AnswerStep& step) {
    using What = message::AnswerStep::What;
    switch (step.what) {
    case What::open:
        if (step.kind != message::AnswerPart::Kind::call) return end(Stream::reasoning);
        if (const Outcome ended = finish(); ended != Outcome::open) return ended;
        in_call_ = true;
        call_id_ = step.call_id;
        tool_ = step.tool;
        arguments_.clear();
        return Outcome::open;
    case What::delta:
        if (!in_call_) return pass(Stream::text, step.text);
        if (step.text.size() > arguments_bytes_max_ - arguments_.size()) return Outcome::too_large;
        arguments_ += step.text;
        return Outcome::open;
    case What::close: return in_call_ ? end_call() : end(Stream::text);
    case What::reasoning: return pass(Stream::reasoning, step.text);
    case What::begin:
    case What::stop:
    case What::usage:
    case What::error:
    case What::end: break;
    }
    return Outcome::open;
}

AnswerGate::Outcome AnswerGate::finish() {
    in_call_ = false;
    const Outcome ended = end(Stream::reasoning);
    return ended == Outcome::open ? end(Stream::text) : ended;
}

AnswerGate::Outcome AnswerGate::pass(Stream stream, std::string_view piece) {
    if (piece.empty()) return Outcome::open;
    if (inspection_ == nullptr) {
        stream == Stream::text ? sink_.on_text(piece) : sink_.on_reasoning(piece);
        return Outcome::open;
    }
    Owned<guardrail::Inspector>& one = inspector(stream);
    if (!one) one = inspection_->begin(guardrail::Direction::completion, {});
    one->feed(piece);
    return take_parts(stream);
}

AnswerGate::Outcome AnswerGate::end(Stream stream) {
    if (!inspector(stream)) return Outcome::open;
    inspector(stream)->finish();
    if (const Outcome ended = take_parts(stream); ended != Outcome::open) return ended;
    inspection_->add(*inspector(stream));
    inspector(stream).reset();
    return Outcome::open;
}

AnswerGate::Outcome AnswerGate::take_parts(Stream stream) {
    for (const guardrail::Inspector::Part& part : inspector(stream)->parts()) {
        if (part.text.empty()) continue;
        stream == Stream::text ? sink_.on_text(part.text) : sink_.on_reasoning(part.text);
    }
    if (!inspector(stream)->blocked()) return Outcome::open;
    inspection_->add(*inspector(stream));
    inspector(stream).reset();
    return Outcome::blocked;
}

AnswerGate::Outcome AnswerGate::end_call() {
    in_call_ = false;
    if (arguments_.empty()) arguments_ = "{}";
    if (inspection_ != nullptr) {
        Inspection::WholeText left = inspection_->inspect_text(guardrail::Direction::tool_call, tool_, arguments_);
        if (left.blocked) return Outcome::blocked;
        if (left.changed) {
            if (json::Document check(memory_); !check.parse(left.text)) {
                inspection_->refuse("a replacement would break the JSON around it");
                return Outcome::blocked;
            }
            arguments_ = std::move(left.text);
        }
    }
    sink_.on_call(call_id_, tool_, arguments_);
    return Outcome::open;
}

AnswerGate::Outcome AnswerGate::tick(std::uint64_t now_ms) {
    for (const Stream stream : {Stream::reasoning, Stream::text}) {
        if (!inspector(stream)) continue;
        inspector(stream)->tick(now_ms);
        if (const Outcome ended = take_parts(stream); ended != Outcome::open) return ended;
    }
    return Outcome::open;
}

std::optional<std::uint64_t> AnswerGate::deadline_ms() const noexcept {
    std::optional<std::uint64_t> earliest;
    for (const Owned<guardrail::Inspector>* one : {&text_, &reasoning_}) {
        if (!*one) continue;
        if (const auto due = (*one)->deadline_ms()) earliest = std::min(earliest.value_or(*due), *due);
    }
    return earliest;
}

}  // namespace gw::exchange
