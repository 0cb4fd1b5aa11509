// Which nodes are known, and which ask to be: what a node is called, what it offers, and what of that an operator has
// approved.
//
//     request ─► PendingNode (5 minutes, or as long as its node waits) ── approve ─► PairedNode ── remove
//                          └─ reject
//
// Kept in the store as nodes/pending.json and nodes/paired.json, maps by request and by node. Both are bounded; what
// one node says of itself is, too.
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <string>
#include <string_view>

#include "json/json.h"
#include "method/client.h"
#include "method/write.h"

namespace gw::method {

class Gate;

// What a node says of itself.
struct NodeIdentity {
    explicit NodeIdentity(std::pmr::memory_resource* memory);
    static constexpr std::size_t text_bytes_max = 256;  // of a name, a version, a capability
    static constexpr std::size_t texts_max = 256;       // capabilities, commands
    static constexpr std::size_t json_bytes_max = 4096;

    void read(const json::Value& value);  // members of the files and of node.pair.request
    void take(const Client& client);      // of a node
    void write(json::Writer& writer) const;

    [[nodiscard]] bool operator==(const NodeIdentity&) const = default;

    std::pmr::string node_id, client_id, client_mode, display_name, platform, version, core_version, ui_version,
        device_family, model_identifier, remote_ip;
    Texts caps, commands;
    std::pmr::string permissions;  // JSON object, or empty
};

struct PendingNode {
    explicit PendingNode(std::pmr::memory_resource* memory) : identity(memory), request_id(memory) {}
    NodeIdentity identity;
    std::pmr::string request_id;
    bool silent = false, is_repair = false;
    std::uint64_t at_ms = 0;
    ClientId client = 0;  // waits for the decision; 0: somebody asked for it
};

struct PairedNode {
    explicit PairedNode(std::pmr::memory_resource* memory)
        : identity(memory), token(memory), last_seen_reason(memory), bins(memory) {}
    NodeIdentity identity;
    std::pmr::string token;  // secret; empty: none was made
    std::uint64_t created_ms = 0, approved_ms = 0, last_connected_ms = 0, last_seen_ms = 0;
    std::pmr::string last_seen_reason;
    std::pmr::string bins;  // JSON array, or empty
};

class NodePairing {
public:
    static constexpr std::size_t pending_max = 64;
    static constexpr std::size_t paired_max = 256;
    static constexpr std::uint64_t pending_ms = 300000;

    explicit NodePairing(Gate& gate);
    // Reads what is stored. A file that cannot be read is an error in the log, and no nodes.
    void load();

    // Asks for a node; one that asks already, and for the same, keeps its request. Null: no random number, or too many
    // ask.
    PendingNode* request(NodeIdentity&& identity, bool& created);
    [[nodiscard]] PendingNode* find_request(std::string_view request_id);
    [[nodiscard]] PendingNode* find_request_of(std::string_view node_id);
    void drop_request(PendingNode& request);
    // Makes the requested node a paired one; `with_token`: that proves itself with a secret. Null as above.
    PairedNode* approve(PendingNode& request, bool with_token);

    [[nodiscard]] PairedNode* find(std::string_view node_id) noexcept;
    // A node that needs nobody's approval. Null: too many are known.
    PairedNode* add(NodeIdentity&& identity);
    bool remove(std::string_view node_id);
    // The node when the token is its.
    [[nodiscard]] PairedNode* verify(std::string_view node_id, std::string_view token);

    // Forgets requests whose time is over.
    void prune();
    void save_pending();
    void save_paired();

    template <typename Visit>
    void each_pending(Visit visit) {
        for (auto& [id, one] : pending_) visit(one);
    }
    template <typename Visit>
    void each_paired(Visit visit) {
        for (auto& [id, one] : paired_) visit(one);
    }

private:
    Gate& gate_;
    std::pmr::map<std::pmr::string, PendingNode, std::less<>> pending_;  // by request
    std::pmr::map<std::pmr::string, PairedNode, std::less<>> paired_;    // by node
};

// The objects of events and results.
void write_pending_node(json::Writer& writer, const PendingNode& node, bool with_scopes);
enum class NodeToken : std::uint8_t { hidden, shown };
void write_paired_node(json::Writer& writer, const PairedNode& node, NodeToken token);

// The scopes that somebody needs who approves such a node: pairing, and more when it may be told to run something.
[[nodiscard]] rpc::Scope scope_to_approve(const NodeIdentity& identity) noexcept;

}  // namespace gw::method
