// HostAuth: the host decides who may come in, instead of gateway.auth.
//
//     head of a request, or `connect` of a gateway socket
//         └─ ask() ─► GW_EVENT_AUTH ─► gw_ask_answer() or the deadline ─► Owner::on_decided()
//
// Meanwhile nothing more of that connection is read, so somebody who is not known yet costs no more than a head.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "exchange/asks.h"

namespace gw::exchange {

class ServerConn;

class HostAuth final : public AskOwner {
public:
    enum class Outcome : std::uint8_t {
        allowed,
        denied,       // the host knows them not, or too well
        unavailable,  // the host does not answer, or cannot say
    };

    // `conn` hears of the outcome by ServerConn::on_decided() and is what gw_request_header() and the like read from.
    explicit HostAuth(ServerConn& conn);
    ~HostAuth();
    HostAuth(const HostAuth&) = delete;
    HostAuth& operator=(const HostAuth&) = delete;

    // `credentials`: what a gateway socket says in `connect`, as JSON. False when too many questions are open.
    [[nodiscard]] bool ask(std::string_view peer, std::string_view credentials);
    void take_back() noexcept;
    [[nodiscard]] bool open() const noexcept { return ask_.open(); }

    // Of the last decision. No scopes: all of them.
    void forget() noexcept {
        user_.clear();
        scopes_.clear();
    }
    [[nodiscard]] std::string_view user() const noexcept { return user_; }
    [[nodiscard]] std::string_view scopes() const noexcept { return scopes_; }

    void on_answer(Ask& ask, const gw_answer& answer) override;

private:
    ServerConn& conn_;
    Ask ask_;
    gw_request_id request_ = 0;
    std::pmr::string user_, scopes_;
};

}  // namespace gw::exchange
