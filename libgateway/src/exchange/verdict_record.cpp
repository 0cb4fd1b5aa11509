#include "exchange/verdict_record.h"

#include <algorithm>
#include <array>
#include <new>

#include "exchange/gateway.h"
#include "guardrail/verdict.h"

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

void tell_operators(Gateway& gateway, Proxy& proxy, const Inspection& inspection, std::string_view reason,
                    const endpoint::Envelope& envelope) {
    std::array<method::Verdict::Finding, method::Findings::listed_max> listed;
    std::size_t count = 0;
    for (int severity = static_cast<int>(guardrail::Severity::critical); severity >= 0; --severity) {
        for (const Inspection::Seen& seen : inspection.seen()) {
            if (static_cast<int>(seen.severity) != severity || count == listed.size()) continue;
            const guardrail::Rule& rule = inspection.rules().rule(seen.rule);
            listed[count++] = {rule.id, rule.title, guardrail::name_of(seen.severity), guardrail::name_of(seen.action),
                               seen.excerpt};
        }
    }
    method::Verdict verdict;
    verdict.mode = proxy.mode_name();
    verdict.action = guardrail::name_of(inspection.action());
    verdict.raw_action = guardrail::name_of(inspection.raw_action());
    verdict.severity = endpoint::name_of(envelope.severity);
    verdict.direction = envelope.direction;
    verdict.reason = reason;
    verdict.provider = envelope.provider;
    verdict.model = envelope.model;
    verdict.agent_id = envelope.agent_id;
    verdict.session_key = envelope.session_id;
    verdict.run_id = envelope.run_id;
    verdict.findings = {listed.data(), count};
    verdict.found = inspection.findings();
    verdict.redactions = inspection.redactions();
    gateway.hub().core().findings.tell(verdict);
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
    constexpr std::string_view not_inspected[] = {"not-inspected"};
    if (inspection.skipped() > 0) record.categories = not_inspected;
    record.latency_ms = latency_ms;
    record.evaluation_id = envelope.request_id;
    envelope.direction = prompt ? "prompt" : inspection.tool_blocked() ? "tool_call" : "completion";
    envelope.severity = severity_of(inspection.severity());
    write_record(gateway, proxy, envelope, record);
    proxy.count(inspection);
    const bool matters = inspection.action() != guardrail::Action::allow ||
                         inspection.raw_action() != guardrail::Action::allow || inspection.redactions() > 0;
    if (!matters) return;
    try {
        tell_operators(gateway, proxy, inspection, reason, envelope);
    } catch (const std::bad_alloc&) {  // the record has it
    }
}

}  // namespace gw::exchange
