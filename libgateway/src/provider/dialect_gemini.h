// Gemini: generateContent and streamGenerateContent, of the Gemini API and of Vertex AI alike; also countTokens,
// embeddings and Vertex' predict, as far as they carry text.
#pragma once

#include "provider/dialect.h"

namespace gw::provider {

[[nodiscard]] const Dialect& gemini_dialect() noexcept;

}  // namespace gw::provider
