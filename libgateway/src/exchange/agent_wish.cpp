#include "exchange/agent_wish.h"

#include <algorithm>

#include "core/text.h"
#include "endpoint/models.h"
#include "exchange/gateway.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

endpoint::ApiError invalid(std::string_view message, std::string_view param) {
    return {400, "invalid_request_error", message, {}, param};
}

// Sessions of work that the gateway does on its own: nobody joins them from outside.
bool is_reserved(std::string_view key) noexcept {
    const auto parts = session::parse_key(key);
    const std::string_view rest = parts ? parts->rest : key;
    for (const std::string_view name : {"subagent:", "cron:", "acp:"}) {
        if (rest.starts_with(name)) return true;
    }
    return false;
}

// Lower-case letters, digits, '-', '_' and '.', up to 64 of them.
bool is_channel(std::string_view name) noexcept {
    return name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
           });
}

}  // namespace

AgentWish read_agent_wish(Gateway& gateway, ServerConn& client, std::string_view model, std::string_view user,
                          std::string_view family) {
    AgentWish out(gateway.memory());
    const auto choice = endpoint::choose_agent(gateway.config(), model, client.agent_field());
    if (choice.error) {
        out.error = choice.error;
        return out;
    }
    out.agent = choice.agent;
    out.model = client.field("x-openclaw-model");
    out.channel = client.field("x-openclaw-message-channel");
    if (out.channel.empty()) {
        out.channel = "webchat";
    } else if (!is_channel(out.channel)) {
        out.error = invalid("x-openclaw-message-channel is no name of a channel.", "x-openclaw-message-channel");
        return out;
    }
    out.is_owner =
        out.agent->public_mode ? client.field("x-openclaw-sender-is-owner") == "true" : client.caller().is_owner;

    const session::KeyRules rules = gateway.hub().core().sessions.rules();
    if (const std::string_view asked = client.field("x-openclaw-session-key"); !asked.empty()) {
        const auto key = session::canonical_key(asked, out.agent->id, rules, gateway.memory());
        if (!key) {
            out.error = invalid("x-openclaw-session-key is no name of a session.", "x-openclaw-session-key");
        } else if (is_reserved(*key)) {
            out.error =
                invalid("Sessions of subagent:, cron: and acp: are not open to requests.", "x-openclaw-session-key");
        } else if (const auto parts = session::parse_key(*key);
                   parts && !parts->agent.empty() && !equals_ignoring_case(parts->agent, out.agent->id)) {
            out.error =
                invalid("The session belongs to another agent than the one that is asked.", "x-openclaw-session-key");
        } else {
            out.session_key = *key;
        }
    } else if (!user.empty()) {
        std::pmr::string name("agent:", gateway.memory());
        name.append(out.agent->id).append(":").append(family).append(":").append(user);
        if (auto key = session::canonical_key(name, rules, gateway.memory())) {
            out.session_key = std::move(*key);
        } else {
            out.error = invalid("`user` is too long, or has characters that no session's name may have.", "user");
        }
    }
    return out;
}

}  // namespace gw::exchange
