// ClientConn: a connection to an upstream. Carries one call at a time; in between it waits in its upstream's idle list.
#pragma once

#include <string>

#include "exchange/conn.h"
#include "http1/http1.h"

namespace gw::exchange {

class UpstreamCall;
struct Upstream;

class ClientConn final : public Conn {
public:
    // Wants to be connected to `address` for `call`.
    ClientConn(Gateway& gateway, Upstream& upstream, UpstreamCall& call, std::string_view address);
    ~ClientConn() override;

    // The host's answers to CONNECT.
    [[nodiscard]] gw_status dial_opened() override;
    [[nodiscard]] gw_status dial_failed(std::string_view reason) override;

    // From idle to work.
    void adopt(UpstreamCall& call) noexcept;
    void send_request(std::string_view method, std::string_view path, std::span<const http1::Header> fields,
                      std::span<const std::byte> body);
    void pause() noexcept { pause_input(); }
    void resume() noexcept { resume_input(); }
    // The call is over; the connection is kept when it can carry another one, else closed.
    void release() noexcept;
    // The call is given up in the middle: closed at once.
    void give_up() noexcept;
    void close_idle() noexcept;
    [[nodiscard]] std::string_view address() const noexcept { return address_; }

    void on_lost() noexcept override;
    void on_no_memory() noexcept override;
    Link<ClientConn> in_idle;

private:
    std::size_t on_input(std::span<const std::byte> input) override;
    void on_eof() override;
    void on_secure() override;
    void on_tls_failure(std::string_view what) override;
    void on_timeout() override;
    void describe_dial(gw_event& event) noexcept override;
    void broken(gw_status status, std::string_view what);
    void leave_upstream() noexcept;

    Upstream* upstream_;
    UpstreamCall* call_;
    http1::Client http_;
    std::pmr::string address_;
    bool connected_ = false;
};

}  // namespace gw::exchange
