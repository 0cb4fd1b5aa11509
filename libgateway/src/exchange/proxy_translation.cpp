// A client and a provider that speak differently: the request is translated when it was inspected, the answer when it
// was inspected, too.
#include "core/text.h"
#include "exchange/gateway.h"
#include "exchange/proxy_run.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

message::AnswerIdentity ProxyRun::identity() const noexcept { return {request_id_, model_, gateway_.unix_ms() / 1000}; }

// The client's request, as it was inspected, becomes the provider's.
bool ProxyRun::translate_body(Buffer& body) {
    json::Document document(gateway_.memory());
    json::Limits limits;
    limits.bytes_max = body.size();
    provider::TranslateProblem problem(gateway_.memory());
    Buffer out(gateway_.pool());
    if (document.parse(body.text(), limits)) {
        if (const auto translated = provider::translate_request(asked_, dialect_, path(), query(), document.root(),
                                                                configured_model_, out, problem)) {
            translated_ = *translated;
            body = std::move(out);
            return true;
        }
    }
    std::pmr::string message(problem.path, gateway_.memory());
    if (!message.empty()) message += ": ";
    message += problem.what.empty() ? std::string_view("the request cannot be translated") : problem.what;
    refuse(400, message);
    return false;
}

void ProxyRun::begin_translation() {
    provider::StreamTranslator::Options options;
    options.identity = identity();
    options.include_usage = translated_.include_usage;
    translator_.emplace(dialect_, asked_, options, gateway_.memory());
    translated_frames_.emplace(facts_.framing, gateway_.limits().event_bytes_max * 2, gateway_.pool(),
                               gateway_.memory());
}

// Whole frames of the provider's dialect, which may leave, become frames of the client's.
void ProxyRun::translate_frames(Buffer& frames) {
    const Buffer in(std::move(frames));
    Buffer out(gateway_.pool());
    static_cast<void>(translated_frames_->feed(in.bytes()));
    json::Document& document = gateway_.scratch_document();
    while (!translator_->ended()) {
        const auto frame = translated_frames_->next();
        if (!frame || !*frame) break;
        if ((*frame)->payload == "[DONE]") {
            translator_->feed_sentinel((*frame)->payload, out);
        } else if (!(*frame)->payload.empty() && document.parse((*frame)->payload)) {
            translator_->feed((*frame)->type, document.root(), out);
        }
    }
    frames = std::move(out);
}

void ProxyRun::answer_translated(std::string_view text) {
    json::Document document(gateway_.memory());
    Buffer out(gateway_.pool());
    const auto parsed = document.parse(text);
    if (is_failure()) {
        const int status = provider::translate_error(dialect_, asked_, upstream_status_,
                                                     parsed ? document.root() : json::Value{}, out);
        client_.answer(status, "application/json", out.text(), answer_fields_);
        return;
    }
    if (parsed) {
        const auto translated =
            provider::translate_answer(dialect_, asked_, document.root(), identity(), gateway_.memory(), out);
        if (translated) {
            client_.answer(200, "application/json", out.text(), answer_fields_);
            return;
        }
    }
    refuse(502, "upstream error: the provider's answer cannot be translated");
}

}  // namespace gw::exchange
