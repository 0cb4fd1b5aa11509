// A conversation without a wire format: what a client asks of a model, and what the model answers, whole or piece by
// piece. It is what two dialects have in common, so that N of them need N readers and N writers, not N x N.
//
//     request of dialect A ──► Conversation ──► request of dialect B
//     answer of dialect B  ──► Answer       ──► answer of dialect A
//     event of dialect B   ──► AnswerStep, AnswerStep, ... ──► events of dialect A
//
// Texts are views into the JSON document they were read from, or into `own` where they had to be made. Reasoning is no
// part of it: its signatures bind it to the provider that wrote it, and every dialect allows it to be left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "message/chat.h"

namespace gw::message {

// Tokens. Anthropic counts cached input apart from the rest; here, as with everybody else, `input` includes it.
struct TokenUsage {
    std::uint64_t input = 0;
    std::uint64_t cached_input = 0;
    std::uint64_t output = 0;
    bool known = false;
};

// One thing that a turn holds.
struct ConversationPart {
    enum class Kind : std::uint8_t { text, refusal, image, call, result };
    Kind kind = Kind::text;
    std::size_t where = 0;    // offset in the source of the value it was read from, for errors
    std::string_view text;    // text, refusal
    std::string_view media;   // image in base64: "image/png"
    std::string_view data;    // image in base64
    std::string_view url;     // image elsewhere
    std::string_view detail;  // image: how closely OpenAI's models look at it
    std::string_view call_id;
    std::string_view tool;                         // call; result: where the dialect says it
    std::string_view arguments;                    // call: a JSON object
    std::size_t inner_first = 0, inner_count = 0;  // result: its texts and images, in Conversation::inner
    bool is_error = false;                         // result
};
using ConversationParts = std::pmr::vector<ConversationPart>;

// Parts of one speaker, one after another. A result stands in a turn of Role::tool, whatever the dialect calls it.
struct Turn {
    Role role = Role::user;
    std::size_t where = 0;
    std::size_t first = 0, count = 0;  // in Conversation::parts
};

struct Tool {
    std::size_t where = 0;
    std::string_view name, description;
    std::string_view schema;  // JSON Schema of the arguments, an object; empty: none
    std::optional<bool> strict;
};

enum class ToolChoice : std::uint8_t { unset, automatic, none, required, one };
enum class ResponseShape : std::uint8_t { unset, text, json, schema };

struct Conversation {
    explicit Conversation(std::pmr::memory_resource* memory)
        : system(memory), parts(memory), inner(memory), turns(memory), tools(memory), stop(memory), own(memory) {}

    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return parts.get_allocator().resource(); }
    // Keeps a text that is not in the document.
    [[nodiscard]] std::string_view keep(std::string_view text) { return own.emplace_back(text); }

    ConversationParts system;  // texts in front of the first turn
    ConversationParts parts, inner;
    std::pmr::vector<Turn> turns;
    std::pmr::vector<Tool> tools;

    ToolChoice choice = ToolChoice::unset;
    std::string_view choice_tool;
    std::optional<bool> parallel_calls;
    std::size_t parallel_calls_where = 0;

    // Numbers stay as they were written; a missing value is one that was not given.
    json::Value max_tokens, temperature, top_p, top_k, seed, frequency_penalty, presence_penalty;
    std::pmr::vector<std::string_view> stop;  // sequences
    std::size_t stop_where = 0;

    ResponseShape shape = ResponseShape::unset;
    std::size_t shape_where = 0;
    std::string_view shape_name, shape_schema;
    std::optional<bool> shape_strict;

    json::Value effort, verbosity;  // OpenAI's words for how much to think and to say
    std::string_view user;          // who is asking, as the client calls them
    bool stream = false;
    bool include_usage = true;  // of a stream of chat completions, which tells it on demand only

    std::pmr::list<std::pmr::string> own;
};

// About how large a request with it is: its texts, and a little for what stands around them.
[[nodiscard]] inline std::size_t bytes_of(const Conversation& conversation) noexcept {
    std::size_t bytes = 1024;
    for (const ConversationParts* parts : {&conversation.system, &conversation.parts, &conversation.inner}) {
        for (const ConversationPart& part : *parts)
            bytes += 96 + part.text.size() + part.data.size() + part.url.size() + part.arguments.size();
    }
    for (const Tool& tool : conversation.tools) bytes += 96 + tool.description.size() + tool.schema.size();
    return bytes;
}

// A part of an answer.
struct AnswerPart {
    enum class Kind : std::uint8_t { text, refusal, call };
    Kind kind = Kind::text;
    std::string_view text;  // call: its arguments, JSON
    std::string_view tool, call_id;
};

// A piece of an answer that streams. Parts come one after the other: at most one is open. Reasoning is no part: it may
// be shown to a person, and goes nowhere else.
struct AnswerStep {
    enum class What : std::uint8_t { begin, open, delta, close, reasoning, stop, usage, error, end };
    What what = What::delta;
    AnswerPart::Kind kind = AnswerPart::Kind::text;  // open
    std::string_view id, model;                      // begin
    std::string_view tool, call_id;                  // open
    std::string_view text;                           // delta, reasoning; error: the provider's message, or empty
    StopReason reason = StopReason::stop;
    std::string_view stop_sequence;  // stop: the one that was met, where the dialect says it
    TokenUsage usage;
};
using AnswerSteps = std::pmr::vector<AnswerStep>;

struct Answer {
    explicit Answer(std::pmr::memory_resource* memory) : parts(memory), own(memory) {}
    [[nodiscard]] std::string_view keep(std::string_view text) { return own.emplace_back(text); }

    std::string_view id;
    std::pmr::vector<AnswerPart> parts;
    StopReason reason = StopReason::stop;
    std::string_view stop_sequence;
    TokenUsage usage;
    std::pmr::list<std::pmr::string> own;
};

}  // namespace gw::message
