#include "provider/dialect.h"

#include "provider/dialect_anthropic.h"
#include "provider/dialect_bedrock.h"
#include "provider/dialect_gemini.h"
#include "provider/dialect_ollama.h"
#include "provider/dialect_openai_chat.h"
#include "provider/dialect_responses.h"

namespace gw::provider {

const Dialect& dialect(DialectName name) noexcept {
    switch (name) {
    case DialectName::openai_chat: return openai_chat_dialect();
    case DialectName::openai_responses: return responses_dialect();
    case DialectName::anthropic: return anthropic_dialect();
    case DialectName::gemini: return gemini_dialect();
    case DialectName::bedrock: return bedrock_dialect();
    case DialectName::ollama: return ollama_dialect();
    }
    return openai_chat_dialect();
}

}  // namespace gw::provider
