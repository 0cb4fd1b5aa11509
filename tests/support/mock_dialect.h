// What an LLM provider's server says, in six protocols.
//
//     Speech { texts, tools } ── stream_of(), json_of() ──► events, or one JSON body
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/mock_wire.h"

namespace mock {

enum class Dialect { openai_chat, openai_responses, anthropic, gemini, bedrock, ollama };
enum class StreamForm { sse, ndjson, json_array, aws_events };

struct ToolCall {
    std::string name;
    Pieces arguments;  // JSON text, in the pieces that are streamed
};

// One answer: some text, then calls of tools.
struct Speech {
    Pieces texts;
    std::vector<ToolCall> tools;
};

// What of a request's path and query decides the form of the answer.
struct Route {
    Dialect dialect = Dialect::openai_chat;
    StreamForm form = StreamForm::sse;
    bool streams_by_path = false;  // whatever the body says
    bool streams_by_default = false;
    bool completion = false;        // Ollama's /api/generate: "response" in place of "message"
    bool anthropic_in_aws = false;  // Bedrock's invoke: Anthropic's events, base64 in `chunk` events
};

// False when the path is none of an LLM's.
[[nodiscard]] bool route_of(std::string_view target, Route& out);

// For all but OpenAI chat, whose answers have more forms (mock_answer.h).
[[nodiscard]] std::vector<Event> stream_of(const Route& route, const Speech& speech);
[[nodiscard]] std::string json_of(const Route& route, const Speech& speech);

[[nodiscard]] std::string_view content_type_of(StreamForm form);
[[nodiscard]] Pieces encode(StreamForm form, const std::vector<Event>& events, const SseForm& sse_form);

}  // namespace mock
