#include "exchange/provider_pass.h"

#include <array>

#include "core/text.h"
#include "endpoint/chat_completions.h"
#include "exchange/gateway.h"
#include "exchange/http_failures.h"
#include "exchange/http_run.h"
#include "exchange/provider_request.h"
#include "exchange/server_conn.h"
#include "provider/openai_chat.h"

namespace gw::exchange {

ProviderPass::ProviderPass(Gateway& gateway, ServerConn& client, std::pmr::vector<config::ModelChoice> candidates,
                           std::string_view operation)
    : gateway_(gateway),
      client_(client),
      candidates_(std::move(candidates)),
      operation_(operation),
      body_before_model_(gateway.pool()),
      body_after_model_(gateway.pool()),
      collected_(gateway.pool()),
      retry_after_(gateway.memory()),
      content_type_(gateway.memory()) {}

void ProviderPass::start(bool stream) {
    stream_ = stream;
    call();
}

void ProviderPass::resume() {
    if (call_) call_->resume();
}

void ProviderPass::call() {
    const config::ModelChoice& candidate = candidates_[candidate_];
    const ProviderRequest request(*candidate.provider, provider::DialectName::openai_chat, candidate.model, stream_,
                                  gateway_.memory(), operation_);
    if (!request.valid()) {
        client_.answer_error(
            {500, "api_error", "The baseUrl of the agent's provider is not a URL.", "provider_misconfigured", {}});
        return;
    }
    Buffer body(gateway_.pool());
    body.reserve(body_before_model_.size() + candidate.model.size() * 6 + 2 + body_after_model_.size());
    body.append(body_before_model_.bytes());
    json::Writer(body).string(candidate.model);
    body.append(body_after_model_.bytes());

    collected_.clear();
    events_.reset();
    call_.reset();
    UpstreamCall::Listener& listener = *this;
    call_.emplace(gateway_, listener, request.target());
    call_->start("POST", request.path(), request.fields(), std::move(body));
}

bool ProviderPass::call_next() {
    if (candidate_ + 1 >= candidates_.size()) return false;
    ++candidate_;
    call();
    return true;
}

void ProviderPass::on_head(const http1::ResponseHead& head) {
    status_ = head.status;
    retry_after_ = head.headers.get("retry-after").value_or("");
    content_type_ = head.headers.get("content-type").value_or("");
    refused_ = false;
    done_seen_ = false;
    const auto encoding = head.headers.get("content-encoding");
    if (encoding && !equals_ignoring_case(*encoding, "identity")) {
        refuse("The provider compressed its answer although it was asked not to.");
        return;
    }
    if (head.status != 200 || !stream_) return;  // collected
    if (!starts_with_ignoring_case(content_type_, "text/event-stream")) {
        refuse("The provider did not stream its answer.");
        return;
    }
    events_.emplace(gateway_.limits().event_bytes_max, gateway_.pool(), gateway_.memory());
    std::array<http1::Header, 3> fields{event_stream_fields[0], event_stream_fields[1], {}};
    std::size_t count = 2;
    if (const auto id = head.headers.get("x-request-id")) fields[count++] = {"X-Request-Id", *id};
    client_.begin_stream(200, event_stream_type, {fields.data(), count});
}

void ProviderPass::refuse(std::string_view message) {
    refused_ = true;
    warn(message);
    client_.answer_error({502, "upstream_error", message, "provider_answer", {}});  // which cancels the call
}

void ProviderPass::on_body(std::span<const std::byte> data) {
    if (refused_) return;
    if (events_) {
        forward_events(data);
    } else if (collected_.size() + data.size() > gateway_.limits().upstream_body_bytes_max) {
        refuse("The provider's answer is too large.");
    } else {
        collected_.append(data);
    }
}

// The bytes of whole events pass as they came; what is open at the end of a piece waits for its rest.
void ProviderPass::forward_events(std::span<const std::byte> data) {
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

void ProviderPass::on_end() {
    if (refused_) return;
    if (events_) {
        done_seen_ ? client_.end() : fail_stream("The provider ended its stream early.");
        return;
    }
    if (status_ == 200) {
        client_.answer(200, content_type_.empty() ? json_type : std::string_view(content_type_), collected_.text());
        return;
    }
    if (provider::is_worth_another(status_) && call_next()) return;
    json::Document& document = gateway_.scratch_document();
    const auto parsed = document.parse(collected_.text());
    const auto mapped = provider::map_openai_error(status_, parsed ? document.root() : json::Value{});
    warn(mapped.message);
    answer_failure(client_, {mapped.status, mapped.type, mapped.message, mapped.code, {}}, retry_after_);
}

void ProviderPass::on_failure(gw_status status, std::string_view what) {
    if (client_.stream_begun()) return fail_stream(what);
    warn(what);
    if (call_next()) return;
    client_.answer_error(provider_error(status, what));
}

void ProviderPass::on_no_memory() noexcept {
    refused_ = true;
    client_.break_off();
}

void ProviderPass::fail_stream(std::string_view message) {
    warn(message);
    refused_ = true;
    if (!done_seen_) {
        Buffer out(gateway_.pool());
        endpoint::write_stream_failure(out, message, "upstream_error");
        client_.write(out.bytes());
    }
    client_.end();
}

void ProviderPass::warn(std::string_view message) {
    gateway_.log().warn(
        {"provider ", candidates_[candidate_].provider->id, ": ", message, " (", client_.request_id(), ")"});
}

}  // namespace gw::exchange
