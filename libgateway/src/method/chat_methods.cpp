// Chat: chat.send, chat.abort, chat.inject, agent, agent.wait, send, sessions.send, sessions.steer, sessions.abort.
#include <algorithm>
#include <array>
#include <optional>

#include "core/text.h"
#include "crypto/base64.h"
#include "method/chats.h"
#include "method/core.h"
#include "method/run.h"

namespace gw::method {

namespace {

// A text that asks to stop what runs, alone in its message.
bool is_stop(std::string_view text) {
    while (!text.empty() && std::string_view(" \t\r\n.!?").find(text.back()) != std::string_view::npos)
        text.remove_suffix(1);
    while (!text.empty() && std::string_view(" \t\r\n").find(text.front()) != std::string_view::npos)
        text.remove_prefix(1);
    constexpr std::string_view words[] = {
        "/stop",       "stop",      "esc",           "abort",    "wait",
        "exit",        "interrupt", "halt",          "stop run", "stop openclaw",
        "please stop", "stopp",     "arr\xC3\xAAte", "para",     "\xE5\x81\x9C\xE6\xAD\xA2"};
    return std::any_of(std::begin(words), std::end(words),
                       [text](std::string_view word) { return equals_ignoring_case(text, word); });
}

// Control characters that no screen should see, beside tab and line ends.
std::pmr::string without_controls(std::string_view text, std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    out.reserve(text.size());
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n' || c == '\r') out += c;
    }
    return out;
}

// The session that a call names; nothing, and failed, when that is no key.
std::optional<std::pmr::string> session_of(Core& core, Call& call, std::string_view requested) {
    const std::string_view agent = call.text("agentId");
    auto key = agent.empty() ? core.sessions.canonical(requested)
                             : session::canonical_key(requested, agent, core.sessions.rules(), core.gate.memory());
    if (!key) {
        call.fail(rpc::code::invalid_request,
                  {"invalid ", call.method, " params: malformed session key \"", cut_utf8(requested, 64), "\""});
        return std::nullopt;
    }
    if (core.find_agent(core.agent_of(*key)) == nullptr) {
        call.fail(rpc::code::invalid_request,
                  {"invalid ", call.method, " params: unknown agent id \"", cut_utf8(core.agent_of(*key), 64), "\""});
        return std::nullopt;
    }
    return key;
}

// The images of a call. False: failed.
bool read_images(Call& call, std::pmr::vector<TurnImage>& out) {
    std::pmr::memory_resource* memory = out.get_allocator().resource();
    for (json::Value one = call.params["attachments"].first(); one.exists(); one = one.next()) {
        const std::string_view label =
            one["fileName"].as_string().value_or(one["type"].as_string().value_or("attachment"));
        const auto content = one["content"].as_string();
        const auto refuse = [&](std::string_view what) {
            call.fail(rpc::code::invalid_request, {"Error: attachment ", cut_utf8(label, 64), ": ", what});
            return false;
        };
        if (!content) return refuse("content must be base64 string");
        std::string_view data = *content;
        std::string_view media = one["mimeType"].as_string().value_or(std::string_view{});
        if (data.starts_with("data:")) {
            const std::size_t comma = data.find(',');
            const std::size_t semicolon = data.find(';');
            if (comma == std::string_view::npos) return refuse("invalid base64 content");
            if (media.empty()) media = data.substr(5, std::min(semicolon, comma) - 5);
            data.remove_prefix(comma + 1);
        }
        if (data.size() / 4 * 3 > attachment_bytes_max) return refuse("exceeds size limit (5000000 bytes)");
        std::pmr::vector<std::byte> bytes(crypto::base64_decoded_size_max(data.size()), memory);
        if (!crypto::base64_decode(bytes, data)) return refuse("invalid base64 content");
        if (!media.starts_with("image/")) continue;  // only pictures can be shown to an agent
        out.push_back({media, data});
    }
    return true;
}

void write_started(json::Writer& writer, std::string_view run_id, std::string_view status) {
    writer.begin_object().member("runId", run_id).member("status", status).end_object();
}

// What every message must be, and every session that one goes to. False: the call has failed.
bool check_text(Call& call, std::string_view message) {
    if (message.find('\0') != std::string_view::npos) {
        call.fail("message must not contain null bytes");
    } else if (message.size() > Chats::text_bytes_max) {
        call.fail("message is longer than 4194304 bytes");
    } else {
        return true;
    }
    return false;
}
bool check_policy(Core& core, Call& call, std::string_view key) {
    if (!core.is_closed(key)) return true;
    call.fail("send blocked by session policy");
    return false;
}

// chat.send, sessions.send: a message into a session; the answer comes as events.
void send_message(Core& core, Call& call, std::string_view requested, std::string_view run_id) {
    const std::string_view message = call.text("message");
    if (!check_text(call, message)) return;
    std::pmr::vector<TurnImage> images(core.gate.memory());
    if (!read_images(call, images)) return;
    if (images.empty() && message.find_first_not_of(" \t\r\n") == std::string_view::npos)
        return call.fail("message or attachment required");
    const auto key = session_of(core, call, requested);
    if (!key) return;
    if (is_stop(message)) {
        std::pmr::vector<std::pmr::string> ids(core.gate.memory());
        core.chats.abort(*key, nullptr, "stop", &call.client, ids);
        json::Writer& writer = call.result().begin_object().member("ok", true).member("aborted", !ids.empty());
        writer.key("runIds").begin_array();
        for (const auto& id : ids) writer.string(id);
        writer.end_array().end_object();
        return;
    }
    if (!check_policy(core, call, *key)) return;
    if (message == "/new" || message == "/reset") {
        if (call.client.protocol >= 4 && !call.require(rpc::Scope::admin)) return;
        if (const std::string_view why = core.reset_session(*key); !why.empty())
            return call.fail(rpc::code::unavailable, {why});
        write_started(call.result(), run_id, "started");
        core.chats.inject(*key, "A new session has begun.", {});
        return;
    }
    const std::pmr::string text = without_controls(message, core.gate.memory());
    RunSpec spec;
    spec.run_id = run_id;
    spec.session_key = *key;
    spec.text = text;
    spec.images = images;
    spec.timeout_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(call.number("timeoutMs", 0), 0, 86400000));
    spec.client = &call.client;
    std::pmr::string why(core.gate.memory());
    const RunRecord* record = nullptr;
    // The answer goes out before the first event of the run.
    const Ticket ticket = call.defer();
    const auto answer = [&](std::string_view status) {
        Buffer out(core.gate.pool());
        json::Writer writer(out);
        write_started(writer, run_id, status);
        core.gate.answer(ticket, out.text());
    };
    switch (core.chats.start(spec, why, &record)) {
    case Chats::Started::started:
        answer("started");
        core.chats.proceed(run_id);
        break;
    case Chats::Started::in_flight: answer("in_flight"); break;
    case Chats::Started::done:
        if (record->ok) {
            answer("ok");
        } else {
            Buffer out(core.gate.pool());
            json::Writer(out)
                .begin_object()
                .member("runId", run_id)
                .member("status", "error")
                .member("summary", record->error)
                .end_object();
            rpc::Failure failure;
            failure.code = rpc::code::unavailable;
            failure.message = record->error;
            failure.payload = out.text();
            core.gate.fail(ticket, failure);
        }
        break;
    case Chats::Started::refused: {
        rpc::Failure failure;
        failure.code = rpc::code::unavailable;
        failure.message = why;
        failure.retryable = true;
        core.gate.fail(ticket, failure);
        break;
    }
    }
}

