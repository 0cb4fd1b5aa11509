// The turns of agents that methods begin: an AgentRun, and what it says handed on.
#include "exchange/agent_run.h"
#include "exchange/gateway.h"
#include "exchange/hub.h"

namespace gw::exchange {

namespace {

class AgentTurn final : public method::Turn, public AgentRun::Listener {
public:
    AgentTurn(Gateway& gateway, Owned<AgentRequest> request, method::TurnListener& listener)
        : gateway_(gateway),
          listener_(listener),
          run_(make_owned<AgentRun>(gateway.memory(), gateway, std::move(request), *this)) {}
    ~AgentTurn() override {
        run_->cancel();
        gateway_.runs().retire(std::move(run_));
    }
    AgentTurn(const AgentTurn&) = delete;
    AgentTurn& operator=(const AgentTurn&) = delete;

    void start() override { run_->start(); }

private:
    void on_start(std::string_view provider, std::string_view model) override { listener_.on_start(provider, model); }
    void on_text(std::string_view text) override { listener_.on_text(text); }
    void on_call(const AgentRun::Call& call) override { listener_.on_tool_start(call.id, call.tool, call.arguments); }
    void on_tool_start(const AgentRun::Call& call) override {
        listener_.on_tool_start(call.id, call.tool, call.arguments);
    }
    void on_tool_progress(const AgentRun::Call& call, std::string_view text) override {
        listener_.on_tool_progress(call.id, call.tool, text);
    }
    void on_tool_result(const AgentRun::Call& call, std::string_view text, bool is_error) override {
        listener_.on_tool_result(call.id, call.tool, text, is_error);
    }
    void on_end(const AgentRun::End& end) override { listener_.on_end(end.reason, end.usage, end.blocked); }
    void on_failed(const AgentFailure& failure) override {
        listener_.on_failed({failure.http_status, failure.message});
    }
    void on_no_memory() noexcept override { listener_.on_no_memory(); }

    Gateway& gateway_;
    method::TurnListener& listener_;
    Owned<AgentRun> run_;
};

}  // namespace

Owned<method::Turn> Hub::make_turn(const method::TurnRequest& asked, method::TurnListener& listener) {
    auto request = make_owned<AgentRequest>(memory(), memory(), pool());
    request->run_id = asked.run_id;
    request->agent_id = asked.agent_id;
    request->model = asked.model;
    request->session_key = asked.session_key;
    request->timeout_ms = asked.timeout_ms;
    request->tools = &gateway_.runs().tools();
    request->conversation.stream = true;
    if (!asked.system.empty()) request->add_text(message::Role::system, asked.system);
    for (const method::TurnMessage& past : asked.history) request->add_text(past.role, past.text);
    request->add_text(message::Role::user, asked.text);
    for (const method::TurnImage& image : asked.images) request->add_image(image.media, image.base64);
    return make_owned<AgentTurn>(memory(), gateway_, std::move(request), listener);
}

}  // namespace gw::exchange
