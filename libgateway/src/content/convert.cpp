#include "content/convert.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace gw::content {

namespace {

using namespace std::string_view_literals;

// In front of every script. $1 is memory in KiB, $2 processor seconds; "ulimit -v" is not known everywhere. No core
// file of a stranger's content.
constexpr std::string_view limits_script = "ulimit -c 0; ulimit -v \"$1\" 2>/dev/null; ulimit -t \"$2\"; ";

// $3 is the last page.
constexpr std::string_view pdf_text_script =
    "exec pdftotext -q -enc UTF-8 -eol unix -nopgbrk -f 1 -l \"$3\" - - 2>/dev/null";

// $4 is the longer side of a picture: whatever size the page says it has, the picture is no larger than its square.
constexpr std::string_view pdf_pages_script =
    "exec pdftoppm -q -jpeg -jpegopt quality=85 -f 1 -l \"$3\" -scale-to \"$4\" - 2>/dev/null";

// Neither program reads HEIF from a pipe into a pipe in every version, so there is a directory. The shell that stays
// behind takes it away, also when the program is ended by its limits; what a killed shell has left is taken away by the
// next run. A file with several pictures becomes numbered ones, of which the first counts.
constexpr std::string_view heif_script =
    "if command -v heif-convert >/dev/null; then p=heif-convert; "
    "elif command -v convert >/dev/null; then p=convert; else exit 127; fi; "
    "umask 077; t=${TMPDIR:-/tmp}; "
    "find \"$t\" -maxdepth 1 -type d -name 'gateway-heif.*' -mmin +5 -user \"$(id -u)\" -exec rm -rf {} + 2>/dev/null; "
    "d=$(mktemp -d \"$t/gateway-heif.XXXXXX\") || exit 126; trap 'rm -rf \"$d\"' EXIT; "
    "cat >\"$d/in.heic\" || exit 126; "
    "if [ $p = convert ]; then convert \"heic:$d/in.heic[0]\" -auto-orient -quality 88 \"jpg:$d/out.jpg\"; "
    "else heif-convert -q 88 \"$d/in.heic\" \"$d/out.jpg\"; fi >/dev/null 2>&1; "
    "for f in \"$d/out.jpg\" \"$d/out-1.jpg\"; do if [ -s \"$f\" ]; then cat \"$f\"; exit 0; fi; done; exit 1";

std::string_view script_of(Helper helper) noexcept {
    switch (helper) {
    case Helper::pdf_text: return pdf_text_script;
    case Helper::pdf_pages: return pdf_pages_script;
    case Helper::heif: return heif_script;
    }
    return {};
}

std::uint32_t read_u32(std::string_view bytes, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i]));
    };
    return byte(0) << 24U | byte(1) << 16U | byte(2) << 8U | byte(3);
}

// The size of the JPEG at the front of `bytes`; 0 when there is none. ITU T.81 B.1.1.
std::size_t jpeg_size(std::string_view bytes) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    if (!bytes.starts_with("\xFF\xD8\xFF")) return 0;
    std::size_t at = 2;
    for (;;) {
        // A marker; any number of 0xFF may stand in front of it.
        if (at >= bytes.size() || byte(at) != 0xFF) return 0;
        while (at < bytes.size() && byte(at) == 0xFF) ++at;
        if (at >= bytes.size()) return 0;
        const unsigned marker = byte(at++);
        if (marker == 0xD9) return at;
        if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7)) continue;
        if (marker == 0 || marker == 0xD8 || at + 2 > bytes.size()) return 0;
        const std::size_t length = byte(at) * 256U + byte(at + 1);
        if (length < 2 || length > bytes.size() - at) return 0;
        at += length;
        if (marker != 0xDA) continue;
        // Behind the start of a scan: coded data until a marker that is neither a stuffed zero nor a restart.
        for (;; at += 2) {
            at = bytes.find('\xFF', at);
            if (at == std::string_view::npos || at + 1 >= bytes.size()) return 0;
            const unsigned next = byte(at + 1);
            if (next == 0xFF) {
                --at;  // fill bytes: look at the second of the two again
            } else if (next != 0 && (next < 0xD0 || next > 0xD7)) {
                break;
            }
        }
    }
}

}  // namespace

HelperCommand::HelperCommand(Helper helper, const HelperOptions& options, std::pmr::memory_resource* memory)
    : script_(limits_script, memory),
      numbers_{std::pmr::string(memory), std::pmr::string(memory), std::pmr::string(memory), std::pmr::string(memory)} {
    script_ += script_of(helper);
    const auto side = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(options.page_pixels_max)));
    const std::uint64_t values[] = {helper_memory_bytes_max / 1024, helper_cpu_s_max, options.pages_max, side};
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
        std::array<char, 20> text;
        const auto end = std::to_chars(text.data(), text.data() + text.size(), values[i]).ptr;
        numbers_[i].assign(text.data(), end);
    }
    argv_ = {"/bin/sh", "-c", script_, "sh", numbers_[0], numbers_[1], numbers_[2], numbers_[3]};
}

bool helper_missing(std::int32_t exit_code) noexcept { return exit_code == 127; }

std::string_view exit_problem(Helper helper, std::int32_t exit_code) noexcept {
    if (exit_code == 0) return {};
    const bool heif = helper == Helper::heif;
    if (helper_missing(exit_code)) {
        return heif
                   ? "cannot be read here: the gateway's machine has neither heif-convert (package libheif-examples) "
                     "nor "
                     "convert (package imagemagick)"
                   : "cannot be read here: the gateway's machine has no pdftotext and pdftoppm (package poppler-utils)";
    }
    if (exit_code > 128) return "took more memory or time than one file may take";
    return heif ? "cannot be read: it may be damaged, or too large"
                : "cannot be read: it may be damaged, or need a password";
}

bool split_jpegs(std::string_view bytes, std::size_t count_max, std::pmr::vector<std::string_view>& out) {
    while (!bytes.empty()) {
        const std::size_t size = jpeg_size(bytes);
        if (size == 0 || out.size() == count_max) return false;
        out.push_back(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
    return true;
}

std::uint64_t heif_pixels(std::string_view bytes) noexcept {
    // Image spatial extents: size 20, "ispe", version and flags 0, width, height. No coded data looks like that, and
    // looking for it finds boxes that a parser of ours might miss and the helper's does not.
    constexpr std::string_view box = "\0\0\0\x14ispe\0\0\0\0"sv;
    std::uint64_t most = 0;
    for (std::size_t at = bytes.find(box); at != std::string_view::npos; at = bytes.find(box, at + box.size())) {
        if (bytes.size() - at < 20) break;
        most = std::max(most, std::uint64_t{read_u32(bytes, at + 12)} * read_u32(bytes, at + 16));
    }
    return most;
}

}  // namespace gw::content
