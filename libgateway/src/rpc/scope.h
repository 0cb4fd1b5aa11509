// Who may call a method and hear of an event: the scopes of auth/scopes.h, and roles.
#pragma once

#include <cstdint>

#include "auth/scopes.h"

namespace gw::rpc {

enum class Role : std::uint8_t { oper, node, any };  // any: of a method that does not ask

using auth::Scope;
using Scopes = auth::ScopeSet;

}  // namespace gw::rpc
