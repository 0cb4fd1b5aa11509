#include "content/sniff.h"

#include "content/samples.h"
#include "support/test.h"

namespace gw::test {

namespace {

using content::Kind;

std::pmr::memory_resource* const memory = std::pmr::new_delete_resource();

config::AttachmentRules rules_of(std::initializer_list<std::string_view> types) {
    config::AttachmentRules rules(memory);
    rules.allowed_mimes.assign(types.begin(), types.end());
    return rules;
}
const config::AttachmentRules images =
    rules_of({"image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/heif"});
const config::AttachmentRules files =
    rules_of({"text/plain", "text/markdown", "text/html", "text/csv", "application/json", "application/pdf"});

}  // namespace

TEST_CASE("content: what kind of file it is") {
    struct Case {
        std::string_view name;
        std::string bytes;
        Kind want;
    };
    const Case cases[] = {
        {"JPEG", jpeg_sample, Kind::jpeg},
        {"PNG", png_sample, Kind::png},
        {"GIF", gif_sample, Kind::gif},
        {"WebP", webp_sample, Kind::webp},
        {"RIFF with sound", "RIFF\x1A\0\0\0WAVEfmt "_bytes, Kind::unknown},
        {"HEIC", heif_sample("heic"), Kind::heic},
        {"HEIC of other codings", heif_sample("heix"), Kind::heic},
        {"HEIF", heif_sample("mif1"), Kind::heif},
        {"AVIF is in the same box", heif_sample("mif1", "avifmif1"), Kind::unknown},
        {"MP4 is in the same box", heif_sample("isom", "mp41"), Kind::unknown},
        {"PDF", pdf_sample, Kind::pdf},
        {"PDF behind something", " " + pdf_sample, Kind::unknown},
        {"SVG", "<svg xmlns='http://www.w3.org/2000/svg'/>", Kind::unknown},
        {"nothing", "", Kind::unknown},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        CHECK(content::kind_of(c.bytes) == c.want);
        for (std::size_t size = 0; size < c.bytes.size(); ++size)  // reads no byte too far
            static_cast<void>(content::kind_of(std::string(c.bytes, 0, size)));
    }
}

TEST_CASE("content: images, their claims, and what else they are") {
    struct Case {
        std::string_view name, claim;
        std::string bytes;
        std::string_view want;  // the media type, or the problem
    };
    const std::string late_pdf = png_sample + std::string(2000, 'x') + "%PDF-1.7";
    const Case cases[] = {
        {"as it says", "image/png", png_sample, "image/png"},
        {"nothing is said", "", webp_sample, "image/webp"},
        {"a server that knows nothing", "application/octet-stream", gif_sample, "image/gif"},
        {"parameters and case", "Image/PNG; name=a.png", png_sample, "image/png"},
        {"another name", "image/jpg", jpeg_sample, "image/jpeg"},
        {"between pictures the bytes are right", "image/jpeg", png_sample, "image/png"},
        {"HEIC", "image/heic", heif_sample("heic"), "image/heic"},
        {"a PDF far inside is data", "image/png", late_pdf, "image/png"},
        {"no picture", "image/png", "hello", "says that it is image/png, but its bytes are text"},
        {"a web page", "image/png", "<html></html>", "says that it is image/png, but its bytes are text"},
        {"a PDF", "image/jpeg", pdf_sample, "says that it is image/jpeg, but its bytes are those of application/pdf"},
        {"anything", "image/jpeg", "\0\1\2\3"_bytes,
         "says that it is image/jpeg, but its bytes are of no format that is known here"},
        {"nothing at all", "image/jpeg", "", "says that it is image/jpeg, but its bytes are none"},
        {"magic bytes alone", "", "\x89PNG\r\n\x1A\n"_bytes,
         "is no picture: its bytes are of no format that is known here"},
        {"a type of picture that nobody takes", "image/svg+xml", "<svg/>",
         "says that it is image/svg+xml, which is not taken here; allowed are image/jpeg, image/png, image/gif, "
         "image/webp, image/heic, image/heif"},
        {"a claim with more in it", "image/\"><script>", png_sample,
         "says that it is something unreadable, which is not taken here; allowed are image/jpeg, image/png, image/gif, "
         "image/webp, image/heic, image/heif"},
        {"a PDF, too", "image/gif", "GIF89a\1\0\1\0\0\0\0%PDF-1.4"_bytes, "is a picture and a PDF at the same time"},
        {"a web page, too", "image/gif", "GIF89a/*\1\0\0*/=1;//<ScRiPt>alert(1)</script>"_bytes,
         "is a picture and a web page at the same time"},
        {"an archive, too", "image/png", png_sample + "PK\3\4..." + zip_end,
         "is a picture and a ZIP archive at the same time"},
        {"an archive with a comment", "image/png", png_sample + zip_end.substr(0, 20) + "\3\0abc"_bytes,
         "is a picture and a ZIP archive at the same time"},
        {"what only begins like the end of an archive", "image/png", png_sample + zip_end + "more", "image/png"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        content::Finding found;
        std::pmr::string problem(memory);
        const bool good = content::check_image(c.bytes, {c.claim, {}}, images, found, problem);
        CHECK((good ? found.media_type : std::string_view(problem)) == c.want);
        CHECK(good == problem.empty());
    }
    content::Finding found;
    std::pmr::string problem(memory);
    CHECK_FALSE(content::check_image(gif_sample, {}, rules_of({"image/png"}), found, problem));
    CHECK(problem == "is image/gif, which is not taken here; allowed are image/png");
    problem.clear();
    CHECK_FALSE(content::check_image(gif_sample, {"image/png", {}}, rules_of({"image/png"}), found, problem));
    CHECK(problem == "is image/gif, which is not taken here; allowed are image/png");
}

TEST_CASE("content: files, their claims, and whether they are text") {
    struct Case {
        std::string_view name, claim, file;
        std::string bytes;
        std::string_view want;  // the media type, or the problem
        std::string_view text = {};
    };
    const Case cases[] = {
        {"plain text", "text/plain", "a.txt", "Hello World!", "text/plain", "Hello World!"},
        {"with a charset", "text/html; charset=UTF-8", "", "<p>h\xC3\xA9</p>", "text/html", "<p>h\xC3\xA9</p>"},
        {"a byte order mark goes", "text/csv", "",
         "\xEF\xBB\xBF"
         "a,b\n",
         "text/csv", "a,b\n"},
        {"by its name", "", "notes.MD", "# x", "text/markdown", "# x"},
        {"by its name, said to be nothing", "application/octet-stream", "x.json", "{}", "application/json", "{}"},
        {"no name, no claim", "", "", "x", "text/plain", "x"},
        {"PDF by its bytes", "", "x.txt", pdf_sample, "application/pdf"},
        {"PDF", "application/pdf", "x", pdf_sample, "application/pdf"},
        {"JSON", "application/json", "", " {\"a\": [1, 2]} ", "application/json", " {\"a\": [1, 2]} "},
        {"text that begins like a picture", "text/plain", "", "GIF89a is a format", "text/plain", "GIF89a is a format"},
        {"empty", "text/plain", "", "", "text/plain", ""},
        {"broken JSON", "application/json", "", "{\"a\": }",
         "says that it is application/json, but is no valid JSON: "},
        {"UTF-16", "text/plain", "", "\xFF\xFEh\0i\0"_bytes, "is text in UTF-16; send it in UTF-8"},
        {"NUL", "text/plain", "", "a\0b"_bytes, "is no text: it holds NUL bytes"},
        {"Latin-1", "text/plain", "", "caf\xE9", "is no text in UTF-8"},
        {"overlong", "text/plain", "", "\xC0\xAF", "is no text in UTF-8"},
        {"a text that is a PDF", "text/plain", "", pdf_sample,
         "says that it is text/plain, but its bytes are those of application/pdf"},
        {"a text that is a picture", "text/markdown", "", gif_sample,
         "says that it is text/markdown, but its bytes are those of image/gif"},
        {"a PDF that is text", "application/pdf", "", "<html>",
         "says that it is application/pdf, but its bytes are text"},
        {"a PDF behind something", "application/pdf", "", "x" + pdf_sample,
         "says that it is application/pdf, but its bytes are text"},
        {"a PDF that is an archive", "application/pdf", "", pdf_sample + zip_end,
         "is a PDF and a ZIP archive at the same time"},
        {"a picture", "", "x.png", png_sample, "is image/png, which is not taken here; allowed are "},
        {"a program", "application/x-sh", "", "#!/bin/sh",
         "says that it is application/x-sh, which is not taken here; allowed are "},
        {"a type of text that is not listed", "text/rtf", "", "{\\rtf1}",
         "says that it is text/rtf, which is not taken here; allowed are "},
        {"an ending that is not listed", "", "x.yaml", "a: 1", "is application/yaml, which is not taken here; allowed"},
    };
    for (const Case& c : cases) {
        INFO(c.name);
        content::Finding found;
        std::pmr::string problem(memory);
        const bool good = content::check_file(c.bytes, {c.claim, c.file}, files, found, problem);
        const std::string_view got = good ? found.media_type : std::string_view(problem);
        CHECK(got.substr(0, c.want.size()) == c.want);
        CHECK(good == problem.empty());
        if (good) CHECK(found.text == c.text);
    }
    // An operator may take more, under any of its names.
    content::Finding found;
    std::pmr::string problem(memory);
    CHECK(content::check_file("<a/>", {"application/xml", {}}, rules_of({"text/xml"}), found, problem));
    CHECK(content::check_file("<a/>", {"text/xml", {}}, rules_of({"application/xml"}), found, problem));
    CHECK(content::check_file("x = 1", {"text/x-python", {}}, rules_of({"text/x-python"}), found, problem));
}

}  // namespace gw::test
