#include <ctime>
#include <vector>

#include "http1/http1.h"
#include "support/test.h"

namespace gw::test {
namespace {

using http1::Header;
using http1::Headers;

TEST_CASE("http1: fields are found ignoring case") {
    const std::vector<Header> list = {
        {"Host", "a"},         {"X-One", "1"}, {"x-two", "2"}, {"X-TWO", "3"}, {"Connection", "keep-alive , Upgrade"},
        {"connection", "foo"}, {"Empty", ""},
    };
    const Headers headers(list);
    CHECK(headers.get("host") == "a");
    CHECK(headers.get("X-Two") == "2");
    CHECK(headers.get("empty") == "");
    CHECK_FALSE(headers.get("hos"));
    CHECK_FALSE(headers.get(""));
    CHECK(headers.get_single("x-one") == "1");
    CHECK_FALSE(headers.get_single("x-two"));
    CHECK_FALSE(headers.get_single("missing"));
    CHECK(headers.has_token("Connection", "UPGRADE"));
    CHECK(headers.has_token("Connection", "foo"));
    CHECK_FALSE(headers.has_token("Connection", "keep"));
    CHECK_FALSE(headers.has_token("Empty", ""));
    CHECK(Headers().all().empty());
}

TEST_CASE("http1: dates are IMF-fixdate") {
    struct Case {
        std::uint64_t unix_ms;
        std::string_view want;
    };
    const Case cases[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {999, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {951782400000, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {4107542399000, "Sun, 28 Feb 2100 23:59:59 GMT"},
        {4107542400000, "Mon, 01 Mar 2100 00:00:00 GMT"},
        {253402300799999, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {UINT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    for (const Case& c : cases) CHECK(http1::format_date(c.unix_ms).view() == c.want);

    Random random(3);
    for (int i = 0; i < 2000; ++i) {
        const auto seconds = static_cast<std::time_t>(random.below(253402300799ULL));
        std::tm parts{};
        gmtime_r(&seconds, &parts);
        char want[64];
        std::strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        REQUIRE(http1::format_date(static_cast<std::uint64_t>(seconds) * 1000).view() == std::string_view(want));
    }
}

TEST_CASE("http1: reason phrases") {
    CHECK(http1::reason_phrase(200) == "OK");
    CHECK(http1::reason_phrase(431) == "Request Header Fields Too Large");
    CHECK(http1::reason_phrase(299).empty());
    CHECK(http1::reason_phrase(-1).empty());
    for (int status = 0; status < 1000; ++status) CHECK(http1::reason_phrase(status).size() < 40);
}

}  // namespace
}  // namespace gw::test
