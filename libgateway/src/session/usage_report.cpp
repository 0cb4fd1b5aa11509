// Sums of points, and the answers that are made of them.
#include <algorithm>

#include "core/calendar.h"
#include "session/message.h"
#include "session/usage.h"

namespace gw::session {

namespace {

constexpr std::int64_t empty_days_max = 400;  // a longer table has only the days on which something was
constexpr std::size_t series_point_count_max = 200;

struct Totals {
    std::uint64_t input = 0, output = 0, cache_read = 0, cache_write = 0, tokens = 0, missing_cost = 0;
    double cost = 0, input_cost = 0, output_cost = 0, cache_read_cost = 0, cache_write_cost = 0;

    void add(const UsagePoint& p) noexcept {
        input += p.input;
        output += p.output;
        cache_read += p.cache_read;
        cache_write += p.cache_write;
        tokens += p.tokens;
        cost += p.cost;
        input_cost += p.input_cost;
        output_cost += p.output_cost;
        cache_read_cost += p.cache_read_cost;
        cache_write_cost += p.cache_write_cost;
        if (p.has_usage && !p.has_cost) ++missing_cost;
    }
    void write_members(json::Writer& w) const {
        w.member("input", input)
            .member("output", output)
            .member("cacheRead", cache_read)
            .member("cacheWrite", cache_write)
            .member("totalTokens", tokens);
        w.key("totalCost").number(cost).key("inputCost").number(input_cost).key("outputCost").number(output_cost);
        w.key("cacheReadCost").number(cache_read_cost).key("cacheWriteCost").number(cache_write_cost);
        w.member("missingCostEntries", missing_cost);
    }
    void write(json::Writer& w) const {
        w.begin_object();
        write_members(w);
        w.end_object();
    }
};

struct Counts {
    std::uint64_t user = 0, assistant = 0, calls = 0, results = 0, errors = 0;

    void add(const UsagePoint& p) noexcept {
        user += p.kind == UsagePoint::Kind::user ? 1 : 0;
        assistant += p.kind == UsagePoint::Kind::assistant ? 1 : 0;
        results += p.kind == UsagePoint::Kind::tool_result ? 1 : 0;
        calls += p.calls;
        errors += p.error ? 1 : 0;
    }
    void write_members(json::Writer& w) const {
        w.member("total", user + assistant)
            .member("user", user)
            .member("assistant", assistant)
            .member("toolCalls", calls)
            .member("toolResults", results)
            .member("errors", errors);
    }
};

// How long answers took. Sorts `all`, whose order nobody needs.
void write_latency_members(json::Writer& w, std::pmr::vector<std::uint32_t>& all) {
    std::sort(all.begin(), all.end());
    double sum = 0;
    for (const std::uint32_t ms : all) sum += ms;
    // The smallest that 95 of 100 do not exceed.
    const std::size_t p95 = (all.size() * 95 + 99) / 100;
    w.member("count", static_cast<std::uint64_t>(all.size()));
    w.key("avgMs").number(sum / static_cast<double>(all.size()));
    w.member("p95Ms", std::uint64_t{all[p95 == 0 ? 0 : p95 - 1]})
        .member("minMs", std::uint64_t{all.front()})
        .member("maxMs", std::uint64_t{all.back()});
}

struct ModelSum {
    Totals totals;
    std::uint64_t count = 0;
    void add(const UsagePoint& p) noexcept {
        totals.add(p);
        ++count;
    }
};
using ModelSums = std::pmr::map<std::uint16_t, ModelSum>;

struct Day {
    using allocator_type = std::pmr::polymorphic_allocator<>;
    explicit Day(allocator_type allocator) : latencies(allocator), models(allocator) {}
    Totals totals;
    Counts counts;
    std::pmr::vector<std::uint32_t> latencies;
    ModelSums models;
};

struct Summary {
    explicit Summary(std::pmr::memory_resource* memory)
        : days(memory), models(memory), tools(memory), latencies(memory) {}

