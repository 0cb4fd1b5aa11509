#include "guardrail/ruleset.h"

#include <algorithm>

#include "crypto/sha256.h"

namespace gw::guardrail {
namespace {

// Not about tool calls alone.
bool is_content(const Rule& rule) noexcept {
    return rule.directions.contains(Direction::prompt) || rule.directions.contains(Direction::completion) ||
           rule.directions.contains(Direction::tool_result);
}

}  // namespace

Ruleset::Ruleset(RulePack&& pack, const RulesetOptions& options, std::pmr::memory_resource* memory)
    : pack_(std::move(pack)),
      options_(options),
      rules_(memory),
      sections_{
          {{nullptr, std::pmr::vector<std::uint32_t>(memory)}, {nullptr, std::pmr::vector<std::uint32_t>(memory)}}},
      labels_(memory),
      fingerprint_(memory) {}

std::shared_ptr<const Ruleset> Ruleset::compile(RulePack&& pack, const RulesetOptions& options,
                                                std::pmr::memory_resource* memory,
                                                std::pmr::vector<PackProblem>& problems) {
    const auto made = std::allocate_shared<Ruleset>(std::pmr::polymorphic_allocator<Ruleset>(memory), std::move(pack),
                                                    options, memory);
    Policy policy;
    policy.profile = options.profile;
    policy.block_from = options.block_from;
    const RulePack& from = made->pack_;
    for (std::uint32_t i = 0; i < from.rules.size(); ++i) {
        const EffectiveRule now = effective(from.rules[i], options.profile);
        if (!now.enabled) continue;
        const bool masks =
            (from.rules[i].kind == Kind::mask || options.mask_all) && action_of(policy, now.severity) != Action::allow;
        made->rules_.push_back({i, now.severity, masks});
        std::pmr::string& label = made->labels_.emplace_back("[REDACTED:");
        label.append(from.rules[i].id).append("]");
    }
    bool refused = false;
    for (std::size_t s = 0; s < section_count; ++s) {
        Section& section = made->sections_[s];
        std::pmr::vector<PatternSource> sources(memory);
        for (std::uint32_t i = 0; i < made->rules_.size(); ++i) {
            const Rule& rule = made->rule(i);
            const bool here = s == section_of(Direction::tool_call) ? rule.directions.contains(Direction::tool_call)
                                                                    : is_content(rule);
            if (!here) continue;
            PatternSource source;
            source.text = rule.pattern;
            source.kind = made->rules_[i].masks ? Kind::mask : Kind::stop;
            source.public_opening = rule.public_opening || options.public_openings;
            section.has_openings = section.has_openings || source.public_opening;
            // A rule of both sections has the same problem in both; those of the default pack were tried when it was
            // made (tests/inspector/pack_test.cpp).
            const bool tried = from.files[rule.pattern_place.file].starts_with("default/");
            source.probe = !tried && (s == 0 || !is_content(rule));
            sources.push_back(source);
            section.rules.push_back(i);
            section.has_leet = section.has_leet || rule.leet;
            section.has_facts = section.has_facts || (rule.facts && s == section_of(Direction::tool_call));
        }
        std::pmr::vector<Problem> found(memory);
        section.set = PatternSet::compile(sources, SetOptions{}, memory, found);
        for (const Problem& problem : found) {
            const Rule& rule = made->rule(section.rules[problem.pattern]);
            const bool told = s > 0 && std::any_of(problems.begin(), problems.end(), [&](const PackProblem& one) {
                                  return one.rule == rule.id && one.what == problem.what;
                              });
            if (told) continue;
            PackProblem& out = problems.emplace_back(memory);
            out.file = from.files[rule.pattern_place.file];
            out.line = rule.pattern_place.line;
            out.column = rule.pattern_place.column + problem.column;
            out.rule = rule.id;
            out.what = problem.what;
            out.refused = problem.refused;
        }
        refused = refused || section.set == nullptr;
    }
    if (refused) return nullptr;
    made->fill_fingerprint();
    return made;
}

void Ruleset::fill_fingerprint() {
    crypto::Sha256 hash;
    for (const CompiledRule& one : rules_) {
        const Rule& rule = pack_.rules[one.source];
        const bool opens = rule.public_opening || options_.public_openings;
        const char small[] = {static_cast<char>(one.severity), static_cast<char>(one.masks + 2 * opens), '\0'};
        hash.update(std::string_view(rule.id));
        hash.update(std::string_view(small, sizeof small));
        hash.update(std::string_view(rule.pattern));
        hash.update(std::string_view("\0", 1));
    }
    const crypto::Digest digest = hash.finish();
    static constexpr char digits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < 8; ++i) {
        const auto byte = std::to_integer<unsigned>(digest[i]);
        fingerprint_ += digits[byte >> 4U];
        fingerprint_ += digits[byte & 15U];
    }
}

std::size_t Ruleset::size() const noexcept {
    std::size_t bytes = 0;
    for (const Section& section : sections_) bytes += section.set->size();
    return bytes;
}

}  // namespace gw::guardrail
