// Anthropic Messages, requests: read from a client, and written for a provider.
#include <algorithm>

#include "core/text.h"
#include "provider/dialect_text.h"
#include "provider/translate_blocks.h"
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

namespace translate_anthropic {
namespace {

using Then = FieldRule::Then;

constexpr FieldRule fields[] = {
    {"model"},
    {"messages"},
    {"system"},
    {"max_tokens"},
    {"stream"},
    {"stop_sequences"},
    {"temperature"},
    {"top_p"},
    {"top_k"},
    {"tools"},
    {"tool_choice"},
    {"metadata"},
    {"output_config"},
    {"thinking"},
    {"service_tier", Then::left_out},
    {"cache_control", Then::left_out},
    {"anthropic_version", Then::left_out},
    {"anthropic_beta", Then::left_out},
    {"container", Then::refused},
    {"context_management", Then::refused},
    {"inference_geo", Then::refused},
    {"mcp_servers", Then::refused},
};
constexpr FieldRule text_fields[] = {
    {"type"}, {"text"}, {"cache_control", Then::left_out}, {"citations", Then::refused}};
constexpr FieldRule image_fields[] = {{"type"}, {"source"}, {"cache_control", Then::left_out}};
constexpr FieldRule call_fields[] = {
    {"type"}, {"id"}, {"name"}, {"input"}, {"caller", Then::left_out}, {"cache_control", Then::left_out}};
constexpr FieldRule result_fields[] = {
    {"type"}, {"tool_use_id"}, {"content"}, {"is_error"}, {"cache_control", Then::left_out}};
constexpr FieldRule tool_fields[] = {{"type"},
                                     {"name"},
                                     {"description"},
                                     {"input_schema"},
                                     {"strict"},
                                     {"cache_control", Then::left_out},
                                     {"eager_input_streaming", Then::left_out},
                                     {"defer_loading", Then::refused},
                                     {"allowed_callers", Then::refused, R"(["direct"])"},
                                     {"input_examples", Then::refused}};

constexpr FieldRule output_fields[] = {{"format"}, {"effort"}};

class Reader {
public:
    Reader(const Value& root, Conversation& conversation)
        : root_(root), conversation_(conversation), turns_(conversation) {}

    [[nodiscard]] Result<void> read() {
        if (auto good = check_fields(root_, fields); !good) return good;
        if (auto good = system(root_["system"]); !good) return good;
        const Value messages = root_["messages"];
        if (!messages.is(Kind::array)) return malformed(root_, "A request needs a list of messages");
        for (Value it = messages.first(); it.exists(); it = it.next()) {
            if (auto good = message(it); !good) return good;
        }
        if (auto good = options(); !good) return good;
        if (auto good = tools(root_["tools"]); !good) return good;
        return tool_choice(root_["tool_choice"]);
    }

private:
    [[nodiscard]] Result<void> system(const Value& system) {
        if (system.is(Kind::string)) turns_.add_system(system);
        for (Value block = system.first(); block.exists(); block = block.next()) {
            if (auto good = check_fields(block, text_fields); !good) return good;
            turns_.add_system(block["text"]);
        }
        return {};
    }

    [[nodiscard]] Result<void> message(const Value& message) {
        const std::string_view said = string_or_empty(message["role"]);
        const Value content = message["content"];
        if (said != "user" && said != "assistant") return malformed(message, "A message needs a role");
        const Role role = said == "user" ? Role::user : Role::assistant;
        if (content.is(Kind::string)) {
            turns_.begin(role, message);
            turns_.add_text(content);
            return {};
        }
        if (!content.is(Kind::array)) return malformed(message, "Content is a string or a list of blocks");
        // Results belong to the turn before, whatever else the user says.
        bool others = false;
        for (Value block = content.first(); block.exists(); block = block.next()) {
            if (string_or_empty(block["type"]) != "tool_result") {
                others = true;
            } else if (auto good = result(block); !good) {
                return good;
            }
        }
        if (!others) return {};
        turns_.begin(role, message);
        for (Value block = content.first(); block.exists(); block = block.next()) {
            const std::string_view type = string_or_empty(block["type"]);
            if (type == "tool_result" || type == "thinking" || type == "redacted_thinking") continue;
            const auto add = [&](TurnKind kind) -> ConversationPart& { return turns_.add(kind, block); };
            if (auto good = this->block(block, type, add); !good) return good;
        }
        return {};
    }

