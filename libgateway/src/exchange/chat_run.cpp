#include "exchange/chat_run.h"

#include <array>

#include "core/text.h"
#include "exchange/gateway.h"
#include "exchange/server_conn.h"
#include "provider/openai_chat.h"

namespace gw::exchange {

namespace {

// Between two words of the built-in agent's stream, so that a person sees it arrive.
constexpr Milliseconds builtin_word_ms = 20;
constexpr std::string_view event_stream = "text/event-stream; charset=utf-8";
constexpr http1::Header stream_fields[] = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};

endpoint::ApiError failure_of(gw_status status, std::string_view what) {
    switch (status) {
    case GW_ERR_TIMEOUT: return {504, "upstream_error", what, "provider_timeout", {}};
    case GW_ERR_LIMIT: return {503, "upstream_error", what, "provider_busy", {}};
    default: return {502, "upstream_error", what, "provider_unreachable", {}};
    }
}

}  // namespace

ChatRun::ChatRun(Gateway& gateway, ServerConn& client)
    : gateway_(gateway),
      client_(client),
      step_timer_(
          gateway.timers(), [](void* self) { static_cast<ChatRun*>(self)->guarded_step(); }, this),
      id_(gateway.memory()),
      model_(gateway.memory()),
      candidates_(gateway.memory()),
      body_before_model_(gateway.pool()),
      body_after_model_(gateway.pool()),
      collected_(gateway.pool()),
      retry_after_(gateway.memory()),
      content_type_(gateway.memory()) {}

std::optional<endpoint::ApiError> ChatRun::find_candidates(const config::Agent& agent,
                                                           std::string_view model_override) {
    const config::Config& config = gateway_.config();
    const auto add = [&](std::string_view name) {
        const std::size_t slash = name.find('/');
        if (slash == std::string_view::npos) return false;
        for (const config::Provider& provider : config.providers) {
            if (std::string_view(provider.id) != name.substr(0, slash)) continue;
            candidates_.push_back({&provider, name.substr(slash + 1)});
            return true;
        }
        return false;
    };
    if (!model_override.empty()) {
        if (add(model_override)) return std::nullopt;
        return endpoint::ApiError{404, "invalid_request_error",
                                  "Unknown model in x-openclaw-model. Use provider/model of models.providers.",
                                  "model_not_found", "x-openclaw-model"};
    }
    const bool own = !agent.model_primary.empty();
    const std::string_view primary = own ? agent.model_primary : config.default_model_primary;
    if (primary.empty()) return std::nullopt;  // the built-in agent
    add(primary);
    for (const auto& fallback : own ? agent.model_fallbacks : config.default_model_fallbacks) add(fallback);
    if (candidates_.empty()) {
        return endpoint::ApiError{
            500, "api_error", "The agent's model names a provider that is not configured.", "model_not_found", {}};
    }
    return std::nullopt;
}

void ChatRun::start(const config::Agent& agent, std::string_view model_override, const endpoint::ChatRequest& request,
                    std::string_view body, const json::Value& root) {
    stream_ = request.stream;
    if (const auto error = find_candidates(agent, model_override)) {
        client_.answer_error(*error);
        return;
    }
    if (candidates_.empty()) {
        start_builtin(request);
    } else {
        start_provider(body, root);
    }
}

// --- built-in ----------------------------------------------------------------------------------------------------

void ChatRun::start_builtin(const endpoint::ChatRequest& request) {
    const auto uuid = crypto::random_uuid(gateway_.random());
    if (!uuid) {
        client_.answer_error({500, "api_error", "internal error", {}, {}});
        return;
    }
    id_ = "chatcmpl_";
    id_.append(uuid->data(), uuid->size());
    model_ = request.model.empty() ? "openclaw" : request.model;
    writer_.emplace(message::AnswerIdentity{id_, model_, gateway_.unix_ms() / 1000}, request.stream,
                    request.include_usage, gateway_.pool());
    builtin_.emplace(endpoint::last_user_text(request.messages, gateway_.memory()), gateway_.memory());
    Buffer out(gateway_.pool());
    if (!stream_) {
        while (const auto word = builtin_->next()) writer_->text(out, *word);
        writer_->finish(out, message::StopReason::stop, builtin_->usage());
        client_.answer(200, "application/json; charset=utf-8", out.text());
        return;
    }
    client_.begin_stream(200, event_stream, stream_fields);
    writer_->begin(out);
    client_.write(out.bytes());
    step_timer_.arm(gateway_.now());
}

