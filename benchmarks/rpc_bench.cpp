// Gateway sockets in memory, through the C ABI, as a host without sockets: what clients of the WebSocket RPC cost.
//
//     handshake/token             accept, upgrade, challenge, connect with a token, hello-ok, and the end of it
//     handshake/device            the same with a device that signs the challenge (its own work is not counted)
//     health/pipelined/<calls>    so many `health` calls in one read, and their answers
//     event/clients/<count>       one chat.inject: its three events, taken by every client
//     idle/clients/<count>        memory of a client that has said hello and nothing more: bytes/client
#include <gateway/conn.h>
#include <gateway/event.h>

#include <span>
#include <vector>

#include "auth/device_identity.h"
#include "bench.h"
#include "core/buffer.h"
#include "crypto/base64.h"
#include "crypto/ed25519.h"

namespace gw::bench {
namespace {

constexpr std::string_view config_text = R"({ gateway: { auth: { mode: "token", token: "bench-token" } } })";
constexpr std::uint64_t unix_ms = 1767225600000;

// Lends malloc and counts what is out.
struct CountedBytes {
    gw_host host{};
    std::size_t out = 0;
    CountedBytes() {
        host.size = sizeof host;
        host.user = this;
        host.alloc = [](void* user, std::size_t size) {
            static_cast<CountedBytes*>(user)->out += size;
            return std::malloc(size);
        };
        host.free = [](void* user, void* memory, std::size_t size) {
            static_cast<CountedBytes*>(user)->out -= size;
            std::free(memory);
        };
    }
};

// A text frame as a client sends it, masked with zeros.
std::string frame(std::string_view text) {
    std::string out = "\x81";
    if (text.size() < 126) {
        out += static_cast<char>(0x80U | text.size());
    } else {
        out += static_cast<char>(0x80U | 126U);
        out += static_cast<char>(text.size() >> 8U);
        out += static_cast<char>(text.size() & 0xFFU);
    }
    return (out.append(4, '\0')).append(text);
}

std::string call(std::string_view id, std::string_view method, std::string_view params = "{}") {
    return frame(R"({"type":"req","id":")" + std::string(id) + R"(","method":")" + std::string(method) +
                 R"(","params":)" + std::string(params) + "}");
}

constexpr std::string_view upgrade =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

std::string connect_call(std::string_view device = {}) {
    return call("c", "connect",
                R"({"minProtocol":4,"maxProtocol":4,"client":{"id":"gateway-client","version":"1","platform":"linux",)"
                R"("mode":"backend"},"role":"operator","scopes":["operator.admin"],"auth":{"token":"bench-token"})" +
                    std::string(device) + "}");
}

class Host {
public:
    Host() {
        gw_config_source source{};
        source.size = sizeof source;
        source.text = {config_text.data(), config_text.size()};
        if (gw_config_load(&source, &memory.host, &config_, nullptr) != GW_OK) return;
        gw_gateway_options options{};
        options.size = sizeof options;
        options.host = &memory.host;
        options.config = config_;
        limits_.size = sizeof limits_;
        limits_.conns_max = 100000;
        options.limits = &limits_;
        if (gw_gateway_new(&options, &gateway_) != GW_OK) return;
        tick();
        pump();
    }
    ~Host() {
        gw_gateway_free(gateway_);
        gw_config_free(config_);
    }
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    // What came for the connection that was asked last is kept; of the others the bytes are counted.
    gw_conn* open() {
        gw_peer peer{};
        peer.size = sizeof peer;
        peer.address = {"127.0.0.1", 9};
        gw_conn* conn = nullptr;
        (void)gw_conn_accept(gateway_, &peer, &conn);
        return conn;
    }
    bool send(gw_conn* conn, std::string_view bytes) {
        last_.clear();
        asked_ = conn;
        tick();
        const bool taken = gw_conn_recv(conn, bytes.data(), bytes.size()) == GW_OK;
        pump();
        return taken;
    }
    void close(gw_conn* conn) {
        gw_conn_free(conn);
        pump();
    }
    // A client that has said hello; null when it was not let in.
    gw_conn* client() {
        gw_conn* const conn = open();
        if (conn == nullptr || !send(conn, upgrade) || !send(conn, connect_call()) || !has("hello-ok")) return nullptr;
        return conn;
    }
    [[nodiscard]] bool has(std::string_view text) const { return last_.find(text) != std::string::npos; }
    [[nodiscard]] const std::string& last() const { return last_; }
    [[nodiscard]] std::uint64_t others() const { return others_; }

    CountedBytes memory;

private:
    void tick() { (void)gw_gateway_tick(gateway_, now_, unix_ms); }
    void pump() {
        gw_event event{};
        event.size = sizeof event;
        while (gw_gateway_next_event(gateway_, &event) == GW_OK) {
            if (event.type == GW_EVENT_CLOSE) gw_conn_free(event.conn);
            if (event.type != GW_EVENT_OUTPUT) continue;
            gw_buf out{};
            while (gw_conn_take_output(event.conn, &out) == GW_OK) {
                if (event.conn == asked_) {
                    last_.append(static_cast<const char*>(out.data), out.len);
                } else {
                    others_ += out.len;
                }
                gw_buf_free(&out);
            }
        }
    }

