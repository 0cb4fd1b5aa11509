#include "session/usage.h"

#include <algorithm>

#include "core/calendar.h"
#include "core/text.h"

namespace gw::session {

namespace {

constexpr std::size_t name_bytes_max = 128;
constexpr std::uint64_t latency_ms_max = 12ULL * 3600000;  // a longer one is a pause, not an answer

std::uint64_t count_of(const json::Value& value) noexcept {
    const auto number = value.as_double();
    return number && *number > 0 && *number < 1e15 ? static_cast<std::uint64_t>(*number) : 0;
}
double money_of(const json::Value& value) noexcept {
    const auto number = value.as_double();
    return number && *number > 0 && *number < 1e12 ? *number : 0;
}

// "UTC+5:30" in minutes.
std::optional<int> offset_of(std::string_view text) noexcept {
    if (!text.starts_with("UTC") || text.size() < 5 || (text[3] != '+' && text[3] != '-')) return std::nullopt;
    const int sign = text[3] == '-' ? -1 : 1;
    text.remove_prefix(4);
    const std::size_t colon = text.find(':');
    const auto hours = parse_decimal(text.substr(0, colon));
    const auto minutes = colon == std::string_view::npos ? 0 : parse_decimal(text.substr(colon + 1));
    if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
    return sign * static_cast<int>(*hours * 60 + *minutes);
}

}  // namespace

bool read_usage_range(const json::Value& params, std::uint64_t now_ms, int gateway_offset_minutes, UsageRange& out,
                      Refusal& refusal) {
    const auto mode = params["mode"].as_string().value_or("utc");
    out.offset_minutes = mode == "gateway" ? gateway_offset_minutes : 0;
    if (mode == "specific") {
        const auto offset = offset_of(params["utcOffset"].as_string().value_or("UTC+0"));
        if (!offset) return refusal.say("invalid utcOffset (use UTC+h:mm)");
        out.offset_minutes = *offset;
    }
    const std::int64_t today = day_of(now_ms, out.offset_minutes);
    const auto day = [&](std::string_view name, std::int64_t otherwise, std::int64_t& to) {
        const json::Value value = params[name];
        const auto parsed = parse_date(value.as_string().value_or(""));
        if (value.exists() && !parsed) return refusal.say("invalid ", name, " (use YYYY-MM-DD)");
        to = parsed.value_or(otherwise);
        return true;
    };
    if (!day("endDate", today, out.last_day)) return false;
    std::int64_t days = 30;
    if (const auto given = params["days"].as_int()) days = std::clamp<std::int64_t>(*given, 1, 36500);
    if (const auto range = params["range"].as_string()) {
        days = *range == "7d" ? 7 : *range == "90d" ? 90 : *range == "1y" ? 365 : *range == "all" ? 36500 : 30;
    }
    if (!day("startDate", std::max<std::int64_t>(out.last_day - days + 1, 0), out.first_day)) return false;
    out.first_day = std::min(out.first_day, out.last_day);
    return true;
}

UsageIndex::UsageIndex(Transcripts& transcripts, std::pmr::memory_resource* memory)
    : transcripts_(transcripts), files_(memory), models_(memory), tools_(memory) {}

std::uint16_t UsageIndex::model_index(std::string_view provider, std::string_view model) {
    std::pmr::memory_resource* memory = files_.get_allocator().resource();
    provider = cut_utf8(provider, name_bytes_max);
    model = cut_utf8(model, name_bytes_max);
    for (std::size_t i = 0; i < models_.size(); ++i) {
        if (models_[i].model == model && models_[i].provider == provider) return static_cast<std::uint16_t>(i);
    }
    if (models_.size() > name_count_max) return static_cast<std::uint16_t>(name_count_max);
    if (models_.size() == name_count_max) provider = model = "other";
    models_.push_back({std::pmr::string(provider, memory), std::pmr::string(model, memory)});
    return static_cast<std::uint16_t>(models_.size() - 1);
}

std::uint16_t UsageIndex::tool_index(std::string_view name) {
    name = cut_utf8(name, name_bytes_max);
    for (std::size_t i = 0; i < tools_.size(); ++i) {
        if (tools_[i] == name) return static_cast<std::uint16_t>(i);
    }
    if (tools_.size() > name_count_max) return static_cast<std::uint16_t>(name_count_max);
    tools_.emplace_back(tools_.size() == name_count_max ? std::string_view("other") : name);
    return static_cast<std::uint16_t>(tools_.size() - 1);
}

// One message of a transcript.
void UsageIndex::add(File& file, const TranscriptEntry& entry) {
    if (entry.type != "message" || entry.time_ms == 0) return;
    const json::Value message = entry.message();
    UsagePoint point;
    point.time_ms = entry.time_ms;
    if (entry.role == "user") {
        point.kind = UsagePoint::Kind::user;
        file.user_ms = entry.time_ms;
    } else if (entry.role == "toolResult" || entry.role == "tool") {
        point.kind = UsagePoint::Kind::tool_result;
        point.error = message["isError"].as_bool().value_or(false);
    } else if (entry.role == "assistant") {
        point.kind = UsagePoint::Kind::assistant;
        point.error = message["stopReason"].as_string() == "error";
        point.model = model_index(message["provider"].as_string().value_or("unknown"),
                                  message["model"].as_string().value_or("unknown"));
        if (file.user_ms > 0 && entry.time_ms >= file.user_ms && entry.time_ms - file.user_ms <= latency_ms_max) {
            point.has_latency = true;
            point.latency_ms = static_cast<std::uint32_t>(entry.time_ms - file.user_ms);
        }
        for (json::Value part = message["content"].first(); part.exists(); part = part.next()) {
            if (part["type"].as_string() != "toolCall" || point.calls == UINT16_MAX) continue;
            ++point.calls;
            file.tools.push_back({entry.time_ms, tool_index(part["name"].as_string().value_or("unknown"))});
            ++point_count_;
        }
        if (const json::Value usage = message["usage"]; usage.is(json::Kind::object)) {
            point.has_usage = true;
            point.input = count_of(usage["input"]);
            point.output = count_of(usage["output"]);
            point.cache_read = count_of(usage["cacheRead"]);
            point.cache_write = count_of(usage["cacheWrite"]);
            point.tokens = count_of(usage["totalTokens"]);
            if (point.tokens == 0) point.tokens = point.input + point.output + point.cache_read + point.cache_write;
            const json::Value cost = usage["cost"];
            point.has_cost = cost.is(json::Kind::object) || point.tokens == 0;
            point.input_cost = money_of(cost["input"]);
            point.output_cost = money_of(cost["output"]);
            point.cache_read_cost = money_of(cost["cacheRead"]);
            point.cache_write_cost = money_of(cost["cacheWrite"]);
            point.cost = money_of(cost["total"]);
        }
    } else {
        return;
    }
    file.points.push_back(point);
    ++point_count_;
}

// Forgets the files that were asked for longest ago, until there is room.
void UsageIndex::make_room(std::string_view keep) {
    while (files_.size() > file_count_max || point_count_ > point_count_max) {
        auto oldest = files_.end();
        for (auto at = files_.begin(); at != files_.end(); ++at) {
            if (at->first != keep && (oldest == files_.end() || at->second.used < oldest->second.used)) oldest = at;
        }
        if (oldest == files_.end()) return;
        point_count_ -= oldest->second.points.size() + oldest->second.tools.size();
        files_.erase(oldest);
    }
}

Result<const UsageIndex::File*> UsageIndex::refresh(std::string_view log, std::size_t& budget) {
    auto at = files_.find(log);
    if (at == files_.end()) at = files_.try_emplace(std::pmr::string(log, files_.get_allocator())).first;
    File& file = at->second;
    file.used = ++uses_;
    file.complete = false;
    while (budget > 0) {
        // One file never has more points than there may be: what is behind them is not counted.
        if (file.points.size() >= point_count_max) break;
        const ReadLimits limits{4U << 20U, std::min<std::size_t>(budget, 1U << 20U)};
        const auto next = transcripts_.read(
            log, file.offset, [&](const TranscriptEntry& entry) { return add(file, entry), Visit::more; }, limits);
        if (!next) {
            if (next.error().status != GW_ERR_GONE) return next.error();
            // Replaced, or put aside: from its beginning.
            point_count_ -= file.points.size() + file.tools.size();
            file.points.clear();
            file.tools.clear();
            file.offset = file.user_ms = 0;
            continue;
        }
        if (*next == file.offset) {
            file.complete = true;
            break;
        }
        budget -= static_cast<std::size_t>(std::min<std::uint64_t>(budget, *next - file.offset));
        file.offset = *next;
    }
    make_room(log);
    return &file;
}

}  // namespace gw::session
