// Bedrock as a stream.
//
//     converse-stream   messageStart ─► contentBlockDelta, ... ─► contentBlockStop ─► messageStop ─► metadata
//     invoke-…-stream   chunk, chunk, ...: inside are events of the model's own dialect, which whoever frames the
//                       stream has unwrapped (aws_chunk.h)
//
// What a chunk holds tells its dialect: a "type" is Anthropic's; a member named as an event of Converse is Nova's;
// anything else is a piece of text under "outputText", "generation", "completion" and the like.
#pragma once

#include <array>
#include <memory_resource>
#include <string_view>

#include "provider/anthropic_stream.h"
#include "provider/block_table.h"

namespace gw::provider {

// The members in which chunks without a dialect carry text that goes on from chunk to chunk.
inline constexpr std::array<std::string_view, 8> chunk_texts{
    "outputText", "generation", "completion", "text", "content", "reasoning_content", "reasoning", "arguments"};

[[nodiscard]] bool is_converse_event(std::string_view name) noexcept;

class BedrockReader final : public StreamReader {
public:
    explicit BedrockReader(std::pmr::memory_resource* memory) : anthropic_(memory), blocks_(memory), found_(memory) {}
    [[nodiscard]] bool read(std::string_view type, const json::Value& root, Steps& steps) override;
    void read_sentinel(std::string_view, Steps&) override {}  // this dialect has none

private:
    [[nodiscard]] bool read_named(std::string_view type, const json::Value& root, Steps& steps);
    [[nodiscard]] bool read_chunk(const json::Value& root, Steps& steps);
    [[nodiscard]] bool read_plain_chunk(const json::Value& value, Steps& steps);
    [[nodiscard]] bool read_event(std::string_view type, const json::Value& event, Steps& steps);
    [[nodiscard]] bool start_block(std::uint32_t index, const json::Value& start, Steps& steps);
    [[nodiscard]] bool append_delta(std::uint32_t index, const json::Value& delta, Steps& steps);
    void give_found(Steps& steps);

    enum class Speech : std::uint8_t { none, converse, anthropic, plain };
    [[nodiscard]] bool speaks(Speech speech) noexcept;

    AnthropicReader anthropic_;
    BlockTable blocks_;
    Passages found_;  // in the event that is read
    Speech speech_ = Speech::none;
    std::array<std::int32_t, chunk_texts.size()> plain_channels_{-1, -1, -1, -1, -1, -1, -1, -1};
};

class BedrockEnding final : public StreamEnding {
public:
    explicit BedrockEnding(std::pmr::memory_resource* memory)
        : anthropic_(Framing::aws_events, memory), blocks_(memory) {}
    void note(std::string_view type, const json::Value& root) override;
    void note_sentinel(std::string_view) override {}
    void write_block(Buffer& out, const Notice& notice) override;
    void write_failure(Buffer& out, std::string_view message) override;

private:
    enum class Form : std::uint8_t { converse, converse_in_chunks, anthropic_in_chunks, plain_chunks };
    class Events;
    void note_event(std::string_view type, const json::Value& event);

    AnthropicEnding anthropic_;
    OpenBlocks blocks_;
    Form form_ = Form::converse;
    std::string_view plain_text_ = chunk_texts[0];  // where the last piece of text stood
    bool begun_ = false;
    bool stopped_ = false;
    bool ended_ = false;
};

}  // namespace gw::provider
