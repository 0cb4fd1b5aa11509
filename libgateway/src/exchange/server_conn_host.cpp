// Requests of routes that the host added: it is told of them, and writes their answers piece by piece.
#include "exchange/gateway.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

void ServerConn::ask_host() {
    host_request_ = gateway().requests().table.add(*this);
    host_told_ = false;
    host_writable_waits_ = false;
    gateway().enqueue(*this);
}

bool ServerConn::next_event(gw_event& event) noexcept {
    if (host_request_ != 0 && !host_told_) {
        host_told_ = true;
        event.type = GW_EVENT_REQUEST;
        event.request = host_request_;
        event.conn = reinterpret_cast<gw_conn*>(static_cast<Conn*>(this));
        event.listener = gateway().routes().host_route(target_)->number;
        return true;
    }
    if (host_request_ != 0 && host_writable_waits_ && !output_full()) {
        host_writable_waits_ = false;
        event.type = GW_EVENT_REQUEST_WRITABLE;
        event.request = host_request_;
        return true;
    }
    return Conn::next_event(event);
}

// What the open request says, or, of a gateway socket, the request that it began with.
std::string_view ServerConn::method() const noexcept { return rpc_ ? std::string_view("GET") : head_->method; }

std::string_view ServerConn::field(std::string_view name) const noexcept {
    return rpc_ ? rpc_->upgrade_field(name) : head_->headers.get(name).value_or(std::string_view{});
}

std::string_view ServerConn::path() const noexcept {
    return rpc_ ? rpc_->upgrade_target().substr(0, rpc_->upgrade_target().find('?')) : path_;
}

std::string_view ServerConn::query() const noexcept {
    if (!rpc_) return query_;
    const std::size_t mark = rpc_->upgrade_target().find('?');
    return mark == std::string_view::npos ? std::string_view{} : rpc_->upgrade_target().substr(mark + 1);
}

std::string_view ServerConn::parameter(std::string_view name) const noexcept {
    for (const auto& [key, value] : parameters_) {
        if (key == name) return value;
    }
    return {};
}

gw_status ServerConn::host_start(int status, std::span<const http1::Header> fields, std::uint64_t length) {
    if (http_->response_open()) return GW_ERR_STATE;
    const bool streamed = length == GW_LENGTH_UNKNOWN;
    if (streamed) ++gateway().stats().streams_total;
    host_length_left_ = length;
    send_head(status, {}, fields, streamed ? http1::Framing::chunked : http1::Framing::length, streamed ? 0 : length);
    return GW_OK;
}

gw_status ServerConn::host_write(std::span<const std::byte> data) {
    if (!http_->response_open()) return GW_ERR_STATE;
    if (host_length_left_ != GW_LENGTH_UNKNOWN) {
        if (data.size() > host_length_left_) return GW_ERR_ARGUMENT;
        host_length_left_ -= data.size();
    }
    write(data);
    if (!output_full()) return GW_OK;
    host_writable_waits_ = true;
    return GW_DONE;
}

gw_status ServerConn::host_end() {
    if (!http_->response_open()) return GW_ERR_STATE;
    gateway().requests().table.remove(std::exchange(host_request_, 0));
    end();
    return GW_OK;
}

gw_status ServerConn::host_abort() noexcept {
    gateway().requests().table.remove(std::exchange(host_request_, 0));
    break_off();
    return GW_OK;
}

}  // namespace gw::exchange
