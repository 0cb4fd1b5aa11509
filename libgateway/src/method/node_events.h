// What nodes tell of themselves (node.event): that they want to follow a session, that somebody spoke to them, that a
// program they ran has ended, how they are.
//
//     node.event ─► subscription of the client
//                ├► NodeRuns::start(): a run of an agent
//                ├► SystemEvents: a notice before the agent's next prompt
//                └► what is known of the node
#pragma once

#include <cstdint>
#include <list>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "json/json.h"
#include "method/call.h"
#include "method/nodes.h"

namespace gw::method {

// A run that a node asks for. Views, used during the call only.
struct NodeRun {
    std::string_view node_id, session, message;
    std::string_view thinking, to, channel;  // may be empty
    std::string_view key;                    // idempotency; may be empty
    bool deliver = false;
    std::int64_t timeout_s = 0;  // 0: as usual
    json::Value attachments;
    std::string_view receipt_text;  // what the sender is told at once; empty: nothing
};

// Who starts runs of agents.
class NodeRuns {
public:
    virtual void start(const NodeRun& run) = 0;

protected:
    ~NodeRuns() = default;
};

class NodeEvents {
public:
    static constexpr std::size_t message_characters_max = 20000;
    static constexpr std::uint64_t same_voice_ms = 1500;

    explicit NodeEvents(Core& core);

    // One event; the answer is in the call.
    void handle(Call& call, Node& node);
    // Null: nobody starts runs; requests for them are dropped.
    void set_runs(NodeRuns* runs) noexcept { runs_ = runs; }

private:
    void subscribe(Client& client, std::string_view session, bool wanted);
    void agent_request(const Node& node, const json::Value& payload);
    void voice_transcript(const Node& node, const json::Value& payload);
    void exec(const Node& node, std::string_view what, const json::Value& payload);
    void notification(const Node& node, const json::Value& payload);
    void register_push(const Node& node, const json::Value& payload);
    void host_stats(Node& node, const json::Value& payload);

    // The session that an event is about; without one, that of the node.
    [[nodiscard]] std::optional<std::pmr::string> session_of(const Node& node, const json::Value& payload) const;

    struct Voice {
        explicit Voice(std::pmr::memory_resource* memory) : session(memory), text(memory) {}
        std::pmr::string session, text;
        Milliseconds at = 0;
    };
    Core& core_;
    NodeRuns* runs_ = nullptr;
    std::pmr::list<Voice> voices_;  // the latest first
};

}  // namespace gw::method
