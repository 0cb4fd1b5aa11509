// Anthropic Messages, the events for a client:
//
//     message_start ─► content_block_start, _delta, _delta, _stop ─► ... ─► message_delta ─► message_stop
#include "core/text.h"
#include "provider/translate_blocks.h"
#include "provider/translate_words.h"
#include "sse/sse.h"

namespace gw::provider {

using json::Writer;
using message::AnswerStep;

namespace translate_anthropic {
namespace {

class EventWriter final : public AnswerWriter {
public:
    EventWriter(const AnswerWriterOptions& options, std::pmr::memory_resource* memory)
        : options_(options), stop_sequence_(memory) {}

    [[nodiscard]] Result<void> write(const AnswerStep& step, Buffer& out) override {
        using What = AnswerStep::What;
        switch (step.what) {
        case What::begin: begin(step.id, out); break;
        case What::open:
            begin({}, out);
            kind_ = step.kind;
            refused_ = refused_ || kind_ == AnswerKind::refusal;
            open_block(step, out);
            break;
        case What::delta: write_delta(step.text, out); break;
        case What::close: send("content_block_stop", out, [&](Writer& w) { w.member("index", index_++); }); break;
        case What::stop: {
            constexpr std::size_t sequence_bytes_max = 1024;
            reason_ = step.reason;
            stop_sequence_ = cut_utf8(step.stop_sequence, sequence_bytes_max);
            break;
        }
        case What::usage: usage_ = step.usage; break;
        case What::reasoning:
        case What::error:
        case What::end: break;
        }
        return {};
    }

    void finish(Buffer& out) override {
        begin({}, out);
        send("message_delta", out, [&](Writer& w) {
            w.key("delta").begin_object();
            w.member("stop_reason", anthropic_stop_word(reason_, stop_sequence_, refused_)).key("stop_sequence");
            if (stop_sequence_.empty()) {
                w.null();
            } else {
                w.string(stop_sequence_);
            }
            w.end_object().key("usage");
            write_token_usage(w, DialectName::anthropic, usage_);
        });
        send("message_stop", out, [](Writer&) {});
    }

    void fail(Buffer& out, std::string_view message) override {
        send("error", out, [&](Writer& w) {
            w.key("error").begin_object().member("type", "api_error").member("message", message).end_object();
        });
    }

private:
    void begin(std::string_view id, Buffer& out) {
        if (begun_) return;
        begun_ = true;
        const auto sent_id = prefixed_id("msg_", id, options_.identity.id, stop_sequence_.get_allocator().resource());
        send("message_start", out, [&](Writer& w) {
            w.key("message").begin_object().member("id", sent_id).member("type", "message");
            w.member("role", "assistant").member("model", options_.identity.model);
            w.key("content").begin_array().end_array().key("stop_reason").null().key("stop_sequence").null();
            w.key("usage");
            write_token_usage(w, DialectName::anthropic, usage_);
            w.end_object();
        });
    }

    void open_block(const AnswerStep& step, Buffer& out) {
        send("content_block_start", out, [&](Writer& w) {
            w.member("index", index_).key("content_block").begin_object();
            if (step.kind == AnswerKind::call) {
                w.member("type", "tool_use").member("id", step.call_id).member("name", step.tool);
                w.key("input").begin_object().end_object();
            } else {
                w.member("type", "text").member("text", "");
            }
            w.end_object();
        });
    }

    void write_delta(std::string_view text, Buffer& out) {
        send("content_block_delta", out, [&](Writer& w) {
            w.member("index", index_).key("delta").begin_object();
            if (kind_ == AnswerKind::call) {
                w.member("type", "input_json_delta").member("partial_json", text);
            } else {
                w.member("type", "text_delta").member("text", text);
            }
            w.end_object();
        });
    }

    template <typename Fill>
    void send(std::string_view type, Buffer& out, Fill fill) {
        Buffer data(out.pool());
        Writer w(data);
        w.begin_object().member("type", type);
        fill(w);
        w.end_object();
        sse::encode(out, type, data.text());
    }

    AnswerWriterOptions options_;
    std::pmr::string stop_sequence_;
    std::uint64_t index_ = 0;
    AnswerKind kind_ = AnswerKind::text;
    message::StopReason reason_ = message::StopReason::stop;
    message::TokenUsage usage_;
    bool begun_ = false;
    bool refused_ = false;
};

class AnthropicTranslator final : public Translator {
public:
    [[nodiscard]] Result<void> read_request(std::string_view, std::string_view, const json::Value& root,
                                            message::Conversation& conversation) const override {
        return read_anthropic_request(root, conversation);
    }
    [[nodiscard]] Result<void> write_request(Buffer& out, const message::Conversation& conversation,
                                             std::string_view model) const override {
        return write_anthropic_request(out, conversation, model);
    }
    [[nodiscard]] Result<void> read_answer(const json::Value& root, message::Answer& answer) const override {
        return read_anthropic_answer(root, answer);
    }
    [[nodiscard]] Result<void> write_answer(Buffer& out, const message::Answer& answer,
                                            const message::AnswerIdentity& identity) const override {
        return write_anthropic_answer(out, answer, identity);
    }
    [[nodiscard]] Owned<AnswerReader> new_reader(std::pmr::memory_resource* memory) const override {
        return new_anthropic_answer_reader(memory);
    }
    [[nodiscard]] Owned<AnswerWriter> new_writer(const AnswerWriterOptions& options,
                                                 std::pmr::memory_resource* memory) const override {
        return make_owned<EventWriter>(memory, options, memory);
    }
};

}  // namespace
}  // namespace translate_anthropic

const Translator& anthropic_translator() noexcept {
    static const translate_anthropic::AnthropicTranslator translator;
    return translator;
}

}  // namespace gw::provider
