// OpenAI Responses, requests: read from a client, and written for a provider.
#include <algorithm>

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

namespace translate_responses {
namespace {

using Then = FieldRule::Then;

constexpr FieldRule fields[] = {
    {"model"},
    {"input"},
    {"instructions"},
    {"stream"},
    {"max_output_tokens"},
    {"temperature"},
    {"top_p"},
    {"tools"},
    {"tool_choice"},
    {"parallel_tool_calls"},
    {"text"},
    {"reasoning"},
    {"include"},
    {"user"},
    {"metadata", Then::left_out},
    {"client_metadata", Then::left_out},
    {"store", Then::left_out},
    {"service_tier", Then::left_out},
    {"safety_identifier", Then::left_out},
    {"prompt_cache_key", Then::left_out},
    {"prompt_cache_retention", Then::left_out},
    {"stream_options", Then::left_out},  // about padding against eavesdroppers
    {"background", Then::refused},
    {"context_management", Then::refused},
    {"conversation", Then::refused},
    {"max_tool_calls", Then::refused},
    {"previous_response_id", Then::refused},
    {"prompt", Then::refused},
    {"top_logprobs", Then::refused, "0"},
    {"truncation", Then::refused, "disabled"},
};
constexpr FieldRule text_fields[] = {{"format"}, {"verbosity"}};
constexpr FieldRule reasoning_fields[] = {
    {"effort"}, {"summary", Then::left_out}, {"generate_summary", Then::left_out}, {"context", Then::left_out}};
constexpr FieldRule message_fields[] = {
    {"type"}, {"role"}, {"content"}, {"id", Then::left_out}, {"status", Then::left_out}, {"phase", Then::left_out}};

class Reader {
public:
    Reader(const Value& root, Conversation& conversation, const OwnResponses* own)
        : root_(root), conversation_(conversation), turns_(conversation), own_(own) {}

    [[nodiscard]] Result<void> read() {
        if (auto good = check(root_, fields); !good) return good;
        if (auto good = instructions(root_["instructions"]); !good) return good;
        const Value input = root_["input"];
        if (input.is(Kind::string)) {
            turns_.begin(Role::user, input);
            turns_.add_text(input);
        } else if (!input.is(Kind::array)) {
            return malformed(root_, "A request needs input");
        }
        for (Value it = input.first(); it.exists(); it = it.next()) {
            if (auto good = item(it); !good) return good;
        }
        if (auto good = options(); !good) return good;
        if (auto good = read_openai_tools(root_["tools"], OpenAiForm::responses, conversation_); !good) return good;
        return read_openai_tool_choice(root_["tool_choice"], OpenAiForm::responses, conversation_);
    }

private:
    [[nodiscard]] Result<void> check(const Value& object, std::span<const FieldRule> rules) const {
        return own_ == nullptr ? check_fields(object, rules) : Result<void>();
    }

    [[nodiscard]] Result<void> instructions(const Value& instructions) {
        if (instructions.kind() == Kind::null) return {};
        if (!instructions.is(Kind::string)) return inexpressible(instructions, "Instructions must be text");
        instruct(instructions);
        return {};
    }

    // The gateway's agents have one system prompt; other providers may have instructions in the middle.
    void instruct(const Value& text) {
        if (own_ == nullptr) {
            turns_.add_system(text);
        } else {
            instruct(text.offset(), string_or_empty(text));
        }
    }
    void instruct(std::size_t where, std::string_view text) {
        ConversationPart part;
        part.where = where;
        part.text = text;
        conversation_.system.push_back(part);
    }

    [[nodiscard]] Result<void> item(const Value& item) {
        const std::string_view type = string_or_empty(item["type"]);
        if (type.empty() || type == "message") return message(item);
        if (type == "reasoning" || (type == "item_reference" && own_ != nullptr)) return {};
        if (type == "function_call") {
            turns_.begin(Role::assistant, item);
            ConversationPart& part = turns_.add(TurnKind::call, item);
            part.call_id = string_or_empty(item["call_id"]);
            part.tool = string_or_empty(item["name"]);
            if (!read_arguments(string_or_empty(item["arguments"]), part.arguments, conversation_.memory()))
                return inexpressible(item["arguments"], "These arguments are no JSON object");
            return {};
        }
        if (type != "function_call_output") return inexpressible(item, "This kind of item cannot be translated");
        turns_.begin(Role::tool, item);
        ConversationPart& part = turns_.add(TurnKind::result, item);
        part.call_id = string_or_empty(item["call_id"]);
        if (part.call_id.empty()) return malformed(item, "A result needs the id of its call");
        const auto add = [&](TurnKind kind, const Value& value) -> ConversationPart& {
            return turns_.add_inner(kind, value);
        };
        return content(item["output"], add);
    }

