#include "method/nodes.h"

#include <algorithm>

#include "core/text.h"
#include "crypto/compare.h"
#include "method/core.h"

namespace gw::method {

namespace {

constexpr std::uint64_t save_interval_ms = 60000;
constexpr std::int64_t invoke_ms_max = 0x7FFFFFFF;
constexpr Milliseconds progress_ms_max = 86400000;  // however much progress a node tells of

void sort_unique(Texts& texts) {
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

bool has_text(const Texts& texts, std::string_view text) noexcept {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
}

bool includes_all(const Texts& whole, const Texts& part) noexcept {
    return std::all_of(part.begin(), part.end(), [&](const auto& one) { return has_text(whole, one); });
}

void keep_only(Texts& texts, const Texts* allowed) {
    if (allowed == nullptr) return texts.clear();
    std::erase_if(texts, [&](const auto& one) { return !has_text(*allowed, one); });
}

// What a phone does only when somebody looks at it.
bool needs_foreground(std::string_view command) noexcept {
    for (const std::string_view family : {"canvas.", "camera.", "screen.", "talk."}) {
        if (command.starts_with(family)) return true;
    }
    return false;
}

}  // namespace

Node::Node(const Client& of, std::pmr::memory_resource* memory)
    : client(of.id),
      protocol(of.protocol),
      platform(node_platform(of.platform, of.device_family)),
      identity(memory),
      connected_ms(of.connected_ms),
      last_seen_ms(of.connected_ms),
      last_seen_reason("connect", memory),
      path_env(memory),
      host_stats(memory),
      plugin_tools(memory),
      canvas_token(memory) {
    identity.take(of);
    identity.node_id = node_id_of(of);
    if (of.node != nullptr && of.node->path_env.size() <= NodeIdentity::json_bytes_max) path_env = of.node->path_env;
}

Nodes::Nodes(Core& core)
    : pairing(core.gate),
      queue(core.gate),
      core_(core),
      connected_(core.gate.memory()),
      invokes_(core.gate.memory()),
      canvas_url_(core.gate.memory()) {}

// --- coming and going ----------------------------------------------------------------------------------------------

void Nodes::on_joined(const Client& client) {
    if (client.role != rpc::Role::node) return;
    Node made(client, core_.gate.memory());
    settle_surface(made, client);
    std::pmr::string id(made.identity.node_id, core_.gate.memory());
    connected_.insert_or_assign(std::move(id), std::move(made));
}

// What of that which a node declares may be used: what its platform is known for, and what was approved.
void Nodes::settle_surface(Node& node, const Client& client) {
    NodeIdentity& identity = node.identity;
    const config::Config& config = core_.gate.config();
    std::erase_if(identity.commands,
                  [&](const auto& command) { return !is_node_command_allowed(config, node.platform, command); });
    sort_unique(identity.commands);
    sort_unique(identity.caps);
    PairedNode* known = pairing.find(identity.node_id);
    const bool at_once = client.is_local && config.nodes.auto_approve_local;
    const bool approved = known != nullptr && includes_all(known->identity.commands, identity.commands) &&
                          includes_all(known->identity.caps, identity.caps);
    if (!at_once && !approved) {
        node.awaits_approval = true;
        NodeIdentity wanted(core_.gate.memory());
        wanted = identity;
        keep_only(identity.commands, known != nullptr ? &known->identity.commands : nullptr);
        keep_only(identity.caps, known != nullptr ? &known->identity.caps : nullptr);
        bool created = false;
        PendingNode* request = pairing.request(std::move(wanted), created);
        if (request == nullptr) return;
        request->client = client.id;
        request->silent = client.is_local;
        if (created) tell_requested(*request);
    }
    if (client.device_id.empty()) return;  // it comes back under another id
    bool changed = false;
    if (known == nullptr && at_once) {
        NodeIdentity identity_copy(core_.gate.memory());
        identity_copy = identity;
        known = pairing.add(std::move(identity_copy));
        changed = true;
    }
    if (known == nullptr) return;
    if (!known->identity.display_name.empty()) identity.display_name = known->identity.display_name;
    if (!node.awaits_approval && !(known->identity == identity)) {
        known->identity = identity;
        changed = true;
    }
    known->last_connected_ms = known->last_seen_ms = core_.gate.unix_ms();
    known->last_seen_reason = "connect";
    if (!changed && core_.gate.unix_ms() - saved_ms_ < save_interval_ms) return;
    saved_ms_ = core_.gate.unix_ms();
    pairing.save_paired();
}

void Nodes::on_left(const Client& client) {
    if (client.role == rpc::Role::node) {
        const std::string_view id = node_id_of(client);
        const auto found = connected_.find(id);
        if (found != connected_.end() && found->second.client == client.id) connected_.erase(found);
        if (client.device_id.empty()) {
            if (PendingNode* request = pairing.find_request_of(id)) pairing.drop_request(*request);
            pairing.remove(id);
        }
    }
    for (auto at = invokes_.begin(); at != invokes_.end();) {
        const auto one = at++;
        if (one->second->node != client.id && one->second->caller != client.id) continue;
        const auto taken = invokes_.extract(one);
        Invoke& invoke = *taken.mapped();
        if (invoke.caller == client.id) continue;  // nobody is there to be told
        try {
            std::pmr::string message("node disconnected (", core_.gate.memory());
            (message += invoke.command) += ')';
            if (invoke.caller_protocol >= 4) {
                fail(invoke, "DISCONNECTED", message);
            } else {
                message.insert(0, "Error: ");
                rpc::Failure failure;
                failure.code = rpc::code::unavailable;
                failure.message = message;
                core_.gate.fail(invoke.ticket, failure);
            }
        } catch (const std::bad_alloc&) {  // the others are still to be told
        }
    }
}

Node* Nodes::find(std::string_view node_id) noexcept {
    const auto found = connected_.find(node_id);
    return found != connected_.end() ? &found->second : nullptr;
}

Node* Nodes::find(const Client& client) noexcept {
    Node* node = find(node_id_of(client));
    return node != nullptr && node->client == client.id ? node : nullptr;
}

void Nodes::seen(Node& node, std::string_view reason) {
    node.last_seen_ms = core_.gate.unix_ms();
    node.last_seen_reason = cut_utf8(reason, 64);
    if (PairedNode* known = pairing.find(node.identity.node_id)) {
        known->last_seen_ms = node.last_seen_ms;
        known->last_seen_reason = node.last_seen_reason;
    }
}

// --- invocation ----------------------------------------------------------------------------------------------------

Nodes::Invoke::Invoke(Nodes& owner, const Node& target, const Client& from, std::string_view name)
    : nodes(owner),
      node(target.client),
      caller(from.id),
      node_protocol(target.protocol),
      caller_protocol(from.protocol),
      node_id(target.identity.node_id, owner.core_.gate.memory()),
      command(name, owner.core_.gate.memory()),
      params(owner.core_.gate.memory()),
      key(owner.core_.gate.memory()),
      timer(
          owner.core_.gate.timers(),
          [](void* self) {
              auto* invoke = static_cast<Invoke*>(self);
              Nodes& nodes_of = invoke->nodes;
              nodes_of.on_timeout(*invoke);
          },
          this) {}

bool Nodes::require_approved(Call& call, const Node& node) {
    if (!node.awaits_approval) return true;
    call.fail(rpc::code::unavailable,
              {"node capability surface is awaiting operator approval; see node.pair.list and node.pair.approve"},
              R"({"code":"PAIRING_CHANGED"})");
    return false;
}

bool Nodes::require_command(Call& call, const Node& node, std::string_view command) {
    const Texts& commands = node.identity.commands;
    const std::string_view declared = node.identity.platform;
    const std::string_view platform = declared.empty() ? "unknown" : declared;
    Buffer details(core_.gate.pool());
    const auto because = [&](std::string_view reason) {
        json::Writer(details).begin_object().member("reason", reason).member("command", command).end_object();
        return details.text();
    };
    constexpr std::string_view beginning = "node command not allowed: ";
    if (!is_node_command_allowed(core_.gate.config(), node.platform, command)) {
        call.fail(rpc::code::invalid_request,
                  {beginning, "\"", command, "\" is not in the allowlist for platform \"", platform, "\""},
                  because("command not allowlisted"));
    } else if (node.awaits_approval && !has_text(commands, command)) {
        return require_approved(call, node);
    } else if (commands.empty()) {
        call.fail(rpc::code::invalid_request, {beginning, "the node did not declare any supported commands"},
                  because("node did not declare commands"));
    } else if (!has_text(commands, command)) {
        call.fail(rpc::code::invalid_request,
                  {beginning, "the node (platform: ", platform, ") does not support \"", command, "\""},
                  because("command not declared by node"));
    } else {
        return true;
    }
    return false;
}

void Nodes::invoke(Call& call, Node& node, std::string_view command, std::optional<std::string_view> params_json) {
    send(call, node, command, params_json, false);
}

void Nodes::relay(Call& call, Node& node, std::string_view command, std::optional<std::string_view> params_json) {
    send(call, node, command, params_json, true);
}

void Nodes::send(Call& call, Node& node, std::string_view command, std::optional<std::string_view> params_json,
                 bool relays) {
    Gate& gate = core_.gate;
    const ClientId caller = call.client.id;
    const auto of_caller = std::count_if(invokes_.begin(), invokes_.end(),
                                         [caller](const auto& entry) { return entry.second->caller == caller; });
    if (invokes_.size() >= invokes_max || static_cast<std::size_t>(of_caller) >= invokes_of_caller_max) {
        call.fail(rpc::code::unavailable, {"too many node invocations are waiting"});
        call.failure().retryable = true;
        return;
    }
    const auto id = crypto::random_uuid(gate.random());
    if (!id) return call.fail(rpc::code::unavailable, {"no random numbers"});
    const bool timed = call.params["timeoutMs"].exists();
    const std::int64_t asked_ms = call.number("timeoutMs", static_cast<std::int64_t>(invoke_ms));
    const std::int64_t timeout_ms = std::min(asked_ms, invoke_ms_max);

    auto made = make_owned<Invoke>(gate.memory(), *this, node, call.client, command);
    made->id = *id;
    made->relays = relays;
    const std::string_view key = call.text("idempotencyKey");
    if (node.platform == NodePlatform::ios && needs_foreground(command) && params_json.value_or("").size() <= 65536) {
        made->params = params_json.value_or("");
        made->key = cut_utf8(key, 256);
    }
    Invoke& invoke = *invokes_.emplace(*id, std::move(made)).first->second;

    Buffer out(gate.pool());
    json::Writer writer(out);
    writer.begin_object().member("id", std::string_view(id->data(), id->size()));
    writer.member("nodeId", node.identity.node_id).member("command", command).key("paramsJSON");
    params_json ? writer.string(*params_json) : writer.null();
    if (timed || node.protocol >= 4) writer.member("timeoutMs", timeout_ms);
    write_if(writer, "idempotencyKey", key);
    writer.end_object();
    try {
        if (!gate.send(node.client, "node.invoke.request", out.text())) {
            erase(invoke);
            return call.fail(rpc::code::unavailable, {"node not connected"}, R"({"code":"NOT_CONNECTED"})");
        }
        invoke.ticket = call.defer();
    } catch (const std::bad_alloc&) {
        erase(invoke);
        throw;
    }
    invoke.timeout_ms = static_cast<Milliseconds>(timeout_ms);
    invoke.give_up_at = gate.now() + progress_ms_max;
    invoke.timer.arm(gate.now() + invoke.timeout_ms);
}

void Nodes::erase(Invoke& invoke) noexcept {
    const auto found = invokes_.find(invoke.id);
    if (found != invokes_.end()) invokes_.erase(found);
}

void Nodes::on_timeout(Invoke& invoke) {
    const auto taken = invokes_.extract(invoke.id);
    try {
        if (invoke.node_protocol >= 4) {
            Buffer out(core_.gate.pool());
            json::Writer(out)
                .begin_object()
                .member("invokeId", std::string_view(invoke.id.data(), invoke.id.size()))
                .member("nodeId", invoke.node_id)
                .end_object();
            core_.gate.send(invoke.node, "node.invoke.cancel", out.text());
        }
        fail(invoke, "TIMEOUT", "node invoke timed out");
    } catch (const std::bad_alloc&) {  // the caller's own time-out comes
    }
}

void Nodes::fail(Invoke& invoke, std::string_view code, std::string_view message) {
    std::pmr::string text(code, core_.gate.memory());
    if (!code.empty()) text += ": ";
    text += message;
    Buffer details(core_.gate.pool());
    json::Writer writer(details);
    writer.begin_object().key("nodeError").begin_object();
    write_if(writer, "code", code);
    writer.member("message", message).end_object();
    if (invoke.caller_protocol >= 4) writer.member("nodeCommandDispatched", true);
    writer.end_object();
    rpc::Failure failure;
    failure.code = rpc::code::unavailable;
    failure.message = text;
    failure.details = details.text();
    core_.gate.fail(invoke.ticket, failure);
}

// A phone in somebody's pocket cannot show or film anything: the command waits until the app is opened.
bool Nodes::queue_for_foreground(Invoke& invoke, std::string_view code, std::string_view message) {
    if (invoke.key.empty()) return false;
    constexpr std::string_view background = "NODE_BACKGROUND_UNAVAILABLE";
    if (!equals_ignoring_case(code, background) && message.find(background) == std::string_view::npos) return false;
    const NodeQueue::Action* action = queue.keep(invoke.node_id, invoke.command, invoke.params, invoke.key);
    if (action == nullptr) return false;
    Buffer details(core_.gate.pool());
    json::Writer writer(details);
    writer.begin_object().member("code", "QUEUED_UNTIL_FOREGROUND").member("queuedActionId", action->id);
    writer.member("nodeId", invoke.node_id).member("command", invoke.command).key("nodeError").begin_object();
    write_if(writer, "code", code);
    writer.member("message", message).end_object().end_object();
    rpc::Failure failure;
    failure.code = rpc::code::unavailable;
    failure.message = "node command queued until iOS returns to foreground";
    failure.details = details.text();
    failure.retryable = true;
    core_.gate.fail(invoke.ticket, failure);
    return true;
}

// The one that a node speaks of, when it is one of its own.
Nodes::Invokes::iterator Nodes::find_invoke(Call& call, std::string_view member) {
    const std::string_view id = call.text(member);
    crypto::Uuid uuid{};
    if (id.size() != uuid.size()) return invokes_.end();
    std::copy(id.begin(), id.end(), uuid.begin());
    const auto found = invokes_.find(uuid);
    const bool own = found != invokes_.end() && found->second->node_id == node_id_of(call.client);
    return own ? found : invokes_.end();
}

void Nodes::on_progress(Call& call) {
    if (call.text("nodeId") != node_id_of(call.client)) return call.fail("nodeId mismatch");
    const auto found = find_invoke(call, "invokeId");
    json::Writer& answer = call.result();
    answer.begin_object().member("ok", true);
    if (found == invokes_.end()) {
        answer.member("ignored", true);
    } else {
        Invoke& invoke = *found->second;
        invoke.timer.arm(std::min(core_.gate.now() + invoke.timeout_ms, invoke.give_up_at));
    }
    answer.end_object();
}

void Nodes::on_result(Call& call) {
    if (call.text("nodeId") != node_id_of(call.client)) return call.fail("nodeId mismatch");
    const auto found = find_invoke(call, "id");
    json::Writer& answer = call.result();
    answer.begin_object().member("ok", true);
    if (found == invokes_.end()) {
        answer.member("ignored", true).end_object();
        return;
    }
    answer.end_object();
    const auto taken = invokes_.extract(found);
    Invoke& invoke = *taken.mapped();
    if (!call.flag("ok")) {
        const json::Value error = call.params["error"];
        const std::string_view code = error["code"].as_string().value_or("");
        const std::string_view message = error["message"].as_string().value_or("node invoke failed");
        if (!queue_for_foreground(invoke, code, message)) fail(invoke, code, message);
        return;
    }
    const auto text = call.params["payloadJSON"].as_string();
    json::Document document(core_.gate.memory());
    Buffer payload(core_.gate.pool());
    if (text && document.parse(*text)) {
        json::Writer(payload).value(document.root());
    } else if (text) {
        json::Writer(payload).begin_object().member("payloadJSON", *text).end_object();
    } else if (call.params["payload"].exists()) {
        json::Writer(payload).value(call.params["payload"]);
    }
    if (invoke.relays) return core_.gate.answer(invoke.ticket, payload.empty() ? "{}" : payload.text());
    Buffer out(core_.gate.pool());
    json::Writer writer(out);
    writer.begin_object().member("ok", true).member("nodeId", invoke.node_id).member("command", invoke.command);
    write_raw_if(writer, "payload", payload.text());
    writer.key("payloadJSON");
    text ? writer.string(*text) : writer.null();
    writer.end_object();
    core_.gate.answer(invoke.ticket, out.text());
}

// --- pairing -------------------------------------------------------------------------------------------------------

void Nodes::tell_requested(const PendingNode& request) {
    Buffer out(core_.gate.pool());
    json::Writer writer(out);
    write_pending_node(writer, request, true);
    Event event;
    event.name = "node.pair.requested";
    event.payload = out.text();
    event.scope = rpc::Scope::pairing;
    event.may_drop = true;
    core_.gate.broadcast(event);
}

void Nodes::on_decided(std::string_view request_id, std::string_view node_id, bool approved) {
    Buffer out(core_.gate.pool());
    json::Writer writer(out);
    writer.begin_object().member("requestId", request_id).member("nodeId", node_id);
    writer.member("decision", approved ? "approved" : "rejected").member("ts", core_.gate.unix_ms()).end_object();
    Node* node = find(node_id);
    const Client* client = node != nullptr ? core_.gate.find(node->client) : nullptr;
    if (client != nullptr && node->awaits_approval && approved) {
        node->awaits_approval = false;
        node->identity.take(*client);
        settle_surface(*node, *client);
    }
    if (node != nullptr && node->protocol >= 4) core_.gate.send(node->client, "node.pair.resolved", out.text());
    Event event;
    event.name = "node.pair.resolved";
    event.payload = out.text();
    event.scope = rpc::Scope::pairing;
    event.may_drop = true;
    core_.gate.broadcast(event);
}

bool Nodes::forget(std::string_view node_id) {
    if (!pairing.remove(node_id)) return false;
    if (const Node* node = find(node_id)) core_.gate.close(node->client, 4001, "auth changed");
    return true;
}

bool Nodes::rename(std::string_view node_id, std::string_view name) {
    name = cut_utf8(name, NodeIdentity::text_bytes_max);
    PairedNode* known = pairing.find(node_id);
    Node* node = find(node_id);
    if (known == nullptr && node == nullptr) return false;
    if (node != nullptr) node->identity.display_name = name;
    if (known != nullptr) {
        known->identity.display_name = name;
        pairing.save_paired();
    }
    return true;
}

// --- canvas --------------------------------------------------------------------------------------------------------

const std::pmr::string* Nodes::refresh_canvas(Node& node) {
    auto token = crypto::random_base64url(core_.gate.random(), 18, core_.gate.memory());
    if (!token) return nullptr;
    node.canvas_token = std::move(*token);
    node.canvas_expires_ms = core_.gate.unix_ms() + canvas_ms;
    return &node.canvas_token;
}

const Node* Nodes::find_canvas(std::string_view token) const noexcept {
    const Node* found = nullptr;
    for (const auto& [id, node] : connected_) {
        if (node.canvas_token.empty() || node.canvas_expires_ms <= core_.gate.unix_ms()) continue;
        if (crypto::equal_secrets(token, node.canvas_token)) found = &node;
    }
    return found;
}

// --- what operators are shown ---------------------------------------------------------------------------------------

void Nodes::write_row(json::Writer& writer, const Node* node, const PairedNode* known, const Client& reader,
                      bool with_time) {
    const NodeIdentity& identity = node != nullptr ? node->identity : known->identity;
    writer.begin_object();
    if (with_time) writer.member("ts", core_.gate.unix_ms());
    identity.write(writer);
    if (node != nullptr) {
        write_if(writer, "pathEnv", node->path_env);
        writer.member("connectedAtMs", node->connected_ms);
    }
    if (reader.protocol >= 4) {
        const bool waits = node != nullptr && node->awaits_approval;
        writer.member("approvalState", !waits             ? "approved"
                                       : known != nullptr ? "pending-reapproval"
                                                          : "pending-approval");
        writer.member("sessionHost", false).key("nodePluginTools");
        writer.raw(node != nullptr && !node->plugin_tools.empty() ? std::string_view(node->plugin_tools) : "[]");
        if (node != nullptr) write_raw_if(writer, "hostStats", node->host_stats);
        const std::uint64_t connected = node != nullptr ? node->connected_ms : known->last_connected_ms;
        if (connected != 0) writer.member("lastConnectedAtMs", connected);
        const std::uint64_t last = node != nullptr ? node->last_seen_ms : known->last_seen_ms;
        if (last != 0) writer.member("lastSeenAtMs", last);
        write_if(writer, "lastSeenReason", node != nullptr ? node->last_seen_reason : known->last_seen_reason);
        if (known != nullptr) writer.member("approvedAtMs", known->approved_ms);
    }
    writer.member("paired", known != nullptr).member("connected", node != nullptr).end_object();
}

void Nodes::write_list(json::Writer& writer, const Client& reader) {
    struct Row {
        std::string_view name, id;
        const Node* node;
        const PairedNode* known;
    };
    std::pmr::vector<Row> rows(core_.gate.memory());
    const auto name_of = [](const NodeIdentity& identity) -> std::string_view {
        return identity.display_name.empty() ? identity.node_id : identity.display_name;
    };
    for (const auto& [id, node] : connected_) rows.push_back({name_of(node.identity), id, &node, pairing.find(id)});
    pairing.each_paired([&](PairedNode& known) {
        const NodeIdentity& identity = known.identity;
        if (find(identity.node_id) == nullptr) rows.push_back({name_of(identity), identity.node_id, nullptr, &known});
    });
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        if ((a.node != nullptr) != (b.node != nullptr)) return a.node != nullptr;
        const auto lower = [](char x, char y) { return ascii_lower(x) < ascii_lower(y); };
        const auto less = [&](std::string_view x, std::string_view y) {
            return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), lower);
        };
        if (less(a.name, b.name) || less(b.name, a.name)) return less(a.name, b.name);
        return a.id < b.id;
    });
    writer.begin_object().member("ts", core_.gate.unix_ms()).key("nodes").begin_array();
    for (const Row& row : rows) write_row(writer, row.node, row.known, reader, false);
    writer.end_array().end_object();
}

bool Nodes::write_description(json::Writer& writer, std::string_view node_id, const Client& reader) {
    const Node* node = find(node_id);
    PairedNode* known = pairing.find(node_id);
    if (node == nullptr && known == nullptr) return false;
    write_row(writer, node, known, reader, true);
    return true;
}

}  // namespace gw::method
