#include "endpoint/models.h"

#include "core/text.h"
#include "json/json.h"

namespace gw::endpoint {

namespace {

void write_entry(json::Writer& w, std::string_view prefix, std::string_view id, Buffer& scratch) {
    scratch.clear();
    scratch.append(prefix);
    scratch.append(id);
    w.begin_object().member("id", scratch.text()).member("object", "model").member("created", 0);
    w.member("owned_by", "openclaw").key("permission").begin_array().end_array().end_object();
}

// What stands behind one of the prefixes that name an agent; nothing for any other name.
std::optional<std::string_view> agent_part(std::string_view model) {
    for (const std::string_view prefix : {"openclaw/", "openclaw:", "agent:"}) {
        if (starts_with_ignoring_case(model, prefix)) return model.substr(prefix.size());
    }
    return std::nullopt;
}

}  // namespace

const config::Agent& default_agent(const config::Config& config) noexcept {
    for (const config::Agent& agent : config.agents) {
        if (agent.is_default) return agent;
    }
    return config.agents.front();
}

const config::Agent* find_agent(const config::Config& config, std::string_view id) noexcept {
    for (const config::Agent& agent : config.agents) {
        if (equals_ignoring_case(agent.id, id)) return &agent;
    }
    return nullptr;
}

AgentChoice choose_agent(const config::Config& config, std::string_view model, std::string_view agent_header) noexcept {
    std::string_view id = agent_header;
    if (id.empty()) {
        if (model.empty() || equals_ignoring_case(model, "openclaw")) return {&default_agent(config), {}};
        const auto part = agent_part(model);
        if (!part) {
            return {nullptr,
                    ApiError{404, "invalid_request_error",
                             "Unknown `model`. Use `openclaw` or `openclaw/<agentId>`; GET /v1/models lists them.",
                             "model_not_found", "model"}};
        }
        id = *part;
        if (id == "default") return {&default_agent(config), {}};
    }
    if (const config::Agent* agent = find_agent(config, id)) return {agent, {}};
    return {nullptr,
            ApiError{404, "invalid_request_error", "Unknown agent. GET /v1/models lists the agents of this gateway.",
                     "model_not_found", agent_header.empty() ? "model" : "x-openclaw-agent-id"}};
}

void write_models(Buffer& out, const config::Config& config) {
    Buffer scratch(out.pool());
    json::Writer w(out);
    w.begin_object().member("object", "list").key("data").begin_array();
    write_entry(w, "openclaw", "", scratch);
    write_entry(w, "openclaw/", "default", scratch);
    for (const config::Agent& agent : config.agents) write_entry(w, "openclaw/", agent.id, scratch);
    w.end_array().end_object();
}

std::optional<ApiError> write_model(Buffer& out, const config::Config& config, std::string_view id) {
    if (!starts_with_ignoring_case(id, "openclaw")) {
        return ApiError{400,
                        "invalid_request_error",
                        "Invalid model id. Ids begin with `openclaw`; GET /v1/models lists them.",
                        {},
                        {}};
    }
    const AgentChoice choice = choose_agent(config, id, {});
    if (choice.error) return choice.error;
    Buffer scratch(out.pool());
    json::Writer w(out);
    write_entry(w, "", id, scratch);
    return std::nullopt;
}

}  // namespace gw::endpoint
