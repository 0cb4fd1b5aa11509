// Channels: the parts of a stream that are open, under the indices of the wire, and the dense numbers that inspection
// knows them by.
//
//     open(choice 0, "content")   ──► Step::open,  channel 0
//     open(choice 0, tool call 7) ──► Step::open,  channel 1
//     close_all(choice 0)         ──► Step::close, channels 0 and 1
#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <string>
#include <string_view>
#include <utility>

#include "provider/dialect.h"

namespace gw::provider {

class Channels {
public:
    // The choice or output item, and the part of it.
    using Place = std::pair<std::uint32_t, std::uint64_t>;
    struct Part {
        std::uint32_t channel;
        std::uint32_t choice;
        message::PartKind kind;
        std::pmr::string tool, call_id;
    };
    // Names of tools and calls are kept; longer ones are nobody's.
    static constexpr std::size_t name_bytes_max = 1024;

    explicit Channels(std::pmr::memory_resource* memory) : parts_(memory) {}

    [[nodiscard]] Part* find(const Place& place);
    // Opens a part that is not open yet. nullptr when the stream has named too many, or too long a name.
    [[nodiscard]] Part* open(const Place& place, std::uint32_t choice, message::PartKind kind, Steps& steps,
                             std::string_view tool = {}, std::string_view call_id = {});
    // More text of a part, which is opened when it is not open. False as above.
    [[nodiscard]] bool delta(const Place& place, std::uint32_t choice, message::PartKind kind, json::Value text,
                             Steps& steps);
    static void delta(const Part& part, json::Value text, Steps& steps);
    void close(const Place& place, Steps& steps);
    // All parts of one choice or item; of everything.
    void close_all(std::uint32_t owner, Steps& steps);
    void close_all(Steps& steps);

private:
    using Parts = std::pmr::map<Place, Part>;
    void close(Parts::iterator first, Parts::iterator last, Steps& steps);

    Parts parts_;  // what is closed is gone: its place may be opened again, under a new number
    std::uint32_t count_ = 0;
};

}  // namespace gw::provider
