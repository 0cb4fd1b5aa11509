#include "method/system_run.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/text.h"
#include "crypto/compare.h"
#include "crypto/sha256.h"
#include "method/core.h"

namespace gw::method {

namespace {

bool refuse_run(Call& call, std::string_view code, std::string_view message) {
    std::pmr::string details(R"({"code":")", call.memory());
    (details += code) += '"';
    if (const std::string_view run = trim(call.params["params"]["runId"].as_string().value_or("")); !run.empty()) {
        Buffer quoted(call.pool());
        json::Writer(quoted).string(cut_utf8(run, 256));
        (details += R"(,"runId":)") += quoted.text();
    }
    call.fail(rpc::code::invalid_request, {message}, details += '}');
    return false;
}

bool same_texts(const json::Value& a, const json::Value& b) noexcept {
    if (a.size() != b.size()) return false;
    json::Value y = b.first();
    for (json::Value x = a.first(); x.exists(); x = x.next(), y = y.next()) {
        if (!x.as_string() || x.as_string() != y.as_string()) return false;
    }
    return true;
}

}  // namespace

std::pmr::string hash_of_variables(const json::Value& variables, std::pmr::memory_resource* memory) {
    std::pmr::vector<std::pair<std::string_view, std::string_view>> sorted(memory);
    for (json::Value one = variables.first(); one.exists(); one = one.next()) {
        if (const auto text = one.as_string()) sorted.emplace_back(one.key(), *text);
    }
    std::pmr::string out(memory);
    if (sorted.empty()) return out;
    std::sort(sorted.begin(), sorted.end());
    crypto::Sha256 hash;
    for (const auto& [name, value] : sorted) {
        for (const std::string_view text : {name, value}) {  // NUL ends a variable everywhere else, too
            hash.update(text);
            hash.update(std::string_view("\0", 1));
        }
    }
    const auto digits = crypto::hex(hash.finish());
    out.assign(digits.data(), digits.size());
    return out;
}

bool guard_system_run(Core& core, Call& call, const Node& node, Buffer& out) {
    const json::Value params = call.params["params"];
    json::Writer writer(out);
    if (!params.is(json::Kind::object)) {
        writer.begin_object().end_object();
        return refuse_run(call, "MISSING_COMMAND", "system.run requires params.command");
    }
    const std::string_view asked = params["approvalDecision"].as_string().value_or("");
    const bool wants_approval =
        params["approved"].as_bool().value_or(false) || asked == "allow-once" || asked == "allow-always";
    const json::Value command = params["command"];
    const bool has_command = command.is(json::Kind::array) && command.size() > 0;
    writer.begin_object();
    if (!wants_approval) {
        const std::string_view raw = trim(params["rawCommand"].as_string().value_or(""));
        if (!has_command && !raw.empty())
            return refuse_run(call, "MISSING_COMMAND", "rawCommand requires params.command");
        for (const std::string_view name : {"command", "rawCommand", "systemRunPlan", "cwd", "env", "timeoutMs",
                                            "needsScreenRecording", "agentId", "sessionKey", "runId"}) {
            if (params[name].exists()) writer.key(name).value(params[name]);
        }
        writer.end_object();
        return true;
    }

    const std::string_view run = trim(params["runId"].as_string().value_or(""));
    if (run.empty()) return refuse_run(call, "MISSING_RUN_ID", "approval override requires params.runId");
    Approval* approval = core.approvals.find(run);
    if (approval == nullptr || approval->kind != ApprovalKind::exec)
        return refuse_run(call, "UNKNOWN_APPROVAL_ID", "unknown or expired approval id");
    if (core.gate.unix_ms() > approval->expires_ms) return refuse_run(call, "APPROVAL_EXPIRED", "approval expired");
    if (approval->node_id.empty())
        return refuse_run(call, "APPROVAL_NODE_BINDING_MISSING", "approval id missing node binding");
    if (approval->node_id != node.identity.node_id)
        return refuse_run(call, "APPROVAL_NODE_MISMATCH", "approval id not valid for this node");
    if (!approval->device_id.empty()) {
        if (approval->device_id != call.client.device_id)
            return refuse_run(call, "APPROVAL_DEVICE_MISMATCH", "approval id not valid for this device");
    } else if (approval->requester != call.client.id) {
        return refuse_run(call, "APPROVAL_CLIENT_MISMATCH", "approval id not valid for this client");
    }
    json::Document document(core.gate.memory());
    if (approval->plan.empty() || !document.parse(approval->plan))
        return refuse_run(call, "APPROVAL_REQUEST_MISMATCH", "approval id does not match request");
    const json::Value plan = document.root();
    if (plan["argv"].size() == 0) return refuse_run(call, "MISSING_COMMAND", "system.run requires params.command");
    if (has_command && !same_texts(command, plan["argv"]))
        return refuse_run(call, "APPROVAL_REQUEST_MISMATCH", "approval id does not match request");
    const std::pmr::string env = hash_of_variables(params["env"], core.gate.memory());
    if (env != approval->env_hash) {
        return approval->env_hash.empty()
                   ? refuse_run(call, "APPROVAL_ENV_BINDING_MISSING",
                                "approval id missing env binding for requested env overrides")
                   : refuse_run(call, "APPROVAL_ENV_MISMATCH", "approval id env binding mismatch");
    }
    const bool once = approval->decision == Decision::allow_once && !approval->is_used;
    if (!once && approval->decision != Decision::allow_always)
        return refuse_run(call, "APPROVAL_REQUIRED", "approval required");

    // What runs is the plan that was shown, never what the caller says now.
    writer.key("command").value(plan["argv"]).key("rawCommand").value(plan["commandText"]);
    writer.key("systemRunPlan").value(plan);
    for (const std::string_view name : {"cwd", "agentId", "sessionKey"}) {
        if (plan[name].is(json::Kind::string)) writer.key(name).value(plan[name]);
    }
    for (const std::string_view name : {"env", "timeoutMs", "needsScreenRecording"}) {
        if (params[name].exists()) writer.key(name).value(params[name]);
    }
    writer.member("runId", run).member("approved", true);
    writer.member("approvalDecision", decision_name(approval->decision)).end_object();
    approval->is_used = true;
    return true;
}

}  // namespace gw::method
