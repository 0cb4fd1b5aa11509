// The file that says what runs without asking, here and on nodes: exec.approvals.get, exec.approvals.set,
// exec.approvals.node.get, exec.approvals.node.set.
#include <array>

#include "core/text.h"
#include "method/core.h"

namespace gw::method {

namespace {

void exec_approvals_get(Core& core, Call& call) { core.exec_policy.write_snapshot(call.result(), call.client); }
void exec_approvals_set(Core& core, Call& call) { core.exec_policy.replace(call); }

void relay_to_node(Core& core, Call& call, std::string_view command, std::string_view params) {
    Node* node = core.nodes.find(trim(call.text("nodeId")));
    if (node == nullptr)
        return call.fail(rpc::code::unavailable, {"node not connected"}, R"({"code":"NOT_CONNECTED"})");
    if (core.nodes.require_approved(call, *node)) core.nodes.relay(call, *node, command, params);
}

void exec_approvals_node_get(Core& core, Call& call) { relay_to_node(core, call, "system.execApprovals.get", "{}"); }

void exec_approvals_node_set(Core& core, Call& call) {
    Buffer params(core.gate.pool());
    json::Writer writer(params);
    writer.begin_object().key("file").value(call.params["file"]);
    write_if(writer, "baseHash", call.text("baseHash"));
    writer.end_object();
    relay_to_node(core, call, "system.execApprovals.set", params.text());
}

}  // namespace

std::span<const Method> exec_policy_methods() noexcept {
    using rpc::Scope;
    static constexpr std::array<Method, 4> rows{{
        {"exec.approvals.get", Scope::admin, "", exec_approvals_get},
        {"exec.approvals.set", Scope::admin,
         "file:{version:i(1..1) socket?:{path?:s token?:s} defaults?:{security?:s ask?:s askFallback?:s "
         "autoAllowSkills?:b} agents?:map<{security?:s ask?:s askFallback?:s autoAllowSkills?:b allowlist?:{id?:s(1..) "
         "pattern:s lastUsedAt?:n(0..) lastUsedCommand?:s lastResolvedPath?:s *}[] *}>} baseHash?:s(1..)",
         exec_approvals_set},
        {"exec.approvals.node.get", Scope::admin, "nodeId:s(1..)", exec_approvals_node_get},
        {"exec.approvals.node.set", Scope::admin, "nodeId:s(1..) file:{version:i(1..1) *} baseHash?:s(1..)",
         exec_approvals_node_set},
    }};
    return rows;
}

}  // namespace gw::method
