// Run: one turn of an agent in a session, as clients follow it: numbered "agent" events, and "chat" events at a pace
// that a screen can use.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/owned.h"
#include "core/timers.h"
#include "method/gate.h"
#include "method/turn.h"
#include "session/message.h"

namespace gw::method {

class Chats;
class Core;
struct RunSpec;

class Run final : public TurnListener {
public:
    Run(Core& core, Chats& chats, const RunSpec& spec);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    void begin();
    // Ends it with what was said so far.
    void abort(std::string_view reason);

    [[nodiscard]] const std::pmr::string& id() const noexcept { return id_; }
    [[nodiscard]] const std::pmr::string& session_key() const noexcept { return session_key_; }
    [[nodiscard]] bool begun() const noexcept { return begun_; }
    [[nodiscard]] std::uint64_t started_ms() const noexcept { return started_ms_; }
    [[nodiscard]] bool belongs_to(const Client& client) const noexcept;
    void forget_observer() noexcept { observer_ = nullptr; }
    void pause() noexcept;
    void resume() noexcept;

    void on_start(std::string_view provider, std::string_view model) override;
    void on_text(std::string_view text) override;
    void on_reasoning(std::string_view text) override;
    void on_call(std::string_view id, std::string_view tool, std::string_view arguments) override;
    void on_tool_start(std::string_view id, std::string_view tool, std::string_view arguments) override;
    void on_tool_progress(std::string_view id, std::string_view tool, std::string_view text) override;
    void on_tool_result(std::string_view id, std::string_view tool, std::string_view text, bool is_error) override;
    void on_end(message::StopReason reason, const message::TokenUsage& usage, bool blocked) override;
    void on_failed(const TurnFailure& failure) override;
    void on_no_memory() noexcept override;

private:
    friend class Chats;
    struct Past {
        explicit Past(std::pmr::memory_resource* memory) : text(memory), call_id(memory), tool(memory) {}
        TurnMessage::Kind kind = TurnMessage::Kind::text;
        message::Role role = message::Role::user;
        std::pmr::string text, call_id, tool;
        bool is_error = false;
    };
    struct Image {
        std::pmr::string media, base64;
    };

    void tell_agent(std::string_view stream, std::string_view data, bool to_tool_followers = false);
    void tell_lifecycle(std::string_view phase, std::string_view error = {});
    // A chat event; `text` is the message, absent when there is none to show.
    void tell_chat(std::string_view state, const std::string_view* text, std::string_view stop_reason,
                   std::string_view error, std::uint8_t protocol_min, std::uint8_t protocol_max);
    void tell_simple(SimpleNews::Kind kind, std::string_view text);
    void tell_delta(bool all);
    void on_pace();
    void write_tool(std::string_view phase, std::string_view id, std::string_view tool, std::string_view name,
                    std::string_view value, bool is_json, const bool* is_error);
    // Puts what was said since the last message into the transcript.
    void keep_answer(std::string_view stop_reason, const message::TokenUsage& usage,
                     std::span<const session::ToolCallPart> calls = {});
    // A call of a tool, in the transcript and as an event.
    void keep_call(std::string_view id, std::string_view tool, std::string_view arguments);

    Core& core_;
    Chats& chats_;
    std::pmr::string family_, id_, session_key_, session_id_, agent_id_, text_, system_, model_;
    std::pmr::string notices_;  // of the system, in front of the text
    std::pmr::string owner_device_, owner_conn_;
    std::pmr::vector<Past> history_;
    std::pmr::vector<Image> images_;
    std::uint32_t timeout_ms_;
    std::vector<Ticket, std::pmr::polymorphic_allocator<Ticket>> at_end_;

    std::pmr::vector<std::pmr::string> results_;   // of the client's tools, that the run begins with: ids of calls
    std::pmr::vector<std::pmr::string> said_ids_;  // of what the run itself put into the transcript at its start
    TurnListener* observer_;
    Owned<TurnExtras> extras_;
    bool brings_past_;

    Owned<Turn> turn_;
    Timer pace_timer_;
    Buffer said_;                 // all of the answer
    std::size_t kept_at_ = 0;     // how much of it is in the transcript
    std::size_t told_at_ = 0;     // how much protocol 4 has heard
    std::size_t told_three_ = 0;  // how much protocol 3 has heard
    bool odd_ = false;            // protocol 3 hears every second time
    std::uint64_t seq_ = 0;
    std::uint64_t started_ms_ = 0;
    std::pmr::string provider_, model_name_;
    message::TokenUsage usage_;
    std::pmr::string message_, message_id_;  // what the user said, until it is told
    bool proceeded_ = false, begun_ = false, ended_ = false;
};

}  // namespace gw::method
