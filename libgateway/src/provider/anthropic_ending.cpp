#include <algorithm>

#include "provider/anthropic_stream.h"
#include "provider/aws_chunk.h"
#include "sse/sse.h"

namespace gw::provider {

// The events of a stream that we end, in its framing.
class AnthropicEnding::Events {
public:
    Events(Buffer& out, Framing framing) : out_(out), framing_(framing), json_(out.pool()) {}

    void start_message(std::string_view model) {
        json::Writer w = begin("message_start");
        w.key("message").begin_object().member("id", "msg_blocked").member("type", "message");
        w.member("role", "assistant").member("model", model).key("content").begin_array().end_array();
        w.key("usage").begin_object().member("input_tokens", 0).end_object().end_object();
        send(w, "message_start");
    }
    void ping() {
        json::Writer w = begin("ping");
        send(w, "ping");
    }
    void start_text(std::uint32_t index) {
        json::Writer w = begin("content_block_start");
        w.member("index", std::uint64_t{index}).key("content_block").begin_object();
        w.member("type", "text").member("text", "").end_object();
        send(w, "content_block_start");
    }
    // `before` goes in front of the notice: it has no need of escapes.
    void text(std::uint32_t index, std::string_view before, std::string_view message) {
        json::Writer w = begin("content_block_delta");
        w.member("index", std::uint64_t{index}).key("delta").begin_object().member("type", "text_delta").key("text");
        Buffer text(out_.pool());
        text.append(before);
        text.append(message);
        w.string(text.text()).end_object();
        send(w, "content_block_delta");
    }
    void stop_block(std::uint32_t index) {
        json::Writer w = begin("content_block_stop");
        w.member("index", std::uint64_t{index});
        send(w, "content_block_stop");
    }
    void stop_message(std::uint64_t output_tokens) {
        json::Writer w = begin("message_delta");
        w.key("delta").begin_object().member("stop_reason", "end_turn").key("stop_sequence").null().end_object();
        w.key("usage").begin_object().member("output_tokens", output_tokens).end_object();
        send(w, "message_delta");
    }
    void end() {
        json::Writer w = begin("message_stop");
        send(w, "message_stop");
    }
    void error(std::string_view message) {
        json::Writer w = begin("error");
        w.key("error").begin_object().member("type", "api_error").member("message", message).end_object();
        send(w, "error");
    }

private:
    json::Writer begin(std::string_view type) {
        json_.clear();
        json::Writer w(json_);
        w.begin_object().member("type", type);
        return w;
    }
    void send(json::Writer& w, std::string_view type) {
        w.end_object();
        if (framing_ == Framing::aws_events) {
            encode_chunk_event(out_, json_.text());
        } else {
            sse::encode(out_, type, json_.text());
        }
    }

    Buffer& out_;
    Framing framing_;
    Buffer json_;
};

void AnthropicEnding::note(std::string_view type, const json::Value& root) {
    const std::string_view said = root["type"].as_string().value_or(type);
    if (said == "message_start") {
        begun_ = true;
        output_tokens_ = std::max(output_tokens_, token_count(root["message"]["usage"]["output_tokens"]));
        std::uint32_t index = 0;
        const json::Value content = root["message"]["content"];
        for (json::Value block = content.first(); block.exists() && index <= 0xFFFF; block = block.next()) {
            blocks_.open(index++, block["type"].as_string() == "text");
        }
    } else if (said == "message_delta") {
        output_tokens_ = std::max(output_tokens_, token_count(root["usage"]["output_tokens"]));
        stopped_ = stopped_ || root["delta"]["stop_reason"].is(json::Kind::string);
    } else if (said == "message_stop" || said == "error") {
        ended_ = true;
    }
    const auto index = block_index(root["index"]);
    if (!index) return;
    if (said == "content_block_start") {
        blocks_.open(*index, root["content_block"]["type"].as_string() == "text");
    } else if (said == "content_block_delta") {
        blocks_.append(*index, root["delta"]["text"].is(json::Kind::string));
    } else if (said == "content_block_stop") {
        blocks_.close(*index);
    }
}

void AnthropicEnding::write_block(Buffer& out, const Notice& notice) {
    if (ended_) return;
    ended_ = true;
    Events events(out, framing_);
    if (stopped_) {
        // The message is complete, so nothing can be added; only its end is left to say.
        events.end();
        return;
    }
    const bool fresh = !begun_ && !blocks_.any_seen();
    if (fresh) events.start_message(notice.model);

    // The last text block that is open takes the notice; what else is open ends in front of it.
    std::optional<std::uint32_t> open_text;
    for (const auto& [index, text] : blocks_.all()) {
        if (text) open_text = index;
    }
    for (const auto& [index, text] : blocks_.all()) {
        if (index != open_text) events.stop_block(index);
    }
    const std::uint32_t index = open_text.value_or(blocks_.next());
    if (!open_text) events.start_text(index);
    if (fresh) events.ping();
    events.text(index, open_text ? "\n\n" : "", notice.message);
    events.stop_block(index);
    events.stop_message(std::max<std::uint64_t>(output_tokens_, 1));
    events.end();
}

void AnthropicEnding::write_failure(Buffer& out, std::string_view message) {
    if (ended_) return;
    ended_ = true;
    Events(out, framing_).error(message);
}

}  // namespace gw::provider
