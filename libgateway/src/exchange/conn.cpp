#include "exchange/conn.h"

#include "exchange/gateway.h"

namespace gw::exchange {

Conn::Conn(Gateway& gateway)
    : in_all(this),
      in_dirty(this),
      gateway_(gateway),
      in_(gateway.pool()),
      plain_out_(gateway.pool()),
      out_(gateway.pool()),
      timer_(
          gateway.timers(), [](void* self) { static_cast<Conn*>(self)->guarded_timeout(); }, this),
      stall_timer_(
          gateway.timers(), [](void* self) { static_cast<Conn*>(self)->on_stall(); }, this) {
    gateway.conns().push_back(in_all);
}

Conn::~Conn() = default;

void Conn::start_tls(tls::Context& context, std::string_view server_name) {
    tls_ = make_owned<tls::Pipe>(gateway_.memory(), context, server_name, gateway_.pool(), gateway_.memory());
    if (const auto started = tls_->start(out_); !started) {
        on_tls_failure(started.error().what);
    }
    mark_dirty();
}

// --- the host's side ---------------------------------------------------------------------------------------------

gw_status Conn::recv(std::span<const std::byte> piece) {
    if (state_ == State::closed || peer_ended_) return GW_ERR_STATE;
    if (state_ != State::open) return GW_OK;  // an answer is on its way out, what still comes is dropped
    if (tls_) {
        const auto fed = tls_->feed(piece, in_, out_);
        mark_dirty();
        if (!fed) {
            on_tls_failure(tls_->failure().empty() ? fed.error().what : tls_->failure());
            close(Close::flush);
            return fed.error().status;
        }
        if (tls_->established() && !secure_told_) {
            secure_told_ = true;
            on_secure();
        }
        process_input();
        if (state_ == State::open && tls_->peer_closed()) return eof();
    } else if (in_.empty() && !input_paused_) {
        const std::size_t used = on_input(piece);  // the common case: nothing is kept, nothing is copied
        if (used < piece.size() && state_ == State::open) in_.append(piece.subspan(used));
    } else {
        in_.append(piece);
        process_input();
    }
    if (wants_read() != told_read_) gateway_.enqueue(*this);
    if (error_http_status_ == 0 || state_ == State::open) return GW_OK;
    return error_http_status_ == 400 || error_http_status_ == 501 || error_http_status_ == 505 ? GW_ERR_PROTOCOL
                                                                                               : GW_ERR_LIMIT;
}

void Conn::process_input() {
    while (!in_.empty() && !input_paused_ && state_ == State::open) {
        in_use_ = true;  // the protocol looks at the bytes: close() must not give them back
        const std::size_t used = on_input(in_.bytes());
        in_use_ = false;
        if (used == 0) break;
        in_.consume(used);
    }
    if (state_ != State::open) in_.clear();
}

gw_status Conn::eof() {
    if (state_ == State::closed || peer_ended_) return GW_ERR_STATE;
    peer_ended_ = true;
    if (state_ == State::lingering) {
        state_ = State::closed;
        gateway_.enqueue(*this);
        return GW_OK;
    }
    if (state_ == State::open) on_eof();
    return GW_OK;
}

bool Conn::take_output(gw_buf& out) noexcept {
    if (out_.empty()) return false;
    const bool was_full = output_full();
    out = out_.take();
    count_sent(out.len);
    told_output_ = false;
    last_taken_ = gateway_.now();
    if (was_full) {
        drained_waits_ = true;
        mark_dirty();
    }
    if (state_ != State::open) gateway_.enqueue(*this);  // the way is free for SHUTDOWN or CLOSE
    return true;
}

bool Conn::wants_read() const noexcept {
    if (peer_ended_ || state_ == State::closed || dial != Dial::none) return false;
    if (state_ != State::open) return true;
    return in_.size() < gateway_.limits().output_bytes_high && (!input_paused_ || in_.empty());
}

bool Conn::next_event(gw_event& event) noexcept {
    event.conn = reinterpret_cast<gw_conn*>(this);
    if (is_stillborn()) return false;
    if (dial == Dial::wanted) {
        dial = Dial::told;
        event.type = GW_EVENT_CONNECT;
        describe_dial(event);
        return true;
    }
    if (!out_.empty() && !told_output_ && !aborted_) {
        told_output_ = true;
        event.type = GW_EVENT_OUTPUT;
        return true;
    }
    if (dial == Dial::none && state_ != State::closed && wants_read() != told_read_) {
        told_read_ = !told_read_;
        event.type = GW_EVENT_READ;
        return true;
    }
    if (state_ == State::open || told_close_ || (!out_.empty() && !aborted_)) return false;
    if (state_ == State::flushing && close_lingers_ && !peer_ended_) {
        state_ = State::lingering;
        stall_timer_.arm(gateway_.now() + gateway_.limits().linger_ms);
        event.type = GW_EVENT_SHUTDOWN;
        return true;
    }
    if (state_ == State::lingering) return false;
    state_ = State::closed;
    told_close_ = true;
    timer_.disarm();
    if (aborted_) {
        stall_timer_.disarm();
    } else {
        stall_timer_.arm(gateway_.now() + gateway_.limits().write_timeout_ms);  // for the host to write the rest
    }
    event.type = GW_EVENT_CLOSE;
    event.abort = aborted_;
    return true;
}

// --- the protocol's side -----------------------------------------------------------------------------------------

Buffer& Conn::sink() noexcept {
    mark_dirty();
    return tls_ ? plain_out_ : out_;
}

bool Conn::output_full() const noexcept { return output_size() >= gateway_.limits().output_bytes_high; }

void Conn::mark_dirty() noexcept {
    if (!in_dirty.linked()) gateway_.dirty().push_back(in_dirty);
}

void Conn::resume_input() noexcept {
    input_paused_ = false;
    resume_ = true;
    mark_dirty();
}

void Conn::settle() {
    on_settle();
    if (drained_waits_) {
        drained_waits_ = false;
        if (state_ == State::open && !output_full()) on_drained();
    }
    if (resume_) {
        resume_ = false;
        process_input();
    }
    encrypt();
    if (!out_.empty() && !told_output_ && dial == Dial::none) {
        gateway_.enqueue(*this);
        last_taken_ = gateway_.now();  // nothing waited before: the peer is not slow yet
        if (!stall_timer_.armed()) stall_timer_.arm(gateway_.now() + gateway_.limits().write_timeout_ms);
    }
    if (state_ != State::open || wants_read() != told_read_) gateway_.enqueue(*this);
}

void Conn::encrypt() {
    if (!tls_ || plain_out_.empty() || !tls_->established() || aborted_) return;
    if (!tls_->write(plain_out_.bytes(), out_)) close(Close::abort);
    plain_out_.clear();
}

void Conn::close(Close how) noexcept {
    if (state_ != State::open && how != Close::abort) return;
    if (how == Close::abort) {
        if (state_ == State::closed && told_close_) return;
        state_ = State::closed;
        aborted_ = true;
        out_.clear();
        plain_out_.clear();
    } else {
        if (tls_ && tls_->established()) {
            try {
                encrypt();
                tls_->close(out_);
            } catch (...) {  // no memory for the farewell: the peer sees a truncation instead
                out_.clear();
            }
        }
        state_ = State::flushing;
        close_lingers_ = how == Close::linger;
    }
    if (!in_use_) in_.clear();
    timer_.disarm();
    gateway_.enqueue(*this);
    mark_dirty();
}

void Conn::fail_no_memory() noexcept {
    set_error("out of memory", 0);
    close(Close::abort);
    on_no_memory();
}

void Conn::set_error(std::string_view what, int http_status) noexcept {
    if (!error_.empty()) return;
    error_ = what;
    error_http_status_ = http_status;
}

void Conn::guarded_timeout() noexcept {
    try {
        on_timeout();
    } catch (const std::bad_alloc&) {
        fail_no_memory();
    }
}

void Conn::on_stall() noexcept {
    if (state_ == State::closed) {
        if (!told_close_ || aborted_) return;
        aborted_ = true;
        told_close_ = false;
        gateway_.enqueue(*this);
        return;
    }
    if (state_ == State::lingering) {
        state_ = State::closed;
        gateway_.enqueue(*this);
        return;
    }
    if (!told_output_ || out_.empty()) return;  // nothing waits for the peer; armed again with the next output
    const Milliseconds due = last_taken_ + gateway_.limits().write_timeout_ms;
    if (gateway_.now() < due) {
        stall_timer_.arm(due);
        return;
    }
    set_error("the peer takes no output", 0);
    close(Close::abort);
    on_lost();
}

}  // namespace gw::exchange
