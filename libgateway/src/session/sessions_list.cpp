// Asking for conversations: lists, and finding one by what somebody remembers of it.
#include <algorithm>

#include "core/text.h"
#include "session/rows.h"
#include "session/sessions.h"
#include "session/space.h"

namespace gw::session {

namespace {

// One run of a job is no conversation that anybody lists: "cron:<job>:run:<id>".
bool is_cron_run(std::string_view rest) noexcept {
    return rest.starts_with("cron:") && rest.find(":run:") != std::string_view::npos;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) noexcept {
    return std::search(text.begin(), text.end(), part.begin(), part.end(),
                       [](char a, char b) { return ascii_lower(a) == ascii_lower(b); }) != text.end();
}

bool is_shown(std::string_view key, bool include_global, bool include_unknown) noexcept {
    if (key == global_key) return include_global;
    if (key == unknown_key) return include_unknown;
    return true;
}

bool matches(std::string_view key, const Entry& entry, const ListQuery& query, std::uint64_t now_ms) {
    if (!is_shown(key, query.include_global, query.include_unknown)) return false;
    const auto parts = parse_key(key);
    if (!parts || is_cron_run(parts->rest)) return false;
    if (!query.label.empty() && entry.label() != query.label) return false;
    if (query.archived != ListQuery::Archived::all) {
        const bool archived = entry.boolean("archived").value_or(false);
        if (archived != (query.archived == ListQuery::Archived::only)) return false;
    }
    if (!query.spawned_by.empty() &&
        std::string_view(entry.text("spawnedBy").value_or(std::pmr::string())) != query.spawned_by) {
        return false;
    }
    if (query.require_last_interaction && !entry.has("lastInteractionAt")) return false;
    if (query.active_minutes > 0) {
        const std::uint64_t span_ms = std::min<std::uint64_t>(query.active_minutes, 1U << 30U) * 60000;
        if (entry.updated_at_ms() + span_ms < now_ms) return false;
    }
    if (query.search.empty()) return true;
    return contains_ignoring_case(key, query.search) || contains_ignoring_case(entry.session_id(), query.search) ||
           contains_ignoring_case(entry.label(), query.search) ||
           contains_ignoring_case(display_name(entry), query.search) ||
           contains_ignoring_case(entry.text("subject").value_or(std::pmr::string()), query.search);
}

}  // namespace

Result<void> Sessions::list(const ListQuery& query, std::uint64_t now_ms, ListPage& out) {
    struct Sorted {
        std::uint64_t time_ms;
        Listed row;
    };
    std::pmr::vector<Sorted> found(memory_);
    ListQuery wanted = query;
    wanted.search = trimmed(query.search);
    const auto names = agents();
    if (!names) return names.error();
    for (const std::pmr::string& agent : *names) {
        if (!query.agent.empty() && agent != query.agent) continue;
        const auto read = table(agent);
        if (!read) return read.error();
        for (const auto& [key, entry] : (*read)->entries) {
            if (!matches(key, entry, wanted, now_ms)) continue;
            const std::uint64_t time_ms =
                query.by_last_interaction ? entry.number("lastInteractionAt").value_or(0) : entry.updated_at_ms();
            found.push_back({time_ms, {key, &entry}});
        }
    }
    std::sort(found.begin(), found.end(), [](const Sorted& a, const Sorted& b) {
        return a.time_ms != b.time_ms ? a.time_ms > b.time_ms : a.row.key < b.row.key;
    });
    out.total = found.size();
    out.offset = std::min(query.offset, found.size());
    out.limit = query.limit == 0 ? list_count_max : std::min(query.limit, list_count_max);
    out.rows.clear();
    for (std::size_t i = out.offset; i < found.size() && out.rows.size() < out.limit; ++i) {
        out.rows.push_back(found[i].row);
    }
    return {};
}

Result<std::optional<std::pmr::string>> Sessions::resolve(const ResolveQuery& query) {
    using Answer = std::optional<std::pmr::string>;
    const auto allowed = [&](std::string_view key, const Entry& entry) {
        const auto parts = parse_key(key);
        return parts && is_shown(key, query.include_global, query.include_unknown) &&
               (query.agent.empty() || parts->agent == query.agent) &&
               (query.spawned_by.empty() ||
                std::string_view(entry.text("spawnedBy").value_or(std::pmr::string())) == query.spawned_by);
    };
    if (!query.key.empty()) {
        const auto key = canonical(query.key);
        if (!key) return Answer{};
        const auto entry = find(*key);
        if (!entry) return entry.error();
        // Somebody who names the key may have what lists leave out.
        return *entry == nullptr ? Answer{} : Answer{*key};
    }
    const auto names = agents();
    if (!names) return names.error();
    Answer best;
    std::uint64_t best_ms = 0;
    for (const std::pmr::string& agent : *names) {
        const auto read = table(agent);
        if (!read) return read.error();
        for (const auto& [key, entry] : (*read)->entries) {
            const bool found = query.session_id.empty() ? !query.label.empty() && entry.label() == query.label
                                                        : entry.session_id() == query.session_id;
            // Of several, as two agents may have, the one that was used last.
            if (!found || !allowed(key, entry) || (best && entry.updated_at_ms() <= best_ms)) continue;
            best = std::pmr::string(key, memory_);
            best_ms = entry.updated_at_ms();
        }
    }
    return best;
}

}  // namespace gw::session
