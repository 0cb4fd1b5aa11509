// Conn: one byte stream between the host and a protocol, with TLS in between when the stream has it.
//
//     host bytes -- recv() --> [ TLS ] --> on_input()      take_output() <-- [ TLS ] <-- sink() <-- protocol
//
// A protocol (ServerConn, ClientConn) writes plaintext into sink() and reads plaintext in on_input(). Everything
// written during one call of the host is encrypted and announced once, when the call settles (Gateway::settle).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/buffer.h"
#include "core/owned.h"
#include "core/timers.h"
#include "exchange/event_source.h"
#include "tls/tls.h"

namespace gw::exchange {

class Gateway;

class Conn : public EventSource {
public:
    explicit Conn(Gateway& gateway);
    virtual ~Conn();

    enum class Close : std::uint8_t {
        flush,   // everything written so far goes out first
        linger,  // likewise, then FIN, then the peer's bytes are read and dropped until it ends too
        abort,   // nothing more goes out
    };

    // The host's side; see gateway/conn.h.
    [[nodiscard]] gw_status recv(std::span<const std::byte> piece);
    [[nodiscard]] gw_status eof();
    [[nodiscard]] bool take_output(gw_buf& out) noexcept;  // what was waiting for room goes on when the call settles
    [[nodiscard]] virtual gw_status dial_opened() { return GW_ERR_STATE; }
    [[nodiscard]] virtual gw_status dial_failed(std::string_view /*reason*/) { return GW_ERR_STATE; }
    [[nodiscard]] Gateway& owner() const noexcept { return gateway_; }
    [[nodiscard]] bool wants_read() const noexcept;
    // The host asks itself: from here on READ tells what changes against this answer.
    [[nodiscard]] bool tell_wants_read() const noexcept { return told_read_ = wants_read(); }
    void set_user(void* user) noexcept { user_ = user; }
    [[nodiscard]] void* user() const noexcept { return user_; }
    [[nodiscard]] std::string_view error() const noexcept { return error_; }
    [[nodiscard]] int error_http_status() const noexcept { return error_http_status_; }
    bool next_event(gw_event& event) noexcept override;
    // The host ends it: what waits for this connection is told. Called right before the destructor.
    virtual void on_lost() noexcept = 0;
    // The same after an allocation failed: what was written last may be half a thing.
    virtual void on_no_memory() noexcept { on_lost(); }

    // Closed before the host ever heard of it: nobody but the gateway will free it.
    [[nodiscard]] bool is_stillborn() const noexcept { return dial == Dial::wanted && state_ == State::closed; }
    // Work that was left for the end of the host's call: paused input, encryption, announcing output.
    void settle();
    // An allocation failed in the middle of this connection's work: nothing more is said on it.
    void fail_no_memory() noexcept;

    Link<Conn> in_all;    // Gateway's list of connections
    Link<Conn> in_dirty;  // ... of those with work at the end of this call

protected:
    void start_tls(tls::Context& context, std::string_view server_name);

    // Plaintext towards the peer.
    [[nodiscard]] Buffer& sink() noexcept;
    [[nodiscard]] std::size_t output_size() const noexcept { return out_.size() + plain_out_.size(); }
    [[nodiscard]] bool output_full() const noexcept;
    void mark_dirty() noexcept;
    // Input is not looked at until resume_input(); the host is asked to stop reading when enough is kept.
    void pause_input() noexcept { input_paused_ = true; }
    void resume_input() noexcept;
    [[nodiscard]] bool input_paused() const noexcept { return input_paused_; }

    void close(Close how) noexcept;
    void set_error(std::string_view what, int http_status) noexcept;
    [[nodiscard]] bool ending() const noexcept { return state_ != State::open; }

    // Uses what it can of `input` and says how many bytes that was; the rest comes again, with more behind it, after
    // the next bytes or resume_input().
    virtual std::size_t on_input(std::span<const std::byte> input) = 0;
    virtual void on_eof() = 0;   // the peer ended its direction
    virtual void on_secure() {}  // the TLS handshake is done
    virtual void on_tls_failure(std::string_view what) = 0;
    virtual void on_drained() {}          // there is room for output again
    virtual void on_timeout() = 0;        // timer() fired
    virtual void on_settle() noexcept {}  // the host's call ends
    [[nodiscard]] Timer& timer() noexcept { return timer_; }
    [[nodiscard]] Gateway& gateway() const noexcept { return gateway_; }
    [[nodiscard]] tls::Pipe* tls() const noexcept { return tls_.get(); }
    // For a connection whose CONNECT event the host has not answered yet.
    enum class Dial : std::uint8_t { none, wanted, told };
    Dial dial = Dial::none;
    virtual void describe_dial(gw_event& /*event*/) noexcept {}
    virtual void count_sent(std::size_t /*bytes*/) noexcept {}

private:
    enum class State : std::uint8_t { open, flushing, lingering, closed };
    void process_input();
    void encrypt();
    void guarded_timeout() noexcept;
    void on_stall() noexcept;

    Gateway& gateway_;
    Owned<tls::Pipe> tls_;
    Buffer in_;         // plaintext that the protocol has not used yet
    Buffer plain_out_;  // only with TLS
    Buffer out_;        // what the host may take
    Timer timer_;
    Timer stall_timer_;  // the host has not taken output for gw_limits.write_timeout_ms, or a linger is over
    Milliseconds last_taken_ = 0;
    void* user_ = nullptr;
    std::string_view error_;
    int error_http_status_ = 0;
    State state_ = State::open;
    bool close_lingers_ = false;
    bool secure_told_ = false;
    bool peer_ended_ = false;
    bool input_paused_ = false;
    bool in_use_ = false;
    bool resume_ = false;
    bool drained_waits_ = false;
    bool told_output_ = false;
    mutable bool told_read_ = true;
    bool told_close_ = false;
    bool aborted_ = false;
};

}  // namespace gw::exchange
