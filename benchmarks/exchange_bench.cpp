// The whole gateway in memory, through the C ABI, as a host without sockets: what the library itself costs.
//
//     stream_event/gateway/<piece>   events of one long stream from the upstream to the client; piece 0: each event
//     comes
//                                    alone, in one read, as it does from a model
//     stream_event/codecs            the same bytes, each event alone, through http1::Client, sse::Decoder and
//                                    http1::Server only: the bound for the engine around them
//     exchange/<what>                requests on a kept connection with their answers, upstream side included;
//                                    exchange/*_builtin: an event of the built-in agent
//     guardrail/<what>               the same through the guardrail proxy, with every rule of the default pack
#include <gateway/conn.h>
#include <gateway/event.h>

#include <optional>

#include "bench.h"
#include "core/text.h"
#include "http1/http1.h"
#include "inputs.h"
#include "sse/sse.h"

namespace gw::bench {
namespace {

constexpr std::string_view config_text = R"({
  gateway: { auth: { mode: "token", token: "sk-local-3f9a7d5e1c8b42609fd17a" }, http: { endpoints: { chatCompletions: { enabled: true }, responses: { enabled: true } } } },
  agents: { defaults: { model: { primary: "mock/large-model" } } },
  models: { providers: { mock: { baseUrl: "http://127.0.0.1:9/v1", apiKey: "key", models: [{ id: "large-model", name: "Large" }] } } },
})";

constexpr std::string_view builtin_config_text = R"({
  gateway: { auth: { mode: "none" }, http: { endpoints: { chatCompletions: { enabled: true }, responses: { enabled: true } } } },
})";

constexpr std::string_view guardrail_config_text = R"({
  gateway: { auth: { mode: "token", token: "sk-local-3f9a7d5e1c8b42609fd17a" } },
  guardrail: { enabled: true, mode: "action", rate_limit: { requests_per_second: 0 },
    test_upstreams: [{ address: "127.0.0.1:9", provider: "openai" }] },
})";

// One client and its upstream, whose bytes are thrown away when they were counted.
class Host {
public:
    explicit Host(const gw_host* host, std::string_view config = config_text) {
        gw_config_source source{};
        source.size = sizeof source;
        source.text = {config.data(), config.size()};
        if (gw_config_load(&source, host, &config_, nullptr) != GW_OK) return;
        gw_gateway_options options{};
        options.size = sizeof options;
        options.host = host;
        options.config = config_;
        options.services = GW_SERVICE_CONNECT | GW_SERVICE_RESOLVE;
        if (gw_gateway_new(&options, &gateway_) != GW_OK) return;
        tick();
        gw_peer peer{};
        peer.size = sizeof peer;
        peer.address = {"127.0.0.1", 9};
        (void)gw_conn_accept(gateway_, &peer, &client_);
        pump();
    }
    ~Host() {
        gw_gateway_free(gateway_);
        gw_config_free(config_);
    }
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    [[nodiscard]] gw_conn* client() const noexcept { return client_; }
    [[nodiscard]] gw_conn* upstream() const noexcept { return upstream_; }

    // One turn of a host's loop. False when there is no such connection any more, or the gateway refused the bytes.
    bool send(gw_conn* conn, std::string_view bytes) {
        if (conn == nullptr) return false;
        tick();
        const bool taken = gw_conn_recv(conn, bytes.data(), bytes.size()) == GW_OK;
        pump();
        return taken;
    }

    // Time goes on for once.
    void advance(std::uint64_t ms) {
        now_ms_ += ms;
        tick();
        pump();
    }

    std::size_t take_client_bytes() noexcept { return std::exchange(client_bytes_, 0); }
    std::size_t take_upstream_bytes() noexcept { return std::exchange(upstream_bytes_, 0); }

private:
    // Time stands still, so that no deadline ends what is measured.
    void tick() { (void)gw_gateway_tick(gateway_, now_ms_, 1767225600000); }

