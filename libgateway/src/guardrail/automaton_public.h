// Which openings of a `mask` pattern may leave before more is known: those that the pattern spells out itself.
//
//     sk-ant-api03-[A-Za-z0-9_-]{80}      "s" "sk" ... "sk-ant-api"   spelled out; digits may be data
//     (?i)api_?key\s*=\s*\S+              "a" ... "API_KEY = "        spelled out; what is behind it is not
//     [a-z.]+@[a-z]+                      nothing                     the first character is one of many already
//
// A node is public when every way to it is spelled out. So of a match nothing leaves but such an opening, which says
// what kind of secret follows and nothing of it.
#pragma once

#include <memory_resource>
#include <vector>

#include "guardrail/automaton_program.h"

namespace gw::guardrail {

// Marks the public nodes of one expression or part in `nodes`, which it extends to all of them.
void mark_openings(const Program& program, const Entry& entry, std::pmr::vector<bool>& nodes);

}  // namespace gw::guardrail
