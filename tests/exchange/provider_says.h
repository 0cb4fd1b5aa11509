// What a provider with OpenAI's API answers, as bytes.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace gw::test {

inline std::string answer(std::string_view type, std::string_view body, std::string_view status = "200 OK") {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
inline constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
inline std::string chunk(std::string_view data) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return size + std::string(data) + "\r\n";
}
inline std::string delta(std::string_view json) {
    return "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":" + std::string(json) + "}]}\n\n";
}
inline std::string says(std::string_view text) { return delta("{\"content\":\"" + std::string(text) + "\"}"); }
inline std::string calls(std::string_view tool, std::string_view arguments, std::string_view id = "call_1") {
    return delta(R"({"tool_calls":[{"index":0,"id":")" + std::string(id) + R"(","function":{"name":")" +
                 std::string(tool) + R"(","arguments":")" + std::string(arguments) + R"("}}]})");
}
inline std::string stops(std::string_view reason = "stop") {
    return "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" + std::string(reason) +
           "\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,"
           "\"prompt_tokens_details\":{\"cached_tokens\":3}}}\n\ndata: [DONE]\n\n";
}
inline std::string sse(std::string_view events) { return answer("text/event-stream", events); }

}  // namespace gw::test
