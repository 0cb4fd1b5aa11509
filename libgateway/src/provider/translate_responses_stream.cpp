// OpenAI Responses, the events for a client. An item is a message with one part, or a call:
//
//     response.created, response.in_progress
//       response.output_item.added
//         response.content_part.added ─► response.output_text.delta ─► response.output_text.done ─► content_part.done
//         or response.function_call_arguments.delta ─► .done
//       response.output_item.done
//     response.completed, with all items once more
#include <algorithm>
#include <charconv>

#include "provider/dialect_responses_events.h"
#include "provider/translate_chat.h"
#include "provider/translate_responses_items.h"
#include "provider/translate_words.h"

namespace gw::provider {

using json::Writer;
using message::AnswerPart;
using message::AnswerStep;
using message::StopReason;

std::pmr::string response_item_id(AnswerKind kind, std::string_view response_id, std::uint64_t index,
                                  std::pmr::memory_resource* memory) {
    std::pmr::string id(kind == AnswerKind::call ? "fc_" : "msg_", memory);
    if (response_id.starts_with("resp_")) response_id.remove_prefix(5);
    id += response_id;
    id += '_';
    char digits[20];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), index).ptr;
    id.append(digits, static_cast<std::size_t>(end - digits));
    return id;
}

void write_response_part(Writer& w, AnswerKind kind, std::string_view text) {
    w.begin_object();
    if (kind == AnswerKind::refusal) {
        w.member("type", "refusal").member("refusal", text);
    } else {
        w.member("type", "output_text").member("text", text).key("annotations").begin_array().end_array();
        w.key("logprobs").begin_array().end_array();
    }
    w.end_object();
}

void write_response_item(Writer& w, const AnswerPart& part, std::string_view item_id, bool done) {
    const std::string_view status = done ? "completed" : "in_progress";
    w.begin_object().member("id", item_id);
    if (part.kind == AnswerKind::call) {
        w.member("type", "function_call").member("status", status).member("call_id", part.call_id);
        w.member("name", part.tool);
        w.member("arguments", done && part.text.empty() ? std::string_view("{}") : part.text);
    } else {
        w.member("type", "message").member("status", status).member("role", "assistant").key("content").begin_array();
        if (done) write_response_part(w, part.kind, part.text);
        w.end_array();
    }
    w.end_object();
}

void write_response(Writer& w, std::string_view id, const ResponseState& state) {
    const bool cut = state.reason != nullptr && !word_of_reason(DialectName::openai_responses, *state.reason).empty();
    w.begin_object().member("id", id).member("object", "response").member("created_at", state.created_s);
    w.member("status", state.reason == nullptr ? "in_progress" : cut ? "incomplete" : "completed");
    w.key("error").null().key("incomplete_details");
    if (cut) {
        w.begin_object().member("reason", word_of_reason(DialectName::openai_responses, *state.reason)).end_object();
    } else {
        w.null();
    }
    w.key("instructions").null().member("model", state.model).key("output").begin_array();
    if (!state.output.empty()) w.raw(state.output);
    w.end_array().member("parallel_tool_calls", true).key("previous_response_id").null();
    w.member("store", false).member("tool_choice", "auto").key("tools").begin_array().end_array().key("usage");
    if (state.usage.known) {
        write_token_usage(w, DialectName::openai_responses, state.usage);
    } else {
        w.null();
    }
    w.key("metadata").begin_object().end_object().end_object();
}

void write_responses_answer(Buffer& out, const message::Answer& answer, const message::AnswerIdentity& identity) {
    std::pmr::memory_resource* const memory = answer.parts.get_allocator().resource();
    const std::pmr::string id = prefixed_id("resp_", answer.id, identity.id, memory);
    Buffer output(out.pool());
    std::uint64_t index = 0;
    for (const AnswerPart& part : answer.parts) {
        if (!output.empty()) output.append(',');
        Writer w(output);
        write_response_item(w, part, response_item_id(part.kind, id, index++, memory), true);
    }
    Writer w(out);
    write_response(w, id, {identity.model, identity.created_s, output.text(), &answer.reason, answer.usage});
}

namespace translate_responses {
namespace {

class EventWriter final : public AnswerWriter {
public:
    EventWriter(const AnswerWriterOptions& options, std::pmr::memory_resource* memory)
        : options_(options),
          memory_(memory),
          id_(memory),
          item_id_(memory),
          tool_(memory),
          call_id_(memory),
          text_(memory),
          output_(memory) {}

