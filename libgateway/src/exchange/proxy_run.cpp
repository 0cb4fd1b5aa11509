#include "exchange/proxy_run.h"

#include <algorithm>
#include <cstdio>

#include "core/text.h"
#include "exchange/gateway.h"
#include "exchange/server_conn.h"
#include "guardrail/verdict.h"
#include "provider/dialect_edits.h"
#include "upstream/forward.h"
#include "upstream/request_overrides.h"

namespace gw::exchange {

namespace {

constexpr http1::Header blocked_field{"X-DefenseClaw-Blocked", "true"};
constexpr Milliseconds keep_alive_ms = 15000;

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

guardrail::Direction direction_of(const provider::Passage& passage, bool answer) noexcept {
    if (passage.kind == message::PartKind::tool_result) return guardrail::Direction::tool_result;
    if (!answer) return guardrail::Direction::prompt;  // calls that were made earlier are history, not deeds
    return passage.kind == message::PartKind::tool_arguments ? guardrail::Direction::tool_call
                                                             : guardrail::Direction::completion;
}

// Inspects one passage; what a rule replaced becomes an edit. False: it blocks.
bool inspect(Inspection& inspection, const provider::Passage& passage, bool answer, BlockPool* pool,
             provider::Edits& edits) {
    Inspection::Whole whole = inspection.inspect(direction_of(passage, answer), passage.tool, passage.value, pool);
    if (whole.changed && !whole.blocked) {
        const std::size_t begin = passage.value.offset();
        edits.push_back({begin, begin + passage.value.raw().size(), std::move(whole.value)});
    }
    return !whole.blocked;
}

}  // namespace

ProxyRun::ProxyRun(Gateway& gateway, Proxy& proxy, ServerConn& client)
    : gateway_(gateway),
      config_(gateway.config_share()),
      proxy_(proxy),
      client_(client),
      target_(gateway.memory()),
      connector_(gateway.memory()),
      request_id_(gateway.memory()),
      session_(gateway.memory()),
      prompt_id_(gateway.memory()),
      configured_model_(gateway.memory()),
      model_(gateway.memory()),
      timer_(
          gateway.timers(), [](void* self) { static_cast<ProxyRun*>(self)->on_timer(); }, this),
      collected_(gateway.pool()),
      out_(gateway.pool()),
      answer_fields_(gateway.memory()),
      answer_text_(gateway.memory()) {}

ProxyRun::~ProxyRun() {
    if (stream_) --proxy_.metrics().streams_open;
    if (!call_ || recorded_) return;
    try {
        record_verdict(*completion_, false);  // the client left
        record_response();
    } catch (const std::bad_alloc&) {  // then there is no record
    }
}

// --- the request -------------------------------------------------------------------------------------------------

void ProxyRun::start(std::string_view body) {
    switch (route_) {
    case Route::chat:
    case Route::passthrough: break;
    case Route::providers: answer_providers(false); return;
    case Route::providers_reload: answer_providers(true); return;
    case Route::models: answer_models(); return;
    case Route::egress: answer_egress(body); return;
    case Route::inspect: answer_inspection(body); return;
    case Route::metrics: answer_metrics(); return;
    case Route::health: client_.answer(200, "application/json", R"({"status":"healthy"})"); return;
    case Route::nowhere: return;  // refused at its head
    }
    begun_at_ = gateway_.now();
    json::Document& document = gateway_.scratch_document();
    json::Limits limits;
    limits.bytes_max = body.size();
    const auto parsed = document.parse(body, limits);
    const json::Value root = parsed ? document.root() : json::Value{};
    const bool is_object = root.is(json::Kind::object);
    if (route_ == Route::chat && !is_object) {
        std::pmr::string message("invalid JSON body: ", gateway_.memory());
        message += parsed ? std::string_view("it is not an object") : parsed.error().what;
        refuse(400, message);
        return;
    }
    if (!judge_target(root)) return;
    if (route_ == Route::chat && !check_chat(root)) return;

    if (configured_ == nullptr) asked_ = dialect_ = provider::dialect_of(path(), judgement_.provider);
    provider::Edits edits(gateway_.memory());
    if (!configured_model_.empty() && is_object) name_model(root, edits);
    if (is_object) {
        if (!inspect_prompt(body, root, edits)) return;
    } else if (proxy_.enforces() && !body.empty()) {
        refuse(400, parsed ? std::string_view("the body is JSON but not an object: it cannot be inspected")
                           : std::string_view("the body is not JSON: it cannot be inspected"));
        return;
    } else {
        prompt_.emplace(proxy_.scanner(), proxy_.policy(), gateway_.memory());
        prompt_->skip();
    }
    record_egress();
    forward(body, root, edits);
    document.shrink(64 * 1024);
}

bool ProxyRun::inspect_prompt(std::string_view body, const json::Value& root, provider::Edits& edits) {
    provider::Passages passages(gateway_.memory());
    if (!client_dialect().read_request(path(), query(), root, facts_, passages)) {
        // Not what its path says: every string of it is looked at as the plainest dialect would.
        passages.clear();
        asked_ = dialect_ = provider::DialectName::openai_chat;
        static_cast<void>(client_dialect().read_request(path(), query(), root, facts_, passages));
    }
    model_ = facts_.model;
    prompt_.emplace(proxy_.scanner(), proxy_.policy(), gateway_.memory());
    for (const provider::Passage& passage : passages) {
        if (inspect(*prompt_, passage, false, gateway_.pool(), edits)) continue;
        record_egress();
        record_prompt(body);
        refuse_prompt();
        return false;
    }
    record_prompt(body);
    record_verdict(*prompt_, true);
    return true;
}

// The body that goes on: with what the rules replaced; then without earlier notices of ours, and with what the model of
// this session is to be told.
Buffer ProxyRun::rewrite(std::string_view body, const json::Value& root, provider::Edits& edits) {
    Buffer replaced(gateway_.pool());
    json::Document document(gateway_.memory());
    json::Value now = root;
    std::string_view text = body;
    if (!edits.empty()) {
        provider::apply_edits(replaced, body, edits);
        edits.clear();
        text = replaced.text();
        json::Limits limits;
        limits.bytes_max = text.size();
        now = document.parse(text, limits) ? document.root() : json::Value{};
    }
    if (now.exists()) {
        client_dialect().launder(now, edits);
        const std::pmr::string notice = proxy_.notices().text_for(session_, gateway_.now(), gateway_.memory());
        if (!notice.empty()) client_dialect().add_instruction(text, now, notice, edits);
    }
    if (edits.empty() && !replaced.empty()) return replaced;
    Buffer out(gateway_.pool());
    provider::apply_edits(out, text, edits);
    return out;
}

void ProxyRun::refuse_prompt() {
    record_verdict(*prompt_, true);
    tell_session(*prompt_, true);
    std::pmr::string message(gateway_.memory());
    prompt_->write_notice(message, true, proxy_.block_message());
    Buffer out(gateway_.pool());
    client_dialect().write_blocked(out, {message, model_, gateway_.unix_ms()}, facts_);
    const http1::Header fields[] = {
        blocked_field, {"X-DefenseClaw-Request-Id", request_id_}, {"X-Accel-Buffering", "no"}};
    client_.answer(200, client_dialect().blocked_content_type(facts_), out.text(), fields);
}

// The model of this session is told with its next request.
void ProxyRun::tell_session(const Inspection& inspection, bool prompt) {
    std::pmr::string reason(gateway_.memory());
    inspection.write_reason(reason);
    proxy_.notices().add(session_, prompt, reason, gateway_.now());
}

void ProxyRun::refuse(int status, std::string_view message) {
    Buffer out(gateway_.pool());
    client_dialect().write_error(out, status, message);
    const http1::Header fields[] = {{"X-DefenseClaw-Request-Id", request_id_}};
    refused_ = true;
    client_.answer(status, "application/json", out.text(), fields);
}

void ProxyRun::forward(std::string_view body, const json::Value& root, provider::Edits& edits) {
    std::pmr::vector<http1::Header> fields(gateway_.memory());
    upstream::ForwardRules rules;
    rules.custom_headers = gateway_.config().guardrail.forward_custom_headers;
    if (const auto failure = upstream::forward_request(head_->headers.all(), rules, fields)) {
        refuse(failure->status, failure->message);
        return;
    }
    if (configured_ != nullptr) {
        credential_ = upstream::configured_credential(configured_->api_key, judgement_.provider);
        for (const auto& [name, value] : configured_->headers) fields.push_back({name, value});
    } else if (route_ == Route::chat) {
        credential_ = upstream::forwarded_credential(head_->headers, judgement_.provider, proxy_.token());
    } else {
        credential_ = upstream::passthrough_credential(head_->headers, judgement_.provider, proxy_.token());
    }
    std::pmr::string credential(credential_.prefix, gateway_.memory());
    credential += credential_.key;
    if (credential_.exists()) fields.push_back({credential_.header, credential});

    Buffer sent = rewrite(body, root, edits);
    const std::string_view overrides = proxy_.providers().request_overrides(judgement_.provider);
    if (!overrides.empty() && root.exists()) {
        json::Document before(gateway_.memory()), over(gateway_.memory());
        if (before.parse(sent.text()) && over.parse(overrides)) {
            Buffer merged(gateway_.pool());
            upstream::write_overridden(merged, before.root(), over.root());
            sent = std::move(merged);
        }
    }
    UpstreamCall::Target target;
    target.url = judgement_.url;
    target.reach = judgement_.reach;
    target.allowed = proxy_.target_rules().allow_private;
    const config::Timeouts& timeouts = gateway_.config().timeouts;
    target.connect_timeout_ms = configured_ != nullptr ? configured_->connect_timeout_ms : timeouts.connect_ms;
    target.first_byte_timeout_ms = configured_ != nullptr ? configured_->first_byte_timeout_ms : timeouts.first_byte_ms;
    target.idle_timeout_ms = configured_ != nullptr ? configured_->idle_timeout_ms : timeouts.idle_ms;
    if (translates() && !translate_body(sent)) return;
    std::pmr::string at = route_ == Route::chat || configured_ != nullptr
                              ? upstream::join_overlapping_path(judgement_.url.path, target_, gateway_.memory())
                              : upstream::join_path(judgement_.url.path, target_, gateway_.memory());
    if (translates()) {
        std::pmr::string own(gateway_.memory());
        provider::append_provider_path(dialect_, configured_model_, translated_.stream, own);
        at = upstream::join_overlapping_path(judgement_.url.path, own, gateway_.memory());
        const provider::ProviderHeader header = provider::provider_header(dialect_);
        if (!header.name.empty()) fields.push_back({header.name, header.value});
    }
    completion_.emplace(proxy_.scanner(), proxy_.policy(), gateway_.memory());
    call_.emplace(gateway_, *this, target);
    call_->start(head_->method, at, fields, std::move(sent));
}

// --- the answer --------------------------------------------------------------------------------------------------

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
    if (head.status < 200 || head.status > 299 || !readable) {
        if (!readable) completion_->skip();
        begin_answer(head, translates() ? Answer::collect : Answer::relay);
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

void ProxyRun::begin_stream() {
    answer_ = Answer::stream;
    InspectedStream::Options options;
    options.frame_bytes_max = gateway_.limits().event_bytes_max;
    options.model = model_;
    options.notice = proxy_.block_message();
    options.latency = &proxy_.metrics().added_latency;
    ++proxy_.metrics().streams;
    ++proxy_.metrics().streams_open;
    stream_ = make_owned<InspectedStream>(gateway_.memory(), *completion_, dialect(), facts_.framing, options,
                                          gateway_.scratch_document(), gateway_.pool(), gateway_.memory());
    if (translates()) begin_translation();
    sent_at_ = gateway_.now();
    arm_timer();
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

// The upstream streams without saying so: its first bytes tell what.
void ProxyRun::sniff() {
    sniffs_ = false;
    const std::string_view text = collected_.text();
    if (text.starts_with("data:") || text.starts_with("event:") || text.starts_with(":")) {
        facts_.framing = provider::Framing::sse;
    } else if (dialect_ == provider::DialectName::ollama && text.starts_with('{')) {
        facts_.framing = provider::Framing::ndjson;
    } else {
        return;
    }
    begin_stream();
    answer_fields_.push_back({"X-Accel-Buffering", "no"});
    client_.begin_stream(upstream_status_,
                         facts_.framing == provider::Framing::sse ? std::string_view("text/event-stream")
                                                                  : std::string_view("application/x-ndjson"),
                         answer_fields_);
    const Buffer first(std::move(collected_));
    stream_->set_time(gateway_.now(), gateway_.unix_ms());
    stream_->feed(first.bytes(), out_);
    send(out_);
}

// What the stream let go; and its end, when it ended itself.
void ProxyRun::send(Buffer& out) {
    if (translator_ && !out.empty()) translate_frames(out);
    if (!out.empty()) {
        client_.write(out.bytes());
        out.clear();
        sent_at_ = gateway_.now();
    }
    if (stream_->ended()) {
        finish_stream();
        return;
    }
    arm_timer();
    if (client_.is_full()) call_->pause();
}

void ProxyRun::finish_stream() {
    refused_ = true;  // whatever the upstream still says
    timer_.disarm();
    record_verdict(*completion_, false);
    record_response();
    if (stream_->blocked()) {
        ++proxy_.metrics().streams_blocked;
        tell_session(*completion_, false);
    }
    client_.end();  // ends this run, which cancels the call
}

// The upstream has said all; what is left goes out.
void ProxyRun::end_stream() {
    if (translator_) {
        if (!out_.empty()) translate_frames(out_);
        if (!translator_->ended()) translator_->finish(out_);
    }
    if (!out_.empty()) client_.write(out_.bytes());
    out_.clear();
    finish_stream();
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
    end_stream();
}

void ProxyRun::answer_collected() {
    json::Document& document = gateway_.scratch_document();
    const std::string_view text = collected_.text();
    json::Limits limits;
    limits.bytes_max = text.size();
    provider::Edits edits(gateway_.memory());
    bool blocks = false;
    if (!text.empty() && document.parse(text, limits)) {
        provider::Passages passages(gateway_.memory());
        dialect().read_answer(document.root(), passages);
        for (const provider::Passage& passage : passages) {
            if (inspect(*completion_, passage, true, gateway_.pool(), edits)) continue;
            blocks = true;
            break;
        }
    } else if (!text.empty()) {
        if (proxy_.enforces()) {
            refuse(502, "upstream error: the answer is not JSON: it cannot be inspected");
            return;
        }
        completion_->skip();
    }
    record_verdict(*completion_, false);
    record_response();
    if (blocks) {
        tell_session(*completion_, false);
        std::pmr::string message(gateway_.memory());
        completion_->write_notice(message, false, proxy_.block_message());
        Buffer out(gateway_.pool());
        facts_.stream = false;
        client_dialect().write_blocked(out, {message, model_, gateway_.unix_ms()}, facts_);
        const http1::Header fields[] = {blocked_field, {"X-DefenseClaw-Request-Id", request_id_}};
        client_.answer(200, client_dialect().blocked_content_type(facts_), out.text(), fields);
        return;
    }
    if (translates()) {
        Buffer out(gateway_.pool());
        provider::apply_edits(out, text, edits);
        answer_translated(out.text());
        return;
    }
    if (edits.empty()) {
        client_.answer(upstream_status_, {}, text, answer_fields_);
        return;
    }
    Buffer out(gateway_.pool());
    provider::apply_edits(out, text, edits);
    client_.answer(upstream_status_, {}, out.text(), answer_fields_);
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
        end_stream();
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

// --- time --------------------------------------------------------------------------------------------------------

void ProxyRun::arm_timer() {
    Milliseconds due = GW_NEVER;
    if (facts_.framing == provider::Framing::sse) due = sent_at_ + keep_alive_ms;
    if (const auto held = stream_->deadline_ms()) due = std::min<Milliseconds>(due, *held);
    if (due == GW_NEVER) return;
    if (!timer_.armed() || due < timer_.deadline()) timer_.arm(due);
}

void ProxyRun::on_timer() {
    try {
        if (refused_ || !stream_) return;
        stream_->tick(gateway_.now(), out_);
        if (out_.empty() && !stream_->ended() && facts_.framing == provider::Framing::sse &&
            gateway_.now() >= sent_at_ + keep_alive_ms && !client_.is_full()) {
            sse::encode_comment(out_, "keep-alive");
        }
        send(out_);
    } catch (const std::bad_alloc&) {
        on_no_memory();
    }
}

}  // namespace gw::exchange
