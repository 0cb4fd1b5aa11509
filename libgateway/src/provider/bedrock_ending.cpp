#include <algorithm>

#include "provider/aws_chunk.h"
#include "provider/aws_events.h"
#include "provider/bedrock_stream.h"

namespace gw::provider {

// The events of Converse in a stream that we end.
class BedrockEnding::Events {
public:
    Events(Buffer& out, Form form) : out_(out), form_(form), json_(out.pool()) {}

    void start_message() {
        json::Writer w = begin("messageStart");
        w.member("role", "assistant");
        send(w, "messageStart");
    }
    void text(std::uint32_t index, std::string_view before, std::string_view message) {
        Buffer text(out_.pool());
        text.append(before);
        text.append(message);
        json::Writer w = begin("contentBlockDelta");
        w.member("contentBlockIndex", std::uint64_t{index});
        w.key("delta").begin_object().member("text", text.text()).end_object();
        send(w, "contentBlockDelta");
    }
    void stop_block(std::uint32_t index) {
        json::Writer w = begin("contentBlockStop");
        w.member("contentBlockIndex", std::uint64_t{index});
        send(w, "contentBlockStop");
    }
    void stop_message(const Notice& notice) {
        json::Writer w = begin("messageStop");
        w.member("stopReason", "guardrail_intervened").member("defenseclaw_blocked", true);
        w.member("defenseclaw_reason", notice.message).member("defenseclaw_model", notice.model);
        send(w, "messageStop");
    }
    void metadata(std::uint64_t input_tokens, std::uint64_t output_tokens) {
        json::Writer w = begin("metadata");
        w.key("usage").begin_object().member("inputTokens", input_tokens).member("outputTokens", output_tokens);
        w.member("totalTokens", input_tokens + output_tokens).end_object();
        w.key("metrics").begin_object().member("latencyMs", 0).end_object();
        send(w, "metadata");
    }

private:
    [[nodiscard]] bool in_chunks() const noexcept { return form_ != Form::converse; }
    json::Writer begin(std::string_view type) {
        json_.clear();
        json::Writer w(json_);
        w.begin_object();
        if (in_chunks()) w.key(type).begin_object();
        return w;
    }
    void send(json::Writer& w, std::string_view type) {
        if (in_chunks()) {
            w.end_object().end_object();
            encode_chunk_event(out_, json_.text());
        } else {
            w.member("p", "").end_object();  // padding against measuring lengths, which ours has no need of
            encode_aws_json_event(out_, type, json_.text());
        }
    }

    Buffer& out_;
    Form form_;
    Buffer json_;
};

void BedrockEnding::note(std::string_view type, const json::Value& root) {
    if (is_converse_event(type)) {
        note_event(type, root);
        return;
    }
    if (type != "chunk") {
        if (type.ends_with("Exception") || type.ends_with("Error")) ended_ = true;
        return;
    }
    begun_ = true;
    if (root["type"].is(json::Kind::string)) {
        form_ = Form::anthropic_in_chunks;
        anthropic_.note({}, root);
        return;
    }
    for (json::Value member = root.first(); member.exists(); member = member.next()) {
        const auto* text = std::find(chunk_texts.begin(), chunk_texts.end(), member.key());
        if (is_converse_event(member.key())) {
            form_ = Form::converse_in_chunks;
            note_event(member.key(), member);
        } else if (form_ != Form::converse_in_chunks) {
            form_ = Form::plain_chunks;
            if (text != chunk_texts.end()) plain_text_ = *text;
        }
    }
}

void BedrockEnding::note_event(std::string_view type, const json::Value& event) {
    begun_ = true;
    if (type == "messageStop") stopped_ = true;
    if (type == "metadata") {
        ended_ = true;
        return;
    }
    const auto index = block_index(event["contentBlockIndex"]);
    if (!index) return;
    if (type == "contentBlockStart") {
        blocks_.open(*index, event["start"]["text"].exists());
    } else if (type == "contentBlockDelta") {
        blocks_.append(*index, event["delta"]["text"].is(json::Kind::string));
    } else if (type == "contentBlockStop") {
        blocks_.close(*index);
    }
}

void BedrockEnding::write_block(Buffer& out, const Notice& notice) {
    if (ended_) return;
    ended_ = true;
    if (form_ == Form::anthropic_in_chunks) {
        anthropic_.write_block(out, notice);
        return;
    }
    if (form_ == Form::plain_chunks) {
        Buffer text(out.pool());
        text.append("\n\n");
        text.append(notice.message);
        Buffer json(out.pool());
        json::Writer w(json);
        w.begin_object().key(plain_text_).string(text.text());
        w.member(plain_text_ == "outputText" ? "completionReason" : "stop_reason", "stop").end_object();
        encode_chunk_event(out, json.text());
        return;
    }
    Events events(out, form_);
    if (stopped_) {
        // The reason was given already, so the message cannot go on; only its end is left to say.
        events.metadata(0, 1);
        return;
    }
    const bool fresh = !begun_ && !blocks_.any_seen();
    if (fresh) events.start_message();
    std::optional<std::uint32_t> open_text;
    for (const auto& [index, text] : blocks_.all()) {
        if (text) open_text = index;
    }
    for (const auto& [index, text] : blocks_.all()) {
        if (index != open_text) events.stop_block(index);
    }
    // A text block of Converse begins with its first delta.
    const std::uint32_t index = open_text.value_or(blocks_.next());
    events.text(index, open_text ? "\n\n" : "", notice.message);
    events.stop_block(index);
    events.stop_message(notice);
    events.metadata(0, 1);
}

void BedrockEnding::write_failure(Buffer& out, std::string_view message) {
    if (ended_) return;
    ended_ = true;
    Buffer json(out.pool());
    json::Writer(json).begin_object().member("message", message).end_object();
    encode_aws_json_exception(out, "modelStreamErrorException", json.text());
}

}  // namespace gw::provider
