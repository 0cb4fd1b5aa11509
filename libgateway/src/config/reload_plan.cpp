#include "config/reload_plan.h"

#include <algorithm>

#include "config/patch.h"

namespace gw::config {

namespace {

constexpr std::size_t changed_count_max = 200;

constexpr ReloadRule rules[] = {
    {"gateway.remote", Effect::none, ""},
    {"gateway.reload", Effect::none, ""},
    {"gateway.auth.rateLimit", Effect::section, "auth-limiter"},
    {"gateway.channelHealthCheckMinutes", Effect::section, "health-monitor"},
    {"diagnostics.stuckSessionWarnMs", Effect::none, ""},
    {"hooks.gmail", Effect::section, "mail-watcher"},
    {"hooks", Effect::section, "hooks"},
    {"agents.defaults.heartbeat", Effect::section, "heartbeat"},
    {"agents.defaults.models", Effect::section, "heartbeat"},
    {"agents.defaults.model", Effect::section, "heartbeat"},
    {"models", Effect::section, "models"},
    {"agent.heartbeat", Effect::section, "heartbeat"},
    {"cron", Effect::section, "cron"},
    {"browser", Effect::section, "browser"},
    {"channels", Effect::section, "channels"},
    // What the guardrail reads at every request; its ports, packs and connectors are read once.
    {"guardrail.mode", Effect::section, "guardrail"},
    {"guardrail.block_message", Effect::section, "guardrail"},
    {"guardrail.hilt", Effect::section, "guardrail"},
    {"meta", Effect::none, ""},
    {"identity", Effect::none, ""},
    {"wizard", Effect::none, ""},
    {"logging", Effect::section, "log"},
    {"agents", Effect::none, ""},
    {"tools", Effect::none, ""},
    {"bindings", Effect::none, ""},
    {"audio", Effect::none, ""},
    {"agent", Effect::none, ""},
    {"routing", Effect::none, ""},
    {"messages", Effect::none, ""},
    {"session", Effect::none, ""},
    {"talk", Effect::none, ""},
    {"skills", Effect::none, ""},
    {"secrets", Effect::none, ""},
    {"ui", Effect::none, ""},
    {"$schema", Effect::none, ""},
    {"plugins", Effect::restart, ""},
    {"gateway", Effect::restart, ""},
    {"discovery", Effect::restart, ""},
    {"canvasHost", Effect::restart, ""},
    {"", Effect::restart, ""},
};

bool fits(std::string_view path, std::string_view prefix) noexcept {
    return prefix.empty() || (path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '.' ||
                                                           path[prefix.size()] == '['));
}

}  // namespace

std::span<const ReloadRule> reload_rules() noexcept { return rules; }

const ReloadRule& reload_rule(std::string_view path) noexcept {
    return *std::find_if(std::begin(rules), std::end(rules),
                         [path](const ReloadRule& rule) { return fits(path, rule.prefix); });
}

bool ReloadPlan::has_part(std::string_view part) const noexcept {
    return std::find(parts.begin(), parts.end(), part) != parts.end();
}

ReloadPlan plan_reload(const Node& before, const Node& after, ReloadMode mode, std::pmr::memory_resource* memory) {
    ReloadPlan plan(memory);
    diff(before, after, changed_count_max, plan.changed);
    for (const std::pmr::string& path : plan.changed) {
        // Of a whole section that is new or gone, the strictest of what may be in it.
        bool restart = false;
        const auto add = [&](const ReloadRule& rule) {
            restart = restart || rule.effect == Effect::restart;
            if (rule.effect == Effect::section && !plan.has_part(rule.part)) plan.parts.push_back(rule.part);
        };
        add(reload_rule(path));
        for (const ReloadRule& rule : rules) {
            if (!rule.prefix.empty() && fits(rule.prefix, path)) add(rule);
        }
        if (restart) plan.waiting.push_back(path);
    }
    if (plan.changed.empty() || mode == ReloadMode::off) return plan;
    plan.restart = mode == ReloadMode::restart || (mode == ReloadMode::hybrid && !plan.waiting.empty());
    plan.apply = !plan.restart && plan.waiting.size() < plan.changed.size();
    return plan;
}

}  // namespace gw::config
