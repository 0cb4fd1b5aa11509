// AgentModel: whoever answers a conversation once. There are three: the built-in agent, a provider, the host.
//
//     start() ─► on_begin(who) ─► on_steps(...) ... ─► on_answered() | on_failed()
//
// An agent may ask several models for one answer, one round after the other: exchange/agent_run.h.
#pragma once

#include <string_view>

#include "gateway/base.h"
#include "message/conversation.h"

namespace gw::exchange {

// Why there is no answer, or not the whole of it; what OpenAI's errors say. Views for the call.
struct AgentFailure {
    gw_status status = GW_ERR_UPSTREAM;
    int http_status = 502;
    std::string_view type, message, code;
    std::string_view retry_after;  // seconds or a date, as the provider said it
};

class AgentModel {
public:
    // In this order: on_begin, on_steps..., then one of the others; on_failed may come first. The listener may call
    // stop() from any of them, but not destroy the model.
    class Listener {
    public:
        virtual void on_begin(std::string_view provider, std::string_view model) = 0;
        // What belongs to one answer, and nothing behind its stop but usage. Views for the call.
        virtual void on_steps(const message::AnswerSteps& steps) = 0;
        virtual void on_answered() = 0;  // a stop was among the steps
        virtual void on_failed(const AgentFailure& failure) = 0;
        virtual void on_no_memory() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    AgentModel() = default;
    virtual ~AgentModel() = default;
    AgentModel(const AgentModel&) = delete;
    AgentModel& operator=(const AgentModel&) = delete;

    // Once. May call the listener at once.
    virtual void start() = 0;
    // The answer is not wanted any more: the listener hears nothing else.
    virtual void stop() noexcept = 0;
    // Back-pressure.
    virtual void pause() noexcept = 0;
    virtual void resume() noexcept = 0;
};

}  // namespace gw::exchange
