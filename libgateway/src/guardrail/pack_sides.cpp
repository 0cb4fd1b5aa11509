// The files beside the rules: local patterns, sensitive tools, suppressions, judges.
#include "core/text.h"
#include "guardrail/pack_reader.h"

namespace gw::guardrail::pack {

namespace {

// What the entries of a list become.
struct LocalRule {
    std::string_view id, title;
    Severity severity;
    double confidence;
    Kind kind;
    Directions directions;
    bool plain;  // texts, not expressions
};
constexpr std::array<LocalRule, local_list_count> local_rules{{
    {"LP-INJECTION",
     "Text of a local list of injections",
     Severity::high,
     0.8,
     Kind::stop,
     {Direction::prompt, Direction::tool_result},
     true},
    {"LP-INJECTION",
     "Expression of a local list of injections",
     Severity::high,
     0.8,
     Kind::stop,
     {Direction::prompt, Direction::tool_result},
     false},
    {"TRIAGE-PII-REQUEST",
     "Request for personal data, of a local list",
     Severity::high,
     0.8,
     Kind::stop,
     {Direction::prompt},
     true},
    {"TRIAGE-PII-SSN", "Personal data of a local list", Severity::high, 0.6, Kind::mask, Directions::all(), false},
    {"TRIAGE-SECRET", "Secret of a local list", Severity::medium, 0.6, Kind::mask, Directions::all(), false},
    {"TRIAGE-EXFIL", "Exfiltration of a local list", Severity::high, 0.85, Kind::stop, {Direction::prompt}, true},
}};

// An expression that matches just this text, whatever its case.
void append_literal(std::pmr::string& out, std::string_view text) {
    out += "(?i)";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte < 0x7F && !is_alpha(c) && !is_digit(c)) out += '\\';
        out += c;
    }
}

void add_local_rule(const Reader& in, const Node& node, LocalList list, std::uint32_t file,
                    std::pmr::vector<Rule>& out) {
    const LocalRule& made = local_rules[static_cast<std::size_t>(list)];
    std::pmr::string text(in.memory());
    if (!in.text(&node, text)) return;
    Rule& rule = out.emplace_back(in.memory());
    rule.id = made.id;
    rule.title = made.title;
    rule.category = "builtin";
    rule.severity = made.severity;
    rule.confidence = made.confidence;
    rule.tags.emplace_back("local");
    rule.kind = made.kind;
    rule.directions = made.directions;
    rule.local_list = list;
    if (made.plain) {
        append_literal(rule.pattern, text);
    } else {
        rule.pattern = std::move(text);
    }
    if (rule.pattern.size() > PackLimits::pattern_bytes) in.refuse(node, {"at most 2048 bytes as an expression"});
    rule.place = {file, node.place.line, node.place.column};
    rule.pattern_place = {file, node.place.line, node.place.column + (node.quoted ? 1 : 0)};
}

PackPlace place_of(const Node& node, std::uint32_t file) noexcept { return {file, node.place.line, node.place.column}; }

void pattern(const Reader& in, const Node* node, std::pmr::string& out) {
    if (in.text(node, out) && out.size() > PackLimits::pattern_bytes) in.refuse(*node, {"at most 2048 bytes"});
}

void read_strip(const Reader& in, const Node& node, PreJudgeStrip& out) {
    const Node *id = nullptr, *expression = nullptr, *context = nullptr, *applies_to = nullptr;
    in.fields(node, {{"id", &id, Need::required},
                     {"pattern", &expression, Need::required},
                     {"context", &context},
                     {"applies_to", &applies_to}});
    in.text(id, out.id);
    pattern(in, expression, out.pattern);
    in.text(context, out.context);
    in.texts(applies_to, out.applies_to);
}

void read_finding_suppression(const Reader& in, const Node& node, FindingSuppression& out) {
    const Node *id = nullptr, *finding = nullptr, *entity = nullptr, *condition = nullptr, *reason = nullptr;
    in.fields(node, {{"id", &id, Need::required},
                     {"finding_pattern", &finding, Need::required},
                     {"entity_pattern", &entity, Need::required},
                     {"condition", &condition},
                     {"reason", &reason}});
    in.text(id, out.id);
    pattern(in, finding, out.finding_pattern);
    pattern(in, entity, out.entity_pattern);
    constexpr std::array<std::string_view, 2> conditions{"is_epoch", "is_platform_id"};
    if (const auto index = in.choice(condition, conditions)) {
        out.condition =
            *index == 0 ? FindingSuppression::Condition::is_epoch : FindingSuppression::Condition::is_platform_id;
    }
    in.text(reason, out.reason);
}

void read_tool_suppression(const Reader& in, const Node& node, ToolSuppression& out) {
    const Node *tool = nullptr, *findings = nullptr, *reason = nullptr;
    in.fields(node, {{"tool_pattern", &tool, Need::required},
                     {"suppress_findings", &findings, Need::required},
                     {"reason", &reason}});
    pattern(in, tool, out.tool_pattern);
    in.texts(findings, out.suppress_findings);
    in.text(reason, out.reason);
}

