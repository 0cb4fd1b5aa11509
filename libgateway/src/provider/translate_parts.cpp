#include "provider/translate_parts.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"
#include "provider/gemini_parts.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using message::ConversationPart;
using message::Role;

namespace translate_parts {
namespace {

bool says_nothing(const Value& value, std::string_view harmless) noexcept {
    if (value.raw() == harmless) return true;
    switch (value.kind()) {
    case Kind::null: return true;
    case Kind::boolean: return value.as_bool() == false;
    case Kind::number: return false;
    case Kind::string: return value.as_string()->empty() || value.as_string() == harmless;
    case Kind::array:
    case Kind::object: return value.size() == 0;
    }
    return false;
}

// A name in a path: whole characters, and not a page of them.
void append_name(std::string_view key, std::pmr::string& path) {
    constexpr std::size_t name_bytes_max = 64;
    path += cut_utf8(key, name_bytes_max);
}

}  // namespace
}  // namespace translate_parts

Result<void> check_fields(const Value& object, std::span<const FieldRule> rules, UnknownFields unknown) {
    using Then = FieldRule::Then;
    for (Value member = object.first(); member.exists(); member = member.next()) {
        if (member.kind() == Kind::null) continue;
        const std::string_view key = member.key();
        const auto rule =
            std::find_if(rules.begin(), rules.end(), [&](const FieldRule& it) { return is_gemini_key(key, it.name); });
        if (rule == rules.end()) {
            if (unknown == UnknownFields::ignored) continue;
            return inexpressible(member, "This field is not known and cannot be translated");
        }
        if (rule->then == Then::refused && !translate_parts::says_nothing(member, rule->harmless))
            return inexpressible(member, "This field cannot be translated for another provider");
    }
    return {};
}

void TurnBuilder::begin(Role role, const Value& value) {
    auto& turns = conversation_.turns;
    const bool joins = role == Role::assistant || role == Role::tool;
    if (joins && !turns.empty() && turns.back().role == role) return;
    turns.push_back({role, value.offset(), conversation_.parts.size(), 0});
}

ConversationPart& TurnBuilder::add(ConversationPart::Kind kind, const Value& value) {
    ++conversation_.turns.back().count;
    ConversationPart& part = conversation_.parts.emplace_back();
    part.kind = kind;
    part.where = value.offset();
    part.inner_first = conversation_.inner.size();
    return part;
}

void TurnBuilder::add_text(const Value& value) {
    add(ConversationPart::Kind::text, value).text = value.as_string().value_or("");
}

ConversationPart& TurnBuilder::add_inner(ConversationPart::Kind kind, const Value& value) {
    ++conversation_.parts.back().inner_count;
    ConversationPart& part = conversation_.inner.emplace_back();
    part.kind = kind;
    part.where = value.offset();
    return part;
}

void TurnBuilder::add_inner_text(const Value& value) {
    add_inner(ConversationPart::Kind::text, value).text = value.as_string().value_or("");
}

void TurnBuilder::add_system(const Value& value) {
    if (!conversation_.turns.empty()) {
        begin(Role::system, value);
        add_text(value);
        return;
    }
    ConversationPart& part = conversation_.system.emplace_back();
    part.where = value.offset();
    part.text = value.as_string().value_or("");
}

Result<Value> number_of(const Value& value) {
    if (value.exists() && value.kind() != Kind::null && value.kind() != Kind::number)
        return malformed(value, "This must be a number");
    return value.is(Kind::number) ? value : Value();
}

Result<void> read_stop(const Value& value, message::Conversation& conversation) {
    if (!value.exists() || value.kind() == Kind::null) return {};
    conversation.stop_where = value.offset();
    if (value.is(Kind::string)) {
        conversation.stop.push_back(*value.as_string());
        return {};
    }
    if (!value.is(Kind::array)) return malformed(value, "This must be a string or a list of strings");
    for (Value it = value.first(); it.exists(); it = it.next()) {
        if (!it.is(Kind::string)) return malformed(it, "This must be a string");
        conversation.stop.push_back(*it.as_string());
    }
    return {};
}

