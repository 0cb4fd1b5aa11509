#include "provider/aws_events.h"

#include <sstream>
#include <string>

#include "core/text.h"
#include "support/test.h"

namespace gw::test {

namespace {

using provider::AwsEvent;
using provider::AwsEventReader;
using provider::encode_aws_event;
using provider::encode_aws_json_event;
using provider::encode_aws_json_exception;

struct Read {
    std::vector<std::string> lines;  // as messages.txt has them
    std::string raw;                 // of all events, and what is left
};

template <typename Cut>
Read read_all(const Cut& pieces, std::size_t event_bytes_max = AwsEventReader::message_bytes_max) {
    const PooledBuffer pooled;
    AwsEventReader reader(event_bytes_max, pooled.pool.get());
    Read out;
    for (const std::string_view piece : pieces) {
        const std::vector<char> own(piece.begin(), piece.end());
        reader.feed(as_bytes({own.data(), own.size()}));
        for (;;) {
            const auto event = reader.next();
            if (!event) {
                out.lines.emplace_back(event.error().status == GW_ERR_LIMIT ? "error limit" : "error data");
                CHECK(reader.next().error().status == event.error().status);
                return out;
            }
            if (!*event) break;
            const AwsEvent& it = **event;
            std::ostringstream line;
            line << "event " << it.message_type << '|' << it.type << '|' << it.content_type << '|' << it.payload;
            out.lines.push_back(line.str());
            out.raw += it.raw;
        }
    }
    out.raw += reader.rest();
    return out;
}

Read read_whole(std::string_view wire, std::size_t event_bytes_max = AwsEventReader::message_bytes_max) {
    return read_all(std::vector<std::string_view>{wire}, event_bytes_max);
}

struct Vector {
    std::string name, wire;
    std::vector<std::string> want;
};

std::vector<Vector> vectors() {
    std::vector<Vector> out;
    std::istringstream text(read_vector("aws_events/messages.txt"));
    for (std::string line; std::getline(text, line);) {
        if (line.rfind("case ", 0) == 0) {
            out.push_back({line.substr(5), {}, {}});
        } else if (line.rfind("bytes ", 0) == 0) {
            for (std::size_t i = 6; i + 1 < line.size(); i += 2) {
                out.back().wire += static_cast<char>(16 * hex_value(line[i]) + hex_value(line[i + 1]));
            }
        } else if (!line.empty() && line[0] != '#') {
            out.back().want.push_back(line);
        }
    }
    return out;
}

}  // namespace

TEST_CASE("aws events: what Python wrote is read, however it is cut") {
    const std::vector<Vector> all = vectors();
    REQUIRE(all.size() > 20);
    for (const Vector& vector : all) {
        for_each_split(vector.wire, [&](const Pieces& pieces) {
            INFO(vector.name << ", cut as " << pieces);
            const Read read = read_all(pieces);
            CHECK(read.lines == vector.want);
            if (vector.want.back().rfind("error", 0) != 0) CHECK(read.raw == vector.wire);
        });
    }
}

TEST_CASE("aws events: what is written is what Python writes") {
    const auto wire_of = [](std::string_view name) {
        for (const Vector& vector : vectors()) {
            if (vector.name == name) return vector.wire;
        }
        return std::string();
    };
    PooledBuffer out;
    encode_aws_json_event(out.buffer, "messageStart", R"({"role":"assistant"})");
    CHECK(out.buffer.text() == wire_of("one event"));

    // Behind other bytes: the checksums are of this message alone.
    encode_aws_json_event(out.buffer, "contentBlockDelta",
                          "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Glomma \xC3\xA9\"},\"p\":\"ab\"}");
    CHECK(out.buffer.text() == wire_of("two events"));

    out.buffer.clear();
    encode_aws_event(out.buffer, {}, {});
    CHECK(out.buffer.text() == wire_of("no headers, no payload"));

    out.buffer.clear();
    encode_aws_json_exception(out.buffer, "modelStreamErrorException", R"({"message":"gone"})");
    CHECK(read_whole(out.buffer.text()).lines ==
          std::vector<std::string>{R"(event exception|modelStreamErrorException|application/json|{"message":"gone"})"});
}

TEST_CASE("aws events: another payload keeps every header") {
    for (const Vector& vector : vectors()) {
        if (vector.want.size() != 1 || vector.want[0].rfind("event", 0) != 0) continue;
        INFO(vector.name);
        PooledBuffer out;
        AwsEventReader reader(1U << 20U, out.pool.get());
        reader.feed(as_bytes(vector.wire));
        const auto event = reader.next();
        REQUIRE((event && *event));
        out.buffer.append("before");
        reframe(out.buffer, **event, (*event)->payload);
        CHECK(out.buffer.text() == "before" + vector.wire.substr(0, (*event)->raw.size()));

        out.buffer.clear();
        reframe(out.buffer, **event, "a longer payload than before");
        const std::string& line = vector.want[0];
        CHECK(read_whole(out.buffer.text()).lines ==
              std::vector<std::string>{line.substr(0, line.rfind('|') + 1) + "a longer payload than before"});
    }
}

TEST_CASE("aws events: limits") {
    PooledBuffer out;
    encode_aws_json_event(out.buffer, "chunk", std::string(1000, 'x'));
    const std::string wire(out.buffer.text());
    CHECK(read_whole(wire, wire.size()).lines.size() == 1);
    CHECK(read_whole(wire, wire.size() - 1).lines == std::vector<std::string>{"error limit"});
    // Known from the first twelve bytes: nothing of a message that is too long is collected.
    CHECK(read_whole(wire.substr(0, 12), wire.size() - 1).lines == std::vector<std::string>{"error limit"});
    CHECK(read_whole(wire.substr(0, 11), wire.size() - 1).lines.empty());
}

TEST_CASE("aws events: no flipped bit goes unnoticed") {
    PooledBuffer out;
    encode_aws_json_event(out.buffer, "messageStop", R"({"stopReason":"end_turn"})");
    const std::string good(out.buffer.text());
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        std::string bad = good;
        bad[bit / 8] = static_cast<char>(static_cast<unsigned char>(bad[bit / 8]) ^ (1U << bit % 8));
        INFO("bit " << bit);
        CHECK(read_whole(bad).lines == std::vector<std::string>{"error data"});
    }
}

}  // namespace gw::test
