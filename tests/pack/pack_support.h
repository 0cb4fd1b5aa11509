// Packs as short texts, models as text that can be compared.
#pragma once

#include <sstream>

#include "support/packs.h"

namespace gw::guardrail::test {

class Printer {
public:
    template <typename List>
    Printer& list(std::string_view name, const List& texts) {
        out_ << ' ' << name << "=[";
        for (const auto& one : texts) out_ << one << '|';
        out_ << ']';
        return *this;
    }
    Printer& choices(std::string_view name, const shell::Choices& choices) {
        if (choices.empty()) return *this;
        out_ << ' ' << name << '=';
        for (const auto& one : choices) list("", one);
        return *this;
    }
    Printer& names(std::string_view name, const shell::Names& texts) {
        return texts.empty() ? *this : list(name, texts);
    }
    Printer& context(std::string_view name, const ContextWords& context) {
        out_ << ' ' << name << '(' << context.within << ' ' << static_cast<int>(context.where);
        list("words", context.words);
        out_ << ')';
        return *this;
    }
    Printer& directions(Directions set) {
        for (const Direction one :
             {Direction::prompt, Direction::completion, Direction::tool_call, Direction::tool_result}) {
            if (set.contains(one)) out_ << ' ' << name_of(one);
        }
        return *this;
    }
    Printer& validator(const Validator& one) {
        out_ << " v" << static_cast<int>(one.id) << ':' << one.parameter;
        return *this;
    }
    Printer& change(std::string_view name, const ProfileChange& change) {
        if (change.severity) out_ << ' ' << name << '=' << name_of(*change.severity);
        if (change.enabled) out_ << ' ' << name << (*change.enabled ? "+on" : "+off");
        return *this;
    }
    Printer& rule(const Rule& rule) {
        out_ << rule.category << '/' << rule.id << " '" << rule.title << "' " << name_of(rule.severity) << ' '
             << rule.confidence << (rule.enabled ? "" : " off") << (rule.tool_call_only ? " tool" : "")
             << (rule.kind == Kind::mask ? " mask" : " stop") << (rule.leet ? " leet" : "");
        list("tags", rule.tags).directions(rule.directions).change("strict", rule.strict);
        change("permissive", rule.permissive);
        for (const Validator& one : rule.validators) validator(one);
        if (rule.require_context) context("require", *rule.require_context);
        if (rule.forbid_context) context("forbid", *rule.forbid_context);
        if (rule.demote_context) {
            context("demote", rule.demote_context->context);
            out_ << " to " << name_of(rule.demote_context->to) << (rule.demote_context->quoted ? " quoted" : "");
        }
        if (rule.demote_unless) {
            out_ << " unless";
            validator(rule.demote_unless->validator);
            out_ << " to " << name_of(rule.demote_unless->to);
        }
        if (rule.local_list) out_ << " list=" << name_of(*rule.local_list);
        if (rule.public_opening) out_ << " public_opening";
        if (!rule.expression.empty()) out_ << " cel=" << rule.expression;
        if (rule.facts) facts(*rule.facts);
        out_ << " ~" << rule.pattern << '\n';
        return *this;
    }
    Printer& pack(const RulePack& pack) {
        for (const Rule& one : pack.rules) rule(one);
        for (const SensitiveTool& tool : pack.sensitive_tools) {
            out_ << "tool " << tool.name << ' ' << tool.result_inspection << tool.judge_result << ' '
                 << tool.min_entities_for_alert << '\n';
        }
        for (const PreJudgeStrip& strip : pack.pre_judge_strips) {
            out_ << "strip " << strip.id << ' ' << strip.pattern << " '" << strip.context << '\'';
            list("to", strip.applies_to);
            out_ << '\n';
        }
        for (const FindingSuppression& one : pack.finding_suppressions) {
            out_ << "finding " << one.id << ' ' << one.finding_pattern << ' ' << one.entity_pattern << ' '
                 << static_cast<int>(one.condition) << " '" << one.reason << "'\n";
        }
        for (const ToolSuppression& one : pack.tool_suppressions) {
            out_ << "tools " << one.tool_pattern;
            list("findings", one.suppress_findings);
            out_ << '\'' << one.reason << "'\n";
        }
        for (const RuleSuppression& one : pack.rule_suppressions) {
            out_ << "rule " << one.rule << " path=" << one.path << " host=" << one.host << " value=" << one.value;
            if (one.value_sha256) out_ << " sha=" << static_cast<int>(one.value_sha256->front());
            if (one.direction) out_ << ' ' << name_of(*one.direction);
            out_ << '\'' << one.reason << "'\n";
        }
        for (const JudgeFile& judge : pack.judges) {
            out_ << "judge " << judge.kind;
            directions(judge.directions);
            out_ << " '" << judge.system_prompt << "' one=" << (judge.one ? name_of(*judge.one) : "table")
                 << " two=" << (judge.two ? name_of(*judge.two) : "table") << '\n';
            for (const JudgeCategory& one : judge.categories) {
                out_ << "  " << one.label << ' ' << one.id << ' ' << name_of(one.severity) << ' ' << one.question
                     << '\n';
            }
        }
        return *this;
    }
    [[nodiscard]] std::string text() const { return out_.str(); }

private:
    void facts(const shell::FactDemand& demand) {
        for (const shell::Alternative& one : demand.any) {
            out_ << " {";
            names("program", one.program).choices("has", one.has).choices("has_not", one.has_not);
            choices("sub", one.subcommand).names("from", one.pipe_from).names("to", one.pipe_to);
            names("reads", one.reads_path).names("writes", one.writes_path).names("executes", one.executes_path);
            names("host", one.contacts_host).names("path", one.contacts_path).choices("code", one.code_has);
            names("sets", one.sets_variable).names("unsets", one.unsets_variable);
            out_ << '}';
        }
    }
    std::ostringstream out_;
};

inline std::string print(const RulePack& pack) { return Printer().pack(pack).text(); }
inline std::string print(const Rule& rule) { return Printer().rule(rule).text(); }

}  // namespace gw::guardrail::test
