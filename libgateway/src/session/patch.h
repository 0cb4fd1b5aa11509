// What clients may change of a conversation, field by field: sessions.patch.
//
//     {"key":…,"thinkingLevel":"high","label":null}  ->  set thinkingLevel, remove label     or: why not, in words
//
// null clears a field. The words of a refusal are shown to people, so they say what would be accepted.
#pragma once

#include <functional>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/result.h"
#include "json/json.h"
#include "session/entry.h"

namespace gw::session {

// Why a request was refused, as its client reads it. GW_ERR_ARGUMENT and GW_ERR_STATE: the request was wrong; anything
// else: it was fine, and could not be done now.
struct Refusal {
    explicit Refusal(std::pmr::memory_resource* memory) : text(memory) {}
    gw_status status = GW_ERR_ARGUMENT;
    std::pmr::string text;

    // Both return false, so that `return refusal.say(...)` reads well.
    bool say(std::string_view a, std::string_view b = {}, std::string_view c = {}) {
        status = GW_ERR_ARGUMENT;
        text.assign(a).append(b).append(c);
        return false;
    }
    bool because(const Error& error) {
        status = error.status;
        text.assign(error.what);
        return false;
    }
};

// A model as a client names it, found in the catalogue.
struct ModelChoice {
    std::string_view provider, model;
    bool is_default = false;  // of the agent: then there is nothing to remember
};

struct PatchRules {
    // Finds a model by "provider/model" or alias; false: there is none, or it is not allowed.
    std::function<bool(std::string_view name, ModelChoice& out)> find_model;
    bool xhigh_thinking = false;  // whether the model knows that level
};

inline constexpr std::size_t label_bytes_max = 512;

// Turns a request into changes of `entry`. Unknown fields are for the caller's parameter check; here they are ignored.
[[nodiscard]] bool plan_patch(const json::Value& request, std::string_view key, const Entry& entry,
                              const PatchRules& rules, std::uint64_t now_ms, Changes& out, Refusal& refusal);

}  // namespace gw::session
