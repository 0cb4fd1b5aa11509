// Ruleset: a rule pack made ready for inspection. Immutable; any number of threads share it.
//
//     RulePack --compile()--> rules of one profile
//                             + a PatternSet for text          (prompts, answers, results of tools)
//                             + a PatternSet for tool calls    (the same rules and those about commands)
#pragma once

#include <array>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include "guardrail/automaton_set.h"
#include "guardrail/pack.h"
#include "guardrail/policy.h"

namespace gw::guardrail {

struct RulesetOptions {
    Profile profile = Profile::standard;
    std::optional<Severity> block_from;
    bool mask_all = false;         // every rule is of kind `mask`: of no match a byte leaves
    bool public_openings = false;  // what a rule spells out may leave; else only where it says `public_opening`
};

class Ruleset {
public:
    // Compiles the enabled rules of the pack; nothing when one of them is refused. `problems` gets every reason, and
    // the warnings of rules that work but are expensive.
    [[nodiscard]] static std::shared_ptr<const Ruleset> compile(RulePack&& pack, const RulesetOptions& options,
                                                                std::pmr::memory_resource* memory,
                                                                std::pmr::vector<PackProblem>& problems);

    struct CompiledRule {
        std::uint32_t source = 0;  // in pack().rules
        Severity severity = Severity::low;
        bool masks = false;  // no byte of a match leaves: a mask rule whose findings are more than allowed
    };
    struct Section {
        std::shared_ptr<const PatternSet> set;
        std::pmr::vector<std::uint32_t> rules;  // of each pattern, in rules()
        bool has_leet = false;
        bool has_openings = false;  // of some rule's matches an opening may leave
        bool has_facts = false;
    };

    [[nodiscard]] std::span<const CompiledRule> rules() const noexcept { return rules_; }
    [[nodiscard]] const Rule& rule(std::uint32_t index) const noexcept { return pack_.rules[rules_[index].source]; }
    [[nodiscard]] const RulePack& pack() const noexcept { return pack_; }
    [[nodiscard]] const RulesetOptions& options() const noexcept { return options_; }
    static constexpr std::size_t section_count = 2;
    [[nodiscard]] static std::size_t section_of(Direction direction) noexcept {
        return direction == Direction::tool_call ? 1 : 0;
    }
    [[nodiscard]] const Section& section(std::size_t index) const noexcept { return sections_[index]; }
    // What stands in place of what a rule redacts: "[REDACTED:SEC-X]". Plain ASCII, so that JSON strings stay valid.
    [[nodiscard]] std::string_view label(std::uint32_t index) const noexcept { return labels_[index]; }
    // Names the rules and the profile: 16 hexadecimal digits, for evidence.
    [[nodiscard]] std::string_view fingerprint() const noexcept { return fingerprint_; }
    [[nodiscard]] std::size_t size() const noexcept;  // bytes of the pattern sets

    Ruleset(RulePack&& pack, const RulesetOptions& options, std::pmr::memory_resource* memory);  // use compile()

private:
    void fill_fingerprint();

    RulePack pack_;
    RulesetOptions options_;
    std::pmr::vector<CompiledRule> rules_;
    std::array<Section, section_count> sections_;
    std::pmr::vector<std::pmr::string> labels_;
    std::pmr::string fingerprint_;
};

}  // namespace gw::guardrail
