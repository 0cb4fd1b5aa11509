// ResponsesRun: one response, from the request to the end of the answer.
//
//     body ─► checked ─► agent, session, earlier response ─► ContentLoad ─► HttpTurn ─► ResponseWriter ─► answer
//                                     ▲                                                       │
//                                     └──────────────────── ResponseStore ◄───────────────────┘
#pragma once

#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "endpoint/responses.h"
#include "exchange/config_handle.h"
#include "exchange/content_load.h"
#include "exchange/http_run.h"
#include "exchange/http_turn.h"
#include "exchange/response_store.h"
#include "provider/response_writer.h"
#include "provider/translate_chat.h"

namespace gw::exchange {

class Gateway;
class ServerConn;

class ResponsesRun final : public HttpRun, private AgentRun::Listener, private ContentLoad::Listener {
public:
    ResponsesRun(Gateway& gateway, ServerConn& client);

    void start(std::string_view body) override;
    void on_drained() override;

private:
    // What the agent says.
    void on_start(std::string_view provider, std::string_view model) override;
    void on_text(std::string_view text) override;
    void on_call(const AgentRun::Call& call) override;
    void on_end(const AgentRun::End& end) override;
    void on_failed(const AgentFailure& failure) override;
    void on_no_memory() noexcept override;  // of the load, too
    // What was attached.
    void on_content_loaded() override;
    void on_content_failed(int status, std::string_view message) override;

    // The steps of start(). False: the request was answered.
    [[nodiscard]] bool choose();
    [[nodiscard]] bool find_earlier();
    void rewrite_input(std::string_view items_in_front);
    void remember_input(const json::Value& input);
    void load();
    void begin(std::span<const provider::LoadedPart> parts);
    [[nodiscard]] bool read_conversation(std::span<const provider::LoadedPart> parts);

    void send(Buffer& out);
    void keep_response();

    Gateway& gateway_;
    ConfigReference config_;
    ServerConn& client_;
    Owned<AgentRequest> asked_;                          // until the turn has it
    std::optional<endpoint::ResponsesRequest> request_;  // views of it
    std::optional<ContentLoad> load_;
    bool stream_ = false;
    std::pmr::string id_, model_;
    StoredResponse kept_;  // what the next request may go on with
    provider::ResponseEcho echo_;
    std::optional<provider::ResponseWriter> writer_;
    std::optional<HttpTurn> turn_;
};

}  // namespace gw::exchange
