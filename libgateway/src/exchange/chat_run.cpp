#include "exchange/chat_run.h"

#include <array>

#include <algorithm>

#include "core/text.h"
#include "endpoint/models.h"
#include "exchange/gateway.h"
#include "exchange/http_failures.h"
#include "exchange/provider_request.h"
#include "exchange/server_conn.h"
#include "provider/openai_chat.h"
#include "provider/translate_chat.h"
#include "provider/translate_parts.h"

namespace gw::exchange {

namespace {

constexpr http1::Header stream_fields[] = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};

}  // namespace

ChatRun::ChatRun(Gateway& gateway, ServerConn& client)
    : gateway_(gateway),
      config_(gateway.config_share()),
      client_(client),
      id_(gateway.memory()),
      model_(gateway.memory()),
      candidates_(gateway.memory()),
      body_before_model_(gateway.pool()),
      body_after_model_(gateway.pool()),
      collected_(gateway.pool()),
      retry_after_(gateway.memory()),
      content_type_(gateway.memory()) {}

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
    switch (config::choose_models(*config_, *wish.agent, wish.model, candidates_)) {
    case config::ModelProblem::none: break;
    case config::ModelProblem::unknown_wish:
        client_.answer_error({404, "invalid_request_error",
                              "Unknown model in x-openclaw-model. Use provider/model of models.providers.",
                              "model_not_found", "x-openclaw-model"});
        return;
    case config::ModelProblem::unknown_model:
        client_.answer_error(
            {500, "api_error", "The agent's model names a provider that is not configured.", "model_not_found", {}});
        return;
    }
    if (wish.session_key.empty() && passes_bytes(*wish.agent)) {
        start_provider(body, root);
    } else {
        start_agent(wish, request, body);
    }
    document.shrink(64 * 1024);
    client_.drop_body();
}

