// What chat completions and Responses write almost alike: tools, the choice among them, and the form of the answer.
#include <algorithm>
#include <set>

#include "provider/dialect_text.h"
#include "provider/translate_chat.h"
#include "provider/translate_parts.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using json::Writer;
using message::Conversation;
using message::ResponseShape;
using message::ToolChoice;

namespace translate_openai {
namespace {

// Where the name of a tool, or of a choice, stands.
Value function_of(const Value& value, OpenAiForm form) noexcept {
    const Value inside = value["function"];
    return form == OpenAiForm::chat || inside.is(Kind::object) ? inside : value;
}

// {"type":"allowed_tools","mode":"auto","tools":[...]}: the others might as well not be there.
Result<void> read_allowed_tools(const Value& choice, OpenAiForm form, Conversation& conversation) {
    const Value allowed = form == OpenAiForm::chat ? choice["allowed_tools"] : choice;
    std::pmr::set<std::string_view> names(conversation.memory());
    const Value list = allowed["tools"];
    for (Value it = list.first(); it.exists(); it = it.next())
        names.insert(string_or_empty(function_of(it, form)["name"]));
    std::erase_if(conversation.tools, [&](const message::Tool& tool) { return !names.contains(tool.name); });
    const std::string_view mode = string_or_empty(allowed["mode"]);
    if (mode != "auto" && mode != "required") return inexpressible(choice, "This choice of tools cannot be translated");
    conversation.choice = mode == "auto" ? ToolChoice::automatic : ToolChoice::required;
    return {};
}

}  // namespace
}  // namespace translate_openai

Result<void> read_openai_tools(const Value& tools, OpenAiForm form, Conversation& conversation) {
    for (Value it = tools.first(); it.exists(); it = it.next()) {
        if (string_or_empty(it["type"]) != "function")
            return inexpressible(it, "Only tools that are functions can be translated");
        const Value function = translate_openai::function_of(it, form);
        message::Tool& tool = conversation.tools.emplace_back();
        tool.where = it.offset();
        tool.name = string_or_empty(function["name"]);
        tool.description = string_or_empty(function["description"]);
        tool.strict = function["strict"].as_bool();
        if (tool.name.empty()) return malformed(it, "A tool needs a name");
        const Value schema = function["parameters"];
        if (schema.kind() == Kind::null) continue;
        if (!schema.is(Kind::object)) return malformed(schema, "A schema is an object");
        tool.schema = schema.raw();
    }
    return {};
}

Result<void> read_openai_tool_choice(const Value& choice, OpenAiForm form, Conversation& conversation) {
    if (choice.kind() == Kind::null) return {};
    const std::string_view word = string_or_empty(choice);
    if (word == "auto") {
        conversation.choice = ToolChoice::automatic;
    } else if (word == "none") {
        conversation.choice = ToolChoice::none;
    } else if (word == "required") {
        conversation.choice = ToolChoice::required;
    } else if (string_or_empty(choice["type"]) == "allowed_tools") {
        return translate_openai::read_allowed_tools(choice, form, conversation);
    } else {
        conversation.choice = ToolChoice::one;
        conversation.choice_tool = string_or_empty(translate_openai::function_of(choice, form)["name"]);
        if (string_or_empty(choice["type"]) != "function" || conversation.choice_tool.empty())
            return inexpressible(choice, "This choice of tools cannot be translated");
    }
    return {};
}

Result<void> read_openai_format(const Value& format, const Value& schema, Conversation& conversation) {
    const std::string_view type = string_or_empty(format["type"]);
    conversation.shape_where = format.offset();
    if (type == "text") {
        conversation.shape = ResponseShape::text;
    } else if (type == "json_object") {
        conversation.shape = ResponseShape::json;
    } else if (type == "json_schema") {
        if (!schema["schema"].is(Kind::object)) return malformed(format, "The form of the answer needs a schema");
        conversation.shape = ResponseShape::schema;
        conversation.shape_name = string_or_empty(schema["name"]);
        conversation.shape_schema = schema["schema"].raw();
        conversation.shape_strict = schema["strict"].as_bool();
    } else {
        return inexpressible(format, "This form of an answer cannot be translated");
    }
    return {};
}

void write_openai_tools(Writer& w, OpenAiForm form, const Conversation& c) {
    const bool chat = form == OpenAiForm::chat;
    if (!c.tools.empty()) {
        w.key("tools").begin_array();
        for (const message::Tool& tool : c.tools) {
            w.begin_object().member("type", "function");
            if (chat) w.key("function").begin_object();
            w.member("name", tool.name);
            if (!tool.description.empty()) w.member("description", tool.description);
            if (!tool.schema.empty()) {
                w.key("parameters").raw(tool.schema);
            } else if (!chat) {
                w.key("parameters").raw(R"({"type":"object","properties":{}})");
            }
            // Responses is strict where nothing is said, and refuses schemas that are not made for that.
            if (tool.strict == true || !chat) w.member("strict", tool.strict.value_or(false));
            if (chat) w.end_object();
            w.end_object();
        }
        w.end_array();
    }
    switch (c.choice) {
    case ToolChoice::unset: break;
    case ToolChoice::automatic: w.member("tool_choice", "auto"); break;
    case ToolChoice::none: w.member("tool_choice", "none"); break;
    case ToolChoice::required: w.member("tool_choice", "required"); break;
    case ToolChoice::one:
        w.key("tool_choice").begin_object().member("type", "function");
        if (chat) w.key("function").begin_object();
        w.member("name", c.choice_tool);
        if (chat) w.end_object();
        w.end_object();
    }
    if (c.parallel_calls) w.member("parallel_tool_calls", *c.parallel_calls);
}

void write_openai_format(Writer& w, OpenAiForm form, const Conversation& c) {
    if (c.shape == ResponseShape::text) w.member("type", "text");
    if (c.shape == ResponseShape::json) w.member("type", "json_object");
    if (c.shape != ResponseShape::schema) return;
    w.member("type", "json_schema");
    if (form == OpenAiForm::chat) w.key("json_schema").begin_object();
    w.member("name", c.shape_name.empty() ? std::string_view("answer") : c.shape_name);
    w.key("schema").raw(c.shape_schema);
    if (c.shape_strict) w.member("strict", *c.shape_strict);
    if (form == OpenAiForm::chat) w.end_object();
}

}  // namespace gw::provider
