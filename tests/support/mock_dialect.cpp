#include "support/mock_dialect.h"

namespace mock {
namespace {

std::string joined(const Pieces& pieces) {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    return all;
}

std::string quoted(const Pieces& pieces) { return json_string(joined(pieces)); }

std::string call_id(std::size_t index) { return "call_mock" + std::to_string(index + 1); }

std::string comma_joined(const Pieces& items) {
    std::string out;
    for (const std::string& item : items) out += (out.empty() ? "" : ",") + item;
    return out;
}

// --- OpenAI Responses ---

constexpr std::string_view response_head =
    R"({"id":"resp_mock","object":"response","created_at":1700000000,"model":"test-model",)";

std::string message_item(const Speech& speech, bool done) {
    const std::string content =
        done ? R"({"type":"output_text","text":)" + quoted(speech.texts) + R"(,"annotations":[]})" : "";
    return std::string(R"({"id":"msg_mock","type":"message","role":"assistant","status":")") +
           (done ? "completed" : "in_progress") + R"(","content":[)" + content + "]}";
}

std::string call_item(const ToolCall& tool, std::size_t index, bool done) {
    return R"({"id":"fc_mock)" + std::to_string(index) + R"(","type":"function_call","call_id":")" + call_id(index) +
           R"(","name":)" + json_string(tool.name) + R"(,"status":")" + (done ? "completed" : "in_progress") +
           R"(","arguments":)" + (done ? quoted(tool.arguments) : "\"\"") + "}";
}

std::string response_object(const Speech& speech, bool done) {
    Pieces items;
    if (done && !speech.texts.empty()) items.push_back(message_item(speech, true));
    if (done) {
        for (std::size_t index = 0; index < speech.tools.size(); ++index) {
            items.push_back(call_item(speech.tools[index], index, true));
        }
    }
    std::string out = std::string(response_head) + "\"status\":\"" + (done ? "completed" : "in_progress") +
                      "\",\"error\":null,\"output\":[" + comma_joined(items) + "]";
    if (done) out += R"(,"usage":{"input_tokens":9,"output_tokens":31,"total_tokens":40})";
    return out + "}";
}

std::vector<Event> responses_stream(const Speech& speech) {
    std::vector<Event> out;
    const auto event = [&](std::string type, const std::string& more) {
        out.push_back(
            {type, R"({"type":")" + type + R"(","sequence_number":)" + std::to_string(out.size()) + "," + more + "}"});
    };
    event("response.created", "\"response\":" + response_object(speech, false));
    event("response.in_progress", "\"response\":" + response_object(speech, false));
    std::size_t output_index = 0;
    if (!speech.texts.empty()) {
        const std::string place = R"("item_id":"msg_mock","output_index":0,"content_index":0,)";
        event("response.output_item.added", "\"output_index\":0,\"item\":" + message_item(speech, false));
        event("response.content_part.added", place + R"("part":{"type":"output_text","text":"","annotations":[]})");
        for (const std::string& text : speech.texts)
            event("response.output_text.delta", place + "\"delta\":" + json_string(text));
        event("response.output_text.done", place + "\"text\":" + quoted(speech.texts));
        event("response.content_part.done",
              place + R"("part":{"type":"output_text","text":)" + quoted(speech.texts) + R"(,"annotations":[]})");
        event("response.output_item.done", "\"output_index\":0,\"item\":" + message_item(speech, true));
        ++output_index;
    }
    for (std::size_t index = 0; index < speech.tools.size(); ++index, ++output_index) {
        const ToolCall& tool = speech.tools[index];
        const std::string at = "\"output_index\":" + std::to_string(output_index);
        const std::string place = R"("item_id":"fc_mock)" + std::to_string(index) + "\"," + at + ",";
        event("response.output_item.added", at + ",\"item\":" + call_item(tool, index, false));
        for (const std::string& piece : tool.arguments) {
            event("response.function_call_arguments.delta", place + "\"delta\":" + json_string(piece));
        }
        event("response.function_call_arguments.done", place + "\"arguments\":" + quoted(tool.arguments));
        event("response.output_item.done", at + ",\"item\":" + call_item(tool, index, true));
    }
    event("response.completed", "\"response\":" + response_object(speech, true));
    return out;
}

