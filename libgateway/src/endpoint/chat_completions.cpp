#include "endpoint/chat_completions.h"

#include "sse/sse.h"

namespace gw::endpoint {

namespace {

ApiError invalid(std::string_view message, std::string_view param = {}) {
    return {400, "invalid_request_error", message, {}, param};
}

std::string_view name(message::StopReason reason) {
    switch (reason) {
    case message::StopReason::stop: return "stop";
    case message::StopReason::length: return "length";
    case message::StopReason::tool_calls: return "tool_calls";
    case message::StopReason::content_filter: return "content_filter";
    }
    return "stop";
}

void write_usage(json::Writer& w, const message::Usage& usage) {
    w.key("usage").begin_object();
    w.member("prompt_tokens", usage.input_tokens).member("completion_tokens", usage.output_tokens);
    w.member("total_tokens", usage.input_tokens + usage.output_tokens).end_object();
}

// Numbers that every model takes in the same range, and that providers refuse with an error each of its own.
std::optional<ApiError> check_sampling(const json::Value& root) {
    struct Range {
        std::string_view name;
        double min, max;
        std::string_view message;
    };
    static constexpr Range ranges[] = {
        {"temperature", 0, 2, "`temperature` must be between 0 and 2."},
        {"top_p", 0, 1, "`top_p` must be between 0 and 1."},
        {"frequency_penalty", -2, 2, "`frequency_penalty` must be between -2 and 2."},
        {"presence_penalty", -2, 2, "`presence_penalty` must be between -2 and 2."},
    };
    for (const Range& range : ranges) {
        const json::Value value = root[range.name];
        if (!value.exists() || value.kind() == json::Kind::null) continue;
        const auto number = value.as_double();
        if (!number || !(*number >= range.min && *number <= range.max)) return invalid(range.message, range.name);
    }
    for (const std::string_view name : {"max_tokens", "max_completion_tokens"}) {
        const json::Value value = root[name];
        if (!value.exists() || value.kind() == json::Kind::null) continue;
        if (value.as_int().value_or(0) < 1)
            return invalid(name == "max_tokens" ? "`max_tokens` must be a whole number from 1 on."
                                                : "`max_completion_tokens` must be a whole number from 1 on.",
                           name);
    }
    const json::Value stop = root["stop"];
    if (stop.exists() && stop.kind() != json::Kind::null && !stop.as_string()) {
        if (!stop.is(json::Kind::array)) return invalid("Invalid stop: a string, or an array of strings.", "stop");
        std::size_t count = 0;
        for (json::Value one = stop.first(); one.exists(); one = one.next()) {
            if (!one.as_string()) return invalid("Invalid stop: every sequence is a string.", "stop");
            if (++count > 4) return invalid("Invalid stop: stop supports at most 4 sequences", "stop");
        }
    }
    const json::Value tools = root["tools"];
    const bool has_tools = tools.is(json::Kind::array) && tools.first().exists();
    if (tools.exists() && tools.kind() != json::Kind::null && !tools.is(json::Kind::array))
        return invalid("Invalid tools/tool_choice: `tools` must be an array.", "tools");
    const json::Value choice = root["tool_choice"];
    if (!has_tools && (choice.as_string() == "required" || choice.is(json::Kind::object)))
        return invalid("Invalid tools/tool_choice: a tool is demanded and `tools` has none.", "tool_choice");
    return std::nullopt;
}

}  // namespace

std::optional<ApiError> read_chat_request(const json::Value& root, ChatRequest& out) {
    if (!root.is(json::Kind::object)) return invalid("The body must be a JSON object.");
    out.model_value = root["model"];
    if (out.model_value.exists()) {
        const auto model = out.model_value.as_string();
        if (!model) return invalid("`model` must be a string.", "model");
        out.model = *model;
    }
    const json::Value stream = root["stream"];
    if (stream.exists() && stream.kind() != json::Kind::null) {
        if (!stream.as_bool()) return invalid("`stream` must be true or false.", "stream");
        out.stream = *stream.as_bool();
    }
    const json::Value user = root["user"];
    if (user.exists() && user.kind() != json::Kind::null) {
        if (!user.as_string()) return invalid("`user` must be a string.", "user");
        out.user = *user.as_string();
    }
    if (const auto error = check_sampling(root)) return error;
    out.include_usage = root["stream_options"]["include_usage"].as_bool().value_or(false);
    out.messages = root["messages"];
    if (!out.messages.is(json::Kind::array)) return invalid("`messages` must be an array of messages.", "messages");
    bool has_turn = false;
    for (json::Value message = out.messages.first(); message.exists(); message = message.next()) {
        const auto role = message["role"].as_string();
        if (!role) return invalid("Every message needs a `role`.", "messages");
        if (*role != "system" && *role != "developer") has_turn = true;
    }
    if (!has_turn) return invalid("Missing user message in `messages`.", "messages");
    return std::nullopt;
}

std::pmr::string last_user_text(const json::Value& messages, std::pmr::memory_resource* memory) {
    std::pmr::string text(memory);
    json::Value last;
    for (json::Value message = messages.first(); message.exists(); message = message.next()) {
        if (message["role"].as_string() == "user") last = message;
    }
    const json::Value content = last["content"];
    if (const auto plain = content.as_string()) {
        text = *plain;
        return text;
    }
    for (json::Value part = content.first(); part.exists(); part = part.next()) {
        const auto piece = part["text"].as_string();
        if (!piece) continue;
        if (!text.empty()) text += '\n';
        text += *piece;
    }
    return text;
}

void ChatWriter::chunk(Buffer& out, std::string_view delta_json, std::string_view finish_reason) {
    out.append("data: ");
    json::Writer w(out);
    w.begin_object().member("id", identity_.id).member("object", "chat.completion.chunk");
    w.member("created", identity_.created_s)
        .member("model", identity_.model)
        .key("choices")
        .begin_array()
        .begin_object();
    w.member("index", 0).key("delta").raw(delta_json).key("finish_reason");
    if (finish_reason.empty()) {
        w.null();
    } else {
        w.string(finish_reason);
    }
    w.end_object().end_array().end_object();
    out.append("\n\n");
}

void ChatWriter::begin(Buffer& out) {
    if (stream_) chunk(out, R"({"role":"assistant"})", {});
}

void ChatWriter::text(Buffer& out, std::string_view delta) {
    if (!stream_) {
        text_.append(delta);
        return;
    }
    text_.clear();
    json::Writer w(text_);
    w.begin_object().member("content", delta).end_object();
    chunk(out, text_.text(), {});
}

void ChatWriter::call(Buffer& out, std::string_view id, std::string_view tool, std::string_view arguments) {
    const auto write = [&](json::Writer& w) {
        w.begin_object();
        if (stream_) w.member("index", call_count_);
        w.member("id", id).member("type", "function").key("function").begin_object();
        w.member("name", tool).member("arguments", arguments).end_object().end_object();
    };
    if (stream_) {
        text_.clear();
        json::Writer w(text_);
        w.begin_object().key("tool_calls").begin_array();
        write(w);
        w.end_array().end_object();
        chunk(out, text_.text(), {});
    } else {
        if (call_count_ > 0) calls_.append(',');
        json::Writer w(calls_);
        write(w);
    }
    ++call_count_;
}

void ChatWriter::finish(Buffer& out, message::StopReason reason, const message::Usage& usage) {
    if (stream_) {
        chunk(out, "{}", name(reason));
        if (include_usage_) {
            out.append("data: ");
            json::Writer w(out);
            w.begin_object().member("id", identity_.id).member("object", "chat.completion.chunk");
            w.member("created", identity_.created_s)
                .member("model", identity_.model)
                .key("choices")
                .begin_array()
                .end_array();
            write_usage(w, usage);
            w.end_object();
            out.append("\n\n");
        }
        sse::encode_data(out, "[DONE]");
        return;
    }
    json::Writer w(out);
    w.begin_object().member("id", identity_.id).member("object", "chat.completion");
    w.member("created", identity_.created_s)
        .member("model", identity_.model)
        .key("choices")
        .begin_array()
        .begin_object();
    w.member("index", 0).key("message").begin_object().member("role", "assistant").key("content");
    if (text_.empty() && call_count_ > 0) {
        w.null();
    } else {
        w.string(text_.text());
    }
    if (call_count_ > 0) w.key("tool_calls").begin_array().raw(calls_.text()).end_array();
    w.end_object();
    w.member("finish_reason", name(reason)).end_object().end_array();
    write_usage(w, usage);
    w.end_object();
    text_.clear();
}

void write_stream_failure(Buffer& out, std::string_view message, std::string_view type) {
    out.append("data: ");
    write_error(out, {500, type, message, {}, {}});
    out.append("\n\n");
    sse::encode_data(out, "[DONE]");
}

}  // namespace gw::endpoint
