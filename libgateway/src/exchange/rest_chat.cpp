#include "exchange/rest_chat.h"

#include "core/text.h"
#include "exchange/agent_wish.h"
#include "exchange/gateway.h"
#include "exchange/http_failures.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

constexpr http1::Header rest_stream_fields[] = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};

endpoint::ApiError invalid_session() {
    return {400, "invalid_request_error", "The sessionId is no name of a session.", "invalid_session", "sessionId"};
}

}  // namespace

RestChatRun::RestChatRun(Gateway& gateway, ServerConn& client)
    : gateway_(gateway), client_(client), session_(gateway.memory()), model_(gateway.memory()), text_(gateway.pool()) {}

void RestChatRun::start(std::string_view body) {
    json::Document& document = gateway_.scratch_document();
    if (!client_.parse_body(body, document)) return;
    endpoint::RestChat asked;
    const bool accepts_stream = list_has(client_.field("accept"), "text/event-stream");
    if (const auto error = endpoint::read_rest_chat(document.root(), accepts_stream, asked))
        return client_.answer_error(*error);
    const auto uuid = crypto::random_uuid(gateway_.random());
    if (!uuid) return client_.answer_error({500, "api_error", "internal error", {}, {}});
    auto request = make_owned<AgentRequest>(gateway_.memory(), gateway_.memory(), gateway_.pool());
    request->run_id.assign(uuid->data(), uuid->size());
    if (!choose(asked, *request)) return;
    stream_ = asked.stream;
    session_ = asked.session;
    if (!asked.model.empty()) request->model = asked.model;
    request->trace = client_.request_id();
    request->tools = &gateway_.runs().tools();
    request->conversation.stream = true;
    request->add_text(message::Role::user, asked.message);
    document.shrink(64 * 1024);
    client_.drop_body();
    AgentRun::Listener& listener = *this;
    turn_.emplace(gateway_, listener);
    turn_->start(std::move(request));
}

bool RestChatRun::choose(const endpoint::RestChat& asked, AgentRequest& request) {
    method::Core& core = gateway_.hub().core();
    std::optional<std::pmr::string> key;
    if (!asked.session.empty()) {
        const std::string_view agent = asked.agent.empty() ? client_.agent_field() : asked.agent;
        key = agent.empty() ? core.sessions.canonical(asked.session)
                            : session::canonical_key(asked.session, agent, core.sessions.rules(), gateway_.memory());
        if (!key || core.find_agent(core.agent_of(*key)) == nullptr) {
            client_.answer_error(invalid_session());
            return false;
        }
    }
    std::pmr::string model(gateway_.memory());
    if (key) {
        (model = "openclaw/") += core.agent_of(*key);
    } else if (!asked.agent.empty()) {
        (model = "openclaw/") += asked.agent;
    }
    const AgentWish wish = read_agent_wish(gateway_, client_, model, {}, {});
    if (wish.error) {
        client_.answer_error(*wish.error);
        return false;
    }
    if (key && core.agent_of(*key) != std::string_view(wish.agent->id)) {
        client_.answer_error(invalid_session());
        return false;
    }
    request.agent_id = wish.agent->id;
    request.model = wish.model;
    request.is_owner = wish.is_owner;
    request.session_key = key ? *key : wish.session_key;
    return true;
}

void RestChatRun::send(const Buffer& out) {
    client_.write(out.bytes());
    if (client_.is_full()) turn_->pause();
}

void RestChatRun::on_start(std::string_view provider, std::string_view model) {
    model_ = model.empty() ? provider : model;
    if (stream_) client_.begin_stream(200, event_stream_type, rest_stream_fields);
}

void RestChatRun::on_text(std::string_view text) {
    if (!stream_) return text_.append(text);
    Buffer out(gateway_.pool());
    endpoint::write_rest_chunk(out, text);
    send(out);
}

// Nobody here has tools of a client.
void RestChatRun::on_call(const AgentRun::Call& /*call*/) {}

void RestChatRun::on_end(const AgentRun::End& end) {
    Buffer out(gateway_.pool());
    const endpoint::RestChatEnd what{session_, model_, end.usage, end.blocked};
    if (stream_) {
        if (end.blocked) {
            endpoint::write_rest_failure(out, "content_blocked", "The guardrail stopped this answer.");
        } else {
            endpoint::write_rest_done(out, what);
        }
        client_.write(out.bytes());
        return client_.end();  // ends this run
    }
    Buffer data(gateway_.pool());
    endpoint::write_rest_chat(data, text_.text(), what);
    endpoint::write_envelope(out, data.text(), gateway_.unix_ms());
    constexpr http1::Header blocked_field{"X-DefenseClaw-Blocked", "true"};
    client_.answer(200, json_type, out.text(), {&blocked_field, end.blocked ? 1U : 0U});
}

void RestChatRun::on_failed(const AgentFailure& failure) {
    const std::string_view code = failure.code.empty() ? failure.type : failure.code;
    if (!client_.stream_begun()) {
        return answer_failure(client_, {failure.http_status, failure.type, failure.message, code, {}},
                              failure.retry_after);
    }
    Buffer out(gateway_.pool());
    endpoint::write_rest_failure(out, code, failure.message);
    client_.write(out.bytes());
    client_.end();
}

void RestChatRun::on_no_memory() noexcept { client_.break_off(); }

void RestChatRun::on_drained() {
    if (turn_) turn_->resume();
}

}  // namespace gw::exchange
