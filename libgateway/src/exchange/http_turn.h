// HttpTurn: the turn of an agent that a request of an HTTP endpoint asks for.
//
//     in a session:   Chats ─► its line ─► transcript, events for everybody who watches ─► listener
//     without one:    AgentRun ─► listener; nothing is left of it
//
// Behind it are the same sessions and runs as behind the socket (method/chats.h). When it is destroyed before the end
// the run is cancelled: an HTTP client that has gone gets no answer.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

#include "core/owned.h"
#include "exchange/agent_request.h"
#include "exchange/agent_run.h"
#include "method/turn.h"

namespace gw::exchange {

class Gateway;

class HttpTurn final : private method::TurnListener {
public:
    HttpTurn(Gateway& gateway, AgentRun::Listener& listener);
    ~HttpTurn();
    HttpTurn(const HttpTurn&) = delete;
    HttpTurn& operator=(const HttpTurn&) = delete;

    // Once. May tell the listener at once. With `request->session_key`, a canonical key, the turn is one of that
    // session, and the last turn of the conversation goes into its transcript. When the client says no more than that,
    // what was said in the session before is put in front of it; a client that sends turns of its own knows the past.
    void start(Owned<AgentRequest> request);
    void pause() noexcept;
    void resume() noexcept;

private:
    void start_in_session(Owned<AgentRequest> request);
    void fail(std::string_view message);
    // What the run in the session says.
    void on_start(std::string_view provider, std::string_view model) override;
    void on_text(std::string_view text) override;
    void on_reasoning(std::string_view text) override;
    void on_call(std::string_view id, std::string_view tool, std::string_view arguments) override;
    void on_tool_start(std::string_view id, std::string_view tool, std::string_view arguments) override;
    void on_tool_progress(std::string_view id, std::string_view tool, std::string_view text) override;
    void on_tool_result(std::string_view id, std::string_view tool, std::string_view text, bool is_error) override;
    void on_end(message::StopReason reason, const message::TokenUsage& usage, bool blocked) override;
    void on_failed(const method::TurnFailure& failure) override;
    void on_no_memory() noexcept override;

    Gateway& gateway_;
    AgentRun::Listener& listener_;
    Owned<AgentRun> run_;           // without a session
    std::pmr::string session_run_;  // the id of the run in a session, while it goes on
};

}  // namespace gw::exchange
