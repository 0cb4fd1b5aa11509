// Gemini, answers: whole, and the frames of a provider's stream, each an answer in small.
#include "provider/dialect_text.h"
#include "provider/gemini_parts.h"
#include "provider/gemini_stream.h"
#include "provider/translate_blocks.h"
#include "provider/translate_steps.h"
#include "provider/translate_words.h"
#include "sse/sse.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using json::Writer;
using message::Answer;
using message::AnswerPart;
using message::AnswerStep;
using message::AnswerSteps;
using message::StopReason;

namespace translate_gemini {
namespace {

constexpr std::string_view no_object = "The provider's model called a tool with arguments that are no JSON object";

Error no_answer(const Value& value) noexcept {
    return {GW_ERR_UPSTREAM, value.offset(), "The provider's answer has no candidates"};
}

// Goes through one frame. `sink` has begin, text, reasoning, call, stop and usage.
template <typename Sink>
[[nodiscard]] Result<void> read_frame(const Value& frame, Sink& sink) {
    if (!frame.is(Kind::object)) return no_answer(frame);
    sink.begin(string_or_empty(gemini_member(frame, "responseId")),
               string_or_empty(gemini_member(frame, "modelVersion")));
    const Value candidates = frame["candidates"];
    if (candidates.size() > 1) return inexpressible(candidates, "The provider gave more than one answer");
    const Value candidate = candidates[0];
    const Value parts = candidate["content"]["parts"];
    for (Value part = parts.first(); part.exists(); part = part.next()) {
        const Value call = gemini_member(part, "functionCall");
        if (call.is(Kind::object)) {
            const Value arguments = call["args"];
            if (gemini_member(call, "partialArgs").exists() || (arguments.exists() && !arguments.is(Kind::object)))
                return inexpressible(call, "The provider's answer holds what cannot be translated");
            sink.call(string_or_empty(call["name"]), string_or_empty(call["id"]),
                      arguments.exists() ? arguments.raw() : std::string_view("{}"));
        } else if (part["text"].is(Kind::string)) {
            if (part["thought"].as_bool() == true) {
                sink.reasoning(*part["text"].as_string());
            } else {
                sink.text(*part["text"].as_string());
            }
        } else if (part["thought"].as_bool() != true && part.size() > 0 &&
                   !(part.size() == 1 && gemini_member(part, "thoughtSignature").exists())) {
            return inexpressible(part, "The provider's answer holds what cannot be translated");
        }
    }
    sink.usage(read_token_usage(DialectName::gemini, gemini_member(frame, "usageMetadata")));
    const std::string_view reason = string_or_empty(gemini_member(candidate, "finishReason"));
    if (reason == "MALFORMED_FUNCTION_CALL" || reason == "UNEXPECTED_TOOL_CALL")
        return Error{GW_ERR_UPSTREAM, candidate.offset(), "The provider's model failed to call a tool"};
    if (!reason.empty() && reason != "FINISH_REASON_UNSPECIFIED") {
        sink.stop(reason_of_word(DialectName::gemini, reason));
    } else if (gemini_member(gemini_member(frame, "promptFeedback"), "blockReason").is(Kind::string)) {
        sink.stop(StopReason::content_filter);
    }
    return {};
}

class FrameSteps final : public AnswerReader {
public:
    explicit FrameSteps(std::pmr::memory_resource* memory) : steps_(memory) {}

    [[nodiscard]] Result<void> read(std::string_view /*type*/, const Value& root, AnswerSteps& steps) override {
        steps_.start(steps);
        if (!root.is(Kind::array)) return frame(root);
        for (Value it = root.first(); it.exists(); it = it.next()) {
            if (auto good = frame(it); !good) return good;
        }
        return {};
    }
    void end(AnswerSteps& steps) override {
        steps_.start(steps);
        steps_.close();
    }

