// A message as OpenAI chat and Ollama write it, in a request and in an answer:
//
//     {"role":"assistant","content":..., "reasoning_content":..., "tool_calls":[{"id":..,"function":{...}}]}
//     {"role":"tool","tool_call_id":...,"content":...}
#pragma once

#include <string_view>

#include "provider/dialect.h"
#include "provider/dialect_text.h"

namespace gw::provider {

[[nodiscard]] message::Role role_of(std::string_view role) noexcept;  // an unknown one is a user's

// Appends every text of one message. `role` is that of a message that names none. Calls are remembered in `names`, and
// results get their tool's name from it.
void read_message(const json::Value& message, message::Role role, CallNames& names, Passages& passages);
// The calls alone: an array of them, or one.
void read_tool_calls(const json::Value& calls, CallNames& names, Passages& passages);

// The answer's reason for having stopped; nothing for null, "" and what is no string.
[[nodiscard]] std::optional<message::StopReason> stop_reason_of(const json::Value& value) noexcept;

// An assistant's message whose text begins with notice_prefix, and that made no call whose result follows.
[[nodiscard]] bool is_notice_message(const json::Value& message);
// What an assistant said begins with notice_prefix: `content` is a string or an array of parts.
[[nodiscard]] bool begins_with_notice(const json::Value& content);

// {"role":R,"content":TEXT} in front of the messages. R is "developer" where the request says so: a model takes one of
// the two, not both.
void insert_system_message(const json::Value& messages, std::string_view text, Edits& edits);

}  // namespace gw::provider
