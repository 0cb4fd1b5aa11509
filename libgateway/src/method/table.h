// The methods there are, one row each. hello-ok lists exactly these; a family of methods adds its rows in its own file.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "method/call.h"
#include "rpc/scope.h"

namespace gw::method {

class Core;

struct Method {
    std::string_view name;
    rpc::Scope scope = rpc::Scope::read;
    std::string_view params;  // rpc/schema.h
    void (*handle)(Core& core, Call& call) = nullptr;
    rpc::Role role = rpc::Role::oper;
    bool is_listed = true;
    bool changes_gateway = false;  // control-plane writes have a rate of their own
};

// All rows, family after family, in the order in which they are listed.
[[nodiscard]] std::span<const std::span<const Method>> families() noexcept;
// There are so few of them that looking at the length of each is faster than hashing the name.
[[nodiscard]] const Method* find_method(std::string_view name) noexcept;
[[nodiscard]] std::span<const std::string_view> event_names() noexcept;

// The rows of each family.
[[nodiscard]] std::span<const Method> system_methods() noexcept;
[[nodiscard]] std::span<const Method> config_methods() noexcept;
[[nodiscard]] std::span<const Method> chat_methods() noexcept;
[[nodiscard]] std::span<const Method> session_methods() noexcept;
[[nodiscard]] std::span<const Method> device_methods() noexcept;
[[nodiscard]] std::span<const Method> agent_methods() noexcept;
[[nodiscard]] std::span<const Method> agent_edit_methods() noexcept;
[[nodiscard]] std::span<const Method> node_methods() noexcept;
[[nodiscard]] std::span<const Method> node_pair_methods() noexcept;
[[nodiscard]] std::span<const Method> approval_methods() noexcept;
[[nodiscard]] std::span<const Method> exec_policy_methods() noexcept;
[[nodiscard]] std::span<const Method> question_methods() noexcept;
[[nodiscard]] std::span<const Method> figures_methods() noexcept;

}  // namespace gw::method
