// Agents in the text of a configuration, as methods make, change and remove them.
//
//     agents: { list: [ { id: "main" }, { id: "ops", name: "Ops" } ] }      or      entries: { ops: { name: "Ops" } }
//
// What stands in an included file is not found here: only the main file is ever written.
#pragma once

#include "config/tree.h"

namespace gw::config {

struct AgentFields {
    std::string_view id;
    // Those without a value stay as they are.
    std::optional<std::string_view> name, workspace, emoji, avatar;
    std::optional<std::string_view> model;  // empty: none of its own
};

// Makes the agent. `resolved`: the whole configuration, which knows whether there is one; the agent that counts when no
// other is named is then named, too, so that it does not vanish.
void add_agent(Node& tree, const Node& resolved, const AgentFields& fields);
// False: it does not stand in this file.
[[nodiscard]] bool change_agent(Node& tree, const AgentFields& fields);
// Removes it and the bindings that lead to it; answers how many these were. Nothing: it does not stand in this file.
[[nodiscard]] std::optional<std::size_t> remove_agent(Node& tree, std::string_view id);

}  // namespace gw::config
