// Texts that travel packed, and the checksum.
#include "core/zlib.h"

#include "core/memory.h"
#include "support/test.h"

namespace gw {

TEST_CASE("zlib: a packed text is unpacked into the caller's memory, and every refusal of it is an exception") {
    std::string want;
    for (int i = 0; i < 40; ++i) want += "hold, pass, replace or stop; ";
    const std::string bytes(
        "\x78\xda\xcb\xc8\xcf\x49\xd1\x51\x28\x48\x2c\x2e\xd6\x51\x28\x4a\x2d\xc8\x49\x4c\x4e\x55"
        "\xc8\x2f\x52\x28\x2e\xc9\x2f\xb0\x56\xc8\x18\x95\x1c\x95\x1c\x95\x1c\x95\xa4\xbd\x24\x00"
        "\xb6\xd6\x93\x30",
        48);
    test::TestHost host;
    HostMemory memory(host.allocator());
    const PackedText packed{bytes, want.size()};
    for (std::size_t n = 0;; ++n) {
        host.fail_at(n);
        try {
            const std::pmr::string text = packed.unpack(&memory);
            host.fail_never();
            CHECK(std::string_view(text) == want);
            CHECK(n >= 2);  // the text, and what zlib takes
            break;
        } catch (const std::bad_alloc&) {
            host.fail_never();
            REQUIRE(n < 10);
        }
        CHECK(memory.bytes_out() == 0);
    }
    CHECK(memory.bytes_out() == 0);
}

TEST_CASE("zlib: the checksum of RFC 1952") {
    CHECK(crc32({}) == 0);
    const std::string_view digits = "123456789";
    CHECK(crc32({reinterpret_cast<const std::byte*>(digits.data()), digits.size()}) == 0xCBF43926U);
}

}  // namespace gw
