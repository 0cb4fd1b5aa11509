// The items of the Responses API: what is in `input` of a request and in `output` of an answer.
#include "provider/dialect_openai_message.h"
#include "provider/dialect_responses.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using message::PartKind;
using message::Role;

namespace responses_item {
namespace {

// Calls of tools that have no name of their own, and where they say what is to be done.
struct BuiltinCall {
    std::string_view type, tool, member;
};
constexpr BuiltinCall builtin_calls[] = {
    {"code_interpreter_call", "code_interpreter", "code"},
    {"computer_call", "computer", "action"},
    {"local_shell_call", "local_shell", "action"},
    {"shell_call", "shell", "action"},
    {"apply_patch_call", "apply_patch", "operation"},
    {"web_search_call", "web_search", "action"},
    {"file_search_call", "file_search", "queries"},
    {"image_generation_call", "image_generation", "revised_prompt"},
};

const BuiltinCall* builtin_call(std::string_view type) noexcept {
    for (const BuiltinCall& call : builtin_calls) {
        if (call.type == type) return &call;
    }
    return nullptr;
}

// What came back: a string, an array of parts, or JSON.
void read_result(const Value& result, std::string_view tool, Passages& passages) {
    const TextPlace place{PartKind::tool_result, Role::tool, tool};
    if (result.is(Kind::object) && !result["type"].exists()) {
        add_json_text(passages, place, result);
    } else {
        add_content(passages, place, result);
    }
}

void read_call(const Value& item, std::string_view tool, std::string_view said_in, Passages& passages) {
    for (Value member = item.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        if (key == said_in) {
            add_json_text(passages, {PartKind::tool_arguments, Role::assistant, tool}, member);
        } else if (key == "output" || key == "outputs" || key == "results" || key == "error") {
            read_result(member, tool, passages);
        } else {
            add_content(passages, {PartKind::text, Role::assistant, tool}, member, is_text_key(key));
        }
    }
}

}  // namespace
}  // namespace responses_item

PartKind kind_of_response_part(std::string_view type) noexcept {
    if (type.starts_with("refusal")) return PartKind::refusal;
    if (type.starts_with("reasoning") || type == "summary_text") return PartKind::reasoning;
    if (type.find("transcript") != std::string_view::npos || type == "output_audio") return PartKind::transcript;
    // "function_call_arguments", "custom_tool_call_input", "code_interpreter_call.code", ...
    const std::size_t call = type.find("_call");
    const std::string_view what = call == std::string_view::npos ? std::string_view{} : type.substr(call + 5);
    if (!what.empty() && (what.substr(1) == "arguments" || what.substr(1) == "input" || what.substr(1) == "code"))
        return PartKind::tool_arguments;
    return PartKind::text;
}

void read_response_item(const Value& item, Role role, CallNames& names, Passages& passages) {
    using namespace responses_item;
    const std::string_view type = string_or_empty(item["type"]);
    if (!item.is(Kind::object) || type.empty() || type == "message") {
        read_message(item, role, names, passages);
        return;
    }
    const std::string_view tool = string_or_empty(item["name"]);
    if (type == "function_call" || type == "mcp_call" || type == "mcp_approval_request") {
        names.remember(string_or_empty(item["call_id"]), tool);
        read_call(item, tool, "arguments", passages);
    } else if (type == "custom_tool_call") {
        names.remember(string_or_empty(item["call_id"]), tool);
        read_call(item, tool, "input", passages);
    } else if (const BuiltinCall* call = builtin_call(type)) {
        names.remember(string_or_empty(item["call_id"]), call->tool);
        read_call(item, call->tool, call->member, passages);
    } else if (type.ends_with("_output")) {
        read_call(item, names.tool_of(string_or_empty(item["call_id"])), {}, passages);
    } else if (type == "reasoning") {
        add_content(passages, {PartKind::reasoning, Role::assistant, {}}, item);
    } else if (type == "mcp_list_tools") {
        add_descriptions(passages, item["tools"]);
    } else {
        add_content(passages, {PartKind::text, role, {}}, item);
    }
}

}  // namespace gw::provider