    [[nodiscard]] Result<void> write(const AnswerStep& step, Buffer& out) override {
        using What = AnswerStep::What;
        switch (step.what) {
        case What::begin: begin(step.id, out); break;
        case What::open:
            begin({}, out);
            open(step, out);
            break;
        case What::delta:
            if (step.text.size() > options_.held_bytes_max - std::min(options_.held_bytes_max, held()))
                return Error{GW_ERR_LIMIT, 0, "The provider's answer is too long to be translated"};
            append(step.text, out);
            break;
        case What::close: close(out); break;
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
        const bool cut = !word_of_reason(DialectName::openai_responses, reason_).empty();
        send(cut ? "response.incomplete" : "response.completed", out, [&](Writer& w) {
            w.key("response");
            write_response(w, id_, {options_.identity.model, options_.identity.created_s, output_, &reason_, usage_});
        });
    }

    void fail(Buffer& out, std::string_view message) override {
        send("error", out,
             [&](Writer& w) { w.member("code", "upstream_error").member("message", message).key("param").null(); });
    }

private:
    [[nodiscard]] std::size_t held() const noexcept { return text_.size() + output_.size(); }
    [[nodiscard]] AnswerPart part() const noexcept { return {kind_, text_, tool_, call_id_}; }

    void begin(std::string_view id, Buffer& out) {
        if (begun_) return;
        begun_ = true;
        id_ = prefixed_id("resp_", id, options_.identity.id, memory_);
        for (const std::string_view type : {"response.created", "response.in_progress"}) {
            send(type, out, [&](Writer& w) {
                w.key("response");
                write_response(w, id_, {options_.identity.model, options_.identity.created_s, {}, nullptr, {}});
            });
        }
    }

    void open(const AnswerStep& step, Buffer& out) {
        kind_ = step.kind;
        tool_ = step.tool;
        call_id_ = step.call_id;
        text_.clear();
        item_id_ = response_item_id(kind_, id_, index_, memory_);
        send("response.output_item.added", out, [&](Writer& w) {
            w.member("output_index", index_).key("item");
            write_response_item(w, part(), item_id_, false);
        });
        if (kind_ == AnswerKind::call) return;
        send("response.content_part.added", out, [&](Writer& w) {
            address(w);
            w.key("part");
            write_response_part(w, kind_, {});
        });
    }

    void append(std::string_view text, Buffer& out) {
        text_ += text;
        send(kind_ == AnswerKind::call      ? "response.function_call_arguments.delta"
             : kind_ == AnswerKind::refusal ? "response.refusal.delta"
                                            : "response.output_text.delta",
             out, [&](Writer& w) {
                 address(w);
                 w.member("delta", text);
                 if (kind_ == AnswerKind::text) w.key("logprobs").begin_array().end_array();
             });
    }

    void close(Buffer& out) {
        if (kind_ == AnswerKind::call) {
            if (text_.empty()) text_ = "{}";
            send("response.function_call_arguments.done", out, [&](Writer& w) {
                address(w);
                w.member("name", std::string_view(tool_)).member("arguments", std::string_view(text_));
            });
        } else {
            const bool refusal = kind_ == AnswerKind::refusal;
            send(refusal ? "response.refusal.done" : "response.output_text.done", out, [&](Writer& w) {
                address(w);
                w.member(refusal ? "refusal" : "text", std::string_view(text_));
                if (!refusal) w.key("logprobs").begin_array().end_array();
            });
            send("response.content_part.done", out, [&](Writer& w) {
                address(w);
                w.key("part");
                write_response_part(w, kind_, text_);
            });
        }
        Buffer item(out.pool());
        Writer item_writer(item);
        write_response_item(item_writer, part(), item_id_, true);
        send("response.output_item.done", out,
             [&](Writer& w) { w.member("output_index", index_).key("item").raw(item.text()); });
        if (!output_.empty()) output_ += ',';
        output_ += item.text();
        text_.clear();
        ++index_;
    }

    void address(Writer& w) const {
        w.member("item_id", std::string_view(item_id_)).member("output_index", index_);
        if (kind_ != AnswerKind::call) w.member("content_index", 0);
    }

    template <typename Fill>
    void send(std::string_view type, Buffer& out, Fill fill) {
        ResponseEvents events{out, id_, options_.identity.model, options_.identity.created_s, true, sequence_};
        events.send(type, fill);
        sequence_ = events.sequence;
    }

    AnswerWriterOptions options_;
    std::pmr::memory_resource* memory_;
    std::pmr::string id_, item_id_, tool_, call_id_;
    std::pmr::string text_;    // of the item that is open
    std::pmr::string output_;  // the items that are done, as JSON
    std::uint64_t index_ = 0, sequence_ = 0;
    AnswerKind kind_ = AnswerKind::text;
    StopReason reason_ = StopReason::stop;
    message::TokenUsage usage_;
    bool begun_ = false;
};

class ResponsesTranslator final : public Translator {
public:
    [[nodiscard]] Result<void> read_request(std::string_view, std::string_view, const json::Value& root,
                                            message::Conversation& conversation) const override {
        return read_responses_request(root, conversation);
    }
    [[nodiscard]] Result<void> write_request(Buffer& out, const message::Conversation& conversation,
                                             std::string_view model) const override {
        return write_responses_request(out, conversation, model);
    }
    [[nodiscard]] Result<void> read_answer(const json::Value& root, message::Answer& answer) const override {
        return read_responses_answer(root, answer);
    }
    [[nodiscard]] Result<void> write_answer(Buffer& out, const message::Answer& answer,
                                            const message::AnswerIdentity& identity) const override {
        write_responses_answer(out, answer, identity);
        return {};
    }
    [[nodiscard]] Owned<AnswerReader> new_reader(std::pmr::memory_resource* memory) const override {
        return new_responses_answer_reader(memory);
    }
    [[nodiscard]] Owned<AnswerWriter> new_writer(const AnswerWriterOptions& options,
                                                 std::pmr::memory_resource* memory) const override {
        return make_owned<EventWriter>(memory, options, memory);
    }
};

}  // namespace
}  // namespace translate_responses

const Translator& responses_translator() noexcept {
    static const translate_responses::ResponsesTranslator translator;
    return translator;
}

}  // namespace gw::provider
