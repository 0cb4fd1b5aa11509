#include "route/route.h"
#include "support/test.h"

using namespace std::string_view_literals;

namespace gw {

using route::Outcome;

namespace {

struct Entry {
    std::string_view method, pattern;
    std::uint32_t target;
};
constexpr Entry entries[] = {
    {"GET", "/", 1},
    {"GET", "/v1/models", 2},
    {"GET", "/v1/models/:id", 3},
    {"POST", "/v1/models/new", 4},
    {"DELETE", "/v1/models/:name", 5},
    {"GET", "/v1/models/:id/files/*path", 6},
    {"GET", "/files/*path", 7},
    {"GET", "/files/", 8},
    {"POST", "/v1/chat/completions", 9},
    {"*", "/proxy/*rest", 10},
    {"POST", "/proxy/admin", 11},
    {"HEAD", "/head", 12},
    {"GET", "/head", 13},
    {"OPTIONS", "/own", 14},
    {"GET", "/own", 15},
    {"GET", "/a/:x/c", 16},
    {"GET", "/a/b/:y", 17},
    {"GET", "/a/*z", 18},
    {"PUT", "/a/b/c", 19},
    {"GET", "/dir/", 20},
    {"GET", "/\xC3\xA4 b", 21},
    {"*", "/any", 22},
};

void fill(route::Router& router) {
    for (const Entry& entry : entries) {
        INFO(entry.pattern);
        REQUIRE(router.add(entry.method, entry.pattern, entry.target));
    }
}

std::string parameters_of(const route::Match& match) {
    std::string out;
    for (const route::Parameter& each : match.parameters) (((out += each.name) += "=") += each.value) += ";";
    return out;
}

}  // namespace

TEST_CASE("route: requests find their targets") {
    struct Case {
        std::string_view method, target;
        Outcome outcome;
        std::uint32_t want;
        std::string_view parameters;
    };
    const Case cases[] = {
        {"GET", "/", Outcome::found, 1, ""},
        {"GET", "/v1/models", Outcome::found, 2, ""},
        {"GET", "/v1/models?x=1", Outcome::found, 2, ""},
        {"GET", "/v1/models/gpt-4", Outcome::found, 3, "id=gpt-4;"},
        {"DELETE", "/v1/models/gpt-4", Outcome::found, 5, "name=gpt-4;"},
        {"GET", "/v1/models/a%2Fb%20c", Outcome::found, 3, "id=a/b c;"},
        {"GET", "/v1/models/%E2%82%AC", Outcome::found, 3, "id=\xE2\x82\xAC;"},
        {"GET", "/v1/models/\xE2\x82\xAC", Outcome::found, 3, "id=\xE2\x82\xAC;"},
        {"GET", "/v1/models/a+b", Outcome::found, 3, "id=a+b;"},
        {"GET", "/%76%31/models", Outcome::found, 2, ""},
        {"GET", "/v1/models/%252e", Outcome::found, 3, "id=%2e;"},
        {"GET", "/v1/models/...", Outcome::found, 3, "id=...;"},
        {"GET", "/v1/models/.a", Outcome::found, 3, "id=.a;"},
        {"GET", "/v1/models/a;b", Outcome::found, 3, "id=a;b;"},
        {"GET", "/v1/models/:id", Outcome::found, 3, "id=:id;"},
        // literals win over parameters, unless the method is elsewhere
        {"POST", "/v1/models/new", Outcome::found, 4, ""},
        {"GET", "/v1/models/new", Outcome::found, 3, "id=new;"},
        {"GET", "/a/b/c", Outcome::found, 17, "y=c;"},
        {"PUT", "/a/b/c", Outcome::found, 19, ""},
        {"GET", "/a/x/c", Outcome::found, 16, "x=x;"},
        {"GET", "/a/x/d", Outcome::found, 18, "z=x/d;"},
        {"GET", "/a/b", Outcome::found, 18, "z=b;"},
        {"GET", "/a/b/c/d", Outcome::found, 18, "z=b/c/d;"},
        // wildcards
        {"GET", "/files/a/b%2Fc/d", Outcome::found, 7, "path=a/b/c/d;"},
        {"GET", "/files/a/", Outcome::found, 7, "path=a/;"},
        {"GET", "/files/", Outcome::found, 8, ""},
        {"GET", "/a/", Outcome::found, 18, "z=;"},
        {"GET", "/files", Outcome::not_found, 0, ""},
        {"GET", "/v1/models/m/files/x/y", Outcome::found, 6, "id=m;path=x/y;"},
        {"GET", "/v1/models/m/files/", Outcome::found, 6, "id=m;path=;"},
        {"GET", "/v1/models/m/files", Outcome::not_found, 0, ""},
        // any method
        {"GET", "/proxy/x", Outcome::found, 10, "rest=x;"},
        {"BREW", "/proxy/x", Outcome::found, 10, "rest=x;"},
        {"OPTIONS", "/proxy/x", Outcome::found, 10, "rest=x;"},
        {"POST", "/proxy/admin", Outcome::found, 11, ""},
        {"GET", "/proxy/admin", Outcome::found, 10, "rest=admin;"},
        {"HEAD", "/any", Outcome::found, 22, ""},
        // a trailing slash makes another path
        {"GET", "/v1/models/", Outcome::not_found, 0, ""},
        {"GET", "/dir/", Outcome::found, 20, ""},
        {"GET", "/dir", Outcome::not_found, 0, ""},
        // text of patterns is plain
        {"GET", "/%C3%A4%20b", Outcome::found, 21, ""},
        // case matters
        {"GET", "/V1/models", Outcome::not_found, 0, ""},
        {"get", "/v1/models", Outcome::method_not_allowed, 0, ""},
        {"GET", "/nowhere", Outcome::not_found, 0, ""},
        {"GET", "/v1", Outcome::not_found, 0, ""},
        {"GET", "/v1/models/a/b", Outcome::not_found, 0, ""},
        {"OPTIONS", "/nowhere", Outcome::not_found, 0, ""},
        {"OPTIONS", "/own", Outcome::found, 14, ""},
        // absolute form
        {"GET", "http://host/v1/models", Outcome::found, 2, ""},
        {"GET", "HTTPS://host:8443/v1/models?x", Outcome::found, 2, ""},
        {"GET", "http://host", Outcome::found, 1, ""},
        {"GET", "http://host?x=/y", Outcome::found, 1, ""},
        {"OPTIONS", "http://host/", Outcome::options, 0, ""},
    };
    route::Router router(std::pmr::get_default_resource());
    fill(router);
    for (const Case& c : cases) {
        INFO(c.method << " " << c.target);
        const route::Match match = router.match(c.method, c.target);
        CHECK(match.outcome == c.outcome);
        CHECK(match.target == c.want);
        CHECK_FALSE(match.head);
        CHECK(parameters_of(match) == c.parameters);
    }
}

TEST_CASE("route: paths that two readers could read in two ways are refused") {
    const std::string_view targets[] = {
        // empty segments
        "//",
        "//v1/models",
        "/v1//models",
        "/v1/models//",
        "/files/a//b",
        "/files//",
        // dot segments, plain, encoded and with parameters
        "/.",
        "/..",
        "/files/.",
        "/files/..",
        "/files/../v1",
        "/files/./a",
        "/files/%2e%2e/etc/passwd",
        "/files/%2E%2E/",
        "/files/.%2e/a",
        "/files/%2e./a",
        "/files/%2e/a",
        "/files/..;/a",
        "/files/..;x=1/a",
        "/files/.;/a",
        "/files/%2e%2e%3b/a",
        "/files/..%3Bx",
        "/v1/models/..",
        // backslashes, NUL and other control characters
        "/files/a\\b",
        "/files/..\\..\\a",
        "/files/a%5Cb",
        "/files/%5c",
        "/files/a%00",
        "/files/%00",
        "/files/a\0b"sv,
        "/files/a%0d%0aSet-Cookie:x",
        "/files/a\nb",
        "/files/%1f",
        "/files/%7F",
        // broken escapes
        "/files/%",
        "/files/a%",
        "/files/%a",
        "/files/%2",
        "/files/%zz",
        "/files/%2g",
        "/files/%g2",
        "/files/% 2",
        "/files/%+1",
        "/files/%%41",
        "/files/%u0041",
        // not UTF-8: overlong '/', '.', NUL; a half; a surrogate; raw bytes
        "/files/%c0%af",
        "/files/%c0%ae%c0%ae/a",
        "/files/%e0%80%af",
        "/files/%c0%80",
        "/files/%f0%80%80%af",
        "/files/%e2%82",
        "/files/%e2/%82%ac",
        "/files/%ed%a0%80",
        "/files/%ff",
        "/files/\xC0\xAF",
        "/files/\xFF",
        // no fragment belongs into a target
        "/files/a#b",
        "/files/a?x#b",
        // forms that are none
        "",
        "files/a",
        "?x",
        "*",
        "**",
        "*/",
        "host:443",
        "http:",
        "http:/",
        "http://",
        "http:///files/a",
        "http://?x",
        "http://user@host/files/a",
        "http://host@evil/files/a",
        "http://host\\@evil/files/a",
        "http://host//files",
        "ftp://host/files/a",
        " /files/a",
    };
    route::Router router(std::pmr::get_default_resource());
    fill(router);
    for (const std::string_view target : targets) {
        INFO(target);
        const route::Match match = router.match("GET", target);
        CHECK(match.outcome == Outcome::bad_path);
        CHECK(match.parameters.empty());
        CHECK(match.allow.empty());
    }
}

TEST_CASE("route: what is allowed is said, with what comes along") {
    struct Case {
        std::string_view method, target;
        Outcome outcome;
        std::string_view allow;
    };
    const Case cases[] = {
        {"POST", "/v1/models", Outcome::method_not_allowed, "GET, HEAD, OPTIONS"},
        {"GET", "/v1/chat/completions", Outcome::method_not_allowed, "OPTIONS, POST"},
        {"PATCH", "/v1/models/new", Outcome::method_not_allowed, "DELETE, GET, HEAD, OPTIONS, POST"},
        {"PATCH", "/v1/models/old", Outcome::method_not_allowed, "DELETE, GET, HEAD, OPTIONS"},
        {"PATCH", "/a/b/c", Outcome::method_not_allowed, "GET, HEAD, OPTIONS, PUT"},
        {"POST", "/head", Outcome::method_not_allowed, "GET, HEAD, OPTIONS"},
        {"CONNECT", "/v1/models", Outcome::method_not_allowed, "GET, HEAD, OPTIONS"},
        {"", "/v1/models", Outcome::method_not_allowed, "GET, HEAD, OPTIONS"},
        {"OPTIONS", "/v1/models", Outcome::options, "GET, HEAD, OPTIONS"},
        {"OPTIONS", "/v1/chat/completions?x", Outcome::options, "OPTIONS, POST"},
        {"OPTIONS", "*", Outcome::options, "DELETE, GET, HEAD, OPTIONS, POST, PUT"},
        {"OPTIONS", "http://host", Outcome::options, "DELETE, GET, HEAD, OPTIONS, POST, PUT"},
        {"OPTIONS", "http://host?", Outcome::options, "GET, HEAD, OPTIONS"},
        {"GET", "/v1/models", Outcome::found, ""},
        {"GET", "/nowhere", Outcome::not_found, ""},
    };
    route::Router router(std::pmr::get_default_resource());
    fill(router);
    for (const Case& c : cases) {
        INFO(c.method << " " << c.target);
        const route::Match match = router.match(c.method, c.target);
        CHECK(match.outcome == c.outcome);
        CHECK(match.allow == c.allow);
        CHECK(match.parameters.empty());
    }
}

TEST_CASE("route: HEAD is answered by GET, unless it has a route") {
    route::Router router(std::pmr::get_default_resource());
    fill(router);
    route::Match match = router.match("HEAD", "/v1/models/x");
    CHECK(match.outcome == Outcome::found);
    CHECK(match.target == 3);
    CHECK(match.head);
    match = router.match("HEAD", "/head");
    CHECK(match.target == 12);
    CHECK_FALSE(match.head);
    match = router.match("HEAD", "/proxy/x");
    CHECK(match.target == 10);
    CHECK_FALSE(match.head);
    CHECK(router.match("HEAD", "/v1/chat/completions").outcome == Outcome::method_not_allowed);
}

TEST_CASE("route: path and query are given as they were sent") {
    struct Case {
        std::string_view target, path, query;
    };
    const Case cases[] = {
        {"/files/a%2Fb?x=%20", "/files/a%2Fb", "x=%20"},
        {"/files/?", "/files/", ""},
        {"/files/a?b?c/../d", "/files/a", "b?c/../d"},
        {"http://host/files/a?q", "/files/a", "q"},
        {"http://host?q=1", "/", "q=1"},
    };
    route::Router router(std::pmr::get_default_resource());
    fill(router);
    for (const Case& c : cases) {
        INFO(c.target);
        const route::Match match = router.match("GET", c.target);
        CHECK(match.outcome == Outcome::found);
        CHECK(match.path == c.path);
        CHECK(match.query == c.query);
    }
    const route::Match match = router.match("GET", "/v1/models/m/files/x");
    CHECK(match.parameter("id") == "m");
    CHECK(match.parameter("path") == "x");
    CHECK(match.parameter("other").empty());
}

TEST_CASE("route: malformed patterns and doubles are refused") {
    route::Router router(std::pmr::get_default_resource());
    fill(router);
    const Entry bad[] = {
        {"GET", "", 0},
        {"GET", "v1", 0},
        {"GET", "//", 0},
        {"GET", "/a//b", 0},
        {"GET", "/:", 0},
        {"GET", "/*", 0},
        {"GET", "/a/:b c", 0},
        {"GET", "/*rest/more", 0},
        {"GET", "/*rest/", 0},
        {"GET", "/:x/:x", 0},
        {"GET", "/:x/*x", 0},
        {"GET", "/..", 0},
        {"GET", "/a/./b", 0},
        {"GET", "/a\\b", 0},
        {"GET", "/a\nb", 0},
        {"GET", "/a?b", 0},
        {"GET", "/a#b", 0},
        {"GET", "/\xFF", 0},
        {"", "/x", 0},
        {"G T", "/x", 0},
        {"GET\n", "/x", 0},
        {"G\xC3\xA4T", "/x", 0},
        // there already, by another name or not
        {"GET", "/v1/models", 0},
        {"GET", "/v1/models/:other", 0},
        {"GET", "/files/*other", 0},
        {"*", "/any", 0},
    };
    for (const Entry& entry : bad) {
        INFO(entry.method << " " << entry.pattern);
        const auto added = router.add(entry.method, entry.pattern, 99);
        REQUIRE_FALSE(added);
        CHECK(added.error().status == GW_ERR_ARGUMENT);
        CHECK_FALSE(added.error().what.empty());
    }
    std::string deep;
    for (int i = 0; i < 64; ++i) deep += "/x";
    CHECK(router.add("GET", deep, 1));
    CHECK(router.match("GET", deep).outcome == Outcome::found);
    CHECK_FALSE(router.add("GET", deep + "/x", 1));
    // What was refused left no trace.
    CHECK(router.match("GET", "/x").outcome == Outcome::not_found);
    CHECK(router.match("GET", "/v1/models").target == 2);
}

TEST_CASE("route: a long path costs what its length costs") {
    // Every prefix fits parameters and literals alike: the worst there is for looking back.
    route::Router router(std::pmr::get_default_resource());
    for (int depth = 1; depth <= 12; ++depth) {
        for (unsigned kinds = 0; kinds < 16; ++kinds) {
            std::string pattern;
            for (int i = 0; i < depth; ++i)
                pattern += (kinds >> (static_cast<unsigned>(i) % 4U) & 1U) != 0 ? "/a" : "/:p" + std::to_string(i);
            (void)router.add("GET", pattern, 1);
        }
    }
    std::string path;
    for (int i = 0; i < 30000; ++i) path += "/a";
    CHECK(router.match("GET", path).outcome == Outcome::not_found);
    CHECK(router.match("GET", "/" + std::string(65536, 'a')).outcome == Outcome::found);
    CHECK(router.match("GET", "/" + std::string(65536, '/')).outcome == Outcome::bad_path);
}

TEST_CASE("route: matching again allocates nothing") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    route::Router router(&memory);
    fill(router);
    const std::string_view targets[] = {"/v1/models/m/files/x/y?z", "/a/b/c", "/nowhere", "/files/..", "*"};
    const auto ask = [&] {
        for (const std::string_view target : targets) {
            for (const std::string_view method : {"GET"sv, "HEAD"sv, "PATCH"sv, "OPTIONS"sv})
                (void)router.match(method, target);
        }
    };
    ask();
    host.fail_at(0);
    CHECK_NOTHROW(ask());
    CHECK(host.allocations() == 0);
    host.fail_never();
}

