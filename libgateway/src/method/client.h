// A client: one socket that has been admitted, as the handlers of methods see it.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "core/owned.h"
#include "crypto/random.h"
#include "rpc/frame.h"
#include "rpc/scope.h"

namespace gw::method {

using ClientId = std::uint64_t;  // 0 is none

// What only a node says of itself when it connects.
struct NodeSurface {
    explicit NodeSurface(std::pmr::memory_resource* memory)
        : caps(memory), commands(memory), permissions(memory), path_env(memory) {}
    std::pmr::vector<std::pmr::string> caps, commands;
    std::pmr::string permissions;  // JSON object, or empty
    std::pmr::string path_env;
};

struct Client {
    explicit Client(std::pmr::memory_resource* memory)
        : client_id(memory),
          mode(memory),
          display_name(memory),
          version(memory),
          platform(memory),
          device_family(memory),
          model_identifier(memory),
          instance_id(memory),
          device_id(memory),
          address(memory),
          user(memory),
          sessions(memory) {}

    [[nodiscard]] std::string_view conn() const noexcept { return {conn_id.data(), conn_id.size()}; }
    // How others are shown it: "Ann's phone", else "cli".
    [[nodiscard]] std::string_view name() const noexcept { return display_name.empty() ? client_id : display_name; }
    // It asked for the messages of that session.
    [[nodiscard]] bool follows(std::string_view session_key) const noexcept {
        for (const auto& key : sessions) {
            if (key == session_key) return true;
        }
        return false;
    }
    [[nodiscard]] bool allows(rpc::Scope scope) const noexcept { return scopes.allows(scope); }

    ClientId id = 0;
    crypto::Uuid conn_id{};
    rpc::Dialect dialect = rpc::Dialect::typed;
    std::uint8_t protocol = 3;
    rpc::Role role = rpc::Role::oper;
    rpc::Scopes scopes;
    bool is_local = false;     // from this machine, nothing in between
    bool tool_events = false;  // capabilities that were declared
    bool scoped_events = false;
    bool approvals_cap = false;

    std::pmr::string client_id, mode, display_name, version, platform, device_family, model_identifier, instance_id;
    std::pmr::string device_id;  // empty: it showed none
    std::pmr::string address;
    std::pmr::string user;  // who it is, where the way of authentication says so
    Owned<NodeSurface> node;
    std::uint64_t connected_ms = 0;

    // Subscriptions.
    bool wants_sessions = false;                  // sessions.subscribe
    bool wants_messages = false;                  // simple dialect: subscribe
    bool wants_status = false;                    // likewise
    std::pmr::vector<std::pmr::string> sessions;  // sessions.messages.subscribe; keys
    unsigned unauthorized_calls = 0;              // in a row
};

inline constexpr std::size_t subscribed_sessions_max = 256;  // of one client

}  // namespace gw::method
