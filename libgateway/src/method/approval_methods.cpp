// Asking for approval and answering: exec.approval.*, plugin.approval.*, openclaw.approval.list.
#include <algorithm>
#include <array>

#include "core/text.h"
#include "method/core.h"
#include "method/system_run.h"

namespace gw::method {

namespace {

constexpr std::int64_t approval_ms_old = 120000;
constexpr std::int64_t approval_ms_new = 1800000;
constexpr std::int64_t approval_ms_max = 86400000;
constexpr std::size_t presented_bytes_max = 1024;
constexpr std::string_view not_found_details =
    R"({"reason":"APPROVAL_NOT_FOUND","remediation":"Ask for the approval again: pending ones end with their time, and with the gateway."})";

void write_choices(json::Writer& writer, const Approval& approval) {
    writer.key("allowedDecisions").begin_array().string("allow-once");
    if (approval.may_always) writer.string("allow-always");
    writer.string("deny").end_array();
}

// The rest of a request and its answer is the same for everything that may be asked.
void ask_approvers(Core& core, Call& call, Owned<Approval> made, std::int64_t otherwise_ms) {
    const std::int64_t timeout = std::min(call.number("timeoutMs", otherwise_ms), approval_ms_max);
    const Approvals::Opened opened = core.approvals.open(std::move(made), static_cast<std::uint64_t>(timeout));
    if (opened.approval == nullptr) {
        const bool is_full = opened.refusal.starts_with("too many");
        call.fail(is_full ? rpc::code::unavailable : rpc::code::invalid_request, {opened.refusal});
        return;
    }
    Approval& approval = *opened.approval;
    if (!approval.is_pending()) return core.approvals.write_decision(call.result(), approval);
    const Ticket ticket = call.defer();
    if (call.flag("twoPhase")) {
        Buffer out(core.gate.pool());
        json::Writer writer(out);
        writer.begin_object().member("status", "accepted").member("id", approval.id);
        writer.member("createdAtMs", approval.created_ms).member("expiresAtMs", approval.expires_ms);
        if (call.client.protocol >= 4) writer.member("deliveryRoute", "client");
        writer.end_object();
        core.gate.answer(ticket, out.text(), true);
    }
    static_cast<void>(core.approvals.wait(approval, ticket));  // the first to wait
}

[[nodiscard]] bool take_id(Core& core, Call& call, Approval& approval, std::string_view prefix) {
    const std::string_view asked = trim(call.text("id"));
    if (!asked.empty()) {
        approval.id = asked;
        return true;
    }
    const auto uuid = crypto::random_uuid(core.gate.random());
    if (!uuid) {
        call.fail(rpc::code::unavailable, {"no random numbers"});
        return false;
    }
    (approval.id = prefix).append(uuid->data(), uuid->size());
    return true;
}

void exec_approval_request(Core& core, Call& call) {
    const std::string_view host = trim(call.text("host"));
    const bool on_node = host == "node";
    const json::Value plan = on_node ? call.params["systemRunPlan"] : json::Value();
    const bool has_plan = plan.is(json::Kind::object);
    if (on_node && trim(call.text("nodeId")).empty()) return call.fail("nodeId is required for host=node");
    if (on_node && !has_plan) return call.fail("systemRunPlan is required for host=node");
    const auto effective = [&](std::string_view name) {
        return trim(has_plan ? plan[name].as_string().value_or("") : call.text(name));
    };
    const std::string_view command = has_plan ? plan["commandText"].as_string().value_or("") : call.text("command");
    if (trim(command).empty()) return call.fail("command is required");
    if (has_plan && plan["argv"].size() == 0) return call.fail("commandArgv is required for host=node");

    auto made = core.approvals.make(ApprovalKind::exec, &call.client);
    if (!take_id(core, call, *made, {})) return;
    made->command = command;
    made->command_preview = plan["commandPreview"].as_string().value_or("");
    made->host = host;
    made->node_id = on_node ? trim(call.text("nodeId")) : std::string_view{};
    made->agent_id = effective("agentId");
    made->session_key = effective("sessionKey");
    if (has_plan) made->plan = plan.raw();
    made->env_hash = hash_of_variables(call.params["env"], core.gate.memory());
    made->may_always = call.text("ask") != "always" && call.params["unavailableDecisions"].size() == 0;
    read_texts(call.params["approvalReviewerDeviceIds"], made->reviewers, 32);
    fill_exec_request(
        core.gate, *made,
        {{}, effective("cwd"), call.text("resolvedPath"), call.text("runId"), call.text("toolCallId"), call.params});
    ask_approvers(core, call, std::move(made), call.client.protocol >= 4 ? approval_ms_new : approval_ms_old);
}

void plugin_approval_request(Core& core, Call& call) {
    auto made = core.approvals.make(ApprovalKind::plugin, &call.client);
    if (!take_id(core, call, *made, "plugin:")) return;
    made->agent_id = call.text("agentId");
    made->session_key = call.text("sessionKey");
    read_texts(call.params["approvalReviewerDeviceIds"], made->reviewers, 32);
    if (const json::Value allowed = call.params["allowedDecisions"]; allowed.is(json::Kind::array)) {
        made->may_always = false;
        for (json::Value one = allowed.first(); one.exists(); one = one.next())
            made->may_always = made->may_always || one.as_string() == "allow-always";
    }
    Buffer request(core.gate.pool());
    Buffer shown(core.gate.pool());
    json::Writer writer(request);
    json::Writer presented(shown);
    writer.begin_object();
    presented.begin_object().member("kind", "plugin");
    for (const std::string_view name :
         {"pluginId", "title", "description", "detail", "severity", "scope", "toolName", "toolCallId", "mcpTool",
          "agentId", "sessionKey", "turnSourceChannel", "turnSourceTo", "turnSourceAccountId", "turnSourceThreadId"}) {
        const json::Value value = call.params[name];
        writer.key(name);
        value.exists() ? writer.value(value) : writer.null();
        if (name == "title" || name == "description" || name == "severity" || name == "pluginId")
            write_if(presented, name, value.as_string().value_or(""));
    }
    write_choices(writer, *made);
    write_choices(presented, *made);
    writer.end_object();
    presented.end_object();
    made->request = request.text();
    made->presentation = shown.text();
    ask_approvers(core, call, std::move(made), approval_ms_old);
}

void wait_decision(Core& core, Call& call) {
    const std::string_view id = trim(call.text("id"));
    if (id.empty()) return call.fail("id is required");
    Approval* approval = core.approvals.find(id, call.client);
    if (approval == nullptr) {
        call.fail(rpc::code::invalid_request, {"approval expired or not found"},
                  call.client.protocol >= 4 ? not_found_details : std::string_view{});
        return;
    }
    if (!approval->is_pending()) return core.approvals.write_decision(call.result(), *approval);
    if (approval->waiters.size() >= Approvals::waiters_max)
        return call.fail(rpc::code::unavailable, {"too many wait for this approval"});
    static_cast<void>(core.approvals.wait(*approval, call.defer()));
}

void resolve_kind(Core& core, Call& call, ApprovalKind kind) {
    const Decision decision = decision_from(call.text("decision"));
    if (decision == Decision::none) return call.fail("invalid decision");
    std::pmr::string refusal(core.gate.memory());
    Approval* approval = core.approvals.find_pending(trim(call.text("id")), kind, call.client, refusal);
    if (approval == nullptr) {
        const bool is_unknown = refusal.starts_with("unknown");
        call.fail(rpc::code::invalid_request, {refusal},
                  is_unknown && call.client.protocol >= 4 ? not_found_details : std::string_view{});
        return;
    }
    if (decision == Decision::allow_always && !approval->may_always && call.client.protocol >= 4)
        return call.fail("allow-always is unavailable: the policy asks each time");
    core.approvals.resolve(*approval, decision, call.client);
    call.result().begin_object().member("ok", true).end_object();
}

void exec_approval_resolve(Core& core, Call& call) { resolve_kind(core, call, ApprovalKind::exec); }
void plugin_approval_resolve(Core& core, Call& call) { resolve_kind(core, call, ApprovalKind::plugin); }

void exec_approval_get(Core& core, Call& call) {
    std::pmr::string refusal(core.gate.memory());
    const Approval* one = core.approvals.find_pending(trim(call.text("id")), ApprovalKind::exec, call.client, refusal);
    if (one == nullptr) {
        call.fail(rpc::code::invalid_request, {refusal},
                  refusal.starts_with("unknown") ? not_found_details : std::string_view{});
        return;
    }
    json::Writer& writer = call.result();
    writer.begin_object().member("id", one->id).member("commandText", one->command);
    write_or_null(writer, "commandPreview", one->command_preview);
    write_choices(writer, *one);
    write_or_null(writer, "host", one->host);
    write_or_null(writer, "nodeId", one->node_id);
    write_or_null(writer, "agentId", one->agent_id);
    writer.member("expiresAtMs", one->expires_ms).end_object();
}

void exec_approval_list(Core& core, Call& call) {
    core.approvals.write_pending(call.result(), ApprovalKind::exec, call.client);
}
void plugin_approval_list(Core& core, Call& call) {
    core.approvals.write_pending(call.result(), ApprovalKind::plugin, call.client);
}
void openclaw_approval_list(Core& core, Call& call) {
    core.approvals.write_pending(call.result(), ApprovalKind::system_agent, call.client);
}

// --- records -------------------------------------------------------------------------------------------------------

void approval_get(Core& core, Call& call) {
    const std::string_view id = call.text("id");
    Approval* one = core.approvals.find(id);
    const bool is_hidden = one != nullptr && !core.approvals.may_see(*one, call.client);
    const std::string_view record = one == nullptr ? core.approvals.history.find(id) : std::string_view{};
    if (is_hidden || (one == nullptr && record.empty())) {
        call.fail(rpc::code::invalid_request, {"unknown or expired approval id"}, not_found_details);
        return;
    }
    json::Writer& writer = call.result();
    writer.begin_object().key("approval");
    one != nullptr ? core.approvals.write_record(writer, *one) : void(writer.raw(record));
    writer.end_object();
}

void approval_history(Core& core, Call& call) {
    const auto count = static_cast<std::size_t>(call.number("limit", 50));
    if (!core.approvals.history.write(call.result(), call.text("cursor"), count, call.text("kind")))
        call.fail("invalid cursor");
}

void approval_resolve(Core& core, Call& call) {
    const auto kind = kind_from(call.text("kind"));
    const Decision decision = decision_from(call.text("decision"));
    Approval* one = core.approvals.find(call.text("id"), call.client);
    if (one == nullptr || one->kind != kind) {
        call.fail(rpc::code::invalid_request, {"unknown or expired approval id"}, not_found_details);
        return;
    }
    const bool applies = one->is_pending();  // the first answer counts
    if (applies && decision == Decision::allow_always && !one->may_always)
        return call.fail("allow-always is unavailable: the policy asks each time");
    if (applies) core.approvals.resolve(*one, decision, call.client);
    json::Writer& writer = call.result();
    writer.begin_object().member("applied", applies).key("approval");
    core.approvals.write_record(writer, *one);
    writer.end_object();
}

// Standing approvals belong to jobs that run by themselves, of which there are none here.
void grants_list(Core&, Call& call) {
    call.result().begin_object().key("grants").begin_array().end_array().end_object();
}

void grants_revoke(Core&, Call& call) { call.result().begin_object().member("outcome", "not-found").end_object(); }

}  // namespace

void fill_exec_request(Gate& gate, Approval& approval, const ExecFacts& facts) {
    const json::Value& params = facts.params;
    Buffer request(gate.pool());
    json::Writer writer(request);
    const auto given = [&](std::string_view name) {
        writer.key(name);
        params[name].exists() ? writer.value(params[name]) : writer.null();
    };
    writer.begin_object().member("command", approval.command);
    if (!facts.argv.empty()) {
        writer.key("commandArgv").begin_array();
        for (const std::string_view word : facts.argv) writer.string(word);
        writer.end_array();
    } else if (params["commandArgv"].exists()) {
        writer.key("commandArgv").value(params["commandArgv"]);
    }
    if (params["env"].size() > 0) {  // the names only
        writer.key("envKeys").begin_array();
        for (json::Value one = params["env"].first(); one.exists(); one = one.next()) writer.string(one.key());
        writer.end_array();
    }
    writer.key("systemRunBinding");
    if (approval.plan.empty()) {
        writer.null();
    } else {
        writer.begin_object().key("argv").value(params["systemRunPlan"]["argv"]);
        write_or_null(writer, "cwd", facts.cwd);
        write_or_null(writer, "agentId", approval.agent_id);
        write_or_null(writer, "sessionKey", approval.session_key);
        write_or_null(writer, "envHash", approval.env_hash);
        writer.end_object();
    }
    writer.key("systemRunPlan");
    approval.plan.empty() ? writer.null() : writer.raw(approval.plan);
    write_or_null(writer, "cwd", facts.cwd);
    write_or_null(writer, "nodeId", approval.node_id);
    write_or_null(writer, "host", approval.host);
    for (const std::string_view name : {"security", "ask", "warningText", "scope"}) given(name);
    writer.key("commandAnalysis").begin_object().member("commandCount", 1).member("nestedCommandCount", 0);
    writer.key("riskKinds").begin_array().end_array().key("warningLines").begin_array().end_array().end_object();
    write_choices(writer, approval);
    write_or_null(writer, "agentId", approval.agent_id);
    write_or_null(writer, "resolvedPath", facts.resolved_path);
    write_or_null(writer, "sessionKey", approval.session_key);
    given("sessionId");
    write_or_null(writer, "runId", facts.run_id);
    write_or_null(writer, "toolCallId", facts.tool_call_id);
    for (const std::string_view name : {"turnSourceChannel", "turnSourceTo", "turnSourceAccountId",
                                        "turnSourceThreadId", "cronExecutionSource", "cronOperationBinding"})
        given(name);
    writer.end_object();
    approval.request = request.text();

    Buffer shown(gate.pool());
    json::Writer presented(shown);
    presented.begin_object().member("kind", "exec");
    presented.member("commandText", cut_utf8(approval.command, presented_bytes_max));
    write_or_null(presented, "commandPreview", cut_utf8(approval.command_preview, presented_bytes_max));
    write_choices(presented, approval);
    write_or_null(presented, "host", approval.host);
    write_or_null(presented, "nodeId", approval.node_id);
    write_or_null(presented, "agentId", approval.agent_id);
    presented.end_object();
    approval.presentation = shown.text();
}

std::span<const Method> approval_methods() noexcept {
    using rpc::Scope;
    static constexpr std::array<Method, 15> rows{{
        {"exec.approval.request", Scope::approvals,
         "id?:s(1..256) command?:s(1..) commandArgv?:s[] systemRunPlan?:{argv:s[] cwd:s|null commandText:s "
         "commandPreview?:s|null agentId:s|null sessionKey:s|null *}|null env?:map<s> cwd?:s|null "
         "nodeId?:s(1..)|null host?:s|null security?:s|null ask?:s|null warningText?:s|null scope?:any "
         R"(unavailableDecisions?:"allow-always"[](1..1) commandSpans?:{startIndex:i(0..) endIndex:i(0..)}[] )"
         "agentId?:s(..128)|null resolvedPath?:s|null sessionKey?:s(..512)|null sessionId?:s|null runId?:s|null "
         "toolCallId?:s|null turnSourceChannel?:s|null turnSourceTo?:s|null turnSourceAccountId?:s|null "
         "turnSourceThreadId?:s|n|null approvalReviewerDeviceIds?:s(1..128)[] requireDeliveryRoute?:b "
         "suppressDelivery?:b timeoutMs?:i(1..) twoPhase?:b *",
         exec_approval_request},
        {"exec.approval.waitDecision", Scope::approvals, "id:s", wait_decision},
        {"exec.approval.resolve", Scope::approvals,
         "id:s(1..) decision:s(1..) reviewer?:{channel:s(1..) accountId:s(1..) senderId:s(1..)} "
         "grantExpiresInDays?:i(1..3650)",
         exec_approval_resolve},
        {"exec.approval.get", Scope::approvals, "id:s(1..)", exec_approval_get},
        {"exec.approval.list", Scope::approvals, "", exec_approval_list},
        {"exec.approval.grants.list", Scope::approvals, "limit?:i(1..500)", grants_list},
        {"exec.approval.grants.revoke", Scope::approvals, "grantId:s(1..)", grants_revoke},
        {"plugin.approval.request", Scope::approvals,
         "pluginId?:s(..128)|null title:s(1..80) description:s(1..512) detail?:s|null "
         R"(severity?:"info"|"warning"|"critical"|null scope?:any toolName?:s|null toolCallId?:s|null )"
         "mcpTool?:{server:s(1..) tool:s(1..)} allowedDecisions?:s[]|null agentId?:s(..128)|null "
         "sessionKey?:s(..512)|null approvalReviewerDeviceIds?:s[]|null turnSourceChannel?:s|null turnSourceTo?:s|null "
         "turnSourceAccountId?:s|null turnSourceThreadId?:s|n|null timeoutMs?:i(1..600000) twoPhase?:b",
         plugin_approval_request},
        {"plugin.approval.waitDecision", Scope::approvals, "id:s", wait_decision},
        {"plugin.approval.resolve", Scope::approvals,
         "id:s(1..) decision:s(1..) reviewer?:{channel:s(1..) accountId:s(1..) senderId:s(1..)}",
         plugin_approval_resolve},
        {"plugin.approval.list", Scope::approvals, "", plugin_approval_list},
        {"openclaw.approval.list", Scope::approvals, "", openclaw_approval_list},
        {"approval.get", Scope::approvals, "id:s(1..)", approval_get},
        {"approval.history", Scope::approvals,
         R"(cursor?:s(1..512) limit?:i(1..100) kind?:"exec"|"plugin"|"system-agent")", approval_history},
        {"approval.resolve", Scope::approvals,
         R"(id:s(1..) kind:"exec"|"plugin"|"system-agent" decision:"allow-once"|"allow-always"|"deny" )"
         "reviewer?:{channel:s(1..) accountId:s(1..) senderId:s(1..)} grantExpiresInDays?:i(1..3650)",
         approval_resolve},
    }};
    return rows;
}

}  // namespace gw::method
