// AWS events do not depend on how the stream is cut, lie in it one behind the other, and are written back the same.
#include "provider/aws_events.h"

#include "support/fuzz.h"

namespace {

struct Decoded {
    std::vector<std::string> payloads;
    std::string raw;
    bool failed = false;
};

Decoded decode(const std::vector<std::string_view>& pieces, std::size_t event_bytes_max) {
    const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::provider::AwsEventReader reader(event_bytes_max, pool.get());
    Decoded out;
    for (const std::string_view piece : pieces) {
        const std::vector<char> own(piece.begin(), piece.end());
        reader.feed(gw::as_bytes({own.data(), own.size()}));
        for (;;) {
            const auto event = reader.next();
            out.failed = !event;
            if (!event || !*event) break;
            const gw::provider::AwsEvent& it = **event;
            gw::fuzz::check(it.raw.size() <= event_bytes_max, "an event keeps the limit");
            gw::Buffer again(pool.get());
            gw::provider::reframe(again, it, it.payload);
            gw::fuzz::check(again.text() == it.raw, "the same payload makes the same bytes");
            out.payloads.emplace_back(it.payload);
            out.raw += it.raw;
        }
        if (out.failed) return out;
        gw::fuzz::check(reader.rest().size() <= event_bytes_max, "what is held keeps the limit");
    }
    out.raw += reader.rest();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const gw::fuzz::Input input = gw::fuzz::cut(data, size);
    for (const std::size_t limit : {std::size_t{100}, std::size_t{1U << 20U}}) {
        const Decoded whole = decode({input.whole}, limit);
        const Decoded cut = decode(input.pieces, limit);
        gw::fuzz::check(whole.failed == cut.failed, "a failure does not depend on the cut");
        gw::fuzz::check(whole.payloads == cut.payloads, "nor do the events in front of it");
        gw::fuzz::check(whole.failed || (whole.raw == input.whole && cut.raw == input.whole),
                        "raw and rest are the stream");
    }

    // Any bytes are a payload, and name an event.
    const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::Buffer out(pool.get());
    gw::provider::encode_aws_json_event(out, input.whole.substr(0, 40), input.whole);
    gw::fuzz::check(decode({out.text()}, 1U << 24U).payloads == std::vector<std::string>{std::string(input.whole)},
                    "decode(encode(x)) == x");
    return 0;
}