    [[nodiscard]] Result<void> message(const Value& message) {
        if (auto good = check(message, message_fields); !good) return good;
        const std::string_view role = string_or_empty(message["role"]);
        const Value said = message["content"];
        if (role == "system" || role == "developer") {
            if (said.is(Kind::string)) instruct(said);
            for (Value part = said.first(); part.exists(); part = part.next()) {
                if (!part["text"].is(Kind::string)) return inexpressible(part, "Instructions must be text");
                instruct(part["text"]);
            }
            return {};
        }
        if (role != "user" && role != "assistant") return malformed(message, "A message needs a role");
        turns_.begin(role == "user" ? Role::user : Role::assistant, message);
        const auto add = [&](TurnKind kind, const Value& value) -> ConversationPart& {
            return turns_.add(kind, value);
        };
        return content(said, add);
    }

    // A string, or parts, put where `add` makes room.
    template <typename Add>
    [[nodiscard]] Result<void> content(const Value& content, Add add) {
        if (content.is(Kind::string)) {
            add(TurnKind::text, content).text = *content.as_string();
            return {};
        }
        if (!content.is(Kind::array)) return malformed(content, "Content is a string or a list of parts");
        for (Value part = content.first(); part.exists(); part = part.next()) {
            const std::string_view type = string_or_empty(part["type"]);
            if (type == "input_text" || type == "output_text" || type == "text") {
                add(TurnKind::text, part).text = string_or_empty(part["text"]);
            } else if (type == "refusal") {
                add(TurnKind::refusal, part).text = string_or_empty(part["refusal"]);
            } else if (own_ != nullptr && (type == "input_image" || type == "input_file")) {
                if (auto good = loaded_part(part, add); !good) return good;
            } else if (type == "input_image" && part["image_url"].is(Kind::string)) {
                ConversationPart& image = add(TurnKind::image, part);
                image.detail = string_or_empty(part["detail"]);
                if (!read_image_url(*part["image_url"].as_string(), image))
                    return malformed(part, "An image needs an address, or data in base64");
            } else {
                return inexpressible(part, "This kind of content cannot be translated");
            }
        }
        return {};
    }

    template <typename Add>
    [[nodiscard]] Result<void> loaded_part(const Value& part, Add add) {
        if (next_loaded_ >= own_->parts.size()) return malformed(part, "What was attached has not been read");
        const LoadedPart& loaded = own_->parts[next_loaded_++];
        for (const LoadedPicture& picture : loaded.pictures) {
            ConversationPart& image = add(TurnKind::image, part);
            image.media = picture.media;
            image.data = picture.base64;
            image.detail = string_or_empty(part["detail"]);
        }
        // Whatever the turn: a file's text is for this request only, and no word of anybody in the conversation.
        if (!loaded.text.empty()) instruct(part.offset(), loaded.text);
        return {};
    }

    [[nodiscard]] Result<void> options() {
        Conversation& c = conversation_;
        c.stream = root_["stream"].as_bool().value_or(false);
        c.user = string_or_empty(root_["user"]);
        const std::pair<const char*, Value*> numbers[] = {
            {"max_output_tokens", &c.max_tokens}, {"temperature", &c.temperature}, {"top_p", &c.top_p}};
        for (const auto& [name, place] : numbers) {
            const auto number = number_of(root_[name]);
            if (!number) return number.error();
            *place = *number;
        }
        c.parallel_calls = root_["parallel_tool_calls"].as_bool();
        c.parallel_calls_where = root_["parallel_tool_calls"].offset();
        const Value format = root_["text"]["format"];
        if (own_ == nullptr) {
            if (auto good = provider_options(); !good) return good;
        }
        return format.kind() == Kind::null ? Result<void>() : read_openai_format(format, format, c);
    }

    // What another provider may be asked for; OpenClaw's endpoint takes it and leaves it out.
    [[nodiscard]] Result<void> provider_options() {
        const Value include = root_["include"];
        for (Value it = include.first(); it.exists(); it = it.next()) {
            if (it.as_string() != "reasoning.encrypted_content")
                return inexpressible(it, "This cannot be asked of another provider");
        }
        const Value text = root_["text"];
        const Value reasoning = root_["reasoning"];
        if (auto good = check_fields(text, text_fields); !good) return good;
        if (auto good = check_fields(reasoning, reasoning_fields); !good) return good;
        conversation_.verbosity = text["verbosity"];
        conversation_.effort = reasoning["effort"];
        return {};
    }

    Value root_;
    Conversation& conversation_;
    TurnBuilder turns_;
    const OwnResponses* own_;  // null: for another provider
    std::size_t next_loaded_ = 0;
};

class BodyWriter {
public:
    BodyWriter(Buffer& out, const Conversation& conversation) : w_(out), conversation_(conversation) {}

