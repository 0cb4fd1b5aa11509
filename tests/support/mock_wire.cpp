#include "support/mock_wire.h"

#include <zlib.h>

#include <cstdio>
#include <stdexcept>

namespace mock {
namespace {

std::string_view reason(int status) {
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Status";
    }
}

void append_number(std::string& out, std::uint32_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

std::uint32_t checksum(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

void append_aws_header(std::string& out, std::string_view name, std::string_view value) {
    constexpr char string_type = 7;
    append_number(out, static_cast<std::uint32_t>(name.size()), 1);
    out.append(name).push_back(string_type);
    append_number(out, static_cast<std::uint32_t>(value.size()), 2);
    out.append(value);
}

std::string aws_event(const Event& event) {
    const bool exception = event.type.starts_with('!');
    std::string headers;
    append_aws_header(headers, exception ? ":exception-type" : ":event-type",
                      std::string_view(event.type).substr(exception ? 1 : 0));
    append_aws_header(headers, ":content-type", "application/json");
    append_aws_header(headers, ":message-type", exception ? "exception" : "event");
    constexpr std::size_t frame_bytes = 16;  // two lengths and two checksums
    std::string out;
    append_number(out, static_cast<std::uint32_t>(frame_bytes + headers.size() + event.data.size()), 4);
    append_number(out, static_cast<std::uint32_t>(headers.size()), 4);
    append_number(out, checksum(out), 4);
    out.append(headers).append(event.data);
    append_number(out, checksum(out), 4);
    return out;
}

constexpr std::string_view base64_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

// --- streams ---

Pieces sse(const std::vector<Event>& events, const SseForm& form) {
    const std::string_view end = form.line_end == LineEnd::crlf ? "\r\n" : form.line_end == LineEnd::cr ? "\r" : "\n";
    const std::string_view space = form.tight ? "" : " ";
    Pieces out;
    for (const Event& event : events) {
        std::string text;
        if (out.empty() && form.byte_order_mark) text += "\xEF\xBB\xBF";
        if (form.comments) text.append(": keep-alive").append(end).append(end);
        if (!event.type.empty()) text.append("event:").append(space).append(event.type).append(end);
        text.append("data:").append(space).append(event.data).append(end).append(end);
        out.push_back(std::move(text));
    }
    return out;
}

Pieces ndjson(const std::vector<Event>& events) {
    Pieces out;
    for (const Event& event : events) out.push_back(event.data + '\n');
    return out;
}

Pieces json_array(const std::vector<Event>& events) {
    Pieces out;
    for (const Event& event : events) out.push_back((out.empty() ? "[" : ",\r\n") + event.data);
    if (out.empty()) out.emplace_back("[");
    out.back() += "]\n";
    return out;
}

Pieces aws_events(const std::vector<Event>& events) {
    Pieces out;
    for (const Event& event : events) out.push_back(aws_event(event));
    return out;
}

// --- cuts ---

Pieces cut(const Pieces& pieces, std::size_t size) {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    Pieces out;
    for (std::size_t at = 0; at < all.size(); at += size) out.push_back(all.substr(at, size));
    return out;
}

Pieces cut_at(const Pieces& pieces, const std::vector<std::size_t>& positions) {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    Pieces out;
    std::size_t begin = 0;
    for (const std::size_t position : positions) {
        if (position <= begin || position >= all.size()) continue;
        out.push_back(all.substr(begin, position - begin));
        begin = position;
    }
    if (begin < all.size()) out.push_back(all.substr(begin));
    return out;
}

Pieces cut_characters(const Pieces& pieces) {
    Pieces out(1);
    for (const std::string& piece : pieces) {
        for (const char c : piece) {
            out.back() += c;
            if (static_cast<unsigned char>(c) >= 0xC0) out.emplace_back();
        }
        if (!out.back().empty()) out.emplace_back();
    }
    out.pop_back();
    return out;
}

Pieces compress(const Pieces& pieces) {
    z_stream stream{};
    constexpr int gzip_window = 15 + 16;
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::runtime_error("deflateInit2");
    }
    Pieces out;
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        std::string input = pieces[index];
        std::string output(deflateBound(&stream, input.size()) + 64, '\0');
        stream.next_in = reinterpret_cast<Bytef*>(input.data());
        stream.avail_in = static_cast<uInt>(input.size());
        stream.next_out = reinterpret_cast<Bytef*>(output.data());
        stream.avail_out = static_cast<uInt>(output.size());
        deflate(&stream, index + 1 == pieces.size() ? Z_FINISH : Z_SYNC_FLUSH);
        output.resize(output.size() - stream.avail_out);
        out.push_back(std::move(output));
    }
    deflateEnd(&stream);
    return out;
}

std::size_t bytes_of(const Pieces& pieces) {
    std::size_t bytes = 0;
    for (const std::string& piece : pieces) bytes += piece.size();
    return bytes;
}

// --- HTTP ---

std::string in_chunk(std::string_view piece) {
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    return std::string(size).append(piece).append("\r\n");
}

std::string head(int status, const Headers& headers, Framing framing, std::size_t body_bytes, bool keep_alive) {
    std::string out = "HTTP/1.1 " + std::to_string(status) + ' ' + std::string(reason(status)) + "\r\n";
    for (const auto& [name, value] : headers) out.append(name).append(": ").append(value).append("\r\n");
    if (framing == Framing::chunked) out += "Transfer-Encoding: chunked\r\n";
    if (framing == Framing::automatic) out += "Content-Length: " + std::to_string(body_bytes) + "\r\n";
    out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    return out;
}

// --- text ---

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", byte);
            out += escape;
        } else {
            out += c;
        }
    }
    return out += '"';
}

std::string base64(std::string_view bytes) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t count = bytes.size() - at < 3 ? bytes.size() - at : 3;
        std::uint32_t group = 0;
        for (std::size_t index = 0; index < 3; ++index) {
            group = group << 8 | (index < count ? static_cast<unsigned char>(bytes[at + index]) : 0U);
        }
        for (std::size_t index = 0; index < 4; ++index) {
            out += index <= count ? base64_letters[group >> (18 - 6 * index) & 63] : '=';
        }
    }
    return out;
}

std::string from_base64(std::string_view text) {
    std::string out;
    std::uint32_t group = 0;
    int bits = 0;
    for (const char c : text) {
        const std::size_t value = base64_letters.find(c);
        if (value == std::string_view::npos) continue;  // padding, line ends
        group = group << 6 | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(group >> bits & 0xFF);
    }
    return out;
}

}  // namespace mock
