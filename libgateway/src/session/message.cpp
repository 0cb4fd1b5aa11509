#include "session/message.h"

#include <algorithm>

#include "core/text.h"
#include "session/space.h"

namespace gw::session {

namespace {

constexpr std::size_t block_bytes_max = 16384;  // of an envelope's JSON
constexpr std::size_t stamp_bytes_max = 200;    // of what stands in brackets

// "2026-11-20 10:21", with a space or a T.
bool is_moment(std::string_view text) noexcept {
    constexpr std::string_view shape = "dddd-dd-dd dd:dd";
    if (text.size() < shape.size()) return false;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool good = shape[i] == 'd'   ? is_digit(text[i])
                          : shape[i] == ' ' ? text[i] == ' ' || text[i] == 'T'
                                            : text[i] == shape[i];
        if (!good) return false;
    }
    return true;
}

// The size of "[… 2026-11-20 10:21 …]" at the front of a text, 0 when there is none.
std::size_t stamp_size(std::string_view text) noexcept {
    if (text.empty() || text.front() != '[') return 0;
    const std::size_t end = text.substr(0, stamp_bytes_max).find_first_of("]\n");
    if (end == std::string_view::npos || text[end] != ']') return 0;
    for (std::size_t i = 1; i < end; ++i) {
        if (is_moment(text.substr(i, end - i))) return end + 1;
    }
    return 0;
}

// Lines that the gateway put in front: the first says when, those that go on say only "System: ".
bool drop_system_lines(std::string_view& text) noexcept {
    constexpr std::string_view word = "System: ";
    if (!text.starts_with(word) || stamp_size(text.substr(word.size())) == 0) return false;
    while (text.starts_with(word)) {
        const std::size_t feed = text.find('\n');
        text.remove_prefix(feed == std::string_view::npos ? text.size() : feed + 1);
    }
    return true;
}

// "Sender (untrusted metadata):" and a fenced block of JSON below it.
bool drop_block(std::string_view& text, std::pmr::string& sender) {
    const std::size_t feed = text.substr(0, stamp_bytes_max).find('\n');
    if (feed == std::string_view::npos) return false;
    const std::string_view title = text.substr(0, feed);
    if (!title.ends_with("):") || title.find(" (untrusted") == std::string_view::npos) return false;
    std::string_view rest = text.substr(feed + 1);
    constexpr std::string_view open = "```json\n";
    constexpr std::string_view close = "\n```";
    if (!rest.starts_with(open)) return false;
    rest.remove_prefix(open.size());
    const std::size_t end = rest.find(close);
    if (end == std::string_view::npos) return false;
    if (sender.empty() && title.starts_with("Sender ") && end <= block_bytes_max) {
        json::Document document(sender.get_allocator().resource());
        if (document.parse(rest.substr(0, end))) {
            sender = first_characters(document.root()["label"].as_string().value_or(""), 200);
        }
    }
    text = rest.substr(end + close.size());
    return true;
}

void write_usage(json::Writer& w, const MessageUsage& usage) {
    const double total = usage.input_cost + usage.output_cost + usage.cache_read_cost + usage.cache_write_cost;
    w.begin_object()
        .member("input", usage.input)
        .member("output", usage.output)
        .member("cacheRead", usage.cache_read)
        .member("cacheWrite", usage.cache_write)
        .member("totalTokens", usage.input + usage.output + usage.cache_read + usage.cache_write)
        .key("cost")
        .begin_object();
    w.key("input").number(usage.input_cost).key("output").number(usage.output_cost);
    w.key("cacheRead").number(usage.cache_read_cost).key("cacheWrite").number(usage.cache_write_cost);
    w.key("total").number(total).end_object().end_object();
}

void write_text_part(json::Writer& w, std::string_view text) {
    w.begin_object().member("type", "text").member("text", text).end_object();
}

}  // namespace

void write_user_message(json::Writer& w, std::string_view text, std::uint64_t now_ms,
                        std::string_view idempotency_key) {
    w.begin_object().member("role", "user").key("content").begin_array();
    write_text_part(w, text);
    w.end_array().member("timestamp", now_ms);
    if (!idempotency_key.empty()) w.member("idempotencyKey", idempotency_key);
    w.end_object();
}

void write_assistant_message(json::Writer& w, const AssistantMessage& message, std::uint64_t now_ms) {
    w.begin_object().member("role", "assistant").key("content").begin_array();
    if (!message.thinking.empty()) {
        w.begin_object().member("type", "thinking").member("thinking", message.thinking).end_object();
    }
    if (!message.text.empty()) write_text_part(w, message.text);
    for (const ToolCallPart& call : message.calls) {
        w.begin_object().member("type", "toolCall").member("id", call.id).member("name", call.name);
        w.key("arguments").raw(call.arguments.empty() ? std::string_view("{}") : call.arguments).end_object();
    }
    w.end_array()
        .member("api", message.api)
        .member("provider", message.provider)
        .member("model", message.model)
        .key("usage");
    write_usage(w, message.usage);
    w.member("stopReason", message.stop_reason).member("timestamp", now_ms);
    if (!message.error_message.empty()) w.member("errorMessage", message.error_message);
    if (!message.idempotency_key.empty()) w.member("idempotencyKey", message.idempotency_key);
    if (!message.abort_origin.empty()) {
        w.key("openclawAbort")
            .begin_object()
            .member("aborted", true)
            .member("origin", message.abort_origin)
            .member("runId", message.abort_run_id)
            .end_object();
    }
    w.end_object();
}

