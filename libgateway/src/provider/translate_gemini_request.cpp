// Gemini, requests: read from a client, and written for a provider.
#include <algorithm>
#include <map>
#include <set>

#include "core/text.h"
#include "provider/body_edits.h"
#include "provider/dialect_gemini.h"
#include "provider/dialect_text.h"
#include "provider/gemini_parts.h"
#include "provider/harvest.h"
#include "provider/translate_blocks.h"
#include "provider/translate_parts.h"
#include "provider/translate_steps.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using json::Writer;
using message::Conversation;
using message::ConversationPart;
using message::ResponseShape;
using message::Role;
using message::ToolChoice;

namespace translate_gemini {
namespace {

using Then = FieldRule::Then;

constexpr FieldRule fields[] = {
    {"contents"},
    {"systemInstruction"},
    {"tools"},
    {"toolConfig"},
    {"generationConfig"},
    {"safetySettings"},
    {"model", Then::left_out},  // the path says it
    {"labels", Then::left_out},
    {"serviceTier", Then::left_out},
    {"store", Then::left_out},
    {"cachedContent", Then::refused},
};
constexpr FieldRule config_fields[] = {
    {"temperature"},
    {"topP"},
    {"topK"},
    {"maxOutputTokens"},
    {"stopSequences"},
    {"seed"},
    {"presencePenalty"},
    {"frequencyPenalty"},
    {"responseMimeType"},
    {"responseSchema"},
    {"responseJsonSchema"},
    {"candidateCount", Then::refused, "1"},
    {"responseLogprobs", Then::refused},
    {"logprobs", Then::refused, "0"},
    {"responseModalities", Then::refused, R"(["TEXT"])"},
    {"thinkingConfig", Then::refused},
    {"speechConfig", Then::refused},
    {"imageConfig", Then::refused},
    {"mediaResolution", Then::refused},
    {"audioTimestamp", Then::refused},
    {"enableEnhancedCivicAnswers", Then::refused},
    {"routingConfig", Then::refused},
};
constexpr FieldRule content_fields[] = {{"role"}, {"parts"}};
constexpr FieldRule part_fields[] = {
    {"text"},
    {"thought"},
    {"inlineData"},
    {"functionCall"},
    {"functionResponse"},
    {"thoughtSignature", Then::left_out},
    {"partMetadata", Then::left_out},
    {"fileData", Then::refused},
    {"executableCode", Then::refused},
    {"codeExecutionResult", Then::refused},
    {"videoMetadata", Then::refused},
    {"mediaResolution", Then::refused},
};
constexpr FieldRule call_fields[] = {
    {"id"}, {"name"}, {"args"}, {"partialArgs", Then::refused}, {"willContinue", Then::refused}};
constexpr FieldRule result_fields[] = {{"id"},
                                       {"name"},
                                       {"response"},
                                       {"parts", Then::refused},
                                       {"willContinue", Then::refused},
                                       {"scheduling", Then::refused}};
constexpr FieldRule tool_fields[] = {{"functionDeclarations"}};
constexpr FieldRule function_fields[] = {{"name"},
                                         {"description"},
                                         {"parameters"},
                                         {"parametersJsonSchema"},
                                         {"response", Then::left_out},
                                         {"responseJsonSchema", Then::left_out},
                                         {"behavior", Then::refused, "BLOCKING"}};
constexpr FieldRule tool_config_fields[] = {{"functionCallingConfig"}, {"retrievalConfig", Then::refused}};
constexpr FieldRule calling_fields[] = {{"mode"}, {"allowedFunctionNames"}};

// The dialect's own schemas have the types of JSON Schema in capitals: OBJECT. `copy` is the text of `schema`, whose
// types become small letters where they stand.
void lower_types(const Value& schema, std::size_t from, std::pmr::string& copy) {
    static constexpr std::string_view types[] = {"OBJECT", "ARRAY", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "NULL"};
    for (Value member = schema.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        if (key == "enum" || key == "default" || key == "example") continue;
        if (member.is(Kind::object) || member.is(Kind::array)) lower_types(member, from, copy);
        if (key != "type" || std::find(std::begin(types), std::end(types), member.as_string()) == std::end(types))
            continue;
        // Letters inside quotes, unless somebody wrote them as escapes, which no client does.
        const std::size_t begin = member.offset() - from;
        for (std::size_t i = begin; i < begin + member.raw().size() && copy[i] != '\\'; ++i)
            copy[i] = ascii_lower(copy[i]);
    }
}

std::string_view json_schema(const Value& schema, Conversation& conversation) {
    std::pmr::string copy(schema.raw(), conversation.memory());
    lower_types(schema, schema.offset(), copy);
    return conversation.keep(copy);
}

class Reader {
public:
    Reader(const Value& root, Conversation& conversation)
        : root_(root),
          conversation_(conversation),
          turns_(conversation),
          ids_(conversation.memory()),
          waiting_(conversation.memory()),
          answered_(conversation.memory()) {}

