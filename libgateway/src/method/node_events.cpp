#include "method/node_events.h"

#include <algorithm>

#include "core/text.h"
#include "method/core.h"

namespace gw::method {

namespace {

constexpr std::size_t voices_max = 200;
constexpr std::size_t output_bytes_max = 180;  // of a program, in a notice
constexpr std::string_view push_key = "push/apns-registrations.json";

std::string_view text_in(const json::Value& value, std::string_view name) noexcept {
    return trim(value[name].as_string().value_or(std::string_view{}));
}

std::size_t count_characters(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// One line of at most so many bytes: runs of white space are one space.
void append_compact(std::pmr::string& out, std::string_view text, std::size_t bytes_max) {
    const std::size_t begin = out.size();
    for (const char c : text.substr(0, bytes_max * 4)) {
        if (static_cast<unsigned char>(c) <= ' ') {
            if (out.size() > begin && out.back() != ' ') out += ' ';
        } else {
            out += c;
        }
    }
    while (out.size() > begin && out.back() == ' ') out.pop_back();
    if (out.size() - begin <= bytes_max) return;
    out.resize(begin + cut_utf8(std::string_view(out).substr(begin), bytes_max).size());
    out += "\xE2\x80\xA6";
}

}  // namespace

NodeEvents::NodeEvents(Core& core) : core_(core), voices_(core.gate.memory()) {}

void NodeEvents::handle(Call& call, Node& node) {
    const std::string_view event = call.text("event");
    // The payload is an object, or JSON as text, or neither.
    json::Value payload = call.params["payload"];
    json::Document document(core_.gate.memory());
    if (const auto text = call.params["payloadJSON"].as_string()) {
        payload = document.parse(*text) ? document.root() : json::Value();
    }
    std::string_view reason;
    bool handled = true;
    if (event == "chat.subscribe" || event == "chat.unsubscribe") {
        subscribe(call.client, text_in(payload, "sessionKey"), event == "chat.subscribe");
    } else if (event == "agent.request") {
        agent_request(node, payload);
    } else if (event == "voice.transcript") {
        voice_transcript(node, payload);
    } else if (event == "notifications.changed") {
        notification(node, payload);
    } else if (event == "exec.started" || event == "exec.finished" || event == "exec.denied") {
        exec(node, event.substr(5), payload);
    } else if (event == "push.apns.register") {
        register_push(node, payload);
    } else if (event == "node.presence.alive") {
        const std::string_view trigger = text_in(payload, "trigger");
        core_.nodes.seen(node, trigger.empty() ? "alive" : trigger);
        reason = "persisted";
    } else if (event == "node.host.stats") {
        host_stats(node, payload);
        reason = "persisted";
    } else {
        handled = false;
        reason = "unknown event";
    }
    json::Writer& writer = call.result();
    writer.begin_object().member("ok", true);
    if (call.client.protocol >= 4 && !reason.empty())
        writer.member("event", event).member("handled", handled).member("reason", reason);
    writer.end_object();
}

void NodeEvents::subscribe(Client& client, std::string_view session, bool wanted) {
    auto key = session.empty() ? std::nullopt : core_.session_key(session);
    if (!key) return;
    auto& sessions = client.sessions;
    const auto found = std::find(sessions.begin(), sessions.end(), *key);
    if (!wanted) {
        if (found != sessions.end()) sessions.erase(found);
    } else if (found == sessions.end() && sessions.size() < subscribed_sessions_max) {
        sessions.push_back(std::move(*key));
    }
}

std::optional<std::pmr::string> NodeEvents::session_of(const Node& node, const json::Value& payload) const {
    std::pmr::string session(text_in(payload, "sessionKey"), core_.gate.memory());
    if (session.empty()) (session = "node-") += node.identity.node_id;
    return core_.session_key(session);
}

void NodeEvents::agent_request(const Node& node, const json::Value& payload) {
    NodeRun run;
    run.message = text_in(payload, "message");
    if (run.message.empty() || count_characters(run.message) > message_characters_max || runs_ == nullptr) return;
    const auto session = session_of(node, payload);
    if (!session) return;
    run.node_id = node.identity.node_id;
    run.session = *session;
    run.thinking = text_in(payload, "thinking");
    run.to = text_in(payload, "to");
    run.channel = text_in(payload, "channel");
    run.key = text_in(payload, "key");
    run.deliver = payload["deliver"].as_bool().value_or(false);
    run.timeout_s = std::max<std::int64_t>(0, payload["timeoutSeconds"].as_int().value_or(0));
    run.attachments = payload["attachments"];
    if (payload["receipt"].as_bool().value_or(false)) {
        run.receipt_text = text_in(payload, "receiptText");
        if (run.receipt_text.empty()) run.receipt_text = "Just received your message; working on it.";
    }
    runs_->start(run);
}

void NodeEvents::voice_transcript(const Node& node, const json::Value& payload) {
    const std::string_view text = text_in(payload, "text");
    if (text.empty() || count_characters(text) > message_characters_max || runs_ == nullptr) return;
    const auto session = core_.session_key(text_in(payload, "sessionKey"));
    if (!session) return;
    const std::string_view event_id = text_in(payload, "eventId");
    const std::string_view mark = event_id.empty() ? text : event_id;
    const Milliseconds now = core_.gate.now();
    // A microphone that heard one sentence twice, or two of them that heard it once.
    voices_.remove_if([now](const Voice& one) { return now - one.at > same_voice_ms; });
    for (const Voice& one : voices_) {
        if (one.session == *session && one.text == mark) return;
    }
    Voice& voice = voices_.emplace_front(core_.gate.memory());
    voice.session = *session;
    voice.text = mark;
    voice.at = now;
    if (voices_.size() > voices_max) voices_.pop_back();
    NodeRun run;
    run.node_id = node.identity.node_id;
    run.session = *session;
    run.message = text;
    run.thinking = "low";
    runs_->start(run);
}

void NodeEvents::exec(const Node& node, std::string_view what, const json::Value& payload) {
    const auto session = session_of(node, payload);
    if (!session) return;
    std::pmr::string text("Exec ", core_.gate.memory());
    ((text += what) += " (node=") += node.identity.node_id;
    const std::string_view run = text_in(payload, "runId");
    if (!run.empty()) (text += " id=") += cut_utf8(run, 128);
    const std::string_view output = text_in(payload, "output");
    if (what == "finished") {
        const auto code = payload["exitCode"].as_int();
        const bool timed_out = payload["timedOut"].as_bool().value_or(false);
        if (!timed_out && code == 0 && output.empty()) return;  // nothing to say
        if (timed_out) {
            text += ", timeout";
        } else if (code) {
            char digits[24];
            const char* end = std::to_chars(digits, digits + sizeof digits, *code).ptr;
            (text += ", code ").append(digits, static_cast<std::size_t>(end - digits));
        } else {
            text += ", code ?";
        }
    } else if (what == "denied") {
        const std::string_view reason = text_in(payload, "reason");
        if (!reason.empty()) append_compact(text += ", ", reason, 128);
    }
    text += ')';
    if (what == "finished") {
        if (!output.empty()) append_compact(text += '\n', output, output_bytes_max);
    } else if (const std::string_view command = text_in(payload, "command"); !command.empty()) {
        append_compact(text += ": ", command, output_bytes_max);
    }
    core_.system_events.push_and_wake(*session, text, "exec-event");
}

void NodeEvents::notification(const Node& node, const json::Value& payload) {
    const std::string_view change = text_in(payload, "change");
    const std::string_view key = text_in(payload, "key");
    if ((change != "posted" && change != "removed") || key.empty()) return;
    const auto session = session_of(node, payload);
    if (!session) return;
    std::pmr::string text("Notification ", core_.gate.memory());
    (((text += change) += " (node=") += node.identity.node_id) += " key=";
    append_compact(text, key, 128);
    if (const std::string_view package = text_in(payload, "packageName"); !package.empty())
        append_compact(text += " package=", package, 128);
    text += ')';
    if (change == "posted") {
        const std::string_view title = text_in(payload, "title");
        const std::string_view body = text_in(payload, "text");
        if (!title.empty()) append_compact(text += ": ", title, 120);
        if (!body.empty()) append_compact(text += title.empty() ? ": " : " - ", body, output_bytes_max);
    }
    core_.system_events.push_and_wake(*session, text, "notifications-event");
}

// Where a phone can be woken. One registration for each known node, in one file.
void NodeEvents::register_push(const Node& node, const json::Value& payload) {
    if (core_.nodes.pairing.find(node.identity.node_id) == nullptr) return;  // nothing is kept of strangers
    const std::string_view transport = text_in(payload, "transport");
    const std::string_view topic = text_in(payload, "topic");
    const bool relay = transport == "relay";
    const std::string_view secret = text_in(payload, relay ? "relayHandle" : "token");
    if (topic.empty() || topic.size() > 255 || secret.empty() || secret.size() > 2048) return;
    Buffer stored(core_.gate.pool());
    json::Document document(core_.gate.memory());
    const auto got = core_.gate.store().get(push_key, stored);
    const json::Value before =
        got && *got && document.parse(stored.text()) ? document.root()["registrationsByNodeId"] : json::Value();
    Buffer out(core_.gate.pool());
    json::Writer writer(out);
    writer.begin_object().key("registrationsByNodeId").begin_object();
    for (json::Value one = before.first(); one.exists(); one = one.next()) {
        if (one.key() == node.identity.node_id || core_.nodes.pairing.find(one.key()) == nullptr) continue;
        writer.key(one.key()).value(one);
    }
    writer.key(node.identity.node_id).begin_object().member("nodeId", node.identity.node_id);
    writer.member("transport", relay ? "relay" : "direct").member("topic", topic);
    writer.member(relay ? "relayHandle" : "token", secret);
    for (const std::string_view name :
         {"environment", "sendGrant", "installationId", "distribution", "tokenDebugSuffix"})
        write_if(writer, name, cut_utf8(text_in(payload, name), 2048));
    writer.member("updatedAtMs", core_.gate.unix_ms()).end_object().end_object().end_object();
    if (const auto put = core_.gate.store().put(push_key, out.text()); !put)
        core_.gate.log().error({push_key, " cannot be written: ", put.error().what});
}

void NodeEvents::host_stats(Node& node, const json::Value& payload) {
    if (!payload.is(json::Kind::object)) return;
    Buffer out(core_.gate.pool());
    json::Writer writer(out);
    writer.begin_object();
    for (const std::string_view name :
         {"cpuCount", "memoryTotalBytes", "memoryFreeBytes", "diskTotalBytes", "diskAvailableBytes"}) {
        if (const auto number = payload[name].as_double()) writer.key(name).number(*number);
    }
    writer.key("loadAverage").begin_array();
    std::size_t count = 0;
    for (json::Value one = payload["loadAverage"].first(); one.exists() && count < 3; one = one.next(), ++count)
        writer.number(one.as_double().value_or(0.0));
    writer.end_array().member("updatedAtMs", core_.gate.unix_ms()).end_object();
    node.host_stats = out.text();
}

}  // namespace gw::method
