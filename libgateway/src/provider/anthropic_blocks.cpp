#include "provider/anthropic_blocks.h"

namespace gw::provider {

using message::PartKind;
using message::Role;

void AnthropicBlocks::read_content(const json::Value& content, Role role) {
    read_inner(content, {passages_, PartKind::text, role});
}

void AnthropicBlocks::read_block(const json::Value& block, Role role) {
    read_inner(block, {passages_, PartKind::text, role});
}

void AnthropicBlocks::note_call(std::string_view id, std::string_view name) {
    if (!id.empty() && !name.empty()) names_.insert_or_assign(id, name);
}

std::string_view AnthropicBlocks::called(std::string_view id) const {
    const auto at = names_.find(id);
    return at == names_.end() ? std::string_view() : at->second;
}

// `harvest.kind` is what text is here: in a result it is a result. Blocks nest no deeper than the document.
void AnthropicBlocks::read_inner(const json::Value& content, const Harvest& harvest) {
    if (content.is(json::Kind::array)) {
        for (json::Value block = content.first(); block.exists(); block = block.next()) read_inner(block, harvest);
        return;
    }
    if (content.is(json::Kind::object)) {
        read_typed(content, content["type"].as_string().value_or(""), harvest);
        return;
    }
    harvest.add_string(content);
}

void AnthropicBlocks::read_typed(const json::Value& block, std::string_view type, const Harvest& harvest) {
    const auto member = [&](std::string_view key) { return block[key]; };
    if (type == "text") {
        harvest.add_string(member("text"));
        const json::Value citations = member("citations");
        for (json::Value citation = citations.first(); citation.exists(); citation = citation.next()) {
            harvest.as(PartKind::document).add_string(citation["cited_text"]);
        }
    } else if (type == "thinking") {
        harvest.as(PartKind::reasoning).add_string(member("thinking"));
    } else if (type == "redacted_thinking" || type == "image") {
        return;  // encrypted; a picture
    } else if (type == "tool_use" || type == "server_tool_use" || type == "mcp_tool_use") {
        const std::string_view name = member("name").as_string().value_or("");
        note_call(member("id").as_string().value_or(""), name);
        harvest.as(PartKind::tool_arguments, name).add(member("input"));
    } else if (type == "tool_result" || type == "mcp_tool_result") {
        const std::string_view tool = called(member("tool_use_id").as_string().value_or(""));
        read_inner(member("content"), {passages_, PartKind::tool_result, Role::tool, tool});
    } else if (type.ends_with("_tool_result")) {
        const std::string_view tool = called(member("tool_use_id").as_string().value_or(""));
        Harvest{passages_, PartKind::tool_result, Role::tool, tool}.add_strings(block);
    } else if (type == "document") {
        const Harvest document = harvest.as(PartKind::document);
        const json::Value source = member("source");
        document.add_string(member("title"));
        document.add_string(member("context"));
        if (source["type"].as_string() == "text") document.add_string(source["data"]);
        if (source["type"].as_string() == "base64") document.add_file(source["data"]);
        read_inner(source["content"], document);
    } else if (type == "search_result") {
        const Harvest document = harvest.as(PartKind::document);
        document.add_string(member("source"));
        document.add_string(member("title"));
        read_inner(member("content"), document);
    } else {
        harvest.add_strings(block);
    }
}

}  // namespace gw::provider
