// EmbeddingsRun: one request for embeddings, from the checked request to the end of the answer.
//
//     an agent whose models are behind OpenAI's API ─► inspected ─► ProviderPass, /embeddings
//     the built-in agent                            ─► endpoint/embeddings.h
#pragma once

#include <list>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model_choice.h"
#include "endpoint/embeddings.h"
#include "exchange/config_handle.h"
#include "exchange/http_run.h"
#include "exchange/provider_pass.h"

namespace gw::exchange {

class Gateway;
class ServerConn;

class EmbeddingsRun final : public HttpRun {
public:
    EmbeddingsRun(Gateway& gateway, ServerConn& client);

    void start(std::string_view body) override;

private:
    [[nodiscard]] bool choose_models(std::string_view model);
    // What the guardrail has to say to the texts. False: it blocks, and the request was answered.
    [[nodiscard]] bool inspect(endpoint::EmbeddingsRequest& request, bool& changed);
    void write_body(const json::Value& root, const endpoint::EmbeddingsRequest& request);

    Gateway& gateway_;
    ConfigReference config_;  // the candidates are in it
    ServerConn& client_;
    std::pmr::vector<config::ModelChoice> candidates_;  // until the pass has them
    std::pmr::list<std::pmr::string> replaced_;         // texts that a rule has masked
    std::optional<ProviderPass> pass_;
};

}  // namespace gw::exchange
