// BlockTable: which channel a block of a stream is. Anthropic and Bedrock number the blocks of an answer, and a delta
// names its block by that number; the number is the upstream's word.
//
//     index of the wire ── open(), append(), close() ──► Step: channel 0, 1, 2 in order of appearance
//
// A client puts the text of one index together, whatever else comes between. So what could make its text another than
// the one inspected is refused: a second block of one index, a delta behind a block's end, text of two kinds in one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <string_view>

#include "provider/dialect.h"

namespace gw::provider {

// A block's index, when it is one: 0 to 65535, which is far more than the parts that a reader takes.
[[nodiscard]] std::optional<std::uint32_t> block_index(const json::Value& value) noexcept;

class BlockTable {
public:
    explicit BlockTable(std::pmr::memory_resource* memory) : blocks_(memory) {}

    // What a block is when its beginning says so. Without a kind its first delta decides.
    struct Opening {
        std::optional<message::PartKind> kind;
        std::string_view tool, call_id;
    };
    // Each is false when the event is to be refused.
    [[nodiscard]] bool open(std::uint32_t index, const Opening& opening, Steps& steps);
    // A piece of a block's text: a string, or null. A block that was never opened begins here.
    [[nodiscard]] bool append(std::uint32_t index, message::PartKind kind, const json::Value& value, Steps& steps);
    // The end of a block that is not open says nothing.
    [[nodiscard]] bool close(std::uint32_t index, Steps& steps);

    // A channel beside the blocks.
    [[nodiscard]] std::optional<std::uint32_t> new_channel() noexcept;

private:
    enum class State : std::uint8_t { undecided, open, closed };
    struct Block {
        State state = State::undecided;
        message::PartKind kind = message::PartKind::text;
        std::uint32_t channel = 0;
    };
    [[nodiscard]] bool decide(Block& block, message::PartKind kind, std::string_view tool, std::string_view call_id,
                              Steps& steps);

    std::pmr::map<std::uint32_t, Block> blocks_;  // at most channels_max
    std::uint32_t channels_ = 0;
};

// The other side of the same: which blocks a client has open, to close them.
class OpenBlocks {
public:
    explicit OpenBlocks(std::pmr::memory_resource* memory) : text_(memory) {}

    void open(std::uint32_t index, bool text);
    void append(std::uint32_t index, bool text);  // opens a block that is not
    void close(std::uint32_t index);

    // The open ones in order, true for those that hold text.
    [[nodiscard]] const std::pmr::map<std::uint32_t, bool>& all() const noexcept { return text_; }
    // The index of a block that would come next.
    [[nodiscard]] std::uint32_t next() const noexcept { return next_; }
    [[nodiscard]] bool any_seen() const noexcept { return next_ > 0; }
    void clear() noexcept { text_.clear(); }

private:
    std::pmr::map<std::uint32_t, bool> text_;  // at most channels_max
    std::uint32_t next_ = 0;
};

}  // namespace gw::provider