    void pump() {
        gw_event event{};
        event.size = sizeof event;
        while (gw_gateway_next_event(gateway_, &event) == GW_OK) {
            switch (event.type) {
            case GW_EVENT_OUTPUT: {
                gw_buf out{};
                while (gw_conn_take_output(event.conn, &out) == GW_OK) {
                    (event.conn == client_ ? client_bytes_ : upstream_bytes_) += out.len;
                    gw_buf_free(&out);
                }
                break;
            }
            case GW_EVENT_CONNECT:
                upstream_ = event.conn;
                (void)gw_conn_opened(event.conn);
                break;
            case GW_EVENT_CLOSE:
                if (event.conn == client_) client_ = nullptr;
                if (event.conn == upstream_) upstream_ = nullptr;
                gw_conn_free(event.conn);
                break;
            default: break;
            }
        }
    }

    gw_config* config_ = nullptr;
    gw_gateway* gateway_ = nullptr;
    gw_conn* client_ = nullptr;
    gw_conn* upstream_ = nullptr;
    std::uint64_t now_ms_ = 1000;
    std::size_t client_bytes_ = 0;
    std::size_t upstream_bytes_ = 0;
};

Wire stream_of_events() {
    return repeated([](std::size_t index) { return http_chunk(chat_event(index)); });
}

void stream_event(benchmark::State& state) {
    const CountedHost counted;
    Host host(counted.get());
    host.send(host.client(), sdk_request());
    host.send(host.upstream(), stream_head());
    const Wire wire = stream_of_events();
    const std::size_t size = piece_size(state);
    host.take_client_bytes();
    std::size_t content = 0;
    for (std::size_t index = 0; index < wire.items; ++index) content += chat_event(index).size();

    std::vector<std::string> each;
    for (std::size_t index = 0; size == 0 && index < wire.items; ++index) each.push_back(http_chunk(chat_event(index)));
    run(state, counted, wire.items, wire.bytes.size(), [&]() -> std::size_t {
        for (const std::string& event : each) host.send(host.upstream(), event);
        if (size != 0)
            for_each_piece(wire.bytes, size, [&](std::string_view piece) { host.send(host.upstream(), piece); });
        return host.take_client_bytes() >= content ? wire.items : 0;
    });
}

void stream_event_codecs(benchmark::State& state) {
    Memory memory;
    Buffer out(memory.pool());
    http1::Limits endless;
    endless.body_bytes_max = UINT64_MAX;
    http1::Client upstream(endless, memory.pool(), &memory.resource);
    http1::Server client({}, memory.pool(), &memory.resource);
    sse::Decoder events(1U << 20U, memory.pool(), &memory.resource);
    const std::string request = sdk_request();
    client.feed(as_bytes(request));
    for (auto event = client.next(); event && *event; event = client.next()) {
        if ((**event).kind == http1::EventKind::end) break;
    }
    client.send_head(out, 200, {}, http1::Framing::chunked, 0, 1767225600000);
    const http1::Header fields[] = {{"Host", "api.example.net"}};
    upstream.send_head(out, "GET", "/", fields, http1::Framing::none, 0);
    upstream.send_end(out);
    const std::string head = stream_head();
    upstream.feed(as_bytes(head));
    while (const auto event = upstream.next()) {
        if (!*event) break;
    }

    std::vector<std::string> each;
    const Wire wire = stream_of_events();
    for (std::size_t index = 0; index < wire.items; ++index) each.push_back(http_chunk(chat_event(index)));
    run(state, memory.host, wire.items, wire.bytes.size(), [&] {
        std::size_t count = 0;
        for (const std::string& piece : each) {
            upstream.feed(as_bytes(piece));
            for (auto event = upstream.next(); event && *event; event = upstream.next()) {
                if (!events.feed((**event).body)) return count;
                while (const auto sse_event = events.next()) {
                    client.send_body(out, as_bytes(sse_event->raw));
                    ++count;
                }
            }
            out.clear();
        }
        return count;
    });
}

// A request without an upstream.
void probe(benchmark::State& state) {
    const CountedHost counted;
    Host host(counted.get());
    const std::string request = small_request();
    run(state, counted, 1, request.size(),
        [&]() -> std::size_t { return host.send(host.client(), request) && host.take_client_bytes() != 0 ? 1 : 0; });
}

