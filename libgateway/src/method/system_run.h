// system.run is the command of a node that runs programs. What a client may send with it is picked, not passed on: only
// the gateway says "approved", and only when the run is exactly what somebody approved, for this node, asked for by
// this client.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "json/json.h"
#include "method/call.h"

namespace gw::method {

class Core;
struct Node;

// Puts the parameters to be sent into `out`. False: the call has failed, with a code in its details.
[[nodiscard]] bool guard_system_run(Core& core, Call& call, const Node& node, Buffer& out);

// SHA-256 of variables, whatever their order; empty when there are none. Their values are kept nowhere.
[[nodiscard]] std::pmr::string hash_of_variables(const json::Value& variables, std::pmr::memory_resource* memory);

}  // namespace gw::method
