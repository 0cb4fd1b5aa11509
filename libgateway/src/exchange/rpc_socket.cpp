#include "exchange/rpc_socket.h"

#include <algorithm>

#include "core/text.h"
#include "exchange/gateway.h"
#include "exchange/hub.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

std::string_view Upgrade::field(std::string_view name) const noexcept {
    for (const auto& [key, value] : fields) {
        if (equals_ignoring_case(key, name)) return value;
    }
    return {};
}

RpcSocket::RpcSocket(Hub& hub, ServerConn& conn, const http1::RequestHead& head, std::string_view peer)
    : in_hub(this),
      hub_(hub),
      conn_(conn),
      codec_(ws::Role::server, {hub.limits().ws_hello_bytes_max}, hub.pool(), hub.memory()),
      client_(hub.memory()),
      upgrade_(make_owned<Upgrade>(hub.memory(), hub.memory())),
      waiting_(hub.memory()),
      connect_id_(hub.memory()) {
    client_.address = peer;
    upgrade_->target = head.target;
    for (const http1::Header& field : head.headers.all()) upgrade_->fields.emplace_back(field.name, field.value);
    hub.opened(*this);
}

RpcSocket::~RpcSocket() { hub_.closed(*this); }

void RpcSocket::start() {
    conn_.timer().arm(hub_.now() + hub_.limits().ws_hello_timeout_ms);
    challenge();
}

void RpcSocket::challenge() {
    const auto nonce = crypto::random_uuid(hub_.random());
    const auto id = crypto::random_uuid(hub_.random());
    if (!nonce || !id) {
        close(1011, "no random numbers");
        return;
    }
    upgrade_->nonce = *nonce;
    client_.conn_id = *id;
    Buffer payload(hub_.pool());
    json::Writer(payload)
        .begin_object()
        .member("nonce", std::string_view(nonce->data(), nonce->size()))
        .member("ts", hub_.unix_ms())
        .end_object();
    Buffer out(hub_.pool());
    rpc::write_event_head(out, "connect.challenge", payload.text());
    rpc::write_event_tail(out, std::nullopt, std::nullopt);
    codec_.send_text(conn_.sink(), out.text());
}

// --- reading -------------------------------------------------------------------------------------------------------

std::size_t RpcSocket::on_input(std::span<const std::byte> input) {
    codec_.feed(input);
    while (!closing_) {
        // A client that asks and does not read: on_drained() goes on. One that the host decides about: on_decided().
        if (conn_.output_full() || asking_) {
            conn_.pause_input();
            return input.size() - codec_.take_rest().size();
        }
        const auto next = codec_.next();
        if (!next) {
            const std::uint16_t code = codec_.close_code();
            close(code, code == 1009 ? "message too large" : next.error().what);
            break;
        }
        if (!*next) break;
        const ws::Event& event = **next;
        switch (event.kind) {
        case ws::EventKind::text:
        case ws::EventKind::binary: on_message(as_text(event.data)); break;
        case ws::EventKind::ping: codec_.send(conn_.sink(), ws::EventKind::pong, event.data); break;
        case ws::EventKind::pong: pong_awaited_ = false; break;
        case ws::EventKind::close:
            closing_ = true;
            codec_.send_close(conn_.sink(), event.code, {});
            conn_.close(Conn::Close::flush);
            break;
        }
    }
    return input.size();
}

void RpcSocket::on_message(std::string_view text) {
    json::Document& document = hub_.gateway().scratch_document();
    json::Limits limits;
    limits.bytes_max = text.size();
    const bool parsed = static_cast<bool>(document.parse(text, limits));
    if (!admitted_) {
        if (!parsed) return close(1000, {});
        on_first(document.root());
    } else if (client_.dialect == rpc::Dialect::simple) {
        parsed ? hub_.run_simple(*this, document.root())
               : say_error("INVALID_MESSAGE", "The message is not valid JSON.");
    } else if (parsed) {
        std::string_view id;
        std::pmr::string error(hub_.memory());
        const auto request = rpc::read_request(client_.dialect, document.root(), id, error);
        if (request) {
            on_request(*request);
        } else {
            error.insert(0, "invalid request frame: ");
            fail(id, {rpc::code::invalid_request, error, {}, false, {}, {}}, {});
        }
    } else {
        hub_.log().debug({"a message of ", client_.name(), " is no JSON; it was ignored"});
    }
    if (text.size() > 65536) document.shrink(65536);
}

