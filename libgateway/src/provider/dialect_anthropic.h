// Anthropic Messages: POST /v1/messages, also its batches, count_tokens, the older /v1/complete, and the same body on
// Vertex (".../models/NAME:streamRawPredict", where the path names the model).
#pragma once

#include "provider/dialect.h"

namespace gw::provider {

[[nodiscard]] const Dialect& anthropic_dialect() noexcept;

// Both are shared with Bedrock's `invoke`, whose bodies for these models are the same.
void read_anthropic_body(const json::Value& root, Passages& passages);
void read_anthropic_answer(const json::Value& root, Passages& passages);
void launder_anthropic(const json::Value& root, Edits& edits);
void add_anthropic_system(const json::Value& root, std::string_view text, Edits& edits);

}  // namespace gw::provider
