// The content blocks of Bedrock's Converse: an object whose one member says what it is. Blocks that have a "type" are
// of the model's own dialect, and read as Anthropic's, which most others resemble.
//
//     text, guardContent ─► text      reasoningContent ─► reasoning      document, searchResult ─► document
//     toolUse ─► arguments            toolResult ─► result               citationsContent ─► text and document
//     image, video, audio, cachePoint, redactedContent ─► nothing        any other ─► every string in it
#pragma once

#include "provider/anthropic_blocks.h"

namespace gw::provider {

class BedrockBlocks {
public:
    explicit BedrockBlocks(Passages& passages) : anthropic_(passages) {}

    // A string, a block, or an array of them.
    void read_content(const json::Value& content, message::Role role);
    [[nodiscard]] Passages& passages() noexcept { return anthropic_.passages(); }

private:
    void read_inner(const json::Value& content, const Harvest& harvest);
    void read_member(const json::Value& member, const Harvest& harvest);
    void read_document(const json::Value& document, const Harvest& harvest);

    AnthropicBlocks anthropic_;
};

}  // namespace gw::provider
