#include "content/sniff.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "json/json.h"

namespace gw::content {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t front_bytes = 1024;  // readers of PDF look for its beginning this far

struct NamedType {
    std::string_view name, type;
};
// What programs call types that have another name.
constexpr NamedType aliases[] = {
    {"image/jpg", "image/jpeg"},
    {"image/pjpeg", "image/jpeg"},
    {"image/x-png", "image/png"},
    {"text/x-markdown", "text/markdown"},
    {"application/x-pdf", "application/pdf"},
    {"application/csv", "text/csv"},
    {"text/json", "application/json"},
    {"text/xml", "application/xml"},
    {"text/yaml", "application/yaml"},
    {"application/x-yaml", "application/yaml"},
};
constexpr NamedType endings[] = {
    {".md", "text/markdown"},     {".markdown", "text/markdown"}, {".html", "text/html"},
    {".htm", "text/html"},        {".csv", "text/csv"},           {".json", "application/json"},
    {".pdf", "application/pdf"},  {".xml", "application/xml"},    {".yaml", "application/yaml"},
    {".yml", "application/yaml"},
};

bool has_at(std::string_view bytes, std::size_t at, std::string_view part) noexcept {
    return bytes.size() >= at + part.size() && bytes.substr(at, part.size()) == part;
}

// ISO/IEC 14496-12 4.3: size, "ftyp", major brand, version, compatible brands.
Kind kind_of_brands(std::string_view bytes) noexcept {
    const std::size_t size = static_cast<unsigned char>(bytes[2]) * 256U + static_cast<unsigned char>(bytes[3]);
    if (bytes[0] != 0 || bytes[1] != 0 || size < 16 || size % 4 != 0) return Kind::unknown;
    const auto is_one_of = [](std::string_view brand, std::initializer_list<std::string_view> brands) {
        return std::find(brands.begin(), brands.end(), brand) != brands.end();
    };
    const std::string_view major = bytes.substr(8, 4);
    for (std::size_t at = 16; at + 4 <= std::min(size, bytes.size()); at += 4) {
        if (is_one_of(bytes.substr(at, 4), {"avif", "avis"})) return Kind::unknown;  // the same box, another codec
    }
    if (is_one_of(major, {"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"})) return Kind::heic;
    return is_one_of(major, {"mif1", "msf1"}) ? Kind::heif : Kind::unknown;
}

// An end record (APPNOTE.TXT 4.3.16) whose comment ends with the file: what unzip(1) would open.
bool has_archive_behind(std::string_view bytes) noexcept {
    constexpr std::size_t record_bytes = 22;
    if (bytes.size() < record_bytes) return false;
    const std::size_t first = bytes.size() - std::min<std::size_t>(bytes.size(), record_bytes + 65535);
    for (std::size_t at = bytes.find("PK\5\6"sv, first); at != std::string_view::npos;
         at = bytes.find("PK\5\6"sv, at + 1)) {
        if (bytes.size() - at < record_bytes) return false;
        const std::size_t comment =
            static_cast<unsigned char>(bytes[at + 20]) + static_cast<unsigned char>(bytes[at + 21]) * 256U;
        if (at + record_bytes + comment == bytes.size()) return true;
    }
    return false;
}

bool has_page_in_front(std::string_view bytes) noexcept {
    std::array<char, front_bytes> lower{};
    const std::string_view front = bytes.substr(0, front_bytes);
    std::transform(front.begin(), front.end(), lower.begin(), ascii_lower);
    const std::string_view text(lower.data(), front.size());
    for (const std::string_view part : {"<html"sv, "<script"sv, "<!doctype"sv, "<svg"sv, "<?php"sv, "<iframe"sv}) {
        if (text.find(part) != std::string_view::npos) return true;
    }
    return false;
}

// The bytes behind the magic ones are those of the format, too.
bool begins_well(Kind kind, std::string_view bytes) noexcept {
    switch (kind) {
    case Kind::jpeg: return bytes.size() > 4 && static_cast<unsigned char>(bytes[3]) >= 0xC0;
    case Kind::png: return bytes.size() > 33 && has_at(bytes, 8, "\0\0\0\rIHDR"sv);
    case Kind::gif: return bytes.size() > 13;
    case Kind::webp: return has_at(bytes, 12, "VP8 ") || has_at(bytes, 12, "VP8L") || has_at(bytes, 12, "VP8X");
    case Kind::heic:
    case Kind::heif:
    case Kind::pdf:
    case Kind::text:
    case Kind::unknown: break;
    }
    return true;
}

bool is_text(std::string_view bytes) noexcept { return bytes.find('\0') == std::string_view::npos && is_utf8(bytes); }

// A type of a stranger as a piece of a sentence.
void append_type(std::pmr::string& out, std::string_view type) {
    const bool plain = type.size() <= 64 && std::all_of(type.begin(), type.end(), [](char c) {
                           return is_alpha(c) || is_digit(c) || "/+-._"sv.find(c) != std::string_view::npos;
                       });
    out += plain ? type : "something unreadable"sv;
}

void append_kind(std::pmr::string& out, Kind kind, std::string_view bytes) {
    if (kind != Kind::unknown) {
        out.append("those of ").append(media_type_of(kind));
    } else if (bytes.empty()) {
        out += "none";
    } else {
        out += is_text(bytes) ? "text"sv : "of no format that is known here"sv;
    }
}

const std::pmr::string* find_allowed(const config::AttachmentRules& rules, std::string_view type) noexcept {
    for (const std::pmr::string& allowed : rules.allowed_mimes) {
        if (equals_ignoring_case(allowed, type)) return &allowed;
    }
    // text/xml is application/xml under another name, and so on.
    for (const std::pmr::string& allowed : rules.allowed_mimes) {
        for (const NamedType& alias : aliases) {
            if (alias.name == std::string_view(allowed) && equals_ignoring_case(alias.type, type)) return &allowed;
        }
    }
    return nullptr;
}

void refuse_type(std::pmr::string& problem, std::string_view verb, std::string_view type,
                 const config::AttachmentRules& rules) {
    problem.assign(verb);
    append_type(problem, type);
    problem += ", which is not taken here";
    std::string_view between = "; allowed are ";
    for (const std::pmr::string& allowed : rules.allowed_mimes) {
        problem.append(between).append(allowed);
        between = ", ";
    }
}

void refuse_claim(std::pmr::string& problem, std::string_view type, Kind kind, std::string_view bytes) {
    problem = "says that it is ";
    append_type(problem, type);
    problem += ", but its bytes are ";
    append_kind(problem, kind, bytes);
}

// The claimed type under its usual name; "" when nothing is said.
std::string_view usual_type(std::string_view media_type) noexcept {
    const std::string_view type = bare_type(media_type);
    if (equals_ignoring_case(type, "application/octet-stream") || equals_ignoring_case(type, "binary/octet-stream"))
        return {};
    for (const NamedType& alias : aliases) {
        if (equals_ignoring_case(type, alias.name)) return alias.type;
    }
    return type;
}

std::string_view type_of_ending(std::string_view file_name) noexcept {
    for (const NamedType& ending : endings) {
        if (file_name.size() > ending.name.size() &&
            equals_ignoring_case(file_name.substr(file_name.size() - ending.name.size()), ending.name)) {
            return ending.type;
        }
    }
    return "text/plain";
}

// Takes the byte order mark off; false when the bytes are no text that is taken.
bool read_text(std::string_view& bytes, std::pmr::string& problem) {
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
        problem = "is text in UTF-16; send it in UTF-8";
    } else if (bytes.find('\0') != std::string_view::npos) {
        problem = "is no text: it holds NUL bytes";
    } else if (!is_utf8(bytes)) {
        problem = "is no text in UTF-8";
    } else {
        return true;
    }
    return false;
}

