// Translator: one dialect's half of a translation. The other half is the same of another dialect.
//
//     read_request() ──► Conversation ──► write_request()
//     read_answer()  ──► Answer       ──► write_answer()
//     AnswerReader   ──► AnswerStep   ──► AnswerWriter
//
// Errors carry the offset, in the source, of the value that cannot be read or written; `what` is static text.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>

#include "core/buffer.h"
#include "core/owned.h"
#include "core/result.h"
#include "json/json.h"
#include "message/conversation.h"
#include "provider/translate.h"

namespace gw::provider {

using TurnKind = message::ConversationPart::Kind;
using AnswerKind = message::AnswerPart::Kind;

// Reads the frames of a provider's stream. Ids and models are views into the frame; made ids live in the reader.
class AnswerReader {
public:
    virtual ~AnswerReader() = default;
    // GW_ERR_UPSTREAM: no frame of this dialect. GW_ERR_UNSUPPORTED: it holds what no other dialect can express.
    [[nodiscard]] virtual Result<void> read(std::string_view type, const json::Value& root,
                                            message::AnswerSteps& steps) = 0;
    virtual void end(message::AnswerSteps& steps) = 0;  // closes what is open
};

// Writes the frames of a client's stream.
class AnswerWriter {
public:
    virtual ~AnswerWriter() = default;
    // Steps other than error and end. GW_ERR_LIMIT: there is more to hold than is allowed. GW_ERR_UPSTREAM: arguments
    // of a call are no JSON object where the dialect has nothing else. The stream is to be failed then.
    [[nodiscard]] virtual Result<void> write(const message::AnswerStep& step, Buffer& out) = 0;
    // After the last step; a stop was among them.
    virtual void finish(Buffer& out) = 0;
    virtual void fail(Buffer& out, std::string_view message) = 0;
};

struct AnswerWriterOptions {
    message::AnswerIdentity identity;  // views that outlive the writer
    bool include_usage = true;
    std::size_t held_bytes_max = 0;
};

class Translator {
public:
    virtual ~Translator() = default;
    [[nodiscard]] virtual Result<void> read_request(std::string_view path, std::string_view query,
                                                    const json::Value& root,
                                                    message::Conversation& conversation) const = 0;
    [[nodiscard]] virtual Result<void> write_request(Buffer& out, const message::Conversation& conversation,
                                                     std::string_view model) const = 0;
    [[nodiscard]] virtual Result<void> read_answer(const json::Value& root, message::Answer& answer) const = 0;
    // GW_ERR_UPSTREAM: arguments of a call are no JSON object where the dialect has nothing else.
    [[nodiscard]] virtual Result<void> write_answer(Buffer& out, const message::Answer& answer,
                                                    const message::AnswerIdentity& identity) const = 0;
    [[nodiscard]] virtual Owned<AnswerReader> new_reader(std::pmr::memory_resource* memory) const = 0;
    [[nodiscard]] virtual Owned<AnswerWriter> new_writer(const AnswerWriterOptions& options,
                                                         std::pmr::memory_resource* memory) const = 0;
};

// Null for a dialect that has none.
[[nodiscard]] const Translator* translator_of(DialectName name) noexcept;

[[nodiscard]] const Translator& chat_translator() noexcept;
[[nodiscard]] const Translator& responses_translator() noexcept;
[[nodiscard]] const Translator& anthropic_translator() noexcept;
[[nodiscard]] const Translator& gemini_translator() noexcept;

}  // namespace gw::provider
