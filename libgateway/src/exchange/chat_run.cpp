#include "exchange/chat_run.h"

#include <algorithm>

#include "endpoint/models.h"
#include "exchange/gateway.h"
#include "exchange/http_failures.h"
#include "exchange/server_conn.h"
#include "provider/openai_chat.h"
#include "provider/translate_chat.h"
#include "provider/translate_parts.h"

namespace gw::exchange {

ChatRun::ChatRun(Gateway& gateway, ServerConn& client)
    : AgentAnswer(gateway, client), config_(gateway.config_share()), id_(gateway.memory()), model_(gateway.memory()) {}

void ChatRun::start(std::string_view body) {
    json::Document& document = gateway_.scratch_document();
    if (!client_.parse_body(body, document)) return;
    const json::Value root = document.root();
    endpoint::ChatRequest request;
    if (const auto error = endpoint::read_chat_request(root, request)) {
        client_.answer_error(*error);
        return;
    }
    const AgentWish wish = read_agent_wish(gateway_, client_, request.model, request.user, "openai-user");
    if (wish.error) {
        client_.answer_error(*wish.error);
        return;
    }
    stream_ = request.stream;
    Candidates candidates(gateway_.memory());
    if (const auto error = model_error(config::choose_models(*config_, *wish.agent, wish.model, candidates))) {
        client_.answer_error(*error);
        return;
    }
    if (wish.session_key.empty() && passes_bytes(*wish.agent, candidates)) {
        pass_.emplace(gateway_, client_, std::move(candidates));
        provider::split_openai_request(body, root, pass_->body_before_model(), pass_->body_after_model());
        document.shrink(64 * 1024);
        client_.drop_body();
        pass_->start(stream_);
    } else {
        start_agent(wish, request, body);
        document.shrink(64 * 1024);
        client_.drop_body();
    }
}

// Whether the upstream's answer is the client's, byte for byte.
bool ChatRun::passes_bytes(const config::Agent& agent, const Candidates& candidates) const noexcept {
    if (agent.host || gateway_.runs().host_answers(agent) || candidates.empty()) return false;
    if (Proxy* const proxy = gateway_.proxy(); proxy != nullptr && !proxy->disabled()) return false;
    return std::all_of(candidates.begin(), candidates.end(), [](const config::ModelChoice& it) {
        return provider::dialect_of_api(it.provider->api) == provider::DialectName::openai_chat;
    });
}

// --- an agent ----------------------------------------------------------------------------------------------------

void ChatRun::start_agent(const AgentWish& wish, const endpoint::ChatRequest& request, std::string_view body) {
    const auto uuid = crypto::random_uuid(gateway_.random());
    if (!uuid) {
        client_.answer_error({500, "api_error", "internal error", {}, {}});
        return;
    }
    id_ = "chatcmpl_";
    id_.append(uuid->data(), uuid->size());
    model_ = request.model.empty() ? "openclaw" : request.model;
    asked_ = make_owned<AgentRequest>(gateway_.memory(), gateway_.memory(), gateway_.pool());
    AgentRequest* const asked = asked_.get();
    asked->run_id = id_;
    asked->agent_id = wish.agent->id;
    asked->model = wish.model;
    asked->session_key = wish.session_key;
    asked->is_owner = wish.is_owner;
    asked->channel = wish.channel;
    asked->trace = client_.request_id();
    asked->source = client_.take_body();  // where `body` still lies
    json::Limits limits;
    limits.bytes_max = std::max<std::size_t>(1, body.size());
    static_cast<void>(asked->document.parse(asked->source.text(), limits));  // as it was parsed before
    const json::Value root = asked->document.root();
    if (const auto read = provider::read_chat_request(root, asked->conversation, provider::UnknownFields::ignored);
        !read) {
        std::pmr::string message(gateway_.memory());
        provider::append_path(root, read.error().where, message);
        if (!message.empty()) message += ": ";
        message.append(read.error().what).append(".");
        client_.answer_error({400, "invalid_request_error", message, "unsupported_content", {}});
        return;
    }
    writer_.emplace(message::AnswerIdentity{id_, model_, gateway_.unix_ms() / 1000}, stream_, request.include_usage,
                    gateway_.pool());
    load_pictures();
}

// Pictures come from the client or, where the configuration allows it, from a URL; what they are is looked at.
void ChatRun::load_pictures() {
    ContentLoad::Listener& listener = *this;
    pictures_.emplace(gateway_, listener, (*config_).chat_completions.attachments);
    const json::Value root = asked_->document.root();
    std::pmr::list<std::pmr::string>& own = asked_->conversation.own;
    for (const message::ConversationPart& part : asked_->conversation.parts) {
        if (part.kind != message::ConversationPart::Kind::image) continue;
        std::pmr::string& place = own.emplace_back();
        provider::append_path(root, part.where, place);
        const bool by_url = part.data.empty();
        pictures_->add({ContentPart::Kind::image,
                        by_url ? ContentPart::Source::url : ContentPart::Source::base64,
                        by_url ? part.url : part.data,
                        part.media,
                        {},
                        place});
    }
    if (!pictures_->empty()) return pictures_->start();
    pictures_.reset();
    begin_turn(std::move(asked_));
}

void ChatRun::on_content_loaded() {
    message::Conversation& conversation = asked_->conversation;
    std::size_t next = 0;
    for (message::ConversationPart& part : conversation.parts) {
        if (part.kind != message::ConversationPart::Kind::image) continue;
        const LoadedImage& image = pictures_->results()[next++].images.front();
        part.media = conversation.keep(image.media_type);
        if (image.base64.data() != part.data.data())
            part.data = conversation.keep(image.base64);  // else it stays as it is
        part.url = {};
    }
    begin_turn(std::move(asked_));
}

void ChatRun::on_content_failed(int status, std::string_view message) {
    client_.answer_error(attachment_error(status, message));
}

// --- the answer --------------------------------------------------------------------------------------------------

void ChatRun::write_begin(Buffer& out, std::string_view /*provider*/, std::string_view /*model*/) {
    if (stream_) writer_->begin(out);
}

void ChatRun::write_text(Buffer& out, std::string_view text) { writer_->text(out, text); }

void ChatRun::write_call(Buffer& out, const AgentRun::Call& call) {
    writer_->call(out, call.id, call.tool, call.arguments);
}

void ChatRun::write_end(Buffer& out, const AgentRun::End& end) {
    writer_->finish(out, end.reason, {end.usage.input, end.usage.output, end.usage.known});
}

void ChatRun::write_failure(Buffer& out, const AgentFailure& failure) {
    endpoint::write_stream_failure(out, failure.message, failure.type);
}

void ChatRun::on_drained() {
    if (pass_) pass_->resume();
    AgentAnswer::on_drained();
}

}  // namespace gw::exchange
