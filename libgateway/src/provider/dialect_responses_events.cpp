#include "provider/dialect_responses_events.h"

#include "provider/dialect_responses.h"

namespace gw::provider {

using json::Writer;

namespace response_events {
namespace {

// As the reference has it: clients that sum up usage see that something was answered.
void write_usage(Writer& w) {
    w.key("usage").begin_object().member("input_tokens", 0).member("output_tokens", 1).member("total_tokens", 1);
    w.end_object();
}

void write_array(Writer& w, std::string_view elements) {
    w.begin_array();
    if (!elements.empty()) w.raw(elements);
    w.end_array();
}

}  // namespace
}  // namespace response_events

void write_response_object(Writer& w, const ResponseEvents& events, std::string_view status, std::string_view output) {
    w.member("id", events.id).member("object", "response").member("created_at", events.created_s);
    w.member("model", events.model).member("status", status).key("output");
    response_events::write_array(w, output);
}

void write_part_address(Writer& w, const ResponseEvents& events, const PartAddress& at) {
    w.member("response_id", events.id).member("item_id", at.item_id);
    w.member("output_index", std::uint64_t{at.output_index}).member("content_index", std::uint64_t{at.content_index});
}

void write_part(Writer& w, std::string_view type, std::string_view text) {
    w.begin_object().member("type", type).member(type == "refusal" ? "refusal" : "text", text);
    if (type == "output_text") w.key("annotations").begin_array().end_array();
    w.end_object();
}

void send_text_part(ResponseEvents& events, const PartAddress& at, std::string_view text) {
    events.send("response.content_part.added", [&](Writer& w) {
        write_part_address(w, events, at);
        w.key("part");
        write_part(w, "output_text", "");
    });
    events.send("response.output_text.delta", [&](Writer& w) {
        write_part_address(w, events, at);
        w.member("delta", text);
    });
    events.send("response.output_text.done", [&](Writer& w) {
        write_part_address(w, events, at);
        w.member("text", text);
    });
    events.send("response.content_part.done", [&](Writer& w) {
        write_part_address(w, events, at);
        w.key("part");
        write_part(w, "output_text", text);
    });
}

void write_notice_item(Writer& w, std::string_view text) {
    w.begin_object().member("id", blocked_item_id).member("type", "message").member("role", "assistant");
    w.member("status", "completed").key("content").begin_array();
    write_part(w, "output_text", text);
    w.end_array().end_object();
}

void send_notice_item(ResponseEvents& events, std::uint32_t output_index, std::string_view text) {
    events.send("response.output_item.added", [&](Writer& w) {
        w.member("response_id", events.id).member("output_index", std::uint64_t{output_index}).key("item");
        w.begin_object().member("id", blocked_item_id).member("type", "message").member("role", "assistant");
        w.member("status", "in_progress").key("content").begin_array().end_array().end_object();
    });
    send_text_part(events, {blocked_item_id, output_index, 0}, text);
    events.send("response.output_item.done", [&](Writer& w) {
        w.member("response_id", events.id).member("output_index", std::uint64_t{output_index}).key("item");
        write_notice_item(w, text);
    });
}

void send_completed(ResponseEvents& events, std::string_view output) {
    events.send("response.completed", [&](Writer& w) {
        w.key("response").begin_object();
        write_response_object(w, events, "completed", output);
        response_events::write_usage(w);
        w.end_object();
    });
}

void write_blocked_responses(Buffer& out, const Notice& notice, bool stream) {
    Buffer item(out.pool());
    Writer item_writer(item);
    write_notice_item(item_writer, notice.message);
    ResponseEvents events{out, blocked_response_id, notice.model, notice.unix_ms / 1000};
    if (!stream) {
        // "completed", because some clients drop the output of a response that is not.
        Writer w(out);
        w.begin_object();
        write_response_object(w, events, "completed", item.text());
        response_events::write_usage(w);
        w.member("defenseclaw_blocked", true).member("defenseclaw_reason", notice.message).end_object();
        return;
    }
    events.send("response.created", [&](Writer& w) {
        w.key("response").begin_object();
        write_response_object(w, events, "in_progress", {});
        w.end_object();
    });
    send_notice_item(events, 0, notice.message);
    send_completed(events, item.text());
}

}  // namespace gw::provider
