#include "method/run.h"

#include "json/json.h"
#include "method/chats.h"
#include "method/core.h"

namespace gw::method {

namespace {

// Pieces of names and JSON into one text.
void write_message(json::Writer& writer, std::string_view text, std::uint64_t now_ms) {
    writer.begin_object().member("role", "assistant").key("content").begin_array();
    writer.begin_object().member("type", "text").member("text", text).end_object().end_array();
    writer.member("timestamp", now_ms).end_object();
}

std::string_view name_of(message::StopReason reason) noexcept {
    switch (reason) {
    case message::StopReason::length: return "length";
    case message::StopReason::tool_calls: return "toolUse";
    case message::StopReason::stop:
    case message::StopReason::content_filter: break;
    }
    return "stop";
}

}  // namespace

Run::Run(Core& core, Chats& chats, const RunSpec& spec)
    : core_(core),
      chats_(chats),
      family_(spec.family, core.gate.memory()),
      id_(spec.run_id, core.gate.memory()),
      session_key_(spec.session_key, core.gate.memory()),
      session_id_(core.gate.memory()),
      agent_id_(core.agent_of(spec.session_key), core.gate.memory()),
      text_(spec.text, core.gate.memory()),
      system_(spec.system, core.gate.memory()),
      model_(spec.model, core.gate.memory()),
      notices_(core.gate.memory()),
      owner_device_(core.gate.memory()),
      owner_conn_(core.gate.memory()),
      history_(core.gate.memory()),
      images_(core.gate.memory()),
      timeout_ms_(spec.timeout_ms),
      at_end_(core.gate.memory()),
      results_(core.gate.memory()),
      said_ids_(core.gate.memory()),
      observer_(spec.observer),
      brings_past_(spec.brings_past),
      pace_timer_(
          core.gate.timers(),
          [](void* self) {
              try {
                  static_cast<Run*>(self)->on_pace();
              } catch (const std::bad_alloc&) {  // the next delta has it all
              }
          },
          this),
      said_(core.gate.pool()),
      provider_(core.gate.memory()),
      model_name_(core.gate.memory()),
      message_(core.gate.memory()),
      message_id_(core.gate.memory()) {
    if (spec.client != nullptr) {
        owner_device_ = spec.client->device_id;
        owner_conn_ = spec.client->conn();
    }
    for (const TurnImage& image : spec.images) {
        Image& kept =
            images_.emplace_back(Image{std::pmr::string(core.gate.memory()), std::pmr::string(core.gate.memory())});
        kept.media = image.media;
        kept.base64 = image.base64;
    }
    for (const TurnMessage& result : spec.results) results_.emplace_back(result.call_id);
    if (spec.extras != nullptr) extras_ = std::move(*spec.extras);
}

Run::~Run() = default;

bool Run::belongs_to(const Client& client) const noexcept {
    if (client.allows(rpc::Scope::admin)) return true;
    if (!owner_device_.empty()) return owner_device_ == client.device_id;
    return owner_conn_ == client.conn();
}

void Run::begin() {
    begun_ = true;
    started_ms_ = core_.gate.unix_ms();
    std::pmr::vector<TurnMessage> history(core_.gate.memory());
    for (const Past& past : history_)
        history.push_back({past.kind, past.role, past.text, past.call_id, past.tool, past.is_error});
    std::pmr::vector<TurnImage> images(core_.gate.memory());
    for (const Image& image : images_) images.push_back({image.media, image.base64});
    TurnRequest request;
    request.run_id = id_;
    request.agent_id = agent_id_;
    request.session_key = session_key_;
    request.model = model_;
    request.system = system_;
    request.history = history;
    request.text = text_;
    request.notices = notices_;
    request.images = images;
    if (extras_) request.extras = &extras_;
    request.timeout_ms = timeout_ms_;
    tell_lifecycle("start");
    turn_ = core_.gate.make_turn(request, *this);
    history_.clear();
    images_.clear();
    turn_->start();
}

void Run::abort(std::string_view reason) {
    if (ended_) return;
    turn_.reset();
    if (begun_) {
        tell_delta(true);
        if (kept_at_ < said_.size()) keep_answer("aborted", {});
        tell_lifecycle("error", "This operation was aborted");
    }
    const std::string_view text = said_.text();
    tell_simple(SimpleNews::Kind::error, "The run was stopped.");
    tell_chat("aborted", text.empty() ? nullptr : &text, reason, {}, 3, 255);
    TurnListener* const observer = observer_;
    chats_.finish(*this, false, "aborted");
    if (observer != nullptr) observer->on_failed({409, "The run was stopped.", "api_error", "aborted", {}});
}

void Run::pause() noexcept {
    if (turn_) turn_->pause();
}

void Run::resume() noexcept {
    if (turn_) turn_->resume();
}

// --- what the turn says --------------------------------------------------------------------------------------------

void Run::on_start(std::string_view provider, std::string_view model) {
    provider_ = provider;
    model_name_ = model;
    if (observer_ != nullptr) observer_->on_start(provider, model);
}

void Run::on_reasoning(std::string_view text) {
    if (observer_ != nullptr) observer_->on_reasoning(text);
}

void Run::on_call(std::string_view id, std::string_view tool, std::string_view arguments) {
    keep_call(id, tool, arguments);
    if (observer_ != nullptr) observer_->on_call(id, tool, arguments);
}

void Run::on_text(std::string_view text) {
    said_.append(text);
    if (observer_ != nullptr) observer_->on_text(text);
    if (ended_) return;
    if (pace_timer_.armed()) return;
    tell_delta(false);
    pace_timer_.arm(core_.gate.now() + Chats::pace_ms);
}

void Run::on_pace() {
    if (told_at_ == said_.size() && told_three_ == said_.size()) return;
    tell_delta(false);
    pace_timer_.arm(core_.gate.now() + Chats::pace_ms);
}

void Run::tell_delta(bool all) {
    const std::string_view text = said_.text();
    odd_ = !odd_;
    const bool three = all || odd_;
    if (told_at_ < text.size()) {
        tell_simple(SimpleNews::Kind::chunk, text.substr(told_at_));
        Buffer data(core_.gate.pool());
        json::Writer(data).begin_object().member("text", text).member("delta", text.substr(told_at_)).end_object();
        tell_agent("assistant", data.text());
        tell_chat("delta", &text, {}, {}, 4, 255);
        told_at_ = text.size();
    }
    if (three && told_three_ < text.size()) {
        tell_chat("delta", &text, {}, {}, 3, 3);
        told_three_ = text.size();
    }
}

void Run::on_tool_start(std::string_view id, std::string_view tool, std::string_view arguments) {
    keep_call(id, tool, arguments);
    if (observer_ != nullptr) observer_->on_tool_start(id, tool, arguments);
}

void Run::keep_call(std::string_view id, std::string_view tool, std::string_view arguments) {
    tell_delta(true);
    json::Document document(core_.gate.memory());
    const bool readable = document.parse(arguments) && document.root().is(json::Kind::object);
    const session::ToolCallPart call{id, tool, readable ? arguments : std::string_view("{}")};
    keep_answer("toolUse", {}, {&call, 1});
    write_tool("start", id, tool, "args", call.arguments, true, nullptr);
}

void Run::on_tool_progress(std::string_view id, std::string_view tool, std::string_view text) {
    write_tool("update", id, tool, "partialResult", text, false, nullptr);
    if (observer_ != nullptr) observer_->on_tool_progress(id, tool, text);
}

void Run::on_tool_result(std::string_view id, std::string_view tool, std::string_view text, bool is_error) {
    write_tool("result", id, tool, "result", text, false, &is_error);
    Buffer message(core_.gate.pool());
    json::Writer writer(message);
    session::write_tool_result(writer, id, tool, text, is_error, core_.gate.unix_ms());
    if (const auto kept = core_.sessions.append_message(session_key_, message.text(), core_.gate.unix_ms(),
                                                        store::Durability::buffered);
        !kept)
        core_.gate.log().error({"cannot write the transcript of ", session_key_, ": ", kept.error().what});
    if (observer_ != nullptr) observer_->on_tool_result(id, tool, text, is_error);
}

void Run::write_tool(std::string_view phase, std::string_view id, std::string_view tool, std::string_view name,
                     std::string_view value, bool is_json, const bool* is_error) {
    Buffer data(core_.gate.pool());
    json::Writer writer(data);
    writer.begin_object().member("phase", phase).member("name", tool).member("toolCallId", id);
    if (is_error != nullptr) writer.member("isError", *is_error);
    writer.key(name);
    if (is_json) {
        writer.raw(value.empty() ? "{}" : value);
    } else {
        writer.begin_object().key("content").begin_array().begin_object();
        writer.member("type", "text").member("text", value).end_object().end_array().end_object();
    }
    writer.end_object();
    tell_agent("tool", data.text(), true);
}

void Run::on_end(message::StopReason reason, const message::TokenUsage& usage, bool blocked) {
    tell_delta(true);
    // What was said in front of calls is kept with them.
    if (reason != message::StopReason::tool_calls || kept_at_ < said_.size()) keep_answer(name_of(reason), usage);
    session::Changes figures(core_.gate.memory());
    session::TurnFigures turn;
    turn.input = usage.input;
    turn.output = usage.output;
    turn.cache_read = usage.cached_input;
    turn.context = usage.input;
    turn.provider = provider_;
    turn.model = model_name_;
    session::set_figures(figures, turn);
    figures.set("abortedLastRun", false);
    usage_ = usage;
    core_.touch_session(session_key_, figures);
    tell_lifecycle("end");
    const std::string_view text = said_.text();
    const bool silent = text == "NO_REPLY";
    tell_simple(SimpleNews::Kind::done, text);
    tell_chat("final", silent ? nullptr : &text, name_of(reason), {}, 3, 255);
    TurnListener* const observer = observer_;
    chats_.finish(*this, true, {});
    if (observer != nullptr) observer->on_end(reason, usage, blocked);
}

void Run::on_failed(const TurnFailure& failure) {
    tell_delta(true);
    if (kept_at_ < said_.size()) keep_answer("error", {});
    tell_lifecycle("error", failure.message);
    tell_simple(SimpleNews::Kind::error, failure.message);
    tell_chat("error", nullptr, {}, failure.message, 3, 255);
    TurnListener* const observer = observer_;
    chats_.finish(*this, false, failure.message);
    if (observer != nullptr) observer->on_failed(failure);
}

void Run::on_no_memory() noexcept {
    TurnListener* const observer = std::exchange(observer_, nullptr);
    if (observer != nullptr) observer->on_no_memory();
    try {
        on_failed({0, "The gateway is out of memory.", {}, {}, {}});
    } catch (const std::bad_alloc&) {
        ended_ = true;  // nobody can be told: abort or time-out cleans it up
    }
}

// --- what clients and the transcript hear ---------------------------------------------------------------------------

void Run::tell_agent(std::string_view stream, std::string_view data, bool to_tool_followers) {
    Buffer out(core_.gate.pool());
    json::Writer writer(out);
    writer.begin_object().member("runId", id_).member("stream", stream).key("data").raw(data);
    writer.member("sessionKey", session_key_).member("agentId", agent_id_).member("seq", ++seq_);
    writer.member("ts", core_.gate.unix_ms()).end_object();
    Event event;
    event.name = "agent";
    event.payload = out.text();
    event.scope = rpc::Scope::read;
    event.to_nodes = true;
    event.session = session_key_;
    if (to_tool_followers) event.filter = [](const void*, const Client& client) { return client.tool_events; };
    core_.gate.broadcast(event);
}

void Run::tell_simple(SimpleNews::Kind kind, std::string_view text) {
    SimpleNews news;
    news.kind = kind;
    news.text = text;
    news.session = session_key_;
    news.conn = owner_conn_;
    news.input_tokens = usage_.input;
    news.output_tokens = usage_.output;
    core_.gate.tell_simple(news);
}

void Run::tell_lifecycle(std::string_view phase, std::string_view error) {
    Buffer data(core_.gate.pool());
    json::Writer writer(data);
    writer.begin_object().member("phase", phase);
    if (!error.empty()) writer.member("error", error);
    writer.member(phase == "start" ? "startedAt" : "endedAt", core_.gate.unix_ms()).end_object();
    tell_agent("lifecycle", data.text());
}

void Run::tell_chat(std::string_view state, const std::string_view* text, std::string_view stop_reason,
                    std::string_view error, std::uint8_t protocol_min, std::uint8_t protocol_max) {
    Buffer out(core_.gate.pool());
    json::Writer writer(out);
    writer.begin_object().member("runId", id_).member("sessionKey", session_key_).member("agentId", agent_id_);
    writer.member("seq", seq_).member("state", state);
    const bool delta = state == "delta";
    if (delta && protocol_min >= 4) writer.member("deltaText", text->substr(told_at_));
    if (!stop_reason.empty()) writer.member("stopReason", stop_reason);
    if (!error.empty()) writer.member("errorMessage", error);
    if (text != nullptr) {
        writer.key("message");
        write_message(writer, *text, core_.gate.unix_ms());
    }
    writer.end_object();
    std::pmr::string merge(core_.gate.memory());
    Event event;
    event.name = "chat";
    event.payload = out.text();
    event.scope = rpc::Scope::read;
    event.to_nodes = true;
    event.session = session_key_;
    event.protocol_min = protocol_min;
    event.protocol_max = protocol_max;
    if (delta && protocol_max == 3) {  // the text so far: a newer one says it all
        merge.assign("chat ").append(id_);
        event.merge = merge;
        event.may_drop = true;
    }
    core_.gate.broadcast(event);
}

void Run::keep_answer(std::string_view stop_reason, const message::TokenUsage& usage,
                      std::span<const session::ToolCallPart> calls) {
    const std::uint64_t now = core_.gate.unix_ms();
    session::AssistantMessage answer;
    answer.text = said_.text().substr(kept_at_);
    answer.calls = calls;
    answer.provider = provider_;
    answer.model = model_name_;
    answer.usage.input = usage.input;
    answer.usage.output = usage.output;
    answer.usage.cache_read = usage.cached_input;
    answer.stop_reason = stop_reason;
    Buffer message(core_.gate.pool());
    json::Writer writer(message);
    session::write_assistant_message(writer, answer, now);
    kept_at_ = said_.size();
    const auto kept = core_.sessions.append_message(session_key_, message.text(), now);
    if (!kept) {
        core_.gate.log().error({"cannot write the transcript of ", session_key_, ": ", kept.error().what});
        return;
    }
    chats_.tell_message(session_key_, message.text(), {kept->data(), kept->size()});
}

}  // namespace gw::method
