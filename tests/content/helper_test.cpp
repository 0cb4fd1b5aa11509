// The helper programs themselves, where they are installed: what their commands make of real files.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "content/convert.h"
#include "content/sniff.h"
#include "support/test.h"

namespace gw::test {

namespace {

struct Ended {
    int exit_code = -1;
    std::string output;
};

// As a host does, but with the input in a file.
Ended run(content::Helper helper, const content::HelperOptions& options, std::string_view input) {
    const content::HelperCommand command(helper, options, std::pmr::new_delete_resource());
    std::vector<std::string> words(command.argv().begin(), command.argv().end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    char path[] = "/tmp/gateway-helper-test.XXXXXX";
    const int in = mkstemp(path);
    REQUIRE(in >= 0);
    unlink(path);
    REQUIRE(write(in, input.data(), input.size()) == static_cast<ssize_t>(input.size()));
    lseek(in, 0, SEEK_SET);
    int out[2];
    REQUIRE(pipe2(out, O_CLOEXEC) == 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(in, 0);
        dup2(out[1], 1);
        execv(argv[0], argv.data());
        _exit(126);
    }
    close(in);
    close(out[1]);
    Ended ended;
    char piece[4096];
    for (ssize_t size = 0; (size = read(out[0], piece, sizeof piece)) > 0;)
        ended.output.append(piece, static_cast<std::size_t>(size));
    close(out[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ended;
}

bool is_missing(const Ended& ended, std::string_view program) {
    if (!content::helper_missing(ended.exit_code)) return false;
    WARN("skipped: " << program << " is not installed");
    return true;
}

// A PDF of pages of that size, each with the text, or with a grey square where there is none.
std::string make_pdf(int pages, int width, int height, std::string_view text) {
    std::vector<std::string> objects{"<</Type/Catalog/Pages 2 0 R>>"};
    std::string kids;
    for (int i = 0; i < pages; ++i) kids += std::to_string(3 + 2 * i) + " 0 R ";
    objects.push_back("<</Type/Pages/Kids[" + kids + "]/Count " + std::to_string(pages) + ">>");
    const std::string drawn =
        text.empty() ? "0.5 g 10 10 90 90 re f" : "BT /F1 12 Tf 20 60 Td (" + std::string(text) + ") Tj ET";
    for (int i = 0; i < pages; ++i) {
        objects.push_back("<</Type/Page/Parent 2 0 R/MediaBox[0 0 " + std::to_string(width) + " " +
                          std::to_string(height) + "]/Contents " + std::to_string(4 + 2 * i) +
                          " 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>");
        objects.push_back("<</Length " + std::to_string(drawn.size()) + ">>stream\n" + drawn + "\nendstream");
    }
    std::string out = "%PDF-1.4\n", table = "0000000000 65535 f \n";
    for (std::size_t i = 0; i < objects.size(); ++i) {
        char row[32];
        std::snprintf(row, sizeof row, "%010zu 00000 n \n", out.size());
        table += row;
        out += std::to_string(i + 1) + " 0 obj" + objects[i] + "endobj\n";
    }
    const std::string size = std::to_string(objects.size() + 1);
    return out + "xref\n0 " + size + "\n" + table + "trailer<</Root 1 0 R/Size " + size + ">>\nstartxref\n" +
           std::to_string(out.size()) + "\n%%EOF\n";
}

// Width and height of a JPEG (ITU T.81 B.2.2).
std::pair<unsigned, unsigned> size_of(std::string_view jpeg) {
    const auto u16 = [&](std::size_t at) {
        return static_cast<unsigned>(static_cast<unsigned char>(jpeg[at]) << 8U |
                                     static_cast<unsigned char>(jpeg[at + 1]));
    };
    for (std::size_t at = 2; at + 9 < jpeg.size(); at += 2 + u16(at + 2)) {
        const unsigned marker = static_cast<unsigned char>(jpeg[at + 1]);
        if (marker >= 0xC0 && marker <= 0xC2) return {u16(at + 7), u16(at + 5)};
    }
    return {0, 0};
}

}  // namespace

TEST_CASE("content: pdftotext reads the first pages") {
    const std::string pdf = make_pdf(3, 300, 100, "Hello reader");
    const Ended two = run(content::Helper::pdf_text, {2, 4000000}, pdf);
    if (is_missing(two, "pdftotext")) return;
    CHECK(two.exit_code == 0);
    const std::size_t first = two.output.find("Hello reader");
    REQUIRE(first != std::string::npos);
    const std::size_t second = two.output.find("Hello reader", first + 1);
    CHECK(second != std::string::npos);
    CHECK(two.output.find("Hello reader", second + 1) == std::string::npos);
    CHECK(run(content::Helper::pdf_text, {2, 4000000}, "%PDF-1.4 nothing").exit_code != 0);
}

TEST_CASE("content: pdftoppm draws pages no larger than they may be, whatever size they say") {
    struct Case {
        int width, height;
    };
    for (const Case& c : {Case{300, 200}, Case{14400, 14400}, Case{1, 14400}}) {
        INFO(c.width << " x " << c.height);
        const Ended drawn = run(content::Helper::pdf_pages, {2, 40000}, make_pdf(3, c.width, c.height, ""));
        if (is_missing(drawn, "pdftoppm")) return;
        CHECK(drawn.exit_code == 0);
        std::pmr::vector<std::string_view> pages;
        REQUIRE(content::split_jpegs(drawn.output, 2, pages));
        REQUIRE(pages.size() == 2);
        const auto [width, height] = size_of(pages[0]);
        CHECK(width > 0);
        CHECK(width * height <= 40000);
    }
}

TEST_CASE("content: a HEIC that is damaged is refused, and leaves nothing behind") {
    const Ended ended = run(content::Helper::heif, {},
                            std::string("\0\0\0\x18"
                                        "ftypheic\0\0\0\0mif1heic",
                                        24));
    if (is_missing(ended, "heif-convert or convert")) return;
    CHECK(ended.exit_code == 1);
    CHECK(ended.output.empty());
}

}  // namespace gw::test
