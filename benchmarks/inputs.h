// Inputs of the benchmarks, of the shape and size that clients and model providers send.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace gw::bench {

// About as much as the largest piece of the sweep, so that a piece of 65536 bytes is a full one.
inline constexpr std::size_t wire_bytes = 65536;

// The words of a streamed answer, in pieces as a model gives them.
inline std::string_view token(std::size_t index) {
    static constexpr std::string_view tokens[] = {
        "The",  " tide",     " comes", " in",     " twice",        " a",      " day",   ",",      " because",
        " the", " earth",    " turns", " under",  " two",          " bulges", " of",    " water", ".\\n\\n",
        "One",  " faces",    " the",   " moon",   " \xE2\x80\x94", " the",    " other", " lies",  " opposite",
        ";",    " **both**", " move",  " slowly", " with",         " it",     "."};
    return tokens[index % std::size(tokens)];
}

inline std::string chat_chunk(std::string_view token_text) {
    return R"({"id":"chatcmpl-B7kQ2mVx9sTfLr40aPdEwYhN1cZgU","object":"chat.completion.chunk","created":1767225600,)"
           R"("model":"large-model-2025-08-07","service_tier":"default","system_fingerprint":"fp_5c0a8b12ef","choices":)"
           R"([{"index":0,"delta":{"content":")" +
           std::string(token_text) + R"("},"logprobs":null,"finish_reason":null}],"obfuscation":"q7Rk"})";
}

// One event of a stream of chat chunks, and one of a stream of named events (two lines).
inline std::string chat_event(std::size_t index) { return "data: " + chat_chunk(token(index)) + "\n\n"; }
inline std::string named_event(std::size_t index) {
    return "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":" +
           std::to_string(index) + R"(,"item_id":"msg_68a1f0c29d7c81a2","output_index":0,"content_index":0,"delta":")" +
           std::string(token(index)) + "\",\"logprobs\":[]}\n\n";
}

inline std::string http_chunk(std::string_view data) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return size + std::string(data) + "\r\n";
}

// A wire of whole items, and how many there are.
struct Wire {
    std::string bytes;
    std::size_t items = 0;
};
template <typename Make>
Wire repeated(Make make, std::size_t bytes = wire_bytes) {
    Wire wire;
    while (wire.bytes.size() < bytes) wire.bytes += make(wire.items++);
    return wire;
}

// Prose for messages, as the inside of a JSON string: a line break and a quotation every few sentences.
inline std::string prose(std::size_t size) {
    static constexpr std::string_view sentences[] = {
        "A lighthouse keeper counts ships, not hours. ",
        "When the fog is thick he winds the bell by hand, ",
        "and the sound carries about four miles over flat water.\\n",
        "Nobody answers, but he writes the time into a book: \\\"22:40, fog, one vessel\\\". ",
        "In spring the caf\xC3\xA9 on the pier opens again. ",
        "Then there are voices, a radio, gulls; ",
        "the list grows shorter every year, he says, since the ships can see for themselves.\\n\\n"};
    std::string text;
    for (std::size_t index = 0; text.size() < size; ++index) text += sentences[index % std::size(sentences)];
    return text;
}

enum class Answer { streamed, whole };

inline std::string chat_question(Answer answer = Answer::streamed) {
    return std::string(R"({"model":"openclaw",)") +
           (answer == Answer::streamed ? R"("stream":true,"stream_options":{"include_usage":true},)" : "") +
           R"("temperature":0.7,"messages":[)"
           R"({"role":"system","content":"You are a patient teacher."},{"role":"user","content":"Why are there two tides a day?"}]})";
}

// A whole answer of about 1 KB.
inline std::string chat_answer() {
    return R"({"id":"chatcmpl-B7kQ2mVx9sTfLr40aPdEwYhN1cZgU","object":"chat.completion","created":1767225600,)"
           R"("model":"large-model-2025-08-07","choices":[{"index":0,"message":{"role":"assistant","content":")" +
           prose(520) +
           R"(","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":31,)"
           R"("completion_tokens":128,"total_tokens":159,"prompt_tokens_details":{"cached_tokens":0}},)"
           R"("service_tier":"default","system_fingerprint":"fp_5c0a8b12ef"})";
}

