// What waits for a node until it asks: reports that operators want of it (node.pending.enqueue, node.pending.drain),
// and commands that a phone can only run when it is in front of somebody (node.pending.pull, node.pending.ack).
//
// In memory, bounded for each node and altogether; the node untouched for longest is forgotten first.
#pragma once

#include <cstdint>
#include <list>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"

namespace gw::method {

class Gate;

class NodeQueue {
public:
    static constexpr std::size_t nodes_max = 256;
    static constexpr std::size_t actions_max = 64;    // of one node
    static constexpr std::size_t bytes_max = 131072;  // of all actions of one node
    static constexpr std::uint64_t action_ms = 600000;

    struct Report {
        explicit Report(std::pmr::memory_resource* memory) : id(memory), type(memory) {}
        std::pmr::string id, type;
        bool high = false;
        std::uint64_t created_ms = 0, expires_ms = 0;  // 0: never
    };
    struct Action {
        explicit Action(std::pmr::memory_resource* memory) : id(memory), command(memory), params(memory), key(memory) {}
        std::pmr::string id, command;
        std::pmr::string params;  // JSON, or empty
        std::pmr::string key;     // idempotency
        std::uint64_t enqueued_ms = 0;
    };

    explicit NodeQueue(Gate& gate);

    // Puts down what is wanted; of one type it is wanted once. Null: no random number.
    const Report* want(std::string_view node_id, std::string_view type, bool high, std::uint64_t expires_ms);
    [[nodiscard]] std::uint64_t revision(std::string_view node_id) const noexcept;
    // The result of node.pending.drain: at most `count_max`, the urgent first; and a report of how it is when nobody
    // asked for one. What was handed out is gone.
    void drain(std::string_view node_id, std::size_t count_max, json::Writer& writer);

    // Keeps a command for later; the same key again is the same action. Null: it is too long, or no random number.
    const Action* keep(std::string_view node_id, std::string_view command, std::string_view params,
                       std::string_view key);
    // Calls visit(action) for each that waits, the oldest first.
    template <typename Visit>
    void each_action(std::string_view node_id, Visit visit) {
        if (Entry* entry = find(node_id)) {
            prune(*entry);
            for (const Action& action : entry->actions) visit(action);
        }
    }
    // Drops one; false: there is none.
    bool done(std::string_view node_id, std::string_view action_id);
    [[nodiscard]] std::size_t action_count(std::string_view node_id) noexcept;

private:
    struct Entry {
        explicit Entry(std::pmr::memory_resource* memory) : node_id(memory), reports(memory), actions(memory) {}
        std::pmr::string node_id;
        std::pmr::vector<Report> reports;
        std::pmr::vector<Action> actions;
        std::uint64_t revision = 0;
    };
    [[nodiscard]] Entry* find(std::string_view node_id) noexcept;
    Entry& touch(std::string_view node_id);
    void prune(Entry& entry);

    Gate& gate_;
    std::pmr::list<Entry> entries_;  // touched last is first
};

// An object of node.pending.*.
void write_report(json::Writer& writer, const NodeQueue::Report& report);

}  // namespace gw::method
