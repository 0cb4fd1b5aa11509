// Gemini: generateContent and streamGenerateContent, of the Gemini API and of Vertex AI alike; also countTokens,
// embeddings and Vertex' predict, as far as they carry text.
#pragma once

#include "provider/dialect.h"

namespace gw::provider {

[[nodiscard]] const Dialect& gemini_dialect() noexcept;

// Whether a query asks for a stream of events; without it a stream is one JSON array.
[[nodiscard]] bool gemini_asks_for_sse(std::string_view query) noexcept;

}  // namespace gw::provider
