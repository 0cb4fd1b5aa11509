// POST /v1/chat/completions: reading the request, and writing an answer of ours in its two forms.
//
//     body -- read_chat_request() --> ChatRequest       pieces of an answer -- ChatWriter --> chunks | one object
//
// Answers of an upstream that speaks the same dialect do not come through the writer: their bytes pass.
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "core/result.h"
#include "endpoint/openai_error.h"
#include "json/json.h"
#include "message/chat.h"

namespace gw::endpoint {

// Views into the document that was read.
struct ChatRequest {
    std::string_view model;
    std::string_view user;
    json::Value model_value;  // where it stands in the body
    json::Value messages;
    bool stream = false;
    bool include_usage = false;
};

// Checks what every answer needs; fields that are not ours to judge pass untouched.
[[nodiscard]] std::optional<ApiError> read_chat_request(const json::Value& root, ChatRequest& out);

// The text of the last user message; parts are joined by line feeds.
[[nodiscard]] std::pmr::string last_user_text(const json::Value& messages, std::pmr::memory_resource* memory);

// Writes chat.completion.chunk events, or collects one chat.completion.
class ChatWriter {
public:
    ChatWriter(const message::AnswerIdentity& identity, bool stream, bool include_usage, BlockPool* pool)
        : identity_(identity), text_(pool), calls_(pool), stream_(stream), include_usage_(include_usage) {}

    // Each appends what has to go out now to `out`; without stream that is nothing before finish().
    void begin(Buffer& out);  // the chunk with the role
    void text(Buffer& out, std::string_view delta);
    // A call of a tool of the client's, with its arguments as JSON.
    void call(Buffer& out, std::string_view id, std::string_view tool, std::string_view arguments);
    void finish(Buffer& out, message::StopReason reason, const message::Usage& usage);

private:
    void chunk(Buffer& out, std::string_view delta_json, std::string_view finish_reason);
    message::AnswerIdentity identity_;
    Buffer text_;
    Buffer calls_;  // without stream: the elements of tool_calls
    int call_count_ = 0;
    bool stream_;
    bool include_usage_;
};

// The end of a stream that failed in the middle: an error event and [DONE].
void write_stream_failure(Buffer& out, std::string_view message, std::string_view type);

}  // namespace gw::endpoint
