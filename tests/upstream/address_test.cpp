#include "upstream/address.h"

#include "support/test.h"

namespace gw::upstream {

TEST_CASE("upstream: a host in any spelling that a resolver reads as an address") {
    struct Case {
        std::string_view host;
        AddressKind kind;
    };
    const Case cases[] = {
        {"api.example.com", AddressKind::not_an_address},
        {"example.com.", AddressKind::not_an_address},
        {"", AddressKind::not_an_address},
        {"dead.beef", AddressKind::not_an_address},
        {"1.2.3.4.example", AddressKind::not_an_address},
        {"0x.example", AddressKind::not_an_address},
        {"localhost", AddressKind::loopback},
        {"LOCALHOST.", AddressKind::loopback},
        {"a.b.localhost", AddressKind::loopback},
        {"notlocalhost", AddressKind::not_an_address},
        {"127.0.0.1", AddressKind::loopback},
        {"127.0.0.1.", AddressKind::loopback},
        {"127.1", AddressKind::loopback},
        {"127.0.1", AddressKind::loopback},
        {"2130706433", AddressKind::loopback},
        {"0x7f000001", AddressKind::loopback},
        {"0X7F.1", AddressKind::loopback},
        {"0177.0.0.01", AddressKind::loopback},
        {"017700000001", AddressKind::loopback},
        {"0", AddressKind::unspecified},
        {"0x", AddressKind::unspecified},
        {"10.1", AddressKind::private_use},
        {"192.168.257", AddressKind::private_use},
        {"0251.0376.0251.0376", AddressKind::link_local},
        {"2852039166", AddressKind::link_local},
        {"0x08080808", AddressKind::global},
        {"8.8.8.8", AddressKind::global},
        // Numbers that are no address: nobody knows.
        {"1.2.3.256", AddressKind::reserved},
        {"1.2.3.4.5", AddressKind::reserved},
        {"08.1.1.1", AddressKind::reserved},
        {"4294967296", AddressKind::reserved},
        {"example.123", AddressKind::reserved},
        {"a.0x1f", AddressKind::reserved},
        {"1..1", AddressKind::reserved},
        {"99999999999999999999999999999999", AddressKind::reserved},
        {"::1", AddressKind::loopback},
        {"::ffff:10.0.0.1", AddressKind::private_use},
        {"fe80::1%eth0", AddressKind::link_local},
        {"fe80::1%25eth0", AddressKind::link_local},
        {"2606:2800:220:1::1", AddressKind::global},
        {"2606:2800:220:1::1%eth0", AddressKind::link_local},
        {"::zz", AddressKind::reserved},
    };
    for (const Case& c : cases) {
        INFO(c.host);
        CHECK(classify_host(c.host) == c.kind);
    }
}

TEST_CASE("upstream: what the allow-list opens, and what it never opens") {
    for (const std::string_view text :
         {"10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/x", "fd00::/129", "fd00::1/8", "::ffff:10.0.0.0/104", "",
          "/8", "example.com", "10.0.0.0/-1", "10.0.0.0/8/8"}) {
        INFO(text);
        CHECK_FALSE(parse_network(text));
    }
    const Network everything[] = {*parse_network("0.0.0.0/0"), *parse_network("::/0")};
    const Network some[] = {*parse_network("10.20.0.0/16"), *parse_network("192.168.7.9"), *parse_network("fd12::/32"),
                            *parse_network("172.16.0.0/13")};
    struct Case {
        std::string_view address;
        bool by_some, by_everything;
    };
    const Case cases[] = {
        {"10.20.30.40", true, true},
        {"::ffff:10.20.30.40", true, true},
        {"64:ff9b::10.20.30.40", true, true},
        {"10.21.0.1", false, true},
        {"192.168.7.9", true, true},
        {"192.168.7.8", false, true},
        {"172.23.255.255", true, true},
        {"172.24.0.0", false, true},
        {"100.64.1.1", false, true},
        {"fd12::9", true, true},
        {"fd12:1::9", false, true},
        {"8.8.8.8", true, true},
        // The first group.
        {"127.0.0.1", false, false},
        {"::1", false, false},
        {"0.0.0.0", false, false},
        {"::", false, false},
        {"169.254.169.254", false, false},
        {"169.254.170.2", false, false},
        {"fe80::1", false, false},
        {"fd00:ec2::254", false, false},
        {"fd20:ce::254", false, false},
        {"100.100.100.200", false, false},
        {"224.0.0.1", false, false},
        {"ff02::1", false, false},
        {"not-an-address", false, false},
    };
    for (const Case& c : cases) {
        INFO(c.address);
        CHECK(may_dial(c.address, Reach::global_only, some) == c.by_some);
        CHECK(may_dial(c.address, Reach::global_only, everything) == c.by_everything);
    }
}

}  // namespace gw::upstream
