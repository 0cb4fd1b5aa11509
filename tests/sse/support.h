// Events that outlive their decoder, and decoding all pieces of a stream.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "sse/sse.h"
#include "support/test.h"

namespace gw::sse::test {

using gw::test::Pieces;

struct OwnedEvent {
    std::string type, data, id;
    std::optional<std::uint32_t> retry_ms = {};
    bool operator==(const OwnedEvent&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const OwnedEvent& event) {
    out << '{' << event.type << " | " << event.data << " | " << event.id;
    if (event.retry_ms) out << " | retry " << *event.retry_ms;
    return out << '}';
}

struct Decoded {
    std::vector<OwnedEvent> events;
    std::vector<std::string> raw;
    std::string rest;
    bool limit = false;

    [[nodiscard]] std::string all_raw() const {
        std::string all;
        for (const std::string& one : raw) all += one;
        return all + rest;
    }
};

inline Decoded decode(const Pieces& pieces, std::size_t event_bytes_max = 1U << 20U) {
    const BlockPoolOwner pool(Allocator::from(nullptr));
    Decoder decoder(event_bytes_max, pool.get(), std::pmr::get_default_resource());
    Decoded out;
    for (const std::string_view piece : pieces) {
        // A copy of its own size, so that a sanitizer sees a view that outlives the piece or leaves it.
        const std::vector<char> own(piece.begin(), piece.end());
        const auto fed = decoder.feed(as_bytes({own.data(), own.size()}));
        while (const auto event = decoder.next()) {
            out.events.push_back(
                {std::string(event->type), std::string(event->data), std::string(event->id), event->retry_ms});
            out.raw.emplace_back(event->raw);
        }
        if (!fed) {
            out.limit = fed.error().status == GW_ERR_LIMIT;
            break;
        }
    }
    out.rest = decoder.rest();
    CHECK(decoder.held() == out.rest.size());
    return out;
}

}  // namespace gw::sse::test
