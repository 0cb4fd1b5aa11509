// Which provider and model a name means, and which models an agent has.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace gw::config {

// Views into the configuration.
struct ModelChoice {
    const Provider* provider = nullptr;
    std::string_view model;  // the provider's name of it
};

// "provider/model" of a provider that is configured.
[[nodiscard]] std::optional<ModelChoice> find_model(const Config& config, std::string_view name) noexcept;

enum class ModelProblem : std::uint8_t {
    none,
    unknown_wish,  // `wished` names no configured provider
    unknown_model  // nor does any model of the agent
};
// Appends the models that may answer for an agent, in the order in which they are tried: the one that was `wished` for
// ("provider/model"), else the agent's own and its fallbacks, else those of agents.defaults. None at all: the built-in
// agent answers.
[[nodiscard]] ModelProblem choose_models(const Config& config, const Agent& agent, std::string_view wished,
                                         std::pmr::vector<ModelChoice>& out);

}  // namespace gw::config
