#include "method/approvals.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/text.h"
#include "method/core.h"

namespace gw::method {

namespace {

constexpr std::array<std::string_view, 3> kind_names{"exec", "plugin", "system-agent"};
constexpr std::array<std::string_view, 4> decision_names{"", "allow-once", "allow-always", "deny"};

// Clients with a person in front of them.
bool has_face(const Client& client) noexcept {
    if (client.approvals_cap) return true;
    for (const std::string_view id : {"openclaw-control-ui", "openclaw-macos", "openclaw-ios", "openclaw-android"}) {
        if (client.client_id == id) return true;
    }
    return false;
}

std::string_view event_family(ApprovalKind kind) noexcept {
    switch (kind) {
    case ApprovalKind::exec: return "exec.approval.";
    case ApprovalKind::plugin: return "plugin.approval.";
    case ApprovalKind::system_agent: break;
    }
    return "openclaw.approval.";
}

}  // namespace

std::string_view kind_name(ApprovalKind kind) noexcept { return kind_names[static_cast<std::size_t>(kind)]; }

std::optional<ApprovalKind> kind_from(std::string_view name) noexcept {
    for (std::size_t i = 0; i < kind_names.size(); ++i) {
        if (kind_names[i] == name) return static_cast<ApprovalKind>(i);
    }
    return std::nullopt;
}

std::string_view decision_name(Decision decision) noexcept {
    return decision_names[static_cast<std::size_t>(decision)];
}

Decision decision_from(std::string_view name) noexcept {
    for (std::size_t i = 1; i < decision_names.size(); ++i) {
        if (decision_names[i] == name) return static_cast<Decision>(i);
    }
    return Decision::none;
}

Approval::Approval(Approvals& owner, std::pmr::memory_resource* memory)
    : approvals(owner),
      id(memory),
      request(memory),
      presentation(memory),
      device_id(memory),
      reviewers(memory),
      agent_id(memory),
      session_key(memory),
      command(memory),
      command_preview(memory),
      host(memory),
      node_id(memory),
      plan(memory),
      env_hash(memory),
      resolver(memory),
      waiters(memory),
      timer(
          owner.core_.gate.timers(),
          [](void* self) {
              auto* approval = static_cast<Approval*>(self);
              approval->approvals.on_time(*approval);
          },
          this) {}

Approvals::Approvals(Core& core) : history(core.gate), core_(core), records_(core.gate.memory()) {}

// --- asking --------------------------------------------------------------------------------------------------------

Owned<Approval> Approvals::make(ApprovalKind kind, const Client* requester) {
    auto made = make_owned<Approval>(core_.gate.memory(), *this, core_.gate.memory());
    made->kind = kind;
    if (requester != nullptr) {
        made->requester = requester->id;
        made->protocol = requester->protocol;
        made->device_id = requester->device_id;
    }
    return made;
}

bool Approvals::make_room() {
    if (records_.size() < records_max) return true;
    auto oldest = records_.end();
    for (auto at = records_.begin(); at != records_.end(); ++at) {
        if (at->second->is_pending()) continue;
        if (oldest == records_.end() || at->second->order < oldest->second->order) oldest = at;
    }
    if (oldest == records_.end()) return false;
    records_.erase(oldest);
    return true;
}

Approvals::Opened Approvals::open(Owned<Approval> made, std::uint64_t timeout_ms) {
    if (made->request.size() > request_bytes_max) return {nullptr, "approval request too large"};
    if (records_.find(made->id) != records_.end()) return {nullptr, "approval id already pending"};
    const auto of_client = std::count_if(records_.begin(), records_.end(), [&](const auto& entry) {
        return entry.second->is_pending() && entry.second->requester == made->requester;
    });
    const bool is_ours = made->requester == 0;
    if ((!is_ours && static_cast<std::size_t>(of_client) >= pending_of_client_max) || !make_room())
        return {nullptr, "too many approvals are waiting"};
    Gate& gate = core_.gate;
    made->created_ms = gate.unix_ms();
    made->expires_ms = made->created_ms + timeout_ms;
    made->order = next_order_++;
    std::pmr::string id(made->id, gate.memory());
    Approval& approval = *records_.emplace(std::move(id), std::move(made)).first->second;
    bool answerable = false;
    each_client(gate, [&](const Client& client) { answerable = answerable || can_answer(approval, client); });
    if (!answerable) {
        finish(approval, Decision::none, Ending::no_route);
        return {&approval, {}};
    }
    approval.timer.arm(gate.now() + timeout_ms);
    Buffer out(gate.pool());
    json::Writer writer(out);
    writer.begin_object().member("approvalKind", kind_name(approval.kind)).member("id", approval.id);
    writer.key("request").raw(approval.request).member("createdAtMs", approval.created_ms);
    writer.member("expiresAtMs", approval.expires_ms).end_object();
    tell(approval, "requested", out.text());
    return {&approval, {}};
}

bool Approvals::wait(Approval& approval, Ticket ticket) {
    if (!approval.is_pending()) {
        Buffer out(core_.gate.pool());
        json::Writer writer(out);
        write_decision(writer, approval);
        core_.gate.answer(ticket, out.text());
        return true;
    }
    if (approval.waiters.size() >= waiters_max) return false;
    approval.waiters.push_back(ticket);
    return true;
}

void Approvals::tell(const Approval& approval, std::string_view what, std::string_view payload) {
    struct Audience {
        const Approvals& approvals;
        const Approval& approval;
    } audience{*this, approval};
    std::pmr::string name(event_family(approval.kind), core_.gate.memory());
    name += what;
    Event event;
    event.name = name;
    event.payload = payload;
    event.scope = rpc::Scope::approvals;
    event.may_drop = true;
    event.context = &audience;
    event.filter = [](const void* context, const Client& client) {
        const auto* to = static_cast<const Audience*>(context);
        return to->approvals.is_told(to->approval, client);
    };
    core_.gate.broadcast(event);
}

// --- who -----------------------------------------------------------------------------------------------------------

// Clients of the older protocol see all of them, as they always did; of the newer, whoever has to do with it.
bool Approvals::may_see(const Approval& approval, const Client& client) const noexcept {
    if (client.protocol < 4 || approval.requester == 0 || client.allows(rpc::Scope::admin)) return true;
    if (client.id == approval.requester) return true;
    if (client.device_id.empty()) return false;
    const auto& reviewers = approval.reviewers;
    return client.device_id == approval.device_id ||
           std::find(reviewers.begin(), reviewers.end(), client.device_id) != reviewers.end();
}

bool Approvals::can_answer(const Approval& approval, const Client& client) const noexcept {
    if (client.role != rpc::Role::oper || !client.allows(rpc::Scope::approvals)) return false;
    if (approval.protocol < 4) return may_see(approval, client);
    return client.id != approval.requester && has_face(client) && may_see(approval, client);
}

bool Approvals::is_told(const Approval& approval, const Client& client) const noexcept {
    if (client.role != rpc::Role::oper || !may_see(approval, client)) return false;
    return client.protocol < 4 || approval.protocol < 4 || has_face(client);
}

// --- the end -------------------------------------------------------------------------------------------------------

void Approvals::on_time(Approval& approval) {
    if (approval.is_pending()) {
        finish(approval, Decision::none, Ending::timeout);
    } else {
        records_.erase(records_.find(approval.id));
    }
}

void Approvals::finish(Approval& approval, Decision decision, Ending ending) {
    approval.ending = ending;
    approval.decision = decision;
    approval.resolved_ms = core_.gate.unix_ms();
    approval.timer.arm(core_.gate.now() + kept_ms);
    try {
        Buffer record(core_.gate.pool());
        json::Writer record_writer(record);
        write_record(record_writer, approval);
        history.add(approval.id, kind_name(approval.kind), record.text());
        Buffer out(core_.gate.pool());
        json::Writer writer(out);
        write_decision(writer, approval);
        const auto waiters = std::move(approval.waiters);
        for (const Ticket ticket : waiters) core_.gate.answer(ticket, out.text());
    } catch (const std::bad_alloc&) {  // the decision itself is kept: waitDecision tells it again
    }
    // Last: whoever is called may ask for the next thing at once.
    if (const auto call = std::exchange(approval.on_decision, nullptr)) call(approval.user, approval);
}

void Approvals::resolve(Approval& approval, Decision decision, const Client& by) {
    approval.resolver = by.device_id.empty() ? by.name() : std::string_view(by.device_id);
    Buffer out(core_.gate.pool());
    json::Writer writer(out);
    writer.begin_object().member("approvalKind", kind_name(approval.kind)).member("id", approval.id);
    writer.member("decision", decision_name(decision)).member("resolvedBy", by.name());
    writer.member("ts", core_.gate.unix_ms()).key("request").raw(approval.request).end_object();
    tell(approval, "resolved", out.text());
    finish(approval, decision, Ending::resolved);
}

void Approvals::cancel(std::string_view id) {
    const auto found = records_.find(id);
    if (found == records_.end() || !found->second->is_pending()) return;
    found->second->on_decision = nullptr;
    finish(*found->second, Decision::none, Ending::cancelled);
}

// --- looking -------------------------------------------------------------------------------------------------------

Approval* Approvals::find(std::string_view id) {
    const auto found = records_.find(id);
    return found != records_.end() ? found->second.get() : nullptr;
}

Approval* Approvals::find(std::string_view id, const Client& reader) {
    Approval* approval = find(id);
    return approval != nullptr && may_see(*approval, reader) ? approval : nullptr;
}

Approval* Approvals::find_pending(std::string_view id, std::optional<ApprovalKind> kind, const Client& reader,
                                  std::pmr::string& refusal) {
    const auto fits = [&](const Approval& one) {
        return one.is_pending() && (!kind || one.kind == *kind) && may_see(one, reader);
    };
    refusal = "unknown or expired approval id";
    if (id.empty()) return nullptr;
    if (Approval* exact = find(id); exact != nullptr && fits(*exact)) return exact;
    Approval* only = nullptr;
    std::size_t count = 0;
    std::pmr::string names(core_.gate.memory());
    for (auto at = records_.lower_bound(id); at != records_.end() && at->first.starts_with(id); ++at) {
        if (!fits(*at->second)) continue;
        only = at->second.get();
        if (++count <= 3) (names += names.empty() ? "" : ", ") += at->first;
    }
    if (count <= 1) return only;
    ((refusal = "ambiguous approval id prefix; matches: ") += names) += count > 3 ? ", \xE2\x80\xA6" : "";
    refusal += ". Use the full id.";
    return nullptr;
}

void Approvals::write_decision(json::Writer& writer, const Approval& approval) const {
    writer.begin_object().member("id", approval.id);
    write_or_null(writer, "decision", decision_name(approval.decision));
    writer.member("createdAtMs", approval.created_ms).member("expiresAtMs", approval.expires_ms);
    if (approval.protocol >= 4 && approval.ending == Ending::no_route) writer.member("terminalReason", "no-route");
    writer.end_object();
}

void Approvals::write_pending(json::Writer& writer, ApprovalKind kind, const Client& reader) {
    std::pmr::vector<const Approval*> all(core_.gate.memory());
    for (const auto& [id, one] : records_) {
        if (one->is_pending() && one->kind == kind && may_see(*one, reader)) all.push_back(one.get());
    }
    std::sort(all.begin(), all.end(), [](const Approval* a, const Approval* b) { return a->order < b->order; });
    writer.begin_array();
    for (const Approval* one : all) {
        writer.begin_object().member("id", one->id).key("request").raw(one->request);
        writer.member("createdAtMs", one->created_ms).member("expiresAtMs", one->expires_ms);
        writer.member("approvalKind", kind_name(one->kind)).end_object();
    }
    writer.end_array();
}

void Approvals::write_record(json::Writer& writer, const Approval& approval) const {
    std::pmr::string path("/approve/", core_.gate.memory());
    for (const char c : approval.id) {
        if (is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.') {
            path += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            ((path += '%') += "0123456789ABCDEF"[byte >> 4U]) += "0123456789ABCDEF"[byte & 15U];
        }
    }
    writer.begin_object().member("id", approval.id).member("urlPath", path);
    writer.member("createdAtMs", approval.created_ms).member("expiresAtMs", approval.expires_ms);
    writer.key("presentation").raw(approval.presentation);
    if (approval.is_pending()) {
        write_if(writer, "sourceSessionKey", approval.session_key);
        writer.member("status", "pending").end_object();
        return;
    }
    writer.member("resolvedAtMs", approval.resolved_ms);
    if (!approval.agent_id.empty() || !approval.session_key.empty()) {
        writer.key("source").begin_object();
        write_if(writer, "agentId", approval.agent_id);
        write_if(writer, "sessionKey", approval.session_key);
        writer.end_object();
    }
    if (!approval.resolver.empty())
        writer.key("resolver").begin_object().member("kind", "device").member("id", approval.resolver).end_object();
    switch (approval.ending) {
    case Ending::pending:
    case Ending::resolved:
        writer.member("status", approval.decision == Decision::deny ? "denied" : "allowed");
        writer.member("decision", decision_name(approval.decision)).member("reason", "user");
        break;
    case Ending::timeout: writer.member("status", "expired").member("reason", "timeout"); break;
    case Ending::no_route:
        writer.member("status", "denied").member("decision", "deny").member("reason", "no-route");
        break;
    case Ending::cancelled: writer.member("status", "cancelled").member("reason", "run-aborted"); break;
    }
    writer.end_object();
}

}  // namespace gw::method
