// The nouns of a conversation, without a wire format: what is asked, and what comes back piece by piece.
#pragma once

#include <cstdint>
#include <string_view>

namespace gw::message {

// Whose turn a text belongs to.
enum class Role : std::uint8_t { system, user, assistant, tool };

// What a text of a conversation is.
enum class PartKind : std::uint8_t {
    text,
    reasoning,       // thinking, and summaries of it
    refusal,         // the model says no, in a field of its own
    tool_arguments,  // of a call that the model wants made: JSON
    tool_result,     // what came back from a call
    document,        // text of a file that travels inside the conversation
    transcript,      // what an audio answer says
};

// Tokens, as far as they are known.
struct Usage {
    std::uint64_t input_tokens = 0;
    std::uint64_t output_tokens = 0;
    bool known = false;
};

// Why an answer ended.
enum class StopReason : std::uint8_t { stop, length, tool_calls, content_filter };

// What every chunk of one answer says about the answer.
struct AnswerIdentity {
    std::string_view id;     // "chatcmpl_<uuid>"
    std::string_view model;  // as the client named it
    std::uint64_t created_s = 0;
};

}  // namespace gw::message
