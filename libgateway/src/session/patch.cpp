#include "session/patch.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/text.h"
#include "session/key.h"
#include "session/space.h"

namespace gw::session {

namespace {

enum class Shape : std::uint8_t {
    text,    // any, up to `size` bytes
    choice,  // one of `choices`
    boolean,
    boolean_or_auto,
    once,   // text of a sub-agent that, once said, stays
    count,  // a whole number
    texts,  // a list of texts
    object,
    handled,  // below, by hand
};

// What the fields with choices may be.
namespace words {
constexpr std::string_view verbose[] = {"off", "on", "full"};
constexpr std::string_view reasoning[] = {"off", "on", "stream"};
constexpr std::string_view elevated[] = {"off", "on", "ask", "full"};
constexpr std::string_view trace[] = {"off", "on", "raw"};
constexpr std::string_view exec_host[] = {"sandbox", "gateway", "node"};
constexpr std::string_view exec_security[] = {"deny", "allowlist", "full"};
constexpr std::string_view exec_ask[] = {"off", "on-miss", "always"};
constexpr std::string_view send_policy[] = {"allow", "deny"};
constexpr std::string_view activation[] = {"mention", "always"};
constexpr std::string_view role[] = {"orchestrator", "leaf"};
constexpr std::string_view control[] = {"children", "none"};
constexpr std::string_view permission[] = {"read-only", "guarded", "workspace", "full"};
constexpr std::string_view attention[] = {"hand", "key", "alert", "flag", "lock", "hourglass"};
constexpr std::string_view face[] = {"chat", "dashboard"};
constexpr std::string_view thinking[] = {"off", "minimal", "low", "medium", "high", "xhigh", "adaptive"};
}  // namespace words

struct FieldRule {
    std::string_view name;
    Shape shape;
    std::size_t size = 512;  // text: bytes
    std::span<const std::string_view> choices = {};
};

const FieldRule rules_of_fields[] = {
    {"label", Shape::text, label_bytes_max},
    {"displayName", Shape::text, 500},
    {"category", Shape::text, 512},
    {"icon", Shape::text, 64},
    {"color", Shape::text, 64},
    {"statusNote", Shape::text, 480},
    {"contextWindow", Shape::text, 64},
    {"execNode", Shape::text, 256},
    {"completionOwnerSessionKey", Shape::text, key_bytes_max},
    {"thinkingLevel", Shape::handled},
    {"model", Shape::handled},
    {"responseUsage", Shape::handled},
    {"fastMode", Shape::boolean_or_auto},
    {"verboseLevel", Shape::choice, 0, words::verbose},
    {"traceLevel", Shape::choice, 0, words::trace},
    {"reasoningLevel", Shape::choice, 0, words::reasoning},
    {"elevatedLevel", Shape::choice, 0, words::elevated},
    {"execHost", Shape::choice, 0, words::exec_host},
    {"execSecurity", Shape::choice, 0, words::exec_security},
    {"execAsk", Shape::choice, 0, words::exec_ask},
    {"sendPolicy", Shape::choice, 0, words::send_policy},
    {"groupActivation", Shape::choice, 0, words::activation},
    {"permissionMode", Shape::choice, 0, words::permission},
    {"attention", Shape::choice, 0, words::attention},
    {"boardFace", Shape::choice, 0, words::face},
    {"spawnedBy", Shape::once, key_bytes_max},
    {"spawnedWorkspaceDir", Shape::once, 4096},
    {"subagentRole", Shape::choice, 0, words::role},
    {"subagentControlScope", Shape::choice, 0, words::control},
    {"spawnDepth", Shape::count},
    {"ttlMinutes", Shape::handled},
    {"archived", Shape::boolean},
    {"pinned", Shape::boolean},
    {"unread", Shape::handled},
    {"inheritedToolAllow", Shape::texts},
    {"inheritedToolDeny", Shape::texts},
    {"inheritedToolPolicyVersion", Shape::count},
    {"toolOverrides", Shape::object},
};

constexpr std::size_t json_bytes_max = 16384;  // of a list or an object

// The spelling of a choice, case ignored; "" when it is none.
std::string_view chosen(std::string_view text, std::span<const std::string_view> choices) noexcept {
    for (const std::string_view choice : choices) {
        if (equals_ignoring_case(trimmed(text), choice)) return choice;
    }
    return {};
}

class Patch {
public:
    Patch(std::string_view key, const Entry& entry, const PatchRules& rules, std::uint64_t now_ms, Changes& out,
          Refusal& refusal)
        : key_(key), entry_(entry), rules_(rules), now_ms_(now_ms), out_(out), refusal_(refusal) {}