    [[nodiscard]] Result<void> read() {
        if (auto good = check_fields(root_, fields); !good) return good;
        if (auto good = system(member(root_, "systemInstruction")); !good) return good;
        const Value contents = root_["contents"];
        if (!contents.is(Kind::array)) return malformed(root_, "A request needs a list of contents");
        for (Value it = contents.first(); it.exists(); it = it.next()) {
            if (auto good = content(it); !good) return good;
        }
        if (auto good = config(member(root_, "generationConfig")); !good) return good;
        if (auto good = tools(root_["tools"]); !good) return good;
        if (auto good = tool_config(member(root_, "toolConfig")); !good) return good;
        return safety(member(root_, "safetySettings"));
    }

private:
    [[nodiscard]] static Value member(const Value& object, std::string_view name) noexcept {
        return gemini_member(object, name);
    }

    [[nodiscard]] Result<void> system(const Value& system) {
        if (system.is(Kind::string)) turns_.add_system(system);
        const Value parts = system["parts"];
        if (parts.is(Kind::object)) return system_part(parts);
        for (Value part = parts.first(); part.exists(); part = part.next()) {
            if (auto good = system_part(part); !good) return good;
        }
        return {};
    }

    [[nodiscard]] Result<void> system_part(const Value& part) {
        if (!part["text"].is(Kind::string)) return inexpressible(part, "Instructions must be text");
        turns_.add_system(part["text"]);
        return {};
    }

    [[nodiscard]] Result<void> content(const Value& content) {
        if (auto good = check_fields(content, content_fields); !good) return good;
        const std::string_view said = string_or_empty(content["role"]);
        const Role role = said == "model" ? Role::assistant : Role::user;
        const Value parts = content["parts"];
        if (!parts.is(Kind::array)) return malformed(content, "A content needs a list of parts");
        bool others = false;
        for (Value part = parts.first(); part.exists(); part = part.next()) {
            if (auto good = check_fields(part, part_fields); !good) return good;
            const Value response = member(part, "functionResponse");
            if (!response.is(Kind::object)) {
                others = true;
            } else if (auto good = result(response); !good) {
                return good;
            }
        }
        if (!others) return {};
        turns_.begin(role, content);
        for (Value it = parts.first(); it.exists(); it = it.next()) {
            if (auto good = part(it); !good) return good;
        }
        return {};
    }

    [[nodiscard]] Result<void> part(const Value& part) {
        const Value text = part["text"];
        if (part["thought"].as_bool() == true) return {};
        if (text.is(Kind::string)) turns_.add_text(text);
        if (const Value data = member(part, "inlineData"); data.is(Kind::object)) {
            ConversationPart& image = turns_.add(TurnKind::image, part);
            image.media = string_or_empty(member(data, "mimeType"));
            image.data = string_or_empty(data["data"]);
            if (!starts_with_ignoring_case(image.media, "image/") || image.data.empty())
                return inexpressible(data, "Only images can be translated");
        }
        const Value call = member(part, "functionCall");
        if (!call.is(Kind::object)) return {};
        if (auto good = check_fields(call, call_fields); !good) return good;
        ConversationPart& out = turns_.add(TurnKind::call, part);
        out.tool = string_or_empty(call["name"]);
        out.call_id = string_or_empty(call["id"]);
        out.arguments = call["args"].is(Kind::object) ? call["args"].raw() : std::string_view("{}");
        // The dialect pairs calls and results by their names and order.
        if (out.call_id.empty()) out.call_id = conversation_.keep(ids_.next());
        waiting_.emplace(out.tool, out.call_id);
        return {};
    }

