#include "exchange/http_turn.h"

#include "exchange/gateway.h"

namespace gw::exchange {

HttpTurn::HttpTurn(Gateway& gateway, AgentRun::Listener& listener) : gateway_(gateway), listener_(listener) {}

HttpTurn::~HttpTurn() { gateway_.runs().retire(std::move(run_)); }

void HttpTurn::start(Owned<AgentRequest> request, std::string_view /*said*/) {
    run_ = make_owned<AgentRun>(gateway_.memory(), gateway_, std::move(request), listener_);
    run_->start();
}

void HttpTurn::pause() noexcept {
    if (run_) run_->pause();
}

void HttpTurn::resume() noexcept {
    if (run_) run_->resume();
}

}  // namespace gw::exchange
