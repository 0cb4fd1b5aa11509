// Anthropic Messages as a stream: reading its events, and ending it at any place. Bedrock's invoke-with-response-stream
// has the same events inside its chunks.
//
//     message_start ─► content_block_start, _delta, _delta, _stop ─► ... ─► message_delta ─► message_stop
#pragma once

#include "provider/block_table.h"
#include "provider/harvest.h"

namespace gw::provider {

class AnthropicReader final : public StreamReader {
public:
    explicit AnthropicReader(std::pmr::memory_resource* memory) : blocks_(memory), found_(memory) {}
    [[nodiscard]] bool read(std::string_view type, const json::Value& root, Steps& steps) override;
    void read_sentinel(std::string_view data, Steps& steps) override;

private:
    [[nodiscard]] bool read_named(std::string_view name, const json::Value& root, Steps& steps);
    [[nodiscard]] bool start_message(const json::Value& message, Steps& steps);
    [[nodiscard]] bool start_block(std::uint32_t index, const json::Value& block, Steps& steps);
    [[nodiscard]] bool append_delta(std::uint32_t index, const json::Value& delta, Steps& steps);
    void usage(const json::Value& usage, Steps& steps);
    void give_found(Steps& steps);

    BlockTable blocks_;
    Passages found_;  // of the event that is read
    message::Usage usage_;
};

class AnthropicEnding final : public StreamEnding {
public:
    // `framing`: sse, or aws_events for chunks.
    AnthropicEnding(Framing framing, std::pmr::memory_resource* memory) : framing_(framing), blocks_(memory) {}
    void note(std::string_view type, const json::Value& root) override;
    void note_sentinel(std::string_view) override {}
    void write_block(Buffer& out, const Notice& notice) override;
    void write_failure(Buffer& out, std::string_view message) override;

private:
    class Events;

    Framing framing_;
    OpenBlocks blocks_;
    std::uint64_t output_tokens_ = 0;
    bool begun_ = false;
    bool stopped_ = false;  // the reason was given
    bool ended_ = false;
};

}  // namespace gw::provider
