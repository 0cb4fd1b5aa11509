// StepMaker: what all AnswerReaders do with what they find. It keeps parts one after another, gives calls without an id
// one, and knows that an answer with calls ended because of them.
//
//     text("a"), text("b"), call("f"), text("{}") ──► open text, delta "a", delta "b", close, open call, delta "{}"
#pragma once

#include <charconv>
#include <list>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/text.h"
#include "provider/translator.h"

namespace gw::provider {

// Ids for calls that have none: unique within a conversation as far as ids of answers are.
class CallIds {
public:
    explicit CallIds(std::pmr::memory_resource* memory) : answer_(memory) {}
    void set_answer(std::string_view id) {
        constexpr std::size_t id_bytes_max = 64;
        answer_ = cut_utf8(id, id_bytes_max);
    }
    [[nodiscard]] std::pmr::string next() {
        std::pmr::string id("call_", answer_.get_allocator().resource());
        if (!answer_.empty()) (id += answer_) += '_';
        char digits[20];
        const auto end = std::to_chars(std::begin(digits), std::end(digits), ++count_).ptr;
        id.append(digits, static_cast<std::size_t>(end - digits));
        return id;
    }

private:
    std::pmr::string answer_;
    std::uint64_t count_ = 0;
};

class StepMaker {
public:
    using What = message::AnswerStep::What;

    explicit StepMaker(std::pmr::memory_resource* memory) : ids_(memory), made_(memory) {}

    // In front of a frame's first step. Made ids are valid until then.
    void start(message::AnswerSteps& steps) {
        steps_ = &steps;
        made_.clear();
    }
    void begin(std::string_view id, std::string_view model) {
        if (begun_) return;
        begun_ = true;
        ids_.set_answer(id);
        message::AnswerStep& step = add(What::begin);
        step.id = id;
        step.model = model;
    }
    // More text or refusal, in the part that is open or in a new one.
    void text(AnswerKind kind, std::string_view text) {
        if (text.empty()) return;
        if (!open_ || kind_ != kind) open(kind);
        add(What::delta).text = text;
    }
    void call(std::string_view tool, std::string_view call_id) {
        open(AnswerKind::call);
        called_ = true;
        message::AnswerStep& step = steps_->back();
        step.tool = tool;
        step.call_id = call_id.empty() ? std::string_view(made_.emplace_back(ids_.next())) : call_id;
    }
    void arguments(std::string_view text) {
        if (!text.empty()) add(What::delta).text = text;
    }
    void close() {
        if (!open_) return;
        open_ = false;
        add(What::close);
    }
    void stop(message::StopReason reason, std::string_view stop_sequence = {}) {
        close();
        message::AnswerStep& step = add(What::stop);
        const bool calls = called_ && reason == message::StopReason::stop;
        step.reason = calls ? message::StopReason::tool_calls : reason;
        step.stop_sequence = stop_sequence;
    }
    void reasoning(std::string_view text) {
        if (!text.empty()) add(What::reasoning).text = text;
    }
    void usage(const message::TokenUsage& usage) {
        if (usage.known) add(What::usage).usage = usage;
    }
    void error(std::string_view message) { add(What::error).text = message; }

    void end() { add(What::end); }

    [[nodiscard]] bool is_open(AnswerKind kind) const noexcept { return open_ && kind_ == kind; }

private:
    message::AnswerStep& add(What what) {
        message::AnswerStep& step = steps_->emplace_back();
        step.what = what;
        return step;
    }
    void open(AnswerKind kind) {
        close();
        open_ = true;
        kind_ = kind;
        add(What::open).kind = kind;
    }

    message::AnswerSteps* steps_ = nullptr;
    CallIds ids_;
    std::pmr::list<std::pmr::string> made_;
    AnswerKind kind_ = AnswerKind::text;
    bool open_ = false;
    bool begun_ = false;
    bool called_ = false;
};

// The same for a whole answer.
inline void settle_answer(message::Answer& answer) {
    CallIds ids(answer.parts.get_allocator().resource());
    ids.set_answer(answer.id);
    bool called = false;
    for (message::AnswerPart& part : answer.parts) {
        if (part.kind != AnswerKind::call) continue;
        called = true;
        if (part.call_id.empty()) part.call_id = answer.keep(ids.next());
    }
    if (called && answer.reason == message::StopReason::stop) answer.reason = message::StopReason::tool_calls;
}

}  // namespace gw::provider