void ChatRun::guarded_step() noexcept {
    try {
        builtin_step();
    } catch (const std::bad_alloc&) {
        on_no_memory();
    }
}

void ChatRun::builtin_step() {
    if (client_.is_full()) return;  // on_drained() goes on
    Buffer out(gateway_.pool());
    if (const auto word = builtin_->next()) {
        writer_->text(out, *word);
        client_.write(out.bytes());
        step_timer_.arm(gateway_.now() + builtin_word_ms);
        return;
    }
    writer_->finish(out, message::StopReason::stop, builtin_->usage());
    client_.write(out.bytes());
    client_.end();  // ends this run
}

void ChatRun::on_drained() {
    if (call_) call_->resume();
    if (builtin_ && stream_ && !step_timer_.armed()) step_timer_.arm(gateway_.now());
}

// --- provider ----------------------------------------------------------------------------------------------------

void ChatRun::start_provider(std::string_view body, const json::Value& root) {
    // The body as it came, cut around the model's name; each candidate puts its own in between.
    provider::split_openai_request(body, root, body_before_model_, body_after_model_);
    call_candidate();
}

void ChatRun::call_candidate() {
    const Candidate& candidate = candidates_[candidate_];
    const config::Provider& provider = *candidate.provider;
    if (provider.api != "openai-completions" && !provider.api.empty()) {
        client_.answer_error(
            {501,
             "api_error",
             "This gateway does not speak the `api` of the agent's provider yet. Use openai-completions.",
             "provider_api_unsupported",
             {}});
        return;
    }
    const auto url = upstream::parse_url(provider.base_url);
    if (!url) {
        client_.answer_error(
            {500, "api_error", "The baseUrl of the agent's provider is not a URL.", "provider_misconfigured", {}});
        return;
    }
    std::pmr::string path(url->path, gateway_.memory());
    while (!path.empty() && path.back() == '/') path.pop_back();
    path += "/chat/completions";
    std::pmr::string authorization("Bearer ", gateway_.memory());
    authorization += provider.api_key;
    std::pmr::vector<http1::Header> fields(gateway_.memory());
    fields.push_back({"Content-Type", "application/json"});
    fields.push_back({"Accept", stream_ ? "text/event-stream" : "application/json"});
    fields.push_back({"Accept-Encoding", "identity"});  // what is to be inspected must be readable
    fields.push_back({"User-Agent", "libgateway/" GW_VERSION});
    if (!provider.api_key.empty()) fields.push_back({"Authorization", authorization});
    for (const auto& [name, value] : provider.headers) fields.push_back({name, value});
    Buffer body(gateway_.pool());
    body.append(body_before_model_.bytes());
    json::Writer(body).string(candidate.model);
    body.append(body_after_model_.bytes());

    UpstreamCall::Target target;
    target.url = *url;
    target.reach = upstream::reach_of(url->host, provider.allow_private_network);
    target.connect_timeout_ms = provider.connect_timeout_ms;
    target.first_byte_timeout_ms = provider.first_byte_timeout_ms;
    target.idle_timeout_ms = provider.idle_timeout_ms;
    collected_.clear();
    events_.reset();
    call_.reset();
    call_.emplace(gateway_, *this, target);
    call_->start("POST", path, fields, std::move(body));
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
    client_.begin_stream(200, event_stream, {fields.data(), count});
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
    const http1::Header retry_after{"Retry-After", retry_after_};
    client_.answer_error({mapped.status, mapped.type, mapped.message, mapped.code, {}},
                         {&retry_after, retry_after_.empty() ? std::size_t{0} : std::size_t{1}});
}

void ChatRun::on_failure(gw_status status, std::string_view what) {
    if (client_.stream_begun()) {
        fail_stream(what);
        return;
    }
    gateway_.log().warn({"provider ", candidates_[candidate_].provider->id, ": ", what});
    if (call_next_candidate()) return;
    client_.answer_error(failure_of(status, what));
}

void ChatRun::on_no_memory() noexcept {
    refused_ = true;
    client_.break_off();
}

void ChatRun::fail_stream(std::string_view message) {
    gateway_.log().warn({"provider ", candidates_[candidate_].provider->id, ": ", message});
    refused_ = true;
    if (!done_seen_) {
        Buffer out(gateway_.pool());
        endpoint::write_stream_failure(out, message, "upstream_error");
        client_.write(out.bytes());
    }
    client_.end();
}

}  // namespace gw::exchange
