// ApprovalGate: where a run of an agent asks whether it may run a program.
//
//     ask ─► exec-approvals.json: allowed or denied at once
//              └─ asks a person ─► Approval ─► on_decision(allowed or not), once
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "method/exec_policy.h"

namespace gw::method {

class Core;
struct Approval;

// What a run wants to do. Views, used during the call only.
struct ExecQuestion {
    std::span<const std::string_view> argv;  // not empty; the program first
    std::string_view cwd, agent, session, run_id, tool_call_id;
    std::uint64_t timeout_ms = 120000;
    bool is_shell = false;           // the program is a shell that is given a line: no pattern of a path allows that
    ExecPolicy::Bounds bounds = {};  // of the configuration
};

class ApprovalGate {
public:
    explicit ApprovalGate(Core& core) : core_(core) {}

    // The answer when nobody has to be asked. Else nothing: then on_decision is called once, later, and `id` names the
    // question until then. Throws std::bad_alloc and then nobody is asked.
    using OnDecision = void (*)(void* user, bool allowed);
    [[nodiscard]] std::optional<bool> ask(const ExecQuestion& question, OnDecision on_decision, void* user,
                                          std::pmr::string& id);
    // The run is over: nobody needs the answer, and on_decision is not called.
    void withdraw(std::string_view id);

private:
    struct Waiting;
    Core& core_;
};

}  // namespace gw::method
