#include "exchange/hub.h"

#include "exchange/gateway.h"
#include "exchange/server_conn.h"
#include "store/handle.h"

namespace gw::exchange {

namespace {

constexpr std::size_t pending_max = 256;  // calls of one client that wait for their answer

}  // namespace

Hub::Hub(Gateway& gateway)
    : gateway_(gateway),
      own_store_(store::Limits{}, gateway.memory()),
      core_(*this),
      sockets_(gateway.memory()),
      tickets_(gateway.memory()),
      unadmitted_(gateway.memory()) {}

Hub::~Hub() = default;

void Hub::start() {
    gateway_.reloader().listeners().push_back(in_listeners);
    core_.start();
    if (const auto left = take_restart_sentinel(gateway_)) core_.on_restarted(*left);
}

// ConfigDesk tells clients.
void Hub::on_config_changed(const config::ReloadPlan& /*plan*/, std::string_view /*path*/, std::string_view /*hash*/) {
    core_.on_config_changed();
}

void Hub::shutdown(std::optional<std::uint64_t> restart_ms) {
    core_.on_shutdown();
    Buffer out(pool());
    json::Writer writer(out);
    writer.begin_object().member("reason", restart_ms ? "gateway restarting" : "gateway stopping");
    writer.key("restartExpectedMs");
    restart_ms ? writer.number(*restart_ms) : writer.null();
    writer.end_object();
    method::Event event;
    event.name = "shutdown";
    event.payload = out.text();
    event.to_nodes = true;
    broadcast(event);
    for (RpcSocket* socket = all_.front(); socket != nullptr; socket = all_.after(socket->in_hub))
        socket->close(1012, "service restart");
}

auth::ConnectOutcome Hub::decide(const auth::ConnectFacts& facts) {
    if (!pages_) pages_.emplace(gateway_.policy().page_limits(), memory());
    auth::ConnectAuth decision(gateway_.policy(), core_.devices, core_.bootstraps, gateway_.auth_failures(), *pages_,
                               random(), pool(), memory());
    return decision.decide(facts);
}

void Hub::tell_pairing(const auth::ConnectOutcome& outcome) {
    if (outcome.requested != nullptr) core_.tell_pair_request(*outcome.requested);
    if (outcome.approved && outcome.device != nullptr) {
        core_.tell_pair_resolved({outcome.approved->data(), outcome.approved->size()}, outcome.device->id, "approved");
    }
    core_.tell_setup_completed();
}

// --- sockets --------------------------------------------------------------------------------------------------------

bool Hub::may_open(std::string_view address) const noexcept {
    const auto found = unadmitted_.find(address);
    return found == unadmitted_.end() || found->second < limits().ws_unadmitted_max;
}

void Hub::opened(RpcSocket& socket) {
    std::pmr::string address(socket.client().address, memory());
    ++unadmitted_[std::move(address)];
    all_.push_back(socket.in_hub);
}

void Hub::forget_unadmitted(const RpcSocket& socket) noexcept {
    const auto found = unadmitted_.find(const_cast<RpcSocket&>(socket).client().address);
    if (found != unadmitted_.end() && --found->second == 0) unadmitted_.erase(found);
}

void Hub::admitted(RpcSocket& socket) {
    forget_unadmitted(socket);
    socket.client().id = sockets_.add(socket);
}

void Hub::closed(RpcSocket& socket) noexcept {
    socket.in_hub.unlink();
    while (PendingCall* call = socket.pending().front()) drop(*call);
    if (!socket.is_admitted()) {
        forget_unadmitted(socket);
        return;
    }
    sockets_.remove(socket.client().id);
    try {
        core_.on_left(socket.client());
    } catch (const std::bad_alloc&) {  // others hear of it with the next change
    }
}

// --- calls ----------------------------------------------------------------------------------------------------------

void Hub::run(RpcSocket& socket, const rpc::Request& request) {
    ++calls_total_;
    if (socket.pending_count() >= pending_max) {
        rpc::Failure failure;
        failure.code = rpc::code::unavailable;
        failure.message = "The server is busy: too many calls of this client wait for their answers.";
        failure.retryable = true;
        return socket.fail(request.id, failure, request.meta.raw());
    }
    Buffer payload(pool());
    method::Call call(*this, socket.client(), request.method, request.params, payload);
    current_ = &socket;
    current_request_ = &request;
    try {
        core_.dispatch(call);
    } catch (...) {
        current_ = nullptr;
        throw;
    }
    current_ = nullptr;
    if (call.failed()) {
        socket.fail(request.id, *call.failed(), request.meta.raw());
    } else if (!call.deferred()) {
        socket.answer(request.id, call.payload(), request.meta.raw());
    }
}

method::Ticket Hub::open_ticket() {
    if (current_ == nullptr) return 0;
    auto call = make_owned<PendingCall>(memory(), memory());
    call->socket = current_;
    call->id = current_request_->id;
    if (current_request_->meta.exists()) call->meta = current_request_->meta.raw();
    const method::Ticket ticket = tickets_.add(*call);
    call->ticket = ticket;
    current_->pending().push_back(call->in_socket);
    current_->count_pending(1);
    call.release();
    return ticket;
}

void Hub::drop(PendingCall& call) noexcept {
    tickets_.remove(call.ticket);
    call.socket->count_pending(-1);
    call.in_socket.unlink();
    PmrDelete<PendingCall>{memory()}(&call);
}

void Hub::answer(method::Ticket ticket, std::string_view payload, bool more) {
    PendingCall* call = tickets_.find(ticket);
    if (call == nullptr) return;
    call->socket->answer(call->id, payload, call->meta);
    if (!more) drop(*call);
}

void Hub::fail(method::Ticket ticket, const rpc::Failure& failure) {
    PendingCall* call = tickets_.find(ticket);
    if (call == nullptr) return;
    call->socket->fail(call->id, failure, call->meta);
    drop(*call);
}

void Hub::hand_over(method::Call& call) {
    HostMethods& host = gateway_.host_methods();
    if (current_ == nullptr || !host.has_room(call)) {
        call.fail(rpc::code::unavailable, {"too many calls of ", call.method, " wait for their answers"});
        call.failure().retryable = true;
        return;
    }
    PendingCall* const pending = tickets_.find(call.defer());
    pending->job = host.start(call, pending->ticket);
}

// --- events ---------------------------------------------------------------------------------------------------------

void Hub::broadcast(const method::Event& event) {
    if (event.name == "health") tell_status(event.payload);
    std::optional<FrameReference> frame;
    for (RpcSocket* socket = all_.front(); socket != nullptr; socket = all_.after(socket->in_hub)) {
        const method::Client& client = socket->client();
        if (!socket->is_admitted() || client.dialect == rpc::Dialect::simple || client.protocol < event.protocol_min ||
            client.protocol > event.protocol_max)
            continue;
        if (client.role == rpc::Role::node ? !event.to_nodes : !client.allows(event.scope)) continue;
        if (!event.session.empty() && (client.scoped_events || client.role == rpc::Role::node) &&
            !client.follows(event.session))
            continue;
        if (event.filter != nullptr && !event.filter(event.context, client)) continue;
        if (!frame) {
            frame.emplace(make_frame(pool(), memory()));
            rpc::write_event_head((*frame)->text, event.name, event.payload);
            (*frame)->merge = event.merge;
            (*frame)->may_drop = event.may_drop;
            (*frame)->numbered = true;
            if (event.state_version) (*frame)->version = core_.state_version();
        }
        socket->push(**frame);
    }
}

bool Hub::send(method::ClientId client, std::string_view name, std::string_view payload) {
    RpcSocket* socket = sockets_.find(client);
    if (socket == nullptr) return false;
    const FrameReference frame = make_frame(pool(), memory());
    rpc::write_event_head(frame->text, name, payload);
    socket->push(*frame);
    return true;
}

void Hub::fail_no_memory(method::Ticket ticket) noexcept {
    if (const PendingCall* call = tickets_.find(ticket)) call->socket->fail_no_memory();
}

void Hub::close(method::ClientId client, std::uint16_t code, std::string_view reason) {
    if (RpcSocket* socket = sockets_.find(client)) socket->close(code, reason);
}

method::Client* Hub::find(method::ClientId client) noexcept {
    RpcSocket* socket = sockets_.find(client);
    return socket != nullptr ? &socket->client() : nullptr;
}

void Hub::for_each_client(bool (*visit)(void* context, method::Client& client), void* context) {
    for (RpcSocket* socket = all_.front(); socket != nullptr; socket = all_.after(socket->in_hub)) {
        if (socket->is_admitted() && !visit(context, socket->client())) return;
    }
}

void Hub::describe_tools(std::pmr::vector<method::CatalogTool>& out) {
    std::pmr::vector<message::Tool> tools(memory());
    gateway_.runs().tools().describe(tools);
    for (const message::Tool& tool : tools)
        out.push_back({tool.name, tool.description, gateway_.runs().tools().host.has(tool.name)});
}

// --- what methods find here -----------------------------------------------------------------------------------------

std::pmr::memory_resource* Hub::memory() noexcept { return gateway_.memory(); }
BlockPool* Hub::pool() noexcept { return gateway_.pool(); }
Timers& Hub::timers() noexcept { return gateway_.timers(); }
Milliseconds Hub::now() const noexcept { return gateway_.now(); }
std::uint64_t Hub::unix_ms() const noexcept { return gateway_.unix_ms(); }
int Hub::utc_offset_minutes() const noexcept { return gateway_.utc_offset_minutes(); }
std::uint64_t Hub::uptime_ms() const noexcept { return gateway_.uptime_ms(); }
const crypto::Random& Hub::random() const noexcept { return gateway_.random(); }
const config::Config& Hub::config() const noexcept { return gateway_.config(); }
std::string_view Hub::config_file() const noexcept { return gateway_.config_handle().file; }
std::string_view Hub::state_dir() const noexcept { return gateway_.state_dir(); }
std::string_view Hub::own_url() const noexcept { return gateway_.listeners().url(); }
method::ConfigDesk* Hub::config_desk() noexcept { return &gateway_.config_desk(); }
const gw_limits& Hub::limits() const noexcept { return gateway_.limits(); }
const Log& Hub::log() const noexcept { return gateway_.log(); }

method::Figures Hub::figures() const noexcept {
    gw_stats stats{};
    gateway_.fill(stats);
    method::Figures out;
    out.conns_open = stats.conns_open;
    out.conns_total = stats.conns_total;
    out.sockets = sockets_.size();
    out.requests_total = stats.requests_total;
    out.requests_open = stats.requests_open;
    out.streams_total = stats.streams_total;
    out.refused_total = stats.refused_total;
    out.bad_requests_total = stats.bad_requests_total;
    out.calls_total = calls_total_;
    out.bytes_received = stats.bytes_received;
    out.bytes_sent = stats.bytes_sent;
    out.memory_bytes = gateway_.memory_bytes();
    out.buffer_bytes = stats.buffer_bytes;
    out.upstream_conns_open = stats.upstream_conns_open;
    out.upstream_requests_total = stats.upstream_requests_total;
    out.upstream_failures_total = stats.upstream_failures_total;
    out.upstream_cancelled_total = stats.upstream_cancelled_total;
    if (Proxy* const proxy = gateway_.proxy()) {
        const endpoint::ProxyMetrics& metrics = proxy->metrics();
        out.guardrail_mode = proxy->mode_name();
        out.proxied_total = metrics.streams;
        out.proxied_blocked = metrics.streams_blocked;
        out.latency_bounds_us = metrics.added_latency.bounds_us();
        out.latency_counts = metrics.added_latency.counts();
        out.latency_sum_us = metrics.added_latency.sum_us();
    }
    return out;
}
store::Store& Hub::store() noexcept { return gateway_.store() == nullptr ? own_store_ : gateway_.store()->get(); }

}  // namespace gw::exchange
