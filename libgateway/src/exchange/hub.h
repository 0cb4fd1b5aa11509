// Hub: all gateway sockets of one gateway, and the Core behind them. It is the Gate through which methods answer and
// tell.
//
//     RpcSocket ─ call ─► Hub ─► method::Core ─► handler ─► answer ─► RpcSocket
//                                      └─ broadcast() ─► one SharedFrame ─► every RpcSocket that may see it
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "core/id_table.h"
#include "core/list.h"
#include "exchange/rpc_socket.h"
#include "method/core.h"
#include "method/gate.h"
#include "store/memory_store.h"

namespace gw::exchange {

class Gateway;

class Hub final : public method::Gate {
public:
    explicit Hub(Gateway& gateway);
    ~Hub();

    void start();
    // Tells all clients that the gateway goes, and closes them. `restart_ms`: when it is expected back.
    void shutdown(std::optional<std::uint64_t> restart_ms);

    // Sockets that were not admitted yet are bounded by address.
    [[nodiscard]] bool may_open(std::string_view address) const noexcept;
    void opened(RpcSocket& socket);
    void admitted(RpcSocket& socket);
    void closed(RpcSocket& socket) noexcept;
    // One call of an admitted client.
    void run(RpcSocket& socket, const rpc::Request& request);

    [[nodiscard]] Gateway& gateway() noexcept { return gateway_; }
    [[nodiscard]] method::Core& core() noexcept { return core_; }
    [[nodiscard]] std::size_t size() const noexcept { return sockets_.size(); }

    std::pmr::memory_resource* memory() noexcept override;
    BlockPool* pool() noexcept override;
    Timers& timers() noexcept override;
    Milliseconds now() const noexcept override;
    std::uint64_t unix_ms() const noexcept override;
    std::uint64_t uptime_ms() const noexcept override;
    const crypto::Random& random() const noexcept override;
    const config::Config& config() const noexcept override;
    method::ConfigDesk* config_desk() noexcept override;
    const gw_limits& limits() const noexcept override;
    store::Store& store() noexcept override;
    const Log& log() const noexcept override;
    method::Ticket open_ticket() override;
    void answer(method::Ticket ticket, std::string_view payload, bool more) override;
    void fail(method::Ticket ticket, const rpc::Failure& failure) override;
    void broadcast(const method::Event& event) override;
    bool send(method::ClientId client, std::string_view name, std::string_view payload) override;
    void close(method::ClientId client, std::uint16_t code, std::string_view reason) override;
    method::Client* find(method::ClientId client) noexcept override;
    void for_each_client(bool (*visit)(void* context, method::Client& client), void* context) override;

private:
    void drop(PendingCall& call) noexcept;
    void take_ticket(method::Ticket ticket, PendingCall& call) noexcept;
    void forget_unadmitted(const RpcSocket& socket) noexcept;

    Gateway& gateway_;
    std::optional<store::MemoryStore> own_store_;  // when the host gave none
    method::Core core_;
    List<RpcSocket> all_;
    IdTable<RpcSocket> sockets_;
    IdTable<PendingCall> tickets_;
    std::pmr::map<std::pmr::string, std::size_t, std::less<>> unadmitted_;
    std::uint64_t seq_ = 0;  // of broadcasts
    // The call in whose handler we are.
    RpcSocket* current_ = nullptr;
    const rpc::Request* current_request_ = nullptr;
};

}  // namespace gw::exchange
