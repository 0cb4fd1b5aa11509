// RestChat: POST /api/chat, one message to an agent and its answer, in one piece or as a stream.
//
//     body ─► session or none ─► HttpTurn ─► {"success":true,...}  |  chunk, chunk, ..., done | error
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "endpoint/rest.h"
#include "exchange/http_run.h"
#include "exchange/http_turn.h"

namespace gw::exchange {

class ServerConn;

class RestChatRun final : public HttpRun, private AgentRun::Listener {
public:
    RestChatRun(Gateway& gateway, ServerConn& client);

    void start(std::string_view body) override;
    void on_drained() override;

private:
    void on_start(std::string_view provider, std::string_view model) override;
    void on_text(std::string_view text) override;
    void on_call(const AgentRun::Call& call) override;
    void on_end(const AgentRun::End& end) override;
    void on_failed(const AgentFailure& failure) override;
    void on_no_memory() noexcept override;

    // Fills `request` with whom the message is for. False: there is nobody, and the request was answered.
    [[nodiscard]] bool choose(const endpoint::RestChat& asked, AgentRequest& request);
    void send(const Buffer& out);

    Gateway& gateway_;
    ServerConn& client_;
    bool stream_ = false;
    std::pmr::string session_;  // as the client calls it
    std::pmr::string model_;    // who answers
    Buffer text_;
    std::optional<HttpTurn> turn_;
};

}  // namespace gw::exchange