    // Text, an image, or a call, put where `add` makes room.
    template <typename Add>
    [[nodiscard]] Result<void> block(const Value& block, std::string_view type, Add add) {
        if (type == "text") {
            if (auto good = check_fields(block, text_fields); !good) return good;
            add(TurnKind::text).text = string_or_empty(block["text"]);
            return {};
        }
        if (type == "image") {
            if (auto good = check_fields(block, image_fields); !good) return good;
            return image(block["source"], add(TurnKind::image));
        }
        if (type != "tool_use") return inexpressible(block, "This kind of block cannot be translated");
        if (auto good = check_fields(block, call_fields); !good) return good;
        if (!block["input"].is(Kind::object)) return malformed(block, "The input of a call is an object");
        ConversationPart& call = add(TurnKind::call);
        call.call_id = string_or_empty(block["id"]);
        call.tool = string_or_empty(block["name"]);
        call.arguments = block["input"].raw();
        return {};
    }

    [[nodiscard]] static Result<void> image(const Value& source, ConversationPart& part) {
        const std::string_view type = string_or_empty(source["type"]);
        if (type == "base64") {
            part.media = string_or_empty(source["media_type"]);
            part.data = string_or_empty(source["data"]);
            if (!part.media.empty() && !part.data.empty()) return {};
            return malformed(source, "An image needs a media type and data");
        }
        part.url = string_or_empty(source["url"]);
        if (type == "url" && !part.url.empty()) return {};
        return inexpressible(source, "This image cannot be translated");
    }

    [[nodiscard]] Result<void> result(const Value& block) {
        if (auto good = check_fields(block, result_fields); !good) return good;
        turns_.begin(Role::tool, block);
        ConversationPart& part = turns_.add(TurnKind::result, block);
        part.call_id = string_or_empty(block["tool_use_id"]);
        part.is_error = block["is_error"].as_bool().value_or(false);
        if (part.call_id.empty()) return malformed(block, "A result needs the id of its call");
        const Value content = block["content"];
        if (content.is(Kind::string)) turns_.add_inner_text(content);
        for (Value it = content.first(); it.exists(); it = it.next()) {
            const std::string_view type = string_or_empty(it["type"]);
            if (type == "tool_use") return malformed(it, "A result holds no call");
            const auto add = [&](TurnKind kind) -> ConversationPart& { return turns_.add_inner(kind, it); };
            if (auto good = this->block(it, type, add); !good) return good;
        }
        return {};
    }

    [[nodiscard]] Result<void> options() {
        Conversation& c = conversation_;
        c.stream = root_["stream"].as_bool().value_or(false);
        c.user = string_or_empty(root_["metadata"]["user_id"]);
        const std::pair<const char*, Value*> numbers[] = {
            {"max_tokens", &c.max_tokens}, {"temperature", &c.temperature}, {"top_p", &c.top_p}, {"top_k", &c.top_k}};
        for (const auto& [name, place] : numbers) {
            const auto number = number_of(root_[name]);
            if (!number) return number.error();
            *place = *number;
        }
        if (const Value thinking = root_["thinking"];
            thinking.kind() != Kind::null && string_or_empty(thinking["type"]) != "disabled")
            return inexpressible(thinking, "Thinking cannot be asked of another provider");
        if (auto good = read_stop(root_["stop_sequences"], c); !good) return good;
        const Value output = root_["output_config"];
        if (auto good = check_fields(output, output_fields); !good) return good;
        c.effort = output["effort"];
        const Value format = output["format"];
        if (format.kind() == Kind::null) return {};
        if (string_or_empty(format["type"]) != "json_schema" || !format["schema"].is(Kind::object))
            return inexpressible(format, "This form of an answer cannot be translated");
        c.shape = ResponseShape::schema;
        c.shape_where = format.offset();
        c.shape_schema = format["schema"].raw();
        c.shape_strict = true;
        return {};
    }

