#include "upstream/url.h"

#include "support/test.h"

namespace gw::upstream {

TEST_CASE("upstream: URLs that are one, and what they mean") {
    struct Case {
        std::string_view text, host, authority, path;
        std::uint16_t port;
        bool tls;
    };
    const Case cases[] = {
        {"http://localhost", "localhost", "localhost", "", 80, false},
        {"https://api.example.com/v1", "api.example.com", "api.example.com", "/v1", 443, true},
        {"HTTPS://api.example.com:8443/v1/", "api.example.com", "api.example.com:8443", "/v1/", 8443, true},
        {"http://example.com:80/", "example.com", "example.com", "/", 80, false},
        {"http://[::1]:9000/x?y=1", "::1", "[::1]:9000", "/x?y=1", 9000, false},
        {"http://192.0.2.1?q", "192.0.2.1", "192.0.2.1", "?q", 80, false},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const auto url = parse_url(c.text);
        REQUIRE(url);
        CHECK(url->host == c.host);
        CHECK(url->authority == c.authority);
        CHECK(url->path == c.path);
        CHECK(url->port == c.port);
        CHECK(url->tls == c.tls);
    }
    for (const std::string_view text :
         {"", "localhost:80", "ftp://x", "http://", "http:///x", "http://user@host", "http://a b", "http://host:0",
          "http://host:65536", "http://host:", "http://host:x", "http://[::1", "http://[zz]", "http://[::1]x",
          "http://host#f", "http://ho\\st", "http://h\xC3\xB6st"}) {
        INFO(text);
        CHECK_FALSE(parse_url(text));
    }
}

TEST_CASE("upstream: what an address is, in every spelling that resolvers give") {
    struct Case {
        std::string_view text;
        AddressKind kind;
    };
    const Case cases[] = {
        {"93.184.216.34", AddressKind::global},
        {"2606:2800:220:1::1", AddressKind::global},
        {"127.0.0.1", AddressKind::loopback},
        {"127.255.255.254", AddressKind::loopback},
        {"::1", AddressKind::loopback},
        {"::ffff:127.0.0.1", AddressKind::loopback},
        {"::7f00:1", AddressKind::loopback},
        {"64:ff9b::7f00:1", AddressKind::loopback},
        {"2002:7f00:1::", AddressKind::loopback},
        {"10.1.2.3", AddressKind::private_use},
        {"172.16.0.1", AddressKind::private_use},
        {"172.31.255.255", AddressKind::private_use},
        {"172.32.0.1", AddressKind::global},
        {"192.168.0.1", AddressKind::private_use},
        {"100.64.0.1", AddressKind::private_use},
        {"100.128.0.1", AddressKind::global},
        {"fd12::1", AddressKind::private_use},
        {"fec0::1", AddressKind::private_use},
        {"169.254.169.254", AddressKind::link_local},
        {"fe80::1", AddressKind::link_local},
        {"::ffff:169.254.169.254", AddressKind::link_local},
        {"0.0.0.0", AddressKind::unspecified},
        {"0.1.2.3", AddressKind::unspecified},
        {"::", AddressKind::unspecified},
        {"224.0.0.1", AddressKind::reserved},
        {"255.255.255.255", AddressKind::reserved},
        {"192.0.2.1", AddressKind::reserved},
        {"198.18.0.1", AddressKind::reserved},
        {"ff02::1", AddressKind::reserved},
        {"2001:db8::1", AddressKind::reserved},
        {"2001::1", AddressKind::reserved},
        {"4000::1", AddressKind::reserved},
        {"1.2.3", AddressKind::not_an_address},
        {"0x7f.1", AddressKind::not_an_address},
        {"2130706433", AddressKind::not_an_address},
        {"fe80::1%eth0", AddressKind::not_an_address},
        {"example.com", AddressKind::not_an_address},
        {"", AddressKind::not_an_address},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        CHECK(classify_address(c.text) == c.kind);
        CHECK(may_dial(c.text, Reach::global_only) == (c.kind == AddressKind::global));
    }
    CHECK(reach_of("127.0.0.1", false) == Reach::named);
    CHECK(reach_of("LocalHost", false) == Reach::named);
    CHECK(reach_of("x.localhost", false) == Reach::named);
    CHECK(reach_of("localhost.example.com", false) == Reach::global_only);
    CHECK(reach_of("example.com", true) == Reach::named);
    CHECK_FALSE(may_dial("127.0.0.1", Reach::global_only));
    CHECK(may_dial("::ffff:127.0.0.1", Reach::loopback_only));
    CHECK_FALSE(may_dial("192.168.1.1", Reach::loopback_only));
    CHECK_FALSE(may_dial("93.184.216.34", Reach::loopback_only));
    CHECK_FALSE(may_dial("0.0.0.0", Reach::named));
    CHECK(may_dial("192.168.1.1", Reach::named));
}

}  // namespace gw::upstream
