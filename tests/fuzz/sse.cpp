// Events and their bytes do not depend on how the stream is cut, and what was read can be written and read again.
#include <optional>

#include "sse/sse.h"
#include "support/fuzz.h"

namespace {

struct Owned {
    std::string type, data, id;
    std::optional<std::uint32_t> retry_ms;
    bool operator==(const Owned&) const = default;
};

struct Decoded {
    std::vector<Owned> events;
    std::string raw;
    bool limit = false;
};

Decoded decode(const std::vector<std::string_view>& pieces, std::size_t event_bytes_max) {
    const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::sse::Decoder decoder(event_bytes_max, pool.get(), std::pmr::get_default_resource());
    Decoded out;
    for (const std::string_view piece : pieces) {
        const std::vector<char> own(piece.begin(), piece.end());
        out.limit = !decoder.feed(gw::as_bytes({own.data(), own.size()}));
        while (const auto event = decoder.next()) {
            gw::fuzz::check(event->raw.size() <= event_bytes_max, "an event keeps the limit");
            out.events.push_back(
                {std::string(event->type), std::string(event->data), std::string(event->id), event->retry_ms});
            out.raw += event->raw;
        }
        gw::fuzz::check(decoder.held() <= event_bytes_max, "what is held keeps the limit");
        if (out.limit) break;
    }
    out.raw += decoder.rest();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const gw::fuzz::Input input = gw::fuzz::cut(data, size);
    constexpr std::size_t event_bytes_max = 64;

    const Decoded whole = decode({input.whole}, 1U << 20U);
    const Decoded cut = decode(input.pieces, 1U << 20U);
    gw::fuzz::check(!whole.limit && !cut.limit, "no limit is reached");
    gw::fuzz::check(whole.events == cut.events, "the same events however the stream is cut");
    std::string_view stream = input.whole;
    if (stream.starts_with("\xEF\xBB\xBF")) stream.remove_prefix(3);
    gw::fuzz::check(whole.raw == stream, "raw and rest are the stream");
    gw::fuzz::check(cut.raw == stream, "raw and rest are the stream, cut");

    const Decoded whole_limited = decode({input.whole}, event_bytes_max);
    const Decoded cut_limited = decode(input.pieces, event_bytes_max);
    if (whole_limited.limit) {
        gw::fuzz::check(stream.size() > event_bytes_max, "only a long stream reaches the limit");
    } else {
        gw::fuzz::check(whole_limited.events == whole.events, "the limit changes nothing below it");
    }
    // A LF that is cut from its CR counts for the next event, so the two may differ by that byte; not otherwise.
    if (stream.find('\r') == std::string_view::npos) {
        gw::fuzz::check(whole_limited.limit == cut_limited.limit, "the limit does not depend on the cut");
        gw::fuzz::check(whole_limited.events == cut_limited.events, "nor do the events before it");
    }

    const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::Buffer out(pool.get());
    std::vector<Owned> want;
    std::string id;
    for (Owned event : whole.events) {
        gw::sse::encode(out, event.type, event.data, event.id, event.retry_ms);
        if (!event.id.empty()) id = event.id;
        event.id = id;  // an empty id cannot be written, so the one before stays
        want.push_back(event);
    }
    gw::fuzz::check(decode({out.text()}, 1U << 24U).events == want, "decode(encode(x)) == x");
    return 0;
}
