#include <string>

#include "crypto/compare.h"
#include "crypto/sha256.h"
#include "support/test.h"

namespace gw::crypto {

namespace {

std::string text_of(const Digest& digest) {
    const auto digits = hex(digest);
    return {digits.data(), digits.size()};
}

}  // namespace

TEST_CASE("sha256: vectors of FIPS 180-4, however the data is cut") {
    struct Case {
        std::string data, want;
    };
    const Case cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {std::string(200, 'a'), "c2a908d98f5df987ade41b5fce213067efbcc21ef2240212a41e54b5e7c28ae5"},
    };
    for (const Case& c : cases) {
        CHECK(text_of(sha256(c.data)) == c.want);
        test::for_each_split(c.data, [&](const test::Pieces& pieces) {
            INFO("cut as " << pieces);
            Sha256 hash;
            for (const std::string_view piece : pieces) hash.update(piece);
            CHECK(text_of(hash.finish()) == c.want);
        });
    }
}

TEST_CASE("hmac: vectors of RFC 4231") {
    struct Case {
        std::string key, data, want;
    };
    const Case cases[] = {
        {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {std::string(20, '\xaa'), std::string(50, '\xdd'),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (const Case& c : cases) {
        CHECK(text_of(hmac_sha256(c.key, c.data)) == c.want);
        test::for_each_split(c.data, [&](const test::Pieces& pieces) {
            INFO("cut as " << pieces);
            HmacSha256 mac(as_bytes(c.key));
            for (const std::string_view piece : pieces) mac.update(piece);
            CHECK(text_of(mac.finish()) == c.want);
        });
    }
    CHECK(hmac_sha256("", "") == hmac_sha256(std::string_view{}, std::string_view{}));
}

TEST_CASE("hex: what is written is read back, and nothing else is read") {
    const auto digest = sha256("abc");
    const std::string digits = text_of(digest);
    CHECK(hex_decode<32>(digits) == digest);
    std::string upper = digits;
    for (char& c : upper) c = static_cast<char>(c >= 'a' ? c - 32 : c);
    CHECK(hex_decode<32>(upper) == digest);
    for (const std::string_view bad : {"", "0", "000", "0g", "g0", " 0", "0x", "-1", "\xC3\xA9"}) {
        INFO("text " << bad);
        CHECK_FALSE(hex_decode<1>(bad));
    }
    CHECK_FALSE(hex_decode<32>(digits.substr(1)));
    CHECK_FALSE(hex_decode<31>(digits));
    CHECK(hex_decode<0>(""));
}

TEST_CASE("compare: equal only when every byte and the length are") {
    struct Case {
        std::string a, b;
        bool want;
    };
    const Case cases[] = {
        {"", "", true},
        {"secret", "secret", true},
        {"secret", "secreT", false},
        {"secret", "", false},
        {"secret", "secret ", false},
        {std::string("a\0b", 3), std::string("a\0c", 3), false},
        {"Secret", "secret", false},
        {std::string("a\0", 2), "a", false},
    };
    for (const Case& c : cases) {
        INFO(c.a << " and " << c.b);
        CHECK(equal_secrets(c.a, c.b) == c.want);
        CHECK(equal_secrets(c.b, c.a) == c.want);
    }
}

TEST_CASE("compare: wiping leaves zeros and does not touch what is beside it") {
    std::array<std::byte, 8> bytes;
    bytes.fill(std::byte{7});
    wipe(std::span{bytes}.subspan(2, 4));
    const std::array<int, 8> want{7, 7, 0, 0, 0, 0, 7, 7};
    for (std::size_t i = 0; i < bytes.size(); ++i) CHECK(std::to_integer<int>(bytes[i]) == want[i]);
    std::string text = "a password that is long enough for the heap";
    wipe(text);
    CHECK(text == std::string(text.size(), '\0'));
    std::pmr::string empty;
    wipe(empty);
    wipe(std::span<std::byte>{});
}

}  // namespace gw::crypto
