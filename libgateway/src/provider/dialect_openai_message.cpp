#include "provider/dialect_openai_message.h"

#include "json/escape.h"
#include "provider/dialect_edits.h"
#include "provider/token_echo.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using message::PartKind;
using message::Role;
using message::StopReason;

Role role_of(std::string_view role) noexcept {
    if (role == "system" || role == "developer") return Role::system;
    if (role == "assistant" || role == "model") return Role::assistant;
    if (role == "tool" || role == "function") return Role::tool;
    return Role::user;
}

std::optional<StopReason> stop_reason_of(const Value& value) noexcept {
    const std::string_view reason = string_or_empty(value);
    if (reason.empty()) return std::nullopt;
    if (reason == "length" || reason == "max_output_tokens") return StopReason::length;
    if (reason == "tool_calls" || reason == "function_call") return StopReason::tool_calls;
    if (reason == "content_filter") return StopReason::content_filter;
    return StopReason::stop;
}

namespace dialect_message {
namespace {

void read_call(const Value& call, CallNames& names, Passages& passages) {
    // A function's arguments, or the free text of a custom tool; the legacy form has the members right here.
    const Value inner = call["function"].is(Kind::object) ? call["function"]
                        : call["custom"].is(Kind::object) ? call["custom"]
                                                          : call;
    const std::string_view tool = string_or_empty(inner["name"]);
    names.remember(string_or_empty(call["id"]), tool);
    for (Value member = inner.first(); member.exists(); member = member.next()) {
        if (member.key() == "arguments" || member.key() == "input")
            add_json_text(passages, {PartKind::tool_arguments, Role::assistant, tool}, member);
    }
}

TextPlace place_of(const Value& message, Role role, const CallNames& names) {
    TextPlace place{PartKind::text, role, {}};
    if (role != Role::tool) return place;
    place.kind = PartKind::tool_result;
    place.tool = names.tool_of(string_or_empty(message["tool_call_id"]));
    if (place.tool.empty()) place.tool = string_or_empty(message["tool_name"]);  // Ollama
    if (place.tool.empty()) place.tool = string_or_empty(message["name"]);
    return place;
}

}  // namespace
}  // namespace dialect_message

void read_tool_calls(const Value& calls, CallNames& names, Passages& passages) {
    if (calls.is(Kind::object)) dialect_message::read_call(calls, names, passages);
    if (!calls.is(Kind::array)) return;
    for (Value call = calls.first(); call.exists(); call = call.next())
        dialect_message::read_call(call, names, passages);
}

void read_message(const Value& message, Role role, CallNames& names, Passages& passages) {
    if (!message.is(Kind::object)) {
        add_content(passages, {PartKind::text, role, {}}, message);
        return;
    }
    if (message["role"].is(Kind::string)) role = role_of(*message["role"].as_string());
    const TextPlace place = dialect_message::place_of(message, role, names);
    for (Value member = message.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        if (key == "content") {
            // A result may be a value of JSON; what has a type is a part.
            if (role == Role::tool && member.is(Kind::object) && !member["type"].exists()) {
                add_json_text(passages, place, member);
            } else {
                add_content(passages, place, member);
            }
        } else if (key == "tool_calls" || key == "function_call") {
            read_tool_calls(member, names, passages);
        } else if (key == "refusal") {
            add_content(passages, {PartKind::refusal, role, {}}, member);
        } else if (key == "thinking" || key.starts_with("reasoning")) {
            add_content(passages, {PartKind::reasoning, role, {}}, member);
        } else if (key == "audio") {
            add_string(passages, {PartKind::transcript, role, {}}, member["transcript"]);
        } else if (is_token_key(key)) {
            const Value content = message["content"];
            add_tokens(passages, member, {&content, 1}, message["refusal"]);
        } else {
            add_content(passages, place, member, is_text_key(key));
        }
    }
}

bool begins_with_notice(const Value& content) {
    if (content.is(Kind::string)) return content.as_string()->starts_with(notice_prefix);
    if (!content.is(Kind::array)) return false;
    for (Value part = content.first(); part.exists(); part = part.next()) {
        const std::string_view text = string_or_empty(part.is(Kind::string) ? part : part["text"]);
        if (!text.empty()) return text.starts_with(notice_prefix);
    }
    return false;
}

bool is_notice_message(const Value& message) {
    // A call's result without its call would be refused by the provider.
    return string_or_empty(message["role"]) == "assistant" && message["tool_calls"].size() == 0 &&
           begins_with_notice(message["content"]);
}

void insert_system_message(const Value& messages, std::string_view text, Edits& edits) {
    if (!messages.is(Kind::array)) return;
    bool developer = false;
    for (Value message = messages.first(); message.exists(); message = message.next())
        developer |= string_or_empty(message["role"]) == "developer";
    std::pmr::string element(edits.get_allocator().resource());
    element += developer ? R"({"role":"developer","content":")" : R"({"role":"system","content":")";
    json::escape_to(element, text);
    element += "\"}";
    insert_first_element(messages, element, edits);
}

}  // namespace gw::provider
