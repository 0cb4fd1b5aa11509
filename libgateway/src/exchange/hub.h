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

#include "auth/connect_auth.h"
#include "core/id_table.h"
#include "core/list.h"
#include "exchange/reloader.h"
#include "exchange/rpc_socket.h"
#include "exchange/session_lister.h"
#include "method/core.h"
#include "method/gate.h"
#include "store/memory_store.h"

namespace gw::exchange {

class Gateway;

class Hub final : public method::Gate, public ConfigListener {
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
    // May a client come in: see auth/connect_auth.h. And what operators hear of it.
    [[nodiscard]] auth::ConnectOutcome decide(const auth::ConnectFacts& facts);
    void tell_pairing(const auth::ConnectOutcome& outcome);
    // One call of an admitted client.
    void run(RpcSocket& socket, const rpc::Request& request);
    // A call that cannot be answered for want of memory: its client's connection ends.
    void fail_no_memory(method::Ticket ticket) noexcept;
    // A message of the simple dialect.
    void run_simple(RpcSocket& socket, const json::Value& root);

    [[nodiscard]] Gateway& gateway() noexcept { return gateway_; }
    [[nodiscard]] method::Core& core() noexcept { return core_; }
    [[nodiscard]] std::size_t size() const noexcept { return sockets_.size(); }

    // ConfigListener
    void on_config_changed(const config::ReloadPlan& plan, std::string_view path, std::string_view hash) override;
    void on_restart(std::uint32_t /*expected_ms*/) override {}  // shutdown() says it
    std::size_t runs_active() const noexcept override { return core_.chats.count(); }

    std::pmr::memory_resource* memory() noexcept override;
    BlockPool* pool() noexcept override;
    Timers& timers() noexcept override;
    Milliseconds now() const noexcept override;
    std::uint64_t unix_ms() const noexcept override;
    std::uint64_t uptime_ms() const noexcept override;
    int utc_offset_minutes() const noexcept override;
    const crypto::Random& random() const noexcept override;
    const config::Config& config() const noexcept override;
    std::string_view config_file() const noexcept override;
    std::string_view state_dir() const noexcept override;
    std::string_view own_url() const noexcept override;
    method::ConfigDesk* config_desk() noexcept override;
    const gw_limits& limits() const noexcept override;
    store::Store& store() noexcept override;
    method::Figures figures() const noexcept override;
    const Log& log() const noexcept override;
    method::Ticket open_ticket() override;
    void answer(method::Ticket ticket, std::string_view payload, bool more) override;
    void fail(method::Ticket ticket, const rpc::Failure& failure) override;
    void hand_over(method::Call& call) override;
    void broadcast(const method::Event& event) override;
    void tell_simple(const method::SimpleNews& news) override;
    bool send(method::ClientId client, std::string_view name, std::string_view payload) override;
    void close(method::ClientId client, std::uint16_t code, std::string_view reason) override;
    method::Client* find(method::ClientId client) noexcept override;
    Owned<method::Turn> make_turn(const method::TurnRequest& request, method::TurnListener& listener) override;
    void describe_tools(std::pmr::vector<method::CatalogTool>& out) override;
    [[nodiscard]] SessionLister& session_lister() noexcept { return lister_; }
    void for_each_client(bool (*visit)(void* context, method::Client& client), void* context) override;

private:
    void drop(PendingCall& call) noexcept;
    void tell_status(std::string_view health);
    static void write_usage(json::Writer& writer, const method::SimpleNews& news);
    void forget_unadmitted(const RpcSocket& socket) noexcept;

    Gateway& gateway_;
    store::MemoryStore own_store_;  // when the host gave none
    method::Core core_;
    CoreSessionLister lister_{core_};
    std::optional<auth::FailureLimiter> pages_;  // of pages in browsers
    List<RpcSocket> all_;
    IdTable<RpcSocket> sockets_;
    IdTable<PendingCall> tickets_;
    std::pmr::map<std::pmr::string, std::size_t, std::less<>> unadmitted_;
    std::uint64_t calls_total_ = 0;
    // The call in whose handler we are.
    RpcSocket* current_ = nullptr;
    const rpc::Request* current_request_ = nullptr;
};

}  // namespace gw::exchange
