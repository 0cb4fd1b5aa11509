// The parts of Gemini's contents, wherever they stand. Google's JSON has two spellings of every name, functionCall and
// function_call; servers take both, so both are read.
//
//     text ─► text; with "thought": reasoning       functionCall ─► arguments      executableCode ─► text
//     inlineData of a text type ─► document         functionResponse, codeExecutionResult ─► result
//     fileData, pictures ─► nothing                 any other member ─► every string in it
#pragma once

#include <string_view>

#include "provider/harvest.h"

namespace gw::provider {

// True when `key` is `name`, written in camel case, in either spelling.
[[nodiscard]] bool is_gemini_key(std::string_view key, std::string_view name) noexcept;
// The member of that name, in either spelling.
[[nodiscard]] json::Value gemini_member(const json::Value& object, std::string_view name) noexcept;

// A part of which nothing but its text matters: {"text": "..."}, with or without thought and its signature.
[[nodiscard]] bool is_text_part(const json::Value& part) noexcept;
[[nodiscard]] message::PartKind kind_of_text(const json::Value& part) noexcept;

void read_gemini_part(const json::Value& part, const Harvest& harvest);
// A content {role, parts}, a part, a string, or an array of these. `role` is that of content without one.
void read_gemini_content(const json::Value& content, message::Role role, Passages& passages);

// What a candidate holds beside its content: citations, sources, tokens.
void read_gemini_candidate_extras(const json::Value& candidate, Passages& passages);
// What a frame holds beside candidates: the reason of a block, an error, and what is new.
void read_gemini_frame_extras(const json::Value& frame, Passages& passages);

}  // namespace gw::provider
