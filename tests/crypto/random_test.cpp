#include "crypto/random.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/text.h"
#include "support/test.h"

namespace gw::crypto {

namespace {

std::span<std::byte> bytes_of(std::string& text) { return std::as_writable_bytes(std::span{text}); }

// A source that counts up, so that the text made of it is known.
struct Counter {
    unsigned char next = 0;
    static bool fill(void* user, void* out, std::size_t size) {
        auto* bytes = static_cast<unsigned char*>(out);
        for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<Counter*>(user)->next++;
        return true;
    }
};

bool refuse(void*, void*, std::size_t) { return false; }

}  // namespace

TEST_CASE("random: the operating system's source fills every byte") {
    const Random random = Random::from(nullptr);
    std::string first(1000, '\0');
    std::string second(1000, '\0');
    REQUIRE(random.fill(bytes_of(first)));
    REQUIRE(random.fill(bytes_of(second)));
    CHECK(first != second);
    // 1000 zero bytes would be a sign; 1000 random ones have about four zeros, and never fifty.
    CHECK(std::count(first.begin(), first.end(), '\0') < 50);
    CHECK(first.substr(900) != std::string(100, '\0'));
    CHECK(random.fill({}));
}

TEST_CASE("random: the host's source is used when there is one, with its user pointer") {
    Counter counter;
    gw_host host{};
    host.size = sizeof host;
    host.user = &counter;
    host.random = Counter::fill;
    const Random random = Random::from(&host);
    CHECK(random.function() == Counter::fill);
    CHECK(random.user() == &counter);
    std::string text(3, '\0');
    REQUIRE(random.fill(bytes_of(text)));
    CHECK(text == std::string("\0\1\2", 3));

    host.random = nullptr;
    CHECK(Random::from(&host).function() == Random{}.function());
}

TEST_CASE("random: tokens and ids have the length and the alphabet they promise") {
    auto* memory = std::pmr::new_delete_resource();
    Counter counter;
    const Random counting(Counter::fill, &counter);

    SECTION("hexadecimal") {
        CHECK(*random_hex(counting, 5, memory) == "0001020304");
        counter.next = 0xFA;
        CHECK(*random_hex(counting, 6, memory) == "fafbfcfdfeff");
        CHECK(random_hex(counting, 0, memory)->empty());
        CHECK(random_hex(Random{}, 16, memory)->size() == 32);
    }
    SECTION("base64url, RFC 4648 section 5, without padding") {
        CHECK(*random_base64url(counting, 1, memory) == "AA");
        CHECK(*random_base64url(counting, 2, memory) == "AQI");
        CHECK(*random_base64url(counting, 3, memory) == "AwQF");
        counter.next = 0xFB;
        CHECK(*random_base64url(counting, 3, memory) == "-_z9");
        CHECK(random_base64url(Random{}, 32, memory)->size() == 43);
        CHECK(random_base64url(Random{}, 48, memory)->size() == 64);
        CHECK(random_base64url(Random{}, 49, memory)->size() == 66);
        CHECK(random_base64url(Random{}, 100, memory)->size() == 134);
    }
    SECTION("UUID version 4") {
        const auto uuid = random_uuid(counting);
        REQUIRE(uuid);
        CHECK(std::string_view(uuid->data(), uuid->size()) == "00010203-0405-4607-8809-0a0b0c0d0e0f");
        std::set<std::string> seen;
        for (int i = 0; i < 100; ++i) {
            const auto random = random_uuid(Random{});
            REQUIRE(random);
            CHECK((*random)[14] == '4');
            CHECK(std::string_view("89ab").find((*random)[19]) != std::string_view::npos);
            seen.emplace(random->data(), random->size());
        }
        CHECK(seen.size() == 100);
    }
    SECTION("ids") {
        std::set<std::pmr::string> seen;
        for (int i = 0; i < 100; ++i) {
            auto id = random_id(Random{}, "resp_", memory);
            REQUIRE(id);
            CHECK(id->starts_with("resp_"));
            CHECK(id->size() == 5 + random_id_characters);
            CHECK(std::all_of(id->begin() + 5, id->end(), [](char c) { return is_alpha(c) || is_digit(c); }));
            seen.insert(std::move(*id));
        }
        CHECK(seen.size() == 100);
    }
}

TEST_CASE("random: a source that fails is an error of its own kind") {
    auto* memory = std::pmr::new_delete_resource();
    const Random broken(refuse, nullptr);
    std::string text(4, '\0');
    CHECK_FALSE(broken.fill(bytes_of(text)));
    CHECK(random_hex(broken, 8, memory).error().status == GW_ERR_RANDOM);
    CHECK(random_base64url(broken, 8, memory).error().status == GW_ERR_RANDOM);
    CHECK(random_uuid(broken).error().status == GW_ERR_RANDOM);
    CHECK(random_id(broken, "x", memory).error().status == GW_ERR_RANDOM);
}

TEST_CASE("random: a refused allocation is bad_alloc and leaks nothing") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    host.fail_at(0);
    CHECK_THROWS_AS(random_hex(Random{}, 32, &memory), std::bad_alloc);
    CHECK_THROWS_AS(random_base64url(Random{}, 32, &memory), std::bad_alloc);
    CHECK_THROWS_AS(random_id(Random{}, "resp_", &memory), std::bad_alloc);
    host.fail_never();
    CHECK(random_hex(Random{}, 32, &memory));
}

}  // namespace gw::crypto
