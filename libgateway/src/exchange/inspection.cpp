#include "exchange/inspection.h"

#include <algorithm>

#include "core/text.h"
#include "guardrail/verdict.h"
#include "provider/dialect.h"

namespace gw::exchange {

Owned<guardrail::Inspector> Inspection::begin(guardrail::Direction direction, std::string_view tool) {
    guardrail::InspectorOptions options;
    options.policy = policy_.policy;
    options.direction = direction;
    options.tool = tool;
    options.hold_bytes_max = policy_.hold_bytes_max;
    options.at_hold_limit = policy_.at_hold_limit;
    options.hold_ms_max = policy_.hold_ms_max;
    options.at_hold_time = policy_.at_hold_time;
    return make_owned<guardrail::Inspector>(memory_, scanner_, options, memory_);
}

Inspection::WholeText Inspection::inspect_text(guardrail::Direction direction, std::string_view tool,
                                               std::string_view text) {
    WholeText out{false, false, std::pmr::string(memory_)};
    if (text.empty()) return out;
    const Owned<guardrail::Inspector> inspector = begin(direction, tool);
    const auto take = [&] {
        for (const guardrail::Inspector::Part& part : inspector->parts()) {
            if (part.replacement && !out.changed) {  // most texts need no copy
                out.changed = true;
                out.text.assign(text.substr(0, static_cast<std::size_t>(part.begin)));
            }
            if (out.changed) out.text += part.text;
        }
    };
    inspector->feed(text);
    take();
    if (!inspector->blocked()) {
        inspector->finish();
        take();
    }
    add(*inspector);
    out.blocked = inspector->blocked();
    return out;
}

Inspection::Whole Inspection::inspect(guardrail::Direction direction, std::string_view tool, const json::Value& value,
                                      BlockPool* pool) {
    const bool is_string = value.is(json::Kind::string);
    const WholeText left = inspect_text(direction, tool, is_string ? value.as_string().value_or("") : value.raw());
    Whole out{left.blocked, left.changed, std::pmr::string(memory_)};
    if (out.blocked || !out.changed) return out;
    if (is_string) {
        Buffer quoted(pool);
        json::Writer(quoted).string(left.text);
        out.value = quoted.text();
    } else if (json::Document check(memory_); check.parse(left.text)) {
        out.value = left.text;
    } else {
        refuse("a replacement would break the JSON around it");
        out.blocked = true;
    }
    return out;
}

void Inspection::add(const guardrail::Inspector& inspector) {
    ++texts_;
    bytes_ += inspector.bytes_inspected();
    redactions_ += inspector.redactions();
    held_bytes_max_ = std::max(held_bytes_max_, inspector.held_bytes_max());
    skipped_ += inspector.skipped().size();
    action_ = std::max(action_, inspector.action());
    raw_action_ = std::max(raw_action_, inspector.raw_action());
    if (inspector.severity()) severity_ = std::max(severity_.value_or(*inspector.severity()), *inspector.severity());
    const guardrail::Direction direction = inspector.options().direction;
    if (inspector.blocked()) {
        tool_blocked_ = tool_blocked_ || direction == guardrail::Direction::tool_call;
        if (inspector.findings().empty() && !inspector.skipped().empty())
            refused_ = guardrail::name_of(inspector.skipped().back().why);
    }
    findings_ += inspector.findings_total();
    constexpr std::size_t seen_max = 64;
    for (const guardrail::Finding& finding : inspector.findings()) {
        // A text that is repeated at the end of a stream finds the same again.
        const bool known = std::any_of(seen_.begin(), seen_.end(), [&](const Seen& one) {
            return one.rule == finding.rule && one.direction == direction && one.action >= finding.action;
        });
        if (known || seen_.size() >= seen_max) continue;
        seen_.push_back({finding.rule, finding.severity, finding.action, finding.view, direction, finding.confidence,
                         std::pmr::string(finding.excerpt, memory_)});
    }
}

void Inspection::refuse(std::string_view why) noexcept {
    refused_ = why;
    action_ = raw_action_ = guardrail::Action::block;
}

void Inspection::object(std::string_view why, guardrail::Direction direction) {
    constexpr std::size_t why_bytes_max = 200;
    objection_ = "second opinion";
    if (is_utf8(why) && !why.empty()) objection_.append(": ").append(cut_utf8(why, why_bytes_max));
    action_ = raw_action_ = guardrail::Action::block;
    tool_blocked_ = tool_blocked_ || direction == guardrail::Direction::tool_call;
}

void Inspection::write_reason(std::pmr::string& out) const {
    if (!objection_.empty()) {
        out.append(objection_);
        return;
    }
    if (seen_.empty() && !refused_.empty()) {
        out.append("limit: ").append(refused_);
        return;
    }
    constexpr std::size_t named_max = 5;
    // What is worst comes first: it is the reason.
    std::size_t named = 0;
    for (int severity = static_cast<int>(guardrail::Severity::critical); severity >= 0; --severity) {
        for (const Seen& one : seen_) {
            if (static_cast<int>(one.severity) != severity || named == named_max) continue;
            const guardrail::Rule& rule = rules().rule(one.rule);
            out.append(named++ == 0 ? "matched: " : ", ").append(rule.id).append(":").append(rule.title);
            if (one.view != guardrail::ViewKind::raw) out.append(" (obfuscated)");
        }
    }
}

void Inspection::write_notice(std::pmr::string& out, bool prompt, std::string_view custom) const {
    out.append(provider::notice_prefix).append(" ");
    if (!custom.empty()) {
        out.append(custom);
        return;
    }
    out.append(prompt ? "This request was blocked. The guardrail stopped it before it reached the model ("
                      : "The model's response was blocked. The guardrail stopped it (");
    if (tool_blocked_) out.append("tool call blocked \xE2\x80\x94 ");
    write_reason(out);
    out.append("). If this is wrong, contact your administrator.");
}

}  // namespace gw::exchange
