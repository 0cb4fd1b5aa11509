#include "support/mock_answer.h"

#include <algorithm>

namespace mock {
namespace {

constexpr std::string_view id = "chatcmpl-mock0123456789abcdef";
constexpr std::string_view model = "test-model";
constexpr std::string_view usage = R"({"prompt_tokens":9,"completion_tokens":31,"total_tokens":40})";
constexpr std::size_t json_answer_bytes = 1024;

// --- what is said ---

std::string text_of(std::size_t bytes, bool utf8) {
    static constexpr std::string_view plain = "The quick brown fox jumps over the lazy dog. ";
    // 2, 3 and 4 bytes a character, a joined emoji, and a combining accent. Pieces of it stay whole characters.
    static constexpr std::string_view mixed[] = {"Grüße ", "日本語 ", "👩‍🚀 ", "e\u0301 ", "ß"};
    std::string text;
    std::size_t next = 0;
    while (text.size() < bytes) {
        const std::string_view word = utf8 ? mixed[next++ % std::size(mixed)] : plain;
        if (utf8 && text.size() + word.size() > bytes) {
            text.append(bytes - text.size(), '.');
        } else {
            text += word.substr(0, bytes - text.size());
        }
    }
    return text;
}

std::string echo_text(const Request& request) {
    std::string out = "{\"method\":" + json_string(request.method) + ",\"target\":" + json_string(request.target);
    out += ",\"headers\":[";
    for (const auto& [name, value] : request.headers) {
        out += '[' + json_string(name) + ',' + json_string(value) + "],";
    }
    if (out.back() == ',') out.pop_back();
    return out + "],\"body\":" + json_string(request.body) + '}';
}

// Words as a model sends them, in sentences, and nothing that a rule could look for.
std::vector<std::string> prose(std::size_t count, bool space_behind) {
    static constexpr std::string_view words[] = {
        "the",    "river",   "runs",  "down",     "from",   "grey",  "hills", "past",  "small",  "farms",
        "and",    "slow",    "mills", "where",    "people", "sell",  "bread", "wool",  "in",     "early",
        "spring", "they",    "mend",  "walls",    "then",   "boats", "carry", "goods", "toward", "that",
        "quiet",  "harbour", "most",  "visitors", "stay",   "for",   "lunch", "walk",  "along",  "green",
        "fields", "watch",   "birds", "over",     "calm",   "water", "while", "older", "folk",   "tell",
        "long",   "stories", "of",    "winter",   "when",   "frost", "lay",   "on",    "every",  "roof"};
    std::vector<std::string> texts;
    std::uint32_t state = 1;
    for (std::size_t index = 0; index < count; ++index) {
        state = state * 1664525 + 1013904223;  // the same answer every time
        std::string word(words[(state >> 16) % std::size(words)]);
        if (index % 11 == 0) word[0] = static_cast<char>(word[0] - 'a' + 'A');
        if (index % 11 == 10) word += '.';
        texts.push_back(space_behind ? word + ' ' : ' ' + word);
    }
    return texts;
}

std::vector<std::string> deltas(const Options& options, const Request& request) {
    std::vector<std::string> texts;
    if (options.echo) {
        const std::string text = echo_text(request);
        for (std::size_t at = 0; at < text.size(); at += 64) texts.push_back(text.substr(at, 64));
        return texts;
    }
    if (options.prose || options.words) return prose(options.delta_count, options.words);
    static constexpr std::string_view words[] = {" alpha", " beta", " gamma", " delta", " epsilon", " zeta", " eta"};
    static constexpr std::string_view mixed[] = {" Grüße", " 日本語", " 👩‍🚀", " e\u0301", " naïve"};
    for (std::size_t index = 0; index < options.delta_count; ++index) {
        if (options.text_bytes != 0) {
            texts.push_back(text_of(options.text_bytes, options.utf8));
        } else if (options.utf8) {
            texts.emplace_back(mixed[index % std::size(mixed)]);
        } else {
            texts.emplace_back(words[index % std::size(words)]);
        }
    }
    return texts;
}

ToolCall weather_call() { return {"get_weather", {"{\"ci", "ty\":\"Pa", "ris\",\"unit\":", "\"°C\"}"}}; }

Speech speech_of(const Options& options, const Request& request) {
    if (options.tools) return {{}, {weather_call()}};
    return {deltas(options, request), {}};
}

std::string joined(const Pieces& pieces) {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    return all;
}

// --- OpenAI chat ---

std::string call_json(const ToolCall& tool, std::size_t index) {
    return R"({"id":"call_mock)" + std::to_string(index + 1) + R"(","type":"function","function":{"name":)" +
           json_string(tool.name) + R"(,"arguments":)" + json_string(joined(tool.arguments)) + "}}";
}

std::string chat_json(const Options& options, const Request& request, const Speech& speech, bool scripted) {
    const auto whole = [&](std::string_view message, std::string_view finish) {
        std::string head = "{\"id\":\"" + std::string(id) + R"(","object":"chat.completion","created":1700000000,)";
        if (options.odd)
            head =
                "{ \"x_first\" : [ 1 , 2.50 , null ],\n\t\"id\":\"" + std::string(id) + "\"  ,\"created\":1700000000, ";
        return head + "\"model\":\"" + std::string(model) +
               R"(","choices":[{"index":0,"message":{"role":"assistant",)" + std::string(message) +
               R"(},"logprobs":null,"finish_reason":")" + std::string(finish) + R"("}],"usage":)" + std::string(usage) +
               (options.odd ? " ,\"x_last\":{\"é\":1e3}\n}\n" : "}");
    };
    if (!speech.tools.empty()) {
        std::string calls;
        for (std::size_t index = 0; index < speech.tools.size(); ++index) {
            calls += (index == 0 ? "" : ",") + call_json(speech.tools[index], index);
        }
        const std::string text = speech.texts.empty() ? "null" : json_string(joined(speech.texts));
        return whole("\"content\":" + text + ",\"tool_calls\":[" + calls + "]", "tool_calls");
    }
    if (scripted) return whole("\"content\":" + json_string(joined(speech.texts)), "stop");
    if (options.echo) return whole("\"content\":" + json_string(echo_text(request)), "stop");
    const std::size_t frame = whole("\"content\":\"\"", "stop").size();
    const std::size_t bytes = options.text_bytes != 0     ? options.text_bytes
                              : frame < json_answer_bytes ? json_answer_bytes - frame
                                                          : 1;
    return whole("\"content\":" + json_string(text_of(bytes, options.utf8)), "stop");
}

std::string chunk_json(std::string_view choices, std::string_view more, bool odd) {
    std::string out = odd ? "{ \"x_obfuscation\":\"aZ 9\",  \"id\" : \"" : "{\"id\":\"";
    out += id;
    out += R"(","object":"chat.completion.chunk","created":1700000000,"model":")";
    out += model;
    out += odd ? "\", \"choices\":" : "\",\"choices\":";
    out += choices;
    out += more;
    return out + (odd ? " , \"x_last\":[1.0,1e2] }" : "}");
}

std::string choice(std::string_view delta, std::string_view finish) {
    return "[{\"index\":0,\"delta\":" + std::string(delta) +
           ",\"logprobs\":null,\"finish_reason\":" + std::string(finish) + "}]";
}

std::vector<Event> chat_stream(const Options& options, const Request& request, const Speech& speech) {
    std::vector<Event> data;
    const std::string stamp =
        options.stamp ? "," + std::string(stamp_member) + std::to_string(stamp_zero) : std::string();
    const auto chunk = [&](const std::string& choices) {
        data.push_back({"", chunk_json(choices, stamp, options.odd)});
    };
    chunk(choice(R"({"role":"assistant","content":""})", "null"));
    for (std::size_t index = 0; index < speech.texts.size(); ++index) {
        if (index == speech.texts.size() / 2 && options.bad_event) data.push_back({"", "{\"choices\":[{\"delta\":"});
        if (index == speech.texts.size() / 2 && options.error_event) {
            data.push_back({"", error_json(500, "the model fell over")});
            return data;
        }
        chunk(choice("{\"content\":" + json_string(speech.texts[index]) + "}", "null"));
    }
    for (std::size_t index = 0; index < speech.tools.size(); ++index) {
        const ToolCall& tool = speech.tools[index];
        const std::string at = R"({"tool_calls":[{"index":)" + std::to_string(index);
        chunk(choice(at + R"(,"id":"call_mock)" + std::to_string(index + 1) +
                         R"(","type":"function","function":{"name":)" + json_string(tool.name) +
                         R"(,"arguments":""}}]})",
                     "null"));
        for (const std::string& piece : tool.arguments) {
            chunk(choice(at + R"(,"function":{"arguments":)" + json_string(piece) + "}}]}", "null"));
        }
    }
    chunk(choice("{}", speech.tools.empty() ? "\"stop\"" : "\"tool_calls\""));
    if (request.include_usage) {
        data.push_back({"", chunk_json("[]", ",\"usage\":" + std::string(usage), options.odd)});
    }
    if (!options.no_done) data.push_back({"", "[DONE]"});
    return data;
}

// --- as bytes on the wire ---

Pieces body_of(const Route& route, const Speech& speech, const Options& options, const Request& request, bool stream,
               bool scripted) {
    const bool chat = route.dialect == Dialect::openai_chat;
    if (!stream) return {chat ? chat_json(options, request, speech, scripted) : json_of(route, speech)};
    const SseForm form{options.line_end, options.comments, options.byte_order_mark, options.odd};
    return encode(route.form, chat ? chat_stream(options, request, speech) : stream_of(route, speech), form);
}

Headers headers_of(const Options& options, std::string_view content_type) {
    Headers out{{"Content-Type", std::string(content_type)}, {"x-request-id", "req_mock"}};
    if (!options.retry_after.empty()) out.emplace_back("Retry-After", options.retry_after);
    if (options.gzip) out.emplace_back("Content-Encoding", "gzip");
    return out;
}

}  // namespace

bool streams(const Route& route, const Request& request) {
    return route.streams_by_path || request.stream.value_or(route.streams_by_default);
}

Pieces speak(const Route& route, const Speech& speech, const Options& options, const Request& request) {
    return body_of(route, speech, options, request, streams(route, request), true);
}

std::string error_json(int status, std::string_view message) {
    const std::string_view type = status == 401   ? "authentication_error"
                                  : status == 429 ? "rate_limit_error"
                                  : status >= 500 ? "server_error"
                                                  : "invalid_request_error";
    return "{\"error\":{\"message\":" + json_string(message) + ",\"type\":\"" + std::string(type) +
           "\",\"param\":null,\"code\":\"mock_" + std::to_string(status) + "\"}}";
}

Plan plan_json(int status, std::string_view body, bool keep_alive) {
    Plan plan;
    plan.pieces.push_back(
        head(status, headers_of(Options(), "application/json"), Framing::automatic, body.size(), keep_alive)
            .append(body));
    plan.ending = keep_alive ? Ending::keep : Ending::close;
    return plan;
}

Plan plan_answer(const Route& route, const Options& options, const Request& request) {
    Plan plan;
    plan.first_ns = options.first_ns;
    plan.gap_ns = options.gap_ns;
    plan.by_clock = options.by_clock;
    plan.stamped = options.stamp;
    plan.ending = options.ending;
    if (options.ending != Ending::keep && options.end_after == 0) {
        plan.whole = false;
        return plan;
    }
    if (options.nonsense) {
        plan.pieces = {"SSH-2.0-OpenSSH_9.2\r\n"};
        plan.ending = Ending::close;
        plan.whole = false;
        return plan;
    }

    const bool stream = streams(route, request) && options.status == 200;
    Pieces body;
    if (options.status == 200) {
        body = body_of(route, speech_of(options, request), options, request, stream, false);
    } else {
        body = {error_json(options.status, "mock error " + std::to_string(options.status))};
    }
    if (options.ending != Ending::keep && stream && options.end_after < body.size()) {
        body.resize(options.end_after);
        plan.whole = false;
    }
    if (options.cut != 0) body = cut(body, options.cut);
    if (options.split_utf8) body = cut_characters(body);
    if (options.gzip) body = compress(body);

    const std::size_t body_bytes = bytes_of(body);
    if (options.ending != Ending::keep && !stream && options.end_after < body_bytes) {
        body.front().resize(std::min(body.front().size(), options.end_after));
        plan.whole = false;
    }
    Framing framing = options.framing;
    if (framing == Framing::automatic && stream) framing = Framing::chunked;
    const bool keep_alive = request.keep_alive && !options.connection_close && framing != Framing::until_close;
    std::string first = options.early_hints ? "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" : "";
    first += head(options.status, headers_of(options, stream ? content_type_of(route.form) : "application/json"),
                  framing, body_bytes, keep_alive);
    if (framing == Framing::chunked) {
        for (std::string& piece : body) piece = in_chunk(piece);
        if (plan.whole) body.emplace_back(last_chunk);
    }
    plan.pieces = std::move(body);
    // A JSON answer is one write; a stream's header goes ahead, as servers do that begin before the model does.
    if (stream) {
        plan.pieces.insert(plan.pieces.begin(), first);
        // The end of the body goes with the last event.
        if (framing == Framing::chunked && plan.whole && plan.pieces.size() > 2) {
            plan.pieces[plan.pieces.size() - 2] += plan.pieces.back();
            plan.pieces.pop_back();
        }
    } else {
        for (const std::string& piece : plan.pieces) first += piece;
        plan.pieces = {std::move(first)};
    }
    if (options.coalesce) plan.pieces = cut(plan.pieces, SIZE_MAX / 2);
    if (options.wire_cut != 0) plan.pieces = cut(plan.pieces, options.wire_cut);
    if (plan.ending == Ending::keep && !keep_alive) plan.ending = Ending::close;
    return plan;
}

}  // namespace mock