// --- Anthropic Messages ---

std::string_view anthropic_reason(const Speech& speech) { return speech.tools.empty() ? "end_turn" : "tool_use"; }

std::string anthropic_json(const Speech& speech) {
    Pieces blocks;
    if (!speech.texts.empty()) blocks.push_back(R"({"type":"text","text":)" + quoted(speech.texts) + "}");
    for (std::size_t index = 0; index < speech.tools.size(); ++index) {
        blocks.push_back(R"({"type":"tool_use","id":")" + call_id(index) + R"(","name":)" +
                         json_string(speech.tools[index].name) + ",\"input\":" + joined(speech.tools[index].arguments) +
                         "}");
    }
    return R"({"id":"msg_mock","type":"message","role":"assistant","model":"test-model","content":[)" +
           comma_joined(blocks) + R"(],"stop_reason":")" + std::string(anthropic_reason(speech)) +
           R"(","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":31}})";
}

std::vector<Event> anthropic_stream(const Speech& speech) {
    std::vector<Event> out;
    const auto event = [&](std::string type, const std::string& more) {
        out.push_back({type, R"({"type":")" + type + "\"" + (more.empty() ? "" : "," + more) + "}"});
    };
    event("message_start",
          R"("message":{"id":"msg_mock","type":"message","role":"assistant","model":"test-model","content":[],)"
          R"("stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}})");
    std::size_t block = 0;
    const auto open = [&](const std::string& content) {
        event("content_block_start", "\"index\":" + std::to_string(block) + ",\"content_block\":" + content);
    };
    const auto delta = [&](const std::string& content) {
        event("content_block_delta", "\"index\":" + std::to_string(block) + ",\"delta\":" + content);
    };
    const auto close = [&] { event("content_block_stop", "\"index\":" + std::to_string(block++)); };
    if (!speech.texts.empty()) {
        open(R"({"type":"text","text":""})");
        event("ping", "");
        for (const std::string& text : speech.texts) delta(R"({"type":"text_delta","text":)" + json_string(text) + "}");
        close();
    }
    for (std::size_t index = 0; index < speech.tools.size(); ++index) {
        open(R"({"type":"tool_use","id":")" + call_id(index) + R"(","name":)" + json_string(speech.tools[index].name) +
             ",\"input\":{}}");
        for (const std::string& piece : speech.tools[index].arguments) {
            delta(R"({"type":"input_json_delta","partial_json":)" + json_string(piece) + "}");
        }
        close();
    }
    event("message_delta", R"("delta":{"stop_reason":")" + std::string(anthropic_reason(speech)) +
                               R"(","stop_sequence":null},"usage":{"output_tokens":31})");
    event("message_stop", "");
    return out;
}

// --- Gemini ---

std::string gemini_json(const Pieces& parts, std::string_view finish) {
    std::string out = R"({"candidates":[{"content":{"parts":[)" + comma_joined(parts) + R"(],"role":"model"},)";
    if (!finish.empty()) out += "\"finishReason\":\"" + std::string(finish) + "\",";
    return out +
           R"("index":0}],"usageMetadata":{"promptTokenCount":9,"totalTokenCount":40},"modelVersion":"test-model"})";
}

std::string gemini_text(const std::string& text) { return "{\"text\":" + json_string(text) + "}"; }

std::string gemini_call(const ToolCall& tool) {
    return "{\"functionCall\":{\"name\":" + json_string(tool.name) + ",\"args\":" + joined(tool.arguments) + "}}";
}

std::vector<Event> gemini_stream(const Speech& speech) {
    std::vector<Event> out;
    for (const std::string& text : speech.texts) out.push_back({"", gemini_json({gemini_text(text)}, "")});
    for (const ToolCall& tool : speech.tools) out.push_back({"", gemini_json({gemini_call(tool)}, "")});
    out.push_back({"", gemini_json({gemini_text("")}, "STOP")});
    return out;
}

