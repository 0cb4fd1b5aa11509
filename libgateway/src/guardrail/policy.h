// Policy: from how bad it is to what is done.
//
//     severity --- profile, block_from ---> allow | alert | block --- mode, direction, confirm ---> what is done
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "guardrail/pack.h"

namespace gw::guardrail {

enum class Mode : std::uint8_t {
    action,   // redact and block
    observe,  // change nothing
    redact,   // redact, block nothing
};
enum class Action : std::uint8_t { allow, alert, confirm, block };

// Who can be asked before something is let through.
enum class Confirm : std::uint8_t {
    off,
    ask,       // somebody who can wait for the answer
    as_alert,  // nobody: let it through and say so (the proxy)
    as_block,  // nobody: refuse (the inspection API)
};

// What happens when more text would have to be held than the limit allows.
enum class AtLimit : std::uint8_t { block, release };

struct Policy {
    Mode mode = Mode::action;
    Profile profile = Profile::standard;
    std::optional<Severity> block_from;  // instead of the profile's
    Confirm confirm = Confirm::off;
    Severity confirm_from = Severity::high;
};

// What the profile says, whatever the mode and the direction.
[[nodiscard]] Action action_of(const Policy& policy, Severity severity) noexcept;

struct Decided {
    Action raw = Action::allow;     // what the profile says
    Action action = Action::allow;  // what is done
    bool lowered = false;           // the direction is why they differ: prompts block from CRITICAL only
};
[[nodiscard]] Decided decide(const Policy& policy, Severity severity, Direction direction) noexcept;

[[nodiscard]] std::string_view name_of(Action action) noexcept;

}  // namespace gw::guardrail
