// HostModel: the host answers a conversation itself (gateway/agent.h).
//
//     start() ─► GW_EVENT_RUN ─► gw_run_delta(), gw_run_tool_call() ... ─► gw_run_end() | gw_run_fail()
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "core/id_table.h"
#include "core/text.h"
#include "exchange/agent_model.h"
#include "exchange/event_source.h"
#include "gateway/agent.h"
#include "provider/translate_steps.h"

namespace gw::exchange {

struct AgentRequest;
class Gateway;

class HostModel final : public AgentModel, public EventSource {
public:
    // `request` outlives it.
    HostModel(Gateway& gateway, Listener& listener, const AgentRequest& request);
    ~HostModel() override;

    void start() override;
    void stop() noexcept override;
    void pause() noexcept override { paused_ = true; }
    void resume() noexcept override;
    bool next_event(gw_event& event) noexcept override;

    // The host's calls.
    [[nodiscard]] std::string_view request() const noexcept { return body_.text(); }
    [[nodiscard]] gw_status delta(gw_run_text kind, std::string_view text);
    [[nodiscard]] gw_status tool_call(std::string_view id, std::string_view tool, std::string_view arguments);
    [[nodiscard]] gw_status end(message::StopReason reason, const message::TokenUsage& usage);
    [[nodiscard]] gw_status fail(std::string_view message);
    void fail_no_memory() noexcept;

private:
    [[nodiscard]] gw_status deliver();
    void forget() noexcept;

    Gateway& gateway_;
    Listener& listener_;
    const AgentRequest& request_;
    Buffer body_;
    Id id_ = 0;
    provider::StepMaker maker_;
    message::AnswerSteps steps_;
    std::pmr::string text_;  // a piece together with the beginning of its first character
    Utf8Checker checker_;    // of the text that is open
    gw_run_text kind_ = GW_RUN_TEXT;
    std::pmr::string tail_;  // of the text that is open: a character that is not complete
    bool told_ = false;      // the host has heard of it
    bool paused_ = false, host_waits_ = false, stopped_ = false;
};

}  // namespace gw::exchange
