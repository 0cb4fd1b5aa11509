// HttpTurn: the turn of an agent that a request of an HTTP endpoint asks for.
//
//     in a session:   Chats ─► its line ─► transcript, events for everybody who watches ─► listener
//     without one:    AgentRun ─► listener; nothing is left of it
//
// Behind it are the same sessions and runs as behind the socket (method/chats.h). When it is destroyed before the end
// the run is cancelled: an HTTP client that has gone gets no answer.
#pragma once

#include <optional>
#include <string_view>

#include "core/owned.h"
#include "exchange/agent_request.h"
#include "exchange/agent_run.h"

namespace gw::exchange {

class Gateway;

class HttpTurn final {
public:
    HttpTurn(Gateway& gateway, AgentRun::Listener& listener);
    ~HttpTurn();
    HttpTurn(const HttpTurn&) = delete;
    HttpTurn& operator=(const HttpTurn&) = delete;

    // Once. May tell the listener at once. With `request->session_key`, a canonical key, the turn is one of that
    // session: `said` is what its transcript gets as the words of the user, and when the conversation is nothing but
    // these words the session's own past is put in front of it.
    void start(Owned<AgentRequest> request, std::string_view said);
    void pause() noexcept;
    void resume() noexcept;

private:
    Gateway& gateway_;
    AgentRun::Listener& listener_;
    Owned<AgentRun> run_;
};

}  // namespace gw::exchange
