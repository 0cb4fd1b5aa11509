// OpenAI chat completions, requests: read from a client, and written for a provider.
#include <algorithm>

#include "provider/dialect_openai_message.h"
#include "provider/dialect_text.h"
#include "provider/translate_chat.h"
#include "provider/translate_parts.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using json::Writer;
using message::Conversation;
using message::ConversationPart;
using message::ResponseShape;
using message::Role;
using message::ToolChoice;

namespace translate_chat {
namespace {

using Then = FieldRule::Then;

constexpr FieldRule fields[] = {
    {"model"},
    {"messages"},
    {"stream"},
    {"stream_options"},
    {"max_tokens"},
    {"max_completion_tokens"},
    {"temperature"},
    {"top_p"},
    {"top_k"},
    {"stop"},
    {"seed"},
    {"frequency_penalty"},
    {"presence_penalty"},
    {"tools"},
    {"tool_choice"},
    {"parallel_tool_calls"},
    {"response_format"},
    {"reasoning_effort"},
    {"verbosity"},
    {"user"},
    {"metadata", Then::left_out},
    {"store", Then::left_out},
    {"service_tier", Then::left_out},
    {"safety_identifier", Then::left_out},
    {"prompt_cache_key", Then::left_out},
    {"prompt_cache_retention", Then::left_out},
    {"prediction", Then::left_out},  // makes an answer faster, not another
    {"n", Then::refused, "1"},
    {"logprobs", Then::refused},
    {"top_logprobs", Then::refused, "0"},
    {"logit_bias", Then::refused},
    {"modalities", Then::refused, R"(["text"])"},
    {"audio", Then::refused},
    {"functions", Then::refused},
    {"function_call", Then::refused},
    {"web_search_options", Then::refused},
};
constexpr FieldRule message_fields[] = {
    {"role"},
    {"content"},
    {"refusal"},
    {"tool_calls"},
    {"tool_call_id"},
    {"reasoning", Then::left_out},
    {"reasoning_content", Then::left_out},
    {"reasoning_details", Then::left_out},
    {"annotations", Then::left_out},
    {"cache_control", Then::left_out},
    {"name", Then::refused},
    {"audio", Then::refused},
    {"function_call", Then::refused},
};

class Reader {
public:
    Reader(const Value& root, Conversation& conversation, UnknownFields unknown)
        : root_(root), conversation_(conversation), turns_(conversation), unknown_(unknown) {}

    [[nodiscard]] Result<void> read() {
        if (auto good = check_fields(root_, fields, unknown_); !good) return good;
        const Value messages = root_["messages"];
        if (!messages.is(Kind::array)) return malformed(root_, "A request needs a list of messages");
        for (Value it = messages.first(); it.exists(); it = it.next()) {
            if (auto good = message(it); !good) return good;
        }
        if (auto good = options(); !good) return good;
        if (auto good = read_openai_tools(root_["tools"], OpenAiForm::chat, conversation_); !good) return good;
        if (auto good = read_openai_tool_choice(root_["tool_choice"], OpenAiForm::chat, conversation_); !good)
            return good;
        return format(root_["response_format"]);
    }

private:
    [[nodiscard]] Result<void> message(const Value& message) {
        const std::string_view role = string_or_empty(message["role"]);
        const Value content = message["content"];
        if (role == "tool") return result(message);
        if (role == "function")
            return inexpressible(message, "Results of functions without calls cannot be translated");
        if (unknown_ == UnknownFields::refused) {
            if (auto good = check_fields(message, message_fields); !good) return good;
        }
        if (role == "system" || role == "developer")
            return texts(content, [&](const Value& it) { turns_.add_system(it); });
        if (role == "user") {
            turns_.begin(Role::user, message);
            return parts(content);
        }
        if (role != "assistant") return malformed(message, "A message needs a role");
        turns_.begin(Role::assistant, message);
        if (auto good = parts(content); !good) return good;
        if (const Value refusal = message["refusal"]; refusal.is(Kind::string))
            turns_.add(TurnKind::refusal, refusal).text = *refusal.as_string();
        const Value calls = message["tool_calls"];
        for (Value call = calls.first(); call.exists(); call = call.next()) {
            const Value function = call["function"];
            if (!function.is(Kind::object)) return inexpressible(call, "Only calls of functions can be translated");
            ConversationPart& part = turns_.add(TurnKind::call, call);
            part.call_id = string_or_empty(call["id"]);
            part.tool = string_or_empty(function["name"]);
            if (!read_arguments(string_or_empty(function["arguments"]), part.arguments, conversation_.memory()))
                return inexpressible(function["arguments"], "These arguments are no JSON object");
        }
        return {};
    }

