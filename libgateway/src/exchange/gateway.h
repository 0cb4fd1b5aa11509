// Gateway: what everything else of one gateway stands on, and the turn of the loop.
//
//     tick() ── due timers ──┐
//     recv() ── a Conn ──────┼── settle(): leftover work, encryption ── event queue ── next_event()
//     answer() ── an Ask ────┘
//
// The stages find here: memory, time, limits, configuration, randomness, the tables of connections, questions, routes
// and upstreams. It holds no protocol itself.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string_view>
#include <vector>

#include "auth/failure_limiter.h"
#include "auth/policy.h"
#include "config/config.h"
#include "core/buffer.h"
#include "core/list.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/owned.h"
#include "core/socket_address.h"
#include "core/system_time.h"
#include "core/timers.h"
#include "crypto/random.h"
#include "exchange/agent_runs.h"
#include "exchange/announcer.h"
#include "exchange/asks.h"
#include "exchange/canvas_reload.h"
#include "exchange/config_desk.h"
#include "exchange/config_handle.h"
#include "exchange/conn.h"
#include "exchange/day_log.h"
#include "exchange/event_source.h"
#include "exchange/helper_run.h"
#include "exchange/hook_desk.h"
#include "exchange/host_methods.h"
#include "exchange/http_front.h"
#include "exchange/hub.h"
#include "exchange/instance_lock.h"
#include "exchange/listeners.h"
#include "exchange/proxy.h"
#include "exchange/reloader.h"
#include "exchange/requests.h"
#include "exchange/response_store.h"
#include "exchange/routes.h"
#include "exchange/tailnet.h"
#include "exchange/upstreams.h"
#include "gateway/conn.h"
#include "gateway/event.h"
#include "json/json.h"
#include "store/files.h"

namespace gw::exchange {

class ServerConn;

// The whole file, through the host's hook or from the local file system. GW_ERR_IO, GW_ERR_LIMIT.
[[nodiscard]] gw_status read_file(const gw_host& host, std::string_view path, std::size_t bytes_max,
                                  std::pmr::string& out);

struct GatewayOptions {
    gw_host host;          // zero: defaults
    gw_limits limits;      // complete: no zero left
    ConfigHandle* config;  // may be null
    gw_store* store;       // may be null
    std::uint32_t services;
    bool records;    // the host wants GW_EVENT_RECORD
    bool exclusive;  // no other gateway may have this configuration
};

class Gateway {
public:
    explicit Gateway(const GatewayOptions& options);
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    // Loads what the configuration names. The first tick, which sets the clock, does the rest (start_up.cpp).
    [[nodiscard]] gw_status start();

    // The C ABI's calls; see gateway/event.h.
    gw_status tick(Milliseconds monotonic_ms, std::uint64_t unix_ms);
    [[nodiscard]] Milliseconds next_deadline() const noexcept { return timers_.next_deadline(); }
    [[nodiscard]] bool next_event(gw_event& event) noexcept;
    gw_status accept(const gw_peer& peer, Conn** out);
    void shutdown();
    // An orderly end, after which the host makes a new gateway.
    void restart();
    [[nodiscard]] gw_status request_restart() { return reloader_.restart_now(); }
    void fill(gw_stats& stats) const noexcept;

    // Runs what was left for the end of the host's call. Every call that may cause work ends with it.
    void settle() noexcept;
    void enqueue(EventSource& source) noexcept {
        if (!source.in_queue.linked()) queue_.push_back(source.in_queue);
    }
    void free_conn(Conn* conn) noexcept;

