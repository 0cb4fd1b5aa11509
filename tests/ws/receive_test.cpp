#include <sstream>

#include "ws/support.h"

using namespace std::string_view_literals;

namespace gw::ws::test {

namespace {

OwnedEvent text(std::string_view data) { return {EventKind::text, std::string(data), 0}; }
OwnedEvent binary(std::string_view data) { return {EventKind::binary, std::string(data), 0}; }
OwnedEvent ping(std::string_view data) { return {EventKind::ping, std::string(data), 0}; }
OwnedEvent pong(std::string_view data) { return {EventKind::pong, std::string(data), 0}; }
OwnedEvent closed(std::uint16_t code, std::string_view reason) { return {EventKind::close, std::string(reason), code}; }

constexpr FrameParts more{false, 0, true, -1};
constexpr FrameParts unmasked{true, 0, false, -1};
const Received broken{{}, GW_ERR_PROTOCOL, 1002};
const Received not_utf8{{}, GW_ERR_DATA, 1007};

}  // namespace

TEST_CASE("ws: what a server receives does not depend on where the bytes are cut") {
    struct Case {
        std::string_view name;
        std::string wire;
        Received want;
    };
    const std::string umlauts = "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x91\x8B";
    const Case cases[] = {
        {"the masked example of RFC 6455 5.7", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", {{text("Hello")}}},
        {"two messages and a ping",
         frame(1, "a") + frame(9, "p") + frame(2, "\xFF"sv),
         {{text("a"), ping("p"), binary("\xFF")}}},
        {"empty messages",
         frame(1, "") + frame(2, "") + frame(9, "") + frame(10, ""),
         {{text(""), binary(""), ping(""), pong("")}}},
        {"fragments", frame(1, "a", more) + frame(0, "b", more) + frame(0, "c"), {{text("abc")}}},
        {"empty fragments", frame(1, "", more) + frame(0, "", more) + frame(0, "c"), {{text("c")}}},
        {"an empty message in fragments", frame(2, "", more) + frame(0, ""), {{binary("")}}},
        {"control frames between fragments",
         frame(1, "a", more) + frame(9, "1") + frame(0, "b", more) + frame(10, "2") + frame(0, "c"),
         {{ping("1"), pong("2"), text("abc")}}},
        {"a close between fragments drops them",
         frame(1, "a", more) + frame(8, close_payload(1001)) + frame(0, "b"),
         {{closed(1001, "")}}},
        {"UTF-8 cut by fragments",
         frame(1, umlauts.substr(0, 1), more) + frame(0, umlauts.substr(1, 2), more) + frame(9, "\xFF"sv) +
             frame(0, umlauts.substr(3, 4), more) + frame(0, umlauts.substr(7)),
         {{ping("\xFF"), text(umlauts)}}},
        {"a control frame of 125 bytes", frame(9, std::string(125, 'p')), {{ping(std::string(125, 'p'))}}},
        {"a close without code", frame(8, ""), {{closed(1005, "")}}},
        {"a close with a reason", frame(8, close_payload(4000, umlauts)), {{closed(4000, umlauts)}}},
        {"what follows a close is ignored",
         frame(8, close_payload(1000)) + frame(1, "a") + "\xFF\xFF\xFF",
         {{closed(1000, "")}}},
        {"a message before a failure",
         frame(1, "a") + frame(3, "x") + frame(1, "b"),
         {{text("a")}, GW_ERR_PROTOCOL, 1002}},
        {"an unmasked frame", frame(1, "a", unmasked), broken},
        {"an unmasked ping", frame(9, "", unmasked), broken},
        {"RSV1", frame(1, "a", {true, 4, true, -1}), broken},
        {"RSV2", frame(2, "", {true, 2, true, -1}), broken},
        {"RSV3 on a ping", frame(9, "", {true, 1, true, -1}), broken},
        {"RSV1 on a continuation", frame(1, "a", more) + frame(0, "b", {true, 4, true, -1}), broken},
        {"opcode 3", frame(3, ""), broken},
        {"opcode 7", frame(7, "a"), broken},
        {"opcode 11", frame(11, ""), broken},
        {"opcode 15", frame(15, "a"), broken},
        {"a ping of 126 bytes", frame(9, std::string(126, 'p')), broken},
        {"a short ping with a long length", frame(9, "p", {true, 0, true, 2}), broken},
        {"a ping in fragments", frame(9, "a", more) + frame(0, "b"), broken},
        {"a close in fragments", frame(8, close_payload(1000), more), broken},
        {"a continuation of nothing", frame(0, "a"), broken},
        {"a continuation after the last",
         frame(1, "a", more) + frame(0, "b") + frame(0, "c"),
         {{text("ab")}, GW_ERR_PROTOCOL, 1002}},
        {"a message inside another", frame(1, "a", more) + frame(1, "b"), broken},
        {"a 16-bit length that is not minimal", frame(1, std::string(125, 'a'), {true, 0, true, 2}), broken},
        {"a 64-bit length that is not minimal", frame(1, std::string(65535, 'a'), {true, 0, true, 8}).substr(0, 30),
         broken},
        {"a 64-bit length of zero", frame(1, "", {true, 0, true, 8}), broken},
        {"a length with the highest bit", announce(2, 0x8000000000000001), broken},
        {"half a close code", frame(8, "\x03"), broken},
        {"a close reason that is not UTF-8", frame(8, close_payload(1000, "a\xFF")), not_utf8},
        {"a close reason that ends inside a character", frame(8, close_payload(1000, "\xE2\x82")), not_utf8},
        {"text that is not UTF-8", frame(1, "a\xFF"), not_utf8},
        {"text that ends inside a character", frame(1, "a\xE2\x82"), not_utf8},
        {"fragments that end inside a character", frame(1, "\xE2", more) + frame(0, "\x82"), not_utf8},
        {"a surrogate across fragments", frame(1, "\xED", more) + frame(0, "\xA0\x80"), not_utf8},
        {"an overlong form", frame(1, "\xC0\x80"), not_utf8},
        {"binary need not be UTF-8, also in fragments",
         frame(2, "\xFF"sv, more) + frame(0, "\xC0"sv),
         {{binary("\xFF\xC0")}}},
        {"text after binary is checked again", frame(2, "\xE2"sv) + frame(1, "a"), {{binary("\xE2"), text("a")}}},
    };
    for (const Case& c : cases) {
        gw::test::for_each_split(c.wire, [&](const Pieces& pieces) {
            INFO(c.name << ", cut as " << pieces);
            const Received got = receive(Role::server, pieces);
            CHECK(got.events == c.want.events);
            CHECK(got.status == c.want.status);
            CHECK(got.close_code == c.want.close_code);
        });
    }
}

TEST_CASE("ws: what a client receives") {
    struct Case {
        std::string_view name;
        std::string wire;
        Received want;
    };
    const FrameParts more_unmasked{false, 0, false, -1};
    const Case cases[] = {
        {"the unmasked example of RFC 6455 5.7", "\x81\x05Hello", {{text("Hello")}}},
        {"fragments and a ping",
         frame(1, "a", more_unmasked) + frame(9, "p", unmasked) + frame(0, "b", unmasked),
         {{ping("p"), text("ab")}}},
        {"everything in the last fragment",
         frame(2, "", more_unmasked) + frame(0, "b", unmasked) + frame(1, "c", unmasked),
         {{binary("b"), text("c")}}},
        {"a masked frame", frame(1, "a"), broken},
        {"a masked close", frame(8, ""), broken},
        {"text that is not UTF-8", frame(1, "\xFF", unmasked), not_utf8},
    };
    for (const Case& c : cases) {
        gw::test::for_each_split(c.wire, [&](const Pieces& pieces) {
            INFO(c.name << ", cut as " << pieces);
            CHECK(receive(Role::client, pieces) == c.want);
        });
    }
}

TEST_CASE("ws: frames of every length form, both ways") {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U}) {
        std::string payload;
        for (std::size_t i = 0; i < size; ++i) payload += static_cast<char>('a' + i % 26);
        for (const Role role : {Role::server, Role::client}) {
            const std::string wire = frame(2, payload, {true, 0, role == Role::server, -1}) +
                                     frame(1, payload, {true, 0, role == Role::server, -1});
            const Received want{{binary(payload), text(payload)}};
            INFO(size << " bytes");
            CHECK(receive(role, {{wire}, "whole"}) == want);
            gw::test::Random random(size);
            for (const std::size_t piece_bytes_max : {std::size_t{5}, std::size_t{4096}, std::size_t{100000}}) {
                CHECK(receive(role, gw::test::cut_at_random(wire, random, piece_bytes_max)) == want);
            }
            // Every cut around the heads.
            for (std::size_t cut = 0; cut < std::min<std::size_t>(wire.size(), 20); ++cut) {
                CHECK(receive(role, {{std::string_view(wire).substr(0, cut), std::string_view(wire).substr(cut)},
                                     ""}) == want);
            }
        }
    }
}