void chat_send(Core& core, Call& call) {
    send_message(core, call, call.text("sessionKey"), call.text("idempotencyKey"));
}

// The call's own key, or a new one.
std::pmr::string run_id_of(Core& core, Call& call) {
    std::pmr::string id(call.text("idempotencyKey"), core.gate.memory());
    if (id.empty()) {
        if (const auto uuid = crypto::random_uuid(core.gate.random())) id.assign(uuid->data(), uuid->size());
    }
    return id;
}

void sessions_send(Core& core, Call& call) { send_message(core, call, call.text("key"), run_id_of(core, call)); }

void write_aborted(json::Writer& writer, const std::pmr::vector<std::pmr::string>& ids) {
    writer.begin_object().member("ok", true).member("aborted", !ids.empty()).key("runIds").begin_array();
    for (const auto& id : ids) writer.string(id);
    writer.end_array().end_object();
}

void chat_abort(Core& core, Call& call) {
    const auto key = session_of(core, call, call.text("sessionKey"));
    if (!key) return;
    std::pmr::vector<std::pmr::string> ids(core.gate.memory());
    Run* run = nullptr;
    if (const std::string_view id = call.text("runId"); !id.empty()) {
        run = core.chats.find(id);
        if (run == nullptr) return write_aborted(call.result(), ids);
        if (run->session_key() != *key) return call.fail("runId does not match sessionKey");
    }
    if (!core.chats.abort(*key, run, "rpc", &call.client, ids)) return call.fail("unauthorized");
    write_aborted(call.result(), ids);
}