    // What the stages use.
    [[nodiscard]] std::pmr::memory_resource* memory() noexcept { return &memory_; }
    [[nodiscard]] const Allocator& allocator() const noexcept { return memory_.allocator(); }
    [[nodiscard]] std::uint64_t memory_bytes() const noexcept { return memory_.bytes_out() + pool_.get()->bytes_out(); }
    [[nodiscard]] BlockPool* pool() const noexcept { return pool_.get(); }
    [[nodiscard]] Timers& timers() noexcept { return timers_; }
    [[nodiscard]] Milliseconds now() const noexcept { return now_; }
    [[nodiscard]] std::uint64_t unix_ms() const noexcept { return time_.unix_ms; }
    // How far the clocks of this machine are ahead of UTC.
    [[nodiscard]] int utc_offset_minutes() const noexcept { return time_.utc_offset_minutes; }
    void set_utc_offset(int minutes) noexcept { time_.utc_offset_minutes = minutes; }
    [[nodiscard]] const gw_limits& limits() const noexcept { return options_.limits; }
    [[nodiscard]] const gw_host& host() const noexcept { return options_.host; }
    // As it is now: it may be another one after the next turn. Who keeps pointers into it has a share of it.
    [[nodiscard]] const config::Config& config() const noexcept { return *config_; }
    [[nodiscard]] const ConfigHandle& config_handle() const noexcept { return config_.handle(); }
    [[nodiscard]] ConfigReference config_share() const { return config_.share(); }
    // Takes over `next`, which becomes the one before.
    void use_config(ConfigReference& next, const config::ReloadPlan& plan);
    [[nodiscard]] gw_status reload_config() { return reloader_.reload(); }
    [[nodiscard]] Reloader& reloader() noexcept { return reloader_; }
    [[nodiscard]] CanvasReload& canvas_reload() noexcept { return canvas_reload_; }
    [[nodiscard]] ConfigDesk& config_desk() noexcept { return config_desk_; }
    [[nodiscard]] DayLog& day_log() noexcept { return day_log_; }
    [[nodiscard]] const Log& log() const noexcept { return log_; }
    [[nodiscard]] const crypto::Random& random() const noexcept { return random_; }
    [[nodiscard]] std::uint32_t services() const noexcept { return options_.services; }
    [[nodiscard]] bool host_auth() const noexcept { return (services() & GW_SERVICE_AUTH) != 0; }
    [[nodiscard]] bool host_opinion() const noexcept { return (services() & GW_SERVICE_OPINION) != 0; }
    [[nodiscard]] bool wants_records() const noexcept { return options_.records; }
    [[nodiscard]] gw_store* store() const noexcept { return options_.store; }  // may be null
    // Null when the configuration has no guardrail proxy.
    [[nodiscard]] Proxy* proxy() noexcept { return proxy_ ? &*proxy_ : nullptr; }
    [[nodiscard]] Hub& hub() noexcept { return hub_; }
    [[nodiscard]] HostMethods& host_methods() noexcept { return host_methods_; }
    [[nodiscard]] AskTable& asks() noexcept { return asks_; }
    [[nodiscard]] List<Conn>& conns() noexcept { return conns_; }
    [[nodiscard]] List<Conn>& dirty() noexcept { return dirty_; }
    [[nodiscard]] Routes& routes() noexcept { return routes_; }
    [[nodiscard]] HookDesk& hook_desk() {
        if (!hook_desk_) hook_desk_.emplace(&memory_);
        return *hook_desk_;
    }
    [[nodiscard]] HttpFront& front() noexcept { return front_; }
    [[nodiscard]] Requests& requests() noexcept { return requests_; }
    [[nodiscard]] Upstreams& upstreams() noexcept { return upstreams_; }
    [[nodiscard]] Tailnet& tailnet() noexcept { return tailnet_; }
    [[nodiscard]] Helpers& helpers() noexcept { return helpers_; }
    [[nodiscard]] AgentRuns& runs() noexcept { return runs_; }
    [[nodiscard]] ResponseStore& responses() noexcept { return responses_; }
    [[nodiscard]] Listeners& listeners() noexcept { return listeners_; }
    [[nodiscard]] const Listeners& listeners() const noexcept { return listeners_; }
    [[nodiscard]] json::Document& scratch_document() noexcept { return scratch_; }
    [[nodiscard]] gw_stats& stats() noexcept { return stats_; }
    [[nodiscard]] bool draining() const noexcept { return draining_; }
    [[nodiscard]] bool is_ending() const noexcept { return ending_; }  // it is being destroyed
    [[nodiscard]] bool has_accepted() const noexcept { return accepted_; }
    [[nodiscard]] std::uint64_t uptime_ms() const noexcept { return now_ - started_at_; }
    // The token or password that callers must show; generated when none is configured.
    [[nodiscard]] std::string_view shared_secret() const noexcept { return secret_; }
    // Who may come in, and who has guessed too often; there from start() on.
    [[nodiscard]] auth::Policy& policy() noexcept { return *policy_; }
    [[nodiscard]] auth::FailureLimiter& auth_failures() noexcept { return *auth_failures_; }

