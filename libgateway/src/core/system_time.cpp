#include "core/system_time.h"

#include <chrono>
#include <ctime>

namespace gw {

SystemTime read_system_time(const SystemTime& before) noexcept {
    constexpr std::uint64_t ms_per_minute = 60000;
    using std::chrono::system_clock;
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch());
    SystemTime out{static_cast<std::uint64_t>(now.count()), before.utc_offset_minutes};
    if (out.unix_ms / ms_per_minute == before.unix_ms / ms_per_minute) return out;
    const auto seconds = static_cast<std::time_t>(out.unix_ms / 1000);
    std::tm local{};
    if (::localtime_r(&seconds, &local) != nullptr) out.utc_offset_minutes = static_cast<int>(local.tm_gmtoff / 60);
    return out;
}

}  // namespace gw