bool check_json(std::string_view text, std::pmr::string& problem) {
    json::Document document(problem.get_allocator().resource());
    json::Limits limits;
    limits.bytes_max = std::max<std::size_t>(limits.bytes_max, text.size());
    const auto parsed = document.parse(text, limits);
    if (parsed) return true;
    problem = "says that it is application/json, but is no valid JSON: ";
    problem += parsed.error().what;
    return false;
}

}  // namespace

std::string_view media_type_of(Kind kind) noexcept {
    switch (kind) {
    case Kind::jpeg: return "image/jpeg";
    case Kind::png: return "image/png";
    case Kind::gif: return "image/gif";
    case Kind::webp: return "image/webp";
    case Kind::heic: return "image/heic";
    case Kind::heif: return "image/heif";
    case Kind::pdf: return "application/pdf";
    case Kind::text:
    case Kind::unknown: break;
    }
    return {};
}

Kind kind_of(std::string_view bytes) noexcept {
    if (bytes.starts_with("\xFF\xD8\xFF")) return Kind::jpeg;
    if (bytes.starts_with("\x89PNG\r\n\x1A\n")) return Kind::png;
    if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return Kind::gif;
    if (bytes.starts_with("RIFF") && has_at(bytes, 8, "WEBP")) return Kind::webp;
    if (bytes.starts_with("%PDF-")) return Kind::pdf;
    if (has_at(bytes, 4, "ftyp") && bytes.size() >= 16) return kind_of_brands(bytes);
    return Kind::unknown;
}

