#include "session/freshness.h"

#include <algorithm>

#include "core/calendar.h"
#include "session/key.h"

namespace gw::session {

namespace {

constexpr std::int64_t ms_per_hour = 3600000;

// The last `hour` o'clock that has passed.
std::int64_t last_boundary_ms(std::int64_t now_ms, unsigned hour, int offset_minutes) noexcept {
    const std::int64_t ahead = std::int64_t{offset_minutes} * 60000;
    const std::int64_t day = day_of(static_cast<std::uint64_t>(now_ms), offset_minutes);
    const std::int64_t today = day * ms_per_day + hour * ms_per_hour - ahead;
    return today <= now_ms ? today : today - ms_per_day;
}

}  // namespace

bool is_stale(const Entry& entry, const ResetPolicy& policy, std::uint64_t now_ms, int offset_minutes) noexcept {
    if (entry.session_id().empty()) return false;
    // Files of other programs have neither time: then the last change counts for both.
    const std::uint64_t begun_ms = entry.number("sessionStartedAt").value_or(entry.updated_at_ms());
    const std::uint64_t said_ms = std::max(entry.number("lastInteractionAt").value_or(entry.updated_at_ms()),
                                           entry.number("endedAt").value_or(0));  // of the last answer
    if (policy.idle_ms != 0 && said_ms < now_ms && now_ms - said_ms > policy.idle_ms) return true;
    if (!policy.daily || begun_ms >= now_ms) return false;
    return static_cast<std::int64_t>(begun_ms) <
           last_boundary_ms(static_cast<std::int64_t>(now_ms), policy.at_hour, offset_minutes);
}

ResetType reset_type_of(std::string_view key, const Entry& entry) {
    if (key.find(":thread:") != std::string_view::npos || key.find(":topic:") != std::string_view::npos)
        return ResetType::thread;
    const auto chat_type = entry.text("chatType");
    const std::string_view said = chat_type ? std::string_view(*chat_type) : std::string_view{};
    return kind_of(key, said) == Kind::group ? ResetType::group : ResetType::direct;
}

}  // namespace gw::session
