// AgentRuns: what the runs of one gateway share: how many go on at once, who waits, and which agents are the host's.
//
//     enter() ─► now | later: on_turn() when another one has left | never
//
// A run is destroyed at the end of the host's call, never from inside one of its own callbacks: retire().
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/id_table.h"
#include "core/list.h"
#include "core/owned.h"
#include "core/timers.h"
#include "exchange/event_source.h"
#include "exchange/toolbox.h"

namespace gw::exchange {

class AgentRun;
class Gateway;
class HostModel;

class AgentRuns final : public EventSource {
public:
    static constexpr std::size_t waiting_max = 4096;

    explicit AgentRuns(Gateway& gateway);
    ~AgentRuns();

    // The host answers for this agent; "" stands for all whose configuration says `runtime: "host"`. GW_ERR_ARGUMENT:
    // there is no such agent.
    [[nodiscard]] gw_status add_host_agent(std::string_view id);
    [[nodiscard]] bool host_answers(const config::Agent& agent) const noexcept;
    // Answers that the host is at; those that are not wanted any more are told with RUN_CANCEL.
    IdTable<HostModel> hosted;
    bool next_event(gw_event& event) noexcept override;

    enum class Turn : std::uint8_t { now, later, never };
    [[nodiscard]] Turn enter(AgentRun& run) noexcept;
    void leave(AgentRun& run) noexcept;
    // Takes the run back, for good; it is destroyed when the host's call settles.
    void retire(Owned<AgentRun> run) noexcept;
    void settle() noexcept;
    // Ends what is left after the time to drain.
    void fail_all();
    [[nodiscard]] std::size_t open_count() const noexcept { return active_count_ + waiting_count_; }

    [[nodiscard]] Toolbox& tools() noexcept { return tools_; }

private:
    void on_timer() noexcept;

    Gateway& gateway_;
    std::pmr::vector<std::pmr::string> host_agents_;
    Toolbox tools_;
    List<AgentRun> active_, waiting_, retired_;
    std::size_t active_count_ = 0, waiting_count_ = 0;
    Timer turn_timer_;
};

}  // namespace gw::exchange
