#include "endpoint/static_files.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/text.h"
#include "crypto/base64.h"
#include "crypto/sha256.h"
#include "store/files.h"

namespace gw::endpoint {

namespace {

struct Media {
    std::string_view ending, type;
};
// Sorted by ending. What browsers do with a type decides, not what is most exact.
constexpr Media media[] = {
    {"aac", "audio/aac"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"cur", "image/x-icon"},
    {"eot", "application/vnd.ms-fontobject"},
    {"gif", "image/gif"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json; charset=utf-8"},
    {"map", "application/json; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json; charset=utf-8"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xml", "application/xml; charset=utf-8"},
    {"zip", "application/zip"},
};
static_assert(std::is_sorted(std::begin(media), std::end(media),
                             [](const Media& a, const Media& b) { return a.ending < b.ending; }));

const Media* find_media(std::string_view path) noexcept {
    const std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 == 0
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || name.size() - dot > 12) return nullptr;
    std::array<char, 12> lower{};
    const std::string_view ending = name.substr(dot + 1);
    std::transform(ending.begin(), ending.end(), lower.begin(), [](char c) { return ascii_lower(c); });
    const std::string_view wanted(lower.data(), ending.size());
    const Media* const found = std::lower_bound(std::begin(media), std::end(media), wanted,
                                                [](const Media& m, std::string_view w) { return m.ending < w; });
    return found != std::end(media) && found->ending == wanted ? found : nullptr;
}

// True when `tag` is in the list of an If-None-Match field, compared weakly (RFC 9110 13.1.2), or the list is "*".
bool lists_tag(std::string_view list, std::string_view tag) noexcept {
    while (!list.empty()) {
        const std::size_t begin = list.find_first_not_of(" \t,");
        if (begin == std::string_view::npos) return false;
        list.remove_prefix(begin);
        if (list.front() == '*') return true;
        if (list.starts_with("W/")) list.remove_prefix(2);
        if (list.empty() || list.front() != '"') return false;
        const std::size_t end = list.find('"', 1);
        if (end == std::string_view::npos) return false;
        if (list.substr(0, end + 1) == tag) return true;
        list.remove_prefix(end + 1);
    }
    return false;
}

enum class RangeKind : std::uint8_t { none, one, unsatisfiable };

// "bytes=0-99", "bytes=100-", "bytes=-5". Anything else is as if the field were not there.
RangeKind read_range(std::string_view text, std::uint64_t size, FilePlan& out) noexcept {
    constexpr std::string_view unit = "bytes=";
    if (text.size() < unit.size() || !equals_ignoring_case(text.substr(0, unit.size()), unit)) return RangeKind::none;
    text.remove_prefix(unit.size());
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return RangeKind::none;
    const auto first = parse_decimal(text.substr(0, dash));
    const auto last = parse_decimal(text.substr(dash + 1));
    if ((!first && dash != 0) || (!last && dash + 1 != text.size()) || (!first && !last)) return RangeKind::none;
    if (!first) {  // the last so many bytes
        if (*last == 0 || size == 0) return RangeKind::unsatisfiable;
        out.length = std::min(*last, size);
        out.first = size - out.length;
        return RangeKind::one;
    }
    if (last && *last < *first) return RangeKind::none;
    if (*first >= size) return RangeKind::unsatisfiable;
    out.first = *first;
    out.length = std::min(last.value_or(size - 1), size - 1) - *first + 1;
    return RangeKind::one;
}

constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The next script of the page that stands in it and is not fetched; `html` is cut to what follows it.
std::optional<std::string_view> next_inline_script(std::string_view& html) noexcept {
    const auto find_tag = [&](std::string_view name, std::size_t from) {
        for (std::size_t at = html.find('<', from); at != std::string_view::npos; at = html.find('<', at + 1)) {
            const std::string_view found = html.substr(at + 1, name.size());
            if (!equals_ignoring_case(found, name)) continue;
            const std::size_t behind = at + 1 + name.size();
            if (behind < html.size() && (is_space(html[behind]) || html[behind] == '>' || html[behind] == '/'))
                return at;
        }
        return std::string_view::npos;
    };
    for (;;) {
        const std::size_t open = find_tag("script", 0);
        if (open == std::string_view::npos) break;
        const std::size_t body = html.find('>', open);
        if (body == std::string_view::npos) break;
        const std::size_t close = find_tag("/script", body);
        if (close == std::string_view::npos) break;
        const std::string_view attributes = html.substr(open + 7, body - open - 7);
        const std::string_view script = html.substr(body + 1, close - body - 1);
        html.remove_prefix(close + 1);
        bool fetched = false;
        for (std::size_t at = 0; at + 4 <= attributes.size() && !fetched; ++at)
            fetched = is_space(attributes[at]) && equals_ignoring_case(attributes.substr(at + 1, 3), "src");
        if (!fetched && !script.empty()) return script;
    }
    html = {};
    return std::nullopt;
}

constexpr std::size_t script_count_max = 16;

}  // namespace

std::optional<std::string_view> below(std::string_view path, std::string_view base) noexcept {
    if (!path.starts_with(base) || path.size() == base.size() || path[base.size()] != '/') return std::nullopt;
    return path.substr(base.size() + 1);
}

std::optional<std::pmr::string> map_path(std::string_view raw, std::string_view index,
                                         std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    out.reserve(raw.size() + index.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        char c = raw[i];
        if (c == '%') {
            const int high = i + 2 < raw.size() ? hex_value(raw[i + 1]) : -1;
            const int low = i + 2 < raw.size() ? hex_value(raw[i + 2]) : -1;
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
            if (c == '/') return std::nullopt;
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
        out += c;
    }
    if (out.empty() || out.back() == '/') out += index;
    if (!store::is_inner_path(out)) return std::nullopt;
    return out;
}

std::string_view media_type(std::string_view path) noexcept {
    const Media* const found = find_media(path);
    return found != nullptr ? found->type : "application/octet-stream";
}

bool has_static_ending(std::string_view path) noexcept { return find_media(path) != nullptr; }

std::string_view cache_control(std::string_view path) noexcept {
    constexpr std::string_view again = "no-cache";
    constexpr std::size_t hash_size = 8;
    if (!path.starts_with("assets/")) return again;
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || dot < hash_size + 2) return again;
    const std::string_view hash = name.substr(dot - hash_size, hash_size);
    if (name[dot - hash_size - 1] != '-') return again;
    bool mixed = false;  // "component" is a word, "B3kD9x_1" is none
    for (const char c : hash) {
        if (!is_alpha(c) && !is_digit(c) && c != '_' && c != '-') return again;
        mixed = mixed || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
    }
    return mixed ? "public, max-age=31536000, immutable" : again;
}

EntityTag entity_tag(std::uint64_t version, std::uint64_t size) noexcept {
    EntityTag out{};
    out.size = static_cast<std::uint8_t>(std::snprintf(out.text, sizeof out.text, "\"%llx-%llx\"",
                                                       static_cast<unsigned long long>(version),
                                                       static_cast<unsigned long long>(size)));
    return out;
}

FilePlan plan(const http1::Headers& headers, bool head_request, std::string_view tag, std::uint64_t size) noexcept {
    FilePlan out{200, 0, size};
    if (const auto known = headers.get("if-none-match"); known && lists_tag(*known, tag)) return {304, 0, 0};
    const auto range = headers.get_single("range");
    if (!range || head_request) return out;  // RFC 9110 14.2: Range is for GET alone
    if (const auto condition = headers.get("if-range"); condition && *condition != tag) return out;
    switch (read_range(*range, size, out)) {
    case RangeKind::none: return {200, 0, size};
    case RangeKind::unsatisfiable: return {416, 0, 0};
    case RangeKind::one: out.status = 206; return out;
    }
    return out;
}

ContentRange content_range(const FilePlan& plan, std::uint64_t size) noexcept {
    ContentRange out{};
    const auto total = static_cast<unsigned long long>(size);
    out.size = static_cast<std::uint8_t>(
        plan.status == 416 ? std::snprintf(out.text, sizeof out.text, "bytes */%llu", total)
                           : std::snprintf(out.text, sizeof out.text, "bytes %llu-%llu/%llu",
                                           static_cast<unsigned long long>(plan.first),
                                           static_cast<unsigned long long>(plan.first + plan.length - 1), total));
    return out;
}

void write_page_policy(Buffer& out, std::string_view html, bool external_frames) {
    out.append("default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; script-src 'self'");
    for (std::size_t count = 0; count < script_count_max; ++count) {
        const auto script = next_inline_script(html);
        if (!script) break;
        const crypto::Digest digest = crypto::sha256(*script);
        std::array<char, crypto::base64_encoded_size(sizeof digest, crypto::Base64::standard)> text{};
        crypto::base64_encode(text, digest);
        out.append(" 'sha256-");
        out.append({text.data(), text.size()});
        out.append("'");
    }
    out.append(
        "; style-src 'self' 'unsafe-inline' https://fonts.googleapis.com; font-src 'self' data: "
        "https://fonts.gstatic.com; img-src 'self' data: blob: https:; media-src 'self' data: blob:; worker-src 'self' "
        "blob:; connect-src 'self' data: ws: wss:; frame-src 'self'");
    if (external_frames) out.append(" http: https:");
}

}  // namespace gw::endpoint
