#include "ws/support.h"

namespace gw::ws::test {

TEST_CASE("ws: what a server sends") {
    const FrameParts last{true, 0, false, -1};
    const FrameParts more{false, 0, false, -1};
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U}) {
        const std::string payload(size, 'x');
        INFO(size << " bytes");
        Side side(Role::server);
        CHECK(side.codec.send_text(side.out, payload));
        CHECK(side.out.text() == frame(1, payload, last));
        side.out.clear();
        encode_server_text(side.out, payload);
        CHECK(side.out.text() == frame(1, payload, last));
        side.out.clear();
        CHECK(side.codec.send_fragment(side.out, EventKind::binary, as_bytes(payload), false));
        CHECK(side.codec.send(side.out, EventKind::pong, as_bytes("p")));
        CHECK(side.codec.send_fragment(side.out, EventKind::binary, as_bytes(payload), true));
        CHECK(side.codec.send(side.out, EventKind::binary, as_bytes("b")));
        CHECK(side.out.text() ==
              frame(2, payload, more) + frame(10, "p", last) + frame(0, payload, last) + frame(2, "b", last));
    }
}

TEST_CASE("ws: a client masks every frame with a new key") {
    Side side(Role::client);
    CHECK(side.codec.send_text(side.out, "Hello"));
    CHECK(side.codec.send_text(side.out, "Hello"));
    const std::string wire(side.out.text());
    REQUIRE(wire.size() == 22);
    CHECK(wire.substr(0, 2) == "\x81\x85");
    CHECK(wire.substr(2, 4) == "\x01\x02\x03\x04");
    CHECK(wire.substr(13, 4) == "\x05\x06\x07\x08");
    CHECK(wire.substr(6, 5) == std::string{'H' ^ 1, 'e' ^ 2, 'l' ^ 3, 'l' ^ 4, 'o' ^ 1});
}

TEST_CASE("ws: a random source that fails sends nothing") {
    const BlockPoolOwner pool(Allocator::from(nullptr));
    Codec codec(Role::client, {}, pool.get(), std::pmr::get_default_resource(),
                [](void*, void*, std::size_t) { return false; });
    Buffer out(pool.get());
    CHECK_FALSE(codec.send_text(out, "secret"));
    CHECK_FALSE(codec.send_fragment(out, EventKind::text, as_bytes("secret"), false));
    CHECK_FALSE(codec.send_close(out, 1000, ""));
    CHECK_FALSE(codec.close_sent());
    CHECK(out.empty());
}

TEST_CASE("ws: a close is sent once, and nothing after it") {
    struct Case {
        std::string_view name;
        std::uint16_t code;
        std::string reason, want;
    };
    const std::string euros = "\xE2\x82\xAC\xE2\x82\xAC";
    const Case cases[] = {
        {"with a reason", 1000, "bye", close_payload(1000, "bye")},
        {"without a reason", 4001, "", close_payload(4001)},
        {"without a code", 1005, "not sent", ""},
        {"a reason of 123 bytes", 1011, std::string(123, 'r'), close_payload(1011, std::string(123, 'r'))},
        {"a reason that is cut", 1011, std::string(200, 'r'), close_payload(1011, std::string(123, 'r'))},
        {"a reason that is cut before a character", 1011, std::string(121, 'r') + euros,
         close_payload(1011, std::string(121, 'r'))},
        {"a reason that is cut behind a character", 1011, std::string(120, 'r') + euros,
         close_payload(1011, std::string(120, 'r') + euros.substr(0, 3))},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        Side side(Role::server);
        CHECK_FALSE(side.codec.close_sent());
        CHECK(side.codec.send_close(side.out, c.code, c.reason));
        CHECK(side.codec.close_sent());
        CHECK_FALSE(side.codec.send_close(side.out, c.code, c.reason));
        CHECK_FALSE(side.codec.send_text(side.out, "late"));
        CHECK_FALSE(side.codec.send(side.out, EventKind::ping, {}));
        CHECK_FALSE(side.codec.send_fragment(side.out, EventKind::text, {}, true));
        CHECK(side.out.text() == frame(8, c.want, {true, 0, false, -1}));
    }
}

