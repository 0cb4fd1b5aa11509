#include "method/table.h"

#include <array>
#include <vector>

namespace gw::method {

std::span<const Method> methods() {
    static const std::vector<Method> all = [] {
        std::vector<Method> out;
        for (const std::span<const Method> family :
             {system_methods(), chat_methods(), session_methods(), agent_methods(), config_methods(), device_methods(),
              node_methods(), node_pair_methods(), approval_methods(), exec_policy_methods(), question_methods()})
            out.insert(out.end(), family.begin(), family.end());
        return out;
    }();
    return all;
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
                                                                   "node.invoke.request",
                                                                   "node.invoke.cancel",
                                                                   "device.pair.requested",
                                                                   "device.pair.resolved",
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

Registry::Registry(std::pmr::memory_resource* memory) : names_(memory) {
    std::uint32_t index = 0;
    for (const Method& method : methods()) {
        if (!names_.add(method.name, index++)) throw std::bad_alloc();
    }
}

const Method* Registry::find(std::string_view name) const noexcept {
    const auto index = names_.find(name);
    return index ? &methods()[*index] : nullptr;
}

}  // namespace gw::method
