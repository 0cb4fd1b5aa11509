// OpenAI Responses: items instead of messages, and a stream in which everything is said twice.
//
//     response.created                            begin
//     response.output_item.added                  open, when it is a call
//     response.content_part.added                 open
//     response.output_text.delta                  delta
//     response.output_text.done                   whole: all of the text again
//     response.content_part.done                  whole, close
//     response.output_item.done                   whole, close
//     response.completed                          whole for every text of the answer, usage, stop, done
#pragma once

#include "provider/dialect.h"
#include "provider/dialect_text.h"

namespace gw::provider {

[[nodiscard]] const Dialect& responses_dialect() noexcept;

// What the dialect is made of, one file each.
[[nodiscard]] Owned<StreamReader> new_responses_reader(std::pmr::memory_resource* memory);
[[nodiscard]] Owned<StreamEnding> new_responses_ending(std::pmr::memory_resource* memory);
void write_blocked_responses(Buffer& out, const Notice& notice, bool stream);

// Appends every text of one item: a message, a call, a call's result, reasoning, what a built-in tool did. `role` is
// that of a message that names none.
void read_response_item(const json::Value& item, message::Role role, CallNames& names, Passages& passages);

// The kind of texts in a part or in the events named after it: "output_text", "refusal", "reasoning_summary_text".
[[nodiscard]] message::PartKind kind_of_response_part(std::string_view type) noexcept;

}  // namespace gw::provider
