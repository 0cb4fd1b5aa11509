#include "exchange/host_methods.h"

#include <utility>

#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

// What the host is told of the client.
void write_caller(json::Writer& writer, const method::Client& client) {
    writer.begin_object().member("client", client.client_id).member("mode", client.mode);
    writer.member("conn", client.conn()).member("protocol", static_cast<int>(client.protocol));
    writer.member("role", client.role == rpc::Role::node ? "node" : "operator").key("scopes").begin_array();
    client.scopes.for_each([&](std::string_view name) { writer.string(name); });
    writer.end_array().member("owner", client.role == rpc::Role::oper && client.allows(rpc::Scope::admin));
    writer.member("local", client.is_local).member("address", client.address);
    if (!client.user.empty()) writer.member("user", client.user);
    if (!client.device_id.empty()) writer.member("device", client.device_id);
    writer.end_object();
}

}  // namespace

// --- a call ------------------------------------------------------------------------------------------------------

HostMethodJob::HostMethodJob(Gateway& gateway, const method::Call& call, method::Ticket ticket,
                             std::uint32_t timeout_ms)
    : gateway_(gateway),
      ticket_(ticket),
      client_(call.client.id),
      name_(call.method, gateway.memory()),
      params_(call.params.is(json::Kind::object) ? call.params.raw() : "{}", gateway.memory()),
      caller_(gateway.memory()),
      params_bytes_(params_.size()),
      timer_(
          gateway.timers(), [](void* self) { static_cast<HostMethodJob*>(self)->on_time(); }, this) {
    Buffer out(gateway.pool());
    json::Writer writer(out);
    write_caller(writer, call.client);
    caller_ = out.text();
    timer_.arm(gateway.now() + timeout_ms);
    HostMethods& host = gateway_.host_methods();
    id_ = host.jobs.add(*this);
    host.params_bytes_ += params_bytes_;
    gateway_.enqueue(*this);
}

HostMethodJob::~HostMethodJob() {
    in_queue.unlink();
    forget_params();
    if (id_ == 0) return;
    HostMethods& host = gateway_.host_methods();
    if (told_) {
        host.jobs.cancel(id_);
        gateway_.enqueue(host);
    } else {
        host.jobs.remove(id_);
    }
}

void HostMethodJob::forget_params() noexcept {
    gateway_.host_methods().params_bytes_ -= std::exchange(params_bytes_, 0);
    std::pmr::string(params_.get_allocator()).swap(params_);
}

bool HostMethodJob::next_event(gw_event& event) noexcept {
    if (told_) {  // the host has taken another event since: it is done with these
        forget_params();
        return false;
    }
    told_ = true;
    event.type = GW_EVENT_METHOD_CALL;
    event.call = id_;
    event.method = as_str(name_);
    event.data = as_str(params_);
    event.client = client_;
    event.caller = as_str(caller_);
    return true;
}

template <typename Say>
void HostMethodJob::end(Say&& say) {
    Hub& hub = gateway_.hub();
    const method::Ticket ticket = ticket_;
    try {
        say(hub, ticket);  // and this is gone
    } catch (const std::bad_alloc&) {
        hub.fail_no_memory(ticket);
        throw;
    }
}

void HostMethodJob::answer(std::string_view payload) {
    gateway_.host_methods().jobs.remove(std::exchange(id_, 0));
    end([payload](Hub& hub, method::Ticket ticket) { hub.answer(ticket, payload, false); });
}

void HostMethodJob::fail(const rpc::Failure& failure) {
    gateway_.host_methods().jobs.remove(std::exchange(id_, 0));
    end([&failure](Hub& hub, method::Ticket ticket) { hub.fail(ticket, failure); });
}

void HostMethodJob::on_time() noexcept {
    rpc::Failure failure;
    failure.code = rpc::code::unavailable;
    failure.message = "the method did not answer in time";
    failure.retryable = true;
    try {
        end([&failure](Hub& hub, method::Ticket ticket) { hub.fail(ticket, failure); });
    } catch (const std::bad_alloc&) {  // its connection has ended
    }
}

// --- all of them -------------------------------------------------------------------------------------------------

HostMethods::HostMethods(Gateway& gateway) : jobs(gateway.memory()), gateway_(gateway) {}

bool HostMethods::has_room(const method::Call& call) const noexcept {
    return jobs.size() < gateway_.limits().asks_max && params_bytes_ + call.params.raw().size() <= params_bytes_max;
}

Owned<PendingJob> HostMethods::start(const method::Call& call, method::Ticket ticket) {
    const std::uint32_t own = gateway_.hub().core().added.timeout_ms(call.method);
    return make_owned<HostMethodJob>(gateway_.memory(), gateway_, call, ticket,
                                     own != 0 ? own : gateway_.limits().ask_timeout_ms);
}

bool HostMethods::next_event(gw_event& event) noexcept {
    event.type = GW_EVENT_METHOD_CANCEL;
    event.call = jobs.next_cancelled().id;
    return event.call != 0;
}

}  // namespace gw::exchange
