// Files over HTTP: from the path and the fields of a request to what is answered. Nothing here touches a file.
//
//     "/openclaw/assets/app.js" ── map_path("/openclaw") ─► "assets/app.js" ── (opened elsewhere) ── plan() ─► 200
//                                                                                                             206
//     If-None-Match, Range, If-Range ─────────────────────────────────────────────────────────────────────────304
//                                                                                                             416
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "http1/http1.h"

namespace gw::endpoint {

// The path below `base` ("" or "/openclaw", without the last slash) of a request path as it was sent: "" for the base
// itself with a slash, nothing when the path is not below it. A base without its slash is not below itself.
[[nodiscard]] std::optional<std::string_view> below(std::string_view path, std::string_view base) noexcept;

// What came out of below() as the path of a file: escapes decoded once, segment by segment. Nothing when it has a
// broken escape, a slash that was encoded, a control character, or is no store::is_inner_path(). A path that ends with
// a slash, or is empty, gets `index` behind it.
[[nodiscard]] std::optional<std::pmr::string> map_path(std::string_view raw, std::string_view index,
                                                       std::pmr::memory_resource* memory);

// The type for a file's name; "application/octet-stream" when its ending is not known.
[[nodiscard]] std::string_view media_type(std::string_view path) noexcept;
// True for names with an ending that stands for a file of a web page: where such a file is missing, the answer is 404
// and not the page itself.
[[nodiscard]] bool has_static_ending(std::string_view path) noexcept;
// "no-cache" (ask again, with the tag), or for ever when the name has a hash of the content in it, as bundlers make
// them: "assets/index-B3kD9x_1.js".
[[nodiscard]] std::string_view cache_control(std::string_view path) noexcept;

// A strong entity tag of RFC 9110 8.8.3, with its quotes.
struct EntityTag {
    char text[36];
    std::uint8_t size = 0;
    [[nodiscard]] std::string_view view() const noexcept { return {text, size}; }
};
[[nodiscard]] EntityTag entity_tag(std::uint64_t version, std::uint64_t size) noexcept;

// How a file is answered: 200 with all of it, 206 with `length` bytes from `first` on, 304 or 416 without content.
struct FilePlan {
    int status = 200;
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};
// RFC 9110 13.2.2 (If-None-Match before Range, If-Range) and 14.2 (one range; several are answered with the whole).
[[nodiscard]] FilePlan plan(const http1::Headers& headers, bool head_request, std::string_view tag,
                            std::uint64_t size) noexcept;
// The value of Content-Range for a 206 or 416.
struct ContentRange {
    char text[80];
    std::uint8_t size = 0;
    [[nodiscard]] std::string_view view() const noexcept { return {text, size}; }
};
[[nodiscard]] ContentRange content_range(const FilePlan& plan, std::uint64_t size) noexcept;

// The Content-Security-Policy of our pages. Scripts that stand in the page itself are allowed by their hashes: those of
// `html`, which is the whole page, or empty.
void write_page_policy(Buffer& out, std::string_view html, bool external_frames);
// That of files that agents made: they may run scripts, as a document of their own that shares nothing with our pages.
inline constexpr std::string_view canvas_policy =
    "sandbox allow-scripts allow-forms allow-modals allow-popups allow-downloads; frame-ancestors 'self'; "
    "object-src 'none'; base-uri 'self'";

}  // namespace gw::endpoint
