// Waker: begins a run of a session whose agent is to look at its system events now, instead of with its next prompt.
//
//     SystemEvents::wake(session) ─► [ sessions, each once ] ─ 250 ms ─► nothing runs there: a run with the notices as
//     its text
//                                             ▲                             └─ something does: again in a second
//                                             └─────────────────────────────────┘
//
// Notices that were told meanwhile wake nobody.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "core/timers.h"

namespace gw::method {

class Core;

class Waker {
public:
    static constexpr std::size_t sessions_max = 64;  // the others are told with their next prompt
    static constexpr Milliseconds soon_ms = 250, again_ms = 1000;

    explicit Waker(Core& core);
    void stop() noexcept { timer_.disarm(); }

private:
    void wake(std::string_view session);
    void on_time() noexcept;
    void start(std::string_view session);

    Core& core_;
    std::pmr::vector<std::pmr::string> sessions_;
    Timer timer_;
};

}  // namespace gw::method
