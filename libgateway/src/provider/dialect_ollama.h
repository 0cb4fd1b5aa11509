// Ollama: /api/chat and /api/generate. One JSON object a line; the last has "done":true. Calls come whole, with their
// arguments as an object.
//
//     {"model":"m","message":{"role":"assistant","content":"Hel"},"done":false}     begin, open, delta
//     {"model":"m","message":{"role":"assistant","tool_calls":[...]},"done":false}  whole
//     {"model":"m","message":{...,"content":""},"done":true,"done_reason":"stop"}   close, usage, stop, done
#pragma once

#include "provider/dialect.h"

namespace gw::provider {

[[nodiscard]] const Dialect& ollama_dialect() noexcept;

// What the dialect is made of, one file each.
[[nodiscard]] Owned<StreamReader> new_ollama_reader(std::pmr::memory_resource* memory);
[[nodiscard]] Owned<StreamEnding> new_ollama_ending(std::pmr::memory_resource* memory);
// The log probabilities of a line, in an answer or in a stream.
void add_line_tokens(Passages& passages, const json::Value& line, const json::Value& tokens);
void write_blocked_ollama(Buffer& out, const Notice& notice);

}  // namespace gw::provider
