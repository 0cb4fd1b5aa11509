// Which dialect a request is written in, and what the dialects are called.
#include "provider/dialect.h"

namespace gw::provider {

namespace dialect_names {
namespace {

// Whether the path ends with the segments of `name` ("/messages"), or goes on below them ("/messages/count_tokens").
bool has_segments(std::string_view path, std::string_view name) noexcept {
    for (std::size_t at = path.find(name); at != std::string_view::npos; at = path.find(name, at + 1)) {
        const std::size_t behind = at + name.size();
        if (behind == path.size() || path[behind] == '/') return true;
    }
    return false;
}

// "/model/<id>/converse" and its like.
bool is_bedrock(std::string_view path) noexcept {
    const std::size_t model = path.find("/model/");
    if (model == std::string_view::npos) return false;
    const std::string_view action = path.substr(path.rfind('/') + 1);
    return action == "converse" || action == "converse-stream" || action == "invoke" ||
           action == "invoke-with-response-stream";
}

// "...:generateContent": a method of Google's APIs.
bool has_method(std::string_view path, std::string_view method) noexcept {
    const std::size_t colon = path.rfind(':');
    return colon != std::string_view::npos && path.substr(colon + 1) == method;
}

}  // namespace
}  // namespace dialect_names

DialectName dialect_of(std::string_view path, std::string_view provider) noexcept {
    using namespace dialect_names;
    while (path.ends_with('/')) path.remove_suffix(1);
    // The path comes first: Bedrock, Ollama, Gemini and Vertex have paths that speak OpenAI's or Anthropic's dialect.
    if (is_bedrock(path)) return DialectName::bedrock;
    if (has_segments(path, "/chat/completions")) return DialectName::openai_chat;
    if (has_segments(path, "/responses")) return DialectName::openai_responses;
    if (has_method(path, "rawPredict") || has_method(path, "streamRawPredict") || has_segments(path, "/messages"))
        return DialectName::anthropic;
    if (has_method(path, "generateContent") || has_method(path, "streamGenerateContent")) return DialectName::gemini;
    if (has_segments(path, "/api/chat") || has_segments(path, "/api/generate")) return DialectName::ollama;
    if (has_segments(path, "/completions")) return DialectName::openai_chat;
    if (provider == "bedrock") return DialectName::bedrock;
    if (provider == "anthropic") return DialectName::anthropic;
    if (provider == "gemini" || provider == "vertex") return DialectName::gemini;
    if (provider == "ollama") return DialectName::ollama;
    return DialectName::openai_chat;
}

std::optional<DialectName> dialect_of_api(std::string_view api) noexcept {
    if (api.empty() || api == "openai-completions") return DialectName::openai_chat;
    if (api == "openai-responses") return DialectName::openai_responses;
    if (api == "anthropic-messages") return DialectName::anthropic;
    if (api == "google-generative-ai") return DialectName::gemini;
    if (api == "bedrock-converse-stream") return DialectName::bedrock;
    if (api == "ollama") return DialectName::ollama;
    return std::nullopt;
}

std::string_view name_of(DialectName name) noexcept {
    switch (name) {
    case DialectName::openai_chat: return "openai-chat";
    case DialectName::openai_responses: return "openai-responses";
    case DialectName::anthropic: return "anthropic";
    case DialectName::gemini: return "gemini";
    case DialectName::bedrock: return "bedrock";
    case DialectName::ollama: return "ollama";
    }
    return {};
}

}  // namespace gw::provider
