// Where a request of the proxy goes: what its client says, or what is configured.
#include "config/model_choice.h"
#include "exchange/gateway.h"
#include "exchange/provider_request.h"
#include "exchange/proxy_run.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

namespace {

bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

constexpr std::string_view no_target = "missing X-DC-Target-URL header and no llm.base_url configured";

}  // namespace

bool ProxyRun::judge_target(const json::Value& root) {
    const auto header = head_->headers.get("x-dc-target-url");
    if (!header) {
        if (route_ == Route::chat) return true;  // the configured provider, once the request is known to be good
        return choose_configured(root);
    }
    if (route_ == Route::chat) {
        judgement_ = upstream::judge_chat_target(*header, proxy_.target_rules());
    } else {
        const upstream::BodyShape shape = root.exists() ? upstream::body_shape(root) : upstream::BodyShape::none;
        judgement_ = upstream::judge_target(*header, target_, shape, proxy_.target_rules(), gateway_.memory());
    }
    if (judgement_.allowed()) return true;
    record_egress();
    refuse(judgement_.status, judgement_.message);
    return false;
}

bool ProxyRun::check_chat(const json::Value& root) {
    const json::Value messages = root["messages"];
    if (!messages.is(json::Kind::array) || messages.size() == 0) {
        refuse(400, "messages array is required and must not be empty");
        return false;
    }
    if (is_blank(root["model"].as_string().value_or(""))) {
        refuse(400, "model is required and must not be empty");
        return false;
    }
    if (proxy_.disabled()) {
        client_.answer(503, "text/plain; charset=utf-8",
                       R"({"error":{"message":"DefenseClaw guardrail is disabled","code":"guardrail_disabled"}})");
        return false;
    }
    return judgement_.allowed() || choose_configured(root);
}

// The provider that the configuration names: by "provider/model" in the request, else that of the default model.
bool ProxyRun::choose_configured(const json::Value& root) {
    const config::Config& config = *config_;
    auto chosen = config::find_model(config, root["model"].as_string().value_or(""));
    if (!chosen) chosen = config::find_model(config, config.default_model_primary);
    if (!chosen) {
        refuse(400, no_target);
        return false;
    }
    configured_ = chosen->provider;
    configured_model_ = chosen->model;
    const auto url = upstream::parse_url(configured_->base_url);
    const auto spoken = provider::dialect_of_api(configured_->api);
    const provider::DialectName asked = provider::dialect_of(path(), {});
    asked_ = dialect_ = asked;
    if (!url || !spoken || (*spoken != asked && !provider::can_translate(asked, *spoken))) {
        refuse(501, "the configured provider's dialect cannot be translated from that of this path");
        return false;
    }
    dialect_ = *spoken;
    judgement_.branch = upstream::Branch::known;
    judgement_.decision = upstream::Decision::allow;
    judgement_.reason = "configured-provider";
    judgement_.url = *url;
    judgement_.host = url->host;
    judgement_.provider = credential_form(dialect_, configured_->id);
    judgement_.reach = upstream::reach_of(url->host, configured_->allow_private_network);
    return true;
}

// The provider's own name of the model in place of the one that the client used.
void ProxyRun::name_model(const json::Value& root, provider::Edits& edits) {
    const json::Value old = root["model"];
    if (!old.is(json::Kind::string)) return;
    Buffer name(gateway_.pool());
    json::Writer(name).string(configured_model_);
    edits.push_back({old.offset(), old.offset() + old.raw().size(), std::pmr::string(name.text(), gateway_.memory())});
}

}  // namespace gw::exchange
