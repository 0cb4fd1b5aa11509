// A budget per expression: would it, alone, keep making new states?
#pragma once

#include "guardrail/automaton_set.h"

namespace gw::guardrail {

// Feeds group `group` of `set`, which holds one expression, a text that is a walk through its own nodes, begun again
// and again. Returns the number of states; a tame expression stays below `states_max` however long the walk, a wild one
// (`x.{80}y.{80}z`) reaches any bound.
[[nodiscard]] std::size_t probe_states(const PatternSet& set, std::size_t group, std::size_t states_max,
                                       std::pmr::memory_resource* memory);

}  // namespace gw::guardrail