// --- Bedrock Converse ---

std::string_view bedrock_reason(const Speech& speech) { return speech.tools.empty() ? "end_turn" : "tool_use"; }

constexpr std::string_view bedrock_usage =
    R"("usage":{"inputTokens":9,"outputTokens":31,"totalTokens":40},"metrics":{"latencyMs":12})";

std::string bedrock_json(const Speech& speech) {
    Pieces blocks;
    if (!speech.texts.empty()) blocks.push_back("{\"text\":" + quoted(speech.texts) + "}");
    for (std::size_t index = 0; index < speech.tools.size(); ++index) {
        blocks.push_back(R"({"toolUse":{"toolUseId":")" + call_id(index) + R"(","name":)" +
                         json_string(speech.tools[index].name) + ",\"input\":" + joined(speech.tools[index].arguments) +
                         "}}");
    }
    return R"({"output":{"message":{"role":"assistant","content":[)" + comma_joined(blocks) + R"(]}},"stopReason":")" +
           std::string(bedrock_reason(speech)) + "\"," + std::string(bedrock_usage) + "}";
}

std::vector<Event> bedrock_stream(const Speech& speech) {
    // "p" pads the events so that their lengths tell nothing.
    std::vector<Event> out;
    out.push_back({"messageStart", R"({"p":"abc","role":"assistant"})"});
    std::size_t block = 0;
    const auto delta = [&](const std::string& content) {
        out.push_back({"contentBlockDelta", "{\"contentBlockIndex\":" + std::to_string(block) +
                                                ",\"delta\":" + content + R"(,"p":"abcdefgh"})"});
    };
    const auto close = [&] {
        out.push_back({"contentBlockStop", "{\"contentBlockIndex\":" + std::to_string(block++) + R"(,"p":"ab"})"});
    };
    if (!speech.texts.empty()) {
        for (const std::string& text : speech.texts) delta("{\"text\":" + json_string(text) + "}");
        close();
    }
    for (std::size_t index = 0; index < speech.tools.size(); ++index) {
        out.push_back({"contentBlockStart", "{\"contentBlockIndex\":" + std::to_string(block) +
                                                R"(,"p":"abcd","start":{"toolUse":{"name":)" +
                                                json_string(speech.tools[index].name) + R"(,"toolUseId":")" +
                                                call_id(index) + "\"}}}"});
        for (const std::string& piece : speech.tools[index].arguments) {
            delta("{\"toolUse\":{\"input\":" + json_string(piece) + "}}");
        }
        close();
    }
    out.push_back({"messageStop", R"({"p":"abcdef","stopReason":")" + std::string(bedrock_reason(speech)) + "\"}"});
    out.push_back({"metadata", "{" + std::string(bedrock_usage) + R"(,"p":"abcde"})"});
    return out;
}

// --- Ollama ---

constexpr std::string_view ollama_head = R"({"model":"test-model","created_at":"2023-11-14T22:13:20.123456789Z",)";

std::string ollama_line(const Route& route, const std::string& text, const std::string& calls, bool done) {
    std::string out(ollama_head);
    if (route.completion) {
        out += "\"response\":" + json_string(text);
    } else {
        out += R"("message":{"role":"assistant","content":)" + json_string(text) +
               (calls.empty() ? "" : ",\"tool_calls\":[" + calls + "]") + "}";
    }
    if (!done) return out + ",\"done\":false}";
    return out + R"(,"done":true,"done_reason":"stop","total_duration":5000000,"prompt_eval_count":9,"eval_count":31})";
}

std::string ollama_calls(const Speech& speech) {
    Pieces calls;
    for (const ToolCall& tool : speech.tools) {
        calls.push_back("{\"function\":{\"name\":" + json_string(tool.name) +
                        ",\"arguments\":" + joined(tool.arguments) + "}}");
    }
    return comma_joined(calls);
}