TEST_CASE("ws: close codes") {
    for (unsigned code = 0; code <= 65535; code = code < 5200 ? code + 1 : code + 997) {
        const bool valid =
            (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
        INFO(code);
        const Received got = receive(Role::server, {{frame(8, close_payload(code))}, ""});
        const Received want = valid ? Received{{closed(static_cast<std::uint16_t>(code), "")}} : broken;
        CHECK(got == want);
        CHECK(is_sendable_close_code(static_cast<std::uint16_t>(code)) == valid);
    }
}

TEST_CASE("ws: bad UTF-8 is found where it is, not at the end of the message") {
    // A text of 1000 bytes, of which the bad one is the last that comes.
    const std::string wire = frame(1, "good \xE2\x82\xAC\xF4\x90" + std::string(1000, 'x'));
    CHECK(receive(Role::server, {{std::string_view(wire).substr(0, 8 + 9)}, ""}) == Received{});
    CHECK(receive(Role::server, {{std::string_view(wire).substr(0, 8 + 10)}, ""}) == not_utf8);
    const std::string fragments = frame(1, "\xF4\x90", more);
    CHECK(receive(Role::server, {{fragments}, ""}) == not_utf8);
}

TEST_CASE("ws: a message above the limit is refused before its bytes come") {
    const Received too_long{{}, GW_ERR_LIMIT, 1009};
    struct Case {
        std::string_view name;
        std::string wire;
        Received want;
    };
    const Case cases[] = {
        {"just fits", frame(1, "12345678"), {{text("12345678")}}},
        {"one frame", announce(2, 65536), too_long},
        {"the longest length", announce(2, 0x7FFFFFFFFFFFFFFF), too_long},
        {"the first fragment", announce(1, 65536, false), too_long},
        {"the sum just fits", frame(2, "1234", more) + frame(0, "56", more) + frame(0, "78"), {{binary("12345678")}}},
        {"the sum of fragments", frame(2, "1234", more) + frame(0, "56", more) + frame(0, "789").substr(0, 6),
         too_long},
        {"the sum and the longest length", frame(2, "1", more) + announce(0, 0x7FFFFFFFFFFFFFFF), too_long},
        {"control frames do not count",
         frame(2, "1234", more) + frame(9, std::string(100, 'p')) + frame(0, "5678"),
         {{ping(std::string(100, 'p')), binary("12345678")}}},
        {"the sum starts again with every message",
         frame(1, "12345678") + frame(1, "12345678"),
         {{text("12345678"), text("12345678")}}},
    };
    for (const Case& c : cases) {
        gw::test::for_each_split(c.wire, [&](const Pieces& pieces) {
            INFO(c.name << ", cut as " << pieces);
            CHECK(receive(Role::server, pieces, 8) == c.want);
        });
    }
}

TEST_CASE("ws: the limit changes between messages, not inside one") {
    Side side(Role::server, 4);
    Received received;
    side.take(frame(1, "1", more), received);
    side.codec.set_message_bytes_max(100);
    side.take(frame(0, "234") + frame(1, "12345678"), received);
    side.codec.set_message_bytes_max(2);
    side.take(frame(1, "123"), received);
    const Received want{{text("1234"), text("12345678")}, GW_ERR_LIMIT, 1009};
    CHECK(received == want);
}

TEST_CASE("ws: a failure stays") {
    Side side(Role::server);
    Received received;
    side.take(frame(3, ""), received);
    side.take(frame(1, "a"), received);
    CHECK(received == broken);
    CHECK_FALSE(side.codec.close_received());
    CHECK(side.codec.held() == 0);
}

TEST_CASE("ws: what an announced length costs, and an idle codec") {
    gw::test::TestHost host;
    const BlockPoolOwner pool(host.allocator());
    HostMemory memory(host.allocator());
    const std::size_t before = host.bytes_out();
    Codec codec(Role::server, {1U << 25U}, pool.get(), &memory);
    CHECK(host.bytes_out() - before <= 640);
    const std::string head = announce(2, 1U << 25U) + "x";
    codec.feed(as_bytes(head));
    REQUIRE(codec.next());
    CHECK(codec.held() == 1);
    CHECK(host.bytes_out() - before <= 640 + 1024);
}

TEST_CASE("ws: large messages in one piece and in pieces of one read") {
    struct Case {
        Role role;
        std::size_t size, step;
        std::size_t peak;  // nothing beyond what is announced; beside it, while growing, what had come before
    };
    constexpr std::size_t mebibyte = 1U << 20U;
    for (const Case& c :
         {Case{Role::server, 4 * mebibyte, 5 * mebibyte, 4 * mebibyte},
          Case{Role::server, 4 * mebibyte, 1400, 8 * mebibyte}, Case{Role::client, 32 * mebibyte, 65536, 64 * mebibyte},
          Case{Role::client, 32 * mebibyte, 33 * mebibyte, 0}}) {
        const std::string wire = frame(2, std::string(c.size, 'x'), {true, 0, c.role == Role::server, -1});
        gw::test::TestHost host;
        const BlockPoolOwner pool(host.allocator());
        HostMemory memory(host.allocator());
        Codec codec(c.role, {c.size}, pool.get(), &memory, count_up);
        std::size_t got = 0;
        for (std::size_t at = 0; at < wire.size(); at += c.step) {
            codec.feed(as_bytes(std::string_view(wire).substr(at, c.step)));
            while (true) {
                const auto event = codec.next();
                REQUIRE(event);
                if (!*event) break;
                got = (*event)->data.size();
            }
        }
        CHECK(got == c.size);
        CHECK(host.bytes_peak() <= c.peak + mebibyte);
        CHECK(host.bytes_out() <= 2 * mebibyte);
    }
}

// Each line: a role, bytes in hexadecimal, and behind => what that side makes of them.
TEST_CASE("ws: the examples of RFC 6455 5.7") {
    const std::string vectors = gw::test::read_vector("ws/rfc6455-5.7.txt");
    std::istringstream lines(vectors);
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        std::istringstream words(line);
        std::string role, word, wire, want;
        words >> role;
        while (words >> word && word != "=>") wire += static_cast<char>(std::stoi(word, nullptr, 16));
        std::getline(words >> std::ws, want);
        if (want == "binary 256 bytes") wire.append(256, 'b');
        if (want == "binary 65536 bytes") wire.append(65536, 'b');
        ++count;
        const auto check = [&](const Pieces& pieces) {
            INFO(line << ", cut as " << pieces);
            const Received got = receive(role == "server" ? Role::server : Role::client, pieces);
            REQUIRE(got.events.size() == 1);
            const OwnedEvent& event = got.events.front();
            const char* const names[] = {"text", "binary", "ping", "pong", "close"};
            const bool is_long = event.data.size() > 100;
            CHECK(names[static_cast<int>(event.kind)] +
                      (" " + (is_long ? std::to_string(event.data.size()) + " bytes" : event.data)) ==
                  want);
        };
        if (wire.size() < 1000) {
            gw::test::for_each_split(wire, check);
        } else {
            check({{wire}, "whole"});
        }
    }
    CHECK(count == 7);
}

TEST_CASE("ws: a message of many small fragments takes linear time") {
    const std::size_t count = 20000;
    std::string wire = frame(2, "", more);
    for (std::size_t i = 0; i < count; ++i) wire += frame(0, "0123456789", more);
    wire += frame(0, "");
    const Received got = receive(Role::server, {{wire}, ""});
    REQUIRE(got.events.size() == 1);
    CHECK(got.events[0].data.size() == 10 * count);
}

TEST_CASE("ws: an unmasked message inside a piece is not copied") {
    Side side(Role::client);
    const std::string wire = frame(1, "hello", unmasked);
    side.codec.feed(as_bytes(wire));
    const auto event = side.codec.next();
    REQUIRE((event && *event));
    CHECK(as_text((*event)->data).data() == wire.data() + 2);
}

}  // namespace gw::ws::test