// The request of an agent that is at work: sixty messages, some of them calls of tools.
inline std::string long_conversation() {
    std::string text =
        R"({"model":"large-model","stream":true,"messages":[{"role":"system","content":")" + prose(3000) + "\"}";
    for (int turn = 0; turn < 20; ++turn) {
        const std::string id = "call_" + std::to_string(100000 + turn);
        text += R"(,{"role":"user","content":")" + prose(300) +
                R"("},{"role":"assistant","content":null,"tool_calls":[{"id":")" + id +
                R"(","type":"function","function":{"name":"read_file","arguments":"{\"path\":\"log/2025-11-)" +
                std::to_string(10 + turn) + R"(.txt\",\"lines\":[1,400]}"}}]},{"role":"tool","tool_call_id":")" + id +
                R"(","content":")" + prose(2400) + "\"}";
    }
    return text +
           R"(],"temperature":0.2,"tools":[{"type":"function","function":{"name":"read_file","parameters":)"
           R"({"type":"object","properties":{"path":{"type":"string"},"lines":{"type":"array","items":{"type":"integer"}}}}}}]})";
}

// Requests with their bodies.
inline std::string sdk_request(Answer answer = Answer::streamed) {
    const std::string body = chat_question(answer);
    return "POST /v1/chat/completions HTTP/1.1\r\n"
           "Host: gateway.example.net:18789\r\n"
           "Accept-Encoding: gzip, deflate\r\n"
           "Connection: keep-alive\r\n"
           "Accept: application/json\r\n"
           "Content-Type: application/json\r\n"
           "User-Agent: OpenAI/Python 1.99.9\r\n"
           "X-Stainless-Lang: python\r\n"
           "X-Stainless-Package-Version: 1.99.9\r\n"
           "X-Stainless-OS: Linux\r\n"
           "X-Stainless-Arch: x64\r\n"
           "X-Stainless-Runtime: CPython\r\n"
           "X-Stainless-Runtime-Version: 3.11.2\r\n"
           "Authorization: Bearer sk-local-3f9a7d5e1c8b42609fd17a\r\n"
           "X-Stainless-Async: false\r\n"
           "x-stainless-retry-count: 0\r\n"
           "x-stainless-read-timeout: 600\r\n"
           "Content-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline std::string browser_request() {
    return "GET /assets/console/index.html?session=7f3b&view=runs HTTP/1.1\r\n"
           "Host: gateway.example.net\r\n"
           "Connection: keep-alive\r\n"
           "Cache-Control: max-age=0\r\n"
           "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\n"
           "sec-ch-ua-mobile: ?0\r\n"
           "sec-ch-ua-platform: \"Linux\"\r\n"
           "Upgrade-Insecure-Requests: 1\r\n"
           "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
           "Safari/537.36\r\n"
           "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
           "Sec-Fetch-Site: same-origin\r\n"
           "Sec-Fetch-Mode: navigate\r\n"
           "Sec-Fetch-User: ?1\r\n"
           "Sec-Fetch-Dest: document\r\n"
           "Referer: https://gateway.example.net/assets/console/\r\n"
           "Accept-Encoding: gzip, deflate, br, zstd\r\n"
           "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
           "Cookie: theme=dark; console_session=eyJ2IjoxLCJpZCI6IjdmM2I5YzUxIn0; last_view=runs%2F2025-11\r\n"
           "If-None-Match: W/\"1c8f-199f3b5a7d0\"\r\n"
           "\r\n";
}

inline std::string small_request() {
    return "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:18789\r\nUser-Agent: probe/1\r\nAccept: */*\r\n\r\n";
}

// Heads of a model provider's answers.
inline std::string provider_head(std::string_view type, std::string_view framing) {
    return "HTTP/1.1 200 OK\r\n"
           "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
           "Content-Type: " +
           std::string(type) + "\r\n" + std::string(framing) +
           "Connection: keep-alive\r\n"
           "access-control-expose-headers: X-Request-ID\r\n"
           "openai-processing-ms: 412\r\n"
           "openai-version: 2020-10-01\r\n"
           "x-ratelimit-limit-requests: 10000\r\n"
           "x-ratelimit-remaining-requests: 9999\r\n"
           "x-request-id: req_5b0e6c2f9a1d4b7c8e3f\r\n"
           "strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
           "Cache-Control: no-cache\r\n"
           "\r\n";
}
inline std::string stream_head() {
    return provider_head("text/event-stream; charset=utf-8", "Transfer-Encoding: chunked\r\n");
}
inline std::string answer_response() {
    const std::string body = chat_answer();
    return provider_head("application/json", "Content-Length: " + std::to_string(body.size()) + "\r\n") + body;
}

}  // namespace gw::bench
