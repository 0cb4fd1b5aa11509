// ProviderPass: a request whose answer is the provider's own, byte for byte.
//
//     body, cut around the model's name ─► UpstreamCall to a candidate ─► client
//                        ▲                        │
//                        └── the next candidate ◄─┘ refused or not reached, and nothing was answered yet
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model_choice.h"
#include "core/buffer.h"
#include "exchange/upstream_call.h"
#include "sse/sse.h"

namespace gw::exchange {

class Gateway;
class ServerConn;

class ProviderPass final : private UpstreamCall::Listener {
public:
    // `candidates` is not empty, and views of a configuration that outlives this. `operation` stands behind the base
    // URL instead of the one of chat completions: "/embeddings".
    ProviderPass(Gateway& gateway, ServerConn& client, std::pmr::vector<config::ModelChoice> candidates,
                 std::string_view operation = {});

    // The request around the model's name: each candidate puts its own in between.
    [[nodiscard]] Buffer& body_before_model() noexcept { return body_before_model_; }
    [[nodiscard]] Buffer& body_after_model() noexcept { return body_after_model_; }

    // Once. Answers the client whatever happens, which ends the run that this belongs to.
    void start(bool stream);
    // The client takes output again.
    void resume();

private:
    void on_head(const http1::ResponseHead& head) override;
    void on_body(std::span<const std::byte> data) override;
    void on_end() override;
    void on_failure(gw_status status, std::string_view what) override;
    void on_no_memory() noexcept override;

    void call();
    [[nodiscard]] bool call_next();
    void forward_events(std::span<const std::byte> data);
    void refuse(std::string_view message);
    void fail_stream(std::string_view message);
    void warn(std::string_view message);

    Gateway& gateway_;
    ServerConn& client_;
    std::pmr::vector<config::ModelChoice> candidates_;
    std::size_t candidate_ = 0;
    std::string_view operation_;
    bool stream_ = false;
    Buffer body_before_model_, body_after_model_;
    std::optional<UpstreamCall> call_;
    std::optional<sse::Decoder> events_;
    Buffer collected_;  // an answer that is no stream, or an error
    int status_ = 0;
    std::pmr::string retry_after_, content_type_;
    bool done_seen_ = false;  // the stream's own [DONE] has passed
    bool refused_ = false;    // the rest of the provider's answer is not wanted
};

}  // namespace gw::exchange
