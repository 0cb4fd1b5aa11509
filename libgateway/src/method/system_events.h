// System events: what happened while an agent was not looking ("Exec finished ..."), told to it before its next prompt.
//
//     push(session, text) ──► [ 20 notices of a session ] ── take_prompt() ──► "System: [time] text" lines
//
// In memory only. A notice that repeats the last one of its session is dropped; so is the oldest when there are more
// than fit.
#pragma once

#include <cstdint>
#include <list>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace gw::method {

class Gate;

class SystemEvents {
public:
    static constexpr std::size_t events_max = 20;  // of one session
    static constexpr std::size_t sessions_max = 1024;
    static constexpr std::size_t text_bytes_max = 4096;

    explicit SystemEvents(Gate& gate);

    // False: it was there already, or is empty.
    bool push(std::string_view session, std::string_view text);
    // Whoever wakes agents is told that this one should look.
    void wake(std::string_view session, std::string_view reason) {
        if (wake_ != nullptr) wake_(wake_user_, session, reason);
    }
    // Both.
    void push_and_wake(std::string_view session, std::string_view text, std::string_view reason);
    void set_wake(void (*waker)(void* user, std::string_view session, std::string_view reason), void* user) noexcept {
        wake_ = waker;
        wake_user_ = user;
    }

    // Appends the notices of a session as lines for its next prompt.
    void append_prompt(std::string_view session, std::pmr::string& out) const;
    void forget(std::string_view session) noexcept;
    // Both.
    void take_prompt(std::string_view session, std::pmr::string& out);
    [[nodiscard]] std::size_t count(std::string_view session) const noexcept;
    // Calls visit(text) for each notice of a session, the oldest first.
    template <typename Visit>
    void each(std::string_view session, Visit visit) const {
        if (const Queue* queue = find(session)) {
            for (const Entry& entry : queue->entries) visit(std::string_view(entry.text));
        }
    }

private:
    struct Entry {
        Entry(std::string_view what, std::uint64_t when, std::pmr::memory_resource* memory)
            : text(what, memory), at_ms(when) {}
        std::pmr::string text;
        std::uint64_t at_ms;
    };
    struct Queue {
        Queue(std::string_view name, std::pmr::memory_resource* memory) : session(name, memory), entries(memory) {}
        std::pmr::string session;
        std::pmr::vector<Entry> entries;
    };
    [[nodiscard]] const Queue* find(std::string_view session) const noexcept;

    Gate& gate_;
    std::pmr::list<Queue> queues_;  // touched last is first
    void (*wake_)(void* user, std::string_view session, std::string_view reason) = nullptr;
    void* wake_user_ = nullptr;
};

}  // namespace gw::method
