// Hooks: what other systems tell the gateway over HTTP, read into one of two deeds.
//
//     POST /hooks/wake     {text, mode?}        ─► HookDeed: a notice for the main session
//     POST /hooks/agent    {message, ...}       ─► HookDeed: a turn of an agent, in a session of its own
//     POST /hooks/<path>   anything ─► mapping ─► either, its text from a template (hook_template.h)
//
// Who may send is decided before (exchange/hook_run.h); what they say is never more than text.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "endpoint/hook_template.h"
#include "json/json.h"

namespace gw::endpoint {

struct HookDeed {
    explicit HookDeed(std::pmr::memory_resource* memory)
        : text(memory), name("Hook", memory), agent_id(memory), session_key(memory), model(memory) {}
    bool wake = false;      // a notice; else a turn
    bool now = true;        // the main session looks at once
    bool trusted = false;   // the text goes to the agent as it is
    std::pmr::string text;  // never empty
    std::pmr::string name;
    std::pmr::string agent_id;     // as asked for; empty: the default agent
    std::pmr::string session_key;  // as asked for; empty: one of its own
    std::pmr::string model;
    std::uint32_t timeout_s = 0;
};

// Each fills `out`, or says why not, in the words that senders know: the answer is 400.
using HookRefusal = std::optional<std::pmr::string>;
[[nodiscard]] HookRefusal read_wake(const json::Value& body, HookDeed& out);
[[nodiscard]] HookRefusal read_hook_agent(const json::Value& body, const config::Hooks& hooks, HookDeed& out);
[[nodiscard]] HookRefusal read_mapped(const config::HookMapping& mapping, const HookContext& context,
                                      const config::Hooks& hooks, HookDeed& out);

// The first mapping that fits; null: none. `path` is below hooks.path, without slashes at its ends.
[[nodiscard]] const config::HookMapping* find_mapping(const config::Hooks& hooks, std::string_view path,
                                                      const json::Value& body) noexcept;
// The mapping whose sender signs instead of showing a token, by the path alone.
[[nodiscard]] const config::HookMapping* find_signed_mapping(const config::Hooks& hooks,
                                                             std::string_view path) noexcept;

}  // namespace gw::endpoint
