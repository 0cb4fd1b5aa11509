// Server-sent events: the decoder beside two others, and the encoder.
//
//     decode/<stream>/gateway/<piece>
//     decode/<stream>/getline/<piece>   what one writes first: collect, cut off lines, copy every field into a string
//     decode/<stream>/memchr/<piece>    the bound: every line feed is found, and nothing is done with it
//     encode/<how>
//
// <stream> is "chat" (one data line of about 300 bytes an event) or "named" (an event line and a data line).
#include <cstring>
#include <optional>

#include "bench.h"
#include "core/text.h"
#include "inputs.h"
#include "sse/sse.h"

namespace gw::bench {
namespace {

constexpr std::size_t event_bytes_max = 1U << 20U;

void decode(benchmark::State& state, const Wire& wire) {
    Memory memory;
    sse::Decoder decoder(event_bytes_max, memory.pool(), &memory.resource);
    run(state, memory.host, wire.items, wire.bytes.size(), [&] {
        std::size_t events = 0;
        for_each_piece(wire.bytes, piece_size(state), [&](std::string_view piece) {
            if (!decoder.feed(as_bytes(piece))) return;
            while (const auto event = decoder.next()) {
                benchmark::DoNotOptimize(event->data.data());
                ++events;
            }
        });
        return events;
    });
}

// A decoder as a first version of many a client has it: correct for LF streams, linear, and simple.
class GetlineDecoder {
public:
    struct Event {
        std::string type, data;
    };

    template <typename Use>
    void feed(std::string_view piece, Use use) {
        pending_ += piece;
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
            take_line(pending_.substr(begin, end - begin), use);
        }
        pending_.erase(0, begin);
    }

private:
    template <typename Use>
    void take_line(std::string line, Use use) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.empty()) {
            if (!event_.data.empty()) {
                event_.data.pop_back();
                use(event_);
            }
            event_ = {};
            return;
        }
        const std::size_t colon = line.find(':');
        const std::string name = line.substr(0, colon);
        std::string value = colon == std::string::npos ? std::string() : line.substr(colon + 1);
        if (!value.empty() && value.front() == ' ') value.erase(0, 1);
        if (name == "data") {
            event_.data += value + "\n";
        } else if (name == "event") {
            event_.type = value;
        }
    }

    std::string pending_;
    Event event_;
};

void decode_getline(benchmark::State& state, const Wire& wire) {
    const CountedHost host;
    GetlineDecoder decoder;
    run(state, host, wire.items, wire.bytes.size(), [&] {
        std::size_t events = 0;
        for_each_piece(wire.bytes, piece_size(state), [&](std::string_view piece) {
            decoder.feed(piece, [&](const GetlineDecoder::Event& event) {
                benchmark::DoNotOptimize(event.data.data());
                ++events;
            });
        });
        return events;
    });
}

void find_line_feeds(benchmark::State& state, const Wire& wire) {
    const CountedHost host;
    std::size_t lines_per_event = 0;
    for (const char c : wire.bytes) lines_per_event += c == '\n';
    lines_per_event /= wire.items;
    run(state, host, wire.items, wire.bytes.size(), [&] {
        std::size_t lines = 0;
        for_each_piece(wire.bytes, piece_size(state), [&](std::string_view piece) {
            const char* at = piece.data();
            const char* const end = at + piece.size();
            while (const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
                at = static_cast<const char*>(found) + 1;
                ++lines;
            }
        });
        return lines / lines_per_event;
    });
}

template <typename Write>
void encode(benchmark::State& state, std::size_t size, Write write) {
    Memory memory;
    Buffer out(memory.pool());
    run(state, memory.host, 1, size, [&]() -> std::size_t {
        out.clear();
        write(out);
        benchmark::DoNotOptimize(out.bytes().data());
        return 1;
    });
}

}  // namespace
}  // namespace gw::bench

int main(int argc, char** argv) {
    using namespace gw::bench;
    const std::pair<std::string, Wire> streams[] = {{"chat", repeated(chat_event)}, {"named", repeated(named_event)}};
    for (const auto& [name, wire] : streams) {
        sweep("decode/" + name + "/gateway", [&wire = wire](benchmark::State& state) { decode(state, wire); });
        sweep("decode/" + name + "/getline", [&wire = wire](benchmark::State& state) { decode_getline(state, wire); });
        sweep("decode/" + name + "/memchr", [&wire = wire](benchmark::State& state) { find_line_feeds(state, wire); });
    }
    const std::string chunk = chat_chunk(token(1));
    const std::string lines = "first line\nsecond line\nthird line, which is a little longer than the others\n";
    add("encode/data", [&](benchmark::State& state) {
        encode(state, chunk.size(), [&](gw::Buffer& out) { gw::sse::encode_data(out, chunk); });
    });
    add("encode/named", [&](benchmark::State& state) {
        encode(state, chunk.size(),
               [&](gw::Buffer& out) { gw::sse::encode(out, "response.output_text.delta", chunk); });
    });
    add("encode/lines", [&](benchmark::State& state) {
        encode(state, lines.size(), [&](gw::Buffer& out) { gw::sse::encode(out, "message", lines, "41"); });
    });
    return run_all(argc, argv);
}