    [[nodiscard]] Result<void> result(const Value& response) {
        if (auto good = check_fields(response, result_fields); !good) return good;
        turns_.begin(Role::tool, response);
        ConversationPart& part = turns_.add(TurnKind::result, response);
        part.tool = string_or_empty(response["name"]);
        part.call_id = string_or_empty(response["id"]);
        if (part.call_id.empty()) part.call_id = next_waiting(part.tool);
        if (part.call_id.empty()) return malformed(response, "This result belongs to no call");
        answered_.insert(part.call_id);
        // {"output": "..."} and {"error": "..."} are how texts are written; everything else is the result itself.
        const Value value = response["response"];
        const Value only = value.size() == 1 ? value.first() : Value();
        part.is_error = only.key() == "error";
        if (only.is(Kind::string) && (part.is_error || only.key() == "output" || only.key() == "result")) {
            turns_.add_inner_text(only);
        } else if (value.exists()) {
            turns_.add_inner(TurnKind::text, value).text = value.raw();
        }
        return {};
    }

    // The first call of this tool that has no result yet; a multimap keeps equal keys in order.
    [[nodiscard]] std::string_view next_waiting(std::string_view tool) {
        for (auto at = waiting_.lower_bound(tool); at != waiting_.end() && at->first == tool;) {
            const std::string_view id = at->second;
            at = waiting_.erase(at);
            if (answered_.find(id) == answered_.end()) return id;
        }
        return {};
    }

    [[nodiscard]] Result<void> config(const Value& config) {
        if (auto good = check_fields(config, config_fields); !good) return good;
        Conversation& c = conversation_;
        const std::pair<const char*, Value*> numbers[] = {{"maxOutputTokens", &c.max_tokens},
                                                          {"temperature", &c.temperature},
                                                          {"topP", &c.top_p},
                                                          {"topK", &c.top_k},
                                                          {"seed", &c.seed},
                                                          {"frequencyPenalty", &c.frequency_penalty},
                                                          {"presencePenalty", &c.presence_penalty}};
        for (const auto& [name, place] : numbers) {
            const auto number = number_of(member(config, name));
            if (!number) return number.error();
            *place = *number;
        }
        if (auto good = read_stop(member(config, "stopSequences"), c); !good) return good;
        const Value type = member(config, "responseMimeType");
        const Value own = member(config, "responseSchema");
        const Value schema = own.is(Kind::object) ? own : member(config, "responseJsonSchema");
        c.shape_where = type.offset();
        if (schema.is(Kind::object)) {
            c.shape = ResponseShape::schema;
            c.shape_where = schema.offset();
            c.shape_schema = own.is(Kind::object) ? json_schema(own, c) : schema.raw();
        } else if (string_or_empty(type) == "application/json") {
            c.shape = ResponseShape::json;
        } else if (!string_or_empty(type).empty() && string_or_empty(type) != "text/plain") {
            return inexpressible(type, "This form of an answer cannot be translated");
        }
        return {};
    }

    [[nodiscard]] Result<void> tools(const Value& tools) {
        for (Value it = tools.first(); it.exists(); it = it.next()) {
            if (auto good = check_fields(it, tool_fields); !good) return good;
            const Value functions = member(it, "functionDeclarations");
            for (Value function = functions.first(); function.exists(); function = function.next()) {
                if (auto good = check_fields(function, function_fields); !good) return good;
                message::Tool& tool = conversation_.tools.emplace_back();
                tool.where = function.offset();
                tool.name = string_or_empty(function["name"]);
                tool.description = string_or_empty(function["description"]);
                if (tool.name.empty()) return malformed(function, "A function needs a name");
                const Value own = function["parameters"];
                const Value schema = member(function, "parametersJsonSchema");
                if (schema.is(Kind::object)) tool.schema = schema.raw();
                if (own.is(Kind::object)) tool.schema = json_schema(own, conversation_);
            }
        }
        return {};
    }

