#include "method/core.h"

#include <algorithm>
#include <charconv>

#include "auth/device_views.h"
#include "core/text.h"
#include "method/agents.h"
#include "method/release.h"
#include "rpc/schema.h"
#include "session/freshness.h"
#include "session/key.h"
#include "session/rows.h"

namespace gw::method {

namespace {

constexpr std::uint64_t write_window_ms = 60000;
constexpr unsigned writes_max = 30;  // of one method, by one device or address, in a window
constexpr std::size_t writers_max = 1024;
constexpr unsigned unauthorized_max = 10;

const config::ResetRule& reset_rule(const config::Config::Session& rules, session::ResetType type) noexcept {
    switch (type) {
    case session::ResetType::direct: return rules.reset_direct;
    case session::ResetType::group: return rules.reset_group;
    case session::ResetType::thread: return rules.reset_thread;
    }
    return rules.reset;
}

}  // namespace

bool Call::require(rpc::Scope scope) {
    if (client.allows(scope)) return true;
    const std::string_view name = auth::name_of(scope);
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
      presence(gate_in),
      health(*this),
      devices(gate_in.store(), gate_in.random(), gate_in.pool(), gate_in.memory()),
      bootstraps(gate_in.store(), gate_in.random(), gate_in.pool(), gate_in.memory()),
      sessions(gate_in.store(), gate_in.random(), gate_in.pool(), gate_in.memory()),
      usage(sessions.transcripts(), gate_in.memory()),
      chats(*this),
      system_events(gate_in),
      nodes(*this),
      node_events(*this),
      approvals(*this),
      exec_policy(gate_in),
      approval_gate(*this),
      questions(*this),
      findings(gate_in),
      added(gate_in.memory()),
      waker(*this),
      tick_timer_(
          gate_in.timers(), [](void* self) { static_cast<Core*>(self)->on_tick(); }, this),
      flush_timer_(
          gate_in.timers(), [](void* self) { static_cast<Core*>(self)->on_flush(); }, this),
      row_runs_(gate_in.memory()),
      writes_(gate_in.memory()) {
    configure_sessions();
}

void Core::configure_sessions() {
    const config::Config& config = gate.config();
    std::pmr::vector<session::AgentSetting> agents(gate.memory());
    for (const config::Agent& agent : config.agents) agents.push_back({agent.id, agent.workspace});
    session::Settings settings;
    settings.keys = {default_agent().id, config.session.main_key, config.session.global};
    settings.agents = agents;
    sessions.configure(settings);
}

void Core::start() {
    node_events.set_runs(this);
    if (const auto loaded = devices.load(); !loaded || !*loaded) {
        gate.log().error({"the table of paired devices cannot be read: ",
                          loaded ? std::string_view("it is damaged, and was put aside") : loaded.error().what});
    }
    if (const auto loaded = bootstraps.load(); !loaded)
        gate.log().warn({"the setup codes cannot be read: ", loaded.error().what});
    if (const auto loaded = identity.load(gate.store(), gate.random(), gate.unix_ms(), gate.pool(), gate.memory());
        !loaded)
        gate.log().error({"the gateway has no identity: ", loaded.error().what});
    nodes.load();
    approvals.history.load();
    health.arm();
    tick_timer_.arm(gate.now() + tick_interval_ms);
}

void Core::on_config_changed() {
    configure_sessions();
    health.refresh();
}

void Core::on_restarted(std::string_view sentinel) {
    json::Document document(gate.memory());
    if (!document.parse(sentinel)) return;
    const json::Value root = document.root();
    const auto text_at = [](const json::Value& at, std::string_view name) {
        return cut_utf8(at[name].as_string().value_or(std::string_view{}), 512);
    };
    std::pmr::string notice("Gateway restart ", gate.memory());
    ((notice += text_at(root, "kind")) += ' ') += text_at(root, "status");
    ((notice += " (") += text_at(root["stats"], "mode")) += ')';
    gate.log().info({notice});
    if (const std::string_view note = text_at(root, "message"); !note.empty()) (notice += '\n') += note;
    const std::string_view asked = root["sessionKey"].as_string().value_or(std::string_view{});
    auto key = asked.empty() ? std::nullopt : session_key(asked);
    if (!key) key = session_key(gate.config().session.main_key);
    if (key) system_events.push(*key, notice);
}

void Core::on_shutdown() {
    waker.stop();
    if (const auto flushed = sessions.flush(gate.unix_ms(), session::Sessions::Flush::all); !flushed)
        gate.log().error({"cannot write the sessions: ", flushed.error().what});
    if (!devices.is_dirty()) return;
    if (const auto flushed = devices.flush(); !flushed)
        gate.log().error({"cannot write the devices: ", flushed.error().what});
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

void Core::tell_pair_request(const auth::PairRequest& request) {
    Buffer out(gate.pool());
    json::Writer writer(out);
    auth::write_pair_request(writer, request);
    Event event;
    event.name = "device.pair.requested";
    event.payload = out.text();
    event.scope = rpc::Scope::pairing;
    event.may_drop = true;
    gate.broadcast(event);
}

void Core::tell_pair_resolved(std::string_view request_id, std::string_view device_id, std::string_view decision) {
    Buffer out(gate.pool());
    json::Writer writer(out);
    auth::write_pair_resolved(writer, request_id, device_id, decision, gate.unix_ms());
    Event event;
    event.name = "device.pair.resolved";
    event.payload = out.text();
    event.scope = rpc::Scope::pairing;
    event.may_drop = true;
    gate.broadcast(event);
}

void Core::write_setup_completion(json::Writer& writer, const auth::BootstrapTokens::Completion& done) {
    writer.begin_object().member("setupId", done.setup_id).member("deviceId", done.device_id);
    if (const auth::Device* device = devices.find(done.device_id); device != nullptr && !device->display_name.empty())
        writer.member("deviceName", device->display_name);
    writer.member("access", auth::name_of(done.access)).member("ts", done.at_ms).end_object();
}

void Core::tell_setup_completed() {
    const auth::BootstrapTokens::Completion* const done = bootstraps.take_completion();
    if (done == nullptr) return;
    Buffer out(gate.pool());
    json::Writer writer(out);
    write_setup_completion(writer, *done);
    Event event;
    event.name = "device.pair.setup.completed";
    event.payload = out.text();
    event.scope = rpc::Scope::pairing;
    event.may_drop = true;
    event.protocol_min = 4;
    gate.broadcast(event);
}

void Core::close_device(std::string_view device_id, std::optional<rpc::Role> role) {
    std::pmr::vector<ClientId> gone(gate.memory());
    each_client(gate, [&](const Client& client) {
        if (client.device_id == device_id && (!role || client.role == *role)) gone.push_back(client.id);
    });
    for (const ClientId id : gone) {
        const Client* client = gate.find(id);
        gate.close(id, client != nullptr && client->protocol >= 4 ? 4001 : 1008, "device access was withdrawn");
    }
}

void Core::on_joined(Client& client) {
    if (devices.is_dirty() && !flush_timer_.armed()) flush_timer_.arm(gate.now() + 1000);
    // Programs that come for one call are not worth telling everybody about.
    if (client.mode != "cli" && client.mode != "probe") presence.on_joined(client);
    nodes.on_joined(client);
}

void Core::on_left(Client& client) {
    nodes.on_left(client);
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

std::optional<std::pmr::string> Core::session_key(std::string_view text) const { return sessions.canonical(text); }

void Core::start(const NodeRun& asked) {
    const auto key = session_key(asked.session);
    if (!key || find_agent(agent_of(*key)) == nullptr) return;
    std::pmr::string id(asked.key, gate.memory());
    if (id.empty()) {
        const auto uuid = crypto::random_uuid(gate.random());
        if (!uuid) return;
        id.assign(uuid->data(), uuid->size());
    }
    RunSpec spec;
    spec.family = "node";
    spec.run_id = id;
    spec.session_key = *key;
    spec.text = asked.message;
    spec.timeout_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(asked.timeout_s, 0, 86400)) * 1000;
    std::pmr::string why(gate.memory());
    if (chats.start(spec, why) == Chats::Started::refused) {
        gate.log().warn({"a run that the node ", asked.node_id, " asked for was not begun: ", why});
        return;
    }
    chats.proceed(id);
}

// --- the road of one call ------------------------------------------------------------------------------------------

void Core::dispatch(Call& call) {
    Client& client = call.client;
    const Method* method = find_method(call.method);
    if (method == nullptr) method = added.find(call.method);
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
    writer.key("server").begin_object().member("version", release::version).member("connId", client.conn());
    if (client.protocol >= 4) writer.member("bootId", presence.boot_id());
    writer.end_object();
    writer.key("features").begin_object().key("methods").begin_array();
    for (const std::span<const Method> family : families()) {
        for (const Method& method : family) {
            if (method.is_listed) writer.string(method.name);
        }
    }
    added.each_method([&](std::string_view name) { writer.string(name); });
    writer.end_array().key("events").begin_array();
    for (const std::string_view name : event_names()) writer.string(name);
    added.each_event([&](std::string_view name) { writer.string(name); });
    writer.end_array();
    if (client.protocol >= 4) writer.key("capabilities").begin_array().end_array();
    writer.end_object();

    // Since protocol 4 who is here is for those who may read, and where things are for admins.
    const bool is_admin = client.role == rpc::Role::oper && client.allows(rpc::Scope::admin);
    const bool is_reader = client.role == rpc::Role::oper && client.allows(rpc::Scope::read);
    writer.key("snapshot").begin_object().key("presence");
    if (client.protocol < 4 || is_reader) {
        presence.write(writer);
    } else {
        writer.begin_array().end_array();
    }
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
        writer.member("modelConfigured", true).member("ownership", config.agents.size() == 1 ? "sole" : "explicit");
        writer.member("selectionRequired", false);
    }
    writer.end_object();
    if (is_admin && !gate.config_file().empty()) writer.member("configPath", gate.config_file());
    if (is_admin && !gate.state_dir().empty()) writer.member("stateDir", gate.state_dir());
    if (client.protocol >= 4) writer.key("suspension").begin_object().member("phase", "accepting").end_object();
    constexpr std::string_view modes[] = {"none", "token", "password", "trusted-proxy"};
    if (client.protocol < 4 || is_admin) writer.member("authMode", modes[static_cast<std::size_t>(config.auth.mode)]);
    writer.end_object();

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
    writer.member("tickIntervalMs", static_cast<std::uint64_t>(tick_interval_ms));
    if (client.protocol >= 4) {
        writer.key("attachments").begin_object();
        writer.member("maxBytes", static_cast<std::uint64_t>(attachment_bytes_max));
        writer.member("maxImageBytes", static_cast<std::uint64_t>(attachment_bytes_max)).end_object();
        writer.key("allowedSessionVisibilities").begin_array().string("shared").end_array();
        writer.member("hasMultipleSessionSharingIdentities", false);
    }
    writer.end_object();
    writer.end_object();
}

void Core::write_heartbeat(json::Writer& writer) const {
    writer.key("heartbeat").begin_object().member("enabled", false).member("every", "disabled");
    writer.key("everyMs").null().member("prompt", "").member("target", "none").member("ackMaxChars", 300).end_object();
}

std::string_view Core::agent_of(std::string_view session_key) const noexcept {
    const auto parts = session::parse_key(session_key);
    return parts && !parts->agent.empty() ? parts->agent : std::string_view(default_agent().id);
}

void Core::touch_session(std::string_view key, const session::Changes& changes) {
    if (const auto touched = sessions.touch(key, changes, gate.unix_ms()); !touched)
        gate.log().error({"cannot keep what changed in ", key, ": ", touched.error().what});
    if (!flush_timer_.armed()) flush_timer_.arm(gate.now() + 1000);
}

void Core::on_flush() {
    try {
        if (const auto flushed = sessions.flush(gate.unix_ms()); !flushed)
            gate.log().error({"cannot write the sessions: ", flushed.error().what});
        if (devices.is_dirty()) {
            if (const auto flushed = devices.flush(); !flushed)
                gate.log().error({"cannot write the devices: ", flushed.error().what});
        }
        if (sessions.next_flush_ms() || devices.is_dirty()) flush_timer_.arm(gate.now() + 1000);
    } catch (const std::bad_alloc&) {
        flush_timer_.arm(gate.now() + 1000);
    }
}

std::string_view Core::reset_session(std::string_view key) {
    std::pmr::vector<std::pmr::string> ids(gate.memory());
    chats.abort(key, nullptr, "reset", nullptr, ids);
    if (const auto opened = sessions.open(key, gate.unix_ms()); !opened) return opened.error().what;
    if (const auto reset = sessions.reset(key, gate.unix_ms()); !reset) return reset.error().what;
    chats.tell_session(key, "reset");
    return {};
}

bool Core::is_closed(std::string_view session_key) {
    const auto entry = sessions.find(session_key);
    return entry && *entry != nullptr && (*entry)->text("sendPolicy") == "deny";
}

void Core::renew_session(std::string_view key) {
    const auto entry = sessions.find(key);
    if (!entry || *entry == nullptr) return;
    const config::ResetRule& rule = reset_rule(gate.config().session, session::reset_type_of(key, **entry));
    const session::ResetPolicy policy{rule.daily, rule.at_hour, std::uint64_t{rule.idle_minutes} * 60000};
    if (!session::is_stale(**entry, policy, gate.unix_ms(), gate.utc_offset_minutes())) return;
    if (const auto reset = sessions.reset(key, gate.unix_ms()); !reset) {  // it goes on as it was
        gate.log().warn({"the session ", key, " cannot begin anew: ", reset.error().what});
        return;
    }
    gate.log().debug({"the session ", key, " begins anew"});
    chats.tell_session(key, "reset");
}

void Core::write_agent_result(json::Writer& writer, const RunRecord& record) {
    writer.begin_object().member("runId", record.run_id).member("status", record.ok ? "ok" : "error");
    writer.member("summary", record.ok ? std::string_view("completed") : std::string_view(record.error));
    if (record.ok) {
        writer.key("result").begin_object().key("payloads").begin_array();
        writer.begin_object().member("text", record.text).key("mediaUrl").null().end_object().end_array();
        writer.key("meta").begin_object().member("durationMs", record.ended_ms - record.started_ms);
        writer.key("agentMeta").begin_object().member("sessionId", record.session_id);
        writer.member("provider", record.provider).member("model", record.model).key("usage").begin_object();
        writer.member("input", record.usage.input).member("output", record.usage.output);
        writer.member("total", record.usage.input + record.usage.output).end_object().end_object();
        writer.member("aborted", false).end_object().end_object();
    }
    writer.end_object();
}

session::RowContext Core::row_context() {
    session::RowContext out;
    out.now_ms = gate.unix_ms();
    out.defaults = [this](std::string_view agent) {
        const config::Agent* found = find_agent(agent);
        const ModelName name = model_of(gate.config(), found != nullptr ? *found : default_agent());
        session::ModelDefaults defaults;
        defaults.provider = name.provider;
        defaults.model = name.model;
        defaults.context_tokens = context_tokens_of(gate.config(), name);
        return defaults;
    };
    out.runs = [this](std::string_view key) {
        row_runs_.clear();
        chats.list_runs(key, row_runs_);
        return session::RunFacts{row_runs_};
    };
    return out;
}

void Core::write_session_status(json::Writer& writer, const Client& client) {
    const bool paths = client.allows(rpc::Scope::admin);
    const ModelName defaults = model_of(gate.config(), default_agent());
    std::uint64_t count = 0;
    session::ListQuery query;
    query.limit = 10;
    session::ListPage page(gate.memory());
    if (const auto listed = sessions.list(query, gate.unix_ms(), page)) count = page.total;
    const session::RowContext context = row_context();
    const auto table_path_of = [&](std::string_view agent) {
        return sessions.table_path(session::main_key_of(agent, sessions.rules(), gate.memory()));
    };
    writer.key("sessions").begin_object().key("paths").begin_array();
    if (paths) {
        for (const config::Agent& agent : gate.config().agents) writer.string(table_path_of(agent.id));
    }
    writer.end_array().member("count", count).key("defaults").begin_object().member("model", defaults.model);
    writer.key("contextTokens");
    const std::uint32_t context_tokens = context_tokens_of(gate.config(), defaults);
    context_tokens != 0 ? writer.number(static_cast<std::uint64_t>(context_tokens)) : writer.null();
    writer.end_object().key("recent").begin_array();
    for (const session::Listed& row : page.rows) session::write_status_row(writer, sessions, row, context);
    writer.end_array().key("byAgent").begin_array();
    for (const config::Agent& agent : gate.config().agents) {
        query.agent = agent.id;
        if (!sessions.list(query, gate.unix_ms(), page)) page = session::ListPage(gate.memory());
        writer.begin_object().member("agentId", agent.id);
        if (paths) writer.member("path", table_path_of(agent.id));
        writer.member("count", static_cast<std::uint64_t>(page.total)).key("recent").begin_array();
        for (const session::Listed& row : page.rows) session::write_status_row(writer, sessions, row, context);
        writer.end_array().end_object();
    }
    writer.end_array().end_object();
}

// The table of an agent: where it is, how many sessions it has, and the five that were used last.
void Core::write_recent_sessions(json::Writer& writer, std::string_view agent) {
    const std::uint64_t now = gate.unix_ms();
    session::ListQuery query;
    query.agent = agent;
    query.limit = 5;
    session::ListPage page(gate.memory());
    const auto listed = sessions.list(query, now, page);
    const std::pmr::string main = session::main_key_of(agent, sessions.rules(), gate.memory());
    writer.begin_object().member("path", sessions.table_path(main));
    writer.member("count", static_cast<std::uint64_t>(listed ? page.total : 0)).key("recent").begin_array();
    for (const session::Listed& row : page.rows) {
        const std::uint64_t at = row.entry->updated_at_ms();
        writer.begin_object().member("key", row.key).member("updatedAt", at);
        writer.member("age", now > at ? now - at : 0).end_object();
    }
    writer.end_array().end_object();
}

}  // namespace gw::method