// Whether the upstream's answer is the client's, byte for byte.
bool ChatRun::passes_bytes(const config::Agent& agent) const noexcept {
    if (agent.host || gateway_.runs().host_answers(agent) || candidates_.empty()) return false;
    if (Proxy* const proxy = gateway_.proxy(); proxy != nullptr && !proxy->disabled()) return false;
    return std::all_of(candidates_.begin(), candidates_.end(), [](const config::ModelChoice& it) {
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
    asked->trace = client_.request_id();
    asked->source.append(body);
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
    begin_turn();
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
    begin_turn();
}

void ChatRun::on_content_failed(int status, std::string_view message) {
    client_.answer_error(attachment_error(status, message));
}

void ChatRun::begin_turn() {
    AgentRun::Listener& listener = *this;
    agent_.emplace(gateway_, listener);
    agent_->start(std::move(asked_));
}

void ChatRun::on_start(std::string_view /*provider*/, std::string_view /*model*/) {
    if (!stream_) return;
    client_.begin_stream(200, event_stream_type, stream_fields);
    Buffer out(gateway_.pool());
    writer_->begin(out);
    send(out);
}

void ChatRun::send(Buffer& out) {
    if (out.empty()) return;
    client_.write(out.bytes());
    if (client_.is_full()) agent_->pause();
}

void ChatRun::on_text(std::string_view text) {
    Buffer out(gateway_.pool());
    writer_->text(out, text);
    send(out);
}

void ChatRun::on_call(const AgentRun::Call& call) {
    Buffer out(gateway_.pool());
    writer_->call(out, call.id, call.tool, call.arguments);
    send(out);
}

void ChatRun::on_end(const AgentRun::End& end) {
    Buffer out(gateway_.pool());
    writer_->finish(out, end.reason, {end.usage.input, end.usage.output, end.usage.known});
    if (stream_) {
        client_.write(out.bytes());
        client_.end();  // ends this run
        return;
    }
    constexpr http1::Header blocked_field{"X-DefenseClaw-Blocked", "true"};
    client_.answer(200, json_type, out.text(), {&blocked_field, end.blocked ? 1U : 0U});
}

void ChatRun::on_failed(const AgentFailure& failure) {
    if (client_.stream_begun()) {
        fail_stream(failure.message, failure.type);
        return;
    }
    answer_failure(client_, {failure.http_status, failure.type, failure.message, failure.code, {}},
                   failure.retry_after);
}

void ChatRun::on_drained() {
    if (call_) call_->resume();
    if (agent_) agent_->resume();
}

// --- provider ----------------------------------------------------------------------------------------------------

void ChatRun::start_provider(std::string_view body, const json::Value& root) {
    // The body as it came, cut around the model's name; each candidate puts its own in between.
    provider::split_openai_request(body, root, body_before_model_, body_after_model_);
    call_candidate();
}

void ChatRun::call_candidate() {
    const config::ModelChoice& candidate = candidates_[candidate_];
    const ProviderRequest request(*candidate.provider, provider::DialectName::openai_chat, candidate.model, stream_,
                                  gateway_.memory());
    if (!request.valid()) {
        client_.answer_error(
            {500, "api_error", "The baseUrl of the agent's provider is not a URL.", "provider_misconfigured", {}});
        return;
    }
    Buffer body(gateway_.pool());
    body.append(body_before_model_.bytes());
    json::Writer(body).string(candidate.model);
    body.append(body_after_model_.bytes());

    collected_.clear();
    events_.reset();
    call_.reset();
    call_.emplace(gateway_, *this, request.target());
    call_->start("POST", request.path(), request.fields(), std::move(body));
}

bool ChatRun::call_next_candidate() {
    if (candidate_ + 1 >= candidates_.size()) return false;
    ++candidate_;
    call_candidate();
    return true;
}

void ChatRun::on_head(const http1::ResponseHead& head) {
    upstream_status_ = head.status;
    retry_after_ = head.headers.get("retry-after").value_or("");
    content_type_ = head.headers.get("content-type").value_or("");
    refused_ = false;
    done_seen_ = false;
    const auto encoding = head.headers.get("content-encoding");
    if (encoding && !equals_ignoring_case(*encoding, "identity")) {
        refuse_upstream_answer("The provider compressed its answer although it was asked not to.");
        return;
    }
    if (head.status != 200 || !stream_) return;  // collected
    if (!starts_with_ignoring_case(content_type_, "text/event-stream")) {
        refuse_upstream_answer("The provider did not stream its answer.");
        return;
    }
    events_.emplace(gateway_.limits().event_bytes_max, gateway_.pool(), gateway_.memory());
    std::array<http1::Header, 3> fields{stream_fields[0], stream_fields[1], {}};
    std::size_t count = 2;
    if (const auto id = head.headers.get("x-request-id")) fields[count++] = {"X-Request-Id", *id};
    client_.begin_stream(200, event_stream_type, {fields.data(), count});
}

void ChatRun::refuse_upstream_answer(std::string_view message) {
    refused_ = true;
    client_.answer_error(
        {502, "upstream_error", message, "provider_answer", {}});  // ends this run, which cancels the call
}

void ChatRun::on_body(std::span<const std::byte> data) {
    if (refused_) return;
    if (events_) {
        forward_events(data);
        return;
    }
    if (collected_.size() + data.size() > gateway_.limits().upstream_body_bytes_max) {
        refuse_upstream_answer("The provider's answer is too large.");
        return;
    }
    collected_.append(data);
}

// The bytes of whole events pass as they came; what is open at the end of a piece waits for its rest.
void ChatRun::forward_events(std::span<const std::byte> data) {
    if (!events_->feed(data)) {
        fail_stream("The provider sent an event that is too large.");
        return;
    }
    const std::string_view piece = as_text(data);
    std::string_view run;  // events of this piece that lie one behind the other go out as one chunk
    while (const auto event = events_->next()) {
        if (event->data == "[DONE]") done_seen_ = true;
        if (run.data() + run.size() == event->raw.data()) {
            run = {run.data(), run.size() + event->raw.size()};
            continue;
        }
        if (!run.empty()) client_.write(as_bytes(run));
        run = {};
        const bool in_piece = event->raw.data() >= piece.data() && event->raw.data() < piece.data() + piece.size();
        if (in_piece) {
            run = event->raw;
        } else {
            client_.write(as_bytes(event->raw));  // put together from several pieces: gone with the next event
        }
    }
    if (!run.empty()) client_.write(as_bytes(run));
    if (!refused_ && client_.is_full()) call_->pause();
}

void ChatRun::on_end() {
    if (refused_) return;
    if (events_) {
        if (done_seen_) {
            client_.end();
        } else {
            fail_stream("The provider ended its stream early.");
        }
        return;
    }
    if (upstream_status_ == 200) {
        client_.answer(200, content_type_.empty() ? "application/json" : std::string_view(content_type_),
                       collected_.text());
        return;
    }
    if (provider::is_worth_another(upstream_status_) && call_next_candidate()) return;
    json::Document& document = gateway_.scratch_document();
    const auto parsed = document.parse(collected_.text());
    const auto mapped = provider::map_openai_error(upstream_status_, parsed ? document.root() : json::Value{});
    answer_failure(client_, {mapped.status, mapped.type, mapped.message, mapped.code, {}}, retry_after_);
}

void ChatRun::on_failure(gw_status status, std::string_view what) {
    if (client_.stream_begun()) {
        fail_stream(what);
        return;
    }
    gateway_.log().warn(
        {"provider ", candidates_[candidate_].provider->id, ": ", what, " (", client_.request_id(), ")"});
    if (call_next_candidate()) return;
    client_.answer_error(provider_error(status, what));
}

void ChatRun::on_no_memory() noexcept {
    refused_ = true;
    client_.break_off();
}

void ChatRun::fail_stream(std::string_view message, std::string_view type) {
    if (!candidates_.empty())
        gateway_.log().warn(
            {"provider ", candidates_[candidate_].provider->id, ": ", message, " (", client_.request_id(), ")"});
    refused_ = true;
    if (!done_seen_) {
        Buffer out(gateway_.pool());
        endpoint::write_stream_failure(out, message, type);
        client_.write(out.bytes());
    }
    client_.end();
}

}  // namespace gw::exchange
