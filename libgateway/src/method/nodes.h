// Nodes: phones and computers that lend what they can do. An operator invokes a command of one of them, and its answer
// comes back.
//
//     operator ─ node.invoke ─► Invoke ─ node.invoke.request ─► node
//     operator ◄──── answer ─── Invoke ◄─ node.invoke.result ── node
//                                  └─ time-out, node gone: a failure; what comes later is ignored
//
// The id of a node is that of its device, or of its connection when it showed none. What a node declares counts only as
// far as the rules of its platform (node_commands.h) and an operator's approval (node_pairing.h) go.
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/owned.h"
#include "core/timers.h"
#include "crypto/random.h"
#include "method/call.h"
#include "method/node_commands.h"
#include "method/node_pairing.h"
#include "method/node_queue.h"

namespace gw::method {

class Core;

// A connected node.
struct Node {
    Node(const Client& of, std::pmr::memory_resource* memory);
    ClientId client = 0;
    std::uint8_t protocol = 3;
    NodePlatform platform = NodePlatform::unknown;
    NodeIdentity identity;         // caps and commands: those that count, in order
    bool awaits_approval = false;  // of all or of a part of what it declares
    std::uint64_t connected_ms = 0, last_seen_ms = 0;
    std::pmr::string last_seen_reason;
    std::pmr::string path_env;
    std::pmr::string host_stats;    // JSON object, or empty
    std::pmr::string plugin_tools;  // JSON array, or empty: what its plug-ins offer, for people to see
    std::pmr::string canvas_token;  // secret; empty: none was made
    std::uint64_t canvas_expires_ms = 0;
};

// The id of the node that a client is.
[[nodiscard]] inline std::string_view node_id_of(const Client& client) noexcept {
    return client.device_id.empty() ? client.conn() : std::string_view(client.device_id);
}

class Nodes {
public:
    static constexpr std::size_t invokes_max = 1024;
    static constexpr std::size_t invokes_of_caller_max = 256;
    static constexpr Milliseconds invoke_ms = 30000;
    static constexpr Milliseconds canvas_ms = 600000;

    explicit Nodes(Core& core);
    Nodes(const Nodes&) = delete;
    Nodes& operator=(const Nodes&) = delete;

    void load() { pairing.load(); }
    void on_joined(const Client& client);
    void on_left(const Client& client);

    [[nodiscard]] Node* find(std::string_view node_id) noexcept;
    [[nodiscard]] Node* find(const Client& client) noexcept;  // the node that this connection is, if it still counts
    // False, and failed, when an operator has still to approve of the node.
    [[nodiscard]] bool require_approved(Call& call, const Node& node);

    // Sends a command, whose answer goes to the call. `params_json` is JSON, or nothing.
    void invoke(Call& call, Node& node, std::string_view command, std::optional<std::string_view> params_json);
    // The same for a method that only hands on: the node's payload becomes the answer.
    void relay(Call& call, Node& node, std::string_view command, std::optional<std::string_view> params_json);
    void on_result(Call& call);
    // The node is still at it: its time begins anew.
    void on_progress(Call& call);

    // Whether the command may be sent; else failed, with the reason.
    [[nodiscard]] bool require_command(Call& call, const Node& node, std::string_view command);

    void write_list(json::Writer& writer, const Client& reader);
    // False: nobody knows it.
    [[nodiscard]] bool write_description(json::Writer& writer, std::string_view node_id, const Client& reader);
    [[nodiscard]] bool rename(std::string_view node_id, std::string_view name);

    // A request was decided: the node that waits for it may do what was approved, and operators hear of it.
    void on_decided(std::string_view request_id, std::string_view node_id, bool approved);
    // Everybody who may approve hears of it.
    void tell_requested(const PendingNode& request);
    // Known no more: its connection ends.
    [[nodiscard]] bool forget(std::string_view node_id);

    // A new token for the canvas of a node, for ten minutes. Null: no random number.
    [[nodiscard]] const std::pmr::string* refresh_canvas(Node& node);
    // Whose canvas a token opens; null: nobody's.
    [[nodiscard]] const Node* find_canvas(std::string_view token) const noexcept;
    // "http://host:port", where canvases are served; empty: nowhere.
    [[nodiscard]] std::string_view canvas_url() const noexcept { return canvas_url_; }
    void set_canvas_url(std::string_view url) { canvas_url_ = url; }

    // The node gave a sign of life.
    void seen(Node& node, std::string_view reason);

    [[nodiscard]] std::size_t invoke_count() const noexcept { return invokes_.size(); }

    NodePairing pairing;
    NodeQueue queue;

private:
    struct Invoke {
        Invoke(Nodes& owner, const Node& target, const Client& from, std::string_view name);
        Nodes& nodes;
        crypto::Uuid id{};
        Ticket ticket = 0;
        ClientId node, caller;
        std::uint8_t node_protocol, caller_protocol;
        bool relays = false;
        Milliseconds timeout_ms = 0, give_up_at = 0;
        std::pmr::string node_id, command;
        std::pmr::string params, key;  // kept for what may have to wait
        Timer timer;
    };
    using Invokes = std::pmr::map<crypto::Uuid, Owned<Invoke>>;
    void send(Call& call, Node& node, std::string_view command, std::optional<std::string_view> params_json,
              bool relays);
    [[nodiscard]] Invokes::iterator find_invoke(Call& call, std::string_view member);
    void on_timeout(Invoke& invoke);
    void fail(Invoke& invoke, std::string_view code, std::string_view message);
    [[nodiscard]] bool queue_for_foreground(Invoke& invoke, std::string_view code, std::string_view message);
    void erase(Invoke& invoke) noexcept;
    void settle_surface(Node& node, const Client& client);
    void write_row(json::Writer& writer, const Node* node, const PairedNode* known, const Client& reader,
                   bool with_time);

    Core& core_;
    std::pmr::map<std::pmr::string, Node, std::less<>> connected_;
    Invokes invokes_;
    std::pmr::string canvas_url_;
    std::uint64_t saved_ms_ = 0;
};

}  // namespace gw::method
