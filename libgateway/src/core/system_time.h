// The operating system's clock and time zone, for hosts that have none of their own.
#pragma once

#include <cstdint>

namespace gw {

struct SystemTime {
    std::uint64_t unix_ms = 0;
    int utc_offset_minutes = 0;  // how far clocks here are ahead of UTC
};
// `before` is what was read last: the time zone is looked up anew once a minute, for summer begins and ends between
// two.
[[nodiscard]] SystemTime read_system_time(const SystemTime& before) noexcept;

}  // namespace gw
