#include "exchange/http_turn.h"

#include "exchange/gateway.h"
#include "method/run.h"

namespace gw::exchange {

namespace {

// The texts of one turn, a line feed between two.
std::pmr::string text_of(const message::Conversation& conversation, const message::Turn& turn) {
    std::pmr::string out(conversation.memory());
    for (std::size_t i = turn.first; i < turn.first + turn.count; ++i) {
        const message::ConversationPart& part = conversation.parts[i];
        if (part.kind != message::ConversationPart::Kind::text) continue;
        if (!out.empty()) out += '\n';
        out += part.text;
    }
    return out;
}

}  // namespace

HttpTurn::HttpTurn(Gateway& gateway, AgentRun::Listener& listener)
    : gateway_(gateway), listener_(listener), session_run_(gateway.memory()) {}

HttpTurn::~HttpTurn() {
    gateway_.runs().retire(std::move(run_));
    if (session_run_.empty()) return;
    if (method::Run* const run = gateway_.hub().core().chats.find(session_run_)) {
        run->forget_observer();
        try {
            run->abort("rpc");
        } catch (const std::bad_alloc&) {  // it goes on until its own time-out
        }
    }
}

void HttpTurn::start(Owned<AgentRequest> request) {
    if (!request->session_key.empty()) return start_in_session(std::move(request));
    run_ = make_owned<AgentRun>(gateway_.memory(), gateway_, std::move(request), listener_);
    run_->start();
}

void HttpTurn::fail(std::string_view message) {
    listener_.on_failed({GW_ERR_LIMIT, 503, "api_error", message, "gateway_busy", {}});
}

void HttpTurn::start_in_session(Owned<AgentRequest> request) {
    using Kind = message::ConversationPart::Kind;
    method::Core& core = gateway_.hub().core();
    std::pmr::memory_resource* const memory = gateway_.memory();
    const message::Conversation& conversation = request->conversation;
    if (request->run_id.empty()) {
        const auto uuid = crypto::random_uuid(gateway_.random());
        if (!uuid) return fail("There are no random numbers.");
        request->run_id.assign(uuid->data(), uuid->size());
    }
    const std::pmr::string run_id(request->run_id, memory), session_key(request->session_key, memory),
        model(request->model, memory), channel(request->channel, memory);
    method::RunSpec spec;
    spec.family = "http";
    spec.run_id = run_id;
    spec.session_key = session_key;
    spec.model = model;
    spec.channel = channel;
    spec.timeout_ms = request->timeout_ms;
    spec.observer = this;
    std::pmr::string said(memory);
    std::pmr::vector<method::TurnImage> images(memory);
    std::pmr::vector<method::TurnMessage> results(memory);
    std::pmr::list<std::pmr::string> texts(memory);
    if (!conversation.turns.empty()) {
        const message::Turn& last = conversation.turns.back();
        said = text_of(conversation, last);
        for (std::size_t i = last.first; i < last.first + last.count; ++i) {
            const message::ConversationPart& part = conversation.parts[i];
            if (part.kind == Kind::image && !part.data.empty()) images.push_back({part.media, part.data});
            if (part.kind != Kind::result) continue;
            std::pmr::string& text = texts.emplace_back();
            for (std::size_t k = part.inner_first; k < part.inner_first + part.inner_count; ++k)
                text += conversation.inner[k].text;
            results.push_back(
                {method::TurnMessage::Kind::result, message::Role::tool, text, part.call_id, part.tool, part.is_error});
        }
    }
    spec.text = said;
    spec.images = images;
    spec.results = results;
    spec.brings_past = conversation.turns.size() > 1;
    spec.continues = request->continues;
    Owned<method::TurnExtras> extras = std::move(request);
    spec.extras = &extras;
    std::pmr::string why(memory);
    if (core.chats.start(spec, why) != method::Chats::Started::started)
        return fail(why.empty() ? std::string_view("The run cannot be started.") : std::string_view(why));
    session_run_ = run_id;
    core.chats.proceed(run_id);
}

void HttpTurn::pause() noexcept {
    if (run_) run_->pause();
    if (session_run_.empty()) return;
    if (method::Run* const run = gateway_.hub().core().chats.find(session_run_)) run->pause();
}

void HttpTurn::resume() noexcept {
    if (run_) run_->resume();
    if (session_run_.empty()) return;
    if (method::Run* const run = gateway_.hub().core().chats.find(session_run_)) run->resume();
}

// --- what the run in the session says ------------------------------------------------------------------------------

void HttpTurn::on_start(std::string_view provider, std::string_view model) { listener_.on_start(provider, model); }
void HttpTurn::on_text(std::string_view text) { listener_.on_text(text); }
void HttpTurn::on_reasoning(std::string_view text) { listener_.on_reasoning(text); }
void HttpTurn::on_call(std::string_view id, std::string_view tool, std::string_view arguments) {
    listener_.on_call({id, tool, arguments});
}
void HttpTurn::on_tool_start(std::string_view id, std::string_view tool, std::string_view arguments) {
    listener_.on_tool_start({id, tool, arguments});
}
void HttpTurn::on_tool_progress(std::string_view id, std::string_view tool, std::string_view text) {
    listener_.on_tool_progress({id, tool, {}}, text);
}
void HttpTurn::on_tool_result(std::string_view id, std::string_view tool, std::string_view text, bool is_error) {
    listener_.on_tool_result({id, tool, {}}, text, is_error);
}

void HttpTurn::on_end(message::StopReason reason, const message::TokenUsage& usage, bool blocked) {
    session_run_.clear();
    listener_.on_end({reason, usage, blocked});
}

void HttpTurn::on_failed(const method::TurnFailure& failure) {
    session_run_.clear();
    listener_.on_failed({GW_ERR_UPSTREAM, failure.http_status != 0 ? failure.http_status : 502,
                         failure.type.empty() ? std::string_view("api_error") : failure.type, failure.message,
                         failure.code, failure.retry_after});
}

void HttpTurn::on_no_memory() noexcept {
    session_run_.clear();
    listener_.on_no_memory();
}

}  // namespace gw::exchange
