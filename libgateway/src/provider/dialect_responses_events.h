// Writing events of a Responses stream: numbered, in the order in which the SDKs expect them.
//
//     response.created
//       response.output_item.added
//         response.content_part.added  ─► output_text.delta ─► output_text.done ─► content_part.done
//       response.output_item.done
//     response.completed
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "core/buffer.h"
#include "json/json.h"
#include "sse/sse.h"

namespace gw::provider {

inline constexpr std::string_view blocked_response_id = "resp_blocked";
// It begins with "msg", or the provider refuses the next turn.
inline constexpr std::string_view blocked_item_id = "msg_blocked";

// The response whose events are written.
struct ResponseEvents {
    Buffer& out;
    std::string_view id;
    std::string_view model;
    std::uint64_t created_s = 0;
    bool numbered = true;  // events carry sequence_number
    std::uint64_t sequence = 0;

    // One event; `fill` writes the members behind type and number. What it writes may have line breaks between values.
    template <typename Fill>
    void send(std::string_view type, Fill fill) {
        Buffer data(out.pool());
        json::Writer w(data);
        w.begin_object().member("type", type);
        if (numbered) w.member("sequence_number", sequence++);
        fill(w);
        w.end_object();
        sse::encode(out, type, data.text());
    }
};

// Where a part stands.
struct PartAddress {
    std::string_view item_id;
    std::uint32_t output_index = 0;
    std::uint32_t content_index = 0;
};

// "response": the object with what `output` holds (elements, comma between), and its status.
void write_response_object(json::Writer& w, const ResponseEvents& events, std::string_view status,
                           std::string_view output);
// The members that name a part.
void write_part_address(json::Writer& w, const ResponseEvents& events, const PartAddress& at);
// {"type":"output_text","text":TEXT,"annotations":[]}, or the refusal or reasoning form.
void write_part(json::Writer& w, std::string_view type, std::string_view text);

// A part of type output_text from its beginning to its end.
void send_text_part(ResponseEvents& events, const PartAddress& at, std::string_view text);
// The item that says that the answer was blocked, from its beginning to its end, at this place of the output.
void send_notice_item(ResponseEvents& events, std::uint32_t output_index, std::string_view text);
// The same item as JSON.
void write_notice_item(json::Writer& w, std::string_view text);
void send_completed(ResponseEvents& events, std::string_view output);

}  // namespace gw::provider