void read_rule_suppression(const Reader& in, const Node& node, RuleSuppression& out) {
    const Node *rule = nullptr, *path = nullptr, *host = nullptr, *value = nullptr, *hash = nullptr,
               *direction = nullptr, *reason = nullptr;
    in.fields(node, {{"rule", &rule, Need::required},
                     {"path", &path},
                     {"host", &host},
                     {"value", &value},
                     {"value_sha256", &hash},
                     {"direction", &direction},
                     {"reason", &reason}});
    in.text(rule, out.rule);
    in.text(path, out.path);
    in.text(host, out.host);
    in.text(value, out.value);
    if (hash != nullptr) {
        // All digits may look like a number to YAML.
        std::array<std::uint8_t, 32>& bytes = out.value_sha256.emplace();
        bool good = hash->text.size() == 2 * bytes.size();
        for (std::size_t i = 0; good && i < hash->text.size(); ++i) {
            const char c = hash->text[i];
            good = is_digit(c) || (c >= 'a' && c <= 'f');
            if (good) bytes[i / 2] = static_cast<std::uint8_t>(bytes[i / 2] * 16 + hex_value(c));
        }
        if (!good) in.refuse(*hash, {"64 lower-case hexadecimal digits"});
    }
    if (const auto index = in.choice(direction, direction_names)) out.direction = static_cast<Direction>(*index);
    in.text(reason, out.reason);
}

}  // namespace

void read_local_patterns(const Reader& in, const Node& root, std::uint32_t file,
                         std::array<bool, local_list_count>& given, std::pmr::vector<Rule>& out) {
    const Node* version = nullptr;
    std::array<const Node*, local_list_count> lists{};
    in.fields(root, {{"version", &version},
                     {local_list_names[0], &lists[0]},
                     {local_list_names[1], &lists[1]},
                     {local_list_names[2], &lists[2]},
                     {local_list_names[3], &lists[3]},
                     {local_list_names[4], &lists[4]},
                     {local_list_names[5], &lists[5]}});
    check_version(in, version);
    for (std::size_t i = 0; i < lists.size(); ++i) {
        if (lists[i] != nullptr && lists[i]->count > PackLimits::rules_per_file) {
            in.refuse(*lists[i], {"a list of at most 2048 entries"});
            continue;
        }
        const auto list = static_cast<LocalList>(i);
        given[i] = in.entries(lists[i], [&](const Node& entry) { add_local_rule(in, entry, list, file, out); });
    }
}

void read_sensitive_tools(const Reader& in, const Node& root, RulePack& out) {
    const Node *version = nullptr, *tools = nullptr;
    in.fields(root, {{"version", &version}, {"tools", &tools, Need::required}});
    check_version(in, version);
    in.entries(tools, [&](const Node& node) {
        const Node *name = nullptr, *inspect = nullptr, *judge = nullptr, *entities = nullptr;
        SensitiveTool& tool = out.sensitive_tools.emplace_back(in.memory());
        in.fields(node, {{"name", &name, Need::required},
                         {"result_inspection", &inspect},
                         {"judge_result", &judge},
                         {"min_entities_for_alert", &entities}});
        in.text(name, tool.name);
        in.boolean(inspect, tool.result_inspection);
        in.boolean(judge, tool.judge_result);
        in.integer(entities, 0, 1000000, tool.min_entities_for_alert);
    });
}

void read_suppressions(const Reader& in, const Node& root, std::uint32_t file, RulePack& out,
                       bool& has_rule_suppressions) {
    const Node *version = nullptr, *strips = nullptr, *findings = nullptr, *tools = nullptr, *rules = nullptr;
    in.fields(root, {{"version", &version},
                     {"pre_judge_strips", &strips},
                     {"finding_suppressions", &findings},
                     {"tool_suppressions", &tools},
                     {"rule_suppressions", &rules}});
    check_version(in, version);
    const auto list = [&](const Node* node, auto& to, auto read) {
        return in.entries(node, [&](const Node& entry) {
            auto& made = to.emplace_back(in.memory());
            made.place = place_of(entry, file);
            read(in, entry, made);
        });
    };
    list(strips, out.pre_judge_strips, read_strip);
    list(findings, out.finding_suppressions, read_finding_suppression);
    list(tools, out.tool_suppressions, read_tool_suppression);
    has_rule_suppressions = list(rules, out.rule_suppressions, read_rule_suppression);
}

void read_judge(const Reader& in, const Node& root, std::uint32_t file, RulePack& out) {
    const Node *version = nullptr, *kind = nullptr, *directions = nullptr, *prompt = nullptr, *categories = nullptr,
               *combine = nullptr;
    in.fields(root, {{"version", &version},
                     {"kind", &kind, Need::required},
                     {"directions", &directions},
                     {"system_prompt", &prompt, Need::required},
                     {"categories", &categories, Need::required},
                     {"combine", &combine}});
    check_version(in, version);
    JudgeFile& judge = out.judges.emplace_back(in.memory());
    judge.place = place_of(root, file);
    in.text(kind, judge.kind);
    judge.directions = Directions::all();
    in.directions(directions, judge.directions);
    in.text(prompt, judge.system_prompt);
    const bool is_list = in.entries(categories, [&](const Node& node) {
        const Node *label = nullptr, *id = nullptr, *severity = nullptr, *question = nullptr;
        JudgeCategory& category = judge.categories.emplace_back(in.memory());
        in.fields(node, {{"label", &label, Need::required},
                         {"id", &id, Need::required},
                         {"severity", &severity, Need::required},
                         {"question", &question, Need::required}});
        in.text(label, category.label);
        in.text(id, category.id);
        in.severity(severity, category.severity);
        in.text(question, category.question);
    });
    if (is_list && judge.categories.empty()) in.refuse(*categories, {"a list that is not empty"});
    if (combine == nullptr) return;
    const Node *one = nullptr, *two = nullptr;
    in.fields(*combine, {{"one", &one}, {"two", &two}});
    constexpr std::array<std::string_view, 5> words{"LOW", "MEDIUM", "HIGH", "CRITICAL", "table"};
    const auto severity = [&](const Node* node, std::optional<Severity>& to) {
        const std::optional<std::size_t> index = in.choice(node, words);
        if (index && *index < severity_names.size()) to = static_cast<Severity>(*index);
    };
    severity(one, judge.one);
    severity(two, judge.two);
}

}  // namespace gw::guardrail::pack
