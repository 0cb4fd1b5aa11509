// The turns of agents that methods begin: an AgentRun, and what it says handed on.
#include <algorithm>

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
    void pause() noexcept override { run_->pause(); }
    void resume() noexcept override { run_->resume(); }

private:
    void on_start(std::string_view provider, std::string_view model) override { listener_.on_start(provider, model); }
    void on_text(std::string_view text) override { listener_.on_text(text); }
    void on_reasoning(std::string_view text) override { listener_.on_reasoning(text); }
    void on_call(const AgentRun::Call& call) override { listener_.on_call(call.id, call.tool, call.arguments); }
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
        listener_.on_failed({failure.http_status, failure.message, failure.type, failure.code, failure.retry_after});
    }
    void on_no_memory() noexcept override { listener_.on_no_memory(); }

    Gateway& gateway_;
    method::TurnListener& listener_;
    Owned<AgentRun> run_;
};

// What was said before, in front of everything else.
void put_past_in_front(AgentRequest& request, std::span<const method::TurnMessage> past) {
    using Kind = method::TurnMessage::Kind;
    auto& turns = request.conversation.turns;
    const auto given = static_cast<std::ptrdiff_t>(turns.size());
    for (const method::TurnMessage& one : past) {
        switch (one.kind) {
        case Kind::text: request.add_text(one.role, one.text); break;
        case Kind::call: request.add_call(one.call_id, one.tool, one.text); break;
        case Kind::result: request.add_result(one.call_id, one.tool, one.text, one.is_error); break;
        }
    }
    std::rotate(turns.begin(), turns.begin() + given, turns.end());
}

}  // namespace

Owned<method::Turn> Hub::make_turn(const method::TurnRequest& asked, method::TurnListener& listener) {
    // Only HttpTurn hands extras to a run.
    Owned<AgentRequest> request = asked.extras != nullptr
                                      ? Owned<AgentRequest>(static_cast<AgentRequest*>(asked.extras->release()),
                                                            PmrDelete<AgentRequest>(memory()))
                                      : make_owned<AgentRequest>(memory(), memory(), pool());
    request->run_id = asked.run_id;
    request->agent_id = asked.agent_id;
    request->model = asked.model;
    request->session_key = asked.session_key;
    request->tools = &gateway_.runs().tools();
    if (asked.timeout_ms != 0) request->timeout_ms = asked.timeout_ms;
    if (!asked.system.empty()) request->add_text(message::Role::system, asked.system);
    if (asked.extras != nullptr) {
        if (!asked.notices.empty()) request->add_text(message::Role::system, asked.notices);
        put_past_in_front(*request, asked.history);
        return make_owned<AgentTurn>(memory(), gateway_, std::move(request), listener);
    }
    request->conversation.stream = true;
    put_past_in_front(*request, asked.history);
    std::pmr::string text(asked.notices, memory());
    text += asked.text;
    request->add_text(message::Role::user, text);
    for (const method::TurnImage& image : asked.images) request->add_image(image.media, image.base64);
    return make_owned<AgentTurn>(memory(), gateway_, std::move(request), listener);
}

}  // namespace gw::exchange
