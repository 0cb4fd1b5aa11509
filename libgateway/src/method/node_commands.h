// Which commands a node may be sent: by default those that its kind of machine is known for, and of these none that
// takes pictures, records or writes to people. The configuration adds (gateway.nodes.allowCommands) and takes away
// (gateway.nodes.denyCommands), which counts more.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/config.h"
#include "method/client.h"

namespace gw::method {

enum class NodePlatform : std::uint8_t { unknown, ios, android, macos, gnu_linux, windows };

// From what the client says of itself: how its platform begins, else words in its device family.
[[nodiscard]] NodePlatform node_platform(std::string_view platform, std::string_view device_family) noexcept;

[[nodiscard]] bool is_node_command_allowed(const config::Config& config, NodePlatform platform,
                                           std::string_view command) noexcept;

}  // namespace gw::method
