#include "method/agents.h"

#include <array>

namespace gw::method {

namespace {

constexpr ModelName builtin{"builtin", "echo"};

void write_levels(json::Writer& writer) {
    writer.key("thinkingLevels").begin_array().begin_object().member("id", "off").member("label", "off").end_object();
    writer.end_array();
}

}  // namespace

ModelName model_of(const config::Config& config, const config::Agent& agent) noexcept {
    std::string_view name = agent.model_primary;
    if (name.empty()) name = config.default_model_primary;
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos) return builtin;
    return {name.substr(0, slash), name.substr(slash + 1)};
}

std::uint32_t context_tokens_of(const config::Config& config, const ModelName& model) noexcept {
    for (const config::Provider& provider : config.providers) {
        if (provider.id != model.provider) continue;
        for (const config::Model& one : provider.models) {
            if (one.id == model.model) return one.context_tokens;
        }
    }
    return 0;
}

void write_models(json::Writer& writer, const config::Config& config) {
    writer.begin_array();
    const auto write = [&](std::string_view id, std::string_view name, std::string_view provider,
                           std::uint32_t context_tokens, bool is_default) {
        writer.begin_object().member("id", id).member("name", name).member("provider", provider);
        if (context_tokens != 0) writer.member("contextWindow", static_cast<std::uint64_t>(context_tokens));
        writer.member("reasoning", false).key("input").begin_array().string("text").end_array();
        if (is_default) writer.key("tags").begin_array().string("default").end_array();
        write_levels(writer);
        writer.member("thinkingDefault", "off").member("available", true).end_object();
    };
    std::string_view primary = config.default_model_primary;
    bool any = false;
    for (const config::Provider& provider : config.providers) {
        for (const config::Model& model : provider.models) {
            const bool is_default = primary.size() == provider.id.size() + 1 + model.id.size() &&
                                    primary.starts_with(provider.id) && primary.ends_with(model.id);
            write(model.id, model.name.empty() ? std::string_view(model.id) : std::string_view(model.name), provider.id,
                  model.context_tokens, is_default);
            any = true;
        }
    }
    if (!any || primary.empty()) write(builtin.model, "Built-in agent", builtin.provider, 0, primary.empty());
    writer.end_array();
}

void write_commands(json::Writer& writer) {
    constexpr std::array<std::array<std::string_view, 2>, 3> commands{{
        {"new", "Begin a new session under the same key."},
        {"reset", "The same."},
        {"stop", "Stop what runs in this session."},
    }};
    writer.begin_array();
    for (const auto& [name, description] : commands) {
        std::array<char, 16> alias{'/'};
        name.copy(alias.data() + 1, alias.size() - 1);
        writer.begin_object().member("name", name).member("nativeName", name);
        writer.key("textAliases").begin_array().string({alias.data(), name.size() + 1}).end_array();
        writer.member("description", description).member("category", "session").member("source", "native");
        writer.member("scope", "both").member("acceptsArgs", false).end_object();
    }
    writer.end_array();
}

void write_chat_metadata(json::Writer& writer, const config::Config& config) {
    writer.begin_object().key("models");
    write_models(writer, config);
    writer.key("commands");
    write_commands(writer);
    writer.member("swarmEnabled", false).key("accountSelection").begin_object().member("kind", "automatic");
    writer.member("label", "Automatic account selection").end_object();
    writer.member("runtimeSelectionLocked", false).end_object();
}

void write_agents(json::Writer& writer, const config::Config& config) {
    std::string_view default_id;
    for (const config::Agent& agent : config.agents) {
        if (agent.is_default) default_id = agent.id;
    }
    writer.begin_object().member("defaultId", default_id);
    writer.member("ownership", config.agents.size() == 1 ? "sole" : "explicit").member("selectionRequired", false);
    writer.member("mainKey", config.session.main_key);
    writer.member("scope", config.session.global ? "global" : "per-sender").key("agents").begin_array();
    for (const config::Agent& agent : config.agents) {
        const ModelName model = model_of(config, agent);
        std::pmr::string primary(model.provider, config.agents.get_allocator().resource());
        (primary += '/') += model.model;
        writer.begin_object().member("id", agent.id).member("kind", "agent");
        const bool named = agent.name != agent.id;
        if (named) writer.member("name", agent.name);
        if (named || !agent.identity.emoji.empty() || !agent.identity.avatar.empty()) {
            writer.key("identity").begin_object();
            if (named) writer.member("name", agent.name);
            if (!agent.identity.theme.empty()) writer.member("theme", agent.identity.theme);
            if (!agent.identity.emoji.empty()) writer.member("emoji", agent.identity.emoji);
            if (!agent.identity.avatar.empty()) writer.member("avatar", agent.identity.avatar);
            writer.end_object();
        }
        writer.member("workspace", workspace_key(agent, primary.get_allocator().resource()));
        write_levels(writer);
        writer.key("thinkingOptions").begin_array().string("off").end_array().member("thinkingDefault", "off");
        writer.key("model").begin_object().member("primary", primary).end_object().end_object();
    }
    writer.end_array().end_object();
}

std::pmr::string workspace_key(const config::Agent& agent, std::pmr::memory_resource* memory) {
    std::pmr::string key("workspace", memory);
    if (!agent.is_default) (key += '-') += agent.id;
    return key;
}

}  // namespace gw::method
