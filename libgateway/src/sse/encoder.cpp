#include <cassert>
#include <charconv>
#include <cstring>

#include "sse/sse.h"

namespace gw::sse {

namespace {

// Counts or writes, so that the size and the bytes come from the same statements.
class Sink {
public:
    explicit Sink(char* out) noexcept : out_(out) {}
    void put(std::string_view text) noexcept {
        if (out_ != nullptr && !text.empty()) std::memcpy(out_ + size_, text.data(), text.size());
        size_ += text.size();
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    char* out_;
    std::size_t size_ = 0;
};

// One field per line of text, which is split at LF, CR LF and CR: "a\n" is the lines "a" and "".
void put_lines(Sink& sink, std::string_view name, std::string_view text) noexcept {
    LineEnds lines;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (true) {
        const char* const line_end = lines.find(at, end);
        sink.put(name);
        sink.put(":");
        if (line_end != at) sink.put(" ");
        sink.put({at, static_cast<std::size_t>(line_end - at)});
        sink.put("\n");
        if (line_end == end) break;
        at = line_end + 1;
        if (*line_end == '\r' && at != end && *at == '\n') ++at;
    }
}

// Faster than find_first_of(), which looks for a set byte by byte.
bool has_any(std::string_view text, std::string_view bytes) noexcept {
    for (const char byte : bytes) {
        if (text.find(byte) != std::string_view::npos) return true;
    }
    return false;
}

void put_event(Sink& sink, std::string_view type, std::string_view data, std::string_view id,
               std::optional<std::uint32_t> retry_ms) noexcept {
    constexpr std::string_view breaks("\r\n\0", 3);
    if (!type.empty() && type != "message" && !has_any(type, "\r\n")) {
        put_lines(sink, "event", type);
    }
    if (!id.empty() && !has_any(id, breaks)) put_lines(sink, "id", id);
    if (retry_ms) {
        char digits[10];
        const auto written = std::to_chars(digits, digits + sizeof digits, *retry_ms);
        put_lines(sink, "retry", {digits, static_cast<std::size_t>(written.ptr - digits)});
    }
    put_lines(sink, "data", data);
    sink.put("\n");
}

}  // namespace

std::size_t encoded_size(std::string_view type, std::string_view data, std::string_view id,
                         std::optional<std::uint32_t> retry_ms) noexcept {
    Sink sink(nullptr);
    put_event(sink, type, data, id, retry_ms);
    return sink.size();
}

char* encode_to(char* out, std::string_view type, std::string_view data, std::string_view id,
                std::optional<std::uint32_t> retry_ms) noexcept {
    Sink sink(out);
    put_event(sink, type, data, id, retry_ms);
    return out + sink.size();
}

void encode(Buffer& out, std::string_view type, std::string_view data, std::string_view id,
            std::optional<std::uint32_t> retry_ms) {
    const std::size_t size = encoded_size(type, data, id, retry_ms);
    (void)encode_to(reinterpret_cast<char*>(out.prepare(size).data()), type, data, id, retry_ms);
    out.commit(size);
}

void encode_data(Buffer& out, std::string_view data) {
    assert(data.find('\n') == std::string_view::npos && data.find('\r') == std::string_view::npos);
    constexpr std::string_view start = "data: ";
    constexpr std::string_view end = "\n\n";
    const std::size_t size = start.size() + data.size() + end.size();
    char* at = reinterpret_cast<char*>(out.prepare(size).data());
    std::memcpy(at, start.data(), start.size());
    if (!data.empty()) std::memcpy(at + start.size(), data.data(), data.size());
    std::memcpy(at + start.size() + data.size(), end.data(), end.size());
    out.commit(size);
}

void encode_comment(Buffer& out, std::string_view text) {
    Sink counter(nullptr);
    put_lines(counter, "", text);
    Sink sink(reinterpret_cast<char*>(out.prepare(counter.size() + 1).data()));
    put_lines(sink, "", text);
    sink.put("\n");
    out.commit(sink.size());
}

}  // namespace gw::sse
