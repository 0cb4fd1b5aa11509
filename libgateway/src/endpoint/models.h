// GET /v1/models and /v1/models/{id}: the agents, as models that a client can choose.
#pragma once

#include <optional>
#include <string_view>

#include "config/config.h"
#include "core/buffer.h"
#include "endpoint/openai_error.h"

namespace gw::endpoint {

void write_models(Buffer& out, const config::Config& config);

// Writes the one model; nothing when there is none of that id. 400 for ids that can never be one.
[[nodiscard]] std::optional<ApiError> write_model(Buffer& out, const config::Config& config, std::string_view id);

// The agent that a model name or agent header means; null when it names none. `model` is "openclaw",
// "openclaw/default", "openclaw/<id>", "openclaw:<id>" or "agent:<id>"; empty means the default agent.
[[nodiscard]] const config::Agent* find_agent(const config::Config& config, std::string_view id) noexcept;
[[nodiscard]] const config::Agent& default_agent(const config::Config& config) noexcept;
struct AgentChoice {
    const config::Agent* agent = nullptr;
    std::optional<ApiError> error;
};
[[nodiscard]] AgentChoice choose_agent(const config::Config& config, std::string_view model,
                                       std::string_view agent_header) noexcept;

}  // namespace gw::endpoint
