#include "exchange/verdict_record.h"

#include <algorithm>
#include <array>

#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

endpoint::RecordSeverity severity_of(std::optional<guardrail::Severity> severity) noexcept {
    using endpoint::RecordSeverity;
    if (!severity) return RecordSeverity::info;
    switch (*severity) {
    case guardrail::Severity::low: return RecordSeverity::low;
    case guardrail::Severity::medium: return RecordSeverity::medium;
    case guardrail::Severity::high: return RecordSeverity::high;
    case guardrail::Severity::critical: break;
    }
    return RecordSeverity::critical;
}

}  // namespace

void write_record(Gateway& gateway, Proxy& proxy, const endpoint::Envelope& envelope,
                  const endpoint::RecordPayload& payload) {
    Buffer line(gateway.pool());
    endpoint::write_record(line, envelope, payload,
                           gateway.config().guardrail.reveal ? endpoint::Reveal::yes : endpoint::Reveal::no);
    std::string_view text = line.text();
    if (text.ends_with('\n')) text.remove_suffix(1);
    proxy.records().add(text);
}

void record_verdict(Gateway& gateway, Proxy& proxy, const Inspection& inspection, bool prompt,
                    endpoint::Envelope envelope, std::uint64_t latency_ms) {
    std::pmr::string reason(gateway.memory());
    inspection.write_reason(reason);
    std::array<std::string_view, 8> rules;
    std::size_t count = 0;
    for (const Inspection::Seen& seen : inspection.seen()) {
        if (count == rules.size()) break;
        const std::string_view id = inspection.rules().rule(seen.rule).id;
        if (std::find(rules.begin(), rules.begin() + count, id) == rules.begin() + count) rules[count++] = id;
    }
    endpoint::VerdictRecord record;
    record.stage = "final";
    record.action = guardrail::name_of(inspection.action());
    record.reason = reason;
    record.rule_ids = {rules.data(), count};
    record.latency_ms = latency_ms;
    record.evaluation_id = envelope.request_id;
    envelope.direction = prompt ? "prompt" : inspection.tool_blocked() ? "tool_call" : "completion";
    envelope.severity = severity_of(inspection.severity());
    write_record(gateway, proxy, envelope, record);
    proxy.count(inspection);
}

}  // namespace gw::exchange
