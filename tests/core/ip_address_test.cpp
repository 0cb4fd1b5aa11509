#include "core/ip_address.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "core/socket_address.h"
#include "support/test.h"

namespace gw {

TEST_CASE("core: addresses have one value and one canonical text") {
    struct Case {
        std::string_view text, want;  // empty: no address
        bool loopback, is_private;
    };
    const Case cases[] = {
        {"127.0.0.1", "127.0.0.1", true, false},
        {"::ffff:127.0.0.1", "127.0.0.1", true, false},
        {"::FFFF:7f00:1", "127.0.0.1", true, false},
        {"::1", "::1", true, false},
        {"0:0:0:0:0:0:0:1", "::1", true, false},
        {"10.1.2.3", "10.1.2.3", false, true},
        {"172.16.0.1", "172.16.0.1", false, true},
        {"172.32.0.1", "172.32.0.1", false, false},
        {"192.168.1.1", "192.168.1.1", false, true},
        {"100.64.0.1", "100.64.0.1", false, true},
        {"100.128.0.1", "100.128.0.1", false, false},
        {"169.254.1.1", "169.254.1.1", false, true},
        {"fe80::1%eth0", "fe80::1", false, true},
        {"fd12::1", "fd12::1", false, true},
        {"2001:DB8::7", "2001:db8::7", false, false},
        {"8.8.8.8", "8.8.8.8", false, false},
        {"127.1", "", false, false},
        {"0127.0.0.1", "", false, false},
        {"127.0.0.1 ", "", false, false},
        {"127.0.0.1%lo", "", false, false},
        {"localhost", "", false, false},
        {"", "", false, false},
        {std::string_view("127.0.0.1\0", 10), "", false, false},
        {"[::1]", "", false, false},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const auto address = read_ip(c.text);
        REQUIRE(address.has_value() == !c.want.empty());
        if (!address) continue;
        CHECK(IpText(*address).view() == c.want);
        CHECK(address->is_loopback() == c.loopback);
        CHECK(address->is_private() == c.is_private);
        CHECK(read_ip(IpText(*address).view()) == address);
    }
}

TEST_CASE("core: addresses with ports, as proxies write them") {
    struct Case {
        std::string_view text, want;
    };
    const Case cases[] = {
        {"10.0.0.1:80", "10.0.0.1"}, {"[::1]:80", "::1"}, {"[::1]", "::1"},      {"::1", "::1"}, {"10.0.0.1:", ""},
        {"10.0.0.1:70000", ""},      {"[::1]80", ""},     {"[10.0.0.1]:80", ""}, {"[::1", ""},   {"[::1]:", ""},
        {"[fe80::1%a]", "fe80::1"},  {":80", ""},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const auto address = read_ip_and_port(c.text);
        CHECK((address ? IpText(*address).view() : std::string_view{}) == c.want);
    }
}

TEST_CASE("core: blocks of addresses") {
    struct Case {
        std::string_view block, address;
        bool valid, inside;
    };
    const Case cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true, true},
        {"10.0.0.0/8", "11.0.0.1", true, false},
        {"10.0.0.9", "10.0.0.9", true, true},
        {"10.0.0.9", "10.0.0.8", true, false},
        {"10.0.0.0/8", "::ffff:10.1.1.1", true, true},
        {"10.0.0.5/31", "10.0.0.4", true, true},
        {"10.0.0.5/31", "10.0.0.6", true, false},
        {"0.0.0.0/0", "8.8.8.8", true, true},
        {"0.0.0.0/0", "2001:db8::1", true, false},
        {"::/0", "8.8.8.8", true, true},
        {"fd00::/8", "fd12::1", true, true},
        {"2001:db8::/33", "2001:db8:8000::", true, false},
        {"10.0.0.0/33", "", false, false},
        {"10.0.0.0/", "", false, false},
        {"10.0.0.0/-1", "", false, false},
        {"::/129", "", false, false},
        {"fe80::1%eth0/64", "", false, false},
        {"name/8", "", false, false},
    };
    for (const Case& c : cases) {
        INFO(c.block << " " << c.address);
        const auto block = read_ip_block(c.block);
        REQUIRE(block.has_value() == c.valid);
        if (block) CHECK(block->contains(*read_ip(c.address)) == c.inside);
    }
}

TEST_CASE("core: addresses go to the system and come back") {
    struct Case {
        std::string_view text, back;
        int family;
        std::size_t size;
    };
    const Case cases[] = {
        {"192.0.2.7", "192.0.2.7", AF_INET, sizeof(sockaddr_in)},
        {"::ffff:192.0.2.7", "192.0.2.7", AF_INET, sizeof(sockaddr_in)},
        {"2001:db8::7", "2001:db8::7", AF_INET6, sizeof(sockaddr_in6)},
        {"fe80::1%lo", "fe80::1", AF_INET6, sizeof(sockaddr_in6)},
        {"localhost", "", AF_UNSPEC, sizeof(sockaddr_storage)},
        {"", "", AF_UNSPEC, sizeof(sockaddr_storage)},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const SocketAddress address(c.text, 4711);
        CHECK(address.get()->sa_family == c.family);
        CHECK(address.size() == c.size);
        std::uint32_t port = 0;
        CHECK(text_of(address.get(), &port).view() == c.back);
        CHECK(port == (c.back.empty() ? 0U : 4711U));
    }
    CHECK(SocketAddress("192.0.2.7", 65536).get()->sa_family == AF_UNSPEC);
    const auto scope = [](std::string_view text) {
        return reinterpret_cast<const sockaddr_in6*>(SocketAddress(text, 1).get())->sin6_scope_id;
    };
    CHECK(scope("fe80::1%lo") == ::if_nametoindex("lo"));
    CHECK(scope("fe80::1%nosuchinterface") == 0);
    CHECK(scope("fe80::1%" + std::string(300, 'x')) == 0);
    CHECK(scope("fe80::1") == 0);

    const SocketAddress local = SocketAddress::local("/run/x.sock");
    CHECK(local.get()->sa_family == AF_UNIX);
    CHECK(reinterpret_cast<const sockaddr_un*>(local.get())->sun_path == std::string_view("/run/x.sock"));
    CHECK(text_of(local.get(), nullptr).empty());
    CHECK(SocketAddress::local(std::string(108, 'x')).get()->sa_family == AF_UNSPEC);
    CHECK(SocketAddress::local("").get()->sa_family == AF_UNSPEC);
}

}  // namespace gw
