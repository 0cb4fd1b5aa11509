#include "crypto/pbkdf2.h"

#include "core/buffer.h"
#include "crypto/hex.h"
#include "support/test.h"

namespace gw::crypto {

// The inputs of RFC 6070 with SHA-256 instead of SHA-1, and those of RFC 7914 section 11.
TEST_CASE("crypto: PBKDF2 with HMAC-SHA-256") {
    using namespace std::string_view_literals;
    struct Case {
        std::string_view password, salt;
        std::uint32_t iterations;
        std::string_view want;
    };
    const Case cases[] = {
        {"password", "salt", 1, "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"},
        {"password", "salt", 2, "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"},
        {"password", "salt", 4096, "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"},
        {"passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
         "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1c635518c7dac47e9"},
        {"pass\0word"sv, "sa\0lt"sv, 4096, "89b69d0516f829893c696226650a8687"},
        {"passwd", "salt", 1,
         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef31"
         "7c71b845b1e30bd509112041d3a19783"},
    };
    for (const Case& c : cases) {
        INFO(c.password << " " << c.iterations);
        std::vector<std::byte> out(c.want.size() / 2);
        REQUIRE(pbkdf2_sha256(as_bytes(c.password), as_bytes(c.salt), c.iterations, out));
        std::string text(c.want.size(), ' ');
        hex_encode(out, text);
        CHECK(text == c.want);
    }
    std::vector<std::byte> out(32);
    CHECK_FALSE(pbkdf2_sha256(as_bytes("p"), as_bytes("s"), 0, out));
    CHECK_FALSE(pbkdf2_sha256(as_bytes("p"), as_bytes("s"), 1, {}));
    CHECK(pbkdf2_sha256({}, {}, 1, out));
}

}  // namespace gw::crypto