std::string responses_request() {
    const std::string body = R"({"model":"openclaw","stream":true,"input":"What is the weather like in Paris today?"})";
    return "POST /v1/responses HTTP/1.1\r\nHost: gateway.example.net:18789\r\nContent-Type: application/json\r\n"
           "Authorization: Bearer sk-local-3f9a7d5e1c8b42609fd17a\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

// The request of an SDK as a connector sends it to the guardrail proxy.
std::string connector_request(Answer answer = Answer::streamed) {
    std::string request = sdk_request(answer);
    request.insert(request.find("\r\n") + 2,
                   "X-DC-Auth: Bearer sk-local-3f9a7d5e1c8b42609fd17a\r\nX-DC-Target-URL: http://127.0.0.1:9\r\n");
    return request;
}

// A request that an upstream answers with `response`, on connections that are kept.
void proxied(benchmark::State& state, const std::string& request, const std::vector<std::string>& response,
             std::string_view config = config_text) {
    const CountedHost counted;
    Host host(counted.get(), config);
    std::size_t bytes = request.size();
    for (const std::string& piece : response) bytes += piece.size();
    const std::size_t content = chat_answer().size();
    run(state, counted, 1, bytes, [&]() -> std::size_t {
        if (!host.send(host.client(), request) || host.take_upstream_bytes() == 0) return 0;
        for (const std::string& piece : response) {
            if (!host.send(host.upstream(), piece)) return 0;
        }
        return host.take_client_bytes() >= content ? 1 : 0;
    });
}

// A streamed answer of the built-in agent, a word an event; each comes when its time has come.
void builtin(benchmark::State& state, const std::string& request) {
    const CountedHost counted;
    Host host(counted.get(), builtin_config_text);
    const auto answer = [&]() -> std::size_t {
        if (!host.send(host.client(), request)) return 0;
        std::size_t events = 0;
        for (int idle = 0; idle < 20; ++idle) {
            if (host.take_client_bytes() != 0) {
                ++events;
                idle = 0;
            }
            host.advance(1);
        }
        return events;
    };
    const std::size_t events = answer();
    run(state, counted, events, request.size(), answer);
}

}  // namespace
}  // namespace gw::bench

int main(int argc, char** argv) {
    using namespace gw::bench;
    benchmark::RegisterBenchmark("stream_event/gateway", stream_event)->Arg(0)->Arg(1)->Arg(16)->Arg(1400)->Arg(65536);
    add("stream_event/codecs", stream_event_codecs);

    std::vector<std::string> stream = {stream_head()};
    for (std::size_t index = 0; index < 33; ++index) stream.push_back(http_chunk(chat_event(index)));
    stream.push_back(http_chunk("data: [DONE]\n\n") + "0\r\n\r\n");
    std::string at_once;
    for (const std::string& piece : stream) at_once += piece;
    add("exchange/probe", probe);
    add("exchange/chat_1k",
        [](benchmark::State& state) { proxied(state, sdk_request(Answer::whole), {answer_response()}); });
    add("exchange/stream_34", [&](benchmark::State& state) { proxied(state, sdk_request(), stream); });
    add("exchange/stream_34_at_once", [&](benchmark::State& state) { proxied(state, sdk_request(), {at_once}); });
    // The same answer of the upstream, made into a Response on the way.
    add("exchange/responses_stream_34", [&](benchmark::State& state) { proxied(state, responses_request(), stream); });
    add("exchange/responses_stream_34_at_once",
        [&](benchmark::State& state) { proxied(state, responses_request(), {at_once}); });
    add("exchange/responses_builtin", [](benchmark::State& state) { builtin(state, responses_request()); });
    add("exchange/chat_builtin", [](benchmark::State& state) { builtin(state, sdk_request()); });
    add("guardrail/chat_1k", [](benchmark::State& state) {
        proxied(state, connector_request(Answer::whole), {answer_response()}, guardrail_config_text);
    });
    add("guardrail/stream_34",
        [&](benchmark::State& state) { proxied(state, connector_request(), stream, guardrail_config_text); });
    return run_all(argc, argv);
}
