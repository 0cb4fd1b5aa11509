#include "session/rows.h"

#include <algorithm>

#include "session/message.h"

namespace gw::session {

namespace {

// Fields that go into a row as they stand in the entry.
constexpr std::string_view copied[] = {
    "createdVia",
    "createdAt",
    "participants",
    "participantCount",
    "label",
    "icon",
    "color",
    "category",
    "statusNote",
    "attention",
    "boardFace",
    "subject",
    "groupChannel",
    "space",
    "channel",
    "chatType",
    "origin",
    "lastInteractionAt",
    "systemSent",
    "abortedLastRun",
    "thinkingLevel",
    "fastMode",
    "verboseLevel",
    "traceLevel",
    "reasoningLevel",
    "elevatedLevel",
    "sendPolicy",
    "execHost",
    "execSecurity",
    "execAsk",
    "execNode",
    "permissionMode",
    "groupActivation",
    "responseUsage",
    "spawnedBy",
    "spawnDepth",
    "spawnedWorkspaceDir",
    "subagentRole",
    "subagentControlScope",
    "parentSessionKey",
    "inputTokens",
    "outputTokens",
    "totalTokens",
    "estimatedCostUsd",
    "status",
    "startedAt",
    "endedAt",
    "runtimeMs",
    "lastRunId",
    "deliveryContext",
    "lastChannel",
    "lastTo",
    "lastAccountId",
    "lastThreadId",
    "contextBudgetStatus",
    "lastReadAt",
    "compactionCount",
    "providerOverride",
    "modelOverride",
    "lifecycleRevision",
    "sessionStartedAt",
};

constexpr std::string_view just_off[] = {"off"};

ModelDefaults defaults_of(const RowContext& context, std::string_view agent) {
    ModelDefaults out = context.defaults ? context.defaults(agent) : ModelDefaults{};
    if (out.thinking_levels.empty()) out.thinking_levels = just_off;
    return out;
}

RunFacts runs_of(const RowContext& context, std::string_view key) {
    return context.runs ? context.runs(key) : RunFacts{};
}

std::string_view agent_of(const Sessions& sessions, std::string_view key) {
    const auto parts = parse_key(key);
    return parts && !parts->agent.empty() ? parts->agent : sessions.rules().default_agent;
}

void write_thinking(json::Writer& w, const ModelDefaults& defaults) {
    w.key("thinkingLevels").begin_array();
    for (const std::string_view level : defaults.thinking_levels) {
        w.begin_object().member("id", level).member("label", level).end_object();
    }
    w.end_array().key("thinkingOptions").begin_array();
    for (const std::string_view level : defaults.thinking_levels) w.string(level);
    w.end_array().member("thinkingDefault", defaults.thinking_level);
}

void write_defaults(json::Writer& w, const ModelDefaults& defaults) {
    w.begin_object().member("modelProvider", defaults.provider).member("model", defaults.model);
    w.key("contextTokens");
    defaults.context_tokens > 0 ? w.number(defaults.context_tokens) : w.null();
    w.key("agentRuntime")
        .begin_object()
        .member("id", "auto")
        .member("cloudPlacementSupported", false)
        .member("devicePlacementSupported", false)
        .member("source", "implicit")
        .end_object();
    write_thinking(w, defaults);
    w.member("modelSelectionTarget", "session").end_object();
}

// The model that the next turn will use.
struct Model {
    std::pmr::string provider, model;
};
Model model_of(const Entry& entry, const ModelDefaults& defaults) {
    std::pmr::memory_resource* memory = entry.memory();
    auto provider = entry.text("providerOverride");
    auto model = entry.text("modelOverride");
    if (!model || model->empty()) {
        provider = entry.text("modelProvider");
        model = entry.text("model");
    }
    if (!model || model->empty()) {
        return {std::pmr::string(defaults.provider, memory), std::pmr::string(defaults.model, memory)};
    }
    return {provider ? std::move(*provider) : std::pmr::string(defaults.provider, memory), std::move(*model)};
}

void write_resolved(json::Writer& w, const Entry& entry, const ModelDefaults& defaults) {
    const Model model = model_of(entry, defaults);
    w.key("resolved")
        .begin_object()
        .member("modelProvider", model.provider)
        .member("model", model.model)
        .key("agentRuntime")
        .begin_object()
        .member("id", "openclaw")
        .member("source", "implicit")
        .end_object()
        .member("runtimeSelectionLocked", false)
        .end_object();
}

void write_ending(json::Writer& w, std::string_view key, const RowContext& context) {
    const RunFacts runs = runs_of(context, key);
    w.member("snapshotAt", context.now_ms).member("hasActiveRun", !runs.run_ids.empty());
    w.key("activeRunIds").begin_array();
    for (const std::string_view id : runs.run_ids) w.string(id);
    w.end_array().member("sharingRole", context.sharing_role);
}

void write_row(json::Writer& w, Sessions& sessions, const Listed& row, const RowContext& context, bool read) {
    const Entry& entry = *row.entry;
    const KeyRules rules = sessions.rules();
    const Family family = family_of(row.key, rules);
    const std::string_view agent = agent_of(sessions, row.key);
    const ModelDefaults defaults = defaults_of(context, agent);
    const Model model = model_of(entry, defaults);
    const std::pmr::string chat_type = entry.text("chatType").value_or(std::pmr::string(entry.memory()));
    const std::pmr::string name = display_name(entry);

    w.begin_object()
        .member("key", row.key)
        .member("visibility", "shared")
        .member("permissionModePending", false)
        .member("kind", session::name_of(kind_of(row.key, chat_type)))
        .member("classification", session::name_of(family))
        .member("agentId", agent)
        .member("isMain", family == Family::main || (rules.global_scope && family == Family::global))
        .member("isBackground", is_background(family));
    if (!name.empty()) w.member("displayName", name);
    if (read && (context.derived_titles || context.last_messages)) {
        const std::pmr::string log = sessions.log_of(row.key, entry);
        if (context.derived_titles) {
            const auto title = derived_title(sessions.transcripts(), log, entry, sessions.memory());
            if (!title.empty()) w.member("derivedTitle", title);
        }
        if (context.last_messages) {
            const auto last = last_message_preview(sessions.transcripts(), log, sessions.memory());
            if (!last.empty()) w.member("lastMessagePreview", last);
        }
    }
    w.key("updatedAt");
    entry.updated_at_ms() > 0 ? w.number(entry.updated_at_ms()) : w.null();
    w.member("archived", entry.boolean("archived").value_or(false))
        .member("pinned", entry.boolean("pinned").value_or(false))
        .member("unread", entry.has("markedUnreadAt"));
    if (!entry.session_id().empty()) w.member("sessionId", entry.session_id());
    for (const std::string_view field : copied) {
        if (const std::string_view raw = entry.raw(field); !raw.empty()) w.key(field).raw(raw);
    }
    w.member("totalTokensFresh", entry.boolean("totalTokensFresh").value_or(false));
    write_thinking(w, defaults);
    w.member("effectiveFastMode", entry.boolean("fastMode").value_or(false))
        .member("effectiveFastModeSource", entry.has("fastMode") ? "session" : "default")
        .member("fastAutoOnSeconds", 60)
        .member("effectiveResponseUsage", entry.text("responseUsage").value_or(std::pmr::string("off", entry.memory())))
        .member("effectiveQueueMode", entry.text("queueMode").value_or(std::pmr::string("steer", entry.memory())))
        .member("modelProvider", model.provider)
        .member("model", model.model)
        .key("modelOverrideSource");
    entry.has("modelOverride") ? w.string("user") : w.null();
    w.member("runtimeSelectionLocked", false)
        .key("agentRuntime")
        .begin_object()
        .member("id", "openclaw")
        .member("cloudPlacementSupported", false)
        .member("devicePlacementSupported", false)
        .member("source", "implicit")
        .end_object();
    if (const std::uint64_t tokens = entry.number("contextTokens").value_or(defaults.context_tokens); tokens > 0) {
        w.member("contextTokens", tokens);
    }
    write_ending(w, row.key, context);
    w.end_object();
}

}  // namespace

std::pmr::string display_name(const Entry& entry) {
    for (const std::string_view name : {"displayName", "label"}) {
        auto text = entry.text(name);
        if (text && !text->empty()) return std::move(*text);
    }
    std::pmr::string out(entry.memory());
    if (const std::string_view origin = entry.raw("origin"); origin.size() > 2 && origin.size() < 65536) {
        json::Document document(entry.memory());
        if (document.parse(origin)) out = document.root()["label"].as_string().value_or("");
    }
    return out;
}

void write_session_row(json::Writer& w, Sessions& sessions, const Listed& row, const RowContext& context) {
    write_row(w, sessions, row, context, true);
}

void write_status_row(json::Writer& w, const Sessions& sessions, const Listed& row, const RowContext& context) {
    const Entry& entry = *row.entry;
    const std::string_view agent = agent_of(sessions, row.key);
    const ModelDefaults defaults = defaults_of(context, agent);
    const std::pmr::string chat_type = entry.text("chatType").value_or(std::pmr::string(entry.memory()));
    const std::uint64_t at = entry.updated_at_ms();
    const bool system_sent = entry.boolean("systemSent").value_or(false);
    w.begin_object().member("agentId", agent).member("key", row.key);
    w.member("kind", session::name_of(kind_of(row.key, chat_type)));
    if (!entry.session_id().empty()) w.member("sessionId", entry.session_id());
    w.member("updatedAt", at).member("age", context.now_ms > at ? context.now_ms - at : 0);
    w.member("systemSent", system_sent);
    for (const std::string_view name : {"inputTokens", "outputTokens", "cacheRead", "cacheWrite", "totalTokens"})
        w.member(name, entry.number(name).value_or(0));
    w.member("totalTokensFresh", entry.boolean("totalTokensFresh").value_or(false));
    const std::uint64_t used = entry.number("totalTokens").value_or(0);
    const std::uint64_t most = entry.number("contextTokens").value_or(defaults.context_tokens);
    const std::uint64_t percent = most == 0 ? 0 : std::min(used, UINT64_MAX / 100) * 100 / most;
    for (const std::string_view name : {"remainingTokens", "percentUsed", "contextTokens"}) {
        w.key(name);
        if (most == 0) {
            w.null();
        } else if (name == "remainingTokens") {
            w.number(most > used ? most - used : 0);
        } else {
            w.number(name == "percentUsed" ? percent : most);
        }
    }
    w.member("model", model_of(entry, defaults).model).key("flags").begin_array();
    if (system_sent) w.string("system");
    if (!entry.session_id().empty()) {
        std::pmr::string flag("id:", entry.memory());
        w.string(flag += entry.session_id());
    }
    w.end_array().end_object();
}

void write_missing_row(json::Writer& w, const Sessions& sessions, std::string_view key, const RowContext& context) {
    const std::string_view agent = agent_of(sessions, key);
    const ModelDefaults defaults = defaults_of(context, agent);
    const Family family = family_of(key, sessions.rules());
    w.begin_object()
        .member("key", key)
        .member("permissionModePending", false)
        .member("kind", session::name_of(kind_of(key, "")))
        .member("classification", session::name_of(family))
        .member("agentId", agent)
        .member("isMain", family == Family::main)
        .member("isBackground", is_background(family))
        .key("updatedAt")
        .null()
        .member("archived", false)
        .member("pinned", false)
        .member("unread", false)
        .member("totalTokensFresh", false)
        .member("effectiveFastMode", false)
        .member("effectiveFastModeSource", "default")
        .member("fastAutoOnSeconds", 60)
        .member("effectiveResponseUsage", "off")
        .member("effectiveQueueMode", "steer")
        .member("modelProvider", defaults.provider)
        .member("model", defaults.model)
        .key("modelOverrideSource")
        .null()
        .member("runtimeSelectionLocked", false);
    if (defaults.context_tokens > 0) w.member("contextTokens", defaults.context_tokens);
    write_ending(w, key, context);
    w.end_object();
}

Result<void> write_list_result(json::Writer& w, Sessions& sessions, const ListPage& page, std::string_view agent,
                               const RowContext& context) {
    const auto agents = sessions.agents();
    if (!agents) return agents.error();
    std::string_view only = agent;
    if (only.empty() && agents->size() == 1) only = agents->front();
    const std::string_view defaults_agent = agent.empty() ? sessions.rules().default_agent : agent;
    w.begin_object().member("ts", context.now_ms);
    if (only.empty()) {
        w.member("path", "(multiple)");
    } else {
        w.member("path", sessions.path_of(transcript_log(only, "sessions.json", sessions.memory())));
    }
    w.member("count", static_cast<std::uint64_t>(page.rows.size()))
        .member("totalCount", static_cast<std::uint64_t>(page.total))
        .member("limitApplied", static_cast<std::uint64_t>(page.limit))
        .member("offset", static_cast<std::uint64_t>(page.offset))
        .key("nextOffset");
    page.has_more() ? w.number(static_cast<std::uint64_t>(page.offset + page.rows.size())) : w.null();
    w.member("hasMore", page.has_more()).key("owners").begin_array().end_array().key("defaults");
    write_defaults(w, defaults_of(context, defaults_agent));
    w.key("sessions").begin_array();
    for (std::size_t i = 0; i < page.rows.size(); ++i) {
        write_row(w, sessions, page.rows[i], context, i < row_reads_max);
    }
    w.end_array().end_object();
    return {};
}

void write_describe_result(json::Writer& w, Sessions& sessions, const Listed& row, const RowContext& context) {
    w.begin_object().key("session");
    row.entry == nullptr ? static_cast<void>(w.null()) : write_session_row(w, sessions, row, context);
    w.end_object();
}

void write_preview_result(json::Writer& w, Sessions& sessions, std::span<const std::string_view> keys,
                          const PreviewLimits& limits, std::uint64_t now_ms) {
    w.begin_object().member("ts", now_ms).key("previews").begin_array();
    for (const std::string_view requested : keys.first(std::min(keys.size(), PreviewLimits::key_count_max))) {
        Buffer items(sessions.pool());
        std::string_view status = "missing";
        const auto key = sessions.canonical(requested);
        const auto entry = key ? sessions.find(*key) : Result<const Entry*>(static_cast<const Entry*>(nullptr));
        if (!entry) {
            status = "error";
        } else if (*entry != nullptr) {
            const std::pmr::string log = sessions.log_of(*key, **entry);
            json::Writer list(items);
            const auto count = log.empty()
                                   ? Result<std::size_t>(std::size_t{0})
                                   : write_preview_items(sessions.transcripts(), log, limits, sessions.memory(), list);
            status = !count ? "error" : *count == 0 ? "empty" : "ok";
        }
        w.begin_object().member("key", requested).member("status", status).key("items");
        w.raw(status == "ok" ? items.text() : std::string_view("[]")).end_object();
    }
    w.end_array().end_object();
}

void write_resolve_result(json::Writer& w, std::string_view key) {
    w.begin_object().member("ok", true).member("key", key);
    if (const auto parts = parse_key(key); parts && !parts->agent.empty()) w.member("agentId", parts->agent);
    w.end_object();
}

void write_patch_result(json::Writer& w, const Sessions& sessions, const Listed& row, const RowContext& context) {
    w.begin_object().member("ok", true).member("path", sessions.table_path(row.key)).member("key", row.key);
    w.key("entry").raw(row.entry->json());
    write_resolved(w, *row.entry, defaults_of(context, agent_of(sessions, row.key)));
    w.end_object();
}

void begin_create_result(json::Writer& w, const Listed& row, const ModelDefaults& defaults) {
    w.begin_object().member("ok", true).member("key", row.key).member("sessionId", row.entry->session_id());
    w.key("entry").raw(row.entry->json());
    write_resolved(w, *row.entry, defaults);
}

void write_reset_result(json::Writer& w, const Listed& row, const RowContext& context) {
    const auto parts = parse_key(row.key);
    w.begin_object().member("ok", true).member("key", row.key).key("entry").raw(row.entry->json());
    write_resolved(w, *row.entry, defaults_of(context, parts ? parts->agent : std::string_view()));
    w.end_object();
}

void write_delete_result(json::Writer& w, const Sessions& sessions, std::string_view key,
                         const Sessions::Removed& removed) {
    w.begin_object().member("ok", true).member("key", key).member("deleted", removed.deleted);
    w.key("archived").begin_array();
    if (!removed.archived.empty()) w.string(sessions.path_of(removed.archived));
    w.end_array().end_object();
}

void write_compact_result(json::Writer& w, const Sessions& sessions, std::string_view key,
                          const Sessions::Compacted& compacted) {
    w.begin_object().member("ok", true).member("key", key).member("compacted", compacted.compacted);
    if (compacted.compacted) {
        w.member("archived", sessions.path_of(compacted.archived))
            .member("kept", static_cast<std::uint64_t>(compacted.kept));
    } else {
        w.member("reason", compacted.reason);
    }
    w.end_object();
}

Result<void> write_get_result(json::Writer& w, Sessions& sessions, std::string_view key, std::size_t limit,
                              BlockPool* pool) {
    const auto entry = sessions.find(key);
    if (!entry) return entry.error();
    Buffer messages(pool);
    const std::pmr::string log =
        *entry == nullptr ? std::pmr::string(sessions.memory()) : sessions.log_of(key, **entry);
    if (!log.empty()) {
        HistoryLimits limits;
        limits.count = limit == 0 ? HistoryLimits::count_default : limit;
        limits.clean = false;
        const auto page = write_messages(sessions.transcripts(), log, limits, pool, sessions.memory(), messages);
        if (!page) return page.error();
    }
    w.begin_object().key("messages").raw(messages.empty() ? std::string_view("[]") : messages.text()).end_object();
    return {};
}

Result<void> write_history_result(json::Writer& w, Sessions& sessions, std::string_view requested, std::string_view key,
                                  const HistoryLimits& limits, const RowContext& context, BlockPool* pool) {
    const auto found = sessions.find(key);
    if (!found) return found.error();
    const Entry* entry = *found;
    Buffer messages(pool);
    HistoryPage page;
    const std::pmr::string log = entry == nullptr ? std::pmr::string(sessions.memory()) : sessions.log_of(key, *entry);
    if (!log.empty()) {
        const auto done = write_messages(sessions.transcripts(), log, limits, pool, sessions.memory(), messages);
        if (!done) return done.error();
        page = *done;
    }
    const ModelDefaults defaults = defaults_of(context, agent_of(sessions, key));
    w.begin_object().member("sessionKey", requested);
    if (entry != nullptr && !entry->session_id().empty()) w.member("sessionId", entry->session_id());
    w.key("messages").raw(messages.empty() ? std::string_view("[]") : messages.text());
    w.key("thinkingLevel");
    if (const std::string_view level = entry == nullptr ? "" : entry->raw("thinkingLevel"); !level.empty()) {
        w.raw(level);
    } else {
        w.string(defaults.thinking_level);
    }
    for (const std::string_view field : {"fastMode", "verboseLevel"}) {
        if (entry != nullptr && entry->has(field)) w.key(field).raw(entry->raw(field));
    }
    w.key("pendingInputs").begin_object().key("items").begin_array().end_array().member("total", 0).end_object();
    w.member("hasMore", page.has_more);
    // How many there are in all is known when all of them were reached.
    if (!page.has_more) w.member("totalMessages", static_cast<std::uint64_t>(page.count + limits.offset));
    w.key("defaults");
    write_defaults(w, defaults);
    w.key("sessionInfo");
    RowContext plain = context;
    plain.derived_titles = plain.last_messages = false;
    entry == nullptr ? write_missing_row(w, sessions, key, plain) : write_session_row(w, sessions, {key, entry}, plain);
    w.end_object();
    return {};
}

}  // namespace gw::session
