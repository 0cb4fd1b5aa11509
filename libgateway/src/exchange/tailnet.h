// Tailnet: who has an address of the tailnet, asked of tailscaled on this machine.
//
//     ask(address) ─► remembered: answered at once
//          └─ GET /localapi/v0/whois?addr=100.64.0.7:0 over its local socket ─► TailnetWaiter::on_whois()
//
// An answer is remembered for a minute, that nobody is known for five seconds. A failure counts as nobody.
#pragma once

#include <cstdint>
#include <list>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "core/list.h"
#include "core/timers.h"
#include "exchange/upstream_call.h"

namespace gw::exchange {

class Gateway;

struct TailnetAnswer {
    bool found = false;
    std::string_view login;  // "ann@example.org"; for the call
};

// Destroying it takes the question back.
class TailnetWaiter {
public:
    TailnetWaiter() noexcept : in_question(this) {}
    TailnetWaiter(const TailnetWaiter&) = delete;
    TailnetWaiter& operator=(const TailnetWaiter&) = delete;
    virtual void on_whois(const TailnetAnswer& answer) noexcept = 0;
    Link<TailnetWaiter> in_question;

protected:
    ~TailnetWaiter() = default;
};

class Tailnet {
public:
    static constexpr std::size_t questions_max = 256;  // open and remembered
    static constexpr std::size_t open_max = 32;
    static constexpr Milliseconds found_ms = 60000, nobody_ms = 5000;
    static constexpr std::string_view socket_path = "/var/run/tailscale/tailscaled.sock";

    explicit Tailnet(Gateway& gateway);
    ~Tailnet();
    Tailnet(const Tailnet&) = delete;
    Tailnet& operator=(const Tailnet&) = delete;

    // `address`: canonical text. Nothing: the waiter is told, never from inside this call.
    [[nodiscard]] std::optional<TailnetAnswer> ask(std::string_view address, TailnetWaiter& waiter);

private:
    class Question;
    void forget_old();

    Gateway& gateway_;
    std::pmr::list<Owned<Question>> questions_;  // the oldest first
    std::size_t open_count_ = 0;
};

}  // namespace gw::exchange
