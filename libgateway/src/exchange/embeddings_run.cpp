#include "exchange/embeddings_run.h"

#include <algorithm>

#include "core/text.h"
#include "endpoint/models.h"
#include "exchange/gateway.h"
#include "exchange/http_failures.h"
#include "exchange/inspection.h"
#include "exchange/provider_request.h"
#include "exchange/server_conn.h"
#include "exchange/verdict_record.h"
#include "provider/openai_chat.h"

namespace gw::exchange {

namespace {

bool has_embeddings(const config::ModelChoice& choice) noexcept {
    const auto dialect = provider::dialect_of_api(choice.provider->api);
    return dialect == provider::DialectName::openai_chat || dialect == provider::DialectName::openai_responses;
}

}  // namespace

EmbeddingsRun::EmbeddingsRun(Gateway& gateway, ServerConn& client)
    : gateway_(gateway),
      config_(gateway.config_share()),
      client_(client),
      candidates_(gateway.memory()),
      body_before_model_(gateway.pool()),
      body_after_model_(gateway.pool()),
      replaced_(gateway.memory()),
      collected_(gateway.pool()),
      content_type_(gateway.memory()),
      retry_after_(gateway.memory()) {}

void EmbeddingsRun::start(std::string_view body) {
    json::Document& document = gateway_.scratch_document();
    if (!client_.parse_body(body, document)) return;
    const json::Value root = document.root();
    endpoint::EmbeddingsRequest request(gateway_.memory());
    if (const auto error = endpoint::read_embeddings_request(root, request)) {
        client_.answer_error(*error);
        return;
    }
    if (!choose_models(request.model)) return;
    if (candidates_.empty()) {
        if (request.tokens) {
            client_.answer_error({400,
                                  "invalid_request_error",
                                  "The built-in agent has no tokens; send texts in `input`.",
                                  {},
                                  "input"});
            return;
        }
        Buffer out(gateway_.pool());
        endpoint::write_builtin_embeddings(out, request);
        client_.answer(200, json_type, out.text());
        return;
    }
    bool changed = false;
    if (!inspect(request, changed)) return;
    if (changed) {
        write_body(root, request);
    } else {
        provider::split_openai_request(body, root, body_before_model_, body_after_model_);
    }
    document.shrink(64 * 1024);
    client_.drop_body();
    call_candidate();
}

// Nobody to ask: the built-in agent answers itself.
bool EmbeddingsRun::choose_models(std::string_view model) {
    const auto choice = endpoint::choose_agent(*config_, model, client_.agent_field());
    if (choice.error) {
        client_.answer_error(*choice.error);
        return false;
    }
    const config::Agent& agent = *choice.agent;
    const std::string_view wished = client_.field("x-openclaw-model");
    constexpr endpoint::ApiError no_embeddings{
        400, "invalid_request_error",
        "The agent's model has no embeddings. Name a provider/model with the OpenAI API in x-openclaw-model.",
        "embeddings_unsupported", "x-openclaw-model"};
    if (wished.empty() && (agent.host || gateway_.runs().host_answers(agent))) {
        client_.answer_error(no_embeddings);
        return false;
    }
    switch (config::choose_models(*config_, agent, wished, candidates_)) {
    case config::ModelProblem::none: break;
    case config::ModelProblem::unknown_wish:
        client_.answer_error({404, "invalid_request_error",
                              "Unknown model in x-openclaw-model. Use provider/model of models.providers.",
                              "model_not_found", "x-openclaw-model"});
        return false;
    case config::ModelProblem::unknown_model:
        client_.answer_error(
            {500, "api_error", "The agent's model names a provider that is not configured.", "model_not_found", {}});
        return false;
    }
    if (candidates_.empty()) return true;
    std::erase_if(candidates_, [](const config::ModelChoice& it) { return !has_embeddings(it); });
    if (!candidates_.empty()) return true;
    client_.answer_error(no_embeddings);
    return false;
}

bool EmbeddingsRun::inspect(endpoint::EmbeddingsRequest& request, bool& changed) {
    Proxy* const proxy = gateway_.proxy();
    if (proxy == nullptr || proxy->disabled()) return true;
    if (request.tokens) {
        client_.answer_error({400, "invalid_request_error",
                              "The guardrail of this gateway cannot read tokens; send texts in `input`.",
                              "tokens_not_inspectable", "input"});
        return false;
    }
    Inspection inspection(proxy->scanner(), proxy->policy(), gateway_.memory());
    for (std::string_view& text : request.texts) {
        Inspection::WholeText left = inspection.inspect_text(guardrail::Direction::prompt, {}, text);
        if (left.changed) {
            text = replaced_.emplace_back(std::move(left.text));
            changed = true;
        }
        if (left.blocked) break;
    }
    endpoint::Envelope envelope;
    envelope.unix_ms = gateway_.unix_ms();
    envelope.provider = candidates_.front().provider->id;
    envelope.model = candidates_.front().model;
    record_verdict(gateway_, *proxy, inspection, true, envelope, 0);
    if (!inspection.blocked()) return true;
    std::pmr::string notice(gateway_.memory());
    inspection.write_notice(notice, true, proxy->block_message());
    constexpr http1::Header blocked_field{"X-DefenseClaw-Blocked", "true"};
    client_.answer_error({400, "invalid_request_error", notice, "content_filter", "input"}, {&blocked_field, 1});
    return false;
}

// The body with other texts, cut around the model's name.
void EmbeddingsRun::write_body(const json::Value& root, const endpoint::EmbeddingsRequest& request) {
    body_before_model_.append(R"({"model":)");
    json::Writer texts(body_after_model_);
    body_after_model_.append(R"(,"input":)");
    texts.begin_array();
    for (const std::string_view text : request.texts) texts.string(text);
    texts.end_array();
    for (json::Value member = root.first(); member.exists(); member = member.next()) {
        if (member.key() == "model" || member.key() == "input") continue;
        body_after_model_.append(',');
        json::Writer(body_after_model_).string(member.key());
        body_after_model_.append(':');
        body_after_model_.append(member.raw());
    }
    body_after_model_.append('}');
}

void EmbeddingsRun::call_candidate() {
    const config::ModelChoice& candidate = candidates_[candidate_];
    const ProviderRequest request(*candidate.provider, provider::DialectName::openai_chat, candidate.model, false,
                                  gateway_.memory(), "/embeddings");
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
    call_.reset();
    UpstreamCall::Listener& listener = *this;
    call_.emplace(gateway_, listener, request.target());
    call_->start("POST", request.path(), request.fields(), std::move(body));
}

bool EmbeddingsRun::call_next_candidate() {
    if (candidate_ + 1 >= candidates_.size()) return false;
    ++candidate_;
    call_candidate();
    return true;
}

void EmbeddingsRun::fail(const endpoint::ApiError& error) {
    refused_ = true;
    gateway_.log().warn({"provider ", candidates_[candidate_].provider->id, ": ", error.message});
    answer_failure(client_, error, retry_after_);
}

void EmbeddingsRun::on_head(const http1::ResponseHead& head) {
    status_ = head.status;
    retry_after_ = head.headers.get("retry-after").value_or("");
    content_type_ = head.headers.get("content-type").value_or("");
    const auto encoding = head.headers.get("content-encoding");
    if (encoding && !equals_ignoring_case(*encoding, "identity"))
        fail({502,
              "upstream_error",
              "The provider compressed its answer although it was asked not to.",
              "provider_answer",
              {}});
}

void EmbeddingsRun::on_body(std::span<const std::byte> data) {
    if (refused_) return;
    if (collected_.size() + data.size() > gateway_.limits().upstream_body_bytes_max) {
        fail({502, "upstream_error", "The provider's answer is too large.", "provider_answer", {}});
        return;
    }
    collected_.append(data);
}

void EmbeddingsRun::on_end() {
    if (refused_) return;
    if (status_ == 200) {
        client_.answer(200, content_type_.empty() ? json_type : std::string_view(content_type_), collected_.text());
        return;
    }
    if (provider::is_worth_another(status_) && call_next_candidate()) return;
    json::Document& document = gateway_.scratch_document();
    const auto parsed = document.parse(collected_.text());
    const auto mapped = provider::map_openai_error(status_, parsed ? document.root() : json::Value{});
    fail({mapped.status, mapped.type, mapped.message, mapped.code, {}});
}

void EmbeddingsRun::on_failure(gw_status status, std::string_view what) {
    if (refused_ || call_next_candidate()) return;
    fail(provider_error(status, what));
}

void EmbeddingsRun::on_no_memory() noexcept {
    refused_ = true;
    client_.break_off();
}

}  // namespace gw::exchange
