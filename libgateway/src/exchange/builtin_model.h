// BuiltinModel: the built-in agent as a model. A stream of it takes its time, so that a person sees it arrive. It calls
// a tool that is offered when it is told to.
#pragma once

#include "core/timers.h"
#include "exchange/agent_model.h"
#include "provider/builtin.h"

namespace gw::exchange {

class Gateway;

class BuiltinModel final : public AgentModel {
public:
    BuiltinModel(Gateway& gateway, Listener& listener, const message::Conversation& conversation);

    void start() override;
    void stop() noexcept override;
    void pause() noexcept override { paused_ = true; }
    void resume() noexcept override;

private:
    void on_timer() noexcept;
    void say_word();
    void finish(message::StopReason reason);
    [[nodiscard]] static provider::BuiltinAgent agent_for(const message::Conversation& conversation,
                                                          std::string_view question, std::pmr::memory_resource* memory);

    Gateway& gateway_;
    Listener& listener_;
    const message::Conversation& conversation_;
    std::pmr::string question_;
    provider::BuiltinAgent agent_;
    Timer timer_;
    message::AnswerSteps steps_;
    bool paused_ = false, stopped_ = false, waits_ = false;
};

}  // namespace gw::exchange