// Whole conversations: what one side sends, in messages, fragments and control frames, is what the other receives,
// wherever the bytes are cut.
TEST_CASE("ws: random conversations") {
    gw::test::Random random(11);
    for (int round = 0; round < 150; ++round) {
        const Role role = round % 2 == 0 ? Role::client : Role::server;
        Side from(role);
        Side to(role == Role::client ? Role::server : Role::client);
        from.counter = static_cast<unsigned char>(random.next());
        Received want;
        const auto some_text = [&](std::size_t size_max) {
            const std::string_view parts[] = {"a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x91\x8B",
                                              std::string_view("\0", 1)};
            std::string out;
            for (std::size_t size = random.below(size_max); out.size() < size;)
                out += parts[random.below(std::size(parts))];
            return out;
        };
        const auto control = [&] {
            const EventKind kind = random.below(2) == 0 ? EventKind::ping : EventKind::pong;
            const std::string data = some_text(120);
            CHECK(from.codec.send(from.out, kind, as_bytes(data)));
            want.events.push_back({kind, data, 0});
        };
        for (std::size_t i = random.below(8); i > 0; --i) {
            const EventKind kind = random.below(2) == 0 ? EventKind::text : EventKind::binary;
            const std::string data = some_text(random.below(4) == 0 ? 70000 : 300);
            if (random.below(3) == 0) {
                control();
            } else if (random.below(2) == 0) {
                CHECK(from.codec.send(from.out, kind, as_bytes(data)));
                want.events.push_back({kind, data, 0});
            } else {
                std::string_view left = data;
                for (bool last = false; !last;) {
                    const std::size_t size = std::min(random.below(left.size() + 20), left.size());
                    last = size == left.size() && random.below(2) == 0;
                    CHECK(from.codec.send_fragment(from.out, kind, as_bytes(left.substr(0, size)), last));
                    left.remove_prefix(size);
                    if (!last && random.below(3) == 0) control();
                }
                want.events.push_back({kind, data, 0});
            }
        }
        CHECK(from.codec.send_close(from.out, 1000, "done"));
        want.events.push_back({EventKind::close, "done", 1000});

        Received got;
        const std::string wire(from.out.text());
        for (const std::string_view piece : gw::test::cut_at_random(wire, random, 1 + random.below(3000)))
            to.take(piece, got);
        INFO("round " << round);
        CHECK(got == want);
        CHECK(to.codec.close_received());
    }
}

TEST_CASE("ws: a refused allocation leaves nothing behind, and can be tried again") {
    std::string wire = frame(1, std::string(3000, 'a'), {false, 0, true, -1});
    wire += frame(0, std::string(3000, 'b')) + frame(9, "p") + frame(2, std::string(70000, 'c'));
    for (std::size_t n = 0;; ++n) {
        gw::test::TestHost host;
        HostMemory memory(host.allocator());
        host.fail_once_at(n);
        std::size_t events = 0;
        std::size_t refused = 0;
        const auto attempt = [&refused](auto&& body) {
            while (true) {
                try {
                    return body();
                } catch (const std::bad_alloc&) {
                    REQUIRE(++refused == 1);
                }
            }
        };
        try {
            const BlockPoolOwner pool(host.allocator());
            Codec codec(Role::server, {}, pool.get(), &memory);
            Buffer out(pool.get());
            for (std::size_t at = 0; at < wire.size(); at += 1000) {
                codec.feed(as_bytes(std::string_view(wire).substr(at, 1000)));
                while (true) {
                    const auto event = attempt([&] { return codec.next(); });
                    REQUIRE(event);
                    if (!*event) break;
                    ++events;
                    CHECK(attempt([&] { return codec.send(out, EventKind::binary, (*event)->data); }));
                }
            }
            CHECK(events == 3);
            CHECK(out.size() == 4 + 6000 + 2 + 1 + 10 + 70000);
        } catch (const std::bad_alloc&) {
            continue;
        }
        if (!host.failed()) break;
        REQUIRE(n < 1000);
    }
}

}  // namespace gw::ws::test
