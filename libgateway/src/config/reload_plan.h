// What to do about a changed configuration: which keys changed, and what each of them asks for.
//
//     before, after -- diff() --> "gateway.port", "agents.list" -- by the longest way of the table --> Plan
//
// The table is OpenClaw's: the first prefix that fits decides; what is in no row wants a restart.
#pragma once

#include <cstdint>
#include <span>

#include "config/config.h"
#include "config/tree.h"

namespace gw::config {

enum class Effect : std::uint8_t {
    none,     // read at its next use
    section,  // one part of the gateway takes it over
    restart,
};

struct ReloadRule {
    std::string_view prefix;  // "hooks" fits "hooks" and "hooks.token", not "hooksmith"
    Effect effect;
    std::string_view part;  // of the gateway; "" for none and restart
};
[[nodiscard]] std::span<const ReloadRule> reload_rules() noexcept;
// For "gateway.auth.token" the row of "gateway".
[[nodiscard]] const ReloadRule& reload_rule(std::string_view path) noexcept;

struct ReloadPlan {
    explicit ReloadPlan(std::pmr::memory_resource* memory) : changed(memory), waiting(memory), parts(memory) {}
    std::pmr::vector<std::pmr::string> changed;  // all paths
    std::pmr::vector<std::pmr::string> waiting;  // of these: what only a restart applies
    std::pmr::vector<std::string_view> parts;    // that take something over, each once
    bool apply = false;                          // use the new configuration from now on
    bool restart = false;

    [[nodiscard]] bool has_part(std::string_view part) const noexcept;
};

[[nodiscard]] ReloadPlan plan_reload(const Node& before, const Node& after, ReloadMode mode,
                                     std::pmr::memory_resource* memory);

}  // namespace gw::config
