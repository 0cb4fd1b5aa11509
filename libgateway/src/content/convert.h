// Formats that a helper program of the host reads for us: what is run, and what comes back.
//
//     PDF  ── pdftotext ──> text           PDF ── pdftoppm ──> JPEG JPEG JPEG ── split_jpegs() ──> pages
//     HEIC ── heif-convert or convert ──> JPEG
//
// A helper gets the bytes as standard input and answers on standard output. It runs under /bin/sh, whose scripts are
// constants: nothing that a client sends is ever a part of a command. The shell bounds memory and processor time before
// it becomes the helper; the host bounds output and time.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gw::content {

enum class Helper : std::uint8_t { pdf_text, pdf_pages, heif };

struct HelperOptions {
    std::uint32_t pages_max = 4;              // pdf_text, pdf_pages
    std::uint64_t page_pixels_max = 4000000;  // pdf_pages
};

inline constexpr std::uint32_t helper_timeout_ms = 30000;
inline constexpr std::uint32_t helper_cpu_s_max = 20;
inline constexpr std::uint64_t helper_memory_bytes_max = std::uint64_t{1} << 30U;
inline constexpr std::uint64_t heif_pixels_max = 100000000;

// A program with its arguments.
class HelperCommand {
public:
    HelperCommand(Helper helper, const HelperOptions& options, std::pmr::memory_resource* memory);
    HelperCommand(const HelperCommand&) = delete;
    HelperCommand& operator=(const HelperCommand&) = delete;
    [[nodiscard]] std::span<const std::string_view> argv() const noexcept { return argv_; }

private:
    std::pmr::string script_;
    std::array<std::pmr::string, 4> numbers_;
    std::array<std::string_view, 8> argv_;
};

// What an exit code of a helper means, a part of a sentence: "cannot be read: it may be damaged or need a password". ""
// for 0.
[[nodiscard]] std::string_view exit_problem(Helper helper, std::int32_t exit_code) noexcept;
// The program is not there: exit_problem() names the Debian package that has it.
[[nodiscard]] bool helper_missing(std::int32_t exit_code) noexcept;

// Cuts pictures that stand one behind the other; false when the bytes are anything else, or more than `count_max`.
[[nodiscard]] bool split_jpegs(std::string_view bytes, std::size_t count_max, std::pmr::vector<std::string_view>& out);

// The most pixels that any picture inside of a HEIC or HEIF file is said to have; 0 when it does not say. Looks at
// item properties (ISO/IEC 23008-12 6.5.3) only, so that a bomb is refused before it is decoded.
[[nodiscard]] std::uint64_t heif_pixels(std::string_view bytes) noexcept;

}  // namespace gw::content