void write_tool_result(json::Writer& w, std::string_view call_id, std::string_view tool, std::string_view text,
                       bool is_error, std::uint64_t now_ms) {
    w.begin_object().member("role", "toolResult").member("toolCallId", call_id).member("toolName", tool);
    w.key("content").begin_array();
    write_text_part(w, text);
    w.end_array().member("isError", is_error).member("timestamp", now_ms).end_object();
}

void write_injected_message(json::Writer& w, std::string_view text, std::string_view label, std::uint64_t now_ms,
                            std::pmr::memory_resource* memory) {
    std::pmr::string whole(memory);
    if (!label.empty()) whole.append("[").append(label).append("]\n\n");
    whole.append(text);
    AssistantMessage message;
    message.text = whole;
    message.api = "openai-responses";
    message.provider = injected_provider;
    message.model = injected_model;
    write_assistant_message(w, message, now_ms);
}

std::pmr::string message_text(const json::Value& message, std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    const json::Value content = message["content"];
    if (const auto text = content.as_string()) {
        out = *text;
        return out;
    }
    for (json::Value part = content.first(); part.exists(); part = part.next()) {
        const auto type = part["type"].as_string();
        if (type != "text" && type != "input_text" && type != "output_text") continue;
        const auto text = part["text"].as_string();
        if (!text || text->empty()) continue;
        if (!out.empty()) out += '\n';
        out.append(*text);
    }
    if (out.empty()) out = message["text"].as_string().value_or("");
    return out;
}

Unwrapped unwrap(std::string_view text, std::pmr::memory_resource* memory) {
    Unwrapped out{text, std::pmr::string(memory)};
    std::string_view rest = text;
    // Each of them as often as it comes, so a text can only become shorter.
    for (bool found = true; found;) {
        while (!rest.empty() && (rest.front() == '\n' || rest.front() == '\r')) rest.remove_prefix(1);
        found = drop_system_lines(rest) || drop_block(rest, out.sender);
    }
    if (const std::size_t stamp = stamp_size(rest); stamp > 0) {
        rest.remove_prefix(stamp);
        if (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    }
    // A channel's own number of the message, in a last line of its own.
    if (const std::size_t feed = rest.rfind('\n'); feed != std::string_view::npos) {
        const std::string_view last = trimmed(rest.substr(feed));
        if (last.starts_with("[message_id:") && last.ends_with("]")) rest = trimmed(rest.substr(0, feed));
    }
    out.text = rest;
    return out;
}

std::pmr::string without_directives(std::string_view text, std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t at = text.find("[[");
        if (at == std::string_view::npos) break;
        const std::string_view rest = text.substr(at + 2);
        const std::size_t end = rest.substr(0, stamp_bytes_max).find("]]");
        const std::string_view inside = end == std::string_view::npos ? "" : trimmed(rest.substr(0, end));
        const bool known =
            inside == "reply_to_current" || inside.starts_with("reply_to:") || inside == "audio_as_voice";
        out.append(text.substr(0, known ? at : at + 2));
        text = known ? rest.substr(end + 2) : rest;
        if (known && out.empty()) {
            while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
        }
    }
    out.append(text);
    return out;
}

bool is_silent(std::string_view text) noexcept { return trimmed(text) == "NO_REPLY"; }

std::string_view first_characters(std::string_view text, std::size_t count) noexcept {
    if (text.size() <= count) return text;
    std::size_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80) continue;
        if (seen++ == count) return text.substr(0, i);
    }
    return text;
}

std::pmr::string one_line(std::string_view text, std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    bool space = false;
    for (const char c : text) {
        if (is_space(c)) {
            space = !out.empty();
            continue;
        }
        if (space) out += ' ';
        space = false;
        out += c;
    }
    return out;
}

std::pmr::string title_of(std::string_view text, std::pmr::memory_resource* memory, std::size_t count) {
    // White space may be long; beyond this nobody looks for a title.
    std::pmr::string line = one_line(first_characters(text, count * 16), memory);
    if (first_characters(line, count).size() == line.size()) return line;
    std::string_view cut = first_characters(line, count - 1);
    const std::size_t space = cut.rfind(' ');
    if (space != std::string_view::npos && space > count * 6 / 10) cut = cut.substr(0, space);
    line.resize(cut.size());
    line.append("\xE2\x80\xA6");
    return line;
}

}  // namespace gw::session
