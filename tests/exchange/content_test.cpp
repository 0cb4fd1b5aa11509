// What clients attach, from the parts of a request to what a model gets: fetches against servers that mean no good,
// programs that a host runs or does not run, clients that leave.
#include <algorithm>

#include "api/handles.h"
#include "content/samples.h"
#include "crypto/base64.h"
#include "exchange/content_load.h"
#include "exchange/provider_says.h"
#include "support/world.h"

namespace gw::test {

namespace {

using exchange::ContentLoad;
using exchange::ContentPart;
using Kind = ContentPart::Kind;
using Source = ContentPart::Source;

constexpr std::uint32_t services = GW_SERVICE_ALL & ~std::uint32_t{GW_SERVICE_LISTEN};

std::string base64(std::string_view bytes) {
    return std::string(crypto::base64_encode(as_bytes(bytes), std::pmr::new_delete_resource()));
}
std::string configured(std::string_view responses) {
    return "{gateway:{auth:{mode:'none'},http:{endpoints:{responses:{" + std::string(responses) + "}}}}}";
}
std::string redirect(std::string_view to) {
    return "HTTP/1.1 302 Found\r\nLocation: " + std::string(to) + "\r\nContent-Length: 0\r\n\r\n";
}

// One request's attachments, and what became of them.
struct Loading final : ContentLoad::Listener {
    explicit Loading(World& it, const config::Attachments* rules = nullptr) : world(it) {
        exchange::Gateway& gateway = *api::unwrap(world.gateway());
        load.emplace(gateway, *this, rules != nullptr ? *rules : gateway.config().responses.attachments);
    }
    Loading(World& it, Kind kind, Source source, std::string_view data, std::string_view type = {},
            std::string_view name = {})
        : Loading(it) {
        load->add({kind, source, data, type, name, "input.0"});
        start();
    }
    void start() {
        load->start();
        CHECK(status == 0);  // nothing is told from inside
        world.advance(2);    // what begins, and what fails at once
    }
    [[nodiscard]] std::string text(std::size_t at = 0) const { return std::string(load->results().at(at).text); }
    [[nodiscard]] std::string image(std::size_t at = 0, std::size_t page = 0) const {
        const auto& one = load->results().at(at).images.at(page);
        return std::string(one.media_type) + " " + std::string(one.base64);
    }

    void on_content_loaded() override {
        CHECK(status == 0);
        status = 200;
    }
    void on_content_failed(int code, std::string_view why) override {
        CHECK(status == 0);
        status = code;
        message = why;
        load.reset();
    }
    void on_no_memory() noexcept override {
        status = -1;
        load.reset();
    }

