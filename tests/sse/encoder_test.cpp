#include "sse/support.h"

using namespace std::string_view_literals;

namespace gw::sse::test {

TEST_CASE("sse: what the encoder writes") {
    struct Case {
        std::string_view name, type, data, id;
        std::optional<std::uint32_t> retry_ms;
        std::string_view want;
    };
    const Case cases[] = {
        {"plain", "", "a", "", {}, "data: a\n\n"},
        {"the default type is not written", "message", "a", "", {}, "data: a\n\n"},
        {"all fields", "x", "a", "7", 1500, "event: x\nid: 7\nretry: 1500\ndata: a\n\n"},
        {"the largest retry", "", "a", "", 4294967295, "retry: 4294967295\ndata: a\n\n"},
        {"empty data", "", "", "", {}, "data:\n\n"},
        {"lines", "", "a\nb\r\nc\rd", "", {}, "data: a\ndata: b\ndata: c\ndata: d\n\n"},
        {"empty lines", "", "\na\n\n", "", {}, "data:\ndata: a\ndata:\ndata:\n\n"},
        {"a leading space is kept", "", " a", "", {}, "data:  a\n\n"},
        {"a type with a line break is left out", "x\ndata: evil", "a", "", {}, "data: a\n\n"},
        {"an id with a line break is left out", "", "a", "1\r2", {}, "data: a\n\n"},
        {"an id with NUL is left out", "", "a", "1\0"sv, {}, "data: a\n\n"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        gw::test::PooledBuffer out;
        encode(out.buffer, c.type, c.data, c.id, c.retry_ms);
        CHECK(out.buffer.text() == c.want);
        CHECK(encoded_size(c.type, c.data, c.id, c.retry_ms) == c.want.size());
    }
    gw::test::PooledBuffer out;
    encode_data(out.buffer, "{}");
    encode_data(out.buffer, "");
    encode_comment(out.buffer, "");
    encode_comment(out.buffer, "a\nb\r\nc");
    CHECK(out.buffer.text() == "data: {}\n\ndata: \n\n:\n\n: a\n: b\n: c\n\n");
}

TEST_CASE("sse: what is encoded is decoded") {
    gw::test::Random random(3);
    const std::string_view parts[] = {"a", " ", ":", "\n", "data: ", "\xC3\xA9", "\r\n", "\r"};
    const auto text = [&](std::size_t kinds) {
        std::string out;
        for (std::size_t i = random.below(8); i > 0; --i) out += parts[random.below(kinds)];
        return out;
    };
    for (int round = 0; round < 300; ++round) {
        gw::test::PooledBuffer out;
        std::vector<OwnedEvent> want;
        std::string id;
        for (std::size_t i = random.below(4); i > 0; --i) {
            OwnedEvent event{text(3), text(std::size(parts)), text(3), {}};
            if (random.below(3) == 0) event.retry_ms = static_cast<std::uint32_t>(random.next());
            encode(out.buffer, event.type, event.data, event.id, event.retry_ms);
            if (random.below(3) == 0) encode_comment(out.buffer, event.data);

            if (event.type.empty()) event.type = "message";
            if (!event.id.empty()) id = event.id;
            event.id = id;
            std::string lines;  // every line end arrives as LF
            for (std::size_t k = 0; k < event.data.size(); ++k) {
                if (event.data[k] == '\r') {
                    lines += '\n';
                    if (k + 1 < event.data.size() && event.data[k + 1] == '\n') ++k;
                } else {
                    lines += event.data[k];
                }
            }
            event.data = lines;
            want.push_back(event);
        }
        INFO("round " << round << ": " << out.buffer.text());
        gw::test::for_each_split(
            out.buffer.text(), [&](const Pieces& pieces) { CHECK(decode(pieces).events == want); }, 3);
    }
}

}  // namespace gw::sse::test
