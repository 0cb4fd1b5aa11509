#include "exchange/agent_runs.h"

#include <algorithm>

#include "exchange/agent_run.h"
#include "exchange/gateway.h"

namespace gw::exchange {

AgentRuns::AgentRuns(Gateway& gateway)
    : hosted(gateway.memory()),
      gateway_(gateway),
      host_agents_(gateway.memory()),
      tools_(gateway),
      turn_timer_(
          gateway.timers(), [](void* self) { static_cast<AgentRuns*>(self)->on_timer(); }, this) {}

AgentRuns::~AgentRuns() { settle(); }

gw_status AgentRuns::add_host_agent(std::string_view id) {
    const auto& agents = gateway_.config().agents;
    const bool known =
        id.empty() || std::any_of(agents.begin(), agents.end(), [&](const config::Agent& it) { return it.id == id; });
    if (!known) return GW_ERR_ARGUMENT;
    if (std::find(host_agents_.begin(), host_agents_.end(), id) == host_agents_.end()) host_agents_.emplace_back(id);
    return GW_OK;
}

bool AgentRuns::host_answers(const config::Agent& agent) const noexcept {
    return std::any_of(host_agents_.begin(), host_agents_.end(),
                       [&](const auto& id) { return id.empty() ? agent.host : id == agent.id; });
}

bool AgentRuns::next_event(gw_event& event) noexcept {
    event.type = GW_EVENT_RUN_CANCEL;
    event.run = hosted.next_cancelled().id;
    return event.run != 0;
}

AgentRuns::Turn AgentRuns::enter(AgentRun& run) noexcept {
    if (active_count_ < gateway_.config().runs_max) {
        active_.push_back(run.in_runs);
        ++active_count_;
        return Turn::now;
    }
    if (waiting_count_ >= waiting_max) return Turn::never;
    waiting_.push_back(run.in_runs);
    ++waiting_count_;
    run.waits_ = true;
    return Turn::later;
}

void AgentRuns::leave(AgentRun& run) noexcept {
    if (!run.in_runs.linked()) return;
    run.in_runs.unlink();
    --(std::exchange(run.waits_, false) ? waiting_count_ : active_count_);
    if (waiting_count_ > 0) turn_timer_.arm(gateway_.now());  // from the loop, not from inside another run's end
    gateway_.run_closed();
}

void AgentRuns::on_timer() noexcept {
    while (active_count_ < gateway_.config().runs_max) {
        AgentRun* const run = waiting_.pop_front();
        if (run == nullptr) return;
        --waiting_count_;
        run->waits_ = false;
        active_.push_back(run->in_runs);
        ++active_count_;
        run->on_turn();
    }
}

void AgentRuns::retire(Owned<AgentRun> run) noexcept {
    if (!run) return;
    run->cancel();
    retired_.push_back(run.release()->in_retired);
}

void AgentRuns::settle() noexcept {
    while (AgentRun* const run = retired_.pop_front()) PmrDelete<AgentRun>{gateway_.memory()}(run);
}

void AgentRuns::fail_all() {
    for (List<AgentRun>* list : {&active_, &waiting_}) {
        while (AgentRun* const run = list->front()) run->shut_down();
    }
}

}  // namespace gw::exchange
