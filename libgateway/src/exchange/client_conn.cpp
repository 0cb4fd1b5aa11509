#include "exchange/client_conn.h"

#include <algorithm>

#include "exchange/gateway.h"
#include "exchange/upstream_call.h"

namespace gw::exchange {

namespace {

http1::Limits client_limits(const gw_limits& limits) {
    http1::Limits out;
    out.header_bytes_max = std::max<std::size_t>(limits.header_bytes_max, 64 * 1024);
    out.header_count_max = std::max<std::size_t>(limits.header_count_max, 256);
    out.body_bytes_max = UINT64_MAX;  // a stream may go on for ever; what is collected has its own limit
    return out;
}

}  // namespace

ClientConn::ClientConn(Gateway& gateway, Upstream& upstream, UpstreamCall& call, std::string_view address)
    : Conn(gateway),
      in_idle(this),
      upstream_(&upstream),
      call_(&call),
      http_(client_limits(gateway.limits()), gateway.pool(), gateway.memory()),
      address_(address, gateway.memory()) {
    ++upstream.open_count;
    ++gateway.stats().upstream_conns_open;
    dial = Dial::wanted;
    gateway.enqueue(*this);
}

ClientConn::~ClientConn() {
    in_idle.unlink();
    leave_upstream();
    --gateway().stats().upstream_conns_open;
}

void ClientConn::leave_upstream() noexcept {
    if (upstream_ == nullptr) return;
    Upstream& upstream = *upstream_;
    if (in_idle.linked()) {
        in_idle.unlink();
        --upstream.idle_count;
    }
    upstream_ = nullptr;
    --upstream.open_count;
    Upstreams::next_in_line(upstream);
}

void ClientConn::describe_dial(gw_event& event) noexcept {
    event.host = as_str(address_);
    event.port = upstream_ != nullptr ? upstream_->port : 0;
}

gw_status ClientConn::dial_opened() {
    if (dial != Dial::told) return GW_ERR_STATE;
    dial = Dial::none;
    if (call_ == nullptr) {  // nobody waits for it any more
        close(Close::abort);
        return GW_OK;
    }
    if (upstream_->tls) {
        tls::Context* context = gateway().upstreams().tls_context();
        if (context == nullptr) {
            UpstreamCall* call = std::exchange(call_, nullptr);
            close(Close::abort);
            call->on_connect_failed(
                "no certificate authorities are known on this machine: set gateway.upstream.caBundlePath",
                GW_ERR_CONFIG);
            return GW_OK;
        }
        start_tls(*context, upstream_->host);
        return GW_OK;
    }
    connected_ = true;
    call_->on_connected();
    return GW_OK;
}

gw_status ClientConn::dial_failed(std::string_view reason) {
    if (dial != Dial::told) return GW_ERR_STATE;
    dial = Dial::none;
    leave_upstream();
    UpstreamCall* call = std::exchange(call_, nullptr);
    close(Close::abort);
    if (call != nullptr) call->on_connect_failed(reason, GW_ERR_CONNECT);
    return GW_OK;
}

void ClientConn::on_secure() {
    connected_ = true;
    if (call_ != nullptr) call_->on_connected();
}

void ClientConn::on_tls_failure(std::string_view what) {
    set_error(what, 0);
    leave_upstream();
    UpstreamCall* call = std::exchange(call_, nullptr);
    const bool was_connected = connected_;
    close(Close::flush);
    if (call == nullptr) return;
    if (was_connected) {
        call->on_broken(GW_ERR_TLS, what);
    } else {
        call->on_connect_failed(what, GW_ERR_TLS);
    }
}

void ClientConn::adopt(UpstreamCall& call) noexcept {
    in_idle.unlink();
    --upstream_->idle_count;
    timer().disarm();
    call_ = &call;
}

void ClientConn::send_request(std::string_view method, std::string_view path, std::span<const http1::Header> fields,
                              std::span<const std::byte> body) {
    Buffer& out = sink();
    http_.send_head(out, method, path, fields,
                    body.empty() && method == "GET" ? http1::Framing::none : http1::Framing::length, body.size());
    if (!body.empty()) http_.send_body(out, body);
    http_.send_end(out);
}

std::size_t ClientConn::on_input(std::span<const std::byte> input) {
    http_.feed(input);
    for (;;) {
        if (input_paused()) break;
        const auto next = http_.next();
        if (!next) {
            broken(next.error().status, next.error().what);
            return input.size();
        }
        if (!*next) break;
        const http1::Client::Event& event = **next;
        if (call_ == nullptr) {  // nobody asked for it
            broken(GW_ERR_PROTOCOL, "the upstream sent bytes that nobody asked for");
            return input.size();
        }
        switch (event.kind) {
        case http1::EventKind::head: call_->on_head(*event.head); break;
        case http1::EventKind::body: call_->on_body(event.body); break;
        case http1::EventKind::trailers: break;
        case http1::EventKind::end: {
            UpstreamCall* call = call_;
            call->on_end();  // releases this connection
            break;
        }
        case http1::EventKind::upgrade:
            broken(GW_ERR_PROTOCOL, "the upstream switched protocols unasked");
            return input.size();
        }
        if (ending()) return input.size();
    }
    return input.size() - http_.take_rest().size();
}

void ClientConn::on_eof() {
    if (call_ == nullptr) {
        close(Close::flush);
        leave_upstream();
        return;
    }
    const auto finished = http_.finish();
    if (!finished) {
        broken(finished.error().status, "the upstream closed the connection before its answer was complete");
        return;
    }
    // A body that lasts until the close is over now.
    const std::size_t ignored = on_input({});
    static_cast<void>(ignored);
    if (call_ != nullptr) broken(GW_ERR_TRUNCATED, "the upstream closed the connection without an answer");
    if (!ending()) close(Close::flush);
}

void ClientConn::broken(gw_status status, std::string_view what) {
    set_error(what, 0);
    leave_upstream();
    UpstreamCall* call = std::exchange(call_, nullptr);
    close(Close::abort);
    if (call != nullptr) call->on_broken(status, what);
}

void ClientConn::on_lost() noexcept {
    leave_upstream();
    if (call_ == nullptr) return;
    UpstreamCall* call = std::exchange(call_, nullptr);
    try {
        if (connected_) {
            call->on_broken(GW_ERR_UPSTREAM, "the connection to the upstream broke");
        } else {
            call->on_connect_failed("the connection broke", GW_ERR_CONNECT);
        }
    } catch (const std::bad_alloc&) {
        call->on_no_memory();
    }
}

void ClientConn::on_no_memory() noexcept {
    leave_upstream();
    if (call_ != nullptr) std::exchange(call_, nullptr)->on_no_memory();
}

void ClientConn::on_timeout() {  // only armed while idle
    close_idle();
}

void ClientConn::release() noexcept {
    call_ = nullptr;
    if (ending()) return;
    if (!http_.reusable() || upstream_->idle_count >= gateway().limits().upstream_idle_max || gateway().draining()) {
        close(Close::flush);
        leave_upstream();
        return;
    }
    resume_input();
    upstream_->idle.push_back(in_idle);
    ++upstream_->idle_count;
    timer().arm(gateway().now() + gateway().limits().upstream_idle_ms);
    Upstreams::next_in_line(*upstream_);
}

void ClientConn::give_up() noexcept {
    call_ = nullptr;
    close(Close::abort);
    leave_upstream();
}

void ClientConn::close_idle() noexcept {
    close(Close::flush);
    leave_upstream();
}

}  // namespace gw::exchange
