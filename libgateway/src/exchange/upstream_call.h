// UpstreamCall: one HTTP request to an upstream, from the name to the last byte of the answer.
//
//     start() ─► in line ─► resolve ─► connect ─► TLS ─► request ─► head ─► body ... ─► end
//                  │ an idle connection skips to "request"   │ before the first byte of an answer a broken
//                  ▼                                         ▼ connection is tried again
//               Listener::on_failure <────────────────────────
//
// Destroying a call before its end cancels it: its connection is closed at once.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "core/owned.h"
#include "core/timers.h"
#include "exchange/asks.h"
#include "exchange/client_conn.h"
#include "exchange/upstreams.h"
#include "http1/http1.h"

namespace gw::exchange {

class Gateway;

class UpstreamCall final : public AskOwner {
public:
    // Told in this order: on_head, on_body..., then one of on_end and on_failure; on_failure may come first. The
    // listener may destroy the call from any of them.
    class Listener {
    public:
        virtual void on_head(const http1::ResponseHead& head) = 0;
        virtual void on_body(std::span<const std::byte> data) = 0;
        virtual void on_end() = 0;
        virtual void on_failure(gw_status status, std::string_view what) = 0;
        // Instead of on_failure when an allocation failed: what was said last may be half a thing.
        virtual void on_no_memory() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    struct Target {
        upstream::Url url;  // with port 0, which no URL that was read has, `host` is the path of a local socket
        upstream::Reach reach = upstream::Reach::global_only;
        std::span<const upstream::Network> allowed{};  // private networks that may be dialled all the same; borrowed
        bool alone = false;  // a connection of its own: none that was kept, whose address other rules may have allowed
        std::uint32_t connect_timeout_ms = 10000;
        std::uint32_t first_byte_timeout_ms = 120000;
        std::uint32_t idle_timeout_ms = 120000;
    };

    UpstreamCall(Gateway& gateway, Listener& listener, const Target& target);
    ~UpstreamCall();
    UpstreamCall(const UpstreamCall&) = delete;
    UpstreamCall& operator=(const UpstreamCall&) = delete;

    // Sends `method path` with `fields` (Host, Content-Length and Connection are added) and the content of `body`,
    // which it keeps until an answer has begun. Failures come through the listener, never from inside this call.
    void start(std::string_view method, std::string_view path, std::span<const http1::Header> fields, Buffer&& body);
    // Stops and goes on reading the answer: back-pressure.
    void pause() noexcept;
    void resume() noexcept;

    // From the connection that carries this call.
    void on_connected();
    void on_connect_failed(std::string_view why, gw_status status);
    void on_head(const http1::ResponseHead& head);
    void on_body(std::span<const std::byte> data);
    void on_end();
    void on_broken(gw_status status, std::string_view what);  // the connection ended before the answer did
    void on_no_memory() noexcept;
    void on_turn() noexcept;  // first in line
    void on_answer(Ask& ask, const gw_answer& answer) override;

    Link<UpstreamCall> in_line;

private:
    enum class State : std::uint8_t { idle, in_line, resolving, connecting, waiting_head, reading, done };
    // Runs a step that comes from the clock or the host: failing for want of memory ends this call and nothing else.
    template <typename Step>
    void guard(Step&& step) noexcept {
        try {
            step(*this);
        } catch (const std::bad_alloc&) {
            on_no_memory();
        }
    }
    [[nodiscard]] bool is_local() const noexcept { return upstream_.port == 0; }
    void begin();
    void resolve();
    void on_resolved(const gw_answer& answer);
    void dial_next_address();
    void send();
    void fail(gw_status status, std::string_view what);
    void fail_later(gw_status status, std::string_view what) noexcept;
    void on_timeout();
    void detach() noexcept;

    Gateway& gateway_;
    Listener& listener_;
    Target target_;
    Upstream& upstream_;
    Timer timer_;
    State state_ = State::idle;
    ClientConn* conn_ = nullptr;
    Owned<Ask> ask_;
    std::pmr::vector<std::pmr::string> addresses_;
    std::size_t next_address_ = 0;
    std::size_t field_count_ = 0;
    std::pmr::string head_;  // method, path and fields, serialised as name NUL value NUL
    Buffer body_;
    unsigned retries_left_ = 2;
    bool reused_ = false;    // on a connection that has served before: it may have been closed meanwhile
    bool answered_ = false;  // the first byte of an answer is here: no retry from now on
    Milliseconds last_activity_ = 0;
    gw_status late_status_ = GW_OK;
    std::string_view late_what_;
};

}  // namespace gw::exchange
