#include "provider/bedrock_stream.h"

#include <algorithm>

#include "provider/bedrock_blocks.h"

namespace gw::provider {

using message::PartKind;
using message::StopReason;

bool is_converse_event(std::string_view name) noexcept {
    static constexpr std::string_view names[] = {"messageStart",     "contentBlockStart", "contentBlockDelta",
                                                 "contentBlockStop", "messageStop",       "metadata"};
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

namespace {

StopReason bedrock_stop_reason(std::string_view reason) noexcept {
    if (reason == "max_tokens" || reason == "model_context_window_exceeded") return StopReason::length;
    if (reason == "tool_use") return StopReason::tool_calls;
    if (reason == "guardrail_intervened" || reason == "content_filtered") return StopReason::content_filter;
    return StopReason::stop;
}

// The member that is an event of Converse, when the event's name is not the frame's: inside a chunk, or over SSE.
json::Value named_event(const json::Value& root) noexcept {
    json::Value member = root.is(json::Kind::object) ? root.first() : json::Value();
    while (member.exists() && !is_converse_event(member.key())) member = member.next();
    return member;
}

// "p" hides the length of an event's text: so many letters off the front of a fixed row. Other letters are no padding.
json::Value padding_of(const json::Value& root) noexcept {
    static constexpr std::string_view row = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const json::Value p = root["p"];
    const auto text = p.as_string();
    return text && row.starts_with(*text) ? p : json::Value();
}

constexpr PartKind chunk_text_kind(std::size_t which) noexcept {
    return chunk_texts[which].starts_with("reasoning") ? PartKind::reasoning
           : chunk_texts[which] == "arguments"         ? PartKind::tool_arguments
                                                       : PartKind::text;
}

}  // namespace

// A stream has one form: text of two would be put together by a client in a way that nobody can know.
bool BedrockReader::speaks(Speech speech) noexcept {
    if (speech_ == Speech::none) speech_ = speech;
    return speech_ == speech;
}

bool BedrockReader::read(std::string_view type, const json::Value& root, Steps& steps) {
    if (type == "message") type = {};  // an SSE event without a name
    const std::size_t from = steps.size();
    if (!read_named(type, root, steps)) return false;
    append_rest(root, from, steps, padding_of(root));
    return true;
}

bool BedrockReader::read_named(std::string_view type, const json::Value& root, Steps& steps) {
    if (type == "chunk") return read_chunk(root, steps);
    if (is_converse_event(type)) return speaks(Speech::converse) && read_event(type, root, steps);
    if (type.empty()) return read_chunk(root, steps);
    if (type.ends_with("Exception") || type.ends_with("Error")) {
        Step step;
        step.what = Step::What::error;
        step.value = root["message"];
        steps.push_back(step);
    }
    return true;
}

bool BedrockReader::read_chunk(const json::Value& root, Steps& steps) {
    if (root["type"].is(json::Kind::string)) {
        return speaks(Speech::anthropic) && anthropic_.read({}, root, steps);
    }
    json::Value event = named_event(root);
    if (event.exists()) {
        if (!speaks(Speech::converse)) return false;
        for (event = root.first(); event.exists(); event = event.next()) {
            if (is_converse_event(event.key()) && !read_event(event.key(), event, steps)) return false;
        }
        return true;
    }
    return speaks(Speech::plain) && read_plain_chunk(root, steps);
}

// A document nests at most 128 deep, so this may call itself.
bool BedrockReader::read_plain_chunk(const json::Value& value, Steps& steps) {
    for (json::Value child = value.first(); child.exists(); child = child.next()) {
        const std::string_view key = child.key();
        const auto* known = std::find(chunk_texts.begin(), chunk_texts.end(), key);
        if (!child.is(json::Kind::string)) {
            if (!read_plain_chunk(child, steps)) return false;
        } else if (known != chunk_texts.end()) {
            const auto which = static_cast<std::size_t>(known - chunk_texts.begin());
            Step step;
            step.kind = chunk_text_kind(which);
            if (plain_channels_[which] < 0) {
                const auto channel = blocks_.new_channel();
                if (!channel) return false;
                plain_channels_[which] = static_cast<std::int32_t>(*channel);
                step.what = Step::What::open;
                step.channel = *channel;
                steps.push_back(step);
            }
            step.what = Step::What::delta;
            step.channel = static_cast<std::uint32_t>(plain_channels_[which]);
            step.value = child;
            if (!child.as_string()->empty()) steps.push_back(step);
        }
    }
    return true;
}

bool BedrockReader::read_event(std::string_view type, const json::Value& event, Steps& steps) {
    Step step;
    if (type == "messageStart") {
        step.what = Step::What::begin;
        steps.push_back(step);
        return true;
    }
    if (type == "messageStop") {
        step.what = Step::What::stop;
        step.reason = bedrock_stop_reason(event["stopReason"].as_string().value_or(""));
        steps.push_back(step);
        return true;
    }
    if (type == "metadata") {
        const json::Value usage = event["usage"];
        step.what = Step::What::usage;
        step.usage = {token_count(usage["inputTokens"]), token_count(usage["outputTokens"]), true};
        if (usage.is(json::Kind::object)) steps.push_back(step);
        step = {};
        step.what = Step::What::done;
        steps.push_back(step);
        return true;
    }
    const auto index = block_index(event["contentBlockIndex"]);
    if (!index) return false;
    if (type == "contentBlockStart") return start_block(*index, event["start"], steps);
    if (type == "contentBlockDelta") return append_delta(*index, event["delta"], steps);
    return blocks_.close(*index, steps);
}

bool BedrockReader::start_block(std::uint32_t index, const json::Value& start, Steps& steps) {
    const json::Value tool = start["toolUse"];
    if (!tool.exists()) {
        if (!blocks_.open(index, {}, steps)) return false;
        BedrockBlocks(found_).read_content(start, message::Role::assistant);
        give_found(steps);
        return true;
    }
    const std::string_view name = tool["name"].as_string().value_or("");
    const std::string_view id = tool["toolUseId"].as_string().value_or("");
    if (!blocks_.open(index, {PartKind::tool_arguments, name, id}, steps)) return false;
    Harvest{found_, PartKind::tool_arguments, message::Role::assistant, name}.add(tool["input"]);
    give_found(steps);
    return true;
}

bool BedrockReader::append_delta(std::uint32_t index, const json::Value& delta, Steps& steps) {
    for (json::Value member = delta.first(); member.exists(); member = member.next()) {
        const std::string_view key = member.key();
        if (key == "text") {
            if (!blocks_.append(index, PartKind::text, member, steps)) return false;
        } else if (key == "toolUse") {
            const json::Value input = member["input"];
            if (input.exists() && !blocks_.append(index, PartKind::tool_arguments, input, steps)) return false;
        } else if (key == "reasoningContent") {
            const json::Value text = member["text"];
            if (text.exists() && !blocks_.append(index, PartKind::reasoning, text, steps)) return false;
        } else if (key == "toolResult") {
            Harvest{found_, PartKind::tool_result}.add_strings(member);
        } else if (key == "citation") {
            Harvest{found_, PartKind::document}.add_strings(member);
        }
    }
    give_found(steps);
    return true;
}

void BedrockReader::give_found(Steps& steps) {
    append_wholes(found_, steps);
    found_.clear();
}

}  // namespace gw::provider
