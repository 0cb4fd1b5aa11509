#include "auth/client_address.h"

#include <string>
#include <utility>
#include <vector>

#include "support/test.h"

namespace gw::auth {

namespace {

struct Field {
    std::string_view name, value;
};

// Fields as an HTTP head has them.
class Fields {
public:
    Fields(std::initializer_list<Field> fields) : fields_(fields) {}
    explicit Fields(std::vector<Field> fields) : fields_(std::move(fields)) {}
    [[nodiscard]] const std::vector<Field>& all() const { return fields_; }
    [[nodiscard]] std::optional<std::string_view> get_single(std::string_view name) const {
        std::optional<std::string_view> found;
        for (const Field& field : fields_) {
            if (!equals_ignoring_case(field.name, name)) continue;
            if (found) return std::nullopt;
            found = field.value;
        }
        return found;
    }

private:
    std::vector<Field> fields_;
};

TrustedProxies proxies(std::initializer_list<const char*> blocks) {
    std::pmr::vector<std::pmr::string> list;
    for (const char* block : blocks) list.emplace_back(block);
    return TrustedProxies(list, std::pmr::get_default_resource());
}

}  // namespace

TEST_CASE("auth: the client behind proxies is the right-most address that nobody vouches for") {
    struct Case {
        std::string_view name, peer, host;
        Fields fields;
        std::string_view want;  // client; empty: unknown
        bool local, direct, unattributed;
    };
    const std::vector<Case> cases = {
        {"a program of this machine", "127.0.0.1", "localhost:18789", {}, "127.0.0.1", true, true, false},
        {"over IPv6", "::1", "[::1]:18789", {}, "::1", true, true, false},
        {"mapped", "::ffff:127.0.0.1", "127.0.0.1", {}, "127.0.0.1", true, true, false},
        {"by the tailnet's name", "127.0.0.1", "box.tail1234.ts.net", {}, "127.0.0.1", true, true, false},
        {"by a name of others", "127.0.0.1", "evil.example", {}, "127.0.0.1", false, false, false},
        {"without Host", "127.0.0.1", "", {}, "127.0.0.1", false, false, false},
        {"a pipe", "", "localhost", {}, "", true, true, false},
        {"a stranger", "203.0.113.9", "localhost", {}, "203.0.113.9", false, false, false},
        {"a peer that is no address", "somebody", "localhost", {}, "", false, false, false},
        {"an unknown proxy on this machine",
         "127.0.0.1",
         "localhost",
         {{"X-Forwarded-For", "198.51.100.7"}},
         "127.0.0.1",
         false,
         false,
         true},
        {"an unknown proxy, real ip",
         "127.0.0.1",
         "localhost",
         {{"X-Real-IP", "127.0.0.1"}},
         "127.0.0.1",
         false,
         false,
         true},
        {"an unknown proxy, RFC 7239",
         "127.0.0.1",
         "localhost",
         {{"Forwarded", "for=127.0.0.1"}},
         "127.0.0.1",
         false,
         false,
         true},
        {"a stranger who claims to be local",
         "203.0.113.9",
         "localhost",
         {{"X-Forwarded-For", "127.0.0.1"}},
         "203.0.113.9",
         false,
         false,
         true},
        {"a trusted proxy",
         "10.0.0.2",
         "gw.example",
         {{"X-Forwarded-For", "198.51.100.7"}},
         "198.51.100.7",
         false,
         false,
         false},
        {"what the client wrote comes first",
         "10.0.0.2",
         "localhost",
         {{"X-Forwarded-For", "127.0.0.1, 198.51.100.7"}},
         "198.51.100.7",
         false,
         false,
         false},
        {"two trusted proxies",
         "10.0.0.2",
         "x",
         {{"X-Forwarded-For", "1.2.3.4, 198.51.100.7, 10.0.0.3"}},
         "198.51.100.7",
         false,
         false,
         false},
        {"two lines",
         "10.0.0.2",
         "x",
         {{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-For", "198.51.100.7"}},
         "198.51.100.7",
         false,
         false,
         false},
        {"ports and brackets",
         "10.0.0.2",
         "x",
         {{"X-Forwarded-For", "[2001:db8::7]:4711"}},
         "2001:db8::7",
         false,
         false,
         false},
        {"a quad with port",
         "10.0.0.2",
         "x",
         {{"X-Forwarded-For", "198.51.100.7:4711"}},
         "198.51.100.7",
         false,
         false,
         false},
        {"empty elements",
         "10.0.0.2",
         "x",
         {{"X-Forwarded-For", " ,, 198.51.100.7 , ,"}},
         "198.51.100.7",
         false,
         false,
         false},
        {"what is no address hides the client",
         "10.0.0.2",
         "localhost",
         {{"X-Forwarded-For", "127.0.0.1, unknown"}},
         "",
         false,
         false,
         false},
        {"all of them trusted",
         "10.0.0.2",
         "localhost",
         {{"X-Forwarded-For", "10.0.0.3, 10.0.0.4"}},
         "",
         false,
         false,
         false},
        {"a trusted proxy that tells nothing", "10.0.0.2", "localhost", {}, "", false, false, false},
        {"real ip without the fall-back's permission",
         "10.0.0.2",
         "x",
         {{"X-Real-IP", "198.51.100.7"}},
         "",
         false,
         false,
         false},
    };
    const TrustedProxies trusted = proxies({"10.0.0.0/24"});
    for (const Case& c : cases) {
        INFO(c.name);
        const ClientAddress got = client_address(c.peer, c.host, read_forwarding(c.fields), trusted, false);
        CHECK((got.client ? IpText(*got.client).view() : std::string_view{}) == c.want);
        CHECK(got.is_local == c.local);
        CHECK(got.is_direct == c.direct);
        CHECK(got.is_unattributed == c.unattributed);
    }
}

TEST_CASE("auth: X-Real-IP counts with permission, once, and not beside X-Forwarded-For") {
    const TrustedProxies trusted = proxies({"10.0.0.2"});
    const auto client = [&](const Fields& fields, bool fallback) {
        const ClientAddress got = client_address("10.0.0.2", "x", read_forwarding(fields), trusted, fallback);
        return got.client ? std::string(IpText(*got.client).view()) : std::string();
    };
    CHECK(client({{"X-Real-IP", " 198.51.100.7 "}}, true) == "198.51.100.7");
    CHECK(client({{"X-Real-IP", "198.51.100.7"}}, false).empty());
    CHECK(client({{"X-Real-IP", "198.51.100.7"}, {"x-real-ip", "127.0.0.1"}}, true).empty());
    CHECK(client({{"X-Real-IP", "127.0.0.1"}, {"X-Forwarded-For", "nobody"}}, true).empty());
    CHECK(client({{"X-Real-IP", "127.0.0.1"}, {"X-Forwarded-For", "198.51.100.7"}}, true) == "198.51.100.7");
}

TEST_CASE("auth: a trusted proxy on this machine makes nobody local") {
    const TrustedProxies trusted = proxies({"127.0.0.1"});
    const auto got = [&](const Fields& fields) {
        return client_address("127.0.0.1", "127.0.0.1:18789", read_forwarding(fields), trusted, false);
    };
    CHECK_FALSE(got({}).is_local);
    CHECK(got({}).is_direct);  // a program of this machine, or a proxy that says nothing
    CHECK_FALSE(got({{"X-Forwarded-For", "127.0.0.1"}}).is_local);
    CHECK_FALSE(got({{"X-Forwarded-For", "127.0.0.1"}}).is_direct);
    CHECK(got({{"X-Forwarded-For", "::1"}}).is_local);  // the proxy says so itself
    CHECK_FALSE(got({{"X-Forwarded-For", "198.51.100.7"}}).is_local);
}

TEST_CASE("auth: more lines of X-Forwarded-For than anybody sends name nobody") {
    const Fields fields(std::vector<Field>(9, Field{"X-Forwarded-For", "198.51.100.7"}));
    const ForwardingFields read = read_forwarding(fields);
    CHECK(read.too_many_lines);
    const ClientAddress got = client_address("10.0.0.2", "localhost", read, proxies({"10.0.0.2"}), true);
    CHECK_FALSE(got.client);
    CHECK_FALSE(got.is_local);
}

TEST_CASE("auth: names and addresses of a Host field") {
    struct Case {
        std::string_view authority, name;
        bool local, foreign;
    };
    const Case cases[] = {
        {"localhost", "localhost", true, false},
        {"LOCALHOST:80", "LOCALHOST", true, false},
        {"localhost.", "localhost.", true, false},
        {"app.localhost:1", "app.localhost", true, false},
        {"127.0.0.1:18789", "127.0.0.1", true, false},
        {"127.8.8.8", "127.8.8.8", true, false},
        {"[::1]:18789", "::1", true, false},
        {"::1", "::1", true, false},
        {"[::1", "", false, false},
        {"box.tail.ts.net", "box.tail.ts.net", true, false},
        {".ts.net", ".ts.net", false, true},
        {"evil.ts.net.example", "evil.ts.net.example", false, true},
        {"localhost.evil.example", "localhost.evil.example", false, true},
        {"127.0.0.1.nip.example", "127.0.0.1.nip.example", false, true},
        {"10.0.0.1", "10.0.0.1", false, false},
        {"gateway", "gateway", false, false},
        {"", "", false, false},
    };
    for (const Case& c : cases) {
        INFO(c.authority);
        CHECK(host_name(c.authority) == c.name);
        CHECK(is_local_host(c.authority) == c.local);
        CHECK(is_foreign_name(c.authority) == c.foreign);
    }
}

TEST_CASE("auth: whatever stands in forwarding fields, a stranger is not local") {
    test::Random random(4711);
    constexpr std::string_view pieces[] = {"127.0.0.1",
                                           "::1",
                                           ",",
                                           " ",
                                           "[",
                                           "]",
                                           ":",
                                           "\t",
                                           "%lo",
                                           "localhost",
                                           "for=",
                                           "\"",
                                           ";",
                                           "0",
                                           "unknown",
                                           "10.0.0.2",
                                           "::ffff:127.0.0.1",
                                           "1.2.3.4",
                                           "[::1]",
                                           ":80",
                                           "\x80"};
    const TrustedProxies trusted = proxies({"10.0.0.0/8"});
    for (int round = 0; round < 20000; ++round) {
        std::string lines[3];
        for (std::string& line : lines) {
            for (std::size_t n = random.below(6); n > 0; --n) line += pieces[random.below(std::size(pieces))];
        }
        lines[1] += ",203.0.113.9";  // what the trusted proxy has seen comes last
        const Fields fields{{"X-Forwarded-For", lines[0]}, {"x-forwarded-for", lines[1]}, {"X-Real-IP", lines[2]}};
        INFO(lines[0] << " | " << lines[1] << " | " << lines[2]);
        const auto read = read_forwarding(fields);
        const ClientAddress behind = client_address("10.0.0.2", "localhost", read, trusted, true);
        REQUIRE(behind.client);
        REQUIRE(IpText(*behind.client).view() == "203.0.113.9");
        REQUIRE_FALSE(client_address("203.0.113.9", "localhost", read, trusted, true).is_local);
        REQUIRE_FALSE(client_address("127.0.0.1", "localhost", read, trusted, true).is_local);
    }
}

}  // namespace gw::auth
