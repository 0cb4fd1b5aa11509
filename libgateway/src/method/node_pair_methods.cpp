// Which nodes are known: node.pair.request, node.pair.list, node.pair.approve, node.pair.reject, node.pair.verify,
// node.pair.remove.
#include <array>

#include "core/text.h"
#include "method/core.h"

namespace gw::method {

namespace {

void node_pair_request(Core& core, Call& call) {
    NodeIdentity identity(core.gate.memory());
    identity.read(call.params);
    if (identity.node_id.empty()) return call.fail("nodeId required");
    bool created = false;
    PendingNode* request = core.nodes.pairing.request(std::move(identity), created);
    if (request == nullptr) {
        call.fail(rpc::code::unavailable, {"too many nodes wait for a decision"});
        call.failure().retryable = true;
        return;
    }
    if (created) {
        request->silent = call.flag("silent");
        core.nodes.tell_requested(*request);
    }
    json::Writer& writer = call.result();
    writer.begin_object().member("status", "pending").key("request");
    write_pending_node(writer, *request, call.client.protocol >= 4);
    writer.member("created", created).end_object();
}

void node_pair_list(Core& core, Call& call) {
    NodePairing& pairing = core.nodes.pairing;
    pairing.prune();
    json::Writer& writer = call.result();
    writer.begin_object().key("pending").begin_array();
    pairing.each_pending([&](const PendingNode& one) { write_pending_node(writer, one, call.client.protocol >= 4); });
    writer.end_array().key("paired").begin_array();
    pairing.each_paired([&](const PairedNode& one) { write_paired_node(writer, one, NodeToken::hidden); });
    writer.end_array().end_object();
}

void node_pair_approve(Core& core, Call& call) {
    PendingNode* request = core.nodes.pairing.find_request(trim(call.text("requestId")));
    if (request == nullptr) return call.fail("unknown requestId");
    // Whoever lets a node be told to run programs must be allowed to do that himself.
    if (!call.require(scope_to_approve(request->identity))) return;
    const std::pmr::string id(request->request_id, core.gate.memory());
    // The token is for nodes that show no device; what a connected device is, its signature says.
    const PairedNode* node = core.nodes.pairing.approve(*request, request->client == 0);
    if (node == nullptr) return call.fail(rpc::code::unavailable, {"too many nodes are known"});
    core.nodes.on_decided(id, node->identity.node_id, true);
    json::Writer& writer = call.result();
    writer.begin_object().member("requestId", id).key("node");
    write_paired_node(writer, *node, call.client.protocol < 4 ? NodeToken::shown : NodeToken::hidden);
    writer.end_object();
}

void node_pair_reject(Core& core, Call& call) {
    PendingNode* request = core.nodes.pairing.find_request(trim(call.text("requestId")));
    if (request == nullptr) return call.fail("unknown requestId");
    const std::pmr::string id(request->request_id, core.gate.memory());
    const std::pmr::string node(request->identity.node_id, core.gate.memory());
    core.nodes.pairing.drop_request(*request);
    core.nodes.on_decided(id, node, false);
    call.result().begin_object().member("requestId", id).member("nodeId", node).end_object();
}

void node_pair_verify(Core& core, Call& call) {
    const PairedNode* node = core.nodes.pairing.verify(trim(call.text("nodeId")), trim(call.text("token")));
    json::Writer& writer = call.result();
    writer.begin_object().member("ok", node != nullptr);
    if (node != nullptr) {
        writer.key("node");
        write_paired_node(writer, *node, NodeToken::hidden);
    }
    writer.end_object();
}

void node_pair_remove(Core& core, Call& call) {
    const std::string_view id = trim(call.text("nodeId"));
    if (!core.nodes.forget(id)) return call.fail("unknown nodeId");
    call.result().begin_object().member("nodeId", id).end_object();
}

}  // namespace

std::span<const Method> node_pair_methods() noexcept {
    using rpc::Scope;
    static constexpr std::array<Method, 6> rows{{
        {"node.pair.request", Scope::pairing,
         "nodeId:s(1..256) displayName?:s(1..) platform?:s(1..) version?:s(1..) coreVersion?:s(1..) uiVersion?:s(1..) "
         "deviceFamily?:s(1..) modelIdentifier?:s(1..) caps?:s(1..)[] commands?:s(1..)[] remoteIp?:s(1..) silent?:b",
         node_pair_request},
        {"node.pair.list", Scope::pairing, "", node_pair_list},
        {"node.pair.approve", Scope::pairing, "requestId:s(1..)", node_pair_approve},
        {"node.pair.reject", Scope::pairing, "requestId:s(1..)", node_pair_reject},
        {"node.pair.verify", Scope::pairing, "nodeId:s(1..) token:s(1..)", node_pair_verify},
        {"node.pair.remove", Scope::pairing, "nodeId:s(1..)", node_pair_remove},
    }};
    return rows;
}

}  // namespace gw::method
