// A turn of an agent, as methods see it: what is asked, and what comes back piece by piece. The engine runs it
// (Gate::make_turn); here is only who listens.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/owned.h"
#include "message/chat.h"
#include "message/conversation.h"

namespace gw::method {

// What was said in a session before.
struct TurnMessage {
    enum class Kind : std::uint8_t { text, call, result };
    Kind kind = Kind::text;
    message::Role role = message::Role::user;  // text
    std::string_view text;                     // call: its arguments, a JSON object
    std::string_view call_id, tool;            // call, result
    bool is_error = false;                     // result
};
struct TurnImage {
    std::string_view media;   // "image/png"
    std::string_view base64;  // valid
};

// What a front asks of the engine beside that, which is nothing to the methods in between.
class TurnExtras {
public:
    virtual ~TurnExtras() = default;
};

// Views, copied by make_turn().
struct TurnRequest {
    std::string_view run_id, agent_id, session_key;
    std::string_view model;  // "provider/model" instead of the agent's own; empty: its own
    std::string_view system;
    std::span<const TurnMessage> history;  // oldest first
    std::string_view text;
    std::span<const TurnImage> images;
    std::string_view notices;      // of the system, for this turn
    std::uint32_t timeout_ms = 0;  // 0: as configured
    // Taken by make_turn(); it holds the text and the images then.
    Owned<TurnExtras>* extras = nullptr;
};

struct TurnFailure {
    int http_status = 0;  // of the provider, or what fits; 0: none
    std::string_view message;
    std::string_view type, code, retry_after;  // as AgentFailure has them; may be empty
};

// Told in this order: on_start, pieces, then one of the last three. The turn may be destroyed from inside any of them.
class TurnListener {
public:
    virtual void on_start(std::string_view provider, std::string_view model) = 0;
    virtual void on_text(std::string_view text) = 0;
    virtual void on_reasoning(std::string_view /*text*/) {}
    // A tool of the client is called: the turn ends after the last of them.
    virtual void on_call(std::string_view id, std::string_view tool, std::string_view arguments) = 0;
    // A tool of the gateway.
    virtual void on_tool_start(std::string_view id, std::string_view tool, std::string_view arguments) = 0;
    virtual void on_tool_progress(std::string_view id, std::string_view tool, std::string_view text) = 0;
    virtual void on_tool_result(std::string_view id, std::string_view tool, std::string_view text, bool is_error) = 0;
    virtual void on_end(message::StopReason reason, const message::TokenUsage& usage, bool blocked) = 0;
    virtual void on_failed(const TurnFailure& failure) = 0;
    virtual void on_no_memory() noexcept = 0;

protected:
    ~TurnListener() = default;
};

// Destroying it ends the turn.
class Turn {
public:
    virtual ~Turn() = default;
    virtual void start() = 0;  // once; may tell the listener at once
    virtual void pause() noexcept {}
    virtual void resume() noexcept {}
};

}  // namespace gw::method
