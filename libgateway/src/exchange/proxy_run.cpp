#include "exchange/proxy_run.h"

#include "exchange/gateway.h"
#include "exchange/passage_inspection.h"
#include "exchange/server_conn.h"
#include "provider/harvest.h"

namespace gw::exchange {

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
    if (!is_object || !ask_about_prompt(body, edits)) forward(body, root, edits);
    document.shrink(64 * 1024);
}

bool ProxyRun::inspect_prompt(std::string_view body, const json::Value& root, provider::Edits& edits) {
    provider::Passages passages(gateway_.memory());
    if (!client_dialect().read_request(path(), query(), root, facts_, passages)) {
        // Not what its path says: every string of it is looked at as the plainest dialect would.
        passages.clear();
        asked_ = dialect_ = provider::DialectName::openai_chat;
        if (!client_dialect().read_request(path(), query(), root, facts_, passages))
            provider::Harvest{passages}.add_strings(root);
    }
    model_ = facts_.model;
    prompt_.emplace(proxy_.scanner(), proxy_.policy(), gateway_.memory());
    if (facts_.token_numbers) {
        if (proxy_.enforces()) {
            refuse(400, "the prompt is given as numbers of tokens: it cannot be inspected");
            return false;
        }
        prompt_->skip();
    }
    if (!inspect_passages(*prompt_, passages, Side::prompt, gateway_.pool(), edits)) {
        record_egress();
        record_prompt(body);
        refuse_prompt();
        return false;
    }
    record_prompt(body);
    record_verdict(*prompt_, true);
    return true;
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

}  // namespace gw::exchange
