#include "support/mock_answer.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace mock {
namespace {

constexpr std::string_view id = "chatcmpl-mock0123456789abcdef";
constexpr std::string_view model = "test-model";
constexpr std::string_view usage = R"({"prompt_tokens":9,"completion_tokens":31,"total_tokens":40})";
constexpr std::size_t json_answer_bytes = 1024;

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

std::vector<std::string> deltas(const Options& options, const Request& request) {
    std::vector<std::string> texts;
    if (options.echo) {
        const std::string text = echo_text(request);
        for (std::size_t at = 0; at < text.size(); at += 64) texts.push_back(text.substr(at, 64));
        return texts;
    }
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

constexpr std::string_view tool_name = "get_weather";
constexpr std::string_view tool_pieces[] = {"{\"ci", "ty\":\"Pa", "ris\",\"unit\":", "\"°C\"}"};

std::string tool_call_json() {
    std::string arguments;
    for (const std::string_view piece : tool_pieces) arguments += piece;
    return R"([{"id":"call_mock1","type":"function","function":{"name":")" + std::string(tool_name) +
           R"(","arguments":)" + json_string(arguments) + "}}]";
}

std::string json_body(const Options& options, const Request& request) {
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
    if (options.tools) return whole("\"content\":null,\"tool_calls\":" + tool_call_json(), "tool_calls");
    if (options.echo) return whole("\"content\":" + json_string(echo_text(request)), "stop");
    const std::size_t frame = whole("\"content\":\"\"", "stop").size();
    const std::size_t bytes = options.text_bytes != 0     ? options.text_bytes
                              : frame < json_answer_bytes ? json_answer_bytes - frame
                                                          : 1;
    return whole("\"content\":" + json_string(text_of(bytes, options.utf8)), "stop");
}

// --- as a stream of events ---

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

std::vector<std::string> event_data(const Options& options, const Request& request) {
    std::vector<std::string> data;
    const auto chunk = [&](const std::string& choices) { data.push_back(chunk_json(choices, "", options.odd)); };
    chunk(choice(R"({"role":"assistant","content":""})", "null"));
    if (options.tools) {
        chunk(choice(R"({"tool_calls":[{"index":0,"id":"call_mock1","type":"function","function":{"name":")" +
                         std::string(tool_name) + R"(","arguments":""}}]})",
                     "null"));
        for (const std::string_view piece : tool_pieces) {
            chunk(
                choice(R"({"tool_calls":[{"index":0,"function":{"arguments":)" + json_string(piece) + "}}]}", "null"));
        }
    } else {
        const std::vector<std::string> texts = deltas(options, request);
        for (std::size_t index = 0; index < texts.size(); ++index) {
            if (index == texts.size() / 2 && options.bad_event) data.emplace_back("{\"choices\":[{\"delta\":");
            if (index == texts.size() / 2 && options.error_event) {
                data.push_back(error_json(500, "the model fell over"));
                return data;
            }
            chunk(choice("{\"content\":" + json_string(texts[index]) + "}", "null"));
        }
    }
    chunk(choice("{}", options.tools ? "\"tool_calls\"" : "\"stop\""));
    if (request.include_usage) data.push_back(chunk_json("[]", ",\"usage\":" + std::string(usage), options.odd));
    if (!options.no_done) data.emplace_back("[DONE]");
    return data;
}

std::vector<std::string> events(const Options& options, const Request& request) {
    const std::string_view end = options.line_end == LineEnd::crlf ? "\r\n"
                                 : options.line_end == LineEnd::cr ? "\r"
                                                                   : "\n";
    std::vector<std::string> out;
    for (const std::string& data : event_data(options, request)) {
        std::string event;
        if (out.empty() && options.byte_order_mark) event += "\xEF\xBB\xBF";
        if (options.comments) event.append(": keep-alive").append(end).append(end);
        event.append(options.odd ? "data:" : "data: ").append(data).append(end).append(end);
        out.push_back(std::move(event));
    }
    return out;
}

// --- as bytes on the wire ---

std::vector<std::string> cut(const std::vector<std::string>& pieces, std::size_t size) {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    std::vector<std::string> out;
    for (std::size_t at = 0; at < all.size(); at += size) out.push_back(all.substr(at, size));
    return out;
}