    [[nodiscard]] Result<void> result(const Value& message) {
        turns_.begin(Role::tool, message);
        ConversationPart& part = turns_.add(TurnKind::result, message);
        part.call_id = string_or_empty(message["tool_call_id"]);
        part.tool = string_or_empty(message["name"]);
        if (part.call_id.empty()) return malformed(message, "A result needs the id of its call");
        return texts(message["content"], [&](const Value& it) { turns_.add_inner_text(it); });
    }

    // A string, or parts of text.
    template <typename Add>
    [[nodiscard]] Result<void> texts(const Value& content, Add add) {
        if (content.is(Kind::string)) {
            add(content);
            return {};
        }
        if (content.kind() == Kind::null) return {};
        if (!content.is(Kind::array)) return malformed(content, "Content is a string or a list of parts");
        for (Value part = content.first(); part.exists(); part = part.next()) {
            if (!part["text"].is(Kind::string)) return inexpressible(part, "Only text can stand here");
            add(part["text"]);
        }
        return {};
    }

    [[nodiscard]] Result<void> parts(const Value& content) {
        if (!content.is(Kind::array)) return texts(content, [&](const Value& it) { turns_.add_text(it); });
        for (Value part = content.first(); part.exists(); part = part.next()) {
            const std::string_view type = string_or_empty(part["type"]);
            if (type == "text" && part["text"].is(Kind::string)) {
                turns_.add_text(part["text"]);
            } else if (type == "refusal" && part["refusal"].is(Kind::string)) {
                turns_.add(TurnKind::refusal, part).text = *part["refusal"].as_string();
            } else if (type == "image_url") {
                ConversationPart& image = turns_.add(TurnKind::image, part);
                image.detail = string_or_empty(part["image_url"]["detail"]);
                if (!read_image_url(string_or_empty(part["image_url"]["url"]), image))
                    return malformed(part, "An image needs an address, or data in base64");
            } else {
                return inexpressible(part, "This kind of content cannot be translated");
            }
        }
        return {};
    }

    [[nodiscard]] Result<void> options() {
        Conversation& c = conversation_;
        c.stream = root_["stream"].as_bool().value_or(false);
        c.include_usage = root_["stream_options"]["include_usage"].as_bool().value_or(false);
        c.user = string_or_empty(root_["user"]);
        c.effort = root_["reasoning_effort"];
        c.verbosity = root_["verbosity"];
        const bool modern = root_["max_completion_tokens"].is(Kind::number);
        const std::pair<const char*, Value*> numbers[] = {
            {modern ? "max_completion_tokens" : "max_tokens", &c.max_tokens},
            {"temperature", &c.temperature},
            {"top_p", &c.top_p},
            {"top_k", &c.top_k},
            {"seed", &c.seed},
            {"frequency_penalty", &c.frequency_penalty},
            {"presence_penalty", &c.presence_penalty}};
        for (const auto& [name, place] : numbers) {
            const auto number = number_of(root_[name]);
            if (!number) return number.error();
            *place = *number;
        }
        c.parallel_calls = root_["parallel_tool_calls"].as_bool();
        c.parallel_calls_where = root_["parallel_tool_calls"].offset();
        return read_stop(root_["stop"], c);
    }

    [[nodiscard]] Result<void> format(const Value& format) {
        if (format.kind() == Kind::null) return {};
        return read_openai_format(format, format["json_schema"], conversation_);
    }

    Value root_;
    Conversation& conversation_;
    TurnBuilder turns_;
    UnknownFields unknown_;
};

void write_text_content(Writer& w, std::span<const ConversationPart> parts) {
    if (parts.size() == 1) {
        w.string(parts[0].text);
        return;
    }
    w.begin_array();
    for (const ConversationPart& part : parts)
        w.begin_object().member("type", "text").member("text", part.text).end_object();
    w.end_array();
}

class BodyWriter {
public:
    BodyWriter(Buffer& out, const Conversation& conversation) : w_(out), conversation_(conversation) {}

