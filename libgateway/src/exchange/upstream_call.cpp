#include "exchange/upstream_call.h"

#include <array>

#include "exchange/gateway.h"

namespace gw::exchange {

UpstreamCall::UpstreamCall(Gateway& gateway, Listener& listener, const Target& target)
    : in_line(this),
      gateway_(gateway),
      listener_(listener),
      target_(target),
      upstream_(gateway.upstreams().get(target.url)),
      timer_(
          gateway.timers(),
          [](void* self) { static_cast<UpstreamCall*>(self)->guard([](UpstreamCall& call) { call.on_timeout(); }); },
          this),
      addresses_(gateway.memory()),
      head_(gateway.memory()),
      body_(gateway.pool()) {
    ++upstream_.call_count;
}

UpstreamCall::~UpstreamCall() {
    if (state_ != State::done && state_ != State::idle) ++gateway_.stats().upstream_cancelled_total;
    in_line.unlink();
    if (conn_ != nullptr) std::exchange(conn_, nullptr)->give_up();
    --upstream_.call_count;
}

void UpstreamCall::start(std::string_view method, std::string_view path, std::span<const http1::Header> fields,
                         Buffer&& body) {
    field_count_ = fields.size();
    std::size_t size = method.size() + path.size() + 2;
    for (const http1::Header& field : fields) size += field.name.size() + field.value.size() + 2;
    head_.reserve(size);
    head_.append(method).push_back('\0');
    head_.append(path).push_back('\0');
    for (const http1::Header& field : fields) {
        head_.append(field.name).push_back('\0');
        head_.append(field.value).push_back('\0');
    }
    body_ = std::move(body);
    ++gateway_.stats().upstream_requests_total;
    begin();
}

void UpstreamCall::begin() {
    // The connect time-out covers the line, the name, the connection and TLS.
    state_ = State::in_line;
    timer_.arm(gateway_.now() + target_.connect_timeout_ms);
    ClientConn* conn = target_.alone ? nullptr : upstream_.idle.front();
    // A kept connection leads where somebody else's rules allowed it.
    while (conn != nullptr && !upstream::may_dial(conn->address(), target_.reach, target_.allowed))
        conn = upstream_.idle.after(conn->in_idle);
    if (conn != nullptr) {
        conn->adopt(*this);
        conn_ = conn;
        reused_ = true;
        send();
        return;
    }
    const std::uint32_t configured = gateway_.config().upstream_conns_max;
    if (upstream_.open_count >= (configured != 0 ? configured : gateway_.limits().upstream_conns_max)) {
        upstream_.line.push_back(in_line);
        return;
    }
    resolve();
}

void UpstreamCall::on_no_memory() noexcept {
    state_ = State::done;
    timer_.disarm();
    in_line.unlink();
    if (conn_ != nullptr) std::exchange(conn_, nullptr)->give_up();
    ++gateway_.stats().upstream_failures_total;
    listener_.on_no_memory();
}

void UpstreamCall::on_turn() noexcept {
    // From inside another connection's end: go on from the loop, not from there.
    late_status_ = GW_OK;
    timer_.arm(gateway_.now());
}

void UpstreamCall::resolve() {
    reused_ = false;
    if (!addresses_.empty()) {
        next_address_ = 0;
        dial_next_address();
        return;
    }
    if (is_local()) {
        addresses_.emplace_back(upstream_.host);
        dial_next_address();
        return;
    }
    if (upstream::classify_address(upstream_.host) != upstream::AddressKind::not_an_address) {
        addresses_.emplace_back(upstream_.host);
        dial_next_address();
        return;
    }
    state_ = State::resolving;
    ask_ = make_owned<Ask>(gateway_.memory(), gateway_, *this);
    Question question;
    question.type = GW_EVENT_RESOLVE;
    question.host = upstream_.host;
    question.timeout_ms = target_.connect_timeout_ms;
    if (ask_->put(question) != GW_OK) fail_later(GW_ERR_LIMIT, "too many questions to the host are open");
}

void UpstreamCall::on_answer(Ask& /*ask*/, const gw_answer& answer) {
    if (state_ != State::resolving) return;
    guard([&answer](UpstreamCall& call) { call.on_resolved(answer); });
}

void UpstreamCall::on_resolved(const gw_answer& answer) {
    if (answer.status != GW_OK || answer.address_count == 0) {
        fail(GW_ERR_RESOLVE, "the upstream's name cannot be resolved");
        return;
    }
    bool refused = false;
    for (std::size_t i = 0; i < answer.address_count && addresses_.size() < 16; ++i) {
        const std::string_view address = as_text(answer.addresses[i]);
        if (upstream::may_dial(address, target_.reach, target_.allowed)) {
            addresses_.emplace_back(address);
        } else {
            refused = true;
        }
    }
    if (addresses_.empty()) {
        fail(GW_ERR_DENIED,
             refused ? "the upstream's name leads to a private address" : "the upstream's name has no usable address");
        return;
    }
    next_address_ = 0;
    dial_next_address();
}

void UpstreamCall::dial_next_address() {
    if ((gateway_.services() & GW_SERVICE_CONNECT) == 0) {
        fail_later(GW_ERR_UNSUPPORTED, "the host does not open connections");
        return;
    }
    const std::string_view address = addresses_[next_address_++];
    if (!is_local() && !upstream::may_dial(address, target_.reach, target_.allowed)) {
        fail_later(GW_ERR_DENIED, "the upstream's address is private");
        return;
    }
    state_ = State::connecting;
    conn_ = std::pmr::polymorphic_allocator<>(gateway_.memory())
                .new_object<ClientConn>(gateway_, upstream_, *this, address);
}

void UpstreamCall::on_connected() { send(); }

void UpstreamCall::on_connect_failed(std::string_view why, gw_status status) {
    conn_ = nullptr;
    if (status == GW_ERR_CONNECT && next_address_ < addresses_.size()) {
        dial_next_address();
        return;
    }
    if (status == GW_ERR_CONNECT && retries_left_ > 0) {
        --retries_left_;
        next_address_ = 0;
        dial_next_address();
        return;
    }
    fail(status, status == GW_ERR_CONNECT ? "the upstream cannot be reached" : why);
}

void UpstreamCall::send() {
    std::pmr::vector<http1::Header> fields(gateway_.memory());
    fields.reserve(field_count_ + 1);
    std::string_view rest = head_;
    const auto take = [&rest] {
        const std::size_t end = rest.find('\0');
        const std::string_view text = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        return text;
    };
    const std::string_view method = take();
    const std::string_view path = take();
    fields.push_back({"Host", upstream_.authority});
    while (!rest.empty()) {
        const std::string_view name = take();
        fields.push_back({name, take()});
    }
    state_ = State::waiting_head;
    last_activity_ = gateway_.now();
    timer_.arm(gateway_.now() + target_.first_byte_timeout_ms);
    conn_->send_request(method, path, fields, body_.bytes());
}

void UpstreamCall::on_head(const http1::ResponseHead& head) {
    answered_ = true;
    body_.clear();
    state_ = State::reading;
    last_activity_ = gateway_.now();
    timer_.arm(gateway_.now() + target_.idle_timeout_ms);
    listener_.on_head(head);
}

void UpstreamCall::on_body(std::span<const std::byte> data) {
    last_activity_ = gateway_.now();  // the timer looks at this when it fires: no heap work per piece
    listener_.on_body(data);
}

void UpstreamCall::on_end() {
    detach();
    listener_.on_end();
}

void UpstreamCall::detach() noexcept {
    state_ = State::done;
    timer_.disarm();
    if (conn_ == nullptr) return;
    ClientConn& conn = *std::exchange(conn_, nullptr);
    target_.alone ? conn.give_up() : conn.release();
}

void UpstreamCall::on_broken(gw_status status, std::string_view what) {
    conn_ = nullptr;
    if (!answered_ && status != GW_ERR_PROTOCOL && status != GW_ERR_TLS) {
        // A kept connection that was closed meanwhile says nothing about the upstream: that try is free.
        if (reused_ || retries_left_ > 0) {
            if (!reused_) --retries_left_;
            begin();
            return;
        }
    }
    fail(status == GW_ERR_TRUNCATED || status == GW_ERR_PROTOCOL || status == GW_ERR_TLS ? GW_ERR_UPSTREAM : status,
         what);
}

void UpstreamCall::pause() noexcept {
    if (conn_ != nullptr) conn_->pause();
}

void UpstreamCall::resume() noexcept {
    last_activity_ = gateway_.now();  // the pause was ours
    if (conn_ != nullptr) conn_->resume();
}

void UpstreamCall::fail(gw_status status, std::string_view what) {
    state_ = State::done;
    timer_.disarm();
    in_line.unlink();
    if (conn_ != nullptr) std::exchange(conn_, nullptr)->give_up();
    ++gateway_.stats().upstream_failures_total;
    listener_.on_failure(status, what);
}

void UpstreamCall::fail_later(gw_status status, std::string_view what) noexcept {
    late_status_ = status;
    late_what_ = what;
    timer_.arm(gateway_.now());
}

void UpstreamCall::on_timeout() {
    if (late_status_ != GW_OK) {
        fail(late_status_, late_what_);
        return;
    }
    switch (state_) {
    case State::idle:
    case State::done: break;
    case State::in_line:
        if (in_line.linked()) {
            fail(GW_ERR_TIMEOUT, "no connection to the upstream became free in time");
        } else {
            begin();  // our turn has come
        }
        break;
    case State::resolving:
    case State::connecting: fail(GW_ERR_TIMEOUT, "the upstream could not be reached in time"); break;
    case State::waiting_head: fail(GW_ERR_TIMEOUT, "the upstream did not answer in time"); break;
    case State::reading: {
        const Milliseconds due = last_activity_ + target_.idle_timeout_ms;
        if (gateway_.now() < due) {
            timer_.arm(due);
        } else {
            fail(GW_ERR_TIMEOUT, "the upstream stopped sending");
        }
        break;
    }
    }
}

}  // namespace gw::exchange
