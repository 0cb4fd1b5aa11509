// What operators ask of nodes, and what nodes answer: node.list, node.describe, node.rename, node.invoke,
// node.invoke.result, node.event, node.pending.*, node.canvas.capability.refresh.
#include <array>
#include <optional>

#include "core/text.h"
#include "method/core.h"
#include "method/system_run.h"

namespace gw::method {

namespace {

constexpr std::uint64_t report_kept_ms = 86400000;
constexpr std::size_t drain_count = 4;
constexpr std::size_t plugin_tools_bytes_max = 16384;

void node_list(Core& core, Call& call) { core.nodes.write_list(call.result(), call.client); }

void node_describe(Core& core, Call& call) {
    if (!core.nodes.write_description(call.result(), trim(call.text("nodeId")), call.client))
        call.fail("unknown nodeId");
}

void node_rename(Core& core, Call& call) {
    const std::string_view id = trim(call.text("nodeId"));
    const std::string_view name = trim(call.text("displayName"));
    if (name.empty()) return call.fail("displayName required");
    if (!core.nodes.rename(id, name)) return call.fail("unknown nodeId");
    call.result().begin_object().member("nodeId", id).member("displayName", name).end_object();
}

void node_invoke(Core& core, Call& call) {
    const std::string_view id = trim(call.text("nodeId"));
    const std::string_view command = trim(call.text("command"));
    if (id.empty() || command.empty()) return call.fail("nodeId and command required");
    if (command.starts_with("system.execApprovals."))
        return call.fail(rpc::code::invalid_request,
                         {"node.invoke does not allow system.execApprovals.*; use exec.approvals.node.*"});
    Node* node = core.nodes.find(id);
    if (node == nullptr)
        return call.fail(rpc::code::unavailable, {"node not connected"}, R"({"code":"NOT_CONNECTED"})");
    if (!core.nodes.require_command(call, *node, command)) return;
    if (command == "system.run") {
        Buffer guarded(core.gate.pool());
        if (guard_system_run(core, call, *node, guarded)) core.nodes.invoke(call, *node, command, guarded.text());
        return;
    }
    const json::Value params = call.params["params"];
    core.nodes.invoke(call, *node, command, params.exists() ? std::optional(params.raw()) : std::nullopt);
}

// The node that calls; failed when another connection of the same node took its place.
Node* calling_node(Core& core, Call& call) {
    Node* node = core.nodes.find(call.client);
    if (node == nullptr) call.fail(rpc::code::unavailable, {"node connection was replaced"});
    return node;
}

void node_invoke_result(Core& core, Call& call) { core.nodes.on_result(call); }

void node_invoke_progress(Core& core, Call& call) { core.nodes.on_progress(call); }

void node_plugin_tools(Core& core, Call& call) {
    Node* node = calling_node(core, call);
    if (node == nullptr || !core.nodes.require_approved(call, *node)) return;
    const std::string_view tools = call.params["tools"].raw();
    if (tools.size() > plugin_tools_bytes_max) return call.fail("tools is longer than 16384 bytes");
    node->plugin_tools = tools;
    call.result().begin_object().member("nodeId", node->identity.node_id).key("tools").raw(tools).end_object();
}

void node_event(Core& core, Call& call) {
    if (Node* node = calling_node(core, call); node != nullptr && core.nodes.require_approved(call, *node))
        core.node_events.handle(call, *node);
}

void node_pending_enqueue(Core& core, Call& call) {
    const std::string_view id = call.text("nodeId");
    std::uint64_t expires = 0;
    const std::int64_t asked = call.number("expiresInMs", 0);
    if (asked > 0 || call.client.protocol >= 4)
        expires = core.gate.unix_ms() + (asked > 0 ? static_cast<std::uint64_t>(asked) : report_kept_ms);
    const NodeQueue::Report* report =
        core.nodes.queue.want(id, call.text("type"), call.text("priority") == "high", expires);
    if (report == nullptr) return call.fail(rpc::code::unavailable, {"no random numbers"});
    json::Writer& writer = call.result();
    writer.begin_object().member("nodeId", id).member("revision", core.nodes.queue.revision(id)).key("queued");
    write_report(writer, *report);
    writer.member("wakeTriggered", false).end_object();
}

void node_pending_drain(Core& core, Call& call) {
    Node* node = calling_node(core, call);
    if (node == nullptr) return;
    const auto count = static_cast<std::size_t>(call.number("maxItems", drain_count));
    core.nodes.queue.drain(node->identity.node_id, count, call.result());
}

void node_pending_pull(Core& core, Call& call) {
    Node* node = calling_node(core, call);
    if (node == nullptr) return;
    json::Writer& writer = call.result();
    writer.begin_object().member("nodeId", node->identity.node_id).key("actions").begin_array();
    core.nodes.queue.each_action(node->identity.node_id, [&](const NodeQueue::Action& action) {
        // The rules may have changed since.
        if (!is_node_command_allowed(core.gate.config(), node->platform, action.command)) return;
        writer.begin_object().member("id", action.id).member("command", action.command);
        write_or_null(writer, "paramsJSON", action.params);
        writer.member("enqueuedAtMs", action.enqueued_ms).end_object();
    });
    writer.end_array().end_object();
}

void node_pending_ack(Core& core, Call& call) {
    Node* node = calling_node(core, call);
    if (node == nullptr) return;
    json::Writer& writer = call.result();
    const std::string_view id = node->identity.node_id;
    writer.begin_object().member("nodeId", id).key("ackedIds").begin_array();
    for (json::Value one = call.params["ids"].first(); one.exists(); one = one.next()) {
        const std::string_view action = one.as_string().value_or("");
        if (core.nodes.queue.done(id, action)) writer.string(action);
    }
    writer.end_array();
    writer.member("remainingCount", static_cast<std::uint64_t>(core.nodes.queue.action_count(id))).end_object();
}

// Where the node finds its canvas for the next ten minutes; nothing, and failed, when there is none.
std::optional<std::pmr::string> new_canvas_url(Core& core, Call& call, Node& node) {
    const std::string_view base = core.nodes.canvas_url();
    const std::pmr::string* token = base.empty() ? nullptr : core.nodes.refresh_canvas(node);
    if (token == nullptr) {
        call.fail(rpc::code::unavailable, {"canvas host unavailable for this node session"});
        return std::nullopt;
    }
    std::pmr::string url(base, core.gate.memory());
    (url += "/__openclaw__/cap/") += *token;
    return url;
}

void node_canvas_refresh(Core& core, Call& call) {
    Node* node = calling_node(core, call);
    if (node == nullptr) return;
    const auto url = new_canvas_url(core, call, *node);
    if (!url) return;
    call.result()
        .begin_object()
        .member("canvasCapability", node->canvas_token)
        .member("canvasCapabilityExpiresAtMs", node->canvas_expires_ms)
        .member("canvasHostUrl", *url)
        .end_object();
}

void node_surface_refresh(Core& core, Call& call) {
    Node* node = calling_node(core, call);
    if (node == nullptr) return;
    const std::string_view surface = call.text("surface");
    if (surface != "canvas")
        return call.fail(rpc::code::unavailable, {"plugin surface unavailable: ", cut_utf8(surface, 64)});
    const auto url = new_canvas_url(core, call, *node);
    if (!url) return;
    json::Writer& writer = call.result();
    writer.begin_object().member("surface", surface).key("pluginSurfaceUrls").begin_object().member(surface, *url);
    writer.end_object().member("expiresAtMs", node->canvas_expires_ms).end_object();
}

}  // namespace

std::span<const Method> node_methods() noexcept {
    using rpc::Role;
    using rpc::Scope;
    static constexpr std::array<Method, 14> rows{{
        {"node.list", Scope::read, "", node_list},
        {"node.describe", Scope::read, "nodeId:s(1..)", node_describe},
        {"node.rename", Scope::pairing, "nodeId:s(1..) displayName:s(1..)", node_rename},
        {"node.invoke", Scope::write,
         "nodeId:s(1..) command:s(1..) params?:any timeoutMs?:i(0..) idempotencyKey:s(1..) sessionKey?:s(1..) "
         "turnSourceChannel?:s turnSourceTo?:s turnSourceAccountId?:s turnSourceThreadId?:s|n",
         node_invoke},
        {"node.invoke.result", Scope::any,
         "id:s(1..) nodeId:s(1..) ok:b payload?:any payloadJSON?:s|null error?:{code?:s(1..) message?:s(1..)}|null",
         node_invoke_result, Role::node},
        {"node.invoke.progress", Scope::any, "invokeId:s(1..) nodeId:s(1..) seq:i(0..) chunk:s(..16384)",
         node_invoke_progress, Role::node},
        {"node.event", Scope::any, "event:s(1..) payload?:any payloadJSON?:s|null", node_event, Role::node},
        {"node.pending.enqueue", Scope::write,
         R"(nodeId:s(1..256) type:"status.request"|"location.request" priority?:"normal"|"high" )"
         "expiresInMs?:i(1000..86400000) wake?:b",
         node_pending_enqueue},
        {"node.pending.drain", Scope::any, "maxItems?:i(1..10)", node_pending_drain, Role::node},
        {"node.pending.pull", Scope::any, "", node_pending_pull, Role::node},
        {"node.pending.ack", Scope::any, "ids:s(1..)[](1..)", node_pending_ack, Role::node},
        {"node.canvas.capability.refresh", Scope::any, "", node_canvas_refresh, Role::node},
        {"node.pluginSurface.refresh", Scope::any, "surface:s observedUrl?:s", node_surface_refresh, Role::node},
        {"node.pluginTools.update", Scope::any,
         "tools:{pluginId:s(1..) name:s(1..64) description:s(1..) parameters?:any command?:s(1..) mcp?:any}[](..256)",
         node_plugin_tools, Role::node},
    }};
    return rows;
}

}  // namespace gw::method
