#include "exchange/builtin_model.h"

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

}  // namespace

BuiltinModel::BuiltinModel(Gateway& gateway, Listener& listener, const message::Conversation& conversation)
    : gateway_(gateway),
      listener_(listener),
      agent_(last_question(conversation), gateway.memory()),
      timer_(
          gateway.timers(), [](void* self) { static_cast<BuiltinModel*>(self)->on_timer(); }, this),
      steps_(gateway.memory()),
      stream_(conversation.stream) {}

void BuiltinModel::start() {
    listener_.on_begin("gateway", "builtin");
    if (stopped_) return;
    steps_.push_back(step_of(AnswerStep::What::begin));
    steps_.push_back(step_of(AnswerStep::What::open));
    if (stream_) {
        listener_.on_steps(steps_);
        if (!stopped_) timer_.arm(gateway_.now());
        return;
    }
    while (const auto word = agent_.next()) steps_.push_back(step_of(AnswerStep::What::delta, *word));
    listener_.on_steps(steps_);
    if (!stopped_) finish();
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
        finish();
        return;
    }
    steps_.assign(1, step_of(AnswerStep::What::delta, *word));
    timer_.arm(gateway_.now() + between_words_ms);
    listener_.on_steps(steps_);
}

void BuiltinModel::finish() {
    steps_.assign(1, step_of(AnswerStep::What::close));
    steps_.push_back(step_of(AnswerStep::What::stop));
    steps_.push_back(step_of(AnswerStep::What::usage));
    const message::Usage usage = agent_.usage();
    steps_.back().usage = {usage.input_tokens, 0, usage.output_tokens, true};
    listener_.on_steps(steps_);
    if (!stopped_) listener_.on_answered();
}

}  // namespace gw::exchange
