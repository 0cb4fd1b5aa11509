#include "endpoint/hooks.h"

#include <algorithm>

#include "core/text.h"

namespace gw::endpoint {

namespace {

HookRefusal refuse_hook(const HookDeed& deed, std::initializer_list<std::string_view> parts) {
    std::pmr::string out(deed.text.get_allocator());
    for (const std::string_view part : parts) out += part;
    return out;
}

std::string_view hook_text(const json::Value& body, std::string_view name) noexcept {
    return trim(body[name].as_string().value_or(std::string_view{}));
}

bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// Who is asked, where, and what may be asked for from outside. `given`: the key comes from the sender.
HookRefusal check_asked(const config::Hooks& hooks, const HookDeed& deed, bool given) {
    if (given && !deed.session_key.empty()) {
        if (!hooks.request_session_key)
            return refuse_hook(deed, {"sessionKey is disabled for externally supplied hook payload values; set "
                                      "hooks.allowRequestSessionKey=true to enable"});
        const auto& prefixes = hooks.session_key_prefixes;
        const bool fits = prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) {
                              return starts_with_ignoring_case(deed.session_key, prefix);
                          });
        if (!fits) {
            HookRefusal out = refuse_hook(deed, {"sessionKey must start with one of: "});
            for (const auto& prefix : prefixes) {
                if (&prefix != &prefixes.front()) *out += ", ";
                *out += prefix;
            }
            return out;
        }
    }
    if (!deed.agent_id.empty() && hooks.agent_ids_set) {
        const bool allowed = std::any_of(hooks.agent_ids.begin(), hooks.agent_ids.end(), [&](const auto& id) {
            return std::string_view(id) == "*" || equals_ignoring_case(id, deed.agent_id);
        });
        if (!allowed) return refuse_hook(deed, {"agentId is not allowed by hooks.allowedAgentIds"});
    }
    return std::nullopt;
}

}  // namespace

HookRefusal read_wake(const json::Value& body, HookDeed& out) {
    out.wake = true;
    out.text = hook_text(body, "text");
    out.now = body["mode"].as_string() != "next-heartbeat";
    if (is_blank(out.text)) return refuse_hook(out, {"text required"});
    return std::nullopt;
}

HookRefusal read_hook_agent(const json::Value& body, const config::Hooks& hooks, HookDeed& out) {
    out.wake = false;
    out.text = hook_text(body, "message");
    if (is_blank(out.text)) return refuse_hook(out, {"message required"});
    if (const std::string_view name = hook_text(body, "name"); !name.empty()) out.name = cut_utf8(name, 128);
    // There is no channel that an answer could be delivered to but the one where the session is.
    if (const json::Value channel = body["channel"]; channel.exists() && channel.as_string() != "last")
        return refuse_hook(out, {"channel must be last"});
    out.agent_id = hook_text(body, "agentId");
    out.session_key = hook_text(body, "sessionKey");
    if (const HookRefusal why = check_asked(hooks, out, true)) return why;
    out.model = hook_text(body, "model");
    if (body["model"].exists() && out.model.empty()) return refuse_hook(out, {"model required"});
    out.now = body["wakeMode"].as_string() != "next-heartbeat";
    if (const auto seconds = body["timeoutSeconds"].as_int(); seconds && *seconds > 0)
        out.timeout_s = static_cast<std::uint32_t>(std::min<std::int64_t>(*seconds, 86400));
    return std::nullopt;
}

HookRefusal read_mapped(const config::HookMapping& mapping, const HookContext& context, const config::Hooks& hooks,
                        HookDeed& out) {
    const auto fill = [&](std::string_view text, std::pmr::string& to) {
        to.clear();
        render_template(text, context, to);
    };
    out.wake = mapping.wake;
    out.now = mapping.now;
    out.trusted = mapping.trusted;
    out.timeout_s = mapping.timeout_s;
    const std::string_view text = mapping.wake ? mapping.text_template : mapping.message_template;
    if (!text.empty()) {
        fill(text, out.text);
    } else {  // what the sender calls its message, else all that it says
        out.text = hook_text(context.body, mapping.wake ? "text" : "message");
        if (out.text.empty() && context.body.size() > 0) out.text = context.body.raw();
    }
    if (is_blank(out.text)) return refuse_hook(out, {mapping.wake ? "text required" : "message required"});
    if (mapping.wake) return std::nullopt;
    if (!mapping.channel.empty() && mapping.channel != "last") return refuse_hook(out, {"channel must be last"});
    fill(mapping.name, out.name);
    out.name = trim(cut_utf8(out.name, 128));
    if (out.name.empty()) out.name = "Hook";
    out.agent_id = mapping.agent_id;
    fill(mapping.session_key, out.session_key);
    fill(mapping.model, out.model);
    return check_asked(hooks, out, has_places(mapping.session_key));
}

const config::HookMapping* find_mapping(const config::Hooks& hooks, std::string_view path,
                                        const json::Value& body) noexcept {
    for (const config::HookMapping& mapping : hooks.mappings) {
        if (!mapping.path.empty() && std::string_view(mapping.path) != path) continue;
        if (!mapping.source.empty() && body["source"].as_string() != std::string_view(mapping.source)) continue;
        return &mapping;
    }
    return nullptr;
}

const config::HookMapping* find_signed_mapping(const config::Hooks& hooks, std::string_view path) noexcept {
    for (const config::HookMapping& mapping : hooks.mappings) {
        if (mapping.scheme != config::HookScheme::none && std::string_view(mapping.path) == path) return &mapping;
    }
    return nullptr;
}

}  // namespace gw::endpoint
