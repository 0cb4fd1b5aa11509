// session: the names of conversations, and when they begin anew by themselves.
#include <utility>

#include "config/fill.h"
#include "core/text.h"

namespace gw::config {

namespace {

constexpr std::uint32_t idle_minutes_default = 60;  // of mode "idle"

// What is not said stays as it is.
void fill_rule(const Node& node, ResetRule& rule) {
    const std::string_view mode = text_at(node, "mode");
    if (!mode.empty()) rule.daily = mode == "daily";
    rule.at_hour = integer_at(node, "atHour", rule.at_hour);
    if (mode == "idle" && rule.idle_minutes == 0) rule.idle_minutes = idle_minutes_default;
    rule.idle_minutes = integer_at(node, "idleMinutes", rule.idle_minutes);
}

}  // namespace

void fill_session(const Node& root, Config& out, Report& report) {
    Config::Session& session = out.session;
    if (const std::string_view key = text_at(root, "session.mainKey"); !key.empty()) {
        session.main_key.clear();
        for (const char c : key) session.main_key += ascii_lower(c);
    }
    session.global = text_at(root, "session.scope") == "global";

    constexpr std::string_view types_path = "session.resetByType";
    const Node* const all = root.at("session.reset");
    const Node* const types = root.at(types_path);
    ResetRule& rule = session.reset;
    if (root.at("session.idleMinutes") != nullptr) {  // older than session.reset, and alone it meant nothing but idle
        rule.idle_minutes = integer_at(root, "session.idleMinutes", rule.idle_minutes);
        rule.daily = all != nullptr || types != nullptr;
    }
    if (all != nullptr) fill_rule(*all, rule);
    session.reset_direct = session.reset_group = session.reset_thread = rule;
    if (types == nullptr) return;
    for (const Node& one : types->children) {
        const std::string_view name = one.key;
        if (name == "direct" || name == "dm") {
            fill_rule(one, session.reset_direct);
        } else if (name == "group") {
            fill_rule(one, session.reset_group);
        } else if (name == "thread") {
            fill_rule(one, session.reset_thread);
        } else {
            report.error(types_path, one.place, {"knows direct, group and thread, not \"", name, "\""});
        }
    }
}

}  // namespace gw::config
