#include "provider/translate_words.h"

#include <algorithm>

#include "provider/gemini_parts.h"
#include "provider/translate_parts.h"

namespace gw::provider {

using json::Value;
using json::Writer;
using message::StopReason;
using message::TokenUsage;

namespace translate_words {
namespace {

struct ReasonWord {
    DialectName dialect;
    StopReason reason;
    std::string_view word;
};
// The first word of a reason is the one that is written. Responses says only why an answer is incomplete, and Gemini
// does not tell calls from other ends.
constexpr ReasonWord reason_words[] = {
    {DialectName::openai_chat, StopReason::stop, "stop"},
    {DialectName::openai_chat, StopReason::length, "length"},
    {DialectName::openai_chat, StopReason::tool_calls, "tool_calls"},
    {DialectName::openai_chat, StopReason::tool_calls, "function_call"},
    {DialectName::openai_chat, StopReason::content_filter, "content_filter"},

    {DialectName::openai_responses, StopReason::length, "max_output_tokens"},
    {DialectName::openai_responses, StopReason::content_filter, "content_filter"},

    {DialectName::anthropic, StopReason::stop, "end_turn"},
    {DialectName::anthropic, StopReason::stop, "stop_sequence"},
    {DialectName::anthropic, StopReason::length, "max_tokens"},
    {DialectName::anthropic, StopReason::length, "model_context_window_exceeded"},
    {DialectName::anthropic, StopReason::tool_calls, "tool_use"},
    {DialectName::anthropic, StopReason::content_filter, "refusal"},

    {DialectName::gemini, StopReason::stop, "STOP"},
    {DialectName::gemini, StopReason::tool_calls, "STOP"},
    {DialectName::gemini, StopReason::length, "MAX_TOKENS"},
    {DialectName::gemini, StopReason::content_filter, "SAFETY"},
    {DialectName::gemini, StopReason::content_filter, "RECITATION"},
    {DialectName::gemini, StopReason::content_filter, "LANGUAGE"},
    {DialectName::gemini, StopReason::content_filter, "BLOCKLIST"},
    {DialectName::gemini, StopReason::content_filter, "PROHIBITED_CONTENT"},
    {DialectName::gemini, StopReason::content_filter, "SPII"},
    {DialectName::gemini, StopReason::content_filter, "MODEL_ARMOR"},
    {DialectName::gemini, StopReason::content_filter, "IMAGE_SAFETY"},
};

// How OpenAI's two dialects call the same counts.
struct UsageWords {
    std::string_view input, input_details, output, output_details;
};
constexpr UsageWords chat_usage{"prompt_tokens", "prompt_tokens_details", "completion_tokens",
                                "completion_tokens_details"};
constexpr UsageWords responses_usage{"input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details"};

TokenUsage read_openai(const Value& usage, const UsageWords& words) noexcept {
    return {tokens(usage[words.input]), tokens(usage[words.input_details]["cached_tokens"]),
            tokens(usage[words.output]), true};
}

void write_openai(Writer& w, const TokenUsage& usage, const UsageWords& words) {
    w.member(words.input, usage.input).key(words.input_details).begin_object();
    w.member("cached_tokens", usage.cached_input).end_object();
    w.member(words.output, usage.output).key(words.output_details).begin_object();
    w.member("reasoning_tokens", 0).end_object().member("total_tokens", usage.input + usage.output);
}

}  // namespace
}  // namespace translate_words

StopReason reason_of_word(DialectName dialect, std::string_view word) noexcept {
    for (const auto& it : translate_words::reason_words) {
        if (it.dialect == dialect && it.word == word) return it.reason;
    }
    return StopReason::stop;
}

std::string_view word_of_reason(DialectName dialect, StopReason reason) noexcept {
    for (const auto& it : translate_words::reason_words) {
        if (it.dialect == dialect && it.reason == reason) return it.word;
    }
    return {};
}

TokenUsage read_token_usage(DialectName dialect, const Value& usage) noexcept {
    if (!usage.is(json::Kind::object)) return {};
    switch (dialect) {
    case DialectName::openai_chat: return translate_words::read_openai(usage, translate_words::chat_usage);
    case DialectName::openai_responses: return translate_words::read_openai(usage, translate_words::responses_usage);
    case DialectName::anthropic: {
        // input_tokens are those that the cache knew nothing of.
        const std::uint64_t cached = tokens(usage["cache_read_input_tokens"]);
        const std::uint64_t written = tokens(usage["cache_creation_input_tokens"]);
        return {tokens(usage["input_tokens"]) + cached + written, cached, tokens(usage["output_tokens"]), true};
    }
    case DialectName::gemini:
        return {
            tokens(gemini_member(usage, "promptTokenCount")), tokens(gemini_member(usage, "cachedContentTokenCount")),
            tokens(gemini_member(usage, "candidatesTokenCount")) + tokens(gemini_member(usage, "thoughtsTokenCount")),
            true};
    case DialectName::bedrock:
    case DialectName::ollama: break;
    }
    return {};
}

void write_token_usage(Writer& w, DialectName dialect, const TokenUsage& usage) {
    w.begin_object();
    switch (dialect) {
    case DialectName::openai_chat: translate_words::write_openai(w, usage, translate_words::chat_usage); break;
    case DialectName::openai_responses:
        translate_words::write_openai(w, usage, translate_words::responses_usage);
        break;
    case DialectName::anthropic:
        w.member("input_tokens", usage.input - std::min(usage.input, usage.cached_input));
        w.member("cache_creation_input_tokens", 0).member("cache_read_input_tokens", usage.cached_input);
        w.member("output_tokens", usage.output);
        break;
    case DialectName::gemini:
        w.member("promptTokenCount", usage.input);
        if (usage.cached_input > 0) w.member("cachedContentTokenCount", usage.cached_input);
        w.member("candidatesTokenCount", usage.output).member("totalTokenCount", usage.input + usage.output);
        break;
    case DialectName::bedrock:
    case DialectName::ollama: break;
    }
    w.end_object();
}

}  // namespace gw::provider
