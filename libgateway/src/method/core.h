// Core: the state behind the methods, one member for each family, and the road of one call.
//
//     request ─► known? ─► role ─► scope ─► rate of writes ─► parameters ─► handler ─► answer, failure, or later
//
// One Core belongs to one gateway. It knows no sockets: clients come and go, calls come in, and answers and events
// leave through the Gate.
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "auth/bootstrap.h"
#include "auth/devices.h"
#include "auth/gateway_identity.h"
#include "config/config.h"
#include "core/timers.h"
#include "json/json.h"
#include "method/added.h"
#include "method/approval_gate.h"
#include "method/approvals.h"
#include "method/call.h"
#include "method/chats.h"
#include "method/exec_policy.h"
#include "method/findings.h"
#include "method/gate.h"
#include "method/health.h"
#include "method/node_events.h"
#include "method/nodes.h"
#include "method/presence.h"
#include "method/questions.h"
#include "method/system_events.h"
#include "method/table.h"
#include "method/waker.h"
#include "session/rows.h"
#include "session/sessions.h"
#include "session/usage.h"

namespace gw::method {

class Core final : private NodeRuns {
public:
    explicit Core(Gate& gate_in);
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    static constexpr std::uint32_t tick_interval_ms = 30000;

    // Begins the timers; the clock runs.
    void start();

    // Gate::config() is another one.
    void on_config_changed();
    // This start came out of a restart that somebody asked for: what it left, as JSON (ConfigDesk). The agent of the
    // session that asked, or of the main one, is told with its next prompt.
    void on_restarted(std::string_view sentinel);
    // Writes what waits to be written together.
    void on_shutdown();

    // A client was admitted, or is gone: its subscriptions, what it waits for, what waits for it.
    void on_joined(Client& client);
    void on_left(Client& client);

    // Runs one call. Its outcome is in `call`, unless it was deferred.
    void dispatch(Call& call);

    // The payload of hello-ok for a client that was admitted. `token`: a device token to be told, or empty.
    void write_hello(json::Writer& writer, const Client& client, std::string_view auth_method, std::string_view token,
                     std::uint64_t token_issued_ms);

    [[nodiscard]] const config::Agent& default_agent() const noexcept;
    [[nodiscard]] const config::Agent* find_agent(std::string_view id) const noexcept;
    // The canonical key of a session that somebody asks for; nothing when that cannot be one.
    [[nodiscard]] std::optional<std::pmr::string> session_key(std::string_view text) const;
    [[nodiscard]] rpc::StateVersion state_version() const noexcept { return {presence.version(), health.version()}; }

    // The agent of a canonical session key.
    [[nodiscard]] std::string_view agent_of(std::string_view session_key) const noexcept;
    // What a turn changed in a session; written soon.
    void touch_session(std::string_view key, const session::Changes& changes);
    // Ends what runs in a session and begins it anew. Why not, or "".
    [[nodiscard]] std::string_view reset_session(std::string_view key);
    // Its sendPolicy lets no message in.
    [[nodiscard]] bool is_closed(std::string_view session_key);
    // Begins it anew when it is stale (session.reset). Nothing runs in it.
    void renew_session(std::string_view key);

    // What operators with the pairing scope hear of devices.
    void tell_pair_request(const auth::PairRequest& request);
    void tell_pair_resolved(std::string_view request_id, std::string_view device_id, std::string_view decision);
    // A device came in with a setup code, if one did.
    void tell_setup_completed();
    // The result of device.pair.setupStatus and its event.
    void write_setup_completion(json::Writer& writer, const auth::BootstrapTokens::Completion& done);
    // Closes the sockets of a device whose way in is gone; of one role, or of both.
    void close_device(std::string_view device_id, std::optional<rpc::Role> role);

    // What a row about a session says beside what is remembered of it. Used before the next one is asked for.
    [[nodiscard]] session::RowContext row_context();

    // Pieces that several results have.
    void write_agent_result(json::Writer& writer, const RunRecord& record);
    void write_heartbeat(json::Writer& writer) const;
    void write_recent_sessions(json::Writer& writer, std::string_view agent);
    void write_session_status(json::Writer& writer, const Client& client);

    Gate& gate;
    Presence presence;
    Health health;
    auth::Devices devices;
    auth::BootstrapTokens bootstraps;
    auth::GatewayIdentity identity;
    session::Sessions sessions;
    session::UsageIndex usage;
    Chats chats;
    SystemEvents system_events;
    Nodes nodes;
    NodeEvents node_events;
    Approvals approvals;
    ExecPolicy exec_policy;
    ApprovalGate approval_gate;
    Questions questions;
    Findings findings;
    AddedMethods added;
    Waker waker;

private:
    // A run that a node asks for.
    void start(const NodeRun& asked) override;
    void configure_sessions();
    void on_flush();
    [[nodiscard]] bool allow_write(Call& call);
    void on_tick();

    Timer tick_timer_, flush_timer_;
    std::pmr::vector<std::string_view> row_runs_;  // of the row that is being written
    // Control-plane writes in the running minute, by device or address and method.
    struct Writes {
        std::uint64_t since_ms = 0;
        unsigned count = 0;
    };
    std::pmr::map<std::pmr::string, Writes, std::less<>> writes_;
};

}  // namespace gw::method