    void begin(std::string_view id, std::string_view model) { steps_.begin(id, model); }
    void text(std::string_view text) { steps_.text(AnswerKind::text, text); }
    void reasoning(std::string_view text) { steps_.reasoning(text); }
    void call(std::string_view tool, std::string_view id, std::string_view arguments) {
        steps_.call(tool, id);
        steps_.arguments(arguments);
        steps_.close();
    }
    void stop(StopReason reason) { steps_.stop(reason); }
    void usage(const message::TokenUsage& usage) { steps_.usage(usage); }

private:
    [[nodiscard]] Result<void> frame(const Value& frame) {
        if (frame["error"].is(Kind::object)) {
            steps_.error(string_or_empty(frame["error"]["message"]));
            return {};
        }
        return read_frame(frame, *this);
    }

    StepMaker steps_;
};

// A whole answer's parts.
struct AnswerSink {
    Answer& answer;
    bool stopped = false;

    void begin(std::string_view id, std::string_view /*model*/) { answer.id = id; }
    void text(std::string_view text) {
        if (!text.empty()) answer.parts.push_back({AnswerKind::text, text, {}, {}});
    }
    void reasoning(std::string_view /*text*/) {}
    void call(std::string_view tool, std::string_view id, std::string_view arguments) {
        answer.parts.push_back({AnswerKind::call, arguments, tool, id});
    }
    void stop(StopReason reason) {
        answer.reason = reason;
        stopped = true;
    }
    void usage(const message::TokenUsage& usage) { answer.usage = usage; }
};

// Frames of a client's stream. A call is sent whole, so that its arguments are held until then.
class FrameWriter final : public AnswerWriter {
public:
    FrameWriter(const AnswerWriterOptions& options, std::pmr::memory_resource* memory)
        : options_(options), id_(options.identity.id, memory), tool_(memory), call_id_(memory), arguments_(memory) {}