    gw_limits limits_{};
    gw_config* config_ = nullptr;
    gw_gateway* gateway_ = nullptr;
    gw_conn* asked_ = nullptr;
    std::string last_;
    std::uint64_t others_ = 0;
    std::uint64_t now_ = 1000;  // stands still, so that nothing is due
};

void handshake_token(benchmark::State& state) {
    Host host;
    for (auto _ : state) {
        gw_conn* const conn = host.client();
        if (conn == nullptr) {
            state.SkipWithError("a client was not let in");
            return;
        }
        host.close(conn);
    }
}

void handshake_device(benchmark::State& state) {
    Host host;
    const crypto::ed25519::KeyPair pair(crypto::ed25519::Seed{std::byte{7}});
    const auto id = auth::device_id_of(pair.public_key());
    const auto key = auth::public_key_text(pair.public_key());
    const std::string when = std::to_string(unix_ms);
    for (auto _ : state) {
        gw_conn* const conn = host.open();
        if (!host.send(conn, upgrade)) {
            state.SkipWithError("no upgrade");
            return;
        }
        state.PauseTiming();
        const std::string_view mark = R"("nonce":")";
        const std::size_t at = host.last().find(mark) + mark.size();
        const std::string nonce = host.last().substr(at, host.last().find('"', at) - at);
        const std::string text = "v3|" + std::string(id.data(), id.size()) +
                                 "|gateway-client|backend|operator|operator.admin|" + when + "|bench-token|" + nonce +
                                 "|linux|";
        const auto signature = pair.sign(std::as_bytes(std::span(text)));
        const std::pmr::string signed_text =
            crypto::base64_encode(signature, std::pmr::get_default_resource(), crypto::Base64::url);
        const std::string hello =
            connect_call(R"(,"device":{"id":")" + std::string(id.data(), id.size()) + R"(","publicKey":")" +
                         std::string(key.data(), key.size()) + R"(","signature":")" + std::string(signed_text) +
                         R"(","signedAt":)" + when + R"(,"nonce":")" + nonce + R"("})");
        state.ResumeTiming();
        if (!host.send(conn, hello) || !host.has("hello-ok")) {
            state.SkipWithError("a device was not let in");
            return;
        }
        host.close(conn);
    }
}

void health(benchmark::State& state) {
    Host host;
    gw_conn* const conn = host.client();
    if (conn == nullptr) return state.SkipWithError("the client was not let in");
    const auto count = static_cast<std::size_t>(state.range(0));
    std::string calls;
    for (std::size_t i = 0; i < count; ++i) calls += call(std::to_string(i), "health");
    const auto answers = [&] {
        std::size_t found = 0;
        for (std::size_t at = 0; (at = host.last().find(R"("type":"res")", at)) != std::string::npos; ++at) ++found;
        return found;
    };
    for (auto _ : state) {
        if (host.send(conn, calls)) continue;
        state.SkipWithError("the calls were refused");
        return;
    }
    if (answers() != count) return state.SkipWithError("answers are missing");
    state.counters["calls/s"] =
        benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate);
}

void event_to_all(benchmark::State& state) {
    Host host;
    gw_conn* const speaker = host.client();
    if (speaker == nullptr) return state.SkipWithError("the client was not let in");
    for (std::int64_t i = 1; i < state.range(0); ++i) {
        if (host.client() == nullptr) return state.SkipWithError("a client was not let in");
    }
    (void)host.send(speaker, call("s", "sessions.create", R"({"key":"bench"})"));
    const std::string inject = call("i", "chat.inject", R"({"sessionKey":"bench","message":"hello to everybody"})");
    const std::uint64_t before = host.others();
    for (auto _ : state) {
        if (host.send(speaker, inject) && host.has(R"("ok":true)")) continue;
        state.SkipWithError(("nothing was told: " + host.last()).c_str());
        return;
    }
    const auto all = static_cast<double>(state.iterations()) * static_cast<double>(state.range(0) - 1);
    state.counters["bytes/client"] = static_cast<double>(host.others() - before) / all;
    if (host.others() == before) state.SkipWithError("nobody heard it");
}

void idle(benchmark::State& state) {
    for (auto _ : state) {
        Host host;
        if (host.client() == nullptr) return state.SkipWithError("a client was not let in");
        const std::size_t before = host.memory.out;
        for (std::int64_t i = 0; i < state.range(0); ++i) {
            if (host.client() == nullptr) return state.SkipWithError(("not let in: " + std::to_string(i) + host.last()).c_str());
        }
        state.counters["bytes/client"] =
            static_cast<double>(host.memory.out - before) / static_cast<double>(state.range(0));
    }
}

}  // namespace
}  // namespace gw::bench

int main(int argc, char** argv) {
    using namespace gw::bench;
    add("handshake/token", handshake_token);
    add("handshake/device", handshake_device);
    benchmark::RegisterBenchmark("health/pipelined", health)->Arg(1)->Arg(64)->Arg(1024);
    benchmark::RegisterBenchmark("event/clients", event_to_all)->Arg(100)->Arg(10000)->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("idle/clients", idle)->Arg(10000)->Iterations(1)->Unit(benchmark::kMillisecond);
    return run_all(argc, argv);
}
