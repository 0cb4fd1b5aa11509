#include "guardrail/verdict.h"

#include "json/json.h"

namespace gw::guardrail {

namespace {

void append_name(std::pmr::string& out, const Rule& rule, const Finding& finding) {
    out.append(rule.id).append(":").append(rule.title);
    if (finding.view != ViewKind::raw) out.append(" (obfuscated)");
}

void write_finding(json::Writer& to, const Inspector& inspector, const Finding& finding) {
    const Rule& rule = inspector.rules().rule(finding.rule);
    to.begin_object()
        .member("rule_id", rule.id)
        .member("title", rule.title)
        .member("severity", name_of(finding.severity))
        .key("confidence")
        .number(finding.confidence)
        .member("category", rule.category)
        .member("evidence", finding.excerpt)
        .key("tags")
        .begin_array();
    for (const std::pmr::string& tag : rule.tags) to.string(tag);
    to.end_array().member("begin", finding.begin).member("end", finding.end).member("action", name_of(finding.action));
    if (finding.view != ViewKind::raw) to.member("view", name_of(finding.view));
    if (finding.redacted) to.member("redacted", true);
    if (finding.clipped) to.member("clipped", true);
    if (finding.proven) to.member("proven", true);
    if (finding.detection_only) to.member("detection_only", true);
    to.end_object();
}

}  // namespace

void write_verdict(Buffer& out, const Inspector& inspector) {
    std::pmr::monotonic_buffer_resource memory;
    json::Writer to(out);
    to.begin_object().member("action", name_of(inspector.action()));
    if (inspector.raw_action() != inspector.action()) to.member("raw_action", name_of(inspector.raw_action()));
    to.member("severity", inspector.severity() ? name_of(*inspector.severity()) : std::string_view("NONE"));
    to.key("confidence").number(inspector.confidence());
    std::pmr::string reason(&memory);
    constexpr std::size_t reason_findings_max = 5;
    for (std::size_t i = 0; i < inspector.findings().size() && i < reason_findings_max; ++i) {
        const Finding& finding = inspector.findings()[i];
        reason.append(i == 0 ? "matched: " : ", ");
        append_name(reason, inspector.rules().rule(finding.rule), finding);
    }
    for (const Inspector::Skipped& skip : inspector.skipped()) {
        if (!inspector.blocked() || !inspector.findings().empty()) break;
        reason.assign("limit: ").append(name_of(skip.why));
    }
    if (inspector.lowered()) reason.append(" (alert only: this rule does not block prompts)");
    to.member("reason", reason).key("findings").begin_array();
    for (const Finding& finding : inspector.findings()) {
        std::pmr::string name(&memory);
        append_name(name, inspector.rules().rule(finding.rule), finding);
        to.string(name);
    }
    to.end_array().key("detailed_findings").begin_array();
    for (const Finding& finding : inspector.findings()) write_finding(to, inspector, finding);
    to.end_array();
    to.member("findings_total", inspector.findings_total());
    to.member("redactions", inspector.redactions());
    to.member("mode", name_of(inspector.options().policy.mode));
    if (inspector.lowered()) to.member("would_block", true);
    to.key("inspected").begin_object();
    to.member("bytes", inspector.bytes_inspected());
    to.member("rules", inspector.rules().fingerprint());
    to.member("profile", name_of(inspector.rules().options().profile));
    to.member("held_bytes_max", inspector.held_bytes_max());
    to.key("skipped").begin_array();
    for (const Inspector::Skipped& skip : inspector.skipped()) {
        to.begin_object()
            .member("why", name_of(skip.why))
            .member("begin", skip.begin)
            .member("end", skip.end)
            .end_object();
    }
    to.end_array().end_object().end_object();
}

std::string_view name_of(Mode mode) noexcept {
    switch (mode) {
    case Mode::action: return "action";
    case Mode::observe: return "observe";
    case Mode::redact: return "redact";
    }
    return "action";
}

std::string_view name_of(ViewKind view) noexcept {
    switch (view) {
    case ViewKind::raw: return "raw";
    case ViewKind::plain: return "plain";
    case ViewKind::shell: return "shell";
    case ViewKind::leet: return "leet";
    case ViewKind::decoded: return "decoded";
    }
    return "raw";
}

std::string_view name_of(Inspector::Skip skip) noexcept {
    switch (skip) {
    case Inspector::Skip::hold_limit: return "hold_limit";
    case Inspector::Skip::hold_time: return "hold_time";
    case Inspector::Skip::run_limit: return "run_limit";
    case Inspector::Skip::arguments_limit: return "arguments_limit";
    }
    return "hold_limit";
}

}  // namespace gw::guardrail
