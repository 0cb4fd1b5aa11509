// POST /v1/responses: checking the request, and what an answer repeats of it.
//
//     body ── read_responses_request() ──► ResponsesRequest, or a problem that names its field
//          ── provider::read_responses_request() ──► message::Conversation ── check_client_tools() ──► good, or a
//          problem ── echo_of() ──► provider::ResponseEcho
//
// The schema is closed: a member that nobody knows is an error. Those of the public OpenResponses schema that mean
// nothing here are checked for their type and left out. Problems read as OpenClaw's do, "tools.0.name: Invalid input:
// expected string, received undefined".
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpoint/openai_error.h"
#include "json/json.h"
#include "message/conversation.h"
#include "provider/translate_responses_items.h"

namespace gw::endpoint {

// An input_image or input_file. Views into the document.
struct ResponsesAttachment {
    enum class Kind : std::uint8_t { image, file };
    Kind kind = Kind::image;
    bool by_url = false;                     // http, https or a data URL; else base64
    std::string_view data;                   // that URL or base64
    std::string_view media_type, file_name;  // as claimed; may be empty
    std::pmr::string place;                  // "input.0.content.1"
};

struct ResponsesRequest {
    explicit ResponsesRequest(std::pmr::memory_resource* memory)
        : attachments(memory), problem(memory), field(memory) {}

    std::string_view model, user, previous_response_id;
    bool stream = false;
    json::Value input;
    bool continues_call = false;  // a result in it belongs to a call that is not in it
    bool tells_past = false;      // there are items beside results
    bool has_references = false;
    std::pmr::vector<ResponsesAttachment> attachments;  // in the order in which they stand

    // What is wrong, and with which field, where the request is none.
    std::pmr::string problem, field;
    [[nodiscard]] ApiError error() const noexcept { return {400, "invalid_request_error", problem, {}, field}; }
};

[[nodiscard]] bool read_responses_request(const json::Value& root, ResponsesRequest& out);

// The client's tools and its choice among them go together. Tools that must not be called are taken out.
[[nodiscard]] std::optional<ApiError> check_client_tools(message::Conversation& conversation);

// Values of more than echo_bytes_max are not repeated.
inline constexpr std::size_t echo_bytes_max = 16384;
[[nodiscard]] provider::ResponseEcho echo_of(const json::Value& root, const message::Conversation& conversation,
                                             BlockPool* pool);

}  // namespace gw::endpoint