    bool field(const FieldRule& rule, const json::Value& value) {
        if (value.kind() == json::Kind::null) return clear(rule);
        switch (rule.shape) {
        case Shape::text: return text(rule, value);
        case Shape::once: return once(rule, value);
        case Shape::choice: return choice(rule, value);
        case Shape::boolean: return boolean(rule, value);
        case Shape::boolean_or_auto:
            if (value.as_string() == "auto") return set(rule.name, "auto");
            return boolean(rule, value);
        case Shape::count: return count(rule, value);
        case Shape::texts: return texts(rule, value);
        case Shape::object:
            if (!value.is(json::Kind::object) || value.raw().size() > json_bytes_max) {
                return refusal_.say("invalid ", rule.name, " (use an object)");
            }
            out_.set_json(rule.name, value.raw());
            return true;
        case Shape::handled: break;
        }
        if (rule.name == "thinkingLevel") return thinking_level(value);
        if (rule.name == "responseUsage") return response_usage(value);
        if (rule.name == "ttlMinutes") return ttl(value);
        if (rule.name == "unread") return unread(value);
        return model(value);
    }

private:
    bool set(std::string_view name, std::string_view text) {
        out_.set(name, text);
        return true;
    }

    bool clear(const FieldRule& rule) {
        if (rule.shape == Shape::once && entry_.has(rule.name)) {
            return refusal_.say(rule.name, " cannot be cleared once set");
        }
        if (rule.name == "model") {
            out_.remove({"providerOverride", "modelOverride", "modelOverrideSource"});
        } else {
            out_.remove(rule.name);
        }
        if (rule.name == "attention") out_.remove("attentionUntil");
        return true;
    }

    bool text(const FieldRule& rule, const json::Value& value) {
        const auto given = value.as_string();
        if (!given) return refusal_.say("invalid ", rule.name, " (use text)");
        const std::string_view kept = trimmed(*given);
        if (kept.empty()) return refusal_.say("invalid ", rule.name, ": empty");
        if (kept.size() > rule.size) return refusal_.say("invalid ", rule.name, ": too long");
        return set(rule.name, kept);
    }

    bool once(const FieldRule& rule, const json::Value& value) {
        const auto parts = parse_key(key_);
        const std::string_view rest = parts ? parts->rest : key_;
        if (!rest.starts_with("subagent:") && !rest.starts_with("acp:")) {
            return refusal_.say(rule.name, " is only supported for subagent:* and acp:* sessions");
        }
        if (const auto now = entry_.text(rule.name); now && *now != value.as_string().value_or("")) {
            return refusal_.say(rule.name, " cannot be changed once set");
        }
        return text(rule, value);
    }

    bool choice(const FieldRule& rule, const json::Value& value) {
        const std::string_view found = chosen(value.as_string().value_or(""), rule.choices);
        if (!found.empty()) return set(rule.name, found);
        refusal_.say("invalid ", rule.name, " (use ");
        for (std::size_t i = 0; i < rule.choices.size(); ++i) {
            refusal_.text.append(i == 0 ? "\"" : "|\"").append(rule.choices[i]) += '"';
        }
        refusal_.text += ')';
        return false;
    }

    bool boolean(const FieldRule& rule, const json::Value& value) {
        const auto given = value.as_bool();
        if (!given) return refusal_.say("invalid ", rule.name, " (use true or false)");
        out_.set(rule.name, *given);
        return true;
    }

    bool count(const FieldRule& rule, const json::Value& value) {
        const auto given = value.as_int();
        if (!given || *given < 0 || *given > 1000000) {
            return refusal_.say("invalid ", rule.name, " (use an integer >= 0)");
        }
        out_.set(rule.name, static_cast<std::uint64_t>(*given));
        return true;
    }

