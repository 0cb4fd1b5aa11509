// What clients may attach: gateway.http.endpoints.*.files and .images.
#include "config/loaded.h"

namespace gw::test {

namespace {

std::string responses(std::string_view text) {
    return "{ gateway: { http: { endpoints: { responses: { " + std::string(text) + " } } } } }";
}

}  // namespace

TEST_CASE("config: attachments, as nobody says anything about them") {
    for (const std::string_view text : {"{}",
                                        "{ gateway: { http: { endpoints: { responses: { files: {}, images: {} }, "
                                        "chatCompletions: { images: { allowedMimes: [] } } } } } }"}) {
        const Loaded l = load(text);
        CHECK(l.text() == "");
        const config::Attachments& r = l.config.responses.attachments;
        CHECK(r.url_parts_max == 8);
        CHECK(r.image_parts_max == UINT32_MAX);
        CHECK(r.files.allow_url);
        CHECK(r.files.bytes_max == 5242880);
        CHECK(r.files.redirects_max == 3);
        CHECK(r.files.timeout_ms == 10000);
        CHECK(r.files.url_allowlist.empty());
        CHECK(r.files.allowed_mimes.size() == 6);
        CHECK_FALSE(r.files.allow_private_network);
        CHECK(r.file_chars_max == 200000);
        CHECK(r.pdf_pages_max == 4);
        CHECK(r.pdf_pixels_max == 4000000);
        CHECK(r.pdf_text_chars_min == 200);
        CHECK(r.images.allow_url);
        CHECK(r.images.bytes_max == 10485760);
        CHECK(r.images.allowed_mimes.size() == 6);
        const config::Attachments& c = l.config.chat_completions.attachments;
        CHECK(c.files.allowed_mimes.empty());
        CHECK_FALSE(c.images.allow_url);
        CHECK(c.images.bytes_max == 10485760);
        CHECK(c.images.allowed_mimes.size() == 6);
        CHECK(c.image_parts_max == 8);
        CHECK(c.url_parts_max == 8);
        CHECK(c.image_bytes_total_max == 20971520);
    }
}

TEST_CASE("config: attachments, every key") {
    const Loaded l = load(R"({ gateway: { http: { endpoints: {
        responses: {
            maxBodyBytes: 20000000, maxUrlParts: 2,
            files: { allowUrl: false, urlAllowlist: ["CDN.example.com", "*.assets.example.com", "2001:db8::1"],
                     allowedMimes: ["Text/Plain", "application/pdf", "text/x-python"], maxBytes: 1, maxChars: 2, maxRedirects: 0,
                     timeoutMs: 5, pdf: { maxPages: 6, maxPixels: 70000, minTextChars: 0 } },
            images: { allowUrl: false, urlAllowlist: ["images.example.com"], allowedMimes: ["image/png"], maxBytes: 8,
                      maxRedirects: 9, timeoutMs: 10 },
        },
        chatCompletions: { maxImageParts: 0, maxTotalImageBytes: 12, images: { allowUrl: true, maxBytes: 13 } },
    } } } })");
    CHECK(l.text() == "");
    const config::Attachments& r = l.config.responses.attachments;
    CHECK(l.config.responses.body_bytes_max == 20000000);
    CHECK(r.url_parts_max == 2);
    CHECK_FALSE(r.files.allow_url);
    CHECK(r.files.url_allowlist ==
          std::pmr::vector<std::pmr::string>{"cdn.example.com", "*.assets.example.com", "2001:db8::1"});
    CHECK(r.files.allowed_mimes ==
          std::pmr::vector<std::pmr::string>{"text/plain", "application/pdf", "text/x-python"});
    CHECK(r.files.bytes_max == 1);
    CHECK(r.file_chars_max == 2);
    CHECK(r.files.redirects_max == 0);
    CHECK(r.files.timeout_ms == 5);
    CHECK(r.pdf_pages_max == 6);
    CHECK(r.pdf_pixels_max == 70000);
    CHECK(r.pdf_text_chars_min == 0);
    CHECK_FALSE(r.images.allow_url);
    CHECK(r.images.url_allowlist == std::pmr::vector<std::pmr::string>{"images.example.com"});
    CHECK(r.images.allowed_mimes == std::pmr::vector<std::pmr::string>{"image/png"});
    CHECK(r.images.bytes_max == 8);
    CHECK(r.images.redirects_max == 9);
    CHECK(r.images.timeout_ms == 10);
    const config::Attachments& c = l.config.chat_completions.attachments;
    CHECK(c.image_parts_max == 0);
    CHECK(c.image_bytes_total_max == 12);
    CHECK(c.images.allow_url);
    CHECK(c.images.bytes_max == 13);
    const Loaded open = load(responses("images: { allowPrivateNetwork: true }"));
    CHECK(open.ok);
    CHECK(open.config.responses.attachments.images.allow_private_network);
    CHECK(open.text().find("warning: gateway.http.endpoints.responses.images.allowPrivateNetwork lets clients read") !=
          std::string::npos);
}

TEST_CASE("config: attachments that make no sense") {
    struct Case {
        std::string_view text, want;
    };
    const Case cases[] = {
        {"files: { urlAllowlist: ['https://cdn.example.com'] }",
         "files.urlAllowlist[0] must be a host such as cdn.example.com, or *.example.com for the hosts below it, "
         "without "
         "scheme, port and path, found \"https://cdn.example.com\""},
        {"files: { urlAllowlist: ['a.example', 'cdn.example.com:80'] }", "files.urlAllowlist[1] must be a host"},
        {"files: { urlAllowlist: ['*.com'] }", "files.urlAllowlist[0] must name at least two labels behind the '*.'"},
        {"files: { urlAllowlist: ['*'] }", "files.urlAllowlist[0] must be a host"},
        {"files: { urlAllowlist: ['a..b'] }", "files.urlAllowlist[0] must be a host"},
        {"files: { urlAllowlist: ['a.*.b.c'] }", "files.urlAllowlist[0] must be a host"},
        {"files: { urlAllowlist: [''] }", "files.urlAllowlist[0] must be a host"},
        {"images: { allowedMimes: ['image/svg+xml'] }", "images.allowedMimes[0] must be one of image/jpeg, image/png"},
        {"images: { allowedMimes: ['text/plain'] }", "images.allowedMimes[0] must be one of image/jpeg, image/png"},
        {"files: { allowedMimes: ['application/zip'] }", "files.allowedMimes[0] must be application/pdf"},
        {"files: { allowedMimes: ['text/'] }", "files.allowedMimes[0] must be application/pdf"},
        {"files: { pdf: { maxPixels: 1 } }",
         "files.pdf.maxPixels must be a whole number from 10000 to 100000000, found 1"},
        {"files: { maxBytes: '5MB' }", "files.maxBytes must be a whole number from 1 to 1073741824, found \"5MB\""},
        {"files: { maxPages: 1 }", "maxPages"},
    };
    for (const Case& c : cases) {
        INFO(c.text);
        const Loaded l = load(responses(c.text));
        INFO(l.text());
        CHECK_FALSE(l.ok);
        CHECK(l.text().find(c.want) != std::string::npos);
    }
}

}  // namespace gw::test
