// AgentAnswer: an HttpRun that an agent answers: in one piece or, where the client wants that, as it comes.
//
//     begin_turn() ─► HttpTurn ─► write_begin, write_text, write_call, ..., write_end | write_failure ─► client
//
// What stands between the pieces is the endpoint's; when they go out is said here.
#pragma once

#include <optional>
#include <string_view>

#include "core/buffer.h"
#include "exchange/http_run.h"
#include "exchange/http_turn.h"

namespace gw::exchange {

class ServerConn;

class AgentAnswer : public HttpRun, private AgentRun::Listener {
public:
    void on_drained() override;

protected:
    AgentAnswer(Gateway& gateway, ServerConn& client) : gateway_(gateway), client_(client) {}

    void begin_turn(Owned<AgentRequest> request);
    // Nothing has gone out yet.
    virtual void answer_failed(const AgentFailure& failure);
    void on_no_memory() noexcept override;

    Gateway& gateway_;
    ServerConn& client_;
    bool stream_ = false;  // before begin_turn()

private:
    // Each appends what has to go out now; without stream that is nothing before write_end().
    virtual void write_begin(Buffer& out, std::string_view provider, std::string_view model) = 0;
    virtual void write_text(Buffer& out, std::string_view text) = 0;
    virtual void write_call(Buffer& out, const AgentRun::Call& call) = 0;
    virtual void write_end(Buffer& out, const AgentRun::End& end) = 0;
    // The end of a stream that fails.
    virtual void write_failure(Buffer& out, const AgentFailure& failure) = 0;
    void on_start(std::string_view provider, std::string_view model) final;
    void on_text(std::string_view text) final;
    void on_call(const AgentRun::Call& call) final;
    void on_end(const AgentRun::End& end) final;
    void on_failed(const AgentFailure& failure) final;
    void send(const Buffer& out);

    std::optional<HttpTurn> turn_;
};

}  // namespace gw::exchange
