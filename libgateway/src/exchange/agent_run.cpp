#include "exchange/agent_run.h"

#include "endpoint/models.h"
#include "exchange/builtin_model.h"
#include "exchange/gateway.h"
#include "exchange/host_model.h"
#include "exchange/provider_model.h"

namespace gw::exchange {

AgentRun::AgentRun(Gateway& gateway, Owned<AgentRequest> request, Listener& listener)
    : in_runs(this),
      in_retired(this),
      gateway_(gateway),
      request_(std::move(request)),
      listener_(listener),
      config_(gateway.config_share()),
      candidates_(gateway.memory()),
      provider_(gateway.memory()),
      model_name_(gateway.memory()),
      text_(gateway.pool()),
      calls_(gateway.memory()),
      limit_timer_(
          gateway.timers(),
          [](void* self) { static_cast<AgentRun*>(self)->guard([](AgentRun& run) { run.on_limit(); }); }, this),
      step_timer_(
          gateway.timers(),
          [](void* self) { static_cast<AgentRun*>(self)->guard([](AgentRun& run) { run.on_step(); }); }, this),
      hold_timer_(
          gateway.timers(),
          [](void* self) { static_cast<AgentRun*>(self)->guard([](AgentRun& run) { run.on_hold(); }); }, this) {}

AgentRun::~AgentRun() { cancel(); }

// --- who answers -------------------------------------------------------------------------------------------------

void AgentRun::start() {
    begun_at_ = gateway_.now();
    const std::uint64_t limit_ms =
        request_->timeout_ms != 0 ? request_->timeout_ms : std::uint64_t{(*config_).run_timeout_s} * 1000;
    limit_timer_.arm(gateway_.now() + limit_ms);
    if (!choose()) return;
    switch (gateway_.runs().enter(*this)) {
    case AgentRuns::Turn::now: begin(); break;
    case AgentRuns::Turn::later: break;
    case AgentRuns::Turn::never:
        fail({GW_ERR_LIMIT, 503, "api_error", "Too many runs wait for their turn.", "gateway_busy", {}});
        break;
    }
}

bool AgentRun::choose() {
    const config::Agent* const agent = endpoint::find_agent(*config_, request_->agent_id);
    if (agent == nullptr) {
        fail({GW_ERR_ARGUMENT, 404, "invalid_request_error", "There is no such agent.", "agent_not_found", {}});
        return false;
    }
    hosted_ = gateway_.runs().host_answers(*agent);
    if (hosted_) return true;
    if (agent->host) {
        fail({GW_ERR_CONFIG,
              500,
              "api_error",
              "The agent's runtime is \"host\", and the program around this gateway does not answer for it.",
              "agent_unavailable",
              {}});
        return false;
    }
    switch (config::choose_models(*config_, *agent, request_->model, candidates_)) {
    case config::ModelProblem::none: return true;
    case config::ModelProblem::unknown_wish:
        fail({GW_ERR_ARGUMENT,
              404,
              "invalid_request_error",
              "Unknown model. Use provider/model of models.providers.",
              "model_not_found",
              {}});
        break;
    case config::ModelProblem::unknown_model:
        fail({GW_ERR_CONFIG,
              500,
              "api_error",
              "The agent's model names a provider that is not configured.",
              "model_not_found",
              {}});
        break;
    }
    return false;
}

void AgentRun::on_turn() noexcept {
    guard([](AgentRun& run) { run.begin(); });
}

void AgentRun::begin() {
    if (inspector() != nullptr) {
        forget_refused_turns();
        if (!inspect_prompt()) {
            block(true);
            return;
        }
        if (ask_about_prompt()) return;
    }
    go_on();
}

// Nobody has anything against the prompt.
void AgentRun::go_on() {
    if (prompt_) {
        record(*prompt_, true);
        tell_model();
        completion_.emplace(gateway_.proxy()->scanner(), gateway_.proxy()->policy(), gateway_.memory());
    }
    offer_tools();
    next_round();
}

void AgentRun::next_round() {
    if (++round_ > rounds_max) {
        fail({GW_ERR_LIMIT, 502, "agent_error", "The model called tools again and again.", "too_many_rounds", {}});
        return;
    }
    calls_.clear();
    call_at_ = 0;
    round_text_at_ = text_.size();
    round_usage_ = {};
    AnswerGate::Sink& sink = *this;
    AgentModel::Listener& listener = *this;
    gate_.emplace(sink, completion_ ? &*completion_ : nullptr, bytes_max, gateway_.memory());
    if (hosted_) {
        model_ = make_owned<HostModel>(gateway_.memory(), gateway_, listener, *request_);
    } else if (candidates_.empty()) {
        model_ = make_owned<BuiltinModel>(gateway_.memory(), gateway_, listener, request_->conversation);
    } else {
        const std::string_view trace = request_->trace.empty() ? request_->run_id : request_->trace;
        model_ = make_owned<ProviderModel>(gateway_.memory(), gateway_, listener, candidates_, request_->conversation,
                                           trace);
    }
    model_->start();
}

// --- what comes --------------------------------------------------------------------------------------------------

void AgentRun::on_begin(std::string_view provider, std::string_view model) {
    provider_ = provider;
    model_name_ = model;
}

void AgentRun::tell_start() {
    if (!std::exchange(started_, true)) listener_.on_start(provider_, model_name_);
}

void AgentRun::on_steps(const message::AnswerSteps& steps) {
    using What = message::AnswerStep::What;
    for (const message::AnswerStep& step : steps) {
        if (ended_) return;
        if (step.what == What::usage) round_usage_ = step.usage;
        if (step.what == What::stop) reason_ = step.reason;
        if (step.what != What::begin) tell_start();
        const std::size_t said = said_bytes_;
        if (ended_ || !heed(gate_->take(step))) return;
        if (step.what == What::delta) observe_hold(said_bytes_ != said);
    }
    if (!ended_ && completion_) {
        if (const auto due = gate_->deadline_ms()) hold_timer_.arm(*due);
    }
}

// How long pieces wait for the inspector, as of answers that the proxy passes on: one that leaves at once has waited 0.
void AgentRun::observe_hold(bool left) {
    Proxy* const proxy = gateway_.proxy();
    if (ended_ || !completion_ || proxy == nullptr) return;
    if (gate_->holds()) {
        if (!held_since_) held_since_ = gateway_.now();
    } else if (left || held_since_) {
        const Milliseconds since = held_since_.value_or(gateway_.now());
        held_since_.reset();
        proxy->metrics().added_latency.observe((gateway_.now() - since) * 1000);
    }
}

// What became of the last piece. False: the run has ended.
bool AgentRun::heed(AnswerGate::Outcome outcome) {
    if (ended_) return false;
    if (outcome == AnswerGate::Outcome::blocked) {
        block(false);
    } else if (outcome == AnswerGate::Outcome::too_large || said_bytes_ > bytes_max || calls_.size() > calls_max) {
        fail({GW_ERR_LIMIT, 502, "agent_error", "The agent's answer is too long.", "answer_too_long", {}});
    }
    return !ended_;
}

void AgentRun::on_text(std::string_view text) {
    if (ended_) return;
    text_.append(text);
    count(text.size());
    listener_.on_text(text);
}

void AgentRun::on_reasoning(std::string_view text) {
    if (ended_) return;
    count(text.size());
    listener_.on_reasoning(text);
}

void AgentRun::on_call(std::string_view id, std::string_view tool, std::string_view arguments) {
    count(arguments.size() + tool.size() + id.size());
    if (calls_.size() > calls_max) return;  // as heed() will see
    ToolCall::Owner& owner = *this;
    calls_.push_back(make_owned<ToolCall>(gateway_.memory(), owner, id, tool, arguments, gateway_.memory()));
}

void AgentRun::on_answered() {
    if (ended_) return;
    tell_start();
    if (ended_ || !heed(gate_->finish())) return;
    observe_hold(false);
    usage_.known = usage_.known || round_usage_.known;
    usage_.input += round_usage_.input;
    usage_.cached_input += round_usage_.cached_input;
    usage_.output += round_usage_.output;
    if (calls_.empty()) {
        end(reason_, false);
    } else if (!ask_about_calls()) {
        take_calls();
    }
}

void AgentRun::on_failed(const AgentFailure& failure) {
    if (ended_) return;
    // What was said before and is clean has been said; a secret in it blocks all the same.
    if (gate_ && !heed(gate_->finish())) return;
    fail(failure);
}

void AgentRun::on_step() {
    if (ended_) return;
    if (call_at_ < calls_.size()) {
        start_tool();
    } else {
        next_round();
    }
}

void AgentRun::on_hold() {
    if (ended_ || !gate_ || !heed(gate_->tick(gateway_.now()))) return;
    observe_hold(false);
    if (const auto due = gate_->deadline_ms()) hold_timer_.arm(*due);
}

void AgentRun::on_limit() {
    if (!ended_) fail({GW_ERR_TIMEOUT, 504, "agent_error", "The run took too long.", "run_timeout", {}});
}

// --- the end -----------------------------------------------------------------------------------------------------

void AgentRun::end(message::StopReason reason, bool blocked) {
    if (completion_) record(*completion_, false);
    close();
    listener_.on_end({reason, usage_, blocked});
    if (model_) model_->stop();
}

void AgentRun::fail(const AgentFailure& failure) {
    close();
    listener_.on_failed(failure);
    if (model_) model_->stop();  // behind the listener: the failure may be a view of the model's
}

void AgentRun::shut_down() {
    fail({GW_ERR_CANCELLED, 503, "api_error", "The gateway is shutting down.", "shutting_down", {}});
}

void AgentRun::close() noexcept {
    ended_ = true;
    limit_timer_.disarm();
    step_timer_.disarm();
    hold_timer_.disarm();
    if (opinion_) opinion_->take_back();
    gateway_.runs().leave(*this);
}

void AgentRun::cancel() noexcept {
    if (ended_) return;
    close();
    if (model_) model_->stop();
}

void AgentRun::on_no_memory() noexcept {
    if (ended_) return;
    cancel();
    listener_.on_no_memory();
}

void AgentRun::pause() noexcept {
    if (model_ && !ended_) model_->pause();
}

void AgentRun::resume() noexcept {
    if (model_ && !ended_) model_->resume();
}

}  // namespace gw::exchange
