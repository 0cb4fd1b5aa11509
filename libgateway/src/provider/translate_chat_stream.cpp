// OpenAI chat completions, the chunks for a client:
//
//     {"delta":{"role":"assistant","content":""}} ─► {"delta":{"content":"..."}}, {"delta":{"tool_calls":[...]}}
//     ─► {"delta":{},"finish_reason":"stop"} ─► {"choices":[],"usage":{...}} where it was asked for ─► [DONE]
#include "provider/dialect_openai_chat.h"
#include "provider/translate_chat.h"
#include "provider/translate_words.h"
#include "sse/sse.h"

namespace gw::provider {

using json::Writer;
using message::AnswerStep;

namespace translate_chat {
namespace {

class ChunkWriter final : public AnswerWriter {
public:
    ChunkWriter(const AnswerWriterOptions& options, std::pmr::memory_resource* memory)
        : options_(options), id_(memory) {}

    [[nodiscard]] Result<void> write(const AnswerStep& step, Buffer& out) override {
        using What = AnswerStep::What;
        switch (step.what) {
        case What::begin: begin(step.id, out); break;
        case What::open:
            begin({}, out);
            kind_ = step.kind;
            if (kind_ == AnswerKind::call) open_call(step, out);
            break;
        case What::delta: write_delta(step.text, out); break;
        case What::close:
            // Clients parse what they have put together, and nothing is no JSON.
            if (kind_ == AnswerKind::call && !has_arguments_) write_delta("{}", out);
            break;
        case What::stop: reason_ = step.reason; break;
        case What::usage: usage_ = step.usage; break;
        case What::reasoning:
        case What::error:
        case What::end: break;
        }
        return {};
    }

    void finish(Buffer& out) override {
        begin({}, out);
        send(
            out, [&](Writer& w) { w.begin_object().end_object(); }, word_of_reason(DialectName::openai_chat, reason_));
        if (options_.include_usage) {
            Buffer data(out.pool());
            Writer w(data);
            head(w);
            w.key("choices").begin_array().end_array().key("usage");
            write_token_usage(w, DialectName::openai_chat, usage_);
            w.end_object();
            sse::encode_data(out, data.text());
        }
        sse::encode_data(out, "[DONE]");
    }

    void fail(Buffer& out, std::string_view message) override {
        Buffer error(out.pool());
        write_openai_error(error, 502, message);
        sse::encode_data(out, error.text());
        sse::encode_data(out, "[DONE]");
    }

private:
    void begin(std::string_view id, Buffer& out) {
        if (begun_) return;
        begun_ = true;
        id_ = prefixed_id("chatcmpl-", id, options_.identity.id, id_.get_allocator().resource());
        send(out, [](Writer& w) { w.begin_object().member("role", "assistant").member("content", "").end_object(); });
    }

    void open_call(const AnswerStep& step, Buffer& out) {
        has_arguments_ = false;
        call_ = calls_++;
        send(out, [&](Writer& w) {
            w.begin_object().key("tool_calls").begin_array().begin_object().member("index", call_);
            w.member("id", step.call_id).member("type", "function").key("function").begin_object();
            w.member("name", step.tool).member("arguments", "").end_object().end_object().end_array().end_object();
        });
    }

    void write_delta(std::string_view text, Buffer& out) {
        send(out, [&](Writer& w) {
            w.begin_object();
            if (kind_ == AnswerKind::call) {
                has_arguments_ = true;
                w.key("tool_calls").begin_array().begin_object().member("index", call_).key("function");
                w.begin_object().member("arguments", text).end_object().end_object().end_array();
            } else {
                w.member(kind_ == AnswerKind::refusal ? "refusal" : "content", text);
            }
            w.end_object();
        });
    }

    void head(Writer& w) const {
        w.begin_object().member("id", std::string_view(id_)).member("object", "chat.completion.chunk");
        w.member("created", options_.identity.created_s).member("model", options_.identity.model);
    }

    template <typename WriteDelta>
    void send(Buffer& out, WriteDelta write_delta, std::string_view reason = {}) {
        Buffer data(out.pool());
        Writer w(data);
        head(w);
        w.key("choices").begin_array().begin_object().member("index", 0).key("delta");
        write_delta(w);
        w.key("finish_reason");
        if (reason.empty()) {
            w.null();
        } else {
            w.string(reason);
        }
        w.end_object().end_array();
        if (options_.include_usage) w.key("usage").null();
        w.end_object();
        sse::encode_data(out, data.text());
    }

    AnswerWriterOptions options_;
    std::pmr::string id_;
    std::uint64_t calls_ = 0, call_ = 0;
    AnswerKind kind_ = AnswerKind::text;
    message::StopReason reason_ = message::StopReason::stop;
    message::TokenUsage usage_;
    bool begun_ = false;
    bool has_arguments_ = false;
};

class ChatTranslator final : public Translator {
public:
    [[nodiscard]] Result<void> read_request(std::string_view, std::string_view, const json::Value& root,
                                            message::Conversation& conversation) const override {
        return read_chat_request(root, conversation);
    }
    [[nodiscard]] Result<void> write_request(Buffer& out, const message::Conversation& conversation,
                                             std::string_view model) const override {
        return write_chat_request(out, conversation, model);
    }
    [[nodiscard]] Result<void> read_answer(const json::Value& root, message::Answer& answer) const override {
        return read_chat_answer(root, answer);
    }
    [[nodiscard]] Result<void> write_answer(Buffer& out, const message::Answer& answer,
                                            const message::AnswerIdentity& identity) const override {
        write_chat_answer(out, answer, identity);
        return {};
    }
    [[nodiscard]] Owned<AnswerReader> new_reader(std::pmr::memory_resource* memory) const override {
        return new_chat_answer_reader(memory);
    }
    [[nodiscard]] Owned<AnswerWriter> new_writer(const AnswerWriterOptions& options,
                                                 std::pmr::memory_resource* memory) const override {
        return make_owned<ChunkWriter>(memory, options, memory);
    }
};

}  // namespace
}  // namespace translate_chat

const Translator& chat_translator() noexcept {
    static const translate_chat::ChatTranslator translator;
    return translator;
}

}  // namespace gw::provider