    [[nodiscard]] Result<void> tools(const Value& tools) {
        for (Value it = tools.first(); it.exists(); it = it.next()) {
            const std::string_view type = string_or_empty(it["type"]);
            if (!type.empty() && type != "custom")
                return inexpressible(it, "Tools that the provider runs cannot be translated");
            if (auto good = check_fields(it, tool_fields); !good) return good;
            message::Tool& tool = conversation_.tools.emplace_back();
            tool.where = it.offset();
            tool.name = string_or_empty(it["name"]);
            tool.description = string_or_empty(it["description"]);
            tool.strict = it["strict"].as_bool();
            if (tool.name.empty() || !it["input_schema"].is(Kind::object))
                return malformed(it, "A tool needs a name and a schema");
            tool.schema = it["input_schema"].raw();
        }
        return {};
    }

    [[nodiscard]] Result<void> tool_choice(const Value& choice) {
        if (choice.kind() == Kind::null) return {};
        Conversation& c = conversation_;
        const std::string_view type = string_or_empty(choice["type"]);
        c.choice_tool = string_or_empty(choice["name"]);
        if (type == "auto") {
            c.choice = ToolChoice::automatic;
        } else if (type == "any") {
            c.choice = ToolChoice::required;
        } else if (type == "none") {
            c.choice = ToolChoice::none;
        } else if (type == "tool" && !c.choice_tool.empty()) {
            c.choice = ToolChoice::one;
        } else {
            return malformed(choice, "This is no choice of tools");
        }
        if (const auto alone = choice["disable_parallel_tool_use"].as_bool()) {
            c.parallel_calls = !*alone;
            c.parallel_calls_where = choice["disable_parallel_tool_use"].offset();
        }
        return {};
    }

    Value root_;
    Conversation& conversation_;
    TurnBuilder turns_;
};

class BodyWriter {
public:
    BodyWriter(Buffer& out, const Conversation& conversation) : w_(out), conversation_(conversation) {}

    void write(std::string_view model) {
        const Conversation& c = conversation_;
        w_.begin_object().member("model", model);
        // The dialect has no default.
        constexpr int default_tokens_max = 4096;
        if (c.max_tokens.exists()) {
            write_given(w_, "max_tokens", c.max_tokens);
        } else {
            w_.member("max_tokens", default_tokens_max);
        }
        if (c.stream) w_.member("stream", true);
        if (std::any_of(c.system.begin(), c.system.end(), [](const auto& it) { return !it.text.empty(); })) {
            w_.key("system").begin_array();
            for (const ConversationPart& part : c.system) write_part(part);
            w_.end_array();
        }
        w_.key("messages").begin_array();
        write_messages();
        w_.end_array();
        write_given(w_, "temperature", c.temperature);
        write_given(w_, "top_p", c.top_p);
        write_given(w_, "top_k", c.top_k);
        if (!c.stop.empty()) {
            w_.key("stop_sequences").begin_array();
            for (const std::string_view sequence : c.stop) w_.string(sequence);
            w_.end_array();
        }
        write_tools();
        write_output();
        if (!c.user.empty()) w_.key("metadata").begin_object().member("user_id", c.user).end_object();
        w_.end_object();
    }

private:
    // Turns alternate here: what follows each other is one message, and results are the user's.
    void write_messages() {
        std::optional<Role> open;
        for (const message::Turn& turn : conversation_.turns) {
            const auto parts = parts_of(conversation_, turn);
            if (std::all_of(parts.begin(), parts.end(), is_empty)) continue;
            const Role role = turn.role == Role::assistant ? Role::assistant : Role::user;
            if (open != role) {
                if (open) w_.end_array().end_object();
                w_.begin_object().member("role", role == Role::user ? "user" : "assistant");
                w_.key("content").begin_array();
                open = role;
            }
            for (const ConversationPart& part : parts) write_part(part);
        }
        if (open) w_.end_array().end_object();
    }

    // A block without text is refused by the provider.
    [[nodiscard]] static bool is_empty(const ConversationPart& part) noexcept {
        return (part.kind == TurnKind::text || part.kind == TurnKind::refusal) && part.text.empty();
    }