std::vector<Event> ollama_stream(const Route& route, const Speech& speech) {
    std::vector<Event> out;
    for (const std::string& text : speech.texts) out.push_back({"", ollama_line(route, text, "", false)});
    if (!speech.tools.empty()) out.push_back({"", ollama_line(route, "", ollama_calls(speech), false)});
    out.push_back({"", ollama_line(route, "", "", true)});
    return out;
}

}  // namespace

bool route_of(std::string_view target, Route& out) {
    const std::string_view path = target.substr(0, target.find('?'));
    const std::string_view query = path.size() == target.size() ? "" : target.substr(path.size() + 1);
    out = Route();
    if (path.ends_with("/chat/completions")) return true;
    if (path.ends_with("/responses")) return out.dialect = Dialect::openai_responses, true;
    if (path.ends_with("/messages")) return out.dialect = Dialect::anthropic, true;
    if (path.ends_with(":generateContent") || path.ends_with(":streamGenerateContent")) {
        out.dialect = Dialect::gemini;
        out.streams_by_path = path.ends_with(":streamGenerateContent");
        out.form = query.find("alt=sse") != std::string_view::npos ? StreamForm::sse : StreamForm::json_array;
        return true;
    }
    if (path.ends_with("/api/chat") || path.ends_with("/api/generate")) {
        out.dialect = Dialect::ollama;
        out.form = StreamForm::ndjson;
        out.streams_by_default = true;
        out.completion = path.ends_with("/generate");
        return true;
    }
    const bool converse = path.ends_with("/converse") || path.ends_with("/converse-stream");
    if (converse || path.ends_with("/invoke") || path.ends_with("/invoke-with-response-stream")) {
        out.dialect = Dialect::bedrock;
        out.form = StreamForm::aws_events;
        out.streams_by_path = path.ends_with("stream");
        out.anthropic_in_aws = !converse;
        return true;
    }
    return false;
}

std::vector<Event> stream_of(const Route& route, const Speech& speech) {
    switch (route.dialect) {
    case Dialect::openai_chat: break;
    case Dialect::openai_responses: return responses_stream(speech);
    case Dialect::anthropic: return anthropic_stream(speech);
    case Dialect::gemini: return gemini_stream(speech);
    case Dialect::bedrock: {
        if (!route.anthropic_in_aws) return bedrock_stream(speech);
        std::vector<Event> out;
        for (const Event& event : anthropic_stream(speech)) {
            out.push_back({"chunk", R"({"bytes":")" + base64(event.data) + R"(","p":"abc"})"});
        }
        return out;
    }
    case Dialect::ollama: return ollama_stream(route, speech);
    }
    return {};
}

std::string json_of(const Route& route, const Speech& speech) {
    switch (route.dialect) {
    case Dialect::openai_chat: break;
    case Dialect::openai_responses: return response_object(speech, true);
    case Dialect::anthropic: return anthropic_json(speech);
    case Dialect::gemini: {
        Pieces parts;
        if (!speech.texts.empty()) parts.push_back(gemini_text(joined(speech.texts)));
        for (const ToolCall& tool : speech.tools) parts.push_back(gemini_call(tool));
        return gemini_json(parts, "STOP");
    }
    case Dialect::bedrock: return route.anthropic_in_aws ? anthropic_json(speech) : bedrock_json(speech);
    case Dialect::ollama: return ollama_line(route, joined(speech.texts), ollama_calls(speech), true);
    }
    return {};
}

std::string_view content_type_of(StreamForm form) {
    switch (form) {
    case StreamForm::sse: return "text/event-stream; charset=utf-8";
    case StreamForm::ndjson: return "application/x-ndjson";
    case StreamForm::json_array: return "application/json; charset=UTF-8";
    case StreamForm::aws_events: return "application/vnd.amazon.eventstream";
    }
    return {};
}

Pieces encode(StreamForm form, const std::vector<Event>& events, const SseForm& sse_form) {
    switch (form) {
    case StreamForm::sse: return sse(events, sse_form);
    case StreamForm::ndjson: return ndjson(events);
    case StreamForm::json_array: return json_array(events);
    case StreamForm::aws_events: return aws_events(events);
    }
    return {};
}

}  // namespace mock