TEST_CASE("route: a refused allocation leaves the table as it was") {
    bool passed = false;
    for (std::size_t n = 0; !passed && n < 1000; ++n) {
        test::TestHost host;
        HostMemory memory(host.allocator());
        host.fail_at(n);
        std::size_t added = 0;
        try {
            route::Router router(&memory);
            try {
                for (const Entry& entry : entries) {
                    if (!router.add(entry.method, entry.pattern, entry.target)) break;
                    ++added;
                }
                if (router.match("PATCH", "/a/b/c").outcome == Outcome::method_not_allowed &&
                    router.match("GET", "/v1/models/m/files/x").outcome == Outcome::found) {
                    passed = added == std::size(entries);
                }
            } catch (const std::bad_alloc&) {
                host.fail_never();
                // What is missing can be added now, and everything is found.
                for (std::size_t i = added; i < std::size(entries); ++i) {
                    const auto again = router.add(entries[i].method, entries[i].pattern, entries[i].target);
                    CHECK(again);
                }
                CHECK(router.match("GET", "/a/b/c").target == 17);
            }
        } catch (const std::bad_alloc&) {
            CHECK(added == 0);
        }
    }
    CHECK(passed);
}

TEST_CASE("route: query parameters") {
    struct Case {
        std::string_view query, name;
        std::optional<std::string_view> want;
    };
    const Case cases[] = {
        {"a=1&b=2", "a", "1"},
        {"a=1&b=2", "b", "2"},
        {"a=1&b=2", "c", {}},
        {"a=1&a=2", "a", "1"},
        {"a=x+y%20z%2B", "a", "x y z+"},
        {"a", "a", ""},
        {"a=", "a", ""},
        {"a==b=", "a", "=b="},
        {"=1", "", "1"},
        {"&&a=1&", "a", "1"},
        {"", "a", {}},
        {"", "", {}},
        {"&", "", {}},
        {"%61=1", "a", "1"},
        {"a+b=1", "a b", "1"},
        {"aa=1&a=2", "a", "2"},
        {"a=1", "aa", {}},
        {"A=1", "a", {}},
        {"a=%E2%82%AC", "a", "\xE2\x82\xAC"},
        {"a=%", "a", {}},
        {"a=%2", "a", {}},
        {"a=%zz&a=1", "a", {}},
        {"%=1&a=2", "a", "2"},
        {"a;b=1", "b", {}},
    };
    for (const Case& c : cases) {
        INFO(c.query << " " << c.name);
        const auto value = route::query_parameter(c.query, c.name, std::pmr::get_default_resource());
        REQUIRE(value.has_value() == c.want.has_value());
        if (value) CHECK(std::string_view(*value) == *c.want);
    }
}