    [[nodiscard]] Result<void> write(const AnswerStep& step, Buffer& out) override {
        using What = AnswerStep::What;
        switch (step.what) {
        case What::begin: id_ = prefixed_id({}, step.id, options_.identity.id, id_.get_allocator().resource()); break;
        case What::open:
            kind_ = step.kind;
            refused_ = refused_ || kind_ == AnswerKind::refusal;
            if (kind_ == AnswerKind::call) {
                tool_ = step.tool;
                call_id_ = step.call_id;
                arguments_.clear();
            }
            break;
        case What::delta:
            if (kind_ != AnswerKind::call) {
                send(out, [&](Writer& w) { w.member("text", step.text); });
                break;
            }
            if (step.text.size() > options_.held_bytes_max - arguments_.size())
                return Error{GW_ERR_LIMIT, 0, "The provider's model called a tool with too long arguments"};
            arguments_ += step.text;
            break;
        case What::close:
            if (kind_ == AnswerKind::call) return send_call(out);
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
        const bool refused = refused_ && reason_ == StopReason::stop;
        const StopReason reason = refused ? StopReason::content_filter : reason_;
        Buffer frame(out.pool());
        Writer w(frame);
        w.begin_object().key("candidates").begin_array().begin_object();
        w.key("content").begin_object().key("parts").begin_array().begin_object().member("text", "").end_object();
        w.end_array().member("role", "model").end_object();
        w.member("finishReason", word_of_reason(DialectName::gemini, reason)).member("index", 0);
        w.end_object().end_array();
        if (usage_.known) {
            w.key("usageMetadata");
            write_token_usage(w, DialectName::gemini, usage_);
        }
        end_frame(w);
        sse::encode_data(out, frame.text());
    }

    void fail(Buffer& out, std::string_view message) override {
        Buffer frame(out.pool());
        write_gemini_error(frame, 502, message);
        sse::encode_data(out, frame.text());
    }

private:
    [[nodiscard]] Result<void> send_call(Buffer& out) {
        std::string_view arguments;
        if (!read_arguments(arguments_, arguments, id_.get_allocator().resource()))
            return Error{GW_ERR_UPSTREAM, 0, no_object};
        send(out, [&](Writer& w) { write_gemini_call(w, tool_, call_id_, arguments); });
        return {};
    }

    template <typename WritePart>
    void send(Buffer& out, WritePart write_part) {
        Buffer frame(out.pool());
        Writer w(frame);
        w.begin_object().key("candidates").begin_array().begin_object();
        w.key("content").begin_object().key("parts").begin_array().begin_object();
        write_part(w);
        w.end_object().end_array().member("role", "model").end_object().member("index", 0).end_object().end_array();
        end_frame(w);
        sse::encode_data(out, frame.text());
    }

    void end_frame(Writer& w) const {
        w.member("modelVersion", options_.identity.model).member("responseId", std::string_view(id_)).end_object();
    }

    static void write_gemini_call(Writer& w, std::string_view tool, std::string_view id, std::string_view arguments) {
        w.key("functionCall").begin_object().member("id", id).member("name", tool).key("args").raw(arguments);
        w.end_object();
    }

    AnswerWriterOptions options_;
    std::pmr::string id_, tool_, call_id_, arguments_;
    AnswerKind kind_ = AnswerKind::text;
    StopReason reason_ = StopReason::stop;
    message::TokenUsage usage_;
    bool refused_ = false;
};

class GeminiTranslator final : public Translator {
public:
    [[nodiscard]] Result<void> read_request(std::string_view path, std::string_view query, const Value& root,
                                            message::Conversation& conversation) const override {
        return read_gemini_request(path, query, root, conversation);
    }
    [[nodiscard]] Result<void> write_request(Buffer& out, const message::Conversation& conversation,
                                             std::string_view /*model*/) const override {
        return write_gemini_request(out, conversation);  // the path names the model
    }
    [[nodiscard]] Result<void> read_answer(const Value& root, Answer& answer) const override {
        return read_gemini_answer(root, answer);
    }
    [[nodiscard]] Result<void> write_answer(Buffer& out, const Answer& answer,
                                            const message::AnswerIdentity& identity) const override {
        return write_gemini_answer(out, answer, identity);
    }
    [[nodiscard]] Owned<AnswerReader> new_reader(std::pmr::memory_resource* memory) const override {
        return make_owned<FrameSteps>(memory, memory);
    }
    [[nodiscard]] Owned<AnswerWriter> new_writer(const AnswerWriterOptions& options,
                                                 std::pmr::memory_resource* memory) const override {
        return make_owned<FrameWriter>(memory, options, memory);
    }
};

}  // namespace
}  // namespace translate_gemini

Result<void> read_gemini_answer(const Value& root, Answer& answer) {
    translate_gemini::AnswerSink sink{answer};
    if (auto good = translate_gemini::read_frame(root, sink); !good) return good;
    if (root["candidates"].size() == 0 && !sink.stopped) return translate_gemini::no_answer(root);
    return {};
}

Result<void> write_gemini_answer(Buffer& out, const Answer& answer, const message::AnswerIdentity& identity) {
    std::pmr::memory_resource* const memory = answer.parts.get_allocator().resource();
    bool refused = false;
    Writer w(out);
    w.begin_object().key("candidates").begin_array().begin_object();
    w.key("content").begin_object().key("parts").begin_array();
    for (const AnswerPart& part : answer.parts) {
        refused = refused || part.kind == AnswerKind::refusal;
        w.begin_object();
        if (part.kind == AnswerKind::call) {
            std::string_view arguments;
            if (!read_arguments(part.text, arguments, memory))
                return Error{GW_ERR_UPSTREAM, 0, translate_gemini::no_object};
            w.key("functionCall").begin_object().member("id", part.call_id).member("name", part.tool);
            w.key("args").raw(arguments).end_object();
        } else {
            w.member("text", part.text);
        }
        w.end_object();
    }
    w.end_array().member("role", "model").end_object();
    const StopReason reason = refused && answer.reason == StopReason::stop ? StopReason::content_filter : answer.reason;
    w.member("finishReason", word_of_reason(DialectName::gemini, reason)).member("index", 0).end_object().end_array();
    if (answer.usage.known) {
        w.key("usageMetadata");
        write_token_usage(w, DialectName::gemini, answer.usage);
    }
    w.member("modelVersion", identity.model);
    w.member("responseId", prefixed_id({}, answer.id, identity.id, memory)).end_object();
    return {};
}

const Translator& gemini_translator() noexcept {
    static const translate_gemini::GeminiTranslator translator;
    return translator;
}

}  // namespace gw::provider