    void add(const UsageIndex::File& file, const UsageRange& range) {
        for (const UsagePoint& p : file.points) {
            const std::int64_t number = day_of(p.time_ms, range.offset_minutes);
            if (!range.has(number)) continue;
            Day& day = days.try_emplace(number).first->second;
            day.totals.add(p);
            day.counts.add(p);
            totals.add(p);
            counts.add(p);
            first_ms = first_ms == 0 ? p.time_ms : std::min(first_ms, p.time_ms);
            last_ms = std::max(last_ms, p.time_ms);
            if (p.kind != UsagePoint::Kind::assistant) continue;
            models[p.model].add(p);
            day.models[p.model].add(p);
            if (!p.has_latency) continue;
            latencies.push_back(p.latency_ms);
            day.latencies.push_back(p.latency_ms);
        }
        for (const ToolPoint& t : file.tools) {
            if (range.has(day_of(t.time_ms, range.offset_minutes))) ++tools[t.tool];
        }
    }

    Totals totals;
    Counts counts;
    std::pmr::map<std::int64_t, Day> days;
    ModelSums models;
    std::pmr::map<std::uint16_t, std::uint64_t> tools;
    std::pmr::vector<std::uint32_t> latencies;
    std::uint64_t first_ms = 0, last_ms = 0;
};

void write_models(json::Writer& w, const ModelSums& sums, const UsageIndex& index) {
    w.begin_array();
    for (const auto& [model, sum] : sums) {
        w.begin_object()
            .member("provider", index.model(model).provider)
            .member("model", index.model(model).model)
            .member("count", sum.count)
            .key("totals");
        sum.totals.write(w);
        w.end_object();
    }
    w.end_array();
}

void write_daily_models(json::Writer& w, const Summary& summary, const UsageIndex& index) {
    w.begin_array();
    for (const auto& [number, day] : summary.days) {
        for (const auto& [model, sum] : day.models) {
            w.begin_object()
                .member("date", format_date(number).view())
                .member("provider", index.model(model).provider)
                .member("model", index.model(model).model)
                .member("tokens", sum.totals.tokens)
                .key("cost")
                .number(sum.totals.cost)
                .member("count", sum.count)
                .end_object();
        }
    }
    w.end_array();
}

void write_daily_latency(json::Writer& w, Summary& summary) {
    w.begin_array();
    for (auto& [number, day] : summary.days) {
        if (day.latencies.empty()) continue;
        w.begin_object().member("date", format_date(number).view());
        write_latency_members(w, day.latencies);
        w.end_object();
    }
    w.end_array();
}

void write_tools(json::Writer& w, const Summary& summary, const UsageIndex& index, std::pmr::memory_resource* memory) {
    struct Tool {
        std::uint64_t count;
        std::string_view name;
    };
    std::pmr::vector<Tool> tools(memory);
    std::uint64_t all = 0;
    for (const auto& [tool, count] : summary.tools) {
        tools.push_back({count, index.tool(tool)});
        all += count;
    }
    std::sort(tools.begin(), tools.end(),
              [](const Tool& a, const Tool& b) { return a.count != b.count ? a.count > b.count : a.name < b.name; });
    w.begin_object().member("totalCalls", all).member("uniqueTools", static_cast<std::uint64_t>(tools.size()));
    w.key("tools").begin_array();
    for (const Tool& tool : tools) w.begin_object().member("name", tool.name).member("count", tool.count).end_object();
    w.end_array().end_object();
}

// The `usage` of one conversation.
void write_session_usage(json::Writer& w, const Sessions& sessions, std::string_view log, const Entry& entry,
                         Summary& summary, const UsageIndex& index) {
    w.begin_object().member("sessionId", entry.session_id()).member("sessionFile", sessions.path_of(log));
    if (summary.first_ms > 0) {
        w.member("firstActivity", summary.first_ms)
            .member("lastActivity", summary.last_ms)
            .member("durationMs", summary.last_ms - summary.first_ms);
    }
    w.key("activityDates").begin_array();
    for (const auto& [number, day] : summary.days) w.string(format_date(number).view());
    w.end_array().key("dailyBreakdown").begin_array();
    for (const auto& [number, day] : summary.days) {
        w.begin_object().member("date", format_date(number).view()).member("tokens", day.totals.tokens);
        w.key("cost").number(day.totals.cost).end_object();
    }
    w.end_array().key("dailyMessageCounts").begin_array();
    for (const auto& [number, day] : summary.days) {
        w.begin_object().member("date", format_date(number).view());
        day.counts.write_members(w);
        w.end_object();
    }
    w.end_array().key("dailyLatency");
    write_daily_latency(w, summary);
    w.key("dailyModelUsage");
    write_daily_models(w, summary, index);
    w.key("messageCounts").begin_object();
    summary.counts.write_members(w);
    w.end_object().key("modelUsage");
    write_models(w, summary.models, index);
    if (!summary.latencies.empty()) {
        w.key("latency").begin_object();
        write_latency_members(w, summary.latencies);
        w.end_object();
    }
    summary.totals.write_members(w);
    w.end_object();
}

using NamedTotals = std::pmr::map<std::pmr::string, Totals, std::less<>>;

void add_named(NamedTotals& to, std::string_view name, const Totals& totals) {
    auto at = to.find(name);
    if (at == to.end()) at = to.try_emplace(std::pmr::string(name, to.get_allocator())).first;
    Totals& sum = at->second;
    sum.input += totals.input;
    sum.output += totals.output;
    sum.cache_read += totals.cache_read;
    sum.cache_write += totals.cache_write;
    sum.tokens += totals.tokens;
    sum.missing_cost += totals.missing_cost;
    sum.cost += totals.cost;
    sum.input_cost += totals.input_cost;
    sum.output_cost += totals.output_cost;
    sum.cache_read_cost += totals.cache_read_cost;
    sum.cache_write_cost += totals.cache_write_cost;
}

void write_named(json::Writer& w, std::string_view field, const NamedTotals& all) {
    w.begin_array();
    for (const auto& [name, totals] : all) {
        w.begin_object().member(field, name).key("totals");
        totals.write(w);
        w.end_object();
    }
    w.end_array();
}

void write_aggregates(json::Writer& w, Summary& all, const NamedTotals& agents, const NamedTotals& channels,
                      std::size_t session_count, const UsageIndex& index, std::pmr::memory_resource* memory) {
    w.begin_object().member("sessionCount", static_cast<std::uint64_t>(session_count)).key("messages").begin_object();
    all.counts.write_members(w);
    w.end_object().key("tools");
    write_tools(w, all, index, memory);
    w.key("byModel");
    write_models(w, all.models, index);
    NamedTotals providers(memory);
    std::pmr::map<std::pmr::string, std::uint64_t, std::less<>> provider_counts(memory);
    for (const auto& [model, sum] : all.models) {
        add_named(providers, index.model(model).provider, sum.totals);
        provider_counts[index.model(model).provider] += sum.count;
    }
    w.key("byProvider").begin_array();
    for (const auto& [provider, totals] : providers) {
        w.begin_object().member("provider", provider).member("count", provider_counts[provider]).key("totals");
        totals.write(w);
        w.end_object();
    }
    w.end_array().key("byAgent");
    write_named(w, "agentId", agents);
    w.key("byChannel");
    write_named(w, "channel", channels);
    w.key("byCreator").begin_array().end_array();
    if (!all.latencies.empty()) {
        w.key("latency").begin_object();
        write_latency_members(w, all.latencies);
        w.end_object();
    }
    w.key("dailyLatency");
    write_daily_latency(w, all);
    w.key("modelDaily");
    write_daily_models(w, all, index);
    w.key("costDaily").begin_array();
    for (const auto& [number, day] : all.days) {
        w.begin_object().member("date", format_date(number).view());
        day.totals.write_members(w);
        w.end_object();
    }
    w.end_array().key("daily").begin_array();
    for (const auto& [number, day] : all.days) {
        w.begin_object().member("date", format_date(number).view()).member("tokens", day.totals.tokens);
        w.key("cost").number(day.totals.cost);
        w.member("messages", day.counts.user + day.counts.assistant)
            .member("toolCalls", day.counts.calls)
            .member("errors", day.counts.errors)
            .end_object();
    }
    w.end_array().end_object();
}

void write_cache_status(json::Writer& w, std::size_t complete, std::size_t pending) {
    w.key("cacheStatus")
        .begin_object()
        .member("status", pending > 0 ? "refreshing" : "fresh")
        .member("cachedFiles", static_cast<std::uint64_t>(complete))
        .member("pendingFiles", static_cast<std::uint64_t>(pending))
        .member("staleFiles", static_cast<std::uint64_t>(pending))
        .end_object();
}

}  // namespace

Result<void> write_usage_result(json::Writer& w, Sessions& sessions, UsageIndex& index, const UsageQuery& query,
                                std::uint64_t now_ms, std::size_t budget) {
    std::pmr::memory_resource* memory = sessions.memory();
    ListPage page(memory);
    if (query.key.empty()) {
        ListQuery all;
        all.agent = query.agent;
        all.include_global = all.include_unknown = true;
        all.archived = ListQuery::Archived::all;
        if (const auto done = sessions.list(all, now_ms, page); !done) return done;
    } else {
        const auto entry = sessions.find(query.key);
        if (!entry) return entry.error();
        if (*entry != nullptr) page.rows.push_back({query.key, *entry});
    }
    Summary all(memory);
    NamedTotals agents(memory), channels(memory);
    std::size_t complete = 0, pending = 0;
    w.begin_object()
        .member("updatedAt", now_ms)
        .member("startDate", format_date(query.range.first_day).view())
        .member("endDate", format_date(query.range.last_day).view())
        .key("sessions")
        .begin_array();
    for (std::size_t i = 0; i < page.rows.size(); ++i) {
        const Listed& row = page.rows[i];
        const Entry& entry = *row.entry;
        const auto parts = parse_key(row.key);
        const std::string_view agent = parts && !parts->agent.empty() ? parts->agent : sessions.rules().default_agent;
        const std::pmr::string log = sessions.log_of(row.key, entry);
        Summary summary(memory);
        if (!log.empty()) {
            const auto file = index.refresh(log, budget);
            if (!file) return file.error();
            ++((*file)->complete ? complete : pending);
            summary.add(**file, query.range);
            all.add(**file, query.range);
            add_named(agents, agent, summary.totals);
            auto channel = entry.text("lastChannel");
            if (!channel) channel = entry.text("channel");
            if (channel) add_named(channels, *channel, summary.totals);
        }
        if (i >= query.limit) continue;
        w.begin_object().member("key", row.key);
        if (!entry.label().empty()) w.member("label", entry.label());
        w.member("sessionId", entry.session_id())
            .member("scope", "instance")
            .member("updatedAt", entry.updated_at_ms())
            .member("agentId", agent);
        for (const std::string_view field : {"channel", "chatType", "origin", "modelProvider", "model"}) {
            if (entry.has(field)) w.key(field).raw(entry.raw(field));
        }
        w.key("usage");
        summary.days.empty() ? static_cast<void>(w.null())
                             : write_session_usage(w, sessions, log, entry, summary, index);
        w.member("hasContextWeight", false).end_object();
    }
    w.end_array().key("totals");
    all.totals.write(w);
    w.key("aggregates");
    write_aggregates(w, all, agents, channels, page.rows.size(), index, memory);
    w.key("creatorOptions").begin_array().end_array();
    write_cache_status(w, complete, pending);
    w.end_object();
    return {};
}

Result<void> write_cost_result(json::Writer& w, Sessions& sessions, UsageIndex& index, const UsageRange& range,
                               std::string_view agent, std::uint64_t now_ms, std::size_t budget) {
    std::pmr::memory_resource* memory = sessions.memory();
    const auto agents = sessions.agents();
    if (!agents) return agents.error();
    Summary all(memory);
    std::size_t complete = 0, pending = 0;
    for (const std::pmr::string& name : *agents) {
        if (!agent.empty() && name != agent) continue;
        const auto logs = sessions.logs(name);
        if (!logs) return logs.error();
        for (const std::pmr::string& log : *logs) {
            const auto file = index.refresh(log, budget);
            if (!file) return file.error();
            ++((*file)->complete ? complete : pending);
            all.add(**file, range);
        }
    }
    const std::int64_t count = range.last_day - range.first_day + 1;
    w.begin_object().member("updatedAt", now_ms).member("days", count).key("daily").begin_array();
    const auto write_day = [&](std::int64_t number, const Totals& totals) {
        w.begin_object().member("date", format_date(number).view());
        totals.write_members(w);
        w.end_object();
    };
    if (count <= empty_days_max) {
        for (std::int64_t number = range.first_day; number <= range.last_day; ++number) {
            const auto day = all.days.find(number);
            write_day(number, day == all.days.end() ? Totals{} : day->second.totals);
        }
    } else {
        for (const auto& [number, day] : all.days) write_day(number, day.totals);
    }
    w.end_array().key("totals");
    all.totals.write(w);
    write_cache_status(w, complete, pending);
    w.end_object();
    return {};
}

bool write_timeseries_result(json::Writer& w, Sessions& sessions, UsageIndex& index, std::string_view key,
                             Refusal& refusal, std::size_t budget) {
    const auto entry = sessions.find(key);
    if (!entry) return refusal.because(entry.error());
    std::pmr::string log(sessions.memory());
    if (*entry != nullptr) log = sessions.log_of(key, **entry);
    const auto size =
        log.empty() ? Result<std::optional<std::uint64_t>>(std::optional<std::uint64_t>{}) : sessions.size_of(log);
    if (!size) return refusal.because(size.error());
    if (!*size) return refusal.say("No transcript found for session: ", key);
    const auto file = index.refresh(log, budget);
    if (!file) return refusal.because(file.error());
    std::pmr::vector<UsagePoint> points(sessions.memory());
    for (const UsagePoint& p : (*file)->points) {
        if (p.kind == UsagePoint::Kind::assistant && p.has_usage) points.push_back(p);
    }
    const std::size_t each =
        std::max<std::size_t>(1, (points.size() + series_point_count_max - 1) / series_point_count_max);
    w.begin_object().member("sessionId", (*entry)->session_id()).key("points").begin_array();
    std::uint64_t tokens = 0;
    double cost = 0;
    for (std::size_t i = 0; i < points.size(); i += each) {
        Totals sum;
        std::uint64_t time_ms = 0;
        for (std::size_t j = i; j < std::min(i + each, points.size()); ++j) {
            sum.add(points[j]);
            time_ms = points[j].time_ms;
        }
        tokens += sum.tokens;
        cost += sum.cost;
        w.begin_object()
            .member("timestamp", time_ms)
            .member("input", sum.input)
            .member("output", sum.output)
            .member("cacheRead", sum.cache_read)
            .member("cacheWrite", sum.cache_write)
            .member("totalTokens", sum.tokens);
        w.key("cost").number(sum.cost).member("cumulativeTokens", tokens).key("cumulativeCost").number(cost);
        w.end_object();
    }
    w.end_array().end_object();
    return true;
}

Result<void> write_logs_result(json::Writer& w, Sessions& sessions, std::string_view key, std::size_t limit) {
    const auto entry = sessions.find(key);
    if (!entry) return entry.error();
    Buffer texts(sessions.pool());
    struct Piece {
        std::size_t at, size;
    };
    std::pmr::vector<Piece> pieces(sessions.memory());
    const std::size_t wanted = std::clamp<std::size_t>(limit, 1, 1000);
    const std::pmr::string log =
        *entry == nullptr ? std::pmr::string(sessions.memory()) : sessions.log_of(key, **entry);
    if (!log.empty()) {
        const auto done = sessions.transcripts().read_back(log, [&](const TranscriptEntry& line) {
            if (line.type != "message" || !line.object.exists()) return Visit::more;
            const json::Value message = line.message();
            std::pmr::string text = message_text(message, sessions.memory());
            for (json::Value part = message["content"].first(); part.exists(); part = part.next()) {
                if (part["type"].as_string() != "toolCall") continue;
                if (!text.empty()) text += '\n';
                text.append("[Tool: ").append(first_characters(part["name"].as_string().value_or("?"), 64)) += ']';
            }
            const std::size_t at = texts.size();
            json::Writer one(texts);
            one.begin_object().member("timestamp", line.time_ms).member("role", line.role);
            one.member("content", first_characters(text, 2000));
            const json::Value usage = message["usage"];
            if (const auto tokens = usage["totalTokens"].as_int()) one.member("tokens", *tokens);
            if (const auto cost = usage["cost"]["total"].as_double()) one.key("cost").number(*cost);
            one.end_object();
            pieces.push_back({at, texts.size() - at});
            return pieces.size() < wanted ? Visit::more : Visit::enough;
        });
        if (!done) return done.error();
    }
    w.begin_object().key("logs").begin_array();
    for (std::size_t i = pieces.size(); i-- > 0;) w.raw(texts.text().substr(pieces[i].at, pieces[i].size));
    w.end_array().end_object();
    return {};
}

void write_usage_status(json::Writer& w, std::uint64_t now_ms) {
    w.begin_object().member("updatedAt", now_ms).key("providers").begin_array().end_array().end_object();
}

}  // namespace gw::session
