#include "exchange/gateway.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "exchange/server_conn.h"
#include "store/handle.h"

namespace gw::exchange {

Gateway::Gateway(const GatewayOptions& options)
    : options_(options),
      memory_(Allocator::from(&options_.host)),
      pool_(memory_.allocator()),
      log_(&options_.host),
      random_(crypto::Random::from(&options_.host)),
      config_(options.config, memory_.allocator()),
      day_log_(&memory_),
      timers_(&memory_),
      secret_(&memory_),
      asks_(&memory_),
      scratch_(&memory_),
      routes_(&memory_),
      front_(&memory_),
      requests_(&memory_),
      upstreams_(*this),
      tailnet_(*this),
      runs_(*this),
      responses_(timers_, &memory_),
      host_methods_(*this),
      hub_(*this),
      listeners_(*this),
      reloader_(*this),
      config_desk_(*this),
      canvas_reload_(*this),
      drain_timer_(
          timers_, [](void* self) { static_cast<Gateway*>(self)->drain_is_over(); }, this) {
    options_.config = nullptr;  // config_ holds it
    runs_.tools().builtin.set_sessions(&hub_.session_lister());
    if (options_.store != nullptr) options_.store->retain();
    if (options_.host.read_file != nullptr) lent_files_.emplace(options_.host);
}

Gateway::~Gateway() {
    ending_ = true;
    reloader_.stop();
    canvas_reload_.stop();
    listeners_.stop();
    // Clients first: with nobody waiting, no upstream call is tried again.
    for (Conn* conn = conns_.front(); conn != nullptr;) {
        Conn* next = conns_.after(conn->in_all);
        if (dynamic_cast<ServerConn*>(conn) != nullptr) destroy_conn(conn);
        conn = next;
    }
    while (Conn* conn = conns_.front()) destroy_conn(conn);
    end_turn();
    gw_store::release(options_.store);
}

void Gateway::use_config(ConfigReference& next, const config::ReloadPlan& plan) {
    auto policy = make_owned<auth::Policy>(&memory_, *next, secret_, &memory_);
    config_.swap(next);
    policy_ = std::move(policy);
    try {
        if (plan.has_part("auth-limiter")) auth_failures_->reset(policy_->limits());
        if (plan.has_part("log")) configure_log();
        if (proxy_ && plan.has_part("guardrail")) proxy_->take_settings();
        if (announcer_) announcer_->config_changed();
    } catch (const std::bad_alloc&) {  // the rest of it is in force
        log_.error({"out of memory: a part of the new configuration waits for the next start"});
    }
}

// --- the loop ----------------------------------------------------------------------------------------------------

gw_status Gateway::tick(Milliseconds monotonic_ms, std::uint64_t unix_ms) {
    const bool is_same_moment = started_ && monotonic_ms <= now_;
    if (monotonic_ms > now_) {
        end_turn();  // where the host did not ask for events until there were none
        now_ = monotonic_ms;
    }
    if (unix_ms != GW_SYSTEM_TIME) {
        time_.unix_ms = unix_ms;
    } else if (!is_same_moment) {
        time_ = read_system_time(time_);
    }
    day_log_.set_time(time_.unix_ms);
    if (!started_) {
        started_ = true;
        started_at_ = now_;
        try {
            run();
        } catch (const std::bad_alloc&) {  // half a start is none
            stop(GW_ERR_NO_MEMORY);
            throw;
        }
    }
    while (Timer* timer = timers_.pop_due(now_)) {
        timer->fire();  // every action deals with its own want of memory
    }
    settle();
    return GW_OK;
}

void Gateway::settle() noexcept {
    while (Conn* conn = dirty_.pop_front()) {
        try {
            conn->settle();
        } catch (const std::bad_alloc&) {
            conn->fail_no_memory();
        }
        if (conn->is_stillborn()) destroy_conn(conn);
    }
    runs_.settle();
}

bool Gateway::next_event(gw_event& event) noexcept {
    while (EventSource* source = queue_.pop_front()) {
        if (!source->next_event(event)) continue;
        tell_sockaddr(event);
        queue_.push_back(source->in_queue);  // it may want more; it leaves when it has nothing left to say
        return true;
    }
    end_turn();
    return false;
}

void Gateway::tell_sockaddr(gw_event& event) noexcept {
    const std::string_view host = as_text(event.host);
    switch (event.type) {
    case GW_EVENT_CONNECT:
        told_address_ = event.port == 0 ? SocketAddress::local(host) : SocketAddress(host, event.port);
        break;
    case GW_EVENT_LISTEN:
    case GW_EVENT_DATAGRAM:
    case GW_EVENT_SEND: told_address_ = SocketAddress(host, event.port); break;
    default: return;
    }
    event.sockaddr = told_address_.get();
    event.sockaddr_len = told_address_.size();
}

// The host knows everything and goes back to its loop.
void Gateway::end_turn() noexcept {
    if (proxy_) proxy_->records().flush();
}

gw_status Gateway::accept(const gw_peer& peer, Conn** out) {
    if (draining_) return GW_ERR_STATE;
    if (stats_.conns_open >= limits().conns_max) return GW_ERR_LIMIT;
    accepted_ = true;
    auto conn = make_owned<ServerConn>(&memory_, *this, peer);
    conn->start(listeners_.tls(peer.listener));
    *out = conn.release();
    settle();
    return GW_OK;
}

void Gateway::free_conn(Conn* conn) noexcept {
    destroy_conn(conn);
    settle();
}

void Gateway::destroy_conn(Conn* conn) noexcept {
    conn->on_lost();
    // Conn is a base: its memory goes back with the size of what it really is.
    if (auto* server = dynamic_cast<ServerConn*>(conn)) {
        PmrDelete<ServerConn>{&memory_}(server);
    } else {
        PmrDelete<ClientConn>{&memory_}(static_cast<ClientConn*>(conn));
    }
}

// --- the end -----------------------------------------------------------------------------------------------------

void Gateway::shutdown() {
    if (draining_) return;
    draining_ = true;
    reloader_.stop();
    canvas_reload_.stop();
    if (announcer_) announcer_->leave();
    listeners_.stop();
    drain_timer_.arm(now_ + limits().drain_ms);
    hub_.shutdown(state_.restart ? std::optional<std::uint64_t>(Reloader::restart_expected_ms) : std::nullopt);
    canvas_reload_.close_sockets();
    for (Conn* conn = conns_.front(); conn != nullptr; conn = conns_.after(conn->in_all)) {
        if (auto* server = dynamic_cast<ServerConn*>(conn)) server->begin_drain();
    }
    upstreams_.close_idle();
    check_drained();
}

void Gateway::restart() {
    if (draining_) return;
    state_.restart = true;
    shutdown();
}

void Gateway::check_drained() noexcept {
    if (stats_.conns_open == 0 && runs_.open_count() == 0) stop(GW_OK);
}

void Gateway::drain_is_over() {
    for (Conn* conn = conns_.front(); conn != nullptr; conn = conns_.after(conn->in_all)) {
        if (auto* server = dynamic_cast<ServerConn*>(conn)) server->break_off();
    }
    runs_.fail_all();
}

void Gateway::stop(gw_status status) noexcept {
    if (state_.stopped) return;
    drain_timer_.disarm();
    state_.stopped = true;
    state_.status = status;
    enqueue(state_);
}

void Gateway::announce_ready(std::string_view url, std::uint32_t port) noexcept {
    state_.ready_waits = true;
    state_.url = url;
    state_.port = port;
    if (secret_generated_) state_.secret = secret_;
    enqueue(state_);
}

void Gateway::announce_on_network(std::uint32_t port) noexcept {
    if (!Announcer::is_wanted(*this)) return;
    try {
        announcer_.emplace(*this, port).start();
    } catch (const std::bad_alloc&) {
        announcer_.reset();
        log_.warn({"no memory to announce the gateway on the local network"});
    }
}

bool Gateway::State::next_event(gw_event& event) noexcept {
    if (std::exchange(ready_waits, false)) {
        event.type = GW_EVENT_READY;
        event.host = as_str(url);
        event.port = port;
        event.data = as_str(secret);
        return true;
    }
    if (!stopped || stopped_told) return false;
    stopped_told = true;
    event.type = GW_EVENT_STOPPED;
    event.status = status;
    event.restart = restart && status == GW_OK;
    return true;
}

void Gateway::fill(gw_stats& stats) const noexcept {
    stats = stats_;
    stats.asks_open = asks_.table.size();
    stats.buffer_bytes = pool_.get()->bytes_out();
}

gw_status Gateway::read_file(std::string_view path, std::size_t bytes_max, std::pmr::string& out) {
    return exchange::read_file(options_.host, path, bytes_max, out);
}

gw_status read_file(const gw_host& host, std::string_view path, std::size_t bytes_max, std::pmr::string& out) {
    out.clear();
    if (host.read_file != nullptr) {
        void* data = nullptr;
        std::size_t size = 0;
        const gw_status status = host.read_file(host.user, as_str(path), bytes_max, &data, &size);
        if (status != GW_OK) return status;
        const Allocator allocator = Allocator::from(&host);
        try {
            out.assign(static_cast<const char*>(data), size);
        } catch (...) {
            allocator.free(allocator.user, data, size);
            throw;
        }
        allocator.free(allocator.user, data, size);
        return GW_OK;
    }
    const std::pmr::string name(path, out.get_allocator());
    struct Closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, Closer> file(std::fopen(name.c_str(), "rbe"));
    if (!file) return GW_ERR_IO;
    char piece[4096];
    for (;;) {
        const std::size_t size = std::fread(piece, 1, sizeof piece, file.get());
        if (out.size() + size > bytes_max) return GW_ERR_LIMIT;
        out.append(piece, size);
        if (size < sizeof piece) return std::ferror(file.get()) != 0 ? GW_ERR_IO : GW_OK;
    }
}

}  // namespace gw::exchange
