#include "exchange/rest_chat.h"

#include "core/text.h"
#include "exchange/agent_wish.h"
#include "exchange/gateway.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

endpoint::ApiError invalid_session() {
    return {400, "invalid_request_error", "The sessionId is no name of a session.", "invalid_session", "sessionId"};
}

}  // namespace

RestChatRun::RestChatRun(Gateway& gateway, ServerConn& client)
    : AgentAnswer(gateway, client), session_(gateway.memory()), model_(gateway.memory()), text_(gateway.pool()) {}

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
    begin_turn(std::move(request));
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
    request.channel = wish.channel;
    request.session_key = key ? *key : wish.session_key;
    return true;
}

void RestChatRun::write_begin(Buffer& /*out*/, std::string_view provider, std::string_view model) {
    model_ = model.empty() ? provider : model;
}

void RestChatRun::write_text(Buffer& out, std::string_view text) {
    stream_ ? endpoint::write_rest_chunk(out, text) : text_.append(text);
}

// Nobody here has tools of a client.
void RestChatRun::write_call(Buffer& /*out*/, const AgentRun::Call& /*call*/) {}

void RestChatRun::write_end(Buffer& out, const AgentRun::End& end) {
    const endpoint::RestChatEnd what{session_, model_, end.usage, end.blocked};
    if (stream_ && end.blocked)
        return endpoint::write_rest_failure(out, "content_blocked", "The guardrail stopped this answer.");
    if (stream_) return endpoint::write_rest_done(out, what);
    Buffer data(gateway_.pool());
    endpoint::write_rest_chat(data, text_.text(), what);
    endpoint::write_envelope(out, data.text(), gateway_.unix_ms());
}

void RestChatRun::write_failure(Buffer& out, const AgentFailure& failure) {
    endpoint::write_rest_failure(out, failure.code.empty() ? failure.type : failure.code, failure.message);
}

void RestChatRun::answer_failed(const AgentFailure& failure) {
    AgentFailure named = failure;
    if (named.code.empty()) named.code = named.type;
    AgentAnswer::answer_failed(named);
}

}  // namespace gw::exchange
