// AgentRun: one turn of an agent, from what it is asked to the end of its answer, whoever waits for it.
//
//     AgentRequest ─► its turn ─► prompt inspected ─► AgentModel ─► AnswerGate ─► Listener
//                                                        ▲             │ calls of the gateway's tools
//                                                        └─ results ◄──┴─► ToolRunner
//
// A run belongs to whoever made it and needs no connection: it goes on when its client has left, until it is cancelled.
// What a rule masks is replaced before the listener hears of it. What a rule blocks ends the run with a notice: a
// prompt before any model has seen it, an answer or a call before its listener has.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model_choice.h"
#include "core/buffer.h"
#include "core/list.h"
#include "core/owned.h"
#include "core/timers.h"
#include "exchange/agent_model.h"
#include "exchange/agent_request.h"
#include "exchange/answer_gate.h"
#include "exchange/config_handle.h"
#include "exchange/inspection.h"
#include "exchange/opinion.h"
#include "exchange/tools.h"

namespace gw::exchange {

class Gateway;
class Proxy;

class AgentRun final : private AgentModel::Listener,
                       private AnswerGate::Sink,
                       private ToolCall::Owner,
                       private Opinion::Owner {
public:
    static constexpr std::size_t rounds_max = 32;                    // models asked, one after the other
    static constexpr std::size_t calls_max = 128;                    // in one answer
    static constexpr std::size_t bytes_max = std::size_t{8} << 20U;  // of all that was said, and of all results
    static constexpr std::size_t result_bytes_max = std::size_t{256} << 10U;  // of one result; the rest is cut

    struct Call {
        std::string_view id, tool, arguments;
    };
    struct End {
        message::StopReason reason = message::StopReason::stop;
        message::TokenUsage usage;  // of all rounds
        bool blocked = false;       // by the guardrail; the text ends with the notice
    };
    // Told in this order: on_start, the pieces, then one of the last three; on_failed may come first. Views for the
    // call. The listener may call cancel(), pause() and AgentRuns::retire() from any of them.
    class Listener {
    public:
        virtual void on_start(std::string_view provider, std::string_view model) = 0;
        virtual void on_text(std::string_view text) = 0;
        virtual void on_reasoning(std::string_view /*text*/) {}
        // A tool of the client is called: complete. The run ends after the last of them, with StopReason::tool_calls.
        virtual void on_call(const Call& call) = 0;
        // A tool that the gateway runs.
        virtual void on_tool_start(const Call& /*call*/) {}
        virtual void on_tool_progress(const Call& /*call*/, std::string_view /*text*/) {}
        virtual void on_tool_result(const Call& /*call*/, std::string_view /*text*/, bool /*is_error*/) {}
        virtual void on_end(const End& end) = 0;
        virtual void on_failed(const AgentFailure& failure) = 0;
        // Instead of them when an allocation failed: what was said last may be half a thing.
        virtual void on_no_memory() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    AgentRun(Gateway& gateway, Owned<AgentRequest> request, Listener& listener);
    ~AgentRun();
    AgentRun(const AgentRun&) = delete;
    AgentRun& operator=(const AgentRun&) = delete;

    // Once. May call the listener at once.
    void start();
    // The listener hears nothing more; an upstream's connection is closed, the host told.
    void cancel() noexcept;
    // Back-pressure: a model that can wait does.
    void pause() noexcept;
    void resume() noexcept;

    [[nodiscard]] const AgentRequest& request() const noexcept { return *request_; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] std::string_view text() const noexcept { return text_.text(); }  // all that on_text() was told

    // From AgentRuns.
    Link<AgentRun> in_runs, in_retired;
    void on_turn() noexcept;
    void shut_down();

private:
    friend class AgentRuns;
    // AgentModel::Listener
    void on_begin(std::string_view provider, std::string_view model) override;
    void on_steps(const message::AnswerSteps& steps) override;
    void on_answered() override;
    void on_failed(const AgentFailure& failure) override;
    void on_no_memory() noexcept override;
    // AnswerGate::Sink
    void on_text(std::string_view text) override;
    void on_reasoning(std::string_view text) override;
    void on_call(std::string_view id, std::string_view tool, std::string_view arguments) override;
    // ToolCall::Owner
    void on_tool_progress(ToolCall& call, std::string_view text) override;
    void on_tool_result(ToolCall& call, std::string_view text, bool is_error) override;
    void on_tool_no_memory(ToolCall& /*call*/) noexcept override { on_no_memory(); }
    // Opinion::Owner
    void on_opinion(bool objects, std::string_view reason) override;

    template <typename Step>
    void guard(Step&& step) noexcept {
        try {
            step(*this);
        } catch (const std::bad_alloc&) {
            on_no_memory();
        }
    }
    [[nodiscard]] bool choose();
    void begin();
    void go_on();
    void next_round();
    void on_step();
    void on_hold();
    void observe_hold(bool left);
    void on_limit();
    void tell_start();
    [[nodiscard]] bool heed(AnswerGate::Outcome outcome);
    void count(std::size_t bytes) noexcept { said_bytes_ += bytes; }
    void end(message::StopReason reason, bool blocked);
    void fail(const AgentFailure& failure);
    void close() noexcept;

    // agent_run_tools.cpp
    [[nodiscard]] bool is_own(std::string_view tool) const noexcept;
    [[nodiscard]] bool may_call(std::string_view tool) const noexcept;
    void offer_tools();
    void take_calls();
    void keep_answer();
    void start_tool();

    // agent_run_guard.cpp
    [[nodiscard]] Proxy* inspector() const noexcept;
    [[nodiscard]] bool inspect_prompt();
    [[nodiscard]] bool inspect_part(message::ConversationPart& part, message::Role role);
    [[nodiscard]] bool inspect_view(std::string_view& text, guardrail::Direction direction, std::string_view tool);
    [[nodiscard]] bool inspect_json(std::string_view& text, guardrail::Direction direction, std::string_view tool);
    void forget_refused_turns();
    void tell_model();
    [[nodiscard]] bool ask_opinion(std::string_view direction, std::string_view body);
    [[nodiscard]] bool ask_about_prompt();
    [[nodiscard]] bool ask_about_calls();
    void block(bool prompt);
    void record(const Inspection& inspection, bool prompt);

    Gateway& gateway_;
    Owned<AgentRequest> request_;
    Listener& listener_;
    ConfigReference config_;  // what the models are views of
    std::pmr::vector<config::ModelChoice> candidates_;
    bool hosted_ = false;
    bool waits_ = false;  // in line
    bool started_ = false, ended_ = false;

    Owned<AgentModel> model_;
    std::optional<AnswerGate> gate_;
    std::optional<Inspection> prompt_, completion_;
    std::optional<Opinion> opinion_;
    std::pmr::string provider_, model_name_;  // who answers
    std::size_t round_ = 0;
    std::size_t round_text_at_ = 0;  // where this round's text begins
    message::StopReason reason_ = message::StopReason::stop;
    message::TokenUsage round_usage_, usage_;
    Buffer text_;
    std::size_t said_bytes_ = 0;

    std::size_t client_tools_ = 0;  // so many of conversation.tools are the client's
    std::pmr::vector<Owned<ToolCall>> calls_;
    std::size_t call_at_ = 0;
    bool tool_runs_ = false;

    Milliseconds begun_at_ = 0;
    std::optional<Milliseconds> held_since_;  // a piece of the answer waits for the inspector
    Timer limit_timer_, step_timer_, hold_timer_;
};

}  // namespace gw::exchange