bool read_image_url(std::string_view url, ConversationPart& part) {
    if (!starts_with_ignoring_case(url, "data:")) {
        part.url = url;
        return !url.empty();
    }
    // RFC 2397, the form with base64 and nothing beside the media type.
    const std::size_t comma = url.find(',');
    if (comma == std::string_view::npos) return false;
    std::string_view head = url.substr(5, comma - 5);
    constexpr std::string_view base64 = ";base64";
    if (head.size() <= base64.size() || !equals_ignoring_case(head.substr(head.size() - base64.size()), base64))
        return false;
    head.remove_suffix(base64.size());
    if (!starts_with_ignoring_case(head, "image/") || head.find(';') != std::string_view::npos) return false;
    part.media = head;
    part.data = url.substr(comma + 1);
    return !part.data.empty();
}

bool is_json_object(std::string_view text, std::pmr::memory_resource* memory) {
    json::Document document(memory);
    return document.parse(text) && document.root().is(Kind::object);
}

bool read_arguments(std::string_view text, std::string_view& arguments, std::pmr::memory_resource* memory) {
    arguments = text.empty() ? std::string_view("{}") : text;
    return text.empty() || is_json_object(text, memory);
}

void write_image_url(json::Writer& w, const ConversationPart& image, std::pmr::memory_resource* memory) {
    if (!image.url.empty()) {
        w.string(image.url);
        return;
    }
    std::pmr::string url("data:", memory);
    url.reserve(image.data.size() + image.media.size() + 16);
    url += image.media;
    url += ";base64,";
    url += image.data;
    w.string(url);
}

std::pmr::string joined_text(std::span<const ConversationPart> parts, std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    for (const ConversationPart& part : parts) {
        if (part.kind != ConversationPart::Kind::text) continue;
        if (!out.empty()) out += '\n';
        out += part.text;
    }
    return out;
}

ToolsOfCalls::ToolsOfCalls(const message::Conversation& conversation) : tools_(conversation.memory()) {
    for (const ConversationPart& part : conversation.parts) {
        if (part.kind == ConversationPart::Kind::call) tools_.insert_or_assign(part.call_id, part.tool);
    }
}

std::string_view ToolsOfCalls::operator()(const ConversationPart& result) const {
    if (!result.tool.empty()) return result.tool;
    const auto found = tools_.find(result.call_id);
    return found == tools_.end() ? std::string_view() : found->second;
}

void refuse_assistant_images(const message::Conversation& conversation, Refusals& refusals) {
    for (const message::Turn& turn : conversation.turns) {
        if (turn.role == Role::user) continue;
        for (const auto& part : parts_of(conversation, turn)) {
            refusals.when(part.kind == ConversationPart::Kind::image, part.where,
                          "The provider takes images from the user only");
        }
    }
}

void refuse_system_turns(const message::Conversation& conversation, Refusals& refusals) {
    for (const message::Turn& turn : conversation.turns) {
        refusals.when(turn.role == Role::system, turn.where,
                      "The provider takes instructions at the beginning of a conversation only");
    }
}

std::pmr::string prefixed_id(std::string_view prefix, std::string_view id, std::string_view otherwise,
                             std::pmr::memory_resource* memory) {
    // Nobody's id is longer; every frame of a stream repeats it.
    constexpr std::size_t id_bytes_max = 256;
    if (id.empty()) id = otherwise;
    id = cut_utf8(id, id_bytes_max);
    std::pmr::string out(memory);
    if (!id.starts_with(prefix)) out = prefix;
    out += id;
    return out;
}

std::uint64_t tokens(const Value& value) noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value.as_int().value_or(0)));
}

void append_path(const Value& root, std::size_t offset, std::pmr::string& path) {
    Value at = root;
    while (at.is(Kind::object) || at.is(Kind::array)) {
        // The last child that does not begin behind the offset, if the offset lies in it.
        Value inside;
        std::size_t index = 0;
        std::size_t count = 0;
        for (Value child = at.first(); child.exists() && child.offset() <= offset; child = child.next()) {
            inside = child;
            index = count++;
        }
        if (!inside.exists() || offset >= inside.offset() + inside.raw().size()) return;
        if (at.kind() == Kind::object) {
            if (!path.empty()) path += '.';
            translate_parts::append_name(inside.key(), path);
        } else {
            char digits[20];
            const auto end = std::to_chars(std::begin(digits), std::end(digits), index).ptr;
            path += '[';
            path.append(digits, static_cast<std::size_t>(end - digits));
            path += ']';
        }
        if (inside.offset() == offset) return;
        at = inside;
    }
}

}  // namespace gw::provider
