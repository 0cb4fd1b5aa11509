// Rule packs are read whole or refused with a reason, whatever the bytes; what is accepted keeps what Rule promises,
// and a file means the same as YAML and as JSON when it is both.
#include "guardrail/pack.h"
#include "core/text.h"
#include "guardrail/pack_tree.h"
#include "support/fuzz.h"

namespace {

using namespace gw::guardrail;
using pack::Node;
using pack::Tree;

void check_rule(const Rule& rule, const RulePack& pack) {
    gw::fuzz::check(!rule.id.empty() && !rule.title.empty() && !rule.pattern.empty(), "a text is empty");
    gw::fuzz::check(rule.pattern.size() <= PackLimits::pattern_bytes, "a pattern is too long");
    gw::fuzz::check(rule.confidence > 0 && rule.confidence <= 1, "a confidence is no share");
    gw::fuzz::check(!rule.directions.empty(), "a rule without direction");
    gw::fuzz::check(!rule.tool_call_only || rule.directions == Directions{Direction::tool_call},
                    "a rule for tool calls sees more");
    gw::fuzz::check(rule.place.file < pack.files.size() && rule.pattern_place.file < pack.files.size(), "a place");
    for (const auto* context : {&rule.require_context, &rule.forbid_context}) {
        if (!*context) continue;
        gw::fuzz::check((*context)->within >= 1 && (*context)->within <= 128 && !(*context)->words.empty(),
                        "a context");
    }
    if (rule.facts) gw::fuzz::check(!rule.facts->any.empty(), "facts that demand nothing");
}

bool same(const Tree& a, const Node& x, const Tree& b, const Node& y) {  // NOLINT(misc-no-recursion)
    if (x.kind != y.kind || x.key != y.key || x.count != y.count) return false;
    if (x.kind != Node::Kind::null && x.text != y.text) return false;
    const Node* other = b.first(y);
    for (const Node* child = a.first(x); child != nullptr; child = a.next(*child), other = b.next(*other)) {
        if (other == nullptr || !same(a, *child, b, *other)) return false;
    }
    return other == nullptr;
}

}  // namespace

// The first byte says what the rest is: a file of some name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array<std::string_view, 8> names{"rules/a.yaml",      "rules/a.json",     "local-patterns.yaml",
                                                    "suppressions.yaml", "judge/a.yaml",     "sensitive-tools.json",
                                                    "bundle.json",       "suppressions.json"};
    const gw::fuzz::Input input = gw::fuzz::cut(data, size);
    if (size == 0) return 0;
    const std::string_view name = names[data[0] % names.size()];
    const PackFile file{name, input.whole};
    std::pmr::vector<PackProblem> problems;
    const auto loaded = load_pack({&file, 1}, {false, true}, problems, std::pmr::get_default_resource());
    bool refused = false;
    for (const PackProblem& problem : problems) {
        refused = refused || problem.refused;
        gw::fuzz::check(!problem.what.empty(), "a problem without words");
        gw::fuzz::check((problem.line == 0) == (problem.column == 0), "half a place");
    }
    gw::fuzz::check(loaded.has_value() == !refused, "refused without a reason, or accepted in spite of one");
    if (loaded) {
        for (const Rule& rule : loaded->rules) check_rule(rule, *loaded);
    }

    // Most JSON is YAML. Where YAML 1.1 and JSON differ (tabs, very long keys), YAML refuses; and `\/` it does not
    // know.
    Tree yaml(std::pmr::get_default_resource());
    Tree json(std::pmr::get_default_resource());
    const bool is_json = json.read_json(input.whole);
    const bool is_yaml = yaml.read_yaml(input.whole);
    for (const Tree* tree : {&json, &yaml}) {
        for (const auto& problem : tree->problems()) gw::fuzz::check(!problem.what.empty(), "a problem without words");
    }
    if (is_json && is_yaml && input.whole.find('\n') == std::string_view::npos) {
        gw::fuzz::check(same(json, json.root(), yaml, yaml.root()), "JSON and YAML read different things");
    }
    return 0;
}
