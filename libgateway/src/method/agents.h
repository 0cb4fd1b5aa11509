// Agents and models, as clients are shown them: rows that several results have.
#pragma once

#include <string_view>

#include "config/config.h"
#include "json/json.h"

namespace gw::method {

// The provider and the model that answer for an agent when nobody asks for another one. An agent without a model is
// answered by the built-in one, which is shown as "builtin/echo".
struct ModelName {
    std::string_view provider, model;
};
[[nodiscard]] ModelName model_of(const config::Config& config, const config::Agent& agent) noexcept;

// How many tokens that model reads at once; 0: not known.
[[nodiscard]] std::uint32_t context_tokens_of(const config::Config& config, const ModelName& model) noexcept;

// The array of all models there are.
void write_models(json::Writer& writer, const config::Config& config);
// The array of commands that a message may begin with.
void write_commands(json::Writer& writer);
// The result of chat.metadata.
void write_chat_metadata(json::Writer& writer, const config::Config& config);
// The result of agents.list.
void write_agents(json::Writer& writer, const config::Config& config);

// Where the files of an agent are, as a prefix of keys in the store: "workspace", "workspace-ops".
[[nodiscard]] std::pmr::string workspace_key(const config::Agent& agent, std::pmr::memory_resource* memory);

}  // namespace gw::method
