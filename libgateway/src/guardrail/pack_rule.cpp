// One rule of rules/*.yaml.
#include <algorithm>

#include "core/text.h"
#include "guardrail/pack_reader.h"

namespace gw::guardrail::pack {

namespace {

constexpr std::array<std::string_view, 4> tool_categories{"command", "sensitive-path", "cognitive-file", "c2"};

bool is_tool_category(std::string_view category) noexcept {
    return std::find(tool_categories.begin(), tool_categories.end(), category) != tool_categories.end();
}

// Ids and categories go into verdicts, headers and policies.
bool is_name(std::string_view text) noexcept {
    constexpr std::size_t bytes_max = 96;
    return text.size() <= bytes_max && std::all_of(text.begin(), text.end(), [](char c) {
               return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.' || c == ':';
           });
}

bool name(const Reader& in, const Node* node, std::pmr::string& out) {
    if (!in.text(node, out)) return false;
    if (is_name(out)) return true;
    in.refuse(*node, {"at most 96 letters, digits and - _ . :"});
    return false;
}

void read_profile(const Reader& in, const Node* node, ProfileChange& out) {
    if (node == nullptr) return;
    const Node *severity = nullptr, *enabled = nullptr;
    in.fields(*node, {{"severity", &severity}, {"enabled", &enabled}});
    Severity level{};
    if (in.severity(severity, level)) out.severity = level;
    bool flag = false;
    if (in.boolean(enabled, flag)) out.enabled = flag;
}

void read_profiles(const Reader& in, const Node* node, Rule& out) {
    if (node == nullptr) return;
    const Node *strict = nullptr, *permissive = nullptr;
    in.fields(*node, {{"strict", &strict}, {"permissive", &permissive}});
    read_profile(in, strict, out.strict);
    read_profile(in, permissive, out.permissive);
}

void read_validators(const Reader& in, const Node* node, std::pmr::vector<Validator>& out) {
    if (node == nullptr) return;
    const auto add = [&](const Node& one) {
        Validator validator{};
        if (read_validator(in, one, validator)) out.push_back(validator);
    };
    if (node->kind == Node::Kind::list) {
        in.entries(node, add);
    } else {
        add(*node);
    }
}

void read_demote_unless(const Reader& in, const Node* node, Rule& out) {
    if (node == nullptr) return;
    const Node *validator = nullptr, *to = nullptr;
    DemoteUnless found;
    if (!in.fields(*node, {{"validator", &validator, Need::required}, {"to", &to, Need::required}})) return;
    const bool known = read_validator(in, *validator, found.validator);
    if (in.severity(to, found.to) && known) out.demote_unless = found;
}

void read_examples(const Reader& in, const Node* node, bool keep, Rule& out) {
    if (node == nullptr) return;
    const Node *match = nullptr, *near_miss = nullptr, *facts_near_miss = nullptr;
    in.fields(*node, {{"match", &match}, {"near_miss", &near_miss}, {"facts_near_miss", &facts_near_miss}});
    Examples found(in.memory());
    in.texts(match, found.match);
    in.texts(near_miss, found.near_miss);
    in.texts(facts_near_miss, found.facts_near_miss);
    if (!keep) return;
    for (auto* const list : {&found.match, &found.near_miss, &found.facts_near_miss}) {
        for (std::pmr::string& text : *list) {
            std::size_t kept = 0;
            for (std::size_t i = 0; i < text.size(); ++i) {
                if (text.compare(i, 2, "~~") == 0) {
                    ++i;
                } else {
                    text[kept++] = text[i];
                }
            }
            text.resize(kept);
        }
    }
    out.examples.emplace(std::move(found));
}

void read_contexts(const Reader& in, const Node* require, const Node* forbid, const Node* demote, Rule& out) {
    if (require != nullptr && !read_context(in, *require, out.require_context.emplace(in.memory())))
        out.require_context.reset();
    if (forbid != nullptr && !read_context(in, *forbid, out.forbid_context.emplace(in.memory())))
        out.forbid_context.reset();
    if (demote != nullptr && !read_demotion(in, *demote, out.demote_context.emplace(in.memory())))
        out.demote_context.reset();
}

void read_pattern(const Reader& in, const Node* node, std::uint32_t file, Rule& out) {
    if (!in.text(node, out.pattern)) return;
    out.pattern_place = {file, node->place.line, node->place.column + (node->quoted ? 1 : 0)};
    if (node->text.size() > PackLimits::pattern_bytes) in.refuse(*node, {"at most 2048 bytes"});
}

// `tool_call_only` is known by now.
void read_directions(const Reader& in, const Node* node, Rule& out) {
    out.directions = out.tool_call_only ? Directions{Direction::tool_call} : Directions::all();
    Directions given;
    if (!in.directions(node, given)) return;
    if (out.tool_call_only && given != Directions{Direction::tool_call}) {
        in.refuse(*node, {"[tool_call]: this rule is for tool calls only"});
    } else {
        out.directions = given;
    }
}

void read_rule(const Reader& in, const Node& node, std::string_view category, std::uint32_t file, bool keep_examples,
               Rule& out) {
    const Node *id = nullptr, *title = nullptr, *severity = nullptr, *confidence = nullptr, *tags = nullptr,
               *pattern = nullptr, *enabled = nullptr, *expression = nullptr, *tool_call_only = nullptr,
               *kind = nullptr, *directions = nullptr, *profiles = nullptr, *validator = nullptr,
               *require_context = nullptr, *forbid_context = nullptr, *demote_context = nullptr,
               *demote_unless = nullptr, *normalise = nullptr, *facts = nullptr, *public_opening = nullptr,
               *local_list = nullptr, *examples = nullptr;
    // The id first, so that what is said about the rule names it.
    if (node.kind == Node::Kind::map) {
        for (const Node* member = in.tree().first(node); member != nullptr; member = in.tree().next(*member)) {
            if (member->key == "id" && is_name(member->text)) in.report().enter_rule(member->text);
        }
    }
    in.fields(node, {{"id", &id, Need::required},
                     {"title", &title, Need::required},
                     {"severity", &severity, Need::required},
                     {"confidence", &confidence, Need::required},
                     {"tags", &tags},
                     {"pattern", &pattern, Need::required},
                     {"enabled", &enabled},
                     {"expression", &expression},
                     {"tool_call_only", &tool_call_only},
                     {"kind", &kind},
                     {"directions", &directions},
                     {"profiles", &profiles},
                     {"validator", &validator},
                     {"require_context", &require_context},
                     {"forbid_context", &forbid_context},
                     {"demote_context", &demote_context},
                     {"demote_unless", &demote_unless},
                     {"normalise", &normalise},
                     {"facts", &facts},
                     {"public_opening", &public_opening},
                     {"local_list", &local_list},
                     {"examples", &examples}});
    out.category = category;
    out.place = {file, node.place.line, node.place.column};
    name(in, id, out.id);
    in.text(title, out.title);
    in.severity(severity, out.severity);
    if (in.number(confidence, 0, 1, out.confidence) && out.confidence == 0) in.refuse(*confidence, {"above 0"});
    in.texts(tags, out.tags);
    read_pattern(in, pattern, file, out);
    in.boolean(enabled, out.enabled);
    if (in.text(expression, out.expression)) {
        in.report().warn(expression->key_place, {"`expression` is not evaluated; the pattern alone decides"});
    }

    const bool is_tool = is_tool_category(category);
    in.boolean(tool_call_only, out.tool_call_only);
    out.tool_call_only = out.tool_call_only || is_tool;
    out.kind = is_tool || category == "trust-exploit" ? Kind::stop : Kind::mask;
    constexpr std::array<std::string_view, 2> kinds{"mask", "stop"};
    if (const auto index = in.choice(kind, kinds)) out.kind = *index == 0 ? Kind::mask : Kind::stop;
    read_directions(in, directions, out);

    read_profiles(in, profiles, out);
    read_validators(in, validator, out.validators);
    read_contexts(in, require_context, forbid_context, demote_context, out);
    read_demote_unless(in, demote_unless, out);
    constexpr std::array<std::string_view, 1> views{"leet"};
    out.leet = in.choice(normalise, views).has_value();
    if (facts != nullptr) read_facts(in, *facts, out.facts.emplace(in.memory()));
    in.boolean(public_opening, out.public_opening);
    if (const auto index = in.choice(local_list, local_list_names)) out.local_list = static_cast<LocalList>(*index);
    read_examples(in, examples, keep_examples, out);
}

}  // namespace

bool read_validator(const Reader& in, const Node& node, Validator& out) {
    if (node.kind == Node::Kind::map) {
        const Node* bits = nullptr;
        if (!in.fields(node, {{"entropy", &bits, Need::required}})) return false;
        out.id = ValidatorId::entropy;
        return in.number(bits, 0, 8, out.parameter);
    }
    if (node.kind != Node::Kind::text) {
        in.refuse(node, {"the name of a validator"});
        return false;
    }
    const std::optional<ValidatorId> id = validator_of(node.text);
    if (id == ValidatorId::entropy) {
        in.refuse(node, {"{entropy: bits}"});
        return false;
    }
    if (!id) {
        in.report().error(node.place, {"there is no validator `", Shown(node.text), "`"});
        return false;
    }
    out.id = *id;
    return true;
}

void read_rules(const Reader& in, const Node& root, std::uint32_t file, const LoadOptions& options,
                std::pmr::string& category, std::pmr::vector<Rule>& out) {
    const Node *version = nullptr, *name_node = nullptr, *rules = nullptr;
    in.fields(root, {{"version", &version, Need::required},
                     {"category", &name_node, Need::required},
                     {"rules", &rules, Need::required}});
    check_version(in, version);
    name(in, name_node, category);
    if (rules != nullptr && rules->count > PackLimits::rules_per_file) {
        in.refuse(*rules, {"a list of at most 2048 rules"});
        return;
    }
    in.entries(rules, [&](const Node& rule) {
        read_rule(in, rule, category, file, options.keep_examples, out.emplace_back(in.memory()));
        in.report().enter_rule({});
    });
}

}  // namespace gw::guardrail::pack
