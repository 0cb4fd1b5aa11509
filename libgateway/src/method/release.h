// What the gateway says of itself to its clients.
#pragma once

#include <string_view>

#include "gateway/base.h"

namespace gw::method::release {

inline constexpr std::string_view version = GW_VERSION;
#if defined(__APPLE__)
inline constexpr std::string_view platform = "darwin", device_family = "Mac";
#elif defined(_WIN32)
inline constexpr std::string_view platform = "windows", device_family = "Windows";
#else
inline constexpr std::string_view platform = "linux", device_family = "Linux";
#endif
// As clients call them; empty: another one.
#if defined(__x86_64__) || defined(_M_X64)
inline constexpr std::string_view architecture = "x64";
#elif defined(__aarch64__) || defined(_M_ARM64)
inline constexpr std::string_view architecture = "arm64";
#else
inline constexpr std::string_view architecture = "";
#endif

}  // namespace gw::method::release
