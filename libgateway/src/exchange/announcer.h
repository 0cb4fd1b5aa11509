// Announcer: whoever looks for gateways on the local network finds this one, by multicast DNS (RFC 6762) and service
// discovery (RFC 6763).
//
//     every port listens ─► DATAGRAM ─► three questions: are the names free? ─► told twice ─► once a minute: still here
//                   a query ─► soon, to all; or at once, to who asked alone       shutdown() ─► goodbye
//
// The library knows no interfaces. What is sent to a group comes back to whoever has joined it: from its own questions
// the gateway learns the address by which others on that network know it, and whether the network is still there.
// An answer that says something else of one of our names makes us take another one. Questions of two who begin in the
// same moment are not compared (RFC 6762 8.2): their announcements are.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ip_address.h"
#include "core/timers.h"
#include "dns/dns.h"
#include "exchange/asks.h"

namespace gw::exchange {

class Gateway;

class Announcer final : private AskOwner {
public:
    // `port`: the one that clients dial.
    Announcer(Gateway& gateway, std::uint32_t port);

    // It is configured, others can reach the gateway, and the host has what it takes.
    [[nodiscard]] static bool is_wanted(const Gateway& gateway) noexcept;
    void start();
    // What it says may have changed.
    void config_changed() noexcept;
    // Says goodbye, once it has said anything.
    void leave() noexcept;

private:
    struct Record {
        std::pmr::string owner;  // a name as dns::Entry has it, and so is the data
        std::uint16_t type;
        std::uint32_t ttl;
        bool is_unique;  // ours alone: nobody else may say anything else of it
        bool ends;       // with this gateway, of which a goodbye tells
        std::pmr::string data;
        Milliseconds quiet_until = 0;  // RFC 6762 6: told to all once a second
    };
    using Records = std::pmr::vector<Record>;
    using Mask = std::uint32_t;  // of records_: the first is 1

    enum class Step : std::uint8_t { open, probe, announce, repeat, look, see, change, gone };
    void next(Step step, Milliseconds delay) noexcept;
    void on_step();
    void on_answer(Ask& ask, const gw_answer& answer) override;
    void open();
    void wait(std::initializer_list<std::string_view> why);
    void fall_silent() noexcept;
    void probe_again() noexcept;
    void ask_around();
    void announce();
    void change();

    void hear(const gw_answer& datagram);
    void hear_myself(std::string_view address);
    void hear_query(dns::Reader& reader, const gw_answer& datagram);
    void hear_answer(dns::Reader& reader);
    void yield(const Record& record);
    [[nodiscard]] bool may_answer_alone() noexcept;
    void answer_alone(Mask mask, const gw_answer& datagram, std::uint16_t id, const dns::Entry* question);
    void answer_soon(Mask mask) noexcept;
    void answer_all();

    [[nodiscard]] Records describe() const;
    [[nodiscard]] std::pmr::string text_of(std::string_view host) const;
    [[nodiscard]] std::pmr::string display_name() const;
    [[nodiscard]] Mask matching(const dns::Entry& question) const noexcept;
    [[nodiscard]] Mask companions(Mask mask) const noexcept;
    void write(Buffer& out, Mask answers, Mask additional, std::uint16_t id, const dns::Entry* question) const;

    Gateway& gateway_;
    const std::uint32_t port_;
    Ask ask_;
    Timer step_timer_, answer_timer_;
    Step step_ = Step::open;
    unsigned probe_count_ = 0;
    bool is_open_ = false, is_announced_ = false, heard_myself_ = false, warned_ = false;
    unsigned instance_number_ = 1, host_number_ = 1;  // "name", "name (2)"
    std::optional<IpAddress> address_;                // by which others know us
    std::pmr::string question_;                       // our own, to be heard again
    Records records_;
    Mask due_ = 0;     // of these everybody is to hear
    Mask urgent_ = 0;  // and of these sooner than that: who asked wants to have the name
    Milliseconds alone_until_ = 0;
    unsigned alone_count_ = 0;  // answers to one who asked, within a second
};

}  // namespace gw::exchange
