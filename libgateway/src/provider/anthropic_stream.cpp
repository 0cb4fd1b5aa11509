#include "provider/anthropic_stream.h"

#include <algorithm>

#include "provider/anthropic_blocks.h"

namespace gw::provider {

using message::PartKind;

namespace {

message::StopReason anthropic_stop_reason(std::string_view reason) noexcept {
    if (reason == "max_tokens" || reason == "model_context_window_exceeded") return message::StopReason::length;
    if (reason == "tool_use") return message::StopReason::tool_calls;
    if (reason == "refusal") return message::StopReason::content_filter;
    return message::StopReason::stop;
}

}  // namespace

bool AnthropicReader::read(std::string_view type, const json::Value& root, Steps& steps) {
    // The name stands twice. A client looks at the one or the other, so they must not differ.
    if (type == "message") type = {};  // an SSE event without a name
    const std::string_view said = root["type"].as_string().value_or(type);
    if (!type.empty() && type != said) return false;
    const std::size_t from = steps.size();
    if (!read_named(said, root, steps)) return false;
    append_rest(root, from, steps);
    return true;
}

bool AnthropicReader::read_named(std::string_view said, const json::Value& root, Steps& steps) {
    if (said == "message_start") return start_message(root["message"], steps);
    if (said == "content_block_start" || said == "content_block_delta" || said == "content_block_stop") {
        const auto index = block_index(root["index"]);
        if (!index) return false;
        if (said == "content_block_start") return start_block(*index, root["content_block"], steps);
        if (said == "content_block_delta") return append_delta(*index, root["delta"], steps);
        return blocks_.close(*index, steps);
    }
    Step step;
    if (said == "message_delta") {
        usage(root["usage"], steps);
        if (const auto reason = root["delta"]["stop_reason"].as_string()) {
            step.what = Step::What::stop;
            step.reason = anthropic_stop_reason(*reason);
            steps.push_back(step);
        }
        return true;
    }
    if (said == "message_stop") {
        step.what = Step::What::done;
        steps.push_back(step);
        return true;
    }
    if (said == "error") {
        step.what = Step::What::error;
        step.value = root["error"]["message"];
        steps.push_back(step);
    }
    return true;  // a ping, or what is new
}

void AnthropicReader::read_sentinel(std::string_view, Steps&) {}  // this dialect has none

bool AnthropicReader::start_message(const json::Value& message, Steps& steps) {
    Step step;
    step.what = Step::What::begin;
    step.id = message["id"].as_string().value_or("");
    step.model = message["model"].as_string().value_or("");
    steps.push_back(step);
    // Content that stands here already is what block 0 and so on begin with.
    const json::Value content = message["content"];
    std::uint32_t index = 0;
    for (json::Value block = content.first(); block.exists(); block = block.next()) {
        if (index > 0xFFFF || !start_block(index++, block, steps)) return false;
    }
    usage(message["usage"], steps);
    return true;
}

bool AnthropicReader::start_block(std::uint32_t index, const json::Value& block, Steps& steps) {
    const std::string_view type = block["type"].as_string().value_or("");
    AnthropicBlocks blocks(found_);
    if (type == "text" || type == "thinking") {
        const PartKind kind = type == "text" ? PartKind::text : PartKind::reasoning;
        if (!blocks_.open(index, {kind, {}, {}}, steps)) return false;
        const json::Value text = block[type];  // the member is named as the block
        if (text.exists() && !blocks_.append(index, kind, text, steps)) return false;
        const json::Value citations = block["citations"];
        Harvest{found_, PartKind::document}.add_strings(citations);
    } else if (type.ends_with("tool_use")) {
        const std::string_view name = block["name"].as_string().value_or("");
        const std::string_view id = block["id"].as_string().value_or("");
        if (!blocks_.open(index, {PartKind::tool_arguments, name, id}, steps)) return false;
        Harvest{found_, PartKind::tool_arguments, message::Role::assistant, name}.add(block["input"]);
    } else {
        if (!blocks_.open(index, {}, steps)) return false;
        blocks.read_block(block, message::Role::assistant);
    }
    give_found(steps);
    return true;
}

// Clients look at the members, some without a look at the delta's type; so do we.
bool AnthropicReader::append_delta(std::uint32_t index, const json::Value& delta, Steps& steps) {
    for (json::Value member = delta.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        if (key == "text") {
            if (!blocks_.append(index, PartKind::text, member, steps)) return false;
        } else if (key == "thinking") {
            if (!blocks_.append(index, PartKind::reasoning, member, steps)) return false;
        } else if (key == "partial_json") {
            if (!blocks_.append(index, PartKind::tool_arguments, member, steps)) return false;
        } else if (key == "citation") {
            Harvest{found_, PartKind::document}.add_string(member["cited_text"]);
        }
    }
    give_found(steps);
    return true;
}

void AnthropicReader::usage(const json::Value& usage, Steps& steps) {
    if (!usage.is(json::Kind::object)) return;
    usage_.known = true;
    usage_.input_tokens = std::max(usage_.input_tokens, token_count(usage["input_tokens"]));
    usage_.output_tokens = std::max(usage_.output_tokens, token_count(usage["output_tokens"]));
    Step step;
    step.what = Step::What::usage;
    step.usage = usage_;
    steps.push_back(step);
}

void AnthropicReader::give_found(Steps& steps) {
    append_wholes(found_, steps);
    found_.clear();
}

}  // namespace gw::provider
