// Health: how the gateway is, made anew every five seconds and when something changed, told to everybody, and answered
// from what was made last.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/buffer.h"
#include "core/timers.h"

namespace gw::method {

class Core;

class Health {
public:
    static constexpr Milliseconds interval_ms = 5000;

    explicit Health(Core& core);

    // The payload of `health`; valid until the next call of anything here.
    [[nodiscard]] std::string_view payload();
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
    // Makes it anew and tells everybody.
    void refresh();
    // Something in it changed: refreshed with the next turn of the timer, or at once when the last was long ago.
    void touch();

    void arm();

private:
    void make();

    Core& core_;
    Timer timer_;
    Buffer payload_;
    std::uint64_t version_ = 1;
};

}  // namespace gw::method