    bool texts(const FieldRule& rule, const json::Value& value) {
        bool good = value.is(json::Kind::array) && value.raw().size() <= json_bytes_max;
        for (json::Value v = value.first(); good && v.exists(); v = v.next()) good = v.is(json::Kind::string);
        if (!good) return refusal_.say("invalid ", rule.name, " (use a list of texts)");
        out_.set_json(rule.name, value.raw());
        return true;
    }

    bool thinking_level(const json::Value& value) {
        const std::string_view level = chosen(value.as_string().value_or(""), words::thinking);
        if (!level.empty() && (level != "xhigh" || rules_.xhigh_thinking)) return set("thinkingLevel", level);
        refusal_.say("invalid thinkingLevel (use ");
        bool first = true;
        for (const std::string_view known : words::thinking) {
            if (known == "xhigh" && !rules_.xhigh_thinking) continue;
            if (!first) refusal_.text += '|';
            first = false;
            refusal_.text.append(known);
        }
        refusal_.text += ')';
        return false;
    }

    // "on" is an older word for "tokens"; off is what a conversation is that says nothing.
    bool response_usage(const json::Value& value) {
        constexpr std::array<std::string_view, 4> choices{"off", "tokens", "full", "on"};
        const std::string_view found = chosen(value.as_string().value_or(""), choices);
        if (found.empty()) return refusal_.say(R"(invalid responseUsage (use "off"|"tokens"|"full"))");
        if (found == "off") {
            out_.remove("responseUsage");
            return true;
        }
        return set("responseUsage", found == "on" ? "tokens" : found);
    }

    bool ttl(const json::Value& value) {
        const auto minutes = value.as_int();
        if (!minutes || *minutes < 1 || *minutes > 120) {
            return refusal_.say("invalid ttlMinutes (use an integer from 1 to 120)");
        }
        out_.set("attentionUntil", now_ms_ + static_cast<std::uint64_t>(*minutes) * 60000);
        return true;
    }

    bool unread(const json::Value& value) {
        const auto given = value.as_bool();
        if (!given) return refusal_.say("invalid unread (use true or false)");
        if (*given) {
            out_.set("markedUnreadAt", now_ms_);
        } else {
            out_.remove("markedUnreadAt").set("lastReadAt", now_ms_);
        }
        return true;
    }

    bool model(const json::Value& value) {
        const std::string_view name = trimmed(value.as_string().value_or(""));
        if (name.empty()) return refusal_.say("invalid model: empty");
        ModelChoice found;
        if (!rules_.find_model || !rules_.find_model(name, found)) {
            return refusal_.say("model not allowed: ", cut_utf8(name, 200));
        }
        if (found.is_default) {
            out_.remove({"providerOverride", "modelOverride", "modelOverrideSource"});
        } else {
            out_.set("providerOverride", found.provider)
                .set("modelOverride", found.model)
                .set("modelOverrideSource", "user");
        }
        // What the last run used says nothing about the next one.
        out_.remove({"modelProvider", "model", "contextTokens"});
        return true;
    }

    std::string_view key_;
    const Entry& entry_;
    const PatchRules& rules_;
    std::uint64_t now_ms_;
    Changes& out_;
    Refusal& refusal_;
};

// Conditions of the newer protocol: the client has seen the conversation as it is.
bool as_expected(const json::Value& request, const Entry& entry, std::string_view key, Refusal& refusal) {
    const auto same = [&](std::string_view expected, std::string_view field) {
        const json::Value value = request[expected];
        return !value.exists() || value.as_string() == std::string_view(entry.text(field).value_or(std::pmr::string()));
    };
    if (same("expectedSessionId", "sessionId") && same("expectedLifecycleRevision", "lifecycleRevision")) return true;
    refusal.say("Session ", key, " has changed.");
    refusal.status = GW_ERR_STATE;
    return false;
}

}  // namespace

bool plan_patch(const json::Value& request, std::string_view key, const Entry& entry, const PatchRules& rules,
                std::uint64_t now_ms, Changes& out, Refusal& refusal) {
    if (!as_expected(request, entry, key, refusal)) return false;
    Patch patch(key, entry, rules, now_ms, out, refusal);
    for (const FieldRule& rule : rules_of_fields) {
        const json::Value value = request[rule.name];
        if (value.exists() && !patch.field(rule, value)) return false;
    }
    return true;
}

}  // namespace gw::session
