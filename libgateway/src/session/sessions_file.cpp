// Tables on the disk: reading them whatever is in them, writing them whole.
#include <algorithm>

#include "core/calendar.h"
#include "json/escape.h"
#include "session/sessions.h"

namespace gw::session {

namespace {

constexpr std::string_view table_name = "sessions.json";
constexpr std::size_t catch_up_count_max = 64;

}  // namespace

std::pmr::string Sessions::table_key(std::string_view agent) const {
    return transcript_log(agent, table_name, memory_);
}

Result<Sessions::Table*> Sessions::table(std::string_view agent) {
    if (const auto known = tables_.find(agent); known != tables_.end()) return &known->second;
    if (!is_agent_id(agent)) return Error{GW_ERR_ARGUMENT, 0, "the agent id is not valid"};
    if (tables_.size() >= table_count_max) return Error{GW_ERR_LIMIT, 0, "there are too many agents"};
    Table read{Table::allocator_type(memory_)};
    if (const auto done = load(agent, read); !done) return done.error();
    catch_up(agent, read);
    const auto [at, inserted] = tables_.try_emplace(std::pmr::string(agent, memory_));
    at->second = std::move(read);
    return &at->second;
}

Result<void> Sessions::load(std::string_view agent, Table& table) {
    Buffer text(pool_);
    const std::pmr::string name = table_key(agent);
    const auto found = store_.get(name, text);
    if (!found) return found.error();
    if (!*found) return {};
    json::Document document(memory_);
    const auto parsed = document.parse(text.text());
    if (!parsed || !document.root().is(json::Kind::object)) {
        if (text.empty()) return {};
        // Put aside, not lost; until that has worked nothing is written over it.
        std::pmr::string aside(name, memory_);
        const auto size = store_.size(name);
        if (!size) return size.error();
        for (int n = 1; n < 100; ++n) {
            aside.assign(name)
                .append(".bad.")
                .append(1, static_cast<char>('0' + n / 10))
                .append(1, static_cast<char>('0' + n % 10));
            const auto taken = store_.size(aside);
            if (!taken) return taken.error();
            if (*taken) continue;
            return store_.put(aside, text.text());
        }
        return Error{GW_ERR_STATE, 0, "sessions.json cannot be understood, and cannot be put aside"};
    }
    const auto keep_as_it_is = [&](const json::Value& value) {
        if (!table.foreign.empty()) table.foreign += ",\n";
        table.foreign += '"';
        json::escape_to(table.foreign, value.key());
        table.foreign.append("\":").append(value.raw());
    };
    // Two rounds: a key that is canonical goes before one that only means the same.
    for (const bool exact : {true, false}) {
        for (json::Value value = document.root().first(); value.exists(); value = value.next()) {
            const auto key = canonical_key(value.key(), agent, {agent, main_key_, false}, memory_);
            const bool is_exact = key && *key == value.key();
            if (is_exact != exact) continue;
            const auto parts = key ? parse_key(*key) : std::nullopt;
            const bool ours = parts && (parts->agent == agent || parts->agent.empty());
            if (!ours || !value.is(json::Kind::object) || value.raw().size() >= UINT32_MAX / 2 ||
                table.entries.find(*key) != table.entries.end()) {
                keep_as_it_is(value);
                continue;
            }
            table.entries.try_emplace(*key).first->second.read(value);
        }
    }
    return {};
}

// After a crash the last second of a table is missing. A transcript that is newer than its entry knows better; there
// are few of them, the newest.
void Sessions::catch_up(std::string_view agent, Table& table) {
    store::Listing listing(memory_);
    const std::pmr::string prefix = transcript_log(agent, "", memory_);
    if (table.entries.empty() || !store_.list(prefix, listing)) return;  // nothing that could not wait
    struct Named {
        std::pmr::string name;
        std::string_view key;
        Entry* entry;
    };
    std::pmr::vector<Named> named(memory_);
    named.reserve(table.entries.size());
    for (auto& [key, entry] : table.entries) named.push_back({log_of(key, entry), key, &entry});
    std::sort(named.begin(), named.end(), [](const Named& a, const Named& b) { return a.name < b.name; });
    std::sort(listing.begin(), listing.end(),
              [](const store::Entry& a, const store::Entry& b) { return a.modified_ms > b.modified_ms; });
    std::size_t count = 0;
    for (const store::Entry& file : listing) {
        const auto at = std::lower_bound(named.begin(), named.end(), file.key,
                                         [](const Named& n, const std::pmr::string& key) { return n.name < key; });
        if (at == named.end() || at->name != file.key || file.modified_ms <= at->entry->updated_at_ms()) continue;
        if (++count > catch_up_count_max) return;
        Changes changes(memory_);
        std::uint64_t newest_ms = 0;
        (void)transcripts_.read_back(
            file.key,
            [&](const TranscriptEntry& line) {
                newest_ms = std::max(newest_ms, line.time_ms);
                const json::Value usage = line.message()["usage"];
                if (line.role != "assistant" || usage["input"].as_int().value_or(0) <= 0) return Visit::more;
                const auto figure = [&](std::string_view name) {
                    return static_cast<std::uint64_t>(std::max<std::int64_t>(usage[name].as_int().value_or(0), 0));
                };
                set_figures(changes, {figure("input"), figure("output"), figure("cacheRead"), figure("cacheWrite"), 0,
                                      0, line.message()["provider"].as_string().value_or(""),
                                      line.message()["model"].as_string().value_or("")});
                return Visit::enough;
            },
            {1U << 20U, 1U << 20U});
        if (newest_ms <= at->entry->updated_at_ms()) continue;
        changes.set("updatedAt", newest_ms);
        at->entry->apply(changes);
        table.dirty = true;  // since ever: with the next flush
    }
}

Result<void> Sessions::save(std::string_view agent, Table& table) {
    Buffer text(pool_);
    text.append('{');
    bool first = true;
    for (const auto& [key, entry] : table.entries) {
        text.append(first ? "\n\"" : ",\n\"");
        first = false;
        json::append_escaped(text, key);
        text.append("\":");
        text.append(entry.json());
    }
    if (!table.foreign.empty()) {
        text.append(first ? "\n" : ",\n");
        text.append(table.foreign);
    }
    text.append("\n}\n");
    const auto done = store_.put(table_key(agent), text.text());
    if (done) table.dirty = false;
    return done;
}

Result<std::pmr::vector<std::pmr::string>> Sessions::agents() {
    if (!discovered_) {
        store::Listing listing(memory_);
        // Very many files: then the configured agents are those that we know.
        if (store_.list("agents/", listing)) {
            for (const store::Entry& file : listing) {
                std::string_view key = file.key;
                key.remove_prefix(std::string_view("agents/").size());
                const std::string_view agent = key.substr(0, key.find('/'));
                if (!is_agent_id(agent) || file.key != table_key(agent)) continue;
                (void)table(agent);  // one that cannot be read now is asked again when somebody names it
            }
        }
        discovered_ = true;
    }
    std::pmr::vector<std::pmr::string> out(memory_);
    out.emplace_back(default_agent_);
    for (const Agent& agent : agents_) {
        if (is_agent_id(agent.id)) out.emplace_back(agent.id);
    }
    for (const auto& [agent, table] : tables_) out.emplace_back(agent);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

void Sessions::forget(std::string_view agent) noexcept {
    if (const auto known = tables_.find(agent); known != tables_.end()) tables_.erase(known);
}

Result<std::pmr::vector<std::pmr::string>> Sessions::logs(std::string_view agent) const {
    std::pmr::vector<std::pmr::string> out(memory_);
    if (!is_agent_id(agent)) return out;
    store::Listing listing(memory_);
    if (const auto done = store_.list(transcript_log(agent, "", memory_), listing); !done) return done.error();
    for (const store::Entry& file : listing) {
        const std::string_view key = file.key;
        const bool aside = key.find(".jsonl.reset.") != std::string_view::npos ||
                           key.find(".jsonl.deleted.") != std::string_view::npos;
        if (key.ends_with(".jsonl") || aside) out.emplace_back(key);
    }
    return out;
}

}  // namespace gw::session
