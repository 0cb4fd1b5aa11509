// Tools that the gateway runs itself when the model of an agent calls them.
//
//     AgentRun ── start(call) ──► ToolRunner        ToolCall::finish(result) ──► AgentRun, which asks the model again
//
// The call belongs to the run. Whoever works on it longer than start() leaves a ToolJob in it: destroying that is how
// the work is taken back when nobody wants its result any more.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "core/owned.h"
#include "json/json.h"
#include "message/conversation.h"

namespace gw::exchange {

class Gateway;

class ToolJob {
public:
    virtual ~ToolJob() = default;
};

class ToolCall {
public:
    class Owner {
    public:
        virtual void on_tool_progress(ToolCall& call, std::string_view text) = 0;
        virtual void on_tool_result(ToolCall& call, std::string_view text, bool is_error) = 0;
        // Instead of it when an allocation failed.
        virtual void on_tool_no_memory(ToolCall& call) noexcept = 0;

    protected:
        ~Owner() = default;
    };

    ToolCall(Owner& owner, std::string_view its_id, std::string_view its_tool, std::string_view its_arguments,
             std::pmr::memory_resource* memory)
        : id(its_id, memory), tool(its_tool, memory), arguments(its_arguments, memory), owner_(owner) {}
    ToolCall(const ToolCall&) = delete;
    ToolCall& operator=(const ToolCall&) = delete;

    // More of what it says while it works, for people; may be called from inside start().
    void progress(std::string_view text) { owner_.on_tool_progress(*this, text); }
    // The result for the model, copied. Once, from inside start() or later; the call lives on until the turn ends.
    void finish(std::string_view text, bool is_error = false) { owner_.on_tool_result(*this, text, is_error); }
    void fail_no_memory() noexcept { owner_.on_tool_no_memory(*this); }

    std::pmr::string id, tool;
    std::pmr::string arguments;                      // JSON
    std::string_view run_id, agent_id, session_key;  // of the run
    Owned<ToolJob> job;

private:
    Owner& owner_;
};

// A set of tools.
class ToolRunner {
public:
    // Appends what models are told of them; views that live as long as the runner.
    virtual void describe(std::pmr::vector<message::Tool>& out) const = 0;
    [[nodiscard]] virtual bool has(std::string_view tool) const noexcept = 0;
    // Offered and run only for those who may do everything.
    [[nodiscard]] virtual bool owner_only(std::string_view /*tool*/) const noexcept { return false; }
    // Of a tool that it has. What is wrong with the arguments is a result that says so.
    virtual void start(ToolCall& call) = 0;

protected:
    ~ToolRunner() = default;
};

// Where sessions_list looks.
class SessionLister {
public:
    // Writes a JSON array of at most `count_max` sessions of the agent, the newest first. How many they are.
    virtual std::size_t write_sessions(json::Writer& w, std::string_view agent_id, std::size_t count_max) = 0;

protected:
    ~SessionLister() = default;
};

// echo, time, sessions_list where there is somebody who knows, and exec where the configuration lets programs run.
class BuiltinTools final : public ToolRunner {
public:
    explicit BuiltinTools(Gateway& gateway) : gateway_(gateway) {}
    // Null: the tool is gone.
    void set_sessions(SessionLister* sessions) noexcept { sessions_ = sessions; }

    void describe(std::pmr::vector<message::Tool>& out) const override;
    [[nodiscard]] bool has(std::string_view tool) const noexcept override;
    [[nodiscard]] bool owner_only(std::string_view tool) const noexcept override;
    void start(ToolCall& call) override;

private:
    Gateway& gateway_;
    SessionLister* sessions_ = nullptr;
};

}  // namespace gw::exchange
