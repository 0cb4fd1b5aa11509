// Anthropic Messages, answers: whole, and the events of a provider's stream.
#include <algorithm>

#include "provider/block_table.h"
#include "provider/dialect_text.h"
#include "provider/translate_blocks.h"
#include "provider/translate_steps.h"
#include "provider/translate_words.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using json::Writer;
using message::Answer;
using message::AnswerPart;
using message::AnswerSteps;

namespace translate_anthropic {
namespace {

constexpr std::string_view not_translatable = "The provider's answer holds what cannot be translated";

Error no_answer(const Value& value) noexcept {
    return {GW_ERR_UPSTREAM, value.offset(), "The provider's answer is no message"};
}

bool is_thinking(std::string_view type) noexcept { return type == "thinking" || type == "redacted_thinking"; }

class EventReader final : public AnswerReader {
public:
    explicit EventReader(std::pmr::memory_resource* memory) : steps_(memory) {}

    [[nodiscard]] Result<void> read(std::string_view type, const Value& root, AnswerSteps& steps) override {
        steps_.start(steps);
        type = root["type"].as_string().value_or(type);
        if (type == "message_start") return start_message(root["message"]);
        if (type == "content_block_start") return start_block(root);
        if (type == "content_block_delta") return append(root);
        if (type == "content_block_stop") {
            if (block_index(root["index"]) == open_) close();
            return {};
        }
        if (type == "message_delta") {
            usage(root["usage"]);
            if (const auto reason = root["delta"]["stop_reason"].as_string())
                steps_.stop(reason_of_word(DialectName::anthropic, *reason),
                            string_or_empty(root["delta"]["stop_sequence"]));
            return {};
        }
        if (type == "error") steps_.error(string_or_empty(root["error"]["message"]));
        if (type == "message_stop") steps_.end();
        return {};  // a ping, or what is new
    }

    void end(AnswerSteps& steps) override {
        steps_.start(steps);
        steps_.close();
    }

private:
    [[nodiscard]] Result<void> start_message(const Value& message) {
        if (message["content"].size() > 0) return inexpressible(message, not_translatable);
        steps_.begin(string_or_empty(message["id"]), string_or_empty(message["model"]));
        usage(message["usage"]);
        return {};
    }

    [[nodiscard]] Result<void> start_block(const Value& root) {
        const auto index = block_index(root["index"]);
        const Value block = root["content_block"];
        const std::string_view type = string_or_empty(block["type"]);
        // Blocks come one after the other; an index that comes twice would be two blocks to one client and one to
        // another.
        if (!index || (last_ && *index <= *last_)) return no_answer(root);
        close();
        open_ = last_ = index;
        skipped_ = is_thinking(type);
        complete_ = false;
        if (type == "text") {
            steps_.text(AnswerKind::text, string_or_empty(block["text"]));
        } else if (type == "tool_use") {
            const Value input = block["input"];
            steps_.call(string_or_empty(block["name"]), string_or_empty(block["id"]));
            complete_ = input.size() > 0;
            if (complete_) steps_.arguments(input.raw());
        } else if (!skipped_) {
            return inexpressible(block, not_translatable);
        }
        return {};
    }

    [[nodiscard]] Result<void> append(const Value& root) {
        const Value delta = root["delta"];
        const auto index = block_index(root["index"]);
        if (!index || index != open_) return no_answer(root);
        if (skipped_) {
            steps_.reasoning(string_or_empty(delta["thinking"]));
            return {};
        }
        const std::string_view text = string_or_empty(delta["text"]);
        const std::string_view json = string_or_empty(delta["partial_json"]);
        const bool call = steps_.is_open(AnswerKind::call);
        if ((call && !text.empty()) || (!call && !json.empty()) || (complete_ && !json.empty()))
            return no_answer(delta);
        if (call) {
            steps_.arguments(json);
        } else {
            steps_.text(AnswerKind::text, text);
        }
        return {};
    }

    void close() {
        steps_.close();
        open_.reset();
        skipped_ = complete_ = false;
    }

