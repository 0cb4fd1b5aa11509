#include "provider/bedrock_blocks.h"

#include <algorithm>

namespace gw::provider {

using message::PartKind;
using message::Role;

void BedrockBlocks::read_content(const json::Value& content, Role role) {
    read_inner(content, {passages(), PartKind::text, role});
}

void BedrockBlocks::read_inner(const json::Value& content, const Harvest& harvest) {
    if (content.is(json::Kind::array)) {
        for (json::Value block = content.first(); block.exists(); block = block.next()) read_inner(block, harvest);
    } else if (!content.is(json::Kind::object)) {
        harvest.add_string(content);
    } else if (content["type"].is(json::Kind::string)) {
        anthropic_.read_block(content, harvest.role);
    } else {
        for (json::Value member = content.first(); member.exists(); member = member.next()) {
            read_member(member, harvest);
        }
    }
}

void BedrockBlocks::read_member(const json::Value& member, const Harvest& harvest) {
    static constexpr std::string_view wordless[] = {"image", "video", "audio", "cachePoint", "redactedContent"};
    const std::string_view key = member.key();
    if (key == "text") {
        harvest.add_strings(member);
    } else if (key == "toolUse") {
        const std::string_view name = member["name"].as_string().value_or("");
        anthropic_.note_call(member["toolUseId"].as_string().value_or(""), name);
        harvest.as(PartKind::tool_arguments, name).add(member["input"]);
    } else if (key == "toolResult") {
        const std::string_view tool = anthropic_.called(member["toolUseId"].as_string().value_or(""));
        read_inner(member["content"], {passages(), PartKind::tool_result, Role::tool, tool});
    } else if (key == "json") {
        harvest.add(member);  // of a result
    } else if (key == "reasoningContent") {
        const json::Value text = member["reasoningText"];
        harvest.as(PartKind::reasoning).add_string(text.is(json::Kind::object) ? text["text"] : text);
        harvest.as(PartKind::reasoning).add_string(member["text"]);
    } else if (key == "document" || key == "searchResult") {
        read_document(member, harvest.as(PartKind::document));
    } else if (key == "citationsContent") {
        read_inner(member["content"], harvest);
        harvest.as(PartKind::document).add_strings(member["citations"]);
    } else if (std::find(std::begin(wordless), std::end(wordless), key) == std::end(wordless) && !is_opaque(key)) {
        harvest.add_strings(member);
    }
}

void BedrockBlocks::read_document(const json::Value& document, const Harvest& harvest) {
    for (json::Value member = document.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        const json::Value source = key == "source" ? member : json::Value();
        if (key == "name" || key == "title" || key == "context") {
            harvest.add_string(member);
        } else if (key == "content") {
            read_inner(member, harvest);
        } else if (source.is(json::Kind::string)) {
            harvest.add_string(source);
        } else if (source.exists()) {
            harvest.add_string(source["text"]);
            harvest.add_file(source["bytes"]);
            read_inner(source["content"], harvest);
        }
    }
}

}  // namespace gw::provider
