#include "http1/syntax.h"

#include <array>

#include "core/text.h"

namespace gw::http1 {

namespace {

enum Class : std::uint8_t { token = 1, target = 2, host = 4 };

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> classes{};
    const auto add = [&](std::string_view characters, std::uint8_t bits) {
        for (const char c : characters) classes[static_cast<unsigned char>(c)] |= bits;
    };
    for (unsigned c = 0; c < 256; ++c) {
        if (is_alpha(static_cast<char>(c)) || is_digit(static_cast<char>(c))) classes[c] |= token | host;
        if (c > 0x20 && c < 0x7F && c != '#') classes[c] |= target;  // a fragment is never sent: RFC 9110 7.1
    }
    add("!#$%&'*+-.^_`|~", token);
    // RFC 3986 3.2.2 without the comma: it would make the field a list for somebody else.
    add("-._~%!$&'()*+;=[]:", host);
    return classes;
}
constexpr std::array<std::uint8_t, 256> classes = make_classes();

bool has(char c, Class wanted) noexcept { return (classes[static_cast<unsigned char>(c)] & wanted) != 0; }

bool all(std::string_view text, Class wanted) noexcept {
    std::uint8_t common = 0xFF;
    for (const char c : text) common &= classes[static_cast<unsigned char>(c)];
    return (common & wanted) != 0;
}

// Takes the line end off. RFC 9112 2.2 lets a recipient take a bare LF as line end; two recipients that differ in this
// see different messages, so we do not.
Refusal take_line_end(std::string_view& line) noexcept {
    if (line.size() < 2 || line[line.size() - 2] != '\r') return Refusal::with(400, "a line does not end with CR LF");
    line.remove_suffix(2);
    return {};
}

// HTTP-version of RFC 9112 2.3. The major version decides about everything that follows, so 505 comes first.
Refusal parse_version(std::string_view text, std::uint8_t& minor) noexcept {
    if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !is_digit(text[5]) || text[6] != '.' ||
        !is_digit(text[7])) {
        return Refusal::with(400, "the start line has no HTTP version");
    }
    if (text[5] != '1' || text[7] > '1') return Refusal::with(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    minor = static_cast<std::uint8_t>(text[7] - '0');
    return {};
}

}  // namespace

bool is_token_char(char c) noexcept { return has(c, token); }
bool is_token(std::string_view text) noexcept { return !text.empty() && all(text, token); }
bool is_field_value(std::string_view text) noexcept {
    bool good =
        true;  // obs-text stays (RFC 9110 5.5); without an early end, so that the compiler takes 16 bytes at a time
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        good &= (byte >= 0x20) | (byte == '\t');
        good &= byte != 0x7f;
    }
    return good;
}
bool is_request_target(std::string_view text) noexcept { return !text.empty() && all(text, target); }
bool is_host(std::string_view text) noexcept { return !text.empty() && all(text, host); }

Refusal parse_request_line(std::string_view line, RequestLine& out) noexcept {
    if (const Refusal refusal = take_line_end(line)) return refusal;
    const std::size_t first = line.find(' ');
    const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) return Refusal::with(400, "the request line does not have three words");
    out.method = line.substr(0, first);
    out.target = line.substr(first + 1, second - first - 1);
    if (!is_token(out.method)) return Refusal::with(400, "the method is not a token");
    if (!is_request_target(out.target)) {
        return Refusal::with(400, "the request-target has a character that must not be there");
    }
    if (const Refusal refusal = parse_version(line.substr(second + 1), out.minor)) return refusal;
    if (out.target == "*" && out.method != "OPTIONS") {
        return Refusal::with(400, "only OPTIONS may ask for *");  // RFC 9112 3.2.4
    }
    return {};
}

Refusal parse_status_line(std::string_view line, StatusLine& out) noexcept {
    if (const Refusal refusal = take_line_end(line)) return refusal;
    if (const Refusal refusal = parse_version(line.substr(0, 8), out.minor)) return refusal;
    line.remove_prefix(8);
    if (line.size() < 4 || line[0] != ' ' || line[1] < '1' || line[1] > '9' || !is_digit(line[2]) ||
        !is_digit(line[3])) {
        return Refusal::with(400, "the status line has no status");
    }
    out.status = (line[1] - '0') * 100 + (line[2] - '0') * 10 + (line[3] - '0');
    line.remove_prefix(4);
    // The space belongs there even without a reason (RFC 9112 4), but enough servers leave it out.
    if (!line.empty() && line.front() != ' ') return Refusal::with(400, "the status is not followed by a space");
    out.reason = line.empty() ? line : line.substr(1);
    if (!is_field_value(out.reason)) return Refusal::with(400, "the reason phrase has a control character");
    return {};
}

Refusal check_field_line(std::string_view line) noexcept {
    if (const Refusal refusal = take_line_end(line)) return refusal;
    std::size_t colon = 0;
    while (colon < line.size() && has(line[colon], token)) ++colon;
    if (colon < line.size() && line[colon] == ':' && colon > 0) {
        if (is_field_value(line.substr(colon + 1))) return {};
        return Refusal::with(400, "a field value has a control character");
    }
    // RFC 9112 5.2: a server MUST reject obs-fold or replace it; replacing is how two readers come to differ.
    if (!line.empty() && (line.front() == ' ' || line.front() == '\t'))
        return Refusal::with(400, "a field line is folded");
    // RFC 9112 5.1: "MUST reject ... any received request message that contains whitespace between a header field name
    // and colon"; any other character that is no tchar goes the same way.
    return Refusal::with(400, "a field name is not a token followed by a colon");
}

Refusal parse_chunk_line(std::string_view line, ChunkLine& out) noexcept {
    if (const Refusal refusal = take_line_end(line)) return refusal;
    std::size_t digits = 0;
    out.size = 0;
    for (; digits < line.size() && hex_value(line[digits]) >= 0; ++digits) {
        // Sixteen digits hold every size; more of them is somebody's try at an overflow.
        if (digits == 16) return Refusal::with(400, "a chunk size has too many digits");
        out.size = out.size * 16 + static_cast<std::uint64_t>(hex_value(line[digits]));
    }
    if (digits == 0) return Refusal::with(400, "a chunk size is not a hexadecimal number");
    line.remove_prefix(digits);
    // RFC 9112 7.1.1 allows white space here, which is where parsers differ ("BWS"); nobody needs it.
    if (!line.empty() && line.front() != ';') return Refusal::with(400, "a chunk size is not a hexadecimal number");
    if (!is_field_value(line)) return Refusal::with(400, "a chunk extension has a control character");
    out.extension_bytes = line.size();
    return {};
}

}  // namespace gw::http1
