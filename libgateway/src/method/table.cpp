#include "method/table.h"

#include <array>

namespace gw::method {

std::span<const std::span<const Method>> families() noexcept {
    static const std::array<std::span<const Method>, 13> all{
        {system_methods(), chat_methods(), session_methods(), agent_methods(), agent_edit_methods(), config_methods(),
         device_methods(), node_methods(), node_pair_methods(), approval_methods(), exec_policy_methods(),
         question_methods(), figures_methods()}};
    return all;
}

const Method* find_method(std::string_view name) noexcept {
    for (const std::span<const Method> family : families()) {
        for (const Method& method : family) {
            if (method.name == name) return &method;
        }
    }
    return nullptr;
}

std::span<const std::string_view> event_names() noexcept {
    static constexpr auto names = std::to_array<std::string_view>({"connect.challenge",
                                                                   "agent",
                                                                   "chat",
                                                                   "session.message",
                                                                   "sessions.changed",
                                                                   "presence",
                                                                   "tick",
                                                                   "shutdown",
                                                                   "health",
                                                                   "config.changed",
                                                                   "guardrail",
                                                                   "node.invoke.request",
                                                                   "node.invoke.cancel",
                                                                   "device.pair.requested",
                                                                   "device.pair.resolved",
                                                                   "device.pair.setup.completed",
                                                                   "node.pair.requested",
                                                                   "node.pair.resolved",
                                                                   "exec.approval.requested",
                                                                   "exec.approval.resolved",
                                                                   "plugin.approval.requested",
                                                                   "plugin.approval.resolved",
                                                                   "question.requested",
                                                                   "question.resolved"});
    return names;
}

}  // namespace gw::method
