#include "exchange/host_model.h"

#include "exchange/agent_request.h"
#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

// How many bytes at the end of valid UTF-8 belong to a character that is not complete.
std::size_t open_bytes(std::string_view text) noexcept {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
        if ((byte & 0xC0U) == 0x80) continue;
        const std::size_t size = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        return size > back ? back : 0;
    }
    return 0;
}

}  // namespace

HostModel::HostModel(Gateway& gateway, Listener& listener, const AgentRequest& request)
    : gateway_(gateway),
      listener_(listener),
      request_(request),
      body_(gateway.pool()),
      maker_(gateway.memory()),
      steps_(gateway.memory()),
      text_(gateway.memory()),
      tail_(gateway.memory()) {}

HostModel::~HostModel() { stop(); }

void HostModel::start() {
    const std::string_view model = request_.model.empty() ? std::string_view(request_.agent_id) : request_.model;
    const auto written = provider::chat_translator().write_request(body_, request_.conversation, model);
    if (!written) {
        listener_.on_failed(
            {written.error().status, 400, "invalid_request_error", written.error().what, "unsupported_by_agent", {}});
        return;
    }
    tail_.reserve(4);
    id_ = gateway_.runs().hosted.add(*this);
    gateway_.enqueue(*this);
    listener_.on_begin("host", model);
}

void HostModel::stop() noexcept {
    stopped_ = true;
    in_queue.unlink();
    if (id_ == 0) return;
    if (told_) {
        gateway_.runs().hosted.cancel(id_);
        gateway_.enqueue(gateway_.runs());
    } else {
        gateway_.runs().hosted.remove(id_);
    }
    id_ = 0;
}

void HostModel::resume() noexcept {
    paused_ = false;
    if (id_ != 0 && host_waits_) gateway_.enqueue(*this);
}

bool HostModel::next_event(gw_event& event) noexcept {
    if (!told_) {
        told_ = true;
        event.type = GW_EVENT_RUN;
        event.agent = as_str(request_.agent_id);
        event.session = as_str(request_.session_key);
        event.model = as_str(request_.model);
    } else if (host_waits_ && !paused_) {
        host_waits_ = false;
        event.type = GW_EVENT_RUN_WRITABLE;
    } else {
        return false;
    }
    event.run = id_;
    return true;
}

void HostModel::forget() noexcept {
    gateway_.runs().hosted.remove(std::exchange(id_, 0));
    in_queue.unlink();
}

// Hands on what the host has said; the run may be over then.
gw_status HostModel::deliver() {
    listener_.on_steps(steps_);
    if (id_ == 0 || !paused_) return GW_OK;
    host_waits_ = true;
    return GW_DONE;
}

gw_status HostModel::delta(gw_run_text kind, std::string_view text) {
    if (!tail_.empty() && kind != kind_) return GW_ERR_DATA;  // in the middle of a character
    Utf8Checker checker = checker_;
    if (!checker.feed(text)) return GW_ERR_DATA;
    text_.assign(tail_).append(text);
    const std::size_t open = checker.complete() ? 0 : open_bytes(text_);
    const std::string_view whole = std::string_view(text_).substr(0, text_.size() - open);
    steps_.clear();
    maker_.start(steps_);
    maker_.begin({}, {});
    if (kind == GW_RUN_TEXT) {
        maker_.text(provider::AnswerKind::text, whole);
    } else {
        maker_.reasoning(whole);
    }
    checker_ = checker;
    kind_ = kind;
    tail_.assign(text_, text_.size() - open, open);
    return deliver();
}

gw_status HostModel::tool_call(std::string_view id, std::string_view tool, std::string_view arguments) {
    if (!tail_.empty()) return GW_ERR_DATA;
    json::Document document(gateway_.memory());
    if (tool.empty() || !is_utf8(tool) || !is_utf8(id)) return GW_ERR_DATA;
    if (!arguments.empty() && (!document.parse(arguments) || !document.root().is(json::Kind::object)))
        return GW_ERR_DATA;
    steps_.clear();
    maker_.start(steps_);
    maker_.begin({}, {});
    maker_.call(tool, id);
    maker_.arguments(arguments);
    maker_.close();
    return deliver();
}

gw_status HostModel::end(message::StopReason reason, const message::TokenUsage& usage) {
    if (!tail_.empty()) return GW_ERR_DATA;
    steps_.clear();
    maker_.start(steps_);
    maker_.begin({}, {});
    maker_.stop(reason);
    maker_.usage(usage);
    forget();  // the host is done with it, whatever becomes of its last words
    listener_.on_steps(steps_);
    if (!stopped_) listener_.on_answered();
    return GW_OK;
}

gw_status HostModel::fail(std::string_view message) {
    if (!is_utf8(message)) return GW_ERR_DATA;
    forget();
    listener_.on_failed({GW_ERR_UPSTREAM,
                         502,
                         "agent_error",
                         message.empty() ? std::string_view("The agent failed.") : message,
                         "agent_failed",
                         {}});
    return GW_OK;
}

void HostModel::fail_no_memory() noexcept {
    if (stopped_) return;
    listener_.on_no_memory();
}

}  // namespace gw::exchange
