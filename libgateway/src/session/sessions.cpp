#include "session/sessions.h"

#include <algorithm>

#include "core/text.h"

namespace gw::session {

namespace {

constexpr Error not_a_session_key{GW_ERR_ARGUMENT, 0, "the session key is not canonical"};
constexpr Error no_such_session{GW_ERR_STATE, 0, "there is no such session"};

// What belongs to the conversation that ended, not to the next one under the same key.
constexpr std::string_view gone_with_a_reset[] = {
    "sessionFile",      "systemPromptReport", "contextBudgetStatus",
    "cacheRead",        "cacheWrite",         "estimatedCostUsd",
    "status",           "startedAt",          "endedAt",
    "runtimeMs",        "lastRunId",          "markedUnreadAt",
    "memoryFlushAt",    "compactionCount",    "memoryFlushCompactionCount",
    "sessionStartedAt", "lastReadAt",
};

}  // namespace

void set_figures(Changes& out, const TurnFigures& figures) {
    out.set("inputTokens", figures.input).set("outputTokens", figures.output);
    if (figures.cache_read > 0) out.set("cacheRead", figures.cache_read);
    if (figures.cache_write > 0) out.set("cacheWrite", figures.cache_write);
    const std::uint64_t context =
        figures.context > 0 ? figures.context : figures.input + figures.cache_read + figures.cache_write;
    out.set("totalTokens", context).set("totalTokensFresh", true);
    if (figures.context_max > 0) out.set("contextTokens", figures.context_max);
    if (!figures.provider.empty()) out.set("modelProvider", figures.provider);
    if (!figures.model.empty()) out.set("model", figures.model);
}

Sessions::Sessions(store::Store& store, const crypto::Random& random, BlockPool* pool,
                   std::pmr::memory_resource* memory)
    : store_(store),
      random_(random),
      pool_(pool),
      memory_(memory),
      transcripts_(store, random, pool, memory),
      tables_(memory),
      default_agent_("main", memory),
      main_key_("main", memory),
      root_(memory),
      agents_(memory) {}

Sessions::~Sessions() = default;

void Sessions::configure(const Settings& settings) {
    std::pmr::vector<Agent> agents(memory_);
    agents.reserve(settings.agents.size());
    for (const AgentSetting& agent : settings.agents) {
        agents.push_back({std::pmr::string(agent.id, memory_), std::pmr::string(agent.workspace, memory_)});
    }
    std::pmr::string default_agent = agent_id_from(settings.keys.default_agent, memory_);
    std::pmr::string main_key(memory_);
    for (const char c : settings.keys.main_key.empty() ? std::string_view("main") : settings.keys.main_key) {
        main_key += ascii_lower(c);
    }
    std::pmr::string root(settings.root, memory_);
    agents_.swap(agents);
    default_agent_.swap(default_agent);
    main_key_.swap(main_key);
    root_.swap(root);
    global_scope_ = settings.keys.global_scope;
    maintenance_ = settings.maintenance;
}

std::string_view Sessions::agent_of(std::string_view key) const noexcept {
    const auto parts = parse_key(key);
    if (!parts) return {};
    return parts->agent.empty() ? std::string_view(default_agent_) : parts->agent;
}

Result<Sessions::Table*> Sessions::table_of(std::string_view key) {
    const std::string_view agent = agent_of(key);
    if (agent.empty()) return not_a_session_key;
    return table(agent);
}

Result<const Entry*> Sessions::find(std::string_view key) {
    const auto found = table_of(key);
    if (!found) return found.error();
    const auto entry = (*found)->entries.find(key);
    return entry == (*found)->entries.end() ? static_cast<const Entry*>(nullptr) : &entry->second;
}

// A new conversation's id, and the mark by which clients of the newer protocol see that it is another one.
Result<void> Sessions::begin_entry(Changes& out, std::uint64_t now_ms) {
    const auto id = crypto::random_uuid(random_);
    const auto revision = crypto::random_uuid(random_);
    if (!id) return id.error();
    if (!revision) return revision.error();
    out.set("sessionId", std::string_view(id->data(), id->size()))
        .set("lifecycleRevision", std::string_view(revision->data(), revision->size()))
        .set("updatedAt", now_ms);
    return {};
}

Result<void> Sessions::replace(std::string_view agent, Table& table, Entry& place, Entry changed) {
    // Back to what it was unless the new one is on the disk, also when memory runs out on the way there.
    struct Swap {
        Entry& place;
        Entry& other;
        bool keep = false;
        ~Swap() {
            if (!keep) std::swap(place, other);
        }
    };
    std::swap(place, changed);
    Swap swap{place, changed};
    const auto done = save(agent, table);
    swap.keep = static_cast<bool>(done);
    return done;
}

Result<const Entry*> Sessions::open(std::string_view key, std::uint64_t now_ms, const Changes* first) {
    const auto found = table_of(key);
    if (!found) return found.error();
    Table& table = **found;
    const auto known = table.entries.find(key);
    if (known != table.entries.end() && !known->second.session_id().empty()) return &known->second;
    if (known == table.entries.end() && table.entries.size() >= entry_count_max) {
        return Error{GW_ERR_LIMIT, 0, "there are too many sessions"};
    }
    Changes changes(memory_);
    if (const auto begun = begin_entry(changes, now_ms); !begun) return begun.error();
    Entry made{Entry::allocator_type(memory_)};
    if (known != table.entries.end()) made = Entry(known->second, Entry::allocator_type(memory_));
    if (!made.has("createdAt")) changes.set("createdAt", now_ms);
    changes.set("sessionStartedAt", now_ms);
    if (first != nullptr) made.apply(*first);
    made.apply(changes);

    struct Erase {  // an entry that was not saved is not there
        Entries& entries;
        Entries::iterator at;
        bool keep;
        ~Erase() {
            if (!keep) entries.erase(at);
        }
    };
    const auto [at, inserted] = table.entries.try_emplace(std::pmr::string(key, memory_));
    Erase erase{table.entries, at, !inserted};
    if (const auto done = replace(agent_of(key), table, at->second, std::move(made)); !done) return done.error();
    erase.keep = true;
    if (inserted) prune(agent_of(key), table, key, now_ms);
    return &at->second;
}

Result<bool> Sessions::touch(std::string_view key, const Changes& changes, std::uint64_t now_ms) {
    const auto found = table_of(key);
    if (!found) return found.error();
    Table& table = **found;
    const auto at = table.entries.find(key);
    if (at == table.entries.end()) return false;
    Changes time(memory_);
    time.set("updatedAt", std::max(now_ms, at->second.updated_at_ms()));
    Entry changed(at->second, Entry::allocator_type(memory_));
    changed.apply(changes);
    changed.apply(time);
    at->second = std::move(changed);
    if (!table.dirty) table.dirty_since_ms = now_ms;
    table.dirty = true;
    return true;
}

Result<void> Sessions::flush(std::uint64_t now_ms, Flush which) {
    Result<void> result;
    for (auto& [agent, table] : tables_) {
        if (!table.dirty || (which == Flush::due && now_ms < table.dirty_since_ms + flush_after_ms)) continue;
        table.dirty_since_ms = now_ms;  // what fails is tried again, but not in every turn of a loop
        if (const auto done = save(agent, table); !done) result = done;
    }
    return result;
}

std::optional<std::uint64_t> Sessions::next_flush_ms() const noexcept {
    std::optional<std::uint64_t> next;
    for (const auto& [agent, table] : tables_) {
        const std::uint64_t due = table.dirty_since_ms + flush_after_ms;
        if (table.dirty) next = next ? std::min(*next, due) : due;
    }
    return next;
}

const Entry* Sessions::patch(std::string_view key, const json::Value& request, const PatchRules& rules,
                             std::uint64_t now_ms, Refusal& refusal) {
    const auto refuse = [&](const Error& error) {
        refusal.because(error);
        return static_cast<const Entry*>(nullptr);
    };
    const auto found = table_of(key);
    if (!found) return refuse(found.error());
    Table& table = **found;
    const auto at = table.entries.find(key);
    const bool known = at != table.entries.end();
    const Entry nothing{Entry::allocator_type(memory_)};
    Changes changes(memory_);
    if (!plan_patch(request, key, known ? at->second : nothing, rules, now_ms, changes, refusal)) return nullptr;

    // A label names one conversation, so that people can find it by that.
    Entry planned = known ? Entry(at->second, Entry::allocator_type(memory_)) : Entry(Entry::allocator_type(memory_));
    planned.apply(changes);
    if (!planned.label().empty() && request["label"].exists()) {
        for (const auto& [other_key, other] : table.entries) {
            if (other_key != key && other.label() == planned.label()) {
                refusal.say("label already in use: ", planned.label());
                return nullptr;
            }
        }
    }
    if (!known || at->second.session_id().empty()) {
        const auto made = open(key, now_ms, &changes);
        return made ? *made : refuse(made.error());
    }
    Changes time(memory_);
    time.set("updatedAt", std::max(now_ms, planned.updated_at_ms()));
    planned.apply(time);
    const auto done = replace(agent_of(key), table, at->second, std::move(planned));
    return done ? &at->second : refuse(done.error());
}

Result<Sessions::Reset> Sessions::reset(std::string_view key, std::uint64_t now_ms) {
    const auto found = table_of(key);
    if (!found) return found.error();
    Table& table = **found;
    const auto at = table.entries.find(key);
    Reset out{nullptr, std::pmr::string(memory_)};
    if (at == table.entries.end()) {
        const auto made = open(key, now_ms);
        if (!made) return made.error();
        out.entry = *made;
        return out;
    }
    const std::pmr::string log = log_of(key, at->second);
    Changes changes(memory_);
    for (const std::string_view name : gone_with_a_reset) changes.remove(name);
    changes.set("systemSent", false)
        .set("abortedLastRun", false)
        .set("inputTokens", std::uint64_t{0})
        .set("outputTokens", std::uint64_t{0})
        .set("totalTokens", std::uint64_t{0})
        .set("totalTokensFresh", true)
        .set("sessionStartedAt", now_ms);
    if (const auto begun = begin_entry(changes, now_ms); !begun) return begun.error();
    Entry changed(at->second, Entry::allocator_type(memory_));
    changed.apply(changes);
    // First the entry, then the file: a crash in between leaves a transcript that nobody asks for, and loses nothing.
    if (const auto done = replace(agent_of(key), table, at->second, std::move(changed)); !done) return done.error();
    out.entry = &at->second;
    if (!log.empty()) {
        if (auto archived = transcripts_.archive(log, "reset", now_ms); archived && *archived) {
            out.archived = std::move(**archived);
        }
    }
    return out;
}

bool Sessions::remove(std::string_view key, Transcript transcript, std::uint64_t now_ms, Removed& out,
                      Refusal& refusal) {
    out = {false, std::pmr::string(memory_)};
    if (is_main_key(key, rules())) return refusal.say("Cannot delete the main session (", key, ").");
    const auto found = table_of(key);
    if (!found) return refusal.because(found.error());
    Table& table = **found;
    const auto at = table.entries.find(key);
    if (at == table.entries.end()) return true;
    Entries::node_type node = table.entries.extract(at);
    struct Return {  // back into the table unless the table without it is on the disk
        Entries& entries;
        Entries::node_type& node;
        bool removed = false;
        ~Return() {
            if (!removed) entries.insert(std::move(node));
        }
    };
    {
        Return back{table.entries, node};
        if (const auto done = save(agent_of(key), table); !done) return refusal.because(done.error());
        back.removed = true;
    }
    out.deleted = true;
    const std::pmr::string log = log_of(key, node.mapped());
    if (transcript == Transcript::archive && !log.empty()) {
        if (auto archived = transcripts_.archive(log, "deleted", now_ms); archived && *archived) {
            out.archived = std::move(**archived);
        }
    } else {
        transcripts_.forget(log);
    }
    return true;
}

Result<Sessions::Compacted> Sessions::compact(std::string_view key, std::size_t lines, std::uint64_t now_ms) {
    const auto entry = find(key);
    if (!entry) return entry.error();
    Compacted out{false, "no sessionId", 0, std::pmr::string(memory_)};
    if (*entry == nullptr || (*entry)->session_id().empty()) return out;
    const std::pmr::string log = log_of(key, **entry);
    out.reason = "no transcript";
    if (log.empty()) return out;
    auto done = transcripts_.compact(log, std::max<std::size_t>(lines, 1), now_ms);
    if (!done) return done.error();
    if (!*done) return out;
    out.kept = (*done)->kept;
    out.compacted = (*done)->compacted;
    out.reason = out.compacted ? std::string_view() : "Nothing to compact (session too small)";
    if (!out.compacted) return out;
    out.archived = std::move((*done)->archived);
    // How full the context is will be known after the next turn.
    Changes changes(memory_);
    changes.remove({"totalTokens", "inputTokens", "outputTokens"}).set("totalTokensFresh", false);
    changes.set("compactionCount", (*entry)->number("compactionCount").value_or(0) + 1);
    changes.set("updatedAt", std::max(now_ms, (*entry)->updated_at_ms()));
    const auto found = table_of(key);
    if (!found) return found.error();
    Entry& place = (*found)->entries.find(key)->second;
    Entry changed(place, Entry::allocator_type(memory_));
    changed.apply(changes);
    if (const auto kept = replace(agent_of(key), **found, place, std::move(changed)); !kept) return kept.error();
    return out;
}

std::pmr::string Sessions::log_of(std::string_view key, const Entry& entry) const {
    const std::pmr::string name = entry.transcript_name();
    const std::string_view agent = agent_of(key);
    if (name.empty() || agent.empty()) return std::pmr::string(memory_);
    return transcript_log(agent, name, memory_);
}

Result<Transcripts::Place> Sessions::place_of(std::string_view key, std::pmr::string& log,
                                              std::pmr::string& session_id) {
    const auto entry = find(key);
    if (!entry) return entry.error();
    if (*entry == nullptr) return no_such_session;
    log = log_of(key, **entry);
    if (log.empty()) return no_such_session;
    session_id = (*entry)->session_id();
    Transcripts::Place place{log, session_id, {}};
    for (const Agent& agent : agents_) {
        if (agent.id == agent_of(key)) place.cwd = agent.workspace;
    }
    return place;
}

Result<EntryId> Sessions::append_message(std::string_view key, std::string_view message, std::uint64_t now_ms,
                                         store::Durability durability) {
    std::pmr::string log(memory_), id(memory_);
    const auto place = place_of(key, log, id);
    if (!place) return place.error();
    return transcripts_.append_message(*place, message, now_ms, durability);
}

Result<EntryId> Sessions::append(std::string_view key, std::string_view type, std::string_view members,
                                 std::uint64_t now_ms, store::Durability durability) {
    std::pmr::string log(memory_), id(memory_);
    const auto place = place_of(key, log, id);
    if (!place) return place.error();
    return transcripts_.append(*place, type, members, now_ms, durability);
}

std::pmr::string Sessions::path_of(std::string_view store_key) const {
    std::pmr::string path(root_, memory_);
    if (!path.empty() && path.back() != '/') path += '/';
    path.append(store_key);
    return path;
}

std::pmr::string Sessions::table_path(std::string_view key) const { return path_of(table_key(agent_of(key))); }

// Whom maintenance would remove, the oldest first: what nobody has used for long, then what is too many.
void Sessions::collect_due(const Table& table, std::uint64_t now_ms, std::pmr::vector<std::string_view>& out) const {
    struct Aged {
        std::uint64_t updated_at_ms;
        std::string_view key;
    };
    std::pmr::vector<Aged> aged(memory_);
    for (const auto& [key, entry] : table.entries) {
        if (!is_main_key(key, rules()) && key != global_key && entry.boolean("pinned") != true) {
            aged.push_back({entry.updated_at_ms(), key});
        }
    }
    std::sort(aged.begin(), aged.end(), [](const Aged& a, const Aged& b) { return a.updated_at_ms < b.updated_at_ms; });
    const std::size_t too_many = table.entries.size() - std::min(table.entries.size(), maintenance_.entry_count_max);
    for (const Aged& a : aged) {
        if (out.size() >= too_many && a.updated_at_ms + maintenance_.prune_after_ms >= now_ms) break;
        out.push_back(a.key);
    }
}

Result<std::size_t> Sessions::due(std::string_view agent, std::uint64_t now_ms) {
    const auto found = table(agent);
    if (!found) return found.error();
    std::pmr::vector<std::string_view> keys(memory_);
    collect_due(**found, now_ms, keys);
    return keys.size();
}

// Nobody waits for this: what cannot be written stays, and is due again the next time.
void Sessions::prune(std::string_view agent, Table& table, std::string_view keep, std::uint64_t now_ms) {
    if (maintenance_.mode != Maintenance::Mode::enforce) return;
    std::pmr::vector<std::string_view> keys(memory_);
    collect_due(table, now_ms, keys);
    keys.erase(std::remove(keys.begin(), keys.end(), keep), keys.end());
    if (keys.empty()) return;
    struct Pruned {  // back into the table unless the table without them is on the disk
        Entries& entries;
        Entries taken;
        bool removed = false;
        ~Pruned() {
            if (!removed) entries.merge(taken);
        }
    };
    Pruned pruned{table.entries, Entries(memory_)};
    for (const std::string_view key : keys) pruned.taken.insert(table.entries.extract(table.entries.find(key)));
    if (!save(agent, table)) return;
    pruned.removed = true;
    for (const auto& [key, entry] : pruned.taken) {
        const std::pmr::string log = log_of(key, entry);
        if (!log.empty()) (void)transcripts_.archive(log, "deleted", now_ms);
    }
}

}  // namespace gw::session