std::string_view bare_type(std::string_view media_type) noexcept {
    return trim(media_type.substr(0, media_type.find(';')));
}

bool check_image(std::string_view bytes, const Claim& claim, const config::AttachmentRules& rules, Finding& finding,
                 std::pmr::string& problem) {
    const std::string_view claimed = usual_type(claim.media_type);
    if (!claimed.empty() && find_allowed(rules, claimed) == nullptr) {
        refuse_type(problem, "says that it is ", claimed, rules);
        return false;
    }
    const Kind kind = kind_of(bytes);
    if (!is_image(kind) || !begins_well(kind, bytes)) {
        if (claimed.empty()) {
            problem = "is no picture: its bytes are ";
            append_kind(problem, is_image(kind) ? Kind::unknown : kind, bytes);
        } else {
            refuse_claim(problem, claimed, is_image(kind) ? Kind::unknown : kind, bytes);
        }
        return false;
    }
    if (find_allowed(rules, media_type_of(kind)) == nullptr) {
        refuse_type(problem, "is ", media_type_of(kind), rules);
        return false;
    }
    if (bytes.substr(0, front_bytes).find("%PDF-") != std::string_view::npos) {
        problem = "is a picture and a PDF at the same time";
        return false;
    }
    if (has_page_in_front(bytes)) {
        problem = "is a picture and a web page at the same time";
        return false;
    }
    if (has_archive_behind(bytes)) {
        problem = "is a picture and a ZIP archive at the same time";
        return false;
    }
    finding = {kind, media_type_of(kind), {}};
    return true;
}

bool check_file(std::string_view bytes, const Claim& claim, const config::AttachmentRules& rules, Finding& finding,
                std::pmr::string& problem) {
    const Kind kind = kind_of(bytes);
    std::string_view type = usual_type(claim.media_type);
    const bool claimed = !type.empty();
    if (!claimed) type = kind == Kind::unknown ? type_of_ending(claim.file_name) : media_type_of(kind);
    const std::pmr::string* const allowed = find_allowed(rules, type);
    if (allowed == nullptr) {
        refuse_type(problem, claimed ? "says that it is " : "is ", type, rules);
        return false;
    }
    if (equals_ignoring_case(type, "application/pdf")) {
        if (kind != Kind::pdf) {
            refuse_claim(problem, type, kind, bytes);
            return false;
        }
        if (has_archive_behind(bytes)) {
            problem = "is a PDF and a ZIP archive at the same time";
            return false;
        }
        finding = {kind, *allowed, {}};
        return true;
    }
    // "GIF89a" may begin a text, too; what a reader of PDF would open is none.
    if (kind == Kind::pdf || (kind != Kind::unknown && !is_text(bytes))) {
        refuse_claim(problem, type, kind, bytes);
        return false;
    }
    if (!read_text(bytes, problem)) return false;
    if (equals_ignoring_case(type, "application/json") && !check_json(bytes, problem)) return false;
    finding = {Kind::text, *allowed, bytes};
    return true;
}

}  // namespace gw::content
