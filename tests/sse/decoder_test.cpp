#include <map>

#include "sse/support.h"

using namespace std::string_view_literals;

namespace gw::sse::test {

TEST_CASE("sse: events do not depend on where the bytes are cut") {
    struct Case {
        std::string_view name, wire;
        std::vector<OwnedEvent> want;
    };
    const Case cases[] = {
        {"one line", "data: a\n\n"sv, {{"message", "a", ""}}},
        {"no space after the colon", "data:a\n\n"sv, {{"message", "a", ""}}},
        {"only one space is taken away", "data:  a \n\n"sv, {{"message", " a ", ""}}},
        {"a tab is data", "data:\ta\n\n"sv, {{"message", "\ta", ""}}},
        {"two data lines are joined", "data: a\ndata: b\n\n"sv, {{"message", "a\nb", ""}}},
        {"empty data lines count", "data: a\ndata\ndata:\n\n"sv, {{"message", "a\n\n", ""}}},
        {"CR LF ends one line, not two", "data: a\r\ndata: b\r\n\r\n"sv, {{"message", "a\nb", ""}}},
        {"CR ends a line", "data: a\rdata: b\r\rdata: c\r\r"sv, {{"message", "a\nb", ""}, {"message", "c", ""}}},
        {"LF CR is two line ends", "data: a\n\rdata: b\n\r"sv, {{"message", "a", ""}, {"message", "b", ""}}},
        {"mixed line ends",
         "data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\n\n"sv,
         {{"message", "a\nb\nc", ""}, {"message", "d", ""}}},
        {"many blank lines",
         "\n\n\r\n\r\rdata: a\n\n\n\n\r\n\ndata: b\n\n"sv,
         {{"message", "a", ""}, {"message", "b", ""}}},
        {"a type", "event: ping\ndata: a\n\ndata: b\n\n"sv, {{"ping", "a", ""}, {"message", "b", ""}}},
        {"the last type counts", "event: x\nevent: y\ndata: a\n\n"sv, {{"y", "a", ""}}},
        {"an empty type is none", "event: x\nevent\ndata: a\n\n"sv, {{"message", "a", ""}}},
        {"an event without data is dropped, with its type", "event: x\n\ndata: a\n\n"sv, {{"message", "a", ""}}},
        {"empty data is an event", "data\n\ndata:\n\n"sv, {{"message", "", ""}, {"message", "", ""}}},
        {"the id stays",
         "id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"sv,
         {{"message", "a", "7"}, {"message", "b", "7"}, {"message", "c", ""}}},
        {"the id of an event without data stays too", "id: 7\n\ndata: a\n\n"sv, {{"message", "a", "7"}}},
        {"an id with NUL is ignored", "id: 7\nid: 8\0\ndata: a\n\n"sv, {{"message", "a", "7"}}},
        {"an id beyond a small string",
         "id: 0123456789012345678901234567890123456789\ndata: a\n\ndata: b\n\n"sv,
         {{"message", "a", "0123456789012345678901234567890123456789"},
          {"message", "b", "0123456789012345678901234567890123456789"}}},
        {"retry", "retry: 1500\ndata: a\n\ndata: b\n\n"sv, {{"message", "a", "", 1500}, {"message", "b", ""}}},
        {"retry alone goes with the next event", "retry: 10\n\ndata: a\n\n"sv, {{"message", "a", "", 10}}},
        {"retry has digits only",
         "retry: 1s\ndata: a\n\nretry: -1\ndata: a\n\nretry: +1\ndata: a\n\nretry:\ndata: a\n\nretry:  1\ndata: a\n\n"sv,
         {{"message", "a", ""},
          {"message", "a", ""},
          {"message", "a", ""},
          {"message", "a", ""},
          {"message", "a", ""}}},
        {"retry beyond its type is ignored",
         "retry: 4294967296\ndata: a\n\nretry: 4294967295\ndata: a\n\n"sv,
         {{"message", "a", ""}, {"message", "a", "", 4294967295}}},
        {"comments", ": ping\n\n:\ndata: a\n:x\n\n"sv, {{"message", "a", ""}}},
        {"unknown fields, other case, leading space",
         "foo: 1\nData: 2\n data: 3\ndatas: 4\ndat: 5\ndata: a\n\n"sv,
         {{"message", "a", ""}}},
        {"a colon in the value", "data: a: b\n\n"sv, {{"message", "a: b", ""}}},
        {"a BOM at the start is skipped",
         "\xEF\xBB\xBF"
         "data: a\n\n"sv,
         {{"message", "a", ""}}},
        {"the second BOM is part of a field",
         "\xEF\xBB\xBF\xEF\xBB\xBF"
         "data: a\n\ndata: b\n\n"sv,
         {{"message", "b", ""}}},
        {"half a BOM is part of a field",
         "\xEF\xBB"
         "data: a\n\ndata: b\n\n"sv,
         {{"message", "b", ""}}},
        {"a BOM alone", "\xEF\xBB\xBF"sv, {}},
        {"bytes that are not UTF-8 pass", "data: \xFF\xC0\n\n"sv, {{"message", "\xFF\xC0", ""}}},
        {"NUL is data", "data: a\0b\n\n"sv, {{"message", std::string("a\0b", 3), ""}}},
        {"an event cut off by the end is dropped", "data: a\n\ndata: b\n"sv, {{"message", "a", ""}}},
        {"nothing", ""sv, {}},
    };
    for (const Case& c : cases) {
        const std::string_view stream = c.wire.substr(c.wire.starts_with("\xEF\xBB\xBF") ? 3 : 0);
        gw::test::for_each_split(c.wire, [&](const Pieces& pieces) {
            INFO(c.name << ", cut as " << pieces);
            const Decoded got = decode(pieces);
            CHECK(got.events == c.want);
            CHECK(got.all_raw() == stream);
            CHECK_FALSE(got.limit);
        });
    }
}

// A vector is a stream, and beside it the events that a browser makes of it: one line each, type|id|data with \n for
// LF.
TEST_CASE("sse: vectors") {
    for (const std::string name : {"chat-deltas", "keep-alive", "crlf"}) {
        const std::string wire = gw::test::read_vector("sse/" + name + ".txt");
        const std::string want = gw::test::read_vector("sse/" + name + ".events");
        gw::test::for_each_split(wire, [&](const Pieces& pieces) {
            INFO(name << ", cut as " << pieces);
            std::string got;
            const Decoded decoded = decode(pieces);
            for (const OwnedEvent& event : decoded.events) {
                got += event.type + "|" + event.id + "|";
                for (const char c : event.data) got += c == '\n' ? "\\n" : std::string(1, c);
                got += '\n';
            }
            CHECK(got == want);
            CHECK(decoded.all_raw() == wire);
        });
    }
}

TEST_CASE("sse: raw is what lies between two events") {
    const Decoded got = decode({{": hi\n\nevent: x\n\ndata: a\n\nfoo\n\ndata: b\r\n\r\n: bye\n"}, "whole"});
    const std::vector<std::string> want = {": hi\n\nevent: x\n\ndata: a\n\n", "foo\n\ndata: b\r\n\r\n"};
    CHECK(got.raw == want);
    CHECK(got.rest == ": bye\n");
}

TEST_CASE("sse: an event is not held back for the LF that may follow its CR") {
    const BlockPoolOwner pool(Allocator::from(nullptr));
    Decoder decoder(1000, pool.get(), std::pmr::get_default_resource());
    for (const std::string_view piece : {"data: a\r\n\r", "\ndata: b\r\r", "\n\ndata: c\r\n\r"}) {
        INFO(piece);
        REQUIRE(decoder.feed(as_bytes(piece)));
        const auto event = decoder.next();
        REQUIRE(event);
        CHECK(event->raw == piece);
        CHECK_FALSE(decoder.next());
    }
    REQUIRE(decoder.feed(as_bytes("\n")));
    CHECK_FALSE(decoder.next());
    CHECK(decoder.rest() == "\n");
}

TEST_CASE("sse: an event inside a piece is not copied") {
    gw::test::TestHost host;
    const BlockPoolOwner pool(host.allocator());
    HostMemory memory(host.allocator());
    Decoder decoder(1000, pool.get(), &memory);
    const std::string_view piece = "data: {\"a\":1}\n\nevent: x\ndata: {\"b\":2}\n\n";
    host.fail_at(0);
    REQUIRE(decoder.feed(as_bytes(piece)));
    for (const std::size_t at : {6U, 30U}) {
        const auto event = decoder.next();
        REQUIRE(event);
        CHECK(event->data.data() == piece.data() + at);
        CHECK(decoder.held() == 0);
    }
    CHECK_FALSE(decoder.next());
    CHECK_FALSE(host.failed());
}

TEST_CASE("sse: the limit holds for every cut, and events before it are given") {
    const std::string small = "data: 1234\n\n";  // 12 bytes
    struct Case {
        std::string_view name;
        std::string wire;
        std::size_t max, events;
        bool limit;
    };
    const Case cases[] = {
        {"just fits", small + small, 12, 2, false},
        {"one byte too many", small + "data: 12345\n\n" + small, 12, 1, true},
        {"an open event just fits", small + "data: 123456", 12, 1, false},
        {"an open event is too long", small + "data: 1234567", 12, 1, true},
        {"bytes between events count", small + ":12345\n\ndata:\n\n", 12, 1, true},
        {"blank lines between events count", small + "\n\n\n\n\n\n\n\n\n\n\n\n\n", 12, 1, true},
        {"the first", "data: 123456789\n\n", 12, 0, true},
    };
    for (const Case& c : cases) {
        gw::test::for_each_split(c.wire, [&](const Pieces& pieces) {
            INFO(c.name << ", cut as " << pieces);
            const Decoded got = decode(pieces, c.max);
            CHECK(got.limit == c.limit);
            CHECK(got.events.size() == c.events);
        });
    }
    const BlockPoolOwner pool(Allocator::from(nullptr));
    Decoder decoder(12, pool.get(), std::pmr::get_default_resource());
    REQUIRE_FALSE(decoder.feed(as_bytes("data: 123456789")));
    CHECK_FALSE(decoder.next());
    const auto again = decoder.feed(as_bytes("\n\n"));
    REQUIRE_FALSE(again);
    CHECK(again.error().status == GW_ERR_LIMIT);
}

// No clock is read, which would be flaky: at this size quadratic work would take minutes.
TEST_CASE("sse: hostile streams take linear time") {
    const std::size_t size = 1U << 20U;
    std::map<std::string, std::string> streams;
    std::string& carriage_returns = streams["events that end with CR"];
    std::string& data_lines = streams["one event of many data lines"];
    std::string& colons = streams["one long line without a colon"];
    while (carriage_returns.size() < size) carriage_returns += "data:\r\r";
    while (data_lines.size() < size) data_lines += "data:\r";
    colons.assign(size, 'x');
    for (auto& [name, wire] : streams) {
        wire += "\rdata: end\r\r";
        for (const std::size_t step : {std::size_t{1000}, wire.size()}) {
            Pieces pieces{{}, name};
            for (std::size_t at = 0; at < wire.size(); at += step) {
                pieces.pieces.push_back(std::string_view(wire).substr(at, step));
            }
            INFO(name << " in pieces of " << step);
            const Decoded got = decode(pieces, 2 * size);
            REQUIRE_FALSE(got.events.empty());
            CHECK(got.events.back().data == "end");
            CHECK(got.all_raw() == wire);
        }
    }
}

TEST_CASE("sse: random streams are the same however they are cut") {
    gw::test::Random random(42);
    const std::string_view tokens[] = {"data: x",  "data", "data:", "event: e",    "id: 1", "id: 2\0",
                                       "retry: 3", ":c",   "\n",    "\n",          "\n",    "\r",
                                       "\r\n",     "\r\n", "y",     "\xEF\xBB\xBF"};
    for (int round = 0; round < 60; ++round) {
        std::string wire;
        for (std::size_t i = random.below(40); i > 0; --i) wire += tokens[random.below(std::size(tokens))];
        const std::string stream = wire.starts_with("\xEF\xBB\xBF") ? wire.substr(3) : wire;
        const Decoded want = decode({{wire}, "whole"});
        gw::test::for_each_split(
            wire,
            [&](const Pieces& pieces) {
                INFO("round " << round << ", cut as " << pieces);
                const Decoded got = decode(pieces);
                CHECK(got.events == want.events);
                CHECK(got.all_raw() == stream);
            },
            5);
    }
}

TEST_CASE("sse: a refused allocation leaves nothing behind") {
    const std::string wire =
        "id: " + std::string(50, '7') + "\ndata: a\ndata: b\n\ndata: " + std::string(3000, 'c') + "\n\n";
    for (std::size_t n = 0;; ++n) {
        gw::test::TestHost host;
        HostMemory memory(host.allocator());
        host.fail_at(n);
        std::size_t events = 0;
        try {
            const BlockPoolOwner pool(host.allocator());
            Decoder decoder(1U << 20U, pool.get(), &memory);
            for (std::size_t at = 0; at < wire.size(); at += 400) {
                REQUIRE(decoder.feed(as_bytes(std::string_view(wire).substr(at, 400))));
                while (decoder.next()) ++events;
            }
        } catch (const std::bad_alloc&) {
            continue;
        }
        CHECK(events == 2);
        CHECK(n >= 3);
        break;
    }
}

}  // namespace gw::sse::test
