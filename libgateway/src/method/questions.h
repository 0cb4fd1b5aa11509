// Questions: an agent, or a program that acts for one, needs to know something that only a person can say.
//
//     request ─► Question: pending ─┬─ resolve: answered, cancelled ─┐
//                     │             └─ time is over: expired         ├─ 15 s ─► gone
//     waitAnswer ◄────┴───────────── the outcome ────────────────────┘
//
// Answers may be secrets (a question says isSecret): then nobody is told them but who waits for them, and they are kept
// nowhere else.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/owned.h"
#include "core/timers.h"
#include "json/json.h"
#include "method/gate.h"

namespace gw::method {

class Core;
class Questions;

struct Question {
    enum class Status : std::uint8_t { pending, answered, cancelled, expired };

    Question(Questions& owner, std::pmr::memory_resource* memory);

    // Who waits, and until when.
    struct Waiter {
        Waiter(Question& of, Ticket whom);
        Question& question;
        Ticket ticket;
        Timer timer;
    };

    Questions& questions;
    std::pmr::string id, agent_id, session_key, run_id, resolved_by;
    std::pmr::string asked;    // JSON array
    std::pmr::string answers;  // JSON object, or empty
    bool is_secret = false;
    Status status = Status::pending;
    ClientId requester = 0;
    std::uint64_t created_ms = 0, expires_ms = 0, order = 0;
    std::pmr::list<Waiter> waiters;
    Timer timer;
};

class Questions {
public:
    static constexpr std::size_t questions_max = 256;
    static constexpr std::size_t pending_of_client_max = 32;
    static constexpr std::size_t waiters_max = 32;
    static constexpr std::size_t bytes_max = 65536;  // of what is asked, and of its answers
    static constexpr std::uint64_t kept_ms = 15000;

    explicit Questions(Core& core);
    Questions(const Questions&) = delete;
    Questions& operator=(const Questions&) = delete;

    [[nodiscard]] Owned<Question> make();
    // Takes a question that is filled in. Null: there are too many, or one of that id.
    Question* open(Owned<Question> made, std::uint64_t timeout_ms);
    [[nodiscard]] Question* find(std::string_view id);
    void resolve(Question& question, Question::Status status, std::string_view answers, std::string_view by);
    // The answer comes with the outcome, or when `timeout_ms` are over.
    void wait(Question& question, Ticket ticket, std::uint64_t timeout_ms);

    void write_pending(json::Writer& writer);
    void write(json::Writer& writer, const Question& question) const;          // without the answers
    void write_outcome(json::Writer& writer, const Question& question) const;  // {status, answers?}

private:
    friend struct Question;
    void on_time(Question& question);
    void on_wait_over(Question::Waiter& waiter);
    void finish(Question& question, Question::Status status);

    Core& core_;
    std::pmr::map<std::pmr::string, Owned<Question>, std::less<>> questions_;
    std::uint64_t next_order_ = 1;
};

[[nodiscard]] std::string_view status_name(Question::Status status) noexcept;

}  // namespace gw::method
