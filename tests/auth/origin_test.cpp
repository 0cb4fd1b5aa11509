#include "auth/origin.h"

#include <string>
#include <vector>

#include "support/test.h"

namespace gw::auth {

TEST_CASE("auth: which pages may use the gateway") {
    const std::pmr::vector<std::pmr::string> named{"https://chat.example.org", "tauri://localhost"};
    const std::pmr::vector<std::pmr::string> all{"*"};
    struct Case {
        std::string_view name;
        std::optional<std::string_view> origin;
        std::string_view host;
        bool local;
        OriginRules rules;
        OriginVerdict want;
    };
    using enum OriginVerdict;
    const Case cases[] = {
        {"named", "https://chat.example.org", "gw.example", false, {named}, allowed},
        {"named, other case", "https://Chat.Example.ORG", "gw.example", false, {named}, allowed},
        {"an app's own scheme", "tauri://localhost", "gw.example", false, {named}, allowed},
        {"another port", "https://chat.example.org:8443", "gw.example", false, {named}, not_allowed},
        {"another scheme", "http://chat.example.org", "gw.example", false, {named}, not_allowed},
        {"a longer name", "https://chat.example.org.evil.example", "gw.example", false, {named}, not_allowed},
        {"every page", "https://evil.example", "gw.example", false, {all}, allowed},
        {"every page, but no page", "null", "gw.example", false, {all}, missing_or_invalid},
        {"a page of this machine", "http://localhost:5173", "127.0.0.1:18789", true, {}, allowed},
        {"over IPv6", "http://[::1]:18789", "[::1]:18789", true, {}, allowed},
        {"a page of this machine from elsewhere", "http://localhost:5173", "gw.example", false, {}, not_allowed},
        {"a foreign page on this machine", "https://evil.example", "127.0.0.1:18789", true, {}, not_allowed},
        {"localhost as a prefix", "http://localhost.evil.example", "localhost", true, {}, not_allowed},
        {"127.0.0.1 as a prefix", "http://127.0.0.1.evil.example", "localhost", true, {}, not_allowed},
        {"an app's scheme on this machine", "evil://localhost", "localhost", true, {}, not_allowed},
        {"no origin", std::nullopt, "localhost", true, {}, missing_or_invalid},
        {"nothing", "", "localhost", true, {}, missing_or_invalid},
        {"null", "null", "localhost", true, {}, missing_or_invalid},
        {"a path", "http://localhost/x", "localhost", true, {}, missing_or_invalid},
        {"a user", "http://localhost@evil.example", "localhost", true, {}, missing_or_invalid},
        {"two", "http://localhost, http://evil.example", "localhost", true, {}, missing_or_invalid},
        {"our own page, private address", "http://192.168.1.5:18789", "192.168.1.5:18789", false, {}, allowed},
        {"our own page, other port", "http://192.168.1.5:80", "192.168.1.5:18789", false, {}, not_allowed},
        {"our own page, tailnet", "https://box.tail.ts.net", "box.tail.ts.net", false, {}, allowed},
        {"our own page, tailnet, port written", "https://box.tail.ts.net:443", "box.tail.ts.net", false, {}, allowed},
        {"our own page, .local", "http://box.local:18789", "box.local:18789", false, {}, allowed},
        {"another machine's page", "http://192.168.1.6:18789", "192.168.1.5:18789", false, {}, not_allowed},
        {"a public name equal to Host", "https://gw.example", "gw.example", false, {}, not_allowed},
        {"the same with the fall-back", "https://gw.example", "gw.example", false, {{}, true}, allowed},
        {"the fall-back, other name", "https://evil.example", "gw.example", false, {{}, true}, not_allowed},
        {"the fall-back without Host", "https://evil.example", "", false, {{}, true}, not_allowed},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        CHECK(check_origin(c.origin, c.host, c.local, c.rules) == c.want);
    }
}

TEST_CASE("auth: no spelling of a foreign origin is taken for a local page") {
    test::Random random(5);
    constexpr std::string_view pieces[] = {"http", "https", "://", "localhost", "127.0.0.1", "[", "]",
                                           "::1",  ":",     "80",  "@",         "/",         "?", "#",
                                           ".",    " ",     ",",   "%6c",       "\\",        "\t"};
    for (int round = 0; round < 30000; ++round) {
        std::string origin;
        for (std::size_t n = random.below(7); n > 0; --n) origin += pieces[random.below(std::size(pieces))];
        // A browser writes the host that it means behind the last "://" or "@", and this one is not ours.
        const std::string_view tail[] = {"evil.example", ".evil.example", "@evil.example", "evil.example:80"};
        origin += tail[random.below(4)];
        INFO(origin);
        REQUIRE(check_origin(origin, "localhost", true, {}) != OriginVerdict::allowed);
    }
}

}  // namespace gw::auth
