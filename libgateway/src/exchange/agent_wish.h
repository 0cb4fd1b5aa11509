// AgentWish: which agent answers a request, in which session, and for whom: what the model's name, the header fields
// and the caller's rights choose together.
//
//     model "openclaw/<id>", x-openclaw-agent-id ──► agent
//     x-openclaw-session-key, or `user`          ──► session, or none: then nothing is left of the turn
//     x-openclaw-sender-is-owner, credentials    ──► owner or not
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "endpoint/openai_error.h"

namespace gw::exchange {

class Gateway;
class ServerConn;

struct AgentWish {
    explicit AgentWish(std::pmr::memory_resource* memory) : session_key(memory) {}
    const config::Agent* agent = nullptr;
    std::pmr::string session_key;  // canonical; empty: none
    std::string_view model;        // x-openclaw-model: "provider/model"; empty: the agent's own
    std::string_view channel;      // x-openclaw-message-channel: where the message came from, as the session notes it
    bool is_owner = false;
    std::optional<endpoint::ApiError> error;  // then the rest does not count
};

// `model` and `user` as the body says them; `family` is the second part of a session's name that is made from a user:
// "openai-user", "openresponses-user".
[[nodiscard]] AgentWish read_agent_wish(Gateway& gateway, ServerConn& client, std::string_view model,
                                        std::string_view user, std::string_view family);

}  // namespace gw::exchange
