// The content blocks of Anthropic Messages, wherever they stand: in turns, results, answers, events, and inside one
// another.
//
//     text ─► text, citations ─► document        tool_use ─► arguments        tool_result ─► result
//     thinking ─► reasoning                      document, search_result ─► document
//     redacted_thinking, image ─► nothing        *_tool_result, any other ─► every string in it
#pragma once

#include <map>
#include <string_view>

#include "provider/harvest.h"

namespace gw::provider {

class AnthropicBlocks {
public:
    explicit AnthropicBlocks(Passages& passages) : passages_(passages), names_(passages.get_allocator().resource()) {}

    // A string, a block, or an array of them.
    void read_content(const json::Value& content, message::Role role);
    void read_block(const json::Value& block, message::Role role);

    // The name of the tool whose call had this id, among those read so far. Bedrock has the same calls and results.
    void note_call(std::string_view id, std::string_view name);
    [[nodiscard]] std::string_view called(std::string_view id) const;
    [[nodiscard]] Passages& passages() noexcept { return passages_; }

private:
    void read_inner(const json::Value& content, const Harvest& harvest);
    void read_typed(const json::Value& block, std::string_view type, const Harvest& harvest);

    Passages& passages_;
    std::pmr::map<std::string_view, std::string_view> names_;
};

}  // namespace gw::provider
