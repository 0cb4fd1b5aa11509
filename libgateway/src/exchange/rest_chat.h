// RestChat: POST /api/chat, one message to an agent and its answer, in one piece or as a stream.
//
//     body ─► session or none ─► AgentAnswer ─► {"success":true,...}  |  chunk, chunk, ..., done | error
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "endpoint/rest.h"
#include "exchange/agent_answer.h"

namespace gw::exchange {

class RestChatRun final : public AgentAnswer {
public:
    RestChatRun(Gateway& gateway, ServerConn& client);

    void start(std::string_view body) override;

private:
    void write_begin(Buffer& out, std::string_view provider, std::string_view model) override;
    void write_text(Buffer& out, std::string_view text) override;
    void write_call(Buffer& out, const AgentRun::Call& call) override;
    void write_end(Buffer& out, const AgentRun::End& end) override;
    void write_failure(Buffer& out, const AgentFailure& failure) override;
    void answer_failed(const AgentFailure& failure) override;

    // Fills `request` with whom the message is for. False: there is nobody, and the request was answered.
    [[nodiscard]] bool choose(const endpoint::RestChat& asked, AgentRequest& request);

    std::pmr::string session_;  // as the client calls it
    std::pmr::string model_;    // who answers
    Buffer text_;
};

}  // namespace gw::exchange
