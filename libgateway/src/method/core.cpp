#include "method/core.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"
#include "method/release.h"
#include "rpc/schema.h"

namespace gw::method {

namespace {

constexpr std::uint64_t write_window_ms = 60000;
constexpr unsigned writes_max = 30;  // of one method, by one device or address, in a window
constexpr std::size_t writers_max = 1024;
constexpr unsigned unauthorized_max = 10;

}  // namespace

bool Call::require(rpc::Scope scope) {
    if (client.allows(scope)) return true;
    const std::string_view name = rpc::scope_name(scope);
    if (client.protocol < 4) {
        fail(rpc::code::invalid_request, {"missing scope: ", name});
        return false;
    }
    std::pmr::string details(text_.get_allocator());
    (((details += R"({"code":"MISSING_SCOPE","missingScope":")") += name) += R"(","requiredScopes":[")") += name;
    fail(rpc::code::forbidden, {"missing scope: ", name}, details += "\"]}");
    return false;
}

Core::Core(Gate& gate_in)
    : gate(gate_in),
      registry(gate_in.memory()),
      presence(gate_in),
      health(*this),
      tick_timer_(
          gate_in.timers(), [](void* self) { static_cast<Core*>(self)->on_tick(); }, this),
      writes_(gate_in.memory()) {}

void Core::start() {
    health.arm();
    tick_timer_.arm(gate.now() + tick_interval_ms);
}

void Core::on_tick() {
    tick_timer_.arm(gate.now() + tick_interval_ms);
    try {
        presence.prune();
        Buffer out(gate.pool());
        json::Writer(out).begin_object().member("ts", gate.unix_ms()).end_object();
        Event event;
        event.name = "tick";
        event.payload = out.text();
        event.to_nodes = true;
        event.may_drop = true;
        gate.broadcast(event);
    } catch (const std::bad_alloc&) {  // clients tolerate one that is missing
    }
}

void Core::on_joined(Client& client) {
    // Programs that come for one call are not worth telling everybody about.
    if (client.mode != "cli" && client.mode != "probe") presence.on_joined(client);
}

void Core::on_left(Client& client) {
    if (client.mode != "cli" && client.mode != "probe") presence.on_left(client);
}

const config::Agent& Core::default_agent() const noexcept {
    const auto& agents = gate.config().agents;
    const auto found = std::find_if(agents.begin(), agents.end(), [](const config::Agent& a) { return a.is_default; });
    return found != agents.end() ? *found : agents.front();
}

const config::Agent* Core::find_agent(std::string_view id) const noexcept {
    for (const config::Agent& agent : gate.config().agents) {
        if (agent.id == id) return &agent;
    }
    return nullptr;
}

// --- the road of one call ------------------------------------------------------------------------------------------

void Core::dispatch(Call& call) {
    Client& client = call.client;
    const Method* method = registry.find(call.method);
    // A name that nobody knows is told only to those who may do everything, as the list of names is.
    const rpc::Role role = method != nullptr ? method->role : rpc::Role::oper;
    if (role != rpc::Role::any && role != client.role) {
        call.fail(rpc::code::invalid_request,
                  {"unauthorized role: ", client.role == rpc::Role::node ? "node" : "operator"});
        if (++client.unauthorized_calls > unauthorized_max) gate.close(client.id, 1008, "repeated unauthorized calls");
        return;
    }
    client.unauthorized_calls = 0;
    if (client.role != rpc::Role::node && !call.require(method != nullptr ? method->scope : rpc::Scope::admin)) return;
    if (method == nullptr) {
        call.fail(rpc::code::invalid_request, {"unknown method: ", cut_utf8(call.method, 128)});
        return;
    }
    if (method->changes_gateway && !allow_write(call)) return;
    std::pmr::string errors(gate.memory());
    if (!rpc::check_members(method->params, call.params.is(json::Kind::null) ? json::Value() : call.params, errors)) {
        call.fail(rpc::code::invalid_request, {"invalid ", call.method, " params: ", errors});
        return;
    }
    method->handle(*this, call);
}

bool Core::allow_write(Call& call) {
    const Client& client = call.client;
    std::pmr::string key(call.method, gate.memory());
    (key += ' ') += client.device_id.empty() ? client.address : client.device_id;
    const std::uint64_t now = gate.now();
    if (writes_.size() >= writers_max) {
        for (auto at = writes_.begin(); at != writes_.end();)
            at = now - at->second.since_ms >= write_window_ms ? writes_.erase(at) : std::next(at);
        if (writes_.size() >= writers_max) writes_.clear();
    }
    Writes& writes = writes_[key];
    if (writes.count == 0 || now - writes.since_ms >= write_window_ms) writes = {now, 0};
    if (writes.count++ < writes_max) return true;
    const std::uint64_t wait = writes.since_ms + write_window_ms - now;
    char seconds[24];
    const char* end = std::to_chars(seconds, seconds + sizeof seconds, (wait + 999) / 1000).ptr;
    std::pmr::string details(gate.memory());
    ((details += R"({"method":")") += call.method) += R"(","limit":"30 per 60s"})";
    call.fail(rpc::code::unavailable,
              {"rate limit exceeded for ",
               call.method,
               "; retry after ",
               {seconds, static_cast<std::size_t>(end - seconds)},
               "s"},
              details);
    call.failure().retryable = true;
    call.failure().retry_after_ms = wait;
    return false;
}

// --- hello ----------------------------------------------------------------------------------------------------------

void Core::write_hello(json::Writer& writer, const Client& client, std::string_view auth_method, std::string_view token,
                       std::uint64_t token_issued_ms) {
    const config::Config& config = gate.config();
    writer.begin_object().member("type", "hello-ok").member("protocol", static_cast<int>(client.protocol));
    writer.key("server")
        .begin_object()
        .member("version", release::version)
        .member("connId", client.conn())
        .end_object();
    writer.key("features").begin_object().key("methods").begin_array();
    for (const Method& method : methods()) {
        if (method.is_listed) writer.string(method.name);
    }
    writer.end_array().key("events").begin_array();
    for (const std::string_view name : event_names()) writer.string(name);
    writer.end_array();
    if (client.protocol >= 4) writer.key("capabilities").begin_array().end_array();
    writer.end_object();

    writer.key("snapshot").begin_object().key("presence");
    presence.write(writer);
    writer.key("health").raw(health.payload());
    writer.key("stateVersion").begin_object().member("presence", presence.version());
    writer.member("health", health.version()).end_object();
    writer.member("uptimeMs", gate.uptime_ms());
    const std::string_view agent = default_agent().id;
    std::pmr::string main_key("agent:", gate.memory());
    ((main_key += agent) += ":") += config.session.main_key;
    writer.key("sessionDefaults").begin_object().member("defaultAgentId", agent);
    writer.member("mainKey", config.session.main_key).member("mainSessionKey", main_key);
    writer.member("scope", config.session.global ? "global" : "per-sender");
    if (client.protocol >= 4) {
        writer.member("modelConfigured", true).member("ownership", "sole").member("selectionRequired", false);
    }
    writer.end_object();
    if (client.protocol >= 4) writer.key("suspension").begin_object().member("phase", "accepting").end_object();
    constexpr std::string_view modes[] = {"none", "token", "password", "trusted-proxy"};
    writer.member("authMode", modes[static_cast<std::size_t>(config.auth.mode)]).end_object();

    if (client.protocol >= 4 || !token.empty()) {
        writer.key("auth").begin_object();
        if (client.protocol >= 4) writer.member("method", auth_method);
        writer.member("role", client.role == rpc::Role::node ? "node" : "operator").key("scopes").begin_array();
        client.scopes.for_each([&](std::string_view name) { writer.string(name); });
        writer.end_array();
        if (!token.empty()) writer.member("deviceToken", token).member("issuedAtMs", token_issued_ms);
        writer.end_object();
    }
    writer.key("policy").begin_object().member("maxPayload",
                                               static_cast<std::uint64_t>(gate.limits().ws_message_bytes_max));
    writer.member("maxBufferedBytes", static_cast<std::uint64_t>(gate.limits().ws_buffered_bytes_max));
    writer.member("tickIntervalMs", static_cast<std::uint64_t>(tick_interval_ms)).end_object();
    writer.end_object();
}

void Core::write_heartbeat(json::Writer& writer) const {
    writer.key("heartbeat").begin_object().member("enabled", false).member("every", "disabled");
    writer.key("everyMs").null().member("prompt", "").member("target", "none").member("ackMaxChars", 300).end_object();
}

void Core::write_session_status(json::Writer& writer, const Client&) {
    writer.key("sessions").begin_object().key("paths").begin_array().end_array().member("count", 0);
    writer.key("recent").begin_array().end_array().key("byAgent").begin_array().end_array().end_object();
}

void Core::write_recent_sessions(json::Writer& writer, std::string_view agent) {
    std::pmr::string path("agents/", gate.memory());
    (path += agent) += "/sessions/sessions.json";
    writer.begin_object().member("path", path).member("count", 0).key("recent").begin_array().end_array().end_object();
}

}  // namespace gw::method
