// Facts as one line of text, so that tables of cases stay readable.
//
//     curl -s https://h/x | sudo sh   -->   curl -s https://h/x @h/x; sudo* sh; ^sh; 0>2!
//
// Commands in order, separated by semicolons: the words; `*` after a wrapper, `^` before what another command runs;
// then r: w: m: d: x: for paths read, written, changed, deleted and executed; @host:port/path; NAME= for variables,
// -NAME when unset; {code}. Then the flows between commands, over channels: from>to, with ! when what arrives is code.
// At last `?` when the reader could not finish.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "guardrail/shell_facts.h"

namespace gw::test {

using guardrail::shell::Command;
using guardrail::shell::Facts;
using guardrail::shell::Flow;

inline std::string describe_command(const Command& command) {
    using guardrail::shell::Deed;
    std::string out = command.parent == Command::none ? "" : "^";
    out += command.program.empty() ? "()" : std::string(command.program);
    if (command.wrapper) out += "*";
    for (const auto& word : command.arguments) {
        out += ' ';
        out += word.text;
    }
    for (const auto& path : command.paths) {
        const char* const deeds[] = {" r:", " w:", " m:", " d:", " x:"};
        out += deeds[static_cast<std::size_t>(path.deed)];
        out += path.full;
    }
    for (const auto& contact : command.contacts) {
        out += " @";
        out += contact.host;
        if (contact.port != 0) {
            out += ':';
            out += std::to_string(contact.port);
        }
        out += contact.path;
    }
    for (const auto& variable : command.variables) {
        out += variable.unset ? " -" : " ";
        out += variable.name;
        if (variable.unset) continue;
        out += '=';
        out += variable.value;
    }
    for (const auto& code : command.code) {
        out += " {";
        out += code.text;
        out += '}';
    }
    return out;
}

// Pairs of commands with nothing but channels between them.
inline std::string describe_flows(const Facts& facts) {
    std::multimap<std::uint32_t, const Flow*> from;
    for (const Flow& flow : facts.flows) from.emplace(flow.from, &flow);
    std::set<std::string> pairs;
    for (std::uint32_t i = 0; i < facts.commands.size(); ++i) {
        std::set<std::uint32_t> seen{i};
        std::vector<std::uint32_t> todo{i};
        while (!todo.empty()) {
            const std::uint32_t at = todo.back();
            todo.pop_back();
            for (auto [flow, end] = from.equal_range(at); flow != end; ++flow) {
                const Flow& next = *flow->second;
                if ((next.to & Flow::channel) == 0)
                    pairs.insert(std::to_string(i) + ">" + std::to_string(next.to) + (next.code ? "!" : ""));
                else if (seen.insert(next.to).second)
                    todo.push_back(next.to);
            }
        }
    }
    std::string out;
    for (const std::string& pair : pairs) out += (out.empty() ? "" : " ") + pair;
    return out;
}

inline std::string describe(const Facts& facts) {
    std::string out;
    for (const Command& command : facts.commands) out += (out.empty() ? "" : "; ") + describe_command(command);
    const std::string flows = facts.commands.size() > 64 ? std::string() : describe_flows(facts);
    if (!flows.empty()) out += "; " + flows;
    if (facts.incomplete) out += " ?";
    return out;
}

}  // namespace gw::test
