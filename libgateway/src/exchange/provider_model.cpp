#include "exchange/provider_model.h"

#include <algorithm>

#include "core/text.h"
#include "exchange/gateway.h"
#include "exchange/provider_request.h"
#include "provider/openai_chat.h"
#include "provider/translate_steps.h"

namespace gw::exchange {

namespace {

using message::AnswerStep;

// How long the end of a stream may stay out behind its last event: the connection can be kept then.
constexpr Milliseconds stream_end_ms = 250;

AgentFailure upstream_failure(std::string_view message, std::string_view code = "provider_answer") {
    return {GW_ERR_UPSTREAM, 502, "upstream_error", message, code, {}};
}

AgentFailure call_failure(gw_status status, std::string_view what) {
    switch (status) {
    case GW_ERR_TIMEOUT: return {status, 504, "upstream_error", what, "provider_timeout", {}};
    case GW_ERR_LIMIT: return {status, 503, "upstream_error", what, "provider_busy", {}};
    default: return {status, 502, "upstream_error", what, "provider_unreachable", {}};
    }
}

// A whole answer as steps.
void append_steps(const message::Answer& answer, provider::StepMaker& maker) {
    for (const message::AnswerPart& part : answer.parts) {
        if (part.kind == provider::AnswerKind::call) {
            maker.call(part.tool, part.call_id);
            maker.arguments(part.text);
            maker.close();
        } else {
            maker.text(part.kind, part.text);
        }
    }
    maker.stop(answer.reason, answer.stop_sequence);
    maker.usage(answer.usage);
}

}  // namespace

ProviderModel::ProviderModel(Gateway& gateway, AgentModel::Listener& listener,
                             std::span<const config::ModelChoice> candidates, message::Conversation& conversation,
                             std::string_view trace)
    : gateway_(gateway),
      trace_(trace),
      listener_(listener),
      candidates_(candidates),
      conversation_(conversation),
      collected_(gateway.pool()),
      document_(gateway.memory()),
      steps_(gateway.memory()),
      retry_after_(gateway.memory()),
      whole_timer_(
          gateway.timers(), [](void* self) { static_cast<ProviderModel*>(self)->on_timer(); }, this) {}

void ProviderModel::start() { call_candidate(); }

void ProviderModel::stop() noexcept {
    stopped_ = true;
    whole_timer_.disarm();
    call_.reset();
}

void ProviderModel::pause() noexcept {
    if (call_) call_->pause();
}

void ProviderModel::resume() noexcept {
    if (call_) call_->resume();
}

// --- asking ------------------------------------------------------------------------------------------------------

void ProviderModel::call_candidate() {
    const config::ModelChoice& candidate = candidates_[candidate_];
    const auto dialect = provider::dialect_of_api(candidate.provider->api);
    translator_ = dialect ? provider::translator_of(*dialect) : nullptr;
    if (translator_ == nullptr) {
        fail_or_call_next({GW_ERR_UNSUPPORTED,
                           501,
                           "api_error",
                           "This gateway does not speak the `api` of the agent's provider.",
                           "provider_api_unsupported",
                           {}});
        return;
    }
    dialect_ = *dialect;
    const ProviderRequest request(*candidate.provider, dialect_, candidate.model, true, gateway_.memory());
    if (!request.valid()) {
        fail_or_call_next({GW_ERR_CONFIG,
                           500,
                           "api_error",
                           "The baseUrl of the agent's provider is not a URL.",
                           "provider_misconfigured",
                           {}});
        return;
    }
    const bool wanted = std::exchange(conversation_.stream, true);
    Buffer body(gateway_.pool());
    // Growing doubles: of a large body that would be as much again.
    if (const std::size_t bytes = message::bytes_of(conversation_); bytes > 65536) body.reserve(bytes + bytes / 16);
    const auto written = translator_->write_request(body, conversation_, candidate.model);
    conversation_.stream = wanted;
    if (!written) {
        fail_or_call_next({written.error().status,
                           400,
                           "invalid_request_error",
                           written.error().what,
                           "unsupported_by_provider",
                           {}});
        return;
    }
    collected_.clear();
    frames_.reset();
    reader_.reset();
    begun_ = stop_seen_ = false;
    call_.reset();
    UpstreamCall::Listener& listener = *this;
    call_.emplace(gateway_, listener, request.target());
    call_->start("POST", request.path(), request.fields(), std::move(body));
}

bool ProviderModel::call_next() {
    if (said_ || candidate_ + 1 >= candidates_.size()) return false;
    ++candidate_;
    call_candidate();
    return true;
}

void ProviderModel::fail_or_call_next(const AgentFailure& failure) {
    if (stopped_) return;
    gateway_.log().warn({"provider ", candidates_[candidate_].provider->id, ": ", failure.message, " (", trace_, ")"});
    if (!call_next()) fail(failure);
}

void ProviderModel::fail(const AgentFailure& failure) {
    stopped_ = true;
    whole_timer_.disarm();
    listener_.on_failed(failure);
    call_.reset();  // behind the listener: the failure may be a view of the call's
}

// --- the answer --------------------------------------------------------------------------------------------------

void ProviderModel::on_head(const http1::ResponseHead& head) {
    status_ = head.status;
    retry_after_ = head.headers.get("retry-after").value_or("");
    const auto encoding = head.headers.get("content-encoding");
    if (encoding && !equals_ignoring_case(*encoding, "identity")) {
        fail_or_call_next(upstream_failure("The provider compressed its answer although it was asked not to."));
        return;
    }
    if (head.status != 200) return;  // collected
    const std::string_view type = head.headers.get("content-type").value_or("");
    const auto framing = provider::framing_of(type);
    if (framing) {
        frames_.emplace(*framing, gateway_.limits().event_bytes_max, gateway_.pool(), gateway_.memory());
        reader_ = translator_->new_reader(gateway_.memory());
    }
}

void ProviderModel::on_body(std::span<const std::byte> data) {
    if (stopped_ || whole_) return;
    if (!frames_) {
        if (collected_.size() + data.size() > gateway_.limits().upstream_body_bytes_max) {
            fail_or_call_next(upstream_failure("The provider's answer is too large."));
            return;
        }
        collected_.append(data);
        return;
    }
    const auto fed = frames_->feed(data);
    while (!stopped_ && !whole_) {
        const std::size_t asked = candidate_;
        const auto frame = frames_->next();
        if (!frame || (!*frame && !fed)) {
            fail_or_call_next(upstream_failure("The provider sent an event that is too large or broken."));
            return;
        }
        if (!*frame) return;
        take_frame(**frame);
        if (asked != candidate_) return;  // the call that this came from is gone
    }
}

void ProviderModel::take_frame(const provider::Frame& frame) {
    if (frame.payload.empty()) return;
    if (frame.payload == "[DONE]") {
        set_whole();
        return;
    }
    json::Limits limits;
    limits.bytes_max = frame.payload.size();
    if (!document_.parse(frame.payload, limits)) {
        fail_or_call_next(upstream_failure("The provider sent an event that is not JSON."));
        return;
    }
    const std::size_t asked = candidate_;
    steps_.clear();
    const auto read = reader_->read(frame.type, document_.root(), steps_);
    deliver();
    if (!stopped_ && asked == candidate_ && !read) fail_or_call_next(upstream_failure(read.error().what));
}

// Gives the listener what is in steps_, up to an error or the end.
void ProviderModel::deliver() {
    using What = AnswerStep::What;
    const auto last = std::find_if(steps_.begin(), steps_.end(),
                                   [](const AnswerStep& it) { return it.what == What::error || it.what == What::end; });
    const bool ends = last != steps_.end() && last->what == What::end;
    const bool breaks = last != steps_.end() && last->what == What::error;
    const std::string_view error = breaks ? last->text : std::string_view{};
    steps_.erase(last, steps_.end());
    std::erase_if(steps_, [this](const AnswerStep& it) {
        const bool late = stop_seen_ && it.what != What::usage;  // an answer ends once
        stop_seen_ = stop_seen_ || it.what == What::stop;
        return late;
    });
    if (!steps_.empty()) {
        if (!std::exchange(begun_, true)) {
            const config::ModelChoice& candidate = candidates_[candidate_];
            listener_.on_begin(candidate.provider->id, candidate.model);
            if (stopped_) return;
        }
        said_ = said_ || std::any_of(steps_.begin(), steps_.end(), [](const AnswerStep& it) {
                    return it.what != What::begin && it.what != What::usage;
                });
        listener_.on_steps(steps_);
    }
    if (stopped_) return;
    if (breaks) {
        fail_or_call_next(
            upstream_failure(error.empty() ? std::string_view("The provider reported an error.") : error));
    } else if (ends) {
        set_whole();
    }
}

void ProviderModel::set_whole() {
    if (!std::exchange(whole_, true)) whole_timer_.arm(gateway_.now() + stream_end_ms);
}

void ProviderModel::on_end() {
    if (stopped_) return;
    if (status_ != 200) {
        read_refusal();
        return;
    }
    if (!frames_) {
        read_whole();
        return;
    }
    if (!whole_) {
        const std::size_t asked = candidate_;
        const auto last = frames_->finish();
        if (last && *last) take_frame(**last);
        if (stopped_ || asked != candidate_) return;
    }
    answered();
}

void ProviderModel::on_timer() noexcept {
    try {
        if (!stopped_) answered();
    } catch (const std::bad_alloc&) {
        on_no_memory();
    }
}

// The provider has said all it has to say.
void ProviderModel::answered() {
    whole_timer_.disarm();
    steps_.clear();
    reader_->end(steps_);
    deliver();
    if (stopped_) return;
    if (!stop_seen_) {
        fail_or_call_next(upstream_failure("The provider ended its stream early."));
        return;
    }
    whole_ = stopped_ = true;
    call_.reset();
    listener_.on_answered();
}

// The answer came in one piece.
void ProviderModel::read_whole() {
    json::Limits limits;
    limits.bytes_max = collected_.size();
    message::Answer answer(gateway_.memory());
    if (!document_.parse(collected_.text(), limits) || !translator_->read_answer(document_.root(), answer)) {
        fail_or_call_next(upstream_failure("The provider's answer cannot be read."));
        return;
    }
    provider::settle_answer(answer);
    provider::StepMaker maker(gateway_.memory());
    steps_.clear();
    maker.start(steps_);
    maker.begin(answer.id, {});
    append_steps(answer, maker);
    deliver();
    if (stopped_) return;
    stopped_ = true;
    listener_.on_answered();
}

void ProviderModel::read_refusal() {
    json::Limits limits;
    limits.bytes_max = std::max<std::size_t>(1, collected_.size());
    const auto parsed = document_.parse(collected_.text(), limits);
    const json::Value root = parsed ? document_.root() : json::Value{};
    // Google sends some errors as a list of one.
    const provider::UpstreamError error =
        provider::map_openai_error(status_, root.is(json::Kind::array) ? root[0] : root);
    const AgentFailure failure{error.status == 429 ? GW_ERR_LIMIT : GW_ERR_UPSTREAM,
                               error.status,
                               error.type,
                               error.message,
                               error.code,
                               retry_after_};
    if (provider::is_worth_another(status_)) {
        fail_or_call_next(failure);
    } else {
        fail(failure);
    }
}

void ProviderModel::on_failure(gw_status status, std::string_view what) {
    if (stopped_) return;
    if (whole_) {
        answered();
        return;
    }
    fail_or_call_next(call_failure(status, what));
}

void ProviderModel::on_no_memory() noexcept {
    if (stopped_) return;
    stop();
    listener_.on_no_memory();
}

}  // namespace gw::exchange
