// The provider's answer to a request of the proxy: how it reaches the client, and what becomes of one that comes as a
// whole.
#include <array>
#include <cstdio>

#include "core/text.h"
#include "exchange/gateway.h"
#include "exchange/passage_inspection.h"
#include "exchange/proxy_run.h"
#include "exchange/server_conn.h"
#include "guardrail/verdict.h"
#include "provider/dialect_edits.h"
#include "provider/harvest.h"
#include "upstream/forward.h"

namespace gw::exchange {

namespace {

endpoint::UpstreamFailure failure_of(gw_status status) noexcept {
    using endpoint::UpstreamFailure;
    switch (status) {
    case GW_ERR_RESOLVE: return UpstreamFailure::resolve;
    case GW_ERR_DENIED: return UpstreamFailure::refused_address;
    case GW_ERR_CONNECT: return UpstreamFailure::connect;
    case GW_ERR_TLS: return UpstreamFailure::tls;
    case GW_ERR_TIMEOUT: return UpstreamFailure::timeout;
    case GW_ERR_TRUNCATED: return UpstreamFailure::closed;
    default: return UpstreamFailure::protocol;
    }
}

// The type of an answer that is neither text nor JSON: nothing in it that the rules could read.
bool is_media(std::string_view type) noexcept {
    return starts_with_ignoring_case(type, "audio/") || starts_with_ignoring_case(type, "image/") ||
           starts_with_ignoring_case(type, "video/") || starts_with_ignoring_case(type, "application/octet-stream");
}

}  // namespace

void ProxyRun::on_head(const http1::ResponseHead& head) {
    upstream_status_ = head.status;
    if (head.status >= 500) proxy_.metrics().count_upstream_failure(endpoint::UpstreamFailure::status);
    const std::string_view type = head.headers.get("content-type").value_or("");
    const auto encoding = head.headers.get("content-encoding");
    const bool readable = !encoding || equals_ignoring_case(*encoding, "identity");
    const bool enforces = proxy_.enforces();
    if (!readable && enforces) {
        refuse(502, "upstream error: the answer is compressed although identity was asked for: it cannot be inspected");
        return;
    }
    if (!readable) {
        completion_->skip();
        begin_answer(head, translates() ? Answer::collect : Answer::relay);
        return;
    }
    if (is_failure()) {  // short, whatever its type says
        begin_answer(head, Answer::collect);
        return;
    }
    if (const auto framing = provider::framing_of(type)) {
        facts_.framing = *framing;
        begin_answer(head, Answer::stream);
    } else if (facts_.stream && facts_.framing == provider::Framing::json_array) {
        begin_answer(head, Answer::stream);
    } else if (type.empty() && facts_.stream) {
        sniffs_ = true;
        begin_answer(head, Answer::collect);
    } else if (is_media(type)) {
        completion_->skip();
        begin_answer(head, Answer::relay);
    } else {
        begin_answer(head, Answer::collect);
    }
}

void ProxyRun::begin_answer(const http1::ResponseHead& head, Answer how) {
    answer_ = how;
    std::pmr::vector<http1::Header> fields(gateway_.memory());
    upstream::forward_response(head.headers.all(), fields);
    std::erase_if(fields, [](const http1::Header& field) { return ServerConn::sends_itself(field.name); });
    if (const auto encoding = head.headers.get("content-encoding")) fields.push_back({"Content-Encoding", *encoding});
    std::pmr::string evidence("rules=", gateway_.memory());
    evidence += completion_->rules().fingerprint();
    evidence += "; mode=";
    evidence += guardrail::name_of(proxy_.settings().mode);
    evidence += "; prompt=";
    evidence += guardrail::name_of(prompt_->action());
    evidence += how == Answer::stream    ? "; response=streaming"
                : how == Answer::collect ? "; response=whole"
                                         : "; response=none";
    std::array<char, 48> unread{};
    if (prompt_->skipped() > 0) {
        std::snprintf(unread.data(), unread.size(), "; prompt-skipped=%llu",
                      static_cast<unsigned long long>(prompt_->skipped()));
        evidence += unread.data();
    }
    fields.push_back({"X-DefenseClaw-Request-Id", request_id_});
    fields.push_back({"X-DefenseClaw-Inspection", evidence});
    if (translates()) {  // the provider's own fields describe another text
        std::erase_if(fields, [](const http1::Header& field) {
            return starts_with_ignoring_case(field.name, "content-") || equals_ignoring_case(field.name, "etag");
        });
    }
    if (how == Answer::collect) {  // sent with the answer, which is not here yet
        std::size_t size = 0;
        for (const http1::Header& field : fields) size += field.name.size() + field.value.size();
        answer_text_.reserve(size);
        answer_fields_.reserve(fields.size() + 1);
        const auto keep = [this](std::string_view text) {
            const std::size_t at = answer_text_.size();
            answer_text_ += text;
            return std::string_view(answer_text_).substr(at);
        };
        for (const http1::Header& field : fields) {
            const std::string_view name = keep(field.name);
            answer_fields_.push_back({name, keep(field.value)});
        }
        return;
    }
    if (how == Answer::stream) {
        begin_stream();
        fields.push_back({"X-Accel-Buffering", "no"});
    }
    client_.begin_stream(head.status, translates() ? std::string_view("text/event-stream") : std::string_view{},
                         fields);
}

void ProxyRun::on_body(std::span<const std::byte> data) {
    if (refused_) return;
    switch (answer_) {
    case Answer::none: return;
    case Answer::relay:
        client_.write(data);
        if (client_.is_full()) call_->pause();
        return;
    case Answer::collect:
        if (collected_.size() + data.size() > gateway_.limits().upstream_body_bytes_max) {
            refuse(502, "upstream error: the answer is too large to be inspected as a whole");
            return;
        }
        collected_.append(data);
        if (sniffs_) sniff();
        return;
    case Answer::stream: break;
    }
    stream_->set_time(gateway_.now(), gateway_.unix_ms());
    stream_->feed(data, out_);
    send(out_);
}

void ProxyRun::on_end() {
    if (refused_) return;
    whole_ = true;
    switch (answer_) {
    case Answer::none: return;
    case Answer::relay: client_.end(); return;
    case Answer::collect: answer_collected(); return;
    case Answer::stream: break;
    }
    stream_->finish(out_);
    send(out_);
}

void ProxyRun::answer_collected() {
    provider::Edits edits(gateway_.memory());
    const std::string_view text = collected_.text();
    const auto may_pass = inspect_collected(text, edits);
    if (!may_pass) return;  // told already
    if (!edits.empty()) {
        Buffer changed(gateway_.pool());
        provider::apply_edits(changed, text, edits);
        collected_ = std::move(changed);
    }
    const bool asks = *may_pass && !is_failure() && !collected_.empty() && Opinion::is_wanted(gateway_, *completion_);
    if (!asks || !ask_opinion(Asked::answer, collected_.text())) pass_collected();
}

// The answer, or a notice in its place.
void ProxyRun::pass_collected() {
    record_verdict(*completion_, false);
    record_response();
    if (completion_->blocked()) {
        answer_blocked();
    } else if (translates()) {
        answer_translated(collected_.text());
    } else {
        client_.answer(upstream_status_, {}, collected_.text(), answer_fields_);
    }
}

// Whether no rule blocks; nothing when the client was told that the answer cannot be inspected.
std::optional<bool> ProxyRun::inspect_collected(std::string_view text, provider::Edits& edits) {
    if (text.empty()) return true;
    json::Document& document = gateway_.scratch_document();
    json::Limits limits;
    limits.bytes_max = text.size();
    if (document.parse(text, limits)) {
        provider::Passages passages(gateway_.memory());
        if (is_failure()) {  // whoever stands in between the provider and us writes them as they like
            provider::Harvest{passages, message::PartKind::text, message::Role::assistant}.add_strings(document.root());
        } else {
            dialect().read_answer(document.root(), passages);
        }
        return inspect_passages(*completion_, passages, Side::answer, gateway_.pool(), edits);
    }
    if (is_failure() && is_utf8(text)) {  // a page of HTML, or a word
        Inspection::WholeText left = completion_->inspect_text(guardrail::Direction::completion, {}, text);
        if (left.changed && !left.blocked) edits.push_back({0, text.size(), std::move(left.text)});
        return !left.blocked;
    }
    if (proxy_.enforces()) {
        refuse(502, "upstream error: the answer is not JSON: it cannot be inspected");
        return std::nullopt;
    }
    completion_->skip();
    return true;
}

// A notice in place of an answer that came as a whole. A failure stays one: nobody takes it for an answer.
void ProxyRun::answer_blocked() {
    tell_session(*completion_, false);
    std::pmr::string message(gateway_.memory());
    completion_->write_notice(message, false, proxy_.block_message());
    Buffer out(gateway_.pool());
    const http1::Header fields[] = {blocked_field, {"X-DefenseClaw-Request-Id", request_id_}};
    if (is_failure()) {
        client_dialect().write_error(out, upstream_status_, message);
        client_.answer(upstream_status_, "application/json", out.text(), fields);
        return;
    }
    facts_.stream = false;
    client_dialect().write_blocked(out, {message, model_, gateway_.unix_ms()}, facts_);
    client_.answer(200, client_dialect().blocked_content_type(facts_), out.text(), fields);
}

void ProxyRun::on_failure(gw_status status, std::string_view what) {
    if (refused_) return;
    proxy_.metrics().count_upstream_failure(failure_of(status));
    record_error(what);
    if (answer_ == Answer::relay) {
        client_.break_off();
        return;
    }
    if (answer_ == Answer::stream) {
        std::pmr::string message("upstream error: ", gateway_.memory());
        message += what;
        stream_->fail(message, out_);
        send(out_);
        return;
    }
    if (status == GW_ERR_DENIED) {
        judgement_.decision = upstream::Decision::block;
        judgement_.reason = "private-ip";
        record_egress();
        refuse(403, upstream::private_address_message);
        return;
    }
    std::pmr::string message(
        route_ == Route::chat && configured_ == nullptr ? "upstream provider error: " : "upstream error: ",
        gateway_.memory());
    message += what;
    refuse(status == GW_ERR_TIMEOUT ? 504 : status == GW_ERR_LIMIT ? 503 : 502, message);
}

void ProxyRun::on_no_memory() noexcept { client_.break_off(); }

void ProxyRun::on_drained() {
    if (call_) call_->resume();
}

}  // namespace gw::exchange
