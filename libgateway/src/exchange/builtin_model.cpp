#include "exchange/builtin_model.h"

#include <algorithm>
#include <new>

#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

using message::AnswerStep;

constexpr Milliseconds between_words_ms = 20;

// The texts of the last turn of the user, with line feeds between them.
std::pmr::string last_question(const message::Conversation& conversation) {
    std::pmr::string out(conversation.memory());
    for (auto turn = conversation.turns.rbegin(); turn != conversation.turns.rend(); ++turn) {
        if (turn->role != message::Role::user) continue;
        for (std::size_t i = turn->first; i < turn->first + turn->count; ++i) {
            if (conversation.parts[i].kind != message::ConversationPart::Kind::text) continue;
            if (!out.empty()) out += '\n';
            out += conversation.parts[i].text;
        }
        break;
    }
    return out;
}

AnswerStep step_of(AnswerStep::What what, std::string_view text = {}) {
    AnswerStep step;
    step.what = what;
    step.text = text;
    return step;
}

bool has_results(const message::Conversation& conversation) noexcept {
    return !conversation.turns.empty() && conversation.turns.back().role == message::Role::tool;
}

bool offers(const message::Conversation& conversation, std::string_view tool) noexcept {
    return std::any_of(conversation.tools.begin(), conversation.tools.end(),
                       [&](const message::Tool& it) { return it.name == tool; });
}

}  // namespace

BuiltinModel::BuiltinModel(Gateway& gateway, Listener& listener, const message::Conversation& conversation)
    : gateway_(gateway),
      listener_(listener),
      conversation_(conversation),
      question_(last_question(conversation)),
      agent_(agent_for(conversation, question_, gateway.memory())),
      timer_(
          gateway.timers(), [](void* self) { static_cast<BuiltinModel*>(self)->on_timer(); }, this),
      steps_(gateway.memory()) {}

// Behind the results of tools: what the last of them says.
provider::BuiltinAgent BuiltinModel::agent_for(const message::Conversation& conversation, std::string_view question,
                                               std::pmr::memory_resource* memory) {
    if (!has_results(conversation) || conversation.turns.back().count == 0)
        return provider::BuiltinAgent(question, memory);
    const message::Turn& turn = conversation.turns.back();
    const message::ConversationPart& result = conversation.parts[turn.first + turn.count - 1];
    const std::string_view said = result.inner_count > 0 ? conversation.inner[result.inner_first].text : "";
    return provider::BuiltinAgent::of_result(result.tool, said, memory);
}

void BuiltinModel::start() {
    listener_.on_begin("gateway", "builtin");
    if (stopped_) return;
    steps_.push_back(step_of(AnswerStep::What::begin));
    const auto call = has_results(conversation_) ? std::nullopt : provider::told_call(question_, gateway_.memory());
    if (call && offers(conversation_, call->tool)) {
        AnswerStep open = step_of(AnswerStep::What::open);
        open.kind = message::AnswerPart::Kind::call;
        open.tool = call->tool;
        open.call_id = "call_builtin";
        steps_.push_back(open);
        steps_.push_back(step_of(AnswerStep::What::delta, call->arguments));
        listener_.on_steps(steps_);
        if (!stopped_) finish(message::StopReason::tool_calls);
        return;
    }
    steps_.push_back(step_of(AnswerStep::What::open));
    if (conversation_.stream) {
        listener_.on_steps(steps_);
        if (!stopped_) timer_.arm(gateway_.now());
        return;
    }
    while (const auto word = agent_.next()) steps_.push_back(step_of(AnswerStep::What::delta, *word));
    listener_.on_steps(steps_);
    if (!stopped_) finish(message::StopReason::stop);
}

void BuiltinModel::stop() noexcept {
    stopped_ = true;
    timer_.disarm();
}

void BuiltinModel::resume() noexcept {
    paused_ = false;
    if (waits_ && !stopped_) timer_.arm(gateway_.now());
}

void BuiltinModel::on_timer() noexcept {
    waits_ = paused_;
    if (paused_) return;
    try {
        say_word();
    } catch (const std::bad_alloc&) {
        stop();
        listener_.on_no_memory();
    }
}

void BuiltinModel::say_word() {
    const auto word = agent_.next();
    if (!word) {
        finish(message::StopReason::stop);
        return;
    }
    steps_.assign(1, step_of(AnswerStep::What::delta, *word));
    timer_.arm(gateway_.now() + between_words_ms);
    listener_.on_steps(steps_);
}

void BuiltinModel::finish(message::StopReason reason) {
    steps_.assign(1, step_of(AnswerStep::What::close));
    steps_.push_back(step_of(AnswerStep::What::stop));
    steps_.back().reason = reason;
    steps_.push_back(step_of(AnswerStep::What::usage));
    const message::Usage usage = agent_.usage();
    steps_.back().usage = {usage.input_tokens, 0, usage.output_tokens, true};
    listener_.on_steps(steps_);
    if (!stopped_) listener_.on_answered();
}

}  // namespace gw::exchange
