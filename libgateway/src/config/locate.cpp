#include "config/config.h"

namespace gw::config {

namespace {

std::string_view variable(const Environment& environment, std::string_view name) {
    if (environment.get == nullptr) return {};
    return environment.get(environment.user, name).value_or(std::string_view{});
}

// "~" and "~/..." as below `home`, as people write them into variables.
std::pmr::string expand(std::string_view path, std::string_view home, std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    if (!home.empty() && (path == "~" || path.starts_with("~/"))) {
        out = home;
        path.remove_prefix(1);
    }
    out += path;
    while (out.size() > 1 && out.back() == '/') out.pop_back();
    return out;
}

}  // namespace

Location locate(std::string_view config_path, const Environment& environment, std::pmr::memory_resource* memory) {
    Location location(memory);
    // A variable's text is valid until the next one is asked for.
    const std::pmr::string home(variable(environment, "HOME"), memory);
    std::pmr::string base = expand(variable(environment, "OPENCLAW_HOME"), home, memory);
    if (base.empty()) base = expand(home, {}, memory);
    location.state_dir = expand(variable(environment, "OPENCLAW_STATE_DIR"), base, memory);
    if (location.state_dir.empty() && !base.empty()) {
        location.state_dir = base;
        if (location.state_dir.back() != '/') location.state_dir += '/';
        location.state_dir += ".openclaw";
    }
    location.must_exist = !config_path.empty();
    const std::pmr::string named = location.must_exist
                                       ? std::pmr::string(config_path, memory)
                                       : expand(variable(environment, "OPENCLAW_CONFIG_PATH"), base, memory);
    if (!named.empty()) {
        location.files.push_back(named);
    } else if (!location.state_dir.empty()) {
        for (const std::string_view name : {"/openclaw.json", "/config.json"}) {
            location.files.push_back(location.state_dir == "/" ? std::pmr::string(memory) : location.state_dir);
            location.files.back() += name;
        }
    }
    return location;
}

}  // namespace gw::config
