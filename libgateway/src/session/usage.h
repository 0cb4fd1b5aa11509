// What conversations cost: tokens and money, by day, model, tool, agent and channel, read from transcripts.
//
//     transcript --(what is new)--> points, one a message --> sums for the days that somebody asks for
//
// Transcripts only grow, so each byte of them is read once and remembered as a few numbers. One call reads a bounded
// part; what is left is said in the answer (`cacheStatus`), and the next call goes on. The number of points is bounded,
// too: the conversation that was asked for longest ago is read again when it is asked for again.
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "json/json.h"
#include "session/patch.h"
#include "session/sessions.h"

namespace gw::session {

// Days, as clocks have them that are `offset_minutes` ahead of UTC.
struct UsageRange {
    std::int64_t first_day = 0, last_day = 0;
    int offset_minutes = 0;
    [[nodiscard]] bool has(std::int64_t day) const noexcept { return day >= first_day && day <= last_day; }
};

// Reads startDate, endDate, days, range, mode and utcOffset; without any of them the last 30 days. `gateway_offset` is
// where this gateway's own clock stands.
[[nodiscard]] bool read_usage_range(const json::Value& params, std::uint64_t now_ms, int gateway_offset_minutes,
                                    UsageRange& out, Refusal& refusal);

struct UsagePoint {
    enum class Kind : std::uint8_t { user, assistant, tool_result };
    std::uint64_t time_ms = 0;
    std::uint64_t input = 0, output = 0, cache_read = 0, cache_write = 0, tokens = 0;
    double cost = 0, input_cost = 0, output_cost = 0, cache_read_cost = 0, cache_write_cost = 0;
    std::uint32_t latency_ms = 0;  // since the user's message
    std::uint16_t model = 0;       // in UsageIndex
    std::uint16_t calls = 0;       // of tools
    Kind kind = Kind::user;
    bool error = false;
    bool has_latency = false;
    bool has_usage = false;
    bool has_cost = false;
};
struct ToolPoint {
    std::uint64_t time_ms;
    std::uint16_t tool;
};

class UsageIndex {
public:
    UsageIndex(Transcripts& transcripts, std::pmr::memory_resource* memory);

    struct File {
        using allocator_type = std::pmr::polymorphic_allocator<>;
        explicit File(allocator_type allocator) : points(allocator), tools(allocator) {}
        std::pmr::vector<UsagePoint> points;
        std::pmr::vector<ToolPoint> tools;
        std::uint64_t offset = 0;   // what was read
        std::uint64_t user_ms = 0;  // when the user spoke last; 0: not yet
        std::uint64_t used = 0;
        bool complete = false;  // everything that was there was read
    };
    // What is known of a transcript, after reading at most `budget` bytes more of it, which are taken off the budget.
    // Valid until the next call.
    [[nodiscard]] Result<const File*> refresh(std::string_view log, std::size_t& budget);

    struct Model {
        std::pmr::string provider, model;
    };
    [[nodiscard]] const Model& model(std::uint16_t index) const { return models_[index]; }
    [[nodiscard]] const std::pmr::string& tool(std::uint16_t index) const { return tools_[index]; }

private:
    static constexpr std::size_t point_count_max = 200000;
    static constexpr std::size_t file_count_max = 4096;
    static constexpr std::size_t name_count_max = 1000;  // of models, and of tools; the others are one more
    void add(File& file, const TranscriptEntry& entry);
    [[nodiscard]] std::uint16_t model_index(std::string_view provider, std::string_view model);
    [[nodiscard]] std::uint16_t tool_index(std::string_view name);
    void make_room(std::string_view keep);

    Transcripts& transcripts_;
    std::pmr::map<std::pmr::string, File, std::less<>> files_;
    std::pmr::vector<Model> models_;
    std::pmr::vector<std::pmr::string> tools_;
    std::size_t point_count_ = 0;
    std::uint64_t uses_ = 0;
};

struct UsageQuery {
    std::string_view key;    // canonical; "": all conversations
    std::string_view agent;  // "": all agents
    UsageRange range;
    std::size_t limit = 50;  // conversations that are listed; the sums are of all
};
inline constexpr std::size_t usage_budget_bytes = 32U << 20U;  // of transcripts, for one call

// sessions.usage
[[nodiscard]] Result<void> write_usage_result(json::Writer& w, Sessions& sessions, UsageIndex& index,
                                              const UsageQuery& query, std::uint64_t now_ms,
                                              std::size_t budget = usage_budget_bytes);
// usage.cost: archived transcripts count, too.
[[nodiscard]] Result<void> write_cost_result(json::Writer& w, Sessions& sessions, UsageIndex& index,
                                             const UsageRange& range, std::string_view agent, std::uint64_t now_ms,
                                             std::size_t budget = usage_budget_bytes);
// sessions.usage.timeseries: at most 200 points. False and why.
[[nodiscard]] bool write_timeseries_result(json::Writer& w, Sessions& sessions, UsageIndex& index, std::string_view key,
                                           Refusal& refusal, std::size_t budget = usage_budget_bytes);
// sessions.usage.logs: at most 1000 messages, the newest.
[[nodiscard]] Result<void> write_logs_result(json::Writer& w, Sessions& sessions, std::string_view key,
                                             std::size_t limit);
// usage.status: no provider tells us its quota.
void write_usage_status(json::Writer& w, std::uint64_t now_ms);

}  // namespace gw::session
