// GET /metrics: what the proxy counts.
//
//     metrics.count_request(MetricRoute::chat, 200); metrics.verdicts.count("SEC-X", Action::block); ...
//     metrics.write(out) ──> Prometheus text
//
// Labels have few values: routes and kinds are enums, and of rules the first 512 that are seen have a name.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/guardrail_auth.h"
#include "core/buffer.h"
#include "endpoint/exposition.h"
#include "guardrail/policy.h"

namespace gw::endpoint {

enum class MetricRoute : std::uint8_t { chat, passthrough, models, health, egress, providers, inspect, metrics, other };
inline constexpr std::size_t metric_route_count = 9;

enum class UpstreamFailure : std::uint8_t { resolve, refused_address, connect, tls, timeout, protocol, closed, status };
inline constexpr std::size_t upstream_failure_count = 8;

// Findings by rule and by what was done about them.
class VerdictCounts {
public:
    static constexpr std::size_t rules_max = 512;

    explicit VerdictCounts(std::pmr::memory_resource* memory) : counts_(memory) {}
    // Never fails: without memory for one more rule it counts among the others.
    void count(std::string_view rule_id, guardrail::Action action) noexcept;
    void write(Exposition& to) const;

private:
    using Actions = std::array<std::uint64_t, 4>;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const noexcept { return a == b; }
    };
    std::pmr::unordered_map<std::pmr::string, Actions, Hash, Equal> counts_;
    Actions others_{};
};

struct ProxyMetrics {
    explicit ProxyMetrics(std::pmr::memory_resource* memory) : verdicts(memory) {}

    void count_request(MetricRoute route, int status) noexcept;
    void count_auth_failure(auth::GuardrailOutcome outcome) noexcept;
    void count_upstream_failure(UpstreamFailure failure) noexcept {
        ++upstream_failures[static_cast<std::size_t>(failure)];
    }
    void write(Buffer& out) const;

    std::array<std::array<std::uint64_t, 5>, metric_route_count> requests{};  // by hundreds of the status
    std::array<std::uint64_t, 3> auth_failures{};
    std::array<std::uint64_t, upstream_failure_count> upstream_failures{};
    std::uint64_t rate_limited = 0;
    std::uint64_t streams = 0, streams_open = 0, streams_blocked = 0;
    std::uint64_t held_bytes = 0, held_bytes_max = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t records_written = 0, records_dropped = 0;
    VerdictCounts verdicts;
    // From the arrival of a piece to its leaving.
    Histogram<12> added_latency{{100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000}};
};

}  // namespace gw::endpoint
