// OpenAI chat completions, answers: whole, and the chunks of a provider's stream.
#include "provider/dialect_text.h"
#include "provider/translate_chat.h"
#include "provider/translate_steps.h"
#include "provider/translate_words.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using json::Writer;
using message::Answer;
using message::AnswerPart;
using message::AnswerSteps;

namespace translate_chat {
namespace {

constexpr std::string_view not_translatable = "The provider's answer holds what cannot be translated";

Error no_answer(const Value& value) noexcept {
    return {GW_ERR_UPSTREAM, value.offset(), "The provider's answer is no chat completion"};
}

// Beside text, refusal and calls; reasoning is left out.
bool holds_more(const Value& message) noexcept {
    return message["audio"].is(Kind::object) || message["function_call"].is(Kind::object) ||
           message["images"].size() > 0;
}

// A string, or parts; what is no text is not for `add`.
template <typename Add>
void each_text(const Value& content, Add add) {
    if (content.is(Kind::string)) add(*content.as_string());
    if (!content.is(Kind::array)) return;
    for (Value part = content.first(); part.exists(); part = part.next()) {
        if (string_or_empty(part["type"]) == "text") add(string_or_empty(part["text"]));
    }
}

class ChunkReader final : public AnswerReader {
public:
    explicit ChunkReader(std::pmr::memory_resource* memory) : steps_(memory), call_id_(memory) {}

    [[nodiscard]] Result<void> read(std::string_view /*type*/, const Value& root, AnswerSteps& steps) override {
        steps_.start(steps);
        if (!root.is(Kind::object)) return no_answer(root);
        const Value error = root["error"];
        if (error.exists() && error.kind() != Kind::null) {
            steps_.error(string_or_empty(error.is(Kind::string) ? error : error["message"]));
            return {};
        }
        const Value choices = root["choices"];
        // Azure's first chunk has neither.
        if (choices.size() > 0 || !string_or_empty(root["id"]).empty())
            steps_.begin(string_or_empty(root["id"]), string_or_empty(root["model"]));
        for (Value choice = choices.first(); choice.exists(); choice = choice.next()) {
            if (auto good = read_choice(choice); !good) return good;
        }
        steps_.usage(read_token_usage(DialectName::openai_chat, root["usage"]));
        return {};
    }

    void end(AnswerSteps& steps) override {
        steps_.start(steps);
        steps_.close();
    }

private:
    [[nodiscard]] Result<void> read_choice(const Value& choice) {
        const auto index = wire_index(choice["index"]);
        if (!index) return no_answer(choice);
        if (*index != 0) return inexpressible(choice, "The provider gave more than one answer");
        const Value delta = choice["delta"];
        if (holds_more(delta)) return inexpressible(delta, not_translatable);
        const std::string_view reasoning = string_or_empty(delta["reasoning_content"]);
        steps_.reasoning(reasoning.empty() ? string_or_empty(delta["reasoning"]) : reasoning);
        each_text(delta["content"], [&](std::string_view text) { steps_.text(AnswerKind::text, text); });
        steps_.text(AnswerKind::refusal, string_or_empty(delta["refusal"]));
        const Value calls = delta["tool_calls"];
        for (Value call = calls.first(); call.exists(); call = call.next()) {
            if (auto good = read_call(call); !good) return good;
        }
        if (const Value reason = choice["finish_reason"]; !string_or_empty(reason).empty())
            steps_.stop(reason_of_word(DialectName::openai_chat, *reason.as_string()));
        return {};
    }

    // The pieces of one call share an index, and with some servers only their order.
    [[nodiscard]] Result<void> read_call(const Value& call) {
        const Value function = call["function"];
        if (!function.is(Kind::object)) return inexpressible(call, not_translatable);
        const std::string_view id = string_or_empty(call["id"]);
        const std::string_view tool = string_or_empty(function["name"]);
        const std::string_view arguments = string_or_empty(function["arguments"]);
        const auto index = wire_index(call["index"]);
        if (!index) return no_answer(call);
        const bool numbered = call["index"].is(Kind::number);
        bool same = steps_.is_open(AnswerKind::call) && (id.empty() || id == call_id_);
        if (numbered) same = same && *index == index_;
        if (!numbered) same = same && (!id.empty() || tool.empty());
        if (!same) {
            if (tool.empty() && arguments.empty()) return {};
            // Without a name it is more of a call that had ended.
            if (tool.empty()) return inexpressible(call, "The provider mixed the pieces of several calls");
            steps_.call(tool, id);
            index_ = *index;
            constexpr std::size_t id_bytes_max = 1024;
            call_id_ = id.substr(0, id_bytes_max);
        }
        steps_.arguments(arguments);
        return {};
    }

