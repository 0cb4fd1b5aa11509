#include "endpoint/metrics.h"

#include <algorithm>
#include <new>

namespace gw::endpoint {

namespace {

constexpr std::string_view route_names[metric_route_count] = {"chat",      "passthrough", "models",  "health", "egress",
                                                              "providers", "inspect",     "metrics", "other"};
constexpr std::string_view status_names[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::string_view failure_names[upstream_failure_count] = {"resolve", "refused_address", "connect", "tls",
                                                                    "timeout", "protocol",        "closed",  "status"};
constexpr guardrail::Action metric_actions[] = {guardrail::Action::allow, guardrail::Action::alert,
                                                guardrail::Action::confirm, guardrail::Action::block};

}  // namespace

void VerdictCounts::count(std::string_view rule_id, guardrail::Action action) noexcept {
    const auto index = static_cast<std::size_t>(action);
    if (const auto known = counts_.find(rule_id); known != counts_.end()) {
        ++known->second[index];
        return;
    }
    if (counts_.size() < rules_max) {
        try {
            ++counts_.try_emplace(std::pmr::string(rule_id, counts_.get_allocator().resource())).first->second[index];
            return;
        } catch (const std::bad_alloc&) {
            // A metric is no reason to fail a request.
        }
    }
    ++others_[index];
}

void VerdictCounts::write(Exposition& to) const {
    constexpr std::string_view name = "gateway_guardrail_verdicts_total";
    to.family(name, "counter", "Findings, by rule and by what was done.");
    const auto write_actions = [&](std::string_view rule, const Actions& counts) {
        for (const guardrail::Action action : metric_actions) {
            const std::uint64_t count = counts[static_cast<std::size_t>(action)];
            if (count != 0) to.sample(name, {{"rule", rule}, {"action", guardrail::name_of(action)}}, count);
        }
    };
    for (const auto& [rule, counts] : counts_) write_actions(rule, counts);
    write_actions("other", others_);
}

void ProxyMetrics::count_request(MetricRoute route, int status) noexcept {
    ++requests[static_cast<std::size_t>(route)][static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)];
}

void ProxyMetrics::count_auth_failure(auth::GuardrailOutcome outcome) noexcept {
    if (outcome != auth::GuardrailOutcome::allowed) ++auth_failures[static_cast<std::size_t>(outcome) - 1];
}

void ProxyMetrics::write(Buffer& out) const {
    Exposition to(out);
    to.family("gateway_requests_total", "counter", "Requests answered, by route and class of status.");
    for (std::size_t route = 0; route < metric_route_count; ++route) {
        for (std::size_t status = 0; status < std::size(status_names); ++status) {
            const std::uint64_t count = requests[route][status];
            if (count == 0) continue;
            to.sample("gateway_requests_total", {{"route", route_names[route]}, {"status", status_names[status]}},
                      count);
        }
    }
    to.single("gateway_rate_limited_total", "counter", "Requests refused because there were too many.", rate_limited);
    to.family("gateway_auth_failures_total", "counter", "Requests without a valid credential, by reason.");
    for (const auto outcome : {auth::GuardrailOutcome::missing_token, auth::GuardrailOutcome::invalid_token,
                               auth::GuardrailOutcome::no_token_configured}) {
        to.sample("gateway_auth_failures_total", {{"reason", auth::name_of(outcome)}},
                  auth_failures[static_cast<std::size_t>(outcome) - 1]);
    }
    to.single("gateway_streams_total", "counter", "Streamed answers begun.", streams);
    to.single("gateway_streams_open", "gauge", "Streamed answers under way.", streams_open);
    to.single("gateway_streams_blocked_total", "counter", "Streamed answers that were stopped.", streams_blocked);
    verdicts.write(to);
    to.single("gateway_guardrail_held_bytes", "gauge", "Text that waits for the inspector, all streams.", held_bytes);
    to.single("gateway_guardrail_held_bytes_max", "gauge", "The most that one stream has held.", held_bytes_max);
    added_latency.write(to, "gateway_added_latency_seconds", "From the arrival of a piece to its leaving.");
    to.family("gateway_upstream_errors_total", "counter", "Requests that an upstream did not answer, by kind.");
    for (std::size_t kind = 0; kind < upstream_failure_count; ++kind)
        to.sample("gateway_upstream_errors_total", {{"kind", failure_names[kind]}}, upstream_failures[kind]);
    to.single("gateway_memory_bytes", "gauge", "Memory in use, as the allocator counts it.", memory_bytes);
    to.single("gateway_records_written_total", "counter", "Event records written.", records_written);
    to.single("gateway_records_dropped_total", "counter", "Event records lost: no room, or nowhere to write.",
              records_dropped);
}

}  // namespace gw::endpoint
