// ProviderModel: a configured provider as a model, whatever dialect it speaks; with several models the next one is
// tried as long as nothing was said.
//
//     Conversation ── Translator ──► UpstreamCall ──► FrameReader ──► AnswerReader ──► steps
//
// Providers are asked for a stream; one that answers in one piece is understood, too.
#pragma once

#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/model_choice.h"
#include "core/buffer.h"
#include "core/owned.h"
#include "core/timers.h"
#include "exchange/agent_model.h"
#include "exchange/upstream_call.h"
#include "json/json.h"
#include "provider/framing.h"
#include "provider/translator.h"

namespace gw::exchange {

class Gateway;

class ProviderModel final : public AgentModel, private UpstreamCall::Listener {
public:
    // `candidates`, at least one, `conversation` and `trace`, for log lines, outlive it.
    ProviderModel(Gateway& gateway, AgentModel::Listener& listener, std::span<const config::ModelChoice> candidates,
                  message::Conversation& conversation, std::string_view trace);

    void start() override;
    void stop() noexcept override;
    void pause() noexcept override;
    void resume() noexcept override;

private:
    void on_head(const http1::ResponseHead& head) override;
    void on_body(std::span<const std::byte> data) override;
    void on_end() override;
    void on_failure(gw_status status, std::string_view what) override;
    void on_no_memory() noexcept override;

    void call_candidate();
    [[nodiscard]] bool call_next();
    void take_frame(const provider::Frame& frame);
    void deliver();
    void read_whole();
    void read_refusal();
    void set_whole();
    void answered();
    // Before anything was said another candidate may do better.
    void fail_or_call_next(const AgentFailure& failure);
    void fail(const AgentFailure& failure);
    void on_timer() noexcept;

    Gateway& gateway_;
    std::string_view trace_;
    AgentModel::Listener& listener_;
    std::span<const config::ModelChoice> candidates_;
    message::Conversation& conversation_;
    std::size_t candidate_ = 0;
    const provider::Translator* translator_ = nullptr;
    provider::DialectName dialect_ = provider::DialectName::openai_chat;
    std::optional<UpstreamCall> call_;
    std::optional<provider::FrameReader> frames_;  // of an answer that streams
    Owned<provider::AnswerReader> reader_;
    Buffer collected_;  // an answer in one piece, or an error
    json::Document document_;
    message::AnswerSteps steps_;
    std::pmr::string retry_after_;
    Timer whole_timer_;
    int status_ = 0;
    bool begun_ = false;      // the listener knows who answers
    bool said_ = false;       // and has heard something of the answer
    bool stop_seen_ = false;  // the provider has said why its answer ended
    bool whole_ = false;      // nothing belongs behind what has come
    bool stopped_ = false;
};

}  // namespace gw::exchange