std::vector<std::string> cut_characters(const std::vector<std::string>& pieces) {
    std::vector<std::string> out(1);
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

// Each piece ends with a sync flush, so that a reader gets every event as it comes.
std::vector<std::string> compress(const std::vector<std::string>& pieces) {
    z_stream stream{};
    constexpr int gzip_window = 15 + 16;
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::runtime_error("deflateInit2");
    }
    std::vector<std::string> out;
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

std::string in_chunk(std::string_view piece) {
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    return std::string(size).append(piece).append("\r\n");
}

std::string head(const Options& options, std::string_view content_type, Framing framing, std::size_t body_bytes,
                 bool keep_alive) {
    std::string out;
    if (options.early_hints) out += "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n";
    out += "HTTP/1.1 " + std::to_string(options.status) + ' ' + std::string(reason(options.status)) + "\r\n";
    out += "Content-Type: " + std::string(content_type) + "\r\n";
    out += "x-request-id: req_mock\r\n";
    if (!options.retry_after.empty()) out += "Retry-After: " + options.retry_after + "\r\n";
    if (options.gzip) out += "Content-Encoding: gzip\r\n";
    if (framing == Framing::chunked) out += "Transfer-Encoding: chunked\r\n";
    if (framing == Framing::automatic) out += "Content-Length: " + std::to_string(body_bytes) + "\r\n";
    out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    return out;
}

}  // namespace

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

std::string error_json(int status, std::string_view message) {
    const std::string_view type = status == 401   ? "authentication_error"
                                  : status == 429 ? "rate_limit_error"
                                  : status >= 500 ? "server_error"
                                                  : "invalid_request_error";
    return "{\"error\":{\"message\":" + json_string(message) + ",\"type\":\"" + std::string(type) +
           "\",\"param\":null,\"code\":\"mock_" + std::to_string(status) + "\"}}";
}

Plan plan_json(int status, std::string_view body, bool keep_alive) {
    Options options;
    options.status = status;
    Plan plan;
    plan.pieces.push_back(head(options, "application/json", Framing::automatic, body.size(), keep_alive).append(body));
    plan.ending = keep_alive ? Ending::keep : Ending::close;
    return plan;
}

Plan plan_chat(const Options& options, const Request& request) {
    Plan plan;
    plan.first_ns = options.first_ns;
    plan.gap_ns = options.gap_ns;
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

    const bool stream = request.stream && options.status == 200;
    std::vector<std::string> body;
    if (stream) {
        body = events(options, request);
    } else {
        body = {options.status == 200 ? json_body(options, request)
                                      : error_json(options.status, "mock error " + std::to_string(options.status))};
    }
    if (options.ending != Ending::keep && stream && options.end_after < body.size()) {
        body.resize(options.end_after);
        plan.whole = false;
    }
    if (options.cut != 0) body = cut(body, options.cut);
    if (options.split_utf8) body = cut_characters(body);
    if (options.gzip) body = compress(body);

    std::size_t body_bytes = 0;
    for (const std::string& piece : body) body_bytes += piece.size();
    if (options.ending != Ending::keep && !stream && options.end_after < body_bytes) {
        body.front().resize(std::min(body.front().size(), options.end_after));
        plan.whole = false;
    }
    Framing framing = options.framing;
    if (framing == Framing::automatic && stream) framing = Framing::chunked;
    const bool keep_alive = request.keep_alive && !options.connection_close && framing != Framing::until_close;
    const std::string first = head(options, stream ? "text/event-stream; charset=utf-8" : "application/json", framing,
                                   body_bytes, keep_alive);
    if (framing == Framing::chunked) {
        for (std::string& piece : body) piece = in_chunk(piece);
        if (plan.whole) body.emplace_back("0\r\n\r\n");
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
        std::string all = first;
        for (const std::string& piece : plan.pieces) all += piece;
        plan.pieces = {std::move(all)};
    }
    if (options.coalesce) plan.pieces = cut(plan.pieces, SIZE_MAX / 2);
    if (options.wire_cut != 0) plan.pieces = cut(plan.pieces, options.wire_cut);
    if (plan.ending == Ending::keep && !keep_alive) plan.ending = Ending::close;
    return plan;
}

}  // namespace mock