void RpcSocket::on_first(const json::Value& root) {
    client_.dialect = rpc::dialect_of(root);
    std::string_view id;
    std::pmr::string error(hub_.memory());
    const auto request = rpc::read_request(client_.dialect, root, id, error);
    if (client_.dialect == rpc::Dialect::simple) return on_simple_auth(root);
    if (client_.dialect == rpc::Dialect::unknown || !request) return close(1008, "invalid request frame");
    if (request->method == "connect") return on_connect(*request);
    if (client_.dialect == rpc::Dialect::seed) {
        if (hub_.gateway().host_auth()) return ask_host(root, {});
        if (admit_by_upgrade()) return on_request(*request);
    }
    refuse(id, {rpc::code::invalid_request, "invalid handshake: first request must be connect", {}, false, {}, {}});
}

void RpcSocket::on_request(const rpc::Request& request) { hub_.run(*this, request); }

void RpcSocket::on_drained() {
    while (waiting_first_ < waiting_.size() && !conn_.output_full() && !closing_) {
        const FrameReference next = std::move(waiting_[waiting_first_++]);
        waiting_bytes_ -= next->text.size();
        write(*next);
    }
    if (waiting_first_ == waiting_.size()) {
        waiting_first_ = 0;
        waiting_.clear();
        waiting_.shrink_to_fit();
    } else if (waiting_first_ > 1024 && waiting_first_ * 2 > waiting_.size()) {
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_first_));
        waiting_first_ = 0;
    }
}

void RpcSocket::on_timeout() {
    if (!admitted_) return close(1000, {});
    if (pong_awaited_) {  // nobody is there any more
        conn_.close(Conn::Close::abort);
        return;
    }
    pong_awaited_ = true;
    codec_.send(conn_.sink(), ws::EventKind::ping, {});
    conn_.timer().arm(hub_.now() + hub_.limits().ws_ping_ms);
}

// --- writing -------------------------------------------------------------------------------------------------------

void RpcSocket::answer(std::string_view id, std::string_view payload, std::string_view meta) {
    if (closing_) return;
    Buffer out(hub_.pool());
    rpc::write_answer(out, client_.dialect, id, payload, meta);
    codec_.send_text(conn_.sink(), out.text());
}

void RpcSocket::fail(std::string_view id, const rpc::Failure& failure, std::string_view meta) {
    if (closing_) return;
    Buffer out(hub_.pool());
    rpc::write_failure(out, client_.dialect, id, failure, meta);
    codec_.send_text(conn_.sink(), out.text());
}

void RpcSocket::push(SharedFrame& frame) {
    if (closing_) return;
    if (waiting_.empty() && !conn_.output_full()) return write(frame);
    if (!frame.merge.empty()) {
        for (std::size_t i = waiting_.size(); i-- > waiting_first_;) {
            if (waiting_[i]->merge != frame.merge) continue;
            waiting_bytes_ = waiting_bytes_ - waiting_[i]->text.size() + frame.text.size();
            waiting_[i] = FrameReference(frame);
            return;
        }
    }
    if (waiting_bytes_ + frame.text.size() > hub_.limits().ws_buffered_bytes_max) {
        if (frame.may_drop) {
            ++seq_;  // a gap tells the client that something is missing
            return;
        }
        hub_.log().warn({"the client ", client_.name(), " does not keep up: it is closed"});
        close(1008, "slow consumer");
        return;
    }
    waiting_.push_back(FrameReference(frame));
    waiting_bytes_ += frame.text.size();
}

void RpcSocket::write(SharedFrame& frame) {
    if (frame.whole) return say(frame.text.text());
    Buffer tail(hub_.pool());
    std::optional<std::uint64_t> number;
    if (frame.numbered) number = ++seq_;
    rpc::write_event_tail(tail, number, frame.version);
    codec_.send_text(conn_.sink(), frame.text.text(), tail.text());
}

void RpcSocket::fail_no_memory() noexcept {
    closing_ = true;
    conn_.fail_no_memory();
}

void RpcSocket::close(std::uint16_t code, std::string_view reason) {
    if (closing_) return;
    closing_ = true;
    waiting_.clear();
    codec_.send_close(conn_.sink(), code, reason);
    conn_.close(Conn::Close::linger);
}

}  // namespace gw::exchange
