// Timers: deadlines on the host's monotonic clock. Arming and disarming never allocates, so a dying object can always
// disarm; room in the heap is made when a Timer is constructed.
//
//     timer.arm(now + 30'000)  ->  Timers::next_deadline()  ->  host waits  ->  Timers::expire(now) runs timer.fire
#pragma once

#include <cstdint>
#include <limits>
#include <memory_resource>
#include <vector>

namespace gw {

using Milliseconds = std::uint64_t;  // on the host's monotonic clock
inline constexpr Milliseconds never = std::numeric_limits<Milliseconds>::max();

class Timer;

class Timers {
public:
    explicit Timers(std::pmr::memory_resource* memory) : heap_(memory) {}
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;

    // When the earliest timer is due; `never` when none is armed.
    [[nodiscard]] Milliseconds next_deadline() const noexcept;
    // Takes one due timer out; nullptr when none is due. The caller runs its action.
    [[nodiscard]] Timer* pop_due(Milliseconds now) noexcept;

private:
    friend class Timer;
    void place(std::size_t index, Timer* timer) noexcept;
    void sift_up(std::size_t index) noexcept;
    void sift_down(std::size_t index) noexcept;
    void remove(std::size_t index) noexcept;

    std::pmr::vector<Timer*> heap_;  // a binary heap by deadline; capacity is at least `timers_`
    std::size_t timers_ = 0;         // Timer objects alive
};

// One deadline with what to do then. The action is a plain function, so that a Timer is small and copies nothing.
class Timer {
public:
    using Action = void (*)(void* owner);

    Timer(Timers& timers, Action action, void* owner);  // throws std::bad_alloc
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // Sets or moves the deadline. `never` disarms.
    void arm(Milliseconds deadline) noexcept;
    void disarm() noexcept;
    [[nodiscard]] bool armed() const noexcept { return index_ != unarmed; }
    [[nodiscard]] Milliseconds deadline() const noexcept { return armed() ? deadline_ : never; }
    void fire() const { action_(owner_); }

private:
    friend class Timers;
    static constexpr std::size_t unarmed = std::numeric_limits<std::size_t>::max();
    Timers& timers_;
    Action action_;
    void* owner_;
    Milliseconds deadline_ = never;
    std::size_t index_ = unarmed;
};

}  // namespace gw
