// The body of a request to any endpoint that reads one, through a whole gateway: there is an answer, which is no error of
// ours, what the gateway keeps stays bounded, and when it ends nothing is left.
//
//     first byte: size of the pieces   second: the endpoint   the rest: the body
#include <gateway/gateway.h>

#include <cstdlib>
#include <utility>

#include "support/fuzz.h"

namespace {

using gw::fuzz::check;

constexpr std::string_view config_text = R"({
  gateway: { auth: { mode: "none" }, controlUi: { enabled: false },
             http: { rateLimit: { requests: 0 },
                     endpoints: { chatCompletions: { enabled: true }, responses: { enabled: true } } } },
  hooks: { enabled: true, token: "a-token-of-hooks", mappings: [
    { match: { path: "any" }, messageTemplate: "{{a.b[0].c}} {{headers.host}} {{query.x}}" } ] },
})";
constexpr std::size_t kept_bytes_max = std::size_t{48} << 20U;

std::size_t live_bytes = 0;
void* allocate(void*, std::size_t size) {
    live_bytes += size;
    return std::malloc(size);
}
void release(void*, void* memory, std::size_t size) {
    live_bytes -= size;
    std::free(memory);
}
bool fixed(void*, void* out, std::size_t size) {
    static std::uint64_t state = 1;
    for (std::size_t i = 0; i < size; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        static_cast<unsigned char*>(out)[i] = static_cast<unsigned char>(state >> 56U);
    }
    return true;
}

gw_str text_of(std::string_view text) { return {text.data(), text.size()}; }

// One gateway for all inputs; it ends with the program.
class Server {
public:
    Server() {
        host_.size = sizeof host_;
        host_.alloc = allocate;
        host_.free = release;
        host_.random = fixed;
        gw_config_source source{};
        source.size = sizeof source;
        source.text = text_of(config_text);
        gw_buf problems{};
        gw_gateway_options options{};
        options.size = sizeof options;
        options.host = &host_;
        check(gw_config_load(&source, &host_, &config_, &problems) == GW_OK, "the configuration is one");
        gw_buf_free(&problems);
        options.config = config_;
        check(gw_gateway_new(&options, &gateway_) == GW_OK, "the gateway begins");
        advance(1);
    }
    ~Server() {
        gw_gateway_free(gateway_);
        gw_config_free(config_);
        check(live_bytes == 0, "nothing is left");
    }

    std::string ask(std::string_view request, std::size_t step) {
        gw_peer peer{};
        peer.size = sizeof peer;
        peer.address = text_of("127.0.0.1");
        check(gw_conn_accept(gateway_, &peer, &conn_) == GW_OK, "a client comes in");
        received_.clear();
        while (!request.empty() && conn_ != nullptr) {
            const std::string_view piece = request.substr(0, step == 0 ? request.size() : step * 16);
            check(gw_conn_recv(conn_, piece.data(), piece.size()) != GW_ERR_NO_MEMORY, "there is memory");
            request.remove_prefix(piece.size());
            pump();
        }
        for (int turns = 0; turns < 2000 && !whole() && conn_ != nullptr; ++turns) advance(50);
        if (conn_ != nullptr) gw_conn_free(std::exchange(conn_, nullptr));
        pump();
        return received_;
    }

private:
    void advance(std::uint64_t ms) {
        now_ms_ += ms;
        check(gw_gateway_tick(gateway_, now_ms_, 1767225600000 + now_ms_) == GW_OK, "time goes on");
        pump();
    }
    void pump() {
        gw_event event{};
        event.size = sizeof event;
        gw_buf out{};
        while (conn_ != nullptr && gw_conn_take_output(conn_, &out) == GW_OK) {
            received_.append(static_cast<const char*>(out.data), out.len);
            gw_buf_free(&out);
        }
        while (gw_gateway_next_event(gateway_, &event) == GW_OK) {
            if (event.type == GW_EVENT_OUTPUT) {
                while (gw_conn_take_output(event.conn, &out) == GW_OK) {
                    received_.append(static_cast<const char*>(out.data), out.len);
                    gw_buf_free(&out);
                }
            } else if (event.type == GW_EVENT_CLOSE) {
                gw_conn_free(event.conn);
                conn_ = nullptr;
            }
        }
    }
    // A head, and as much behind it as that says.
    [[nodiscard]] bool whole() const {
        const std::size_t head = received_.find("\r\n\r\n");
        if (head == std::string::npos) return false;
        if (received_.find("Transfer-Encoding: chunked") < head) return received_.ends_with("0\r\n\r\n");
        const std::size_t length = received_.find("Content-Length: ");
        if (length > head) return true;
        return received_.size() >= head + 4 + std::strtoul(received_.c_str() + length + 16, nullptr, 10);
    }

    gw_host host_{};
    gw_config* config_ = nullptr;
    gw_gateway* gateway_ = nullptr;
    gw_conn* conn_ = nullptr;
    std::uint64_t now_ms_ = 1000;
    std::string received_;
};

struct Endpoint {
    char letter;
    std::string_view target, fields;
};
constexpr std::string_view hook_token = "X-OpenClaw-Token: a-token-of-hooks\r\n";
constexpr Endpoint endpoints[] = {
    {'c', "/v1/chat/completions", {}}, {'r', "/v1/responses", {}},       {'e', "/v1/embeddings", {}},
    {'t', "/tools/invoke", {}},        {'a', "/api/chat", {}},           {'s', "/api/sessions/fuzz", {}},
    {'h', "/hooks/agent", hook_token}, {'w', "/hooks/wake", hook_token}, {'m', "/hooks/any?x=1", hook_token},
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Server server;
    if (size < 2) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
    const Endpoint* endpoint = &endpoints[data[1] % std::size(endpoints)];
    for (const Endpoint& one : endpoints) {
        if (one.letter == static_cast<char>(data[1])) endpoint = &one;
    }
    std::string request = "POST " + std::string(endpoint->target) + " HTTP/1.1\r\nHost: localhost\r\n";
    request.append(endpoint->fields).append("Content-Type: application/json\r\nContent-Length: ");
    request.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    const std::string answer = server.ask(request, data[0]);
    check(answer.starts_with("HTTP/1.1 "), "there is an answer");
    const int status = std::atoi(answer.c_str() + 9);
    check(status == 200 || (status >= 400 && status <= 504), "with a status of an answer");
    check(status != 500, "nothing that a body says is an error of ours");
    check(answer.find("\r\nX-Request-Id: ") != std::string::npos, "and an id");
    check(live_bytes < kept_bytes_max, "what is kept is bounded");
    return 0;
}
