// ResponsesRun: one response, from the request to the end of the answer.
//
//     body ─► checked ─► agent, session, earlier response ─► ContentLoad ─► AgentAnswer ─► ResponseWriter
//                                     ▲                                                       │
//                                     └──────────────────── ResponseStore ◄───────────────────┘
#pragma once

#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "endpoint/responses.h"
#include "exchange/agent_answer.h"
#include "exchange/config_handle.h"
#include "exchange/content_load.h"
#include "exchange/response_store.h"
#include "provider/response_writer.h"
#include "provider/translate_chat.h"

namespace gw::exchange {

class ResponsesRun final : public AgentAnswer, private ContentLoad::Listener {
public:
    ResponsesRun(Gateway& gateway, ServerConn& client);

    void start(std::string_view body) override;

private:
    void write_begin(Buffer& out, std::string_view provider, std::string_view model) override;
    void write_text(Buffer& out, std::string_view text) override;
    void write_call(Buffer& out, const AgentRun::Call& call) override;
    void write_end(Buffer& out, const AgentRun::End& end) override;
    void write_failure(Buffer& out, const AgentFailure& failure) override;
    void answer_failed(const AgentFailure& failure) override;
    // What was attached.
    void on_content_loaded() override;
    void on_content_failed(int status, std::string_view message) override;
    void on_no_memory() noexcept override { AgentAnswer::on_no_memory(); }

    // The steps of start(). False: the request was answered.
    [[nodiscard]] bool choose();
    [[nodiscard]] bool find_earlier();
    void rewrite_input(std::string_view items_in_front);
    void remember_input(const json::Value& input);
    void load();
    void begin(std::span<const provider::LoadedPart> parts);
    [[nodiscard]] bool read_conversation(std::span<const provider::LoadedPart> parts);

    void keep_response();

    ConfigReference config_;
    Owned<AgentRequest> asked_;                          // until the turn has it
    std::optional<endpoint::ResponsesRequest> request_;  // views of it
    std::optional<ContentLoad> load_;
    std::pmr::string id_, model_;
    StoredResponse kept_;  // what the next request may go on with
    provider::ResponseEcho echo_;
    std::optional<provider::ResponseWriter> writer_;
};

}  // namespace gw::exchange
