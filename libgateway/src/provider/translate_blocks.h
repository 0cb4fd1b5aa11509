// The halves of the Translators for Anthropic and Gemini.
#pragma once

#include "provider/translate_parts.h"
#include "provider/translator.h"

namespace gw::provider {

[[nodiscard]] Result<void> read_anthropic_request(const json::Value& root, message::Conversation& conversation);
[[nodiscard]] Result<void> write_anthropic_request(Buffer& out, const message::Conversation& conversation,
                                                   std::string_view model);
[[nodiscard]] Result<void> read_anthropic_answer(const json::Value& root, message::Answer& answer);
[[nodiscard]] Result<void> write_anthropic_answer(Buffer& out, const message::Answer& answer,
                                                  const message::AnswerIdentity& identity);
// `refused`: the answer holds a refusal, which this dialect tells by its end.
[[nodiscard]] std::string_view anthropic_stop_word(message::StopReason reason, std::string_view sequence,
                                                   bool refused) noexcept;
[[nodiscard]] Owned<AnswerReader> new_anthropic_answer_reader(std::pmr::memory_resource* memory);

[[nodiscard]] Result<void> read_gemini_request(std::string_view path, std::string_view query, const json::Value& root,
                                               message::Conversation& conversation);
[[nodiscard]] Result<void> write_gemini_request(Buffer& out, const message::Conversation& conversation);
[[nodiscard]] Result<void> read_gemini_answer(const json::Value& root, message::Answer& answer);
[[nodiscard]] Result<void> write_gemini_answer(Buffer& out, const message::Answer& answer,
                                               const message::AnswerIdentity& identity);

}  // namespace gw::provider