    // A request began or ended: drain waits for the last one.
    void request_opened() noexcept { ++stats_.requests_open; }
    void request_closed() noexcept {
        --stats_.requests_open;
        if (draining_) check_drained();
    }
    void run_closed() noexcept {
        if (draining_) check_drained();
    }
    void client_opened() noexcept { ++stats_.conns_open; }
    void client_closed() noexcept {
        --stats_.conns_open;
        if (draining_) check_drained();
    }

    // What lies below directories that the configuration names.
    [[nodiscard]] store::Files& files() noexcept {
        return lent_files_ ? static_cast<store::Files&>(*lent_files_) : local_files_;
    }
    [[nodiscard]] std::string_view state_dir() const noexcept { return config_.handle().state_dir; }
    // A file that the configuration names.
    [[nodiscard]] gw_status read_file(std::string_view path, std::size_t bytes_max, std::pmr::string& out);

private:
    // READY and STOPPED, each told once.
    class State final : public EventSource {
    public:
        bool next_event(gw_event& event) noexcept override;
        bool ready_waits = false;
        std::string_view url;     // goes with READY
        std::string_view secret;  // goes with READY when it was generated
        std::uint32_t port = 0;   // goes with READY
        bool stopped = false;
        bool restart = false;  // goes with STOPPED
        bool stopped_told = false;
        gw_status status = GW_OK;
    };
    friend class Listeners;
    void announce_ready(std::string_view url = {}, std::uint32_t port = 0) noexcept;
    void announce_on_network(std::uint32_t port) noexcept;
    void configure_log();
    // The steps of the start (start_up.cpp).
    void run();
    [[nodiscard]] gw_status take_lock();
    [[nodiscard]] gw_status resolve_access();
    [[nodiscard]] gw_status resolve_secret();
    [[nodiscard]] gw_status load_guardrail();
    void tell_sockaddr(gw_event& event) noexcept;
    void end_turn() noexcept;
    void stop(gw_status status) noexcept;
    void check_drained() noexcept;
    void drain_is_over();
    void destroy_conn(Conn* conn) noexcept;

    GatewayOptions options_;
    HostMemory memory_;
    BlockPoolOwner pool_;
    Log log_;
    crypto::Random random_;
    ConfigReference config_;
    DayLog day_log_;
    InstanceLock lock_;
    Timers timers_;
    Milliseconds now_ = 0;
    Milliseconds started_at_ = 0;
    SystemTime time_;
    SocketAddress told_address_;  // of the last event that has one
    std::pmr::string secret_;
    Owned<auth::Policy> policy_;  // refers to the configuration
    std::optional<auth::FailureLimiter> auth_failures_;
    bool secret_generated_ = false;
    gw_stats stats_{};
    List<EventSource> queue_;
    List<Conn> conns_;
    List<Conn> dirty_;
    AskTable asks_;
    json::Document scratch_;
    Routes routes_;
    HttpFront front_;
    std::optional<HookDesk> hook_desk_;  // from the first message to a hook on
    Requests requests_;
    Upstreams upstreams_;
    Tailnet tailnet_;
    Helpers helpers_;
    std::optional<Proxy> proxy_;
    AgentRuns runs_;
    ResponseStore responses_;
    HostMethods host_methods_;
    Hub hub_;
    store::LocalFiles local_files_;
    std::optional<store::LentFiles> lent_files_;  // of a host that has its own way to read
    Listeners listeners_;
    Reloader reloader_;
    ConfigDesk config_desk_;
    CanvasReload canvas_reload_;
    std::optional<Announcer> announcer_;  // from READY on, where there is something to announce
    Timer drain_timer_;
    State state_;
    bool started_ = false;
    bool draining_ = false;
    bool ending_ = false;
    bool accepted_ = false;
};

}  // namespace gw::exchange
