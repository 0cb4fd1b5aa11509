#include "method/approval_gate.h"

#include <algorithm>

#include "core/text.h"
#include "method/core.h"

namespace gw::method {

namespace {

// One word as a person would have to type it into a shell.
void append_shell_word(std::pmr::string& out, std::string_view word) {
    constexpr std::string_view plain = "_-./=:@%+,";
    const bool is_plain = !word.empty() && std::all_of(word.begin(), word.end(), [=](char c) {
        return is_alpha(c) || is_digit(c) || plain.find(c) != std::string_view::npos;
    });
    if (is_plain) {
        out += word;
        return;
    }
    out += '\'';
    for (const char c : word) out += c == '\'' ? std::string_view("'\\''") : std::string_view(&c, 1);
    out += '\'';
}

}  // namespace

// What is remembered of a question until it is answered.
struct ApprovalGate::Waiting {
    Waiting(Core& owner, OnDecision call, void* with, std::pmr::memory_resource* memory)
        : core(owner), on_decision(call), user(with), agent(memory), path(memory), command(memory) {}
    Core& core;
    OnDecision on_decision;
    void* user;
    std::pmr::string agent, path, command;
    bool allows_unanswered = false;
};

std::optional<bool> ApprovalGate::ask(const ExecQuestion& question, OnDecision on_decision, void* user,
                                      std::pmr::string& id) {
    std::pmr::memory_resource* memory = core_.gate.memory();
    const std::string_view path = question.is_shell ? std::string_view{} : question.argv.front();
    std::pmr::string command(memory);
    for (const std::string_view word : question.argv) {
        if (!command.empty()) command += ' ';
        append_shell_word(command, word);
    }
    const ExecPolicy::Judgement judgement = core_.exec_policy.judge(question.agent, path, command, question.bounds);
    if (judgement.verdict == ExecPolicy::Verdict::allow) return true;
    if (judgement.verdict == ExecPolicy::Verdict::deny) return false;

    const auto uuid = crypto::random_uuid(core_.gate.random());
    if (!uuid) return false;
    auto made = core_.approvals.make(ApprovalKind::exec, nullptr);
    made->id.assign(uuid->data(), uuid->size());
    made->command = command;
    made->host = "gateway";
    made->agent_id = question.agent;
    made->session_key = question.session;
    made->may_always = !judgement.asks_always && ExecPolicy::may_allow_always(path);
    fill_exec_request(core_.gate, *made, {question.argv, question.cwd, path, question.run_id, question.tool_call_id});

    auto waiting = make_owned<Waiting>(memory, core_, on_decision, user, memory);
    waiting->agent = question.agent;
    waiting->path = path;
    waiting->command = command;
    waiting->allows_unanswered = judgement.allows_unanswered;
    id = made->id;
    const Approvals::Opened opened = core_.approvals.open(std::move(made), question.timeout_ms);
    if (opened.approval == nullptr) return false;
    if (!opened.approval->is_pending()) return judgement.allows_unanswered;
    opened.approval->user = waiting.release();
    opened.approval->forget = [](void* one) {
        auto* gone = static_cast<Waiting*>(one);
        PmrDelete<Waiting>{gone->core.gate.memory()}(gone);
    };
    opened.approval->on_decision = [](void* one, Approval& approval) {
        auto* asked = static_cast<Waiting*>(one);
        bool allowed = approval.decision == Decision::allow_once || approval.decision == Decision::allow_always;
        if (approval.decision == Decision::none) allowed = asked->allows_unanswered;
        if (approval.decision == Decision::allow_always && approval.may_always) {
            try {
                asked->core.exec_policy.allow(asked->agent, asked->path, asked->command);
            } catch (const std::bad_alloc&) {  // it is asked again next time
            }
        }
        asked->on_decision(asked->user, allowed);
    };
    return std::nullopt;
}

void ApprovalGate::withdraw(std::string_view id) { core_.approvals.cancel(id); }

}  // namespace gw::method
