#include "content/data_url.h"

#include "support/test.h"

namespace gw::test {

TEST_CASE("content: data URLs") {
    struct Case {
        std::string_view text, type, data;
        bool base64;
    };
    const Case cases[] = {
        {"data:image/png;base64,iVBO", "image/png", "iVBO", true},
        {"DATA:text/plain;charset=utf-8;BASE64,eA==", "text/plain;charset=utf-8", "eA==", true},
        {"data:text/plain,a%20b,c", "text/plain", "a%20b,c", false},
        {"data:,x", "", "x", false},
        {"data:;base64,eA==", "", "eA==", true},
        {"data:base64,eA==", "base64", "eA==", false},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const auto url = content::parse_data_url(c.text);
        REQUIRE(url);
        CHECK(url->media_type == c.type);
        CHECK(url->data == c.data);
        CHECK(url->base64 == c.base64);
    }
    for (const std::string_view text : {"data:image/png;base64", "http://x/", "dat", ""}) {
        INFO(text);
        CHECK_FALSE(content::parse_data_url(text));
    }
}

TEST_CASE("content: base64 as people's programs write it") {
    struct Case {
        std::string_view text;
        std::size_t bytes_max;
        gw_status want;
        std::string_view bytes;
        bool canonical;
    };
    const Case cases[] = {
        {"SGVsbG8gV29ybGQh", 12, GW_OK, "Hello World!", true},
        {"SGVsbG8gV29ybGQh", 11, GW_ERR_LIMIT, "", false},
        {"SGk=", 2, GW_OK, "Hi", true},
        {"SGk=", 1, GW_ERR_LIMIT, "", false},
        {"SGk", 2, GW_OK, "Hi", false},
        {"SA", 1, GW_OK, "H", false},
        {"SGVs\r\nbG8g\r\nV29y\nbGQh\n", 12, GW_OK, "Hello World!", false},
        {" S G k = ", 2, GW_OK, "Hi", false},
        {"", 0, GW_OK, "", true},
        {"S", 10, GW_ERR_DATA, "", false},
        {"SGk=SGk=", 10, GW_ERR_DATA, "", false},
        {"SGk=\nSGk=", 10, GW_ERR_DATA, "", false},
        {"SGl=", 10, GW_ERR_DATA, "", false},
        {"SGk-", 10, GW_ERR_DATA, "", false},
        {"SG*=", 10, GW_ERR_DATA, "", false},
        {"====", 10, GW_ERR_DATA, "", false},
        {"data:x,SGk=", 10, GW_ERR_DATA, "", false},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        PooledBuffer out;
        const auto decoded = content::decode_base64(c.text, c.bytes_max, out.buffer);
        CHECK((decoded ? GW_OK : decoded.error().status) == c.want);
        if (!decoded) continue;
        CHECK(out.buffer.text() == c.bytes);
        CHECK(decoded->canonical == c.canonical);
    }
    // Lines, over the borders of pieces, with every length of the end.
    for (std::size_t tail = 0; tail < 12; ++tail) {
        std::string text;
        for (std::size_t i = 0; i < 12288 + tail * 4; ++i) text += i % 76 == 75 ? "\r\nQ" : "Q";
        PooledBuffer out;
        REQUIRE(content::decode_base64(text, 1U << 20U, out.buffer));
        CHECK(out.buffer.size() == (12288 + tail * 4) / 4 * 3);
    }
}

TEST_CASE("content: percent-encoded data") {
    struct Case {
        std::string_view text;
        std::size_t bytes_max;
        gw_status want;
        std::string_view bytes;
    };
    const Case cases[] = {
        {"a%20b%C3%a9", 5, GW_OK, "a b\xC3\xA9"},
        {"a%20b", 2, GW_ERR_LIMIT, ""},
        {"a%2", 9, GW_ERR_DATA, ""},
        {"%zz", 9, GW_ERR_DATA, ""},
        {"", 0, GW_OK, ""},
        {"%41%42", 2, GW_OK, "AB"},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        PooledBuffer out;
        const auto decoded = content::decode_percent(c.text, c.bytes_max, out.buffer);
        CHECK((decoded ? GW_OK : decoded.error().status) == c.want);
        if (decoded) CHECK(out.buffer.text() == c.bytes);
    }
}

}  // namespace gw::test
