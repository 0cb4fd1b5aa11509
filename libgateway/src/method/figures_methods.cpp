// What the gateway counts and what its guardrail found: gateway.stats, guardrail.findings.
#include <array>

#include "method/core.h"

namespace gw::method {

namespace {

void write_counts(json::Writer& writer, std::string_view name, std::span<const std::uint64_t> counts) {
    writer.key(name).begin_array();
    for (const std::uint64_t count : counts) writer.number(count);
    writer.end_array();
}

void gateway_stats(Core& core, Call& call) {
    const Figures figures = core.gate.figures();
    json::Writer& writer = call.result();
    writer.begin_object().member("ts", core.gate.unix_ms()).member("uptimeMs", core.gate.uptime_ms());
    writer.key("connections").begin_object().member("open", figures.conns_open).member("total", figures.conns_total);
    writer.member("sockets", figures.sockets).end_object();
    writer.key("requests").begin_object().member("total", figures.requests_total);
    writer.member("open", figures.requests_open).member("streams", figures.streams_total);
    writer.member("refused", figures.refused_total).member("bad", figures.bad_requests_total).end_object();
    writer.key("calls").begin_object().member("total", figures.calls_total).end_object();
    writer.key("runs").begin_object();
    writer.member("active", static_cast<std::uint64_t>(core.chats.count())).end_object();
    writer.key("bytes").begin_object().member("received", figures.bytes_received);
    writer.member("sent", figures.bytes_sent).end_object();
    writer.key("memory").begin_object().member("bytes", figures.memory_bytes);
    writer.member("buffers", figures.buffer_bytes).end_object();
    writer.key("upstream").begin_object().member("connections", figures.upstream_conns_open);
    writer.member("requests", figures.upstream_requests_total).member("failures", figures.upstream_failures_total);
    writer.member("cancelled", figures.upstream_cancelled_total).end_object();
    const bool is_on = !figures.guardrail_mode.empty();
    writer.key("guardrail");
    if (is_on) {
        const Findings::Counts& counts = core.findings.counts();
        writer.begin_object().member("mode", figures.guardrail_mode).member("blocked", counts.blocked);
        writer.member("redacted", counts.redacted).member("alerted", counts.alerted);
        writer.member("streams", figures.proxied_total).member("streamsBlocked", figures.proxied_blocked).end_object();
    } else {
        writer.null();
    }
    writer.key("addedLatency");
    if (is_on) {
        writer.begin_object();
        write_counts(writer, "boundsUs", figures.latency_bounds_us);
        write_counts(writer, "counts", figures.latency_counts);
        writer.member("sumUs", figures.latency_sum_us).end_object();
    } else {
        writer.null();
    }
    writer.end_object();
}

void guardrail_findings(Core& core, Call& call) {
    core.findings.write(call.result(), static_cast<std::size_t>(call.number("limit", Findings::kept_max)));
}

}  // namespace

std::span<const Method> figures_methods() noexcept {
    using rpc::Scope;
    static constexpr std::array<Method, 2> rows{{
        {"gateway.stats", Scope::read, "", gateway_stats},
        {"guardrail.findings", Scope::read, "limit?:i(1..1000)", guardrail_findings},
    }};
    return rows;
}

}  // namespace gw::method
