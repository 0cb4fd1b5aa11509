// Files over HTTP: the control page, pictures of agents, what agents show. A real directory, with what an attacker
// would put beside it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/directory.h"
#include "support/world.h"

namespace gw::test {

namespace {

// A directory with pages in "ui", a workspace in "work", and secrets outside of both.
class Directory : public TemporaryDirectory {
public:
    Directory() {
        write("ui/index.html", "<html><script>alert(1)</script></html>");
        write("ui/assets/app-B3kD9x_1.js", "export {};");
        write("ui/favicon.svg", "<svg/>");
        write("ui/.hidden", "hidden");
        write("ui/docs/index.html", "docs");
        write("secret.txt", "secret");
        write("work/face.png", "PNG");
        write("work/big.png", std::string((2U << 20U) + 1, 'x'));
        write("state/canvas/show/index.html", "shown");
        write("state/canvas/data.json", "{}");
        std::filesystem::create_symlink(path() + "/secret.txt", path() + "/ui/link.txt");
        std::filesystem::create_directory_symlink(path(), path() + "/ui/out");
        REQUIRE(::mkfifo((path() + "/ui/pipe.js").c_str(), 0600) == 0);
    }
    [[nodiscard]] std::string config(const std::string& control_ui = {}, const std::string& more = {}) const {
        return "{gateway:{auth:{mode:'token',token:'t'},controlUi:{root:'" + path() + "/ui'," + control_ui +
               "}},canvasHost:{root:'" + path() + "/state/canvas'},agents:{list:[{id:'main',workspace:'" + path() +
               "/work',identity:{name:'Ann',avatar:'face.png'}},{id:'big',workspace:'" + path() +
               "/work',identity:{avatar:'big.png'}}]}," + more + "}";
    }
};

Response fetch(World& world, World::Peer& client, std::string_view path, std::string_view fields = {},
               std::string_view method = "GET") {
    world.send(client, std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
                           std::string(fields) + "\r\n");
    return take_response(client.received, method == "HEAD");
}

}  // namespace

TEST_CASE("static: the page, its files, and nothing else") {
    Directory directory;
    World world(directory.config());
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client("192.0.2.1");
    const std::string page = "<html><script>alert(1)</script></html>";
    struct Case {
        std::string_view method, path;
        int status;
        std::string_view type, body;
    };
    constexpr std::string_view html = "text/html; charset=utf-8", json = "application/json; charset=utf-8";
    const Case cases[] = {
        {"GET", "/", 200, html, page},
        {"GET", "/chat?session=main", 200, html, page},
        {"GET", "/a/b/c", 200, html, page},
        {"GET", "/docs", 200, html, page},
        {"GET", "/docs/", 200, html, "docs"},
        {"GET", "/assets/app-B3kD9x_1.js", 200, "text/javascript; charset=utf-8", "export {};"},
        {"GET", "/control-ui/assets/app-B3kD9x_1.js", 200, "text/javascript; charset=utf-8", "export {};"},
        {"GET", "/control-ui/", 200, html, page},
        {"GET", "/control-ui/chat", 200, html, page},
        {"GET", "/favicon.svg", 200, "image/svg+xml", "<svg/>"},
        {"HEAD", "/favicon.svg", 200, "image/svg+xml", ""},
        {"GET", "/assets/none.js", 404, json, ""},
        {"GET", "/chat/assets/app-B3kD9x_1.js", 200, "text/javascript; charset=utf-8", "export {};"},
        {"GET", "/a/b/c/d/e/f/assets/app-B3kD9x_1.js", 200, "text/javascript; charset=utf-8", "export {};"},
        {"GET", "/a/b/c/d/e/f/g/assets/app-B3kD9x_1.js", 404, json, ""},
        {"GET", "/none.png", 404, json, ""},
        // no way out
        {"GET", "/link.txt", 404, json, ""},
        {"GET", "/out/secret.txt", 404, json, ""},
        {"GET", "/../secret.txt", 400, json, ""},
        {"GET", "/%2e%2e/secret.txt", 400, json, ""},
        {"GET", "/..%2fsecret.txt", 404, json, ""},
        {"GET", "/assets%2f..%2f..%2fsecret.txt", 404, json, ""},
        {"GET", "/.hidden", 404, json, ""},
        {"GET", "//etc/passwd", 400, json, ""},
        {"GET", "/%2fetc%2fpasswd", 404, json, ""},
        {"GET", "/secret.txt%00.js", 400, json, ""},
        {"GET", "/pipe.js", 404, json, ""},
        // not the page's
        {"GET", "/api/nope", 404, json, ""},
        {"GET", "/v1/nope", 404, json, ""},
        {"GET", "/hooks/nope", 404, json, ""},
        {"GET", "/tools/nope", 404, json, ""},
        {"POST", "/chat", 404, json, ""},
        {"POST", "/control-ui/chat", 405, json, ""},
        {"GET", "/healthz", 200, json, R"({"ok":true,"status":"live"})"},
    };
    for (const Case& c : cases) {
        INFO(c.method << " " << c.path);
        const Response got = fetch(world, client, c.path, {}, c.method);
        CHECK(got.status == c.status);
        CHECK(got.field("content-type") == c.type);
        if (c.status == 200) CHECK(got.body == c.body);
        CHECK(got.body.find("secret") == std::string::npos);
        CHECK(got.field("x-content-type-options") == "nosniff");
        CHECK(client.received.empty());
        REQUIRE_FALSE(client.closed);
    }
    CHECK(fetch(world, client, "/control-ui/x", {}, "POST").field("allow") == "GET, HEAD");
    const Response to_slash = fetch(world, client, "/control-ui?x=1");
    CHECK(to_slash.status == 302);
    CHECK(to_slash.field("location") == "/control-ui/?x=1");
}

TEST_CASE("static: a base path") {
    Directory directory;
    World world(directory.config("basePath:'openclaw/'"));
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client();
    struct Case {
        std::string_view path;
        int status;
    };
    const Case cases[] = {{"/", 404},           {"/chat", 404},        {"/openclaw", 302},      {"/openclaw/", 200},
                          {"/openclaw/x", 200}, {"/control-ui/", 200}, {"/openclaw/api/x", 200}};
    for (const Case& c : cases) {
        INFO(c.path);
        CHECK(fetch(world, client, c.path).status == c.status);
    }
    CHECK(fetch(world, client, "/openclaw/__openclaw/control-ui-config.json").body.find(R"("basePath":"/openclaw")") !=
          std::string::npos);
    CHECK(fetch(world, client, "/control-ui/__openclaw/control-ui-config.json")
              .body.find(R"("basePath":"/control-ui")") != std::string::npos);
}

TEST_CASE("static: fields of pages, tags, ranges") {
    Directory directory;
    World world(directory.config());
    auto& client = *world.client();
    const Response page = fetch(world, client, "/");
    CHECK(page.field("cache-control") == "no-cache");
    CHECK(page.field("x-frame-options") == "DENY");
    CHECK(page.field("permissions-policy") == "camera=(), microphone=(self), geolocation=()");
    CHECK(page.field("content-security-policy")
              .find("script-src 'self' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=';") != std::string::npos);
    CHECK(page.field("content-security-policy").find("frame-ancestors 'none'") != std::string::npos);
    const Response script = fetch(world, client, "/assets/app-B3kD9x_1.js");
    CHECK(script.field("cache-control") == "public, max-age=31536000, immutable");
    const std::string tag = script.field("etag");
    REQUIRE(tag.size() > 4);
    CHECK(tag.front() == '"');

    const Response same = fetch(world, client, "/assets/app-B3kD9x_1.js", "If-None-Match: " + tag + "\r\n");
    CHECK(same.status == 304);
    CHECK(same.field("etag") == tag);
    CHECK(same.body.empty());
    CHECK(client.received.empty());
    const Response part = fetch(world, client, "/assets/app-B3kD9x_1.js", "Range: bytes=7-8\r\n");
    CHECK(part.status == 206);
    CHECK(part.body == "{}");
    CHECK(part.field("content-range") == "bytes 7-8/10");
    const Response beyond = fetch(world, client, "/assets/app-B3kD9x_1.js", "Range: bytes=10-\r\n");
    CHECK(beyond.status == 416);
    CHECK(beyond.field("content-range") == "bytes */10");

    directory.write("ui/assets/app-B3kD9x_1.js", "export{};;");  // the same size
    const Response changed = fetch(world, client, "/assets/app-B3kD9x_1.js", "If-None-Match: " + tag + "\r\n");
    CHECK(changed.status == 200);
    CHECK(changed.field("etag") != tag);
}

TEST_CASE("static: a large file is never held, whatever its client does") {
    Directory directory;
    constexpr std::size_t size = 100U << 20U;
    {
        std::ofstream big(directory.path() + "/ui/big.wasm", std::ios::binary);
        big.seekp(size - 1);
        big.put('\1');
    }
    World world(directory.config());
    auto& client = *world.client();
    client.take = false;
    gw_stats stats{};
    stats.size = sizeof stats;
    world.send(client, "GET /big.wasm HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(gw_gateway_stats(world.gateway(), &stats) == GW_OK);
    CHECK(stats.buffer_bytes < 512U << 10U);

    std::size_t received = 0, most = 0;
    std::string head;
    gw_buf out{};
    while (gw_conn_take_output(client.conn, &out) == GW_OK) {
        if (received == 0) head.assign(static_cast<const char*>(out.data), std::min<std::size_t>(out.len, 1024));
        received += out.len;
        gw_buf_free(&out);
        CHECK(gw_gateway_stats(world.gateway(), &stats) == GW_OK);
        most = std::max<std::size_t>(most, stats.buffer_bytes);
    }
    CHECK(received == size + head.find("\r\n\r\n") + 4);
    client.take = true;
    CHECK(most < 512U << 10U);
    CHECK(fetch(world, client, "/favicon.svg").status == 200);  // the connection goes on
}

TEST_CASE("static: a file that shrinks breaks its answer off, a client that leaves ends it") {
    Directory directory;
    directory.write("ui/big.wasm", std::string(1U << 20U, 'x'));
    World world(directory.config());
    auto& client = *world.client();
    client.take = false;
    world.send(client, "GET /big.wasm HTTP/1.1\r\nHost: x\r\n\r\n");
    directory.write("ui/big.wasm", "short");
    client.take = true;
    world.pump();
    CHECK(client.aborted);

    directory.write("ui/big.wasm", std::string(1U << 20U, 'x'));
    auto& other = *world.client();
    other.take = false;
    world.send(other, "GET /big.wasm HTTP/1.1\r\nHost: x\r\n\r\n");
    world.drop(other);
    world.pump();
    gw_stats stats{};
    stats.size = sizeof stats;
    CHECK(gw_gateway_stats(world.gateway(), &stats) == GW_OK);
    CHECK(stats.requests_open == 0);
}

TEST_CASE("static: without files, and switched off") {
    Directory directory;
    World none("{gateway:{auth:{mode:'token',token:'t'}}}");
    auto& client = *none.client();
    CHECK(fetch(none, client, "/").body.find("app.js") != std::string::npos);  // our own: own_page_test.cpp
    CHECK(fetch(none, client, "/__openclaw/control-ui-config.json").status == 200);
    World off(directory.config("enabled:false"));
    auto& second = *off.client();
    CHECK(fetch(off, second, "/").status == 404);
    CHECK(fetch(off, second, "/__openclaw/control-ui-config.json").status == 404);
    CHECK(fetch(off, second, "/canvas-host/data.json").status == 200);
    std::filesystem::remove(directory.path() + "/ui/index.html");
    World broken(directory.config());
    auto& third = *broken.client();
    CHECK(fetch(broken, third, "/").status == 503);
    CHECK(fetch(broken, third, "/favicon.svg").status == 200);
}

TEST_CASE("static: what pages ask for first, and pictures") {
    Directory directory;
    World world(directory.config({}, "ui:{assistant:{name:'Robin'}}"));
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client("192.0.2.1");
    constexpr std::string_view bearer = "Authorization: Bearer t\r\n";
    const Response open = fetch(world, client, "/__openclaw/control-ui-config.json");
    CHECK(open.status == 200);
    CHECK(open.body == R"({"basePath":"","assistantName":"Robin","assistantAvatar":"/avatar/main",)"
                       R"("assistantAgentId":"main","serverVersion":")" GW_VERSION R"("})");
    CHECK(fetch(world, client, "/control-ui-config.json").status == 401);
    CHECK(fetch(world, client, "/control-ui-config.json", "Authorization: Bearer u\r\n").status == 401);
    const Response closed = fetch(world, client, "/control-ui-config.json", bearer);
    CHECK(closed.status == 200);
    CHECK(closed.body == R"({"basePath":"","assistantName":"Robin","assistantAvatar":"/avatar/main",)"
                         R"("assistantAgentId":"main","serverVersion":")" GW_VERSION R"(","assistantAvatarSource":)"
                         R"("face.png","assistantAvatarStatus":"local","assistantAvatarReason":null,)"
                         R"("embedSandbox":"scripts","allowExternalEmbedUrls":false})");
    const Response picture = fetch(world, client, "/avatar/main");
    CHECK(picture.status == 200);
    CHECK(picture.body == "PNG");
    CHECK(picture.field("content-type") == "image/png");
    CHECK(picture.field("content-security-policy").find("sandbox") != std::string::npos);
    CHECK(fetch(world, client, "/avatar/nope").status == 404);
    CHECK(fetch(world, client, "/avatar/big").status == 404);  // too large
    CHECK(fetch(world, client, "/avatar/").status == 404);
    CHECK(fetch(world, client, "/avatar/main?meta=1").body ==
          R"({"avatarUrl":"/avatar/main","avatarSource":"face.png","avatarStatus":"local","avatarReason":null})");
    CHECK(fetch(world, client, "/avatar/nope?meta=1").body ==
          R"({"avatarUrl":null,"avatarSource":null,"avatarStatus":null,"avatarReason":null})");
}

TEST_CASE("static: what agents show is for this machine and for those with credentials") {
    Directory directory;
    World world(directory.config());
    auto& local = *world.client("127.0.0.1");
    auto& remote = *world.client("192.0.2.1");
    constexpr std::string_view bearer = "Authorization: Bearer t\r\n";
    for (const std::string_view path : {"/__openclaw__/canvas/data.json", "/canvas-host/data.json"}) {
        INFO(path);
        const Response got = fetch(world, local, path);
        CHECK(got.status == 200);
        CHECK(got.body == "{}");
        CHECK(got.field("cache-control") == "no-store");
        CHECK(got.field("content-security-policy").starts_with("sandbox allow-scripts"));
        CHECK(fetch(world, remote, path).status == 401);
        CHECK(fetch(world, remote, path, bearer).status == 200);
        CHECK(fetch(world, local, path, "X-Forwarded-For: 192.0.2.1\r\n").status == 401);
        world.send(local, "GET " + std::string(path) + " HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        CHECK(take_response(local.received).status == 401);
    }
    CHECK(fetch(world, local, "/canvas-host/").status == 404);
    CHECK(fetch(world, local, "/canvas-host/show").field("location") == "/canvas-host/show/");
    CHECK(fetch(world, local, "/canvas-host/show/").body.starts_with("shown\n<script src="));
    CHECK(fetch(world, local, "/canvas-host").field("location") == "/canvas-host/");
    CHECK(fetch(world, local, "/canvas-host/..%2f..%2fsecret.txt").status == 404);
}

TEST_CASE("static: a host may lend its own way to read files") {
    gw_host host{};
    host.size = sizeof host;
    host.read_file = [](void*, gw_str path, std::size_t bytes_max, void** data, std::size_t* size) {
        const std::string_view name(path.data, path.len);
        const std::string_view text = name == "/pages/index.html" ? "<p>lent</p>" : name == "/pages/b.txt" ? "b" : "";
        if (text.empty() || text.size() > bytes_max) return GW_ERR_IO;
        *data = std::malloc(text.size());
        std::copy(text.begin(), text.end(), static_cast<char*>(*data));
        *size = text.size();
        return GW_OK;
    };
    World world("{gateway:{auth:{mode:'token',token:'t'},controlUi:{root:'/pages'}}}", &host);
    REQUIRE(world.status() == GW_OK);
    auto& client = *world.client();
    const Response page = fetch(world, client, "/chat");
    CHECK(page.body == "<p>lent</p>");
    CHECK(fetch(world, client, "/b.txt").body == "b");
    CHECK(fetch(world, client, "/c.txt").status == 404);
    CHECK(fetch(world, client, "/chat", "If-None-Match: " + page.field("etag") + "\r\n").status == 304);
}

}  // namespace gw::test
