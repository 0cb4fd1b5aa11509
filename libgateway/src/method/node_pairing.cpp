#include "method/node_pairing.h"

#include <algorithm>

#include "core/text.h"
#include "crypto/compare.h"
#include "crypto/random.h"
#include "method/gate.h"

namespace gw::method {

namespace {

constexpr std::string_view pending_key = "nodes/pending.json";
constexpr std::string_view paired_key = "nodes/paired.json";

void cut_texts(Texts& texts) {
    if (texts.size() > NodeIdentity::texts_max) texts.erase(texts.begin() + NodeIdentity::texts_max, texts.end());
    for (std::pmr::string& text : texts) text.resize(cut_utf8(text, NodeIdentity::text_bytes_max).size());
}

std::uint64_t time_at(const json::Value& value, std::string_view name) noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value[name].as_int().value_or(0)));
}

// Calls take(key, value) for each member of a stored object.
template <typename Take>
void read_stored_map(Gate& gate, std::string_view key, Take take) {
    Buffer text(gate.pool());
    const auto found = gate.store().get(key, text);
    if (found && !*found) return;
    json::Document document(gate.memory());
    if (!found || !document.parse(text.text()) || !document.root().is(json::Kind::object)) {
        gate.log().error({key, " cannot be read: ", found ? "it is no JSON object" : found.error().what});
        return;
    }
    for (json::Value one = document.root().first(); one.exists(); one = one.next()) {
        if (one.is(json::Kind::object)) take(one.key(), one);
    }
}

}  // namespace

NodeIdentity::NodeIdentity(std::pmr::memory_resource* memory)
    : node_id(memory),
      client_id(memory),
      client_mode(memory),
      display_name(memory),
      platform(memory),
      version(memory),
      core_version(memory),
      ui_version(memory),
      device_family(memory),
      model_identifier(memory),
      remote_ip(memory),
      caps(memory),
      commands(memory),
      permissions(memory) {}

void NodeIdentity::read(const json::Value& value) {
    const auto text = [&value](std::string_view name, std::pmr::string& to) {
        to = cut_utf8(trim(value[name].as_string().value_or(std::string_view{})), text_bytes_max);
    };
    text("nodeId", node_id);
    text("clientId", client_id);
    text("clientMode", client_mode);
    text("displayName", display_name);
    text("platform", platform);
    text("version", version);
    text("coreVersion", core_version);
    text("uiVersion", ui_version);
    text("deviceFamily", device_family);
    text("modelIdentifier", model_identifier);
    text("remoteIp", remote_ip);
    caps.clear();
    commands.clear();
    read_texts(value["caps"], caps, texts_max);
    read_texts(value["commands"], commands, texts_max);
    cut_texts(caps);
    cut_texts(commands);
    const json::Value granted = value["permissions"];
    if (granted.is(json::Kind::object) && granted.raw().size() <= json_bytes_max) permissions = granted.raw();
}

void NodeIdentity::take(const Client& client) {
    const auto text = [](std::string_view from, std::pmr::string& to) { to = cut_utf8(from, text_bytes_max); };
    text(client.client_id, client_id);
    text(client.mode, client_mode);
    text(client.display_name, display_name);
    text(client.platform, platform);
    text(client.version, version);
    text(client.device_family, device_family);
    text(client.model_identifier, model_identifier);
    if (!client.is_local) text(client.address, remote_ip);
    if (client.node == nullptr) return;
    const auto first = [](const Texts& from, Texts& to) {
        to.assign(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(std::min(from.size(), texts_max)));
        cut_texts(to);
    };
    first(client.node->caps, caps);
    first(client.node->commands, commands);
    if (client.node->permissions.size() <= json_bytes_max) permissions = client.node->permissions;
}

void NodeIdentity::write(json::Writer& writer) const {
    writer.member("nodeId", node_id);
    write_if(writer, "clientId", client_id);
    write_if(writer, "clientMode", client_mode);
    write_if(writer, "displayName", display_name);
    write_if(writer, "platform", platform);
    write_if(writer, "version", version);
    write_if(writer, "coreVersion", core_version);
    write_if(writer, "uiVersion", ui_version);
    write_if(writer, "deviceFamily", device_family);
    write_if(writer, "modelIdentifier", model_identifier);
    write_if(writer, "remoteIp", remote_ip);
    write_texts(writer, "caps", caps);
    write_texts(writer, "commands", commands);
    write_raw_if(writer, "permissions", permissions);
}

