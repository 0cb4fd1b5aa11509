#include "exchange/embeddings_run.h"

#include <algorithm>

#include "endpoint/models.h"
#include "exchange/gateway.h"
#include "exchange/http_failures.h"
#include "exchange/inspection.h"
#include "exchange/server_conn.h"
#include "exchange/verdict_record.h"
#include "provider/dialect.h"
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
      replaced_(gateway.memory()) {}

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
    pass_.emplace(gateway_, client_, std::move(candidates_), "/embeddings");
    if (changed) {
        write_body(root, request);
    } else {
        provider::split_openai_request(body, root, pass_->body_before_model(), pass_->body_after_model());
    }
    document.shrink(64 * 1024);
    client_.drop_body();
    pass_->start(false);
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
    if (const auto error = model_error(config::choose_models(*config_, agent, wished, candidates_))) {
        client_.answer_error(*error);
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
    pass_->body_before_model().append(R"({"model":)");
    Buffer& rest = pass_->body_after_model();
    json::Writer texts(rest);
    rest.append(R"(,"input":)");
    texts.begin_array();
    for (const std::string_view text : request.texts) texts.string(text);
    texts.end_array();
    for (json::Value member = root.first(); member.exists(); member = member.next()) {
        if (member.key() == "model" || member.key() == "input") continue;
        rest.append(',');
        json::Writer(rest).string(member.key());
        rest.append(':');
        rest.append(member.raw());
    }
    rest.append('}');
}

}  // namespace gw::exchange
