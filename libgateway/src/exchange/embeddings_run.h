// EmbeddingsRun: one request for embeddings, from the checked request to the end of the answer.
//
//     an agent whose models are behind OpenAI's API ─► inspected ─► UpstreamCall, /embeddings ─► its answer, as it came
//     the built-in agent                            ─► endpoint/embeddings.h
//
// With several models configured the next one is tried while nothing was answered yet.
#pragma once

#include <list>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model_choice.h"
#include "core/buffer.h"
#include "endpoint/embeddings.h"
#include "exchange/config_handle.h"
#include "exchange/http_run.h"
#include "exchange/upstream_call.h"

namespace gw::exchange {

class Gateway;
class ServerConn;

class EmbeddingsRun final : public HttpRun, private UpstreamCall::Listener {
public:
    EmbeddingsRun(Gateway& gateway, ServerConn& client);

    void start(std::string_view body) override;

private:
    void on_head(const http1::ResponseHead& head) override;
    void on_body(std::span<const std::byte> data) override;
    void on_end() override;
    void on_failure(gw_status status, std::string_view what) override;
    void on_no_memory() noexcept override;

    [[nodiscard]] bool choose_models(std::string_view model);
    // What the guardrail has to say to the texts. False: it blocks, and the request was answered.
    [[nodiscard]] bool inspect(endpoint::EmbeddingsRequest& request, bool& changed);
    void write_body(const json::Value& root, const endpoint::EmbeddingsRequest& request);
    void call_candidate();
    [[nodiscard]] bool call_next_candidate();
    void fail(const endpoint::ApiError& error);

    Gateway& gateway_;
    ConfigReference config_;  // the candidates are in it
    ServerConn& client_;
    std::pmr::vector<config::ModelChoice> candidates_;
    std::size_t candidate_ = 0;
    Buffer body_before_model_, body_after_model_;
    std::pmr::list<std::pmr::string> replaced_;  // texts that a rule has masked
    std::optional<UpstreamCall> call_;
    Buffer collected_;
    int status_ = 0;
    std::pmr::string content_type_, retry_after_;
    bool refused_ = false;  // the rest of the upstream's answer is not wanted
};

}  // namespace gw::exchange