TEST_CASE("route: percent decoding") {
    struct Case {
        std::string_view text;
        std::optional<std::string_view> want;
    };
    const Case cases[] = {
        {"", ""},  {"abc", "abc"}, {"a+b", "a+b"}, {"%41%6a", "Aj"}, {"%00", "\0"sv}, {"%FF", "\xFF"}, {"%2525", "%25"},
        {"%", {}}, {"%4", {}},     {"a%", {}},     {"%4g", {}},      {"%g4", {}},     {"% 4", {}},     {"%-1", {}},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const auto text = route::percent_decode(c.text, std::pmr::get_default_resource());
        REQUIRE(text.has_value() == c.want.has_value());
        if (text) CHECK(std::string_view(*text) == *c.want);
    }
}

TEST_CASE("route: method names") {
    for (std::size_t n = 0;; ++n) {
        REQUIRE(n < 100);
        test::TestHost host;
        HostMemory memory(host.allocator());
        host.fail_at(n);
        try {
            route::MethodTable table(&memory);
            for (std::uint32_t i = 0; i < 40; ++i) {
                const auto added = table.add("a.method.with.a.long.name." + std::to_string(i), i);
                REQUIRE(added);
            }
            host.fail_at(0);
            CHECK(table.find("a.method.with.a.long.name.7") == 7U);
            CHECK_FALSE(table.find("a.method.with.a.long.name.40"));
            CHECK_FALSE(table.find("A.method.with.a.long.name.7"));
            CHECK_FALSE(table.find(""));
            CHECK(host.allocations() == 0);
            CHECK_FALSE(table.add("", 1));
            CHECK_FALSE(table.add("a.method.with.a.long.name.7", 1));
            CHECK(table.find("a.method.with.a.long.name.7") == 7U);
            break;
        } catch (const std::bad_alloc&) {
            host.fail_never();
        }
    }
}

}  // namespace gw