void sessions_abort(Core& core, Call& call) {
    std::pmr::vector<std::pmr::string> ids(core.gate.memory());
    Run* run = nullptr;
    std::optional<std::pmr::string> key;
    if (const std::string_view id = call.text("runId"); !id.empty()) {
        run = core.chats.find(id);
        if (run != nullptr) key = run->session_key();
    } else if (!call.text("key").empty()) {
        key = session_of(core, call, call.text("key"));
        if (!key) return;
    } else {
        return call.fail("key or runId required");
    }
    if (key && !core.chats.abort(*key, run, "rpc", &call.client, ids)) return call.fail("unauthorized");
    json::Writer& writer = call.result().begin_object().member("ok", true).key("abortedRunId");
    ids.empty() ? writer.null() : writer.string(ids.front());
    writer.member("status", ids.empty() ? "no-active-run" : "aborted").end_object();
}

void chat_inject(Core& core, Call& call) {
    const auto key = session_of(core, call, call.text("sessionKey"));
    if (!key) return;
    const auto entry = core.sessions.find(*key);
    if (!entry || *entry == nullptr) return call.fail("session not found");
    const auto id = core.chats.inject(*key, call.text("message"), call.text("label"));
    if (!id) return call.fail(rpc::code::unavailable, {"failed to write transcript"});
    call.result().begin_object().member("ok", true).member("messageId", *id).end_object();
}

// agent: two answers, one when it was accepted and one when it has ended.
void agent(Core& core, Call& call) {
    std::string_view requested = call.text("sessionKey");
    std::pmr::string main_key(core.gate.memory());
    if (requested.empty()) {
        if (const std::string_view session_id = call.text("sessionId"); !session_id.empty()) {
            session::ResolveQuery query;
            query.session_id = session_id;
            query.include_global = query.include_unknown = true;
            if (auto found = core.sessions.resolve(query); found && *found) {
                main_key = **found;
                requested = main_key;
            }
        }
    }
    const std::string_view agent_id = call.text("agentId");
    if (!agent_id.empty() && core.find_agent(agent_id) == nullptr)
        return call.fail(rpc::code::invalid_request,
                         {"invalid agent params: unknown agent id \"", cut_utf8(agent_id, 64), "\""});
    const auto key = session_of(core, call, requested);
    if (!key) return;
    const std::string_view message = call.text("message");
    if (!check_text(call, message)) return;
    if (!check_policy(core, call, *key)) return;
    std::pmr::vector<TurnImage> images(core.gate.memory());
    if (!read_images(call, images)) return;
    if (message == "/new" || message == "/reset") {
        if (call.client.protocol >= 4 && !call.require(rpc::Scope::admin)) return;
        if (const std::string_view why = core.reset_session(*key); !why.empty())
            return call.fail(rpc::code::unavailable, {why});
    }
    std::pmr::string model(core.gate.memory());
    if (!call.text("provider").empty() && !call.text("model").empty()) {
        ((model += call.text("provider")) += '/') += call.text("model");
    } else {
        model = call.text("model");
    }
    const std::pmr::string text = without_controls(message, core.gate.memory());
    const std::pmr::string run_id = run_id_of(core, call);
    RunSpec spec;
    spec.family = "agent";
    spec.run_id = run_id;
    spec.session_key = *key;
    spec.text = text;
    spec.system = call.text("extraSystemPrompt");
    spec.model = model;
    spec.images = images;
    spec.timeout_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(call.number("timeout", 0), 0, 86400)) * 1000;
    spec.client = &call.client;
    const Ticket ticket = call.defer();
    const auto accept = [&] {
        Buffer out(core.gate.pool());
        json::Writer(out)
            .begin_object()
            .member("runId", run_id)
            .member("status", "accepted")
            .member("acceptedAt", core.gate.unix_ms())
            .end_object();
        core.gate.answer(ticket, out.text(), true);
    };
    std::pmr::string why(core.gate.memory());
    const RunRecord* record = nullptr;
    switch (core.chats.start(spec, why, &record)) {
    case Chats::Started::started:
    case Chats::Started::in_flight:
        accept();
        core.chats.answer_at_end(*core.chats.find(run_id), ticket);
        core.chats.proceed(run_id);
        break;
    case Chats::Started::done: {
        Buffer out(core.gate.pool());
        json::Writer writer(out);
        core.write_agent_result(writer, *record);
        rpc::Failure failure;
        failure.code = rpc::code::unavailable;
        failure.message = record->error;
        failure.payload = out.text();
        record->ok ? core.gate.answer(ticket, out.text()) : core.gate.fail(ticket, failure);
        break;
    }
    case Chats::Started::refused: {
        rpc::Failure failure;
        failure.code = rpc::code::unavailable;
        failure.message = why;
        failure.retryable = true;
        core.gate.fail(ticket, failure);
        break;
    }
    }
}

void agent_wait(Core& core, Call& call) {
    const auto timeout =
        static_cast<Milliseconds>(std::clamp<std::int64_t>(call.number("timeoutMs", 30000), 0, 86400000));
    const Ticket ticket = call.defer();
    core.chats.wait(call.text("runId"), ticket, timeout);
}