    World& world;
    std::optional<ContentLoad> load;
    int status = 0;
    std::string message;
};

constexpr std::string_view picture_url = "http://cdn.example.com/a/pic?x=1#top";

}  // namespace

TEST_CASE("attachments: what is in the request itself") {
    World world(configured(""), nullptr, nullptr, nullptr, services);
    REQUIRE(world.status() == GW_OK);
    const std::string png = base64(png_sample);
    const std::string lines = png.substr(0, 20) + "\r\n" + png.substr(20);
    const std::string url = "data:image/jpeg;base64," + png;
    Loading loading(world);
    loading.load->add({Kind::file, Source::base64, "SGVsbG8gV29ybGQh", "text/plain", "hello.txt", "p0"});
    loading.load->add({Kind::image, Source::base64, png, "image/png", {}, "p1"});
    loading.load->add({Kind::image, Source::url, url, {}, {}, "p2"});
    loading.load->add({Kind::image, Source::base64, lines, {}, {}, "p3"});
    loading.load->add({Kind::file, Source::url, "data:text/csv,a%2Cb", {}, "t.csv", "p4"});
    loading.start();
    REQUIRE(loading.status == 200);
    CHECK(loading.text(0).starts_with("<<<EXTERNAL_UNTRUSTED_CONTENT id=\""));
    CHECK(loading.text(0).find("Source: External\nFile: hello.txt\n---\nHello World!\n<<<END_") != std::string::npos);
    const auto& results = loading.load->results();
    for (std::size_t i = 0; i < results.size(); ++i) CHECK(results[i].kind == (i % 4 == 0 ? Kind::file : Kind::image));
    CHECK(loading.image(1) == "image/png " + png);
    CHECK(loading.load->results()[1].images[0].base64.data() == png.data());  // not copied
    CHECK(loading.image(2) == "image/png " + png);
    CHECK(loading.image(3) == "image/png " + png);
    CHECK(loading.text(4).find("\na,b\n") != std::string::npos);
    CHECK(world.upstreams.empty());
}

TEST_CASE("attachments: what is refused, and where it is") {
    World world(
        configured("maxUrlParts: 1, files: { maxBytes: 10 }, images: { maxBytes: 100, urlAllowlist: ['a.example'] }"),
        nullptr, nullptr, nullptr, services);
    REQUIRE(world.status() == GW_OK);
    struct Case {
        std::string_view name;
        Kind kind;
        Source source;
        std::string data, type;
        int status;
        std::string_view message;
    };
    const Case cases[] = {
        {"no base64", Kind::file, Source::base64, "!!!!", "text/plain", 400, "input.0: the file is not valid base64."},
        {"too large", Kind::file, Source::base64, base64("12345678901"), "text/plain", 413,
         "input.0: the file is larger than allowed (10 bytes)."},
        {"a picture that is none", Kind::image, Source::base64, "SGVsbG8=", "image/png", 400,
         "input.0: the image says that it is image/png, but its bytes are text."},
        {"a broken data URL", Kind::image, Source::url, "data:image/png", "", 400,
         "input.0: the image is no valid data URL."},
        {"a file of this machine", Kind::file, Source::url, "file:///etc/passwd", "", 400,
         "input.0: the URL is no http or https URL."},
        {"an address of this machine", Kind::file, Source::url, "http://127.1/", "", 400,
         "input.0: the URL has an address in an unusual spelling."},
        {"a host that is not listed", Kind::image, Source::url, "http://b.example/", "", 400,
         "input.0: the URL names a host that is not on the list of allowed hosts."},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        const Loading loading(world, c.kind, c.source, c.data, c.type);
        CHECK(loading.status == c.status);
        CHECK(loading.message == c.message);
    }
    CHECK(world.looked_up.empty());
    CHECK(world.upstreams.empty());
    Loading urls(world);
    urls.load->add({Kind::file, Source::url, "http://a.example/", {}, {}, "p0"});
    urls.load->add({Kind::image, Source::url, "data:,x", {}, {}, "p1"});
    urls.load->add({Kind::image, Source::url, "http://a.example/", {}, {}, "p2"});
    urls.start();
    CHECK(urls.status == 400);
    CHECK(urls.message == "A request may have at most 1 files and images that are URLs.");
    CHECK(world.looked_up.empty());
}

TEST_CASE("attachments: chat completions take images, so many and so much of them, and no URL") {
    World world(
        "{gateway:{auth:{mode:'none'},http:{endpoints:{chatCompletions:{maxImageParts:2,maxTotalImageBytes:100}}}}}",
        nullptr, nullptr, nullptr, services);
    REQUIRE(world.status() == GW_OK);
    const config::Attachments& rules = api::unwrap(world.gateway())->config().chat_completions.attachments;
    const std::string png = base64(png_sample + std::string(10, 'x'));
    const auto load = [&](int images, const ContentPart& more) {
        Loading loading(world, &rules);
        for (int i = 0; i < images; ++i) loading.load->add({Kind::image, Source::base64, png, {}, {}, "p"});
        loading.load->add(more);
        loading.start();
        return std::to_string(loading.status) + " " + loading.message;
    };
    const ContentPart image{Kind::image, Source::base64, png, {}, {}, "p"};
    CHECK(load(0, image) == "200 ");
    CHECK(load(1, image) == "413 The images of a request may have at most 100 bytes together.");
    CHECK(load(2, image) == "400 A request may have at most 2 images.");
    CHECK(load(0, {Kind::file, Source::base64, "SGk=", {}, {}, {}}) ==
          "400 The file is of a kind that is not taken here.");
    CHECK(load(0, {Kind::image, Source::url, "https://a.example/", {}, {}, "p"}) ==
          "400 p: the URL is not fetched: allowUrl is false here, so send the content in the request itself.");
}

TEST_CASE("attachments: a URL is fetched by a connection of its own, at the address that was checked") {
    World world(configured(""), nullptr, nullptr, nullptr, services);
    world.names["cdn.example.com"] = {"10.0.0.1", "93.184.216.34"};
    for (std::size_t i = 0; i < 2; ++i) {
        Loading loading(world, Kind::image, Source::url, picture_url);
        REQUIRE(world.upstreams.size() == i + 1);
        World::Peer& server = *world.upstreams[i];
        CHECK(server.address == "93.184.216.34");
        CHECK(server.port == 80);
        CHECK(server.received.starts_with("GET /a/pic?x=1 HTTP/1.1\r\nHost: cdn.example.com\r\n"));
        CHECK(server.received.find("Accept-Encoding: identity\r\n") != std::string::npos);
        for (const std::string_view kept : {"Cookie", "Authorization", "Referer", "top"})
            CHECK(server.received.find(kept) == std::string::npos);
        world.send(server, answer("image/png", png_sample));
        world.advance(1);
        CHECK(loading.status == 200);
        CHECK(loading.image() == "image/png " + base64(png_sample));
        CHECK(server.closed);
    }
    // Text, cut anywhere.
    for_each_split(
        answer("text/markdown; charset=utf-8", "# Title"),
        [&](const Pieces& pieces) {
            Loading loading(world, Kind::file, Source::url, "http://cdn.example.com/x", {}, "x.md");
            World::Peer& server = *world.upstreams.back();
            for (const std::string_view piece : pieces) world.send(server, piece);
            world.advance(1);
            CHECK(loading.status == 200);
            CHECK(loading.text().find("\n# Title\n") != std::string::npos);
        },
        5);
}

TEST_CASE("attachments: a name that leads to a private address is not dialled") {
    for (const std::string_view address :
         {"127.0.0.1",       "10.1.2.3",       "172.31.0.1",       "192.168.0.1",   "100.64.1.1",
          "169.254.169.254", "0.0.0.0",        "224.0.0.1",        "::1",           "::",
          "fe80::1",         "fe80::1%eth0",   "fd00::1",          "fd00:ec2::254", "::ffff:10.0.0.1",
          "::10.0.0.1",      "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::",  "2001:db8::1",
          "not an address"}) {
        INFO(address);
        World world(configured(""), nullptr, nullptr, nullptr, services);
        world.names["cdn.example.com"] = {std::string(address)};
        const Loading loading(world, Kind::image, Source::url, picture_url);
        CHECK(loading.status == 400);
        CHECK(loading.message == "input.0: the URL leads to a private address.");
        CHECK(world.upstreams.empty());
        CHECK(world.looked_up.size() == 1);
    }
}

TEST_CASE("attachments: a private network that is opened") {
    World world(configured("images: { allowPrivateNetwork: true }"), nullptr, nullptr, nullptr, services);
    world.names["inside.example"] = {"192.168.0.1"};
    world.names["metadata.example"] = {"169.254.169.254", "fd00:ec2::254", "100.100.100.200"};
    Loading local(world, Kind::image, Source::url, "http://127.0.0.1:8080/x");
    REQUIRE(world.upstreams.size() == 1);
    CHECK(world.upstreams[0]->address == "127.0.0.1");
    const Loading named(world, Kind::image, Source::url, "http://inside.example/x");
    CHECK(world.upstreams.size() == 2);
    const Loading metadata(world, Kind::image, Source::url, "http://metadata.example/x");
    CHECK(metadata.message == "input.0: the URL leads to a private address.");
    const Loading file(world, Kind::file, Source::url, "http://inside.example/x");  // images only
    CHECK(file.message == "input.0: the URL leads to a private address.");
    CHECK(world.upstreams.size() == 2);
}

TEST_CASE("attachments: a name is not looked up twice for one fetch") {
    World world(configured(""), nullptr, nullptr, nullptr, services);
    world.names["cdn.example.com"] = {"93.184.216.34"};
    world.accept_upstreams = false;
    const Loading loading(world, Kind::image, Source::url, picture_url);
    world.names["cdn.example.com"] = {"127.0.0.1"};  // as a server of names does that means no good
    for (std::size_t i = 0; i < world.upstreams.size(); ++i) {
        CHECK(world.upstreams[i]->address == "93.184.216.34");
        world.refuse(*world.upstreams[i]);
    }
    world.advance(1);
    CHECK(world.looked_up.size() == 1);
    CHECK(loading.message == "input.0: the URL cannot be reached.");
}

TEST_CASE("attachments: redirects are judged like the first URL") {
    struct Case {
        std::string_view name, location, message;
    };
    const Case cases[] = {
        {"an address", "http://127.0.0.1/", "redirects to a URL that leads to a private address"},
        {"metadata", "http://169.254.169.254/latest/", "redirects to a URL that leads to a private address"},
        {"an odd address", "http://0x7f000001/", "redirects to a URL that has an address in an unusual spelling"},
        {"a name inside", "http://inside.example/", "leads to a private address"},
        {"another scheme", "file:///etc/passwd", "redirects to a URL that is no http or https URL"},
        {"a password", "http://a:b@cdn.example.com/", "redirects to a URL that has a user name or password in it"},
        {"another port", "http://cdn.example.com:25/",
         "redirects to a URL that names a port that does not serve the web"},
        {"an unlisted host", "http://other.example/",
         "redirects to a URL that names a host that is not on the list of allowed hosts"},
        {"a name that has moved", "/again", "leads to a private address"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        World world(
            configured("images: { urlAllowlist: ['cdn.example.com', 'inside.example', '127.0.0.1', '169.254.169.254', "
                       "'*.cdn.example.com'] }"),
            nullptr, nullptr, nullptr, services);
        REQUIRE(world.status() == GW_OK);
        world.names["cdn.example.com"] = {"93.184.216.34"};
        world.names["inside.example"] = {"10.0.0.1"};
        const Loading loading(world, Kind::image, Source::url, picture_url);
        REQUIRE(world.upstreams.size() == 1);
        world.names["cdn.example.com"] = {"10.0.0.2"};
        world.send(*world.upstreams[0], redirect(c.location));
        world.advance(1);
        const bool odd = c.name == "an odd address";  // not on the list either, which is what is looked at first
        CHECK(loading.message ==
              "input.0: the URL " +
                  std::string(odd ? "redirects to a URL that names a host that is not on the list of "
                                    "allowed hosts"
                                  : c.message) +
                  ".");
        CHECK(world.upstreams.size() == 1);
        CHECK(world.upstreams[0]->closed);
    }
}

TEST_CASE("attachments: redirects lead on, but not for ever") {
    World world(configured(""), nullptr, nullptr, nullptr, services);
    world.names["cdn.example.com"] = {"93.184.216.34"};
    world.names["b.example"] = {"93.184.216.35"};
    Loading loading(world, Kind::image, Source::url, picture_url);
    world.send(*world.upstreams[0], redirect("../b"));
    CHECK(world.upstreams.at(1)->received.starts_with("GET /b HTTP/1.1\r\nHost: cdn.example.com\r\n"));
    world.send(*world.upstreams[1], redirect("//b.example:8080"));
    CHECK(world.upstreams.at(2)->received.starts_with("GET / HTTP/1.1\r\nHost: b.example:8080\r\n"));
    CHECK(world.upstreams[2]->address == "93.184.216.35");
    world.send(*world.upstreams[2], redirect("?q"));
    CHECK(world.upstreams.at(3)->received.starts_with("GET /?q HTTP/1.1\r\nHost: b.example:8080\r\n"));
    SECTION("to a picture") {
        world.send(*world.upstreams[3], answer("", png_sample));
        world.advance(1);
        CHECK(loading.status == 200);
    }
    SECTION("once too often") {
        world.send(*world.upstreams[3], redirect("/"));
        world.advance(1);
        CHECK(loading.message == "input.0: the URL redirects too often.");
        CHECK(world.upstreams.size() == 4);
    }
}

TEST_CASE("attachments: answers that are not taken") {
    struct Case {
        std::string_view name;
        std::string wire;
        std::string_view message;
    };
    const Case cases[] = {
        {"not found", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "the URL is answered with status 404"},
        {"nothing", "HTTP/1.1 204 No Content\r\n\r\n", "the URL is answered with status 204"},
        {"a part", "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx", "the URL is answered with status 206"},
        {"compressed", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
         "the URL comes compressed although nothing compressed was asked for"},
        {"announced too large", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", "the URL is larger than allowed"},
        {"too large", "HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'), "the URL is larger than allowed"},
        {"too large in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x'),
         "the URL is larger than allowed"},
        {"nowhere to go", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
         "the URL redirects without saying where to"},
        {"no HTTP", "SSH-2.0-OpenSSH\r\n", "the URL broke off, or is not answered in HTTP"},
        {"a web page", answer("text/html", "<html>"),
         "the image says that it is text/html, which is not taken here; allowed "
         "are image/jpeg, image/png, image/gif, image/webp, image/heic, image/heif"},
        {"a web page that is called a picture", answer("image/png", "<html>"),
         "the image says that it is image/png, but its bytes are text"},
        {"two things", answer("image/png", png_sample + zip_end),
         "the image is a picture and a ZIP archive at the same time"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        World world(configured("images: { maxBytes: 1000 }"), nullptr, nullptr, nullptr, services);
        world.names["cdn.example.com"] = {"93.184.216.34"};
        const Loading loading(world, Kind::image, Source::url, picture_url);
        for (int tries = 0; tries < 4 && loading.status == 0; ++tries) {
            World::Peer& server = *world.upstreams.back();
            world.send(server, c.wire);
            world.advance(1);
        }
        CHECK(loading.message == "input.0: " + std::string(c.message) + ".");
        for (const auto& server : world.upstreams) CHECK(server->closed);
    }
}

TEST_CASE("attachments: a fetch has one deadline") {
    World world(configured(""), nullptr, nullptr, nullptr, services);
    world.names["cdn.example.com"] = {"93.184.216.34"};
    constexpr std::string_view late = "input.0: the URL did not come within the time allowed.";
    SECTION("names") {
        world.answer_names = false;
        const Loading loading(world, Kind::image, Source::url, picture_url);
        world.advance(9990);
        CHECK(loading.status == 0);
        world.advance(10);
        CHECK(loading.message == late);
        CHECK(world.cancelled_asks == world.open_asks);
    }
    SECTION("connections") {
        world.accept_upstreams = false;
        const Loading loading(world, Kind::image, Source::url, picture_url);
        world.advance(10000);
        CHECK(loading.message == late);
        CHECK(world.upstreams[0]->closed);
    }
    SECTION("a body that drips") {
        const Loading loading(world, Kind::image, Source::url, picture_url);
        World::Peer& server = *world.upstreams[0];
        world.send(server, "HTTP/1.1 200 OK\r\n\r\n" + png_sample);
        for (int i = 0; i < 11 && loading.status == 0; ++i) {
            world.advance(1000);
            world.send(server, "x");
        }
        CHECK(loading.message == late);
        CHECK(server.closed);
    }
    SECTION("redirects that drip") {
        const Loading loading(world, Kind::image, Source::url, picture_url);
        for (int i = 0; i < 4 && loading.status == 0; ++i) {
            world.advance(3000);
            if (loading.status == 0) world.send(*world.upstreams.back(), redirect("/"));
        }
        CHECK(loading.status == 400);
        world.advance(10000);
        for (const auto& server : world.upstreams) CHECK(server->closed);
    }
}

TEST_CASE("attachments: who leaves takes fetches and programs along") {
    World world(configured(""), nullptr, nullptr, nullptr, services);
    world.names["cdn.example.com"] = {"93.184.216.34"};
    SECTION("while a name is looked up") {
        world.answer_names = false;
        Loading loading(world, Kind::image, Source::url, picture_url);
        loading.load.reset();
        world.pump();
        CHECK(world.cancelled_asks == world.open_asks);
    }
    SECTION("in the middle of a body") {
        Loading loading(world, Kind::image, Source::url, picture_url);
        world.send(*world.upstreams[0], "HTTP/1.1 200 OK\r\n\r\nabc");
        loading.load.reset();
        world.pump();
        CHECK(world.upstreams[0]->closed);
        CHECK(world.upstreams[0]->aborted);
    }
    SECTION("while a program runs") {
        Loading loading(world, Kind::file, Source::base64, base64(pdf_sample));
        REQUIRE(world.programs.size() == 1);
        loading.load.reset();
        world.pump();
        CHECK(world.cancelled_asks == std::vector<gw_ask_id>{world.programs[0].ask});
    }
}

TEST_CASE("attachments: PDF") {
    World world(configured("files: { maxChars: 1000, pdf: { maxPages: 2, maxPixels: 1000000, minTextChars: 5 } }"),
                nullptr, nullptr, nullptr, services);
    REQUIRE(world.status() == GW_OK);
    const std::string pdf = base64(pdf_sample);
    Loading loading(world, Kind::file, Source::base64, pdf, "application/pdf", "a.pdf");
    REQUIRE(world.programs.size() == 1);
    const World::Program text = world.programs[0];
    CHECK(text.input == pdf_sample);
    CHECK(text.argv.at(2).find("pdftotext") != std::string::npos);
    CHECK(text.argv.at(6) == "2");
    CHECK(text.timeout_ms == 30000);
    CHECK(text.output_bytes_max < 2000000);
    SECTION("with text") {
        world.end_program(text.ask, "  Dear reader\xFF\n\n");
        CHECK(loading.status == 200);
        CHECK(loading.text().find("File: a.pdf\n---\nDear reader\xEF\xBF\xBD\n<<<") != std::string::npos);
        CHECK(loading.load->results()[0].images.empty());
    }
    SECTION("with little text") {
        world.end_program(text.ask, " \f\nHi\n");
        REQUIRE(world.programs.size() == 2);
        const World::Program pages = world.programs[1];
        CHECK(pages.input == pdf_sample);
        CHECK(pages.argv.at(2).find("pdftoppm") != std::string::npos);
        CHECK(pages.argv.at(7) == "1000");
        SECTION("as pictures") {
            world.end_program(pages.ask, jpeg_sample + jpeg_sample);
            CHECK(loading.status == 200);
            CHECK(loading.text().find("\n[PDF content rendered to images]\n") != std::string::npos);
            CHECK(loading.load->results()[0].images.size() == 2);
            CHECK(loading.image(0, 1) == "image/jpeg " + base64(jpeg_sample));
        }
        SECTION("that cannot be drawn: the little text is better than nothing") {
            world.end_program(pages.ask, "", 127);
            CHECK(loading.status == 200);
            CHECK(loading.text().find("\nHi\n") != std::string::npos);
        }
    }
    SECTION("with nothing that can be read") {
        world.end_program(text.ask, "");
        world.end_program(world.programs.at(1).ask, jpeg_sample.substr(0, 10));
        CHECK(loading.message == "input.0: the file cannot be read: its pages cannot be drawn.");
    }
    struct Case {
        gw_status status;
        std::int32_t exit_code;
        std::string_view message;
    };
    const Case cases[] = {
        {GW_OK, 1, "input.0: the file cannot be read: it may be damaged, or need a password."},
        {GW_OK, 127,
         "input.0: the file cannot be read here: the gateway's machine has no pdftotext and pdftoppm (package "
         "poppler-utils)."},
        {GW_OK, 152, "input.0: the file took more memory or time than one file may take."},
        {GW_ERR_LIMIT, 0, "input.0: the file holds more than one file may."},
        {GW_ERR_TIMEOUT, 0, "input.0: the file took more memory or time than one file may take."},
        {GW_ERR_IO, 0, "input.0: the file cannot be read here: the helper program cannot be started."},
    };
    for (const Case& c : cases) {
        DYNAMIC_SECTION("failing with " << c.status << ", " << c.exit_code) {
            world.end_program(text.ask, "Dear reader", c.exit_code, c.status);
            CHECK(loading.status == 400);
            CHECK(loading.message == c.message);
        }
    }
}

TEST_CASE("attachments: HEIC") {
    World world(configured(""), nullptr, nullptr, nullptr, services);
    const std::string bomb = base64(heif_sample("heic", "mif1", 60000, 60000));
    const Loading large(world, Kind::image, Source::base64, bomb);
    CHECK(large.status == 413);
    CHECK(large.message == "input.0: the image has more pixels than are decoded here.");
    CHECK(world.programs.empty());
    const std::string heic = base64(heif_sample("heic"));
    Loading loading(world, Kind::image, Source::base64, heic, "image/heic");
    REQUIRE(world.programs.size() == 1);
    CHECK(world.programs[0].argv.at(2).find("heif-convert") != std::string::npos);
    SECTION("becomes JPEG") {
        world.end_program(world.programs[0].ask, jpeg_sample);
        CHECK(loading.status == 200);
        CHECK(loading.image() == "image/jpeg " + base64(jpeg_sample));
    }
    SECTION("or not") {
        world.end_program(world.programs[0].ask, "Could not decode");
        CHECK(loading.message == "input.0: the image cannot be read: it may be damaged, or too large.");
    }
    SECTION("no program for it") {
        world.end_program(world.programs[0].ask, "", 127);
        CHECK(loading.message.find("libheif-examples") != std::string::npos);
    }
    World poor(configured(""), nullptr, nullptr, nullptr, services & ~std::uint32_t{GW_SERVICE_SPAWN});
    const Loading refused(poor, Kind::image, Source::base64, heic);
    CHECK(refused.status == 400);
    CHECK(refused.message == "input.0: the image cannot be read here: the gateway's host runs no helper programs.");
}

TEST_CASE("attachments: so many programs run at one time, and so many wait") {
    World world(configured(""), nullptr, nullptr, nullptr, services);
    const std::string pdf = base64(pdf_sample);
    std::vector<std::unique_ptr<Loading>> all;
    const auto add = [&] { all.push_back(std::make_unique<Loading>(world, Kind::file, Source::base64, pdf)); };
    for (int i = 0; i < 6; ++i) add();
    CHECK(world.programs.size() == 4);
    world.end_program(world.programs[1].ask, std::string(300, 'x'));
    CHECK(all[1]->status == 200);
    CHECK(world.programs.size() == 5);
    all[5]->load.reset();  // waits no more
    all[0]->load.reset();  // runs no more
    world.advance(1);
    CHECK(world.programs.size() == 5);
    add();
    CHECK(world.programs.size() == 6);
    for (int i = 0; i < 64; ++i) add();
    CHECK(world.programs.size() == 6);
    CHECK(all.back()->status == 0);
    add();
    CHECK(all.back()->status == 503);
    const auto count = [&](int status) {
        return std::count_if(all.begin(), all.end(),
                             [&](const auto& one) { return one->load && one->status == status; });
    };
    SECTION("until those in front end") {
        for (std::size_t i = 2; i < world.programs.size(); ++i)  // more come while these end
            world.end_program(world.programs[i].ask, std::string(300, 'x'));
        CHECK(count(200) == static_cast<std::ptrdiff_t>(all.size()) - 3);
    }
    SECTION("or for a minute") {
        world.advance(59000);
        CHECK(count(0) > 50);
        world.advance(40000);
        CHECK(count(0) == 0);
        CHECK(all[60]->status == 503);
        CHECK(all[60]->message == "input.0: the file cannot be read now: too many others wait for the same program.");
        CHECK(world.programs.size() < 20);
    }
}

TEST_CASE("attachments: memory may run out at any allocation") {
    TestHost host;
    const std::string pdf = base64(pdf_sample);
    const std::string heic = base64(heif_sample("heic"));
    std::size_t n = 0;
    for (bool whole = false; !whole; ++n) {
        REQUIRE(n < 2000);
        World world(configured("files: { pdf: { minTextChars: 5 } }"), host.host(), nullptr, nullptr, services);
        world.names["cdn.example.com"] = {"93.184.216.34"};
        std::optional<Loading> loading(std::in_place, world);
        host.fail_once_at(n);
        try {
            loading->load->add({Kind::image, Source::url, picture_url, {}, {}, "p0"});
            loading->load->add({Kind::file, Source::base64, pdf, {}, "x.pdf", "p1"});
            loading->load->add({Kind::image, Source::base64, heic, {}, {}, "p2"});
            loading->start();
            if (!world.upstreams.empty()) world.send(*world.upstreams[0], redirect("/b"));
            if (world.upstreams.size() > 1) world.send(*world.upstreams[1], answer("image/png", png_sample));
            world.advance(1);
            for (std::size_t i = 0; i < world.programs.size(); ++i) {
                const std::string_view output = i == 0 ? std::string_view("Hi") : std::string_view(jpeg_sample);
                world.write_program(world.programs[i].ask, output.substr(0, 1));
                world.end_program(world.programs[i].ask, output.substr(1));
            }
            whole = loading->status == 200 && !host.failed();
        } catch (const std::bad_alloc&) {
        }
        host.fail_never();
        host.clear_failed();
        world.advance(40000);
        if (loading->status == 200) CHECK(loading->load->results().size() == 3);
    }
    CHECK(n > 30);
}

}  // namespace gw::test
