#include "method/node_queue.h"

#include <algorithm>

#include "core/text.h"
#include "crypto/random.h"
#include "method/gate.h"

namespace gw::method {

namespace {

constexpr std::string_view status_request = "status.request";

}  // namespace

void write_report(json::Writer& writer, const NodeQueue::Report& report) {
    writer.begin_object().member("id", report.id).member("type", report.type);
    writer.member("priority", report.high ? "high" : "normal").member("createdAtMs", report.created_ms);
    writer.key("expiresAtMs");
    report.expires_ms != 0 ? writer.number(report.expires_ms) : writer.null();
    writer.end_object();
}

NodeQueue::NodeQueue(Gate& gate) : gate_(gate), entries_(gate.memory()) {}

NodeQueue::Entry* NodeQueue::find(std::string_view node_id) noexcept {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [=](const Entry& entry) { return entry.node_id == node_id; });
    return found != entries_.end() ? &*found : nullptr;
}

NodeQueue::Entry& NodeQueue::touch(std::string_view node_id) {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [=](const Entry& entry) { return entry.node_id == node_id; });
    if (found != entries_.end()) {
        entries_.splice(entries_.begin(), entries_, found);
    } else {
        entries_.emplace_front(gate_.memory()).node_id = node_id;
        if (entries_.size() > nodes_max) entries_.pop_back();
    }
    return entries_.front();
}

void NodeQueue::prune(Entry& entry) {
    const std::uint64_t now = gate_.unix_ms();
    const auto removed =
        std::erase_if(entry.reports, [now](const Report& one) { return one.expires_ms != 0 && one.expires_ms <= now; });
    entry.revision += removed > 0 ? 1 : 0;
    std::erase_if(entry.actions, [now](const Action& one) { return now - one.enqueued_ms >= action_ms; });
}

std::uint64_t NodeQueue::revision(std::string_view node_id) const noexcept {
    const Entry* entry = const_cast<NodeQueue*>(this)->find(node_id);
    return entry != nullptr ? entry->revision : 0;
}

const NodeQueue::Report* NodeQueue::want(std::string_view node_id, std::string_view type, bool high,
                                         std::uint64_t expires_ms) {
    Entry& entry = touch(node_id);
    prune(entry);
    for (Report& known : entry.reports) {
        if (known.type == type) return &known;
    }
    const auto uuid = crypto::random_uuid(gate_.random());
    if (!uuid) return nullptr;
    Report& made = entry.reports.emplace_back(gate_.memory());
    made.id.assign(uuid->data(), uuid->size());
    made.type = type;
    made.high = high;
    made.created_ms = gate_.unix_ms();
    made.expires_ms = expires_ms;
    ++entry.revision;
    return &made;
}

void NodeQueue::drain(std::string_view node_id, std::size_t count_max, json::Writer& writer) {
    Entry& entry = touch(node_id);
    prune(entry);
    std::stable_sort(entry.reports.begin(), entry.reports.end(),
                     [](const Report& a, const Report& b) { return a.high && !b.high; });
    const std::size_t count = std::min(count_max, entry.reports.size());
    const bool has_status = std::any_of(entry.reports.begin(), entry.reports.end(),
                                        [](const Report& one) { return one.type == status_request; });
    if (count > 0) ++entry.revision;
    writer.begin_object().member("nodeId", node_id).member("revision", entry.revision).key("items").begin_array();
    for (std::size_t i = 0; i < count; ++i) write_report(writer, entry.reports[i]);
    if (!has_status && count < count_max) {
        writer.begin_object().member("id", "baseline-status").member("type", status_request);
        writer.member("priority", "default").member("createdAtMs", gate_.unix_ms()).key("expiresAtMs").null();
        writer.end_object();
    }
    writer.end_array().member("hasMore", entry.reports.size() > count).end_object();
    entry.reports.erase(entry.reports.begin(), entry.reports.begin() + static_cast<std::ptrdiff_t>(count));
}

const NodeQueue::Action* NodeQueue::keep(std::string_view node_id, std::string_view command, std::string_view params,
                                         std::string_view key) {
    if (params.size() + command.size() + key.size() > bytes_max) return nullptr;
    Entry& entry = touch(node_id);
    prune(entry);
    for (const Action& known : entry.actions) {
        if (!key.empty() && known.key == key) return &known;
    }
    const auto uuid = crypto::random_uuid(gate_.random());
    if (!uuid) return nullptr;
    const auto size_of = [](const Action& one) { return one.params.size() + one.command.size() + one.key.size(); };
    std::size_t bytes = params.size() + command.size() + key.size();
    for (const Action& one : entry.actions) bytes += size_of(one);
    while (!entry.actions.empty() && (entry.actions.size() >= actions_max || bytes > bytes_max)) {
        bytes -= size_of(entry.actions.front());
        entry.actions.erase(entry.actions.begin());
    }
    Action& made = entry.actions.emplace_back(gate_.memory());
    made.id.assign(uuid->data(), uuid->size());
    made.command = command;
    made.params = params;
    made.key = key;
    made.enqueued_ms = gate_.unix_ms();
    return &made;
}

bool NodeQueue::done(std::string_view node_id, std::string_view action_id) {
    Entry* entry = find(node_id);
    return entry != nullptr &&
           std::erase_if(entry->actions, [=](const Action& one) { return one.id == action_id; }) > 0;
}

std::size_t NodeQueue::action_count(std::string_view node_id) noexcept {
    Entry* entry = find(node_id);
    return entry != nullptr ? entry->actions.size() : 0;
}

}  // namespace gw::method
