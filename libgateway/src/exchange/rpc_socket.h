// RpcSocket: the gateway protocol on one WebSocket, from the upgrade to the close.
//
//     upgrade ─► challenge ─► connect ─► admitted: calls in, answers and events out ─► close
//                                │
//                                └─ refused: a failure, then close 1008
//
// The first message decides the dialect (rpc/frame.h). Messages come through the client's ServerConn, whose TLS,
// buffers and timer it uses. What cannot be sent at once waits in a queue of shared frames: an event for ten thousand
// clients is one text in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/list.h"
#include "core/owned.h"
#include "exchange/host_auth.h"
#include "exchange/shared_frame.h"
#include "exchange/tailnet.h"
#include "method/client.h"
#include "rpc/frame.h"
#include "ws/ws.h"

namespace gw::http1 {
struct RequestHead;
}

namespace gw::exchange {

class Hub;
class RpcSocket;
class ServerConn;

// A `connect` that waits for the tailnet to say who is there.
class WhoisQuestion final : public TailnetWaiter {
public:
    WhoisQuestion(RpcSocket& socket, std::string_view id, std::string_view params, std::pmr::memory_resource* memory)
        : socket_(socket), id_(id, memory), params_(params, memory) {}
    void on_whois(const TailnetAnswer& answer) noexcept override;

private:
    RpcSocket& socket_;
    std::pmr::string id_, params_;
};

// What the upgrade request said and where it came from: kept until the client is admitted.
struct Upgrade {
    explicit Upgrade(std::pmr::memory_resource* memory) : target(memory), fields(memory), nonce(), first(memory) {}
    [[nodiscard]] std::string_view field(std::string_view name) const noexcept;
    std::pmr::string target;
    std::pmr::vector<std::pair<std::pmr::string, std::pmr::string>> fields;
    crypto::Uuid nonce;
    std::pmr::string first;      // the first message, of a dialect without `connect`, while the host decides
    Owned<WhoisQuestion> whois;  // null: nobody was asked
};

// Whoever works on a call: destroyed when nobody waits for its answer any more.
class PendingJob {
public:
    virtual ~PendingJob() = default;
};

// A call that is answered later, in the list of its socket.
struct PendingCall {
    PendingCall(std::pmr::memory_resource* memory) : in_socket(this), id(memory), meta(memory) {}
    Link<PendingCall> in_socket;
    RpcSocket* socket = nullptr;
    std::uint64_t ticket = 0;
    std::pmr::string id, meta;
    Owned<PendingJob> job;  // may be null
};

class RpcSocket {
public:
    // `peer`: its address.
    RpcSocket(Hub& hub, ServerConn& conn, const http1::RequestHead& head, std::string_view peer);
    ~RpcSocket();
    RpcSocket(const RpcSocket&) = delete;
    RpcSocket& operator=(const RpcSocket&) = delete;

    void start();  // the 101 is written
    // As Conn::on_input().
    std::size_t on_input(std::span<const std::byte> input);
    void on_timeout();
    void on_drained();

    // What the upgrade request said; until the client is admitted.
    [[nodiscard]] std::string_view upgrade_field(std::string_view name) const noexcept {
        return upgrade_ ? upgrade_->field(name) : std::string_view{};
    }
    [[nodiscard]] std::string_view upgrade_target() const noexcept {
        return upgrade_ ? std::string_view(upgrade_->target) : std::string_view{};
    }
    // The host has said whether the client may come in.
    void on_decided(HostAuth::Outcome outcome);
    // The tailnet has said who is there; the answer to the `connect` of that id.
    void on_whois(std::string_view id, std::string_view params, const TailnetAnswer& answer);

    [[nodiscard]] method::Client& client() noexcept { return client_; }
    [[nodiscard]] bool is_admitted() const noexcept { return admitted_; }
    [[nodiscard]] List<PendingCall>& pending() noexcept { return pending_; }
    [[nodiscard]] std::size_t pending_count() const noexcept { return pending_count_; }
    void count_pending(int change) noexcept { pending_count_ += static_cast<std::size_t>(change); }

    // Sends, now or when there is room. Broadcasts are numbered by connection: a client that finds a gap tells its user
    // that something was lost, so there is none unless something was.
    void push(SharedFrame& frame);
    void push_whole(SharedFrame& frame) {
        frame.whole = true;
        push(frame);
    }
    void answer(std::string_view id, std::string_view payload, std::string_view meta);
    void fail(std::string_view id, const rpc::Failure& failure, std::string_view meta);
    void close(std::uint16_t code, std::string_view reason);
    // What was said last may be half a thing: the connection ends here.
    void fail_no_memory() noexcept;
    // One message as it is; for the simple dialect.
    void say(std::string_view text);
    // An error of the simple dialect.
    void say_error(std::string_view code, std::string_view message);
    void say_auth_ok();

    Link<RpcSocket> in_hub;

private:
    void on_message(std::string_view text);
    void on_first(const json::Value& root);
    void on_connect(const rpc::Request& request);
    void on_simple_auth(const json::Value& root);
    // A client of the seed's dialect that showed its credential with the upgrade. False: it did not.
    bool admit_by_upgrade();
    // The same where the host decides: the first message waits for what it says. `credentials` is JSON, or empty.
    void ask_host(const json::Value& first, std::string_view credentials);
    void on_first_decided(HostAuth::Outcome outcome);
    void admit_without_connect();
    void take_host_words();
    void decide(std::string_view id, const json::Value& params, const TailnetAnswer* whois);
    [[nodiscard]] bool vouch(std::string_view token);
    void refuse(std::string_view id, const rpc::Failure& failure);
    void admit(std::string_view id, std::string_view auth_method, std::string_view token, std::uint64_t issued_ms);
    void enter();  // admitted from here on
    void on_request(const rpc::Request& request);
    void write(SharedFrame& frame);
    void challenge();

    Hub& hub_;
    ServerConn& conn_;
    ws::Codec codec_;
    method::Client client_;
    Owned<Upgrade> upgrade_;
    std::pmr::vector<FrameReference> waiting_;
    std::size_t waiting_first_ = 0;
    std::size_t waiting_bytes_ = 0;
    std::uint64_t seq_ = 0;  // of the last numbered event
    List<PendingCall> pending_;
    std::size_t pending_count_ = 0;
    std::pmr::string connect_id_;  // of the connect request that waits for the host
    bool asking_ = false;
    bool admitted_ = false;
    bool pong_awaited_ = false;
    bool closing_ = false;
};

}  // namespace gw::exchange
