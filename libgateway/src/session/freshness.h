// When a conversation has gone stale: with the next message it begins anew under its key, as sessions.reset makes it.
//
//     daily   it began before the last `at_hour` o'clock that has passed, on the clocks of this machine
//     idle    nobody has said anything in it for `idle_ms`
//
// Nothing happens to one that nobody writes to: what it was stays readable until then.
#pragma once

#include <cstdint>
#include <string_view>

#include "session/entry.h"

namespace gw::session {

struct ResetPolicy {
    bool daily = true;
    unsigned at_hour = 4;       // 0 to 23
    std::uint64_t idle_ms = 0;  // 0: never
};

// `offset_minutes`: how far the clocks are ahead of UTC. Times in the future, from clocks that were set back, are
// fresh.
[[nodiscard]] bool is_stale(const Entry& entry, const ResetPolicy& policy, std::uint64_t now_ms,
                            int offset_minutes) noexcept;

// What kind of conversation a policy is for (session.resetByType).
enum class ResetType : std::uint8_t { direct, group, thread };
[[nodiscard]] ResetType reset_type_of(std::string_view key, const Entry& entry);

}  // namespace gw::session