    void write(std::string_view model) {
        const Conversation& c = conversation_;
        w_.begin_object().member("model", model);
        if (!c.system.empty()) w_.member("instructions", c.system[0].text);
        w_.key("input").begin_array();
        for (std::size_t i = 1; i < c.system.size(); ++i) write_message("system", std::span(c.system).subspan(i, 1));
        for (const message::Turn& turn : c.turns) write_turn(turn);
        w_.end_array();
        w_.member("store", false);  // other dialects keep nothing
        if (c.stream) w_.member("stream", true);
        write_given(w_, "max_output_tokens", c.max_tokens);
        write_given(w_, "temperature", c.temperature);
        write_given(w_, "top_p", c.top_p);
        write_openai_tools(w_, OpenAiForm::responses, c);
        if (c.shape != ResponseShape::unset || c.verbosity.is(Kind::string)) {
            w_.key("text").begin_object();
            if (c.shape != ResponseShape::unset) {
                w_.key("format").begin_object();
                write_openai_format(w_, OpenAiForm::responses, c);
                w_.end_object();
            }
            write_given(w_, "verbosity", c.verbosity);
            w_.end_object();
        }
        if (c.effort.is(Kind::string)) w_.key("reasoning").begin_object().key("effort").value(c.effort).end_object();
        if (!c.user.empty()) w_.member("user", c.user);
        w_.end_object();
    }

private:
    void write_turn(const message::Turn& turn) {
        const auto parts = parts_of(conversation_, turn);
        if (turn.role == Role::user || turn.role == Role::system) {
            if (!parts.empty()) write_message(turn.role == Role::user ? "user" : "system", parts);
            return;
        }
        // What an assistant says between its calls is a message of its own.
        for (std::size_t at = 0; at < parts.size();) {
            if (parts[at].kind == TurnKind::call) {
                write_call(parts[at++]);
            } else if (parts[at].kind == TurnKind::result) {
                write_result(parts[at++]);
            } else {
                std::size_t end = at + 1;
                while (end < parts.size() && parts[end].kind != TurnKind::call && parts[end].kind != TurnKind::result)
                    ++end;
                write_message("assistant", parts.subspan(at, end - at));
                at = end;
            }
        }
    }

    void write_message(std::string_view role, std::span<const ConversationPart> parts) {
        w_.begin_object().member("type", "message").member("role", role).key("content");
        write_content(role == "assistant" ? "output_text" : "input_text", parts);
        w_.end_object();
    }

    void write_content(std::string_view text_type, std::span<const ConversationPart> parts) {
        w_.begin_array();
        for (const ConversationPart& part : parts) {
            w_.begin_object();
            if (part.kind == TurnKind::image) {
                w_.member("type", "input_image").key("image_url");
                write_image_url(w_, part, conversation_.memory());
                if (!part.detail.empty()) w_.member("detail", part.detail);
            } else if (part.kind == TurnKind::refusal) {
                w_.member("type", "refusal").member("refusal", part.text);
            } else {
                w_.member("type", text_type).member("text", part.text);
            }
            w_.end_object();
        }
        w_.end_array();
    }

    void write_call(const ConversationPart& part) {
        w_.begin_object().member("type", "function_call").member("call_id", part.call_id);
        w_.member("name", part.tool).member("arguments", part.arguments).end_object();
    }

    void write_result(const ConversationPart& part) {
        const auto inner = inner_of(conversation_, part);
        w_.begin_object().member("type", "function_call_output").member("call_id", part.call_id).key("output");
        if (inner.empty() || (inner.size() == 1 && inner[0].kind == TurnKind::text)) {
            w_.string(inner.empty() ? std::string_view() : inner[0].text);
        } else {
            write_content("input_text", inner);
        }
        w_.end_object();
    }

    Writer w_;
    const Conversation& conversation_;
};

}  // namespace
}  // namespace translate_responses

Result<void> read_responses_request(const Value& root, Conversation& conversation, const OwnResponses* own) {
    return translate_responses::Reader(root, conversation, own).read();
}

Result<void> write_responses_request(Buffer& out, const Conversation& c, std::string_view model) {
    Refusals refusals;
    refusals.when(!c.stop.empty(), c.stop_where, "The provider has no stop sequences");
    refusals.given(c.seed, "The provider cannot repeat an answer by its seed");
    refusals.given(c.frequency_penalty, "The provider has no penalty for repetition");
    refusals.given(c.presence_penalty, "The provider has no penalty for repetition");
    refusals.given(c.top_k, "The provider cannot choose among so many tokens only");
    refuse_assistant_images(c, refusals);
    if (refusals.error()) return *refusals.error();
    translate_responses::BodyWriter(out, c).write(model);
    return {};
}

}  // namespace gw::provider