    void write_part(const ConversationPart& part) {
        if (is_empty(part)) return;
        w_.begin_object();
        switch (part.kind) {
        case TurnKind::text:
        case TurnKind::refusal: w_.member("type", "text").member("text", part.text); break;
        case TurnKind::image:
            w_.member("type", "image").key("source").begin_object();
            if (part.url.empty()) {
                w_.member("type", "base64").member("media_type", part.media).member("data", part.data);
            } else {
                w_.member("type", "url").member("url", part.url);
            }
            w_.end_object();
            break;
        case TurnKind::call:
            w_.member("type", "tool_use");
            write_id("id", part.call_id);
            w_.member("name", part.tool).key("input").raw(part.arguments);
            break;
        case TurnKind::result:
            w_.member("type", "tool_result");
            write_id("tool_use_id", part.call_id);
            if (part.is_error) w_.member("is_error", true);
            w_.key("content").begin_array();
            for (const ConversationPart& inner : inner_of(conversation_, part)) write_part(inner);
            w_.end_array();
        }
        w_.end_object();
    }

    // The provider takes ids of letters, digits, '_' and '-' only; other providers make others.
    void write_id(std::string_view key, std::string_view id) {
        std::pmr::string clean(id, conversation_.memory());
        for (char& c : clean) {
            if (!is_alpha(c) && !is_digit(c) && c != '_' && c != '-') c = '_';
        }
        w_.member(key, clean);
    }

    void write_tools() {
        const Conversation& c = conversation_;
        if (!c.tools.empty()) {
            w_.key("tools").begin_array();
            for (const message::Tool& tool : c.tools) {
                w_.begin_object().member("name", tool.name);
                if (!tool.description.empty()) w_.member("description", tool.description);
                w_.key("input_schema");
                w_.raw(tool.schema.empty() ? std::string_view(R"({"type":"object","properties":{}})") : tool.schema);
                if (tool.strict == true) w_.member("strict", true);
                w_.end_object();
            }
            w_.end_array();
        }
        const bool alone = c.parallel_calls == false && !c.tools.empty();
        if (c.choice == ToolChoice::unset && !alone) return;
        w_.key("tool_choice").begin_object();
        switch (c.choice) {
        case ToolChoice::unset:
        case ToolChoice::automatic: w_.member("type", "auto"); break;
        case ToolChoice::none: w_.member("type", "none"); break;
        case ToolChoice::required: w_.member("type", "any"); break;
        case ToolChoice::one: w_.member("type", "tool").member("name", c.choice_tool);
        }
        if (alone && c.choice != ToolChoice::none) w_.member("disable_parallel_tool_use", true);
        w_.end_object();
    }

    void write_output() {
        const Conversation& c = conversation_;
        const bool effort = c.effort.is(Kind::string);
        if (c.shape != ResponseShape::schema && !effort) return;
        w_.key("output_config").begin_object();
        if (c.shape == ResponseShape::schema) {
            w_.key("format").begin_object().member("type", "json_schema");
            w_.key("schema").raw(c.shape_schema).end_object();
        }
        if (effort) write_given(w_, "effort", c.effort);
        w_.end_object();
    }

    Writer w_;
    const Conversation& conversation_;
};

}  // namespace
}  // namespace translate_anthropic

Result<void> read_anthropic_request(const Value& root, Conversation& conversation) {
    return translate_anthropic::Reader(root, conversation).read();
}

Result<void> write_anthropic_request(Buffer& out, const Conversation& c, std::string_view model) {
    Refusals refusals;
    refusals.given(c.seed, "The provider cannot repeat an answer by its seed");
    refusals.given(c.frequency_penalty, "The provider has no penalty for repetition");
    refusals.given(c.presence_penalty, "The provider has no penalty for repetition");
    refusals.given(c.verbosity, "The provider cannot be told how much to say");
    refusals.when(c.temperature.as_double().value_or(0) > 1, c.temperature.offset(),
                  "The provider takes temperatures from 0 to 1");
    refusals.when(c.shape == ResponseShape::json, c.shape_where, "The provider writes JSON by a schema only");
    const std::string_view effort = string_or_empty(c.effort);
    refusals.when(c.effort.is(Kind::string) && effort != "low" && effort != "medium" && effort != "high",
                  c.effort.offset(), "The provider knows the efforts low, medium and high");
    refuse_system_turns(c, refusals);
    refuse_assistant_images(c, refusals);
    if (refusals.error()) return *refusals.error();
    translate_anthropic::BodyWriter(out, c).write(model);
    return {};
}

}  // namespace gw::provider
