#include "method/agents.h"

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

void write_models(json::Writer& writer, const config::Config& config) {
    writer.begin_array();
    const auto write = [&](std::string_view id, std::string_view name, std::string_view provider, bool is_default) {
        writer.begin_object().member("id", id).member("name", name).member("provider", provider);
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
                  is_default);
            any = true;
        }
    }
    if (!any || primary.empty()) write(builtin.model, "Built-in agent", builtin.provider, primary.empty());
    writer.end_array();
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
        if (agent.name != agent.id) {
            writer.member("name", agent.name).key("identity").begin_object().member("name", agent.name).end_object();
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
