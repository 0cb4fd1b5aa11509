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

endpoint::ApiError attachment_error(int status, std::string_view message) noexcept {
    if (status >= 500) return {status, "api_error", message, "attachment_unavailable", {}};
    return {status, "invalid_request_error", message, "bad_attachment", {}};
}

void answer_failure(ServerConn& client, const endpoint::ApiError& error, std::string_view retry_after) {
    const http1::Header field{"Retry-After", retry_after};
    client.answer_error(error, {&field, retry_after.empty() ? std::size_t{0} : std::size_t{1}});
}

}  // namespace gw::exchange
