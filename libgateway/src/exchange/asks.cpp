#include "exchange/asks.h"

#include <algorithm>

#include "core/buffer.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

std::uint32_t service_of(gw_event_type type) {
    switch (type) {
    case GW_EVENT_LISTEN: return GW_SERVICE_LISTEN;
    case GW_EVENT_RESOLVE: return GW_SERVICE_RESOLVE;
    case GW_EVENT_SPAWN: return GW_SERVICE_SPAWN;
    case GW_EVENT_WATCH: return GW_SERVICE_WATCH;
    case GW_EVENT_DATAGRAM: return GW_SERVICE_DATAGRAM;
    case GW_EVENT_AUTH: return GW_SERVICE_AUTH;
    case GW_EVENT_OPINION: return GW_SERVICE_OPINION;
    default: return 0;
    }
}

}  // namespace

Ask::Ask(Gateway& gateway, AskOwner& owner)
    : gateway_(gateway),
      owner_(owner),
      timer_(
          gateway.timers(), [](void* self) { static_cast<Ask*>(self)->time_out(); }, this),
      host_(gateway.memory()),
      data_(gateway.memory()),
      send_host_(gateway.memory()),
      send_data_(gateway.memory()),
      argv_(gateway.memory()),
      argv_view_(gateway.memory()),
      exec_argv_(gateway.memory()),
      output_(gateway.pool()) {}

Ask::~Ask() { take_back(); }

gw_status Ask::put(const Question& question) {
    take_back();
    IdTable<Ask>& table = gateway_.asks().table;
    if (table.size() >= gateway_.limits().asks_max) return GW_ERR_LIMIT;
    type_ = question.type;
    host_.assign(question.host);
    data_.assign(question.data);
    port_ = question.port;
    listener_ = question.listener;
    request_ = question.request;
    timeout_ms_ = question.timeout_ms != 0 ? question.timeout_ms : gateway_.limits().ask_timeout_ms;
    output_bytes_max_ = question.output_bytes_max;
    argv_.clear();
    argv_view_.clear();
    exec_argv_.clear();
    for (const std::string_view argument : question.argv) argv_.emplace_back(argument);
    for (std::pmr::string& argument : argv_) {
        argv_view_.push_back(as_str(argument));
        exec_argv_.push_back(argument.data());
    }
    exec_argv_.push_back(nullptr);
    told_ = false;
    unsupported_ = (gateway_.services() & service_of(type_)) == 0;
    id_ = table.add(*this);
    if (unsupported_) {
        timer_.arm(gateway_.now());  // answered in this turn, but not from inside put()
    } else {
        if (type_ != GW_EVENT_WATCH) timer_.arm(gateway_.now() + timeout_ms_);  // a file may stay as it is for ever
        gateway_.enqueue(*this);
    }
    return GW_OK;
}

void Ask::send(std::string_view host, std::uint32_t port, std::string_view data) {
    if (!open()) return;
    send_host_.assign(host);
    send_data_.assign(data);
    send_port_ = port;
    send_waits_ = true;
    gateway_.enqueue(*this);
}

void Ask::take_back() noexcept {
    timer_.disarm();
    in_queue.unlink();
    send_waits_ = false;
    output_.clear();
    if (id_ == 0) return;
    if (told_) {
        gateway_.asks().table.cancel(id_);
        gateway_.enqueue(gateway_.asks());
    } else {
        gateway_.asks().table.remove(id_);
    }
    id_ = 0;
}

bool Ask::stays_open() const noexcept {
    return type_ == GW_EVENT_LISTEN || type_ == GW_EVENT_WATCH || type_ == GW_EVENT_DATAGRAM;
}

// Adds to what a program has written, and makes `answer` one of all that, or of the beginning that may be.
void Ask::take_output(gw_answer& answer) noexcept {
    const std::size_t room = output_bytes_max_ - output_.size();
    if (answer.status == GW_OK && answer.data.len > room) answer.status = GW_ERR_LIMIT;
    try {
        const std::string_view piece = as_text(answer.data).substr(0, room);
        const std::size_t size = output_.size() + piece.size();
        if (size > output_.capacity())
            output_.reserve(std::min(std::max(size, output_.capacity() * 2), output_bytes_max_));
        output_.append(piece);
    } catch (const std::bad_alloc&) {
        answer.status = GW_ERR_NO_MEMORY;
    }
    answer.data = as_str(output_.text());
}

void Ask::answer(gw_answer answer) {
    const bool runs_on = type_ == GW_EVENT_SPAWN && answer.status == GW_OK && answer.more;
    if (type_ == GW_EVENT_SPAWN) take_output(answer);
    if (runs_on && answer.status == GW_OK) return;
    const Buffer output = std::move(output_);  // for the owner, who may destroy this
    timer_.disarm();
    if (runs_on) {
        take_back();
    } else if (answer.status != GW_OK || !stays_open()) {
        // The question is over for both sides: nothing to cancel.
        gateway_.asks().table.remove(id_);
        in_queue.unlink();
        id_ = 0;
    }
    owner_.on_answer(*this, answer);
}

void Ask::time_out() {
    gw_answer late{};
    late.size = sizeof late;
    late.status = unsupported_ ? GW_ERR_UNSUPPORTED : GW_ERR_TIMEOUT;
    late.reason = as_str(unsupported_ ? "the host does not offer this service" : "the host did not answer in time");
    const Buffer output = std::move(output_);
    late.data = as_str(output.text());
    take_back();
    owner_.on_answer(*this, late);
}

bool Ask::next_event(gw_event& event) noexcept {
    if (!told_) {
        told_ = true;
        event.type = type_;
        event.host = as_str(host_);
        event.port = port_;
        event.listener = listener_;
        event.request = request_;
        event.data = as_str(data_);
        event.argv = argv_view_.data();
        event.argc = argv_view_.size();
        event.timeout_ms = timeout_ms_;
        event.output_bytes_max = output_bytes_max_;
        if (type_ == GW_EVENT_SPAWN) {
            event.exec_argv = exec_argv_.data();
            gateway_.asks().tell_environment(gateway_.config_handle(), event);
        }
    } else if (send_waits_) {
        send_waits_ = false;
        event.type = GW_EVENT_SEND;
        event.host = as_str(send_host_);
        event.port = send_port_;
        event.data = as_str(send_data_);
    } else {
        return false;
    }
    event.ask = id_;
    event.user = gateway_.asks().table.user(id_);
    return true;
}

bool AskTable::next_event(gw_event& event) noexcept {
    const auto [id, user] = table.next_cancelled();
    event.type = GW_EVENT_CANCEL;
    event.ask = id;
    event.user = user;
    return id != 0;
}

void AskTable::tell_environment(const ConfigHandle& handle, gw_event& event) noexcept {
    std::size_t count = 0;
    for (const std::string_view name : program_variables) {
        const auto is_wanted = [name](std::string_view one) { return one.starts_with(name); };
        const auto found = std::ranges::find_if(handle.variables, is_wanted);
        if (found == handle.variables.end()) continue;
        environment_[count] = as_str(*found);
        exec_environment_[count++] = const_cast<char*>(found->c_str());  // as execve() wants it, which changes nothing
    }
    exec_environment_[count] = nullptr;
    event.env = environment_.data();
    event.envc = count;
    event.exec_env = exec_environment_.data();
}

}  // namespace gw::exchange
