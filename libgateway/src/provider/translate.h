// Translation: a client speaks one dialect and the provider behind the gateway another.
//
//     client's request  ── translate_request() ──► provider's request, and where it goes (provider_path())
//     provider's answer ── translate_answer() ───► client's answer
//     provider's frames ── StreamTranslator ─────► client's frames
//     provider's error  ── translate_error() ────► client's error
//
// Every dialect has one Translator, which reads it into message::Conversation or Answer and writes it from there. What
// the other side cannot express is an error that names its place in the client's request, not silence:
//
//     field of a request                                     what becomes of it
//     system, turns, text, images in base64                  translated
//     images by URL                                          translated; Gemini: error
//     tools, tool choice, calls, results                     translated; images in results: Anthropic, Responses only
//     a result that is a failure                             Anthropic, Gemini; else only its text says it
//     max tokens, temperature, top_p                         translated; Anthropic gets 4096 tokens where none are said
//     stop sequences                                         translated; Responses: error
//     top_k                                                  Anthropic, Gemini; else error
//     seed, frequency and presence penalty                   chat, Gemini; else error
//     JSON schema of the answer                              translated; JSON without a schema: Anthropic: error
//     parallel calls: no                                     translated; Gemini: error
//     reasoning effort, verbosity                            chat, Responses; else error
//     user                                                   translated; Gemini: left out, it has no place for it
//     system messages in the middle                          chat, Responses; else error
//     earlier reasoning, signatures, cache marks, metadata,  left out: they change what an answer costs or where it is
//       storage, service tier                                filed, not what it says
//     audio, files, documents, citations, tools that the     error
//       provider runs, more than one choice, log
//       probabilities, stored conversations, safety
//       settings, thinking, fields that nobody knows
//
// The tables in translate_<dialect>_request.cpp say it field by field.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "core/owned.h"
#include "core/result.h"
#include "json/json.h"
#include "message/conversation.h"
#include "provider/dialect.h"

namespace gw::provider {

// Between OpenAI chat, Responses, Anthropic and Gemini, in every direction; false for from == to, where nothing is to
// be translated.
[[nodiscard]] bool can_translate(DialectName from, DialectName to) noexcept;

// What is wrong with a request: `what` is a sentence without its full stop, `path` the place in the client's body,
// "messages[2].content[0]". status is GW_ERR_DATA for what is no request of the client's dialect and GW_ERR_UNSUPPORTED
// for what the provider's dialect cannot express.
struct TranslateProblem {
    explicit TranslateProblem(std::pmr::memory_resource* memory) : path(memory) {}
    gw_status status = GW_OK;
    std::pmr::string path;
    std::string_view what;
};

// The client's request, as translating its answer needs it.
struct TranslatedRequest {
    bool stream = false;
    bool include_usage = true;
};

// Appends the provider's body for `model`, the provider's name of it. `path` and `query` are the client's, and `root`
// its body. Nothing when it could not be translated: `problem` says why, and `out` is as it was.
[[nodiscard]] std::optional<TranslatedRequest> translate_request(DialectName from, DialectName to,
                                                                 std::string_view path, std::string_view query,
                                                                 const json::Value& root, std::string_view model,
                                                                 Buffer& out, TranslateProblem& problem);

// Where the provider takes such a request, behind its base address: "/chat/completions", "/responses", "/v1/messages",
// "/v1beta/models/M:streamGenerateContent?alt=sse". The model is percent-encoded.
void append_provider_path(DialectName dialect, std::string_view model, bool stream, std::pmr::string& out);
// A header beside Content-Type and credentials; empty name: none.
struct ProviderHeader {
    std::string_view name, value;
};
[[nodiscard]] ProviderHeader provider_header(DialectName dialect) noexcept;

// Appends the client's answer. `identity`: the model as the client named it, the time, and an id for an answer that has
// none. An error: the answer is none of that dialect (GW_ERR_UPSTREAM) or holds what the client's cannot express
// (GW_ERR_UNSUPPORTED); `out` is as it was.
[[nodiscard]] Result<void> translate_answer(DialectName from, DialectName to, const json::Value& root,
                                            const message::AnswerIdentity& identity, std::pmr::memory_resource* memory,
                                            Buffer& out);

// Appends the client's error for an error answer of the provider; `root` is missing when its body is no JSON. Gives the
// status that fits.
int translate_error(DialectName from, DialectName to, int status, const json::Value& root, Buffer& out);

class AnswerReader;
class AnswerWriter;

// The frames of one answer, in the order in which they come; they have been inspected. `from` is the provider's dialect
// and `to` the client's.
class StreamTranslator {
public:
    struct Options {
        message::AnswerIdentity identity;  // copied
        bool include_usage = true;         // TranslatedRequest::include_usage
        // Of texts that are repeated at the end of a part or of the answer, and of arguments that are sent whole.
        std::size_t held_bytes_max = std::size_t{8} << 20U;
    };
    StreamTranslator(DialectName from, DialectName to, const Options& options, std::pmr::memory_resource* memory);
    ~StreamTranslator();
    StreamTranslator(const StreamTranslator&) = delete;  // the writer has views of its id and model
    StreamTranslator& operator=(const StreamTranslator&) = delete;

    // A frame with JSON; `type` is the event's name, or empty. Appends the client's frames. False: the stream is over;
    // a frame that cannot be translated, or that reports an error, has ended it with an error in the client's dialect.
    bool feed(std::string_view type, const json::Value& root, Buffer& out);
    // "[DONE]" ends the stream as finish() does.
    bool feed_sentinel(std::string_view data, Buffer& out);
    // The provider's stream has ended. Ends the client's, as an answer or, when the answer was cut off, as an error.
    void finish(Buffer& out);
    // Ends the client's stream with an error of ours.
    void fail(Buffer& out, std::string_view message);

    [[nodiscard]] bool ended() const noexcept { return ended_; }

private:
    bool write_steps(Buffer& out);

    std::pmr::string id_, model_;
    message::AnswerSteps steps_;
    Owned<AnswerReader> reader_;
    Owned<AnswerWriter> writer_;
    bool stopped_ = false;  // the provider has said why its answer ended
    bool ended_ = false;
};

}  // namespace gw::provider