    [[nodiscard]] Result<void> tool_config(const Value& config) {
        if (auto good = check_fields(config, tool_config_fields); !good) return good;
        const Value calling = member(config, "functionCallingConfig");
        if (auto good = check_fields(calling, calling_fields); !good) return good;
        const std::string_view mode = string_or_empty(calling["mode"]);
        const Value names = member(calling, "allowedFunctionNames");
        Conversation& c = conversation_;
        if (mode == "AUTO") {
            c.choice = ToolChoice::automatic;
        } else if (mode == "NONE") {
            c.choice = ToolChoice::none;
        } else if (mode == "ANY") {
            c.choice = names.size() == 0 ? ToolChoice::required : ToolChoice::one;
            c.choice_tool = string_or_empty(names[0]);
            if (names.size() > 1) return inexpressible(names, "A choice among some of the tools cannot be translated");
        } else if (!mode.empty() && mode != "MODE_UNSPECIFIED") {
            return inexpressible(calling, "This choice of tools cannot be translated");
        }
        return {};
    }

    // No other provider has such filters. That they are to be off is nothing to ask of it.
    [[nodiscard]] static Result<void> safety(const Value& settings) {
        for (Value it = settings.first(); it.exists(); it = it.next()) {
            const std::string_view threshold = string_or_empty(it["threshold"]);
            if (threshold != "OFF" && threshold != "BLOCK_NONE")
                return inexpressible(it, "Filters cannot be asked of another provider");
        }
        return {};
    }

    Value root_;
    Conversation& conversation_;
    TurnBuilder turns_;
    CallIds ids_;
    std::pmr::multimap<std::string_view, std::string_view> waiting_;  // ids of calls without a result, by name
    std::pmr::set<std::string_view> answered_;
};

class BodyWriter {
public:
    BodyWriter(Buffer& out, const Conversation& conversation, const ToolsOfCalls& tools)
        : w_(out), conversation_(conversation), tools_(tools) {}

    void write() {
        const Conversation& c = conversation_;
        w_.begin_object();
        if (!c.system.empty()) {
            w_.key("systemInstruction").begin_object().key("parts").begin_array();
            for (const ConversationPart& part : c.system) write_part(part);
            w_.end_array().end_object();
        }
        w_.key("contents").begin_array();
        write_contents();
        w_.end_array();
        write_tools();
        write_config();
        w_.end_object();
    }

private:
    void write_contents() {
        std::optional<Role> open;
        for (const message::Turn& turn : conversation_.turns) {
            const auto parts = parts_of(conversation_, turn);
            if (std::all_of(parts.begin(), parts.end(), is_empty)) continue;
            const Role role = turn.role == Role::assistant ? Role::assistant : Role::user;
            if (open != role) {
                if (open) w_.end_array().end_object();
                w_.begin_object().member("role", role == Role::user ? "user" : "model").key("parts").begin_array();
                open = role;
            }
            for (const ConversationPart& part : parts) write_part(part);
        }
        if (open) w_.end_array().end_object();
    }

    [[nodiscard]] static bool is_empty(const ConversationPart& part) noexcept {
        return (part.kind == TurnKind::text || part.kind == TurnKind::refusal) && part.text.empty();
    }

    void write_part(const ConversationPart& part) {
        if (is_empty(part)) return;
        w_.begin_object();
        switch (part.kind) {
        case TurnKind::text:
        case TurnKind::refusal: w_.member("text", part.text); break;
        case TurnKind::image:
            w_.key("inlineData").begin_object().member("mimeType", part.media).member("data", part.data).end_object();
            break;
        case TurnKind::call:
            w_.key("functionCall").begin_object().member("id", part.call_id).member("name", part.tool);
            w_.key("args").raw(part.arguments).end_object();
            // Models from 3 on refuse calls that carry no signature of theirs; this one is for calls that they did not
            // make (ai.google.dev/gemini-api/docs/thought-signatures).
            w_.member("thoughtSignature", "skip_thought_signature_validator");
            break;
        case TurnKind::result:
            w_.key("functionResponse").begin_object().member("id", part.call_id).member("name", tools_(part));
            w_.key("response").begin_object().key(part.is_error ? "error" : "output");
            w_.string(joined_text(inner_of(conversation_, part), conversation_.memory()));
            w_.end_object().end_object();
        }
        w_.end_object();
    }

