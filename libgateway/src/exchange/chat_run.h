// ChatRun: one chat completion, from the checked request to the end of the answer.
//
//     an agent whose models speak this very dialect ─► ProviderPass ─► the very bytes
//     any other agent                               ─► AgentAnswer  ─► ChatWriter
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model_choice.h"
#include "core/owned.h"
#include "endpoint/chat_completions.h"
#include "exchange/agent_answer.h"
#include "exchange/agent_wish.h"
#include "exchange/config_handle.h"
#include "exchange/content_load.h"
#include "exchange/provider_pass.h"

namespace gw::exchange {

class ChatRun final : public AgentAnswer, private ContentLoad::Listener {
public:
    ChatRun(Gateway& gateway, ServerConn& client);

    void start(std::string_view body) override;
    void on_drained() override;

private:
    void write_begin(Buffer& out, std::string_view provider, std::string_view model) override;
    void write_text(Buffer& out, std::string_view text) override;
    void write_call(Buffer& out, const AgentRun::Call& call) override;
    void write_end(Buffer& out, const AgentRun::End& end) override;
    void write_failure(Buffer& out, const AgentFailure& failure) override;

    // Pictures of the request.
    void on_content_loaded() override;
    void on_content_failed(int status, std::string_view message) override;
    void on_no_memory() noexcept override { AgentAnswer::on_no_memory(); }

    using Candidates = std::pmr::vector<config::ModelChoice>;
    [[nodiscard]] bool passes_bytes(const config::Agent& agent, const Candidates& candidates) const noexcept;
    void start_agent(const AgentWish& wish, const endpoint::ChatRequest& request, std::string_view body);
    void load_pictures();

    ConfigReference config_;  // the candidates are in it

    // bytes of a provider
    std::optional<ProviderPass> pass_;

    // an agent
    Owned<AgentRequest> asked_;  // until the turn has it
    std::optional<ContentLoad> pictures_;
    std::optional<endpoint::ChatWriter> writer_;
    std::pmr::string id_, model_;
};

}  // namespace gw::exchange
