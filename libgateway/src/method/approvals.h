// Approvals: somebody wants to run something and waits until a person says yes or no.
//
//     request ─► Approval: pending ─┬─ resolve ────────────► allowed or denied ─┐
//        │            │             ├─ nobody can answer ──► no decision        ├─ 15 s ─► gone; history keeps a line
//        │            │             └─ time is over ───────► no decision        ┘
//        └─ waits ◄───┴── the decision goes to all who wait
//
// Requests come from clients (exec.approval.request and its kin) and from the gateway's own runs (approval_gate.h).
// Nothing here knows what is run: a request is JSON that approvers are shown, and a few facts that are compared later.
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/owned.h"
#include "core/timers.h"
#include "json/json.h"
#include "method/approval_history.h"
#include "method/gate.h"
#include "method/write.h"

namespace gw::method {

class Core;
class Approvals;

enum class ApprovalKind : std::uint8_t { exec, plugin, system_agent };
enum class Decision : std::uint8_t { none, allow_once, allow_always, deny };
enum class Ending : std::uint8_t { pending, resolved, timeout, no_route, cancelled };

[[nodiscard]] std::string_view kind_name(ApprovalKind kind) noexcept;  // "exec", "plugin", "system-agent"
[[nodiscard]] std::optional<ApprovalKind> kind_from(std::string_view name) noexcept;
[[nodiscard]] std::string_view decision_name(Decision decision) noexcept;  // empty for none
[[nodiscard]] Decision decision_from(std::string_view name) noexcept;

struct Approval {
    Approval(Approvals& owner, std::pmr::memory_resource* memory);
    ~Approval() {
        if (forget != nullptr) forget(user);
    }
    Approval(const Approval&) = delete;
    Approval& operator=(const Approval&) = delete;
    [[nodiscard]] bool is_pending() const noexcept { return ending == Ending::pending; }

    Approvals& approvals;
    ApprovalKind kind = ApprovalKind::exec;
    std::pmr::string id;
    std::pmr::string request;       // JSON object: what approvers are shown
    std::pmr::string presentation;  // JSON object: the short form that history keeps
    std::uint64_t created_ms = 0, expires_ms = 0, resolved_ms = 0;
    bool may_always = true;  // allow-always is among the answers

    // Who asks: compared when the decision is used, and when somebody wants to see it.
    ClientId requester = 0;  // 0: the gateway itself
    std::uint8_t protocol = 3;
    std::pmr::string device_id;  // of the requester; empty: it showed none
    Texts reviewers;             // devices that may see it, too
    std::pmr::string agent_id, session_key;

    // What was asked for, for a program on a node (system_run.h).
    std::pmr::string command, command_preview, host, node_id;
    std::pmr::string plan;      // JSON object, or empty
    std::pmr::string env_hash;  // empty: no variables
    bool is_used = false;       // an allow-once that was taken

    Ending ending = Ending::pending;
    Decision decision = Decision::none;
    std::pmr::string resolver;  // what history names: the device, else the client

    std::pmr::vector<Ticket> waiters;
    // Called once with the outcome, when the gateway itself asks; `forget` ends what `user` is.
    void (*on_decision)(void* user, Approval& approval) = nullptr;
    void (*forget)(void* user) = nullptr;
    void* user = nullptr;

    Timer timer;
    std::uint64_t order = 0;
};

// Writes what approvers of a command are shown, from the facts of the approval and these.
struct ExecFacts {
    std::span<const std::string_view> argv;
    std::string_view cwd, resolved_path, run_id, tool_call_id;
    json::Value params = {};  // of exec.approval.request, for the rest; missing: there are none
};
void fill_exec_request(Gate& gate, Approval& approval, const ExecFacts& facts);

class Approvals {
public:
    static constexpr std::size_t records_max = 512;
    static constexpr std::size_t pending_of_client_max = 64;
    static constexpr std::size_t waiters_max = 32;
    static constexpr std::size_t request_bytes_max = 262144;
    static constexpr std::uint64_t kept_ms = 15000;

    explicit Approvals(Core& core);
    Approvals(const Approvals&) = delete;
    Approvals& operator=(const Approvals&) = delete;

    [[nodiscard]] Owned<Approval> make(ApprovalKind kind, const Client* requester);
    // Takes a request whose facts are filled in and which waits `timeout_ms`. What is wrong with it otherwise: a text.
    // It may have ended when this returns, because nobody can answer.
    struct Opened {
        Approval* approval = nullptr;
        std::string_view refusal;
    };
    Opened open(Owned<Approval> made, std::uint64_t timeout_ms);
    // Answers with the decision, now or later. False: too many wait.
    [[nodiscard]] bool wait(Approval& approval, Ticket ticket);

    // Nothing when there is none of that id and kind, or the client may not see it.
    [[nodiscard]] Approval* find(std::string_view id);
    [[nodiscard]] Approval* find(std::string_view id, const Client& reader);
    // The pending one of that id, or the only one whose id begins so; else `refusal` says why not.
    [[nodiscard]] Approval* find_pending(std::string_view id_or_prefix, std::optional<ApprovalKind> kind,
                                         const Client& reader, std::pmr::string& refusal);

    void resolve(Approval& approval, Decision decision, const Client& by);
    // Nobody waits for it any more.
    void cancel(std::string_view id);

    [[nodiscard]] bool may_see(const Approval& approval, const Client& client) const noexcept;
    // The pending ones that the reader may see, in the order in which they came.
    void write_pending(json::Writer& writer, ApprovalKind kind, const Client& reader);
    // {id, decision, createdAtMs, expiresAtMs}
    void write_decision(json::Writer& writer, const Approval& approval) const;
    // The object of approval.get and of history.
    void write_record(json::Writer& writer, const Approval& approval) const;

    [[nodiscard]] std::size_t count() const noexcept { return records_.size(); }

    ApprovalHistory history;

private:
    friend struct Approval;
    void on_time(Approval& approval);
    void finish(Approval& approval, Decision decision, Ending ending);
    [[nodiscard]] bool can_answer(const Approval& approval, const Client& client) const noexcept;
    [[nodiscard]] bool is_told(const Approval& approval, const Client& client) const noexcept;
    void tell(const Approval& approval, std::string_view what, std::string_view payload);
    [[nodiscard]] bool make_room();

    Core& core_;
    std::pmr::map<std::pmr::string, Owned<Approval>, std::less<>> records_;
    std::uint64_t next_order_ = 1;
};

}  // namespace gw::method
