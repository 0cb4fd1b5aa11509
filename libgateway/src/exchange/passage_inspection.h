// Inspecting the texts that a JSON document holds, each where it stands.
//
//     a string, or JSON as text     ──► what is replaced in it
//     a file in base64              ──► the same of the text in it, in base64 again; what is no text is counted as
//     skipped tokens of a text beside them  ──► nothing of them when anything in the document is replaced
//
// Nothing is written here: what stands in place of a text is an edit of the document.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/buffer.h"
#include "exchange/inspection.h"
#include "provider/dialect.h"

namespace gw::exchange {

enum class Side : std::uint8_t { prompt, answer };

// One text that is there as a whole; `form` is not TextForm::tokens.
[[nodiscard]] Inspection::Whole inspect_value(Inspection& inspection, guardrail::Direction direction,
                                              std::string_view tool, const json::Value& value, provider::TextForm form,
                                              BlockPool* pool);

// All texts of a document, until one of them blocks: false. Edits are added in the order of their places.
[[nodiscard]] bool inspect_passages(Inspection& inspection, const provider::Passages& passages, Side side,
                                    BlockPool* pool, provider::Edits& edits);

// Whether tokens may not leave as they are although nothing around them is replaced: in mode action, when they are not
// exactly the text that was inspected.
[[nodiscard]] bool withholds_tokens(const Inspection& inspection, bool exact) noexcept;
// What stands in place of tokens: JSON.
[[nodiscard]] std::string_view no_tokens(const json::Value& tokens) noexcept;

}  // namespace gw::exchange
