// What the gateway says of itself to its clients.
#pragma once

#include <string_view>

#include "gateway/base.h"

namespace gw::method::release {

inline constexpr std::string_view version = GW_VERSION;
#if defined(__APPLE__)
inline constexpr std::string_view platform = "darwin";
#elif defined(_WIN32)
inline constexpr std::string_view platform = "windows";
#else
inline constexpr std::string_view platform = "linux";
#endif

}  // namespace gw::method::release
