// Bedrock: POST /model/NAME/converse, converse-stream, invoke and invoke-with-response-stream. Converse is Bedrock's
// own; the body of `invoke` is the model's own: Anthropic's messages, Nova's (as Converse), a prompt, or anything.
//
// Chunks of invoke-with-response-stream are unwrapped before they are read and noted: aws_chunk.h.
#pragma once

#include "provider/aws_chunk.h"
#include "provider/dialect.h"

namespace gw::provider {

[[nodiscard]] const Dialect& bedrock_dialect() noexcept;

}  // namespace gw::provider
