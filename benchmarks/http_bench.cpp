// HTTP/1.1: what the codec costs beside llhttp alone, whose callbacks do nothing: the lower bound of anything on it.
//
//     read_head/<request>/{gateway,llhttp}/<piece>   requests one after the other, one item each
//     read_chunks/{gateway,llhttp}/<piece>           a provider's stream, one event in a chunk, one item each
//     write_chunk                                    the same events on their way out
//     serve/<request>                                a request and its answer of 1 KB, through Server
#include <llhttp.h>

#include <optional>

#include "bench.h"
#include "core/text.h"
#include "http1/http1.h"
#include "http1/reader.h"
#include "inputs.h"

namespace gw::bench {
namespace {

using http1::EventKind;

constexpr std::uint64_t new_year_ms = 1767225600000;

// llhttp with a callback for everything that http1 looks at, and nothing behind it.
class BareParser {
public:
    explicit BareParser(llhttp_type_t type) noexcept {
        static const llhttp_settings_t settings = [] {
            const auto text = [](llhttp_t*, const char*, std::size_t) { return 0; };
            const auto done = [](llhttp_t*) { return 0; };
            llhttp_settings_t callbacks{};
            callbacks.on_url = text;
            callbacks.on_status = text;
            callbacks.on_header_field = text;
            callbacks.on_header_value = text;
            callbacks.on_body = text;
            callbacks.on_headers_complete = done;
            callbacks.on_chunk_header = [](llhttp_t* parser) {
                static_cast<BareParser*>(parser->data)->chunks_ += parser->content_length != 0;
                return 0;
            };
            callbacks.on_message_complete = [](llhttp_t* parser) {
                ++static_cast<BareParser*>(parser->data)->messages_;
                return 0;
            };
            return callbacks;
        }();
        llhttp_init(&parser_, type, &settings);
        parser_.data = this;
    }
    bool feed(std::string_view piece) noexcept {
        return llhttp_execute(&parser_, piece.data(), piece.size()) == HPE_OK;
    }
    std::size_t take_messages() noexcept { return std::exchange(messages_, 0); }
    std::size_t take_chunks() noexcept { return std::exchange(chunks_, 0); }

private:
    llhttp_t parser_{};
    std::size_t messages_ = 0;
    std::size_t chunks_ = 0;
};

void read_head(benchmark::State& state, const Wire& wire) {
    Memory memory;
    http1::Reader reader(http1::Role::request, {}, memory.pool());
    run(state, memory.host, wire.items, wire.bytes.size(), [&] {
        std::size_t heads = 0;
        for_each_piece(wire.bytes, piece_size(state), [&](std::string_view piece) {
            reader.feed(piece);
            for (auto step = reader.next(); step && *step; step = reader.next()) heads += **step == EventKind::head;
        });
        return heads;
    });
}

void read_head_bare(benchmark::State& state, const Wire& wire) {
    const CountedHost host;
    BareParser parser(HTTP_REQUEST);
    run(state, host, wire.items, wire.bytes.size(), [&] {
        for_each_piece(wire.bytes, piece_size(state), [&](std::string_view piece) { parser.feed(piece); });
        return parser.take_messages();
    });
}

Wire chunked_events() {
    Wire wire = repeated([](std::size_t index) { return http_chunk(chat_event(index)); });
    wire.bytes = stream_head() + wire.bytes + "0\r\n\r\n";
    return wire;
}

void read_chunks(benchmark::State& state, const Wire& wire) {
    Memory memory;
    Buffer out(memory.pool());
    http1::Client client({}, memory.pool(), &memory.resource);
    const http1::Header fields[] = {{"Host", "api.example.net"}};
    run(state, memory.host, wire.items, wire.bytes.size(), [&] {
        client.send_head(out, "GET", "/v1/stream", fields, http1::Framing::none, 0);
        client.send_end(out);
        out.clear();
        std::size_t bytes = 0;
        for_each_piece(wire.bytes, piece_size(state), [&](std::string_view piece) {
            client.feed(as_bytes(piece));
            for (auto event = client.next(); event && *event; event = client.next()) bytes += (**event).body.size();
        });
        return client.reusable() && bytes != 0 ? wire.items : 0;
    });
}

void read_chunks_bare(benchmark::State& state, const Wire& wire) {
    const CountedHost host;
    BareParser parser(HTTP_RESPONSE);
    run(state, host, wire.items, wire.bytes.size(), [&] {
        for_each_piece(wire.bytes, piece_size(state), [&](std::string_view piece) { parser.feed(piece); });
        return parser.take_messages() == 1 ? parser.take_chunks() : 0;
    });
}

// Takes a whole request and answers it. The number of requests that were answered.
std::size_t serve(http1::Server& server, Buffer& out, std::string_view request, std::span<const http1::Header> fields,
                  std::string_view answer) {
    server.feed(as_bytes(request));
    for (auto event = server.next(); event && *event; event = server.next()) {
        if ((**event).kind != EventKind::end) continue;
        server.send_head(out, 200, fields, http1::Framing::length, answer.size(), new_year_ms);
        server.send_body(out, as_bytes(answer));
        server.send_end(out);
        out.clear();
        (void)server.next();
        return 1;
    }
    return 0;
}

const http1::Header json_fields[] = {{"Content-Type", "application/json; charset=utf-8"},
                                     {"X-Content-Type-Options", "nosniff"},
                                     {"Referrer-Policy", "no-referrer"}};

void serve_request(benchmark::State& state, const std::string& request) {
    Memory memory;
    Buffer out(memory.pool());
    http1::Server server({}, memory.pool(), &memory.resource);
    const std::string answer = chat_answer();
    run(state, memory.host, 1, request.size() + answer.size(),
        [&] { return serve(server, out, request, json_fields, answer); });
}

void write_chunk(benchmark::State& state) {
    Memory memory;
    Buffer out(memory.pool());
    http1::Server server({}, memory.pool(), &memory.resource);
    const std::string request = sdk_request();
    server.feed(as_bytes(request));
    for (auto event = server.next(); event && *event; event = server.next()) {
        if ((**event).kind == EventKind::end) break;
    }
    server.send_head(out, 200, {}, http1::Framing::chunked, 0, new_year_ms);
    const std::string event = chat_event(1);
    run(state, memory.host, 1, event.size(), [&]() -> std::size_t {
        out.clear();
        server.send_body(out, as_bytes(event));
        benchmark::DoNotOptimize(out.bytes().data());
        return 1;
    });
}

}  // namespace
}  // namespace gw::bench

int main(int argc, char** argv) {
    using namespace gw::bench;
    struct Request {
        std::string name, text;
        Wire wire;
    };
    std::vector<Request> requests = {
        {"sdk", sdk_request(), {}}, {"browser", browser_request(), {}}, {"small", small_request(), {}}};
    for (Request& request : requests) {
        request.wire = repeated([&](std::size_t) { return request.text; });
        sweep("read_head/" + request.name + "/gateway",
              [&](benchmark::State& state) { read_head(state, request.wire); });
        sweep("read_head/" + request.name + "/llhttp",
              [&](benchmark::State& state) { read_head_bare(state, request.wire); });
        add("serve/" + request.name, [&](benchmark::State& state) { serve_request(state, request.text); });
    }
    const Wire events = chunked_events();
    sweep("read_chunks/gateway", [&](benchmark::State& state) { read_chunks(state, events); });
    sweep("read_chunks/llhttp", [&](benchmark::State& state) { read_chunks_bare(state, events); });
    add("write_chunk", write_chunk);
    return run_all(argc, argv);
}
