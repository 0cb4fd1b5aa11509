// The request of the proxy as its provider gets it: the body as it came, but for what was replaced, and the fields that
// go along.
#include "exchange/gateway.h"
#include "exchange/proxy_run.h"
#include "provider/dialect_edits.h"
#include "upstream/forward.h"
#include "upstream/request_overrides.h"

namespace gw::exchange {

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

}  // namespace gw::exchange
