#include "content/convert.h"

#include "content/samples.h"
#include "support/test.h"

namespace gw::test {

TEST_CASE("content: commands hold nothing of a client") {
    std::pmr::memory_resource* const memory = std::pmr::new_delete_resource();
    for (const auto helper : {content::Helper::pdf_text, content::Helper::pdf_pages, content::Helper::heif}) {
        const content::HelperCommand command(helper, {7, 4000000}, memory);
        const auto argv = command.argv();
        REQUIRE(argv.size() == 8);
        CHECK(argv[0] == "/bin/sh");
        CHECK(argv[2].find("ulimit -v") != std::string_view::npos);
        CHECK(argv[2].find("ulimit -t") != std::string_view::npos);
        CHECK(argv[4] == "1048576");
        CHECK(argv[5] == "20");
        CHECK(argv[6] == "7");
        CHECK(argv[7] == "2000");
    }
    CHECK(content::exit_problem(content::Helper::heif, 0) == "");
    CHECK(content::exit_problem(content::Helper::heif, 127).find("libheif-examples") != std::string_view::npos);
    CHECK(content::exit_problem(content::Helper::pdf_text, 127).find("poppler-utils") != std::string_view::npos);
    CHECK(content::exit_problem(content::Helper::pdf_text, 137) == "took more memory or time than one file may take");
    CHECK(content::exit_problem(content::Helper::pdf_text, 1).find("damaged") != std::string_view::npos);
}

TEST_CASE("content: pictures one behind the other") {
    const auto split = [](const std::string& bytes, std::size_t count_max) {
        std::pmr::vector<std::string_view> out;
        const bool good = content::split_jpegs(bytes, count_max, out);
        for (const std::string_view one : out) CHECK(one == jpeg_sample);
        return good ? static_cast<int>(out.size()) : -1;
    };
    CHECK(split("", 4) == 0);
    CHECK(split(jpeg_sample, 4) == 1);
    CHECK(split(jpeg_sample + jpeg_sample + jpeg_sample, 4) == 3);
    CHECK(split(jpeg_sample + jpeg_sample, 1) == -1);
    CHECK(split(jpeg_sample + "x", 4) == -1);
    CHECK(split(png_sample, 4) == -1);
    for (std::size_t size = 1; size < jpeg_sample.size(); ++size) CHECK(split(jpeg_sample.substr(0, size), 4) == -1);
    // Fill bytes in front of markers.
    std::pmr::vector<std::string_view> out;
    CHECK(content::split_jpegs("\xFF\xD8\xFF\xFF\xFF\xDA\0\2x\xFF\xFF\xFF\xD9"_bytes, 1, out));
    CHECK(out.size() == 1);
}

TEST_CASE("content: how large a HEIC is said to be") {
    CHECK(content::heif_pixels(heif_sample("heic", "mif1", 8064, 6048)) == 8064ULL * 6048);
    CHECK(content::heif_pixels(heif_sample("heic", "mif1", 0xFFFFFFFF, 0xFFFFFFFF)) == 0xFFFFFFFFULL * 0xFFFFFFFF);
    CHECK(content::heif_pixels(heif_sample("heic") + heif_sample("heic", "mif1", 9, 9)) == 64 * 64);
    CHECK(content::heif_pixels(heif_sample("heic").substr(0, 30)) == 0);
    CHECK(content::heif_pixels("") == 0);
}

}  // namespace gw::test
