// The halves of the Translators for OpenAI's two dialects, and what they share.
#pragma once

#include <span>
#include <string_view>

#include "provider/translate_parts.h"
#include "provider/translator.h"

namespace gw::provider {

// Chat wraps in "function" and "json_schema" what Responses writes flat; tools that are wrapped are read there, too.
enum class OpenAiForm : std::uint8_t { chat, responses };
[[nodiscard]] Result<void> read_openai_tools(const json::Value& tools, OpenAiForm form,
                                             message::Conversation& conversation);
[[nodiscard]] Result<void> read_openai_tool_choice(const json::Value& choice, OpenAiForm form,
                                                   message::Conversation& conversation);
// `schema` holds name, schema and strict.
[[nodiscard]] Result<void> read_openai_format(const json::Value& format, const json::Value& schema,
                                              message::Conversation& conversation);
void write_openai_tools(json::Writer& w, OpenAiForm form, const message::Conversation& conversation);
void write_openai_format(json::Writer& w, OpenAiForm form, const message::Conversation& conversation);

// `ignored`: a request to the gateway's own agents, who need not pass on what they do not know.
[[nodiscard]] Result<void> read_chat_request(const json::Value& root, message::Conversation& conversation,
                                             UnknownFields unknown = UnknownFields::refused);
[[nodiscard]] Result<void> write_chat_request(Buffer& out, const message::Conversation& conversation,
                                              std::string_view model);
[[nodiscard]] Result<void> read_chat_answer(const json::Value& root, message::Answer& answer);
void write_chat_answer(Buffer& out, const message::Answer& answer, const message::AnswerIdentity& identity);
[[nodiscard]] Owned<AnswerReader> new_chat_answer_reader(std::pmr::memory_resource* memory);

// What has become of an input_image or input_file: a picture; or a text for the instructions, and pictures of pages.
struct LoadedPicture {
    std::string_view media, base64;
};
struct LoadedPart {
    std::string_view text;
    std::span<const LoadedPicture> pictures;
};
// A request to the gateway's own agents: what they do not know is left out, and `parts` is every input_image and
// input_file, in order.
struct OwnResponses {
    std::span<const LoadedPart> parts;
};
[[nodiscard]] Result<void> read_responses_request(const json::Value& root, message::Conversation& conversation,
                                                  const OwnResponses* own = nullptr);
[[nodiscard]] Result<void> write_responses_request(Buffer& out, const message::Conversation& conversation,
                                                   std::string_view model);
[[nodiscard]] Result<void> read_responses_answer(const json::Value& root, message::Answer& answer);
void write_responses_answer(Buffer& out, const message::Answer& answer, const message::AnswerIdentity& identity);
[[nodiscard]] Owned<AnswerReader> new_responses_answer_reader(std::pmr::memory_resource* memory);

}  // namespace gw::provider
