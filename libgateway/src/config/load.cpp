#include "config/load.h"
#include "config/fill.h"
#include "config/schema.h"

namespace gw::config {

bool load(std::string_view text, const Environment& environment, Config& out, std::pmr::vector<Problem>& problems,
          std::pmr::memory_resource* memory, LoadDetails* details) {
    out = Config(out.agents.get_allocator().resource());
    Report report(problems, memory);
    std::pmr::vector<Migration> migrations(memory);
    Node root = read_tree(text, environment, report, migrations);
    if (report.failed()) return false;
    for (const Migration& one : migrations) report.warn(one.path, std::nullopt, {one.message});
    const Variables variables(environment, root, memory);
    substitute(root, variables, report);
    check(root, variables, report);
    fill_gateway(root, environment, variables, out, report);
    fill_guardrail(root, variables, out, report);
    fill_providers(root, out, report);
    fill_agents(root, out, report);
    fill_hooks(root, out, report);
    fill_tools(root, out, report);
    fill_session(root, out, report);
    fill_discovery(root, variables, out);
    fill_reload(root, out);
    if (details != nullptr) {
        details->resolved = std::move(root);
        details->migrations = std::move(migrations);
    }
    return !report.failed();
}

}  // namespace gw::config
