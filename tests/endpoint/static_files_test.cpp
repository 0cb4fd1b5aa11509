// Which path is what, which file it means, and how much of that goes out.
#include "endpoint/static_files.h"
#include "endpoint/control_pages.h"

#include <array>
#include <string>
#include <vector>

#include "support/test.h"

namespace gw::test {

using endpoint::PageKind;

TEST_CASE("static files: a path is a file below the directory, or nothing") {
    struct Case {
        std::string_view raw, want;  // "": refused
    };
    const Case cases[] = {
        {"", "index.html"},
        {"app.js", "app.js"},
        {"assets/app.js", "assets/app.js"},
        {"docs/", "docs/index.html"},
        {"a%20b.txt", "a b.txt"},
        {"%E4%BD%A0.png", "\xE4\xBD\xA0.png"},
        {"%252e%252e/x", "%2e%2e/x"},  // decoded once
        {"a..b/c", "a..b/c"},
        // ways out
        {"..", ""},
        {"../x", ""},
        {"a/../../x", ""},
        {"%2e%2e/x", ""},
        {"a/%2E%2E/x", ""},
        {".", ""},
        {"./x", ""},
        {".git/config", ""},
        {"a/.env", ""},
        {"%2fetc/passwd", ""},
        {"/etc/passwd", ""},
        {"a//b", ""},
        {"a%2Fb", ""},
        {"a\\b", ""},
        {"..%5c..%5cx", ""},
        {"a%00.html", ""},
        {"a%0d%0ab", ""},
        {"a%7f", ""},
        // broken escapes
        {"a%", ""},
        {"a%2", ""},
        {"a%zz", ""},
    };
    for (const Case& c : cases) {
        INFO(c.raw);
        const auto got = endpoint::map_path(c.raw, "index.html", std::pmr::get_default_resource());
        CHECK((got ? std::string_view(*got) : std::string_view{}) == c.want);
    }
    const std::string long_segment(256, 'a');
    CHECK(!endpoint::map_path(long_segment, "index.html", std::pmr::get_default_resource()));
    CHECK(endpoint::map_path(long_segment.substr(1), "index.html", std::pmr::get_default_resource()));
}

TEST_CASE("static files: types, endings and how long a browser may keep them") {
    struct Case {
        std::string_view path, type, cache;
        bool known;
    };
    constexpr std::string_view again = "no-cache", for_ever = "public, max-age=31536000, immutable";
    const Case cases[] = {
        {"index.html", "text/html; charset=utf-8", again, true},
        {"assets/index-B3kD9x_1.js", "text/javascript; charset=utf-8", for_ever, true},
        {"assets/index-component.js", "text/javascript; charset=utf-8", again, true},
        {"assets/index.js", "text/javascript; charset=utf-8", again, true},
        {"other/index-B3kD9x_1.js", "text/javascript; charset=utf-8", again, true},
        {"sw.js", "text/javascript; charset=utf-8", again, true},
        {"a/B.CSS", "text/css; charset=utf-8", again, true},
        {"manifest.webmanifest", "application/manifest+json; charset=utf-8", again, true},
        {"x.svg", "image/svg+xml", again, true},
        {"x.woff2", "font/woff2", again, true},
        {"chat", "application/octet-stream", again, false},
        {"x.", "application/octet-stream", again, false},
        {"x.bin", "application/octet-stream", again, false},
        {"js", "application/octet-stream", again, false},
        {"a.js/b", "application/octet-stream", again, false},
        {"x.abcdefghijklmnop", "application/octet-stream", again, false},
    };
    for (const Case& c : cases) {
        INFO(c.path);
        CHECK(endpoint::media_type(c.path) == c.type);
        CHECK(endpoint::cache_control(c.path) == c.cache);
        CHECK(endpoint::has_static_ending(c.path) == c.known);
    }
}

TEST_CASE("static files: conditions and ranges") {
    constexpr std::string_view tag = "\"a-64\"";
    struct Case {
        std::vector<http1::Header> fields;
        int status;
        std::uint64_t first, length;
        std::string_view range;
    };
    const Case cases[] = {
        {{}, 200, 0, 100, ""},
        {{{"If-None-Match", "\"a-64\""}}, 304, 0, 0, ""},
        {{{"If-None-Match", "W/\"a-64\""}}, 304, 0, 0, ""},
        {{{"If-None-Match", "\"b\", \"a-64\""}}, 304, 0, 0, ""},
        {{{"If-None-Match", "*"}}, 304, 0, 0, ""},
        {{{"If-None-Match", "\"b\""}}, 200, 0, 100, ""},
        {{{"If-None-Match", "a-64"}}, 200, 0, 100, ""},
        {{{"If-None-Match", "\"a-64"}}, 200, 0, 100, ""},
        {{{"If-None-Match", ",, "}}, 200, 0, 100, ""},
        {{{"If-None-Match", "\"a-64\""}, {"Range", "bytes=0-1"}}, 304, 0, 0, ""},
        {{{"Range", "bytes=0-0"}}, 206, 0, 1, "bytes 0-0/100"},
        {{{"Range", "bytes=10-19"}}, 206, 10, 10, "bytes 10-19/100"},
        {{{"Range", "BYTES=90-"}}, 206, 90, 10, "bytes 90-99/100"},
        {{{"Range", "bytes=90-1000"}}, 206, 90, 10, "bytes 90-99/100"},
        {{{"Range", "bytes=-5"}}, 206, 95, 5, "bytes 95-99/100"},
        {{{"Range", "bytes=-500"}}, 206, 0, 100, "bytes 0-99/100"},
        {{{"Range", "bytes=100-"}}, 416, 0, 0, "bytes */100"},
        {{{"Range", "bytes=-0"}}, 416, 0, 0, "bytes */100"},
        {{{"Range", "bytes=18446744073709551615-"}}, 416, 0, 0, "bytes */100"},
        // not understood: as if it were not there
        {{{"Range", "bytes=0-1,5-6"}}, 200, 0, 100, ""},
        {{{"Range", "bytes=5-4"}}, 200, 0, 100, ""},
        {{{"Range", "bytes=-"}}, 200, 0, 100, ""},
        {{{"Range", "bytes=a-b"}}, 200, 0, 100, ""},
        {{{"Range", "lines=0-1"}}, 200, 0, 100, ""},
        {{{"Range", "bytes=0-1"}, {"Range", "bytes=2-3"}}, 200, 0, 100, ""},
        {{{"Range", "bytes=0-1"}, {"If-Range", "\"a-64\""}}, 206, 0, 2, "bytes 0-1/100"},
        {{{"Range", "bytes=0-1"}, {"If-Range", "W/\"a-64\""}}, 200, 0, 100, ""},
        {{{"Range", "bytes=0-1"}, {"If-Range", "\"b\""}}, 200, 0, 100, ""},
    };
    for (const Case& c : cases) {
        for (const http1::Header& field : c.fields) INFO(field.name << ": " << field.value);
        const endpoint::FilePlan plan = endpoint::plan(http1::Headers(c.fields), false, tag, 100);
        CHECK(plan.status == c.status);
        CHECK(plan.first == c.first);
        CHECK(plan.length == c.length);
        if (!c.range.empty()) CHECK(endpoint::content_range(plan, 100).view() == c.range);
    }
    const std::array range{http1::Header{"Range", "bytes=0-1"}};
    CHECK(endpoint::plan(http1::Headers(range), true, tag, 100).status == 200);  // HEAD
    CHECK(endpoint::plan(http1::Headers(range), false, tag, 0).status == 416);
    CHECK(endpoint::entity_tag(10, 100).view() == tag);
    CHECK(endpoint::entity_tag(UINT64_MAX, UINT64_MAX).view() == "\"ffffffffffffffff-ffffffffffffffff\"");
}

TEST_CASE("static files: the scripts that stand in a page are allowed by their hashes") {
    struct Case {
        std::string_view html, want;
    };
    const std::string head = "script-src 'self'";
    const Case cases[] = {
        {"", "script-src 'self'; style"},
        {"<script>alert(1)</script>", "script-src 'self' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='; style"},
        {"<SCRIPT type=x>alert(1)</SCRIPT >",
         "script-src 'self' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"},
        {"<script src=a.js></script><script\nsrc='b'></script>", "script-src 'self'; style"},
        {"<script data-src>alert(1)</script>",
         "script-src 'self' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='; style"},
        {"<scripts>alert(1)</scripts>", "script-src 'self'; style"},
        {"<script>alert(1)", "script-src 'self'; style"},
        {"<script", "script-src 'self'; style"},
        {"<script></script>", "script-src 'self'; style"},
    };
    const BlockPoolOwner pool(Allocator::from(nullptr));
    for (const Case& c : cases) {
        INFO(c.html);
        Buffer out(pool.get());
        endpoint::write_page_policy(out, c.html, false);
        CHECK(out.text().find(c.want) != std::string_view::npos);
        CHECK(out.text().ends_with("frame-src 'self'"));
    }
    Buffer out(pool.get());
    std::string many;
    for (int i = 0; i < 10000; ++i) many += "<script>" + std::to_string(i) + "</script>";
    endpoint::write_page_policy(out, many, true);
    CHECK(out.size() < 2000);
    CHECK(out.text().ends_with("frame-src 'self' http: https:"));
}

TEST_CASE("control pages: which path is what") {
    struct Case {
        std::string_view path, base_path;
        PageKind kind;
        std::string_view rest, base;
    };
    const Case cases[] = {
        {"/", "", PageKind::file, "", ""},
        {"/chat", "", PageKind::file, "chat", ""},
        {"/assets/a.js", "", PageKind::file, "assets/a.js", ""},
        {"/__openclaw/control-ui-config.json", "", PageKind::settings, "", ""},
        {"/control-ui-config.json", "", PageKind::private_settings, "", ""},
        {"/avatar/main", "", PageKind::avatar, "main", ""},
        {"/control-ui", "", PageKind::redirect, "", "/control-ui"},
        {"/control-ui/", "", PageKind::file, "", "/control-ui"},
        {"/control-ui/a/b", "", PageKind::file, "a/b", "/control-ui"},
        {"/control-ui/avatar/main", "", PageKind::avatar, "main", "/control-ui"},
        {"/control-uix", "", PageKind::file, "control-uix", ""},
        {"/control-ui/control-ui-config.json", "", PageKind::private_settings, "", "/control-ui"},
        {"/__openclaw__/canvas", "", PageKind::redirect, "", "/__openclaw__/canvas"},
        {"/__openclaw__/canvas/x.html", "", PageKind::canvas, "x.html", "/__openclaw__/canvas"},
        {"/canvas-host/", "", PageKind::canvas, "", "/canvas-host"},
        // not the page's
        {"/api", "", PageKind::none, "", ""},
        {"/api/status", "", PageKind::none, "", ""},
        {"/v1/nope", "", PageKind::none, "", ""},
        {"/hooks/x", "", PageKind::none, "", ""},
        {"/tools/x", "", PageKind::none, "", ""},
        {"/plugins/x", "", PageKind::none, "", ""},
        {"/__openclaw__/a2ui/", "", PageKind::none, "", ""},
        {"/apis", "", PageKind::file, "apis", ""},
        {"", "", PageKind::none, "", ""},
        // with a base path
        {"/", "/openclaw", PageKind::none, "", ""},
        {"/chat", "/openclaw", PageKind::none, "", ""},
        {"/openclaw", "/openclaw", PageKind::redirect, "", "/openclaw"},
        {"/openclaw/", "/openclaw", PageKind::file, "", "/openclaw"},
        {"/openclaw/api/x", "/openclaw", PageKind::file, "api/x", "/openclaw"},
        {"/openclaw/avatar/a", "/openclaw", PageKind::avatar, "a", "/openclaw"},
        {"/openclawx", "/openclaw", PageKind::none, "", ""},
        {"/control-ui/", "/openclaw", PageKind::file, "", "/control-ui"},
        {"/canvas-host/a", "/openclaw", PageKind::canvas, "a", "/canvas-host"},
    };
    for (const Case& c : cases) {
        INFO(c.path << " below " << c.base_path);
        const endpoint::Page page = endpoint::find_page(c.path, c.base_path);
        CHECK(page.kind == c.kind);
        CHECK(page.rest == c.rest);
        CHECK(page.base == c.base);
    }
}

TEST_CASE("control pages: the picture of an agent, and what pages are told of it") {
    struct Case {
        std::string_view workspace, avatar;
        bool readable;
        std::string_view want;
    };
    const Case cases[] = {
        {"/w", "", true, R"({"avatarUrl":null,"avatarSource":null,"avatarStatus":null,"avatarReason":null})"},
        {"/w", "me.png", true,
         R"({"avatarUrl":"/ui/avatar/main","avatarSource":"me.png","avatarStatus":"local","avatarReason":null})"},
        {"/w", "me.png", false,
         R"({"avatarUrl":null,"avatarSource":"me.png","avatarStatus":"none","avatarReason":"missing"})"},
        {"/w/", "/w/img/me.png", true,
         R"({"avatarUrl":"/ui/avatar/main","avatarSource":"/w/img/me.png","avatarStatus":"local","avatarReason":null})"},
        {"/w", "/etc/me.png", true,
         R"({"avatarUrl":null,"avatarSource":"/etc/me.png","avatarStatus":"none","avatarReason":"outside_workspace"})"},
        {"/w", "../me.png", true,
         R"({"avatarUrl":null,"avatarSource":"../me.png","avatarStatus":"none","avatarReason":"outside_workspace"})"},
        {"/w", "SOUL.md", true,
         R"({"avatarUrl":null,"avatarSource":"SOUL.md","avatarStatus":"none","avatarReason":"outside_workspace"})"},
        {"", "me.png", true,
         R"({"avatarUrl":null,"avatarSource":"me.png","avatarStatus":"none","avatarReason":"outside_workspace"})"},
        {"", "https://x.example/a.png", false,
         R"({"avatarUrl":"https://x.example/a.png","avatarSource":"https://x.example/a.png","avatarStatus":"remote","avatarReason":null})"},
        {"", "data:image/png;base64,AA==", false,
         R"({"avatarUrl":"data:image/png;base64,AA==","avatarSource":null,"avatarStatus":"data","avatarReason":null})"},
        {"", "javascript:alert(1)", false,
         R"j({"avatarUrl":null,"avatarSource":"javascript:alert(1)","avatarStatus":"none","avatarReason":"outside_workspace"})j"},
    };
    const BlockPoolOwner pool(Allocator::from(nullptr));
    for (const Case& c : cases) {
        INFO(c.workspace << " " << c.avatar);
        config::Agent agent(std::pmr::get_default_resource());
        agent.id = "main";
        agent.workspace = c.workspace;
        agent.identity.avatar = c.avatar;
        Buffer out(pool.get());
        endpoint::write_avatar(out, &agent, c.readable, "/ui");
        CHECK(out.text() == c.want);
    }
    Buffer out(pool.get());
    endpoint::write_avatar(out, nullptr, false, "");
    CHECK(out.text() == cases[0].want);
}

TEST_CASE("control pages: names of this machine") {
    for (const std::string_view host : {"localhost", "LOCALHOST:1", "127.0.0.1:18789", "[::1]:80", "[::1]"}) {
        INFO(host);
        CHECK(endpoint::is_loopback_host(host));
    }
    for (const std::string_view host :
         {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::1"}) {
        INFO(host);
        CHECK(!endpoint::is_loopback_host(host));
    }
    CHECK(!endpoint::is_loopback_host(std::nullopt));
}

}  // namespace gw::test