    void write(std::string_view model) {
        const Conversation& c = conversation_;
        w_.begin_object().member("model", model).key("messages").begin_array();
        if (!c.system.empty()) {
            w_.begin_object().member("role", "system").key("content");
            write_text_content(w_, c.system);
            w_.end_object();
        }
        for (const message::Turn& turn : c.turns) write_turn(turn);
        w_.end_array();
        if (c.stream) {
            w_.member("stream", true).key("stream_options").begin_object().member("include_usage", true).end_object();
        }
        write_given(w_, "max_completion_tokens", c.max_tokens);
        write_given(w_, "temperature", c.temperature);
        write_given(w_, "top_p", c.top_p);
        write_given(w_, "seed", c.seed);
        write_given(w_, "frequency_penalty", c.frequency_penalty);
        write_given(w_, "presence_penalty", c.presence_penalty);
        if (!c.stop.empty()) {
            w_.key("stop").begin_array();
            for (const std::string_view sequence : c.stop) w_.string(sequence);
            w_.end_array();
        }
        write_openai_tools(w_, OpenAiForm::chat, c);
        if (c.shape != ResponseShape::unset) {
            w_.key("response_format").begin_object();
            write_openai_format(w_, OpenAiForm::chat, c);
            w_.end_object();
        }
        write_given(w_, "reasoning_effort", c.effort);
        write_given(w_, "verbosity", c.verbosity);
        if (!c.user.empty()) w_.member("user", c.user);
        w_.end_object();
    }

private:
    void write_turn(const message::Turn& turn) {
        const auto parts = parts_of(conversation_, turn);
        switch (turn.role) {
        case Role::tool:
            for (const ConversationPart& part : parts) write_result(part);
            break;
        case Role::assistant: write_assistant(parts); break;
        case Role::system:
        case Role::user:
            if (parts.empty()) break;
            w_.begin_object().member("role", turn.role == Role::user ? "user" : "system").key("content");
            write_parts(parts);
            w_.end_object();
        }
    }

    void write_result(const ConversationPart& part) {
        w_.begin_object().member("role", "tool").member("tool_call_id", part.call_id);
        // The dialect has no word for a result that is a failure; the result says it.
        w_.member("content", joined_text(inner_of(conversation_, part), conversation_.memory()));
        w_.end_object();
    }

    void write_assistant(std::span<const ConversationPart> parts) {
        const auto count = [&](TurnKind kind) {
            return std::count_if(parts.begin(), parts.end(), [&](const auto& it) { return it.kind == kind; });
        };
        if (parts.empty()) return;
        w_.begin_object().member("role", "assistant").key("content");
        if (count(TurnKind::text) == 0) {
            w_.null();
        } else {
            w_.string(texts_of(parts, TurnKind::text));
        }
        if (count(TurnKind::refusal) > 0) w_.member("refusal", texts_of(parts, TurnKind::refusal));
        if (count(TurnKind::call) > 0) {
            w_.key("tool_calls").begin_array();
            for (const ConversationPart& part : parts) {
                if (part.kind != TurnKind::call) continue;
                w_.begin_object().member("id", part.call_id).member("type", "function").key("function");
                w_.begin_object().member("name", part.tool).member("arguments", part.arguments);
                w_.end_object().end_object();
            }
            w_.end_array();
        }
        w_.end_object();
    }

    // Several texts of one answer are one text.
    [[nodiscard]] std::pmr::string texts_of(std::span<const ConversationPart> parts, TurnKind kind) const {
        std::pmr::string out(conversation_.memory());
        for (const ConversationPart& part : parts) {
            if (part.kind == kind) out += part.text;
        }
        return out;
    }

    void write_parts(std::span<const ConversationPart> parts) {
        if (parts.size() == 1 && parts[0].kind == TurnKind::text) {
            w_.string(parts[0].text);
            return;
        }
        w_.begin_array();
        for (const ConversationPart& part : parts) {
            w_.begin_object();
            if (part.kind == TurnKind::image) {
                w_.member("type", "image_url").key("image_url").begin_object().key("url");
                write_image_url(w_, part, conversation_.memory());
                if (!part.detail.empty()) w_.member("detail", part.detail);
                w_.end_object();
            } else {
                w_.member("type", "text").member("text", part.text);
            }
            w_.end_object();
        }
        w_.end_array();
    }

    Writer w_;
    const Conversation& conversation_;
};

}  // namespace
}  // namespace translate_chat

Result<void> read_chat_request(const Value& root, Conversation& conversation, UnknownFields unknown) {
    return translate_chat::Reader(root, conversation, unknown).read();
}

Result<void> write_chat_request(Buffer& out, const Conversation& conversation, std::string_view model) {
    Refusals refusals;
    refusals.given(conversation.top_k, "The provider cannot choose among so many tokens only");
    refuse_assistant_images(conversation, refusals);
    for (const ConversationPart& part : conversation.inner)
        refusals.when(part.kind == TurnKind::image, part.where, "The provider takes no images in results");
    if (refusals.error()) return *refusals.error();
    translate_chat::BodyWriter(out, conversation).write(model);
    return {};
}

}  // namespace gw::provider
