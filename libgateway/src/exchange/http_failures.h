// Why there is no answer, as the error that an HTTP client gets: of a provider, of what the client attached, of an
// agent.
#pragma once

#include <optional>
#include <string_view>

#include "config/model_choice.h"
#include "endpoint/openai_error.h"
#include "gateway/base.h"

namespace gw::exchange {

class ServerConn;

// A call to a provider that failed; `what` is the sentence, a view.
[[nodiscard]] endpoint::ApiError provider_error(gw_status status, std::string_view what) noexcept;
// No model to ask: the agent's, or the one wished for in a field of the head. Nothing when there is one.
[[nodiscard]] std::optional<endpoint::ApiError> model_error(config::ModelProblem problem) noexcept;
// What ContentLoad says.
[[nodiscard]] endpoint::ApiError attachment_error(int status, std::string_view message) noexcept;
// With a Retry-After of the provider's, where it is not empty.
void answer_failure(ServerConn& client, const endpoint::ApiError& error, std::string_view retry_after);

}  // namespace gw::exchange
