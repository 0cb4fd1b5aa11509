// Probes: is it alive, is it ready. Answered without credentials; details only for callers who may see them.
#pragma once

#include <cstdint>

#include "core/buffer.h"

namespace gw::endpoint {

enum class Probe : std::uint8_t { health, live, ready, started };

// Writes the body and returns the status: 200, or 503 for `ready` while the gateway drains.
[[nodiscard]] int write_probe(Buffer& out, Probe probe, bool draining, bool details, std::uint64_t uptime_ms);

}  // namespace gw::endpoint
