#include "inspector/inspector_support.h"

namespace gw::test {

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    out << "released \"" << outcome.released << "\", " << name_of(outcome.action)
        << (outcome.blocked ? ", blocked" : "") << ", " << outcome.redactions << " redactions";
    for (const std::string& finding : outcome.findings) out << "; " << finding;
    return out;
}

std::shared_ptr<const guardrail::Ruleset> rules_of(std::string_view yaml, const guardrail::RulesetOptions& options) {
    std::pmr::memory_resource* memory = std::pmr::get_default_resource();
    std::pmr::vector<guardrail::PackProblem> problems(memory);
    const guardrail::PackFile file{"rules/test.yaml", yaml};
    guardrail::LoadOptions load;
    load.overlay = false;
    load.keep_examples = true;
    auto pack = yaml.empty() ? guardrail::load_pack({}, {}, problems, memory)
                             : guardrail::load_pack({&file, 1}, load, problems, memory);
    auto rules = pack ? guardrail::Ruleset::compile(std::move(*pack), options, memory, problems) : nullptr;
    std::pmr::string report(memory);
    for (const guardrail::PackProblem& problem : problems) {
        if (problem.refused) append_line(report, problem), report += "\n";
    }
    INFO(report);
    REQUIRE(rules != nullptr);
    return rules;
}

}  // namespace gw::test
