// WebSocket: whole messages out of masked frames, beside wslay's frame reader alone, which unmasks and does no more: no
// UTF-8, no messages, no limits.
//
//     receive/<kind>_<bytes>/{gateway,wslay}/<piece>   a client's messages, read by a server
//     send/{server,client}_<bytes>/{gateway,wslay}     text
#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "bench.h"
#include "core/text.h"
#include "inputs.h"
#include "ws/ws.h"

namespace gw::bench {
namespace {

// Both sides get their masking keys from here, for what is measured is the codec and not the random source.
bool fixed_key(void*, void* out, std::size_t size) {
    static constexpr unsigned char key[] = {0x37, 0xFA, 0x21, 0x3D};
    for (std::size_t i = 0; i < size; ++i) static_cast<unsigned char*>(out)[i] = key[i % sizeof key];
    return true;
}

// Text of that size: plain English with a character of two bytes now and then, ending with a whole one.
std::string message_text(std::size_t size) {
    std::string text = prose(size);
    text.resize(size);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U) != 0)
        text.back() = '.', text[text.size() - 2] &= 0x7F;
    return text;
}

Wire masked_frames(ws::EventKind kind, std::size_t size) {
    Memory memory;
    ws::Codec client(ws::Role::client, {}, memory.pool(), &memory.resource, fixed_key);
    const std::string text = message_text(size);
    return repeated([&](std::size_t) {
        Buffer out(memory.pool());
        client.send(out, kind, as_bytes(text));
        return std::string(out.text());
    });
}

void receive(benchmark::State& state, const Wire& wire) {
    Memory memory;
    ws::Codec server(ws::Role::server, {}, memory.pool(), &memory.resource);
    run(state, memory.host, wire.items, wire.bytes.size(), [&] {
        std::size_t messages = 0;
        for_each_piece(wire.bytes, piece_size(state), [&](std::string_view piece) {
            server.feed(as_bytes(piece));
            for (auto event = server.next(); event && *event; event = server.next()) {
                benchmark::DoNotOptimize((**event).data.data());
                ++messages;
            }
        });
        return messages;
    });
}

// wslay asks for bytes by callback and gives out what it has of a payload.
struct FrameContext {
    FrameContext() {
        wslay_frame_callbacks callbacks{};
        callbacks.recv_callback = [](std::uint8_t* out, std::size_t size, int, void* user) -> ssize_t {
            auto& piece = static_cast<FrameContext*>(user)->input;
            const std::size_t take = std::min(size, piece.size());
            if (take == 0) return -1;
            std::memcpy(out, piece.data(), take);
            piece.remove_prefix(take);
            return static_cast<ssize_t>(take);
        };
        callbacks.send_callback = [](const std::uint8_t* data, std::size_t size, int, void* user) -> ssize_t {
            static_cast<FrameContext*>(user)->output->append(
                std::string_view(reinterpret_cast<const char*>(data), size));
            return static_cast<ssize_t>(size);
        };
        callbacks.genmask_callback = [](std::uint8_t* out, std::size_t size, void*) {
            return fixed_key(nullptr, out, size) ? 0 : -1;
        };
        wslay_frame_context_ptr made = nullptr;
        if (wslay_frame_context_init(&made, &callbacks, this) == 0) context.reset(made);
    }

    struct Free {
        void operator()(wslay_frame_context* made) const noexcept { wslay_frame_context_free(made); }
    };
    std::unique_ptr<wslay_frame_context, Free> context;
    std::string_view input;
    Buffer* output = nullptr;
};

void receive_bare(benchmark::State& state, const Wire& wire) {
    const CountedHost host;
    FrameContext frames;
    std::uint64_t left = 0;
    bool inside = false;
    run(state, host, wire.items, wire.bytes.size(), [&] {
        std::size_t messages = 0;
        for_each_piece(wire.bytes, piece_size(state), [&](std::string_view piece) {
            frames.input = piece;
            wslay_frame_iocb frame{};
            while (true) {
                const ssize_t size = wslay_frame_recv(frames.context.get(), &frame);
                if (size < 0) break;
                if (!inside) left = frame.payload_length;
                left -= static_cast<std::uint64_t>(size);
                inside = left != 0;
                messages += !inside;
                benchmark::DoNotOptimize(frame.data);
            }
        });
        return messages;
    });
}

void send(benchmark::State& state, ws::Role role, std::size_t size) {
    Memory memory;
    Buffer out(memory.pool());
    ws::Codec codec(role, {}, memory.pool(), &memory.resource, fixed_key);
    const std::string text = message_text(size);
    run(state, memory.host, 1, size, [&]() -> std::size_t {
        out.clear();
        const bool sent = codec.send_text(out, text);
        benchmark::DoNotOptimize(out.bytes().data());
        return sent ? 1 : 0;
    });
}

void send_bare(benchmark::State& state, ws::Role role, std::size_t size) {
    Memory memory;
    Buffer out(memory.pool());
    FrameContext frames;
    frames.output = &out;
    const std::string text = message_text(size);
    run(state, memory.host, 1, size, [&]() -> std::size_t {
        out.clear();
        wslay_frame_iocb frame{};
        frame.fin = 1;
        frame.opcode = WSLAY_TEXT_FRAME;
        frame.mask = role == ws::Role::client ? 1 : 0;
        frame.payload_length = text.size();
        frame.data = reinterpret_cast<const std::uint8_t*>(text.data());
        frame.data_length = text.size();
        const ssize_t sent = wslay_frame_send(frames.context.get(), &frame);
        benchmark::DoNotOptimize(out.bytes().data());
        return sent == static_cast<ssize_t>(text.size()) ? 1 : 0;
    });
}

}  // namespace
}  // namespace gw::bench

int main(int argc, char** argv) {
    using namespace gw::bench;
    using gw::ws::EventKind;
    using gw::ws::Role;
    struct Messages {
        std::string name;
        Wire wire;
    };
    std::vector<Messages> all;
    for (const std::size_t size : {64U, 1024U, 65536U}) {
        all.push_back({"text_" + std::to_string(size), masked_frames(EventKind::text, size)});
    }
    all.push_back({"binary_1024", masked_frames(EventKind::binary, 1024)});
    all.push_back({"binary_65536", masked_frames(EventKind::binary, 65536)});
    for (const Messages& messages : all) {
        sweep("receive/" + messages.name + "/gateway", [&](benchmark::State& state) { receive(state, messages.wire); });
        sweep("receive/" + messages.name + "/wslay",
              [&](benchmark::State& state) { receive_bare(state, messages.wire); });
    }
    for (const std::size_t size : {64U, 1024U, 65536U}) {
        for (const auto& [name, role] : {std::pair{"server_", Role::server}, std::pair{"client_", Role::client}}) {
            const std::string title = std::string("send/") + name + std::to_string(size);
            add(title + "/gateway", [role = role, size](benchmark::State& state) { send(state, role, size); });
            add(title + "/wslay", [role = role, size](benchmark::State& state) { send_bare(state, role, size); });
        }
    }
    return run_all(argc, argv);
}