rpc::Scope scope_to_approve(const NodeIdentity& identity) noexcept {
    const auto runs = [](std::string_view command) {
        return command == "system.run" || command == "system.run.prepare" || command == "system.which";
    };
    if (std::any_of(identity.commands.begin(), identity.commands.end(), runs)) return rpc::Scope::admin;
    return identity.commands.empty() ? rpc::Scope::pairing : rpc::Scope::write;
}

void write_pending_node(json::Writer& writer, const PendingNode& node, bool with_scopes) {
    writer.begin_object().member("requestId", node.request_id);
    node.identity.write(writer);
    if (with_scopes) {
        const rpc::Scope scope = scope_to_approve(node.identity);
        writer.key("requiredApproveScopes").begin_array().string(auth::name_of(rpc::Scope::pairing));
        if (scope != rpc::Scope::pairing) writer.string(auth::name_of(scope));
        writer.end_array();
    }
    if (node.silent) writer.member("silent", true);
    if (node.is_repair) writer.member("isRepair", true);
    writer.member("ts", node.at_ms).end_object();
}

void write_paired_node(json::Writer& writer, const PairedNode& node, NodeToken token) {
    writer.begin_object();
    node.identity.write(writer);
    if (token == NodeToken::shown) write_if(writer, "token", node.token);
    writer.member("createdAtMs", node.created_ms).member("approvedAtMs", node.approved_ms);
    if (node.last_connected_ms != 0) writer.member("lastConnectedAtMs", node.last_connected_ms);
    if (node.last_seen_ms != 0) writer.member("lastSeenAtMs", node.last_seen_ms);
    write_if(writer, "lastSeenReason", node.last_seen_reason);
    write_raw_if(writer, "bins", node.bins);
    writer.end_object();
}

// --- what is known -------------------------------------------------------------------------------------------------

NodePairing::NodePairing(Gate& gate) : gate_(gate), pending_(gate.memory()), paired_(gate.memory()) {}

void NodePairing::load() {
    read_stored_map(gate_, paired_key, [this](std::string_view key, const json::Value& value) {
        if (paired_.size() >= paired_max) return;
        PairedNode node(gate_.memory());
        node.identity.read(value);
        node.identity.node_id = key;
        node.token = value["token"].as_string().value_or("");
        node.created_ms = time_at(value, "createdAtMs");
        node.approved_ms = time_at(value, "approvedAtMs");
        node.last_connected_ms = time_at(value, "lastConnectedAtMs");
        node.last_seen_ms = time_at(value, "lastSeenAtMs");
        node.last_seen_reason = cut_utf8(value["lastSeenReason"].as_string().value_or(""), 64);
        const json::Value bins = value["bins"];
        if (bins.is(json::Kind::array) && bins.raw().size() <= NodeIdentity::json_bytes_max) node.bins = bins.raw();
        std::pmr::string id(key, gate_.memory());
        paired_.emplace(std::move(id), std::move(node));
    });
    read_stored_map(gate_, pending_key, [this](std::string_view key, const json::Value& value) {
        if (pending_.size() >= pending_max) return;
        PendingNode node(gate_.memory());
        node.identity.read(value);
        node.request_id = key;
        node.silent = value["silent"].as_bool().value_or(false);
        node.is_repair = value["isRepair"].as_bool().value_or(false);
        node.at_ms = time_at(value, "ts");
        std::pmr::string id(key, gate_.memory());
        pending_.emplace(std::move(id), std::move(node));
    });
    prune();
}

void NodePairing::save_pending() {
    Buffer out(gate_.pool());
    json::Writer writer(out);
    writer.begin_object();
    for (const auto& [id, one] : pending_) {
        writer.key(id);
        write_pending_node(writer, one, false);
    }
    writer.end_object();
    if (const auto put = gate_.store().put(pending_key, out.text()); !put)
        gate_.log().error({pending_key, " cannot be written: ", put.error().what});
}

