// Sessions: sessions.*, chat.history, chat.startup, usage.*.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "core/text.h"
#include "method/agents.h"
#include "method/core.h"
#include "method/run.h"
#include "session/rows.h"
#include "session/usage.h"

namespace gw::method {

namespace {

session::RowContext context_of(Core& core, const Call& call) {
    session::RowContext out = core.row_context();
    out.derived_titles = call.flag("includeDerivedTitles");
    out.last_messages = call.flag("includeLastMessage");
    return out;
}

bool failed(Call& call, const Error& error) {
    call.fail(error.status == GW_ERR_ARGUMENT || error.status == GW_ERR_STATE ? rpc::code::invalid_request
                                                                              : rpc::code::unavailable,
              {error.what});
    return true;
}
bool failed(Call& call, const session::Refusal& refusal) {
    const bool wrong = refusal.status == GW_ERR_ARGUMENT || refusal.status == GW_ERR_STATE;
    call.fail(wrong ? rpc::code::invalid_request : rpc::code::unavailable, {refusal.text});
    return true;
}

// The canonical key of a call; nothing, and failed, when that is none.
std::optional<std::pmr::string> key_of(Core& core, Call& call, std::string_view name = "key") {
    const std::string_view agent = call.text("agentId");
    auto key = agent.empty()
                   ? core.sessions.canonical(call.text(name))
                   : session::canonical_key(call.text(name), agent, core.sessions.rules(), core.gate.memory());
    if (!key)
        call.fail(rpc::code::invalid_request,
                  {"invalid ", call.method, " params: malformed session key \"", cut_utf8(call.text(name), 64), "\""});
    return key;
}

session::ListQuery list_query(const Call& call) {
    session::ListQuery query;
    query.agent = call.text("agentId");
    query.label = call.text("label");
    query.spawned_by = call.text("spawnedBy");
    query.search = call.text("search");
    query.active_minutes = static_cast<std::uint64_t>(call.number("activeMinutes", 0));
    query.include_global = call.flag("includeGlobal");
    query.include_unknown = call.flag("includeUnknown");
    query.by_last_interaction = call.text("sortBy") == "lastInteractionAt";
    query.require_last_interaction = call.flag("requireLastInteraction");
    if (call.text("archived") == "all") query.archived = session::ListQuery::Archived::all;
    if (call.flag("archived")) query.archived = session::ListQuery::Archived::only;
    query.offset = static_cast<std::size_t>(call.number("offset", 0));
    query.limit = static_cast<std::size_t>(call.number("limit", call.client.protocol >= 4 ? 100 : 0));
    return query;
}

void list(Core& core, Call& call) {
    session::ListPage page(core.gate.memory());
    if (const auto listed = core.sessions.list(list_query(call), core.gate.unix_ms(), page); !listed) {
        failed(call, listed.error());
        return;
    }
    const std::string_view agent = call.text("agentId");
    const auto written = session::write_list_result(call.result(), core.sessions, page,
                                                    agent.empty() ? std::string_view(core.default_agent().id) : agent,
                                                    context_of(core, call));
    if (!written) failed(call, written.error());
}

void describe(Core& core, Call& call) {
    const auto key = key_of(core, call);
    if (!key) return;
    const auto entry = core.sessions.find(*key);
    if (!entry) {
        failed(call, entry.error());
        return;
    }
    if (*entry == nullptr) {
        call.result().begin_object().key("session").null().end_object();
        return;
    }
    session::write_describe_result(call.result(), core.sessions, {*key, *entry}, context_of(core, call));
}

void preview(Core& core, Call& call) {
    std::pmr::vector<std::string_view> keys(core.gate.memory());
    for (json::Value one = call.params["keys"].first(); one.exists(); one = one.next()) {
        if (keys.size() == session::PreviewLimits::key_count_max) break;
        keys.push_back(*one.as_string());
    }
    session::PreviewLimits limits;
    limits.count = static_cast<std::size_t>(std::clamp<std::int64_t>(call.number("limit", 12), 1, 50));
    limits.characters_max = static_cast<std::size_t>(std::clamp<std::int64_t>(call.number("maxChars", 240), 20, 2000));
    session::write_preview_result(call.result(), core.sessions, keys, limits, core.gate.unix_ms());
}

void resolve(Core& core, Call& call) {
    const int given = (call.text("key").empty() ? 0 : 1) + (call.text("sessionId").empty() ? 0 : 1) +
                      (call.text("label").empty() ? 0 : 1);
    if (given != 1)
        return call.fail(given == 0 ? "Either key, sessionId or label is required"
                                    : "Provide either key, sessionId, or label (not multiple)");
    session::ResolveQuery query;
    query.key = call.text("key");
    query.session_id = call.text("sessionId");
    query.label = call.text("label");
    query.agent = call.text("agentId");
    query.spawned_by = call.text("spawnedBy");
    query.include_global = call.flag("includeGlobal");
    query.include_unknown = call.flag("includeUnknown");
    std::pmr::string canonical(core.gate.memory());
    if (!query.key.empty()) {
        const auto key = key_of(core, call);
        if (!key) return;
        canonical = *key;
        query.key = canonical;
    }
    const auto found = core.sessions.resolve(query);
    if (!found) {
        failed(call, found.error());
        return;
    }
    if (*found) return session::write_resolve_result(call.result(), **found);
    const std::string_view asked = !call.text("key").empty()         ? call.text("key")
                                   : !call.text("sessionId").empty() ? call.text("sessionId")
                                                                     : call.text("label");
    call.fail(rpc::code::invalid_request, {"No session found: ", cut_utf8(asked, 128)});
}

void get(Core& core, Call& call) {
    const auto key = key_of(core, call, call.text("key").empty() ? "sessionKey" : "key");
    if (!key) return;
    const auto limit = static_cast<std::size_t>(std::clamp<std::int64_t>(call.number("limit", 200), 1, 1000));
    if (const auto got = session::write_get_result(call.result(), core.sessions, *key, limit, core.gate.pool()); !got)
        failed(call, got.error());
}

session::PatchRules patch_rules(Core& core, std::string_view agent) {
    session::PatchRules rules;
    rules.find_model = [&core, agent](std::string_view name, session::ModelChoice& out) {
        const config::Agent* found = core.find_agent(agent);
        const ModelName own = model_of(core.gate.config(), found != nullptr ? *found : core.default_agent());
        const auto is = [&](std::string_view provider, std::string_view model) {
            const bool same =
                name == model || (name.size() == provider.size() + 1 + model.size() && name.starts_with(provider) &&
                                  name.ends_with(model) && name[provider.size()] == '/');
            if (same) out = {provider, model, own.provider == provider && own.model == model};
            return same;
        };
        if (is(own.provider, own.model)) return true;
        for (const config::Provider& provider : core.gate.config().providers) {
            for (const config::Model& model : provider.models) {
                if (is(provider.id, model.id)) return true;
            }
        }
        return false;
    };
    return rules;
}

// What a client without admin may change of a session.
bool is_light_patch(const json::Value& params) {
    constexpr std::string_view light[] = {"key",
                                          "agentId",
                                          "label",
                                          "autoLabel",
                                          "icon",
                                          "color",
                                          "category",
                                          "boardFace",
                                          "pinned",
                                          "archived",
                                          "unread",
                                          "model",
                                          "thinkingLevel",
                                          "fastMode",
                                          "expectedSessionId",
                                          "expectedLifecycleRevision"};
    for (json::Value one = params.first(); one.exists(); one = one.next()) {
        if (std::find(std::begin(light), std::end(light), one.key()) == std::end(light)) return false;
    }
    return true;
}

void patch(Core& core, Call& call) {
    if (call.client.mode == "webchat" && call.client.client_id != "openclaw-control-ui")
        return call.fail("webchat clients cannot patch sessions; use chat.send for session-scoped updates");
    if (!call.require(call.client.protocol >= 4 && is_light_patch(call.params) ? rpc::Scope::write : rpc::Scope::admin))
        return;
    const auto key = key_of(core, call);
    if (!key) return;
    session::Refusal refusal(core.gate.memory());
    const session::Entry* entry =
        core.sessions.patch(*key, call.params, patch_rules(core, core.agent_of(*key)), core.gate.unix_ms(), refusal);
    if (entry == nullptr) {
        failed(call, refusal);
        return;
    }
    session::write_patch_result(call.result(), core.sessions, {*key, entry}, context_of(core, call));
    core.chats.tell_session(*key, "patch");
}

void reset(Core& core, Call& call) {
    const auto key = key_of(core, call);
    if (!key) return;
    if (const std::string_view why = core.reset_session(*key); !why.empty())
        return call.fail(rpc::code::unavailable, {why});
    const auto entry = core.sessions.find(*key);
    if (!entry || *entry == nullptr) return call.fail(rpc::code::unavailable, {"the session is gone"});
    session::write_reset_result(call.result(), {*key, *entry}, context_of(core, call));
}

void remove(Core& core, Call& call) {
    if (call.client.mode == "webchat" && call.client.client_id != "openclaw-control-ui")
        return call.fail("webchat clients cannot delete sessions; use chat.send for session-scoped updates");
    const auto key = key_of(core, call);
    if (!key) return;
    std::pmr::vector<std::pmr::string> ids(core.gate.memory());
    core.chats.abort(*key, nullptr, "reset", nullptr, ids);
    session::Sessions::Removed removed{false, std::pmr::string(core.gate.memory())};
    session::Refusal refusal(core.gate.memory());
    using Transcript = session::Sessions::Transcript;
    if (!core.sessions.remove(*key, call.flag("deleteTranscript", true) ? Transcript::archive : Transcript::keep,
                              core.gate.unix_ms(), removed, refusal)) {
        failed(call, refusal);
        return;
    }
    session::write_delete_result(call.result(), core.sessions, *key, removed);
    core.chats.tell_session(*key, "delete");
}

void compact(Core& core, Call& call) {
    const auto key = key_of(core, call);
    if (!key) return;
    if (core.chats.is_active(*key))
        return call.fail(rpc::code::unavailable, {"Session ", *key, " is still active; try again in a moment."});
    const auto lines = static_cast<std::size_t>(
        call.number("maxLines", static_cast<std::int64_t>(session::Sessions::compact_lines_default)));
    const auto compacted = core.sessions.compact(*key, lines, core.gate.unix_ms());
    if (!compacted) {
        failed(call, compacted.error());
        return;
    }
    session::write_compact_result(call.result(), core.sessions, *key, *compacted);
    if (compacted->compacted) core.chats.tell_session(*key, "compact");
}

// A new session, and the first message in it when there is one.
void create(Core& core, Call& call) {
    std::pmr::string name(call.text("key"), core.gate.memory());
    std::string_view agent = call.text("agentId");
    if (agent.empty()) agent = core.default_agent().id;
    if (core.find_agent(agent) == nullptr)
        return call.fail(rpc::code::invalid_request, {"unknown agent id \"", cut_utf8(agent, 64), "\""});
    if (name.empty()) {
        const auto uuid = crypto::random_uuid(core.gate.random());
        if (!uuid) return call.fail(rpc::code::unavailable, {"there are no random numbers"});
        name = session::make_key(agent, "dashboard", {uuid->data(), uuid->size()}, core.gate.memory());
    }
    const auto key = session::canonical_key(name, agent, core.sessions.rules(), core.gate.memory());
    if (!key) return call.fail("invalid sessions.create params: malformed session key");
    session::Refusal refusal(core.gate.memory());
    const session::Entry* entry =
        core.sessions.patch(*key, call.params, patch_rules(core, agent), core.gate.unix_ms(), refusal);
    if (entry == nullptr) {
        failed(call, refusal);
        return;
    }
    core.chats.tell_session(*key, "create");
    const session::RowContext context = context_of(core, call);
    json::Writer& writer = call.result();
    session::begin_create_result(writer, {*key, entry}, context.defaults(agent));
    std::string_view message = call.text("message");
    if (message.empty()) message = call.text("task");
    if (message.empty()) {
        writer.member("runStarted", false).end_object();
        return;
    }
    std::pmr::string id(call.text("idempotencyKey"), core.gate.memory());
    if (id.empty()) {
        if (const auto uuid = crypto::random_uuid(core.gate.random())) id.assign(uuid->data(), uuid->size());
    }
    RunSpec spec;
    spec.run_id = id;
    spec.session_key = *key;
    spec.text = message;
    spec.client = &call.client;
    std::pmr::string why(core.gate.memory());
    if (message.size() > Chats::text_bytes_max) {
        why = "message is longer than 4194304 bytes";
    } else if (core.chats.start(spec, why) != Chats::Started::refused) {
        writer.member("runStarted", true).member("runId", id).member("status", "started").end_object();
        const Ticket ticket = call.defer();
        core.gate.answer(ticket, call.payload());
        core.chats.proceed(id);
        return;
    }
    writer.member("runStarted", false).key("runError").begin_object().member("code", rpc::code::unavailable);
    writer.member("message", why).end_object().end_object();
}

void subscribe(Core&, Call& call) {
    call.client.wants_sessions = true;
    call.result().begin_object().member("subscribed", true).end_object();
}
void unsubscribe(Core&, Call& call) {
    call.client.wants_sessions = false;
    call.result().begin_object().member("subscribed", false).end_object();
}

void messages_subscribe(Core& core, Call& call) {
    const auto key = key_of(core, call);
    if (!key) return;
    auto& followed = call.client.sessions;
    if (!call.client.follows(*key)) {
        if (followed.size() >= subscribed_sessions_max)
            return call.fail(rpc::code::unavailable, {"too many sessions are followed: 256 at most"});
        followed.emplace_back(*key);
    }
    call.result().begin_object().member("subscribed", true).member("key", *key).end_object();
}
void messages_unsubscribe(Core& core, Call& call) {
    const auto key = key_of(core, call);
    if (!key) return;
    std::erase_if(call.client.sessions, [&](const std::pmr::string& one) { return one == *key; });
    call.result().begin_object().member("subscribed", false).member("key", *key).end_object();
}

bool write_history(Core& core, Call& call, json::Writer& writer) {
    const auto key = key_of(core, call, "sessionKey");
    if (!key) return false;
    session::HistoryLimits limits;
    limits.count = static_cast<std::size_t>(
        std::clamp<std::int64_t>(call.number("limit", static_cast<std::int64_t>(limits.count)), 1, 1000));
    limits.offset = static_cast<std::size_t>(call.number("offset", 0));
    if (const std::int64_t characters = call.number("maxChars", 0); characters > 0)
        limits.text_characters_max = static_cast<std::size_t>(std::min<std::int64_t>(characters, 500000));
    if (const std::int64_t bytes = call.number("maxBytes", 0); bytes > 0)
        limits.all_bytes_max = std::min(static_cast<std::size_t>(bytes), limits.all_bytes_max);
    const auto written = session::write_history_result(writer, core.sessions, call.text("sessionKey"), *key, limits,
                                                       context_of(core, call), core.gate.pool());
    return written || !failed(call, written.error());
}

void history(Core& core, Call& call) { (void)write_history(core, call, call.result()); }

// chat.startup: the history, and what a page needs beside it.
void startup(Core& core, Call& call) {
    Buffer text(core.gate.pool());
    json::Writer inner(text);
    if (!write_history(core, call, inner)) return;
    json::Document document(core.gate.memory());
    json::Limits limits;
    limits.bytes_max = text.size();
    if (!document.parse(text.text(), limits)) return call.fail(rpc::code::unavailable, {"the history cannot be read"});
    json::Writer& writer = call.result();
    writer.begin_object();
    bool pending = false;
    for (json::Value one = document.root().first(); one.exists(); one = one.next()) {
        pending = pending || one.key() == "pendingInputs";
        writer.key(one.key()).value(one);
    }
    if (!pending) {
        writer.key("pendingInputs").begin_object().key("items").begin_array().end_array().member("total", 0);
        writer.end_object();
    }
    writer.key("agentsList");
    write_agents(writer, core.gate.config());
    writer.key("metadata");
    write_chat_metadata(writer, core.gate.config());
    writer.end_object();
}

void usage(Core& core, Call& call) {
    session::UsageQuery query;
    session::Refusal refusal(core.gate.memory());
    if (!session::read_usage_range(call.params, core.gate.unix_ms(), core.gate.utc_offset_minutes(), query.range,
                                   refusal)) {
        failed(call, refusal);
        return;
    }
    std::optional<std::pmr::string> key;
    if (!call.text("key").empty()) {
        key = key_of(core, call);
        if (!key) return;
        query.key = *key;
    }
    query.agent = call.text("agentId");
    query.limit = static_cast<std::size_t>(std::clamp<std::int64_t>(call.number("limit", 50), 1, 1000));
    const auto written =
        session::write_usage_result(call.result(), core.sessions, core.usage, query, core.gate.unix_ms());
    if (!written) failed(call, written.error());
}

void usage_cost(Core& core, Call& call) {
    session::UsageRange range;
    session::Refusal refusal(core.gate.memory());
    if (!session::read_usage_range(call.params, core.gate.unix_ms(), core.gate.utc_offset_minutes(), range, refusal)) {
        failed(call, refusal);
        return;
    }
    const auto written = session::write_cost_result(call.result(), core.sessions, core.usage, range,
                                                    call.text("agentId"), core.gate.unix_ms());
    if (!written) failed(call, written.error());
}

void usage_timeseries(Core& core, Call& call) {
    if (call.text("key").empty()) return call.fail("key is required for timeseries");
    const auto key = key_of(core, call);
    if (!key) return;
    session::Refusal refusal(core.gate.memory());
    if (!session::write_timeseries_result(call.result(), core.sessions, core.usage, *key, refusal))
        failed(call, refusal);
}

void usage_logs(Core& core, Call& call) {
    if (call.text("key").empty()) return call.fail("key is required for logs");
    const auto key = key_of(core, call);
    if (!key) return;
    const auto limit = static_cast<std::size_t>(std::clamp<std::int64_t>(call.number("limit", 200), 1, 1000));
    if (const auto written = session::write_logs_result(call.result(), core.sessions, *key, limit); !written)
        failed(call, written.error());
}

void usage_status(Core& core, Call& call) { session::write_usage_status(call.result(), core.gate.unix_ms()); }

}  // namespace

std::span<const Method> session_methods() noexcept {
    using rpc::Scope;
    static constexpr std::string_view list_schema =
        "limit?:i(1..) offset?:i(0..) activeMinutes?:i(1..) requireLastInteraction?:b "
        "sortBy?:\"updatedAt\"|\"lastInteractionAt\" includeGlobal?:b includeUnknown?:b configuredAgentsOnly?:b "
        "includeDerivedTitles?:b includeLastMessage?:b label?:s(1..512) boardFace?:s creatorId?:s ownerId?:s "
        "ownerFirst?:b involvingMe?:b involvingProfileId?:s includePeople?:b spawnedBy?:s(1..) agentId?:s(1..) "
        "search?:s "
        "archived?:b|\"all\"";
    static constexpr std::string_view patch_schema =
        "key:s(1..512) agentId?:s(1..) expectedSessionId?:s(1..) expectedLifecycleRevision?:s(1..) "
        "expectedPermissionMode?:s|null expectedToolOverrides?:any expectedMarkedUnreadAt?:n|null "
        "label?:s(1..512)|null "
        "autoLabel?:s|b|null icon?:s|null color?:s|null category?:s(1..512)|null boardFace?:s|null "
        "boardPresentation?:any statusNote?:s(..120)|null attention?:s|null ttlMinutes?:i(1..120) archived?:b "
        "pinned?:b "
        "unread?:b contextWindow?:s(1..)|null thinkingLevel?:s(1..)|null fastMode?:b|\"auto\"|null toolOverrides?:any "
        "verboseLevel?:s(1..)|null traceLevel?:s(1..)|null reasoningLevel?:s(1..)|null "
        "responseUsage?:\"off\"|\"tokens\"|\"full\"|\"on\"|null elevatedLevel?:s(1..)|null execHost?:s(1..)|null "
        "execSecurity?:s(1..)|null execAsk?:s(1..)|null execNode?:s(1..)|null permissionMode?:s|null "
        "model?:s(1..)|null "
        "completionOwnerSessionKey?:s(1..)|null spawnedBy?:s(1..)|null spawnedWorkspaceDir?:s(1..)|null "
        "spawnDepth?:i(0..)|null subagentRole?:\"orchestrator\"|\"leaf\"|null "
        "subagentControlScope?:\"children\"|\"none\"|null inheritedToolPolicyVersion?:any inheritedToolAllow?:any "
        "inheritedToolDeny?:any sendPolicy?:\"allow\"|\"deny\"|null groupActivation?:\"mention\"|\"always\"|null";
    static constexpr std::string_view range_schema =
        "key?:s(1..512) agentId?:s(1..) agentScope?:s startDate?:s endDate?:s days?:i(1..) "
        "mode?:\"utc\"|\"gateway\"|\"specific\" "
        "range?:s groupBy?:s includeHistorical?:b utcOffset?:s timeZone?:s limit?:i(1..) includeContextWeight?:b";
    static constexpr std::array<Method, 21> rows{{
        {"sessions.list", Scope::read, list_schema, list},
        {"sessions.describe", Scope::read, "key:s(1..512) agentId?:s includeDerivedTitles?:b includeLastMessage?:b",
         describe},
        {"sessions.preview", Scope::read, "keys:s(1..)[](1..) limit?:i(1..) maxChars?:i(20..)", preview},
        {"sessions.resolve", Scope::read,
         "key?:s(1..512) sessionId?:s(1..) label?:s(1..512) shortId?:s slugHint?:s agentId?:s(1..) spawnedBy?:s(1..) "
         "includeGlobal?:b includeUnknown?:b allowMissing?:b",
         resolve},
        {"sessions.get", Scope::read, "key?:s(1..512) sessionKey?:s(1..512) agentId?:s limit?:i(1..)", get},
        {"sessions.create", Scope::write,
         "key?:s(1..512) idempotencyKey?:s(1..256) agentId?:s(1..) label?:s(1..512) message?:s task?:s model?:s(1..) "
         "thinkingLevel?:s(1..) parentSessionKey?:s(1..) *",
         create},
        {"sessions.patch", Scope::write, patch_schema, patch},
        {"sessions.reset", Scope::admin, "key:s(1..512) agentId?:s(1..) reason?:\"new\"|\"reset\"", reset},
        {"sessions.delete", Scope::admin,
         "key:s(1..512) agentId?:s(1..) deleteTranscript?:b expectedSessionId?:s(1..) "
         "expectedLifecycleRevision?:s(1..) "
         "expectedSessionUpdatedAt?:n(0..) emitLifecycleHooks?:b archivedOnly?:b",
         remove},
        {"sessions.compact", Scope::admin, "key:s(1..512) agentId?:s(1..) maxLines?:i(1..)", compact},
        {"sessions.subscribe", Scope::read, list_schema, subscribe},
        {"sessions.unsubscribe", Scope::read, "", unsubscribe},
        {"sessions.messages.subscribe", Scope::read, "key:s(1..512) agentId?:s(1..) includeApprovals?:b",
         messages_subscribe},
        {"sessions.messages.unsubscribe", Scope::read, "key:s(1..512) agentId?:s(1..)", messages_unsubscribe},
        {"sessions.usage", Scope::read, range_schema, usage},
        {"sessions.usage.timeseries", Scope::read, "key?:s(..512) agentId?:s", usage_timeseries},
        {"sessions.usage.logs", Scope::read, "key?:s(..512) agentId?:s limit?:i(1..1000)", usage_logs},
        {"usage.cost", Scope::read, range_schema, usage_cost},
        {"usage.status", Scope::read, "", usage_status},
        {"chat.history", Scope::read,
         "sessionKey:s(1..512) agentId?:s(1..) cursor?:s limit?:i(1..1000) offset?:i(0..) pendingBefore?:i(1..) "
         "inputRunIds?:s[] messageId?:s(1..) sessionId?:s(1..) maxChars?:i(1..500000) "
         "maxBytes?:i(1..)",
         history},
        {"chat.startup", Scope::read,
         "sessionKey:s(1..512) agentId?:s(1..) limit?:i(1..1000) maxBytes?:i(1..) inputRunIds?:s[] *", startup},
    }};
    return rows;
}

}  // namespace gw::method
