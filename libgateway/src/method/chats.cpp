#include "method/chats.h"

#include <algorithm>

#include "json/json.h"
#include "method/core.h"
#include "method/run.h"
#include "session/message.h"

namespace gw::method {

namespace {

// What a model is told of what was said before.
constexpr std::size_t history_messages_max = 200;
constexpr std::size_t history_bytes_max = 512U << 10U;

constexpr std::size_t waiters_max = 1024;

}  // namespace

Chats::Waiter::Waiter(Chats& of_chats, std::string_view run, Ticket of)
    : chats(of_chats),
      run_id(run, of_chats.core_.gate.memory()),
      ticket(of),
      timer(
          of_chats.core_.gate.timers(),
          [](void* waiter) {
              auto* self = static_cast<Waiter*>(waiter);
              Chats& owner = self->chats;
              try {
                  Buffer out(owner.core_.gate.pool());
                  json::Writer(out)
                      .begin_object()
                      .member("runId", self->run_id)
                      .member("status", "timeout")
                      .end_object();
                  owner.core_.gate.answer(self->ticket, out.text());
              } catch (const std::bad_alloc&) {  // the client's own time-out ends it
              }
              owner.waiters_.remove_if([self](const Waiter& one) { return &one == self; });
          },
          this) {}

Chats::Chats(Core& core)
    : core_(core),
      runs_(core.gate.memory()),
      lines_(core.gate.memory()),
      records_(core.gate.memory()),
      finished_(core.gate.memory()),
      waiters_(core.gate.memory()),
      reap_timer_(
          core.gate.timers(), [](void* self) { static_cast<Chats*>(self)->reap(); }, this) {}

Chats::~Chats() = default;

void Chats::reap() noexcept { finished_.clear(); }

// --- beginning ------------------------------------------------------------------------------------------------------

Run* Chats::find(std::string_view run_id) noexcept {
    const auto found = runs_.find(run_id);
    return found == runs_.end() ? nullptr : found->second.get();
}

const RunRecord* Chats::find_record(std::string_view run_id) noexcept {
    prune();
    for (const RunRecord& record : records_) {
        if (record.run_id == run_id) return &record;
    }
    return nullptr;
}

void Chats::prune() {
    while (!records_.empty() && (records_.front().kept_until <= core_.gate.now() || records_.size() > records_max))
        records_.pop_front();
}

Chats::Started Chats::start(const RunSpec& spec, std::pmr::string& why, const RunRecord** record) {
    if (find(spec.run_id) != nullptr) return Started::in_flight;
    prune();
    std::pmr::string key(spec.family, core_.gate.memory());
    (key += ':') += spec.run_id;
    for (const RunRecord& one : records_) {
        if (one.key != key) continue;
        if (record != nullptr) *record = &one;
        return Started::done;
    }
    const bool is_free = lines_.find(spec.session_key) == lines_.end();
    if (is_free && spec.results.empty() && !spec.continues) core_.renew_session(spec.session_key);
    auto& line = lines_[std::pmr::string(spec.session_key, core_.gate.memory())];
    if (runs_.size() >= runs_max || line.size() >= line_max) {
        why = "The server is busy: too many runs wait. Try again later.";
        return Started::refused;
    }
    auto run = make_owned<Run>(core_.gate.memory(), core_, *this, spec);
    if (line.empty()) collect_history(*run, line);
    if (!say(spec, *run, why)) {
        if (line.empty()) lines_.erase(lines_.find(spec.session_key));
        return Started::refused;
    }
    line.push_back(run.get());
    runs_.emplace(run->id(), std::move(run));
    return Started::started;
}

void Chats::proceed(std::string_view run_id) {
    Run* run = find(run_id);
    if (run == nullptr || run->proceeded_) return;
    run->proceeded_ = true;
    const std::pmr::string session_key(run->session_key_, core_.gate.memory());
    tell_message(session_key, run->message_, run->message_id_);
    run->message_.clear();
    tell_session(session_key, "send");
    const auto line = lines_.find(session_key);
    if (line != lines_.end() && line->second.front() == run) begin_next(session_key);
}

// What the user says is in the transcript before anybody hears of it.
bool Chats::say(const RunSpec& spec, Run& run, std::pmr::string& why) {
    const std::uint64_t now = core_.gate.unix_ms();
    const auto refuse = [&](const Error& error) {
        (why = "the session could not be stored: ") += error.what;
        core_.gate.log().error({"cannot store what was said in ", spec.session_key, ": ", error.what});
        return false;
    };
    if (const auto opened = core_.sessions.open(spec.session_key, now); !opened) return refuse(opened.error());
    Buffer message(core_.gate.pool());
    const auto keep = [&] {
        auto kept = core_.sessions.append_message(spec.session_key, message.text(), now);
        if (kept) {
            run.message_ = message.text();
            run.message_id_.assign(kept->data(), kept->size());
            run.said_ids_.push_back(run.message_id_);
        }
        message.clear();
        return kept;
    };
    for (const TurnMessage& result : spec.results) {
        json::Writer writer(message);
        session::write_tool_result(writer, result.call_id, result.tool, result.text, result.is_error, now);
        if (const auto kept = keep(); !kept) return refuse(kept.error());
    }
    if (spec.results.empty() || !spec.text.empty() || !spec.images.empty()) {
        json::Writer writer(message);
        writer.begin_object().member("role", "user").key("content").begin_array();
        writer.begin_object().member("type", "text").member("text", spec.text).end_object();
        for (const TurnImage& image : spec.images) {
            writer.begin_object().member("type", "image").member("mimeType", image.media).member("data", image.base64);
            writer.end_object();
        }
        // By this a page knows the message again that it has sent, after a reload, too.
        std::pmr::string key(spec.run_id, core_.gate.memory());
        writer.end_array().member("timestamp", now).member("idempotencyKey", key += ":user").end_object();
        if (const auto kept = keep(); !kept) return refuse(kept.error());
    }
    session::Changes changes(core_.gate.memory());
    changes.set("systemSent", true).set("lastInteractionAt", now);
    if (!spec.channel.empty()) {
        Buffer context(core_.gate.pool());
        json::Writer(context).begin_object().member("channel", spec.channel).end_object();
        changes.set("lastChannel", spec.channel).set_json("deliveryContext", context.text());
    }
    core_.touch_session(spec.session_key, changes);
    return true;
}

// Newest first, as the transcript is read.
void Chats::collect(const session::TranscriptEntry& entry, Run& run) {
    using Kind = TurnMessage::Kind;
    std::pmr::memory_resource* const memory = core_.gate.memory();
    const json::Value message = entry.message();
    Run::Past past(memory);
    if (entry.role == "toolResult") {
        past.kind = Kind::result;
        past.call_id = message["toolCallId"].as_string().value_or(std::string_view{});
        past.tool = message["toolName"].as_string().value_or(std::string_view{});
        past.is_error = message["isError"].as_bool().value_or(false);
        past.text = session::message_text(message, memory);
        run.history_.push_back(std::move(past));
        return;
    }
    past.role = entry.role == "user" ? message::Role::user : message::Role::assistant;
    if (past.role == message::Role::assistant) {
        const std::size_t first = run.history_.size();
        for (json::Value part = message["content"].first(); part.exists(); part = part.next()) {
            if (part["type"].as_string() != "toolCall") continue;
            Run::Past call(memory);
            call.kind = Kind::call;
            call.role = past.role;
            call.call_id = part["id"].as_string().value_or(std::string_view{});
            call.tool = part["name"].as_string().value_or(std::string_view{});
            call.text = part["arguments"].raw();
            run.history_.push_back(std::move(call));
        }
        std::reverse(run.history_.begin() + static_cast<std::ptrdiff_t>(first), run.history_.end());
    }
    past.text = session::message_text(message, memory);
    if (!past.text.empty()) run.history_.push_back(std::move(past));
}

// What was said in the session before the run, oldest first. A call goes with its result: models refuse one alone.
void Chats::collect_history(Run& run, const std::pmr::list<Run*>& line) {
    run.history_.clear();
    if (run.brings_past_) return;
    const auto waits = [&](std::string_view id) {  // said by a run that has not begun yet
        return std::any_of(line.begin(), line.end(), [&](const Run* one) {
            return std::find(one->said_ids_.begin(), one->said_ids_.end(), id) != one->said_ids_.end();
        });
    };
    const std::string_view session_key = run.session_key_;
    const auto entry = core_.sessions.find(session_key);
    if (!entry || *entry == nullptr) return;
    const std::pmr::string log = core_.sessions.log_of(session_key, **entry);
    if (log.empty()) return;
    std::size_t bytes = 0;
    const auto visit = [&](const session::TranscriptEntry& one) {
        if (one.type != "message" || (one.role != "user" && one.role != "assistant" && one.role != "toolResult"))
            return session::Visit::more;
        if (waits(one.id)) return session::Visit::more;
        const std::size_t before = run.history_.size();
        collect(one, run);
        for (std::size_t i = before; i < run.history_.size(); ++i) bytes += run.history_[i].text.size();
        if (bytes <= history_bytes_max && run.history_.size() <= history_messages_max) return session::Visit::more;
        run.history_.erase(run.history_.begin() + static_cast<std::ptrdiff_t>(before), run.history_.end());
        return session::Visit::enough;
    };
    if (const auto read = core_.sessions.transcripts().read_back(log, visit); !read)
        core_.gate.log().warn({"cannot read the transcript of ", session_key, ": ", read.error().what});
    std::reverse(run.history_.begin(), run.history_.end());
    pair_calls(run);
}

void Chats::pair_calls(Run& run) {
    using Kind = TurnMessage::Kind;
    auto& past = run.history_;
    std::pmr::vector<std::string_view> called(core_.gate.memory()), answered(core_.gate.memory());
    const auto has = [](const auto& list, std::string_view id) {
        return std::find(list.begin(), list.end(), id) != list.end();
    };
    answered.assign(run.results_.begin(), run.results_.end());
    for (const Run::Past& one : past) {
        if (one.kind == Kind::call) called.push_back(one.call_id);
        if (one.kind == Kind::result && has(called, one.call_id)) answered.push_back(one.call_id);
    }
    std::pmr::vector<bool> paired(core_.gate.memory());
    for (const Run::Past& one : past) {
        paired.push_back(one.kind == Kind::text || (has(called, one.call_id) && has(answered, one.call_id)));
    }
    std::size_t at = 0;
    std::erase_if(past, [&](const Run::Past&) { return !paired[at++]; });
}

void Chats::begin_next(std::string_view session_key) {
    const auto line = lines_.find(session_key);
    if (line == lines_.end()) return;
    if (line->second.empty()) {
        lines_.erase(line);
        return;
    }
    Run& next = *line->second.front();
    if (const auto entry = core_.sessions.find(session_key); entry && *entry != nullptr) {
        next.session_id_ = (*entry)->session_id();
        const auto model = (*entry)->text("modelOverride");
        const auto provider = (*entry)->text("providerOverride");
        if (next.model_.empty() && model && provider) ((next.model_ = *provider) += '/') += *model;
    }
    core_.system_events.take_prompt(session_key, next.notices_);
    next.begin();
}

// --- ending ---------------------------------------------------------------------------------------------------------

void Chats::finish(Run& run, bool ok, std::string_view error) {
    run.ended_ = true;
    run.pace_timer_.disarm();
    RunRecord record(core_.gate.memory());
    ((record.key = run.family_) += ':') += run.id_;
    record.run_id = run.id_;
    record.ok = ok;
    record.error = error;
    record.text = run.said_.text().substr(0, 65536);
    record.session_id = run.session_id_;
    record.provider = run.provider_;
    record.model = run.model_name_;
    record.usage = run.usage_;
    record.started_ms = run.started_ms_;
    record.ended_ms = core_.gate.unix_ms();
    record.kept_until = core_.gate.now() + record_ms;

    for (auto at = waiters_.begin(); at != waiters_.end();) {
        if (at->run_id != run.id_) {
            ++at;
            continue;
        }
        Buffer out(core_.gate.pool());
        json::Writer writer(out);
        write_wait(writer, record);
        core_.gate.answer(at->ticket, out.text());
        at = waiters_.erase(at);
    }
    for (const Ticket ticket : run.at_end_) {
        Buffer out(core_.gate.pool());
        json::Writer writer(out);
        core_.write_agent_result(writer, record);
        if (ok) {
            core_.gate.answer(ticket, out.text());
        } else {
            rpc::Failure failure;
            failure.code = rpc::code::unavailable;
            failure.message = record.error;
            failure.payload = out.text();
            core_.gate.fail(ticket, failure);
        }
    }
    keep(std::move(record));

    const std::pmr::string session_key(run.session_key_, core_.gate.memory());
    auto& line = lines_[session_key];
    const bool was_first = !line.empty() && line.front() == &run;
    line.remove(&run);
    const auto mine = runs_.find(run.id_);
    if (mine != runs_.end()) {
        finished_.push_back(std::move(mine->second));  // it may be the caller: it goes with the next turn of the loop
        runs_.erase(mine);
        reap_timer_.arm(core_.gate.now());
    }
    tell_session(session_key, ok ? "agent.run.completed" : "agent.run.failed");
    if (line.empty()) {
        lines_.erase(session_key);
    } else if (was_first) {
        Run& next = *line.front();
        collect_history(next, line);
        begin_next(session_key);
    }
}

void Chats::keep(RunRecord record) {
    records_.push_back(std::move(record));
    prune();
}

bool Chats::abort(std::string_view session_key, Run* run, std::string_view reason, const Client* by,
                  std::pmr::vector<std::pmr::string>& ids) {
    bool foreign = false;
    std::pmr::vector<Run*> which(core_.gate.memory());
    if (run != nullptr) {
        which.push_back(run);
    } else if (const auto line = lines_.find(session_key); line != lines_.end()) {
        which.assign(line->second.begin(), line->second.end());
        std::reverse(which.begin(), which.end());  // those in line first, so that none of them begins meanwhile
    }
    for (Run* one : which) {
        if (by != nullptr && !one->belongs_to(*by)) {
            foreign = true;
            continue;
        }
        ids.insert(ids.begin(), one->id());
        one->abort(reason);
    }
    return !foreign || !ids.empty();
}

void Chats::abort_agent(std::string_view agent, std::string_view reason) {
    std::pmr::vector<std::pmr::string> keys(core_.gate.memory()), ids(core_.gate.memory());
    for (const auto& [key, line] : lines_) {
        if (core_.agent_of(key) == agent) keys.push_back(key);
    }
    for (const std::pmr::string& key : keys) abort(key, nullptr, reason, nullptr, ids);
}

void Chats::list_runs(std::string_view session_key, std::pmr::vector<std::string_view>& ids) const {
    const auto line = lines_.find(session_key);
    if (line == lines_.end()) return;
    for (const Run* run : line->second) ids.push_back(run->id());
}

bool Chats::is_active(std::string_view session_key) const noexcept { return lines_.find(session_key) != lines_.end(); }

// --- answers --------------------------------------------------------------------------------------------------------

void Chats::write_wait(json::Writer& writer, const RunRecord& record) {
    writer.begin_object().member("runId", record.run_id).member("status", record.ok ? "ok" : "error");
    writer.member("startedAt", record.started_ms).member("endedAt", record.ended_ms);
    if (!record.ok) writer.member("error", record.error);
    writer.end_object();
}

void Chats::answer_at_end(Run& run, Ticket ticket) { run.at_end_.push_back(ticket); }

void Chats::wait(std::string_view run_id, Ticket ticket, Milliseconds timeout_ms) {
    if (const RunRecord* record = find_record(run_id)) {
        Buffer out(core_.gate.pool());
        json::Writer writer(out);
        write_wait(writer, *record);
        core_.gate.answer(ticket, out.text());
        return;
    }
    if (waiters_.size() >= waiters_max) {
        rpc::Failure failure;
        failure.code = rpc::code::unavailable;
        failure.message = "The server is busy: too many calls wait for runs.";
        failure.retryable = true;
        core_.gate.fail(ticket, failure);
        return;
    }
    waiters_.emplace_back(*this, run_id, ticket).timer.arm(core_.gate.now() + timeout_ms);
}

// --- events beside the runs' own ------------------------------------------------------------------------------------

std::optional<std::pmr::string> Chats::inject(std::string_view session_key, std::string_view text,
                                              std::string_view label) {
    const std::uint64_t now = core_.gate.unix_ms();
    std::pmr::string whole(core_.gate.memory());
    if (!label.empty()) ((whole += '[') += label) += "]\n\n";
    whole += text;
    Buffer message(core_.gate.pool());
    json::Writer writer(message);
    writer.begin_object().member("role", "assistant").key("content").begin_array();
    writer.begin_object().member("type", "text").member("text", whole).end_object().end_array();
    writer.member("provider", "openclaw").member("model", "gateway-injected").member("stopReason", "stop");
    writer.member("timestamp", now).end_object();
    if (const auto opened = core_.sessions.open(session_key, now); !opened) return std::nullopt;
    const auto kept = core_.sessions.append_message(session_key, message.text(), now);
    if (!kept) return std::nullopt;
    std::pmr::string id(kept->data(), kept->size(), core_.gate.memory());

    Buffer out(core_.gate.pool());
    json::Writer event_writer(out);
    std::pmr::string run_id("inject-", core_.gate.memory());
    run_id += id;
    event_writer.begin_object().member("runId", run_id).member("sessionKey", session_key);
    event_writer.member("agentId", core_.agent_of(session_key)).member("seq", 0).member("state", "final");
    event_writer.key("message").raw(message.text()).end_object();
    Event event;
    event.name = "chat";
    event.payload = out.text();
    event.scope = rpc::Scope::read;
    event.to_nodes = true;
    event.session = session_key;
    core_.gate.broadcast(event);
    tell_message(session_key, message.text(), id);
    tell_session(session_key, "inject");
    return id;
}

// The session as sessions.list shows it, so that nobody has to ask for it after an event.
void Chats::write_row(json::Writer& writer, std::string_view session_key) {
    const auto entry = core_.sessions.find(session_key);
    if (!entry || *entry == nullptr) return;
    writer.key("session");
    session::write_session_row(writer, core_.sessions, {session_key, *entry}, core_.row_context());
}

void Chats::tell_session(std::string_view session_key, std::string_view reason) {
    bool wanted = false;
    each_client(core_.gate, [&](const Client& client) { wanted = wanted || client.wants_sessions; });
    if (!wanted) return;
    Buffer out(core_.gate.pool());
    json::Writer writer(out);
    writer.begin_object().member("sessionKey", session_key).member("agentId", core_.agent_of(session_key));
    writer.member("reason", reason).member("ts", core_.gate.unix_ms());
    write_row(writer, session_key);
    writer.end_object();
    Event event;
    event.name = "sessions.changed";
    event.payload = out.text();
    event.scope = rpc::Scope::read;
    event.may_drop = true;
    event.filter = [](const void*, const Client& client) { return client.wants_sessions; };
    core_.gate.broadcast(event);
}

void Chats::tell_message(std::string_view session_key, std::string_view message, std::string_view id) {
    bool wanted = false;
    each_client(core_.gate, [&](const Client& client) { wanted = wanted || client.follows(session_key); });
    if (!wanted) return;
    Buffer out(core_.gate.pool());
    json::Writer writer(out);
    writer.begin_object().member("sessionKey", session_key).member("agentId", core_.agent_of(session_key));
    writer.member("senderIsOwner", true).key("message").raw(message).member("messageId", id);
    write_row(writer, session_key);
    writer.end_object();
    Event event;
    event.name = "session.message";
    event.payload = out.text();
    event.scope = rpc::Scope::read;
    event.context = &session_key;
    event.filter = [](const void* key, const Client& client) {
        return client.follows(*static_cast<const std::string_view*>(key));
    };
    core_.gate.broadcast(event);
}

}  // namespace gw::method
