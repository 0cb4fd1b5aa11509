// Devices as operators see them: rows of device.pair.list, events, results. Tokens are never shown, but to the device
// whose token it is.
#pragma once

#include <cstdint>
#include <string_view>

#include "auth/devices.h"
#include "json/json.h"

namespace gw::auth {

// A row of `pending`, and the payload of device.pair.requested.
void write_pair_request(json::Writer& out, const PairRequest& request);

// The payload of device.pair.resolved; `decision` is "approved" or "rejected".
void write_pair_resolved(json::Writer& out, std::string_view request_id, std::string_view device_id,
                         std::string_view decision, std::uint64_t now_ms);

// What a row of `paired` has, without its braces: whoever knows more of a device (a node's surface) adds that.
void write_device_members(json::Writer& out, const Device& device);
// The row: with `connected` when that is known.
enum class Connected : std::uint8_t { unknown, no, yes };
void write_device(json::Writer& out, const Device& device, Connected connected = Connected::unknown);

// The result of device.token.rotate. Only the device itself gets the new token; others are told that it was withheld,
// and the device gets it when it connects.
void write_rotated(json::Writer& out, const Device& device, Role role, bool to_the_device_itself);
void write_revoked(json::Writer& out, const Device& device, Role role);

}  // namespace gw::auth
