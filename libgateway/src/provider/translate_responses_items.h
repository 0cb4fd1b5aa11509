// The items of an answer in the Responses dialect, as they are written whole and as a stream repeats them.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/json.h"
#include "message/conversation.h"

namespace gw::provider {

// {"id":"msg_R_0","type":"message",...} or {"id":"fc_R_1","type":"function_call",...}: `index` is its place in the
// output. An item in progress has no content yet.
[[nodiscard]] std::pmr::string response_item_id(message::AnswerPart::Kind kind, std::string_view response_id,
                                                std::uint64_t index, std::pmr::memory_resource* memory);
void write_response_item(json::Writer& w, const message::AnswerPart& part, std::string_view item_id, bool done,
                         std::string_view phase = {});
// {"type":"output_text",...} or {"type":"refusal",...}
void write_response_part(json::Writer& w, message::AnswerPart::Kind kind, std::string_view text);

// What a response repeats of its request: members, and their values as JSON.
struct ResponseEcho {
    explicit ResponseEcho(std::pmr::memory_resource* memory) : members(memory) {}
    std::pmr::vector<std::pair<std::string_view, std::pmr::string>> members;
};

struct ResponseProblem {
    std::string_view code, type, message;
};

// The members of a response behind its id.
struct ResponseState {
    std::string_view model;
    std::uint64_t created_s = 0;
    std::string_view output;                      // its items, comma between
    const message::StopReason* reason = nullptr;  // null as long as it is in progress
    message::TokenUsage usage;
    const ResponseProblem* problem = nullptr;  // it has failed
    const ResponseEcho* echo = nullptr;
    bool own = false;  // of the gateway's own endpoint
    std::uint64_t completed_s = 0;
};
void write_response(json::Writer& w, std::string_view id, const ResponseState& state);

}  // namespace gw::provider
