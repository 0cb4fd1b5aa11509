// ChatRun: one chat completion, from the checked request to the end of the answer.
//
//     an agent whose models speak this very dialect ─► UpstreamCall ─► the very bytes
//     any other agent                               ─► AgentRun     ─► ChatWriter
//
// With several models configured the next one is tried while nothing was answered yet.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model_choice.h"
#include "core/buffer.h"
#include "core/owned.h"
#include "endpoint/chat_completions.h"
#include "exchange/agent_wish.h"
#include "exchange/config_handle.h"
#include "exchange/content_load.h"
#include "exchange/http_run.h"
#include "exchange/http_turn.h"
#include "exchange/upstream_call.h"
#include "sse/sse.h"

namespace gw::exchange {

class ServerConn;

class ChatRun final : public HttpRun,
                      public UpstreamCall::Listener,
                      private AgentRun::Listener,
                      private ContentLoad::Listener {
public:
    ChatRun(Gateway& gateway, ServerConn& client);

    void start(std::string_view body) override;
    void on_drained() override;

    void on_head(const http1::ResponseHead& head) override;
    void on_body(std::span<const std::byte> data) override;
    void on_end() override;
    void on_failure(gw_status status, std::string_view what) override;
    void on_no_memory() noexcept override;  // of the call and of the run

private:
    // What an agent says.
    void on_start(std::string_view provider, std::string_view model) override;
    void on_text(std::string_view text) override;
    void on_call(const AgentRun::Call& call) override;
    void on_end(const AgentRun::End& end) override;
    void on_failed(const AgentFailure& failure) override;

    // Pictures of the request.
    void on_content_loaded() override;
    void on_content_failed(int status, std::string_view message) override;

    [[nodiscard]] bool passes_bytes(const config::Agent& agent) const noexcept;
    void start_agent(const AgentWish& wish, const endpoint::ChatRequest& request, std::string_view body);
    void load_pictures();
    void begin_turn();
    void send(Buffer& out);
    void start_provider(std::string_view body, const json::Value& root);
    void call_candidate();
    bool call_next_candidate();
    void forward_events(std::span<const std::byte> data);
    void refuse_upstream_answer(std::string_view message);
    void fail_stream(std::string_view message, std::string_view type = "upstream_error");

    Gateway& gateway_;
    ConfigReference config_;  // the candidates are in it
    ServerConn& client_;
    bool stream_ = false;

    // an agent
    Owned<AgentRequest> asked_;  // until the turn has it
    std::optional<ContentLoad> pictures_;
    std::optional<HttpTurn> agent_;
    std::optional<endpoint::ChatWriter> writer_;
    std::pmr::string id_, model_;

    // bytes of a provider
    std::pmr::vector<config::ModelChoice> candidates_;
    std::size_t candidate_ = 0;
    Buffer body_before_model_, body_after_model_;  // the request around the model's name
    std::optional<UpstreamCall> call_;
    std::optional<sse::Decoder> events_;
    Buffer collected_;  // an answer that is no stream, or an error
    int upstream_status_ = 0;
    std::pmr::string retry_after_;
    std::pmr::string content_type_;
    bool done_seen_ = false;  // the stream's own [DONE] has passed
    bool refused_ = false;    // the rest of the upstream's answer is not wanted
};

}  // namespace gw::exchange