    void write_tools() {
        const Conversation& c = conversation_;
        if (!c.tools.empty()) {
            w_.key("tools").begin_array().begin_object().key("functionDeclarations").begin_array();
            for (const message::Tool& tool : c.tools) {
                w_.begin_object().member("name", tool.name);
                if (!tool.description.empty()) w_.member("description", tool.description);
                if (!tool.schema.empty()) w_.key("parametersJsonSchema").raw(tool.schema);
                w_.end_object();
            }
            w_.end_array().end_object().end_array();
        }
        if (c.choice == ToolChoice::unset) return;
        w_.key("toolConfig").begin_object().key("functionCallingConfig").begin_object().key("mode");
        switch (c.choice) {
        case ToolChoice::unset:
        case ToolChoice::automatic: w_.string("AUTO"); break;
        case ToolChoice::none: w_.string("NONE"); break;
        case ToolChoice::required: w_.string("ANY"); break;
        case ToolChoice::one:
            w_.string("ANY").key("allowedFunctionNames").begin_array().string(c.choice_tool).end_array();
        }
        w_.end_object().end_object();
    }

    void write_config() {
        const Conversation& c = conversation_;
        w_.key("generationConfig").begin_object();
        write_given(w_, "maxOutputTokens", c.max_tokens);
        write_given(w_, "temperature", c.temperature);
        write_given(w_, "topP", c.top_p);
        write_given(w_, "topK", c.top_k);
        write_given(w_, "seed", c.seed);
        write_given(w_, "frequencyPenalty", c.frequency_penalty);
        write_given(w_, "presencePenalty", c.presence_penalty);
        if (!c.stop.empty()) {
            w_.key("stopSequences").begin_array();
            for (const std::string_view sequence : c.stop) w_.string(sequence);
            w_.end_array();
        }
        if (c.shape == ResponseShape::json || c.shape == ResponseShape::schema)
            w_.member("responseMimeType", "application/json");
        if (c.shape == ResponseShape::schema) w_.key("responseJsonSchema").raw(c.shape_schema);
        w_.end_object();
    }

    Writer w_;
    const Conversation& conversation_;
    const ToolsOfCalls& tools_;
};

}  // namespace
}  // namespace translate_gemini

Result<void> read_gemini_request(std::string_view path, std::string_view query, const Value& root,
                                 Conversation& conversation) {
    const std::string_view action = action_of(path, ':');
    conversation.stream = action == "streamGenerateContent";
    if (!conversation.stream && action != "generateContent")
        return inexpressible(root, "Only generateContent and streamGenerateContent can be translated");
    if (conversation.stream && !gemini_asks_for_sse(query))
        return inexpressible(root, "A stream can be translated as events only, with alt=sse");
    return translate_gemini::Reader(root, conversation).read();
}

Result<void> write_gemini_request(Buffer& out, const Conversation& c) {
    Refusals refusals;
    refusals.given(c.effort, "The provider cannot be told how much to think");
    refusals.given(c.verbosity, "The provider cannot be told how much to say");
    refusals.when(c.parallel_calls == false && !c.tools.empty(), c.parallel_calls_where,
                  "The provider cannot be told to make one call at a time");
    refuse_system_turns(c, refusals);
    refuse_assistant_images(c, refusals);
    const ToolsOfCalls tools(c);
    for (const ConversationPart& part : c.parts) {
        refusals.when(part.kind == TurnKind::image && !part.url.empty(), part.where,
                      "The provider takes images as data only");
        refusals.when(part.kind == TurnKind::result && tools(part).empty(), part.where,
                      "This result belongs to no call of the conversation");
    }
    for (const ConversationPart& part : c.inner)
        refusals.when(part.kind == TurnKind::image, part.where, "The provider takes no images in results");
    if (refusals.error()) return *refusals.error();
    translate_gemini::BodyWriter(out, c, tools).write();
    return {};
}

}  // namespace gw::provider
