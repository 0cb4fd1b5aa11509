// An inspector with everything that it needs, and what came out of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guardrail/inspector.h"
#include "support/test.h"

namespace gw::test {

struct Outcome {
    std::string released;
    guardrail::Action action = guardrail::Action::allow;
    bool blocked = false;
    std::uint64_t redactions = 0;
    std::vector<std::string> findings;  // "RULE view begin-end severity"
    friend bool operator==(const Outcome&, const Outcome&) = default;
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome);

// A compiled rule set. An empty pack is the default one; else one YAML file of rules that stands alone.
std::shared_ptr<const guardrail::Ruleset> rules_of(std::string_view yaml = {},
                                                   const guardrail::RulesetOptions& options = {});

// Feeds the pieces and collects what leaves. `on_piece`, if given, sees the inspector after each piece.
template <typename OnPiece>
Outcome inspect(guardrail::Scanner& scanner, const guardrail::InspectorOptions& options, const Pieces& pieces,
                const OnPiece& on_piece) {
    Outcome out;
    guardrail::Inspector inspector(scanner, options, std::pmr::get_default_resource());
    std::uint64_t expected = 0;
    const auto take = [&] {
        for (const guardrail::Inspector::Part& part : inspector.parts()) {
            if (!part.replacement) {
                CHECK(part.begin == expected);
                CHECK(part.text.size() == part.end - part.begin);
            }
            expected = part.end;
            out.released += part.text;
        }
    };
    for (const std::string_view piece : pieces) {
        const std::string copy(piece);  // a buffer of its own size, so that a read too far is seen
        inspector.feed(copy);
        take();
        on_piece(inspector);
    }
    inspector.finish();
    take();
    out.action = inspector.action();
    out.blocked = inspector.blocked();
    out.redactions = inspector.redactions();
    for (const guardrail::Finding& finding : inspector.findings()) {
        out.findings.push_back(std::string(inspector.rules().rule(finding.rule).id) + " " +
                               std::to_string(finding.begin) + "-" + std::to_string(finding.end) + " " +
                               std::string(name_of(finding.severity)));
    }
    std::sort(out.findings.begin(), out.findings.end());
    return out;
}
inline Outcome inspect(guardrail::Scanner& scanner, const guardrail::InspectorOptions& options, const Pieces& pieces) {
    return inspect(scanner, options, pieces, [](const guardrail::Inspector&) {});
}

}  // namespace gw::test
