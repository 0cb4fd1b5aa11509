#include "guardrail/policy.h"

#include <algorithm>

namespace gw::guardrail {

namespace {

struct Levels {
    Severity block, alert;
};

Levels levels_of(Profile profile) noexcept {
    switch (profile) {
    case Profile::standard: return {Severity::critical, Severity::medium};
    case Profile::strict: return {Severity::medium, Severity::low};
    case Profile::permissive: return {Severity::critical, Severity::high};
    }
    return {Severity::critical, Severity::medium};
}

}  // namespace

Action action_of(const Policy& policy, Severity severity) noexcept {
    const Levels levels = levels_of(policy.profile);
    if (severity >= policy.block_from.value_or(levels.block)) return Action::block;
    return severity >= levels.alert ? Action::alert : Action::allow;
}

Decided decide(const Policy& policy, Severity severity, Direction direction) noexcept {
    Decided out;
    out.raw = out.action = action_of(policy, severity);
    if (policy.mode != Mode::action) {
        out.action = std::min(out.action, Action::alert);
        return out;
    }
    if (policy.confirm != Confirm::off && severity >= policy.confirm_from && out.action != Action::allow)
        out.action = Action::confirm;
    // A person wrote the prompt and is there to see the alert; what the model or a tool does is another thing.
    if (direction == Direction::prompt && severity < Severity::critical && out.action >= Action::confirm) {
        out.action = Action::alert;
        out.lowered = true;
    }
    if (out.action == Action::confirm && policy.confirm == Confirm::as_alert) out.action = Action::alert;
    if (out.action == Action::confirm && policy.confirm == Confirm::as_block) out.action = Action::block;
    return out;
}

std::string_view name_of(Action action) noexcept {
    switch (action) {
    case Action::allow: return "allow";
    case Action::alert: return "alert";
    case Action::confirm: return "confirm";
    case Action::block: return "block";
    }
    return "allow";
}

}  // namespace gw::guardrail
