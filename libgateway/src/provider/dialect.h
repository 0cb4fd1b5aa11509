// Dialect: how one LLM protocol writes a conversation down. One file per dialect.
//
//     request JSON ── read_request() ──► facts, and every Passage of text in it
//     answer JSON  ── read_answer() ───► every Passage
//     stream event ── StreamReader ────► Step, Step, ...       (where its texts are, what begins and ends)
//     event, sent  ── StreamEnding ────► how to end well-formed from here: a block, or a failure
//     nothing yet  ── write_blocked() ─► a whole answer that says that it was blocked
//
// Nothing here changes or copies a text: a Passage names the JSON value that holds it, with its place in the source, so
// that inspection can replace exactly that value and leave every other byte as it came.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/owned.h"
#include "json/json.h"
#include "message/chat.h"

namespace gw::provider {

enum class DialectName : std::uint8_t { openai_chat, openai_responses, anthropic, gemini, bedrock, ollama };

// How the events of a stream are told apart on the wire.
enum class Framing : std::uint8_t {
    sse,         // text/event-stream
    ndjson,      // application/x-ndjson: one JSON text a line
    aws_events,  // application/vnd.amazon.eventstream: binary, with checksums
    json_array,  // application/json: one array that grows (Gemini without alt=sse)
};

// How a text is written where it stands.
enum class TextForm : std::uint8_t {
    plain,
    file,    // base64, or a data URL: of what, its bytes tell
    tokens,  // a text that stands beside it once more, token by token with probabilities (provider/token_echo.h)
};

// A text in a JSON document. `value` is a string, or, where the dialect writes arguments or results as JSON, an object
// or array whose raw() is the text.
struct Passage {
    message::PartKind kind = message::PartKind::text;
    message::Role role = message::Role::user;
    std::string_view tool;  // arguments and results: the tool's name where it is known
    json::Value value;
    TextForm form = TextForm::plain;
    bool exact = false;  // of tokens: they say what the text beside them says, and nothing else
};
using Passages = std::pmr::vector<Passage>;

// What a request says beside its texts. Views into the document or the path.
struct RequestFacts {
    std::string_view model;  // percent-encoded where it stands in the path
    bool stream = false;
    Framing framing = Framing::sse;  // of the answer, when it streams
    bool completion = false;         // OpenAI's completions: a prompt, and choices that have a text
    bool token_numbers = false;      // the prompt, or a part of it, is given as numbers of tokens: no text to inspect
};

// One thing that an event of a stream says.
struct Step {
    enum class What : std::uint8_t {
        begin,  // the answer has begun: id, model
        open,   // a part begins: channel, kind, tool, call_id
        delta,  // more text of a part: channel, kind, value (always a string)
        close,  // a part is complete: channel
        whole,  // a text that is complete in itself, streamed before or not: kind, tool, value. `channel` is
                // meaningless
        stop,   // the answer, or one choice of it, ends: reason
        usage,  // so far
        done,   // the terminal event: nothing belongs behind it
        error,  // the upstream reports a failure inside the stream: value is its message, if it has one
    };
    What what = What::delta;
    message::PartKind kind = message::PartKind::text;
    std::uint32_t channel = 0;  // dense: 0, 1, 2 in order of appearance, whatever index the wire uses
    std::uint32_t choice = 0;   // index of the choice (OpenAI chat), candidate (Gemini); else 0
    json::Value value;
    TextForm form = TextForm::plain;  // of a whole
    bool exact = false;               // of tokens, as in a Passage
    std::string_view tool, call_id;
    std::string_view id, model;
    message::StopReason reason = message::StopReason::stop;
    message::Usage usage;
};
using Steps = std::pmr::vector<Step>;

// Reads the events of one stream. Indices of the wire are the upstream's word: a stream that names more than
// `channels_max` parts, or an index that is negative or no number, is refused.
class StreamReader {
public:
    static constexpr std::size_t channels_max = 1024;
    virtual ~StreamReader() = default;
    // Appends what the event says to `steps`; views are valid as long as the document. `type` is the event's name where
    // the framing has names, else empty. False: the event is not well-formed in this dialect in a way that matters for
    // inspection (steps are not to be used; nothing of it may leave in mode action). An event that the dialect does not
    // know gives no steps but `whole` for any string in it that could be text. Events without JSON ("[DONE]") come
    // through read_sentinel().
    [[nodiscard]] virtual bool read(std::string_view type, const json::Value& root, Steps& steps) = 0;
    virtual void read_sentinel(std::string_view data, Steps& steps) = 0;
};

// What a person is told.
struct Notice {
    std::string_view message;  // "[DefenseClaw] ..."
    std::string_view model;    // as the client named it
    std::uint64_t unix_ms = 0;
};

// Follows what has been sent to the client, so that a stream can be ended at any place. note() is told every event that
// left, as it left.
class StreamEnding {
public:
    virtual ~StreamEnding() = default;
    virtual void note(std::string_view type, const json::Value& root) = 0;
    virtual void note_sentinel(std::string_view data) = 0;
    // Ends the stream with the notice: more text in the part that is open, or in a new one; then everything that is
    // open is closed, the reason is given, and the dialect's terminal event follows. Ids and indices go on where the
    // stream was; when nothing was sent yet it is the whole of a blocked stream (write_blocked()). Appends framed
    // bytes.
    virtual void write_block(Buffer& out, const Notice& notice) = 0;
    // Ends the stream with an error of ours, as the dialect reports errors inside a stream.
    virtual void write_failure(Buffer& out, std::string_view message) = 0;
};

// A place in a request's text and what stands there from now on. Ordered, apart from each other.
struct Edit {
    std::size_t begin = 0, end = 0;  // bytes of the body
    std::pmr::string text;
};
using Edits = std::pmr::vector<Edit>;

// The text of every assistant turn that one of our own notices has left in a conversation begins so.
inline constexpr std::string_view notice_prefix = "[DefenseClaw]";

class Dialect {
public:
    virtual ~Dialect() = default;
    [[nodiscard]] virtual DialectName name() const noexcept = 0;

