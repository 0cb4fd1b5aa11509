// The REST API: what /api/* reads and writes. Every answer is an envelope; a streamed one is a row of messages.
//
//     {"success":true,"data":{...},"timestamp":"2026-03-10T08:30:00.000Z"}        errors: error_form.h
//
//     event: message                       event: message
//     data: {"type":"chunk",...}    ...    data: {"type":"done","usage":{...}}    or    {"type":"error",...}
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/buffer.h"
#include "endpoint/openai_error.h"
#include "json/json.h"
#include "message/conversation.h"

namespace gw::endpoint {

// The envelope around `data`, which is JSON.
void write_envelope(Buffer& out, std::string_view data, std::uint64_t unix_ms);

// The body of POST /api/chat. Views into it.
struct RestChat {
    std::string_view message;
    std::string_view session;  // sessionId as the client calls it; empty: the answer belongs to no session
    std::string_view agent;    // empty: the session's, or the default one
    std::string_view model;    // "provider/model"; empty: the agent's own
    bool stream = false;
};
inline constexpr std::size_t rest_message_bytes_max = 4U << 20U;

// `accepts_stream`: what counts where the body does not say.
[[nodiscard]] std::optional<ApiError> read_rest_chat(const json::Value& root, bool accepts_stream, RestChat& out);

// How a turn ended.
struct RestChatEnd {
    std::string_view session;  // as the client called it
    std::string_view model;    // who answered
    message::TokenUsage usage;
    bool blocked = false;  // by the guardrail: the text is its notice, or ends with it
};
// `data` of an answer in one piece.
void write_rest_chat(Buffer& out, std::string_view text, const RestChatEnd& end);
// Messages of a stream.
void write_rest_chunk(Buffer& out, std::string_view text);
void write_rest_done(Buffer& out, const RestChatEnd& end);
void write_rest_failure(Buffer& out, std::string_view code, std::string_view message);

}  // namespace gw::endpoint
