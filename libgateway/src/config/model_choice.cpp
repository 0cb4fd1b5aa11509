#include "config/model_choice.h"

namespace gw::config {

std::optional<ModelChoice> find_model(const Config& config, std::string_view name) noexcept {
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    for (const Provider& provider : config.providers) {
        if (std::string_view(provider.id) == name.substr(0, slash))
            return ModelChoice{&provider, name.substr(slash + 1)};
    }
    return std::nullopt;
}

ModelProblem choose_models(const Config& config, const Agent& agent, std::string_view wished,
                           std::pmr::vector<ModelChoice>& out) {
    const auto add = [&](std::string_view name) {
        const auto found = find_model(config, name);
        if (found) out.push_back(*found);
        return found.has_value();
    };
    if (!wished.empty()) return add(wished) ? ModelProblem::none : ModelProblem::unknown_wish;
    const bool own = !agent.model_primary.empty();
    const std::string_view primary = own ? agent.model_primary : config.default_model_primary;
    if (primary.empty()) return ModelProblem::none;
    static_cast<void>(add(primary));
    for (const auto& fallback : own ? agent.model_fallbacks : config.default_model_fallbacks)
        static_cast<void>(add(fallback));
    return out.empty() ? ModelProblem::unknown_model : ModelProblem::none;
}

}  // namespace gw::config