    // `path` is the request's, without query; `query` behind the '?', or empty. Appends the passages in order of their
    // place in the text: system and developer instructions, every turn, tool results, arguments of earlier calls,
    // documents' text, descriptions of tools. False when it is no request of this dialect.
    [[nodiscard]] virtual bool read_request(std::string_view path, std::string_view query, const json::Value& root,
                                            RequestFacts& facts, Passages& passages) const = 0;
    // An answer that is not streamed: all choices, reasoning, refusals, calls.
    virtual void read_answer(const json::Value& root, Passages& passages) const = 0;

    [[nodiscard]] virtual Owned<StreamReader> new_reader(std::pmr::memory_resource* memory) const = 0;
    [[nodiscard]] virtual Owned<StreamEnding> new_ending(Framing framing, std::pmr::memory_resource* memory) const = 0;

    // A whole answer that says that it was blocked, streamed or not as the request asked, and its content type.
    virtual void write_blocked(Buffer& out, const Notice& notice, const RequestFacts& facts) const = 0;
    [[nodiscard]] virtual std::string_view blocked_content_type(const RequestFacts& facts) const noexcept = 0;
    // An error answer of ours with an HTTP status, as the dialect writes them (JSON).
    virtual void write_error(Buffer& out, int status, std::string_view message) const = 0;

    // Edits that take the assistant turns out that begin with notice_prefix (and items of Responses whose id begins
    // msg_blocked), commas included; none when there are none.
    virtual void launder(const json::Value& root, Edits& edits) const = 0;
    // The edit that tells the model `text` as an instruction: a first system message, `instructions`, `system`,
    // `systemInstruction`, in the form the request already uses. None where the request has no place for it.
    virtual void add_instruction(std::string_view body, const json::Value& root, std::string_view text,
                                 Edits& edits) const = 0;
};

[[nodiscard]] const Dialect& dialect(DialectName name) noexcept;

// Which dialect a path is written in: "/v1/messages", "/v1beta/models/x:generateContent", "/model/x/converse".
// `provider` is the name of the known provider behind the target, or empty; it decides where a path does not.
[[nodiscard]] DialectName dialect_of(std::string_view path, std::string_view provider) noexcept;

// What a provider's `api` means in the configuration: "anthropic-messages"; empty: OpenAI's chat completions.
[[nodiscard]] std::optional<DialectName> dialect_of_api(std::string_view api) noexcept;

[[nodiscard]] std::string_view name_of(DialectName name) noexcept;  // "openai-chat"

}  // namespace gw::provider
