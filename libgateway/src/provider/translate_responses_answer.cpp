// OpenAI Responses, answers: whole, and the events of a provider's stream. What the events repeat is read once: a part
// from its deltas, and only a part without any from the item that is done.
#include "provider/dialect_text.h"
#include "provider/translate_chat.h"
#include "provider/translate_responses_items.h"
#include "provider/translate_steps.h"
#include "provider/translate_words.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using json::Writer;
using message::Answer;
using message::AnswerPart;
using message::AnswerSteps;
using message::StopReason;

namespace translate_responses {
namespace {

constexpr std::string_view not_translatable = "The provider's answer holds what cannot be translated";

Error no_answer(const Value& value) noexcept {
    return {GW_ERR_UPSTREAM, value.offset(), "The provider's answer is no response"};
}

StopReason reason_of(const Value& response) noexcept {
    return reason_of_word(DialectName::openai_responses, string_or_empty(response["incomplete_details"]["reason"]));
}

// The texts of a message: add(kind, text). False: it holds something else.
template <typename Add>
bool each_part(const Value& item, Add add) {
    const Value content = item["content"];
    for (Value part = content.first(); part.exists(); part = part.next()) {
        const std::string_view type = string_or_empty(part["type"]);
        if (type == "output_text") {
            add(AnswerKind::text, string_or_empty(part["text"]));
        } else if (type == "refusal") {
            add(AnswerKind::refusal, string_or_empty(part["refusal"]));
        } else if (!type.starts_with("reasoning")) {
            return false;
        }
    }
    return true;
}

class EventReader final : public AnswerReader {
public:
    explicit EventReader(std::pmr::memory_resource* memory) : steps_(memory) {}

    [[nodiscard]] Result<void> read(std::string_view type, const Value& root, AnswerSteps& steps) override {
        steps_.start(steps);
        type = root["type"].as_string().value_or(type);
        const Value response = root["response"];
        if (type == "error") {
            steps_.error(string_or_empty((root["error"].is(Kind::object) ? root["error"] : root)["message"]));
        } else if (type == "response.failed" || type == "response.cancelled") {
            steps_.error(string_or_empty(response["error"]["message"]));
        } else if (type == "response.completed" || type == "response.incomplete") {
            steps_.usage(read_token_usage(DialectName::openai_responses, response["usage"]));
            steps_.stop(reason_of(response));
            steps_.end();
        } else if (response.is(Kind::object)) {
            steps_.begin(string_or_empty(response["id"]), string_or_empty(response["model"]));
        } else if (type == "response.output_item.added") {
            return open_item(root);
        } else if (type == "response.output_item.done") {
            return close_item(root);
        } else if (type == "response.content_part.added") {
            if (!steps_.is_open(AnswerKind::call)) steps_.close();
        } else if (type == "response.output_text.delta" || type == "response.refusal.delta") {
            said_ = true;
            steps_.text(type == "response.refusal.delta" ? AnswerKind::refusal : AnswerKind::text,
                        string_or_empty(root["delta"]));
        } else if (type == "response.reasoning_summary_text.delta" || type == "response.reasoning_text.delta") {
            steps_.reasoning(string_or_empty(root["delta"]));
        } else if (type == "response.function_call_arguments.delta") {
            const std::string_view delta = string_or_empty(root["delta"]);
            if (!steps_.is_open(AnswerKind::call) || wire_index(root["output_index"]) != output_)
                return inexpressible(root, "The provider mixed the pieces of several calls");
            said_ = said_ || !delta.empty();
            steps_.arguments(delta);
        }
        return {};  // what is repeated, or what is new
    }

    void end(AnswerSteps& steps) override {
        steps_.start(steps);
        steps_.close();
    }

private:
    [[nodiscard]] Result<void> open_item(const Value& root) {
        const Value item = root["item"];
        const std::string_view type = string_or_empty(item["type"]);
        const auto output = wire_index(root["output_index"]);
        if (!output) return no_answer(root);
        steps_.close();
        output_ = output;
        said_ = false;
        if (type == "function_call") {
            steps_.call(string_or_empty(item["name"]), string_or_empty(item["call_id"]));
        } else if (type != "message" && type != "reasoning") {
            return inexpressible(item, not_translatable);
        }
        return {};
    }

    [[nodiscard]] Result<void> close_item(const Value& root) {
        const Value item = root["item"];
        const std::string_view type = string_or_empty(item["type"]);
        if (wire_index(root["output_index"]) != output_) {
            if (type == "function_call" || type == "message") return no_answer(root);
            return {};
        }
        if (!said_ && type == "function_call") steps_.arguments(string_or_empty(item["arguments"]));
        if (!said_ && type == "message") {
            const auto add = [&](AnswerKind kind, std::string_view text) {
                steps_.close();
                steps_.text(kind, text);
            };
            if (!each_part(item, add)) return inexpressible(item, not_translatable);
        }
        steps_.close();
        output_.reset();
        return {};
    }

    StepMaker steps_;
    std::optional<std::uint32_t> output_;  // of the item that is open
    bool said_ = false;                    // it has had a delta
};

}  // namespace
}  // namespace translate_responses

Result<void> read_responses_answer(const Value& root, Answer& answer) {
    const Value output = root["output"];
    if (!output.is(Kind::array) || string_or_empty(root["status"]) == "failed")
        return translate_responses::no_answer(root);
    answer.id = string_or_empty(root["id"]);
    for (Value item = output.first(); item.exists(); item = item.next()) {
        const std::string_view type = string_or_empty(item["type"]);
        if (type == "function_call") {
            answer.parts.push_back({AnswerKind::call, string_or_empty(item["arguments"]), string_or_empty(item["name"]),
                                    string_or_empty(item["call_id"])});
        } else if (type == "message") {
            const auto add = [&](AnswerKind kind, std::string_view text) {
                if (!text.empty()) answer.parts.push_back({kind, text, {}, {}});
            };
            if (!translate_responses::each_part(item, add))
                return inexpressible(item, translate_responses::not_translatable);
        } else if (type != "reasoning") {
            return inexpressible(item, translate_responses::not_translatable);
        }
    }
    answer.reason = translate_responses::reason_of(root);
    answer.usage = read_token_usage(DialectName::openai_responses, root["usage"]);
    return {};
}

Owned<AnswerReader> new_responses_answer_reader(std::pmr::memory_resource* memory) {
    return make_owned<translate_responses::EventReader>(memory, memory);
}

}  // namespace gw::provider
