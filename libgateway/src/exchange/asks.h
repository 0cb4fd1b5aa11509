// Questions to the host that it may answer later: asked with a deadline, answered by id, gone when nobody waits any
// more.
//
//     Ask (member of whoever asks) -- put() --> GW_EVENT_RESOLVE --> gw_ask_answer(id) --> AskOwner::on_answer()
//
// A program's output comes in pieces. They are collected here, up to the limit: its owner hears one answer.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/id_table.h"
#include "core/timers.h"
#include "exchange/event_source.h"
#include "gateway/ask.h"

namespace gw::exchange {

class Gateway;
class Ask;
struct ConfigHandle;

// Who asked. Answers come from inside gw_ask_answer() or, for a time-out, from inside a tick.
class AskOwner {
public:
    virtual void on_answer(Ask& ask, const gw_answer& answer) = 0;

protected:
    ~AskOwner() = default;
};

// What is asked; strings are copied into the Ask.
struct Question {
    gw_event_type type = GW_EVENT_NONE;
    std::string_view host;
    std::uint32_t port = 0;
    std::uint32_t listener = 0;
    std::string_view data;
    std::span<const std::string_view> argv{};
    gw_request_id request = 0;
    std::uint32_t timeout_ms =
        0;  // 0: gw_limits.ask_timeout_ms; a question that stays open has none after its first answer
    std::size_t output_bytes_max = 1U << 20U;
};

// One question. Destroying it takes the question back: the host gets GW_EVENT_CANCEL if it has heard of it.
class Ask final : public EventSource {
public:
    Ask(Gateway& gateway, AskOwner& owner);
    ~Ask();

    // Puts the question. A host without the service answers at once, through on_answer in the same turn, with
    // GW_ERR_UNSUPPORTED. GW_ERR_LIMIT when gw_limits.asks_max are open.
    [[nodiscard]] gw_status put(const Question& question);
    // Sends a datagram on an open DATAGRAM question, in place of one that still waits for the host: they may get lost.
    void send(std::string_view host, std::uint32_t port, std::string_view data);
    [[nodiscard]] bool is_sending() const noexcept { return send_waits_; }
    void take_back() noexcept;
    [[nodiscard]] bool open() const noexcept { return id_ != 0; }

    void answer(gw_answer answer);
    bool next_event(gw_event& event) noexcept override;

private:
    void time_out();
    void take_output(gw_answer& answer) noexcept;
    [[nodiscard]] bool stays_open() const noexcept;

    Gateway& gateway_;
    AskOwner& owner_;
    Timer timer_;
    gw_ask_id id_ = 0;
    gw_event_type type_ = GW_EVENT_NONE;
    bool told_ = false;  // the host has seen the question
    bool unsupported_ = false;
    std::pmr::string host_, data_, send_host_, send_data_;
    std::pmr::vector<std::pmr::string> argv_;
    std::pmr::vector<gw_str> argv_view_;
    std::pmr::vector<char*> exec_argv_;
    gw_request_id request_ = 0;
    std::uint32_t port_ = 0, listener_ = 0, timeout_ms_ = 0, send_port_ = 0;
    std::size_t output_bytes_max_ = 0;
    Buffer output_;  // of a program, so far
    bool send_waits_ = false;
};

// The open questions by id, and those that were taken back after the host heard of them, to tell it.
class AskTable final : public EventSource {
public:
    explicit AskTable(std::pmr::memory_resource* memory) : table(memory) {}
    bool next_event(gw_event& event) noexcept override;
    // Tells the variables of the environment that a program gets; valid until the next call, and while `handle` lives.
    void tell_environment(const ConfigHandle& handle, gw_event& event) noexcept;

    IdTable<Ask> table;

private:
    // Of the whole environment, which has keys of providers and the gateway's own.
    static constexpr std::string_view program_variables[] = {"PATH=", "HOME=", "LANG=", "TMPDIR="};
    std::array<gw_str, std::size(program_variables)> environment_{};
    std::array<char*, std::size(program_variables) + 1> exec_environment_{};
};

}  // namespace gw::exchange
