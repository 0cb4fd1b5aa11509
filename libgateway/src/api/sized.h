// Structs that can grow: takes a caller's struct of any version. A shorter one is filled up with zeros, which mean
// "default"; a longer one is accepted when what we do not know is zero.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "gateway/base.h"

namespace gw::api {

// Copies `*from` (NULL: all defaults) into `to`. T's first member is `size_t size`.
template <typename T>
[[nodiscard]] gw_status copy_sized(const T* from, T& to) noexcept {
    to = T{};
    to.size = sizeof(T);
    if (from == nullptr) return GW_OK;
    std::size_t size = 0;
    std::memcpy(&size, from, sizeof size);
    if (size < sizeof(std::size_t)) return GW_ERR_ARGUMENT;
    const auto* bytes = reinterpret_cast<const unsigned char*>(from);
    for (std::size_t i = sizeof(T); i < size; ++i) {
        if (bytes[i] != 0) return GW_ERR_UNSUPPORTED;
    }
    std::memcpy(reinterpret_cast<unsigned char*>(&to), bytes, std::min(size, sizeof(T)));
    to.size = sizeof(T);
    return GW_OK;
}

// Writes `from` into a caller's struct that may be shorter; its `size` says how much room there is and stays.
template <typename T>
[[nodiscard]] gw_status fill_sized(const T& from, T* to) noexcept {
    std::size_t size = 0;
    std::memcpy(&size, to, sizeof size);
    if (size < sizeof(std::size_t)) return GW_ERR_ARGUMENT;
    auto* bytes = reinterpret_cast<unsigned char*>(to);
    if (size > sizeof(T)) std::memset(bytes + sizeof(T), 0, size - sizeof(T));
    std::memcpy(bytes + sizeof size, reinterpret_cast<const unsigned char*>(&from) + sizeof size,
                std::min(size, sizeof(T)) - sizeof size);
    return GW_OK;
}

}  // namespace gw::api
