// Messages as transcripts hold them: writing ours, and the text that people see of anybody's.
//
//     "System: [2026-11-20 10:17:17 UTC] wake up\n\n"       queued events    |
//     "Sender (untrusted metadata):\n```json\n{…}\n```\n\n"  who writes       |  the envelope, for the model only
//     "[Fri 2026-11-20 10:21 UTC] "                          when             |
//     "Hi there"                                             what was said
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

#include "json/json.h"

namespace gw::session {

// Tokens and money of one answer, as providers count them.
struct MessageUsage {
    std::uint64_t input = 0, output = 0, cache_read = 0, cache_write = 0;
    double input_cost = 0, output_cost = 0, cache_read_cost = 0, cache_write_cost = 0;  // US dollars
};

struct ToolCallPart {
    std::string_view id, name;
    std::string_view arguments;  // a JSON object
};

// What an assistant's turn leaves behind.
struct AssistantMessage {
    std::string_view text;      // "": no part for it
    std::string_view thinking;  // likewise
    std::span<const ToolCallPart> calls;
    std::string_view api = "openai-completions";
    std::string_view provider, model;
    MessageUsage usage;
    std::string_view stop_reason = "stop";  // stop, length, toolUse, error, aborted
    std::string_view error_message;
    std::string_view idempotency_key;
    // Of a run that was ended early: by whom ("rpc", "stop-command", "timeout"), and which one.
    std::string_view abort_origin, abort_run_id;
};

// What the gateway itself says in an assistant's name: chat.inject, partial answers.
inline constexpr std::string_view injected_provider = "openclaw";
inline constexpr std::string_view injected_model = "gateway-injected";

void write_user_message(json::Writer& w, std::string_view text, std::uint64_t now_ms,
                        std::string_view idempotency_key = {});
void write_assistant_message(json::Writer& w, const AssistantMessage& message, std::uint64_t now_ms);
void write_tool_result(json::Writer& w, std::string_view call_id, std::string_view tool, std::string_view text,
                       bool is_error, std::uint64_t now_ms);
// chat.inject: "[label]", an empty line, the text.
void write_injected_message(json::Writer& w, std::string_view text, std::string_view label, std::uint64_t now_ms,
                            std::pmr::memory_resource* memory);

// The text parts of a message, one after another with line feeds in between. Of a plain text, that.
[[nodiscard]] std::pmr::string message_text(const json::Value& message, std::pmr::memory_resource* memory);

// A user's text without its envelope.
struct Unwrapped {
    std::string_view text;
    std::pmr::string sender;  // the label in the envelope; "": none
};
[[nodiscard]] Unwrapped unwrap(std::string_view text, std::pmr::memory_resource* memory);

// An assistant's text without what it tells the gateway: [[reply_to_current]], [[audio_as_voice]], ...
[[nodiscard]] std::pmr::string without_directives(std::string_view text, std::pmr::memory_resource* memory);
// The answer that means "say nothing".
[[nodiscard]] bool is_silent(std::string_view text) noexcept;

// The first `count` characters (code points) of a text.
[[nodiscard]] std::string_view first_characters(std::string_view text, std::size_t count) noexcept;

// Runs of white space become one space, none at the ends.
[[nodiscard]] std::pmr::string one_line(std::string_view text, std::pmr::memory_resource* memory);

// One line of at most `count` characters, cut at a word, with an ellipsis then.
[[nodiscard]] std::pmr::string title_of(std::string_view text, std::pmr::memory_resource* memory,
                                        std::size_t count = 60);

}  // namespace gw::session