    // Counts are cumulative, and those of the input may stand at the beginning only.
    void usage(const Value& value) {
        const message::TokenUsage said = read_token_usage(DialectName::anthropic, value);
        if (!said.known) return;
        usage_.known = true;
        usage_.input = std::max(usage_.input, said.input);
        usage_.cached_input = std::max(usage_.cached_input, said.cached_input);
        usage_.output = std::max(usage_.output, said.output);
        steps_.usage(usage_);
    }

    StepMaker steps_;
    message::TokenUsage usage_;
    std::optional<std::uint32_t> open_, last_;
    bool skipped_ = false;   // thinking
    bool complete_ = false;  // the input stood in the beginning
};

}  // namespace
}  // namespace translate_anthropic

Result<void> read_anthropic_answer(const Value& root, Answer& answer) {
    const Value content = root["content"];
    if (!content.is(Kind::array)) return translate_anthropic::no_answer(root);
    answer.id = string_or_empty(root["id"]);
    for (Value block = content.first(); block.exists(); block = block.next()) {
        const std::string_view type = string_or_empty(block["type"]);
        if (type == "text") {
            answer.parts.push_back({AnswerKind::text, string_or_empty(block["text"]), {}, {}});
        } else if (type == "tool_use") {
            const Value input = block["input"];
            if (!input.is(Kind::object)) return translate_anthropic::no_answer(block);
            answer.parts.push_back(
                {AnswerKind::call, input.raw(), string_or_empty(block["name"]), string_or_empty(block["id"])});
        } else if (!translate_anthropic::is_thinking(type)) {
            return inexpressible(block, translate_anthropic::not_translatable);
        }
    }
    answer.reason = reason_of_word(DialectName::anthropic, string_or_empty(root["stop_reason"]));
    answer.stop_sequence = string_or_empty(root["stop_sequence"]);
    answer.usage = read_token_usage(DialectName::anthropic, root["usage"]);
    return {};
}

Result<void> write_anthropic_answer(Buffer& out, const Answer& answer, const message::AnswerIdentity& identity) {
    std::pmr::memory_resource* const memory = answer.parts.get_allocator().resource();
    bool refused = false;
    Writer w(out);
    w.begin_object().member("id", prefixed_id("msg_", answer.id, identity.id, memory)).member("type", "message");
    w.member("role", "assistant").member("model", identity.model).key("content").begin_array();
    for (const AnswerPart& part : answer.parts) {
        w.begin_object();
        if (part.kind == AnswerKind::call) {
            std::string_view arguments;
            if (!read_arguments(part.text, arguments, memory))
                return Error{GW_ERR_UPSTREAM, 0, "The provider's model called a tool with arguments that are no JSON"};
            w.member("type", "tool_use").member("id", part.call_id).member("name", part.tool);
            w.key("input").raw(arguments);
        } else {
            refused = refused || part.kind == AnswerKind::refusal;
            w.member("type", "text").member("text", part.text);
        }
        w.end_object();
    }
    w.end_array().member("stop_reason", anthropic_stop_word(answer.reason, answer.stop_sequence, refused));
    w.key("stop_sequence");
    if (answer.stop_sequence.empty()) {
        w.null();
    } else {
        w.string(answer.stop_sequence);
    }
    w.key("usage");
    write_token_usage(w, DialectName::anthropic, answer.usage);
    w.end_object();
    return {};
}

std::string_view anthropic_stop_word(message::StopReason reason, std::string_view sequence, bool refused) noexcept {
    if (reason == message::StopReason::stop && !sequence.empty()) return "stop_sequence";
    // What another dialect says in a field of its own.
    if (reason == message::StopReason::stop && refused) reason = message::StopReason::content_filter;
    return word_of_reason(DialectName::anthropic, reason);
}

Owned<AnswerReader> new_anthropic_answer_reader(std::pmr::memory_resource* memory) {
    return make_owned<translate_anthropic::EventReader>(memory, memory);
}

}  // namespace gw::provider
