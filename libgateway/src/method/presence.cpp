#include "method/presence.h"

#include "core/buffer.h"
#include "core/text.h"
#include "method/gate.h"
#include "method/release.h"

namespace gw::method {

namespace {

// The key of a client: its device, else its instance, else its connection.
std::string_view key_of(const Client& client) noexcept {
    if (!client.device_id.empty()) return client.device_id;
    return client.instance_id.empty() ? client.conn() : std::string_view(client.instance_id);
}

void member_if(json::Writer& writer, std::string_view name, std::string_view text) {
    if (!text.empty()) writer.member(name, text);
}

}  // namespace

Presence::Presence(Gate& gate)
    : gate_(gate),
      tell_timer_(
          gate.timers(),
          [](void* self) {
              try {
                  static_cast<Presence*>(self)->tell();
              } catch (const std::bad_alloc&) {  // the next change tells it
              }
          },
          this),
      self_(gate.memory()),
      entries_(gate.memory()) {
    if (const auto uuid = crypto::random_uuid(gate.random())) self_.assign(uuid->data(), uuid->size());
}

Presence::Entry& Presence::touch(std::string_view key) {
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
        if (at->key != key) continue;
        entries_.splice(entries_.begin(), entries_, at);
        entries_.front().at_ms = gate_.unix_ms();
        return entries_.front();
    }
    if (entries_.size() >= entries_max) entries_.pop_back();
    Entry& made = entries_.emplace_front(gate_.memory());
    made.key = key;
    made.at_ms = gate_.unix_ms();
    return made;
}

void Presence::put(const Client& client, std::string_view reason, int change) {
    Entry& entry = touch(key_of(client));
    entry.clients = change > 0 ? entry.clients + 1 : entry.clients - (entry.clients > 0 ? 1 : 0);
    Buffer out(gate_.pool());
    json::Writer writer(out);
    writer.begin_object().member("host", client.name());
    if (!client.is_local) member_if(writer, "ip", client.address);
    member_if(writer, "version", client.version);
    member_if(writer, "platform", client.platform);
    member_if(writer, "deviceFamily", client.device_family);
    member_if(writer, "modelIdentifier", client.model_identifier);
    member_if(writer, "mode", client.mode);
    member_if(writer, "deviceId", client.device_id);
    writer.key("roles").begin_array().string(client.role == rpc::Role::node ? "node" : "operator").end_array();
    if (!client.scopes.empty()) {
        writer.key("scopes").begin_array();
        client.scopes.for_each([&](std::string_view name) { writer.string(name); });
        writer.end_array();
    }
    member_if(writer, "instanceId", client.instance_id.empty() ? client.device_id : client.instance_id);
    writer.member("reason", entry.clients > 0 ? "connect" : reason).member("ts", entry.at_ms);
    std::pmr::string text(gate_.memory());
    ((((text += "Node: ") += client.name()) += " \xC2\xB7 mode ") += client.mode);
    writer.member("text", text).end_object();
    entry.json = out.text();
}

void Presence::on_joined(const Client& client) {
    ++clients_;
    put(client, "connect", 1);
    changed();
}

void Presence::on_left(const Client& client) {
    if (clients_ > 0) --clients_;
    put(client, "disconnect", -1);
    changed();
}

void Presence::report(const json::Value& params) {
    const auto text_of = [&](std::string_view name) { return params[name].as_string().value_or(std::string_view{}); };
    std::string_view key = text_of("deviceId");
    for (const std::string_view other : {"instanceId", "host", "ip", "text"}) {
        if (key.empty()) key = cut_utf8(text_of(other), 256);
    }
    Entry& entry = touch(key);
    Buffer out(gate_.pool());
    json::Writer writer(out);
    writer.begin_object();
    for (const std::string_view name : {"host", "ip", "version", "platform", "deviceFamily", "modelIdentifier", "mode"})
        member_if(writer, name, cut_utf8(text_of(name), 256));
    if (const auto seconds = params["lastInputSeconds"].as_double()) writer.key("lastInputSeconds").number(*seconds);
    for (const std::string_view name : {"reason", "deviceId", "instanceId"})
        member_if(writer, name, cut_utf8(text_of(name), 256));
    for (const std::string_view name : {"roles", "scopes", "tags"}) {
        if (!params[name].exists() || params[name].size() > 32) continue;
        writer.key(name).begin_array();
        for (json::Value one = params[name].first(); one.exists(); one = one.next())
            writer.string(cut_utf8(one.as_string().value_or(""), 128));
        writer.end_array();
    }
    writer.member("text", cut_utf8(text_of("text"), 1024)).member("ts", entry.at_ms).end_object();
    entry.json = out.text();
    changed();
}

bool Presence::prune() {
    const std::size_t before = entries_.size();
    const std::uint64_t now = gate_.unix_ms();
    entries_.remove_if([now](const Entry& entry) { return entry.clients == 0 && now - entry.at_ms > kept_ms; });
    if (entries_.size() == before) return false;
    changed();
    return true;
}

void Presence::write(json::Writer& writer) {
    writer.begin_array();
    writer.begin_object().member("host", "gateway").member("version", release::version);
    writer.member("platform", release::platform).member("deviceFamily", release::device_family);
    member_if(writer, "modelIdentifier", release::architecture);
    writer.member("mode", "gateway").member("reason", "self");
    if (!self_.empty()) writer.member("instanceId", self_);
    std::pmr::string text(gate_.memory());
    (((text += "Gateway: app ") += release::version) += " \xC2\xB7 mode gateway \xC2\xB7 reason self");
    writer.member("text", text).member("ts", gate_.unix_ms()).end_object();
    for (const Entry& entry : entries_) writer.raw(entry.json);
    writer.end_array();
}

void Presence::changed() {
    ++version_;
    if (tell_timer_.armed()) return;
    const Milliseconds due = told_at_ + 250 + clients_;
    if (told_at_ == 0 || gate_.now() >= due) {
        tell();
    } else {
        tell_timer_.arm(due);
    }
}

void Presence::tell() {
    told_at_ = gate_.now();
    Buffer out(gate_.pool());
    json::Writer writer(out);
    writer.begin_object().key("presence");
    write(writer);
    writer.end_object();
    Event event;
    event.name = "presence";
    event.payload = out.text();
    event.may_drop = true;
    event.state_version = true;
    // Since protocol 4 only for those who may read.
    event.filter = [](const void*, const Client& client) {
        return client.protocol < 4 || client.allows(rpc::Scope::read);
    };
    gate_.broadcast(event);
}

}  // namespace gw::method
