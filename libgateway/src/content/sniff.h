// What an attachment really is: its bytes decide, not what its sender calls it.
//
//     bytes ── kind_of() ──> jpeg | png | gif | webp | heic | heif | pdf | unknown
//     bytes, claim, allowed types ── check_image(), check_file() ──> Finding, or a sentence that says what is wrong
//
// A claim that names another family (a picture that is a PDF, a text that is a picture) is refused, and so is a file
// that two readers would take for two things: a picture with a ZIP archive behind it or a PDF inside. Between two kinds
// of pictures the bytes are right and the claim is corrected.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

#include "config/config.h"

namespace gw::content {

enum class Kind : std::uint8_t { unknown, jpeg, png, gif, webp, heic, heif, pdf, text };

[[nodiscard]] std::string_view media_type_of(Kind kind) noexcept;  // "image/png"; of unknown and text: ""
[[nodiscard]] constexpr bool is_image(Kind kind) noexcept { return kind >= Kind::jpeg && kind <= Kind::heif; }

// By its first bytes; `unknown` also for text.
[[nodiscard]] Kind kind_of(std::string_view bytes) noexcept;

// A media type without its parameters, and trimmed: "text/html; charset=utf-8" is "text/html".
[[nodiscard]] std::string_view bare_type(std::string_view media_type) noexcept;

// What the sender says. Both may be empty.
struct Claim {
    std::string_view media_type;  // parameters are ignored
    std::string_view file_name;   // its ending counts where no type is claimed
};

struct Finding {
    Kind kind = Kind::unknown;
    std::string_view media_type;  // of text, one of the allowed types; lives as long as the rules
    std::string_view text;        // of text: the bytes without a byte order mark
};

// True with a finding, or false with `problem`: "says that it is image/png, but its bytes are text". `problem` is a
// part of a sentence whose subject is the attachment; it quotes nothing but media types.
[[nodiscard]] bool check_image(std::string_view bytes, const Claim& claim, const config::AttachmentRules& rules,
                               Finding& finding, std::pmr::string& problem);
[[nodiscard]] bool check_file(std::string_view bytes, const Claim& claim, const config::AttachmentRules& rules,
                              Finding& finding, std::pmr::string& problem);

}  // namespace gw::content
