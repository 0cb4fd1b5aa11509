// Findings: what the guardrail found and what it did, told to operators as it happens, the newest kept for those who
// come later.
//
//     verdict on a prompt or an answer ─► tell() ─► event "guardrail" to who may read
//                                            └────► the last hundred ─► guardrail.findings
//
// Rules, titles and excerpts, which are masked, tell what it was; nothing else of a text is here.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

#include "json/json.h"

namespace gw::method {

class Gate;

// Views, used during the call.
struct Verdict {
    struct Finding {
        std::string_view rule, title, severity, action;
        std::string_view excerpt;  // masked
    };
    std::string_view mode;                // "action", "observe"
    std::string_view action, raw_action;  // "allow", "alert", "confirm", "block": what was done, and what the rules say
    std::string_view severity;            // "HIGH"
    std::string_view direction;           // "prompt", "completion", "tool_call"
    std::string_view reason;
    std::string_view provider, model, agent_id, session_key, run_id;
    std::span<const Finding> findings;  // what is worst first
    std::uint64_t found = 0;            // findings, also those that are not listed
    std::uint64_t redactions = 0;
};

class Findings {
public:
    static constexpr std::size_t kept_max = 100;
    static constexpr std::size_t listed_max = 8;  // findings of one verdict

    explicit Findings(Gate& gate);

    void tell(const Verdict& verdict);
    // {"findings":[...]}, the newest first.
    void write(json::Writer& writer, std::size_t limit) const;

    // Since the start, by what was done: each verdict counts once.
    struct Counts {
        std::uint64_t blocked = 0, redacted = 0, alerted = 0;
    };
    [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

private:
    Gate& gate_;
    std::pmr::list<std::pmr::string> kept_;  // payloads of the event, the newest first
    std::uint64_t told_ = 0;
    Counts counts_;
};

}  // namespace gw::method
