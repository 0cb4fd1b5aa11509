// hooks: what other systems may tell the gateway over HTTP.
#include <algorithm>

#include "config/fill.h"
#include "core/text.h"

namespace gw::config {

namespace {

using json::Kind;

class HooksReader {
public:
    HooksReader(const Node& section, Config& config, Report& report)
        : section_(section), config_(config), out_(config.hooks), report_(report) {}

    void fill() {
        out_.enabled = boolean_at(section_, "enabled", false);
        out_.token = text_at(section_, "token");
        out_.body_bytes_max = integer_at(section_, "maxBodyBytes", out_.body_bytes_max);
        out_.default_session_key = text_at(section_, "defaultSessionKey");
        out_.request_session_key = boolean_at(section_, "allowRequestSessionKey", false);
        texts_at(section_, "allowedSessionKeyPrefixes", out_.session_key_prefixes);
        out_.agent_ids_set = section_.find("allowedAgentIds") != nullptr;
        texts_at(section_, "allowedAgentIds", out_.agent_ids);
        path();
        token();
        if (const Node* const list = section_.find("mappings"); list != nullptr && list->is(Kind::array)) {
            for (std::size_t i = 0; i < list->children.size(); ++i) mapping(list->children[i], i);
        }
    }

private:
    void path();
    void token();
    void mapping(const Node& node, std::size_t index);
    [[nodiscard]] bool has_agent(std::string_view id) const noexcept {
        return std::any_of(config_.agents.begin(), config_.agents.end(),
                           [id](const Agent& agent) { return std::string_view(agent.id) == id; });
    }

    const Node& section_;
    Config& config_;
    Hooks& out_;
    Report& report_;
};

std::string_view without_slashes(std::string_view text) noexcept {
    while (text.ends_with('/')) text.remove_suffix(1);
    while (text.starts_with('/')) text.remove_prefix(1);
    return text;
}

void HooksReader::path() {
    const Node* const node = section_.find("path");
    if (node == nullptr || !node->is(Kind::string)) return;
    const std::string_view text = without_slashes(node->text);
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '/';
    });
    if (text.empty()) {
        report_.error("hooks.path", node->place, {"must not be \"/\": every other path would be a hook"});
    } else if (!plain || text.find("//") != std::string_view::npos) {
        report_.error("hooks.path", node->place,
                      {"must be a path such as /hooks: letters, digits, '-', '_' and single slashes"});
    } else {
        (out_.path = "/") += text;
    }
}

void HooksReader::token() {
    if (!out_.enabled) return;
    if (out_.token.empty()) {
        report_.error("hooks.token", section_.place,
                      {"is missing: hooks need a token of their own, which senders show"});
    } else if (out_.token == config_.auth.token || out_.token == config_.auth.password) {
        report_.error(
            "hooks.token", section_.find("token")->place,
            {"must differ from the token of the gateway: whoever sends to a hook may not do everything else"});
    }
}

void HooksReader::mapping(const Node& node, std::size_t index) {
    if (!node.is(Kind::object)) return;
    std::pmr::string where("hooks.mappings", report_.memory());
    append_index(where, index);
    const std::size_t size = where.size();
    const auto error = [&](std::string_view key, Report::Pieces message) {
        where.resize(size);
        (where += '.') += key;
        const Node* const at = node.at(key);
        report_.error(where, at != nullptr ? at->place : node.place, message);
    };
    HookMapping& out = out_.mappings.emplace_back(HookMapping(out_.mappings.get_allocator().resource()));
    out.path = without_slashes(text_at(node, "match.path"));
    out.source = text_at(node, "match.source");
    out.wake = text_at(node, "action") == "wake";
    out.now = text_at(node, "wakeMode") != "next-heartbeat";
    out.name = text_at(node, "name");
    out.agent_id = text_at(node, "agentId");
    out.session_key = text_at(node, "sessionKey");
    out.message_template = text_at(node, "messageTemplate");
    out.text_template = text_at(node, "textTemplate");
    out.channel = text_at(node, "channel");
    out.model = text_at(node, "model");
    out.timeout_s = integer_at(node, "timeoutSeconds", out.timeout_s);
    out.trusted = boolean_at(node, "allowUnsafeExternalContent", false);
    if (node.find("transform") != nullptr)
        error("transform", {"needs a JavaScript runtime, which this gateway does not have; use templates"});
    if (!out.agent_id.empty() && !has_agent(out.agent_id)) error("agentId", {"names an agent that is not configured"});
    if (out.trusted) {
        where.resize(size);
        report_.warn(where += ".allowUnsafeExternalContent", node.at("allowUnsafeExternalContent")->place,
                     {"puts the text of strangers to the agent as if you had written it"});
    }
    const Node* const signature = node.find("signature");
    if (signature == nullptr || !signature->is(Kind::object)) return;
    const std::string_view scheme = text_at(*signature, "scheme");
    out.scheme = scheme == "github"   ? HookScheme::github
                 : scheme == "stripe" ? HookScheme::stripe
                 : scheme == "slack"  ? HookScheme::slack
                                      : HookScheme::none;
    out.secret = text_at(*signature, "secret");
    if (out.scheme == HookScheme::none && signature->find("scheme") == nullptr)
        error("signature", {"needs a scheme: \"github\", \"stripe\" or \"slack\""});
    if (out.secret.empty()) error("signature", {"needs the secret that the sender signs with"});
    // Who signs shows no token, so it must be clear which rule counts before the body is believed.
    if (out.path.empty()) error("signature", {"needs match.path: signed messages have a path of their own"});
}

}  // namespace

void fill_hooks(const Node& root, Config& out, Report& report) {
    const Node* const section = root.find("hooks");
    if (section != nullptr && section->is(Kind::object)) HooksReader(*section, out, report).fill();
}

}  // namespace gw::config
