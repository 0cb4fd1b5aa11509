#include "exchange/http_failures.h"

#include "exchange/server_conn.h"

namespace gw::exchange {

endpoint::ApiError provider_error(gw_status status, std::string_view what) noexcept {
    switch (status) {
    case GW_ERR_TIMEOUT: return {504, "upstream_error", what, "provider_timeout", {}};
    case GW_ERR_LIMIT: return {503, "upstream_error", what, "provider_busy", {}};
    default: return {502, "upstream_error", what, "provider_unreachable", {}};
    }
}

std::optional<endpoint::ApiError> model_error(config::ModelProblem problem) noexcept {
    switch (problem) {
    case config::ModelProblem::none: break;
    case config::ModelProblem::unknown_wish:
        return endpoint::ApiError{404, "invalid_request_error",
                                  "Unknown model in x-openclaw-model. Use provider/model of models.providers.",
                                  "model_not_found", "x-openclaw-model"};
    case config::ModelProblem::unknown_model:
        return endpoint::ApiError{
            500, "api_error", "The agent's model names a provider that is not configured.", "model_not_found", {}};
    }
    return std::nullopt;
}

endpoint::ApiError attachment_error(int status, std::string_view message) noexcept {
    if (status >= 500) return {status, "api_error", message, "attachment_unavailable", {}};
    return {status, "invalid_request_error", message, "bad_attachment", {}};
}

void answer_failure(ServerConn& client, const endpoint::ApiError& error, std::string_view retry_after) {
    const http1::Header field{"Retry-After", retry_after};
    client.answer_error(error, {&field, retry_after.empty() ? std::size_t{0} : std::size_t{1}});
}

}  // namespace gw::exchange
