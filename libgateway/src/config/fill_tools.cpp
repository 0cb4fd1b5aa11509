// tools.exec: may agents run programs here.
#include <algorithm>

#include "config/fill.h"

namespace gw::config {

void fill_tools(const Node& root, Config& out, Report& report) {
    ExecTool& exec = out.exec;
    constexpr std::string_view host_path = "tools.exec.host";
    const std::string_view host = text_at(root, host_path);
    if (!host.empty() && host != "gateway")
        report.warn(host_path, place_of(root.at(host_path)),
                    {"has no effect: programs of agents run on the gateway's machine (\"gateway\") or not at all"});
    exec.security = text_at(root, "tools.exec.security");
    exec.ask = text_at(root, "tools.exec.ask");
    exec.timeout_s = integer_at(root, "tools.exec.timeoutSec", exec.timeout_s);
    constexpr std::string_view prepend_path = "tools.exec.pathPrepend";
    texts_at(root, prepend_path, exec.path_prepend);
    for (const std::pmr::string& directory : exec.path_prepend) {
        if (!directory.starts_with('/'))
            report.error(prepend_path, place_of(root.at(prepend_path)), {"must be a list of absolute paths"});
    }
    std::pmr::vector<std::pmr::string> denied(report.memory());
    texts_at(root, "tools.deny", denied);
    const bool is_denied = std::any_of(denied.begin(), denied.end(), [](const auto& name) {
        return name == "exec" || name == "group:runtime" || name == "*";
    });
    exec.enabled = host == "gateway" && !is_denied && std::string_view(exec.security) != "deny";
}

}  // namespace gw::config
