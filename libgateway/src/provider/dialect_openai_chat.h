// OpenAI chat completions, and what takes after them: Azure's deployments, the legacy completions with a `prompt`, and
// any path that is nobody else's.
//
//     data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}                         open, delta
//     data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,...}]}}]}          open, delta
//     data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}           close, close, stop
//     data: [DONE]                                                                      done
#pragma once

#include "provider/dialect.h"

namespace gw::provider {

[[nodiscard]] const Dialect& openai_chat_dialect() noexcept;

// What the dialect is made of, one file each.
[[nodiscard]] Owned<StreamReader> new_chat_reader(std::pmr::memory_resource* memory);
[[nodiscard]] Owned<StreamEnding> new_chat_ending(std::pmr::memory_resource* memory);
void write_blocked_chat(Buffer& out, const Notice& notice, const RequestFacts& facts);

// The log probabilities of a choice, in an answer or in a chunk.
void add_choice_tokens(Passages& passages, const json::Value& choice, const json::Value& tokens);

// An error of ours as the OpenAI APIs write them. The members behind "error" of a stream's event are the same.
void write_openai_error(Buffer& out, int status, std::string_view message);

}  // namespace gw::provider