void NodePairing::save_paired() {
    Buffer out(gate_.pool());
    json::Writer writer(out);
    writer.begin_object();
    for (const auto& [id, one] : paired_) {
        writer.key(id);
        write_paired_node(writer, one, NodeToken::shown);
    }
    writer.end_object();
    if (const auto put = gate_.store().put(paired_key, out.text()); !put)
        gate_.log().error({paired_key, " cannot be written: ", put.error().what});
}

void NodePairing::prune() {
    const std::uint64_t now = gate_.unix_ms();
    const auto over = [&](const auto& entry) {
        const PendingNode& one = entry.second;
        if (one.client != 0 && gate_.find(one.client) != nullptr) return false;
        return now < one.at_ms || now - one.at_ms > pending_ms;
    };
    if (std::erase_if(pending_, over) > 0) save_pending();
}

PendingNode* NodePairing::request(NodeIdentity&& identity, bool& created) {
    prune();
    created = false;
    if (PendingNode* known = find_request_of(identity.node_id)) {
        const NodeIdentity& was = known->identity;
        const bool same =
            was.commands == identity.commands && was.caps == identity.caps && was.permissions == identity.permissions;
        if (same) return known;
        // An operator approves what was shown under that id, never what took its place.
        pending_.erase(pending_.find(known->request_id));
    }
    const auto uuid = crypto::random_uuid(gate_.random());
    if (pending_.size() >= pending_max || !uuid) return nullptr;
    PendingNode made(gate_.memory());
    made.identity = std::move(identity);
    made.request_id.assign(uuid->data(), uuid->size());
    made.is_repair = find(made.identity.node_id) != nullptr;
    made.at_ms = gate_.unix_ms();
    std::pmr::string id(made.request_id, gate_.memory());
    PendingNode& kept = pending_.emplace(std::move(id), std::move(made)).first->second;
    created = true;
    save_pending();
    return &kept;
}

PendingNode* NodePairing::find_request(std::string_view request_id) {
    prune();
    const auto found = pending_.find(request_id);
    return found != pending_.end() ? &found->second : nullptr;
}

PendingNode* NodePairing::find_request_of(std::string_view node_id) {
    for (auto& [id, one] : pending_) {
        if (one.identity.node_id == node_id) return &one;
    }
    return nullptr;
}

void NodePairing::drop_request(PendingNode& request) {
    pending_.erase(pending_.find(request.request_id));
    save_pending();
}

PairedNode* NodePairing::add(NodeIdentity&& identity) {
    if (PairedNode* known = find(identity.node_id)) return known;
    if (paired_.size() >= paired_max) return nullptr;
    PairedNode made(gate_.memory());
    made.identity = std::move(identity);
    made.created_ms = made.approved_ms = gate_.unix_ms();
    std::pmr::string id(made.identity.node_id, gate_.memory());
    return &paired_.emplace(std::move(id), std::move(made)).first->second;
}

PairedNode* NodePairing::approve(PendingNode& request, bool with_token) {
    std::pmr::string token(gate_.memory());
    if (with_token) {
        auto made = crypto::random_base64url(gate_.random(), 32, gate_.memory());
        if (!made) return nullptr;
        token = std::move(*made);
    }
    std::pmr::string name(gate_.memory());
    if (const PairedNode* known = find(request.identity.node_id)) name = known->identity.display_name;
    NodeIdentity identity(gate_.memory());
    identity.node_id = request.identity.node_id;
    PairedNode* node = add(std::move(identity));
    if (node == nullptr) return nullptr;
    node->identity = request.identity;
    if (!name.empty()) node->identity.display_name = name;  // what an operator called it stays
    if (with_token) node->token = token;
    node->approved_ms = gate_.unix_ms();
    save_paired();
    drop_request(request);
    return node;
}

PairedNode* NodePairing::find(std::string_view node_id) noexcept {
    const auto found = paired_.find(node_id);
    return found != paired_.end() ? &found->second : nullptr;
}

bool NodePairing::remove(std::string_view node_id) {
    const auto found = paired_.find(node_id);
    if (found == paired_.end()) return false;
    paired_.erase(found);
    save_paired();
    return true;
}

PairedNode* NodePairing::verify(std::string_view node_id, std::string_view token) {
    PairedNode* node = find(node_id);
    // A node without a token has none that could be right.
    if (node == nullptr || node->token.empty() || !crypto::equal_secrets(token, node->token)) return nullptr;
    return node;
}

}  // namespace gw::method