    StepMaker steps_;
    std::pmr::string call_id_;
    std::uint32_t index_ = 0;
};

}  // namespace
}  // namespace translate_chat

Result<void> read_chat_answer(const Value& root, Answer& answer) {
    const Value choices = root["choices"];
    if (choices.size() == 0) return translate_chat::no_answer(root);
    if (choices.size() > 1) return inexpressible(choices, "The provider gave more than one answer");
    const Value choice = choices[0];
    const Value message = choice["message"];
    if (!message.is(Kind::object)) return translate_chat::no_answer(choice);
    if (translate_chat::holds_more(message)) return inexpressible(message, translate_chat::not_translatable);
    answer.id = string_or_empty(root["id"]);
    translate_chat::each_text(message["content"], [&](std::string_view text) {
        if (!text.empty()) answer.parts.push_back({AnswerKind::text, text, {}, {}});
    });
    if (const std::string_view refusal = string_or_empty(message["refusal"]); !refusal.empty())
        answer.parts.push_back({AnswerKind::refusal, refusal, {}, {}});
    const Value calls = message["tool_calls"];
    for (Value call = calls.first(); call.exists(); call = call.next()) {
        const Value function = call["function"];
        const std::string_view tool = string_or_empty(function["name"]);
        if (tool.empty()) return inexpressible(call, translate_chat::not_translatable);
        answer.parts.push_back(
            {AnswerKind::call, string_or_empty(function["arguments"]), tool, string_or_empty(call["id"])});
    }
    answer.reason = reason_of_word(DialectName::openai_chat, string_or_empty(choice["finish_reason"]));
    answer.usage = read_token_usage(DialectName::openai_chat, root["usage"]);
    return {};
}

void write_chat_answer(Buffer& out, const Answer& answer, const message::AnswerIdentity& identity) {
    std::pmr::memory_resource* const memory = answer.parts.get_allocator().resource();
    std::pmr::string text(memory);
    std::pmr::string refusal(memory);
    bool calls = false;
    for (const AnswerPart& part : answer.parts) {
        if (part.kind == AnswerKind::text) text += part.text;
        if (part.kind == AnswerKind::refusal) refusal += part.text;
        calls = calls || part.kind == AnswerKind::call;
    }
    Writer w(out);
    w.begin_object().member("id", prefixed_id("chatcmpl-", answer.id, identity.id, memory));
    w.member("object", "chat.completion").member("created", identity.created_s).member("model", identity.model);
    w.key("choices").begin_array().begin_object().member("index", 0);
    w.key("message").begin_object().member("role", "assistant").key("content");
    if (text.empty() && (calls || !refusal.empty())) {
        w.null();
    } else {
        w.string(text);
    }
    w.key("refusal");
    if (refusal.empty()) {
        w.null();
    } else {
        w.string(refusal);
    }
    if (calls) {
        w.key("tool_calls").begin_array();
        for (const AnswerPart& part : answer.parts) {
            if (part.kind != AnswerKind::call) continue;
            w.begin_object().member("id", part.call_id).member("type", "function").key("function").begin_object();
            w.member("name", part.tool).member("arguments", part.text.empty() ? std::string_view("{}") : part.text);
            w.end_object().end_object();
        }
        w.end_array();
    }
    w.end_object().key("logprobs").null();
    w.member("finish_reason", word_of_reason(DialectName::openai_chat, answer.reason)).end_object().end_array();
    if (answer.usage.known) {
        w.key("usage");
        write_token_usage(w, DialectName::openai_chat, answer.usage);
    }
    w.end_object();
}

Owned<AnswerReader> new_chat_answer_reader(std::pmr::memory_resource* memory) {
    return make_owned<translate_chat::ChunkReader>(memory, memory);
}

}  // namespace gw::provider
