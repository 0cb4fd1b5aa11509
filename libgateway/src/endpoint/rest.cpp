#include "endpoint/rest.h"

#include "core/calendar.h"

namespace gw::endpoint {

namespace {

constexpr std::string_view rest_message_begin = "event: message\ndata: ";

void write_rest_usage(json::Writer& w, const message::TokenUsage& usage) {
    w.key("usage").begin_object().member("promptTokens", usage.input).member("completionTokens", usage.output);
    w.member("totalTokens", usage.input + usage.output).end_object();
}

// A member that is a text, or not there.
bool read_rest_text(const json::Value& root, std::string_view name, std::string_view& out) {
    const json::Value value = root[name];
    if (!value.exists() || value.is(json::Kind::null)) return true;
    const auto text = value.as_string();
    if (text) out = *text;
    return text.has_value();
}

ApiError wrong_rest_field(std::string_view message, std::string_view param) {
    return {400, "invalid_request_error", message, "invalid_request", param};
}

}  // namespace

void write_envelope(Buffer& out, std::string_view data, std::uint64_t unix_ms) {
    json::Writer w(out);
    w.begin_object().member("success", true).key("data").raw(data);
    w.member("timestamp", format_timestamp(unix_ms).view()).end_object();
}

std::optional<ApiError> read_rest_chat(const json::Value& root, bool accepts_stream, RestChat& out) {
    if (!root.is(json::Kind::object)) return wrong_rest_field("The body must be a JSON object.", {});
    out.stream = accepts_stream;
    const auto message = root["message"].as_string();
    if (!message || message->find_first_not_of(" \t\r\n") == std::string_view::npos)
        return wrong_rest_field("`message` must be a text that is not empty.", "message");
    if (message->size() > rest_message_bytes_max)
        return wrong_rest_field("`message` is longer than 4194304 bytes.", "message");
    out.message = *message;
    if (!read_rest_text(root, "sessionId", out.session))
        return wrong_rest_field("`sessionId` must be a text.", "sessionId");
    if (!read_rest_text(root, "agentId", out.agent)) return wrong_rest_field("`agentId` must be a text.", "agentId");
    if (!read_rest_text(root, "model", out.model)) return wrong_rest_field("`model` must be a text.", "model");
    std::string_view channel = "api";
    if (!read_rest_text(root, "channel", channel) || channel != "api")
        return wrong_rest_field("`channel` must be \"api\": messages of other channels come from their own servers.",
                                "channel");
    if (const json::Value stream = root["stream"]; stream.exists() && !stream.is(json::Kind::null)) {
        const auto wanted = stream.as_bool();
        if (!wanted) return wrong_rest_field("`stream` must be true or false.", "stream");
        out.stream = *wanted;
    }
    return std::nullopt;
}

void write_rest_chat(Buffer& out, std::string_view text, const RestChatEnd& end) {
    json::Writer w(out);
    w.begin_object().member("message", text);
    if (!end.session.empty()) w.member("sessionId", end.session);
    w.member("model", end.model);
    if (end.blocked) w.member("blocked", true);
    write_rest_usage(w, end.usage);
    w.end_object();
}

void write_rest_chunk(Buffer& out, std::string_view text) {
    out.append(rest_message_begin);
    json::Writer(out).begin_object().member("type", "chunk").member("content", text).end_object();
    out.append("\n\n");
}

void write_rest_done(Buffer& out, const RestChatEnd& end) {
    out.append(rest_message_begin);
    json::Writer w(out);
    w.begin_object().member("type", "done");
    if (!end.session.empty()) w.member("sessionId", end.session);
    w.member("model", end.model);
    write_rest_usage(w, end.usage);
    w.end_object();
    out.append("\n\n");
}

void write_rest_failure(Buffer& out, std::string_view code, std::string_view message) {
    out.append(rest_message_begin);
    json::Writer(out)
        .begin_object()
        .member("type", "error")
        .member("code", code)
        .member("message", message)
        .end_object();
    out.append("\n\n");
}

}  // namespace gw::endpoint