// send: to a channel, or without one into the agent's session.
void send(Core& core, Call& call) {
    const std::string_view message = call.text("message");
    const std::string_view channel = call.text("channel");
    if (message.empty() && call.text("mediaUrl").empty() && call.params["mediaUrls"].size() == 0)
        return call.fail("invalid send params: text or media is required");
    if (!channel.empty() && channel != "webchat")
        return call.fail(rpc::code::invalid_request, {"unsupported channel: ", cut_utf8(channel, 64)});
    std::string_view requested = call.text("sessionKey");
    if (requested.empty()) requested = call.text("to");
    if (!check_text(call, message)) return;
    const auto key = session_of(core, call, requested);
    if (!key || !check_policy(core, call, *key)) return;
    const std::pmr::string text = without_controls(message, core.gate.memory());
    const std::pmr::string run_id = run_id_of(core, call);
    RunSpec spec;
    spec.family = "send";
    spec.run_id = run_id;
    spec.session_key = *key;
    spec.text = text;
    spec.client = &call.client;
    std::pmr::string why(core.gate.memory());
    if (core.chats.start(spec, why) == Chats::Started::refused) {
        call.fail(rpc::code::unavailable, {why});
        call.failure().retryable = true;
        return;
    }
    core.chats.proceed(run_id);
    call.result()
        .begin_object()
        .member("runId", run_id)
        .member("messageId", run_id)
        .member("channel", "webchat")
        .end_object();
}

}  // namespace

std::span<const Method> chat_methods() noexcept {
    using rpc::Scope;
    static constexpr std::string_view send_schema =
        "sessionKey:s(1..512) agentId?:s(1..) sessionId?:s(1..) message:s intent?:any thinking?:s fastMode?:b|\"auto\" "
        "fastAutoOnSeconds?:i(1..) queueMode?:\"steer\"|\"followup\"|\"collect\"|\"interrupt\" deliver?:b "
        "originatingChannel?:s originatingTo?:s originatingAccountId?:s originatingThreadId?:s replyToId?:s(1..) "
        "attachments?:{*}[](..64) toolBindings?:map<any> timeoutMs?:i(0..) systemInputProvenance?:any "
        "systemProvenanceReceipt?:s suppressCommandInterpretation?:b expectedLeafEntryId?:s(1..)|null "
        "expectedSessionRoutingContract?:s(1..) expectedPermissionMode?:s|null expectedToolOverrides?:any "
        "idempotencyKey:s(1..256)";
    static constexpr std::string_view sessions_send_schema =
        "key:s(1..512) agentId?:s(1..) message:s thinking?:s attachments?:{*}[](..64) timeoutMs?:i(0..) "
        "idempotencyKey?:s(1..256)";
    static constexpr std::array<Method, 9> rows{{
        {"chat.send", Scope::write, send_schema, chat_send},
        {"chat.abort", Scope::write, "sessionKey:s(1..512) agentId?:s(1..) runId?:s(1..) preserveSideRuns?:b",
         chat_abort},
        {"chat.inject", Scope::admin, "sessionKey:s(1..512) agentId?:s(1..) message:s(1..) label?:s(..100)",
         chat_inject},
        {"sessions.send", Scope::write, sessions_send_schema, sessions_send},
        {"sessions.steer", Scope::write, sessions_send_schema, sessions_send},
        {"sessions.abort", Scope::write, "key?:s(1..512) runId?:s(1..) agentId?:s(1..) clearQueued?:b", sessions_abort},
        {"agent", Scope::write,
         "message:s(1..) agentId?:s(1..) provider?:s model?:s to?:s replyTo?:s sessionId?:s sessionKey?:s(..512) "
         "thinking?:s deliver?:b attachments?:{*}[](..64) channel?:s replyChannel?:s accountId?:s replyAccountId?:s "
         "threadId?:s groupId?:s groupChannel?:s groupSpace?:s timeout?:i(0..) bestEffortDeliver?:b lane?:s "
         "extraSystemPrompt?:s idempotencyKey:s(1..256) *",
         agent},
        {"agent.wait", Scope::write, "runId:s(1..256) timeoutMs?:i(0..)", agent_wait},
        {"send", Scope::write,
         "to:s(1..512) message?:s mediaUrl?:s mediaUrls?:s[] buffer?:s filename?:s contentType?:s asVoice?:b "
         "gifPlayback?:b channel?:s accountId?:s agentId?:s replyToId?:s threadId?:s forceDocument?:b silent?:b "
         "parseMode?:s sessionKey?:s(..512) idempotencyKey:s(1..256)",
         send},
    }};
    return rows;
}

}  // namespace gw::method
