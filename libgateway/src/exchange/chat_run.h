// ChatRun: one chat completion, from the checked request to the end of the answer. The agent is the built-in one or a
// provider; with several models configured the next one is tried while nothing was answered yet.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/buffer.h"
#include "core/timers.h"
#include "endpoint/chat_completions.h"
#include "exchange/upstream_call.h"
#include "provider/builtin.h"
#include "sse/sse.h"

namespace gw::exchange {

class ServerConn;

class ChatRun final : public UpstreamCall::Listener {
public:
    ChatRun(Gateway& gateway, ServerConn& client);
    ~ChatRun() = default;

    // Begins to answer the request that is open on the client's connection. `body` is its text, `request` was read from
    // `root`; both are only used during this call.
    void start(const config::Agent& agent, std::string_view model_override, const endpoint::ChatRequest& request,
               std::string_view body, const json::Value& root);
    // The client takes output again.
    void on_drained();

    void on_head(const http1::ResponseHead& head) override;
    void on_body(std::span<const std::byte> data) override;
    void on_end() override;
    void on_failure(gw_status status, std::string_view what) override;
    void on_no_memory() noexcept override;

private:
    struct Candidate {
        const config::Provider* provider;
        std::string_view model;
    };
    [[nodiscard]] std::optional<endpoint::ApiError> find_candidates(const config::Agent& agent,
                                                                    std::string_view model_override);
    void start_builtin(const endpoint::ChatRequest& request);
    void guarded_step() noexcept;
    void builtin_step();
    void start_provider(std::string_view body, const json::Value& root);
    void call_candidate();
    bool call_next_candidate();
    void forward_events(std::span<const std::byte> data);
    void refuse_upstream_answer(std::string_view message);
    void fail_stream(std::string_view message);

    Gateway& gateway_;
    ServerConn& client_;
    bool stream_ = false;

    // built-in
    Timer step_timer_;
    std::optional<provider::BuiltinAgent> builtin_;
    std::optional<endpoint::ChatWriter> writer_;
    std::pmr::string id_, model_;

    // provider
    std::pmr::vector<Candidate> candidates_;
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
