#include "exchange/endpoints.h"

#include "endpoint/models.h"
#include "endpoint/openapi.h"
#include "endpoint/probes.h"
#include "exchange/chat_run.h"
#include "exchange/embeddings_run.h"
#include "exchange/gateway.h"
#include "exchange/responses_run.h"
#include "exchange/rest_chat.h"
#include "exchange/rest_run.h"
#include "exchange/server_conn.h"
#include "exchange/tool_run.h"

namespace gw::exchange {

namespace {

// An endpoint that answers at once.
template <void (*answer)(Gateway&, ServerConn&)>
class NowRun final : public HttpRun {
public:
    NowRun(Gateway& gateway, ServerConn& client) noexcept : gateway_(gateway), client_(client) {}
    void start(std::string_view /*body*/) override { answer(gateway_, client_); }

private:
    Gateway& gateway_;
    ServerConn& client_;
};

template <typename Run>
Owned<HttpRun> make(Gateway& gateway, ServerConn& client) {
    return make_owned<Run>(gateway.memory(), gateway, client);
}

template <endpoint::Probe probe>
void answer_probe(Gateway& gateway, ServerConn& client) {
    Buffer out(gateway.pool());
    const bool details = client.is_local() || client.has_credentials();
    const int status = endpoint::write_probe(out, probe, gateway.draining(), details, gateway.uptime_ms());
    static constexpr http1::Header no_store{"Cache-Control", "no-store"};
    client.answer(status, json_type, out.text(), {&no_store, 1});
}

void answer_models(Gateway& gateway, ServerConn& client) {
    Buffer out(gateway.pool());
    endpoint::write_models(out, gateway.config());
    client.answer(200, json_type, out.text());
}

void answer_model(Gateway& gateway, ServerConn& client) {
    Buffer out(gateway.pool());
    if (const auto error = endpoint::write_model(out, gateway.config(), client.parameter("id"))) {
        client.answer_error(*error);
    } else {
        client.answer(200, json_type, out.text());
    }
}

bool chat_enabled(const config::Config& config) { return config.chat_completions.enabled; }
std::uint64_t chat_body_bytes(const config::Config& config) { return config.chat_completions.body_bytes_max; }
bool responses_enabled(const config::Config& config) { return config.responses.enabled; }
std::uint64_t responses_body_bytes(const config::Config& config) { return config.responses.body_bytes_max; }
std::uint64_t embeddings_body_bytes(const config::Config& /*config*/) { return endpoint::embeddings_body_bytes_max; }
bool models_enabled(const config::Config& config) {
    return config.chat_completions.enabled || config.responses.enabled;
}

constexpr std::string_view models_disabled =
    "Models and embeddings come with the OpenAI endpoints, which are disabled. Set "
    "gateway.http.endpoints.chatCompletions.enabled or gateway.http.endpoints.responses.enabled to true.";

void answer_openapi(Gateway& gateway, ServerConn& client) {
    client.answer(200, json_type, endpoint::openapi_json().unpack(gateway.memory()));
}

std::uint64_t tool_body_bytes(const config::Config& /*config*/) { return ToolRun::body_bytes_max; }
// A message of the longest kind, whose every byte is escaped.
std::uint64_t rest_chat_bytes(const config::Config& /*config*/) { return 26U << 20U; }

using endpoint::Probe;
constexpr Endpoint table[] = {
    {"GET", "/health", Access::open, nullptr, {}, nullptr, make<NowRun<answer_probe<Probe::health>>>},
    {"GET", "/healthz", Access::open, nullptr, {}, nullptr, make<NowRun<answer_probe<Probe::live>>>},
    {"GET", "/ready", Access::open, nullptr, {}, nullptr, make<NowRun<answer_probe<Probe::ready>>>},
    {"GET", "/readyz", Access::open, nullptr, {}, nullptr, make<NowRun<answer_probe<Probe::ready>>>},
    {"GET", "/startupz", Access::open, nullptr, {}, nullptr, make<NowRun<answer_probe<Probe::started>>>},
    {"GET", "/health/detailed", Access::open, nullptr, {}, nullptr, make<NowRun<answer_health_details>>},
    {"POST", "/v1/chat/completions", Access::write, chat_enabled,
     "The chat completions endpoint is disabled. Set gateway.http.endpoints.chatCompletions.enabled to true in the "
     "configuration.",
     chat_body_bytes, make<ChatRun>},
    {"POST", "/v1/responses", Access::write, responses_enabled,
     "The Responses endpoint is disabled. Set gateway.http.endpoints.responses.enabled to true in the configuration.",
     responses_body_bytes, make<ResponsesRun>},
    {"POST", "/v1/embeddings", Access::write, models_enabled, models_disabled, embeddings_body_bytes,
     make<EmbeddingsRun>},
    {"GET", "/v1/models", Access::read, models_enabled, models_disabled, nullptr, make<NowRun<answer_models>>},
    {"GET", "/v1/models/*id", Access::read, models_enabled, models_disabled, nullptr, make<NowRun<answer_model>>},
    {"GET", "/openapi.json", Access::open, nullptr, {}, nullptr, make<NowRun<answer_openapi>>},
    {"POST", "/tools/invoke", Access::write, nullptr, {}, tool_body_bytes, make<ToolRun>},
    // Also below /api/v1 (routes.cpp).
    {"GET", "/api/status", Access::read, nullptr, {}, nullptr, make<NowRun<answer_rest_status>>},
    {"POST", "/api/chat", Access::write, nullptr, {}, rest_chat_bytes, make<RestChatRun>},
    {"GET", "/api/models", Access::read, nullptr, {}, nullptr, make<NowRun<answer_rest_models>>},
    {"GET", "/api/channels", Access::read, nullptr, {}, nullptr, make<NowRun<answer_rest_channels>>},
    {"GET", "/api/sessions", Access::read, nullptr, {}, nullptr, make<NowRun<answer_rest_sessions>>},
    {"GET", "/api/sessions/:id", Access::read, nullptr, {}, nullptr, make<NowRun<answer_rest_session>>},
    {"POST", "/api/sessions/:id", Access::read, nullptr, {}, rest_chat_bytes, make<RestSessionRun>},
};

}  // namespace

std::span<const Endpoint> endpoints() noexcept { return table; }

}  // namespace gw::exchange
